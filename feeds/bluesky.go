package feeds

// Bluesky: app.bsky.feed.getAuthorFeed of the public AppView
// (https://docs.bsky.app/docs/api/app-bsky-feed-get-author-feed).
//
// The permalink of a post has the handle of its account, as the app writes it,
// or the DID if the handle is not valid. A repost has no page of its own. It is
// a post of the account that reposts: its address is that of the original with
// ?repost_by=HANDLE, which opens the original; its text is that of the original,
// which is the Forward. What is the original's own stays with it: counts, and
// what it answers or quotes.
//
// Posts carry the time that the author's program claims, which may be any. As in
// the app, a claim later than the arrival at the network is not believed.

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"chorus/corpus"
)

// A blueskyAnswer is an author feed or an error (https://atproto.com/specs/xrpc).
type blueskyAnswer struct {
	Feed    []json.RawMessage `json:"feed"`
	Cursor  loose[string]     `json:"cursor"`
	Error   loose[string]     `json:"error"`
	Message loose[string]     `json:"message"`
}

// A blueskyEntry is a feedViewPost of app.bsky.feed.defs.
type blueskyEntry struct {
	Post  blueskyView `json:"post"`
	Reply loose[struct {
		Parent loose[blueskyView] `json:"parent"`
	}] `json:"reply"`
	Reason *struct {
		Type      string        `json:"$type"`
		By        blueskyActor  `json:"by"`
		IndexedAt loose[string] `json:"indexedAt"`
	} `json:"reason"`
}

// reposted reports whether an account passes the post on.
func (e *blueskyEntry) reposted() bool {
	return e.Reason != nil && strings.HasSuffix(e.Reason.Type, "#reasonRepost")
}

// A blueskyView is a post as it is shown: whole, quoted, or only its address
// because it is gone, blocked or detached. A quote may be of a feed, a list, a
// labeler or a starter pack too.
type blueskyView struct {
	Type      string                 `json:"$type"`
	URI       string                 `json:"uri"`
	Author    loose[blueskyActor]    `json:"author"`
	Record    json.RawMessage        `json:"record"` // a blueskyRecord in a post
	Value     json.RawMessage        `json:"value"`  // a blueskyRecord in a quote
	Embed     loose[json.RawMessage] `json:"embed"`
	IndexedAt loose[string]          `json:"indexedAt"`
	Replies   tally                  `json:"replyCount"`
	Reposts   tally                  `json:"repostCount"`
	Likes     tally                  `json:"likeCount"`
	Quotes    tally                  `json:"quoteCount"`

	// Of what is no post.
	Creator     loose[blueskyActor] `json:"creator"`
	DisplayName loose[string]       `json:"displayName"`
	Name        loose[string]       `json:"name"`
	Description loose[string]       `json:"description"`
}

type blueskyActor struct {
	DID         string        `json:"did"`
	Handle      string        `json:"handle"`
	DisplayName loose[string] `json:"displayName"`
}

// A blueskyRecord is a post as its author wrote it (app.bsky.feed.post).
type blueskyRecord struct {
	Text      *string                      `json:"text"`
	CreatedAt loose[string]                `json:"createdAt"`
	Langs     loose[[]loose[string]]       `json:"langs"`
	Facets    loose[[]loose[blueskyFacet]] `json:"facets"`
	Reply     loose[struct {
		Parent loose[struct {
			URI string `json:"uri"`
		}] `json:"parent"`
	}] `json:"reply"`
}

// A blueskyFacet says what a part of the text is. Offsets are in bytes of UTF-8.
type blueskyFacet struct {
	Index struct {
		Start int `json:"byteStart"`
		End   int `json:"byteEnd"`
	} `json:"index"`
	Features []struct {
		Type string        `json:"$type"`
		URI  loose[string] `json:"uri"`
	} `json:"features"`
}

// A blueskyEmbed is any embed as it is shown.
type blueskyEmbed struct {
	Type   string `json:"$type"`
	Images loose[[]loose[struct {
		Thumb    loose[string] `json:"thumb"`
		Fullsize loose[string] `json:"fullsize"`
		Alt      loose[string] `json:"alt"`
	}]] `json:"images"`
	Playlist loose[string] `json:"playlist"`
	Alt      loose[string] `json:"alt"`
	External loose[struct {
		URI         string        `json:"uri"`
		Title       loose[string] `json:"title"`
		Description loose[string] `json:"description"`
	}] `json:"external"`
	Record loose[json.RawMessage] `json:"record"`
	Media  loose[json.RawMessage] `json:"media"`
}

