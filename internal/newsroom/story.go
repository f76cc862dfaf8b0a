package newsroom

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"chorus/corpus"
)

// stories plants cascades, shocks and placebos.
func (w *World) stories() {
	r := w.random(2)
	w.drawNull(r)
	for range w.options.Stories {
		w.cascade(r)
	}
	for range w.options.Shocks {
		w.everybody(r, Shock, 5*time.Hour)
	}
	for range w.options.Placebos {
		w.everybody(r, Placebo, 14*time.Hour)
	}
}

// drawNull sets two narratives aside.
func (w *World) drawNull(r *rand.Rand) {
	for _, i := range r.Perm(len(w.grammar.claims))[:2] {
		w.Truth.Null = append(w.Truth.Null, w.grammar.claims[i].id)
	}
	slices.Sort(w.Truth.Null)
}

// pushed draws a narrative that is not null.
func (w *World) pushed(r *rand.Rand) *claim {
	for {
		c := w.grammar.claims[r.IntN(len(w.grammar.claims))]
		if !slices.Contains(w.Truth.Null, c.id) {
			return c
		}
	}
}

// newStory begins a story.
func (w *World) newStory(sort Sort, f *frame, facts uint64, day int64) *Story {
	s := &Story{Sort: sort, Event: f.name, Topic: f.topic, facts: facts, frame: f, day: day}
	s.ID = fmt.Sprintf("s%04d", len(w.Truth.Stories)+1)
	return s
}

// tell writes an article of a story.
func (w *World) tell(s *Story, d *desk, at time.Time, kind Kind, x *text, origin *Article) *Article {
	a := w.add(&Article{desk: d, Published: at, Topic: s.Topic, Event: s.Event, Story: s.ID, Kind: kind, text: x, origin: origin})
	s.Articles = append(s.Articles, a)
	return a
}

// frameFor draws an event that can be told in a language; serious ones are
// those that may carry a narrative.
func (w *World) frameFor(r *rand.Rand, t tongue, fits func(*frame) bool) *frame {
	var fit []*frame
	for _, f := range w.grammar.frames {
		if f.in(t) && fits(f) {
			fit = append(fit, f)
		}
	}
	return fit[r.IntN(len(fit))]
}

func serious(f *frame) bool { return f.topic != "sport" && f.topic != "weather" }
func light(f *frame) bool   { return !serious(f) }

// A follower is an outlet that takes up a story, and when.
type follower struct {
	*desk
	at time.Time
}

// cascade plants one story that spreads from its leader.
func (w *World) cascade(r *rand.Rand) {
	leader := w.drawDesk(r)
	f := w.frameFor(r, leader.tongue, serious)
	at := w.workingTime(r, leader)
	s := w.newStory(Cascade, f, r.Uint64(), at.Unix()/86400)
	s.Leader = leader.ID
	e := event{f, s.facts, s.day}
	var claims []line
	var c *claim
	if leader.Bloc != corpus.BlocControl && r.Float64() < .75 {
		c = w.pushed(r)
		s.Narrative, s.Stance = c.id, corpus.StanceAsserts
		claims = w.plant(r, c, s.Stance, leader.tongue, s.day)
	}
	first := w.tell(s, leader, at, Original, w.compose(r, e, 0, claims...), nil)
	told := map[tongue]bool{} // whether the event's other side was told in a language
	for _, next := range w.followers(r, leader, first.Published) {
		w.follow(r, s, c, next, told)
	}
	w.Truth.Stories = append(w.Truth.Stories, *s)
}

// drawDesk draws an outlet by its volume; wires lead three times as often.
func (w *World) drawDesk(r *rand.Rand) *desk {
	weight := func(d *desk) float64 {
		if d.Tier == corpus.TierWire {
			return 3 * d.weight
		}
		return d.weight
	}
	var sum float64
	for _, d := range w.desks {
		sum += weight(d)
	}
	x := r.Float64() * sum
	for _, d := range w.desks {
		if x -= weight(d); x < 0 {
			return d
		}
	}
	return w.desks[len(w.desks)-1]
}

// followers draws who takes up a story, in the order in which they do.
func (w *World) followers(r *rand.Rand, leader *desk, at time.Time) []follower {
	var out []follower
	for _, d := range w.desks {
		for _, e := range w.options.Echoes {
			if d == leader || e.From != leader.Bloc || e.To != d.Bloc || r.Float64() >= e.Chance {
				continue
			}
			lag := time.Duration(float64(e.Median) * math.Exp(e.Spread*r.NormFloat64()))
			when := d.open(r, at.Add(max(lag, 2*time.Minute)))
			if when.Before(w.options.To) {
				out = append(out, follower{d, when})
			}
		}
	}
	slices.SortStableFunc(out, func(a, b follower) int { return a.at.Compare(b.at) })
	return out
}

