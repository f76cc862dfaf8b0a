package feeds

// One item of 4CAT or Zeeschuimer, as the network sent it to a browser. The
// shapes are not promised by anyone, and they change: numbers are strings at
// times, members move. So a member is looked for where it may be, and one that
// is not there is not told.

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/net/html"

	"chorus/corpus"
)

// fourCATExported reads one post that FourCAT gave.
func fourCATExported(raw []byte, now time.Time) (Post, error) {
	var in fourCATPost
	if err := json.Unmarshal(raw, &in); err != nil {
		return Post{}, fmt.Errorf("a post of 4CAT: %w", err)
	}
	return in.read(now)
}

func (in fourCATPost) read(now time.Time) (Post, error) {
	s := webPost{platform: in.Platform, now: now, collected: time.UnixMilli(in.Collected).UTC()}
	if in.Collected <= 0 {
		s.collected = now
	}
	if in.Columns != nil {
		return s.row(in.Columns)
	}
	n, err := nodeOf(in.Data)
	if err != nil {
		return Post{}, fmt.Errorf("a post of 4CAT: %w", err)
	}
	switch in.Platform {
	case "weibo":
		err = s.weibo(n)
	case "tiktok":
		err = s.tiktok(n)
	case "x":
		err = s.tweet(n)
	case "instagram":
		err = s.instagram(n)
	case "threads":
		err = s.threads(n)
	default:
		err = fmt.Errorf("posts of %q are not read", clip(in.Platform, 60))
	}
	if err != nil {
		return Post{Item: s.item}, err
	}
	return s.finish()
}

// A node is a place in a JSON document of no promised shape.
type node struct{ v any }

func nodeOf(raw []byte) (node, error) {
	d := json.NewDecoder(strings.NewReader(string(raw)))
	d.UseNumber() // the numbers of posts are too long for a float
	var n node
	err := d.Decode(&n.v)
	return n, err
}

// at gives what is below some keys.
func (n node) at(keys ...string) node {
	for _, key := range keys {
		m, ok := n.v.(map[string]any)
		if !ok {
			return node{}
		}
		n = node{m[key]}
	}
	return n
}

// any gives what is below the first of some keys that has anything.
func (n node) any(keys ...string) node {
	for _, key := range keys {
		if found := n.at(key); found.v != nil && found.v != "" {
			return found
		}
	}
	return node{}
}

func (n node) has() bool { return n.v != nil }

// list gives the elements of a list, at most maxParts.
func (n node) list() []node {
	var out []node
	l, _ := n.v.([]any)
	for _, v := range l[:min(len(l), maxParts)] {
		out = append(out, node{v})
	}
	return out
}

// first gives the first element of a list.
func (n node) first() node {
	if l, _ := n.v.([]any); len(l) > 0 {
		return node{l[0]}
	}
	return node{}
}

// text gives a string, or a number as one.
func (n node) text() string {
	switch v := n.v.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	}
	return ""
}

func (n node) name() string { return oneLine(n.text()) }

func (n node) link() string {
	link := n.text()
	if strings.HasPrefix(link, "//") {
		link = "https:" + link
	}
	return leadsTo(absolute(nil, link))
}

func (n node) yes() bool {
	switch v := n.v.(type) {
	case bool:
		return v
	case string:
		return v == "yes" || v == "true" || v == "True" || v == "1"
	case json.Number:
		return v != "0"
	}
	return false
}

func (n node) real() float64 {
	f, err := strconv.ParseFloat(strings.TrimSpace(n.text()), 64)
	if err != nil || math.IsNaN(f) || math.IsInf(f, 0) {
		return 0
	}
	return f
}

