package monitor

// Accounts on networks: what they show are whole posts, which become documents
// without being fetched one by one. The capture of the account's page is their
// evidence.

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"chorus/corpus"
	"chorus/crawl"
	"chorus/extract/lang"
	"chorus/feeds"
	"chorus/store"
)

// A post is one post of a poll, on its way into the store.
type post struct {
	visit   *store.Visit
	capture int // of the poll, which shows it
}

// A pager decides which pages of an account one poll reads: the first; older
// ones as long as they bring something new, which closes a gap since the last
// poll; and then those from where paging back to Feed.Back was left. The same
// captures lead to the same decisions, live and in a rebuild.
type pager struct {
	feed   corpus.Feed
	before corpus.FeedState
	jumped bool   // it has gone to where paging back was left
	next   string // the page to read now; empty: none
}

func newPager(feed corpus.Feed, before corpus.FeedState) *pager {
	return &pager{feed: feed, before: before, next: feed.URL}
}

// read takes in what the page said. known tells which posts were there before
// the poll.
func (p *pager) read(r feeds.Reading, known map[corpus.DocID]bool) {
	fresh, joined, oldest := false, false, time.Time{}
	for _, x := range r.Posts {
		if id, err := corpus.IDOf(x.Item.URL); err == nil && known[id] {
			joined = true // what is older was there at the last poll
		} else {
			fresh = true
		}
		if t := x.Item.Published; !t.IsZero() && (oldest.IsZero() || t.Before(oldest)) {
			oldest = t
		}
	}
	back := !p.feed.Back.IsZero() && oldest.After(p.feed.Back)
	switch {
	case len(r.Posts) == 0 && r.Next != "" && p.next == p.feed.URL: // it only names the page with the posts
		p.next = r.Next
	case fresh && r.Next != "" && (back || !joined && !p.before.Read.IsZero()):
		p.next = r.Next
	case !p.jumped && p.before.Older != "" && p.before.Older != p.next:
		p.jumped, p.next = true, p.before.Older
	default:
		p.next = ""
	}
}

// fetchAccount asks for the pages of an account that one poll reads.
func (r *round) fetchAccount(d due) ([]*corpus.Capture, error) {
	request := crawl.Request{
		Proxy: d.outlet.Proxy, API: d.feed.Kind.API(), MaxBodyBytes: int64(r.cfg.Collect.MaxFeed),
		Accept: "application/json,application/atom+xml,text/html;q=0.9,*/*;q=0.5",
	}
	if name := d.feed.Kind.TokenName(); name != "" {
		if request.Token = r.token(name); request.Token == "" {
			return []*corpus.Capture{r.unasked(d.feed.URL, corpus.FaultDenied, "there is no token for "+string(d.feed.Kind)+": set "+name+" in the environment")}, nil
		}
	}
	var captures []*corpus.Capture
	for pages := newPager(d.feed, d.state); pages.next != "" && len(captures) < r.cfg.Social.Pages; {
		request.URL = pages.next
		if d.feed.Kind == corpus.FeedX && strings.Contains(request.URL, "/tweets") { // the lookup of a name brings no posts
			if fault := r.budget.spend(r.now(), xPagePosts); fault != "" {
				if len(captures) == 0 {
					captures = append(captures, r.unasked(request.URL, corpus.FaultThrottled, fault))
				}
				break
			}
		}
		c := r.ask(request)
		if c == nil {
			return nil, nil
		}
		captures = append(captures, c)
		if c.Fault != nil {
			break
		}
		reading, fault := feeds.Read(d.feed, c, c.Fetched)
		if fault != nil {
			break // the poll will say so
		}
		known, err := r.store.Known(r.hard, postIDs(reading.Posts))
		if err != nil {
			return nil, ignoreEnd(r.hard, fmt.Errorf("page through %s: %w", d.feed.URL, err))
		}
		pages.read(reading, known)
	}
	return captures, nil
}

