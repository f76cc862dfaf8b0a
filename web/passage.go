package web

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"chorus/corpus"
)

// How much of a text a result shows, in columns.
const (
	passageBefore = 70  // before the word or passage it was found by
	passageAfter  = 170 // from it on
	leadColumns   = 260 // of the beginning, if nothing in the text is marked
	maxAnchors    = 1000
)

// passages picks what a result shows of a text: the two places where most
// words of the query stand close together, and, if no tag is seen there, the
// place that earned the first tag; with neither, the beginning. They are in
// the order of the text and do not overlap.
func passages(text string, words []corpus.Span, tags []mark) []corpus.Span {
	all := corpus.Span{End: len(text)}
	var picked []corpus.Span
	add := func(s corpus.Span) {
		if s.Start < s.End && !slices.ContainsFunc(picked, func(p corpus.Span) bool { return overlap(p, s) }) {
			picked = append(picked, s)
		}
	}
	for _, w := range dense(text, words) {
		if add(w); len(picked) == 2 {
			break
		}
	}
	tagSeen := slices.ContainsFunc(tags, func(m mark) bool {
		return slices.ContainsFunc(picked, func(p corpus.Span) bool { return overlap(p, m.Span) })
	})
	if len(tags) > 0 && !tagSeen {
		if t := fit(text, tags[0].Span, all); t.Start < t.End {
			add(around(text, t.Start))
		}
	}
	if len(picked) == 0 {
		add(corpus.Span{End: forward(text, 0, leadColumns)})
	}
	slices.SortFunc(picked, func(a, b corpus.Span) int { return cmp.Compare(a.Start, b.Start) })
	return joined(text, picked)
}

// joined makes one passage of those with nothing but space between them.
func joined(text string, picked []corpus.Span) []corpus.Span {
	out := picked[:0]
	for _, s := range picked {
		if n := len(out); n > 0 && strings.TrimSpace(text[out[n-1].End:s.Start]) == "" {
			out[n-1].End = s.End
			continue
		}
		out = append(out, s)
	}
	return out
}

// dense gives a passage for each word of the query, those with most words
// first, and among equals the earlier.
func dense(text string, words []corpus.Span) []corpus.Span {
	type candidate struct {
		corpus.Span
		words int
	}
	var candidates []candidate
	starts := make([]int, 0, len(words))
	for _, w := range words {
		if w = fit(text, w, corpus.Span{End: len(text)}); w.Start < w.End {
			starts = append(starts, w.Start)
		}
	}
	slices.Sort(starts)
	starts = starts[:min(len(starts), maxAnchors)]
	for i, at := range starts {
		c := candidate{Span: around(text, at)}
		for _, other := range starts[i:] {
			if other >= c.End {
				break
			}
			c.words++
		}
		candidates = append(candidates, c)
	}
	slices.SortStableFunc(candidates, func(a, b candidate) int { return cmp.Compare(b.words, a.words) })
	out := make([]corpus.Span, len(candidates))
	for i, c := range candidates {
		out[i] = c.Span
	}
	return out
}

func overlap(a, b corpus.Span) bool { return a.Start < b.End && b.Start < a.End }

// around gives the passage about a place in a text. It begins at a word, and
// no earlier than the paragraph.
func around(text string, at int) corpus.Span {
	start, used := at, 0
	for start > 0 && used < passageBefore {
		r, size := utf8.DecodeLastRuneInString(text[:start])
		if r == '\n' {
			break
		}
		used += columns(r)
		start -= size
	}
	if used >= passageBefore { // cut inside a paragraph: begin at a word if one begins soon
		if i := strings.IndexFunc(text[start:at], unicode.IsSpace); i >= 0 && i < 24 {
			start += i + 1
		}
	}
	return corpus.Span{Start: start, End: forward(text, at, passageAfter)}
}

// forward gives the place n columns after another, at the end of a word if
// one ends soon before it.
func forward(text string, at, n int) int {
	end, used, lastSpace := at, 0, -1
	for end < len(text) && used < n {
		r, size := utf8.DecodeRuneInString(text[end:])
		if unicode.IsSpace(r) {
			lastSpace = end
		}
		used += columns(r)
		end += size
	}
	if end < len(text) && lastSpace > at && end-lastSpace < 24 {
		return lastSpace
	}
	return end
}
