package monitor

import (
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"chorus"
	"chorus/config"
	"chorus/corpus"
	"chorus/index"
	"chorus/internal/testweb"
)

// river is the small web of testdata/river.txtar and its outlets.
func river(t *testing.T) (*testweb.Web, []corpus.Outlet) {
	t.Helper()
	raw, err := os.ReadFile("testdata/river.txtar")
	if err != nil {
		t.Fatal(err)
	}
	w := &testweb.Web{}
	w.AddTxtar(raw)
	outlet := func(id string, bloc corpus.Bloc, country, lang string, feed corpus.Feed) corpus.Outlet {
		return corpus.Outlet{ID: id, Name: id, Bloc: bloc, Country: country, Owner: id, Family: id, Ownership: "state",
			Languages: []string{lang}, Hosts: []string{id + ".example"}, Tier: corpus.TierDaily, Feeds: []corpus.Feed{feed}}
	}
	return w, []corpus.Outlet{
		outlet("riverpost", corpus.BlocControl, "NL", "en", corpus.Feed{URL: "http://riverpost.example/rss.xml", Kind: corpus.FeedRSS}),
		outlet("reka", corpus.BlocRU, "RU", "ru", corpus.Feed{URL: "http://reka.example/list", Kind: corpus.FeedList,
			List: &corpus.ListRule{Item: "li.n", Link: "a", Date: "time", Next: "a.next", Pages: 5}}),
		outlet("jiang", corpus.BlocCN, "CN", "zh", corpus.Feed{URL: "http://jiang.example/sitemap.xml", Kind: corpus.FeedSitemap}),
	}
}

// setup is a monitor of a test web, in a data folder that outlives it.
type setup struct {
	t       *testing.T
	web     *testweb.Web
	cfg     *config.Config
	elapsed time.Duration // how far the clock is ahead
}

