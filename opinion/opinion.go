// Package opinion asks a language model for a second opinion on a narrative
// tag. It is off unless the operator names an endpoint: any that speaks the
// chat completions of OpenAI, on this machine or elsewhere.
//
// Whatever goes wrong, the answer is "no opinion" and the caller keeps what it
// had: an endpoint that is slow, down, over its quota, or talks nonsense costs
// time within bounds and nothing else. A call has a timeout, few are in flight
// at once, a breaker lets a failing endpoint rest, and there is a budget of
// calls a day.
//
// The passage was written by the outlets that are watched, so it is hostile.
// In the prompt it stands as data between two lines with a mark that depends on
// the passage itself, which therefore cannot contain it. An answer must be an
// object of three known fields, and a quote must be found in the passage. The
// worst that a passage can do is to be believed, or not, as one tag of its own.
//
// The text of a passage goes to the endpoint (through the proxy that the
// environment names, if any) and nowhere else: no redirect is followed, and
// neither it nor the key is logged.
//
// # Files
//
// All are in Options.Folder and are written whole, under another name first.
//
//	ab/abcd….json  one answer, in the folder named for the first two digits of
//	               its key: the SHA-256 of all that was asked, of whom and how
//	budget.json    how many calls were made on which day (UTC)
//
// An answer that is kept is never asked for again, so that a rebuild makes the
// same tags without the endpoint. That holds for useless answers too. Files
// that cannot be read are asked for again. The folder may be deleted, which
// costs the calls.
package opinion

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"
	"unicode/utf8"

	"golang.org/x/sync/singleflight"

	"chorus/corpus"
)

// The values that zero fields of Options stand for.
const (
	DefaultTimeout  = 20 * time.Second
	DefaultInFlight = 2
	DefaultPerDay   = 2000
)

// MaxPassageBytes is the longest passage that is asked about.
const MaxPassageBytes = 8 << 10

// Options says whom to ask and how much.
type Options struct {
	URL    string // base of the API, such as http://127.0.0.1:11434/v1
	Model  string // as the endpoint names it
	Key    string `json:"-"` // sent as bearer token; empty: none is sent
	Folder string // where answers are kept; made if it is not there

	Timeout  time.Duration // of one call; 0: DefaultTimeout
	InFlight int           // most calls at once; 0: DefaultInFlight
	PerDay   int           // most calls on one day (UTC); 0: DefaultPerDay
	Insecure bool          // a URL that is neither https nor loopback is allowed

	Client *http.Client     // nil: one of its own; its CheckRedirect is not used
	Log    *slog.Logger     // nil: nothing is logged
	Now    func() time.Time // nil: time.Now
}

// Format writes the options without the key, whatever the verb.
func (o Options) Format(f fmt.State, _ rune) {
	fmt.Fprintf(f, "model %s at %s", o.Model, shown(o.URL))
}

// A Question is one narrative and one passage that may carry it.
type Question struct {
	Narrative corpus.Narrative
	Passage   string // plain text, valid UTF-8, at most MaxPassageBytes
	Lang      string // ISO 639-1, or empty
	Bloc      corpus.Bloc
}

// fit reports whether a question may be asked at all.
func (q Question) fit() bool {
	return q.Narrative.ID != "" && hasLetter(q.Passage) && len(q.Passage) <= MaxPassageBytes && utf8.ValidString(q.Passage)
}

// An Answer is what the model thinks. Stance and Quote are empty unless it
// thinks that the passage carries the narrative.
type Answer struct {
	Carries bool
	Stance  corpus.Stance
	Quote   string // a part of Question.Passage, byte for byte
	Model   string // Options.Model
	Prompt  string // version of the prompt, such as "prompt-1"
}

// Stats counts what became of questions since New.
type Stats struct {
	Asked      int // calls made
	Cached     int // answered from the folder
	Failed     int // calls that brought no answer: timeout, status, not a completion, or the answer could not be kept
	Unusable   int // calls whose answer had not the form that was asked for
	OverBudget int // not asked: the calls of the day are spent
	Resting    int // not asked: the endpoint is left to rest after failures
}

// An Advisor answers questions. It is safe for use from several goroutines. A
// nil Advisor has no opinions. Two Advisors must not share a folder.
type Advisor struct {
	o        Options
	endpoint string
	client   *http.Client
	kept     cache
	limits   *limits
	slots    chan struct{}
	flights  singleflight.Group

	mu    sync.Mutex
	stats Stats
	told  string // day on which it was logged that its calls are spent
}

// New makes an Advisor. Its error names everything that is wrong with the
// options; the endpoint is not asked.
func New(o Options) (*Advisor, error) {
	if err := o.check(); err != nil {
		return nil, fmt.Errorf("set up second opinions: %w", err)
	}
	o = o.withDefaults()
	kept, err := openCache(o.Folder)
	if err != nil {
		return nil, fmt.Errorf("set up second opinions: %w", err)
	}
	return &Advisor{
		o:        o,
		endpoint: endpointOf(o.URL),
		client:   unredirected(o.Client),
		kept:     kept,
		limits:   openLimits(o.Folder, o.PerDay),
		slots:    make(chan struct{}, o.InFlight),
	}, nil
}

