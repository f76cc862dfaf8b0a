package monitor

// How the monitor is doing: outlets, feeds, and what could not be seen.

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"time"

	"chorus/archive"
	"chorus/corpus"
	"chorus/feeds"
	"chorus/index"
	"chorus/store"
)

// Outlets gives every outlet that is watched with its health, by id.
func (m *Monitor) Outlets(ctx context.Context) ([]corpus.OutletStatus, error) {
	return OutletStatuses(ctx, m.store, m.registry, m.now())
}

// OutletStatuses gives the outlets of a registry with what a store knows of
// them. A nil store knows nothing.
func OutletStatuses(ctx context.Context, s *store.Store, registry *feeds.Registry, now time.Time) ([]corpus.OutletStatus, error) {
	states := map[string]corpus.FeedState{}
	volumes := map[string]store.Volume{}
	if s != nil {
		all, err := s.FeedStates(ctx)
		if err != nil {
			return nil, err
		}
		for _, f := range all {
			states[feedKey(f.Outlet, f.URL)] = f
		}
		if volumes, err = s.Volumes(ctx); err != nil {
			return nil, err
		}
	}
	var out []corpus.OutletStatus
	for _, o := range registry.All() {
		status := corpus.OutletStatus{Outlet: o, Documents: volumes[o.ID].Documents, Last: volumes[o.ID].Last}
		var known []corpus.FeedState
		for _, f := range o.Feeds {
			state, ok := states[feedKey(o.ID, f.URL)]
			if ok {
				known = append(known, state)
			} else {
				state = corpus.FeedState{Outlet: o.ID, URL: f.URL}
			}
			status.States = append(status.States, corpus.FeedStatus{
				FeedState: state, Kind: f.Kind,
				Verified: f.Verified || !state.Read.IsZero(), // it was seen to be read, by us
				Health:   feeds.FeedHealth(state, o.Tier, now),
			})
		}
		status.Health = feeds.Health(o, known, now)
		out = append(out, status)
	}
	return out, nil
}

// Coverage tells what is seen and what is not. offline says that nothing is
// collected by the operator's wish.
func (m *Monitor) Coverage(ctx context.Context, offline bool) (corpus.Coverage, error) {
	c := corpus.Coverage{Collector: corpus.CollectorRunning, Outlets: map[corpus.Health]int{}}
	if down := m.network.downSince(); !down.IsZero() {
		c.Collector, c.Since, c.Why = corpus.CollectorDown, down, "no site answers: is the network up?"
	}
	if err, since := m.trouble.now(); err != nil {
		c.Collector, c.Since, c.Why = corpus.CollectorStuck, since, err.Error()
	}
	if offline {
		c.Collector, c.Since, c.Why = corpus.CollectorOffline, time.Time{}, ""
	}
	outlets, err := m.Outlets(ctx)
	if err != nil {
		return c, err
	}
	for _, o := range outlets {
		if !o.Disabled {
			c.Outlets[o.Health]++
		}
	}
	volumes, err := m.store.Volumes(ctx)
	if err != nil {
		return c, err
	}
	for _, v := range volumes { // imports may be of outlets that nobody watches
		c.Documents += v.Documents
	}
	counts, err := m.store.FrontierCounts(ctx)
	if err != nil {
		return c, err
	}
	c.Frontier, c.Failed = counts[store.Pending]+counts[store.Leased], counts[store.Failed]
	if raw, err := m.store.Fact(ctx, factRound); err == nil && raw != "" {
		if at, err := time.Parse(time.RFC3339, raw); err == nil {
			c.LastRound = at
		}
	}
	c.Losses, err = m.store.Losses(ctx, m.now().Add(-7*24*time.Hour), 50)
	return c, err
}

// Documents gives document versions by number, in the order asked.
func (m *Monitor) Documents(ctx context.Context, seqs []corpus.Seq) ([]corpus.Document, error) {
	return m.store.Documents(ctx, seqs)
}

// Versions gives all versions of a document, the oldest first.
func (m *Monitor) Versions(ctx context.Context, id corpus.DocID) ([]corpus.Document, error) {
	return m.store.Versions(ctx, id)
}

// Relations gives what a document refers to, what refers to it, and the samples
// of its counts.
func (m *Monitor) Relations(ctx context.Context, id corpus.DocID) (corpus.Relations, error) {
	return m.store.Relations(ctx, id)
}

// Resolve finds a document by the first digits of its id.
func (m *Monitor) Resolve(ctx context.Context, prefix string) (corpus.DocID, error) {
	return m.store.Resolve(ctx, prefix)
}

// Record opens the gzip member of the archive that holds a document's record.
func (m *Monitor) Record(ev corpus.Evidence) (io.ReadCloser, error) {
	raw, err := archive.Member(m.archiveDir(), ev)
	if err != nil {
		return nil, fmt.Errorf("open record: %w", err)
	}
	return io.NopCloser(bytes.NewReader(raw)), nil
}

// Healthy returns nil if the store can be read and the index searched.
func (m *Monitor) Healthy(ctx context.Context) error {
	if _, err := m.store.JournalEnd(ctx); err != nil {
		return err
	}
	_, err := m.Search(ctx, index.Request{})
	return err
}

// Log is where the monitor logs.
func (m *Monitor) Log() *slog.Logger { return m.log }
