package monitor

// Making everything again from the archive.

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"chorus/archive"
	"chorus/corpus"
	"chorus/store"
)

// A RebuildSummary says what a rebuild made.
type RebuildSummary struct {
	Captures  int              `json:"captures"`
	Documents int              `json:"documents"` // versions
	Tagged    int              `json:"tagged"`
	Strange   int              `json:"strange"` // captures in the archive that no feed or page of ours explains
	Damaged   []archive.Damage `json:"damaged"` // records that could not be read
}

// Rebuild makes the store and the index again from the archive alone, by the
// same steps as a live run and without the network. The old store is replaced
// when the new one is whole; interrupted before that, nothing has changed.
func (m *Monitor) Rebuild(ctx context.Context) (RebuildSummary, error) {
	sum, err := m.remakeStore(ctx)
	if err != nil {
		return sum, fmt.Errorf("rebuild: %w", err)
	}
	return sum, m.Reindex(ctx)
}

// remakeStore replays the archive into a database beside the old one, and puts
// it in its place when it is whole.
func (m *Monitor) remakeStore(ctx context.Context) (sum RebuildSummary, err error) {
	path := m.store.Path()
	fresh := path + ".rebuild"
	if err := removeDatabase(fresh); err != nil {
		return sum, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, removeDatabase(fresh))
		}
	}()
	next, err := store.OpenFile(ctx, fresh)
	if err != nil {
		return sum, err
	}
	if err = m.carryTombstones(ctx, next); err == nil {
		sum, err = m.replay(ctx, next)
	}
	if err := errors.Join(err, next.Close()); err != nil {
		return sum, err
	}
	return sum, m.exchangeStore(ctx, path, fresh)
}

// carryTombstones brings the tombstones of the old store into the new one. The
// archive has them, too, in case the old store was lost.
func (m *Monitor) carryTombstones(ctx context.Context, next *store.Store) error {
	all, err := m.store.Tombstones(ctx)
	if err != nil || len(all) == 0 {
		return err
	}
	return next.Commit(ctx, &store.Batch{Buried: all})
}

// exchangeStore puts the fresh database in the place of the old one.
func (m *Monitor) exchangeStore(ctx context.Context, path, fresh string) error {
	if err := m.store.Close(); err != nil {
		return err
	}
	// A journal of the old file must not be found beside the new one.
	err := removeFiles(path+"-wal", path+"-shm")
	if err == nil {
		err = os.Rename(fresh, path)
	}
	s, openErr := store.OpenFile(ctx, path) // the old one, if it is still there
	if openErr == nil {
		m.store = s
	}
	return errors.Join(err, openErr)
}

// removeDatabase removes a database with what SQLite keeps beside it.
func removeDatabase(path string) error {
	return removeFiles(path+"-wal", path+"-shm", path)
}

func removeFiles(paths ...string) error {
	for _, f := range paths {
		if err := os.Remove(f); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("remove old database: %w", err)
		}
	}
	return nil
}

// Reindex throws the index away and fills it from the store.
func (m *Monitor) Reindex(ctx context.Context) error {
	if err := m.renewIndex(ctx); err != nil {
		return err
	}
	return m.CatchUp(ctx)
}

// remade is a capture of the archive and what was made of it.
type remade struct {
	entry archive.Entry
	note  note
	doc   *corpus.Document
}

// replay fills an empty store from the archive. Captures are read by several
// goroutines and committed in the order of the archive.
func (m *Monitor) replay(ctx context.Context, into *store.Store) (RebuildSummary, error) {
	r := replayer{Monitor: m, into: into, states: map[string]corpus.FeedState{}, tries: map[corpus.DocID]tries{}}
	work := ordered[archive.Entry, remade]{
		slots: m.reading,
		size:  entryBytes,
		work:  m.remake,
		done: func(all []remade) error {
			for _, x := range all {
				if err := r.add(ctx, x); err != nil {
					return err
				}
			}
			return r.commit(ctx)
		},
	}
	r.sum.Damaged = []archive.Damage{}
	err := archive.Walk(ctx, m.archiveDir(), archive.Position{}, work.add)
	if err == nil {
		err = work.flush()
	}
	if err == nil {
		err = r.finish(ctx)
	}
	return r.sum, err
}

func entryBytes(e archive.Entry) int {
	if e.Capture == nil {
		return 0
	}
	return len(e.Capture.Body)
}

// remake does the heavy part of the work on one capture.
func (m *Monitor) remake(e archive.Entry) remade {
	x := remade{entry: e}
	if e.Capture == nil || json.Unmarshal(e.Meta, &x.note) != nil || x.note.Item == nil || x.note.Removed || e.Capture.Gone() {
		return x
	}
	if x.doc = m.document(*x.note.Item, e.Capture); x.doc != nil {
		x.doc.Evidence = e.Evidence
	}
	return x
}

