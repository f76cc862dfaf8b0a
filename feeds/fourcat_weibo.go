package feeds

// Weibo, as its pages get it: the desktop site's statuses, or the cards of the
// mobile one, which hold them.
//
// A post has a number and, in addresses, the same number in another notation
// ("K3fnuEfZK" is 4607741009594608). Permalinks here have the number.

import (
	"bytes"
	"cmp"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/net/html"

	"chorus/corpus"
)

// weibo reads a post. Who passes one on mostly adds words, of which those
// behind "//@" are of others who passed it on before; without own words, the
// text of the post is that of what it passes on.
func (s *webPost) weibo(n node) error {
	if inner := n.at("mblog"); inner.has() {
		n = inner
	}
	user := n.at("user")
	id, uid := weiboID(n), user.any("idstr", "id").text()
	switch {
	case id == "":
		return errNoNumber
	case !isDigits(uid):
		return errNoAccount
	}
	s.account(weiboHandle(user), user.at("screen_name").text(), weiboURL(uid, id))
	s.item.Published = s.when(n.at("created_at"))
	s.post.Edited = n.at("edit_count").count() > 0
	s.post.Counts = corpus.Counts{Likes: n.at("attitudes_count").count(), Forwards: n.at("reposts_count").count(), Replies: n.at("comments_count").count()}
	s.weiboWords(n)
	s.weiboMedia(n)
	if passed := n.at("retweeted_status"); passed.has() {
		s.weiboForward(passed)
	}
	return nil
}

func weiboURL(uid, id string) string { return "https://weibo.com/" + uid + "/" + id }

func weiboID(n node) string {
	for _, key := range []string{"idstr", "mid", "id"} {
		if id := n.at(key).text(); isDigits(id) {
			return id
		}
	}
	return weiboNumber(cmp.Or(n.at("mblogid").text(), n.at("bid").text()))
}

// weiboNumber gives the number of a post from its notation in addresses: from
// the right, every four of its characters, in base 62, are seven digits.
func weiboNumber(id string) string {
	const digits = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	if id == "" || len(id) > 12 {
		return ""
	}
	out := ""
	for end := len(id); end > 0; end -= 4 {
		v := 0
		for _, c := range []byte(id[max(0, end-4):end]) {
			d := strings.IndexByte(digits, c)
			if d < 0 {
				return ""
			}
			v = v*62 + d
		}
		part := strconv.Itoa(v)
		if end > 4 {
			part = strings.Repeat("0", max(0, 7-len(part))) + part
		}
		out = part + out
	}
	return strings.TrimLeft(out, "0")
}

// weiboHandle gives the account: of an organisation, which Weibo has verified,
// the name that it has in addresses, if it has one; of all others the number.
func weiboHandle(user node) string {
	if kind := user.at("verified_type").whole(); user.at("verified").yes() && 1 <= kind && kind <= 7 {
		if name := user.at("domain").text(); isHandle(name) {
			return name
		}
	}
	return user.any("idstr", "id").text()
}

// weiboWords reads the text: the whole of a long one, if it is there.
func (s *webPost) weiboWords(n node) {
	long := n.at("longText", "longTextContent").text()
	text := cmp.Or(long, n.at("text").text(), n.at("text_raw").text())
	if strings.ContainsAny(text, "<&") {
		s.weiboHTML(text)
	} else {
		s.words(text)
	}
	s.weiboLinks(n)
	if long == "" && n.at("isLongText").yes() {
		s.cut = true
		for _, more := range []string{"全文", "展开", "..."} {
			s.text = strings.TrimSpace(strings.TrimSuffix(s.text, more))
		}
	}
}

// weiboHTML makes a text with markup plain. Names and topics are no links.
func (s *webPost) weiboHTML(text string) {
	page, err := html.Parse(bytes.NewReader([]byte(text)))
	if err != nil { // too deeply nested
		s.text = plainText(text, maxPostRunes)
		return
	}
	p := prose{left: maxPostRunes, base: &url.URL{Scheme: "https", Host: "weibo.com", Path: "/"}, linking: true}
	p.children(page)
	s.text, s.cut = p.String(), p.cut
	for _, l := range p.links {
		words := strings.TrimSpace(l.Text)
		if strings.HasPrefix(words, "@") || strings.HasPrefix(words, "#") || words == "全文" || words == "展开" {
			continue
		}
		s.link(l.URL, l.Text)
	}
	s.bare(s.text)
}

