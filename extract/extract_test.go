package extract

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"chorus/corpus"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
	"golang.org/x/text/encoding/htmlindex"
)

// A fixture is one page of testdata: about it, its HTML, and the article that
// is made of it.
type fixture struct {
	about   map[string]string
	archive *txtar.Archive
}

func readFixture(tb testing.TB, file string) fixture {
	tb.Helper()
	archive, err := txtar.ParseFile(file)
	if err != nil {
		tb.Fatal(err)
	}
	f := fixture{about: map[string]string{}, archive: archive}
	for line := range strings.Lines(string(f.file("about"))) {
		key, value, _ := strings.Cut(line, ":")
		f.about[key] = strings.TrimSpace(value)
	}
	return f
}

func (f *fixture) file(name string) []byte {
	for _, file := range f.archive.Files {
		if file.Name == name {
			return file.Data
		}
	}
	return nil
}

func (f *fixture) capture(tb testing.TB) *corpus.Capture {
	tb.Helper()
	page := f.file("page.html")
	if name := f.about["encode"]; name != "" {
		enc, err := htmlindex.Get(name)
		if err != nil {
			tb.Fatal(err)
		}
		if page, err = enc.NewEncoder().Bytes(page); err != nil {
			tb.Fatal(err)
		}
	}
	return capture(f.about["url"], f.about["type"], page)
}

func (f *fixture) outlet() corpus.Outlet {
	o := corpus.Outlet{ID: "x", Country: f.about["country"], Languages: []string{f.about["lang"]}, Hosts: strings.Fields(f.about["hosts"])}
	if body := f.about["rule-body"]; body != "" {
		o.Article = &corpus.ArticleRule{Title: f.about["rule-title"], Body: body, Byline: f.about["rule-byline"], Published: f.about["rule-published"], Remove: []string{f.about["rule-remove"]}}
	}
	return o
}

// TestArticles compares the article of every page of testdata with the one that
// lies beside it.
func TestArticles(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no pages in testdata: %v", err)
	}
	x := New(Options{})
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			f := readFixture(t, file)
			a, fault := x.Article(f.capture(t), corpus.Item{URL: f.about["url"]}, f.outlet())
			got := articleJSON(t, a, fault)
			if *update {
				for i := range f.archive.Files {
					if f.archive.Files[i].Name == "article.json" {
						f.archive.Files[i].Data = got
					}
				}
				if err := os.WriteFile(file, txtar.Format(f.archive), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if diff := cmp.Diff(string(f.file("article.json")), string(got)); diff != "" {
				t.Errorf("article differs (-want +got):\n%s", diff)
			}
		})
	}
}

