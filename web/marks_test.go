package web

import (
	"strings"
	"testing"
	"unicode/utf8"

	"chorus/corpus"

	"github.com/google/go-cmp/cmp"
)

func span(start, end int) corpus.Span { return corpus.Span{Start: start, End: end} }

func word(start, end int) mark { return mark{Span: span(start, end)} }

func tagged(no, start, end int, s corpus.Stance) mark {
	return mark{Span: span(start, end), Tag: no, Stance: s}
}

func TestSegments(t *testing.T) {
	const asserts, rebuts = corpus.StanceAsserts, corpus.StanceRebuts
	for _, c := range []struct {
		name   string
		text   string
		within corpus.Span
		marks  []mark
		want   []segment
	}{
		{"no marks", "one two", span(0, 7), nil, []segment{{Text: "one two"}}},
		{"empty text", "", span(0, 10), []mark{word(0, 3)}, nil},
		{"a word", "one two six", span(0, 11), []mark{word(4, 7)}, []segment{{Text: "one "}, {Text: "two", Query: true}, {Text: " six"}}},
		{"a word inside a tag", "one two six", span(0, 11), []mark{word(4, 7), tagged(1, 0, 11, asserts)}, []segment{
			{Text: "one ", Tags: []int{1}, Stance: asserts, Opens: []int{1}},
			{Text: "two", Query: true, Tags: []int{1}, Stance: asserts},
			{Text: " six", Tags: []int{1}, Stance: asserts},
		}},
		{"crossing tags", "abcdef", span(0, 6), []mark{tagged(2, 2, 6, rebuts), tagged(1, 0, 4, asserts)}, []segment{
			{Text: "ab", Tags: []int{1}, Stance: asserts, Opens: []int{1}},
			{Text: "cd", Tags: []int{1, 2}, Stance: asserts, Opens: []int{2}},
			{Text: "ef", Tags: []int{2}, Stance: rebuts},
		}},
		{"the same words twice", "abcd", span(0, 4), []mark{word(1, 3), word(1, 3), word(2, 4)}, []segment{
			{Text: "a"}, {Text: "b", Query: true}, {Text: "c", Query: true}, {Text: "d", Query: true},
		}},
		{"adjacent tags", "abcd", span(0, 4), []mark{tagged(1, 0, 2, asserts), tagged(2, 2, 4, rebuts)}, []segment{
			{Text: "ab", Tags: []int{1}, Stance: asserts, Opens: []int{1}},
			{Text: "cd", Tags: []int{2}, Stance: rebuts, Opens: []int{2}},
		}},
		{"spans of one tag that cross", "abcdef", span(0, 6), []mark{tagged(1, 0, 4, asserts), tagged(1, 2, 6, asserts)}, []segment{
			{Text: "ab", Tags: []int{1}, Stance: asserts, Opens: []int{1}},
			{Text: "cd", Tags: []int{1}, Stance: asserts},
			{Text: "ef", Tags: []int{1}, Stance: asserts},
		}},
		{"out of range, reversed and empty", "abc", span(0, 3), []mark{word(-9, 1), word(2, 99), word(2, 1), word(1, 1), word(50, 60)}, []segment{
			{Text: "a", Query: true}, {Text: "b"}, {Text: "c", Query: true},
		}},
		{"ends inside characters", "я東b", span(0, 6), []mark{word(1, 3)}, []segment{{Text: "я東", Query: true}, {Text: "b"}}},
		{"a part of the text", "abcdef", span(2, 4), []mark{tagged(1, 0, 3, asserts)}, []segment{
			{Text: "c", Tags: []int{1}, Stance: asserts}, {Text: "d"},
		}},
		{"an override is named, once for a run", "a\u202e\u202eb", span(0, 8), []mark{word(0, 8)}, []segment{
			{Text: "a", Query: true}, {Control: "U+202E U+202E"}, {Text: "b", Query: true},
		}},
		{"what is only invisible is left out", "so\u00adft\u200b", span(0, 9), nil, []segment{{Text: "soft"}}},
		{"joiners stay", "نمی\u200cخواهم", span(0, 100), nil, []segment{{Text: "نمی\u200cخواهم"}}},
		{"broken bytes", "a\xff\xd0b", span(0, 4), nil, []segment{{Text: "a\ufffd\ufffdb"}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, segments(c.text, c.within, c.marks)); diff != "" {
				t.Errorf("segments (-want +got):\n%s", diff)
			}
		})
	}
}

// FuzzSegments checks what a page relies on whatever the text and the marks:
// the segments hold the text whole, in order, as valid UTF-8 and without
// controls; every tag opens once at most and only where it covers.
func FuzzSegments(f *testing.F) {
	f.Add("расширение НАТО\n\n東", 1, 9, 4, 40, 2, 3)
	f.Add("a\u202eb\xff", 0, 1, 0, 5, -3, 100)
	f.Fuzz(func(t *testing.T, text string, a, b, c, d, e, g int) {
		marks := []mark{word(a, b), tagged(1, c, d, corpus.StanceAsserts), tagged(2, e, g, corpus.StanceRebuts), tagged(1, a, g, corpus.StanceAsserts)}
		var got strings.Builder
		for _, s := range segments(text, span(0, len(text)), marks) {
			if (s.Control == "") == (s.Text == "") {
				t.Fatalf("segment %+v is neither text nor control", s)
			}
			for _, o := range s.Opens {
				if len(s.Tags) == 0 || o < 1 || o > 2 {
					t.Fatalf("segment %+v opens %d", s, o)
				}
			}
			got.WriteString(s.Text)
		}
		var want strings.Builder
		for _, r := range text {
			if controlOf(r) == controlNone {
				want.WriteRune(r)
			}
		}
		if got.String() != want.String() || !utf8.ValidString(got.String()) {
			t.Errorf("segments of %q hold %q, want %q", text, got.String(), want.String())
		}
	})
}

