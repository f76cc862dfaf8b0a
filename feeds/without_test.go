package feeds

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"chorus/corpus"
	"chorus/internal/telegramweb"
)

func TestWithoutTakesOutOneMessage(t *testing.T) {
	c := telegramweb.Channel{Name: "riverpost", Title: "River Post"}
	for id := int64(1); id <= 5; id++ {
		c.Posts = append(c.Posts, telegramweb.Post{ID: id * 10, Date: time.Date(2026, 3, 1, 10, int(id), 0, 0, time.UTC), Text: "The ferry of pier " + strings.Repeat("i", int(id)) + " has left."})
	}
	c.Posts[3].Photos = []string{"https://cdn.example/1.jpg", "https://cdn.example/2.jpg"}
	w := httptest.NewRecorder()
	telegramweb.New(c).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/s/riverpost", nil))
	body := w.Body.Bytes()
	read := func(body []byte) (urls []string) {
		r, fault := Read(corpus.Feed{Kind: corpus.FeedTelegram, URL: "https://t.me/s/riverpost"}, &corpus.Capture{URL: "https://t.me/s/riverpost", Body: body,
			Exchanges: []corpus.Exchange{{Role: corpus.RolePage, URL: "https://t.me/s/riverpost", Status: 200, Response: http.Header{"Content-Type": {"text/html"}}}}}, time.Now())
		if fault != nil {
			t.Fatal(fault)
		}
		for _, p := range r.Posts {
			urls = append(urls, p.Item.URL)
		}
		return urls
	}
	if n := len(read(body)); n != 5 {
		t.Fatalf("the page has %d posts, want 5", n)
	}
	for _, id := range []string{"10", "30", "40", "50"} {
		url := "https://t.me/riverpost/" + id
		got, ok := Without(corpus.FeedTelegram, body, url)
		if !ok {
			t.Fatalf("Without(%s) took nothing out", url)
		}
		left := read(got)
		if len(left) != 4 || strings.Contains(strings.Join(left, " ")+" ", url+" ") {
			t.Errorf("without %s there are %v", url, left)
		}
		if bytes.Contains(got, []byte(`riverpost/`+id)) {
			t.Errorf("without %s its number is still there", url)
		}
		if bytes.Count(got, []byte("<div")) != bytes.Count(got, []byte("</div")) || !bytes.HasSuffix(got, body[len(body)-20:]) {
			t.Errorf("without %s the page is not whole", url)
		}
	}
	for _, url := range []string{"https://t.me/riverpost/1", "https://t.me/other/10", "https://river.example/10"} {
		if got, ok := Without(corpus.FeedTelegram, body, url); ok || !bytes.Equal(got, body) {
			t.Errorf("Without(%s) took something out", url)
		}
	}
	cut := body[:bytes.Index(body, []byte("pier iiiii"))+8]
	if got, ok := Without(corpus.FeedTelegram, cut, "https://t.me/riverpost/50"); !ok || bytes.Contains(got, []byte("riverpost/50")) || !bytes.Contains(got, []byte("pier iiii ")) {
		t.Errorf("of a page that is cut off the last message stays, or more than that goes: %v, %d bytes of %d", ok, len(got), len(cut))
	}
}

