package extract

import (
	"strings"
	"testing"
	"time"

	"chorus/corpus"

	"github.com/google/go-cmp/cmp"
)

// pageOf parses a page of an outlet.
func pageOf(t *testing.T, url, html string, outlet corpus.Outlet) *page {
	t.Helper()
	p, err := newPage(html, capture(url, "text/html", nil), outlet)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestParseReadsDates(t *testing.T) {
	russian := pageOf(t, "https://example.ru/", "", corpus.Outlet{Country: "RU"})
	chinese := pageOf(t, "https://example.cn/", "", corpus.Outlet{Country: "CN"})
	other := pageOf(t, "https://example.com/", "", corpus.Outlet{Country: "CU"})
	for _, c := range []struct {
		p    *page
		in   string
		want string // RFC 3339, or a day
	}{
		{other, "2026-11-24T10:05:06Z", "2026-11-24T10:05:06Z"},
		{other, "2026-11-24T10:05:06.123+03:00", "2026-11-24T07:05:06Z"},
		{other, "2026-11-24T10:05+0300", "2026-11-24T07:05:00Z"},
		{other, "20261124T1005+0000", "2026-11-24T10:05:00Z"},
		{other, "Tue, 24 Nov 2026 10:05:06 GMT", "2026-11-24T10:05:06Z"},
		{other, "Tue Nov 24 2026 13:05:00 GMT+0300 (Moscow Standard Time)", "2026-11-24T10:05:00Z"},
		{other, "1795514706", "2026-11-24T10:05:06Z"},
		{other, "1795514706000", "2026-11-24T10:05:06Z"},
		{other, "November 24, 2026 10:05 p.m. EST", "2026-11-25T03:05:00Z"},
		{other, "20:14, 24-Nov-2026", "2026-11-24T20:14:00Z"},
		{other, "24 de noviembre de 2026", "2026-11-24"},
		{other, "24 novembre 2026 à 09:30", "2026-11-24T09:30:00Z"},
		{other, "۲۰۲۶-۱۱-۲۴ ۱۰:۰۵", "2026-11-24T10:05:00Z"},
		{chinese, "2026年11月24日08:27", "2026-11-24T00:27:00Z"},
		{chinese, "发布时间：2026-11-24 07:30:12 来源：示例社", "2026-11-23T23:30:12Z"},
		{chinese, "2026年1月4日", "2026-01-04"},
		{chinese, "2026/11/24", "2026-11-24"},
		{russian, "2026-11-24 13:05", "2026-11-24T10:05:00Z"},
		{russian, "24.11.2026, 13:05", "2026-11-24T10:05:00Z"},
		{russian, "13:05 24.11.2026", "2026-11-24T10:05:00Z"},
		{russian, "24 ноября 2026 года, 13:05 МСК", "2026-11-24T10:05:00Z"},
		{russian, "24 мая 2026, 00:10", "2026-05-23T21:10:00Z"},
		{other, "01/06/2026", ""}, // January or June
		{other, "31.02.2026", ""},
		{other, "2026-13-01", ""},
		{other, "24 times 2026", ""},
		{other, "Room 2026", ""},
		{other, "", ""},
	} {
		got := ""
		if claim := c.p.parse(c.in, "meta"); claim.day {
			got = claim.time.Format(time.DateOnly)
		} else if !claim.time.IsZero() {
			got = claim.time.Format(time.RFC3339)
		}
		if got != c.want {
			t.Errorf("parse(%q) = %s, want %s", c.in, got, c.want)
		}
	}
}

func TestURLDateReadsPaths(t *testing.T) {
	for path, want := range map[string]string{
		"/politics/2026/11/24/story.html":            "2026-11-24",
		"/2026-11/24/c_1125327450.htm":               "2026-11-24",
		"/n1/2026/1124/c1002-40223.html":             "2026-11-24",
		"/20261124/gaz-1988.html":                    "2026-11-24",
		"/202611/24/WS65571297a310d5acd876f404.html": "2026-11-24",
		"/xwzx/t20261124_47506.html":                 "2026-11-24",
		"/columnists/202611241077343476-slug/":       "2026-11-24",
		"/news/1052317323":                           "",
		"/20263124/x":                                "",
		"/story-20261":                               "",
	} {
		got := ""
		if c := urlDate(path); !c.time.IsZero() {
			got = c.time.Format(time.DateOnly)
		}
		if got != want {
			t.Errorf("urlDate(%q) = %s, want %s", path, got, want)
		}
	}
}

func TestPublishedPrefersTheSurerClaim(t *testing.T) {
	for _, c := range []struct{ name, url, html, from, want string }{
		{"json-ld before meta", "/a", `<script type="application/ld+json">{"@type":"NewsArticle","datePublished":"2026-11-01T08:00:00Z"}</script><meta property="article:published_time" content="2026-11-02T08:00:00Z">`, "json-ld", "2026-11-01T08:00:00Z"},
		{"meta before time", "/a", `<meta property="article:published_time" content="2026-11-02T08:00:00Z"><time datetime="2026-11-03T08:00:00Z">`, "meta", "2026-11-02T08:00:00Z"},
		{"the time after the title", "/a", `<time datetime="2020-01-01T00:00:00Z"></time><h1>T</h1><time datetime="2026-11-03T08:00:00Z">`, "time", "2026-11-03T08:00:00Z"},
		{"no time to come", "/a", `<meta property="article:published_time" content="2031-01-01T00:00:00Z"><time datetime="2026-11-03T08:00:00Z">`, "time", "2026-11-03T08:00:00Z"},
		{"the address against a weak claim", "/2026/11/05/a", `<meta name="date" content="2026-11-24 11:59">`, "url", "2026-11-05T00:00:00Z"},
	} {
		p := pageOf(t, "https://example.com"+c.url, c.html, corpus.Outlet{})
		got := p.published(p.claims(), "", time.Time{})
		if got.from != c.from || got.time.Format(time.RFC3339) != c.want {
			t.Errorf("%s: %s from %q, want %s from %q", c.name, got.time.Format(time.RFC3339), got.from, c.want, c.from)
		}
	}
}

func TestZoneIsOfTheOutlet(t *testing.T) {
	for _, c := range []struct {
		outlet corpus.Outlet
		cjk    bool
		want   string
	}{
		{corpus.Outlet{Country: "CN", Languages: []string{"en"}}, false, "UTC+8"},
		{corpus.Outlet{Country: "RU", Languages: []string{"en"}}, false, "UTC+3"},
		{corpus.Outlet{Country: "DE", Languages: []string{"ru"}}, false, "UTC"},
		{corpus.Outlet{Languages: []string{"ru", "en"}}, false, "UTC+3"},
		{corpus.Outlet{}, true, "UTC+8"},
		{corpus.Outlet{}, false, "UTC"},
	} {
		if got := zoneOf(c.outlet, c.cjk).String(); got != c.want {
			t.Errorf("zoneOf(%+v, %v) = %s, want %s", c.outlet, c.cjk, got, c.want)
		}
	}
}

func TestTitleIsTheHeadline(t *testing.T) {
	for _, c := range []struct{ name, html, want string }{
		{"site after a bar", `<title>Ports reopen after storm | Example News</title>`, "Ports reopen after storm"},
		{"site after a dash", `<title>Ports reopen - Example News</title><meta property="og:site_name" content="Example News">`, "Ports reopen"},
		{"site and date", `<title>Мост открыт - Пример Новости, 24.11.2026</title><meta property="og:site_name" content="Пример Новости">`, "Мост открыт"},
		{"chinese site", `<title>大桥今日通车-示例网</title>`, "大桥今日通车"},
		{"chinese sections", `<title>大桥今日通车_国际_示例新闻网</title><h1>大桥今日通车</h1>`, "大桥今日通车"},
		{"a dash of the headline", `<title>East-West talks - a new start</title>`, "East-West talks - a new start"},
		{"a bar of the headline", `<title>图说洛阳| 职业技术学院剪廉洁窗花过廉洁之年</title>`, "图说洛阳| 职业技术学院剪廉洁窗花过廉洁之年"},
		{"the page's word against the site's", `<meta property="og:title" content="Example News"><title>Ports reopen</title><h1>Ports reopen</h1>`, "Ports reopen"},
		{"agreement wins", `<script type="application/ld+json">{"@type":"NewsArticle","headline":"Latest videos of the week"}</script><meta property="og:title" content="Ports reopen after storm"><h1>Ports reopen after storm</h1>`, "Ports reopen after storm"},
		{"cut with an ellipsis", `<meta property="og:title" content="Ports reopen after..."><h1>Ports reopen after storm</h1>`, "Ports reopen after storm"},
		{"markup in meta", `<meta property="og:title" content="Ports &lt;b&gt;reopen&lt;/b&gt; at last">`, "Ports reopen at last"},
		{"double entities", `<meta property="og:title" content="Ports &amp;amp; ships">`, "Ports & ships"},
		{"none", `<p>text</p>`, ""},
	} {
		p := pageOf(t, "https://www.example.com/x", c.html, corpus.Outlet{Name: "Example News"})
		if got := p.title(p.claims(), corpus.Item{}); got != c.want {
			t.Errorf("%s: title %q, want %q", c.name, got, c.want)
		}
	}
}

func TestCanonicalStaysOnTheSite(t *testing.T) {
	for href, want := range map[string]string{
		"/a/b.html?id=1#top":          "https://news.example.co.uk/a/b.html?id=1",
		"https://m.example.co.uk/a":   "https://m.example.co.uk/a",
		"http://mirror.example.net/a": "http://mirror.example.net/a",
		"https://other.co.uk/a":       "",
		"https://news.example.co.uk/": "",
		"javascript:void(0)":          "",
		"http://[::1":                 "",
	} {
		p := pageOf(t, "https://news.example.co.uk/x/y.html", `<link rel="canonical" href="`+href+`">`, corpus.Outlet{Hosts: []string{"example.net"}})
		if got := p.claims().canonical; got != want {
			t.Errorf("canonical %q = %q, want %q", href, got, want)
		}
	}
}

func TestBylineNamesPeople(t *testing.T) {
	for _, c := range []struct{ html, want string }{
		{`<meta name="author" content="By Jane Roe">`, "Jane Roe"},
		{`<meta name="author" content="https://facebook.com/example">`, ""},
		{`<meta name="author" content="105092">`, ""},
		{`<meta name="author" content="Example News">`, ""},
		{`<meta name="author" content="Фото: Иван Иванов">`, ""},
		{`<script type="application/ld+json">[{"@type":"Article","author":["A. Roe",{"name":"B. Roe"}]}]</script>`, "A. Roe, B. Roe"},
	} {
		p := pageOf(t, "https://example.com/x", c.html, corpus.Outlet{Name: "Example News"})
		if got := p.claims().byline; got != c.want {
			t.Errorf("%s: byline %q, want %q", c.html, got, c.want)
		}
	}
}

func TestDatelineIsKeptAsPrinted(t *testing.T) {
	for text, want := range map[string]string{
		"МОСКВА, 24 ноября. /ТАСС/. Поставки выросли.":          "МОСКВА, 24 ноября. /ТАСС/.",
		"МОСКВА, 24 ноя — РИА Пример. Поставки выросли.":        "МОСКВА, 24 ноя — РИА Пример.",
		"Москва. 24 ноября. INTERFAX.RU - Поставки выросли.":    "Москва. 24 ноября.",
		"НЬЮ-ЙОРК, 4 мая 2026 года. /ТАСС/. Совет собрался.":    "НЬЮ-ЙОРК, 4 мая 2026 года. /ТАСС/.",
		"MOSCOW, November 24. /TASS/. The exercise began.":      "MOSCOW, November 24. /TASS/.",
		"BEIJING, Nov. 24 (Xinhua) -- China will deepen trade.": "BEIJING, Nov. 24 (Xinhua) --",
		"UNITED NATIONS, Nov. 24 (Xinhua) -- The council met.":  "UNITED NATIONS, Nov. 24 (Xinhua) --",
		"MOSCOW (Sputnik) - The ministry said.":                 "MOSCOW (Sputnik) -",
		"新华社北京11月24日电（记者 李明）外交部长24日通电话。":                        "新华社北京11月24日电（记者 李明）",
		"中新网11月24日电 据报道，大桥通车。":                                  "中新网11月24日电",
		"On November 24 the ministers met.":                     "",
		"Cranes at a port, November 24, 2026.":                  "",
		"Поставки выросли в ноябре.":                            "",
		"外交部长11月24日在北京会见了来访的客人。":                                "",
	} {
		if got := dateline([]paragraph{{text: text}}); got != want {
			t.Errorf("dateline(%q) = %q, want %q", text, got, want)
		}
	}
}

func TestCreditsAreKeptAsPrinted(t *testing.T) {
	p := pageOf(t, "https://example.cn/x", `<meta name="source" content="新华网"><div>2026-11-24 <span>来源：<a href="/">新华网</a></span><span>字号 大</span></div>
		<p>Источник: РИА Пример</p><p>Source: Example Times</p><p>The source: a river in the hills, said the guide.</p><script>var a="来源：脚本"</script>`, corpus.Outlet{})
	got := p.credits(p.claims(), nil)
	if diff := cmp.Diff([]string{"来源：新华网", "Источник: РИА Пример", "Source: Example Times"}, got); diff != "" {
		t.Errorf("credits differ (-want +got):\n%s", diff)
	}
}

func TestReadLDMendsBrokenJSON(t *testing.T) {
	for _, text := range []string{
		`{"@type":"NewsArticle","headline":"A \"quoted\" word","datePublished":"2026-11-24"}`,
		"<!-- {\"@type\":\"NewsArticle\",\"headline\":\"A \\\"quoted\\\" word\",\"datePublished\":\"2026-11-24\",} -->",
		"//<![CDATA[\n{\"@context\":\"x\",\"@graph\":[{\"@type\":[\"Thing\",\"https://schema.org/NewsArticle\"],\"headline\":\"A \\\"quoted\\\" word\",\"datePublished\":\"2026-11-24\",\"description\":\"a\tb\n\\c\"}]}\n//]]>",
		`{"@type":"NewsArticle","headline":"A \"quoted\" word","datePublished":"2026-11-24","image":[{]`,
	} {
		got := readLD(text)
		if len(got) != 1 || got[0].headline != `A "quoted" word` || got[0].published != "2026-11-24" || got[0].kind != "NewsArticle" {
			t.Errorf("readLD(%s) = %+v", text, got)
		}
	}
}

func TestTidyKeepsWhatIsRead(t *testing.T) {
	for in, want := range map[string]string{
		" a\u00a0\n\tb ":               "a b",
		"co\u00adoperate":              "cooperate",
		"a\u200bb\ufeff":               "ab",
		"می\u200cشود":                  "می\u200cشود",
		"👩\u200d🚀":                     "👩\u200d🚀",
		"外交\n  部长":                     "外交部长",
		"外交\u3000部长":                   "外交 部长",
		"a\x00b\x1bc":                  "abc",
		"bad \xff byte":                "bad \ufffd byte",
		"\u202bمرحبا\u202c":            "مرحبا",
		strings.Repeat("x ", 3) + "\n": "x x x",
	} {
		if got := tidy(in); got != want {
			t.Errorf("tidy(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestRestoreTakesTheTextOfThePage(t *testing.T) {
	original := []paragraph{{text: "Menu"}, {text: "MOSCOW. The first block of the text."}, {text: "An inset"}, {text: "The second block, which is longer."}, {text: "Footer"}}
	got := restore([]paragraph{
		{text: "MOSCOW.The first block of the text.The second block, which is longer."},
		{text: "This line is not in the page at all."},
		{text: "Title This line is not in the page at all. and more"},
	}, original)
	want := []string{"MOSCOW. The first block of the text.", "The second block, which is longer.", "This line is not in the page at all."}
	if diff := cmp.Diff(want, texts(got)); diff != "" {
		t.Errorf("paragraphs differ (-want +got):\n%s", diff)
	}
}

func TestCleanDropsFurnitureOnly(t *testing.T) {
	p := pageOf(t, "https://example.com/x", "", corpus.Outlet{})
	paras := func(list ...string) []paragraph {
		var out []paragraph
		for _, s := range list {
			out = append(out, paragraph{text: s, letters: countLetters(s)})
		}
		return out
	}
	kept := []string{
		"Share prices fell on Monday after the bank raised its rate.",
		"Subscribers of the network complained about the outage, which lasted for two days and cost the company a fifth of its customers in the south of the country, where no other network is to be had.",
		"Читайте также в следующем номере полное интервью с министром, которое он дал нашей газете накануне своего отъезда на встречу, где он подробно рассказал о планах ведомства на будущий год и о том, почему прежние планы пришлось изменить.",
		"编辑部收到了许多读者来信，他们表示支持这一决定。",
	}
	got := p.clean(paras(append([]string{"The title", "2026年11月24日08:27 | 来源：示例网", "分享到：微信 微博"}, append(kept,
		"Share this article", "Подписывайтесь на наш канал в Telegram", "（责任编辑：王小明）", "【纠错】", "* * *", "Читайте также:", "扫一扫在手机打开当前页")...)...), "The title")
	if diff := cmp.Diff(kept, texts(got)); diff != "" {
		t.Errorf("paragraphs differ (-want +got):\n%s", diff)
	}
}

func TestPageCalledAsItsSiteKeepsThatTitle(t *testing.T) {
	a, _ := New(Options{}).Article(capture("http://riverpost.example/", "text/html", []byte(`<html lang="en"><head><title>River Post | River Post Online</title><meta property="og:site_name" content="River Post"></head>
		<body><p>`+strings.Repeat("The council met on Tuesday and spoke about the tram line along the river. ", 8)+`</p></body></html>`)), corpus.Item{}, corpus.Outlet{Name: "River Post"})
	if a.Title == "" {
		t.Error("the page has no title")
	}
}

func TestTimeOfDayComesFromAWeakerClaimOfTheSameDay(t *testing.T) {
	outlet := corpus.Outlet{Country: "CN", Languages: []string{"zh"}}
	const head = `<html lang="zh"><head><title>港口扩建</title><meta name="publishdate" content="2026-03-02"></head><body><h1>港口扩建</h1>`
	feed := time.Date(2026, 3, 1, 23, 30, 0, 0, time.UTC) // half past seven on the second, in Beijing
	for html, want := range map[string]time.Time{
		head + `<div class="info">来源：江报 2026-03-02 08:15</div></body></html>`:     time.Date(2026, 3, 2, 0, 15, 0, 0, time.UTC),
		head + `<p>没有时间。</p></body></html>`:                                       feed,
		head + `<time datetime="2026-02-20T10:00:00+08:00"></time></body></html>`: feed,
	} {
		p := pageOf(t, "http://jiang.example/1", html, outlet)
		if got := p.published(p.claims(), "港口扩建", feed); !got.time.Equal(want) {
			t.Errorf("published %v (%s), want %v, of %s", got.time, got.from, want, html)
		}
	}
	p := pageOf(t, "http://jiang.example/1", head+"</body></html>", outlet)
	if got := p.published(p.claims(), "港口扩建", feed.AddDate(0, 0, 3)); !got.day {
		t.Errorf("published %v, want only the day: the feed names another", got.time)
	}
}