// open is the time itself if the desk is at work then, else some time in the
// first forty minutes of its next day.
func (d *desk) open(r *rand.Rand, t time.Time) time.Time {
	local := t.In(d.zone())
	if h := local.Hour(); h >= d.opens && h < d.closes {
		return t
	}
	day := time.Date(local.Year(), local.Month(), local.Day(), d.opens, 0, 0, 0, d.zone())
	if day.Before(t) {
		day = day.AddDate(0, 0, 1)
	}
	return day.Add(time.Duration(r.IntN(2400)) * time.Second)
}

// follow writes what one follower makes of a story.
func (w *World) follow(r *rand.Rand, s *Story, c *claim, next follower, told map[tongue]bool) {
	leader := s.Articles[0]
	d, e := next.desk, event{s.frame, s.facts, s.day}
	// The control bloc does not repeat a claim as its own.
	skeptical := c != nil && d.Bloc == corpus.BlocControl
	if kind := r.Float64(); skeptical || kind < .15 {
		if told[d.tongue] || !s.frame.in(d.tongue) {
			return
		}
		told[d.tongue] = true
		var claims []line
		if skeptical && r.Float64() < .6 {
			claims = w.plant(r, c, distant(r), d.tongue, s.day)
		}
		w.tell(s, d, next.at, SameEvent, w.compose(r, e, 1, claims...), nil)
		return
	}
	origin := w.nearest(r, s, d)
	if origin == nil {
		if s.frame.in(d.tongue) {
			w.credit(r, w.tell(s, d, next.at, Translate, shorten(r, leader.text), leader))
		}
		return
	}
	var a *Article
	switch n := r.Float64(); {
	case n < .4:
		a = w.tell(s, d, next.at, Verbatim, origin.text, origin)
	case n < .78 || len(w.quotable(origin.text)) == 0:
		a = w.tell(s, d, next.at, Edited, w.edit(r, origin.text, s.Topic, s.day), origin)
	default:
		own := event{w.frameFor(r, d.tongue, func(f *frame) bool { return f.topic == s.Topic }), r.Uint64(), s.day}
		a = w.tell(s, d, next.at, Quotes, w.quote(r, origin.text, own), origin)
		a.Event = own.frame.name
	}
	w.credit(r, a)
}

// nearest draws what a desk copies from: the leader if it writes in the same
// language, else an earlier translation, or nothing.
func (w *World) nearest(r *rand.Rand, s *Story, d *desk) *Article {
	if leader := s.Articles[0]; leader.tongue == d.tongue && r.Float64() < .8 {
		return leader
	}
	for _, a := range s.Articles {
		if a.tongue == d.tongue && (a.Kind == Original || a.Kind == Translate || a.Kind == Verbatim) {
			return a
		}
	}
	return nil
}

// distant is the stance of somebody who does not share a claim.
func distant(r *rand.Rand) corpus.Stance {
	if r.Float64() < .6 {
		return corpus.StanceReports
	}
	return corpus.StanceRebuts
}

// credit lets a copy name its origin, or not.
func (w *World) credit(r *rand.Rand, a *Article) {
	chance := map[Kind]float64{Verbatim: .6, Edited: .5, Quotes: .7, Translate: .6}[a.Kind]
	n, form := r.Float64(), r.Float64()
	if n >= chance {
		return
	}
	a.credited = a.origin.desk
	switch {
	case form < .4 && a.Kind != Quotes && a.origin.desk.Tier == corpus.TierWire:
		a.CreditForm = CreditDateline
	case form < .75:
		a.CreditForm = CreditInline
	default:
		a.CreditForm = CreditTail
	}
}

// everybody plants a story that nobody leads: each language has at most two
// reports of it, from different outlets and with different sentences.
func (w *World) everybody(r *rand.Rand, sort Sort, within time.Duration) {
	fits := serious
	if sort == Placebo {
		fits = light
	}
	f := w.frameFor(r, ru, fits)
	start := w.someTime(r)
	s := w.newStory(sort, f, r.Uint64(), start.Unix()/86400)
	told := map[tongue]int{}
	for _, i := range r.Perm(len(w.desks)) {
		d := w.desks[i]
		at := start.Add(time.Duration(r.Int64N(int64(within))))
		if told[d.tongue] == 2 || !f.in(d.tongue) || !at.Before(w.options.To) {
			continue
		}
		w.tell(s, d, at, SameEvent, w.compose(r, event{f, s.facts, s.day}, told[d.tongue]), nil)
		told[d.tongue]++
	}
	if len(s.Articles) > 0 {
		w.Truth.Stories = append(w.Truth.Stories, *s)
	}
}

