package corpus

import "time"

// An OutletStatus is an outlet that is watched, and how it is doing.
type OutletStatus struct {
	Outlet
	Health    Health       `json:"health"`
	States    []FeedStatus `json:"feed_states"`   // in the order of the registry
	Documents int          `json:"documents"`     // versions in force
	Last      time.Time    `json:"last,omitzero"` // published time of the newest document
}

// A FeedStatus is a feed, what is known of its polling, and its health.
type FeedStatus struct {
	FeedState
	Kind     FeedKind `json:"kind"`
	Verified bool     `json:"verified"`
	Health   Health   `json:"health"`
}

// A CollectorState says whether anything is being collected now.
type CollectorState string

// The states of the collector.
const (
	CollectorRunning CollectorState = "running" // feeds are polled on schedule
	CollectorOffline CollectorState = "offline" // only serving, by the operator's wish
	CollectorDown    CollectorState = "down"    // no site answers any more
	CollectorStuck   CollectorState = "stuck"   // what is collected cannot be kept: the disk is full, say
)

// Coverage is what the monitor sees and what it does not: the ledger that goes
// with every figure.
type Coverage struct {
	Collector CollectorState `json:"collector"`
	Why       string         `json:"why,omitempty"`       // it is down or stuck
	Since     time.Time      `json:"since,omitzero"`      // since when it is in that state; zero if not known
	LastRound time.Time      `json:"last_round,omitzero"` // when feeds were last looked at
	Documents int            `json:"documents"`           // versions in force
	Frontier  int            `json:"frontier"`            // pages found and not yet fetched
	Failed    int            `json:"failed"`              // pages given up
	Outlets   map[Health]int `json:"outlets"`             // watched outlets by health
	Losses    []Loss         `json:"losses"`              // what could not be had of late, newest first
}

// A Loss is one thing that could not be had.
type Loss struct {
	Outlet string `json:"outlet,omitempty"` // id; empty if no outlet is to blame
	URL    string `json:"url,omitempty"`    // of the feed or the page
	Feed   bool   `json:"feed"`             // the URL is a feed
	Fault  Fault  `json:"fault"`
}
