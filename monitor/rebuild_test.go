package monitor

// A rebuild tells the same story as the live run, however long that was.

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"chorus/corpus"
	"chorus/internal/testweb"
)

// newsroom is a web that changes from day to day by chance: pages appear, are
// edited, vanish and come back; some have twins, some answer by a redirect.
type newsroom struct {
	web    *testweb.Web
	random *rand.Rand
	pages  []string
}

func (n *newsroom) outlets() []corpus.Outlet {
	outlet := func(id string, feeds ...corpus.Feed) corpus.Outlet {
		return corpus.Outlet{ID: id, Name: id, Bloc: corpus.BlocControl, Country: "NL", Owner: id, Family: id, Ownership: "independent",
			Languages: []string{"en"}, Hosts: []string{id + ".example"}, Tier: corpus.TierDaily, Feeds: feeds}
	}
	return []corpus.Outlet{
		outlet("gull", corpus.Feed{URL: "http://gull.example/rss.xml", Kind: corpus.FeedRSS}),
		outlet("heron", corpus.Feed{URL: "http://heron.example/list", Kind: corpus.FeedList, List: &corpus.ListRule{Item: "li", Link: "a", Next: "a.next", Pages: 4}}),
		outlet("stork", corpus.Feed{URL: "http://stork.example/index.xml", Kind: corpus.FeedSitemap}, corpus.Feed{URL: "http://stork.example/rss.xml", Kind: corpus.FeedRSS}),
	}
}

func (n *newsroom) body(page string) string {
	canonical := ""
	if n.random.IntN(5) == 0 {
		canonical = `<link rel="canonical" href="` + strings.TrimSuffix(page, "/amp") + `">`
	}
	return fmt.Sprintf(`<html lang="en"><head><title>Notice %s</title>%s</head><body><article><h1>Notice</h1>
		<p>The harbour office says that %d boats left at dawn and that %d of them carried salt, which is more than in any month since the fire.</p>
		<p>The harbour master, who was asked about it at noon, said that the tide had been high and that nobody had complained so far.</p></article></body></html>`,
		page, canonical, n.random.IntN(1000), n.random.IntN(1000))
}

func (n *newsroom) day() {
	for range 3 + n.random.IntN(6) {
		host := []string{"gull", "heron", "stork"}[n.random.IntN(3)]
		page := fmt.Sprintf("http://%s.example/n/%d", host, len(n.pages))
		n.pages = append(n.pages, page)
		if n.random.IntN(4) == 0 {
			n.pages = append(n.pages, page+"/amp")
			n.web.AddText(page+"/amp", n.body(page+"/amp"))
		}
		n.web.AddText(page, n.body(page))
	}
	for _, page := range n.pages {
		switch d := n.random.IntN(14); {
		case d < 3:
			n.web.Remove(page)
		case d == 3:
			n.web.Add(page, testweb.Page{Status: 503, Body: []byte("later")})
		case d == 4:
			n.web.Add(page, testweb.Page{Status: 302, Header: http.Header{"Location": {n.pages[n.random.IntN(len(n.pages))]}}})
		case d < 9:
			n.web.AddText(page, n.body(page))
		}
	}
	n.feeds()
}

// feeds lists the pages in all forms; feeds answer 304 when nothing changed.
func (n *newsroom) feeds() {
	var rss, other, locs [2]strings.Builder
	var lists [3]strings.Builder
	for i, page := range n.pages {
		fmt.Fprintf(&rss[i%2], "<item><link>%s</link><title>Notice %d</title></item>", page, i)
		fmt.Fprintf(&locs[i%2], "<url><loc>%s</loc></url>", page)
		fmt.Fprintf(&lists[i%3], `<li><a href="%s">Notice %d at the harbour</a></li>`, page, i)
		fmt.Fprintf(&other[0], "<item><link>%s?utm_source=rss</link></item>", page)
	}
	conditional := func(body string) testweb.Page {
		tag := fmt.Sprintf(`"%d"`, len(body))
		return handler(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("ETag", tag)
			w.Header().Set("Content-Type", "application/xml")
			if r.Header.Get("If-None-Match") == tag {
				w.WriteHeader(http.StatusNotModified)
				return
			}
			fmt.Fprint(w, body)
		})
	}
	n.web.Add("http://gull.example/rss.xml", conditional(`<rss version="2.0"><channel><title>Gull</title>`+rss[0].String()+`</channel></rss>`))
	n.web.Add("http://stork.example/rss.xml", conditional(`<rss version="2.0"><channel><title>Stork</title>`+other[0].String()+`</channel></rss>`))
	n.web.Add("http://stork.example/index.xml", conditional(`<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"><sitemap><loc>http://stork.example/a.xml</loc></sitemap><sitemap><loc>http://stork.example/gone.xml</loc></sitemap><sitemap><loc>http://stork.example/b.xml</loc></sitemap></sitemapindex>`))
	for i, name := range []string{"a", "b"} {
		n.web.AddText("http://stork.example/"+name+".xml", `<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">`+locs[i].String()+`</urlset>`)
	}
	for i, at := range []string{"list", "list?p=2", "list?p=3"} {
		// The last page leads back to the first.
		n.web.AddText("http://heron.example/"+at, fmt.Sprintf(`<html><body><ul>%s</ul><a class="next" href="/%s">more</a></body></html>`, lists[i].String(), []string{"list?p=2", "list?p=3", "list"}[i]))
	}
}

