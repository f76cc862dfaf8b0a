package feeds

import (
	"fmt"
	"testing"
	"time"

	"chorus/corpus"
)

// poll simulates polling a feed for a while: at every due time outcome says
// what came of it. It gives the state at the end and the times of the polls.
func poll(s corpus.FeedState, tier corpus.Tier, from time.Time, during time.Duration, outcome func(s corpus.FeedState, at time.Time) Outcome) (corpus.FeedState, []time.Time) {
	var polls []time.Time
	for at := from; at.Before(from.Add(during)); at = s.Due {
		o := outcome(s, at)
		o.At = at
		s = Next(s, tier, o)
		polls = append(polls, at)
		if !s.Due.After(at) {
			panic(fmt.Sprintf("due at %v after a poll at %v", s.Due, at))
		}
	}
	return s, polls
}

// steady is the outcome of polling a feed of 30 items that gets a new one every gap.
func steady(gap time.Duration) func(corpus.FeedState, time.Time) Outcome {
	return func(s corpus.FeedState, at time.Time) Outcome {
		n := 30
		if !s.Read.IsZero() {
			n = min(int(at.Unix()/int64(gap.Seconds())-s.Polled.Unix()/int64(gap.Seconds())), 30)
		}
		return Outcome{Items: 30, New: n}
	}
}

func feedState(url string) corpus.FeedState { return corpus.FeedState{Outlet: "river", URL: url} }

const day = 24 * time.Hour

func TestADayOfPolling(t *testing.T) {
	for _, c := range []struct {
		name       string
		tier       corpus.Tier
		gap        time.Duration // between new items
		from, upto int           // polls on the second day
	}{
		{"lively wire", corpus.TierWire, 2 * time.Minute, 200, 300},
		{"usual wire", corpus.TierWire, 5 * time.Minute, 80, 160},
		{"dull wire", corpus.TierWire, 6 * time.Hour, 44, 54},
		{"lively daily", corpus.TierDaily, 2 * time.Minute, 80, 106},
		{"usual daily", corpus.TierDaily, 40 * time.Minute, 8, 20},
		{"dull daily", corpus.TierDaily, 3 * day, 4, 5},
		{"slow", corpus.TierSlow, 2 * day, 1, 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, _ := poll(feedState(feedURL), c.tier, noon, day, steady(c.gap))
			s, polls := poll(s, c.tier, s.Due, day, steady(c.gap))
			if len(polls) < c.from || len(polls) > c.upto {
				t.Errorf("%d polls on the second day, want %d to %d; interval %v, share %.2f", len(polls), c.from, c.upto, s.Interval, s.NewShare)
			}
			least, most := c.tier.Interval()
			for i := 1; i < len(polls); i++ {
				if d := polls[i].Sub(polls[i-1]); d < least || d > most {
					t.Errorf("%v between polls, want %v to %v", d, least, most)
				}
			}
		})
	}
}

func TestNextQuickensWhenAFeedWakes(t *testing.T) {
	s, _ := poll(feedState(feedURL), corpus.TierDaily, noon, 7*day, steady(10*day))
	dull := s.Interval
	s, polls := poll(s, corpus.TierDaily, s.Due, day, steady(time.Minute))
	if s.Interval > dull/8 {
		t.Errorf("interval %v after %d polls of a lively feed, %v before", s.Interval, len(polls), dull)
	}
}

func TestNextOfALongSitemapIsNotDull(t *testing.T) {
	s, polls := poll(feedState(feedURL), corpus.TierWire, noon, day, func(s corpus.FeedState, at time.Time) Outcome {
		o := steady(time.Minute)(s, at)
		o.Items = 2000
		return o
	})
	if len(polls) < 150 {
		t.Errorf("%d polls of a sitemap with a new page each minute; interval %v", len(polls), s.Interval)
	}
}

func TestNextAfterNotModified(t *testing.T) {
	before := Next(feedState(feedURL), corpus.TierDaily, Outcome{At: noon, Items: 10, New: 10, ETag: `"1"`, LastModified: "x"})
	before.NewShare, before.Failures, before.Fault = 0.4, 3, &corpus.Fault{Class: corpus.FaultTimeout}
	at := noon.Add(time.Hour)
	s := Next(before, corpus.TierDaily, Outcome{At: at, NotModified: true})
	if s.NewShare != before.NewShare || s.Failures != 3 || s.Fault != before.Fault || !s.Read.Equal(before.Read) || s.ETag != `"1"` || s.LastModified != "x" {
		t.Errorf("Next = %+v, want all but the time of the poll as before: %+v", s, before)
	}
	if !s.Unchanged.Equal(at) || !s.Polled.Equal(at) || s.Interval <= before.Interval {
		t.Errorf("Next = unchanged %v, polled %v, interval %v, want %v twice and more than %v", s.Unchanged, s.Polled, s.Interval, at, before.Interval)
	}
}

