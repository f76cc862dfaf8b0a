// Package newsroom makes up a web of newsrooms and tells the truth about it:
// outlets of three blocs, in Russian, Chinese, English and some Spanish, with
// families, clocks and working hours; their sites with feeds, article pages
// and the furniture of real sites; and stories that spread from one outlet to
// others, copied, edited, quoted, translated, credited or not.
//
// It is for the demo, the benchmark and the tests of whatever asks who said a
// thing first. All of it is invented, but for the names of countries, cities
// and alliances, and all of it follows from Options: the same options give the
// same world to the byte.
//
// What is said comes from a grammar (see grammar/): events with facts, and
// claims of the codebook, in sentences that stand side by side in each
// language, so that a translation says the same with the same numbers and
// names. Texts are not kept but written when a page is asked for.
package newsroom

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"chorus/corpus"
	"chorus/internal/testweb"
)

// Options say what world to make. The zero value is a world of twenty outlets
// and two weeks. Of the counts, zero means the default and a negative number
// means none.
type Options struct {
	Seed           uint64
	Outlets        int       // default 20, at least 1
	From, To       time.Time // default of To: the end of February 2026; of From: 14 days before To
	ArticlesPerDay float64   // of the mean outlet, stories and bursts counted in; default 6
	Stories        int       // cascades; default four a day
	Shocks         int       // events that everybody reports at once; default one in five days, at least one
	Placebos       int       // sport and weather that everybody reports some time; default one in two days, at least one
	Bursts         int       // default 2
	Gaps           int       // outages of a site; default one for ten outlets, at least one
	Edits          int       // pages whose text changes later; default one in a hundred, at least two
	Deletions      int       // pages that go away later; default one in two hundred, at least two
	Misdated       int       // pages and feed items that claim a false time; default one in two hundred, at least two
	FeedItems      int       // how many items a feed lists, the newest first; 0: all
	Echoes         []Echo    // how cascades spread; nil: DefaultEchoes
}

// An Echo says how outlets of one bloc take up stories led by another (or by
// their own).
type Echo struct {
	From   corpus.Bloc   `json:"from"`   // of the leader
	To     corpus.Bloc   `json:"to"`     // of the outlet that may follow
	Chance float64       `json:"chance"` // that it does, 0..1
	Median time.Duration `json:"median"` // of the lag, before working hours delay it
	Spread float64       `json:"spread"` // standard deviation of the lag's natural logarithm
}

// DefaultEchoes is a world in which both blocs repeat themselves within the
// hour, the Chinese bloc takes up Russian stories after about five hours more
// often than the other way round, and the control bloc seldom takes up either.
func DefaultEchoes() []Echo {
	const RU, CN, K = corpus.BlocRU, corpus.BlocCN, corpus.BlocControl
	return []Echo{
		{RU, RU, .65, 40 * time.Minute, .7}, {CN, CN, .65, 50 * time.Minute, .7}, {K, K, .6, 50 * time.Minute, .7},
		{RU, CN, .3, 5 * time.Hour, .5}, {CN, RU, .15, 7 * time.Hour, .5},
		{RU, K, .12, 4 * time.Hour, .6}, {CN, K, .12, 6 * time.Hour, .6},
		{K, RU, .12, 3 * time.Hour, .6}, {K, CN, .12, 5 * time.Hour, .6},
	}
}

// withDefaults completes the options.
func (o Options) withDefaults() Options {
	if o.Outlets <= 0 {
		o.Outlets = 20
	}
	if o.To.IsZero() {
		o.To = time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	}
	if o.From.IsZero() {
		o.From = o.To.AddDate(0, 0, -14)
	}
	o.From, o.To = o.From.UTC().Truncate(time.Second), o.To.UTC().Truncate(time.Second)
	if o.ArticlesPerDay <= 0 {
		o.ArticlesPerDay = 6
	}
	days := o.To.Sub(o.From).Hours() / 24
	articles := int(days * o.ArticlesPerDay * float64(o.Outlets))
	for _, c := range []struct {
		count *int
		value int
	}{
		{&o.Stories, int(4 * days)}, {&o.Shocks, max(1, int(days/5))}, {&o.Placebos, max(1, int(days/2))}, {&o.Bursts, 2},
		{&o.Gaps, max(1, o.Outlets/10)}, {&o.Edits, max(2, articles/100)}, {&o.Deletions, max(2, articles/200)},
		{&o.Misdated, max(2, articles/200)},
	} {
		if *c.count == 0 {
			*c.count = c.value
		}
		*c.count = max(0, *c.count)
	}
	if o.Echoes == nil {
		o.Echoes = DefaultEchoes()
	}
	return o
}

// A World is a web of newsrooms. It may be read, and its Web served, while
// another goroutine moves its clock.
type World struct {
	Outlets []corpus.Outlet // each with one feed
	Web     *testweb.Web    // home pages, robots.txt, feeds and articles, under http://
	Truth   Truth

	options Options
	grammar *grammar
	desks   []*desk
	isQuote map[*sentence]bool
	now     atomic.Int64 // seconds since 1970
}

// New makes a world. Its clock stands at Options.To: everything is published.
// New panics if To is not after From.
func New(o Options) *World {
	o = o.withDefaults()
	if !o.To.After(o.From) {
		panic(fmt.Sprintf("newsroom: a world from %v to %v", o.From, o.To))
	}
	w := &World{Web: &testweb.Web{}, options: o, grammar: theGrammar(), isQuote: map[*sentence]bool{}}
	for _, p := range w.grammar.pools {
		for _, s := range p.quote {
			w.isQuote[s] = true
		}
	}
	w.desks = newDesks(o.Outlets, w.random(1))
	for _, d := range w.desks {
		w.Outlets = append(w.Outlets, d.Outlet)
	}
	w.Truth.Echoes = o.Echoes
	w.stories()
	w.bursts()
	w.routine()
	w.settle()
	w.accidents()
	w.publish()
	w.At(o.To)
	return w
}

