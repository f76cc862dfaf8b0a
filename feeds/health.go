package feeds

import (
	"time"

	"chorus/corpus"
)

const (
	deadAfter   = 7 * 24 * time.Hour
	silentGaps  = 10 // mean gaps without a new item make a feed silent
	silentAfter = 2 * 24 * time.Hour
	silentSlow  = 14 * 24 * time.Hour
)

// FeedHealth gives the state of one feed in one word.
//
// A feed is dead if the last poll found it gone, or if polls have failed for a
// week. It is silent if it can be read but has brought nothing new for ten
// times its mean gap, and at least two days, or fourteen in the slow tier. A
// last answer 304 shows that the server is there, not that the feed is well:
// with nothing but 304 a feed falls silent too.
func FeedHealth(s corpus.FeedState, tier corpus.Tier, now time.Time) corpus.Health {
	if s.Polled.IsZero() {
		return corpus.HealthNew
	}
	if s.Fault != nil && !s.Polled.Equal(s.Unchanged) {
		if s.Fault.Class == corpus.FaultGone && !flickers(s.URL) || failingFor(s, now) >= deadAfter {
			return corpus.HealthDead
		}
		return corpus.HealthFailing
	}
	if silent(s, tier, now) {
		return corpus.HealthSilent
	}
	return corpus.HealthOK
}

// failingFor gives how long polls have failed. Of a feed that never answered
// nothing but the number of failures is known: then it is the waits between them.
func failingFor(s corpus.FeedState, now time.Time) time.Duration {
	last := s.Read
	if s.Unchanged.After(last) {
		last = s.Unchanged
	}
	if !last.IsZero() {
		return now.Sub(last)
	}
	var d time.Duration
	for n := 1; n < s.Failures; n++ {
		d += backOff(s.URL, s.Fault.Class, n)
	}
	return d + now.Sub(s.Polled)
}

func silent(s corpus.FeedState, tier corpus.Tier, now time.Time) bool {
	patience := silentAfter
	if tier == corpus.TierSlow {
		patience = silentSlow
	}
	if s.NewItem.IsZero() {
		// Never a new item: an empty feed, one whose items all came by another
		// feed first, or one that only ever answered 304.
		return s.Read.IsZero() || s.Items == 0 || now.Sub(s.Read) > patience
	}
	return now.Sub(s.NewItem) > max(patience, silentGaps*s.Gap)
}

// Health gives the state of an outlet in one word: that of its best feed, for
// one feed that works is enough to be watched. States of feeds that the outlet
// does not list (any more) do not count; a feed without state was never polled.
// An outlet that is disabled or lists no feed has health no-feed.
func Health(o corpus.Outlet, states []corpus.FeedState, now time.Time) corpus.Health {
	if o.Disabled || len(o.Feeds) == 0 {
		return corpus.HealthNoFeed
	}
	byURL := map[string]corpus.FeedState{}
	for _, s := range states {
		if s.Outlet == o.ID || s.Outlet == "" {
			byURL[s.URL] = s
		}
	}
	best := corpus.HealthNew
	for _, f := range o.Feeds {
		h := FeedHealth(byURL[f.URL], o.Tier, now)
		if h != corpus.HealthNew && (best == corpus.HealthNew || rank(h) < rank(best)) {
			best = h
		}
	}
	return best
}

// rank orders the healths of polled feeds from good to bad.
func rank(h corpus.Health) int {
	switch h {
	case corpus.HealthOK:
		return 0
	case corpus.HealthSilent:
		return 1
	case corpus.HealthFailing:
		return 2
	}
	return 3
}