func TestParagraphsKeepSpansThatCrossThem(t *testing.T) {
	text := "one two\n\n\n\nthree four"
	got := paragraphsOf(text, span(0, len(text)), []mark{tagged(1, 4, 16, corpus.StanceReports), word(0, 3)})
	want := []paragraph{
		{{Text: "one", Query: true}, {Text: " "}, {Text: "two", Tags: []int{1}, Stance: corpus.StanceReports, Opens: []int{1}}},
		{{Text: "three", Tags: []int{1}, Stance: corpus.StanceReports}, {Text: " four"}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("paragraphs (-want +got):\n%s", diff)
	}
}

func FuzzPassages(f *testing.F) {
	f.Add(strings.Repeat("слово ", 200), 300, 400, 20)
	f.Add(strings.Repeat("北約東擴", 200), 5, 1200, -1)
	f.Add("", 0, 0, 0)
	f.Fuzz(func(t *testing.T, text string, a, b, c int) {
		last := 0
		for _, p := range passages(text, []corpus.Span{span(a, a+4), span(b, b+4)}, []mark{tagged(1, c, c+30, corpus.StanceAsserts)}) {
			if p.Start < last || p.End <= p.Start || p.End > len(text) {
				t.Fatalf("passage %v after %d in %d bytes", p, last, len(text))
			}
			if utf8.ValidString(text) && !utf8.ValidString(text[p.Start:p.End]) {
				t.Fatalf("passage %v cuts a character", p)
			}
			last = p.End
		}
	})
}

func TestPassagesPreferWhereWordsStandTogether(t *testing.T) {
	far := strings.Repeat("filler ", 100)
	text := "alpha " + far + "alpha " + far + "beta alpha gamma " + far + "alpha"
	var words []corpus.Span
	for _, w := range []string{"alpha", "beta", "gamma"} {
		for i := range text {
			if strings.HasPrefix(text[i:], w) {
				words = append(words, span(i, i+len(w)))
			}
		}
	}
	got := passages(text, words, nil)
	if len(got) != 2 {
		t.Fatalf("passages = %v, want two", got)
	}
	if s := text[got[1].Start:got[1].End]; !strings.Contains(s, "beta alpha gamma") {
		t.Errorf("no passage has the words together: %q", s)
	}
	if got[0].Start != 0 {
		t.Errorf("among equals the earlier is wanted, got %v", got[0])
	}
}

func TestPassagesShowTheTagWhenNoWordIsNear(t *testing.T) {
	text := "alpha " + strings.Repeat("filler ", 100) + "the claim itself " + strings.Repeat("filler ", 100)
	at := strings.Index(text, "the claim")
	got := passages(text, []corpus.Span{span(0, 5)}, []mark{tagged(1, at, at+9, corpus.StanceAsserts)})
	if len(got) != 2 || !strings.Contains(text[got[1].Start:got[1].End], "the claim itself") {
		t.Errorf("passages = %v, want the word and the tag", got)
	}
}

func TestParagraphsTakeManyMarksFromAnyOrder(t *testing.T) {
	text := strings.Repeat("ab cd\n\n", 3000)
	var marks []mark
	for at := len(text) - 7; at >= 0; at -= 7 {
		marks = append(marks, word(at, at+2))
	}
	marks = append(marks, tagged(1, 0, len(text), corpus.StanceReports))
	got := paragraphsOf(text, span(0, len(text)), marks)
	if len(got) != 3000 {
		t.Fatalf("%d paragraphs, want 3000", len(got))
	}
	want := paragraph{{Text: "ab", Query: true, Tags: []int{1}, Stance: corpus.StanceReports}, {Text: " cd", Tags: []int{1}, Stance: corpus.StanceReports}}
	if diff := cmp.Diff(want, got[2999]); diff != "" {
		t.Errorf("last paragraph (-want +got):\n%s", diff)
	}
}

func TestPassagesThatMeetAreOne(t *testing.T) {
	far := strings.Repeat("water ", 100)
	for _, c := range []struct {
		text string
		want int
	}{
		{"bridge " + strings.Repeat("x", passageAfter-8) + " " + strings.Repeat("y", passageBefore-1) + " bridge", 1},
		{"bridge " + far + "bridge " + far, 2},
	} {
		var words []corpus.Span
		for at := 0; ; {
			i := strings.Index(c.text[at:], "bridge")
			if i < 0 {
				break
			}
			words = append(words, corpus.Span{Start: at + i, End: at + i + 6})
			at += i + 6
		}
		got := passages(c.text, words, nil)
		if len(got) != c.want {
			t.Errorf("%d passages of %q, want %d: %v", len(got), c.text, c.want, got)
		}
		if c.want == 1 && got[0] != (corpus.Span{End: len(c.text)}) {
			t.Errorf("the passage is %v of %d bytes", got[0], len(c.text))
		}
	}
}
