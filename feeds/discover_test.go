package feeds

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"chorus/corpus"
)

func TestFeedLinksTellsAnnouncedFromLikely(t *testing.T) {
	const page = `<!doctype html><html lang="ru"><head>
<link rel="alternate" type="application/rss+xml" title="Все новости" href="/export/rss2/archive/index.xml">
<LINK REL="Alternate" TYPE="application/atom+xml; charset=utf-8" HREF="feed#top" hreflang="en-GB">
<link rel="alternate" type="application/feed+json" href="//cdn.example.net/feed.json">
<link rel="alternate" type="application/rss+xml" href="/export/rss2/archive/index.xml">
<link rel="alternate" type="application/rss+xml" title="Comments" href="/comments/feed/">
<link rel="alternate" type="application/json+oembed" href="/oembed?url=x">
<link rel="alternate" type="text/xml" href="/oembed/rss.xml">
<link rel="alternate" type="text/xml" href="/rss/sport.xml">
<link rel="alternate" hreflang="en" href="https://en.riverpost.example/">
<link rel="stylesheet" href="/rss.css">
<link rel="sitemap" href="/map.xml">
</head><body>
<a href="/rss/">RSS</a>
<a href="https://www.riverpost.example/news.rss">also</a>
<a href="https://sub.riverpost.example/?feed=rss2">sub</a>
<a href="https://other.example/rss.xml">another site</a>
<a href="/export/rss2/archive/index.xml">announced before</a>
<a href="/img/rss/icon.png"><img src="x"></a>
<a href="/sitemap.xml">map</a> <a href="/sitemap.html">map for people</a>
<a href="javascript:rss()">no</a> <a href="mailto:rss@riverpost.example">no</a>
<a href="/feedback">no</a> <a href="/express/rssia">no</a>
</body></html>`
	announced, likely := FeedLinks([]byte(page), "https://riverpost.example/ru/")
	rss, sitemap := corpus.FeedRSS, corpus.FeedSitemap
	want := []corpus.Feed{
		{URL: "https://riverpost.example/export/rss2/archive/index.xml", Kind: rss},
		{URL: "https://riverpost.example/ru/feed", Kind: rss, Lang: "en"},
		{URL: "https://cdn.example.net/feed.json", Kind: rss},
		{URL: "https://riverpost.example/rss/sport.xml", Kind: rss},
		{URL: "https://riverpost.example/map.xml", Kind: sitemap},
	}
	if diff := cmp.Diff(want, announced); diff != "" {
		t.Errorf("announced (-want +got):\n%s", diff)
	}
	want = []corpus.Feed{
		{URL: "https://riverpost.example/rss/", Kind: rss},
		{URL: "https://www.riverpost.example/news.rss", Kind: rss},
		{URL: "https://sub.riverpost.example/?feed=rss2", Kind: rss},
		{URL: "https://riverpost.example/sitemap.xml", Kind: sitemap},
	}
	if diff := cmp.Diff(want, likely); diff != "" {
		t.Errorf("likely (-want +got):\n%s", diff)
	}
}

func TestFeedLinksFollowsBase(t *testing.T) {
	const page = `<base href="/en/"><base href="/no/"><link rel=alternate type=application/rss+xml href=rss>`
	announced, _ := FeedLinks([]byte(page), "http://riverpost.example/x/y")
	if len(announced) != 1 || announced[0].URL != "http://riverpost.example/en/rss" {
		t.Errorf("announced = %v, want http://riverpost.example/en/rss", announced)
	}
}

func TestFeedLinksIsBounded(t *testing.T) {
	page := strings.Builder{}
	for i := range 3 * maxFound {
		page.WriteString(`<a href="/rss/` + strings.Repeat("a", i) + `">x</a>`)
	}
	if _, likely := FeedLinks([]byte(page.String()), "http://riverpost.example/"); len(likely) != maxFound {
		t.Errorf("%d likely feeds, want %d", len(likely), maxFound)
	}
}

func TestFeedLinksFindsTheKremlinFeed(t *testing.T) {
	page := sharedFile(t, "web/pages/kremlin_list_page_10.html")
	announced, _ := FeedLinks(page, "http://en.kremlin.ru/events/president/news/page/10")
	want := []corpus.Feed{{URL: "http://en.kremlin.ru/events/president/news/feed", Kind: corpus.FeedRSS}}
	if diff := cmp.Diff(want, announced); diff != "" {
		t.Errorf("announced (-want +got):\n%s", diff)
	}
}