func watch(t *testing.T, w *testweb.Web, outlets []corpus.Outlet) *setup {
	t.Helper()
	address, _, err := w.Serve(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	c, err := config.Default(chorus.Config)
	if err != nil {
		t.Fatal(err)
	}
	c.Data = t.TempDir()
	c.Outlets.Builtin, c.Outlets.Define = false, outlets
	c.Collect.Proxy = "http://" + address
	c.Collect.HostDelay = 0
	c.Collect.AllowNetworks = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	return &setup{t: t, web: w, cfg: c}
}

func (s *setup) open() *Monitor {
	s.t.Helper()
	m, err := Open(s.t.Context(), Options{Config: s.cfg, Verb: "test", Now: func() time.Time { return time.Now().Add(s.elapsed) }})
	if err != nil {
		s.t.Fatal(err)
	}
	return m
}

// with opens the monitor, does something, and closes it.
func (s *setup) with(do func(*Monitor)) {
	s.t.Helper()
	m := s.open()
	defer func() {
		if err := m.Close(); err != nil {
			s.t.Error(err)
		}
	}()
	do(m)
}

func (s *setup) once() (sum Summary) {
	s.t.Helper()
	s.with(func(m *Monitor) {
		var err error
		if sum, err = m.Once(s.t.Context()); err != nil {
			s.t.Fatal(err)
		}
	})
	return sum
}

func search(t *testing.T, m *Monitor, query string) []string {
	t.Helper()
	q, err := index.Parse(query)
	if err != nil {
		t.Fatal(err)
	}
	r, err := m.Search(t.Context(), index.Request{Query: q, Size: 100, Sort: index.SortDate})
	if err != nil {
		t.Fatal(err)
	}
	var seqs []corpus.Seq
	for _, h := range r.Hits {
		seqs = append(seqs, h.Seq)
	}
	docs, err := m.Documents(t.Context(), seqs)
	if err != nil {
		t.Fatal(err)
	}
	urls := []string{}
	for _, d := range docs {
		urls = append(urls, strings.TrimPrefix(d.URL(), "http://"))
	}
	return urls
}

func documents(t *testing.T, m *Monitor) []corpus.Document {
	t.Helper()
	var all []corpus.Document
	if err := m.store.Each(t.Context(), func(d corpus.Document) error {
		all = append(all, d)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return all
}

func TestOnceCollectsTagsAndFinds(t *testing.T) {
	s := watchRiver(t)
	s.with(func(m *Monitor) {
		sum, err := m.Once(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		sum.Took = 0
		if diff := cmp.Diff(Summary{Feeds: 3, Items: 7, Pages: 7, PagesLost: 2, Documents: 5, Tagged: 3}, sum); diff != "" {
			t.Errorf("summary (-want +got):\n%s", diff)
		}
		for query, want := range map[string][]string{
			"bridge":                         {"riverpost.example/news/1"},
			"расширению":                     {"reka.example/a/1"}, // another form of the word
			"北约东扩":                           {"jiang.example/2026/03/02/1.html"},
			"narrative:nato-expansion":       {"jiang.example/2026/03/02/1.html", "riverpost.example/news/2?utm_source=rss", "reka.example/a/1"},
			"bloc:RU -картофеля":             {"reka.example/a/1"},
			"lang:zh OR outlet:riverpost":    {"jiang.example/2026/03/02/1.html", "riverpost.example/news/2?utm_source=rss", "riverpost.example/news/1"},
			"before:2026-03-02":              {"reka.example/a/2"},
			"narrative:biolabs":              {},
			"author:writer after:2026-03-02": {"riverpost.example/news/2?utm_source=rss"},
		} {
			if diff := cmp.Diff(want, search(t, m, query)); diff != "" {
				t.Errorf("search %s (-want +got):\n%s", query, diff)
			}
		}
		cov, err := m.Coverage(t.Context(), false)
		if err != nil {
			t.Fatal(err)
		}
		lost := map[string]corpus.FaultClass{}
		for _, l := range cov.Losses {
			lost[l.URL] = l.Fault.Class
		}
		if diff := cmp.Diff(map[string]corpus.FaultClass{"http://riverpost.example/private/3": corpus.FaultRobots, "http://riverpost.example/news/4": corpus.FaultGone}, lost); diff != "" {
			t.Errorf("losses (-want +got):\n%s", diff)
		}
	})
	if n := s.web.Requests("http://riverpost.example/private/3"); n != 0 {
		t.Errorf("a page that robots.txt forbids was asked for %d times", n)
	}
	if n := s.web.Crowded(); n != 0 {
		t.Errorf("a host had two requests at a time %d times", n)
	}
}

func watchRiver(t *testing.T) *setup {
	t.Helper()
	w, outlets := river(t)
	return watch(t, w, outlets)
}

func TestSecondRoundAsksForNothingAgain(t *testing.T) {
	s := watchRiver(t)
	s.once()
	sum := s.once()
	sum.Took = 0
	if diff := cmp.Diff(Summary{}, sum); diff != "" {
		t.Errorf("summary of a second round at once (-want +got):\n%s", diff)
	}
}

func TestEditedPageIsNewVersionAndVanishedOneIsMarked(t *testing.T) {
	s := watchRiver(t)
	s.once()
	raw, _ := os.ReadFile("testdata/river.txtar")
	edited := strings.ReplaceAll(string(raw), "eleven million crowns", "nineteen million crowns")
	s.web.AddTxtar([]byte(edited))
	s.web.Remove("http://reka.example/a/2")
	s.elapsed = 3 * time.Hour
	s.once()
	s.with(func(m *Monitor) {
		id, _ := corpus.IDOf("http://riverpost.example/news/1")
		versions, err := m.Versions(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		if len(versions) != 2 || versions[1].Edit != 1 || versions[0].Replaced != versions[1].Seq {
			t.Fatalf("versions = %+v, want two, the first replaced by the second", versions)
		}
		if got := search(t, m, "eleven"); len(got) != 0 {
			t.Errorf("the old version is found: %v", got)
		}
		for query, want := range map[string]int{"nineteen": 1, "is:edited": 1, "is:deleted": 1, "is:old eleven": 1} {
			if got := search(t, m, query); len(got) != want {
				t.Errorf("search %s found %v, want %d", query, got, want)
			}
		}
	})
}

// whole is everything that a rebuild must reproduce.
func whole(t *testing.T, m *Monitor) string {
	t.Helper()
	raw, err := json.MarshalIndent(documents(t, m), "", "\t")
	if err != nil {
		t.Fatal(err)
	}
	counts, err := m.store.FrontierCounts(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%s\n%v\n%v", raw, counts, search(t, m, "*"))
}

func TestRebuildReproducesTheCorpus(t *testing.T) {
	s := watchRiver(t)
	s.once()
	s.web.Remove("http://reka.example/a/2")
	s.web.AddText("http://jiang.example/2026/03/02/1.html", "<html><body><p>更正：本报此前的报道有误，现予更正，谨向读者致歉。本报将继续关注此事的最新进展。</p></body></html>")
	s.elapsed = 3 * time.Hour
	s.once()
	var before string
	s.with(func(m *Monitor) {
		before = whole(t, m)
		if _, err := m.Rebuild(t.Context()); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(before, whole(t, m)); diff != "" {
			t.Errorf("rebuild changed the corpus (-before +after):\n%s", diff)
		}
	})
	// A lost database is made again by itself.
	for _, name := range []string{"chorus.db", "chorus.db-wal", "chorus.db-shm"} {
		os.Remove(filepath.Join(s.cfg.Data, name))
	}
	s.with(func(m *Monitor) {
		if err := m.CatchUp(t.Context()); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(before, whole(t, m)); diff != "" {
			t.Errorf("the lost database came back different (-before +after):\n%s", diff)
		}
	})
}

func TestDamagedIndexFillsItselfAgain(t *testing.T) {
	s := watchRiver(t)
	s.once()
	err := filepath.WalkDir(filepath.Join(s.cfg.Data, "index"), func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		return os.Truncate(path, info.Size()/2)
	})
	if err != nil {
		t.Fatal(err)
	}
	s.with(func(m *Monitor) {
		if err := m.CatchUp(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := search(t, m, "*"); len(got) != 5 {
			t.Errorf("after the index was damaged %d documents are found, want 5", len(got))
		}
	})
}

func TestVerifyNamesDamagedEvidence(t *testing.T) {
	s := watchRiver(t)
	s.once()
	s.with(func(m *Monitor) {
		r, err := m.Verify(t.Context())
		if err != nil || !r.Sound() || r.Checked != 5 {
			t.Fatalf("Verify = %+v, %v; want all sound", r, err)
		}
		d := documents(t, m)[2]
		path := filepath.Join(s.cfg.Data, "archive", d.Evidence.File)
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		raw[d.Evidence.Offset+d.Evidence.Length/2] ^= 0x10
		if err := os.WriteFile(path, raw, 0o644); err != nil {
			t.Fatal(err)
		}
		r, err = m.Verify(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if len(r.Archive.Damaged) != 1 || r.Archive.Damaged[0].Offset != d.Evidence.Offset || len(r.Orphans) != 0 {
			t.Errorf("Verify found %+v and orphans %+v, want the one record at %d", r.Archive.Damaged, r.Orphans, d.Evidence.Offset)
		}
	})
}

func TestSecondMonitorIsToldWhoHoldsTheFolder(t *testing.T) {
	s := watchRiver(t)
	s.with(func(*Monitor) {
		_, err := Open(context.Background(), Options{Config: s.cfg, Verb: "second"})
		if err == nil || !strings.Contains(err.Error(), "is held by chorus test, process ") {
			t.Errorf("second Open = %v, want who holds the folder", err)
		}
	})
}
