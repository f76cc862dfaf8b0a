package feeds

// Mastodon, and servers that speak its interface (https://docs.joinmastodon.org/
// methods/accounts/). A feed is the lookup of an account, whose answer has no
// posts but names the page with them: Next.
//
// The permalink of a post is its url, that of a boost its own uri: a boost has
// a page that leads to the original. Counts, answers and quotes of the original
// stay with it. Accounts are written with their host, NAME@HOST, as the same
// name is someone else on another server.

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/net/html"

	"chorus/corpus"
)

// mastodonPage is how many posts a page has: the most that a server gives.
const mastodonPage = 40

// A mastodonAccount is an Account, or what is answered instead of one.
type mastodonAccount struct {
	ID          identifier    `json:"id"`
	Acct        string        `json:"acct"` // NAME, or NAME@HOST if it is of another server
	URL         loose[string] `json:"url"`
	DisplayName loose[string] `json:"display_name"`
	Suspended   loose[bool]   `json:"suspended"`
	Moved       loose[struct {
		URL loose[string] `json:"url"`
	}] `json:"moved"`
	Error       loose[string] `json:"error"`
	Description loose[string] `json:"error_description"`
}

// A mastodonStatus is a Status.
type mastodonStatus struct {
	ID        identifier                      `json:"id"`
	URI       loose[string]                   `json:"uri"`
	URL       loose[string]                   `json:"url"`
	Account   mastodonAccount                 `json:"account"`
	Created   loose[string]                   `json:"created_at"`
	Edited    loose[string]                   `json:"edited_at"`
	Content   *string                         `json:"content"` // HTML
	Warning   loose[string]                   `json:"spoiler_text"`
	Language  loose[string]                   `json:"language"`
	ReplyTo   loose[identifier]               `json:"in_reply_to_id"`
	ReplyWho  loose[identifier]               `json:"in_reply_to_account_id"`
	Reblog    json.RawMessage                 `json:"reblog"` // a mastodonStatus
	Quote     loose[mastodonQuote]            `json:"quote"`
	Media     loose[[]loose[json.RawMessage]] `json:"media_attachments"`
	Mentions  loose[[]loose[mastodonAccount]] `json:"mentions"`
	Poll      loose[*mastodonPoll]            `json:"poll"`
	Replies   tally                           `json:"replies_count"`
	Reblogs   tally                           `json:"reblogs_count"`
	Favorites tally                           `json:"favourites_count"`
	Quotes    tally                           `json:"quotes_count"`
	Card      loose[struct {
		URL         loose[string] `json:"url"`
		Title       loose[string] `json:"title"`
		Description loose[string] `json:"description"`
		Provider    loose[string] `json:"provider_name"`
	}] `json:"card"`
}

// A mastodonQuote is a Quote or a ShallowQuote (since 4.5). Without the quoted
// post it is not, no more or not yet to be shown.
type mastodonQuote struct {
	State  string                 `json:"state"`
	Status loose[json.RawMessage] `json:"quoted_status"` // a mastodonStatus
	ID     loose[identifier]      `json:"quoted_status_id"`
}

type mastodonMedia struct {
	Type        string        `json:"type"`
	URL         loose[string] `json:"url"`
	RemoteURL   loose[string] `json:"remote_url"`
	Description loose[string] `json:"description"`
	Meta        loose[struct {
		Original loose[struct {
			Duration loose[float64] `json:"duration"` // seconds
		}] `json:"original"`
	}] `json:"meta"`
}

type mastodonPoll struct {
	Multiple loose[bool] `json:"multiple"`
	Voters   tally       `json:"voters_count"`
	Votes    tally       `json:"votes_count"`
	Options  loose[[]struct {
		Title loose[string] `json:"title"`
		Votes tally         `json:"votes_count"`
	}] `json:"options"`
}

