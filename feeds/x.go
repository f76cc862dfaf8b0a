package feeds

// X: the posts of a user by version 2 of the API (https://docs.x.com/x-api/
// users/get-posts). A feed is the lookup of a user name, whose answer has no
// posts but names the page with them: Next. A feed may be that page as well.
//
// An edit makes a new post with a new id, which lists the ids of all versions;
// the permalink is that of the first, and when that was made its id tells.
// What a post refers to stands in "includes"; what is deleted or not to be seen
// does not, and is known by its id alone.
//
// The text of a repost is that of its original. Counts, answers and quotes of
// the original stay with it.

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/net/html"

	"chorus/corpus"
)

// xFields asks for all that is read of a post.
const xFields = "max_results=100" +
	"&tweet.fields=created_at,lang,public_metrics,referenced_tweets,entities,attachments,edit_history_tweet_ids,note_tweet,conversation_id,in_reply_to_user_id" +
	"&expansions=author_id,attachments.media_keys,referenced_tweets.id,referenced_tweets.id.author_id,attachments.poll_ids" +
	"&media.fields=url,alt_text,type,duration_ms,preview_image_url" +
	"&poll.fields=options,voting_status,duration_minutes" +
	"&user.fields=username,name"

// An xAnswer is a user, a page of posts, or an error, alone or beside what could
// be had.
type xAnswer struct {
	xError
	Data     json.RawMessage        `json:"data"`
	Errors   loose[[]loose[xError]] `json:"errors"`
	Includes loose[struct {
		Users  loose[[]loose[xUser]]  `json:"users"`
		Posts  loose[[]loose[xPost]]  `json:"tweets"`
		Media  loose[[]loose[xMedia]] `json:"media"`
		Ballot loose[[]loose[xPoll]]  `json:"polls"`
	}] `json:"includes"`
	Meta *struct {
		Next loose[string] `json:"next_token"`
	} `json:"meta"`
}

type xError struct {
	Title   loose[string] `json:"title"`
	Detail  loose[string] `json:"detail"`
	Type    loose[string] `json:"type"`
	Message loose[string] `json:"message"`
	Reason  loose[string] `json:"reason"`
	Status  tally         `json:"status"`
}

type xUser struct {
	ID       identifier    `json:"id"`
	Username string        `json:"username"`
	Name     loose[string] `json:"name"`
}

type xPost struct {
	ID         identifier          `json:"id"`
	Text       *string             `json:"text"`
	AuthorID   loose[identifier]   `json:"author_id"`
	CreatedAt  loose[string]       `json:"created_at"`
	Lang       loose[string]       `json:"lang"`
	History    loose[[]identifier] `json:"edit_history_tweet_ids"`
	AnswersTo  loose[identifier]   `json:"in_reply_to_user_id"`
	References loose[[]xReference] `json:"referenced_tweets"`
	Entities   loose[xEntities]    `json:"entities"`
	Note       loose[xNote]        `json:"note_tweet"`
	Attached   loose[struct {
		MediaKeys loose[[]string]     `json:"media_keys"`
		PollIDs   loose[[]identifier] `json:"poll_ids"`
	}] `json:"attachments"`
	Metrics loose[struct {
		Views   tally `json:"impression_count"`
		Reposts tally `json:"retweet_count"`
		Quotes  tally `json:"quote_count"`
		Replies tally `json:"reply_count"`
		Likes   tally `json:"like_count"`
	}] `json:"public_metrics"`
}

// An xNote is the whole text of a post that is longer than 280 characters.
type xNote struct {
	Text     string           `json:"text"`
	Entities loose[xEntities] `json:"entities"`
}

type xReference struct {
	Type string     `json:"type"`
	ID   identifier `json:"id"`
}

type xEntities struct {
	URLs loose[[]loose[xLink]] `json:"urls"`
}

// An xLink is a link in a text, where it stands as a short address of t.co.
type xLink struct {
	URL         string        `json:"url"`
	Expanded    loose[string] `json:"expanded_url"`
	Unwound     loose[string] `json:"unwound_url"` // where it leads after redirects, if X has looked
	Title       loose[string] `json:"title"`
	Description loose[string] `json:"description"`
	MediaKey    loose[string] `json:"media_key"` // of what hangs on the post itself
}

type xMedia struct {
	Key      string         `json:"media_key"`
	Type     string         `json:"type"`
	URL      loose[string]  `json:"url"` // of photos only
	Alt      loose[string]  `json:"alt_text"`
	Duration loose[float64] `json:"duration_ms"`
}

