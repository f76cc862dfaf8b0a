package feeds

import (
	"bytes"
	"compress/gzip"
	"flag"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/tools/txtar"

	"chorus/corpus"
)

var update = flag.Bool("update", false, "write the want sections of testdata/read anew")

// noon is the time of every reading in these tests.
var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

const feedURL = "https://river.example/export/feed"

// answer is a capture of a 200 with the given body.
func answer(url, contentType string, body []byte) *corpus.Capture {
	h := http.Header{}
	if contentType != "" {
		h.Set("Content-Type", contentType)
	}
	return &corpus.Capture{
		URL:       url,
		Exchanges: []corpus.Exchange{{Role: corpus.RolePage, URL: url, Status: 200, Response: h}},
		Body:      body,
	}
}

func readText(t *testing.T, feed corpus.Feed, text string) Reading {
	t.Helper()
	if feed.URL == "" {
		feed.URL = feedURL
	}
	r, fault := Read(feed, answer(feed.URL, "", []byte(text)), noon)
	if fault != nil {
		t.Fatalf("Read: %v", fault)
	}
	return r
}

// lines shows a reading in a form that a golden section of a txtar file has.
func lines(r Reading) string {
	var b strings.Builder
	fmt.Fprintf(&b, "format: %s\n", r.Format)
	if r.TTL != 0 {
		fmt.Fprintf(&b, "ttl: %v\n", r.TTL)
	}
	if r.Cut {
		fmt.Fprintf(&b, "cut\n")
	}
	if r.Next != "" {
		fmt.Fprintf(&b, "next: %s\n", r.Next)
	}
	for _, w := range r.Warnings {
		fmt.Fprintf(&b, "warning: %s\n", w)
	}
	for _, s := range r.Sitemaps {
		fmt.Fprintf(&b, "sitemap: %s\n", s)
	}
	for _, i := range r.Items {
		fmt.Fprintf(&b, "\n%s\n", i.URL)
		for _, f := range []struct{ name, value string }{
			{"title", i.Title}, {"summary", i.Summary}, {"author", i.Author}, {"lang", i.Lang},
			{"categories", strings.Join(i.Categories, " | ")}, {"published", stamp(i.Published)}, {"updated", stamp(i.Updated)},
		} {
			if f.value != "" {
				fmt.Fprintf(&b, "  %s: %s\n", f.name, f.value)
			}
		}
	}
	return b.String()
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format(time.RFC3339)
}

// TestReadFixtures reads testdata/read/*.txtar. The comment of each file is a
// line "kind: rss", optionally "encode: CHARSET", "type: CONTENT-TYPE" and the
// fields of a list rule; "feed" is the answer and "want" what is read from it,
// or "fault: ...".
func TestReadFixtures(t *testing.T) {
	files, err := filepath.Glob("testdata/read/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no fixtures: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			f := loadFixture(t, file)
			r, fault := Read(f.feed, answer(f.feed.URL, f.contentType, f.body), noon)
			got := lines(r)
			if fault != nil {
				got = "fault: " + fault.String() + "\n"
			}
			if *update {
				f.archive.Files[1].Data = []byte(got)
				if err := os.WriteFile(file, txtar.Format(f.archive), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(f.want, got); diff != "" {
				t.Errorf("Read (-want +got):\n%s", diff)
			}
		})
	}
}

type fixture struct {
	feed        corpus.Feed
	contentType string
	body        []byte
	want        string
	archive     *txtar.Archive
}

func loadFixture(t testing.TB, file string) fixture {
	t.Helper()
	a, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if len(a.Files) != 2 || a.Files[0].Name != "feed" || a.Files[1].Name != "want" {
		t.Fatalf("%s: want the sections feed and want", file)
	}
	f := fixture{feed: corpus.Feed{URL: feedURL, List: &corpus.ListRule{}}, want: string(a.Files[1].Data), archive: a}
	encode := ""
	for line := range strings.Lines(string(a.Comment)) {
		key, value, found := strings.Cut(strings.TrimSpace(line), ": ")
		if !found || strings.Contains(key, " ") {
			continue // words for people
		}
		switch key {
		case "kind":
			f.feed.Kind = corpus.FeedKind(value)
		case "encode":
			encode = value
		case "type":
			f.contentType = value
		case "item":
			f.feed.List.Item = value
		case "link":
			f.feed.List.Link = value
		case "title":
			f.feed.List.Title = value
		case "date":
			f.feed.List.Date = value
		case "next":
			f.feed.List.Next = value
		case "include":
			f.feed.Include = value
		case "exclude":
			f.feed.Exclude = value
		default:
			t.Fatalf("%s: unknown key %q", file, key)
		}
	}
	f.body = encoded(t, encode, a.Files[0].Data)
	return f
}