func postIDs(posts []feeds.Post) []corpus.DocID {
	ids := make([]corpus.DocID, 0, len(posts))
	for _, x := range posts {
		if id, err := corpus.IDOf(x.Item.URL); err == nil {
			ids = append(ids, id)
		}
	}
	return ids
}

// pollAccount turns captures of an account into what the store keeps of it:
// the state of the feed, the posts, and those that are there no more.
func (m *Monitor) pollAccount(outlet corpus.Outlet, feed corpus.Feed, before corpus.FeedState, captures []*corpus.Capture, r reading, known func([]corpus.DocID) (map[corpus.DocID]bool, error)) (store.Poll, []post, error) {
	p := store.Poll{At: r.at}
	var posts []post
	pages := newPager(feed, before)
	seen := map[corpus.DocID]bool{}
	newest := true // all posts so far are new ones: they were not there at the last poll
	for i, page := range r.pages {
		ids := postIDs(page.Posts)
		missing := missingIDs(page.Missing)
		old, err := known(append(ids, missing...))
		if err != nil {
			return p, nil, fmt.Errorf("poll %s: %w", feed.URL, err)
		}
		for _, x := range page.Posts {
			id, err := corpus.IDOf(x.Item.URL)
			if err != nil || seen[id] {
				continue
			}
			seen[id] = true
			if old[id] {
				newest = false
			} else {
				r.outcome.New++
			}
			x.Item.Seen = r.at
			if newest {
				x.Item.Absent = before.Read
			}
			posts = append(posts, post{m.postVisit(outlet, id, x, captures[i]), i})
		}
		for k, id := range missing {
			if old[id] && !seen[id] {
				seen[id] = true
				url := page.Missing[k]
				posts = append(posts, post{&store.Visit{Page: id, Host: siteOf(url), Item: corpus.Item{Outlet: outlet.ID, Feed: feed.URL, URL: url, Seen: r.at},
					Fetched: captures[i].Fetched, State: store.Done, Gone: true}, i})
			}
		}
		if captures[i].Fault == nil && page.Format != "" {
			pages.read(page, old)
		}
	}
	before.Outlet, before.URL = outlet.ID, feed.URL
	r.outcome.Items = len(seen)
	r.outcome.ETag, r.outcome.LastModified = "", "" // a page of posts is always asked for whole
	p.State = feeds.Next(before, outlet.Tier, r.outcome)
	switch {
	case p.State.Fault != nil: // the first page could not be had
	case pages.next == feed.URL:
	default:
		p.State.Older = pages.next
	}
	return p, posts, nil
}

func missingIDs(urls []string) []corpus.DocID {
	ids := make([]corpus.DocID, len(urls))
	for i, u := range urls {
		ids[i], _ = corpus.IDOf(u) // an empty id is known to nobody
	}
	return ids
}

// postVisit makes a document of a post and the visit that keeps it.
func (m *Monitor) postVisit(outlet corpus.Outlet, id corpus.DocID, x feeds.Post, c *corpus.Capture) *store.Visit {
	x.Item.Outlet = outlet.ID
	d := m.postDocument(x, outlet)
	d.ID = id
	noteAnswer(d, c)
	return &store.Visit{Page: id, Host: siteOf(x.Item.URL), Item: d.Item, Fetched: c.Fetched, State: store.Done, Document: d}
}

// surelyRead is how many characters of a post say more about its language than
// the network does.
const surelyRead = 60

// postDocument makes a document of a post, but for its identity and evidence.
func (m *Monitor) postDocument(x feeds.Post, outlet corpus.Outlet) *corpus.Document {
	m.privacy.hide(&x, m.registry)
	d := &corpus.Document{Item: x.Item, Article: x.Article}
	if d.Article.Lang == "" {
		d.Article.Lang = baseLanguage(x.Item.Lang)
	}
	if found, _ := lang.Identify(d.Article.Text); d.Article.Lang == "" || utf8.RuneCountInString(d.Article.Text) >= surelyRead {
		d.Article.Lang = found
	}
	d.Version = corpus.VersionOf(&d.Article)
	d.Tags, d.Judge = m.tags(d, outlet.Bloc), m.judge()
	return d
}
