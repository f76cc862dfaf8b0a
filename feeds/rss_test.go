package feeds

import (
	"bytes"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"chorus/corpus"
)

// allocated gives the bytes that f allocates in all.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

func TestReadCapsItemsBeforeParsing(t *testing.T) {
	var b bytes.Buffer
	b.WriteString(`<rss version="2.0"><channel><title>River Post</title>`)
	for i := range 200_000 {
		fmt.Fprintf(&b, "<item><title>Item %d</title><link>https://river.example/%d</link></item>", i, i)
	}
	b.WriteString("</channel></rss>")
	var r Reading
	var fault *corpus.Fault
	bytes := allocated(func() {
		r, fault = Read(corpus.Feed{URL: feedURL, Kind: corpus.FeedRSS}, answer(feedURL, "", b.Bytes()), noon)
	})
	if fault != nil || len(r.Items) != maxItems || !r.Cut {
		t.Fatalf("Read = %d items, cut %v, %v, want %d, cut", len(r.Items), r.Cut, fault, maxItems)
	}
	if bytes > 64<<20 {
		t.Errorf("Read allocated %d MB for %d items", bytes>>20, maxItems)
	}
}

func TestReadCapsJSONItems(t *testing.T) {
	text := `{"version":"https://jsonfeed.org/version/1.1","items":[` +
		strings.Repeat(`{"id":"1","url":"https://river.example/1"},`, 5000) + `{"id":"2","url":"https://river.example/2"}]}`
	r := readText(t, corpus.Feed{Kind: corpus.FeedRSS}, text)
	if len(r.Items) != 1 || !r.Cut {
		t.Errorf("Read = %d items, cut %v, want the one page of the first %d items, cut", len(r.Items), r.Cut, maxItems)
	}
}

func TestReadRefusesDeepNesting(t *testing.T) {
	const n = 1_000_000
	for _, c := range []struct {
		name string
		kind corpus.FeedKind
		text string
	}{
		{"rss", corpus.FeedRSS, "<rss><channel><item><x:a>" + strings.Repeat("<x:a>", n)},
		{"closed", corpus.FeedRSS, "<rss><channel><item>" + strings.Repeat("<a>", n) + strings.Repeat("</a>", n) + "</item></channel></rss>"},
		{"atom", corpus.FeedRSS, "<feed><entry><content>" + strings.Repeat("<div>", n)},
		{"sitemap", corpus.FeedSitemap, "<urlset><url>" + strings.Repeat("<a>", n)},
		{"list", corpus.FeedList, "<html><body>" + strings.Repeat("<div>", n)},
		{"json", corpus.FeedRSS, `{"items":[` + strings.Repeat("[", n)},
	} {
		t.Run(c.name, func(t *testing.T) {
			feed := corpus.Feed{URL: feedURL, Kind: c.kind, List: &corpus.ListRule{Link: "a"}}
			var r Reading
			var fault *corpus.Fault
			bytes := allocated(func() { r, fault = Read(feed, answer(feedURL, "", []byte(c.text)), noon) })
			if c.name == "json" { // its whole items, of which there are none
				if fault != nil || len(r.Items) != 0 || !r.Cut {
					t.Errorf("Read = %d items, cut %v, %v, want none, cut", len(r.Items), r.Cut, fault)
				}
			} else if fault == nil || fault.Class != corpus.FaultFormat {
				t.Errorf("Read = %v, want a format fault", fault)
			}
			if bytes > 64<<20 {
				t.Errorf("Read allocated %d MB", bytes>>20)
			}
		})
	}
}

func TestReadTakesUnclosedHTML(t *testing.T) {
	text := "<rss><channel><item><description>" + strings.Repeat("line<br>", 1000) +
		"</description><link>https://river.example/1</link></item></channel></rss>"
	if r := readText(t, corpus.Feed{Kind: corpus.FeedRSS}, text); len(r.Items) != 1 {
		t.Errorf("Read = %d items, want 1", len(r.Items))
	}
}

