package store

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"chorus/corpus"
)

func plotted(t *testing.T, s *Store, address string) corpus.Tombstone {
	t.Helper()
	id, err := corpus.IDOf(address)
	if err != nil {
		t.Fatal(err)
	}
	p, err := s.Plot(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	p.At, p.Cause, p.Reason = noon.Add(24*time.Hour), corpus.CauseTakedown, "asked by a court"
	return p
}

func TestBuriedDocumentLeavesOnlyItsTombstone(t *testing.T) {
	s := open(t)
	const page, twin, other = "https://river.example/1", "https://river.example/1/amp", "https://river.example/2"
	amp := visit(page, "first", noon)
	amp.Page, _ = corpus.IDOf(twin)
	amp.Item.URL = twin
	commit(t, s, Batch{Visits: []*Visit{visit(page, "first", noon), visit(other, "other", noon), amp}})
	commit(t, s, Batch{Visits: []*Visit{visit(page, "second", noon.Add(time.Hour))}})
	seen, err := s.JournalEnd(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := plotted(t, s, page)
	if want.Versions != 2 || len(want.Pages) != 2 || !want.Since.Equal(noon) {
		t.Errorf("Plot = %+v, want two versions, two pages, since noon", want)
	}
	if err := s.Bury(t.Context(), []corpus.Tombstone{want}); err != nil {
		t.Fatal(err)
	}
	if got, want := changes(t, s, 0), "2:new 2, 5:removed 1, 6:removed 3"; got != want {
		t.Errorf("a follower from the start reads %s, want %s", got, want)
	}
	if got, want := changes(t, s, seen), "5:removed 1, 6:removed 3"; got != want {
		t.Errorf("a follower who was there reads %s, want %s", got, want)
	}
	got, err := s.Tombstone(t.Context(), amp.Page)
	if err != nil || cmp.Diff(want, got) != "" {
		t.Errorf("Tombstone of the twin = %+v, %v; want %+v", got, err, want)
	}
	if versions, _ := s.Versions(t.Context(), want.ID); len(versions) != 0 {
		t.Errorf("%d versions are left", len(versions))
	}
	pending, err := s.Pending(t.Context())
	if err != nil || len(pending) != 1 {
		t.Errorf("Pending = %v, %v; want the one", pending, err)
	}
	commit(t, s, Batch{Buried: pending})
	if pending, err := s.Pending(t.Context()); err != nil || len(pending) != 0 {
		t.Errorf("Pending = %v, %v; want none", pending, err)
	}
}

func TestBuriedDocumentDoesNotComeBack(t *testing.T) {
	s := open(t)
	const page = "https://river.example/1"
	commit(t, s, Batch{Visits: []*Visit{visit(page, "first", noon)}})
	if err := s.Bury(t.Context(), []corpus.Tombstone{plotted(t, s, page)}); err != nil {
		t.Fatal(err)
	}
	twin := visit(page, "first", noon)
	twin.Page, _ = corpus.IDOf("https://river.example/twin")
	again := discovery(page, "river.example")
	again.Item.Updated = noon.Add(48 * time.Hour)
	for _, b := range []Batch{
		{Visits: []*Visit{visit(page, "second", noon.Add(time.Hour))}},
		{Visits: []*Visit{twin}},
		{Polls: []Poll{{State: corpus.FeedState{Outlet: "riverpost", URL: "https://river.example/rss"}, Items: []Discovery{again}, At: noon.Add(time.Hour)}}},
	} {
		commit(t, s, b)
	}
	if n, err := s.Count(t.Context()); err != nil || n != 0 {
		t.Errorf("%d documents (%v) are there again", n, err)
	}
	leases, err := s.Claim(t.Context(), noon.Add(1000*time.Hour), noon.Add(1001*time.Hour), 10, 10, func(string) bool { return false })
	if err != nil || len(leases) != 0 {
		t.Errorf("Claim = %+v, %v; want nothing due", leases, err)
	}
}

func TestOnlyWhatIsKnownCanBePlotted(t *testing.T) {
	s := open(t)
	if _, err := s.Plot(t.Context(), "00"); !errors.Is(err, ErrNotFound) {
		t.Errorf("Plot = %v, want ErrNotFound", err)
	}
	if _, err := s.Tombstone(t.Context(), "00"); !errors.Is(err, ErrNotFound) {
		t.Errorf("Tombstone = %v, want ErrNotFound", err)
	}
}

func TestIdleDocumentsAreThoseNotFetchedLately(t *testing.T) {
	s := open(t)
	old, fresh := visit("https://river.example/old", "a", noon), visit("https://river.example/new", "b", noon.Add(48*time.Hour))
	commit(t, s, Batch{Visits: []*Visit{old, fresh}})
	ids, err := s.Idle(t.Context(), noon.Add(time.Hour), "", 10)
	if err != nil || len(ids) != 1 || ids[0] != old.Document.ID {
		t.Errorf("Idle = %v, %v; want the old one", ids, err)
	}
	if at, err := s.Fetched(t.Context(), old.Document.ID); err != nil || !at.Equal(noon) {
		t.Errorf("Fetched = %v, %v; want noon", at, err)
	}
}
