package feeds

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"chorus/corpus"
)

func sitemapOf(n int, lastmod func(i int) string) []byte {
	var b bytes.Buffer
	b.WriteString(`<?xml version="1.0" encoding="UTF-8"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">`)
	for i := range n {
		fmt.Fprintf(&b, "<url><loc>https://river.example/news/%d</loc><lastmod>%s</lastmod></url>\n", i, lastmod(i))
	}
	b.WriteString("</urlset>")
	return b.Bytes()
}

func minutesAgo(i int) string { return noon.Add(-time.Duration(i) * time.Minute).Format(time.RFC3339) }

func TestReadKeepsTheNewestOfALongSitemap(t *testing.T) {
	const n = 5000 // the oldest come first
	text := sitemapOf(n, func(i int) string { return minutesAgo(n - i) })
	r := readText(t, corpus.Feed{Kind: corpus.FeedSitemap, MaxItems: 3}, string(text))
	var got []string
	for _, i := range r.Items {
		got = append(got, i.URL[len("https://river.example/news/"):])
	}
	if fmt.Sprint(got) != "[4999 4998 4997]" || !r.Cut {
		t.Errorf("Read = %v, cut %v, want the three newest, cut", got, r.Cut)
	}
}

func TestReadKeepsTheFirstOfASitemapWithoutDates(t *testing.T) {
	r := readText(t, corpus.Feed{Kind: corpus.FeedSitemap, MaxItems: 2}, string(sitemapOf(5, func(int) string { return "" })))
	if len(r.Items) != 2 || !strings.HasSuffix(r.Items[1].URL, "/1") {
		t.Errorf("Read = %+v, want the first two", r.Items)
	}
}

func TestReadStopsAtTheSitemapLimit(t *testing.T) {
	text := sitemapOf(maxSitemapURLs+10, minutesAgo)
	r := readText(t, corpus.Feed{Kind: corpus.FeedSitemap, MaxItems: 1 << 30}, string(text))
	if len(r.Items) != maxSitemapURLs || !r.Cut {
		t.Errorf("Read = %d items, cut %v, want %d, cut", len(r.Items), r.Cut, maxSitemapURLs)
	}
}

func TestReadHandsOnFiftySitemaps(t *testing.T) {
	var b strings.Builder
	b.WriteString("<sitemapindex>")
	for i := range 80 {
		fmt.Fprintf(&b, "<sitemap><loc>https://river.example/%d.xml</loc><lastmod>%s</lastmod></sitemap>", i, minutesAgo(80-i))
	}
	b.WriteString("</sitemapindex>")
	r := readText(t, corpus.Feed{Kind: corpus.FeedSitemap}, b.String())
	if len(r.Sitemaps) != maxSitemaps || r.Sitemaps[0] != "https://river.example/79.xml" || !r.Cut || len(r.Items) != 0 {
		t.Errorf("Read = %d sitemaps from %q, cut %v, want the %d newest", len(r.Sitemaps), r.Sitemaps[0], r.Cut, maxSitemaps)
	}
}

func TestReadBoundsGzipBombs(t *testing.T) {
	bomb := append([]byte("<urlset><url><loc>https://river.example/1</loc></url>"), bytes.Repeat([]byte(" "), 55<<20)...)
	packed := zipped(t, bomb)
	var r Reading
	var fault *corpus.Fault
	n := allocated(func() {
		r, fault = Read(corpus.Feed{URL: feedURL, Kind: corpus.FeedSitemap}, answer(feedURL, "application/x-gzip", packed), noon)
	})
	if fault != nil || len(r.Items) != 1 || !r.Cut || !strings.Contains(r.Warnings[0], "gzip") {
		t.Errorf("Read = %d items, cut %v, %q, %v, want what was before the limit, cut, with a warning", len(r.Items), r.Cut, r.Warnings, fault)
	}
	if n > 400<<20 {
		t.Errorf("Read allocated %d MB", n>>20)
	}
}

func TestReadOfACutGzipFile(t *testing.T) {
	packed := zipped(t, sitemapOf(2000, minutesAgo))
	r, fault := Read(corpus.Feed{URL: feedURL, Kind: corpus.FeedSitemap}, answer(feedURL, "", packed[:len(packed)/2]), noon)
	if fault != nil || len(r.Items) < 100 || !r.Cut {
		t.Errorf("Read = %d items, cut %v, %v, want about half of 2000, cut", len(r.Items), r.Cut, fault)
	}
}
