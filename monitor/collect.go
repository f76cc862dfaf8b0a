package monitor

// Collecting: which feeds and pages are due, who fetches them, and when the
// round is over.

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"chorus/corpus"
	"chorus/crawl"
	"chorus/feeds"
	"chorus/store"
)

const (
	leaseTime = 10 * time.Minute // longer than any page may take
	perHost   = 8                // pages leased of one host at a time
	lookAgain = 5 * time.Second  // between looks for pages that have become due
	maxParts  = 50               // parts of a sitemap index, pages of a list, read at one poll
)

// A Summary says what a round did.
type Summary struct {
	Feeds     int           `json:"feeds"`      // polled
	FeedsLost int           `json:"feeds_lost"` // could not be read
	Items     int           `json:"items"`      // new in the frontier
	Pages     int           `json:"pages"`      // fetched, whatever came of it
	PagesLost int           `json:"pages_lost"` // could not be had
	Documents int           `json:"documents"`  // new ones and new versions
	Tagged    int           `json:"tagged"`     // of them, with at least one tag
	Took      time.Duration `json:"took_ns"`
}

// A round is one pass of collecting.
type round struct {
	*Monitor
	out chan parcel

	forever bool // do not end when nothing is due

	mu      sync.Mutex
	busy    map[string]bool // hosts that someone works on
	polling map[string]bool // feeds that someone polls, by feedKey
	freed   chan struct{}   // a host was freed
	hard    context.Context // ends a grace after the round's own
	working int             // feeds and hosts being worked on
	probes  int             // polls while the network was down
	summary Summary
}

// Once collects from all feeds that are due and fetches all pages that are
// due, until nothing is left that is due now, and brings the index up to
// date. When ctx ends it finishes what is in hand and returns ctx's error.
func (m *Monitor) Once(ctx context.Context) (Summary, error) {
	start := m.now()
	r := m.newRound()
	err := r.run(ctx, func(ctx context.Context) error {
		states, err := m.feedStates(ctx)
		if err != nil {
			return err
		}
		return r.collect(ctx, m.dueFeeds(states, m.now()))
	})
	r.summary.Took = m.now().Sub(start)
	if ctx.Err() != nil {
		m.lastCatchUp(ctx)
		return r.summary, err
	}
	return r.summary, errors.Join(err, m.CatchUp(ctx))
}

func (m *Monitor) newRound() *round {
	return &round{Monitor: m, out: make(chan parcel, maxParcels), busy: map[string]bool{}, polling: map[string]bool{}, freed: make(chan struct{}, 1)}
}

// grace is how long a fetch in hand may go on after the end was asked for.
const grace = 5 * time.Second

// run starts the committer, runs work, and waits until all is committed.
// When ctx ends, no new work is begun; what is in hand has a grace to finish.
func (r *round) run(ctx context.Context, work func(context.Context) error) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var cut context.CancelFunc
	r.hard, cut = context.WithCancel(context.WithoutCancel(ctx))
	defer cut()
	defer context.AfterFunc(ctx, func() { time.AfterFunc(grace, cut) })()
	var commitErr error
	done := make(chan struct{})
	go func() {
		defer close(done)
		// A commit in hand is finished even when ctx ends.
		commitErr = r.commitAll(context.WithoutCancel(ctx), r.out, func() {
			if !r.forever {
				stop()
			}
		})
	}()
	err := work(ctx)
	close(r.out)
	<-done
	if commitErr != nil {
		return commitErr // all others follow from it
	}
	return err
}

// due is a feed to poll.
type due struct {
	outlet corpus.Outlet
	feed   corpus.Feed
	state  corpus.FeedState
}

func feedKey(outlet, url string) string { return outlet + " " + url }

// feedStates gives the state of every feed that was polled, by feedKey.
func (m *Monitor) feedStates(ctx context.Context) (map[string]corpus.FeedState, error) {
	all, err := m.store.FeedStates(ctx)
	if err != nil {
		return nil, err
	}
	states := make(map[string]corpus.FeedState, len(all))
	for _, s := range all {
		states[feedKey(s.Outlet, s.URL)] = s
	}
	return states, nil
}

// dueFeeds lists the feeds to poll now, the longest due first.
func (m *Monitor) dueFeeds(states map[string]corpus.FeedState, now time.Time) []due {
	var out []due
	for _, o := range m.registry.All() {
		if o.Disabled {
			continue
		}
		for _, f := range o.Feeds {
			if s := states[feedKey(o.ID, f.URL)]; !s.Due.After(now) && m.cfg.Social.Asks(f.Kind) {
				out = append(out, due{o, f, s})
			}
		}
	}
	slices.SortStableFunc(out, func(a, b due) int { return a.state.Due.Compare(b.state.Due) })
	return out
}

