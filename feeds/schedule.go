package feeds

import (
	"hash/fnv"
	"math"
	"net/url"
	"strings"
	"time"

	"chorus/corpus"
)

const (
	leastInterval = 5 * time.Minute // whatever the tier says
	mostWait      = 24 * time.Hour

	shareWeight = 0.3 // of the last poll in the moving mean of new shares
	gapWeight   = 0.2 // of the last gap in the moving mean of gaps
	wantShare   = 0.1 // share of new items that a poll should bring
	window      = 50  // items that a share is measured against at most
)

// An Outcome is what came of one poll of a feed.
type Outcome struct {
	At           time.Time     // of the poll
	NotModified  bool          // the answer was 304: Items, New and Fault mean nothing
	Items        int           // items of the reading
	New          int           // those that were not known before
	TTL          time.Duration // of the reading
	Fault        *corpus.Fault // nil if the feed was read
	ETag         string        // of the answer
	LastModified string        // of the answer
	Warning      string        // the feed was read, but ...
}

// Next gives the state of a feed after a poll, from the state before it: what
// is known of the feed now, and when it is due again.
//
// After a reading the interval adapts within the bounds of the tier so that a
// poll brings about one new item in ten; it halves at most (at once if every
// item was new, for then some were missed), and grows by half at most. Shares
// are of at most 50 items, so that a long sitemap is not taken for a dull feed.
// The first poll starts in the middle of the bounds. The feed's TTL is a lower
// bound, as far as the tier allows.
//
// An answer 304 says nothing about health: the new share, the failures and the
// fault stay as they were, and the interval grows by an eighth.
//
// After a fault the interval stays, and the wait grows with the failures in a
// row, up to a day, by the class of the fault. What the server asked for with
// Retry-After is obeyed, up to a day. No fault ends the polling for good.
//
// Due is spread by up to a tenth to either side, by a hash of the feed's URL.
func Next(s corpus.FeedState, tier corpus.Tier, o Outcome) corpus.FeedState {
	at := o.At.UTC().Truncate(time.Second)
	first := s.Polled.IsZero()
	s.Polled = at
	least, most := bounds(tier)
	if s.Interval == 0 {
		s.Interval = time.Duration(math.Sqrt(float64(least) * float64(most)))
	}
	s.Interval = min(max(s.Interval, least), most)
	switch {
	case o.NotModified:
		s.Unchanged = at
		if !first {
			s.Interval = min(s.Interval+s.Interval/8, most)
		}
	case o.Fault != nil:
		return failed(s, least, o)
	default:
		s = read(s, at, o)
		s.Interval = min(max(s.Interval, o.TTL, least), most)
	}
	s.Due = at.Add(min(max(spread(s.URL, s.Interval), least), most)).Truncate(time.Second)
	return s
}

// bounds are those of the tier, within what any feed is polled at.
func bounds(tier corpus.Tier) (least, most time.Duration) {
	least, most = tier.Interval()
	least = max(least, leastInterval)
	return least, max(min(most, mostWait), least)
}

// read is the state after a poll that was read.
func read(s corpus.FeedState, at time.Time, o Outcome) corpus.FeedState {
	known := !s.Read.IsZero() // at the first reading every item is new, which says nothing
	if known {
		share := 0.0
		if o.Items > 0 {
			share = min(float64(o.New)/float64(min(o.Items, window)), 1)
		}
		s.NewShare += shareWeight * (share - s.NewShare)
		s.Interval = time.Duration(float64(s.Interval) * pace(s.NewShare, o))
	} else {
		s.NewShare = wantShare
	}
	if o.New > 0 {
		if known && !s.NewItem.IsZero() {
			s.Gap = meanGap(s.Gap, at.Sub(s.NewItem))
		}
		s.NewItem = at
	}
	s.Read, s.Items, s.New, s.Total = at, o.Items, o.New, s.Total+o.New
	s.Failures, s.Fault, s.Warning = 0, nil, o.Warning
	s.ETag, s.LastModified = o.ETag, o.LastModified
	return s
}

// pace is what the interval is multiplied by.
func pace(mean float64, o Outcome) float64 {
	if o.Items > 0 && o.New >= o.Items {
		return 0.5
	}
	p := 1.5
	if mean > 0 {
		p = min(max(wantShare/mean, 0.5), 1.5)
	}
	if o.New == 0 {
		return max(p, 1) // a poll in vain never shortens
	}
	return p
}

func meanGap(mean, gap time.Duration) time.Duration {
	if mean == 0 {
		return gap
	}
	return mean + time.Duration(gapWeight*float64(gap-mean))
}

// failed is the state after a poll with a fault.
func failed(s corpus.FeedState, least time.Duration, o Outcome) corpus.FeedState {
	s.Failures++
	s.Fault, s.Warning = o.Fault, ""
	if o.Fault.Permanent() {
		// The next answer must be a whole one: a 304 for an answer that could
		// not be read would hide the fault.
		s.ETag, s.LastModified = "", ""
	}
	wait := max(spread(s.URL, backOff(s.URL, o.Fault.Class, s.Failures)), least)
	if asked := o.Fault.RetryAfter; asked > 0 {
		wait = max(asked, least)
		wait = max(wait, spread(s.URL, wait)) // never before
	}
	s.Due = s.Polled.Add(min(wait, mostWait)).Truncate(time.Second)
	return s
}

// backOff is the wait after so many failures in a row: a first wait by the
// class of the fault, doubled with each further failure, up to a day.
func backOff(url string, class corpus.FaultClass, failures int) time.Duration {
	wait := 10 * time.Minute // of what may be over soon
	switch class {
	case corpus.FaultThrottled:
		wait = 15 * time.Minute
	case corpus.FaultDNS, corpus.FaultTLS:
		wait = 30 * time.Minute
	case corpus.FaultGone:
		if !flickers(url) {
			wait = 2 * time.Hour
		}
	case corpus.FaultDenied, corpus.FaultRobots, corpus.FaultFormat, corpus.FaultEmpty, corpus.FaultEncoding,
		corpus.FaultRedirect, corpus.FaultGuarded, corpus.FaultPanic:
		wait = time.Hour
	}
	for i := 1; i < failures && wait < mostWait; i++ {
		wait *= 2
	}
	return min(wait, mostWait)
}

// flickers reports whether a feed is on a platform where 404 comes and goes:
// YouTube's feeds have done so for days on end.
func flickers(feed string) bool {
	u, err := url.Parse(feed)
	if err != nil {
		return false
	}
	host := strings.ToLower(u.Hostname())
	return host == "youtube.com" || strings.HasSuffix(host, ".youtube.com")
}

// spread moves a wait by up to a tenth to either side, always the same way for
// one URL, so that feeds of one interval do not fall due together.
func spread(url string, wait time.Duration) time.Duration {
	h := fnv.New32a()
	h.Write([]byte(url))
	share := float64(h.Sum32())/math.MaxUint32*0.2 - 0.1
	return wait + time.Duration(share*float64(wait))
}
