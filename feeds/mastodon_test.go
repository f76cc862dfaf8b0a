package feeds

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"chorus/corpus"
)

const riverStatuses = "https://mast.example/api/v1/accounts/7/statuses?limit=2"

// toot is a post with some content and more fields.
func toot(id, content, more string) string {
	words, _ := json.Marshal(content)
	return fmt.Sprintf(`{"id":"%s","url":"https://mast.example/@river/%s","created_at":"2026-11-23T10:00:00Z","account":{"id":"7","acct":"river"},"content":%s%s}`, id, id, words, more)
}

func TestMastodonRefusals(t *testing.T) {
	checkRefusals(t, corpus.FeedMastodon, "", []refused{
		{"nobody", `{"error":"Record not found"}`, corpus.FaultGone, "no account has this name"},
		{"too often", `{"error":"Too many requests"}`, corpus.FaultThrottled, "the server says: Too many requests"},
		{"closed", `{"error":"This method requires an authenticated user"}`, corpus.FaultDenied, "the server shows no posts to readers without an account"},
		{"suspended", `{"id":"7","acct":"river","suspended":true}`, corpus.FaultDenied, "the server has suspended the account"},
		{"another trouble", `{"error":"Something went wrong"}`, corpus.FaultFormat, "the server says: Something went wrong"},
		{"an id that is a path", `{"id":"../../x","acct":"river"}`, corpus.FaultFormat, "expected an account or posts of Mastodon, but"},
		{"no posts", `[]`, corpus.FaultEmpty, "an empty answer"},
	})
}

func TestMastodonLookupLeadsToThePosts(t *testing.T) {
	for answer, want := range map[string]string{
		`{"id":"109","acct":"river","display_name":"River"}`: "https://mast.example/api/v1/accounts/109/statuses?limit=40",
		`{"id":109,"acct":"river"}`:                          "https://mast.example/api/v1/accounts/109/statuses?limit=40",
		`{"id":"9aBc","acct":"river@sea.example"}`:           "https://mast.example/api/v1/accounts/9aBc/statuses?limit=40",
	} {
		r := mustReadAccount(t, corpus.FeedMastodon, "", answer)
		if r.Next != want || len(r.Posts) > 0 {
			t.Errorf("%s: Next = %q with %d posts, want %q", answer, r.Next, len(r.Posts), want)
		}
	}
	r := mustReadAccount(t, corpus.FeedMastodon, "", `{"id":"1","acct":"river","moved":{"id":"2","url":"https://sea.example/@river"}}`)
	if !strings.Contains(strings.Join(r.Warnings, "\n"), "the account has moved to https://sea.example/@river") {
		t.Errorf("warnings %q", r.Warnings)
	}
}

func TestMastodonPagesBack(t *testing.T) {
	two := "[" + toot("12", "a", "") + "," + toot("11", "b", "") + "]"
	for _, c := range []struct{ name, address, text, next string }{
		{"a full page", riverStatuses, two, riverStatuses + "&max_id=11"},
		{"a full later page", riverStatuses + "&max_id=13", two, riverStatuses + "&max_id=11"},
		{"a page that is not full", riverStatuses, "[" + toot("12", "a", "") + "]", ""},
		{"the last page", riverStatuses + "&max_id=13", "[]", ""},
		{"a page of unknown size", strings.TrimSuffix(riverStatuses, "?limit=2"), two, ""},
		{"a circle", riverStatuses + "&max_id=11", two, ""},
		{"a full page with a broken post", riverStatuses, "[" + toot("12", "a", "") + `,{"id":"11","account":7}]`, riverStatuses + "&max_id=12"},
	} {
		if r := mustReadAccount(t, corpus.FeedMastodon, c.address, c.text); r.Next != c.next {
			t.Errorf("%s: Next = %q, want %q", c.name, r.Next, c.next)
		}
	}
}

func TestMastodonWords(t *testing.T) {
	for content, want := range map[string]string{
		"":                                   "",
		"<p>one</p>\n<p>two<br>three</p>":    "one\n\ntwo\nthree",
		"plain &lt;b&gt; &amp;amp; 👩‍🚀":      "plain <b> &amp; 👩‍🚀",
		"<p>a<script>alert(1)</script>b</p>": "ab",
		"<blockquote><p>said</p></blockquote><p>answered</p>":        "said\n\nanswered",
		"<pre><code>if x\n  y</code></pre>":                          "if x\n  y",
		"<ol><li>one</li><li>two</li></ol>after":                     "one\ntwo\n\nafter",
		`<p>go <img alt=":boat:" src="x"> on</p>`:                    "go :boat: on",
		`<p><a href="javascript:alert(1)">here</a></p><p>&nbsp;</p>`: "here",
	} {
		r := mustReadAccount(t, corpus.FeedMastodon, riverStatuses, "["+toot("1", content, "")+"]")
		if got := r.Posts[0].Article.Text; got != want || len(r.Posts[0].Article.Links) > 0 {
			t.Errorf("%q is read as %q with %v, want %q", content, got, r.Posts[0].Article.Links, want)
		}
	}
}

func TestMastodonDeepContentCostsOnlyItsPost(t *testing.T) {
	deep := strings.Repeat("<b>", 100_000) + "x"
	r := mustReadAccount(t, corpus.FeedMastodon, riverStatuses, "["+toot("2", deep, "")+","+toot("1", "kept", "")+"]")
	if len(r.Posts) != 1 || r.Posts[0].Article.Text != "kept" || !strings.HasPrefix(strings.Join(r.Warnings, "\n"), "1 post could not be read") {
		t.Errorf("Read = %d posts with %q", len(r.Posts), r.Warnings)
	}
}

func TestMastodonPartsOfWrongShapeCostNoPost(t *testing.T) {
	for _, more := range []string{
		`"card":7`, `"poll":[]`, `"poll":{"options":[{"title":7,"votes_count":-3},null]}`, `"quote":"x"`, `"quote":{"state":"accepted","quoted_status":7}`, `"media_attachments":[7,null,{"type":[]}]`,
		`"mentions":{"a":1}`, `"in_reply_to_id":{"a":1}`, `"in_reply_to_id":"../x","in_reply_to_account_id":"7"`, `"favourites_count":"9e99"`, `"created_at":12`, `"language":["ru"]`, `"edited_at":"never"`,
	} {
		r := mustReadAccount(t, corpus.FeedMastodon, riverStatuses, "["+toot("1", "Мост", ","+more)+"]")
		checkNetworkPosts(t, r)
		if len(r.Posts) != 1 || !strings.HasPrefix(r.Posts[0].Article.Text, "Мост") {
			t.Errorf("%s: %+v", more, r.Posts)
		}
	}
}

func TestMastodonBrokenBoostIsNoPostOfTheAccount(t *testing.T) {
	for _, reblog := range []string{`7`, `{}`, `{"id":"1","url":"https://mast.example/@river/1","account":{"acct":"river"},"content":"x"}`} {
		r, fault := readAccount(corpus.FeedMastodon, riverStatuses, "["+toot("1", "RT", `,"reblog":`+reblog)+"]", corpus.Feed{})
		if fault == nil || !strings.Contains(fault.Reason, "none can be read") {
			t.Errorf("%s: %d posts, fault %v", reblog, len(r.Posts), fault)
		}
	}
}

func FuzzMastodon(f *testing.F) {
	fuzzNetwork(f, corpus.FeedMastodon, "["+toot("1", "<p>a", "")+"]", `{"id":"109","acct":"river"}`, `{"error":"Record not found"}`)
}
