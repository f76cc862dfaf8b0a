package local_test

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"chorus/index"
	"chorus/index/local"
)

func TestHighlight(t *testing.T) {
	cases := []struct {
		lang, text, query string
		want              []string
	}{
		{"en", "The river rises. Rivers rose; a rivers' tale.", "river", []string{"river", "Rivers", "rivers"}},
		{"en", "cold war, war cold, the Cold War mentality", `"cold war"`, []string{"cold war", "Cold War"}},
		{"en", "cold war, war cold", "war cold", []string{"cold", "war", "war", "cold"}},
		{"en", "enlargement and enlarged", "enlarge*", []string{"enlargement", "enlarged"}},
		{"en", "x is here, y is not", "x -y", []string{"x"}},
		{"en", "tass in the text", "outlet:tass title:text", nil},
		{"ru", "Санкции, о санкциях и всё-таки", "санкция все", []string{"Санкции", "санкциях", "всё"}},
		{"zh", "反对北约东扩，北约应解散。", "北约", []string{"北约", "北约"}},
		{"zh", "反对北约东扩，北约应解散。", "北约东扩", []string{"北约东扩"}},
		{"zh", "反对北约东扩", "北约 约东 东扩", []string{"北约东扩"}},
		{"zh", "反对北约东扩", "约", []string{"约"}},
		{"zh", "ＮＡＴＯ２０２６和 G7", "nato2026 g7", []string{"ＮＡＴＯ２０２６", "G7"}},
		{"zh-Hans", "东", "东", []string{"东"}},
		{"", "", "x", nil},
	}
	for _, c := range cases {
		var got []string
		for _, s := range local.Highlight(c.text, c.lang, query(t, c.query)) {
			got = append(got, c.text[s.Start:s.End])
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("Highlight(%q, %q, %s) = %q, want %q", c.text, c.lang, c.query, got, c.want)
		}
	}
	if got := local.HighlightTitle("the text", "en", query(t, "title:text")); len(got) != 1 {
		t.Errorf("HighlightTitle = %v, want one span", got)
	}
	if got := local.Highlight("text", "en", nil); got != nil {
		t.Errorf("Highlight without a query = %v", got)
	}
}

func TestSnippet(t *testing.T) {
	filler := strings.Repeat("слово за словом ", 40)
	text := filler + "здесь река и берег " + filler + "река " + filler
	marks := local.Highlight(text, "ru", query(t, "река берег"))
	p := local.Snippet(text, marks, 80)
	part := text[p.Start:p.End]
	if len(p.Marks) != 2 || part[p.Marks[0].Start:p.Marks[0].End] != "река" || part[p.Marks[1].Start:p.Marks[1].End] != "берег" {
		t.Errorf("Snippet = %q with marks %v", part, p.Marks)
	}
	if n := utf8.RuneCountInString(part); n > 80 || n < 40 || !strings.HasPrefix(part, "слово") && !strings.HasPrefix(part, "за") {
		t.Errorf("Snippet = %q: %d characters", part, n)
	}
	chinese := strings.Repeat("中文没有空格", 50) + "北约" + strings.Repeat("中文没有空格", 50)
	marks = local.Highlight(chinese, "zh", query(t, "北约"))
	p = local.Snippet(chinese, marks, 30)
	if part := chinese[p.Start:p.End]; !utf8.ValidString(part) || !strings.Contains(part, "北约") || utf8.RuneCountInString(part) != 30 {
		t.Errorf("Snippet = %q", part)
	}
	if p := local.Snippet("short text", nil, 100); p.Start != 0 || p.End != len("short text") {
		t.Errorf("Snippet of a short text = %+v", p)
	}
	if p := local.Snippet("some words that go on", nil, 12); "some words that go on"[p.Start:p.End] != "some words" {
		t.Errorf("Snippet without marks = %+v", p)
	}
	if p := local.Snippet("", nil, 10); p.End != 0 {
		t.Errorf("Snippet of nothing = %+v", p)
	}
}

func FuzzHighlight(f *testing.F) {
	f.Add("反对北约东扩 ＮＡＴＯ", "zh", "北约 nato*", 10)
	f.Add("l’OTAN é\u0301 ٱلْعَرَبِيَّة", "fr", `"l otan" عرب`, 3)
	f.Add("\xff\xfeбез ё", "ru", "без", 1)
	f.Fuzz(func(t *testing.T, text, lang, s string, limit int) {
		q, err := index.Parse(s)
		if err != nil {
			return
		}
		spans := local.Highlight(text, lang, q)
		end := 0
		for _, s := range spans {
			if s.Start < end || s.End <= s.Start || s.End > len(text) {
				t.Fatalf("Highlight(%q, %q, %s) = %v", text, lang, q, spans)
			}
			end = s.End
		}
		limit %= 1000
		p := local.Snippet(text, spans, limit)
		if p.Start < 0 || p.End < p.Start || p.End > len(text) || utf8.RuneCountInString(text[p.Start:p.End]) > max(limit, 0) {
			t.Fatalf("Snippet(%q, %v, %d) = %+v", text, spans, limit, p)
		}
		for _, m := range p.Marks {
			if m.Start < 0 || m.End > p.End-p.Start {
				t.Fatalf("Snippet(%q, %v, %d) = %+v", text, spans, limit, p)
			}
		}
	})
}
