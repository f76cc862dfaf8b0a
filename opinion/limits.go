package opinion

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// The breaker: after so many failures in a row the endpoint is left alone for
// so long. The first call after the rest is a trial: if it fails too, the next
// rest begins at once.
const (
	breakerFailures = 5
	breakerRest     = 5 * time.Minute

	mostRest = 24 * time.Hour // an endpoint may ask for, by Retry-After
)

var (
	errResting = errors.New("endpoint is left to rest")
	errSpent   = errors.New("calls of the day are spent")
)

// limits are the breaker and the budget. The budget is in a file, or a program
// that is started often would have as many.
type limits struct {
	path   string
	perDay int

	mu       sync.Mutex
	spent    budget
	failures int // in a row
	until    time.Time
}

// A budget is the content of budget.json.
type budget struct {
	Day   string `json:"day"` // UTC, 2006-01-02
	Calls int    `json:"calls"`
}

// openLimits reads the budget. One that cannot be read counts as unspent.
func openLimits(folder string, perDay int) *limits {
	l := &limits{path: filepath.Join(folder, "budget.json"), perDay: perDay}
	raw, err := os.ReadFile(l.path)
	if err != nil || json.Unmarshal(raw, &l.spent) != nil {
		l.spent = budget{}
	}
	return l
}

// take asks for one call. It is noted as made before it is, so that a crash
// cannot make the budget larger.
func (l *limits) take(now time.Time) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if now.Before(l.until) {
		return errResting
	}
	next := l.spent
	if day := dayOf(now); next.Day != day {
		next = budget{Day: day}
	}
	if next.Calls >= l.perDay {
		return errSpent
	}
	next.Calls++
	if err := writeWhole(l.path, next); err != nil {
		return fmt.Errorf("note call: %w", err)
	}
	l.spent = next
	return nil
}

func (l *limits) succeeded() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.failures = 0
}

// failed notes a failure and tells until when the endpoint is left alone; a
// time that is not after now means that it is not.
func (l *limits) failed(now time.Time, err error) time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.failures++
	rest := time.Duration(0)
	if l.failures >= breakerFailures {
		rest = breakerRest
	}
	var status *statusError
	if errors.As(err, &status) {
		rest = max(rest, min(status.retryAfter, mostRest))
	}
	if until := now.Add(rest); rest > 0 && until.After(l.until) {
		l.until = until
	}
	return l.until
}

// dayOf is the day that a call is counted on.
func dayOf(t time.Time) string { return t.UTC().Format(time.DateOnly) }
