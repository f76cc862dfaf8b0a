package feeds

// Posts: what the adapters of the networks share. Each network has a file.

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"chorus/corpus"
)

// social reads the answer of a network.
func (r *reader) social(text []byte) error {
	switch r.feed.Kind {
	case corpus.FeedTelegram:
		return r.telegram(text)
	case corpus.FeedBluesky:
		return r.bluesky(text)
	case corpus.FeedMastodon:
		return r.mastodon(text)
	case corpus.FeedYouTube:
		return r.youtube(text)
	case corpus.FeedVK:
		return r.vk(text)
	case corpus.FeedX:
		return r.x(text)
	}
	return fmt.Errorf("no reader for accounts of kind %s", r.feed.Kind)
}

// A refusal is an account that answers, but not with posts. It becomes a fault
// of its class.
type refusal struct {
	class  corpus.FaultClass
	reason string
}

func (e *refusal) Error() string { return e.reason }

// addPost takes a post in, unless it has no permalink or comes twice, and
// reports whether it did. It holds the rules that all networks share.
func (r *reader) addPost(p Post) bool {
	canonical, err := corpus.Canonical(p.Item.URL)
	if err != nil {
		r.noLink++
		return false
	}
	if r.include != nil && !r.include.MatchString(p.Item.URL) || r.exclude != nil && r.exclude.MatchString(p.Item.URL) {
		r.filtered++
		return false
	}
	if _, twice := r.seen[canonical]; twice {
		return false
	}
	r.seen[canonical] = len(r.reading.Posts)
	network := string(r.feed.Kind)
	p.Item.Feed = r.feed.URL
	p.Item.Lang = languageTag(p.Item.Lang, r.feed.Lang)
	p.Item.Published, p.Item.Updated = r.believe(p.Item.Published), r.believe(p.Item.Updated)
	a := &p.Article
	a.Kind, a.Extractor, a.Charset = corpus.KindPost, network, "utf-8"
	a.Published, a.Modified = p.Item.Published, p.Item.Updated
	if !a.Published.IsZero() {
		a.PublishedFrom = network
	}
	if a.Post == nil {
		a.Post = &corpus.Post{}
	}
	a.Post.Network = network
	if a.Post.Forward != nil {
		p.Item.ForwardOf = a.Post.Forward.URL
	}
	if a.Post.Counts.Known() {
		a.Post.Counts.At = r.now.Truncate(1e9)
	}
	r.reading.Posts = append(r.reading.Posts, p)
	return true
}

// Accounts gives the feeds of an outlet's accounts on networks that can be
// asked for posts: those of outlet.Social that no feed of its own stands for.
// A YouTube account needs its channel id (UC...), a Mastodon account its
// instance (name@instance).
func Accounts(o corpus.Outlet) []corpus.Feed {
	var out []corpus.Feed
	for _, kind := range []corpus.FeedKind{corpus.FeedTelegram, corpus.FeedBluesky, corpus.FeedMastodon, corpus.FeedYouTube, corpus.FeedVK, corpus.FeedX} {
		address := accountFeed(kind, strings.TrimPrefix(o.Social[string(kind)], "@"))
		if address != "" && !slices.ContainsFunc(o.Feeds, func(f corpus.Feed) bool { return sameAddress(f.URL, address) }) {
			out = append(out, corpus.Feed{URL: address, Kind: kind})
		}
	}
	return out
}

func sameAddress(a, b string) bool {
	x, xerr := corpus.Canonical(a)
	y, yerr := corpus.Canonical(b)
	return xerr == nil && yerr == nil && x == y
}

// accountFeed is the address of the feed of an account, empty if there is none.
func accountFeed(kind corpus.FeedKind, handle string) string {
	name := url.PathEscape(handle)
	switch {
	case handle == "":
	case kind == corpus.FeedTelegram:
		return "https://t.me/s/" + name
	case kind == corpus.FeedBluesky:
		return "https://public.api.bsky.app/xrpc/app.bsky.feed.getAuthorFeed?actor=" + url.QueryEscape(handle) + "&limit=100"
	case kind == corpus.FeedMastodon:
		if user, instance, ok := strings.Cut(handle, "@"); ok && instance != "" {
			return "https://" + instance + "/api/v1/accounts/lookup?acct=" + url.QueryEscape(user)
		}
	case kind == corpus.FeedYouTube && strings.HasPrefix(handle, "UC"):
		return "https://www.youtube.com/feeds/videos.xml?channel_id=" + url.QueryEscape(handle)
	case kind == corpus.FeedVK:
		return "https://api.vk.com/method/wall.get?domain=" + url.QueryEscape(handle) + "&count=100&extended=1&v=5.199"
	case kind == corpus.FeedX:
		return "https://api.x.com/2/users/by/username/" + name
	}
	return ""
}