// replayer commits remade captures.
type replayer struct {
	*Monitor
	into   *store.Store
	batch  store.Batch
	n      int
	sum    RebuildSummary
	states map[string]corpus.FeedState
	tries  map[corpus.DocID]tries

	feed     *feedNote         // of the poll that is being put together
	captures []*corpus.Capture // of it
	evidence []corpus.Evidence // of these
}

// tries counts the fetches of a page.
type tries struct {
	sinceGood int
	good      int
}

func (r *replayer) add(ctx context.Context, x remade) error {
	r.sum.Damaged = append(r.sum.Damaged, x.entry.Damage...)
	if x.entry.Capture == nil {
		return nil
	}
	r.sum.Captures++
	if x.entry.Evidence.Digest != "" {
		r.batch.Captured = append(r.batch.Captured, x.entry.Evidence)
	}
	if err := r.endPoll(ctx, x.note.Feed, x.entry.Capture); err != nil {
		return err
	}
	switch {
	case x.note.Feed != nil:
		r.feed = x.note.Feed
		r.captures = append(r.captures, x.entry.Capture)
		r.evidence = append(r.evidence, x.entry.Evidence)
	case x.note.Item != nil:
		r.addVisit(x)
	case x.note.Tombstone != nil:
		r.batch.Buried = append(r.batch.Buried, *x.note.Tombstone)
	default:
		r.sum.Strange++
	}
	r.n++
	return nil
}

func (r *replayer) addVisit(x remade) {
	page, err := corpus.IDOf(x.note.Item.URL)
	if err != nil {
		r.sum.Strange++
		return
	}
	if x.note.Removed {
		r.batch.Visits = append(r.batch.Visits, &store.Visit{Page: page, Host: siteOf(x.note.Item.URL), Item: *x.note.Item, Fetched: x.entry.Capture.Fetched, State: store.Done})
		return
	}
	n := r.tries[page]
	n.sinceGood++
	v := r.visit(x.note, x.entry.Capture, x.doc, n.sinceGood, n.good)
	if v.State == store.Done {
		n = tries{good: n.good + 1}
	}
	r.tries[page] = n
	r.batch.Visits = append(r.batch.Visits, &v)
	r.batch.Losses = append(r.batch.Losses, losses(&v)...)
}

// endPoll makes the poll that is being put together, unless the capture is a
// further part of it.
func (r *replayer) endPoll(ctx context.Context, next *feedNote, c *corpus.Capture) error {
	if r.feed == nil || next != nil && *next == *r.feed && c != nil && c.URL != r.feed.URL {
		return nil
	}
	f, captures, evidence := *r.feed, r.captures, r.evidence
	r.feed, r.captures, r.evidence = nil, nil, nil
	outlet, _ := r.registry.Outlet(f.Outlet)
	at := slices.IndexFunc(outlet.Feeds, func(feed corpus.Feed) bool { return feed.URL == f.URL })
	if at < 0 {
		r.sum.Strange += len(captures) // no longer watched
		return nil
	}
	key := feedKey(f.Outlet, f.URL)
	p, posts, err := r.poll(outlet, outlet.Feeds[at], r.states[key], captures, func(ids []corpus.DocID) (map[corpus.DocID]bool, error) {
		if err := r.commit(ctx); err != nil {
			return nil, err
		}
		return r.into.Known(ctx, ids)
	})
	if err != nil {
		return err
	}
	r.states[key] = p.State
	r.batch.Polls = append(r.batch.Polls, p)
	r.batch.Losses = append(r.batch.Losses, pollLosses(&p)...)
	for _, x := range posts {
		if x.visit.Document != nil {
			x.visit.Document.Evidence = evidence[x.capture]
		}
		r.batch.Visits = append(r.batch.Visits, x.visit)
	}
	return nil
}

func (r *replayer) commit(ctx context.Context) error {
	if err := r.into.Commit(ctx, &r.batch); err != nil {
		return err
	}
	for _, v := range r.batch.Visits {
		if v.Added {
			r.sum.Documents++
			if len(v.Document.Tags) > 0 {
				r.sum.Tagged++
			}
		}
	}
	r.batch = store.Batch{}
	r.progress("captures", r.n, 0)
	return nil
}

// finish commits the rest and how far the archive goes.
func (r *replayer) finish(ctx context.Context) error {
	if err := r.endPoll(ctx, nil, nil); err != nil {
		return err
	}
	names, err := filepath.Glob(filepath.Join(r.archiveDir(), "*.warc.gz"))
	if err != nil {
		return err
	}
	for _, name := range names {
		info, err := os.Stat(name)
		if err != nil {
			return err
		}
		r.batch.Extents = append(r.batch.Extents, store.Extent{File: filepath.Base(name), Bytes: info.Size()})
	}
	return r.commit(ctx)
}
