package feeds

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/html"
	"golang.org/x/tools/txtar"

	"chorus/corpus"
	"chorus/internal/telegramweb"
)

const riverURL = "https://t.me/s/river"

func readTelegram(address, page string, feed corpus.Feed) (Reading, *corpus.Fault) {
	feed.URL, feed.Kind = "https://t.me/s/river", corpus.FeedTelegram
	return Read(feed, answer(address, "text/html; charset=utf-8", []byte(page)), noon)
}

// mustRead reads a page of the channel river.
func mustRead(t *testing.T, page string) Reading {
	t.Helper()
	r, fault := readTelegram(riverURL, page, corpus.Feed{})
	if fault != nil {
		t.Fatal(fault)
	}
	return r
}

// channelPage is the page of messages with these ids in data-post.
func channelPage(posts ...string) string {
	var b strings.Builder
	b.WriteString(`<html><body><section class="tgme_channel_history">`)
	for _, p := range posts {
		fmt.Fprintf(&b, `<div class="tgme_widget_message_wrap"><div class="tgme_widget_message" data-post="%s"><div class="tgme_widget_message_bubble">`+
			`<div class="tgme_widget_message_text">Text of %s</div><a class="tgme_widget_message_date"><time datetime="2026-11-20T00:00:00+00:00"></time></a></div></div></div>`, p, p)
	}
	b.WriteString(`</section></body></html>`)
	return b.String()
}

func TestReadTelegramFixtures(t *testing.T) {
	files, err := filepath.Glob("testdata/social/telegram-*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no fixtures: %v", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			fixture, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			r := mustRead(t, string(fixture.Files[0].Data))
			got, err := json.MarshalIndent(struct {
				Next              string
				Missing, Warnings []string
				Posts             []Post
			}{r.Next, r.Missing, r.Warnings, r.Posts}, "", " ")
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, '\n')
			if *update {
				fixture.Files = []txtar.File{fixture.Files[0], {Name: "want.json", Data: got}}
				if err := os.WriteFile(file, txtar.Format(fixture), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if len(fixture.Files) < 2 {
				t.Fatal("no want.json; run with -update and review it")
			}
			if d := cmp.Diff(string(fixture.Files[1].Data), string(got)); d != "" {
				t.Errorf("Read differs (-want +got):\n%s", d)
			}
		})
	}
}

func TestTelegramWithoutPosts(t *testing.T) {
	site := telegramweb.New(
		telegramweb.Channel{Name: "shut", Title: "Shut", Kind: telegramweb.NoPreview, Members: 1200},
		telegramweb.Channel{Name: "club", Title: "Club", Kind: telegramweb.Group, Members: 70},
		telegramweb.Channel{Name: "anna", Title: "Anna", Kind: telegramweb.Person},
		telegramweb.Channel{Name: "postbot", Title: "Post", Kind: telegramweb.Bot, Members: 9},
		telegramweb.Channel{Name: "fresh", Title: "Fresh"},
	)
	served := func(name string) string {
		w := serve(site, "https://t.me/"+name)
		return w.Body.String()
	}
	for _, c := range []struct {
		name, page string
		class      corpus.FaultClass
		reason     string
	}{
		{"a channel without preview", served("shut"), corpus.FaultDenied, `the channel "Shut" has no public preview`},
		{"a group", served("club"), corpus.FaultDenied, `"Club" is a group, which has no public preview`},
		{"a person", served("anna"), corpus.FaultDenied, `"Anna" is a person, who has no posts`},
		{"a bot", served("postbot"), corpus.FaultDenied, `"Post" is a bot, which has no posts`},
		{"nobody", served("nobody"), corpus.FaultGone, "no account has this name"},
		{"an empty channel", served("s/fresh"), corpus.FaultEmpty, "an empty answer"},
		{"an empty history", `<section class="tgme_channel_history"></section>`, corpus.FaultEmpty, "an empty answer"},
		{"a post that is gone", `<div class="tgme_widget_message_error">Post not found</div>`, corpus.FaultGone, "Telegram says: Post not found"},
		{"too many polls", `<html><head><title>429 Too Many Requests</title></head></html>`, corpus.FaultThrottled, "the page says: 429 Too Many Requests"},
		{"another page", `<title>Telegram Messenger</title><p>Hello`, corpus.FaultFormat, `expected the web preview of a Telegram channel, got a page with the title "Telegram Messenger"`},
		{"JSON", `{"ok": false}`, corpus.FaultFormat, `expected the web preview of a Telegram channel, got "{\"ok\": false}"`},
		{"nothing", " \n", corpus.FaultEmpty, "an empty answer"},
	} {
		r, fault := readTelegram(riverURL, c.page, corpus.Feed{})
		if fault == nil || fault.Class != c.class || fault.Reason != c.reason {
			t.Errorf("%s: fault %v, want %s: %s", c.name, fault, c.class, c.reason)
		}
		if len(r.Posts) > 0 || r.Next != "" {
			t.Errorf("%s: a fault with %+v", c.name, r)
		}
	}
}

