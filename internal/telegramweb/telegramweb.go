// Package telegramweb serves channels the way Telegram's public web preview
// does, for tests: https://t.me/s/NAME with its older pages, and the pages of
// names that have no preview. The markup follows the real pages, down to what a
// reader has to step over.
package telegramweb

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// PageSize is how many messages a page shows.
const PageSize = 20

// A Channel is what one name leads to.
type Channel struct {
	Name    string // as in its address
	Title   string
	Posts   []Post // in any order
	Kind    Kind
	Members int // subscribers or members, shown on the page without a preview
}

// A Kind says what has a name.
type Kind int

// The kinds. Only a Preview shows posts; the others redirect to the page of
// their name.
const (
	Preview   Kind = iota
	NoPreview      // a channel that shows nothing on the web
	Group
	Person
	Bot

	nobody Kind = -1
)

// A Post is one message. An album has several photos, and takes as many ids.
type Post struct {
	ID      int64
	Date    time.Time
	Text    string // plain; addresses, hashtags and mentions become links
	Signed  string
	Edited  bool
	Views   int64
	Forward *Origin
	Reply   *Origin
	Photos  []string // addresses
	Service bool
}

// An Origin is a post that another one passes on or answers.
type Origin struct {
	Name string
	URL  string // empty: someone who is not named by a link
	Text string // of what is answered
}

// A Site is an http.Handler that serves channels. It does not change after it
// was made, and may be used from several goroutines.
type Site struct {
	channels map[string]Channel // by lower-case name
}

// New makes a site of channels. It sorts their posts by id.
func New(channels ...Channel) *Site {
	s := &Site{channels: map[string]Channel{}}
	for _, c := range channels {
		c.Posts = slices.Clone(c.Posts)
		slices.SortFunc(c.Posts, func(a, b Post) int { return cmp.Compare(a.ID, b.ID) })
		s.channels[strings.ToLower(c.Name)] = c
	}
	return s
}

// ServeHTTP answers /s/NAME, with before or after, and /NAME.
func (s *Site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path := strings.Trim(r.URL.Path, "/")
	name, preview := strings.CutPrefix(path, "s/")
	channel, ok := s.channels[strings.ToLower(name)]
	if preview && (!ok || channel.Kind != Preview) {
		http.Redirect(w, r, "/"+name, http.StatusFound)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	switch {
	case preview:
		q := r.URL.Query()
		w.Write(Page(channel, number(q.Get("before")), number(q.Get("after"))))
	case ok:
		w.Write(landing(channel))
	default:
		w.Write(landing(Channel{Name: name, Kind: nobody}))
	}
}

func number(s string) int64 {
	n, _ := strconv.ParseInt(s, 10, 64)
	return n
}

// Page renders the page of a channel whose posts are sorted by id: those before
// or after an id, or the newest ones if both are 0.
func Page(c Channel, before, after int64) []byte {
	from, to := window(c.Posts, before, after)
	var b builder
	b.head(c, from, to)
	b.WriteString(`<section class="tgme_channel_history js-message_history">`)
	if from > 0 {
		b.more(c, "before", c.Posts[from].ID)
	}
	for _, p := range c.Posts[from:to] {
		b.message(c, p)
	}
	if from == to {
		b.WriteString(`<div class="tgme_widget_message_wrap js-widget_message_wrap"><div class="tgme_widget_message_centered"><div class="tme_no_messages_found">No posts here yet</div></div></div>`)
	}
	if to > from && to < len(c.Posts) {
		b.more(c, "after", c.Posts[to-1].ID)
	}
	b.WriteString("</section></div></main></body></html>\n")
	return []byte(b.String())
}

// window gives the range of posts that a page shows.
func window(posts []Post, before, after int64) (from, to int) {
	at := func(id int64) int {
		i, _ := slices.BinarySearchFunc(posts, id, func(p Post, id int64) int { return cmp.Compare(p.ID, id) })
		return i
	}
	if after > 0 {
		from = at(after + 1)
		return from, min(from+PageSize, len(posts))
	}
	to = len(posts)
	if before > 0 {
		to = at(before)
	}
	return max(to-PageSize, 0), to
}
