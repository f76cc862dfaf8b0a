// Package bench measures the whole program on this machine: a synthetic web on
// loopback is collected, everything is made again from the archive, a larger
// corpus is loaded, and a search screen is asked for.
package bench

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"chorus/config"
	"chorus/index"
	"chorus/internal/newsroom"
	"chorus/monitor"
)

// Options is how much is measured.
type Options struct {
	Config    *config.Config // for its limits; the data folder is Dir
	Dir       string         // an empty folder; the caller removes it
	Hosts     int            // sites of the web
	Pages     int            // pages collected from it, about
	Documents int            // documents loaded into the store for the search
	Searches  int            // screens asked for
	Log       *slog.Logger
	Progress  func(stage string, n, of int)
}

// A Report is what was measured. Rates are per second of wall time.
type Report struct {
	Cores         int     `json:"cores"`
	Hosts         int     `json:"hosts"`
	Pages         int     `json:"pages"`            // fetched
	Collected     int     `json:"collected"`        // documents made of them
	CollectRate   float64 `json:"pages_per_second"` // fetched, archived, read, tagged, committed and indexed
	RebuildRate   float64 `json:"rebuild_documents_per_second"`
	Documents     int     `json:"documents"` // loaded
	LoadRate      float64 `json:"load_documents_per_second"`
	PeakBytes     int64   `json:"peak_memory_bytes"` // resident, of the whole program; 0 if this system does not tell
	IndexPerDoc   int64   `json:"index_bytes_per_document"`
	StorePerDoc   int64   `json:"store_bytes_per_document"`
	ArchivePerDoc int64   `json:"archive_bytes_per_document"`
	SearchP50     float64 `json:"search_p50_ms"` // words, eight facets, histogram by bloc, twenty hits
	SearchP95     float64 `json:"search_p95_ms"`
	EverythingP95 float64 `json:"search_all_p95_ms"` // the same for the query *
	StartSeconds  float64 `json:"start_seconds"`     // from start to the first answer, at that size
}

// Run measures.
func Run(ctx context.Context, o Options) (Report, error) {
	if o.Progress == nil {
		o.Progress = func(string, int, int) {}
	}
	r := Report{Cores: runtime.GOMAXPROCS(0), Hosts: o.Hosts}
	if err := o.collect(ctx, &r); err != nil {
		return r, err
	}
	if err := o.load(ctx, &r); err != nil {
		return r, err
	}
	if err := o.search(ctx, &r); err != nil {
		return r, err
	}
	r.PeakBytes = peakMemory()
	return r, nil
}

// open opens a monitor in a folder of its own.
func (o *Options) open(ctx context.Context, part string, change func(*config.Config)) (*monitor.Monitor, error) {
	c := *o.Config
	c.Data = filepath.Join(o.Dir, part)
	change(&c)
	return monitor.Open(ctx, monitor.Options{Config: &c, Verb: "bench", Log: o.Log, Progress: o.Progress})
}

// days is how long a world must be to have so many articles.
const articlesPerDay = 8

func world(seed uint64, hosts, articles int) *newsroom.World {
	to := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	days := max(1, articles/(hosts*articlesPerDay))
	return newsroom.New(newsroom.Options{Seed: seed, Outlets: hosts, From: to.AddDate(0, 0, -days), To: to, ArticlesPerDay: articlesPerDay, Gaps: -1, Deletions: -1})
}

// collect measures a round over a local web without politeness delay, and
// then a rebuild from what it left.
func (o *Options) collect(ctx context.Context, r *Report) (err error) {
	w := world(1, o.Hosts, o.Pages)
	serving, stop := context.WithCancel(ctx)
	defer stop()
	address, _, err := w.Web.Serve(serving)
	if err != nil {
		return err
	}
	m, err := o.open(ctx, "collect", func(c *config.Config) {
		c.Outlets.Builtin, c.Outlets.Define = false, w.Outlets
		c.Outlets.Only, c.Outlets.Except = nil, nil
		c.Collect.Proxy, c.Collect.HostDelay, c.Collect.MaxAge = "http://"+address, 0, 0
		c.Collect.AllowNetworks = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, m.Close()) }()
	start := time.Now()
	s, err := m.Once(ctx)
	if err != nil {
		return fmt.Errorf("collect: %w", err)
	}
	r.Pages, r.Collected, r.CollectRate = s.Pages, s.Documents, float64(s.Pages)/time.Since(start).Seconds()
	start = time.Now()
	b, err := m.Rebuild(ctx)
	if err != nil {
		return err
	}
	r.RebuildRate = float64(b.Documents) / time.Since(start).Seconds()
	r.ArchivePerDoc = folderBytes(filepath.Join(o.Dir, "collect", "archive")) / int64(max(1, s.Documents))
	return nil
}

// worldArticles is how many documents one world gives at most: many worlds
// differ more than one large one.
const worldArticles = 10000

