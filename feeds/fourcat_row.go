package feeds

// One row of a CSV file of 4CAT. Every platform has columns of its own there,
// with much the same meaning under several names.

import (
	"cmp"
	"fmt"
	"net/url"
	"regexp"
	"strings"

	"golang.org/x/net/html"

	"chorus/corpus"
)

// A row is the columns of an item.
type row map[string]string

// any gives the first of some columns that has anything.
func (r row) any(names ...string) node {
	for _, name := range names {
		if v := strings.TrimSpace(r[name]); v != "" {
			return node{v}
		}
	}
	return node{}
}

// addresses gives the addresses in a column, which are separated by commas and
// may have some themselves.
func (r row) addresses(names ...string) []string {
	var out []string
	for _, part := range strings.Split(r.any(names...).text(), ",") {
		part = strings.TrimSpace(part)
		switch {
		case strings.HasPrefix(part, "http://"), strings.HasPrefix(part, "https://"), len(out) == 0:
			out = append(out, part)
		default:
			out[len(out)-1] += "," + part
		}
	}
	var links []string
	for _, link := range out[:min(len(out), maxParts)] {
		if link = leadsTo(absolute(nil, link)); link != "" {
			links = append(links, link)
		}
	}
	return links
}

// row reads a row of any platform.
func (s *webPost) row(r row) (Post, error) {
	handle, link, err := r.permalink(s.platform)
	if err != nil {
		return Post{}, err
	}
	s.account(handle, r.any("author_fullname", "author_full", "author_name", "nickname", "screen_name", "author").text(), link)
	s.item.Published = s.when(r.any("unix_timestamp", "timestamp_unix"))
	if s.item.Published.IsZero() {
		s.item.Published = s.when(r.any("timestamp", "created_at", "date"))
	}
	s.post.Counts = corpus.Counts{
		Views:    r.any("views", "plays", "impression_count", "view_count", "play_count").count(),
		Forwards: r.any("reposts", "shares", "retweet_count", "share_count", "repost_count", "reposts_count", "num_shares", "forwards").count(),
		Replies:  r.any("comments", "replies", "reply_count", "comment_count", "comments_count", "num_comments").count(),
		Likes:    r.any("likes", "like_count", "num_likes", "attitudes_count", "digg_count", "favorite_count").count(),
	}
	s.item.Lang = claimed(r.any("language_guess", "lang", "language").text())
	s.rowWords(r)
	s.rowOrigins(r)
	s.rowMedia(r)
	return s.finish()
}

// permalink finds the address of a post, as the network's own items have it, and
// the account. Numbers that a spreadsheet has rounded are refused.
func (r row) permalink(platform string) (handle, link string, err error) {
	given := linkOfRow(r)
	handle, id := strings.TrimPrefix(r.any("author", "username", "screen_name").text(), "@"), r.any("id", "thread_id").text()
	at := pathOf(given)
	known := isHandle(handle)
	switch platform {
	case "weibo":
		handle = r.any("author_id", "user_id", "uid").text()
		if len(at) == 2 && isDigits(at[0]) {
			handle = cmp.Or(digitsOf(handle), at[0])
			id = cmp.Or(digitsOf(id), at[1])
		}
		known, link = isDigits(handle), weiboURL(handle, cmp.Or(digitsOf(id), weiboNumber(id)))
		if digitsOf(id) == "" && weiboNumber(id) == "" {
			id = ""
		}
	case "tiktok":
		if len(at) == 3 && strings.HasPrefix(at[0], "@") {
			handle, id, known = at[0][1:], cmp.Or(digitsOf(id), digitsOf(at[2])), isHandle(at[0][1:])
		}
		id, link = digitsOf(id), tiktokURL(handle, id)
	case "x":
		if len(at) >= 3 && at[1] == "status" {
			handle, id, known = at[0], cmp.Or(digitsOf(id), digitsOf(at[2])), isHandle(at[0])
		}
		id, link = digitsOf(id), tweetURL(handle, id)
	case "instagram":
		if len(at) >= 2 && (at[0] == "p" || at[0] == "reel" || at[0] == "tv") {
			id = at[1]
		}
		link = instagramURL(id)
	case "threads":
		if len(at) == 3 && strings.HasPrefix(at[0], "@") && at[1] == "post" {
			handle, id, known = at[0][1:], at[2], isHandle(at[0][1:])
		}
		link = threadsURL(handle, id)
	default:
		return "", "", fmt.Errorf("posts of %q are not read", clip(platform, 60))
	}
	switch {
	case !isHandle(id):
		return "", "", fmt.Errorf("the id %q is no number of a post: has a spreadsheet rounded it?", clip(r.any("id").text(), 40))
	case !known:
		return "", "", errNoAccount
	}
	return handle, link, nil
}

