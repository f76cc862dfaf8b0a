package monitor

import (
	"sync"
	"time"

	"chorus/corpus"
)

// network notices when nothing answers any more, whoever is asked.
type network struct {
	mu     sync.Mutex
	silent map[string]bool // sites that did not answer since the last one that did
	first  time.Time       // the first of them
}

// downAfter is how many sites in a row must not answer before we say that it
// is us and not them.
const downAfter = 4

func (n *network) saw(c *corpus.Capture, now time.Time) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if c.Answer() != nil {
		n.silent, n.first = nil, time.Time{}
		return
	}
	if !silence(c) {
		return
	}
	if n.silent == nil {
		n.silent, n.first = map[string]bool{}, now
	}
	n.silent[siteOf(c.URL)] = true
}

// An outage is when the network has been down for outageAfter: then it is
// pointless, and unfair to the outlets' record, to go on asking.
const outageAfter = time.Minute

// outage reports whether there is one now.
func (n *network) outage(now time.Time) bool {
	down := n.downSince()
	return !down.IsZero() && now.Sub(down) >= outageAfter
}

// silence reports whether a capture says only that there was no way to the
// server.
func silence(c *corpus.Capture) bool {
	if c.Answer() != nil || c.Fault == nil {
		return false
	}
	switch c.Fault.Class {
	case corpus.FaultDNS, corpus.FaultConnect, corpus.FaultTimeout, corpus.FaultProxy:
		return true
	}
	return false
}

// downSince is when the network went down, the zero time if it has not.
func (n *network) downSince() time.Time {
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(n.silent) < downAfter {
		return time.Time{}
	}
	return n.first
}