func (o Options) withDefaults() Options {
	if o.Timeout == 0 {
		o.Timeout = DefaultTimeout
	}
	if o.InFlight == 0 {
		o.InFlight = DefaultInFlight
	}
	if o.PerDay == 0 {
		o.PerDay = DefaultPerDay
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return o
}

// errLeft says that the context of the one who asked has ended.
var errLeft = errors.New("the one who asked has left")

// Ask gives the model's opinion, from the folder if it is there. False means
// that there is none, for whatever reason; Stats and the log know it.
//
// Ask waits for a free place among the calls in flight and then at most
// Options.Timeout, or until ctx ends. Of several who ask the same at once, one
// makes the call, and the others wait for its end.
func (a *Advisor) Ask(ctx context.Context, q Question) (Answer, bool) {
	if a == nil || !q.fit() {
		return Answer{}, false
	}
	key := q.key(a.o.Model)
	for {
		v, err, _ := a.flights.Do(key, func() (any, error) { return a.opinion(ctx, key, q) })
		if err == nil {
			return v.(verdict).answer(a.o.Model)
		}
		if ctx.Err() != nil || !errors.Is(err, errLeft) {
			return Answer{}, false
		}
		// The one who was to make the call left, and we are still here.
	}
}

// opinion recalls a verdict, or asks for it and keeps it. The error says why
// there is none; it is logged and counted here.
func (a *Advisor) opinion(ctx context.Context, key string, q Question) (verdict, error) {
	if v, ok := a.kept.read(key, q.Passage); ok {
		a.count(func(s *Stats) { s.Cached++ })
		return v, nil
	}
	select {
	case a.slots <- struct{}{}:
		defer func() { <-a.slots }()
	case <-ctx.Done():
		return verdict{}, errLeft
	}
	if ctx.Err() != nil {
		return verdict{}, errLeft
	}
	now := a.o.Now()
	if err := a.limits.take(now); err != nil {
		a.refused(now, err)
		return verdict{}, err
	}
	return a.call(ctx, key, q)
}

// call asks the endpoint, once.
func (a *Advisor) call(ctx context.Context, key string, q Question) (verdict, error) {
	a.count(func(s *Stats) { s.Asked++ })
	text, err := a.complete(ctx, key, q)
	if err != nil && ctx.Err() != nil {
		return verdict{}, errLeft // says nothing about the endpoint
	}
	if err != nil && !errors.As(err, new(*unusableError)) {
		a.failed(q, err)
		return verdict{}, err
	}
	a.limits.succeeded()
	var v verdict
	if err == nil {
		v, err = parseVerdict(text, q.Passage)
	}
	if err != nil {
		v = verdict{Unusable: err.Error()}
		a.count(func(s *Stats) { s.Unusable++ })
		a.o.Log.Info("opinion was not usable", "narrative", q.Narrative.ID, "err", err)
	}
	if err := a.kept.write(key, a.record(q, v)); err != nil {
		// A rebuild would not find it, and must come to the same tags.
		a.count(func(s *Stats) { s.Failed++ })
		a.o.Log.Error("opinion could not be kept", "narrative", q.Narrative.ID, "err", err)
		return verdict{}, err
	}
	return v, nil
}

// failed notes that a call brought nothing.
func (a *Advisor) failed(q Question, err error) {
	a.count(func(s *Stats) { s.Failed++ })
	now := a.o.Now()
	until := a.limits.failed(now, err)
	a.o.Log.Warn("opinion was not given", "narrative", q.Narrative.ID, "err", err)
	if until.After(now) {
		a.o.Log.Warn("endpoint for opinions was left to rest", "url", shown(a.o.URL), "until", until.UTC())
	}
}

// refused notes that a call was not made.
func (a *Advisor) refused(now time.Time, err error) {
	switch {
	case errors.Is(err, errResting):
		a.count(func(s *Stats) { s.Resting++ })
	case errors.Is(err, errSpent):
		day, first := dayOf(now), false
		a.count(func(s *Stats) {
			s.OverBudget++
			first, a.told = a.told != day, day
		})
		if first {
			a.o.Log.Warn("calls for opinions were spent", "day", day, "calls", a.o.PerDay)
		}
	default:
		a.count(func(s *Stats) { s.Failed++ })
		a.o.Log.Error("budget of opinions could not be kept", "err", err)
	}
}

// Name says who is asked, and how: "prompt-1" and the name of the model. It
// belongs into the version of the tags.
func (a *Advisor) Name() string { return "opinion-" + promptVersion + "-" + a.o.Model }

// Stats tells what became of the questions so far.
func (a *Advisor) Stats() Stats {
	if a == nil {
		return Stats{}
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.stats
}

func (a *Advisor) count(fn func(*Stats)) {
	a.mu.Lock()
	defer a.mu.Unlock()
	fn(&a.stats)
}