func TestTelegramBeforeTheFirstPostIsNoFault(t *testing.T) {
	page := `<link rel="prev" href="/s/river?before="><section class="tgme_channel_history"><div class="tme_no_messages_found">No posts found</div></section>`
	r, fault := readTelegram("https://t.me/s/river?before=1", page, corpus.Feed{})
	if fault != nil || len(r.Posts) > 0 || r.Next != "" {
		t.Errorf("Read = %+v, %v, want nothing", r, fault)
	}
}

func TestTelegramNext(t *testing.T) {
	const base = "https://t.me/s/river"
	for _, c := range []struct{ name, head, want string }{
		{"link", `<link rel="prev" href="/s/river?before=7">`, base + "?before=7"},
		{"anchor", `<a class="tme_messages_more js-messages_more" href="/s/river?before=7" data-before="7"></a>`, base + "?before=7"},
		{"number alone", `<a class="tme_messages_more" data-before="7"></a>`, base + "?before=7"},
		{"newer posts only", `<link rel="next" href="/s/river?after=9"><a class="tme_messages_more" href="/s/river?after=9" data-after="9"></a>`, ""},
		{"an empty number", `<link rel="prev" href="/s/river?before=">`, ""},
		{"another host", `<link rel="prev" href="https://evil.example/s/river?before=7">`, ""},
		{"not older", `<link rel="prev" href="/s/river?before=8">`, ""},
		{"no page", `<link rel="prev" href="javascript:alert(7)">`, ""},
		{"the second of two", `<link rel="prev" href="?before=x"><a class="tme_messages_more" href="/s/river?before=7" data-before="7"></a>`, base + "?before=7"},
	} {
		if got := mustRead(t, c.head+channelPage("river/7", "river/9")).Next; got != c.want {
			t.Errorf("%s: Next = %q, want %q", c.name, got, c.want)
		}
	}
}

func TestTelegramMissing(t *testing.T) {
	album := `<div class="tgme_widget_message" data-post="river/4"><a class="tgme_widget_message_photo_wrap" href="https://t.me/river/4?single"></a>` +
		`<a class="tgme_widget_message_photo_wrap" href="https://t.me/River/5?single"></a><a class="tgme_widget_message_link_preview" href="https://t.me/river/6"><div class="link_preview_title">6</div></a></div>`
	page := strings.Replace(channelPage("river/2", "river/8"), "</section>", album+"</section>", 1)
	want := []string{"https://t.me/river/7", "https://t.me/river/6", "https://t.me/river/3"}
	if got := mustRead(t, page).Missing; !slices.Equal(got, want) {
		t.Errorf("Missing = %q, want %q", got, want)
	}
	r, fault := readTelegram(riverURL, page, corpus.Feed{MaxItems: 2})
	if want := want[:2]; fault != nil || !slices.Equal(r.Missing, want) {
		t.Errorf("Missing of two posts = %q, %v, want %q", r.Missing, fault, want)
	}
	if got := mustRead(t, channelPage("river/1", "river/900000000000")).Missing; len(got) != maxMissing || got[0] != "https://t.me/river/899999999999" {
		t.Errorf("Missing has %d, want the newest %d", len(got), maxMissing)
	}
	if got := mustRead(t, channelPage("river/1", "port/9")).Missing; len(got) > 0 {
		t.Errorf("Missing of two channels = %q, want none", got)
	}
	if r, _ := readTelegram(riverURL+"?q=bridge", page, corpus.Feed{}); len(r.Missing) > 0 {
		t.Errorf("Missing of a search = %q, want none", r.Missing)
	}
	// A filter hides posts; it does not make them missing.
	if r, _ := readTelegram(riverURL, page, corpus.Feed{Exclude: "/4$"}); !slices.Equal(r.Missing, want) {
		t.Errorf("Missing with a filter = %q, want %q", r.Missing, want)
	}
}

func TestTelegramPostsComeNewestFirst(t *testing.T) {
	var got []string
	for _, p := range mustRead(t, channelPage("river/9", "river/10", "river/8", "river/9")).Posts {
		got = append(got, p.Item.URL)
	}
	want := []string{"https://t.me/river/10", "https://t.me/river/9", "https://t.me/river/8"}
	if !slices.Equal(got, want) {
		t.Errorf("Read = %q, want %q", got, want)
	}
}

