package web

import (
	"cmp"
	"slices"
	"strings"
	"unicode/utf8"

	"chorus/corpus"
)

// A mark is a span of a text that a page makes visible, and why.
type mark struct {
	corpus.Span
	Tag    int           // number in the page's legend, from 1; 0: a word of the query
	Stance corpus.Stance // of the tag
}

// A segment is a stretch of text that the same marks cover. The segments of
// a text follow each other without overlap, so a template can write them one
// after the other whatever the marks are: nothing needs nesting.
type segment struct {
	Text    string
	Query   bool          // it is a word of the query
	Tags    []int         // numbers of the tags that cover it, ascending
	Stance  corpus.Stance // of the first of them
	Opens   []int         // those that begin here; the page prints their numbers
	Control string        // names of control characters that stood here; Text is then empty
}

// segments cuts the part of a text that lies within a span at the borders of
// the marks. Marks may overlap, repeat, come in any order, lie outside or end
// inside a character: each is cut to the span and widened to whole characters.
// Control characters are left out or become segments of their own, and broken
// UTF-8 becomes U+FFFD.
func segments(text string, within corpus.Span, marks []mark) []segment {
	within = fit(text, within, corpus.Span{End: len(text)})
	type edge struct {
		at   int
		open bool
		mark
	}
	var edges []edge
	for _, m := range marks {
		full := fit(text, m.Span, corpus.Span{End: len(text)})
		m.Span = fit(text, m.Span, within)
		if m.Start >= m.End {
			continue
		}
		m.Tag = max(m.Tag, 0)
		// The number of a tag is printed where its span begins, so a span
		// that was cut at the front is open already.
		edges = append(edges, edge{m.Start, full.Start == m.Start, m}, edge{m.End, false, m})
	}
	slices.SortStableFunc(edges, func(a, b edge) int { return cmp.Compare(a.at, b.at) })

	var out []segment
	active := map[int]int{} // spans open at this point, by tag
	stances := map[int]corpus.Stance{}
	var opens []int
	from := within.Start
	for i := 0; ; i++ {
		to := within.End
		if i < len(edges) {
			to = edges[i].at
		}
		if to > from {
			out = appendSegments(out, text[from:to], segment{
				Query: active[0] > 0, Tags: openTags(active), Opens: opens,
			}, stances)
			opens, from = nil, to
		}
		if i == len(edges) {
			return out
		}
		switch e := edges[i]; {
		case e.at == e.End:
			active[e.Tag]--
		default:
			if e.open && e.Tag > 0 && active[e.Tag] == 0 {
				opens = append(opens, e.Tag)
				slices.Sort(opens)
			}
			active[e.Tag]++
			stances[e.Tag] = e.Stance
		}
	}
}

// fit cuts a span to another and widens it to whole characters of the text.
func fit(text string, s, within corpus.Span) corpus.Span {
	s.Start = min(max(s.Start, within.Start, 0), len(text))
	s.End = min(max(s.End, 0), within.End, len(text))
	if s.Start >= s.End {
		return corpus.Span{Start: s.Start, End: s.Start}
	}
	for s.Start > within.Start && !utf8.RuneStart(text[s.Start]) {
		s.Start--
	}
	for s.End < within.End && s.End < len(text) && !utf8.RuneStart(text[s.End]) {
		s.End++
	}
	return s
}

func openTags(active map[int]int) []int {
	var tags []int
	for tag, n := range active {
		if tag > 0 && n > 0 {
			tags = append(tags, tag)
		}
	}
	slices.Sort(tags)
	return tags
}

// appendSegments appends one stretch of text, cut at control characters.
func appendSegments(out []segment, s string, like segment, stances map[int]corpus.Stance) []segment {
	if len(like.Tags) > 0 {
		like.Stance = stances[like.Tags[0]]
	}
	var b strings.Builder
	flush := func() {
		if b.Len() == 0 {
			return
		}
		seg := like
		seg.Text = b.String()
		out = append(out, seg)
		like.Opens = nil // printed once
		b.Reset()
	}
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		switch controlOf(r) {
		case controlMarked:
			flush()
			name, n := controlRun(s[i:])
			out = append(out, segment{Control: name})
			size = n
		case controlNone:
			b.WriteRune(r)
		}
		i += size
	}
	flush()
	return out
}

// plainSegments marks the words of a query in a one-line text.
func plainSegments(s string, spans []corpus.Span) []segment {
	marks := make([]mark, 0, len(spans))
	for _, sp := range spans {
		marks = append(marks, mark{Span: sp})
	}
	return segments(s, corpus.Span{End: len(s)}, marks)
}

// tagMarks gives the spans of all tags; the number of a tag is its place.
func tagMarks(tags []corpus.Tag) []mark {
	var marks []mark
	for i, t := range tags {
		for _, sp := range t.Spans {
			marks = append(marks, mark{Span: sp, Tag: i + 1, Stance: t.Stance})
		}
	}
	return marks
}