// mastodon reads an account or a page of its posts.
func (r *reader) mastodon(text []byte) error {
	r.reading.Format = "mastodon"
	if !bytes.HasPrefix(bytes.TrimSpace(text), []byte("[")) {
		return r.mastodonLookup(text)
	}
	var statuses []json.RawMessage
	if err := decodeAnswer(text, "posts of Mastodon", &statuses); err != nil {
		return err
	}
	if len(statuses) == 0 && !r.base.Query().Has("max_id") {
		return errEmpty
	}
	page := mastodonReading{reader: r, local: map[identifier]string{}}
	found, last := page.read(statuses)
	if err := r.take(found); err != nil {
		return err
	}
	full, err := strconv.Atoi(r.base.Query().Get("limit"))
	if err != nil || full <= 0 {
		full = mastodonPage / 2 // what a server gives unasked
	}
	if len(statuses) >= full && last != "" && string(last) != r.base.Query().Get("max_id") {
		r.reading.Next = r.older("max_id", string(last))
	}
	return nil
}

// mastodonLookup reads the answer to the lookup of an account.
func (r *reader) mastodonLookup(text []byte) error {
	var account mastodonAccount
	if err := decodeAnswer(text, "an account or posts of Mastodon", &account); err != nil {
		return err
	}
	switch {
	case account.Error.V != "":
		return mastodonRefusal(account.Error.V, account.Description.V)
	case !mastodonID.MatchString(string(account.ID)) || account.Acct == "":
		return errors.New("expected an account or posts of Mastodon, but the answer has no id and name of an account")
	case account.Suspended.V:
		return &refusal{corpus.FaultDenied, "the server has suspended the account"}
	}
	if moved := absolute(nil, account.Moved.V.URL.V); moved != "" {
		r.reading.warnf("the account has moved to %s", moved)
	}
	next := url.URL{Scheme: r.base.Scheme, Host: r.base.Host, Path: "/api/v1/accounts/" + string(account.ID) + "/statuses", RawQuery: "limit=" + strconv.Itoa(mastodonPage)}
	r.reading.Next = absolute(nil, next.String())
	return nil
}

// mastodonID is what ids look like: numbers, or the words of other servers.
var mastodonID = regexp.MustCompile(`^[A-Za-z0-9]{1,64}$`)

// mastodonRefusal makes a refusal of an error.
func mastodonRefusal(message, description string) error {
	says := said("the server says: " + cmp.Or(message, description))
	switch lower := strings.ToLower(message + " " + description); {
	case strings.Contains(lower, "not found"), strings.Contains(lower, "gone"):
		return &refusal{corpus.FaultGone, "no account has this name; " + says}
	case strings.Contains(lower, "too many requests"), strings.Contains(lower, "throttled"):
		return &refusal{corpus.FaultThrottled, says}
	case strings.Contains(lower, "authenticated"), strings.Contains(lower, "authorized"), strings.Contains(lower, "not allowed"),
		strings.Contains(lower, "token"), strings.Contains(lower, "forbidden"), strings.Contains(lower, "suspended"), strings.Contains(lower, "confirmed"):
		return &refusal{corpus.FaultDenied, "the server shows no posts to readers without an account; " + says}
	}
	return errors.New(says)
}

// A mastodonReading is a page that is being read.
type mastodonReading struct {
	*reader
	local map[identifier]string // permalinks of the posts on the page by id
}

// read gives the posts of a page, and the id of the oldest, from which paging
// goes on.
func (p *mastodonReading) read(raws []json.RawMessage) (h harvest, last identifier) {
	statuses := make([]mastodonStatus, 0, len(raws))
	for _, raw := range raws {
		var s mastodonStatus
		if err := json.Unmarshal(raw, &s); err != nil {
			h.lose(err)
			continue
		}
		if mastodonID.MatchString(string(s.ID)) {
			last = s.ID
			p.local[s.ID] = s.permalink()
		}
		statuses = append(statuses, s)
	}
	for i := range statuses {
		post, err := p.post(&statuses[i])
		if err != nil {
			h.lose(err)
			continue
		}
		h.posts = append(h.posts, post)
	}
	return h, last
}

// permalink gives the address of a post, or "".
func (s *mastodonStatus) permalink() string {
	return cmp.Or(canonicalLink(s.URL.V), canonicalLink(s.URI.V))
}