func TestWithoutTakesOutOneElement(t *testing.T) {
	for name, c := range map[string]struct {
		kind           corpus.FeedKind
		url, body, out string
	}{
		"bluesky": {corpus.FeedBluesky, "https://bsky.app/profile/river.example/post/3kab",
			`{"feed":[{"post":{"uri":"at://did:plc:x/app.bsky.feed.post/3kaa","t":"keep"}}, {"post":{"uri":"at://did:plc:x/app.bsky.feed.post/3kab","t":"go"}}, {"post":{"uri":"at://did:plc:x/app.bsky.feed.post/3kab","t":"keep"},"reason":{"by":{"handle":"lake.example"}}}],"cursor":"c"}`,
			`{"feed":[{"post":{"uri":"at://did:plc:x/app.bsky.feed.post/3kaa","t":"keep"}},{"post":{"uri":"at://did:plc:x/app.bsky.feed.post/3kab","t":"keep"},"reason":{"by":{"handle":"lake.example"}}}],"cursor":"c"}`},
		"bluesky, a repost": {corpus.FeedBluesky, "https://bsky.app/profile/river.example/post/3kab?repost_by=lake.example",
			`{"feed":[{"post":{"uri":"at://did:plc:x/app.bsky.feed.post/3kab"}},{"post":{"uri":"at://did:plc:x/app.bsky.feed.post/3kab"},"reason":{"by":{"handle":"lake.example"}}}]}`,
			`{"feed":[{"post":{"uri":"at://did:plc:x/app.bsky.feed.post/3kab"}}]}`},
		"mastodon": {corpus.FeedMastodon, "https://social.example/@river/1122334455",
			`[{"id":"1122334454","url":"https://social.example/@river/1122334454"},{"id":"1122334455","url":"https://social.example/@river/1122334455","content":"go"}]`,
			`[{"id":"1122334454","url":"https://social.example/@river/1122334454"}]`},
		"vk": {corpus.FeedVK, "https://vk.com/wall-1_25",
			`{"response":{"count":2,"items":[{"id":25,"owner_id":-1,"text":"go"},{"id":125,"owner_id":-1,"text":"keep"}]}}`,
			`{"response":{"count":2,"items":[{"id":125,"owner_id":-1,"text":"keep"}]}}`},
		"x": {corpus.FeedX, "https://x.com/river/status/1900000000000000001",
			`{"data":[{"id":"1900000000000000009","text":"edited, go","edit_history_tweet_ids":["1900000000000000001","1900000000000000009"]},{"id":"1900000000000000002","text":"keep"}],"includes":{"tweets":[{"id":"1900000000000000001"}]}}`,
			`{"data":[{"id":"1900000000000000002","text":"keep"}],"includes":{"tweets":[]}}`},
		"rss": {corpus.FeedRSS, "https://river.example/a?id=1&x=2",
			"<rss><channel><link>https://river.example/a?id=1</link><item><link>https://river.example/b</link></item>\n<item><title>go</title><link>https://river.example/a?id=1&amp;x=2</link></item>\n<item><link>https://river.example/c</link><description>see https://river.example/a?id=1&amp;x=2</description></item></channel></rss>",
			"<rss><channel><link>https://river.example/a?id=1</link><item><link>https://river.example/b</link></item>\n\n<item><link>https://river.example/c</link><description>see https://river.example/a?id=1&amp;x=2</description></item></channel></rss>"},
		"atom": {corpus.FeedRSS, "https://river.example/2",
			`<feed><entry><link rel="alternate" href="https://river.example/1"/></entry><entry><link rel="alternate" href="https://river.example/2"/><summary>go</summary></entry></feed>`,
			`<feed><entry><link rel="alternate" href="https://river.example/1"/></entry></feed>`},
		"sitemap": {corpus.FeedSitemap, "http://river.example/2",
			`<urlset><url><loc>https://river.example/1</loc></url><url><loc><![CDATA[https://river.example/2]]></loc><news:title>go</news:title></url></urlset>`,
			`<urlset><url><loc>https://river.example/1</loc></url></urlset>`},
		"list page": {corpus.FeedList, "https://river.example/2",
			`<ul><li><a href="/1"><b>keep</b></a></li><li><a href="/2"><b>go</b></a> 12:00</li></ul>`,
			`<ul><li><a href="/1"><b>keep</b></a></li><li> 12:00</li></ul>`},
	} {
		t.Run(name, func(t *testing.T) {
			body := []byte(c.body)
			got, ok := Without(c.kind, body, c.url)
			if !ok || string(got) != c.out {
				t.Errorf("Without = %v\n%s\nwant\n%s", ok, got, c.out)
			}
			if string(body) != c.body {
				t.Error("the body was changed")
			}
			if again, ok := Without(c.kind, got, c.url); ok {
				t.Errorf("a second time takes out more: %s", again)
			}
		})
	}
}

func FuzzWithoutLeavesJSONValid(f *testing.F) {
	f.Add(`{"a":[{"url":"https://river.example/1"},2,[{"id":1}]]}`)
	f.Add(`[]`)
	f.Add(`<div class="tgme_widget_message_wrap"><div data-post="river/1">`)
	f.Fuzz(func(t *testing.T, body string) {
		for _, kind := range []corpus.FeedKind{corpus.FeedTelegram, corpus.FeedMastodon, corpus.FeedRSS} {
			got, ok := Without(kind, []byte(body), "https://river.example/1")
			if !ok && !bytes.Equal(got, []byte(body)) {
				t.Errorf("nothing was taken out of %q and it became %q", body, got)
			}
			if kind == corpus.FeedMastodon && json.Valid([]byte(body)) && !json.Valid(got) {
				t.Errorf("valid JSON became %q", got)
			}
		}
	})
}

func TestWithoutTakesAnyMessageOutOfARealPage(t *testing.T) {
	body, err := os.ReadFile(shared(t, "web/telegram/full.html"))
	if err != nil {
		t.Fatal(err)
	}
	feed := corpus.Feed{Kind: corpus.FeedTelegram, URL: "https://t.me/s/some"}
	read := func(body []byte) []string {
		r, fault := Read(feed, &corpus.Capture{URL: feed.URL, Body: body}, time.Now())
		if fault != nil {
			t.Fatal(fault)
		}
		var urls []string
		for _, p := range r.Posts {
			urls = append(urls, p.Item.URL)
		}
		return urls
	}
	all := read(body)
	if len(all) < 2 {
		t.Fatalf("the page has %d posts", len(all))
	}
	for i, url := range all {
		got, ok := Without(feed.Kind, body, url)
		if !ok {
			t.Errorf("%s could not be taken out", url)
			continue
		}
		want := slices.Delete(slices.Clone(all), i, i+1)
		if left := read(got); !slices.Equal(left, want) {
			t.Errorf("without %s there are %v, want %v", url, left, want)
		}
	}
}