// story is what is the same after a rebuild, to the byte.
func story(t *testing.T, m *Monitor) string {
	t.Helper()
	var b strings.Builder
	b.WriteString(whole(t, m))
	for _, query := range []string{"is:deleted", "is:edited", "is:old", "salt"} {
		fmt.Fprintf(&b, "\n%s: %v", query, search(t, m, query))
	}
	states, err := m.store.FeedStates(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range states {
		// Feeds that are polled at the same time may both count an item as new.
		fmt.Fprintf(&b, "\n%s %s polled %v read %v unchanged %v items %d failures %d %v", s.Outlet, s.URL, s.Polled, s.Read, s.Unchanged, s.Items, s.Failures, s.Warning)
	}
	losses, err := m.store.Losses(t.Context(), time.Time{}, 1000)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(&b, "\n%+v", losses)
	return b.String()
}

func TestRebuildTellsTheSameStory(t *testing.T) {
	edits, deleted := 0, 0
	for seed := range uint64(3) {
		n := &newsroom{web: &testweb.Web{}, random: rand.New(rand.NewPCG(seed, 7))}
		s := watch(t, n.web, n.outlets())
		s.cfg.Collect.Retries = 2
		s.with(func(m *Monitor) {
			for range 12 {
				n.day()
				s.elapsed += time.Duration(3+n.random.IntN(30)) * time.Hour
				if _, err := m.Once(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			importLines(t, m, strings.NewReader(line("http://elsewhere.example/1", "From a file.", "")))
			before := story(t, m)
			if _, err := m.Rebuild(t.Context()); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(strings.Split(before, "\n"), strings.Split(story(t, m), "\n")); diff != "" {
				t.Errorf("seed %d: another story (-before +after):\n%s", seed, diff)
			}
			docs := documents(t, m)
			for _, d := range docs {
				edits += min(d.Edit, 1)
				if !d.Deleted.IsZero() {
					deleted++
				}
			}
			t.Logf("seed %d: %d versions; so far %d edits, %d deleted", seed, len(docs), edits, deleted)
		})
	}
	// Which pages a poll finds depends on how the sites' answers interleave, so
	// that one web may by chance end without a page that is gone.
	if edits == 0 || deleted == 0 {
		t.Errorf("%d edits and %d deleted test nothing", edits, deleted)
	}
}

func TestInterruptedRebuildChangesNothing(t *testing.T) {
	w, outlets := crowd(2, 20)
	s := watch(t, w, outlets)
	s.once()
	s.with(func(m *Monitor) {
		before := whole(t, m)
		ctx, stop := context.WithCancel(t.Context())
		m.progress = func(stage string, _, _ int) {
			if stage == "captures" {
				stop()
			}
		}
		if _, err := m.Rebuild(ctx); err == nil {
			t.Error("the rebuild was not interrupted")
		}
		if diff := cmp.Diff(before, whole(t, m)); diff != "" {
			t.Errorf("an interrupted rebuild changed the corpus (-before +after):\n%s", diff)
		}
	})
	left, err := filepath.Glob(filepath.Join(s.cfg.Data, "*.rebuild*"))
	if err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestInterruptedRecoveryBeginsAgain(t *testing.T) {
	w, outlets := crowd(2, 20)
	s := watch(t, w, outlets)
	s.once()
	w.AddText("http://site0.example/3", "<html lang=en><head><title>Changed</title></head><body><article><h1>Changed</h1><p>The warehouse has been closed since, and the apples are sold on the square, as they were before the war.</p></article></body></html>")
	s.elapsed = 3 * time.Hour
	s.once()
	var before string
	s.with(func(m *Monitor) { before = whole(t, m) })
	for _, end := range []string{"", "-wal", "-shm"} {
		os.Remove(filepath.Join(s.cfg.Data, "chorus.db"+end))
	}
	ctx, stop := context.WithCancel(t.Context())
	_, err := Open(ctx, Options{Config: s.cfg, Verb: "test", Progress: func(stage string, _, _ int) {
		if stage == "captures" {
			stop()
		}
	}})
	if err == nil {
		t.Fatal("the recovery was not interrupted")
	}
	s.with(func(m *Monitor) {
		if err := m.CatchUp(t.Context()); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(before, whole(t, m)); diff != "" {
			t.Errorf("the second recovery made something else (-before +after):\n%s", diff)
		}
	})
}

func TestRebuildCountsWhatIsNoLongerWatched(t *testing.T) {
	w, outlets := crowd(2, 3)
	s := watch(t, w, outlets)
	s.once()
	s.cfg.Outlets.Define = outlets[:1]
	s.with(func(m *Monitor) {
		sum, err := m.Rebuild(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if sum.Strange != 1 || sum.Documents != 6 {
			t.Errorf("summary %+v, want the one poll of the outlet that is gone as strange, and all 6 documents", sum)
		}
	})
}