func TestTelegramLeavesOutAPostThatIsCutOff(t *testing.T) {
	page := channelPage("river/1", "river/2", "river/3")
	for end := len(page) - 1; end > len(page)/2; end-- {
		r, fault := readTelegram(riverURL, page[:end], corpus.Feed{})
		if fault != nil {
			t.Fatalf("cut at %d: %v", end, fault)
		}
		for _, p := range r.Posts {
			if id := p.Item.URL[len(p.Item.URL)-1:]; p.Article.Text != "Text of river/"+id {
				t.Fatalf("cut at %d: post %s has the text %q", end, id, p.Article.Text)
			}
		}
		if len(r.Posts) < 2 && !r.Cut {
			t.Fatalf("cut at %d: %d posts, but the reading is not cut", end, len(r.Posts))
		}
	}
}

func TestTelegramDeepPostCostsOnlyItself(t *testing.T) {
	page := strings.Replace(channelPage("river/1", "river/2", "river/3"), "Text of river/2", strings.Repeat("<b><div>", 400)+"deep", 1)
	r := mustRead(t, page)
	if len(r.Posts) != 2 || r.Posts[0].Article.Text != "Text of river/3" || r.Posts[1].Article.Text != "Text of river/1" {
		t.Errorf("Read = %+v, want the first and the last post", r.Posts)
	}
	if len(r.Missing) > 0 {
		t.Errorf("Missing = %q, but it is there", r.Missing)
	}
	if !r.Cut || !strings.Contains(strings.Join(r.Warnings, "\n"), "1 part too deeply nested") {
		t.Errorf("Cut = %v, warnings %q", r.Cut, r.Warnings)
	}
}

func TestTelegramIsBoundedByThePage(t *testing.T) {
	wrapped := strings.Repeat(`<div class="w">`, 400) + strings.Repeat(`<i>x</i>`, 20_000) + `<div class="tgme_widget_message_text">inside</div>`
	many := strings.Repeat(`<span class="tgme_reaction"><i>a</i>9999999B</span>`, 50)
	page := channelPage("river/1")
	page = strings.Replace(page, `<a class="tgme_widget_message_date">`,
		wrapped+strings.Repeat("</div>", 400)+`<div class="tgme_widget_message_reactions">`+many+`</div><a class="tgme_widget_message_date">`, 1)
	r := mustRead(t, page)
	p := r.Posts[0].Article
	if !strings.HasSuffix(p.Text, "inside") || p.Post.Counts.Likes < 0 {
		t.Errorf("Read = %d bytes of text, %d likes", len(p.Text), p.Post.Counts.Likes)
	}
	long := mustRead(t, strings.Replace(channelPage("river/1"), "Text of", strings.Repeat("я", 2*maxPostRunes), 1)).Posts[0].Article
	if n := utf8.RuneCountInString(long.Text); n != maxPostRunes+1 || !long.Truncated {
		t.Errorf("a long text has %d characters, truncated %v", n, long.Truncated)
	}
}

// Parts within their like, and very many of them, were once read again and again.
func TestTelegramReadsNestedPartsOnce(t *testing.T) {
	option := strings.Repeat(`<div class="tgme_widget_message_poll_option">`, 300) + "x" + strings.Repeat("</div>", 300)
	reaction := strings.Repeat(`<span class="tgme_reaction">`, 300) + "👍 1" + strings.Repeat("</span>", 300)
	page := strings.Replace(channelPage("river/1"), `<a class="tgme_widget_message_date">`,
		`<div class="tgme_widget_message_poll">`+option+`</div><div class="tgme_widget_message_reactions">`+reaction+`</div>`+
			strings.Repeat(`<div class="media_not_supported_cont"></div>`, 30_000)+`<a class="tgme_widget_message_date">`, 1)
	post := mustRead(t, page).Posts[0].Article.Post
	if post.Poll == nil || len(post.Poll.Options) != 1 || post.Counts.Likes > 1 || len(post.Media) != 1 {
		t.Errorf("Read = poll %+v, %d likes, %d media, want one of each at most", post.Poll, post.Counts.Likes, len(post.Media))
	}
}

