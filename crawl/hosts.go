package crawl

import (
	"context"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/net/publicsuffix"
)

// maxDelay bounds what a site can ask for by Crawl-delay, and with it how long
// a turn must be remembered.
const maxDelay = time.Minute

// hosts gives every site one request at a time, first come, first served, with
// a delay after each. Sites without a request for the longest delay are
// forgotten.
type hosts struct {
	mu      sync.Mutex
	turns   map[string]*turn
	longest time.Duration // the longest delay that was asked for
	sweepAt int           // how many turns there are when idle ones are next dropped
}

// A turn is the right to ask one site.
type turn struct {
	busy    bool
	ended   time.Time       // of the last request
	waiting []chan struct{} // closed when the turn is theirs
}

func newHosts() *hosts { return &hosts{turns: map[string]*turn{}, sweepAt: 1024} }

// site is the key of a turn: the registrable domain, or host and port for
// addresses and names that have none.
func site(u *url.URL) string {
	host := strings.TrimSuffix(strings.ToLower(u.Hostname()), ".")
	if _, err := netip.ParseAddr(host); err == nil || !strings.Contains(host, ".") {
		return net.JoinHostPort(host, port(u))
	}
	if domain, err := publicsuffix.EffectiveTLDPlusOne(host); err == nil {
		return domain
	}
	return host
}

func port(u *url.URL) string {
	switch {
	case u.Port() != "":
		return u.Port()
	case u.Scheme == "https":
		return "443"
	}
	return "80"
}

// take waits for the site's turn and until delay has passed since its last
// request ended. The caller must call release when its request has ended.
func (h *hosts) take(ctx context.Context, key string, delay time.Duration) (release func(), err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	h.mu.Lock()
	h.longest = max(h.longest, delay)
	t := h.turns[key]
	if t == nil {
		t = &turn{}
		h.turns[key] = t
	}
	var mine chan struct{}
	if t.busy {
		mine = make(chan struct{})
		t.waiting = append(t.waiting, mine)
	}
	t.busy = true
	h.mu.Unlock()

	if mine != nil {
		select {
		case <-mine:
		case <-ctx.Done():
			h.leave(t, mine)
			return nil, ctx.Err()
		}
	}
	// The turn is ours, and nobody else touches t.ended.
	if err := sleep(ctx, time.Until(t.ended.Add(delay))); err != nil {
		h.pass(t)
		return nil, err
	}
	return func() {
		t.ended = time.Now()
		h.pass(t)
		h.sweep()
	}, nil
}

// pass hands the turn to the next in the queue.
func (h *hosts) pass(t *turn) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(t.waiting) == 0 {
		t.busy = false
		return
	}
	close(t.waiting[0])
	t.waiting = t.waiting[1:]
}

// leave takes a waiter out of the queue, or, if it was given the turn in the
// meantime, passes it on.
func (h *hosts) leave(t *turn, mine chan struct{}) {
	h.mu.Lock()
	i := slices.Index(t.waiting, mine)
	if i >= 0 {
		t.waiting = slices.Delete(t.waiting, i, i+1)
	}
	h.mu.Unlock()
	if i < 0 {
		h.pass(t)
	}
}

// sweep drops the turns that no longer make anybody wait. It is paid for by
// the growth since the last time.
func (h *hosts) sweep() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.turns) < h.sweepAt {
		return
	}
	for key, t := range h.turns {
		if !t.busy && time.Since(t.ended) > h.longest {
			delete(h.turns, key)
		}
	}
	h.sweepAt = max(1024, 2*len(h.turns))
}

// sleep waits for d, if it is positive, or until ctx ends.
func sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