func encoded(t testing.TB, charset string, text []byte) []byte {
	t.Helper()
	var e encoding.Encoding
	switch charset {
	case "":
		return text
	case "windows-1251":
		e = charmap.Windows1251
	case "koi8-r":
		e = charmap.KOI8R
	case "gb2312":
		e = simplifiedchinese.GBK
	case "utf-16":
		e = unicode.UTF16(unicode.LittleEndian, unicode.UseBOM)
	case "gzip":
		return zipped(t, text)
	default:
		t.Fatalf("unknown charset %q", charset)
	}
	b, err := e.NewEncoder().Bytes(text)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func zipped(t testing.TB, text []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write(text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestReadHandsOnTheCapturesFault(t *testing.T) {
	fault := &corpus.Fault{Class: corpus.FaultTimeout, Reason: "no answer"}
	_, got := Read(corpus.Feed{URL: feedURL, Kind: corpus.FeedRSS}, &corpus.Capture{URL: feedURL, Fault: fault}, noon)
	if got != fault {
		t.Errorf("Read = %v, want the capture's fault", got)
	}
}

func TestReadReadsWhatCameOfACutBody(t *testing.T) {
	c := answer(feedURL, "", []byte(`<rss version="2.0"><channel><title>R</title>
<item><title>One</title><link>https://river.example/1</link></item><item><title>Tw`))
	c.Fault = &corpus.Fault{Class: corpus.FaultCut, Reason: "connection ended"}
	r, fault := Read(corpus.Feed{URL: feedURL, Kind: corpus.FeedRSS}, c, noon)
	if fault != nil || len(r.Items) != 1 || !r.Cut {
		t.Errorf("Read = %d items, cut %v, %v, want one item, cut", len(r.Items), r.Cut, fault)
	}
}

func TestReadBlamesTheCutForWhatCannotBeRead(t *testing.T) {
	c := answer(feedURL, "", []byte(`<rss version="2.0"><channel><item><title>On`))
	c.Fault = &corpus.Fault{Class: corpus.FaultTooLarge, Reason: "over the limit"}
	if _, fault := Read(corpus.Feed{URL: feedURL, Kind: corpus.FeedRSS}, c, noon); fault != c.Fault {
		t.Errorf("Read = %v, want the capture's fault", fault)
	}
}

func TestReadFaults(t *testing.T) {
	for _, c := range []struct{ name, kind, body, want string }{
		{"empty", "rss", " \n", "empty: an empty answer"},
		{"html", "rss", "<!DOCTYPE html><html><body>moved</body></html>", "format: an HTML page, not a feed"},
		{"xhtml", "rss", `<?xml version="1.0"?><!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Strict//EN" "x"><html xmlns="http://www.w3.org/1999/xhtml"/>`, "format: an HTML page, not a feed"},
		{"fragment", "sitemap", "<script>location='/'</script>", "format: an HTML page, not a feed"},
		{"other xml", "rss", "<svg/>", "format: an XML document <svg>, not a feed"},
		{"text", "rss", "Service unavailable", "format: neither XML nor a JSON object"},
		{"json without items", "rss", `{"error": "denied"}`, "format: a JSON object without items, not a JSON Feed"},
		{"sitemap of nothing", "sitemap", "not a sitemap", "format: neither XML nor a list of addresses"},
		{"no whole item", "rss", "<rss><channel><item><title>T", "format: the document ends before its first whole item"},
		{"list without rule", "list", "<p>x", "format: a list page without a rule to read it by"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, fault := Read(corpus.Feed{URL: feedURL, Kind: corpus.FeedKind(c.kind)}, answer(feedURL, "", []byte(c.body)), noon)
			if fault.String() != c.want || fault.At != noon {
				t.Errorf("Read = %+v, %q at %v, want %q at %v", r, fault, fault.At, c.want, noon)
			}
		})
	}
}

func TestReadRefusesBadPatterns(t *testing.T) {
	for _, feed := range []corpus.Feed{{Include: "("}, {Exclude: "["}} {
		feed.URL, feed.Kind = feedURL, corpus.FeedRSS
		if _, fault := Read(feed, answer(feedURL, "", []byte("<rss/>")), noon); fault == nil || fault.Class != corpus.FaultFormat {
			t.Errorf("Read with %q, %q = %v, want a format fault", feed.Include, feed.Exclude, fault)
		}
	}
}

func TestReadKeepsTheFirstMaxItems(t *testing.T) {
	var b strings.Builder
	b.WriteString(`<rss version="2.0"><channel>`)
	for i := range 30 {
		fmt.Fprintf(&b, "<item><link>https://river.example/%s/%d</link></item>", []string{"sport", "news"}[i%2], i)
	}
	b.WriteString("</channel></rss>")
	r := readText(t, corpus.Feed{Kind: corpus.FeedRSS, Include: "/news/", MaxItems: 10}, b.String())
	if len(r.Items) != 10 || r.Items[9].URL != "https://river.example/news/19" || !r.Cut {
		t.Errorf("Read = %d items, cut %v, want 10, cut: %+v", len(r.Items), r.Cut, r.Warnings)
	}
}

func TestReadMergesEntriesOfOnePage(t *testing.T) {
	r := readText(t, corpus.Feed{Kind: corpus.FeedRSS}, `<feed xmlns="http://www.w3.org/2005/Atom">
<entry><link href="https://river.example/1"/><title>First</title><updated>2026-11-23T10:00:00Z</updated></entry>
<entry><link href="http://river.example/1/#top"/><title>Second</title><summary>More</summary><updated>2026-11-24T10:00:00Z</updated></entry>
<entry><link href="https://river.example/1?utm_source=x"/><updated>2026-11-22T10:00:00Z</updated></entry></feed>`)
	want := []corpus.Item{{
		Feed: feedURL, URL: "https://river.example/1", Title: "First", Summary: "More",
		Published: noon.Add(-26 * time.Hour), Updated: noon.Add(-2 * time.Hour),
	}}
	if diff := cmp.Diff(want, r.Items); diff != "" {
		t.Errorf("Read (-want +got):\n%s", diff)
	}
}

func TestAbsolute(t *testing.T) {
	base := answer(feedURL, "", nil).FinalURL()
	for _, c := range []struct{ link, want string }{
		{"https://river.example/a?b=1&c=%D0%B0", "https://river.example/a?b=1&c=%D0%B0"},
		{" /news/1 ", "https://river.example/news/1"},
		{"2.html", "https://river.example/export/2.html"},
		{"//cdn.example/x", "https://cdn.example/x"},
		{"HTTP://river.example/x", "http://river.example/x"},
		{"https://river.example/ne\n\tws", "https://river.example/news"},
		{"https://river.example/100%", "https://river.example/100%25"},
		{"https://река.example/путь", "https://xn--80ajpw.example/%D0%BF%D1%83%D1%82%D1%8C"},
		{"https://user:pass@river.example/x", "https://river.example/x"},
		{"javascript:alert(1)", ""},
		{"mailto:desk@river.example", ""},
		{"tag:river.example,2026:1", ""},
		{"https://", ""},
		{"http://[::1", ""},
		{"", ""},
		{"https://river.example/" + strings.Repeat("a", 3000), ""},
	} {
		r, err := newReader(corpus.Feed{}, &corpus.Capture{URL: base}, noon)
		if err != nil {
			t.Fatal(err)
		}
		if got := absolute(r.base, c.link); got != c.want {
			t.Errorf("absolute(%q) = %q, want %q", c.link, got, c.want)
		}
	}
}

func TestPlainText(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"  two \n\t words ", "two words"},
		{"<b>Bold</b> &amp; &laquo;quoted&raquo;", "Bold & «quoted»"},
		{"<p>One.</p><p>Two.</p>", "One. Two."},
		{"in<i>si</i>de", "inside"},
		{"a<script>alert('x')</script>b<style>p{}</style>c", "abc"},
		{"3 < 5 & 7 > 6", "3 < 5 & 7 > 6"},
		{"AT&T", "AT&T"},
		{"zero\u200bwidth so\u00adft\u00a0space\x00", "zerowidth soft space"},
		{"<img src=x onerror=alert(1)>", ""},
		{"a<br/>b", "a b"},
		{"12345 78901234", "12345 7890…"},
	} {
		max := 40
		if strings.HasPrefix(c.in, "12345 ") {
			max = 10
		}
		if got := plainText(c.in, max); got != c.want {
			t.Errorf("plainText(%q, %d) = %q, want %q", c.in, max, got, c.want)
		}
	}
}

func TestLanguageTag(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"RU", "ru"}, {"ru-ru", "ru-RU"}, {"zh_cn", "zh-CN"}, {"zh-hans-cn", "zh-Hans-CN"}, {"Russian language", "en"}, {"", "en"},
	} {
		if got := languageTag(c.in, "en"); got != c.want {
			t.Errorf("languageTag(%q) = %q, want %q", c.in, got, c.want)
		}
	}
}