// weiboLinks puts the addresses that t.cn stands for in their place.
func (s *webPost) weiboLinks(n node) {
	for _, u := range n.at("url_struct").list() {
		short, full := absolute(nil, u.at("short_url").text()), u.at("long_url").link()
		if short == "" || full == "" {
			continue
		}
		s.text = strings.ReplaceAll(s.text, short, full)
		s.links = slices.DeleteFunc(s.links, func(l corpus.Link) bool { return l.URL == short })
		s.link(full, cmp.Or(u.at("url_title").text(), full))
	}
}

// weiboMedia reads the pictures and the film or page below a post.
func (s *webPost) weiboMedia(n node) {
	for _, id := range n.at("pic_ids").list() {
		sizes := n.at("pic_infos", id.text())
		s.attach(corpus.Media{Kind: corpus.MediaPhoto, URL: sizes.any("largest", "mw2000", "large", "original", "bmiddle").at("url").link()})
	}
	if len(n.at("pic_ids").list()) == 0 || !n.at("pic_infos").has() {
		for _, p := range n.at("pics").list() {
			s.attach(corpus.Media{Kind: corpus.MediaPhoto, URL: cmp.Or(p.at("large", "url").link(), p.at("url").link())})
		}
	}
	for _, item := range n.at("mix_media_info", "items").list() {
		switch kind := item.at("type").text(); kind {
		case "pic":
			s.attach(corpus.Media{Kind: corpus.MediaPhoto, URL: item.at("data").any("largest", "large", "original").at("url").link()})
		case "video":
			s.weiboPage(item.at("data"))
		default:
			s.strange(kind)
		}
	}
	if page := n.at("page_info"); page.has() {
		s.weiboPage(page)
	}
}

func (s *webPost) weiboPage(page node) {
	film := page.at("media_info")
	switch kind := page.any("object_type", "type").text(); {
	case film.has() || kind == "video":
		s.attach(corpus.Media{Kind: corpus.MediaVideo, Title: page.any("page_title", "title", "content2").name(),
			URL: film.any("mp4_hd_url", "stream_url_hd", "stream_url", "mp4_sd_url").link(), Seconds: film.at("duration").seconds()})
	case kind == "topic", kind == "search_topic", kind == "hudongvote":
	case kind == "place":
		s.attach(corpus.Media{Kind: corpus.MediaLocation, Title: page.at("page_title").name()})
	case page.at("page_url").link() != "" || page.at("page_title").name() != "":
		s.attach(corpus.Media{Kind: corpus.MediaLink, URL: page.at("page_url").link(), Title: page.at("page_title").name(), Text: shown(page.any("page_desc", "content1").text())})
	default:
		s.strange(kind)
	}
}

// weiboForward reads what a post passes on. If that is deleted, there is a
// notice in its place, and nobody who wrote it.
func (s *webPost) weiboForward(n node) {
	original := webPost{platform: s.platform, collected: s.collected, now: s.now}
	original.weiboWords(n)
	original.weiboMedia(n)
	user := n.at("user")
	o := &corpus.Origin{Account: weiboHandle(user), Name: user.at("screen_name").name()}
	if uid, id := user.any("idstr", "id").text(), weiboID(n); isDigits(uid) && id != "" {
		o.URL = weiboURL(uid, id)
	}
	own, _, _ := strings.Cut(s.text, "//@")
	own = strings.TrimSpace(own)
	switch own {
	case "", "转发微博", "轉發微博", "Repost", "repost", "转发":
		s.text, s.cut = original.text, original.cut
		s.links, s.images = original.links, original.images
		s.post.Media, s.post.Strange = original.post.Media, original.post.Strange
	default:
		s.text, o.Text = own, shown(original.text)
	}
	s.post.Forward = o
}
