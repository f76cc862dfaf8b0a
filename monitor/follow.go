package monitor

// The index follows the journal, and is made anew when it cannot be trusted.

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"chorus/corpus"
	"chorus/index"
	"chorus/index/local"
	"chorus/store"
)

// followBatch is how many entries of the journal go into the index at once.
const followBatch = 500

// maxLag is how many entries the index may be behind the journal and still
// answer: some seconds' work.
const maxLag = 10_000

// ErrFilling is why a search is not answered for the moment.
var ErrFilling = errors.New("the index is being filled")

// factIndex says that the index was filled from this journal. A journal that
// was made again has other numbers.
const factIndex = "index"

func (m *Monitor) indexDir() string { return dir(m.cfg, "index") }

func (m *Monitor) indexOptions() local.Options {
	return local.Options{
		Narratives: m.tagger.Narratives(),
		Outlets:    m.registry.Outlet,
		Partition:  m.cfg.Index.Partition,
	}
}

// openIndex opens the index. One that is damaged, knows more than the journal
// or was filled from another one is thrown away: it fills itself again.
func (m *Monitor) openIndex(ctx context.Context) error {
	x, err := local.Open(m.indexDir(), m.indexOptions())
	if err == nil {
		if err = m.fitsJournal(ctx, x); err == nil {
			m.index = x
			return nil
		}
		x.Close()
	}
	if !errors.Is(err, local.ErrCorrupt) {
		return err
	}
	m.log.Warn("index thrown away and filled again", "err", err)
	return m.emptyIndex(ctx)
}

// fitsJournal returns local.ErrCorrupt if the index was not filled from this journal.
func (m *Monitor) fitsJournal(ctx context.Context, x *local.Index) error {
	end, err := m.store.JournalEnd(ctx)
	if err != nil {
		return err
	}
	if x.Cursor() > end {
		return fmt.Errorf("%w: it is ahead of the journal", local.ErrCorrupt)
	}
	if x.Cursor() == 0 {
		return m.store.SetFact(ctx, factIndex, "filled")
	}
	ours, err := m.store.Fact(ctx, factIndex)
	if err == nil && ours == "" {
		err = fmt.Errorf("%w: it was filled from another journal", local.ErrCorrupt)
	}
	return err
}

// renewIndex replaces the index by an empty one.
func (m *Monitor) renewIndex(ctx context.Context) error {
	m.indexMu.Lock()
	defer m.indexMu.Unlock()
	return m.emptyIndex(ctx)
}

// emptyIndex is renewIndex for who has indexMu.
func (m *Monitor) emptyIndex(ctx context.Context) error {
	m.closeIndex() //nolint:errcheck // it is thrown away in any case
	if err := os.RemoveAll(m.indexDir()); err != nil {
		return fmt.Errorf("remove index: %w", err)
	}
	x, err := local.Open(m.indexDir(), m.indexOptions())
	if err != nil {
		return err
	}
	m.index = x
	return m.store.SetFact(ctx, factIndex, "filled")
}

// reopenIndex opens the index again after a failure that it does not get over
// by itself.
func (m *Monitor) reopenIndex(ctx context.Context) error {
	m.indexMu.Lock()
	defer m.indexMu.Unlock()
	if err := m.closeIndex(); err != nil {
		m.log.Warn("index did not close well", "err", err)
	}
	return m.openIndex(ctx)
}

func (m *Monitor) closeIndex() error {
	if m.index == nil {
		return nil
	}
	x := m.index
	m.index = nil
	return x.Close()
}

// withIndex calls do with the index, which is not replaced meanwhile.
func (m *Monitor) withIndex(do func(*local.Index) error) error {
	m.indexMu.RLock()
	defer m.indexMu.RUnlock()
	if m.index == nil {
		return ErrFilling
	}
	return do(m.index)
}

// CatchUp brings the index to the end of the journal, for a verb that only
// searches; Run, Serve, Once and the imports do it by themselves. An index that
// turns out to be damaged is filled anew, once.
func (m *Monitor) CatchUp(ctx context.Context) error {
	m.following.Lock()
	defer m.following.Unlock()
	for renewed := false; ; {
		n, err := m.followOnce(ctx)
		if errors.Is(err, local.ErrCorrupt) && !renewed {
			m.log.Warn("index thrown away and filled again", "err", err)
			if err = m.renewIndex(ctx); err == nil {
				renewed = true
				continue
			}
		}
		if err != nil {
			return err
		}
		if n == 0 {
			return m.withIndex(func(x *local.Index) error { return x.Purge(ctx) })
		}
	}
}

// followOnce takes one batch of the journal and returns its size.
func (m *Monitor) followOnce(ctx context.Context) (n int, err error) {
	err = m.withIndex(func(x *local.Index) error {
		changes, err := m.store.Changes(ctx, x.Cursor(), followBatch)
		if err != nil || len(changes) == 0 {
			return err
		}
		n = len(changes)
		return m.take(ctx, x, changes)
	})
	return n, err
}

// take brings changes of the journal into the index.
func (m *Monitor) take(ctx context.Context, x *local.Index, changes []store.Change) error {
	docs := make([]corpus.Document, 0, len(changes))
	var marks []local.Mark
	var gone []corpus.Seq
	tags := map[corpus.Seq][]corpus.Tag{}
	for _, c := range changes {
		if c.Removed {
			gone = append(gone, c.Document.Seq)
			continue
		}
		if !c.Marked {
			docs = append(docs, c.Document)
			continue
		}
		marks = append(marks, local.Mark{Seq: c.Document.Seq, Deleted: c.Document.Deleted, Replaced: c.Document.Replaced})
		tags[c.Document.Seq] = c.Document.Tags
	}
	start := time.Now()
	err := x.Mark(ctx, marks...)
	if err == nil {
		err = x.Retag(ctx, tags)
	}
	if err == nil {
		err = x.Remove(ctx, gone...)
	}
	if err == nil {
		err = x.Put(ctx, docs, changes[len(changes)-1].N) // last, because it moves the cursor
	}
	if err != nil {
		return fmt.Errorf("follow journal: %w", err)
	}
	m.metrics.indexed(len(docs), time.Since(start))
	m.progress("indexed", int(x.Cursor()), 0)
	return nil
}

// follow keeps the index at the end of the journal until ctx ends. After a
// failure (the disk is full, say) it opens the index again and goes on.
func (m *Monitor) follow(ctx context.Context) error {
	for {
		err := m.CatchUp(ctx)
		if ctx.Err() != nil {
			return nil
		}
		pause := time.Second // a moment's wait makes larger batches, which cost far less a document
		if err != nil {
			m.log.Error("index could not follow the journal; trying again", "err", err)
			pause = m.patience
		} else {
			select {
			case <-ctx.Done():
				return nil
			case <-m.wake:
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(pause):
		}
		if err != nil {
			if err := m.reopenIndex(ctx); err != nil {
				m.log.Error("index could not be opened again", "err", err)
			}
		}
	}
}

// Search answers a request from the index. While that is empty, or far behind
// the journal, the error is ErrFilling: an answer would be wrong.
func (m *Monitor) Search(ctx context.Context, r index.Request) (result *index.Result, err error) {
	err = m.withIndex(func(x *local.Index) error {
		end, err := m.store.JournalEnd(ctx)
		if err != nil {
			return err
		}
		if at := x.Cursor(); at == 0 && end > 0 || end-at > maxLag {
			return fmt.Errorf("%w: %d of %d entries of the journal are in it", ErrFilling, at, end)
		}
		result, err = x.Search(ctx, r)
		return err
	})
	return result, err
}