func TestNumberOf(t *testing.T) {
	for s, want := range map[string]int64{
		"": 0, "0": 0, "746": 746, "12.3K": 12_300, "1.2M": 1_200_000, "1,2M": 1_200_000, "1\u00a0234": 1234, "1\u202f234\u202f567": 1_234_567,
		"12,345": 12_345, "1.234.567": 1_234_567, "1,234.5": 1235, "226.2K": 226_200, "7.03K": 7030, "1.234K": 1234, "3 K": 3000, "2B": 2_000_000_000,
		"12 К": 12_000, "7 comments": 7, "5 members": 5, "12K views": 12_000, "no": 0, "-5": 0, "NaN": 0, "Inf": 0, "1e5": 1, "99999999999999999999M": 0, ".": 0, "’": 0,
	} {
		if got := numberOf(s); got != want {
			t.Errorf("numberOf(%q) = %d, want %d", s, got, want)
		}
	}
}

func TestShareOf(t *testing.T) {
	for s, want := range map[string]float64{"16%": 0.16, "100 %": 1, "0,5%": 0.005, "": 0, "NaN%": 0, "-3%": 0, "101%": 0, "1e300": 0} {
		if got := shareOf(s); got != want {
			t.Errorf("shareOf(%q) = %v, want %v", s, got, want)
		}
	}
}

func TestClockOf(t *testing.T) {
	for s, want := range map[string]time.Duration{"0:34": 34 * time.Second, "27:40": 1660 * time.Second, "1:02:03": 3723 * time.Second, "": 0, "7": 0, "1:2:3:4": 0, "-1:00": 0, "99999999:0": 0} {
		if got, _ := clockOf(s); got != want {
			t.Errorf("clockOf(%q) = %v, want %v", s, got, want)
		}
	}
}

func TestOriginOf(t *testing.T) {
	r, err := newReader(corpus.Feed{}, answer(riverURL, "", nil), noon)
	if err != nil {
		t.Fatal(err)
	}
	for href, want := range map[string]corpus.Origin{
		"https://t.me/Port_News/34301":               {URL: "https://t.me/Port_News/34301", Account: "Port_News"},
		"http://telegram.me/s/port/7?single&x=1#top": {URL: "https://t.me/port/7", Account: "port"},
		"https://t.me/club/12/345":                   {URL: "https://t.me/club/345", Account: "club"},
		"/port/7":                                    {URL: "https://t.me/port/7", Account: "port"},
		"https://t.me/port":                          {Account: "port"},
		"https://t.me/s/port/":                       {Account: "port"},
		"https://t.me/+AbCdEf":                       {URL: "https://t.me/+AbCdEf"},
		"https://t.me/c/1234/5":                      {URL: "https://t.me/c/1234/5"},
		"https://t.me/port/0":                        {URL: "https://t.me/port/0"},
		"https://port.example/7":                     {URL: "https://port.example/7"},
		"tg://user?id=7":                             {},
		"":                                           {},
	} {
		if got := r.originOf(href); *got != want {
			t.Errorf("originOf(%q) = %+v, want %+v", href, *got, want)
		}
	}
}

func TestBackgroundOf(t *testing.T) {
	for style, want := range map[string]string{
		"width:8px;background-image:url('https://a.example/1.jpg')":    "https://a.example/1.jpg",
		`background-image: url("//a.example/2.jpg"); left: 0`:          "//a.example/2.jpg",
		"background-image:url(https://a.example/3.jpg);padding-top:7%": "https://a.example/3.jpg",
		"background-image:url('https://a.example/4(1).jpg')":           "https://a.example/4(1).jpg",
		"background-image:url('unclosed":                               "",
		"background-image:none":                                        "",
		"":                                                             "",
	} {
		n := &html.Node{Type: html.ElementNode, Data: "i", Attr: []html.Attribute{{Key: "style", Val: style}}}
		if got := backgroundOf(n); got != want {
			t.Errorf("backgroundOf(%q) = %q, want %q", style, got, want)
		}
	}
}

func TestReadARecordedChannelPage(t *testing.T) {
	page, err := os.ReadFile(shared(t, "web/telegram/full.html"))
	if err != nil {
		t.Fatal(err)
	}
	const address = "https://t.me/s/topwar_official?before=71009"
	r, fault := readTelegram(address, string(page), corpus.Feed{})
	if fault != nil {
		t.Fatal(fault)
	}
	if len(r.Posts) != strings.Count(string(page), "data-post=") || len(r.Warnings) > 0 {
		t.Errorf("Read = %d posts with warnings %q", len(r.Posts), r.Warnings)
	}
	if want := "https://t.me/s/topwar_official?before=70989"; r.Next != want {
		t.Errorf("Next = %q, want %q", r.Next, want)
	}
	if want := []string{"https://t.me/topwar_official/70991"}; !slices.Equal(r.Missing, want) {
		t.Errorf("Missing = %q, want %q", r.Missing, want)
	}
	var forwards, photos, videos int
	for _, p := range r.Posts {
		post := p.Article.Post
		if p.Article.Text == "" || p.Item.Published.IsZero() || post.Counts.Views == 0 || post.Name != "Военное обозрение" || len(post.Strange) > 0 {
			t.Errorf("Read has %+v, %+v", p, post)
		}
		if post.Forward != nil && post.Forward.Account != "" && p.Item.ForwardOf == post.Forward.URL {
			forwards++
		}
		for _, m := range post.Media {
			switch m.Kind {
			case corpus.MediaPhoto:
				photos++
			case corpus.MediaVideo:
				videos++
			}
		}
	}
	if forwards != 5 || photos != 10 || videos != 4 {
		t.Errorf("Read = %d forwards, %d photos, %d videos, want 5, 10, 4", forwards, photos, videos)
	}
}

