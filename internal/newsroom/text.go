package newsroom

import (
	"math/rand/v2"
	"slices"
)

// A text is what an article says before it is written in a language.
type text struct {
	title line
	paras [][]line
}

// lines gives all lines below the title.
func (x *text) lines() []line {
	var out []line
	for _, p := range x.paras {
		out = append(out, p...)
	}
	return out
}

// An event is a frame with its facts, on a day.
type event struct {
	frame *frame
	facts uint64
	day   int64
}

func (e event) line(r *rand.Rand, s *sentence) line {
	return line{sentence: s, facts: e.facts, wording: r.Uint64(), day: e.day}
}

// side splits what can be said of an event in two: side 0 and side 1 have
// different leads and titles and share at most one sentence, so that two
// reporters can tell the same event independently.
func (e event) side(n int) (title, lead *sentence, body []*sentence) {
	f := e.frame
	turn := int(mix(e.facts, 7) % 2)
	k := (n + turn) % len(f.lead)
	shared := int(mix(e.facts, 11) % uint64(len(f.body)))
	for i, s := range f.body {
		if i%2 == k || i == shared {
			body = append(body, s)
		}
	}
	return f.title[k%len(f.title)], f.lead[k], body
}

// compose writes one side of an event, with what an outlet adds of its own:
// quotes, background, and the claims it plants.
func (w *World) compose(r *rand.Rand, e event, side int, claims ...line) *text {
	title, lead, body := e.side(side)
	own := e // two reporters ask different people, and know different background
	own.facts = r.Uint64()
	p := w.grammar.pools[e.frame.topic]
	quotes := pick(r, own, p.quote, 2)
	back := pick(r, own, p.background, 3)
	var said []line
	for _, s := range body {
		said = append(said, e.line(r, s))
	}
	half := (len(said) + 1) / 2
	x := &text{title: e.line(r, title)}
	x.add(e.line(r, lead))
	x.add(said[:half]...)
	x.add(quotes[:1]...)
	x.add(claims...)
	x.add(said[half:]...)
	x.add(quotes[1:]...)
	for _, l := range back {
		x.add(l)
	}
	return x
}

// add puts a paragraph at the end.
func (x *text) add(lines ...line) {
	if len(lines) > 0 {
		x.paras = append(x.paras, lines)
	}
}

// pick takes n of the sentences, in random order.
func pick(r *rand.Rand, e event, from []*sentence, n int) []line {
	var out []line
	for _, i := range r.Perm(len(from))[:min(n, len(from))] {
		out = append(out, e.line(r, from[i]))
	}
	return out
}

// without gives the sentences that a text does not have.
func (x *text) without(from []*sentence) []*sentence {
	have := map[*sentence]bool{}
	for _, l := range x.lines() {
		have[l.sentence] = true
	}
	return slices.DeleteFunc(slices.Clone(from), func(s *sentence) bool { return have[s] })
}

// edit gives an edited copy: another title, some sentences dropped, some
// reworded, and a paragraph added. The lead and planted claims stay.
func (w *World) edit(r *rand.Rand, x *text, topic string, day int64) *text {
	out := &text{title: x.title}
	out.title.wording = r.Uint64()
	dropped := 0
	for i, para := range x.paras {
		var keep []line
		for _, l := range para {
			fixed := i == 0 || l.claim != nil
			switch n := r.Float64(); {
			case !fixed && n < .2 && dropped < 2:
				dropped++
				continue
			case n > .75:
				l.wording = r.Uint64()
			}
			keep = append(keep, l)
		}
		out.add(keep...)
	}
	own := event{facts: r.Uint64(), day: day}
	out.add(pick(r, own, x.without(w.grammar.pools[topic].background), 1)...)
	return out
}

// shorten gives a copy as a translator makes it: the same sentences in the
// same wording of facts, some left out.
func shorten(r *rand.Rand, x *text) *text {
	out := &text{title: x.title}
	dropped := 0
	for i, para := range x.paras {
		var keep []line
		for _, l := range para {
			if i > 0 && l.claim == nil && dropped < 2 && r.Float64() < .12 {
				dropped++
				continue
			}
			keep = append(keep, l)
		}
		out.add(keep...)
	}
	return out
}

// quotable are the lines of a text that another may quote: its first quotation
// and its planted claims.
func (w *World) quotable(x *text) []line {
	var out []line
	quoted := false
	for _, l := range x.lines() {
		if l.claim != nil || w.isQuote[l.sentence] && !quoted {
			out = append(out, l)
			quoted = quoted || w.isQuote[l.sentence]
		}
	}
	return out
}

// quote gives an article of its own that takes over what was said in another,
// word for word.
func (w *World) quote(r *rand.Rand, from *text, e event) *text {
	taken := append(pick(r, e, w.grammar.pools["bridge"].background, 1), w.quotable(from)...)
	x := w.compose(r, e, r.IntN(2))
	out := &text{title: x.title}
	out.add(x.paras[0]...)
	out.add(taken...)
	out.paras = append(out.paras, x.paras[1:]...)
	return out
}