// whole gives a whole number, however it is written.
func (n node) whole() int64 {
	s := strings.TrimSpace(n.text())
	if v, err := strconv.ParseInt(s, 10, 64); err == nil {
		return v
	}
	if f := n.real(); f != 0 {
		if math.Abs(f) < math.MaxInt64/2 {
			return int64(f)
		}
		return 0
	}
	if i := strings.IndexAny(s, "万萬亿億"); i >= 0 {
		scale := 1e4
		if strings.HasPrefix(s[i:], "亿") || strings.HasPrefix(s[i:], "億") {
			scale = 1e8
		}
		if f := (node{s[:i]}).real() * scale; math.Abs(f) < math.MaxInt64/2 {
			return int64(f)
		}
		return 0
	}
	return numberOf(s)
}

// count gives a number of people or times. Some networks write -1 for a hidden
// one.
func (n node) count() int64 { return max(0, n.whole()) }

// seconds gives a duration in seconds.
func (n node) seconds() time.Duration {
	if f := n.real(); 0 < f && f < 1e6 {
		return time.Duration(math.Round(f)) * time.Second
	}
	return 0
}

// A webPost is an item of a network being read.
type webPost struct {
	platform  string
	collected time.Time // by the browser
	now       time.Time
	item      corpus.Item
	post      corpus.Post
	text      string
	cut       bool
	links     []corpus.Link
	images    []string
}

// account sets whose post it is, and its permalink.
func (s *webPost) account(handle, name, permalink string) {
	s.item.URL = permalink
	s.post.Account, s.post.Name = handle, oneLine(name)
	s.item.Author = cmp.Or(s.post.Name, handle)
}

// words sets the text, and takes the addresses in it for links.
func (s *webPost) words(text string) {
	s.text, s.cut = paragraphs(text, maxPostRunes)
	s.bare(s.text)
}

var bareLink = regexp.MustCompile(`https?://[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%-]+`)

func (s *webPost) bare(text string) {
	for _, link := range bareLink.FindAllString(text, maxPostLinks) {
		link = strings.TrimRight(link, ".,;:!?'")
		if strings.HasSuffix(link, ")") && !strings.Contains(link, "(") {
			link = strings.TrimRight(link, ").,")
		}
		s.link(link, link)
	}
}

func (s *webPost) link(link, words string) {
	link = leadsTo(absolute(nil, link))
	if link == "" || len(s.links) >= maxPostLinks || slices.ContainsFunc(s.links, func(l corpus.Link) bool { return l.URL == link }) {
		return
	}
	s.links = append(s.links, corpus.Link{URL: link, Text: clip(oneLine(words), maxLinkBytes)})
}

// leadsTo gives the address that an address of the network leads to.
func leadsTo(link string) string {
	u, err := url.Parse(link)
	if err != nil {
		return link
	}
	behind := ""
	switch host := strings.TrimPrefix(strings.ToLower(u.Hostname()), "www."); {
	case host == "l.instagram.com", host == "l.threads.com", host == "l.threads.net", host == "l.facebook.com",
		strings.HasSuffix(host, "weibo.cn") && strings.HasPrefix(u.Path, "/sinaurl"):
		behind = u.Query().Get("u")
	case host == "tiktok.com" && strings.HasPrefix(u.Path, "/link/"):
		behind = u.Query().Get("target")
	}
	return cmp.Or(absolute(nil, behind), link)
}

func (s *webPost) attach(medium corpus.Media) {
	if len(s.post.Media) >= maxParts || slices.Contains(s.post.Media, medium) {
		return
	}
	s.post.Media = append(s.post.Media, medium)
	if medium.Kind == corpus.MediaPhoto && medium.URL != "" {
		s.images = append(s.images, medium.URL)
	}
}

func (s *webPost) strange(name string) {
	name = clip(oneLine(name), 60)
	if name != "" && !slices.Contains(s.post.Strange, name) && len(s.post.Strange) < maxStrange {
		s.post.Strange = append(s.post.Strange, name)
	}
}