// articleJSON writes an article with its text as a list of paragraphs.
func articleJSON(t *testing.T, a corpus.Article, fault *corpus.Fault) []byte {
	t.Helper()
	text := strings.Split(a.Text, "\n\n")
	a.Text = ""
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(struct {
		corpus.Article
		Text  []string `json:"text"`
		Fault string   `json:"fault,omitempty"`
	}{a, text, fault.String()}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestArticleIsTheSameEveryTime(t *testing.T) {
	files, _ := filepath.Glob("testdata/*.txtar")
	for _, file := range files {
		f := readFixture(t, file)
		want, wantFault := New(Options{}).Article(f.capture(t), corpus.Item{}, f.outlet())
		x := New(Options{})
		for range 5 {
			got, fault := x.Article(f.capture(t), corpus.Item{}, f.outlet())
			if diff := cmp.Diff(want, got) + cmp.Diff(wantFault, fault); diff != "" {
				t.Fatalf("%s: article differs (-first +later):\n%s", file, diff)
			}
		}
	}
}

func TestArticleReadsThousandsOfParagraphs(t *testing.T) {
	var b strings.Builder
	b.WriteString("<html><head><title>Live: the long day</title></head><body><h1>Live: the long day</h1><div class=blog>")
	for i := range 5000 {
		fmt.Fprintf(&b, "<p>At minute %d the correspondent reports that nothing has changed since the last entry of this page.</p>\n", i)
	}
	b.WriteString("</div></body></html>")
	a, fault := New(Options{}).Article(capture("https://example.com/live", "text/html", []byte(b.String())), corpus.Item{}, corpus.Outlet{})
	if fault != nil || a.Extractor != "readability" {
		t.Errorf("extractor %q, fault %v, want readability and none", a.Extractor, fault)
	}
	if n := strings.Count(a.Text, "\n\n") + 1; n != 5000 {
		t.Errorf("%d paragraphs, want 5000", n)
	}
}

func TestArticleFallsBackOnDeepNesting(t *testing.T) {
	page := "<html><head><title>Deep water - Example</title><meta property='og:site_name' content=Example><meta property='article:published_time' content='2026-11-20T10:00:00Z'></head><body>" +
		strings.Repeat("<div>", 100_000) + "<p>The text is at the very bottom of a hundred thousand boxes, and it must not be lost for that.</p><p>A second paragraph follows, so that there is something to separate from the first one.</p></body></html>"
	a, fault := New(Options{}).Article(capture("https://example.com/deep", "text/html", []byte(page)), corpus.Item{}, corpus.Outlet{})
	if fault != nil || a.Extractor != "fallback" || a.Title != "Deep water" || a.PublishedFrom != "meta" {
		t.Errorf("extractor %q, title %q, published from %q, fault %v", a.Extractor, a.Title, a.PublishedFrom, fault)
	}
	if want := "hundred thousand boxes, and it must not be lost for that.\n\nA second paragraph"; !strings.Contains(a.Text, want) {
		t.Errorf("text = %q, want it to contain %q", a.Text, want)
	}
}

func TestArticleRefusesWhatIsNoPage(t *testing.T) {
	for _, c := range []struct {
		name, contentType, body string
		want                    corpus.FaultClass
	}{
		{"pdf", "application/pdf", "%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj", corpus.FaultFormat},
		{"pdf under a false name", "text/html", "%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj", corpus.FaultFormat},
		{"picture", "image/png", "\x89PNG\r\n\x1a\n\x00\x00", corpus.FaultFormat},
		{"video", "video/mp4", "\x00\x00\x00\x18ftypmp42", corpus.FaultFormat},
		{"json", "application/json", `{"text":"no page"}`, corpus.FaultFormat},
		{"nothing", "text/html", "", corpus.FaultEmpty},
		{"blanks", "text/html", " \r\n\t", corpus.FaultEmpty},
		{"tags only", "text/html", "<html><body><div></div></body></html>", corpus.FaultEmpty},
	} {
		a, fault := New(Options{}).Article(capture("https://example.com/x", c.contentType, []byte(c.body)), corpus.Item{}, corpus.Outlet{})
		if fault == nil || fault.Class != c.want || !fault.At.Equal(fetched) {
			t.Errorf("%s: fault %v, want class %s", c.name, fault, c.want)
		}
		if a.Extractor != "none" || a.Text != "" {
			t.Errorf("%s: extractor %q, text %q, want none", c.name, a.Extractor, a.Text)
		}
	}
}

func TestArticleTakesPagesUnderOddNames(t *testing.T) {
	page := "<!-- made by hand --><html><body><article><p>" + strings.Repeat("The minister opened the new bridge on Monday. ", 5) + "</p></article></body></html>"
	for _, contentType := range []string{"", "text/plain", "application/xhtml+xml", "text/html;charset=utf-8;", "application/octet-stream"} {
		a, fault := New(Options{}).Article(capture("https://example.com/x", contentType, []byte(page)), corpus.Item{}, corpus.Outlet{})
		if fault != nil || !strings.HasPrefix(a.Text, "The minister opened") {
			t.Errorf("type %q: text %q, fault %v", contentType, a.Text, fault)
		}
	}
}

func TestArticleTakesPlainText(t *testing.T) {
	a, fault := New(Options{}).Article(capture("https://example.com/x.txt", "text/plain; charset=utf-8", []byte("First line\nof a paragraph.\r\n\r\nSecond\u00a0paragraph.\n")), corpus.Item{Title: "From the feed"}, corpus.Outlet{Languages: []string{"en"}})
	if want := "First line of a paragraph.\n\nSecond paragraph."; a.Text != want || fault != nil || a.Title != "From the feed" || a.Extractor != "plain" {
		t.Errorf("article %+v, fault %v, want text %q", a, fault, want)
	}
}

func TestArticleKeepsTheTextWhenTheExtractorIsTooSlow(t *testing.T) {
	page := "<html><body><article><p>" + strings.Repeat("The minister opened the new bridge on Monday. ", 50) + "</p></article></body></html>"
	x := New(Options{Timeout: 1})
	a, fault := x.Article(capture("https://example.com/x", "text/html", []byte(page)), corpus.Item{}, corpus.Outlet{})
	if fault == nil || fault.Class != corpus.FaultPanic || a.Extractor != "fallback" || !strings.HasPrefix(a.Text, "The minister opened") {
		t.Errorf("extractor %q, text %.40q, fault %v, want the fallback and a fault", a.Extractor, a.Text, fault)
	}
}

func TestArticleSaysThatItWasCut(t *testing.T) {
	page := "<html><body><article><p>" + strings.Repeat("The minister opened the new bridge on Monday. ", 50) + "</p><p>And th"
	c := capture("https://example.com/x", "text/html", []byte(page))
	if a, _ := New(Options{}).Article(c, corpus.Item{}, corpus.Outlet{}); a.Truncated {
		t.Error("a whole page is marked as cut")
	}
	if a, _ := New(Options{MaxBytes: 1000}).Article(c, corpus.Item{}, corpus.Outlet{}); !a.Truncated || len(a.Text) > 1000 || a.Text == "" {
		t.Errorf("page over MaxBytes: truncated %v, %d bytes of text", a.Truncated, len(a.Text))
	}
	c.Fault = &corpus.Fault{Class: corpus.FaultCut}
	if a, fault := New(Options{}).Article(c, corpus.Item{}, corpus.Outlet{}); !a.Truncated || fault != nil || a.Text == "" {
		t.Errorf("capture that was cut: truncated %v, fault %v", a.Truncated, fault)
	}
}

func TestArticleTakesFromTheFeedWhatThePageLacks(t *testing.T) {
	page := "<html><body><p>" + strings.Repeat("Nothing on this page says when or by whom. ", 5) + "</p></body></html>"
	item := corpus.Item{Title: " A  title ", Author: "J. Roe", Published: time.Date(2026, 11, 20, 8, 0, 0, 5, time.UTC)}
	a, _ := New(Options{}).Article(capture("https://example.com/x", "text/html", []byte(page)), item, corpus.Outlet{})
	if a.Title != "A title" || a.Byline != "J. Roe" || a.PublishedFrom != "feed" || !a.Published.Equal(time.Date(2026, 11, 20, 8, 0, 0, 0, time.UTC)) {
		t.Errorf("article = %+v", a)
	}
}

func TestArticleFromSeveralGoroutines(t *testing.T) {
	files, _ := filepath.Glob("testdata/*.txtar")
	x := New(Options{Strays: 1})
	var group sync.WaitGroup
	for _, file := range files {
		f := readFixture(t, file)
		c, outlet := f.capture(t), f.outlet()
		want, _ := New(Options{}).Article(c, corpus.Item{}, outlet)
		for range 4 {
			group.Go(func() {
				if got, _ := x.Article(c, corpus.Item{}, outlet); cmp.Diff(want, got) != "" {
					t.Errorf("%s: article differs (-alone +together):\n%s", file, cmp.Diff(want, got))
				}
			})
		}
	}
	group.Wait()
}

func TestArticleGivesUpOnExtractorsAfterTooManyStrays(t *testing.T) {
	page := "<html><body><article><p>" + strings.Repeat("The minister opened the new bridge on Monday. ", 50) + "</p></article></body></html>"
	x := New(Options{Strays: 1})
	x.strays.Add(1)
	a, fault := x.Article(capture("https://example.com/x", "text/html", []byte(page)), corpus.Item{}, corpus.Outlet{})
	if fault == nil || fault.Class != corpus.FaultPanic || a.Extractor != "fallback" || a.Text == "" {
		t.Errorf("extractor %q, fault %v, want the fallback and a fault", a.Extractor, fault)
	}
	x.strays.Add(-1)
	if a, fault = x.Article(capture("https://example.com/x", "text/html", []byte(page)), corpus.Item{}, corpus.Outlet{}); fault != nil || a.Extractor != "trafilatura" {
		t.Errorf("extractor %q, fault %v after the stray has ended", a.Extractor, fault)
	}
}

func FuzzArticle(f *testing.F) {
	files, _ := filepath.Glob("testdata/*.txtar")
	for _, file := range files {
		fix := readFixture(f, file)
		c := fix.capture(f)
		f.Add(c.Body, fix.about["type"], fix.about["lang"])
	}
	f.Add([]byte(strings.Repeat("<table>", 600)+"deep"), "text/html", "")
	f.Add([]byte("<script type=application/ld+json>{\"@type\":\"NewsArticle\",\"headline\":\"\\ud800\""), "", "ru")
	f.Add([]byte("<a href='http://[::1'><img src='data:x'><base href='%zz'>"), "text/html", "zh")
	f.Add([]byte("<pre>\n\n</pre><p>\xff\xfe\x00"), "text/html; charset=utf-16", "")
	x := New(Options{Timeout: 5 * time.Second})
	f.Fuzz(func(t *testing.T, page []byte, contentType, language string) {
		if len(page) > 1<<16 {
			t.Skip()
		}
		c := capture("https://example.com/a/b.html", contentType, page)
		outlet := corpus.Outlet{Languages: []string{language}}
		a, fault := x.Article(c, corpus.Item{}, outlet)
		if fault != nil && fault.Class == corpus.FaultPanic {
			t.Errorf("fault: %v", fault)
		}
		for _, s := range append([]string{a.Title, a.Byline, a.Text, a.Dateline, a.Section}, a.Credits...) {
			if !utf8.ValidString(s) {
				t.Errorf("%q is not UTF-8", s)
			}
		}
		if (a.Text == "") != (a.Extractor == "none") || a.Text == "" && fault == nil {
			t.Errorf("text %q, extractor %q, fault %v", a.Text, a.Extractor, fault)
		}
		if !a.Published.IsZero() && a.Published.After(fetched.Add(24*time.Hour)) {
			t.Errorf("published %v, after it was fetched", a.Published)
		}
		if again, _ := x.Article(c, corpus.Item{}, outlet); utf8.Valid(page) && cmp.Diff(a, again) != "" {
			t.Errorf("second article differs:\n%s", cmp.Diff(a, again))
		}
	})
}
