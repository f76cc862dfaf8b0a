package feeds

// Telegram: the public web preview of a channel, https://t.me/s/NAME, and its
// older pages, ?before=ID. This file reads the page as a whole;
// telegram_message.go reads one message, telegram_text.go words and numbers.
//
// A channel without a preview, and every name that is no channel, redirects to
// https://t.me/NAME, a page that offers to open the app. So there are three
// answers without posts: a preview that is empty, an account that shows none,
// and a name that nobody has.

import (
	"bytes"
	"cmp"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/net/html"

	"chorus/corpus"
)

const (
	maxMissing      = 500 // permalinks that one page can find missing
	maxStrangeNames = 10  // shown in a warning
)

// telegram reads a page of a channel's web preview.
func (r *reader) telegram(text []byte) error {
	page := telegramPage{reader: r, shown: map[int64]bool{}, paged: pagesBack(r.base)}
	whole := bytes.Contains(text, []byte("</html>"))
	if i := bytes.LastIndexByte(text, '>'); !whole && i >= 0 {
		text = text[:i+1] // half a tag is no text
	}
	pieces, broken := telegramPieces(text)
	for _, piece := range pieces {
		page.find(piece)
	}
	r.reading.Format = "telegram"
	if len(page.messages) == 0 && broken == 0 {
		if page.paged && page.history {
			return nil // the page before the first post
		}
		return page.refusal(text)
	}
	if broken > 0 {
		page.gaps, r.reading.Cut = true, true
		r.reading.warnf("%s too deeply nested to read", count(broken, "part"))
	}
	page.read(whole)
	return nil
}

// telegramPieces parses a page. One that the parser refuses, for one message is
// nested too deeply, is parsed message by message; broken counts the lost ones.
func telegramPieces(text []byte) (pieces []*html.Node, broken int) {
	if page, err := html.Parse(bytes.NewReader(text)); err == nil {
		return []*html.Node{page}, 0
	}
	start := []byte(`<div class="tgme_widget_message_wrap`)
	for len(text) > 0 {
		end := len(text)
		if i := bytes.Index(text[1:], start); i >= 0 {
			end = i + 1
		}
		if piece, err := html.Parse(bytes.NewReader(text[:end])); err == nil {
			pieces = append(pieces, piece)
		} else {
			broken++
		}
		text = text[end:]
	}
	return pieces, broken
}

// pagesBack reports whether an address is not that of a channel's newest posts.
func pagesBack(u *url.URL) bool {
	q := u.Query()
	return q.Has("before") || q.Has("after") || q.Has("q")
}

// A telegramPage is what there is on a page.
type telegramPage struct {
	*reader
	messages []*html.Node   // in the page's order, the oldest first
	history  bool           // the page is a preview, though perhaps without posts
	title    string         // of the channel
	prev     []string       // where older posts may be, best first
	shown    map[int64]bool // ids of messages and of members of albums
	paged    bool           // the address says which posts the page shows
	gaps     bool           // there are messages whose ids are not known

	landing         *html.Node // of an account without a preview: the part that says who it is
	postError, head string     // of a single post that cannot be shown; <title>
}

// find collects what matters from a part of the page.
func (p *telegramPage) find(n *html.Node) {
	if n.Type == html.ElementNode && p.take(n) {
		return
	}
	for c := range n.ChildNodes() {
		p.find(c)
	}
}

// take notes an element that matters, and reports whether that was all of it.
func (p *telegramPage) take(n *html.Node) bool {
	switch n.Data {
	case "link":
		if strings.EqualFold(attribute(n, "rel"), "prev") {
			p.prev = append(p.prev, attribute(n, "href"))
		}
		return true
	case "title":
		p.head = cmp.Or(p.head, nameOf(n))
		return true
	}
	for class := range strings.FieldsSeq(attribute(n, "class")) {
		switch class {
		case "tgme_widget_message":
			p.messages = append(p.messages, n)
			return true
		case "tgme_channel_history", "tme_no_messages_found":
			p.history = true
		case "tgme_channel_info_header_title", "tgme_header_title":
			p.title = cmp.Or(p.title, nameOf(n))
			return true
		case "tme_messages_more":
			if before := attribute(n, "data-before"); before != "" {
				p.prev = append(p.prev, attribute(n, "href"), "?before="+before)
			}
			return true
		case "tgme_widget_message_error":
			p.postError = cmp.Or(p.postError, nameOf(n))
			return true
		case "tgme_page":
			p.landing = cmp.Or(p.landing, n)
		}
	}
	return false
}