// finish gives the post. What was counted was counted when it was collected.
func (s *webPost) finish() (Post, error) {
	a := corpus.Article{Text: s.text, Truncated: s.cut, Links: s.links, Images: s.images, Post: &s.post}
	setLang(&a, s.item.Lang)
	p, err := imported(s.platform, Post{Item: s.item, Article: a}, s.now)
	if err == nil && s.post.Counts.Known() && s.collected.Year() >= minYear && !s.collected.After(s.now) {
		p.Article.Post.Counts.At = s.collected.Truncate(time.Second)
	}
	return p, err
}

// when reads a time: in seconds since 1970, or as it is printed, in UTC if no
// zone is. One that says how long ago is counted back from the collection.
func (s *webPost) when(n node) time.Time {
	text := strings.TrimSpace(n.text())
	if text == "" {
		return time.Time{}
	}
	if v, err := strconv.ParseFloat(text, 64); err == nil {
		switch {
		case !(0 < v && v < 1e14):
			return time.Time{}
		case v >= 1e11:
			return time.UnixMilli(int64(v)).UTC()
		}
		return time.Unix(int64(v), 0).UTC()
	}
	for _, layout := range []string{"2006-01-02 15:04:05", time.RFC3339, time.RubyDate, "2006-01-02T15:04:05"} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC()
		}
	}
	t, _ := parseDate(text, s.collected)
	return t
}

// isHandle reports whether s can stand in a path as the name of an account.
func isHandle(s string) bool {
	if s == "" || len(s) > 64 {
		return false
	}
	for _, c := range s {
		if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '_' || c == '.' || c == '-') {
			return false
		}
	}
	return strings.Trim(s, ".") != ""
}

// errNoNumber and errNoAccount are of items that have no permalink.
var (
	errNoNumber  = errors.New("an item without the number of a post")
	errNoAccount = errors.New("an item without an account")
)

// tiktok reads a video, or the pictures that TikTok shows like one.
func (s *webPost) tiktok(n node) error {
	id, author := n.at("id").text(), n.at("author")
	handle, name := author.at("uniqueId").text(), author.at("nickname").text()
	if handle == "" { // as it is embedded in a page
		handle, name = author.text(), n.at("nickname").text()
	}
	switch {
	case !isDigits(id):
		return errNoNumber
	case !isHandle(handle):
		return errNoAccount
	}
	s.account(handle, name, tiktokURL(handle, id))
	s.item.Published = s.when(n.at("createTime"))
	if lang := n.at("textLanguage").text(); lang != "un" {
		s.item.Lang = claimed(lang)
	}
	s.words(n.at("desc").text())
	stats := n.any("statsV2", "stats")
	s.post.Counts = corpus.Counts{Views: stats.at("playCount").count(), Likes: stats.at("diggCount").count(),
		Replies: stats.at("commentCount").count(), Forwards: stats.at("shareCount").count()}
	if pictures := n.at("imagePost", "images").list(); len(pictures) > 0 {
		for _, p := range pictures {
			s.attach(corpus.Media{Kind: corpus.MediaPhoto, URL: p.at("imageURL", "urlList").first().link()})
		}
	} else if video := n.at("video"); video.has() {
		s.attach(corpus.Media{Kind: corpus.MediaVideo, URL: video.any("downloadAddr", "playAddr").link(), Seconds: video.at("duration").seconds()})
	}
	if from := n.at("duetInfo", "duetFromId").text(); from != "" && from != "0" {
		s.post.Quote = &corpus.Origin{} // beside another's video, of which only the number is told
	}
	return nil
}

func tiktokURL(handle, id string) string { return "https://www.tiktok.com/@" + handle + "/video/" + id }

