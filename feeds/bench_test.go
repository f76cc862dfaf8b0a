package feeds

import (
	"bytes"
	"fmt"
	"testing"

	"chorus/corpus"
)

func benchmarkRead(b *testing.B, feed corpus.Feed, body []byte, items int) {
	b.Helper()
	feed.URL = feedURL
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		r, fault := Read(feed, answer(feedURL, "", body), noon)
		if fault != nil || len(r.Items) != items {
			b.Fatalf("Read = %d items, %v", len(r.Items), fault)
		}
	}
	b.ReportMetric(float64(items)*float64(b.N)/b.Elapsed().Seconds(), "items/s")
}

func BenchmarkReadRSS(b *testing.B) {
	var text bytes.Buffer
	text.WriteString(`<?xml version="1.0" encoding="UTF-8"?><rss version="2.0"><channel><title>R</title><language>ru</language>`)
	for i := range 50 {
		fmt.Fprintf(&text, `<item><title>Мост через реку открыт, %d</title><link>https://river.example/news/%d</link><guid>https://river.example/news/%d</guid>`+
			`<pubDate>Tue, 24 Nov 2026 10:00:00 +0300</pubDate><category>Общество</category><description><![CDATA[<p>Движение по мосту началось утром во вторник, сообщила администрация города.</p>]]></description></item>`, i, i, i)
	}
	text.WriteString("</channel></rss>")
	benchmarkRead(b, corpus.Feed{Kind: corpus.FeedRSS}, text.Bytes(), 50)
}

func BenchmarkReadSitemap(b *testing.B) {
	benchmarkRead(b, corpus.Feed{Kind: corpus.FeedSitemap, MaxItems: maxSitemapURLs}, sitemapOf(20_000, minutesAgo), 20_000)
}

func BenchmarkReadList(b *testing.B) {
	var text bytes.Buffer
	text.WriteString("<!doctype html><html><body><ul>")
	for i := range 50 {
		fmt.Fprintf(&text, `<li class="n"><a href="/news/%d">Мост через реку открыт, %d</a> <span>24 ноября 2026, 14:30</span></li>`, i, i)
	}
	text.WriteString("</ul></body></html>")
	benchmarkRead(b, corpus.Feed{Kind: corpus.FeedList, List: &corpus.ListRule{Item: ".n", Link: "a", Date: "span"}}, text.Bytes(), 50)
}

func BenchmarkParseDate(b *testing.B) {
	for b.Loop() {
		if _, ok := parseDate("Вторник, 24 ноября 2026 года, 14:30", noon); !ok {
			b.Fatal("no date")
		}
	}
}
