// Package monitor is the flow: it alone knows the order in which the stages
// work on a document, and when.
//
//	feeds due ──fetch──> items ──> frontier
//	pages due ──fetch──> capture ──read, tag──> document ─┐
//	                                                      v
//	        archive (fsync) ──> store (commit) ──> index (follows the journal)
//
// Pages are read and tagged before their evidence is written, so that many
// captures share one fsync and one commit; the order on disk is always
// evidence, commit, index. What makes a document of a capture (document.go)
// does not know whether the capture came from the network or from the
// archive: a rebuild is the same code.
package monitor

import (
	"cmp"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"time"

	"chorus/archive"
	"chorus/classify"
	"chorus/config"
	"chorus/corpus"
	"chorus/crawl"
	"chorus/extract"
	"chorus/feeds"
	"chorus/index/local"
	"chorus/opinion"
	"chorus/store"
)

// Options is what a Monitor is made of.
type Options struct {
	Config   *config.Config
	Verb     string                        // what the process does, for whoever finds the folder held
	Log      *slog.Logger                  // nil: nothing is logged
	Progress func(stage string, n, of int) // called now and then during long work; nil: not. of is 0 if unknown
	Now      func() time.Time              // nil: time.Now
	Getenv   func(string) string           // the environment, for the second opinion (see package opinion) and the tokens of networks; nil: empty
}

// A Monitor is an open data folder with everything that works on it. One
// process at a time has one.
type Monitor struct {
	cfg       *config.Config
	log       *slog.Logger
	progress  func(stage string, n, of int)
	now       func() time.Time
	lock      *store.Lock
	store     *store.Store
	archive   *archive.Archive
	crawler   *crawl.Crawler
	extractor *extract.Extractor
	tagger    *classify.Classifier
	advisor   *opinion.Advisor         // nil: no second opinion is asked for
	token     func(name string) string // of a network, from the environment
	privacy   privacy
	budget    *budget
	registry  *feeds.Registry
	metrics   *metrics

	following sync.Mutex // held by whoever brings the index up to date
	indexMu   sync.RWMutex
	index     *local.Index // nil if it could not be opened again

	wake    chan struct{} // the journal has grown
	reading chan struct{} // slots for reading pages, which takes a core each
	network network
	trouble trouble
	keeping sync.Mutex     // held by whoever brings something into archive and store
	synced  []store.Extent // of the archive, not in the store yet; of whoever has keeping

	redacting sync.RWMutex // held for writing while records of the archive are rewritten

	patience time.Duration // how long to wait when something cannot be kept
}

// dir is the folder of a part of the data.
func dir(c *config.Config, part string) string { return filepath.Join(c.Data, part) }

// Open takes the data folder of the configuration and opens all in it. An
// index that is missing, damaged or of an older make is filled again by
// itself. If another process has the folder the error is a *store.HeldError.
func Open(ctx context.Context, o Options) (*Monitor, error) {
	m := &Monitor{cfg: o.Config, log: o.Log, progress: o.Progress, now: o.Now, wake: make(chan struct{}, 1), patience: afterTrouble}
	if m.log == nil {
		m.log = slog.New(slog.DiscardHandler)
	}
	if m.progress == nil {
		m.progress = func(string, int, int) {}
	}
	if m.now == nil {
		m.now = time.Now
	}
	m.reading = make(chan struct{}, cores(o.Config.Extract.Workers))
	m.metrics = newMetrics(m)
	if err := m.open(ctx, o); err != nil {
		return nil, errors.Join(err, m.Close())
	}
	return m, nil
}

func (m *Monitor) open(ctx context.Context, o Options) (err error) {
	if m.registry, err = Registry(m.cfg); err != nil {
		return err
	}
	if m.tagger, err = Tagger(m.cfg); err != nil {
		return err
	}
	m.extractor = extract.New(extract.Options{Timeout: m.cfg.Extract.Timeout})
	if m.crawler, err = newCrawler(m.cfg, m.log); err != nil {
		return err
	}
	if m.lock, err = store.Acquire(ctx, m.cfg.Data, o.Verb); err != nil {
		return err
	}
	if m.advisor, err = newAdvisor(o, m.log); err != nil {
		return err
	}
	if m.token = o.Getenv; m.token == nil {
		m.token = func(string) string { return "" }
	}
	if m.privacy, err = newPrivacy(m.cfg.Privacy.Authors, m.cfg.Data); err != nil {
		return err
	}
	m.budget = newBudget(m.cfg.Data, m.cfg.Social.XPosts)
	if m.store, err = store.Open(ctx, m.cfg.Data); err != nil {
		return err
	}
	if err = m.store.Release(ctx); err != nil {
		return err
	}
	if err = m.openArchive(ctx); err != nil {
		return err
	}
	if _, _, err = m.finishTakedowns(ctx); err != nil {
		return fmt.Errorf("finish takedown: %w", err)
	}
	return m.openIndex(ctx)
}

