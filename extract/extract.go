// Package extract reads a captured page: what was said, under which title, by
// whom and when.
//
// The page is parsed once. Title, time, byline and the like are read from what
// the page says about itself (JSON-LD, OpenGraph, meta, microdata) and only
// then from how it looks. The text is cut out by one of several extractors,
// and Article.Extractor says which:
//
//	rule         the CSS selector that the registry has for the outlet
//	trafilatura  go-trafilatura, the best on alphabetic scripts
//	readability  readeck's go-readability: for Chinese, Japanese and Korean,
//	             for pages of very many blocks, and when it finds twice as much
//	embedded     the data of a page that draws itself with a script: its
//	             JSON-LD, the script's state, a form field
//	fallback     our own collector of paragraphs, when all others fail
//	plain        the page is text/plain
//	none         there is no text
//
// An article depends on the captured bytes, the item and the outlet only, and
// never on the present time: a rebuild from the archive makes the same one.
//
// Times without a zone are read in that of the outlet: UTC+8 for China, UTC+3
// for Russia and Belarus, by the outlet's country or else its language; UTC
// for all others. A date without a time of day is kept as midnight UTC, so that
// the day stays the one that the page names.
package extract

import (
	"bytes"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"runtime"
	"strings"
	"sync/atomic"
	"time"

	"chorus/corpus"
	"chorus/internal/body"
)

// Options bound what one page may cost. The zero value has the defaults.
type Options struct {
	MaxBytes  int           // HTML that is read of a page; 0 means 5 MB
	MaxBlocks int           // blocks (paragraphs, breaks, list items, cells) up to which trafilatura is tried, as it is quadratic in them; 0 means 3,000
	Timeout   time.Duration // for the extractors, per page; 0 means 30 s
	Strays    int           // extractors that ran out of time and may still be running; past that only the fallback is used; 0 means the number of CPUs
}

// An Extractor turns captures into articles. It is safe for use from several
// goroutines.
type Extractor struct {
	maxBytes  int
	maxBlocks int
	timeout   time.Duration
	maxStrays int64
	strays    atomic.Int64 // extractors that were given up on and still run
}

// New makes an Extractor.
func New(o Options) *Extractor {
	x := &Extractor{maxBytes: o.MaxBytes, maxBlocks: o.MaxBlocks, timeout: o.Timeout}
	if x.maxBytes <= 0 {
		x.maxBytes = 5 << 20
	}
	if x.maxBlocks <= 0 {
		x.maxBlocks = 3000
	}
	if x.timeout <= 0 {
		x.timeout = 30 * time.Second
	}
	if o.Strays <= 0 {
		o.Strays = runtime.GOMAXPROCS(0)
	}
	x.maxStrays = int64(o.Strays)
	return x
}

// Article reads the article of a capture. What the page does not say is taken
// from the item: title, byline and time, then with PublishedFrom "feed".
//
// A fault does not mean that the article is worthless. Its class is "format"
// if the body is neither HTML nor plain text, "empty" if there is no text in
// it, "denied" if the page is a check for robots in place of the article, and "panic" if an extractor failed or ran out of time; the article then
// has the text of the fallback.
func (x *Extractor) Article(c *corpus.Capture, item corpus.Item, outlet corpus.Outlet) (corpus.Article, *corpus.Fault) {
	a := corpus.Article{Kind: corpus.KindArticle, Lang: "und", Extractor: "none", Truncated: truncated(c)}
	fault := x.recovered(&a, c, item, outlet)
	fromItem(&a, item)
	return a, fault
}

// recovered reads the page; a panic of the parser or of our own code becomes a
// fault, and what was read until then stays.
func (x *Extractor) recovered(a *corpus.Article, c *corpus.Capture, item corpus.Item, outlet corpus.Outlet) (fault *corpus.Fault) {
	defer func() {
		if what := recover(); what != nil {
			fault = faultAt(c, corpus.FaultPanic, fmt.Sprintf("reading the page failed: %v", what))
		}
	}()
	return x.read(a, c, item, outlet)
}

func (x *Extractor) read(a *corpus.Article, c *corpus.Capture, item corpus.Item, outlet corpus.Outlet) *corpus.Fault {
	if len(bytes.TrimSpace(c.Body)) == 0 {
		return faultAt(c, corpus.FaultEmpty, "the body is empty")
	}
	contentType := contentTypeOf(c)
	form := formOf(contentType, c.Body)
	if form != "html" && form != "text" {
		return faultAt(c, corpus.FaultFormat, "the body is "+form+", not a page")
	}
	plain := c.Body
	if len(plain) > x.maxBytes {
		plain, a.Truncated = plain[:x.maxBytes], true
	}
	text, charset := body.UTF8(plain, contentType, body.HTML)
	a.Charset = charset
	if form == "text" {
		return readPlain(a, string(text), c, item, outlet)
	}
	return x.readHTML(a, string(text), c, item, outlet)
}