type xPoll struct {
	ID      identifier `json:"id"`
	Options loose[[]struct {
		Label loose[string] `json:"label"`
		Votes tally         `json:"votes"`
	}] `json:"options"`
}

// x reads a user or a page of posts.
func (r *reader) x(text []byte) error {
	r.reading.Format = "x"
	var answer xAnswer
	if err := decodeAnswer(text, "a user or posts of X", &answer); err != nil {
		return err
	}
	switch data := bytes.TrimSpace(answer.Data); {
	case bytes.HasPrefix(data, []byte("{")):
		return r.xLookup(data)
	case bytes.HasPrefix(data, []byte("[")):
		return r.xPosts(&answer)
	case len(data) > 0 && string(data) != "null":
		return errors.New(`expected a user or posts of X, but "data" is neither`)
	}
	if err := answer.refusal(); err != nil {
		return err
	}
	if answer.Meta == nil {
		return errors.New("expected a user or posts of X, but it has no data")
	}
	if !r.base.Query().Has("pagination_token") {
		return errEmpty
	}
	return nil
}

// xLookup reads the answer to the lookup of a user.
func (r *reader) xLookup(data []byte) error {
	var user xUser
	if err := decodeAnswer(data, "a user of X", &user); err != nil {
		return err
	}
	if !xID.MatchString(string(user.ID)) {
		return errors.New("expected a user of X, but it has no id")
	}
	next := url.URL{Scheme: r.base.Scheme, Host: r.base.Host, Path: "/2/users/" + string(user.ID) + "/tweets", RawQuery: xFields}
	r.reading.Next = absolute(nil, next.String())
	return nil
}

var (
	xID    = regexp.MustCompile(`^[0-9]{1,19}$`)
	xName  = regexp.MustCompile(`^[A-Za-z0-9_]{1,20}$`)
	tcoURL = regexp.MustCompile(`https?://t\.co/[A-Za-z0-9]+`)
)

// refusal makes a refusal of the errors of an answer; nil if there are none.
func (a *xAnswer) refusal() error {
	all := []xError{a.xError}
	for _, e := range a.Errors.V {
		all = append(all, e.V)
	}
	for _, e := range all {
		if e != (xError{}) {
			return e.refusal()
		}
	}
	return nil
}

func (e xError) refusal() error {
	says := said("X says: " + strings.Trim(e.Title.V+": "+cmp.Or(e.Detail.V, e.Message.V), ": "))
	status := int64(e.Status)
	words := strings.ToLower(strings.Join([]string{e.Title.V, e.Detail.V, e.Message.V, e.Type.V, e.Reason.V}, " "))
	has := func(any ...string) bool {
		for _, s := range any {
			if strings.Contains(words, s) {
				return true
			}
		}
		return false
	}
	switch {
	case has("usage-cap", "usagecap", "usage cap", "credits", "spend cap", "spendcap"):
		return &refusal{corpus.FaultThrottled, "what X sells for this month is used up; " + says}
	case status == http.StatusTooManyRequests, has("too many requests", "rate limit"):
		return &refusal{corpus.FaultThrottled, says}
	case has("suspended"):
		return &refusal{corpus.FaultDenied, "X has suspended the account; " + says}
	case has("not-authorized-for-resource", "not authorized to see", "authorization error", "protected"):
		return &refusal{corpus.FaultDenied, "the account shows its posts to followers only; " + says}
	case status == http.StatusUnauthorized, status == http.StatusForbidden, has("unauthorized", "forbidden", "not-enrolled", "expired token", "authenticate"):
		return &refusal{corpus.FaultDenied, "X does not accept the token; " + says}
	case status == http.StatusNotFound, has("not found", "not-found", "could not find", "does not exist"):
		return &refusal{corpus.FaultGone, "no account has this name; " + says}
	case status >= 500, has("unavailable", "internal error", "over capacity"):
		return &refusal{corpus.FaultServer, says}
	}
	return errors.New(says)
}

// An xPage is a page of posts that is being read.
type xPage struct {
	*reader
	users map[identifier]xUser
	posts map[identifier]*xPost // what posts refer to
	media map[string]xMedia
	polls map[identifier]xPoll
}