// bluesky reads a page of an account's feed.
func (r *reader) bluesky(text []byte) error {
	r.reading.Format = "bluesky"
	var answer blueskyAnswer
	if err := decodeAnswer(text, "an author feed of Bluesky", &answer); err != nil {
		return err
	}
	switch {
	case answer.Error.V != "":
		return blueskyRefusal(answer.Error.V, answer.Message.V)
	case answer.Feed == nil:
		return errors.New("expected an author feed of Bluesky, but it has no feed")
	case len(answer.Feed) == 0 && !r.base.Query().Has("cursor"):
		return errEmpty
	}
	page := blueskyPage{reader: r, handles: map[string]string{}}
	if err := r.take(page.read(answer.Feed)); err != nil {
		return err
	}
	if c := answer.Cursor.V; c != "" && len(answer.Feed) > 0 && c != r.base.Query().Get("cursor") {
		r.reading.Next = r.older("cursor", c)
	}
	return nil
}

// blueskyRefusal makes a refusal of an error.
func blueskyRefusal(name, message string) error {
	says := said("Bluesky says: " + name + ": " + message)
	lower := strings.ToLower(message)
	switch {
	case strings.Contains(lower, "not found") && (strings.Contains(lower, "profile") || strings.Contains(lower, "actor")),
		strings.Contains(lower, "could not find"), name == "RepoNotFound", name == "ActorNotFound":
		return &refusal{corpus.FaultGone, "no account has this name; " + says}
	case name == "AccountTakedown", name == "RepoTakendown", name == "RepoSuspended":
		return &refusal{corpus.FaultDenied, "Bluesky has taken the account down; " + says}
	case name == "AccountDeactivated", name == "RepoDeactivated":
		return &refusal{corpus.FaultDenied, "the owner has deactivated the account; " + says}
	case name == "BlockedActor", name == "BlockedByActor":
		return &refusal{corpus.FaultDenied, "the account blocks its readers; " + says}
	case strings.HasPrefix(name, "Auth"), strings.HasSuffix(name, "Token"):
		return &refusal{corpus.FaultDenied, "the account shows its posts to signed-in readers only; " + says}
	case name == "RateLimitExceeded":
		return &refusal{corpus.FaultThrottled, says}
	case strings.HasPrefix(name, "Upstream"), name == "InternalServerError", name == "NotEnoughResources":
		return &refusal{corpus.FaultServer, says}
	}
	return errors.New(says)
}

// A blueskyPage is a page that is being read.
type blueskyPage struct {
	*reader
	handles map[string]string // by DID, as far as the page tells
}

func (p *blueskyPage) read(feed []json.RawMessage) harvest {
	var h harvest
	entries := make([]blueskyEntry, 0, len(feed))
	for _, raw := range feed {
		var e blueskyEntry
		if err := json.Unmarshal(raw, &e); err != nil {
			h.lose(err)
			continue
		}
		p.meet(e.Post.Author.V)
		p.meet(e.Reply.V.Parent.V.Author.V)
		entries = append(entries, e)
	}
	for i := range entries {
		post, err := p.post(&entries[i])
		if err != nil {
			h.lose(err)
			continue
		}
		h.posts = append(h.posts, post)
	}
	return h
}

// meet keeps the handle of an account, for references that have only its DID.
func (p *blueskyPage) meet(a blueskyActor) {
	if a.DID != "" && validHandle(a.Handle) {
		p.handles[a.DID] = a.Handle
	}
}

