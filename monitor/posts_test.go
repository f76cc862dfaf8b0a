package monitor

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"chorus/corpus"
	"chorus/feeds"
)

// channelPage makes a reading of posts with these numbers, of one hour each.
func channelPage(next string, numbers ...int) feeds.Reading {
	r := feeds.Reading{Next: next, Format: "telegram"}
	for _, n := range numbers {
		r.Posts = append(r.Posts, feeds.Post{Item: corpus.Item{URL: permalink(n), Published: hourOf(n)}})
	}
	return r
}

func permalink(n int) string { return "https://t.me/riverpost/" + string(rune('a'+n)) }

func hourOf(n int) time.Time { return time.Date(2026, 1, 1, n, 0, 0, 0, time.UTC) }

func TestPagerClosesGapsAndGoesBack(t *testing.T) {
	pages := map[string]feeds.Reading{
		"feed": channelPage("p2", 9, 8, 7),
		"p2":   channelPage("p3", 6, 5, 4),
		"p3":   channelPage("p4", 3, 2, 1),
		"p4":   channelPage("", 0),
	}
	polled := corpus.FeedState{Read: hourOf(0)}
	for _, tt := range []struct {
		name   string
		feed   corpus.Feed
		before corpus.FeedState
		known  []int
		most   int
		want   string // pages read
		older  string
	}{
		{"the first poll reads one page", corpus.Feed{}, corpus.FeedState{}, nil, 9, "feed", ""},
		{"a gap is closed", corpus.Feed{}, polled, []int{4, 3, 2, 1, 0}, 9, "feed p2", ""},
		{"nothing new", corpus.Feed{}, polled, []int{9, 8, 7, 6, 5, 4}, 9, "feed", ""},
		{"back to a date", corpus.Feed{Back: hourOf(5)}, corpus.FeedState{}, nil, 9, "feed p2", ""},
		{"back to a date, not at once", corpus.Feed{Back: hourOf(0)}, corpus.FeedState{}, nil, 2, "feed p2", "p3"},
		{"back, continued", corpus.Feed{Back: hourOf(0)}, corpus.FeedState{Read: hourOf(9), Older: "p3"}, []int{9, 8, 7, 6, 5, 4}, 9, "feed p3 p4", ""},
		{"back, continued after new ones", corpus.Feed{Back: hourOf(0)}, corpus.FeedState{Read: hourOf(9), Older: "p3"}, []int{8, 7, 6, 5, 4}, 9, "feed p2 p3 p4", ""},
		{"a gap too long for one poll", corpus.Feed{}, polled, nil, 2, "feed p2", "p3"},
	} {
		known := map[corpus.DocID]bool{}
		for _, n := range tt.known {
			id, _ := corpus.IDOf(permalink(n))
			known[id] = true
		}
		tt.feed.URL = "feed"
		p := newPager(tt.feed, tt.before)
		var read []string
		for p.next != "" && len(read) < tt.most {
			at := p.next
			read = append(read, at)
			p.read(pages[at], known)
		}
		if got := strings.Join(read, " "); got != tt.want || p.next != tt.older {
			t.Errorf("%s: read %q, then %q; want %q, then %q", tt.name, got, p.next, tt.want, tt.older)
		}
	}
}

