package crawl

import (
	"context"
	"net/http"
	"net/url"
	"sync"
	"time"

	"chorus/corpus"
)

const (
	robotsRedirects = 5              // RFC 9309, 2.3.1.2
	robotsRetry     = time.Minute    // how long a failure to read one is believed
	robotsStale     = 24 * time.Hour // how long an old one serves while a new one cannot be read (2.4)
)

// robotsCache holds the robots.txt of every origin, and sees to it that it is
// read once, however many pages wait for it.
type robotsCache struct {
	mu      sync.Mutex
	entries map[string]*robotsEntry
	sweepAt int
}

// A robotsEntry is the robots.txt of one origin. All but ready is set before
// ready is closed, and not changed after.
type robotsEntry struct {
	ready     chan struct{}
	abandoned bool // whoever was to read it could not finish: try again
	rules     robots
	fault     *corpus.Fault // why it could not be read; then nothing may be fetched
	read      time.Time     // when rules were read, zero if never
	expires   time.Time
	stale     *robotsEntry // what was known before, until this one is ready
}

func newRobotsCache() *robotsCache {
	return &robotsCache{entries: map[string]*robotsEntry{}, sweepAt: 1024}
}

// entry gives what is known of an origin. mine is true if the caller must read
// the file and settle the entry.
func (r *robotsCache) entry(key string, now time.Time) (e *robotsEntry, mine bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	old := r.entries[key]
	if old != nil && (!old.isReady() || now.Before(old.expires)) {
		return old, false
	}
	if len(r.entries) >= r.sweepAt {
		for k, e := range r.entries {
			if e.isReady() && now.After(e.expires) && now.Sub(e.read) > robotsStale {
				delete(r.entries, k)
			}
		}
		r.sweepAt = max(1024, 2*len(r.entries))
	}
	e = &robotsEntry{ready: make(chan struct{}), abandoned: true, stale: old}
	r.entries[key] = e
	return e, true
}

func (e *robotsEntry) isReady() bool {
	select {
	case <-e.ready:
		return true
	default:
		return false
	}
}

// settle lets the others see e. An abandoned entry gives way to the one before.
func (r *robotsCache) settle(key string, e *robotsEntry) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if e.abandoned {
		if e.stale == nil {
			delete(r.entries, key)
		} else {
			r.entries[key] = e.stale
		}
	}
	e.stale = nil
	close(e.ready)
}

// robotsFor gives the rules for an origin, reading its robots.txt if nobody
// has done so lately. The fault says why nothing may be fetched.
func (f *fetch) robotsFor(ctx context.Context, u *url.URL) (robots, *corpus.Fault, error) {
	key := u.Scheme + "://" + u.Host
	if f.proxy != nil {
		key += " " + f.proxy.String()
	}
	for {
		e, mine := f.crawler.robots.entry(key, time.Now())
		if mine {
			return f.fillRobots(ctx, key, e, u)
		}
		queued := time.Now()
		select {
		case <-e.ready:
			f.waited += time.Since(queued)
		case <-ctx.Done():
			return robots{}, nil, ctx.Err()
		}
		if !e.abandoned {
			return e.rules, refreshed(e.fault), nil
		}
	}
}

// refreshed is a remembered fault as of now.
func refreshed(fault *corpus.Fault) *corpus.Fault {
	if fault == nil {
		return nil
	}
	again := *fault
	again.At = stamp(time.Now())
	return &again
}

func (f *fetch) fillRobots(ctx context.Context, key string, e *robotsEntry, u *url.URL) (robots, *corpus.Fault, error) {
	defer f.crawler.robots.settle(key, e)
	rules, fault, err := f.readRobots(ctx, u)
	if err != nil {
		return robots{}, nil, err
	}
	now, ttl := time.Now(), f.crawler.options.RobotsTTL
	e.abandoned, e.rules, e.fault, e.read, e.expires = false, rules, fault, now, now.Add(ttl)
	if fault != nil {
		e.read, e.expires = time.Time{}, now.Add(min(ttl, robotsRetry))
		if old := e.stale; old != nil && now.Sub(old.read) < robotsStale {
			e.rules, e.fault, e.read = old.rules, nil, old.read
		}
	}
	return e.rules, e.fault, nil
}

// readRobots asks for the robots.txt of an origin. RFC 9309, 2.3.1: a client
// error means that everything is allowed, as do too many redirects; a server
// error and silence mean that nothing is. 429 counts as a server error, as it
// does for Google: it asks for less, not for more.
func (f *fetch) readRobots(ctx context.Context, origin *url.URL) (robots, *corpus.Fault, error) {
	at := &url.URL{Scheme: origin.Scheme, Host: origin.Host, Path: "/robots.txt"}
	for range robotsRedirects + 1 {
		a, err := f.ask(ctx, corpus.RoleRobots, at, f.crawler.header("text/plain,*/*;q=0.8"), 0, robotsBytes)
		if err != nil {
			return robots{}, nil, err
		}
		if a.exchange == nil {
			return robots{}, unreadable(a.fault), nil
		}
		status, location := a.exchange.Status, a.exchange.Response.Get("Location")
		switch {
		case redirects(status) && location != "":
			next, err := at.Parse(location)
			if err != nil {
				return robots{}, nil, nil
			}
			at = wireURL(next)
			continue
		case status < 300:
			if a.fault != nil && a.fault.Class != corpus.FaultTooLarge {
				return robots{}, unreadable(a.fault), nil
			}
			return parseRobots(a.plain, ProductToken), nil, nil
		case status < 500 && status != http.StatusTooManyRequests:
			return robots{}, nil, nil
		}
		return robots{}, unreadable(statusFault(status, a.exchange.Response, false, time.Now())), nil
	}
	return robots{}, nil, nil
}

// unreadable makes the fault of a robots.txt that of the page: if there was no
// way to the host its class stays, since it is not robots.txt that is wrong.
func unreadable(f *corpus.Fault) *corpus.Fault {
	out := *f
	switch f.Class {
	case corpus.FaultDNS, corpus.FaultConnect, corpus.FaultTLS, corpus.FaultTimeout, corpus.FaultProxy, corpus.FaultGuarded, corpus.FaultThrottled:
	default:
		out.Class = corpus.FaultRobots
	}
	out.Reason = "robots.txt could not be read: " + f.Reason
	return &out
}