// refusal says why there is no post on the page.
func (p *telegramPage) refusal(text []byte) error {
	switch {
	case p.history:
		return errEmpty
	case p.postError != "":
		return &refusal{corpus.FaultGone, "Telegram says: " + p.postError}
	case p.landing != nil:
		return refusalOfLanding(p.landing)
	case strings.Contains(strings.ToLower(p.head), "too many requests"):
		return &refusal{corpus.FaultThrottled, "the page says: " + p.head}
	case p.head != "":
		return fmt.Errorf("expected the web preview of a Telegram channel, got a page with the title %q", clip(p.head, 80))
	}
	return fmt.Errorf("expected the web preview of a Telegram channel, got %q", plainText(string(text[:min(len(text), 400)]), 60))
}

// refusalOfLanding tells from the page of a name what has that name. A name
// that nobody has gets the page of a person without a title; everyone who is
// found by a name has at least that name below the title.
func refusalOfLanding(landing *html.Node) error {
	title, extra, said := "", "", strings.ToLower(nameOf(landing))
	for n := range landing.Descendants() {
		switch {
		case hasClass(n, "tgme_page_title"):
			title = cmp.Or(title, nameOf(n))
		case hasClass(n, "tgme_page_extra"):
			extra += " " + strings.ToLower(nameOf(n))
		}
	}
	denied := func(format string) error {
		return &refusal{corpus.FaultDenied, fmt.Sprintf(format, clip(cmp.Or(title, "?"), 80))}
	}
	extra = strings.TrimSpace(extra)
	switch {
	case strings.Contains(extra, "subscriber"):
		return denied("the channel %q has no public preview")
	case strings.Contains(extra, "member"):
		return denied("%q is a group, which has no public preview")
	case strings.Contains(extra, "monthly user"), strings.HasSuffix(extra, "bot"), strings.Contains(said, "start bot"):
		return denied("%q is a bot, which has no posts")
	case strings.HasPrefix(extra, "@"):
		return denied("%q is a person, who has no posts")
	case extra != "", strings.Contains(said, "view and join"):
		return denied("the account %q has no public preview")
	}
	return &refusal{corpus.FaultGone, "no account has this name"}
}

// read takes the messages in, newest first. The last of a page that ends early
// may lack its end: the date, which ends a message, tells.
func (p *telegramPage) read(whole bool) {
	var posts []telegramPost
	for i, n := range p.messages {
		post, ok := p.message(n)
		switch {
		case !ok:
			p.gaps = true
			p.noLink++
		case !whole && i == len(p.messages)-1 && post.Item.Published.IsZero() && !post.Article.Post.Service:
			p.reading.Cut = true
			p.reading.warnf("the last post is cut off and left out")
		default:
			posts = append(posts, post)
		}
	}
	slices.SortStableFunc(posts, func(a, b telegramPost) int { return cmp.Compare(b.id, a.id) })
	var kept []telegramPost
	for _, post := range posts {
		if p.addPost(post.Post) {
			kept = append(kept, post)
		}
	}
	kept = kept[:min(len(kept), p.max)]
	p.warnOfStrange()
	p.missing(kept)
	p.next()
}