// post reads one entry of the feed.
func (p *blueskyPage) post(e *blueskyEntry) (Post, error) {
	view := &e.Post
	permalink := p.permalink(view)
	if permalink == "" {
		return Post{}, fmt.Errorf("%q with the author %q is no post", clip(view.URI, 100), clip(view.Author.V.Handle, 60))
	}
	var record blueskyRecord
	if err := json.Unmarshal(view.Record, &record); err != nil {
		return Post{}, fmt.Errorf("record of %s: %s", permalink, jsonTrouble(err))
	}
	if record.Text == nil {
		return Post{}, fmt.Errorf("record of %s: it has no text", permalink)
	}
	owner := authorOf(view)
	post := Post{Item: corpus.Item{URL: permalink, Published: p.sortedAt(record.CreatedAt.V, view.IndexedAt.V)}}
	a := &post.Article
	a.Post = &corpus.Post{}
	p.words(&post, &record)
	if e.reposted() {
		owner = e.Reason.By
		by := p.account(owner)
		if by == "" {
			return Post{}, fmt.Errorf("%s is reposted by nobody", permalink)
		}
		post.Item.URL = permalink + "?repost_by=" + by
		post.Item.Published = p.timestamp(e.Reason.IndexedAt.V)
		a.Post.Forward = p.origin(view)
		a.Post.Forward.Text = "" // it is the text of this post
	} else {
		a.Post.Counts = corpus.Counts{
			Forwards: sum(int64(view.Reposts), int64(view.Quotes)), // both pass it on
			Replies:  int64(view.Replies),
			Likes:    int64(view.Likes),
		}
		a.Post.Reply = p.answered(e, &record)
	}
	a.Post.Account, a.Post.Name = p.account(owner), literal(owner.DisplayName.V, maxNameRunes)
	post.Item.Author = cmp.Or(a.Post.Name, a.Post.Account)
	if len(view.Embed.V) > 0 {
		p.embed(a, view.Embed.V)
	}
	return post, nil
}

// words reads what the author wrote.
func (p *blueskyPage) words(post *Post, record *blueskyRecord) {
	if langs := record.Langs.V; len(langs) > 0 {
		post.Item.Lang = claimed(langs[0].V)
	}
	a := &post.Article
	setWords(a, *record.Text, post.Item.Lang)
	facets := slices.Clone(record.Facets.V)
	slices.SortStableFunc(facets, func(a, b loose[blueskyFacet]) int { return cmp.Compare(a.V.Index.Start, b.V.Index.Start) })
	for _, f := range facets {
		for _, feature := range f.V.Features {
			switch _, kind, _ := strings.Cut(feature.Type, "#"); kind {
			case "link":
				addLink(a, feature.URI.V, blueskyPart(*record.Text, f.V.Index.Start, f.V.Index.End))
			case "mention", "tag":
			default:
				addStrange(a, cmp.Or(feature.Type, "facet"), nil)
			}
		}
	}
}

// blueskyPart gives the part of a text between two byte offsets, or nothing if
// they do not lie between characters.
func blueskyPart(text string, start, end int) string {
	if start < 0 || end <= start || end > len(text) || !utf8.RuneStart(text[start]) || end < len(text) && !utf8.RuneStart(text[end]) {
		return ""
	}
	return text[start:end]
}

// sortedAt gives the time under which the app lists a post: when it says that
// it was made, but no later than when the network saw it.
func (p *blueskyPage) sortedAt(created, indexed string) time.Time {
	made, seen := p.timestamp(created), p.timestamp(indexed)
	if made.Year() < minYear || !seen.IsZero() && seen.Before(made) {
		return seen
	}
	return made
}

// answered gives the post that a post answers.
func (p *blueskyPage) answered(e *blueskyEntry, record *blueskyRecord) *corpus.Origin {
	if parent := e.Reply.V.Parent.V; parent.URI != "" {
		return p.origin(&parent)
	}
	if uri := record.Reply.V.Parent.V.URI; uri != "" {
		return p.origin(&blueskyView{URI: uri})
	}
	return nil
}

// embed reads what hangs on a post.
func (p *blueskyPage) embed(a *corpus.Article, raw json.RawMessage) {
	var e blueskyEmbed
	if json.Unmarshal(raw, &e) != nil {
		addStrange(a, "embed", raw)
		return
	}
	switch e.Type {
	case "app.bsky.embed.images#view":
		for _, image := range e.Images.V {
			addMedia(a, corpus.Media{
				Kind:  corpus.MediaPhoto,
				URL:   cmp.Or(absolute(nil, image.V.Fullsize.V), absolute(nil, image.V.Thumb.V)),
				Title: literal(image.V.Alt.V, maxTitleRunes),
			})
		}
	case "app.bsky.embed.video#view":
		addMedia(a, corpus.Media{Kind: corpus.MediaVideo, URL: absolute(nil, e.Playlist.V), Title: literal(e.Alt.V, maxTitleRunes)})
	case "app.bsky.embed.external#view":
		addCard(a, e.External.V.URI, e.External.V.Title.V, e.External.V.Description.V)
	case "app.bsky.embed.record#view":
		p.quote(a, e.Record.V)
	case "app.bsky.embed.recordWithMedia#view":
		var quoted struct {
			Record loose[json.RawMessage] `json:"record"`
		}
		if len(e.Record.V) > 0 && json.Unmarshal(e.Record.V, &quoted) == nil {
			p.quote(a, quoted.Record.V)
		}
		var media blueskyEmbed
		if json.Unmarshal(e.Media.V, &media) == nil && !strings.HasPrefix(media.Type, "app.bsky.embed.record") { // they do not nest
			p.embed(a, e.Media.V)
		}
	default:
		addStrange(a, cmp.Or(e.Type, "embed"), raw)
	}
}