// collect polls the feeds and fetches pages, those the feeds bring included,
// until none is due.
func (r *round) collect(ctx context.Context, polls []due) error {
	var feeds, pages errgroup.Group
	feeds.SetLimit(r.cfg.Collect.Workers)
	pages.SetLimit(r.cfg.Collect.Workers)
	asked := ctx
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	r.enter(1)
	var feedsErr error
	polled := make(chan struct{})
	go func() {
		defer close(polled)
		defer r.leave("")
		for _, d := range polls {
			if ctx.Err() == nil {
				feeds.Go(func() error { return r.pollFeed(ctx, d) })
			}
		}
		feedsErr = feeds.Wait()
	}()
	err := r.fetchPages(ctx, &pages)
	if err != nil {
		stop() // feeds would bring pages that nobody fetches
	}
	<-polled
	return errors.Join(err, pages.Wait(), feedsErr, asked.Err())
}

// pollDue begins to poll the feeds that are due and that nobody polls yet, as
// far as there are workers, and does not wait for them.
func (r *round) pollDue(ctx context.Context, g *errgroup.Group) error {
	states, err := r.feedStates(ctx)
	if err != nil {
		return err
	}
	all := r.dueFeeds(states, r.now())
	if r.resting(r.now()) && len(all) > 0 {
		// One feed at a time, another at each tick, tells when it is over.
		r.probes++
		all = all[r.probes%len(all):][:1]
	}
	for _, d := range all {
		if ctx.Err() != nil || !r.beginPoll(d) {
			continue
		}
		if !g.TryGo(func() error {
			defer r.endPoll(d)
			r.report(ctx, "feed could not be polled", r.pollFeed(ctx, d))
			return nil
		}) {
			r.endPoll(d)
			return nil // all are busy; the next tick goes on
		}
	}
	return nil
}

// report logs what went wrong in a round that goes on all the same.
func (r *round) report(ctx context.Context, what string, err error) {
	if err != nil && ctx.Err() == nil {
		r.log.Error(what, "err", err)
	}
}

func (r *round) beginPoll(d due) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	key := feedKey(d.outlet.ID, d.feed.URL)
	if r.polling[key] {
		return false
	}
	r.polling[key] = true
	return true
}

func (r *round) endPoll(d due) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.polling, feedKey(d.outlet.ID, d.feed.URL))
}

// fetchPages hands hosts with due pages to workers until nothing is due and
// nobody works any more.
func (r *round) fetchPages(ctx context.Context, g *errgroup.Group) error {
	stuck := false
	for ctx.Err() == nil {
		working := r.count() // before the look: who is working now may bring more
		now := r.now()
		if r.resting(now) {
			r.wait(ctx)
			continue
		}
		leases, err := r.store.Claim(ctx, now, now.Add(leaseTime), perHost, perHost*r.cfg.Collect.Workers, r.isBusy)
		if err != nil && r.forever {
			r.claimFailed(ctx, err)
			stuck = true
			continue
		}
		if err != nil {
			return ignoreEnd(ctx, err)
		}
		if stuck {
			r.trouble.over(toClaim)
			stuck = false
		}
		for host, pages := range byHost(leases) {
			r.occupy(host)
			g.Go(func() error {
				defer r.leave(host)
				err := r.fetchHost(ctx, pages)
				if r.forever {
					r.report(ctx, "pages could not be given back", err)
					return nil
				}
				return err
			})
		}
		if len(leases) > 0 {
			continue
		}
		if working == 0 && !r.forever {
			return nil
		}
		r.wait(ctx)
	}
	return nil
}

// wait waits until there may be something to do.
func (r *round) wait(ctx context.Context) {
	select {
	case <-r.freed:
	case <-ctx.Done():
	case <-time.After(lookAgain):
	}
}

// resting reports whether the round has stopped asking because the network is
// down. A single round never does: it ends by itself.
func (r *round) resting(now time.Time) bool { return r.forever && r.network.outage(now) }

// claimFailed notes that no pages could be claimed, which means that the store
// cannot be written, and waits a while.
func (r *round) claimFailed(ctx context.Context, err error) {
	if ctx.Err() != nil {
		return
	}
	r.trouble.note(toClaim, err, r.now())
	r.log.Error("pages could not be claimed; trying again", "err", err)
	select {
	case <-ctx.Done():
	case <-time.After(r.patience):
	}
}

