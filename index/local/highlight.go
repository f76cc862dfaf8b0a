package local

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/blevesearch/bleve/v2/analysis"

	"chorus/corpus"
	"chorus/index"
)

// Highlight finds the words of the query in a text of the given language, in
// order and without overlap. A phrase is marked only where its words stand
// together. Words of title:, author: and of what is negated are not marked.
func Highlight(text, lang string, q index.Query) []corpus.Span {
	return highlight(text, lang, q, "")
}

// HighlightTitle is Highlight for a title: it marks words of title:, too.
func HighlightTitle(title, lang string, q index.Query) []corpus.Span {
	return highlight(title, lang, q, index.FieldTitle)
}

func highlight(text, lang string, q index.Query, in string) []corpus.Span {
	base, _, _ := strings.Cut(strings.ToLower(lang), "-")
	a := newAnalyzer(analyzerOf(base))
	var wanted [][]slot
	for _, t := range texts(index.Simplify(q)) {
		if t.In == "" || t.In == in {
			wanted = append(wanted, a.slots(t.Value, t.Prefix))
		}
	}
	if len(wanted) == 0 {
		return nil
	}
	tokens := a.Analyze([]byte(text))
	var spans []corpus.Span
	for _, slots := range wanted {
		for i := range tokens {
			if span, ok := spanAt(tokens, i, slots); ok {
				spans = append(spans, span)
			}
		}
	}
	return joined(spans)
}

// spanAt gives the span of the slots if they stand at token i. There is one
// token at each position.
func spanAt(tokens analysis.TokenStream, i int, slots []slot) (corpus.Span, bool) {
	if len(slots) == 0 {
		return corpus.Span{}, false
	}
	span := corpus.Span{Start: tokens[i].Start}
	for _, s := range slots {
		if i+s.at >= len(tokens) {
			return span, false
		}
		t := tokens[i+s.at]
		if term := string(t.Term); term != s.term && (s.begins == "" || !strings.HasPrefix(term, s.begins)) {
			return span, false
		}
		span.End = max(span.End, t.End)
		if t.Type == pairToken && string(t.Term) != s.term {
			_, n := utf8.DecodeRune(t.Term) // only the first character was asked for
			span.End = t.Start + n
		}
	}
	return span, true
}

// joined sorts spans and makes one of those that overlap.
func joined(spans []corpus.Span) []corpus.Span {
	slices.SortFunc(spans, func(a, b corpus.Span) int { return cmp.Or(a.Start-b.Start, a.End-b.End) })
	var out []corpus.Span
	for _, s := range spans {
		if n := len(out); n > 0 && s.Start < out[n-1].End {
			out[n-1].End = max(out[n-1].End, s.End)
		} else {
			out = append(out, s)
		}
	}
	return out
}

// A Passage is a part of a text: the bytes from Start to End, both on borders
// of characters, and where possible of words.
type Passage struct {
	Start, End int
	Marks      []corpus.Span // within the passage, as offsets into it
}

// Snippet picks the passage of at most limit characters that holds the most
// marks, of equally good ones the first; without marks it is the beginning of
// the text. Marks must be in order and must not overlap.
func Snippet(text string, marks []corpus.Span, limit int) Passage {
	runes := make([]int, 0, len(text)+1) // byte offset of each character
	for i := range text {
		runes = append(runes, i)
	}
	runes = append(runes, len(text))
	n := len(runes) - 1
	if limit <= 0 || n == 0 {
		return Passage{}
	}
	first, last := 0, min(limit, n)
	if n > limit && len(marks) > 0 {
		from, to := densest(runes, marks, limit)
		before := (limit - min(limit, to-from)) / 3
		first = max(0, min(from-before, n-limit))
		last = first + limit
		first = wordBegin(text, runes, first, from)
		last = wordEnd(text, runes, last, min(to, last))
	} else {
		last = wordEnd(text, runes, last, last/2)
	}
	p := Passage{Start: runes[first], End: runes[last]}
	for _, m := range marks {
		if m.Start >= p.Start && m.End <= p.End {
			p.Marks = append(p.Marks, corpus.Span{Start: m.Start - p.Start, End: m.End - p.Start})
		}
	}
	return p
}

// densest gives the range, in characters, of the most marks that fit into limit.
func densest(runes []int, marks []corpus.Span, limit int) (from, to int) {
	at := func(offset int) int {
		i, _ := slices.BinarySearch(runes, offset)
		return i
	}
	best := 0
	for i, j := 0, 0; i < len(marks); i++ {
		start := at(marks[i].Start)
		for j = max(j, i); j < len(marks) && at(marks[j].End)-start <= limit; j++ {
		}
		if j-i > best || best == 0 && i == 0 {
			best, from, to = j-i, start, at(marks[max(i, j-1)].End)
		}
	}
	return from, to
}

// wordBegin moves a cut forward to the beginning of a word, but not past limit.
func wordBegin(text string, runes []int, cut, limit int) int {
	if cut == 0 {
		return 0
	}
	for i := cut; i < min(limit, cut+20); i++ {
		if before, _ := utf8.DecodeLastRuneInString(text[:runes[i]]); unicode.IsSpace(before) {
			return i
		}
	}
	for cut > 0 && combining(text[runes[cut]:]) {
		cut--
	}
	return cut
}

// wordEnd moves a cut back to the end of a word, but not before limit.
func wordEnd(text string, runes []int, cut, limit int) int {
	if cut == len(runes)-1 {
		return cut
	}
	for i := cut; i > max(limit, cut-20); i-- {
		if r, _ := utf8.DecodeRuneInString(text[runes[i]:]); unicode.IsSpace(r) {
			return i
		}
	}
	for cut > 0 && combining(text[runes[cut]:]) {
		cut--
	}
	return cut
}

func combining(s string) bool {
	r, _ := utf8.DecodeRuneInString(s)
	return unicode.IsMark(r)
}
