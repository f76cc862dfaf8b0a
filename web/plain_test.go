package web

import (
	"strings"
	"testing"
	"time"

	"chorus/corpus"
	"chorus/index"

	"github.com/google/go-cmp/cmp"
)

func TestPlain(t *testing.T) {
	for in, want := range map[string]string{
		"":                       "",
		"  two \n\t words ":      "two words",
		"a\u202eb\u2066c\u00add": "abcd",
		"x\x00y\x1bz":            "xyz",
		"broken \xff":            "broken \ufffd",
		"می\u200cرود":            "می\u200cرود",
		"flag \U000E0067":        "flag",
	} {
		if got := plain(in); got != want {
			t.Errorf("plain(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestShortenCountsColumns(t *testing.T) {
	for _, c := range []struct {
		in   string
		n    int
		want string
	}{
		{"abcdef", 6, "abcdef"}, {"abcdefg", 6, "abcdef…"}, {"ab cdef", 3, "ab…"},
		{"北約東擴", 8, "北約東擴"}, {"北約東擴", 7, "北約東…"}, {"Россия", 3, "Рос…"}, {"", 0, ""},
	} {
		if got := shorten(c.in, c.n); got != c.want {
			t.Errorf("shorten(%q, %d) = %q, want %q", c.in, c.n, got, c.want)
		}
	}
}

func TestScriptOf(t *testing.T) {
	for _, c := range []struct {
		lang, text string
		want       script
	}{
		{"ru", "", script{"ru", "ltr"}},
		{"ar", "", script{"ar", "rtl"}},
		{"fa", "", script{"fa", "rtl"}},
		{"zh", "我们对这个国家说", script{"zh-Hans", "ltr"}},
		{"zh", "我們對這個國家說", script{"zh-Hant", "ltr"}},
		{"und", "", script{"", "auto"}},
		{"", "", script{"", "auto"}},
		{`en" onclick="x`, "", script{"", "auto"}},
	} {
		if got := scriptOf(c.lang, c.text); got != c.want {
			t.Errorf("scriptOf(%q, %q) = %v, want %v", c.lang, c.text, got, c.want)
		}
	}
}

func TestOutsideLinksOnlyTheWeb(t *testing.T) {
	for raw, want := range map[string]string{
		"https://a.example/x?y=1":     "https://a.example/x?y=1",
		" http://a.example ":          "http://a.example",
		"https://good@evil.example/":  "https://evil.example/",
		"javascript:alert(1)":         "",
		"JaVaScRiPt:alert(1)":         "",
		"java\tscript:alert(1)":       "",
		"data:text/html,x":            "",
		"//evil.example/x":            "",
		"/doc/1":                      "",
		"https:///x":                  "",
		"file:///etc/passwd":          "",
		"":                            "",
		"https://a.example/\u202efdp": "https://a.example/%E2%80%AEfdp",
	} {
		got, ok := outside(raw)
		if got != want || ok != (want != "") {
			t.Errorf("outside(%q) = %q, %v, want %q", raw, got, ok, want)
		}
	}
}

func TestTimesAreUTC(t *testing.T) {
	zone := time.FixedZone("MSK", 3*3600)
	got := momentOf(time.Date(2026, 11, 24, 1, 30, 5, 0, zone))
	if want := (moment{"2026-11-23T22:30:05Z", "23 Nov 2026, 22:30"}); got != want {
		t.Errorf("momentOf = %v, want %v", got, want)
	}
	if got := momentOf(time.Time{}); got != (moment{}) {
		t.Errorf("moment of the zero time = %v, want nothing", got)
	}
}

func TestPublishedClaimNamesItsSource(t *testing.T) {
	at := time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)
	d := corpus.Document{Item: corpus.Item{Seen: at.Add(time.Hour)}}
	if got := publishedClaim(&d); got.From != "not claimed: first seen here" || got.At.ISO != "2026-11-24T11:00:00Z" {
		t.Errorf("without a claim: %+v", got)
	}
	d.Item.Published = at.Add(time.Minute)
	if got := publishedClaim(&d); got.From != "feed" {
		t.Errorf("with the feed's claim: %+v", got)
	}
	d.Article.Published, d.Article.PublishedFrom = at, "json-ld"
	if got := publishedClaim(&d); got.From != "JSON-LD of the page" || got.At.ISO != "2026-11-24T10:00:00Z" {
		t.Errorf("with the page's claim: %+v", got)
	}
}

func TestCountsAndShares(t *testing.T) {
	for n, want := range map[int]string{0: "0", 999: "999", 1000: "1\u202f000", 1234567: "1\u202f234\u202f567", -1234: "−1\u202f234"} {
		if got := count(n); got != want {
			t.Errorf("count(%d) = %q, want %q", n, got, want)
		}
	}
	for _, c := range []struct {
		n, of int
		want  string
	}{{0, 0, "–"}, {0, 9, "0 %"}, {1, 3, "33 %"}, {31, 1000, "3.1 %"}, {1, 100_000, "< 0.1 %"}, {5, 5, "100 %"}} {
		if got := shareText(c.n, c.of); got != c.want {
			t.Errorf("shareText(%d, %d) = %q, want %q", c.n, c.of, got, c.want)
		}
	}
	for d, want := range map[time.Duration]string{20 * time.Second: "under a minute", 25 * time.Minute: "25 min", 90 * time.Minute: "1 h 30 min", 6 * time.Hour: "6 h", 49 * time.Hour: "2 d 1 h"} {
		if got := interval(d); got != want {
			t.Errorf("interval(%v) = %q, want %q", d, got, want)
		}
	}
}

func TestDiff(t *testing.T) {
	for _, c := range []struct {
		name, before, after, want string
	}{
		{"nothing", "", "", ""},
		{"the same", "a b c", "a b c", "=a =b =c"},
		{"added at the end", "a b", "a b c", "=a =b +c"},
		{"removed at the front", "a b c", "b c", "-a =b =c"},
		{"replaced", "a b c", "a x c", "=a -b +x =c"},
		{"moved", "a b c d", "b c d a", "-a =b =c =d +a"},
		{"repeated", "a a a", "a a", "=a =a -a"},
		{"all new", "a b", "x y", "-a -b +x +y"},
	} {
		var got []string
		for _, e := range diff(strings.Fields(c.before), strings.Fields(c.after)) {
			got = append(got, map[string]string{"same": "=", "del": "-", "ins": "+"}[e.op]+e.text)
		}
		if s := strings.Join(got, " "); s != c.want {
			t.Errorf("%s: %s, want %s", c.name, s, c.want)
		}
	}
}

func TestDiffOfEndlessTextsStaysCheap(t *testing.T) {
	var a, b []string
	for i := range 20_000 {
		a, b = append(a, "old "+count(i)), append(b, "new "+count(i))
	}
	got := diff(append([]string{"first"}, a...), append([]string{"first"}, b...))
	if len(got) != 40_001 || got[0].op != "same" {
		t.Errorf("diff has %d edits and begins with %q", len(got), got[0].op)
	}
}

func TestHistogramStacksToTheCounts(t *testing.T) {
	day := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	res := &index.Result{Interval: index.IntervalDay, Histogram: []index.Bar{
		{Start: day, N: 7, By: map[string]int{"RU": 3, "CN": 2, "control": 1}},
		{Start: day.AddDate(0, 0, 1)},
		{Start: day.AddDate(0, 0, 2), N: 10, By: map[string]int{"RU": 10}},
	}}
	c := histogram("x", "Hits", res, index.All{}, index.SortDate)
	if c.Top != "10" {
		t.Errorf("highest line is %s, want 10", c.Top)
	}
	want := []part{{"ru", 3, "84", "36"}, {"cn", 2, "60", "24"}, {"control", 1, "48", "12"}, {"none", 1, "36", "12"}}
	if diff := cmp.Diff(want, c.Bars[0].Parts); diff != "" {
		t.Errorf("first bar (-want +got):\n%s", diff)
	}
	if want := "/search?q=after%3A2026-11-02+before%3A2026-11-03&sort=date"; c.Bars[1].URL != want {
		t.Errorf("second bar leads to %s, want %s", c.Bars[1].URL, want)
	}
	if want := "2026-11-01,2026-11-01 2026-11-02,2026-11-02 2026-11-03,2026-11-03"; c.Days != want {
		t.Errorf("days = %s, want %s", c.Days, want)
	}
	if want := "3 bars from 1 Nov 2026 to 3 Nov 2026. Russia 13, China 2, Control 1, No bloc 1. Most in 3 Nov 2026: 10."; c.Desc != want {
		t.Errorf("description = %s, want %s", c.Desc, want)
	}
}

func TestBarsEndWhereTheNextBegins(t *testing.T) {
	start := time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC)
	for width, want := range map[index.Interval]string{
		index.IntervalDay: "2026-02-02", index.IntervalWeek: "2026-02-08", index.IntervalMonth: "2026-03-01", index.IntervalYear: "2027-02-01",
	} {
		if got := barEnd(start, width).Format(dayFormat); got != want {
			t.Errorf("a %s from 1 February ends on %s, want %s", width, got, want)
		}
	}
}

func TestTopLine(t *testing.T) {
	for n, want := range map[int]int{0: 1, 1: 1, 3: 5, 6: 10, 11: 20, 120: 200, 201: 500, 999: 1000} {
		if got := niceTop(n); got != want {
			t.Errorf("niceTop(%d) = %d, want %d", n, got, want)
		}
	}
}