func TestNextKeepsValidatorsOnlyOfWhatWasRead(t *testing.T) {
	s := Next(feedState(feedURL), corpus.TierDaily, Outcome{At: noon, Items: 1, ETag: `"1"`, LastModified: "then"})
	if s.ETag != `"1"` || s.LastModified != "then" {
		t.Fatalf("Next = %q, %q, want those of the answer", s.ETag, s.LastModified)
	}
	timeout := Next(s, corpus.TierDaily, Outcome{At: noon, Fault: &corpus.Fault{Class: corpus.FaultTimeout}, ETag: `"2"`})
	if timeout.ETag != `"1"` {
		t.Errorf("after a timeout ETag = %q, want the one before", timeout.ETag)
	}
	format := Next(s, corpus.TierDaily, Outcome{At: noon, Fault: &corpus.Fault{Class: corpus.FaultFormat}, ETag: `"2"`})
	if format.ETag != "" || format.LastModified != "" {
		t.Errorf("after an answer that could not be read ETag = %q, %q, want none", format.ETag, format.LastModified)
	}
}

func TestNextBacksOff(t *testing.T) {
	const youtube = "https://www.youtube.com/feeds/videos.xml?channel_id=UC1"
	for _, c := range []struct {
		name     string
		url      string
		fault    corpus.Fault
		failures int // before
		want     time.Duration
	}{
		{"first 503", feedURL, corpus.Fault{Class: corpus.FaultServer}, 0, 15 * time.Minute}, // the tier's least
		{"fourth 503", feedURL, corpus.Fault{Class: corpus.FaultServer}, 3, 80 * time.Minute},
		{"hundredth 503", feedURL, corpus.Fault{Class: corpus.FaultServer}, 99, day},
		{"dns", feedURL, corpus.Fault{Class: corpus.FaultDNS}, 0, 30 * time.Minute},
		{"429", feedURL, corpus.Fault{Class: corpus.FaultThrottled}, 1, 30 * time.Minute},
		{"429 with an hour", feedURL, corpus.Fault{Class: corpus.FaultThrottled, RetryAfter: time.Hour}, 5, time.Hour},
		{"429 with a year", feedURL, corpus.Fault{Class: corpus.FaultThrottled, RetryAfter: 365 * day}, 0, day},
		{"429 with a second", feedURL, corpus.Fault{Class: corpus.FaultThrottled, RetryAfter: time.Second}, 0, 15 * time.Minute},
		{"gone", feedURL, corpus.Fault{Class: corpus.FaultGone}, 0, 2 * time.Hour},
		{"gone for long", feedURL, corpus.Fault{Class: corpus.FaultGone}, 9, day},
		{"gone at youtube", youtube, corpus.Fault{Class: corpus.FaultGone}, 1, 20 * time.Minute},
		{"format", feedURL, corpus.Fault{Class: corpus.FaultFormat}, 0, time.Hour},
		{"denied", feedURL, corpus.Fault{Class: corpus.FaultDenied}, 2, 4 * time.Hour},
		{"robots", feedURL, corpus.Fault{Class: corpus.FaultRobots}, 0, time.Hour},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := feedState(c.url)
			before.Failures, before.Interval, before.NewShare = c.failures, time.Hour, 0.2
			s := Next(before, corpus.TierDaily, Outcome{At: noon, Fault: &c.fault})
			wait := s.Due.Sub(noon)
			if wait < c.want*9/10 || wait > c.want*11/10 || wait > day || c.fault.RetryAfter > 0 && wait < min(c.fault.RetryAfter, day) {
				t.Errorf("waits %v, want about %v", wait, c.want)
			}
			if s.Failures != c.failures+1 || s.Fault != &c.fault || s.Interval != time.Hour || s.NewShare != 0.2 {
				t.Errorf("Next = %+v, want one failure more and the rhythm kept", s)
			}
			if s = Next(s, corpus.TierDaily, Outcome{At: s.Due, Items: 10}); s.Failures != 0 || s.Fault != nil {
				t.Errorf("after a reading Failures = %d, Fault = %v, want none", s.Failures, s.Fault)
			}
		})
	}
}