// xPosts reads a page of posts.
func (r *reader) xPosts(answer *xAnswer) error {
	var data []json.RawMessage
	if err := decodeAnswer(answer.Data, "posts of X", &data); err != nil {
		return err
	}
	if len(data) == 0 && !r.base.Query().Has("pagination_token") {
		return errEmpty
	}
	p := xPage{r, map[identifier]xUser{}, map[identifier]*xPost{}, map[string]xMedia{}, map[identifier]xPoll{}}
	in := answer.Includes.V
	for _, u := range in.Users.V {
		if xName.MatchString(u.V.Username) && u.V.ID != "" {
			p.users[u.V.ID] = u.V
		}
	}
	for i := range in.Posts.V {
		p.posts[in.Posts.V[i].V.ID] = &in.Posts.V[i].V
	}
	for _, m := range in.Media.V {
		p.media[m.V.Key] = m.V
	}
	for _, b := range in.Ballot.V {
		p.polls[b.V.ID] = b.V
	}
	if err := r.take(harvestOf(data, p.post)); err != nil {
		return err
	}
	if answer.Meta != nil {
		if next := answer.Meta.Next.V; next != "" && next != r.base.Query().Get("pagination_token") {
			r.reading.Next = r.older("pagination_token", next)
		}
	}
	return nil
}

// post reads one post.
func (p *xPage) post(x *xPost) (Post, error) {
	owner, known := p.users[x.AuthorID.V]
	if !known {
		owner.Username = p.polled()
	}
	if !xID.MatchString(string(x.ID)) || owner.Username == "" || x.Text == nil {
		return Post{}, fmt.Errorf("the post %q has no id, no author or no text", clip(string(x.ID), 60))
	}
	post := Post{Item: corpus.Item{URL: xPermalink(owner.Username, x.first()), Published: p.timestamp(x.CreatedAt.V)}}
	a := &post.Article
	a.Post = &corpus.Post{Account: owner.Username, Name: literal(owner.Name.V, maxNameRunes)}
	post.Item.Author = cmp.Or(a.Post.Name, a.Post.Account)
	if x.first() != x.ID {
		a.Post.Edited = true
		post.Item.Published, post.Item.Updated = madeAt(x.first()), post.Item.Published
	}
	words, cut := x, false
	for _, ref := range x.References.V {
		switch ref.Type {
		case "retweeted":
			a.Post.Forward = p.origin(ref.ID, "")
			a.Post.Forward.Text = "" // it is the text of this post
			if words = p.posts[ref.ID]; words == nil || words.Text == nil {
				words = x.unprefixed(a.Post.Forward)
				cut = strings.HasSuffix(*words.Text, "…")
			}
		case "quoted":
			a.Post.Quote = p.origin(ref.ID, "")
		case "replied_to":
			a.Post.Reply = p.origin(ref.ID, x.AnswersTo.V)
		}
	}
	if a.Post.Forward == nil {
		m := x.Metrics.V
		a.Post.Counts = corpus.Counts{
			Views:    int64(m.Views),
			Forwards: sum(int64(m.Reposts), int64(m.Quotes)), // both pass it on
			Replies:  int64(m.Replies),
			Likes:    int64(m.Likes),
		}
	}
	post.Item.Lang = claimed(words.Lang.V)
	words.write(a, post.Item.Lang)
	a.Truncated = a.Truncated || cut
	p.attached(a, words)
	for _, ref := range x.References.V {
		if ref.Type != "retweeted" && ref.Type != "quoted" && ref.Type != "replied_to" {
			addStrange(a, "reference "+ref.Type, nil)
		}
	}
	return post, nil
}

// polled gives the user name that the feed asks for, if it asks for one.
func (p *xPage) polled() string {
	_, name, _ := strings.Cut(p.feed.URL, "/users/by/username/")
	name, _, _ = strings.Cut(name, "?")
	if !xName.MatchString(name) {
		return ""
	}
	return name
}

// first gives the id of the first version of a post.
func (x *xPost) first() identifier {
	if history := x.History.V; len(history) > 1 && xID.MatchString(string(history[0])) {
		return history[0]
	}
	return x.ID
}

// madeAt gives the time that an id holds: milliseconds since X began to count,
// above 22 other bits.
func madeAt(id identifier) time.Time {
	n, err := strconv.ParseInt(string(id), 10, 64)
	if err != nil || n < 1<<22 { // older ids are mere numbers
		return time.Time{}
	}
	const began = 1288834974657
	return time.UnixMilli(n>>22 + began).UTC()
}

// xPermalink gives the address of a post; X knows it without the account too.
func xPermalink(account string, id identifier) string {
	return "https://x.com/" + cmp.Or(account, "i") + "/status/" + string(id)
}

// origin gives a post that another one refers to. author is who wrote it, if
// that is known.
func (p *xPage) origin(id, author identifier) *corpus.Origin {
	o := &corpus.Origin{}
	x := p.posts[id]
	if x != nil {
		author = cmp.Or(x.AuthorID.V, author)
		id = x.first()
		if x.Text != nil {
			var words corpus.Article
			words.Post = &corpus.Post{}
			x.write(&words, "")
			o.Text = shown(words.Text)
		}
	}
	user := p.users[author]
	o.Account, o.Name = user.Username, literal(user.Name.V, maxNameRunes)
	if xID.MatchString(string(id)) {
		o.URL = xPermalink(o.Account, id)
	}
	return o
}