// instagram reads a post in one of the two shapes in which Instagram sends it.
func (s *webPost) instagram(n node) error {
	user := n.any("user", "owner")
	code, handle := n.any("code", "shortcode").text(), user.at("username").text()
	switch {
	case n.at("product_type").text() == "ad":
		return errors.New("an advertisement")
	case !isHandle(code):
		return errNoNumber
	case !isHandle(handle):
		return errNoAccount
	}
	s.account(handle, user.at("full_name").text(), instagramURL(code))
	s.item.Published = s.when(n.any("taken_at", "taken_at_timestamp"))
	caption := n.at("caption", "text").text()
	for _, edge := range n.at("edge_media_to_caption", "edges").list() {
		caption = cmp.Or(caption, edge.at("node", "text").text())
	}
	s.words(caption)
	s.post.Edited = n.at("caption_is_edited").yes()
	s.post.Counts = corpus.Counts{
		Views:   n.any("play_count", "ig_play_count", "view_count", "video_view_count").count(),
		Likes:   max(n.at("like_count").count(), n.at("edge_media_preview_like", "count").count(), n.at("edge_liked_by", "count").count()),
		Replies: max(n.at("comment_count").count(), n.at("edge_media_to_comment", "count").count(), n.at("edge_media_preview_comment", "count").count()),
	}
	s.metaMedia(n)
	if place := n.at("location", "name").name(); place != "" {
		s.attach(corpus.Media{Kind: corpus.MediaLocation, Title: place})
	}
	return nil
}

func instagramURL(code string) string { return "https://www.instagram.com/p/" + code }

// metaMedia reads what hangs on a post of Instagram or Threads.
func (s *webPost) metaMedia(n node) {
	members := n.at("carousel_media").list()
	for _, edge := range n.at("edge_sidecar_to_children", "edges").list() {
		members = append(members, edge.at("node"))
	}
	if len(members) == 0 {
		members = []node{n}
	}
	for _, m := range members {
		picture := cmp.Or(m.at("image_versions2", "candidates").first().at("url").link(), m.at("display_url").link())
		video := cmp.Or(m.at("video_versions").first().at("url").link(), m.at("video_url").link())
		switch {
		case video != "" || m.at("is_video").yes():
			s.attach(corpus.Media{Kind: corpus.MediaVideo, URL: video, Seconds: m.at("video_duration").seconds()})
		case picture != "":
			s.attach(corpus.Media{Kind: corpus.MediaPhoto, URL: picture, Title: m.at("accessibility_caption").name()})
		}
	}
}

// threads reads a post of Threads.
func (s *webPost) threads(n node) error {
	code, handle := n.at("code").text(), n.at("user", "username").text()
	switch {
	case !isHandle(code):
		return errNoNumber
	case !isHandle(handle):
		return errNoAccount
	}
	s.account(handle, n.at("user", "full_name").text(), threadsURL(handle, code))
	s.item.Published = s.when(n.at("taken_at"))
	own, about := n, n.at("text_post_app_info")
	if passed := about.at("share_info", "reposted_post"); passed.at("code").text() != "" {
		s.post.Forward = threadsOrigin(passed)
		s.post.Forward.Text = ""
		own = passed
	} else {
		s.post.Counts = corpus.Counts{Likes: n.at("like_count").count(), Replies: about.at("direct_reply_count").count(), Forwards: about.at("repost_count").count()}
	}
	s.words(own.at("caption", "text").text())
	if quoted := about.at("share_info", "quoted_post"); quoted.at("code").text() != "" {
		s.post.Quote = threadsOrigin(quoted)
	}
	if to := about.at("reply_to_author", "username").text(); isHandle(to) {
		s.post.Reply = &corpus.Origin{Account: to}
	}
	s.metaMedia(own)
	if card := own.at("text_post_app_info", "link_preview_attachment"); card.has() {
		if link := card.at("url").link(); link != "" {
			s.attach(corpus.Media{Kind: corpus.MediaLink, URL: link, Title: card.any("title", "display_url").name()})
			s.link(link, card.any("title", "display_url").name())
		}
	}
	return nil
}

func threadsURL(handle, code string) string {
	return "https://www.threads.net/@" + handle + "/post/" + code
}