// post reads one status.
func (p *mastodonReading) post(s *mastodonStatus) (Post, error) {
	permalink, account := s.permalink(), p.handle(s.Account)
	if permalink == "" || account == "" {
		return Post{}, fmt.Errorf("the post %q has no address or no account", clip(string(s.ID), 60))
	}
	post := Post{Item: corpus.Item{URL: permalink, Published: p.timestamp(s.Created.V)}}
	a := &post.Article
	a.Post = &corpus.Post{Account: account, Name: literal(s.Account.DisplayName.V, maxNameRunes)}
	post.Item.Author = cmp.Or(a.Post.Name, account)
	words := s
	if len(s.Reblog) > 0 && string(s.Reblog) != "null" {
		words = new(mastodonStatus)
		if err := json.Unmarshal(s.Reblog, words); err != nil {
			return Post{}, fmt.Errorf("boosted by %s: %s", permalink, jsonTrouble(err))
		}
		a.Post.Forward = p.origin(words)
		a.Post.Forward.Text = "" // it is the text of this post
		if a.Post.Forward.URL == permalink {
			return Post{}, fmt.Errorf("%s boosts itself", permalink)
		}
	} else {
		a.Post.Counts = corpus.Counts{
			Forwards: sum(int64(s.Reblogs), int64(s.Quotes)), // both pass it on
			Replies:  int64(s.Replies),
			Likes:    int64(s.Favorites),
		}
		a.Post.Reply, a.Post.Quote = p.answered(s), p.quoted(s)
		if s.Edited.V != "" {
			a.Post.Edited, post.Item.Updated = true, p.timestamp(s.Edited.V)
		}
	}
	if words.Content == nil {
		return Post{}, fmt.Errorf("%s has no content", permalink)
	}
	post.Item.Lang = claimed(words.Language.V)
	if err := mastodonWords(a, words, post.Item.Lang); err != nil {
		return Post{}, fmt.Errorf("content of %s: %w", permalink, err)
	}
	mastodonParts(a, words)
	return post, nil
}

// handle gives an account with its host.
func (p *mastodonReading) handle(a mastodonAccount) string {
	acct := strings.TrimPrefix(literal(a.Acct, maxNameRunes), "@")
	if acct == "" || strings.Contains(acct, "@") {
		return acct
	}
	return acct + "@" + p.base.Hostname()
}

// origin gives a post that another one refers to.
func (p *mastodonReading) origin(s *mastodonStatus) *corpus.Origin {
	o := &corpus.Origin{URL: s.permalink(), Account: p.handle(s.Account), Name: literal(s.Account.DisplayName.V, maxNameRunes)}
	var words corpus.Article
	if s.Content != nil && mastodonWords(&words, s, "") == nil {
		o.Text = shown(words.Text)
	}
	return o
}

// answered gives the post that a post answers, of which there is only an id on
// this server.
func (p *mastodonReading) answered(s *mastodonStatus) *corpus.Origin {
	id, who := s.ReplyTo.V, s.ReplyWho.V
	if !mastodonID.MatchString(string(id)) {
		return nil
	}
	o := &corpus.Origin{URL: p.local[id]}
	acct := ""
	switch i := slices.IndexFunc(s.Mentions.V, func(m loose[mastodonAccount]) bool { return m.V.ID == who }); {
	case who == s.Account.ID:
		acct, o.Account, o.Name = s.Account.Acct, p.handle(s.Account), literal(s.Account.DisplayName.V, maxNameRunes)
	case i >= 0:
		acct, o.Account = s.Mentions.V[i].V.Acct, p.handle(s.Mentions.V[i].V)
	}
	if o.URL == "" && acct != "" && !strings.Contains(acct, "@") { // the permalinks of other servers are not known
		o.URL = canonicalLink("https://" + p.base.Host + "/@" + url.PathEscape(acct) + "/" + string(id))
	}
	return o
}

// quoted gives the post that a post quotes.
func (p *mastodonReading) quoted(s *mastodonStatus) *corpus.Origin {
	q := s.Quote.V
	if q.State == "" {
		return nil
	}
	var status mastodonStatus
	if len(q.Status.V) > 0 && json.Unmarshal(q.Status.V, &status) == nil {
		return p.origin(&status)
	}
	return &corpus.Origin{URL: p.local[q.ID.V]}
}

