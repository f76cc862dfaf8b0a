package monitor

// What becomes of a round when what it brings cannot be kept.

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"chorus/corpus"
)

func TestRoundEndsWhenTheArchiveTakesNothing(t *testing.T) {
	const sites, pages = 2, 30
	w, outlets := crowd(sites, pages)
	s := watch(t, w, outlets)
	s.once()
	s.elapsed = 3 * time.Hour // all pages are to be looked at again
	s.with(func(m *Monitor) {
		if err := m.archive.Close(); err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithTimeout(t.Context(), 20*time.Second)
		defer stop()
		if _, err := m.Once(ctx); err == nil || !strings.Contains(err.Error(), "archive is closed") {
			t.Errorf("Once = %v, want what is wrong with the archive", err)
		}
		if ctx.Err() != nil {
			t.Error("the round did not end by itself")
		}
	})
	for i := range sites {
		for j := range pages {
			if n := w.Requests(fmt.Sprintf("http://site%d.example/%d", i, j)); n > 2 {
				t.Fatalf("a page was asked for %d times", n)
			}
		}
	}
}

// signal is a log that tells when a message comes.
type signal struct {
	slog.Handler
	message string
	heard   chan struct{}
}

func (s signal) Handle(_ context.Context, r slog.Record) error {
	if r.Message == s.message {
		select {
		case s.heard <- struct{}{}:
		default:
		}
	}
	return nil
}

func (s signal) Enabled(context.Context, slog.Level) bool { return true }

func TestCollectingWaitsWhileTheStoreTakesNothing(t *testing.T) {
	for _, c := range []struct{ name, trigger, message string }{
		{"pages", "BEFORE INSERT ON documents", "what was collected could not be kept; trying again"},
		{"claims", "BEFORE UPDATE OF lease ON frontier WHEN NEW.state = 'leased'", "pages could not be claimed; trying again"},
	} {
		t.Run(c.name, func(t *testing.T) {
			const sites, pages = 4, 25
			w, outlets := crowd(sites, pages)
			s := watch(t, w, outlets)
			s.with(func(m *Monitor) {
				heard := signal{slog.DiscardHandler, c.message, make(chan struct{}, 1)}
				all := make(chan struct{})
				m.log, m.patience = slog.New(heard), time.Millisecond
				m.progress = func(stage string, n, _ int) {
					if stage == "pages" && n == sites*pages {
						close(all)
					}
				}
				db, err := sql.Open("sqlite", "file:"+m.store.Path()+"?_pragma=busy_timeout(10000)")
				if err != nil {
					t.Fatal(err)
				}
				defer db.Close()
				if _, err := db.Exec("CREATE TRIGGER full " + c.trigger + " BEGIN SELECT RAISE(ABORT, 'the disk is full'); END"); err != nil {
					t.Fatal(err)
				}
				ctx, stop := context.WithCancel(t.Context())
				ended := make(chan error, 1)
				go func() { ended <- m.Run(ctx) }()
				<-heard.heard
				cov, err := m.Coverage(ctx, false)
				if err != nil {
					t.Fatal(err)
				}
				if cov.Collector != corpus.CollectorStuck || !strings.Contains(cov.Why, "the disk is full") {
					t.Errorf("the collector is %s because of %q, want it stuck on the full disk", cov.Collector, cov.Why)
				}
				if _, err := db.Exec("DROP TRIGGER full"); err != nil {
					t.Fatal(err)
				}
				select {
				case <-all:
				case err := <-ended:
					t.Fatalf("Run ended: %v", err)
				}
				stop()
				if err := <-ended; err != nil {
					t.Errorf("Run = %v after all was well again", err)
				}
				if cov, err = m.Coverage(t.Context(), false); err != nil || cov.Collector != corpus.CollectorRunning {
					t.Errorf("in the end the collector is %s, %v", cov.Collector, err)
				}
				if len(cov.Losses) != 1 || cov.Losses[0].Fault.Class != corpus.FaultKeeping {
					t.Errorf("the ledger says %+v, want the full disk once", cov.Losses)
				}
				before := whole(t, m)
				if _, err := m.Rebuild(t.Context()); err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(before, whole(t, m)); diff != "" {
					t.Errorf("the archive tells another story (-before +after):\n%s", diff)
				}
			})
			for i := range sites {
				for j := range pages {
					if n := w.Requests(fmt.Sprintf("http://site%d.example/%d", i, j)); n != 1 {
						t.Fatalf("a page was asked for %d times", n)
					}
				}
			}
		})
	}
}

// Polls may be kept while no page can be claimed: that is one trouble, and one
// line of the ledger, until both go well.
func TestTroubleLastsUntilAllGoesWell(t *testing.T) {
	var tr trouble
	at := time.Date(2026, 6, 15, 12, 0, 0, 0, time.UTC)
	full := errors.New("the disk is full")
	tr.note(toClaim, full, at)
	debt := tr.debt()
	tr.paid(debt)
	tr.over(toKeep)
	tr.note(toClaim, full, at.Add(time.Second))
	if tr.debt() != nil {
		t.Error("the same trouble is to be written twice")
	}
	if err, since := tr.now(); err != full || !since.Equal(at) {
		t.Errorf("the trouble is %v since %v, want the full disk since %v", err, since, at)
	}
	tr.note(toKeep, full, at.Add(2*time.Second))
	tr.over(toClaim)
	if err, _ := tr.now(); err != full {
		t.Errorf("the trouble is %v though nothing can be kept", err)
	}
	tr.over(toKeep)
	if err, since := tr.now(); err != nil || !since.IsZero() {
		t.Errorf("the trouble is %v since %v though all is well", err, since)
	}

	// What came up while another debt was being written is still owed.
	tr.note(toKeep, full, at.Add(time.Hour))
	tr.paid(debt)
	if tr.debt() == nil {
		t.Error("a trouble was taken for one that the ledger has")
	}
}