func TestPersonsAreHidden(t *testing.T) {
	registry, err := feeds.NewRegistry([]corpus.Outlet{{
		ID: "riverpost", Name: "River Post", Bloc: corpus.BlocControl, Country: "NL", Owner: "RP", Family: "riverpost", Ownership: "independent",
		Languages: []string{"en"}, Hosts: []string{"riverpost.example"}, Social: map[string]string{"x": "riverpost"}, Tier: corpus.TierDaily,
	}})
	if err != nil {
		t.Fatal(err)
	}
	p, err := newPrivacy("pseudonym", t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	x := feeds.Post{
		Item: corpus.Item{Feed: "https://api.x.com/2/users/by/username/riverpost", URL: "https://x.com/riverpost/status/1", Author: "River Post"},
		Article: corpus.Article{Byline: "River Post", Post: &corpus.Post{
			Network: "x", Account: "riverpost", Name: "River Post",
			Forward: &corpus.Origin{URL: "https://x.com/janedoe/status/7", Account: "janedoe", Name: "Jane Doe"},
			Reply:   &corpus.Origin{URL: "https://x.com/RiverPost/status/2", Account: "RiverPost", Name: "River Post"},
			Quote:   &corpus.Origin{URL: "https://x.com/i/status/9", Account: "JaneDoe", Name: "Jane Doe"},
		}},
	}
	before := *x.Article.Post.Forward
	p.hide(&x, registry)
	got := x.Article.Post
	if got.Account != "riverpost" || got.Reply.Account != "RiverPost" || got.Reply.URL == "" || x.Item.Author != "River Post" {
		t.Errorf("an account of the registry was hidden: %+v", got)
	}
	alias := got.Forward.Account
	if !strings.HasPrefix(alias, "person-") || got.Forward.Name != "" || got.Forward.URL != "https://x.com/"+alias+"/status/7" || x.Item.ForwardOf != got.Forward.URL {
		t.Errorf("the forwarded person is %+v", got.Forward)
	}
	if got.Quote.Account != alias || got.Quote.URL != "https://x.com/"+alias+"/9" {
		t.Errorf("one person is %q and %+v", alias, got.Quote)
	}
	if before.Account != "janedoe" {
		t.Error("hiding changed what the caller holds")
	}
	group := feeds.Post{Item: corpus.Item{URL: "https://t.me/c/77/5", Author: "Jane Doe"}, Article: corpus.Article{Post: &corpus.Post{Network: "telegram", Account: "user123", Name: "Jane Doe"}}}
	p.hide(&group, registry)
	if g := group.Article.Post; !strings.HasPrefix(g.Account, "person-") || g.Name != "" || group.Item.Author != g.Account || group.Item.URL != "https://t.me/c/77/5" {
		t.Errorf("someone in a group is %+v at %s by %s", g, group.Item.URL, group.Item.Author)
	}
	repost := feeds.Post{
		Item: corpus.Item{Feed: "feed", URL: "https://bsky.app/profile/jane.example/post/3k?repost_by=riverpost.example"},
		Article: corpus.Article{Post: &corpus.Post{Network: "bluesky", Account: "riverpost.example", Author: "A Guest",
			Forward: &corpus.Origin{URL: "https://bsky.app/profile/jane.example/post/3k", Account: "jane.example"},
			Quote:   &corpus.Origin{URL: "https://social.example/@jo/12", Account: "jo@social.example"}}},
	}
	p.hide(&repost, registry)
	if all := fmt.Sprint(repost.Item, *repost.Article.Post.Forward, *repost.Article.Post.Quote, repost.Article.Post.Author); strings.Contains(all, "jane.") || strings.Contains(all, "@jo") || strings.Contains(all, "Guest") {
		t.Errorf("a repost tells whom it reposts: %s", all)
	}
	again, err := newPrivacy("pseudonym", t.TempDir())
	if err != nil || again.name("x", "janedoe") == alias {
		t.Errorf("another monitor gives the same pseudonym (%v)", err)
	}
	imported := feeds.Post{Item: corpus.Item{URL: "https://x.com/janedoe/status/7", Author: "Jane Doe"}, Article: corpus.Article{Post: &corpus.Post{Network: "x", Account: "janedoe", Name: "Jane Doe"}}}
	p.hide(&imported, registry)
	if imported.Item.URL != got.Forward.URL || imported.Item.Author != alias {
		t.Errorf("the forward leads to %s, the post is at %s by %q", got.Forward.URL, imported.Item.URL, imported.Item.Author)
	}
}

func TestBudgetIsHard(t *testing.T) {
	folder := t.TempDir()
	may := time.Date(2026, 5, 31, 23, 0, 0, 0, time.UTC)
	b := newBudget(folder, 250)
	for i, want := range []bool{true, true, false} {
		if got := b.spend(may, 100) == ""; got != want {
			t.Errorf("page %d: %v, want %v", i, got, want)
		}
	}
	b = newBudget(folder, 250) // after a restart
	if b.spend(may, 100) == "" {
		t.Error("a restart gave a new budget")
	}
	if got := b.spend(may.Add(2*time.Hour), 100); got != "" {
		t.Errorf("a new month has no budget: %s", got)
	}
	if newBudget(folder, 0).spend(may, 100) == "" {
		t.Error("no budget was spent")
	}
}
