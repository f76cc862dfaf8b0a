package monitor

// Taking documents out of all that is kept.
//
// The order, never broken: 1 the store forgets the documents and has their
// tombstones, in one commit; from here on nothing brings them back. 2 The
// archive is redacted, all at once. 3 The archive gets a record of the tombstones
// and the store notes that nothing is pending. 4 The index follows the journal
// and forgets the words. A crash before 1 leaves all as it was; after that, the
// next start goes on.

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"chorus/archive"
	"chorus/corpus"
	"chorus/feeds"
	"chorus/store"
)

// A TakedownSummary says what a takedown removed.
type TakedownSummary struct {
	Tombstone corpus.Tombstone `json:"tombstone"`
	Captures  int              `json:"captures"` // of the archive that were redacted
	Left      []string         `json:"left"`     // addresses of captures that could not be: other documents need them, or the place of the document in them was not found
}

// ErrRemoved is returned when a document was removed before.
var ErrRemoved = errors.New("was removed before")

// Plot says what a takedown of a document would remove. The error is ErrRemoved
// if it was removed before, and store.ErrNotFound if it is not known.
func (m *Monitor) Plot(ctx context.Context, id corpus.DocID) (corpus.Tombstone, error) {
	t, err := m.store.Plot(ctx, id)
	if !errors.Is(err, store.ErrNotFound) {
		return t, err
	}
	if t, gone := m.store.Tombstone(ctx, id); gone == nil {
		return t, fmt.Errorf("document %s: %w", id, ErrRemoved)
	}
	return t, err
}

// Takedown removes a document, all its versions, from store, archive and index,
// and leaves a tombstone. If it fails after the store has forgotten the document,
// the next start of any Chorus that writes to the data folder goes on with it.
func (m *Monitor) Takedown(ctx context.Context, id corpus.DocID, reason string) (TakedownSummary, error) {
	t, err := m.Plot(ctx, id)
	if err != nil {
		return TakedownSummary{}, fmt.Errorf("takedown: %w", err)
	}
	t.At, t.Cause, t.Reason = m.now().UTC().Truncate(time.Second), corpus.CauseTakedown, reason
	sum := TakedownSummary{Tombstone: t}
	sum.Captures, sum.Left, err = m.bury(ctx, []corpus.Tombstone{t})
	if err != nil {
		return sum, fmt.Errorf("takedown: %w", err)
	}
	return sum, nil
}

// Tombstone gives the tombstone of a document that was removed. It returns
// store.ErrNotFound if there is none.
func (m *Monitor) Tombstone(ctx context.Context, id corpus.DocID) (corpus.Tombstone, error) {
	return m.store.Tombstone(ctx, id)
}

// bury removes documents.
func (m *Monitor) bury(ctx context.Context, tombstones []corpus.Tombstone) (captures int, left []string, err error) {
	m.keeping.Lock() // nothing that is being kept may escape between the check and the walk
	err = m.store.Bury(ctx, tombstones)
	m.keeping.Unlock()
	if err != nil {
		return 0, nil, err
	}
	if captures, left, err = m.finishTakedowns(ctx); err != nil {
		return captures, left, err
	}
	return captures, left, m.CatchUp(ctx)
}

// finishTakedowns redacts the archive for all tombstones that are pending.
func (m *Monitor) finishTakedowns(ctx context.Context) (captures int, left []string, err error) {
	pending, err := m.store.Pending(ctx)
	if err != nil || len(pending) == 0 {
		return 0, nil, err
	}
	m.redacting.Lock()
	defer m.redacting.Unlock()
	r := m.newRedactor(pending)
	done, err := m.archive.Redact(ctx, r.since, r.decide)
	if err != nil {
		return 0, nil, err
	}
	left = append(append([]string{}, r.left...), done.Shared...)
	for _, address := range left {
		m.log.Warn("a capture of a removed document could not be redacted", "url", address)
	}
	if err := m.raise(ctx, pending); err != nil {
		return done.Captures, left, err
	}
	m.log.Debug("documents removed", "n", len(pending), "captures", done.Captures)
	return done.Captures, left, m.store.Scrub(ctx)
}