func ignoreEnd(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}

func byHost(leases []store.Lease) map[string][]store.Lease {
	hosts := map[string][]store.Lease{}
	for _, l := range leases {
		hosts[l.Host] = append(hosts[l.Host], l)
	}
	return hosts
}

func (r *round) isBusy(host string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.busy[host]
}

func (r *round) occupy(host string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.busy[host] = true
	r.working++
}

func (r *round) enter(n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.working += n
}

// leave ends one piece of work, on a host if it was on one.
func (r *round) leave(host string) {
	r.mu.Lock()
	delete(r.busy, host)
	r.working--
	r.mu.Unlock()
	r.nudge()
}

func (r *round) nudge() {
	select {
	case r.freed <- struct{}{}:
	default:
	}
}

func (r *round) count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.working
}

// fetchHost fetches pages of one host, one after the other, and returns when
// they are committed. Pages it does not come to it gives back.
func (r *round) fetchHost(ctx context.Context, pages []store.Lease) error {
	var pending sync.WaitGroup
	defer pending.Wait()
	for i, l := range pages {
		if ctx.Err() != nil || r.resting(r.now()) {
			return r.store.Unlease(context.WithoutCancel(ctx), pages[i:])
		}
		capture := r.ask(crawl.Request{
			URL:    l.Item.URL,
			Accept: "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.5",
			Proxy:  r.proxyOf(l.Item.Outlet),
		})
		if capture == nil {
			return r.store.Unlease(context.WithoutCancel(ctx), pages[i:])
		}
		p := r.page(l, capture)
		pending.Add(1)
		p.done = func(err error) { r.pageDone(ctx, l, &p, err); pending.Done() }
		r.out <- p
	}
	return nil
}

// ask fetches an address and notes what that says of the network. It returns
// nil if there was no time left.
func (r *round) ask(request crawl.Request) *corpus.Capture {
	c, err := r.crawler.Fetch(r.hard, request)
	if err != nil {
		if r.hard.Err() != nil {
			return nil
		}
		c = r.unasked(request.URL, corpus.FaultFormat, err.Error())
	}
	r.network.saw(c, r.now())
	return c
}

// unasked is the capture of an address that was not asked: the crawler does not
// take it, or we may not.
func (m *Monitor) unasked(address string, class corpus.FaultClass, reason string) *corpus.Capture {
	now := m.now().UTC().Truncate(time.Second)
	return &corpus.Capture{URL: address, Fetched: now, Fault: &corpus.Fault{Class: class, Reason: reason, At: now}}
}

// page reads and tags what a fetch brought. Reading takes a core, so only so
// many do it at a time.
func (r *round) page(l store.Lease, capture *corpus.Capture) parcel {
	r.reading <- struct{}{}
	defer func() { <-r.reading }()
	n := note{Item: &l.Item}
	v := r.visit(n, capture, r.document(l.Item, capture), l.Attempts, l.Visits)
	return parcel{captures: []*corpus.Capture{capture}, note: n, visit: &v}
}

func (r *round) pageDone(ctx context.Context, l store.Lease, p *parcel, err error) {
	if err != nil {
		if err := r.store.Unlease(context.WithoutCancel(ctx), []store.Lease{l}); err != nil {
			r.log.Debug("page could not be given back; its lease will end", "url", l.Item.URL, "err", err)
		}
		return
	}
	r.mu.Lock()
	r.summary.Pages++
	if p.visit.Document == nil {
		r.summary.PagesLost++
	} else if p.visit.Added {
		r.summary.Documents++
		if len(p.visit.Document.Tags) > 0 {
			r.summary.Tagged++
		}
	}
	n := r.summary.Pages
	r.mu.Unlock()
	r.progress("pages", n, 0)
	if f := p.visit.Fault; f != nil {
		r.log.Debug("page had a fault", "outlet", p.visit.Item.Outlet, "url", p.visit.Item.URL, "class", f.Class, "reason", f.Reason)
	}
}

func (m *Monitor) proxyOf(outlet string) string {
	o, _ := m.registry.Outlet(outlet)
	return o.Proxy
}

