package monitor

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"chorus/index"
	"chorus/index/local"
)

// someLines are lines for an import.
func someLines(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintln(&b, line(fmt.Sprintf("http://a.example/%d", i), fmt.Sprintf("Notice %d of the harbour office.", i), ""))
	}
	return b.String()
}

func TestEmptyIndexSaysThatItIsBeingFilled(t *testing.T) {
	s := watchRiver(t)
	s.with(func(m *Monitor) {
		if r, err := m.Search(t.Context(), index.Request{}); err != nil || r.Total != 0 {
			t.Errorf("Search where nothing was collected = %+v, %v; want no hits", r, err)
		}
		importLines(t, m, strings.NewReader(someLines(3)))
		if err := m.renewIndex(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := m.Search(t.Context(), index.Request{}); !errors.Is(err, ErrFilling) {
			t.Errorf("Search of an index that is to be filled = %v, want ErrFilling", err)
		}
		if err := m.CatchUp(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := search(t, m, "harbour"); len(got) != 3 {
			t.Errorf("found %v, want all three", got)
		}
	})
}

func TestFollowerOpensTheIndexAgain(t *testing.T) {
	s := watchRiver(t)
	s.with(func(m *Monitor) {
		m.patience = time.Millisecond
		if err := m.index.Close(); err != nil { // as after a failure: it takes nothing any more
			t.Fatal(err)
		}
		_, err := m.ImportLines(t.Context(), "posts.jsonl", strings.NewReader(someLines(3)), func(err error) { t.Error(err) })
		if err == nil {
			t.Fatal("the index took the documents")
		}
		indexed := make(chan struct{}, 9)
		m.progress = func(stage string, _, _ int) {
			if stage == "indexed" {
				indexed <- struct{}{}
			}
		}
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- m.Serve(ctx) }()
		<-indexed
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if got := search(t, m, "harbour"); len(got) != 3 {
			t.Errorf("found %v, want all three", got)
		}
	})
}

func TestIndexOfAnotherJournalIsThrownAway(t *testing.T) {
	s := watchRiver(t)
	s.with(func(m *Monitor) { importLines(t, m, strings.NewReader(someLines(3))) })
	// Another journal, no shorter than the one that the index knows.
	other := watchRiver(t)
	other.with(func(m *Monitor) {
		importLines(t, m, strings.NewReader(strings.ReplaceAll(someLines(5), "harbour", "railway")))
	})
	if err := os.RemoveAll(filepath.Join(s.cfg.Data, "archive")); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"chorus.db", "chorus.db-wal", "chorus.db-shm"} {
		os.Remove(filepath.Join(s.cfg.Data, name))
	}
	if err := os.CopyFS(filepath.Join(s.cfg.Data, "archive"), os.DirFS(filepath.Join(other.cfg.Data, "archive"))); err != nil {
		t.Fatal(err)
	}
	s.with(func(m *Monitor) {
		if err := m.CatchUp(t.Context()); err != nil {
			t.Fatal(err)
		}
		if old, now := search(t, m, "harbour"), search(t, m, "railway"); len(old) != 0 || len(now) != 5 {
			t.Errorf("found %v of the old journal and %v of the new one", old, now)
		}
	})
}

func TestLostIndexIsNoMistake(t *testing.T) {
	s := watchRiver(t)
	s.with(func(m *Monitor) {
		importLines(t, m, strings.NewReader(someLines(1)))
		if err := m.closeIndex(); err != nil {
			t.Fatal(err)
		}
		if err := m.housekeep(t.Context()); !errors.Is(err, ErrFilling) {
			t.Errorf("housekeep without index = %v, want ErrFilling", err)
		}
		if r, err := m.Verify(t.Context()); err != nil || r.Index == "" {
			t.Errorf("Verify without index = %+v, %v; want it named", r, err)
		}
		if err := m.withIndex(func(*local.Index) error { return nil }); !errors.Is(err, ErrFilling) {
			t.Errorf("withIndex without index = %v, want ErrFilling", err)
		}
	})
}
