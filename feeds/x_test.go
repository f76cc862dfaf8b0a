package feeds

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"chorus/corpus"
)

const riverTweets = "https://api.x.com/2/users/700/tweets?max_results=100"

// tweets is a page of posts by riverpost.
func tweets(more string, posts ...string) string {
	return `{"data":[` + strings.Join(posts, ",") + `],"includes":{"users":[{"id":"700","username":"riverpost"}]` + more + `}}`
}

func TestXRefusals(t *testing.T) {
	checkRefusals(t, corpus.FeedX, "", []refused{
		{"nobody", `{"errors":[{"value":"riverpost","detail":"Could not find user with username: [riverpost].","title":"Not Found Error","type":"https://api.twitter.com/2/problems/resource-not-found"}]}`,
			corpus.FaultGone, "no account has this name; X says: Not Found Error: Could not find user"},
		{"suspended", `{"errors":[{"detail":"User has been suspended: [riverpost].","title":"Forbidden","type":"https://api.twitter.com/2/problems/resource-not-found"}]}`, corpus.FaultDenied, "X has suspended the account"},
		{"protected", `{"errors":[{"detail":"Sorry, you are not authorized to see the user with id: [700].","title":"Authorization Error","type":"https://api.twitter.com/2/problems/not-authorized-for-resource"}]}`,
			corpus.FaultDenied, "the account shows its posts to followers only"},
		{"too often", `{"title":"Too Many Requests","detail":"Too Many Requests","type":"about:blank","status":429}`, corpus.FaultThrottled, "X says: Too Many Requests"},
		{"too much", `{"title":"UsageCapExceeded","detail":"Usage cap exceeded: Monthly product cap","type":"https://api.twitter.com/2/problems/usage-capped","period":"Monthly"}`,
			corpus.FaultThrottled, "what X sells for this month is used up"},
		{"no money", `{"title":"CreditsDepleted","detail":"Your account has no credits","type":"https://api.twitter.com/2/problems/credits"}`, corpus.FaultThrottled, "what X sells for this month is used up"},
		{"a bad token", `{"title":"Unauthorized","type":"about:blank","status":401,"detail":"Unauthorized"}`, corpus.FaultDenied, "X does not accept the token"},
		{"a token of version 1", `{"errors":[{"code":89,"message":"Invalid or expired token."}]}`, corpus.FaultDenied, "X does not accept the token"},
		{"not enrolled", `{"client_id":"1","detail":"You must use keys from a Project","reason":"client-not-enrolled","title":"Client Forbidden"}`, corpus.FaultDenied, "X does not accept the token"},
		{"its own trouble", `{"title":"Service Unavailable","status":503}`, corpus.FaultServer, "X says: Service Unavailable"},
		{"our mistake", `{"errors":[{"parameters":{"x":["1"]},"message":"The query parameter [x] is not one of"}],"title":"Invalid Request","detail":"One or more parameters to your request was invalid."}`,
			corpus.FaultFormat, "X says: Invalid Request: One or more"},
		{"no posts", `{"meta":{"result_count":0}}`, corpus.FaultEmpty, "an empty answer"},
		{"an empty list", `{"data":[]}`, corpus.FaultEmpty, "an empty answer"},
		{"a user without id", `{"data":{"username":"riverpost","name":"x"}}`, corpus.FaultFormat, "expected a user of X, but it has no id"},
		{"an id that is a path", `{"data":{"id":"7/../8","username":"riverpost"}}`, corpus.FaultFormat, "expected a user of X, but it has no id"},
	})
}

func TestXLookupLeadsToThePosts(t *testing.T) {
	r := mustReadAccount(t, corpus.FeedX, "", `{"data":{"id":"700","name":"River","username":"riverpost"}}`)
	u, err := url.Parse(r.Next)
	if err != nil || len(r.Posts) > 0 {
		t.Fatalf("Next = %q with %d posts: %v", r.Next, len(r.Posts), err)
	}
	q := u.Query()
	if u.Host != "api.x.com" || u.Path != "/2/users/700/tweets" || q.Get("max_results") != "100" ||
		!strings.Contains(q.Get("tweet.fields"), "note_tweet") || !strings.Contains(q.Get("expansions"), "referenced_tweets.id.author_id") || len(q) != 6 {
		t.Errorf("Next = %q", r.Next)
	}
}

