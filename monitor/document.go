package monitor

// What becomes of one capture, from the network or from the archive.

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/url"
	"strings"
	"time"

	"golang.org/x/net/publicsuffix"

	"chorus/classify"
	"chorus/corpus"
	"chorus/feeds"
	"chorus/store"
)

// A note goes into the archive beside each capture: with it the archive alone
// is enough to make everything anew.
type note struct {
	Feed *feedNote    `json:"feed,omitempty"` // the capture is of a feed
	Item *corpus.Item `json:"item,omitempty"` // the capture is of the page of this item

	Imported bool `json:"imported,omitzero"` // the capture came from a file: there is nothing on the web to look at again
	Removed  bool `json:"removed,omitzero"`  // the page's document was removed: the capture is empty

	Tombstone *corpus.Tombstone `json:"tombstone,omitempty"` // a document was removed; there is no capture
}

type feedNote struct {
	Outlet string `json:"outlet"`
	URL    string `json:"url"` // of the feed; the capture may be of a later page or a part of it
}

func (n note) json() []byte {
	raw, err := json.Marshal(n)
	if err != nil {
		panic(err) // strings and times only
	}
	return raw
}

// document makes a document of the capture of an item's page: article, tags
// and identity. The evidence is filled in by whoever knows it. Without an
// answer that is a page it returns nil.
func (m *Monitor) document(item corpus.Item, capture *corpus.Capture) *corpus.Document {
	if capture.Fault != nil && !capture.Fault.Kept() || capture.Answer() == nil {
		return nil
	}
	outlet, _ := m.registry.Outlet(item.Outlet)
	if d, ok := m.importedPost(item, capture, outlet); ok {
		if d != nil {
			noteAnswer(d, capture)
		}
		return d
	}
	d := &corpus.Document{Item: item}
	if article, ok := importedArticle(capture); ok {
		d.Article = article
	} else {
		d.Article, d.Fault = m.extractor.Article(capture, item, outlet)
	}
	if capture.Fault != nil {
		d.Fault = capture.Fault // the body was cut: that is why, whatever reading it brought
	}
	for _, t := range []*time.Time{&d.Article.Published, &d.Article.Modified} {
		if !writable(*t) {
			*t = time.Time{}
		}
	}
	noteAnswer(d, capture)
	d.ID = identity(item.URL, capture.FinalURL(), d.Article.Canonical)
	d.Version = corpus.VersionOf(&d.Article)
	d.Tags, d.Judge = m.tags(d, outlet.Bloc), m.judge()
	return d
}

// noteAnswer notes in a document what is known of its evidence before it is kept.
func noteAnswer(d *corpus.Document, c *corpus.Capture) {
	d.Evidence.Fetched, d.Evidence.URL, d.Evidence.Status = c.Fetched, c.FinalURL(), c.Status()
}

// writable reports whether a time can be written in RFC 3339: JSON fails on others.
func writable(t time.Time) bool { return t.Year() >= 1 && t.Year() <= 9999 }

func (m *Monitor) tags(d *corpus.Document, bloc corpus.Bloc) []corpus.Tag {
	title := d.Title()
	if d.Article.Post != nil {
		title = d.Article.Title // else it is made of the text
	}
	in := classify.Input{Title: title, Text: d.Article.Text, Lang: d.Article.Lang, Bloc: bloc}
	tags := m.advise(m.tagger.Tags(in), in)
	kept := tags[:0]
	for _, t := range tags {
		if t.Score >= m.cfg.Narratives.Threshold {
			kept = append(kept, t)
		}
	}
	return kept
}

// identity decides which document a page is. Its canonical link is believed
// if it names a page of the same site, and not the home page for an inner one.
func identity(asked, answered, canonical string) corpus.DocID {
	for _, claim := range []string{canonical, answered} {
		if claim != "" && sameSite(claim, asked) && !(isHome(claim) && !isHome(asked)) {
			if id, err := corpus.IDOf(claim); err == nil {
				return id
			}
		}
	}
	id, _ := corpus.IDOf(asked) // the item would not be in the frontier without an identity
	return id
}

