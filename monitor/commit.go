package monitor

// The committer: the one place where what was collected becomes durable.

import (
	"cmp"
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
	posts    []post       // that the poll brought whole
	visit    *store.Visit // of the last capture
	done     func(error)  // called once, when the parcel is committed or given up

	kept    []corpus.Evidence // of the captures that the archive has already
	refused bool              // it is of a document that was removed: nothing is kept of it
}

// maxParcels is how many parcels share one fsync and one commit at most.
const maxParcels = 64

// commitAll commits parcels until the channel closes. Parcels that wait
// together share an fsync.
//
// What cannot be kept (the disk is full, say) is not acknowledged. A single
// round ends then: refused is called at the first failure, so that nobody asks
// for pages in vain, and everything that is in hand stays due. A round that
// goes on for ever holds on to what it has and tries again, so that the disk
// can be mended under it; meanwhile the channel fills up, and collecting waits.
func (r *round) commitAll(ctx context.Context, in <-chan parcel, refused func()) error {
	var failed error
	for first := range in {
		batch := gather(first, in)
		if failed == nil || r.forever {
			if failed = r.keep(ctx, batch); failed != nil {
				refused()
			}
		}
		for _, p := range batch {
			p.done(failed)
		}
	}
	return failed
}

// keep commits a batch. A round that goes on for ever gives up only when it
// is told to end.
func (r *round) keep(ctx context.Context, batch []parcel) error {
	for {
		err := r.commit(ctx, batch)
		if err == nil {
			r.trouble.over(toKeep)
			return nil
		}
		r.trouble.note(toKeep, err, r.now())
		if !r.forever {
			return err
		}
		r.log.Error("what was collected could not be kept; trying again", "err", err)
		select {
		case <-r.hard.Done():
			return err
		case <-time.After(r.patience):
		}
	}
}

// afterTrouble is how long collecting waits when nothing can be kept.
const afterTrouble = 10 * time.Second

// trouble is why nothing can be kept at present. What is tried again and again
// may fail apart: while one of them does, there is trouble.
type trouble struct {
	mu      sync.Mutex
	failing map[effort]error
	since   time.Time
	owed    *corpus.Fault // for the ledger, once it can be written
}

// An effort is what is tried until it succeeds.
type effort string

const (
	toKeep  effort = "keep"
	toClaim effort = "claim"
)

// note takes down that an effort failed.
func (t *trouble) note(e effort, err error, now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.failing) == 0 {
		t.failing = map[effort]error{}
		t.since = now.UTC().Truncate(time.Second)
		t.owed = &corpus.Fault{Class: corpus.FaultKeeping, Reason: err.Error(), At: t.since}
	}
	t.failing[e] = err
}

// over says that an effort succeeded. The ledger may still have to hear of the
// trouble.
func (t *trouble) over(e effort) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.failing, e)
	if len(t.failing) == 0 {
		t.since = time.Time{}
	}
}

// now gives the trouble and since when, nil if there is none.
func (t *trouble) now() (error, time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return cmp.Or(t.failing[toKeep], t.failing[toClaim]), t.since
}

// debt is the fault that the ledger does not have yet, nil if there is none.
func (t *trouble) debt() *corpus.Fault {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.owed
}

// paid says that a debt is in the ledger.
func (t *trouble) paid(debt *corpus.Fault) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.owed == debt {
		t.owed = nil
	}
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

// commit keeps a batch: first the evidence, synced, then the store. After a
// failure it may be called again with the same batch, and goes on from there.
func (m *Monitor) commit(ctx context.Context, batch []parcel) error {
	start := time.Now()
	m.keeping.Lock()
	defer m.keeping.Unlock()
	for i := range batch {
		if err := m.withhold(ctx, &batch[i]); err != nil {
			return err
		}
	}
	if err := m.commitEvidence(ctx, batch); err != nil {
		return fmt.Errorf("keep evidence: %w", err)
	}
	b := store.Batch{Extents: m.synced}
	debt := m.trouble.debt()
	if debt != nil {
		b.Losses = append(b.Losses, corpus.Loss{Fault: *debt})
	}
	for i := range batch {
		if !batch[i].refused {
			batch[i].addTo(&b)
		}
	}
	if err := m.store.Commit(ctx, &b); err != nil {
		return err
	}
	m.synced = nil
	m.trouble.paid(debt)
	m.metrics.committed(&b, time.Since(start))
	m.journalGrew()
	return nil
}

// commitEvidence appends what the archive does not have yet and syncs it.
func (m *Monitor) commitEvidence(ctx context.Context, batch []parcel) error {
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
		if p.refused {
			continue
		}
		for _, c := range p.captures[len(p.kept):] {
			ev, err := m.archive.Append(c, p.note.json(), previous)
			if err != nil {
				return err // what was appended before stands, and is synced with the rest
			}
			p.kept = append(p.kept, ev)
			if id, err := corpus.IDOf(ev.URL); err == nil && ev.Digest != "" {
				fresh[id] = ev
			}
		}
	}
	extents, err := m.archive.Sync()
	if err != nil {
		for i := range batch {
			batch[i].kept = nil // the archive has gone back to where it was
		}
		return err
	}
	for _, e := range extents {
		m.synced = append(m.synced, store.Extent(e))
	}
	return nil
}

// addTo adds a parcel whose evidence is kept to what is committed.
func (p *parcel) addTo(b *store.Batch) {
	for _, ev := range p.kept {
		if ev.Digest != "" {
			b.Captured = append(b.Captured, ev)
		}
	}
	if p.poll != nil {
		b.Polls = append(b.Polls, *p.poll)
		b.Losses = append(b.Losses, pollLosses(p.poll)...)
	}
	for _, x := range p.posts {
		if x.visit.Document != nil {
			x.visit.Document.Evidence = p.kept[x.capture]
		}
		b.Visits = append(b.Visits, x.visit)
	}
	if p.visit == nil {
		return
	}
	if p.visit.Document != nil {
		p.visit.Document.Evidence = p.kept[len(p.kept)-1]
	}
	b.Visits = append(b.Visits, p.visit)
	b.Losses = append(b.Losses, losses(p.visit)...)
}

// journalGrew wakes whoever follows the journal.
func (m *Monitor) journalGrew() {
	select {
	case m.wake <- struct{}{}:
	default:
	}
}