// quote reads what a post quotes: another post, or something that is shown as a
// card.
func (p *blueskyPage) quote(a *corpus.Article, raw json.RawMessage) {
	var view blueskyView
	if len(raw) == 0 || json.Unmarshal(raw, &view) != nil {
		addStrange(a, "app.bsky.embed.record", raw)
		return
	}
	did, collection, key := atURI(view.URI)
	owner := cmp.Or(p.account(view.Creator.V), did)
	title := cmp.Or(view.DisplayName.V, view.Name.V)
	switch _, kind, _ := strings.Cut(view.Type, "#"); kind {
	case "viewRecord", "viewNotFound", "viewBlocked", "viewDetached":
		if a.Post.Forward == nil {
			a.Post.Quote = p.origin(&view)
		}
	case "generatorView":
		addCard(a, "https://bsky.app/profile/"+owner+"/feed/"+key, title, view.Description.V)
	case "listView":
		addCard(a, "https://bsky.app/profile/"+owner+"/lists/"+key, title, view.Description.V)
	case "labelerView":
		addCard(a, "https://bsky.app/profile/"+owner, view.Creator.V.DisplayName.V, "")
	case "starterPackViewBasic":
		addCard(a, "https://bsky.app/starter-pack/"+owner+"/"+key, wordsOf(view.Record), "")
	default:
		addStrange(a, cmp.Or(view.Type, collection, "app.bsky.embed.record"), raw)
	}
}

// origin gives a post that another one refers to.
func (p *blueskyPage) origin(view *blueskyView) *corpus.Origin {
	actor := authorOf(view)
	o := &corpus.Origin{URL: p.permalink(view), Account: p.account(actor), Name: literal(actor.DisplayName.V, maxNameRunes)}
	for _, raw := range []json.RawMessage{view.Value, view.Record} {
		var record blueskyRecord
		if len(raw) > 0 && o.Text == "" && json.Unmarshal(raw, &record) == nil && record.Text != nil {
			o.Text = shown(*record.Text)
		}
	}
	return o
}

// permalink gives the address of a post, or "" if view has none.
func (p *blueskyPage) permalink(view *blueskyView) string {
	_, collection, key := atURI(view.URI)
	account := p.account(authorOf(view))
	if collection != "app.bsky.feed.post" || account == "" {
		return ""
	}
	return "https://bsky.app/profile/" + account + "/post/" + key
}

// authorOf gives who wrote a post; its address names him too.
func authorOf(view *blueskyView) blueskyActor {
	actor := view.Author.V
	if actor.DID == "" {
		actor.DID, _, _ = atURI(view.URI)
	}
	return actor
}

// account gives the handle of an account, or its DID if that is all there is.
func (p *blueskyPage) account(a blueskyActor) string {
	if validHandle(a.Handle) {
		return a.Handle
	}
	if handle := p.handles[a.DID]; handle != "" {
		return handle
	}
	if didPattern.MatchString(a.DID) {
		return a.DID
	}
	return ""
}

// validHandle reports whether s is a handle. One that the network could not
// verify is shown as "handle.invalid".
func validHandle(s string) bool {
	return s != "handle.invalid" && len(s) <= 253 && handlePattern.MatchString(s)
}

var (
	handlePattern = regexp.MustCompile(`^[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$`)
	didPattern    = regexp.MustCompile(`^did:[a-z]+:[A-Za-z0-9._:-]{1,200}$`)
	atURIPattern  = regexp.MustCompile(`^at://(did:[a-z]+:[A-Za-z0-9._:-]{1,200})/([A-Za-z0-9.-]{1,200})/([A-Za-z0-9_~:-][A-Za-z0-9._~:-]{0,511})$`)
)

// atURI takes the address of a record apart (https://atproto.com/specs/at-uri-scheme).
func atURI(uri string) (did, collection, key string) {
	m := atURIPattern.FindStringSubmatch(uri)
	if m == nil {
		return "", "", ""
	}
	return m[1], m[2], m[3]
}