func TestNextIsNeverBeforeRetryAfter(t *testing.T) {
	fault := &corpus.Fault{Class: corpus.FaultThrottled, RetryAfter: time.Hour}
	for i := range 20 { // of which some are spread to earlier
		s := Next(feedState(fmt.Sprintf("https://river%d.example/feed", i)), corpus.TierWire, Outcome{At: noon, Fault: fault})
		if s.Due.Before(noon.Add(time.Hour)) {
			t.Errorf("%s is due %v after it asked for an hour", s.URL, s.Due.Sub(noon))
		}
	}
}

func TestNextOfAPollInVainNeverShortens(t *testing.T) {
	s := feedState(feedURL)
	s.Polled, s.Read, s.NewItem, s.NewShare, s.Interval = noon, noon, noon, 0.9, time.Hour
	if s = Next(s, corpus.TierDaily, Outcome{At: noon.Add(time.Hour), Items: 30}); s.Interval < time.Hour {
		t.Errorf("interval %v after a poll without new items, an hour before", s.Interval)
	}
}

func TestNextObeysTTLWithinTheTier(t *testing.T) {
	for _, c := range []struct{ ttl, want time.Duration }{
		{25 * time.Minute, 25 * time.Minute}, {12 * time.Hour, 30 * time.Minute}, {time.Second, 735 * time.Second}, // the middle of 5 and 30 minutes
	} {
		s := Next(feedState(feedURL), corpus.TierWire, Outcome{At: noon, Items: 10, New: 10, TTL: c.ttl})
		if wait := s.Due.Sub(noon); wait < c.want*9/10 || wait > c.want*11/10 {
			t.Errorf("with a TTL of %v waits %v, want about %v", c.ttl, wait, c.want)
		}
	}
}

func TestSpreadIsEvenAndAlwaysTheSame(t *testing.T) {
	var low, high int
	for i := range 1000 {
		url := fmt.Sprintf("https://river%d.example/feed", i)
		d := spread(url, time.Hour)
		if d != spread(url, time.Hour) || d < 54*time.Minute || d > 66*time.Minute {
			t.Fatalf("spread(%s) = %v", url, d)
		}
		if d < 57*time.Minute {
			low++
		}
		if d > 63*time.Minute {
			high++
		}
	}
	if low < 150 || high < 150 {
		t.Errorf("of 1000 feeds %d come early and %d late, want about 250 each", low, high)
	}
}

func TestFeedHealth(t *testing.T) {
	ago := func(d time.Duration) time.Time { return noon.Add(-d) }
	gone := &corpus.Fault{Class: corpus.FaultGone}
	down := &corpus.Fault{Class: corpus.FaultServer}
	for _, c := range []struct {
		name string
		tier corpus.Tier
		s    corpus.FeedState
		want corpus.Health
	}{
		{"never polled", corpus.TierWire, corpus.FeedState{}, corpus.HealthNew},
		{"read", corpus.TierWire, corpus.FeedState{Polled: noon, Read: noon, NewItem: ago(time.Hour), Items: 9}, corpus.HealthOK},
		{"failed once", corpus.TierWire, corpus.FeedState{Polled: noon, Read: ago(time.Hour), NewItem: ago(time.Hour), Fault: down, Failures: 1}, corpus.HealthFailing},
		{"failed for a week", corpus.TierWire, corpus.FeedState{Polled: noon, Read: ago(8 * day), Fault: down, Failures: 12}, corpus.HealthDead},
		{"never read, a few failures", corpus.TierWire, corpus.FeedState{Polled: noon, Fault: down, Failures: 5}, corpus.HealthFailing},
		{"never read, many failures", corpus.TierWire, corpus.FeedState{Polled: noon, Fault: down, Failures: 20}, corpus.HealthDead},
		{"gone", corpus.TierWire, corpus.FeedState{Polled: noon, Read: ago(time.Hour), Fault: gone, Failures: 1}, corpus.HealthDead},
		{"gone at youtube", corpus.TierSlow, corpus.FeedState{URL: "https://www.youtube.com/feeds/videos.xml", Polled: noon, Read: ago(time.Hour), Fault: gone, Failures: 1}, corpus.HealthFailing},
		{"silent wire", corpus.TierWire, corpus.FeedState{Polled: noon, Read: noon, NewItem: ago(3 * day), Gap: time.Hour, Items: 9}, corpus.HealthSilent},
		{"weekly daily", corpus.TierDaily, corpus.FeedState{Polled: noon, Read: noon, NewItem: ago(6 * day), Gap: 5 * day, Items: 9}, corpus.HealthOK},
		{"quiet slow", corpus.TierSlow, corpus.FeedState{Polled: noon, Read: noon, NewItem: ago(13 * day), Gap: day, Items: 9}, corpus.HealthOK},
		{"silent slow", corpus.TierSlow, corpus.FeedState{Polled: noon, Read: noon, NewItem: ago(15 * day), Gap: day, Items: 9}, corpus.HealthSilent},
		{"304 for long", corpus.TierWire, corpus.FeedState{Polled: noon, Unchanged: noon, Read: ago(5 * day), NewItem: ago(5 * day), Items: 9}, corpus.HealthSilent},
		{"304 only", corpus.TierWire, corpus.FeedState{Polled: noon, Unchanged: noon}, corpus.HealthSilent},
		{"304 of late", corpus.TierWire, corpus.FeedState{Polled: noon, Unchanged: noon, Read: ago(time.Hour), NewItem: ago(time.Hour), Items: 9}, corpus.HealthOK},
		{"304 after a fault", corpus.TierWire, corpus.FeedState{Polled: noon, Unchanged: noon, Read: ago(time.Hour), NewItem: ago(time.Hour), Items: 9, Fault: down, Failures: 1}, corpus.HealthOK},
		{"fault after a 304", corpus.TierWire, corpus.FeedState{Polled: noon, Unchanged: ago(time.Minute), Read: ago(time.Hour), Fault: down, Failures: 1}, corpus.HealthFailing},
		{"empty", corpus.TierWire, corpus.FeedState{Polled: noon, Read: noon}, corpus.HealthSilent},
		{"all known by another feed", corpus.TierWire, corpus.FeedState{Polled: noon, Read: noon, Items: 9}, corpus.HealthOK},
	} {
		if got := FeedHealth(c.s, c.tier, noon); got != c.want {
			t.Errorf("%s: FeedHealth = %s, want %s", c.name, got, c.want)
		}
	}
}

