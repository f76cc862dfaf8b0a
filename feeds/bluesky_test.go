package feeds

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"chorus/corpus"
)

// blueskyPost is one entry of a feed with an embed, or "null".
func blueskyPost(text, embed string) string {
	words, _ := json.Marshal(text)
	return fmt.Sprintf(`{"feed":[{"post":{"uri":"at://did:plc:river7/app.bsky.feed.post/3l1","author":{"did":"did:plc:river7","handle":"river.example"},
		"record":{"text":%s,"createdAt":"2026-11-23T10:00:00Z"},"indexedAt":"2026-11-23T10:00:00Z","embed":%s}}]}`, words, embed)
}

func TestBlueskyRefusals(t *testing.T) {
	checkRefusals(t, corpus.FeedBluesky, "", []refused{
		{"nobody", `{"error":"InvalidRequest","message":"Profile not found"}`, corpus.FaultGone, "no account has this name"},
		{"taken down", `{"error":"AccountTakedown","message":"Account has been suspended"}`, corpus.FaultDenied, "Bluesky has taken the account down"},
		{"deactivated", `{"error":"AccountDeactivated","message":"Account is deactivated"}`, corpus.FaultDenied, "the owner has deactivated the account"},
		{"blocked", `{"error":"BlockedActor","message":""}`, corpus.FaultDenied, "the account blocks its readers"},
		{"signed in only", `{"error":"AuthMissing","message":"Authentication Required"}`, corpus.FaultDenied, "the account shows its posts to signed-in readers only"},
		{"too often", `{"error":"RateLimitExceeded","message":"Rate Limit Exceeded"}`, corpus.FaultThrottled, "Bluesky says: RateLimitExceeded"},
		{"its own trouble", `{"error":"UpstreamFailure","message":"x"}`, corpus.FaultServer, "Bluesky says: UpstreamFailure"},
		{"our mistake", `{"error":"InvalidRequest","message":"Error: actor must be a valid did or a handle"}`, corpus.FaultFormat, "Bluesky says: InvalidRequest: Error: actor must be"},
		{"no posts", `{"feed":[]}`, corpus.FaultEmpty, "an empty answer"},
		{"only broken posts", `{"feed":[{"post":{"uri":"at://did:plc:a/app.bsky.feed.post/1","author":{"did":"did:plc:a"},"record":{"text":7}}}]}`, corpus.FaultFormat,
			`1 post, and none can be read; the first: record of https://bsky.app/profile/did:plc:a/post/1: "text" is of the type number`},
	})
}

func TestBlueskyPagesBack(t *testing.T) {
	const page = "https://public.api.bsky.app/xrpc/app.bsky.feed.getAuthorFeed?actor=river.example&cursor=c1"
	post := strings.TrimSuffix(blueskyPost("Мост", "null"), "}")
	for _, c := range []struct{ name, address, text, next string }{
		{"a first page", "", post + `,"cursor":"a b&c"}`, "https://public.api.bsky.app/xrpc/app.bsky.feed.getAuthorFeed?actor=river.example&cursor=a+b%26c"},
		{"a later page", page, post + `,"cursor":"c2"}`, strings.Replace(page, "c1", "c2", 1)},
		{"the last page", page, post + `}`, ""},
		{"after the last page", page, `{"feed":[],"cursor":"c2"}`, ""},
		{"a circle", page, post + `,"cursor":"c1"}`, ""},
		{"a cursor of another type", page, post + `,"cursor":{"x":1}}`, ""},
	} {
		if r := mustReadAccount(t, corpus.FeedBluesky, c.address, c.text); r.Next != c.next {
			t.Errorf("%s: Next = %q, want %q", c.name, r.Next, c.next)
		}
	}
}