// unprefixed gives a repost whose original is not there: its text begins with
// "RT @NAME: " and is cut. The name completes the origin.
func (x *xPost) unprefixed(o *corpus.Origin) *xPost {
	own := *x
	rest, ok := strings.CutPrefix(*x.Text, "RT @")
	name, text, found := strings.Cut(rest, ": ")
	if !ok || !found || !xName.MatchString(name) {
		return &own
	}
	own.Text = &text
	if o.Account == "" && o.URL != "" {
		o.Account = name
		o.URL = strings.Replace(o.URL, "/i/status/", "/"+name+"/status/", 1)
	}
	return &own
}

// write puts the words of a post into an article, with their links. What stands
// for the media of the post and for the post that it quotes is no link.
func (x *xPost) write(a *corpus.Article, lang string) {
	text := *x.Text
	links := map[string]xLink{}
	for _, entities := range []xEntities{x.Entities.V, x.Note.V.Entities.V} {
		for _, l := range entities.URLs.V {
			if len(links) < maxPostLinks && l.V.URL != "" {
				links[l.V.URL] = l.V
			}
		}
	}
	if x.Note.V.Text != "" {
		text = x.Note.V.Text
	}
	var found []xLink
	text = tcoURL.ReplaceAllStringFunc(html.UnescapeString(text), func(short string) string {
		l, ok := links[short]
		full := absolute(nil, l.Expanded.V)
		switch {
		case !ok, full == "", len(found) >= maxPostLinks:
			return short
		case l.MediaKey.V != "", x.standsFor(full):
			return ""
		}
		found = append(found, l)
		return full
	})
	setWords(a, text, lang)
	for _, l := range found {
		addLink(a, cmp.Or(absolute(nil, l.Unwound.V), l.Expanded.V), l.Expanded.V)
		if l.Title.V != "" {
			addCard(a, cmp.Or(absolute(nil, l.Unwound.V), l.Expanded.V), l.Title.V, l.Description.V)
		}
	}
}

var xStatus = regexp.MustCompile(`^https?://(?:www\.|mobile\.)?(?:x|twitter)\.com/[A-Za-z0-9_/]+/status/([0-9]+)(/(?:photo|video)/[0-9]+)?/?(?:\?.*)?$`)

// standsFor reports whether an address in a text is of the media of a post or
// of a post that this one quotes.
func (x *xPost) standsFor(link string) bool {
	m := xStatus.FindStringSubmatch(link)
	if m == nil {
		return false
	}
	for _, ref := range x.References.V {
		if ref.Type == "quoted" && string(ref.ID) == m[1] {
			return true
		}
	}
	own := m[1] == string(x.ID) || slices.Contains(x.History.V, identifier(m[1]))
	return m[2] != "" && own
}

// attached reads what hangs on a post.
func (p *xPage) attached(a *corpus.Article, x *xPost) {
	for _, key := range x.Attached.V.MediaKeys.V {
		m, ok := p.media[key]
		medium := corpus.Media{URL: absolute(nil, m.URL.V), Title: literal(m.Alt.V, maxTitleRunes), Seconds: seconds(m.Duration.V / 1000)}
		switch {
		case !ok:
			medium.Kind = corpus.MediaNone
		case m.Type == "photo":
			medium.Kind = corpus.MediaPhoto
		case m.Type == "video", m.Type == "animated_gif":
			medium.Kind = corpus.MediaVideo
		default:
			addStrange(a, cmp.Or(m.Type, "media"), nil)
			medium.Kind = corpus.MediaNone
		}
		addMedia(a, medium)
	}
	for _, id := range x.Attached.V.PollIDs.V {
		if poll, ok := p.polls[id]; ok && a.Post.Poll == nil {
			a.Post.Poll = poll.ballot()
		}
	}
}

// ballot gives a poll. Its question is the text of the post.
func (x *xPoll) ballot() *corpus.Ballot {
	b := &corpus.Ballot{}
	options := x.Options.V[:min(len(x.Options.V), maxParts)]
	for _, o := range options {
		b.Voters = sum(b.Voters, int64(o.Votes))
	}
	for _, o := range options {
		b.Options = append(b.Options, corpus.BallotOption{Text: literal(o.Label.V, maxTitleRunes), Share: share(int64(o.Votes), b.Voters)})
	}
	return b
}