func TestASilentFeedIsFoundOut(t *testing.T) {
	s, _ := poll(feedState(feedURL), corpus.TierWire, noon, 3*day, steady(20*time.Minute))
	if h := FeedHealth(s, corpus.TierWire, s.Polled); h != corpus.HealthOK {
		t.Fatalf("FeedHealth of a lively feed = %s", h)
	}
	silence := func(corpus.FeedState, time.Time) Outcome { return Outcome{Items: 30} }
	s, _ = poll(s, corpus.TierWire, s.Due, day, silence)
	if h := FeedHealth(s, corpus.TierWire, s.Polled); h != corpus.HealthOK {
		t.Errorf("FeedHealth after a day of silence = %s, want ok", h)
	}
	s, _ = poll(s, corpus.TierWire, s.Due, 2*day, silence)
	if h := FeedHealth(s, corpus.TierWire, s.Polled); h != corpus.HealthSilent {
		t.Errorf("FeedHealth after three days of silence = %s, want silent", h)
	}
}

func TestHealth(t *testing.T) {
	ok := corpus.FeedState{Outlet: "river", URL: "https://river.example/ok", Polled: noon, Read: noon, NewItem: noon, Items: 1}
	failing := corpus.FeedState{Outlet: "river", URL: "https://river.example/failing", Polled: noon, Fault: &corpus.Fault{Class: corpus.FaultServer}, Failures: 1}
	dead := corpus.FeedState{Outlet: "river", URL: "https://river.example/dead", Polled: noon, Fault: &corpus.Fault{Class: corpus.FaultGone}, Failures: 1}
	states := []corpus.FeedState{ok, failing, dead}
	for _, c := range []struct {
		name  string
		feeds []string
		want  corpus.Health
	}{
		{"none", nil, corpus.HealthNoFeed},
		{"not polled", []string{"new"}, corpus.HealthNew},
		{"one works", []string{"dead", "ok", "failing"}, corpus.HealthOK},
		{"none works", []string{"dead", "failing"}, corpus.HealthFailing},
		{"dead and new", []string{"new", "dead"}, corpus.HealthDead},
		{"a state of a feed no longer listed", []string{"dead"}, corpus.HealthDead},
	} {
		o := corpus.Outlet{ID: "river", Tier: corpus.TierWire}
		for _, f := range c.feeds {
			o.Feeds = append(o.Feeds, corpus.Feed{URL: "https://river.example/" + f})
		}
		if got := Health(o, states, noon); got != c.want {
			t.Errorf("%s: Health = %s, want %s", c.name, got, c.want)
		}
		if o.Disabled = true; Health(o, states, noon) != corpus.HealthNoFeed {
			t.Errorf("%s: Health of the disabled outlet is not no-feed", c.name)
		}
	}
}