func readPlain(a *corpus.Article, text string, c *corpus.Capture, item corpus.Item, outlet corpus.Outlet) *corpus.Fault {
	a.Text = joinParagraphs(splitPlain(text))
	a.Lang = language(a.Text, item, outlet)
	if a.Text == "" {
		return faultAt(c, corpus.FaultEmpty, "there is no text in it")
	}
	a.Extractor = "plain"
	return nil
}

func (x *Extractor) readHTML(a *corpus.Article, text string, c *corpus.Capture, item corpus.Item, outlet corpus.Outlet) *corpus.Fault {
	p, err := newPage(text, c, outlet)
	if err != nil {
		return faultAt(c, corpus.FaultFormat, err.Error())
	}
	m := p.claims()
	if isChallenge(m) {
		return faultAt(c, corpus.FaultDenied, "the page is a check for robots: "+m.head)
	}
	a.Title = p.title(m, item)
	a.Byline, a.Section, a.Canonical = m.byline, m.section, m.canonical
	b, fault := x.body(p, m, a.Title)
	if a.Byline == "" {
		a.Byline = p.printedByline(b.raw)
	}
	paras := withoutByline(b.paragraphs, a.Byline)
	a.Extractor = b.extractor
	a.Text = joinParagraphs(texts(paras))
	a.Links, a.Images = p.links(paras), b.images
	a.Lang = language(a.Text, item, outlet)
	a.Credits = p.credits(m, b.raw)
	a.Dateline = dateline(paras)
	a.Kind = kindOf(a.Title, p.url.Path, paras)
	published := p.published(m, a.Title, item.Published)
	a.Published, a.PublishedFrom = published.time, published.from
	if m.modified.after(published.time) {
		a.Modified = m.modified.time
	}
	if a.Text == "" {
		a.Extractor = "none"
		if fault == nil {
			fault = faultAt(c, corpus.FaultEmpty, "there is no text in it")
		}
	}
	return fault
}

// fromItem fills what the page left open with what the feed said.
func fromItem(a *corpus.Article, item corpus.Item) {
	if a.Title == "" {
		a.Title = tidy(item.Title)
	}
	if a.Byline == "" {
		a.Byline = tidy(item.Author)
	}
	if a.Published.IsZero() && !item.Published.IsZero() {
		a.Published, a.PublishedFrom = item.Published.UTC().Truncate(time.Second), "feed"
	}
}

func truncated(c *corpus.Capture) bool {
	answer := c.Answer()
	return c.Fault.Kept() || answer != nil && answer.Truncated != ""
}

func contentTypeOf(c *corpus.Capture) string {
	if answer := c.Answer(); answer != nil {
		return answer.Response.Get("Content-Type")
	}
	return ""
}

// formOf says what a body is: "html", "text", or the media type of what we
// cannot read. Servers send pages under odd names, so the bytes have a say: a
// body that begins like a known binary format is that, whatever the header
// says, and one that begins with a tag is a page.
func formOf(contentType string, plain []byte) string {
	sniffed, _, _ := mime.ParseMediaType(http.DetectContentType(plain))
	declared, _, err := mime.ParseMediaType(contentType)
	if err != nil {
		declared = sniffed
	}
	switch {
	case sniffed == "text/html" || sniffed == "text/xml" && strings.Contains(declared, "html"):
		return "html"
	case !strings.HasPrefix(sniffed, "text/") && sniffed != "application/octet-stream":
		return sniffed
	case strings.Contains(declared, "html"):
		return "html"
	case strings.HasPrefix(declared, "text/plain"):
		if looksHTML(plain) {
			return "html"
		}
		return "text"
	case declared == "application/octet-stream" && looksHTML(plain):
		return "html"
	}
	return declared
}

// looksHTML finds the tags of a page behind comments and blank lines, where
// http.DetectContentType does not look.
func looksHTML(plain []byte) bool {
	head := bytes.ToLower(plain[:min(len(plain), 4096)])
	for _, tag := range []string{"<html", "<head", "<body", "<!doctype html", "<meta ", "<div"} {
		if bytes.Contains(head, []byte(tag)) {
			return true
		}
	}
	return false
}

func faultAt(c *corpus.Capture, class corpus.FaultClass, reason string) *corpus.Fault {
	return &corpus.Fault{Class: class, Reason: reason, Status: c.Status(), At: c.Fetched}
}

func parseURL(raw string) *url.URL {
	u, err := url.Parse(strings.TrimSpace(raw))
	if err != nil || u == nil {
		return &url.URL{}
	}
	return u
}