func threadsOrigin(n node) *corpus.Origin {
	handle, code := n.at("user", "username").text(), n.at("code").text()
	o := &corpus.Origin{Account: handle, Name: n.at("user", "full_name").name(), Text: shown(n.at("caption", "text").text())}
	if isHandle(handle) && isHandle(code) {
		o.URL = threadsURL(handle, code)
	}
	return o
}

// tweet reads a post of X.
func (s *webPost) tweet(n node) error {
	n = tweetIn(n)
	id := tweetID(n)
	handle, name := tweetUser(n)
	switch {
	case !isDigits(id):
		return errNoNumber
	case !isHandle(handle):
		return errNoAccount
	}
	s.account(handle, name, tweetURL(handle, id))
	legacy := n.at("legacy")
	s.item.Published = s.when(legacy.at("created_at"))
	s.post.Edited = len(n.at("edit_control", "edit_tweet_ids").list()) > 1
	own := n
	if passed := tweetIn(legacy.at("retweeted_status_result", "result")); tweetID(passed) != "" {
		s.post.Forward = tweetOrigin(passed) // whose text is this post's, and whose counts are not
		s.post.Forward.Text = ""
		own = passed
	} else {
		s.post.Counts = corpus.Counts{Views: max(n.at("views", "count").count(), n.at("ext_views", "count").count()),
			Likes: legacy.at("favorite_count").count(), Forwards: legacy.at("retweet_count").count(), Replies: legacy.at("reply_count").count()}
	}
	s.tweetWords(own)
	s.item.Lang = claimed(own.at("legacy", "lang").text())
	s.tweetQuote(own)
	if to := legacy.at("in_reply_to_screen_name").text(); isHandle(to) {
		s.post.Reply = &corpus.Origin{Account: to}
		if id := legacy.at("in_reply_to_status_id_str").text(); isDigits(id) {
			s.post.Reply.URL = tweetURL(to, id)
		}
	}
	return nil
}

// tweetIn gives the post in a wrapper that says who may see it.
func tweetIn(n node) node {
	if inner := n.at("tweet"); inner.has() {
		return inner
	}
	return n
}

func tweetID(n node) string { return cmp.Or(n.at("rest_id").text(), n.at("legacy", "id_str").text()) }

func tweetURL(handle, id string) string { return "https://x.com/" + handle + "/status/" + id }

func tweetUser(n node) (handle, name string) {
	user := n.at("core", "user_results", "result")
	if !user.has() {
		user = n.at("user")
	}
	for _, place := range []node{user.at("core"), user.at("legacy"), user} {
		if handle = place.at("screen_name").text(); handle != "" {
			return handle, place.at("name").text()
		}
	}
	return "", ""
}

func tweetOrigin(n node) *corpus.Origin {
	handle, name := tweetUser(n)
	o := &corpus.Origin{Account: handle, Name: oneLine(name), Text: shown(tweetText(n, nil))}
	if id := tweetID(n); isDigits(id) && isHandle(handle) {
		o.URL = tweetURL(handle, id)
	}
	return o
}

// tweetText gives the words with the addresses that t.co stands for. Those of
// pictures and of a quoted post are no part of them. each gets the links.
func tweetText(n node, each func(link, words string)) string {
	legacy, entities := n.at("legacy"), n.at("legacy", "entities")
	text := legacy.any("full_text", "text").text()
	if long := n.at("note_tweet", "note_tweet_results", "result"); long.at("text").text() != "" {
		text = long.at("text").text()
		entities = long.at("entity_set")
	}
	text = html.UnescapeString(text)
	quoted := legacy.at("quoted_status_permalink")
	for _, u := range entities.at("urls").list() {
		short, full := u.at("url").text(), u.at("expanded_url").link()
		switch {
		case short == "" || full == "":
		case full == quoted.at("expanded").link() || short == quoted.at("url").text():
			text = strings.ReplaceAll(text, short, "")
		default:
			text = strings.ReplaceAll(text, short, full)
			if each != nil {
				each(full, cmp.Or(u.at("display_url").text(), full))
			}
		}
	}
	for _, m := range tweetMedia(n) {
		if short := m.at("url").text(); short != "" {
			text = strings.ReplaceAll(text, short, "")
		}
	}
	return strings.TrimSpace(text)
}