func TestXPagesBack(t *testing.T) {
	const post = `{"id":"5","text":"a","author_id":"700"}`
	page := strings.TrimSuffix(tweets("", post), "}")
	for _, c := range []struct{ name, address, text, next string }{
		{"a first page", riverTweets, page + `,"meta":{"next_token":"n1"}}`, riverTweets + "&pagination_token=n1"},
		{"a later page", riverTweets + "&pagination_token=n1", page + `,"meta":{"next_token":"n2"}}`, riverTweets + "&pagination_token=n2"},
		{"the last page", riverTweets + "&pagination_token=n2", page + `,"meta":{"result_count":1}}`, ""},
		{"after the last page", riverTweets + "&pagination_token=n3", `{"meta":{"result_count":0}}`, ""},
		{"a circle", riverTweets + "&pagination_token=n1", page + `,"meta":{"next_token":"n1"}}`, ""},
	} {
		if r := mustReadAccount(t, corpus.FeedX, c.address, c.text); r.Next != c.next {
			t.Errorf("%s: Next = %q, want %q", c.name, r.Next, c.next)
		}
	}
}

func TestXWords(t *testing.T) {
	link := func(short, full string) string { return `{"url":"` + short + `","expanded_url":"` + full + `"}` }
	for _, c := range []struct{ name, text, urls, want, links string }{
		{"an entity and a link", `a &lt;b&gt; https://t.co/aaaaaaaaaa.`, link("https://t.co/aaaaaaaaaa", "https://a.example/?x=1&y=2"), "a <b> https://a.example/?x=1&y=2.", "https://a.example/?x=1&y=2"},
		{"a link twice", `https://t.co/aaaaaaaaaa https://t.co/aaaaaaaaaa`, link("https://t.co/aaaaaaaaaa", "https://a.example/"), "https://a.example/ https://a.example/", "https://a.example/ https://a.example/"},
		{"a script", `go https://t.co/aaaaaaaaaa`, link("https://t.co/aaaaaaaaaa", "javascript:alert(1)"), "go https://t.co/aaaaaaaaaa", ""},
		{"an unknown short link", `go https://t.co/zzzzzzzzzz`, link("https://t.co/aaaaaaaaaa", "https://a.example/"), "go https://t.co/zzzzzzzzzz", ""},
		{"an entity that is no short link", `eee`, link("e", "https://a.example/"), "eee", ""},
		{"its own photo", `see https://t.co/aaaaaaaaaa`, link("https://t.co/aaaaaaaaaa", "https://x.com/riverpost/status/5/photo/1"), "see", ""},
		{"another's photo", `see https://t.co/aaaaaaaaaa`, link("https://t.co/aaaaaaaaaa", "https://x.com/port/status/6/photo/1"), "see https://x.com/port/status/6/photo/1", "https://x.com/port/status/6/photo/1"},
		{"urls of another type", `word`, `7`, "word", ""},
	} {
		r := mustReadAccount(t, corpus.FeedX, riverTweets, tweets("", `{"id":"5","author_id":"700","text":"`+c.text+`","entities":{"urls":[`+c.urls+`]}}`))
		a := r.Posts[0].Article
		if links := strings.Join(urlsOf(a.Links), " "); a.Text != c.want || links != c.links {
			t.Errorf("%s: %q with %q, want %q with %q", c.name, a.Text, links, c.want, c.links)
		}
	}
}

func TestXShortLinksDoNotMakeATextHuge(t *testing.T) {
	long := "https://a.example/" + strings.Repeat("x", 2000)
	text := strings.Repeat("https://t.co/aaaaaaaaaa ", 20_000)
	r := mustReadAccount(t, corpus.FeedX, riverTweets, tweets("", `{"id":"5","author_id":"700","text":"`+text+`","entities":{"urls":[{"url":"https://t.co/aaaaaaaaaa","expanded_url":"`+long+`"}]}}`))
	checkNetworkPosts(t, r)
	if a := r.Posts[0].Article; !a.Truncated || len(a.Links) != maxPostLinks {
		t.Errorf("truncated %v, %d links", a.Truncated, len(a.Links))
	}
}

