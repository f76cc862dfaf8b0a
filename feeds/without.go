package feeds

// Taking a post, or the entry of a page, out of the answer of a feed, when it
// must not be kept any more.

import (
	"bytes"
	"encoding/json"
	"html"
	"regexp"
	"slices"
	"strings"

	xhtml "golang.org/x/net/html"

	"chorus/corpus"
)

// Without gives the body of a feed, without content encoding, less what it says
// of the post or page with an address: the message of a Telegram channel, the
// element of a list in JSON, the entry of an RSS or Atom feed or a sitemap, the
// links of a list page that lead to it. All else stays byte for byte, but for
// space in JSON around what was taken out. It reports whether anything was; body
// is not changed.
//
// What others say stays: a post that quotes it, a list page's text beside the
// link.
func Without(kind corpus.FeedKind, body []byte, permalink string) ([]byte, bool) {
	want, err := corpus.Canonical(permalink)
	if err != nil {
		return body, false
	}
	begin := bytes.TrimLeft(bytes.TrimPrefix(body, []byte("\xef\xbb\xbf")), " \t\r\n")
	switch {
	case kind == corpus.FeedTelegram:
		return withoutMessage(body, permalink)
	case len(begin) > 0 && (begin[0] == '{' || begin[0] == '['):
		if out, ok := withoutElement(begin, newMatcher(want, permalink), maxNesting); ok {
			return out, true
		}
		return body, false
	}
	if out, ok := withoutEntry(body, want); ok {
		return out, true
	}
	return withoutLinks(body, want)
}

// withoutMessage cuts the messages of a channel's preview out that have the
// number of the permalink, each with what is wrapped around it.
func withoutMessage(body []byte, permalink string) ([]byte, bool) {
	path, ok := onTelegram(permalink)
	if !ok {
		return body, false
	}
	account, number, ok := postAt(path)
	if !ok {
		return body, false
	}
	is := func(attr string) bool {
		a, n, ok := postAt(attr)
		return ok && n == number && strings.EqualFold(a, account)
	}
	return cutElements(body, func(t *xhtml.Token) place {
		switch {
		case t.Data != "div":
			return cutNot
		case is(attr(t, "data-post")):
			return cutTarget
		case strings.Contains(" "+attr(t, "class")+" ", " tgme_widget_message_wrap "):
			return cutAround
		}
		return cutNot
	})
}

// withoutLinks cuts the links to an address out of a page. Relative addresses
// are taken as from the root of its site.
func withoutLinks(body []byte, want string) ([]byte, bool) {
	return cutElements(body, func(t *xhtml.Token) place {
		if t.Data == "a" && isAddress(absoluteFrom(want, attr(t, "href")), want) {
			return cutTarget
		}
		return cutNot
	})
}

func absoluteFrom(want, href string) string {
	if strings.HasPrefix(href, "//") {
		return "https:" + href
	}
	if strings.Contains(href, "://") {
		return href
	}
	scheme, rest, _ := strings.Cut(want, "://")
	host, _, _ := strings.Cut(rest, "/")
	return scheme + "://" + host + "/" + strings.TrimLeft(href, "/")
}

func isAddress(address, want string) bool {
	got, err := corpus.Canonical(strings.TrimSpace(address))
	return err == nil && got == want
}