// raise puts the tombstones into the archive, where a rebuild finds them though
// the store be lost, and notes that nothing is pending.
func (m *Monitor) raise(ctx context.Context, tombstones []corpus.Tombstone) error {
	m.keeping.Lock()
	defer m.keeping.Unlock()
	for i := range tombstones {
		t := &tombstones[i]
		c := &corpus.Capture{URL: "urn:sha256:" + string(t.ID), Fetched: t.At}
		if _, err := m.archive.Append(c, note{Tombstone: t}.json(), nil); err != nil {
			return err
		}
	}
	extents, err := m.archive.Sync()
	if err != nil {
		return err
	}
	for _, e := range extents {
		m.synced = append(m.synced, store.Extent(e))
	}
	if err := m.store.Commit(ctx, &store.Batch{Extents: m.synced, Buried: tombstones}); err != nil {
		return err
	}
	m.synced = nil
	m.journalGrew()
	return nil
}

// A redactor decides what of the archive is of documents that were removed.
type redactor struct {
	*Monitor
	since time.Time
	pages map[corpus.DocID]string // addresses of their pages
	left  []string
}

func (m *Monitor) newRedactor(tombstones []corpus.Tombstone) *redactor {
	r := &redactor{Monitor: m, since: tombstones[0].Since, pages: map[corpus.DocID]string{}}
	for _, t := range tombstones {
		if t.Since.Before(r.since) {
			r.since = t.Since
		}
		for _, address := range t.Pages {
			if id, err := corpus.IDOf(address); err == nil {
				r.pages[id] = address
			}
		}
	}
	return r
}

// decide says what becomes of a capture of the archive.
func (r *redactor) decide(e archive.Entry) (*archive.Redaction, error) {
	if e.Capture == nil {
		return nil, nil
	}
	var n note
	known := len(e.Meta) > 0 && json.Unmarshal(e.Meta, &n) == nil
	switch {
	case n.Feed != nil:
		return r.ofFeed(n, e), nil
	case n.Item != nil:
		return r.ofPage(n, n.Item.URL), nil
	case known:
		return nil, nil
	}
	return r.ofPage(n, e.Capture.URL), nil // its note is lost
}

// ofPage removes a capture of a page.
func (r *redactor) ofPage(n note, address string) *archive.Redaction {
	id, err := corpus.IDOf(address)
	if err != nil || r.pages[id] == "" || n.Removed {
		return nil
	}
	return &archive.Redaction{Meta: n.removed().json()}
}

// removed is the note of a page whose document was removed.
func (n note) removed() note {
	n.Removed = true
	if n.Item != nil {
		n.Item = bareItem(n.Item)
	}
	return n
}

// bareItem is what may be kept of an item: where it was seen, and when.
func bareItem(i *corpus.Item) *corpus.Item {
	return &corpus.Item{Outlet: i.Outlet, Feed: i.Feed, URL: i.URL, Seen: i.Seen, Absent: i.Absent}
}

// ofFeed cuts what was removed out of a capture of a feed.
func (r *redactor) ofFeed(n note, e archive.Entry) *archive.Redaction {
	feed := r.feedOf(n.Feed)
	listed := r.listed(feed, e.Capture)
	if len(listed) == 0 {
		return nil
	}
	body, changed := e.Capture.Body, false
	for _, address := range listed {
		if out, ok := feeds.Without(feed.Kind, body, address); ok {
			body, changed = out, true
		}
	}
	if len(r.shown(feed, e.Capture, body)) > 0 && !slices.Contains(r.left, e.Capture.URL) {
		r.left = append(r.left, e.Capture.URL)
	}
	if !changed {
		return nil
	}
	if body == nil {
		body = []byte{}
	}
	return &archive.Redaction{Body: body, Meta: e.Meta}
}