func tweetMedia(n node) []node {
	media := n.at("legacy", "extended_entities", "media").list()
	if len(media) == 0 {
		media = n.at("legacy", "entities", "media").list()
	}
	return media
}

func (s *webPost) tweetWords(n node) {
	s.text, s.cut = paragraphs(tweetText(n, s.link), maxPostRunes)
	for _, m := range tweetMedia(n) {
		medium := corpus.Media{Kind: corpus.MediaPhoto, URL: m.at("media_url_https").link(), Title: m.at("ext_alt_text").name()}
		switch kind := m.at("type").text(); kind {
		case "photo":
		case "video", "animated_gif":
			medium.Kind, medium.URL = corpus.MediaVideo, bestVariant(m.at("video_info", "variants"))
			medium.Seconds = node{json.Number(strconv.FormatFloat(m.at("video_info", "duration_millis").real()/1000, 'f', 3, 64))}.seconds()
		default:
			medium.Kind = corpus.MediaNone
			s.strange(kind)
		}
		s.attach(medium)
	}
	s.tweetCard(n)
}

// bestVariant gives the address of the sharpest file of a film.
func bestVariant(variants node) string {
	best, rate := "", int64(-1)
	for _, v := range variants.list() {
		if r := v.at("bitrate").count(); v.at("content_type").text() == "video/mp4" && r > rate {
			best, rate = v.at("url").link(), r
		}
	}
	return best
}

// tweetCard reads the preview of a linked page, or a poll.
func (s *webPost) tweetCard(n node) {
	card := n.at("card", "legacy")
	if !card.has() {
		card = n.at("card")
	}
	values := map[string]string{}
	for _, v := range card.at("binding_values").list() {
		values[v.at("key").text()] = v.at("value", "string_value").text()
	}
	if strings.HasPrefix(card.at("name").text(), "poll") {
		s.tweetPoll(values)
		return
	}
	title := oneLine(values["title"])
	if title == "" {
		return
	}
	link := values["card_url"]
	for _, u := range n.at("legacy", "entities", "urls").list() {
		if u.at("url").text() == link {
			link = u.at("expanded_url").text()
		}
	}
	s.attach(corpus.Media{Kind: corpus.MediaLink, URL: leadsTo(absolute(nil, link)), Title: title, Text: shown(values["description"])})
}

func (s *webPost) tweetPoll(values map[string]string) {
	poll := &corpus.Ballot{}
	votes := []int64{}
	for i := 1; values[fmt.Sprintf("choice%d_label", i)] != ""; i++ {
		v := node{values[fmt.Sprintf("choice%d_count", i)]}.count()
		poll.Voters, votes = sum(poll.Voters, v), append(votes, v)
		poll.Options = append(poll.Options, corpus.BallotOption{Text: oneLine(values[fmt.Sprintf("choice%d_label", i)])})
	}
	for i, v := range votes {
		poll.Options[i].Share = share(v, poll.Voters)
	}
	s.post.Poll = poll
}

func (s *webPost) tweetQuote(n node) {
	if quoted := tweetIn(n.at("quoted_status_result", "result")); tweetID(quoted) != "" {
		s.post.Quote = tweetOrigin(quoted)
	} else if n.at("legacy", "is_quote_status").yes() { // and it is withheld
		s.post.Quote = &corpus.Origin{URL: absolute(nil, strings.Replace(n.at("legacy", "quoted_status_permalink", "expanded").text(), "://twitter.com/", "://x.com/", 1))}
	}
}