func TestReadRecordedMessages(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(shared(t, "web/telegram"), "*.html"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no files: %v", err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		page, name := string(text), filepath.Base(file)
		whole := strings.Contains(page, "data-post=")
		if !whole {
			page = `<div class="tgme_widget_message" data-post="river/7"><div class="tgme_widget_message_bubble">` + page + `</div></div>`
		}
		r := mustRead(t, `<html><body><section class="tgme_channel_history">`+page+`</section></body></html>`)
		if len(r.Warnings) > 0 || len(r.Posts) == 0 {
			t.Errorf("%s: %d posts, warnings %q", name, len(r.Posts), r.Warnings)
		}
		for _, p := range r.Posts {
			if p.Article.Text == "" && len(p.Article.Post.Media) == 0 && p.Article.Post.Poll == nil {
				t.Errorf("%s: %s says and shows nothing", name, p.Item.URL)
			}
			if whole && (p.Item.Published.IsZero() || p.Item.Author == "" || p.Article.Post.Counts.Views == 0) {
				t.Errorf("%s: %+v", name, p.Item)
			}
		}
	}
}

func FuzzTelegram(f *testing.F) {
	files, err := filepath.Glob("testdata/social/telegram-*.txtar")
	if err != nil || len(files) == 0 {
		f.Fatalf("no seeds: %v", err)
	}
	for _, file := range files {
		fixture, err := txtar.ParseFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(fixture.Files[0].Data)
	}
	f.Add([]byte(channelPage("river/1", "river/900000000000", "river/-1", "river/99999999999999999999", "c/1")))
	f.Add([]byte(`<div class="tgme_page"><div class="tgme_page_title">x</div></div>`))
	f.Fuzz(func(t *testing.T, page []byte) {
		r, fault := readTelegram(riverURL, string(page), corpus.Feed{MaxItems: 50})
		if fault != nil {
			if fault.Reason == "" || len(r.Posts) > 0 {
				t.Errorf("fault %+v with %d posts", fault, len(r.Posts))
			}
			return
		}
		checkPosts(t, r)
	})
}

// checkPosts checks what Read promises of posts, whatever the page.
func checkPosts(t *testing.T, r Reading) {
	t.Helper()
	if len(r.Posts) > 50 || len(r.Missing) > maxMissing || len(r.Items) > 0 {
		t.Errorf("%d posts, %d missing, %d items", len(r.Posts), len(r.Missing), len(r.Items))
	}
	seen := map[string]bool{}
	for _, p := range r.Posts {
		if seen[p.Item.URL] || !strings.HasPrefix(p.Item.URL, "https://t.me/") || slices.Contains(r.Missing, p.Item.URL) {
			t.Errorf("%q comes twice, is no permalink, or is missing too", p.Item.URL)
		}
		seen[p.Item.URL] = true
		addresses := slices.Clone(p.Article.Images)
		for _, l := range p.Article.Links {
			addresses = append(addresses, l.URL)
		}
		for _, m := range p.Article.Post.Media {
			if m.URL != "" {
				addresses = append(addresses, m.URL)
			}
			if m.Seconds < 0 {
				t.Errorf("a medium of %v", m.Seconds)
			}
		}
		for _, a := range addresses {
			if absolute(nil, a) != a {
				t.Errorf("address %q", a)
			}
		}
		text := p.Article.Text
		if !utf8.ValidString(text) || strings.TrimSpace(text) != text || strings.Contains(text, "\n\n\n") || strings.ContainsAny(text, "\r\x00\u200b") {
			t.Errorf("text %q", text)
		}
		if c := p.Article.Post.Counts; c.Views < 0 || c.Likes < 0 || c.Replies < 0 {
			t.Errorf("counts %+v", c)
		}
		if _, err := json.Marshal(p); err != nil {
			t.Error(err)
		}
	}
}