// missing lists the ids between the newest and the oldest post that the page
// does not show, the newest first. The results of a search are no series; and
// what is there, but could not be read, must not be taken for deleted.
func (p *telegramPage) missing(posts []telegramPost) {
	if len(posts) == 0 || p.gaps || p.base.Query().Has("q") {
		return
	}
	newest, oldest := posts[0], posts[len(posts)-1]
	for _, post := range posts {
		if post.account != newest.account {
			return
		}
	}
	for id := newest.id - 1; id > oldest.id && len(p.reading.Missing) < maxMissing; id-- {
		if !p.shown[id] {
			p.reading.Missing = append(p.reading.Missing, permalinkOf(newest.account, id))
		}
	}
}

// next finds the page of older posts: on the same host, and older than this.
func (p *telegramPage) next() {
	oldest := int64(0)
	for id := range p.shown {
		if oldest == 0 || id < oldest {
			oldest = id
		}
	}
	for _, link := range p.prev {
		u, err := p.base.Parse(link)
		if err != nil || u.Host != p.base.Host || absolute(nil, u.String()) == "" {
			continue
		}
		before, err := strconv.ParseInt(u.Query().Get("before"), 10, 64)
		if err == nil && 0 < before && before <= oldest {
			p.reading.Next = u.String()
			return
		}
	}
}

// A telegramPost is a post with its number in the channel.
type telegramPost struct {
	Post
	account string
	id      int64
}

// permalinkOf gives the address of a post.
func permalinkOf(account string, id int64) string {
	return "https://t.me/" + account + "/" + strconv.FormatInt(id, 10)
}

// postAt takes "NAME/ID" apart, as data-post and the paths of permalinks have
// it. What stands between the two is the topic of a forum.
func postAt(path string) (account string, id int64, ok bool) {
	parts := strings.Split(strings.Trim(path, "/"), "/")
	if len(parts) > 2 && parts[0] == "s" {
		parts = parts[1:]
	}
	if len(parts) < 2 || len(parts) > 3 || !telegramName(parts[0]) {
		return "", 0, false
	}
	number, err := strconv.ParseUint(parts[len(parts)-1], 10, 63)
	return parts[0], int64(number), err == nil && number > 0
}

// telegramName reports whether s may be the name of an account.
func telegramName(s string) bool {
	if len(s) < 2 || len(s) > 64 || strings.EqualFold(s, "joinchat") {
		return false
	}
	for _, c := range s {
		if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '_') {
			return false
		}
	}
	return true
}

// onTelegram gives the path of an address on one of Telegram's hosts for links.
func onTelegram(link string) (path string, ok bool) {
	u, err := url.Parse(link)
	if err != nil {
		return "", false
	}
	switch strings.TrimPrefix(strings.ToLower(u.Hostname()), "www.") {
	case "t.me", "telegram.me", "telegram.dog":
		return u.Path, true
	}
	return "", false
}

// originOf reads the address of a post or an account. An address that names
// neither is kept as it is: a post of a private channel has one.
func (r *reader) originOf(href string) *corpus.Origin {
	link := absolute(r.base, href)
	path, ok := onTelegram(link)
	if !ok {
		return &corpus.Origin{URL: link}
	}
	if account, id, ok := postAt(path); ok {
		return &corpus.Origin{URL: permalinkOf(account, id), Account: account}
	}
	if name := strings.Trim(strings.TrimPrefix(path, "/s/"), "/"); telegramName(name) {
		return &corpus.Origin{Account: name}
	}
	return &corpus.Origin{URL: link}
}

func hasClass(n *html.Node, class string) bool {
	for _, a := range n.Attr {
		if a.Key == "class" && strings.Contains(a.Val, class) {
			for c := range strings.FieldsSeq(a.Val) {
				if c == class {
					return true
				}
			}
		}
	}
	return false
}

// within gives the first element below n of a class, or nil.
func within(n *html.Node, class string) *html.Node {
	for d := range n.Descendants() {
		if hasClass(d, class) {
			return d
		}
	}
	return nil
}

// outermost calls fn for the elements below n of a class, but not for those
// that are within another one.
func outermost(n *html.Node, class string, fn func(*html.Node)) {
	for c := range n.ChildNodes() {
		if hasClass(c, class) {
			fn(c)
		} else {
			outermost(c, class, fn)
		}
	}
}