// plant gives one or two sentences of a narrative, as far as the language has
// them.
func (w *World) plant(r *rand.Rand, c *claim, stance corpus.Stance, t tongue, day int64) []line {
	var out []line
	list := c.byStance[string(stance)]
	n := 1
	if stance == corpus.StanceAsserts {
		n += r.IntN(2)
	}
	for _, i := range r.Perm(len(list)) {
		if len(out) < n && list[i].in(t) {
			out = append(out, line{sentence: list[i], facts: r.Uint64(), wording: r.Uint64(), day: day, claim: c})
		}
	}
	return out
}

// bursts plants times in which one bloc pushes one narrative.
func (w *World) bursts() {
	r := w.random(3)
	for range w.options.Bursts {
		bloc := []corpus.Bloc{corpus.BlocRU, corpus.BlocCN}[r.IntN(2)]
		c, from := w.pushed(r), w.someTime(r).Truncate(time.Hour)
		b := Burst{Narrative: c.id, Bloc: bloc, From: from, To: from.Add(time.Duration(18+r.IntN(18)) * time.Hour)}
		if b.To.After(w.options.To) {
			b.To = w.options.To
		}
		for _, d := range w.desks {
			if d.Bloc != bloc {
				continue
			}
			for range 3 {
				at := d.open(r, from.Add(time.Duration(r.Int64N(int64(b.To.Sub(from))))))
				if at.Before(b.To) {
					w.ordinary(r, d, at, c, corpus.StanceAsserts)
					b.Articles++
				}
			}
		}
		w.Truth.Bursts = append(w.Truth.Bursts, b)
	}
	slices.SortFunc(w.Truth.Bursts, func(a, b Burst) int { return cmp.Or(a.From.Compare(b.From), cmp.Compare(a.Narrative, b.Narrative)) })
}

// routine fills up each outlet's days with articles that stand alone.
func (w *World) routine() {
	r := w.random(4)
	days := w.options.To.Sub(w.options.From).Hours() / 24
	for _, d := range w.desks {
		for n := int(math.Round(w.options.ArticlesPerDay * d.weight * days)); len(d.articles) < n; {
			var c *claim
			stance := corpus.StanceAsserts
			switch claims := w.grammar.claims; {
			case d.Bloc == corpus.BlocControl && r.Float64() < .12:
				c, stance = claims[r.IntN(len(claims))], distant(r)
			case d.Bloc != corpus.BlocControl && r.Float64() < .25:
				c = claims[r.IntN(len(claims))]
				if r.Float64() < .15 {
					stance = corpus.StanceReports
				}
			}
			w.ordinary(r, d, w.workingTime(r, d), c, stance)
		}
	}
}

// ordinary writes an article that stands alone, with a claim or without.
func (w *World) ordinary(r *rand.Rand, d *desk, at time.Time, c *claim, stance corpus.Stance) {
	fits := func(*frame) bool { return true }
	var claims []line
	day := at.Unix() / 86400
	if c != nil {
		fits, claims = serious, w.plant(r, c, stance, d.tongue, day)
	}
	e := event{w.frameFor(r, d.tongue, fits), r.Uint64(), day}
	w.add(&Article{desk: d, Published: at, Topic: e.frame.topic, Event: e.frame.name, text: w.compose(r, e, r.IntN(2), claims...)})
}

// someTime is any time of the world but its last tenth.
func (w *World) someTime(r *rand.Rand) time.Time {
	length := float64(w.options.To.Sub(w.options.From))
	return w.options.From.Add(time.Duration(r.Float64() * .9 * length)).Truncate(time.Second)
}

// workingTime is a time at which a desk is at work: more often about the
// middle of its day, and more often on a working day.
func (w *World) workingTime(r *rand.Rand, d *desk) time.Time {
	length := w.options.To.Sub(w.options.From)
	for range 1000 {
		t := w.options.From.Add(time.Duration(r.Int64N(int64(length))))
		local := t.In(d.zone())
		h := local.Hour()
		middle := 1 - math.Abs(float64(h)-float64(d.opens+d.closes)/2)/24 // 0.5..1
		weekend := local.Weekday() == time.Saturday || local.Weekday() == time.Sunday
		if h >= d.opens && h < d.closes && r.Float64() < middle && (!weekend || r.Float64() < .55) {
			return t.Truncate(time.Second)
		}
	}
	return w.options.From // a world of a few hours, and the desk asleep
}
