package corpus

import "time"

// A Cause is why a document was removed.
type Cause string

// The causes.
const (
	CauseTakedown  Cause = "takedown"  // someone asked for it
	CauseRetention Cause = "retention" // its time was over
)

// A Tombstone says that a document was removed: all its versions, for ever.
// It holds nothing of what the document said.
type Tombstone struct {
	ID       DocID     `json:"id"`
	At       time.Time `json:"at"`
	Cause    Cause     `json:"cause"`
	Reason   string    `json:"reason,omitempty"` // as given; empty if none was
	Outlet   string    `json:"outlet"`
	Kind     Kind      `json:"kind"`
	Versions int       `json:"versions"` // that there were
	Pages    []string  `json:"pages"`    // addresses that led to it
	Since    time.Time `json:"since"`    // no capture from before it is of the document
}
