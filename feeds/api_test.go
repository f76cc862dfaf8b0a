package feeds

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"chorus/corpus"
)

// accounts are the feeds that the tests of networks poll.
var accounts = map[corpus.FeedKind]string{
	corpus.FeedBluesky:  "https://public.api.bsky.app/xrpc/app.bsky.feed.getAuthorFeed?actor=river.example",
	corpus.FeedMastodon: "https://mast.example/api/v1/accounts/lookup?acct=river",
	corpus.FeedYouTube:  "https://www.youtube.com/feeds/videos.xml?channel_id=UCriverriverriverriver00",
	corpus.FeedVK:       "https://api.vk.com/method/wall.get?domain=riverpost&count=100&extended=1&v=5.199",
	corpus.FeedX:        "https://api.x.com/2/users/by/username/riverpost",
}

// readAccount reads an answer of a network; an empty address is that of the feed.
func readAccount(kind corpus.FeedKind, address, text string, feed corpus.Feed) (Reading, *corpus.Fault) {
	feed.URL, feed.Kind = accounts[kind], kind
	if address == "" {
		address = feed.URL
	}
	return Read(feed, answer(address, "application/json", []byte(text)), noon)
}

func mustReadAccount(t *testing.T, kind corpus.FeedKind, address, text string) Reading {
	t.Helper()
	r, fault := readAccount(kind, address, text, corpus.Feed{})
	if fault != nil {
		t.Fatal(fault)
	}
	return r
}

// networkFixtures gives the fixtures of the networks: the comment of each file
// begins with the address that gave the answer.
func networkFixtures(t testing.TB, kind corpus.FeedKind) map[string]*txtar.Archive {
	t.Helper()
	files, err := filepath.Glob("testdata/social/" + string(kind) + "-*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no fixtures of %s: %v", kind, err)
	}
	fixtures := map[string]*txtar.Archive{}
	for _, file := range files {
		if fixtures[file], err = txtar.ParseFile(file); err != nil {
			t.Fatal(err)
		}
	}
	return fixtures
}