func TestReadWithoutControlCharacters(t *testing.T) {
	text := "<rss><channel><item><title>A\x01 b\x1f\ufffe</title><link>https://river.example/1</link>" +
		"<description><![CDATA[c\x0cd <x & y> \uffff]]></description></item></channel></rss>"
	r := readText(t, corpus.Feed{Kind: corpus.FeedRSS}, text)
	if len(r.Items) != 1 || r.Items[0].Title != "A b" || !strings.HasPrefix(r.Items[0].Summary, "cd") {
		t.Errorf("Read = %+v", r.Items)
	}
}

func TestMendLeavesGoodTextAlone(t *testing.T) {
	text := []byte("<a b='>'>\tx &lt; y</a><?pi?><!DOCTYPE a><![CDATA[ < ]]>\r\n")
	if got := mend(text); &got[0] != &text[0] || len(got) != len(text) {
		t.Errorf("mend(%q) = %q, want the same memory", text, got)
	}
}

func TestOutline(t *testing.T) {
	for _, c := range []struct {
		name, text    string
		items         []string
		open, closing string
		whole         bool
	}{
		{
			name:  "namespaces and empty items",
			text:  `<?xml version="1.0"?><rdf:RDF xmlns="x"><channel><items/></channel><item a=">"/><item>1</item></rdf:RDF>`,
			items: []string{`<item a=">"/>`, "<item>1</item>"}, open: `<rdf:RDF xmlns="x">`, closing: "</rdf:RDF>", whole: true,
		},
		{
			name:  "items of extensions are none",
			text:  `<rss><channel><x><y><item>no</item></y></x><item><item>inner</item></item></channel></rss>`,
			items: []string{"<item><item>inner</item></item>"}, open: "<rss><channel>", closing: "</channel></rss>", whole: true,
		},
		{
			name:  "tags in CDATA and comments are text",
			text:  `<feed><!-- <entry> --><entry><![CDATA[</entry>]]></entry><entry>`,
			items: []string{"<entry><![CDATA[</entry>]]></entry>"}, open: "<feed>", closing: "</feed>",
		},
		{
			name:  "an open quote ends with the next tag",
			text:  `<rss><channel><item><a b="></item><item>2</item></channel></rss>`,
			items: []string{`<item><a b="></item>`, "<item>2</item>"}, open: "<rss><channel>", closing: "</channel></rss>", whole: true,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			text := []byte(c.text)
			o, err := outlineOf(text, 10)
			if err != nil {
				t.Fatal(err)
			}
			var items []string
			for _, s := range o.items {
				items = append(items, string(s.of(text)))
			}
			open := ""
			for _, s := range o.open {
				open += string(s.of(text))
			}
			if fmt.Sprint(items) != fmt.Sprint(c.items) || open != c.open || string(o.close(text)) != c.closing || o.whole != c.whole {
				t.Errorf("outline = %q in %q %q, whole %v, want %q in %q %q, %v", items, open, o.close(text), o.whole, c.items, c.open, c.closing, c.whole)
			}
		})
	}
}

func TestTTLOf(t *testing.T) {
	for _, c := range []struct{ channel, want string }{
		{"<ttl>30</ttl>", "30m0s"},
		{"<ttl> 999999999999 </ttl>", "24h0m0s"},
		{"<ttl>-5</ttl>", "0s"},
		{"<sy:updatePeriod>hourly</sy:updatePeriod><sy:updateFrequency>4</sy:updateFrequency>", "15m0s"},
		{"<sy:updatePeriod>yearly</sy:updatePeriod>", "24h0m0s"},
		{"<sy:updatePeriod>never</sy:updatePeriod>", "0s"},
	} {
		r := readText(t, corpus.Feed{Kind: corpus.FeedRSS}, `<rss version="2.0" xmlns:sy="http://purl.org/rss/1.0/modules/syndication/"><channel>`+c.channel+`</channel></rss>`)
		if want := c.want; r.TTL.String() != want {
			t.Errorf("TTL of %s = %v, want %v", c.channel, r.TTL, want)
		}
	}
}