// fewPages is up to how many pages it is quicker to look for each than to read
// the feed.
const fewPages = 20

// listed gives the addresses of removed pages that a capture of a feed may speak of.
func (r *redactor) listed(feed corpus.Feed, c *corpus.Capture) []string {
	var out []string
	if len(r.pages) > fewPages && feed.URL != "" {
		return r.shown(feed, c, c.Body)
	}
	for _, address := range r.pages {
		if bytes.Contains(c.Body, []byte(lastPart(address))) {
			out = append(out, address)
		}
	}
	slices.Sort(out)
	return out
}

// shown gives the addresses of removed pages that a feed with this body shows.
func (r *redactor) shown(feed corpus.Feed, c *corpus.Capture, body []byte) []string {
	if feed.URL == "" || len(body) == 0 {
		return nil
	}
	with := *c
	with.Body, with.Fault = body, nil
	reading, fault := feeds.Read(feed, &with, c.Fetched)
	if fault != nil {
		return nil
	}
	var out []string
	add := func(address string) {
		if id, err := corpus.IDOf(address); err == nil && r.pages[id] != "" {
			out = append(out, r.pages[id])
		}
	}
	for _, item := range reading.Items {
		add(item.URL)
	}
	for _, x := range reading.Posts {
		add(x.Item.URL)
	}
	return out
}

// lastPart is what an address ends with in any writing of it.
func lastPart(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return address
	}
	path := strings.TrimRight(u.EscapedPath(), "/")
	part := path[strings.LastIndexByte(path, '/')+1:]
	if decoded, err := url.PathUnescape(part); err != nil || decoded != part {
		return "" // it may be escaped or not
	}
	if wall, ok := strings.CutPrefix(part, "wall"); ok { // VK: the number of a post stands apart from its owner
		part = wall[strings.LastIndexByte(wall, '_')+1:]
	}
	return part
}

// feedOf finds the feed of a capture; of one that is no longer watched only what
// its address tells.
func (m *Monitor) feedOf(n *feedNote) corpus.Feed {
	outlet, _ := m.registry.Outlet(n.Outlet)
	for _, f := range outlet.Feeds {
		if f.URL == n.URL {
			return f
		}
	}
	if u, err := url.Parse(n.URL); err == nil && strings.TrimPrefix(u.Hostname(), "www.") == "t.me" {
		return corpus.Feed{Kind: corpus.FeedTelegram}
	}
	return corpus.Feed{}
}

// withhold takes out of a parcel, before it is kept, what is of documents that
// were removed. It may be called again.
func (m *Monitor) withhold(ctx context.Context, p *parcel) error {
	gone, err := m.store.Buried(ctx, p.ids())
	if err != nil || len(gone) == 0 {
		return err
	}
	if v := p.visit; v != nil && (gone[v.Page] || v.Document != nil && gone[v.Document.ID]) {
		if p.note.Imported {
			p.refused = true
			return nil
		}
		p.note = p.note.removed()
		p.visit = &store.Visit{Page: v.Page, Host: v.Host, Item: *p.note.Item, Fetched: v.Fetched, State: store.Done}
		last := len(p.captures) - 1
		p.captures = slices.Clone(p.captures)
		p.captures[last] = withBody(p.captures[last], nil)
	}
	if p.poll != nil {
		m.withholdListed(p, gone)
	}
	return nil
}

// ids lists what a parcel is of.
func (p *parcel) ids() []corpus.DocID {
	var ids []corpus.DocID
	if p.visit != nil {
		ids = append(ids, p.visit.Page)
		if d := p.visit.Document; d != nil && d.ID != p.visit.Page {
			ids = append(ids, d.ID)
		}
	}
	for _, x := range p.posts {
		ids = append(ids, x.visit.Page)
	}
	if p.poll != nil {
		for _, d := range p.poll.Items {
			ids = append(ids, d.Page)
		}
	}
	return ids
}