func TestXIdentityOfAnEditedPost(t *testing.T) {
	const first, second = "1991000000000000000", "1991000000000000777"
	before := mustReadAccount(t, corpus.FeedX, riverTweets, tweets("", `{"id":"`+first+`","author_id":"700","text":"one","edit_history_tweet_ids":["`+first+`"]}`)).Posts[0]
	after := mustReadAccount(t, corpus.FeedX, riverTweets, tweets("", `{"id":"`+second+`","author_id":"700","text":"two","created_at":"2026-11-23T05:40:00Z","edit_history_tweet_ids":["`+first+`","`+second+`"]}`)).Posts[0]
	if before.Item.URL != after.Item.URL || before.Article.Post.Edited || !after.Article.Post.Edited {
		t.Errorf("%s becomes %s", before.Item.URL, after.Item.URL)
	}
	if !after.Item.Updated.Equal(time.Date(2026, 11, 23, 5, 40, 0, 0, time.UTC)) || !after.Item.Published.Equal(madeAt(first).Truncate(time.Second)) {
		t.Errorf("published %v, updated %v", after.Item.Published, after.Item.Updated)
	}
}

func TestXMadeAt(t *testing.T) {
	for id, want := range map[identifier]time.Time{
		"1212092628029698048":  time.Date(2019, 12, 31, 19, 26, 16, 773e6, time.UTC),
		"20":                   {},
		"":                     {},
		"99999999999999999999": {},
	} {
		if got := madeAt(id); got.Sub(want).Abs() > time.Second {
			t.Errorf("madeAt(%q) = %v, want %v", id, got, want)
		}
	}
}

func TestXNeedsToKnowTheAccount(t *testing.T) {
	const post = `{"data":[{"id":"5","author_id":"700","text":"a"}]}`
	if r := mustReadAccount(t, corpus.FeedX, riverTweets, post); r.Posts[0].Item.URL != "https://x.com/riverpost/status/5" {
		t.Errorf("by the name in the feed: %q", r.Posts[0].Item.URL)
	}
	feed := corpus.Feed{URL: riverTweets, Kind: corpus.FeedX}
	if r, fault := Read(feed, answer(riverTweets, "", []byte(post)), noon); fault == nil {
		t.Errorf("without any name: %d posts", len(r.Posts))
	}
}

func TestXPartsOfWrongShapeCostNoPost(t *testing.T) {
	for _, more := range []string{
		`"entities":7`, `"attachments":{"media_keys":"3_1"}`, `"attachments":{"media_keys":[7]}`, `"public_metrics":[]`, `"public_metrics":{"like_count":-7,"reply_count":"x"}`,
		`"referenced_tweets":{}`, `"referenced_tweets":[{"type":"quoted","id":"../x"}]`, `"note_tweet":"x"`, `"edit_history_tweet_ids":["a","b"]`, `"created_at":{}`, `"lang":7`,
	} {
		r := mustReadAccount(t, corpus.FeedX, riverTweets, tweets("", `{"id":"5","author_id":"700","text":"Мост",`+more+`}`))
		checkNetworkPosts(t, r)
		if len(r.Posts) != 1 || r.Posts[0].Article.Text != "Мост" || r.Posts[0].Item.URL != "https://x.com/riverpost/status/5" {
			t.Errorf("%s: %+v", more, r.Posts)
		}
	}
}

func FuzzX(f *testing.F) {
	fuzzNetwork(f, corpus.FeedX, tweets("", `{"id":"5","author_id":"700","text":"RT @a: b","referenced_tweets":[{"type":"retweeted","id":"4"}]}`), `{"data":{"id":"700","username":"riverpost"}}`,
		`{"title":"Too Many Requests","status":429}`)
}