// pollFeed polls one feed, with the parts of a sitemap index and the further
// pages of a list, and returns when it is committed.
func (r *round) pollFeed(ctx context.Context, d due) error {
	if ctx.Err() != nil {
		return nil
	}
	captures, err := r.fetchFeed(d)
	if err != nil || len(captures) == 0 {
		return err
	}
	if r.resting(r.now()) && silence(captures[0]) {
		return nil // it says nothing about the feed
	}
	p := parcel{captures: captures, note: note{Feed: &feedNote{d.outlet.ID, d.feed.URL}}}
	poll, posts, err := r.poll(d.outlet, d.feed, d.state, captures, func(ids []corpus.DocID) (map[corpus.DocID]bool, error) { return r.store.Known(r.hard, ids) })
	if err != nil {
		return ignoreEnd(r.hard, err)
	}
	p.poll, p.posts = &poll, posts
	if f := poll.State.Fault; f != nil {
		r.log.Debug("feed had a fault", "outlet", d.outlet.ID, "url", d.feed.URL, "class", f.Class, "reason", f.Reason)
	}
	committed := make(chan error, 1)
	p.done = func(err error) { committed <- err }
	r.out <- p
	if err := <-committed; err != nil {
		return err
	}
	r.mu.Lock()
	r.summary.Feeds++
	r.summary.Items += poll.State.New
	if poll.State.Fault != nil {
		r.summary.FeedsLost++
	}
	for _, x := range posts {
		if x.visit.Added {
			r.summary.Documents++
			if len(x.visit.Document.Tags) > 0 {
				r.summary.Tagged++
			}
		}
	}
	n := r.summary.Feeds
	r.mu.Unlock()
	r.progress("feeds", n, 0)
	r.nudge() // there may be pages now
	return nil
}

// fetchFeed asks for a feed and what hangs on it, as far as one poll reads. A
// part that cannot be had does not keep the others away. It returns no
// captures if there was no time to read all: a poll of some parts would claim
// that the items of the others are not there.
func (r *round) fetchFeed(d due) ([]*corpus.Capture, error) {
	if d.feed.Kind.Social() {
		return r.fetchAccount(d)
	}
	request := crawl.Request{
		URL: d.feed.URL, ETag: d.state.ETag, LastModified: d.state.LastModified, Proxy: d.outlet.Proxy,
		Accept:       "application/rss+xml,application/atom+xml,application/feed+json,application/xml;q=0.9,text/html;q=0.8,*/*;q=0.5",
		MaxBodyBytes: int64(r.cfg.Collect.MaxFeed),
	}
	var captures []*corpus.Capture
	var bytes int64
	items := 0
	asked := map[string]bool{}
	for next := []string{d.feed.URL}; len(next) > 0 && len(captures) < maxParts; {
		request.URL, next = next[0], next[1:]
		if asked[request.URL] {
			continue // a list whose last page leads to the first, say
		}
		asked[request.URL] = true
		c := r.ask(request)
		if c == nil {
			return nil, nil
		}
		captures = append(captures, c)
		request.ETag, request.LastModified = "", ""
		if c.Fault != nil && !c.Fault.Kept() || c.Status() == http.StatusNotModified {
			continue
		}
		reading, fault := feeds.Read(d.feed, c, c.Fetched)
		if fault != nil {
			continue // the poll will say so
		}
		bytes += int64(len(c.Body))
		items += len(reading.Items)
		if bytes >= int64(r.cfg.Collect.MaxFeed) || items >= r.cfg.Collect.MaxItems {
			break // more would not be taken
		}
		more, err := r.further(d.feed, reading, len(captures))
		if err != nil {
			return nil, ignoreEnd(r.hard, err)
		}
		next = append(next, more...)
	}
	return captures, nil
}

// further lists what to read after a part of a feed: the parts of a sitemap
// index, or the next page of a list as long as pages bring something new.
func (r *round) further(feed corpus.Feed, reading feeds.Reading, sofar int) ([]string, error) {
	if sofar == 1 && len(reading.Sitemaps) > 0 {
		return reading.Sitemaps, nil
	}
	if reading.Next == "" || feed.List == nil || sofar >= cmp.Or(feed.List.Pages, 1) {
		return nil, nil
	}
	ids := make([]corpus.DocID, 0, len(reading.Items))
	for _, item := range reading.Items {
		if id, err := corpus.IDOf(item.URL); err == nil {
			ids = append(ids, id)
		}
	}
	known, err := r.store.Known(r.hard, ids)
	if err != nil {
		return nil, fmt.Errorf("page through %s: %w", feed.URL, err)
	}
	if len(known) == len(ids) {
		return nil, nil
	}
	return []string{reading.Next}, nil
}