// withholdListed takes posts and items out of a poll and its captures.
func (m *Monitor) withholdListed(p *parcel, gone map[corpus.DocID]bool) {
	kind := m.feedOf(p.note.Feed).Kind
	p.captures = slices.Clone(p.captures)
	cut := func(i int, address string) bool {
		body, ok := feeds.Without(kind, p.captures[i].Body, address)
		if ok {
			p.captures[i] = withBody(p.captures[i], body)
		}
		return ok
	}
	p.posts = slices.DeleteFunc(slices.Clone(p.posts), func(x post) bool {
		if !gone[x.visit.Page] {
			return false
		}
		if x.visit.Document != nil && !cut(x.capture, x.visit.Item.URL) {
			m.log.Error("a removed post could not be taken out of what its network sent; all of that was left out", "url", x.visit.Item.URL)
			p.captures[x.capture] = withBody(p.captures[x.capture], nil)
		}
		return true
	})
	poll := *p.poll
	poll.Items = slices.DeleteFunc(slices.Clone(poll.Items), func(d store.Discovery) bool {
		if !gone[d.Page] {
			return false
		}
		for i := range p.captures {
			cut(i, d.Item.URL)
		}
		return true
	})
	p.poll = &poll
}

// withBody is a capture whose answer has another body; nil is none, and then its
// header goes, too.
func withBody(c *corpus.Capture, body []byte) *corpus.Capture {
	out := *c
	out.Exchanges = slices.Clone(c.Exchanges)
	if body == nil {
		body = []byte{}
	}
	out.Body = body
	a := out.Answer()
	if a == nil {
		out.Body = nil
		return &out
	}
	a.Body, a.Truncated = body, archive.Takedown
	header := a.Response.Clone()
	header.Del("Content-Encoding")
	if len(body) == 0 {
		a.Body, header = nil, http.Header{"Content-Type": a.Response.Values("Content-Type")}
	}
	a.Response = header
	return &out
}

// mostRetired bounds how many documents one pass removes.
const mostRetired = 2000

// retire removes the documents whose time is over.
func (m *Monitor) retire(ctx context.Context) error {
	periods := m.cfg.Retention.Periods()
	shortest := time.Duration(0)
	for _, d := range periods {
		if d > 0 && (shortest == 0 || d < shortest) {
			shortest = d
		}
	}
	if shortest == 0 {
		return nil
	}
	now := m.now().UTC().Truncate(time.Second)
	after := corpus.DocID("")
	var over []corpus.Tombstone
	for {
		ids, err := m.store.Idle(ctx, now.Add(-shortest), after, 500)
		if err != nil {
			return err
		}
		for _, id := range ids {
			t, old, err := m.over(ctx, id, periods, now)
			if err != nil {
				return err
			}
			if old {
				over = append(over, t)
			}
			after = id
		}
		if len(over) >= mostRetired || len(ids) == 0 && len(over) > 0 {
			if _, _, err := m.bury(ctx, over); err != nil {
				return err
			}
			m.log.Info("documents removed whose time was over", "n", len(over))
			over = nil
		}
		if len(ids) == 0 {
			return nil
		}
	}
}

// over says whether the time of a document is over, and gives its tombstone.
func (m *Monitor) over(ctx context.Context, id corpus.DocID, periods map[corpus.Kind]time.Duration, now time.Time) (corpus.Tombstone, bool, error) {
	t, err := m.store.Plot(ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		return t, false, nil // a page that another document speaks for
	}
	if err != nil {
		return t, false, err
	}
	period := periods[t.Kind]
	last, err := m.store.Fetched(ctx, id)
	if err != nil || period == 0 || !last.Before(now.Add(-period)) {
		return t, false, err
	}
	t.At, t.Cause, t.Reason = now, corpus.CauseRetention, fmt.Sprintf("retention.%s: %s", t.Kind, period)
	return t, true, nil
}
