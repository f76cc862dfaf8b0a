package monitor

// The committer: the one place where what was collected becomes durable.

import (
	"context"
	"fmt"
	"sync"
	"time"

	"chorus/corpus"
	"chorus/store"
)

// A parcel is what one worker hands to the committer: captures with their
// notes, and what was made of them.
type parcel struct {
	captures []*corpus.Capture
	note     note
	poll     *store.Poll
	visit    *store.Visit // of the last capture
	done     func(error)  // called when the parcel is committed, or could not be
}

// maxParcels is how many parcels share one fsync and one commit at most.
const maxParcels = 64

// commitAll commits parcels until the channel closes. Parcels that wait
// together share an fsync.
//
// What cannot be kept (the disk is full, say) is not acknowledged: its pages
// stay due. A single round ends then, with the error; one that goes on for
// ever waits a while, so that the disk can be mended under it, and notes the
// trouble in the ledger when it is over.
func (r *round) commitAll(ctx context.Context, in <-chan parcel) error {
	var failed error
	for first := range in {
		batch := gather(first, in)
		if failed == nil || r.forever {
			failed = r.commit(ctx, batch)
		}
		for _, p := range batch {
			p.done(failed)
		}
		r.trouble.note(failed, r.now())
		if failed != nil && r.forever {
			r.log.Error("what was collected could not be kept; trying again", "err", failed)
			select {
			case <-r.hard.Done():
			case <-time.After(afterTrouble):
			}
		}
	}
	if r.forever {
		return nil
	}
	return failed
}

// afterTrouble is how long collecting waits when nothing can be kept.
const afterTrouble = 10 * time.Second

// trouble is why nothing can be kept at present.
type trouble struct {
	mu    sync.Mutex
	err   error
	since time.Time
	owed  *corpus.Fault // for the ledger, once it can be written
}

func (t *trouble) note(err error, now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case err == nil:
		t.err, t.since, t.owed = nil, time.Time{}, nil
	case t.err == nil:
		t.since = now.UTC().Truncate(time.Second)
		t.owed = &corpus.Fault{Class: corpus.FaultKeeping, Reason: err.Error(), At: t.since}
		fallthrough
	default:
		t.err = err
	}
}

// now gives the trouble and since when, nil if there is none.
func (t *trouble) now() (error, time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.err, t.since
}

// debt is the loss that the ledger does not have yet.
func (t *trouble) debt() []corpus.Loss {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.owed == nil {
		return nil
	}
	return []corpus.Loss{{Fault: *t.owed}}
}

// gather takes what waits in the channel, without waiting itself.
func gather(first parcel, in <-chan parcel) []parcel {
	batch := []parcel{first}
	for len(batch) < maxParcels {
		select {
		case p, ok := <-in:
			if !ok {
				return batch
			}
			batch = append(batch, p)
		default:
			return batch
		}
	}
	return batch
}

// commit keeps a batch: first the evidence, synced, then the store.
func (m *Monitor) commit(ctx context.Context, batch []parcel) error {
	start := time.Now()
	b := store.Batch{Losses: m.trouble.debt()}
	fresh := map[corpus.DocID]corpus.Evidence{} // of this batch, not in the store yet
	previous := func(url string) (corpus.Evidence, bool) {
		if id, err := corpus.IDOf(url); err == nil {
			if ev, ok := fresh[id]; ok {
				return ev, true
			}
		}
		return m.store.Captured(ctx, url)
	}
	for i := range batch {
		p := &batch[i]
		for _, c := range p.captures {
			ev, err := m.archive.Append(c, p.note.json(), previous)
			if err != nil {
				return fmt.Errorf("keep evidence: %w", err)
			}
			if ev.Digest != "" {
				if id, err := corpus.IDOf(ev.URL); err == nil {
					fresh[id] = ev
				}
				b.Captured = append(b.Captured, ev)
			}
			if p.visit != nil && p.visit.Document != nil {
				p.visit.Document.Evidence = ev
			}
		}
		if p.poll != nil {
			b.Polls = append(b.Polls, *p.poll)
			b.Losses = append(b.Losses, pollLosses(p.poll)...)
		}
		if p.visit != nil {
			b.Visits = append(b.Visits, p.visit)
			b.Losses = append(b.Losses, losses(p.visit)...)
		}
	}
	extents, err := m.archive.Sync()
	if err != nil {
		return fmt.Errorf("keep evidence: %w", err)
	}
	for _, e := range extents {
		b.Extents = append(b.Extents, store.Extent(e))
	}
	if err := m.store.Commit(ctx, &b); err != nil {
		return err
	}
	m.metrics.committed(&b, time.Since(start))
	m.journalGrew()
	return nil
}

// journalGrew wakes whoever follows the journal.
func (m *Monitor) journalGrew() {
	select {
	case m.wake <- struct{}{}:
	default:
	}
}