// mastodonParts reads what hangs on a post.
func mastodonParts(a *corpus.Article, s *mastodonStatus) {
	for _, raw := range s.Media.V {
		var m mastodonMedia
		if json.Unmarshal(raw.V, &m) != nil {
			addStrange(a, "media_attachment", raw.V)
			continue
		}
		medium := corpus.Media{
			URL:     cmp.Or(absolute(nil, m.URL.V), absolute(nil, m.RemoteURL.V)),
			Title:   literal(m.Description.V, maxTitleRunes),
			Seconds: seconds(m.Meta.V.Original.V.Duration.V),
		}
		switch m.Type {
		case "image":
			medium.Kind = corpus.MediaPhoto
		case "video", "gifv":
			medium.Kind = corpus.MediaVideo
		case "audio":
			medium.Kind = corpus.MediaAudio
		case "unknown":
			medium.Kind = corpus.MediaNone
		default:
			addStrange(a, cmp.Or(m.Type, "media_attachment"), raw.V)
			continue
		}
		addMedia(a, medium)
	}
	if card := s.Card.V; card.URL.V != "" {
		addCard(a, card.URL.V, cmp.Or(card.Title.V, card.Provider.V), card.Description.V)
	}
	if s.Poll.V != nil {
		a.Post.Poll = s.Poll.V.ballot()
	}
}

// ballot gives a poll. Its question is the text of the post.
func (m *mastodonPoll) ballot() *corpus.Ballot {
	b := &corpus.Ballot{Voters: int64(m.Voters)}
	if m.Multiple.V {
		b.Kind = "multiple"
	}
	votes := int64(0)
	options := m.Options.V[:min(len(m.Options.V), maxParts)]
	for _, o := range options {
		votes = sum(votes, int64(o.Votes))
	}
	for _, o := range options {
		b.Options = append(b.Options, corpus.BallotOption{Text: literal(o.Title.V, maxTitleRunes), Share: share(int64(o.Votes), votes)})
	}
	return b
}

// mastodonWords reads the content of a post, which is HTML, and the warning
// before it, which is not.
func mastodonWords(a *corpus.Article, s *mastodonStatus, lang string) error {
	content, err := html.Parse(strings.NewReader(*s.Content))
	if err != nil {
		return err
	}
	w := mastodonProse{prose: prose{left: maxPostRunes}, article: a, quoting: s.Quote.V.State != ""}
	writeLines(&w.prose, s.Warning.V)
	w.paragraph()
	w.read(content)
	a.Text, a.Truncated = w.String(), w.cut
	setLang(a, lang)
	return nil
}

// A mastodonProse collects the words and links of a post.
type mastodonProse struct {
	prose
	article *corpus.Article
	quoting bool
}

func (w *mastodonProse) read(n *html.Node) {
	switch n.Type {
	case html.TextNode:
		w.write(n.Data)
		return
	case html.ElementNode, html.DocumentNode:
	default:
		return
	}
	switch n.Data {
	case "head", "script", "style", "template", "svg":
		return
	case "br":
		w.breaks, w.blanks = w.breaks+1, 0
		return
	case "img":
		w.write(attribute(n, "alt"))
		return
	case "a":
		w.anchor(n)
		return
	case "pre":
		w.code++
		defer func() { w.code-- }()
	}
	// What is quoted is named in the words for servers that do not know quotes.
	if w.quoting && hasClass(n, "quote-inline") {
		return
	}
	w.apart(n)
	w.inside(n)
	w.apart(n)
}

func (w *mastodonProse) inside(n *html.Node) {
	for c := range n.ChildNodes() {
		if w.cut {
			return
		}
		w.read(c)
	}
}

// apart separates what begins or ends with n.
func (w *mastodonProse) apart(n *html.Node) {
	switch n.Data {
	case "p", "blockquote", "pre", "ul", "ol", "h1", "h2", "h3", "h4", "h5", "h6":
		w.paragraph()
	case "li", "div":
		w.line()
	}
}

// anchor reads a link. Mentions and hashtags are none.
func (w *mastodonProse) anchor(n *html.Node) {
	start := w.b.Len()
	w.inside(n)
	tag := slices.Contains(strings.Fields(attribute(n, "rel")), "tag")
	if !tag && !hasClass(n, "mention") && !hasClass(n, "hashtag") {
		addLink(w.article, attribute(n, "href"), w.b.String()[start:])
	}
}
