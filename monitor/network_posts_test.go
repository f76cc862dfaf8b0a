package monitor

// Networks with interfaces for programs: the account is looked up first, a
// token is needed, the month's budget is hard, and what they answer instead of
// posts is a fault of the feed.

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"chorus/corpus"
	"chorus/internal/testweb"
)

func json200(body string) testweb.Page {
	return testweb.Page{Header: http.Header{"Content-Type": {"application/json"}}, Body: []byte(body)}
}

func TestAccountIsLookedUpAndRead(t *testing.T) {
	w := &testweb.Web{}
	w.Add("http://social.example/api/v1/accounts/lookup?acct=riverpost", json200(`{"id":"7","username":"riverpost","acct":"riverpost","display_name":"River Post","url":"http://social.example/@riverpost"}`))
	w.Add("http://social.example/api/v1/accounts/7/statuses?limit=40", json200(`[{"id":"101","created_at":"2026-03-01T10:00:00.000Z","url":"https://social.example/@riverpost/101","uri":"https://social.example/users/riverpost/statuses/101",
		"content":"<p>NATO&#39;s relentless expansion to the east provoked this war.</p>","language":"en","replies_count":1,"reblogs_count":2,"favourites_count":3,
		"account":{"id":"7","username":"riverpost","acct":"riverpost","display_name":"River Post","url":"https://social.example/@riverpost"},"media_attachments":[],"mentions":[],"tags":[]}]`))
	s := watch(t, w, stork(corpus.Feed{URL: "http://social.example/api/v1/accounts/lookup?acct=riverpost", Kind: corpus.FeedMastodon}))
	if sum := s.once(); sum.Documents != 1 || sum.Tagged != 1 || sum.FeedsLost != 0 {
		t.Fatalf("%+v, want one tagged post", sum)
	}
	if n := w.Requests("http://social.example/robots.txt"); n != 0 {
		t.Errorf("robots.txt of an interface for programs was asked for %d times", n)
	}
	// The account is there, but its posts are not.
	posts := "http://social.example/api/v1/accounts/7/statuses?limit=40"
	w.Add(posts, testweb.Page{Status: http.StatusTooManyRequests})
	s.elapsed += 30 * time.Hour
	s.once()
	s.with(func(m *Monitor) {
		states, err := m.store.FeedStates(t.Context())
		if err != nil || len(states) != 1 || states[0].Fault == nil || states[0].Fault.Class != corpus.FaultThrottled || states[0].Failures != 1 {
			t.Errorf("states %+v, %v; want the fault of the posts", states, err)
		}
	})
	for _, answer := range []struct {
		page  testweb.Page
		class corpus.FaultClass
	}{
		{testweb.Page{Status: http.StatusTooManyRequests}, corpus.FaultThrottled},
		{testweb.Page{Status: http.StatusInternalServerError, Body: []byte("<html>oops</html>")}, corpus.FaultServer},
		{testweb.Page{Header: http.Header{"Content-Type": {"text/html"}}, Body: []byte("<html><body>Log in</body></html>")}, corpus.FaultFormat},
		{json200(`{"id":[1,2],"username":{}}`), corpus.FaultFormat},
	} {
		w.Add("http://social.example/api/v1/accounts/lookup?acct=riverpost", answer.page)
		s.elapsed += 30 * time.Hour
		s.once()
		s.with(func(m *Monitor) {
			states, err := m.store.FeedStates(t.Context())
			if err != nil || len(states) != 1 || states[0].Fault == nil || states[0].Fault.Class != answer.class {
				t.Errorf("states %+v, %v; want a fault of class %s", states, err, answer.class)
			}
			if got := search(t, m, "kind:post"); len(got) != 1 {
				t.Errorf("%d posts are left, want 1", len(got))
			}
		})
	}
}

func TestXNeedsATokenAndHasABudget(t *testing.T) {
	w := &testweb.Web{}
	var sent []string
	w.Add("http://x.example/2/users/7/tweets", handler(func(w http.ResponseWriter, r *http.Request) {
		sent = append(sent, r.Header.Get("Authorization"))
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, `{"data":[{"id":"1900000000000000001","text":"The ferry has left.","created_at":"2026-03-01T10:00:00.000Z","author_id":"7","edit_history_tweet_ids":["1900000000000000001"]}],
			"includes":{"users":[{"id":"7","username":"riverpost","name":"River Post"}]},"meta":{"result_count":1}}`)
	}))
	s := watch(t, w, stork(corpus.Feed{URL: "http://x.example/2/users/7/tweets", Kind: corpus.FeedX}))
	s.cfg.Social.Networks = []corpus.FeedKind{corpus.FeedX}
	env := map[string]string{}
	once := func() Summary {
		m, err := Open(t.Context(), Options{Config: s.cfg, Verb: "test", Now: func() time.Time { return time.Now().Add(s.elapsed) }, Getenv: func(k string) string { return env[k] }})
		if err != nil {
			t.Fatal(err)
		}
		defer m.Close()
		sum, err := m.Once(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return sum
	}
	if sum := once(); sum.FeedsLost != 1 || len(sent) != 0 {
		t.Errorf("without a token: %+v, asked %d times", sum, len(sent))
	}
	env["CHORUS_X_TOKEN"] = "s3cret"
	s.elapsed = 30 * time.Hour
	if sum := once(); sum.FeedsLost != 1 || len(sent) != 0 {
		t.Errorf("without a budget: %+v, asked %d times", sum, len(sent))
	}
	s.cfg.Social.XPosts = 100
	s.elapsed = 60 * time.Hour
	if sum := once(); sum.Documents != 1 || len(sent) != 1 || sent[0] != "Bearer s3cret" {
		t.Errorf("with token and budget: %+v, sent %q", sum, sent)
	}
	s.elapsed = 61 * time.Hour // no page is left this month, or in the next one if that has begun
	s.cfg.Social.XPosts = 0
	if once(); len(sent) != 1 {
		t.Errorf("asked %d times, beyond the budget", len(sent))
	}
}