func FuzzFeedLinks(f *testing.F) {
	f.Add([]byte(`<link rel=alternate type=application/rss+xml href=/rss>`), "https://riverpost.example/")
	f.Add([]byte(`<base href="http://[::1]:x"><a href="rss">`), "https://riverpost.example/")
	f.Add([]byte(`<base href="//"><a href="%zz/rss">`), "http://riverpost.example:8080/a?b#c")
	f.Add([]byte("<a href='//xn--/rss'>"), "http://a.рф/")
	f.Add([]byte("<a href=rss>"), "http:")
	f.Fuzz(func(t *testing.T, page []byte, pageURL string) {
		announced, likely := FeedLinks(page, pageURL)
		seen := map[string]bool{}
		for _, feed := range append(announced, likely...) {
			if _, err := corpus.Canonical(feed.URL); err != nil {
				t.Errorf("feed %q: %v", feed.URL, err)
			}
			if feed.Kind != corpus.FeedRSS && feed.Kind != corpus.FeedSitemap {
				t.Errorf("feed %q is of kind %q", feed.URL, feed.Kind)
			}
			if seen[feed.URL] {
				t.Errorf("feed %q is there twice", feed.URL)
			}
			seen[feed.URL] = true
		}
	})
}

func TestRobotsSitemaps(t *testing.T) {
	const robots = "\ufeffUser-agent: *\r\nDisallow: /search\r\nSitemap: https://riverpost.example/news.xml # news\r" +
		"SITEMAP:/map.xml\n#Sitemap: https://riverpost.example/old.xml\nsitemap : https://cdn.example/map.xml.gz\n" +
		"Sitemap: https://riverpost.example/news.xml\nSitemap: ftp://riverpost.example/map.xml\nSitemap:\nSitemap"
	var got []string
	for _, f := range RobotsSitemaps([]byte(robots), "https://riverpost.example/robots.txt") {
		if f.Kind != corpus.FeedSitemap {
			t.Errorf("%s is of kind %q, want sitemap", f.URL, f.Kind)
		}
		got = append(got, f.URL)
	}
	want := []string{"https://riverpost.example/news.xml", "https://riverpost.example/map.xml", "https://cdn.example/map.xml.gz"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("RobotsSitemaps (-want +got):\n%s", diff)
	}
}

func TestWellKnown(t *testing.T) {
	o := corpus.Outlet{
		Hosts: []string{"riverpost.example"}, Home: "http://www.riverpost.example/ru/index.html",
		Feeds: []corpus.Feed{{URL: "http://www.riverpost.example/rss"}},
	}
	want := []string{
		"http://www.riverpost.example/ru/rss", "http://www.riverpost.example/ru/rss.xml", "http://www.riverpost.example/ru/feed",
		"http://www.riverpost.example/ru/feed.xml", "http://www.riverpost.example/ru/atom.xml", "http://www.riverpost.example/ru/news-sitemap.xml",
		"http://www.riverpost.example/ru/sitemap_news.xml", "http://www.riverpost.example/ru/sitemap.xml",
		"http://www.riverpost.example/rss.xml", "http://www.riverpost.example/feed", "http://www.riverpost.example/feed.xml",
		"http://www.riverpost.example/atom.xml", "http://www.riverpost.example/news-sitemap.xml",
		"http://www.riverpost.example/sitemap_news.xml", "http://www.riverpost.example/sitemap.xml",
	}
	if diff := cmp.Diff(want, WellKnown(o)); diff != "" {
		t.Errorf("WellKnown (-want +got):\n%s", diff)
	}
	if got := WellKnown(corpus.Outlet{Hosts: []string{"riverpost.example"}}); len(got) != len(commonPaths) || got[0] != "https://riverpost.example/rss" {
		t.Errorf("WellKnown without a home = %v", got)
	}
	if got := WellKnown(corpus.Outlet{Home: "https://t.me/s/river"}); got != nil {
		t.Errorf("WellKnown without hosts = %v, want none", got)
	}
}