func TestBlueskyFacetsThatDoNotFitTheText(t *testing.T) {
	text := `{"feed":[{"post":{"uri":"at://did:plc:a/app.bsky.feed.post/1","author":{"did":"did:plc:a","handle":"a.example"},"record":{"text":"мост","facets":[
		{"index":{"byteStart":1,"byteEnd":4},"features":[{"$type":"app.bsky.richtext.facet#link","uri":"https://a.example/1"}]},
		{"index":{"byteStart":-5,"byteEnd":400},"features":[{"$type":"app.bsky.richtext.facet#link","uri":"https://a.example/2"}]},
		{"index":{"byteStart":4,"byteEnd":8},"features":[{"$type":"app.bsky.richtext.facet#link","uri":"javascript:alert(1)"},{"$type":"app.bsky.richtext.facet#link","uri":"https://a.example/3"}]},
		{"index":"x"}, 7
	]}}}]}`
	p := mustReadAccount(t, corpus.FeedBluesky, "", text).Posts[0]
	want := []corpus.Link{{URL: "https://a.example/2"}, {URL: "https://a.example/1"}, {URL: "https://a.example/3", Text: "ст"}}
	if p.Article.Text != "мост" || !slices.Equal(p.Article.Links, want) {
		t.Errorf("Read = %q with %+v", p.Article.Text, p.Article.Links)
	}
}

func TestBlueskyRepostIsNotItsOriginal(t *testing.T) {
	view := func(reason string) string {
		return `{"post":{"uri":"at://did:plc:a/app.bsky.feed.post/1","author":{"did":"did:plc:a","handle":"a.example"},"likeCount":9,"record":{"text":"мост"}}` + reason + `}`
	}
	by := `,"reason":{"$type":"app.bsky.feed.defs#reasonRepost","indexedAt":"2026-11-23T12:00:00Z","by":{"did":"did:plc:%s","handle":"%s"}}`
	r := mustReadAccount(t, corpus.FeedBluesky, "", `{"feed":[`+strings.Join([]string{
		view(""), view(fmt.Sprintf(by, "a", "a.example")), view(fmt.Sprintf(by, "b", "b.example")), view(fmt.Sprintf(by, "c", "handle.invalid")), view(fmt.Sprintf(by, "", "")),
	}, ",")+`]}`)
	const original = "https://bsky.app/profile/a.example/post/1"
	var got []string
	for _, p := range r.Posts {
		got = append(got, p.Item.URL)
		if forwarded := p.Item.URL != original; forwarded != (p.Item.ForwardOf == original) || forwarded == p.Article.Post.Counts.Known() || p.Article.Text != "мост" {
			t.Errorf("%s forwards %q, has %+v and %q", p.Item.URL, p.Item.ForwardOf, p.Article.Post.Counts, p.Article.Text)
		}
	}
	want := []string{original, original + "?repost_by=a.example", original + "?repost_by=b.example", original + "?repost_by=did:plc:c"}
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("permalinks %q, want %q", got, want)
	}
	if len(r.Warnings) == 0 || !strings.Contains(r.Warnings[0], "is reposted by nobody") {
		t.Errorf("warnings %q", r.Warnings)
	}
}

func TestBlueskyEmbedsOfWrongShapeCostNoPost(t *testing.T) {
	for _, embed := range []string{
		`7`, `[]`, `{}`, `{"$type":7}`, `{"$type":"app.bsky.embed.images#view","images":{"x":1}}`, `{"$type":"app.bsky.embed.images#view","images":[null,{"fullsize":7}]}`,
		`{"$type":"app.bsky.embed.record#view","record":null}`, `{"$type":"app.bsky.embed.record#view","record":{"$type":"x#viewRecord","uri":"at://x"}}`,
		`{"$type":"app.bsky.embed.external#view","external":{"uri":"javascript:alert(1)","title":"x"}}`,
		`{"$type":"app.bsky.embed.recordWithMedia#view","record":7,"media":{"$type":"app.bsky.embed.recordWithMedia#view"}}`,
	} {
		r := mustReadAccount(t, corpus.FeedBluesky, "", blueskyPost("Мост", embed))
		checkNetworkPosts(t, r)
		if len(r.Posts) != 1 || r.Posts[0].Article.Text != "Мост" {
			t.Errorf("%s: %+v", embed, r.Posts)
		}
	}
}

func FuzzBluesky(f *testing.F) {
	fuzzNetwork(f, corpus.FeedBluesky, blueskyPost("a", "null"), `{"error":"InvalidRequest","message":"Profile not found"}`,
		`{"feed":[{"post":{"uri":"at://did:a:0/app.bsky.feed.post/0","record":{"text":"of nobody"}}}]}`)
}
