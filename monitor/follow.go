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
)

// followBatch is how many entries of the journal go into the index at once.
const followBatch = 500

// ErrFilling is why a search is not answered for the moment.
var ErrFilling = errors.New("the index is being filled")

func (m *Monitor) indexDir() string { return dir(m.cfg, "index") }

func (m *Monitor) indexOptions() local.Options {
	return local.Options{
		Narratives: m.tagger.Narratives(),
		Outlets:    m.registry.Outlet,
		Partition:  m.cfg.Index.Partition,
	}
}

// openIndex opens the index. One that is damaged, or knows more than the
// journal, is thrown away: it fills itself again.
func (m *Monitor) openIndex(ctx context.Context) error {
	x, err := local.Open(m.indexDir(), m.indexOptions())
	if err == nil {
		var end corpus.Seq
		if end, err = m.store.JournalEnd(ctx); err != nil {
			x.Close()
			return err
		}
		if x.Cursor() <= end {
			m.index = x
			return nil
		}
		x.Close()
		err = fmt.Errorf("%w: it is ahead of the journal", local.ErrCorrupt)
	}
	if !errors.Is(err, local.ErrCorrupt) {
		return err
	}
	m.log.Warn("index thrown away and filled again", "err", err)
	return m.renewIndex()
}

// renewIndex replaces the index by an empty one.
func (m *Monitor) renewIndex() error {
	m.indexMu.Lock()
	defer m.indexMu.Unlock()
	if m.index != nil {
		m.index.Close() // it is thrown away in any case
		m.index = nil
	}
	if err := os.RemoveAll(m.indexDir()); err != nil {
		return fmt.Errorf("remove index: %w", err)
	}
	x, err := local.Open(m.indexDir(), m.indexOptions())
	if err != nil {
		return err
	}
	m.index = x
	return nil
}

// catchUp brings the index to the end of the journal.
func (m *Monitor) catchUp(ctx context.Context) error {
	for {
		n, err := m.followOnce(ctx)
		if errors.Is(err, local.ErrCorrupt) {
			m.log.Warn("index thrown away and filled again", "err", err)
			if err = m.renewIndex(); err == nil {
				continue
			}
		}
		if err != nil || n == 0 {
			return err
		}
	}
}

// followOnce takes one batch of the journal and returns its size.
func (m *Monitor) followOnce(ctx context.Context) (int, error) {
	m.indexMu.RLock()
	defer m.indexMu.RUnlock()
	changes, err := m.store.Changes(ctx, m.index.Cursor(), followBatch)
	if err != nil || len(changes) == 0 {
		return 0, err
	}
	docs := make([]corpus.Document, 0, len(changes))
	var marks []local.Mark
	tags := map[corpus.Seq][]corpus.Tag{}
	for _, c := range changes {
		if !c.Marked {
			docs = append(docs, c.Document)
			continue
		}
		marks = append(marks, local.Mark{Seq: c.Document.Seq, Deleted: c.Document.Deleted, Replaced: c.Document.Replaced})
		tags[c.Document.Seq] = c.Document.Tags
	}
	start := time.Now()
	if err := m.index.Mark(ctx, marks...); err != nil {
		return 0, fmt.Errorf("index: %w", err)
	}
	if err := m.index.Retag(ctx, tags); err != nil {
		return 0, fmt.Errorf("index: %w", err)
	}
	// Last, because it moves the cursor.
	if err := m.index.Put(ctx, docs, changes[len(changes)-1].N); err != nil {
		return 0, fmt.Errorf("index: %w", err)
	}
	m.metrics.indexed(len(docs), time.Since(start))
	m.progress("indexed", int(m.index.Cursor()), 0)
	return len(changes), nil
}

// follow keeps the index at the end of the journal until ctx ends.
func (m *Monitor) follow(ctx context.Context) error {
	for {
		if err := m.catchUp(ctx); err != nil {
			if ctx.Err() != nil {
				return nil
			}
			m.log.Error("index could not follow the journal", "err", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-m.wake:
		}
		// A moment's wait makes larger batches, which cost far less a document.
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(time.Second):
		}
	}
}

// Search answers a request from the index.
func (m *Monitor) Search(ctx context.Context, r index.Request) (*index.Result, error) {
	m.indexMu.RLock()
	defer m.indexMu.RUnlock()
	if m.index == nil {
		return nil, ErrFilling
	}
	return m.index.Search(ctx, r)
}
