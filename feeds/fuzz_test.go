package feeds

import (
	"net/url"
	"path/filepath"
	"testing"
	"unicode/utf8"

	"chorus/corpus"
)

// fuzzRead checks what Read promises of every answer, starting from the
// fixtures of one kind.
func fuzzRead(f *testing.F, kind corpus.FeedKind) {
	files, err := filepath.Glob("testdata/read/*.txtar")
	if err != nil || len(files) == 0 {
		f.Fatalf("no seeds: %v", err)
	}
	for _, file := range files {
		if x := loadFixture(f, file); x.feed.Kind == kind {
			f.Add(x.body, x.contentType)
		}
	}
	feed := corpus.Feed{URL: feedURL, Kind: kind, MaxItems: 50}
	if kind == corpus.FeedList {
		feed.List = &corpus.ListRule{Item: "li, div, h2", Link: "a", Title: "h3, span", Date: "time, span", Next: "a.next"}
	}
	f.Fuzz(func(t *testing.T, body []byte, contentType string) {
		r, fault := Read(feed, answer(feedURL, contentType, body), noon)
		if fault != nil {
			if fault.Reason == "" || len(r.Items) > 0 {
				t.Errorf("fault %+v with %d items", fault, len(r.Items))
			}
			return
		}
		checkReading(t, r, feed.MaxItems)
	})
}

func checkReading(t *testing.T, r Reading, max int) {
	t.Helper()
	if len(r.Items) > max || len(r.Sitemaps) > maxSitemaps || r.Format == "" {
		t.Errorf("%d items, %d sitemaps, format %q", len(r.Items), len(r.Sitemaps), r.Format)
	}
	seen := map[string]bool{}
	for _, i := range r.Items {
		u, err := url.Parse(i.URL)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
			t.Errorf("URL %q", i.URL)
		}
		c := canonicalOf(i.URL)
		if c == "" || seen[c] {
			t.Errorf("canonical %q of %q: none or twice", c, i.URL)
		}
		seen[c] = true
		for _, s := range []string{i.Title, i.Summary, i.Author, i.Lang} {
			if !utf8.ValidString(s) || utf8.RuneCountInString(s) > maxSummaryRunes+1 {
				t.Errorf("text %q", s)
			}
		}
		if latest := noon.Add(maxFuture); i.Published.After(latest) || i.Updated.After(latest) {
			t.Errorf("dates %v, %v", i.Published, i.Updated)
		}
	}
}

func FuzzReadRSS(f *testing.F)     { fuzzRead(f, corpus.FeedRSS) }
func FuzzReadSitemap(f *testing.F) { fuzzRead(f, corpus.FeedSitemap) }
func FuzzReadList(f *testing.F)    { fuzzRead(f, corpus.FeedList) }

func FuzzParseDate(f *testing.F) {
	for _, s := range []string{"24 ноября 2026, 14:30", "Nov. 24, 2026 3:05 p.m.", "2026年11月24日 下午3:05", "14:30, 24.11.2026", "20261124101112"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, ok := parseDate(s, noon)
		if !ok && !got.IsZero() {
			t.Errorf("parseDate(%q) = %v, but not ok", s, got)
		}
		if got.Location() != noon.Location() {
			t.Errorf("parseDate(%q) is in %v", s, got.Location())
		}
	})
}