func cores(n int) int {
	if n > 0 {
		return n
	}
	return runtime.GOMAXPROCS(0)
}

// Tagger is the classifier that a configuration asks for.
func Tagger(c *config.Config) (*classify.Classifier, error) {
	if c.Narratives.Folder == "" {
		return classify.Default()
	}
	base, err := classify.Builtin()
	if err != nil {
		return nil, err
	}
	if _, err := os.ReadDir(c.Narratives.Folder); err != nil {
		return nil, c.Problem("narratives.folder", "%v", err)
	}
	own, err := classify.Load(os.DirFS(c.Narratives.Folder))
	if err != nil {
		return nil, fmt.Errorf("read narratives of %s: %w", c.Narratives.Folder, err)
	}
	if len(own) == 0 {
		return nil, c.Problem("narratives.folder", "%s holds no narrative: each is a file ID.yaml (see classify/codebook/README.md)", c.Narratives.Folder)
	}
	return classify.New(classify.Merge(base, own))
}

func newCrawler(c *config.Config, log *slog.Logger) (*crawl.Crawler, error) {
	var roots *x509.CertPool
	if c.Collect.CAFile != "" {
		pem, err := os.ReadFile(c.Collect.CAFile)
		if err != nil {
			return nil, c.Problem("collect.ca_file", "%v", err)
		}
		if roots, err = x509.SystemCertPool(); err != nil {
			roots = x509.NewCertPool()
		}
		if !roots.AppendCertsFromPEM(pem) {
			return nil, c.Problem("collect.ca_file", "%s holds no certificate in PEM form", c.Collect.CAFile)
		}
	}
	return crawl.New(crawl.Options{
		UserAgent:      c.Collect.Agent(),
		HostDelay:      c.Collect.HostDelay,
		ConnectTimeout: c.Collect.ConnectTimeout,
		Timeout:        c.Collect.Timeout,
		MaxBodyBytes:   int64(c.Collect.MaxBody),
		MaxRedirects:   cmp.Or(c.Collect.MaxRedirects, -1), // there 0 is the default
		Proxy:          c.Collect.Proxy,
		AllowNetworks:  c.Collect.AllowNetworks,
		RootCAs:        roots,
		Logger:         log,
	})
}

// openArchive opens the archive as far as the store has committed it; what
// lies behind was never acknowledged and is cut. A store that knows of no
// evidence although there is some was lost: it is made again.
func (m *Monitor) openArchive(ctx context.Context) error {
	extents, err := m.store.Extents(ctx)
	if err != nil {
		return err
	}
	o := archive.Options{SegmentBytes: int64(m.cfg.Archive.Segment), Operator: m.cfg.Archive.Operator, Log: m.log}
	if lost := len(extents) == 0 && hasSegments(m.archiveDir()); lost {
		m.log.Warn("the journal knows nothing of the archive; it is made again from it")
		if m.archive, err = archive.Open(m.archiveDir(), nil, o); err != nil {
			return err
		}
		_, err = m.remakeStore(ctx)
		return err
	}
	committed := make([]archive.Extent, len(extents))
	for i, e := range extents {
		committed[i] = archive.Extent(e)
	}
	m.archive, err = archive.Open(m.archiveDir(), committed, o)
	return err
}

func (m *Monitor) archiveDir() string { return dir(m.cfg, "archive") }

func hasSegments(folder string) bool {
	names, _ := filepath.Glob(filepath.Join(folder, "*.warc.gz")) // the pattern is sound
	return len(names) > 0
}

// Close ends all work and gives the data folder up.
func (m *Monitor) Close() error {
	var errs []error
	if m.crawler != nil {
		m.crawler.Close()
	}
	m.indexMu.Lock() // searches that run come to an end first
	errs = append(errs, m.closeIndex())
	m.indexMu.Unlock()
	if m.archive != nil {
		errs = append(errs, m.archive.Close())
	}
	if m.store != nil {
		errs = append(errs, m.store.Close())
	}
	if m.lock != nil {
		errs = append(errs, m.lock.Release())
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("close data folder: %w", err)
	}
	return nil
}

// Outlet finds an outlet that is watched.
func (m *Monitor) Outlet(id string) (corpus.Outlet, bool) { return m.registry.Outlet(id) }

// Narratives lists the codebook.
func (m *Monitor) Narratives() []corpus.Narrative { return m.tagger.Narratives() }

// Listening notes for other processes where the pages are served.
func (m *Monitor) Listening(address string) error { return m.lock.Listening(address) }
