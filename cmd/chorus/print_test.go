package main

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"chorus/corpus"
)

func TestWrap(t *testing.T) {
	for _, c := range []struct {
		text    string
		columns int
		want    []string
	}{
		{"a river post", 7, []string{"a river", "post"}},
		{"it isn’t so", 8, []string{"it isn’t", "so"}},
		{"https://riverpost.example/1", 12, []string{"https://rive", "rpost.exampl", "e/1"}},
		{"河上有桥，桥上有人", 8, []string{"河上有", "桥，桥上", "有人"}}, // no comma begins a line
		{"他说“桥通了”，很好", 8, []string{"他说“桥", "通了”，", "很好"}},
		{"去看（桥）", 6, []string{"去看", "（桥）"}}, // no bracket is left behind
		{"BRICS峰会", 8, []string{"BRICS峰", "会"}},
	} {
		got := wrap(c.text, c.columns)
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("wrap(%q, %d): %s", c.text, c.columns, diff)
		}
		for _, line := range got {
			if widthOf(line) > c.columns {
				t.Errorf("wrap(%q, %d) has a line of %d columns", c.text, c.columns, widthOf(line))
			}
		}
	}
}

func TestMarksOfPassages(t *testing.T) {
	text := "the harbour bridge «мост» reopens"
	at := func(s string) corpus.Span {
		i := strings.Index(text, s)
		return corpus.Span{Start: i, End: i + len(s)}
	}
	marked := mark(text, []corpus.Span{at("harbour bridge"), at("мост"), {Start: 5, End: 9000}})
	lines := wrap(clean(marked), 13)
	want := []string{"the *harbour*", "*bridge*", "«*мост*»", "reopens"}
	if diff := cmp.Diff(want, showMarks(lines, false)); diff != "" {
		t.Errorf("plain: %s", diff)
	}
	want = []string{"the \x1b[1;4mharbour\x1b[0m", "\x1b[1;4mbridge\x1b[0m", "«\x1b[1;4mмост\x1b[0m»", "reopens"}
	if diff := cmp.Diff(want, showMarks(lines, true)); diff != "" {
		t.Errorf("on a terminal: %s", diff)
	}
	if got := mark("a\ue000b\ue001c", nil); got != "abc" {
		t.Errorf("marks that the text brings are kept: %q", got)
	}
}

func TestClaimedTimes(t *testing.T) {
	for _, c := range []struct {
		at   time.Time
		want string
	}{
		{time.Time{}, "-"},
		{time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC), "2026-03-01"},
		{time.Date(2026, 3, 1, 3, 0, 0, 0, time.FixedZone("", 3*3600)), "2026-03-01"},
		{time.Date(2026, 3, 1, 0, 0, 1, 0, time.UTC), "2026-03-01 00:00 UTC"},
		{time.Date(2026, 3, 1, 13, 5, 0, 0, time.UTC), "2026-03-01 13:05 UTC"},
	} {
		if got := claimed(c.at); got != c.want {
			t.Errorf("claimed(%v) = %q, want %q", c.at, got, c.want)
		}
	}
}
