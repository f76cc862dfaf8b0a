package monitor

// Checking the addresses of feeds live, and looking for further ones.

import (
	"context"
	"fmt"
	"log/slog"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"chorus/config"
	"chorus/corpus"
	"chorus/crawl"
	"chorus/feeds"
)

// An OutletCheck is what checking the feeds of an outlet brought.
type OutletCheck struct {
	Outlet string        `json:"outlet"`
	Feeds  []FeedCheck   `json:"feeds"`          // those of the registry
	Found  []FeedCheck   `json:"found"`          // readable ones that the registry does not have
	Home   *corpus.Fault `json:"home,omitempty"` // why the home page could not be read
}

// Readable reports whether any feed of the outlet could be read.
func (c *OutletCheck) Readable() bool {
	return len(c.Found) > 0 || slices.ContainsFunc(c.Feeds, func(f FeedCheck) bool { return f.Fault == nil })
}

// A FeedCheck is a feed that was asked.
type FeedCheck struct {
	corpus.Feed
	Format     string        `json:"format,omitempty"`
	Items      int           `json:"items"`
	NewestItem time.Time     `json:"newest_item,omitzero"`
	Fault      *corpus.Fault `json:"fault,omitempty"`
}

// UnknownOutletError names outlets that are not watched.
type UnknownOutletError []string

// Error lists them.
func (e UnknownOutletError) Error() string {
	return "no outlet is called " + strings.Join(e, ", ") + " (chorus outlets lists them)"
}

// CheckOutlets asks every feed of the outlets with these ids, or of all, and
// looks for feeds on their home pages, in robots.txt and at the usual places.
// It calls report for one outlet after the other, as they are done. Nothing
// is stored and no data folder is needed.
func CheckOutlets(ctx context.Context, c *config.Config, log *slog.Logger, ids []string, report func(OutletCheck) error) error {
	registry, err := Registry(c)
	if err != nil {
		return err
	}
	outlets, err := named(registry, ids)
	if err != nil {
		return err
	}
	crawler, err := newCrawler(c, log)
	if err != nil {
		return err
	}
	defer crawler.Close()
	k := checker{crawler: crawler, maxFeed: int64(c.Collect.MaxFeed)}
	var mu sync.Mutex
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(c.Collect.Workers)
	for _, o := range outlets {
		g.Go(func() error {
			r, err := k.outlet(ctx, o)
			if err != nil {
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			return report(r)
		})
	}
	return g.Wait()
}

func named(registry *feeds.Registry, ids []string) ([]corpus.Outlet, error) {
	if len(ids) == 0 {
		return slices.DeleteFunc(registry.All(), func(o corpus.Outlet) bool { return o.Disabled || len(o.Hosts) == 0 }), nil
	}
	var out []corpus.Outlet
	var unknown UnknownOutletError
	for _, id := range ids {
		if o, ok := registry.Outlet(id); ok {
			out = append(out, o)
		} else {
			unknown = append(unknown, id)
		}
	}
	if unknown != nil {
		return nil, unknown
	}
	return out, nil
}

type checker struct {
	crawler *crawl.Crawler
	maxFeed int64
}

func (k *checker) outlet(ctx context.Context, o corpus.Outlet) (OutletCheck, error) {
	r := OutletCheck{Outlet: o.ID, Feeds: []FeedCheck{}, Found: []FeedCheck{}}
	for _, f := range o.Feeds {
		checked, err := k.feed(ctx, o, f)
		if err != nil {
			return r, err
		}
		r.Feeds = append(r.Feeds, checked)
	}
	candidates, err := k.candidates(ctx, o, &r)
	if err != nil {
		return r, err
	}
	known := map[corpus.DocID]bool{}
	for _, f := range o.Feeds {
		id, _ := corpus.IDOf(f.URL) // checked by the registry
		known[id] = true
	}
	for _, f := range candidates {
		id, err := corpus.IDOf(f.URL)
		if err != nil || known[id] {
			continue
		}
		known[id] = true
		checked, err := k.feed(ctx, o, f)
		if err != nil {
			return r, err
		}
		if checked.Fault == nil && checked.Items > 0 {
			r.Found = append(r.Found, checked)
		}
	}
	return r, nil
}

// maxCandidates is how many feeds of a home page are tried.
const maxCandidates = 12

// candidates lists addresses that may be feeds: what the home page announces,
// what robots.txt names, and, if there is nothing better, links that look
// like feeds and the usual places.
func (k *checker) candidates(ctx context.Context, o corpus.Outlet, r *OutletCheck) ([]corpus.Feed, error) {
	home := o.Home
	if home == "" && len(o.Hosts) > 0 {
		home = "https://" + o.Hosts[0] + "/"
	}
	if home == "" {
		return nil, nil // an account somewhere, no site
	}
	page, err := k.crawler.Fetch(ctx, crawl.Request{URL: home, Proxy: o.Proxy})
	if err != nil {
		return nil, err
	}
	var announced, likely []corpus.Feed
	if r.Home = page.Fault; page.Fault == nil || page.Fault.Kept() {
		announced, likely = feeds.FeedLinks(page.Body, page.FinalURL())
	}
	robots, err := robotsOf(home)
	if err != nil {
		return announced, nil
	}
	answer, err := k.crawler.Fetch(ctx, crawl.Request{URL: robots, Proxy: o.Proxy})
	if err != nil {
		return nil, err
	}
	if answer.Fault == nil {
		announced = append(announced, feeds.RobotsSitemaps(answer.Body, robots)...)
	}
	if len(announced) == 0 {
		announced = likely
		for _, u := range feeds.WellKnown(o) {
			announced = append(announced, corpus.Feed{URL: u, Kind: guessKind(u)})
		}
	}
	return announced[:min(len(announced), maxCandidates)], nil
}

func robotsOf(home string) (string, error) {
	u, err := url.Parse(home)
	if err != nil {
		return "", err
	}
	return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: "/robots.txt"}).String(), nil
}

func guessKind(u string) corpus.FeedKind {
	if strings.Contains(u, "sitemap") {
		return corpus.FeedSitemap
	}
	return corpus.FeedRSS
}

// feed asks one feed; a sitemap index by its newest part.
func (k *checker) feed(ctx context.Context, o corpus.Outlet, f corpus.Feed) (FeedCheck, error) {
	r := FeedCheck{Feed: f}
	for address, depth := f.URL, 0; ; depth++ {
		c, err := k.crawler.Fetch(ctx, crawl.Request{URL: address, Proxy: o.Proxy, MaxBodyBytes: k.maxFeed})
		if err != nil {
			return r, fmt.Errorf("check feed %s: %w", address, err)
		}
		if r.Fault = c.Fault; r.Fault != nil && !r.Fault.Kept() {
			return r, nil
		}
		reading, fault := feeds.Read(f, c, c.Fetched)
		if r.Fault = fault; fault != nil {
			return r, nil
		}
		if len(reading.Sitemaps) > 0 && depth == 0 {
			address = reading.Sitemaps[0]
			continue
		}
		r.Verified, r.Format, r.Items = true, reading.Format, len(reading.Items)
		for _, item := range reading.Items {
			if item.Published.After(r.NewestItem) {
				r.NewestItem = item.Published
			}
		}
		return r, nil
	}
}
