package monitor

// A channel, from its preview to documents, and what becomes of it.

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"chorus/corpus"
	"chorus/internal/telegramweb"
	"chorus/internal/testweb"
)

const channelURL = "http://t.me/s/riverpost"

// serveChannel puts the pages of a channel into a web.
func serveChannel(w *testweb.Web, c telegramweb.Channel) {
	page := testweb.Page{Handler: telegramweb.New(c)}
	w.Add(channelURL, page)
	for id := range 200 {
		w.Add(fmt.Sprintf("%s?before=%d", channelURL, id), page)
	}
}

// riverChannel is a channel with posts from one number to another, one each
// minute.
func riverChannel(from, to int64) telegramweb.Channel {
	c := telegramweb.Channel{Name: "riverpost", Title: "River Post"}
	for id := from; id <= to; id++ {
		c.Posts = append(c.Posts, telegramweb.Post{ID: id, Date: time.Date(2026, 3, 1, 10, int(id), 0, 0, time.UTC), Text: fmt.Sprintf("The ferry of number %d has left the quay on time, says the harbour office.", id), Views: 100 * id})
	}
	return c
}

func watchChannel(t *testing.T, feed corpus.Feed) *setup {
	t.Helper()
	w := &testweb.Web{}
	serveChannel(w, riverChannel(1, 50))
	feed.URL, feed.Kind = channelURL, corpus.FeedTelegram
	return watch(t, w, []corpus.Outlet{{ID: "riverpost", Name: "River Post", Bloc: corpus.BlocControl, Country: "NL", Owner: "rp", Family: "rp", Ownership: "independent",
		Languages: []string{"en"}, Hosts: []string{"riverpost.example"}, Social: map[string]string{"telegram": "riverpost"}, Tier: corpus.TierDaily, Feeds: []corpus.Feed{feed}}})
}

func TestChannelIsCollectedFollowedAndRebuilt(t *testing.T) {
	s := watchChannel(t, corpus.Feed{})
	if sum := s.once(); sum.Documents != 20 || sum.FeedsLost != 0 {
		t.Fatalf("the first poll brought %+v, want the 20 posts of the first page", sum)
	}
	// 45 more posts, more than two pages; one is edited, one is gone, one passes on an older one.
	c := riverChannel(1, 95)
	c.Posts[40].Text, c.Posts[40].Edited = "The ferry of number 41 has NOT left.", true
	c.Posts = append(c.Posts[:44], c.Posts[45:]...)
	last := &c.Posts[len(c.Posts)-1]
	last.Forward = &telegramweb.Origin{Name: "River Post", URL: "https://t.me/riverpost/33"}
	serveChannel(s.web, c)
	s.elapsed = 7 * time.Hour
	if sum := s.once(); sum.Documents != 46 {
		t.Errorf("the second poll brought %+v, want 45 posts and an edit", sum)
	}
	var before string
	s.with(func(m *Monitor) {
		for query, want := range map[string]int{"kind:post": 65, "is:edited": 1, "is:deleted": 1, `"has NOT left"`: 1} {
			if got := search(t, m, query); len(got) != want {
				t.Errorf("search %s found %d, want %d", query, len(got), want)
			}
		}
		id, _ := corpus.IDOf("https://t.me/riverpost/41")
		versions, err := m.Versions(t.Context(), id)
		if err != nil || len(versions) != 2 {
			t.Fatalf("post 41 has %d versions (%v), want 2", len(versions), err)
		}
		if v := versions[1]; !v.Item.Seen.Equal(versions[0].Item.Seen) || v.URL() != "https://t.me/riverpost/41" || v.Evidence.File == "" {
			t.Errorf("the edit was first seen %v, the post %v; %s in %+v", v.Item.Seen, versions[0].Item.Seen, v.URL(), v.Evidence)
		}
		gone, _ := corpus.IDOf("https://t.me/riverpost/45")
		if versions, err := m.Versions(t.Context(), gone); err != nil || len(versions) != 1 || versions[0].Deleted.IsZero() {
			t.Errorf("post 45 is not marked as deleted: %+v, %v", versions, err)
		}
		newest, _ := corpus.IDOf("https://t.me/riverpost/95")
		r, err := m.Relations(t.Context(), newest)
		if err != nil || len(r.To) != 1 || r.To[0].Kind != "forward" || r.To[0].Document.URL() != "https://t.me/riverpost/33" {
			t.Errorf("post 95 leads to %+v, %v; want the forwarded 33", r.To, err)
		}
		if versions, _ := m.Versions(t.Context(), newest); len(versions) != 1 || versions[0].Item.Absent.IsZero() {
			t.Errorf("post 95 was not there at the first poll, and its interval does not say so: %+v", versions)
		}
		old, _ := corpus.IDOf("https://t.me/riverpost/50")
		if r, err := m.Relations(t.Context(), old); err != nil || len(r.Counts) != 1 || r.Counts[0].Views == 0 {
			t.Errorf("counts of post 50 are %+v, %v", r.Counts, err)
		}
		before = whole(t, m)
		if _, err := m.Rebuild(t.Context()); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(before, whole(t, m)); diff != "" {
			t.Errorf("rebuild changed the posts (-before +after):\n%s", diff)
		}
	})
}

func TestChannelIsReadBackToADate(t *testing.T) {
	s := watchChannel(t, corpus.Feed{Back: time.Date(2026, 3, 1, 10, 5, 0, 0, time.UTC)})
	s.cfg.Social.Pages = 2
	if sum := s.once(); sum.Documents != 40 {
		t.Errorf("the first poll brought %d posts, want those of two pages", sum.Documents)
	}
	s.elapsed = 7 * time.Hour
	if sum := s.once(); sum.Documents != 10 {
		t.Errorf("the second poll brought %d posts, want the 10 that were left", sum.Documents)
	}
	s.elapsed = 14 * time.Hour
	if sum := s.once(); sum.Documents != 0 || sum.Feeds != 1 {
		t.Errorf("the third poll brought %+v, want nothing", sum)
	}
}

func TestNetworkThatIsNotAskedIsNotPolled(t *testing.T) {
	s := watchChannel(t, corpus.Feed{})
	s.cfg.Social.Networks = nil
	if sum := s.once(); sum.Feeds != 0 {
		t.Errorf("%+v, want no poll", sum)
	}
}