func isHome(raw string) bool {
	u, err := url.Parse(raw)
	return err == nil && strings.Trim(u.Path, "/") == "" && u.RawQuery == ""
}

func sameSite(a, b string) bool {
	return siteOf(a) != "" && siteOf(a) == siteOf(b)
}

// siteOf is the registrable domain of a URL, or its host if it has none: an
// address, a local name.
func siteOf(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return ""
	}
	host := strings.ToLower(u.Hostname())
	if site, err := publicsuffix.EffectiveTLDPlusOne(host); err == nil {
		return site
	}
	return strings.ToLower(u.Host)
}

// visit turns the capture of an item's page, and the document that was made of
// it, if any, into what the store keeps. attempts counts this fetch, visits the
// good ones before it.
func (m *Monitor) visit(n note, capture *corpus.Capture, d *corpus.Document, attempts, visits int) store.Visit {
	item := *n.Item
	page, _ := corpus.IDOf(item.URL)
	v := store.Visit{Page: page, Host: siteOf(item.URL), Item: item, Fetched: capture.Fetched, Fault: capture.Fault, Gone: capture.Gone(), Document: d}
	switch {
	case v.Document != nil:
		v.State, v.Fault = store.Done, v.Document.Fault
		if !n.Imported {
			v.Due = m.recheck(page, capture.Fetched, visits)
		}
	case v.Gone && visits > 0:
		v.State = store.Done // nothing more to come; the document is marked
	case attempts <= m.retries(capture.Fault) && !n.Imported:
		v.State = store.Pending
		v.Due = capture.Fetched.Add(pause(page, capture.Fault, attempts))
	default:
		v.State = store.Failed
	}
	return v
}

// losses is what the ledger says of a visit.
func losses(v *store.Visit) []corpus.Loss {
	if v.Fault == nil {
		return nil
	}
	return []corpus.Loss{{Outlet: v.Item.Outlet, URL: v.Item.URL, Fault: *v.Fault}}
}

// pollLosses is what the ledger says of a poll.
func pollLosses(p *store.Poll) []corpus.Loss {
	if p.State.Fault == nil {
		return nil
	}
	return []corpus.Loss{{Outlet: p.State.Outlet, URL: p.State.URL, Feed: true, Fault: *p.State.Fault}}
}

// retries is how often a page with this fault is tried again.
func (m *Monitor) retries(f *corpus.Fault) int {
	if f != nil && f.Permanent() {
		return min(1, m.cfg.Collect.Retries)
	}
	return m.cfg.Collect.Retries
}

// pause is how long to wait before the next try: a minute, then four times as
// long each time, at most a day; longer for what does not pass quickly, and
// as long as the server asks for. It is spread by a tenth either way, the
// same for the same page and try.
func pause(page corpus.DocID, f *corpus.Fault, attempts int) time.Duration {
	d := time.Minute
	if f != nil && (f.Permanent() || f.Class == corpus.FaultDenied || f.Class == corpus.FaultDNS) {
		d = time.Hour
	}
	for range min(attempts-1, 8) {
		d *= 4
	}
	d = min(d, 24*time.Hour)
	if f != nil {
		d = max(d, min(f.RetryAfter, 7*24*time.Hour))
	}
	return spread(d, string(page), attempts)
}

// spread moves a duration by up to a tenth, always alike for one name and number.
func spread(d time.Duration, name string, n int) time.Duration {
	var seed [32]byte
	copy(seed[:], name)
	seed[31] = byte(n)
	r := rand.New(rand.NewChaCha8(seed))
	return d + time.Duration((r.Float64()-0.5)*0.2*float64(d))
}

// recheck is when a page is looked at again after a good fetch.
func (m *Monitor) recheck(page corpus.DocID, fetched time.Time, visits int) time.Time {
	plan := m.cfg.Collect.Recheck
	if visits >= len(plan) {
		return time.Time{}
	}
	return fetched.Add(spread(plan[visits], string(page), visits))
}