func TestReadNetworkFixtures(t *testing.T) {
	for kind := range accounts {
		for file, fixture := range networkFixtures(t, kind) {
			t.Run(filepath.Base(file), func(t *testing.T) {
				address, _, _ := strings.Cut(string(fixture.Comment), "\n")
				r := mustReadAccount(t, kind, address, string(fixture.Files[0].Data))
				checkNetworkPosts(t, r)
				got, err := json.MarshalIndent(struct {
					Next     string
					Warnings []string
					Posts    []Post
				}{r.Next, r.Warnings, r.Posts}, "", " ")
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
}

// checkNetworkPosts checks what Read promises of posts, whatever the answer.
func checkNetworkPosts(t *testing.T, r Reading) {
	t.Helper()
	if len(r.Items) > 0 || r.Format == "" {
		t.Errorf("%d items, format %q", len(r.Items), r.Format)
	}
	if r.Next != "" && absolute(nil, r.Next) != r.Next {
		t.Errorf("Next = %q", r.Next)
	}
	seen := map[string]bool{}
	for _, p := range r.Posts {
		id := canonicalOf(p.Item.URL)
		if id == "" || seen[id] || id != p.Item.URL {
			t.Errorf("%q is not canonical or comes twice: %q", p.Item.URL, id)
		}
		seen[id] = true
		a, post := p.Article, p.Article.Post
		addresses := slices.Clone(a.Images)
		for _, l := range a.Links {
			addresses = append(addresses, l.URL)
		}
		for _, m := range post.Media {
			if m.URL != "" {
				addresses = append(addresses, m.URL)
			}
			if m.Seconds < 0 {
				t.Errorf("a medium of %v", m.Seconds)
			}
		}
		for _, o := range []*corpus.Origin{post.Forward, post.Reply, post.Quote} {
			if o != nil && o.URL != "" {
				addresses = append(addresses, o.URL)
			}
		}
		for _, address := range addresses {
			if absolute(nil, address) != address {
				t.Errorf("address %q", address)
			}
		}
		for _, text := range []string{a.Text, a.Title, post.Name, post.Author, p.Item.Author} {
			if !utf8.ValidString(text) || strings.TrimSpace(text) != text || strings.Contains(text, "\n\n\n") || strings.ContainsAny(text, "\r\x00\u200b") {
				t.Errorf("text %q", text)
			}
		}
		if utf8.RuneCountInString(a.Text) > maxPostRunes+maxParts*(maxShownRunes+3) {
			t.Errorf("a text of %d characters", utf8.RuneCountInString(a.Text))
		}
		if c := post.Counts; c.Views < 0 || c.Likes < 0 || c.Replies < 0 || c.Forwards < 0 {
			t.Errorf("counts %+v", c)
		}
		if post.Poll != nil {
			for _, o := range post.Poll.Options {
				if !(0 <= o.Share && o.Share <= 1) {
					t.Errorf("a share of %v", o.Share)
				}
			}
		}
		if post.Account == "" {
			t.Errorf("%s is of no account", p.Item.URL)
		}
		if _, err := json.Marshal(p); err != nil {
			t.Error(err)
		}
	}
}

// fuzzNetwork starts from the fixtures of a network and from answers of wrong
// shapes.
func fuzzNetwork(f *testing.F, kind corpus.FeedKind, more ...string) {
	for _, fixture := range networkFixtures(f, kind) {
		f.Add(fixture.Files[0].Data)
	}
	for _, text := range append(more, wrongShapes...) {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		r, fault := readAccount(kind, "", string(text), corpus.Feed{MaxItems: 50})
		if fault != nil {
			if fault.Reason == "" || len(r.Posts) > 0 {
				t.Errorf("fault %+v with %d posts", fault, len(r.Posts))
			}
			return
		}
		if len(r.Posts) > 50 {
			t.Errorf("%d posts", len(r.Posts))
		}
		checkNetworkPosts(t, r)
	})
}

var wrongShapes = []string{
	`null`, `7`, `"x"`, `[]`, `{}`, `[null]`, `[[]]`, `{"error":null}`, `{"errors":[null]}`, `{"data":null}`, `{"response":{"items":[null,7]}}`,
	`{"feed":[null,{"post":null},{"post":{"uri":7}}]}`, `{"data":[{"id":[]}],"includes":{"users":7}}`, `[{"id":"1","url":"javascript:alert(1)"}]`,
	strings.Repeat("[", 20_000), strings.Repeat(`{"feed":[`, 3000), `<html><title>Sign in</title></html>`, `<feed><entry/></feed>`,
}

// A case of refusals: an answer without posts and the fault it becomes.
type refused struct {
	name, text string
	class      corpus.FaultClass
	reason     string // the beginning of it
}

func checkRefusals(t *testing.T, kind corpus.FeedKind, address string, cases []refused) {
	t.Helper()
	for _, c := range cases {
		r, fault := readAccount(kind, address, c.text, corpus.Feed{})
		if fault == nil {
			t.Errorf("%s: Read = %d posts, want a fault %s", c.name, len(r.Posts), c.class)
			continue
		}
		if fault.Class != c.class || !strings.HasPrefix(fault.Reason, c.reason) || c.reason == "" {
			t.Errorf("%s: fault %s %q, want %s %q", c.name, fault.Class, fault.Reason, c.class, c.reason)
		}
	}
}

func TestEveryNetworkSaysWhatCameInsteadOfItsAnswer(t *testing.T) {
	page := `<!DOCTYPE html><html><head><title>Sign in &amp; go on</title></head><body>Hello</body></html>`
	for kind := range accounts {
		for _, text := range []string{page, "Bad gateway", `{"kind": "of another shape"}`, `["a"]`, `"word"`, `{"feed": "x", "data": "x", "response": "x"}`, `[{"id": {}}]`, `{"half": [1,`} {
			r, fault := readAccount(kind, "", text, corpus.Feed{})
			if fault == nil || fault.Class != corpus.FaultFormat || !strings.HasPrefix(fault.Reason, "expected ") && !strings.Contains(fault.Reason, "none can be read") {
				t.Errorf("%s: %s gives %d posts, fault %v", kind, text, len(r.Posts), fault)
			}
		}
		if _, fault := readAccount(kind, "", page, corpus.Feed{}); !strings.Contains(fault.Reason, `an HTML page with the title "Sign in & go on"`) {
			t.Errorf("%s: %v", kind, fault)
		}
		if _, fault := readAccount(kind, "", " \n", corpus.Feed{}); fault == nil || fault.Class != corpus.FaultEmpty {
			t.Errorf("%s: nothing gives %v", kind, fault)
		}
	}
}

func TestParagraphs(t *testing.T) {
	for s, want := range map[string]string{
		"":                                "",
		"a\nb":                            "a\nb",
		"a\r\n\r\n\r\n\r\nb":              "a\n\nb",
		" a \n \t\n b  c ":                "a\n\nb c",
		"a\u2028b\u2029c":                 "a\nb\n\nc",
		"x\u200by\u00adz\ufeff\x00":       "xyz",
		"👨‍👩‍👧 <b>&amp;</b>":              "👨‍👩‍👧 <b>&amp;</b>",
		"\u202eevil\u202c \u2066x\u2069y": "evil xy",
	} {
		if got, cut := paragraphs(s, 100); got != want || cut {
			t.Errorf("paragraphs(%q) = %q, %v, want %q", s, got, cut, want)
		}
	}
	if got, cut := paragraphs("абвгд", 3); got != "абв…" || !cut {
		t.Errorf("a long text = %q, %v", got, cut)
	}
}

func TestLinksIn(t *testing.T) {
	for text, want := range map[string][]string{
		"see https://a.example/x, (https://b.example/y_(z)) and «http://c.example».": {"https://a.example/x", "https://b.example/y_(z)", "http://c.example"},
		"HTTPS://D.example/?a=1&b=2!":                      {"https://D.example/?a=1&b=2"},
		"javascript:alert(1) ftp://e.example file:///x":    nil,
		"https:// https://user:pass@f.example/":            {"https://f.example/"},
		"https://www.youtube.com/redirect?q=http://g.test": {"http://g.test"},
		"https://vk.com/away.php?to=https%3A%2F%2Fh.test":  {"https://h.test"},
		"https://vk.com/away.php?to=javascript:x":          {"https://vk.com/away.php?to=javascript:x"},
	} {
		var a corpus.Article
		linksIn(&a, text)
		if got := urlsOf(a.Links); !slices.Equal(got, want) {
			t.Errorf("linksIn(%q) = %q, want %q", text, got, want)
		}
	}
}

func TestClaimed(t *testing.T) {
	for lang, want := range map[string]string{"ru": "ru", "zh_hans": "zh-Hans", "und": "", "qme": "", "zxx": "", "art": "", "in": "id", "iw": "he", "": "", "Русский": ""} {
		if got := claimed(lang); got != want {
			t.Errorf("claimed(%q) = %q, want %q", lang, got, want)
		}
	}
}

func TestSecondsBelievesNoNonsense(t *testing.T) {
	for s, want := range map[float64]time.Duration{0: 0, -1: 0, 1e300: 0, 12.3456: 12346 * time.Millisecond, 90: 90 * time.Second} {
		if got := seconds(s); got != want {
			t.Errorf("seconds(%v) = %v, want %v", s, got, want)
		}
	}
}

func TestSaidRepeatsNoToken(t *testing.T) {
	got := said("invalid access_token (vk1.a." + strings.Repeat("Ab0_", 20) + ")\n try again")
	if want := "invalid access_token (…) try again"; got != want {
		t.Errorf("said = %q, want %q", got, want)
	}
}

func TestNewestFirstLeavesUndatedPostsInPlace(t *testing.T) {
	at := func(url string, day int) Post {
		p := Post{Item: corpus.Item{URL: url}}
		if day != 0 {
			p.Item.Published = noon.AddDate(0, 0, day)
		}
		return p
	}
	posts := []Post{at("pinned", -30), at("undated", 0), at("a", -1), at("future", 4000), at("b", -2)}
	newestFirst(posts, noon)
	var got []string
	for _, p := range posts {
		got = append(got, p.Item.URL)
	}
	if want := []string{"a", "future", "b", "pinned", "undated"}; !slices.Equal(got, want) {
		t.Errorf("newestFirst = %q, want %q", got, want)
	}
}