// load measures how quickly documents come in from JSON Lines, index included.
func (o *Options) load(ctx context.Context, r *Report) (err error) {
	first := world(2, o.Hosts, worldArticles)
	m, err := o.open(ctx, "load", func(c *config.Config) {
		c.Outlets.Builtin, c.Outlets.Define = false, first.Outlets
		c.Outlets.Only, c.Outlets.Except = nil, nil
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, m.Close()) }()
	var took time.Duration
	for seed := uint64(2); r.Documents < o.Documents; seed++ {
		lines, err := articles(world(seed, o.Hosts, min(worldArticles, o.Documents-r.Documents)), seed)
		if err != nil {
			return err
		}
		start := time.Now()
		s, err := m.ImportLines(ctx, "bench", lines, func(error) {})
		if err != nil {
			return fmt.Errorf("load: %w", err)
		}
		if s.Documents == 0 {
			return errors.New("load: a world brought no documents")
		}
		took += time.Since(start)
		r.Documents += s.Documents
	}
	if r.Documents > 0 {
		r.LoadRate = float64(r.Documents) / took.Seconds()
		r.IndexPerDoc = folderBytes(filepath.Join(o.Dir, "load", "index")) / int64(r.Documents)
		r.StorePerDoc = folderBytes(filepath.Join(o.Dir, "load", "chorus.db")) / int64(r.Documents)
	}
	return nil
}

// articles writes the articles of a world as lines for an import.
func articles(w *newsroom.World, seed uint64) (io.Reader, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	for _, a := range w.Truth.Articles {
		if err := e.Encode(map[string]any{
			"url": fmt.Sprintf("%s?world=%d", a.URL, seed), "outlet": a.Outlet, "lang": a.Lang,
			// Spread over a year and a half, so that there are many partitions.
			"published": a.Published.AddDate(0, -int(seed%18), 0), "title": a.Title(), "text": a.Text(),
		}); err != nil {
			return nil, err
		}
	}
	return &b, nil
}

// words are common in the worlds of the newsroom, in three scripts.
var words = []string{"sanctions", "НАТО", "制裁", "minister", "министр", "部长", "grain", "газ", "会议", "\"foreign minister\"", "bloc:RU санкции", "narrative:nato-expansion", "lang:zh 合作", "security OR безопасность"}

// search measures whole screens: hits, facets and histogram.
func (o *Options) search(ctx context.Context, r *Report) (err error) {
	if r.Documents == 0 {
		return nil
	}
	start := time.Now()
	m, err := o.open(ctx, "load", func(c *config.Config) {
		c.Outlets.Builtin, c.Outlets.Define = false, world(2, o.Hosts, o.Hosts).Outlets
		c.Outlets.Only, c.Outlets.Except = nil, nil
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, m.Close()) }()
	if _, err := screen(ctx, m, "*"); err != nil {
		return err
	}
	r.StartSeconds = time.Since(start).Seconds()
	var some, all []float64
	for i := range o.Searches {
		took, err := screen(ctx, m, words[i%len(words)])
		if err != nil {
			return err
		}
		some = append(some, took)
		if took, err = screen(ctx, m, "*"); err != nil {
			return err
		}
		all = append(all, took)
		o.Progress("searches", i+1, o.Searches)
	}
	r.SearchP50, r.SearchP95, r.EverythingP95 = quantile(some, 0.5), quantile(some, 0.95), quantile(all, 0.95)
	return nil
}

// screen asks for what a search page shows and returns the milliseconds.
func screen(ctx context.Context, m *monitor.Monitor, text string) (float64, error) {
	q, err := index.Parse(text)
	if err != nil {
		return 0, err
	}
	start := time.Now()
	_, err = m.Search(ctx, index.Request{Query: q, Sort: index.SortDate, Size: 20, Facets: index.Facets(), Histogram: true, By: index.FacetBloc})
	return float64(time.Since(start).Microseconds()) / 1000, err
}

func quantile(values []float64, p float64) float64 {
	if len(values) == 0 {
		return 0
	}
	slices.Sort(values)
	return values[min(len(values)-1, int(p*float64(len(values))))]
}

func folderBytes(path string) int64 {
	var n int64
	// What cannot be read counts as nothing.
	filepath.WalkDir(path, func(_ string, d fs.DirEntry, err error) error { //nolint:errcheck
		if err != nil || d.IsDir() {
			return nil
		}
		if info, err := d.Info(); err == nil {
			n += info.Size()
		}
		return nil
	})
	return n
}

// peakMemory is the most memory that was resident, as Linux tells it.
func peakMemory() int64 {
	f, err := os.Open("/proc/self/status")
	if err != nil {
		return 0
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		if rest, ok := strings.CutPrefix(s.Text(), "VmHWM:"); ok {
			kb, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rest), "kB")), 10, 64)
			if err != nil {
				return 0
			}
			return kb << 10
		}
	}
	return 0
}