// At sets the world's clock: from now on feeds list what was published by t,
// pages that are not yet published or already deleted answer 404, edited pages
// show the text of the time, and an outlet that is down answers 503.
func (w *World) At(t time.Time) { w.now.Store(t.Unix()) }

// clock is the world's time.
func (w *World) clock() time.Time { return time.Unix(w.now.Load(), 0).UTC() }

// random gives the random numbers of one phase, so that a change in one does
// not change the others.
func (w *World) random(phase uint64) *rand.Rand {
	return rand.New(rand.NewPCG(w.options.Seed, phase))
}

// add puts an article into the world; settle completes it.
func (w *World) add(a *Article) *Article {
	a.world, a.tongue, a.Outlet, a.Lang = w, a.desk.tongue, a.desk.ID, a.desk.tongue.String()
	a.Published = a.Published.UTC().Truncate(time.Second)
	if a.Kind == "" {
		a.Kind = Original
	}
	w.Truth.Articles = append(w.Truth.Articles, a)
	a.desk.articles = append(a.desk.articles, a)
	return a
}

// settle puts everything in order of time and gives addresses.
func (w *World) settle() {
	byTime := func(a, b *Article) int { return a.Published.Compare(b.Published) }
	slices.SortStableFunc(w.Truth.Articles, byTime)
	for i, a := range w.Truth.Articles {
		a.number = i + 1
	}
	for _, d := range w.desks {
		slices.SortFunc(d.articles, func(a, b *Article) int { return cmp.Compare(a.number, b.number) })
		for i, a := range d.articles {
			a.URL = d.address(a, 1000+i)
		}
	}
	for i := range w.Truth.Stories {
		s := &w.Truth.Stories[i]
		slices.SortFunc(s.Articles, func(a, b *Article) int { return cmp.Compare(a.number, b.number) })
		for _, a := range s.Articles {
			a.Lag = a.Published.Sub(s.Articles[0].Published)
		}
	}
	for _, a := range w.Truth.Articles {
		if a.origin != nil {
			a.Origin = a.origin.URL
		}
		if a.credited != nil {
			a.Credit = a.credited.ID
		}
	}
}

// address is the URL of an article, in the manner of the site.
func (d *desk) address(a *Article, n int) string {
	day := a.Published.In(d.zone())
	switch d.style {
	case 1:
		return fmt.Sprintf("%snews/%s/%d/", d.Home, a.Event, 70000+n)
	case 2:
		return fmt.Sprintf("%sstory?id=%d", d.Home, 300000+n)
	case 3:
		return fmt.Sprintf("%sc/%s/content_%d.htm", d.Home, day.Format("2006-01-02"), 20000+n)
	}
	return fmt.Sprintf("%s%s/%d.html", d.Home, day.Format("2006/01/02"), 5000+n)
}

// accidents plants gaps, edits, deletions and false dates.
func (w *World) accidents() {
	r := w.random(5)
	length := w.options.To.Sub(w.options.From)
	for range w.options.Gaps {
		d := w.desks[r.IntN(len(w.desks))]
		from := w.options.From.Add(time.Duration(r.Float64() * .8 * float64(length))).Truncate(time.Minute)
		to := from.Add(time.Duration(2+r.IntN(16)) * time.Hour)
		if to.After(w.options.To) {
			to = w.options.To
		}
		w.Truth.Gaps = append(w.Truth.Gaps, Gap{d.ID, from, to})
	}
	all := slices.Clone(w.Truth.Articles)
	r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	edits, deletions, misdated := w.options.Edits, w.options.Deletions, w.options.Misdated
	for _, a := range all {
		later := a.Published.Add(time.Duration(30+r.IntN(600)) * time.Minute)
		switch {
		case later.After(w.options.To):
		case edits > 0:
			edits--
			a.Edited, a.changed = later, w.edit(r, a.text, a.Topic, a.Published.Unix()/86400)
		case deletions > 0:
			deletions--
			a.Deleted = later
		case misdated > 0:
			misdated--
			a.Claimed = a.Published.Add(-time.Duration(2+r.IntN(30)) * time.Hour)
			if misdated%4 == 0 {
				a.Claimed = a.Published.Add(time.Duration(3+r.IntN(9)) * time.Hour)
			}
		}
	}
}

// down reports whether an outlet's site is down.
func (w *World) down(outlet string, t time.Time) bool {
	return slices.ContainsFunc(w.Truth.Gaps, func(g Gap) bool {
		return g.Outlet == outlet && !t.Before(g.From) && t.Before(g.To)
	})
}

// String says in a line what the world holds.
func (w *World) String() string {
	kinds := map[Kind]int{}
	for _, a := range w.Truth.Articles {
		kinds[a.Kind]++
	}
	var parts []string
	for _, k := range []Kind{Original, Verbatim, Edited, Quotes, Translate, SameEvent} {
		parts = append(parts, fmt.Sprintf("%d %s", kinds[k], k))
	}
	return fmt.Sprintf("%d outlets, %d articles (%s), %d stories", len(w.Outlets), len(w.Truth.Articles), strings.Join(parts, ", "), len(w.Truth.Stories))
}