func attr(t *xhtml.Token, name string) string {
	for _, a := range t.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

// A place is what an element is for a cut.
type place int

const (
	cutNot    place = iota
	cutAround       // goes, if a target is in it
	cutTarget       // goes
)

// cutElements cuts elements out of a page. An element ends with the tag that
// closes it, or with the page.
func cutElements(body []byte, of func(*xhtml.Token) place) ([]byte, bool) {
	c := cutter{body: body, of: of}
	z := xhtml.NewTokenizer(bytes.NewReader(body))
	z.SetMaxBuf(0)
	at := 0
	for {
		kind := z.Next()
		end := at + len(z.Raw())
		switch kind {
		case xhtml.ErrorToken:
			return c.result(len(body))
		case xhtml.StartTagToken:
			t := z.Token()
			c.start(at, &t)
		case xhtml.EndTagToken:
			t := z.Token()
			c.end(end, t.Data)
		}
		at = end
	}
}

// A cutter collects the ranges to cut.
type cutter struct {
	body []byte
	of   func(*xhtml.Token) place
	open []openElement
	cuts [][2]int
}

// openElement is an element that matters and has not ended.
type openElement struct {
	name  string
	begin int
	depth int // elements of that name open in it, itself included
	cut   bool
}

func (c *cutter) start(at int, t *xhtml.Token) {
	for i := range c.open {
		if c.open[i].name == t.Data {
			c.open[i].depth++
		}
	}
	switch c.of(t) {
	case cutTarget:
		if n := len(c.open); n > 0 {
			c.open[0].cut = true // what is around it goes with it
			return
		}
		c.open = append(c.open, openElement{t.Data, at, 1, true})
	case cutAround:
		if len(c.open) == 0 {
			c.open = append(c.open, openElement{t.Data, at, 1, false})
		}
	}
}

func (c *cutter) end(at int, name string) {
	if len(c.open) == 0 || c.open[0].name != name {
		return
	}
	if c.open[0].depth--; c.open[0].depth == 0 {
		c.close(at)
	}
}

func (c *cutter) close(at int) {
	if c.open[0].cut {
		c.cuts = append(c.cuts, [2]int{c.open[0].begin, at})
	}
	c.open = c.open[:0]
}

func (c *cutter) result(end int) ([]byte, bool) {
	if len(c.open) > 0 {
		c.close(end)
	}
	return cutRanges(c.body, c.cuts)
}

// cutRanges gives body without some ranges, which rise and do not overlap.
func cutRanges(body []byte, cuts [][2]int) ([]byte, bool) {
	if len(cuts) == 0 {
		return body, false
	}
	out := make([]byte, 0, len(body))
	last := 0
	for _, c := range cuts {
		out = append(out, body[last:c[0]]...)
		last = c[1]
	}
	return append(out, body[last:]...), true
}

var (
	entryStart = regexp.MustCompile(`<(?:\w+:)?(item|entry|url)[\s>/]`)
	entryLink  = regexp.MustCompile(`<(?:\w+:)?(?:link|guid|loc|id|origLink)\b[^>]*>\s*(?:<!\[CDATA\[)?\s*([^<\]\s]+)`)
	hrefLink   = regexp.MustCompile(`<(?:\w+:)?link\b[^>]*?\bhref\s*=\s*["']([^"']+)["']`)
)

// withoutEntry cuts the entries of an XML feed out that are of an address. It
// does not parse: feeds are often not well-formed.
func withoutEntry(body []byte, want string) ([]byte, bool) {
	var cuts [][2]int
	unclosed := map[string]bool{} // names that no tag closes from here on
	for at := 0; at < len(body); {
		m := entryStart.FindSubmatchIndex(body[at:])
		if m == nil {
			break
		}
		begin := at + m[0]
		name := body[at+m[0]+1 : at+m[3]]
		closing := append(append([]byte("</"), name...), '>')
		n := -1
		if !unclosed[string(name)] {
			n = bytes.Index(body[begin:], closing)
		}
		if n < 0 {
			unclosed[string(name)] = true
			at += m[1]
			continue
		}
		end := begin + n + len(closing)
		if ofAddress(body[begin:end], want) {
			cuts = append(cuts, [2]int{begin, end})
		}
		at = end
	}
	return cutRanges(body, cuts)
}

func ofAddress(entry []byte, want string) bool {
	for _, pattern := range []*regexp.Regexp{entryLink, hrefLink} {
		for _, m := range pattern.FindAllSubmatch(entry, -1) {
			if isAddress(html.UnescapeString(string(m[1])), want) {
				return true
			}
		}
	}
	return false
}

// A matcher knows an element of a list in JSON that is a post.
type matcher struct {
	want     string // canonical address
	id       string // the last part of the path: a number, a record key, ...
	repostBy string // of a repost on Bluesky
}

func newMatcher(want, permalink string) matcher {
	m := matcher{want: want}
	path, query, _ := strings.Cut(permalink, "?")
	m.id = path[strings.LastIndex(strings.TrimRight(path, "/"), "/")+1:]
	m.id = strings.TrimRight(m.id, "/")
	if by, ok := strings.CutPrefix(query, "repost_by="); ok {
		m.repostBy = by
	}
	return m
}

// An identified is whatever names a post in the answers of networks.
type identified struct {
	URL     loose[string]     `json:"url"`
	URI     loose[string]     `json:"uri"`
	ID      loose[identifier] `json:"id"`
	OwnerID loose[identifier] `json:"owner_id"`
	Link    loose[string]     `json:"link"`
	Post    loose[struct {
		URI loose[string] `json:"uri"`
	}] `json:"post"`
	Reason loose[struct {
		By loose[blueskyActor] `json:"by"`
	}] `json:"reason"`
	History loose[[]identifier] `json:"edit_history_tweet_ids"`
}

// minStatusID is the length from which a number is taken for that of a post.
const minStatusID = 10

// is reports whether an element is the post. An id alone is believed only of
// networks whose objects have no address in them.
func (m matcher) is(raw json.RawMessage) bool {
	var x identified
	if json.Unmarshal(raw, &x) != nil {
		return false
	}
	for _, address := range []string{x.URL.V, x.URI.V, x.Link.V} {
		if isAddress(address, m.want) {
			return true
		}
	}
	if post := x.Post.V.URI.V; post != "" { // Bluesky: at://DID/app.bsky.feed.post/KEY
		by := x.Reason.V.By.V
		reposted := by.Handle != "" || by.DID != ""
		return m.id != "" && strings.HasSuffix(post, "/"+m.id) && reposted == (m.repostBy != "") &&
			(!reposted || m.repostBy == by.Handle || m.repostBy == by.DID)
	}
	id, owner := string(x.ID.V), string(x.OwnerID.V)
	switch {
	case owner != "": // VK: wall-1_2
		return strings.HasSuffix(m.want, "/wall"+owner+"_"+id)
	case x.URL.V == "" && x.URI.V == "" && len(m.id) >= minStatusID: // X
		return id == m.id || slices.Contains(x.History.V, identifier(m.id))
	}
	return false
}

// maxNesting is how deep lists of posts are looked for; networks nest them at
// most three deep.
const maxNesting = 10

// withoutElement cuts elements out of the lists of a JSON value, so many levels
// deep.
func withoutElement(raw []byte, m matcher, levels int) ([]byte, bool) {
	raw = bytes.TrimSpace(raw)
	if levels == 0 || len(raw) == 0 || raw[0] != '[' && raw[0] != '{' {
		return raw, false
	}
	list := raw[0] == '['
	d := json.NewDecoder(bytes.NewReader(raw))
	if _, err := d.Token(); err != nil {
		return raw, false
	}
	var parts [][]byte
	changed := false
	for d.More() {
		var key []byte
		if !list {
			name, err := d.Token()
			if err != nil {
				return raw, false
			}
			if key, err = json.Marshal(name); err != nil {
				return raw, false
			}
			key = append(key, ':')
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return raw, false
		}
		if list && m.is(value) {
			changed = true
			continue
		}
		inner, cut := withoutElement(value, m, levels-1)
		changed = changed || cut
		parts = append(parts, append(key, inner...))
	}
	if !changed {
		return raw, false
	}
	out := append([]byte{raw[0]}, bytes.Join(parts, []byte(","))...)
	return append(out, raw[len(raw)-1]), true
}
