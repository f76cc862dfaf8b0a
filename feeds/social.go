package feeds

// Posts: what the adapters of the networks share. Each network has a file.

import (
	"fmt"

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
