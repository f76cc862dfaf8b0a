package opinion

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// Two calls in flight may fail one after the other.
func TestLaterFailureDoesNotShortenARest(t *testing.T) {
	now := newClock("2026-11-24T12:00:00Z").now()
	l := openLimits(t.TempDir(), 1)
	want := now.Add(time.Hour)
	if got := l.failed(now, &statusError{429, time.Hour}); !got.Equal(want) {
		t.Errorf("rest until %v, want %v", got, want)
	}
	if got := l.failed(now, &statusError{429, time.Minute}); !got.Equal(want) {
		t.Errorf("after another failure rest until %v, want %v", got, want)
	}
}

func TestDamagedBudgetCountsAsUnspent(t *testing.T) {
	folder := t.TempDir()
	now := newClock("2026-11-24T12:00:00Z").now()
	path := filepath.Join(folder, "budget.json")
	for _, raw := range []string{"", `{"day":"2026-11-24","calls":1`, `{"day":"2026-11-24","calls":"1"}`, `{"day":"2026-11-24","calls":1} more`} {
		if err := os.WriteFile(path, []byte(raw), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := openLimits(folder, 1).take(now); err != nil {
			t.Errorf("take with the budget %q: %v", raw, err)
		}
		if err := openLimits(folder, 1).take(now); err != errSpent {
			t.Errorf("take after %q was spent = %v, want %v", raw, err, errSpent)
		}
	}
}
