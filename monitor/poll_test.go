package monitor

// Feeds of several parts, and rounds that are told to end.

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"chorus/corpus"
	"chorus/internal/testweb"
)

// stork is an outlet with one feed.
func stork(feed corpus.Feed) []corpus.Outlet {
	return []corpus.Outlet{{ID: "stork", Name: "stork", Bloc: corpus.BlocControl, Country: "NL", Owner: "stork", Family: "stork", Ownership: "independent",
		Languages: []string{"en"}, Hosts: []string{"stork.example"}, Tier: corpus.TierDaily, Feeds: []corpus.Feed{feed}}}
}

func urlset(pages ...int) string {
	var b strings.Builder
	for _, n := range pages {
		fmt.Fprintf(&b, "<url><loc>http://stork.example/n/%d</loc></url>", n)
	}
	return `<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">` + b.String() + `</urlset>`
}

func TestPartsOfAnUnchangedSitemapIndexAreRead(t *testing.T) {
	w := &testweb.Web{}
	w.Add("http://stork.example/index.xml", handler(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", `"same"`)
		if r.Header.Get("If-None-Match") != "" {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		w.Header().Set("Content-Type", "application/xml")
		fmt.Fprint(w, `<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"><sitemap><loc>http://stork.example/gone.xml</loc></sitemap>
			<sitemap><loc>http://stork.example/index.xml</loc></sitemap><sitemap><loc>http://stork.example/part.xml</loc></sitemap></sitemapindex>`)
	}))
	w.AddText("http://stork.example/part.xml", urlset(1))
	s := watch(t, w, stork(corpus.Feed{URL: "http://stork.example/index.xml", Kind: corpus.FeedSitemap}))
	if sum := s.once(); sum.Items != 1 {
		t.Errorf("%d items, want the one of the part that is there", sum.Items)
	}
	if n := w.Requests("http://stork.example/index.xml"); n != 1 {
		t.Errorf("an index that lists itself was asked for %d times", n)
	}
	w.AddText("http://stork.example/part.xml", urlset(1, 2))
	s.elapsed = 24 * time.Hour
	if sum := s.once(); sum.Items != 1 {
		t.Errorf("%d items, want the one that is new in the part", sum.Items)
	}
	s.with(func(m *Monitor) {
		states, err := m.store.FeedStates(t.Context())
		if err != nil || len(states) != 1 || !strings.Contains(states[0].Warning, "gone.xml") {
			t.Errorf("states %+v, %v; want a warning of the part that is gone", states, err)
		}
	})
}

func TestPollTakesNoMorePartsThanItCanUse(t *testing.T) {
	w := &testweb.Web{}
	var parts strings.Builder
	for i := range 20 {
		part := fmt.Sprintf("http://stork.example/part%d.xml", i)
		fmt.Fprintf(&parts, "<sitemap><loc>%s</loc></sitemap>", part)
		w.AddText(part, urlset(10*i, 10*i+1, 10*i+2))
	}
	w.AddText("http://stork.example/index.xml", `<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">`+parts.String()+`</sitemapindex>`)
	s := watch(t, w, stork(corpus.Feed{URL: "http://stork.example/index.xml", Kind: corpus.FeedSitemap}))
	s.cfg.Collect.MaxItems = 7
	if sum := s.once(); sum.Items != 7 {
		t.Errorf("%d items, want 7", sum.Items)
	}
	asked := 0
	for i := range 20 {
		asked += w.Requests(fmt.Sprintf("http://stork.example/part%d.xml", i))
	}
	if asked != 3 {
		t.Errorf("%d parts were asked for, want the 3 that seven items need", asked)
	}
}

func TestInterruptedRoundKeepsWhatIsInHand(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	w := &testweb.Web{}
	w.Add("http://stork.example/rss.xml", handler(func(w http.ResponseWriter, r *http.Request) {
		stop() // as a signal would, while the feed is being read
		w.Header().Set("Content-Type", "application/xml")
		fmt.Fprint(w, `<rss version="2.0"><channel><title>T</title><item><link>http://stork.example/n/1</link></item></channel></rss>`)
	}))
	s := watch(t, w, stork(corpus.Feed{URL: "http://stork.example/rss.xml", Kind: corpus.FeedRSS}))
	s.with(func(m *Monitor) {
		sum, err := m.Once(ctx)
		if !errors.Is(err, context.Canceled) {
			t.Errorf("Once = %v, want that it was interrupted", err)
		}
		sum.Took = 0
		if diff := cmp.Diff(Summary{Feeds: 1, Items: 1}, sum); diff != "" {
			t.Errorf("summary (-want +got):\n%s", diff)
		}
		counts, err := m.store.FrontierCounts(t.Context())
		if err != nil || counts["pending"] != 1 || counts["leased"] != 0 {
			t.Errorf("frontier %v, %v; want the page of the feed, not leased", counts, err)
		}
	})
	if n := w.Requests("http://stork.example/n/1"); n != 0 {
		t.Errorf("a page was asked for %d times after the end", n)
	}
}