// poll turns captures of a feed (several if it has parts or pages) into what
// the store keeps of it, and of the posts in it. known tells which of its pages
// are in the frontier.
func (m *Monitor) poll(outlet corpus.Outlet, feed corpus.Feed, before corpus.FeedState, captures []*corpus.Capture, known func([]corpus.DocID) (map[corpus.DocID]bool, error)) (store.Poll, []post, error) {
	r := m.read(feed, captures)
	if feed.Kind.Social() {
		return m.pollAccount(outlet, feed, before, captures, r, known)
	}
	p := store.Poll{At: r.at}
	for _, item := range r.items {
		if d, ok := m.discovery(outlet, feed, item, before, r.at); ok {
			p.Items = append(p.Items, d)
		}
	}
	ids := make([]corpus.DocID, len(p.Items))
	for i, d := range p.Items {
		ids[i] = d.Page
	}
	old, err := known(ids)
	if err != nil {
		return p, nil, fmt.Errorf("poll %s: %w", feed.URL, err)
	}
	before.Outlet, before.URL = outlet.ID, feed.URL
	r.outcome.Items, r.outcome.New = len(r.items), len(ids)-len(old)
	p.State = feeds.Next(before, outlet.Tier, r.outcome)
	return p, nil, nil
}

// reading is what all captures of one poll say together.
type reading struct {
	at      time.Time
	items   []corpus.Item
	pages   []feeds.Reading // of an account, one for each capture; empty where it could not be read
	outcome feeds.Outcome
}

func (m *Monitor) read(feed corpus.Feed, captures []*corpus.Capture) reading {
	first := captures[0]
	r := reading{at: first.Fetched}
	r.outcome = feeds.Outcome{At: r.at, Fault: first.Fault}
	if a := first.Answer(); a != nil {
		r.outcome.NotModified = a.Status == 304
		r.outcome.ETag, r.outcome.LastModified = a.Response.Get("ETag"), a.Response.Get("Last-Modified")
	}
	if r.outcome.NotModified || first.Fault != nil && !first.Fault.Kept() && !feed.Kind.API() { // a network may say why
		return r
	}
	seen := map[corpus.DocID]bool{}
	named := true // the capture at hand speaks for the feed: it is the first, or the first only named it
	for _, c := range captures {
		reading, fault := feeds.Read(feed, c, c.Fetched)
		speaks := named
		named = named && feed.Kind.Social() && fault == nil && len(reading.Posts) == 0 && reading.Next != ""
		if speaks {
			r.outcome.Fault, r.outcome.TTL = fault, reading.TTL
		} else if fault != nil && r.outcome.Warning == "" {
			r.outcome.Warning = fmt.Sprintf("%s: %s", c.URL, fault)
		}
		if len(reading.Warnings) > 0 && r.outcome.Warning == "" {
			r.outcome.Warning = strings.Join(reading.Warnings, "; ")
		}
		if len(reading.Sitemaps) > 0 {
			// An index that did not change says nothing of its parts: a 304
			// for it would keep what is new in them from us.
			r.outcome.ETag, r.outcome.LastModified = "", ""
		}
		if feed.Kind.Social() {
			r.pages = append(r.pages, reading)
		}
		for _, item := range reading.Items {
			if page, err := corpus.IDOf(item.URL); err == nil && !seen[page] && len(r.items) < m.cfg.Collect.MaxItems {
				seen[page] = true
				r.items = append(r.items, item)
			}
		}
	}
	return r
}

// discovery puts an item into the frontier, unless it has no identity or is
// older than the configuration wants.
func (m *Monitor) discovery(outlet corpus.Outlet, feed corpus.Feed, item corpus.Item, before corpus.FeedState, at time.Time) (store.Discovery, bool) {
	page, err := corpus.IDOf(item.URL)
	if err != nil {
		return store.Discovery{}, false
	}
	if age := m.cfg.Collect.MaxAge; age > 0 && !item.Published.IsZero() && item.Published.Before(at.Add(-age)) {
		return store.Discovery{}, false
	}
	item.Outlet, item.Feed = outlet.ID, feed.URL
	if owner, ok := m.registry.ByURL(item.URL); ok {
		item.Outlet = owner.ID // a feed may list pages of a sister outlet
	}
	item.Seen, item.Absent = at, before.Read
	item.Lang = cmp.Or(item.Lang, feed.Lang)
	return store.Discovery{Page: page, Host: siteOf(item.URL), Item: item}, true
}