func digitsOf(s string) string {
	if isDigits(s) {
		return s
	}
	return ""
}

// pathOf gives the parts of an address's path.
func pathOf(link string) []string {
	u, err := url.Parse(link)
	if err != nil {
		return nil
	}
	return strings.FieldsFunc(u.Path, func(c rune) bool { return c == '/' })
}

// rowWords reads the text.
func (s *webPost) rowWords(r row) {
	text := r.any("body").text()
	switch s.platform {
	case "weibo":
		if strings.Contains(text, "<") {
			s.weiboHTML(text)
			return
		}
	case "x":
		text = html.UnescapeString(text)
		if user := r.any("retweeted_user").text(); user != "" {
			if head, rest, ok := strings.Cut(text, user); ok && head == "RT @" {
				text = strings.TrimSpace(strings.TrimPrefix(rest, ":"))
			}
		}
		text = longAddresses(text, r)
	}
	s.words(text)
	for _, link := range r.addresses("urls", "link_url") {
		s.link(link, link)
	}
}

// longAddresses puts the addresses that t.co stands for in their place, in
// their order. Those that are left over at the end stand for pictures or for
// what is quoted.
func longAddresses(text string, r row) string {
	short := shortLink.FindAllString(text, maxParts)
	long := r.addresses("urls")
	if len(short) == 0 || len(short) < len(long) {
		return text
	}
	for i, link := range short {
		switch {
		case i < len(long):
			text = strings.Replace(text, link, long[i], 1)
		case r.any("images", "videos").text() != "" || r.any("is_quote_tweet").yes():
			text = strings.Replace(text, link, "", 1)
		}
	}
	return text
}

var shortLink = regexp.MustCompile(`https?://t\.co/[A-Za-z0-9]+`)

// rowOrigins reads what a post passes on, quotes or answers. 4CAT does not tell
// which post that is, but whose.
func (s *webPost) rowOrigins(r row) {
	origin := func(flag, user string) *corpus.Origin {
		account := strings.TrimPrefix(r.any(user).text(), "@")
		if !r.any(flag).yes() && (r.any(flag).has() || account == "") {
			return nil
		}
		return &corpus.Origin{Account: clip(account, 64)}
	}
	s.post.Forward = origin("is_retweet", "retweeted_user")
	s.post.Quote = origin("is_quote_tweet", "quoted_user")
	if s.post.Reply = origin("is_reply", "replied_user"); s.post.Reply == nil {
		s.post.Reply = origin("is_reply", "reply_to_author")
	}
	if r.any("is_duet").yes() {
		s.post.Quote = &corpus.Origin{}
	}
	if s.platform == "x" && s.post.Forward != nil {
		s.post.Counts = corpus.Counts{} // they are the original's
	}
}

func (s *webPost) rowMedia(r row) {
	for _, link := range r.addresses("images", "image_urls", "image_url") {
		if s.platform == "instagram" && r.any("type").text() == "video" {
			break // a frame of the film
		}
		s.attach(corpus.Media{Kind: corpus.MediaPhoto, URL: link})
	}
	films := r.addresses("videos", "video_urls", "video_url")
	if s.platform == "instagram" && r.any("type").text() == "video" {
		films = r.addresses("media_url")
	}
	for _, link := range films {
		s.attach(corpus.Media{Kind: corpus.MediaVideo, URL: link})
	}
	if link := r.addresses("link_url"); len(link) > 0 {
		s.attach(corpus.Media{Kind: corpus.MediaLink, URL: link[0]})
	}
}
