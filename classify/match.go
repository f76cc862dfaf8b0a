package classify

import (
	"cmp"
	"slices"
)

// An occurrence is a phrase of an element found in a text.
type occurrence struct {
	start, end int32 // bytes
	pos, last  int32 // places of its first and last token
}

// A program is all cues, compiled. It is read-only and shared.
type program struct {
	automaton *automaton
	cues      []compiled
	anchored  [][]int32        // by element: cues that cannot match without it
	buckets   []uint32         // by element: what the model knows it by
	named     map[int32]uint32 // by element that is a concept: its bucket
	placed    []uint64         // by element: its bucket, and in the last bit whether it is a concept
	role      map[role]int32
}

type compiled struct {
	elems []part
	conds []part
}

// A part is an element of a cue or of a condition of one.
type part struct {
	elem      int32
	gap       int32
	free      bool
	forbidden bool
	scope     int
}

// A hit is a cue found in a text.
type hit struct {
	cue        int32
	start, end int32 // bytes
	pos, last  int32 // places
	sentence   int32
	negated    bool // "not" stands in a gap of the cue, or right before it
}

// A reading is what the matcher found in one text. It is reused.
type reading struct {
	scanner   scanner
	sentences []sentence
	ended     [][]occurrence // by state: phrases that ended there
	reached   []int32        // states with such
	found     [][]occurrence // by element; filled when a cue asks, see of
	present   []presence     // by element
	touched   []int32        // elements that are present
	active    []walk
	spare     []walk
	hits      []hit
	parts     []occurrence
}

// presence says what is known of an element in the text at hand.
type presence byte

const (
	absent presence = iota
	there           // it occurs
	sorted          // and found has its occurrences in order
)

// A walk is a phrase that has begun.
type walk struct {
	state      int32
	start, pos int32
}

// add compiles a cue. Cues are numbered in the order of the calls.
func (p *program) add(c *Cue) {
	var out compiled
	for _, e := range c.elems {
		out.elems = append(out.elems, part{elem: p.automaton.add(e), gap: int32(e.gap), free: e.free})
	}
	for _, cond := range c.conds {
		out.conds = append(out.conds, part{elem: p.automaton.add(cond.element), forbidden: cond.forbidden, scope: cond.scope})
	}
	p.cues = append(p.cues, out)
}

// seal freezes the transitions and chooses the anchor of each cue: its element that the fewest cues have.
func (p *program) seal() {
	p.automaton.table = newEdges(p.automaton.next)
	p.buckets = make([]uint32, len(p.automaton.longest))
	for key, elem := range p.automaton.elements {
		p.buckets[elem] = elementBucket(key)
	}
	p.placed = make([]uint64, len(p.buckets))
	for elem, bucket := range p.named {
		p.buckets[elem], p.placed[elem] = bucket, 1
	}
	for elem, bucket := range p.buckets {
		p.placed[elem] |= uint64(bucket) << 1
	}
	uses := make([]int, len(p.automaton.longest))
	for _, c := range p.cues {
		for _, e := range c.elems {
			uses[e.elem]++
		}
	}
	p.anchored = make([][]int32, len(uses))
	for i, c := range p.cues {
		anchor := c.elems[0].elem
		for _, e := range c.elems[1:] {
			if uses[e.elem] < uses[anchor] {
				anchor = e.elem
			}
		}
		p.anchored[anchor] = append(p.anchored[anchor], int32(i))
	}
}

// read finds all cues in text. Hits come in the order of their start.
func (p *program) read(text string, r *reading) {
	p.findPhrases(text, r)
	r.hits = r.hits[:0]
	for _, elem := range r.touched {
		for _, cue := range p.anchored[elem] {
			p.matchCue(cue, r)
		}
	}
	slices.SortFunc(r.hits, func(a, b hit) int {
		return cmp.Or(cmp.Compare(a.start, b.start), cmp.Compare(a.end, b.end), cmp.Compare(a.cue, b.cue))
	})
}

// findPhrases walks the automaton over the tokens and notes each phrase found.
func (p *program) findPhrases(text string, r *reading) {
	a := p.automaton
	r.reset(len(a.elems), len(a.longest))
	var one [1]symbol
	r.sentences = r.scanner.scan(text, func(t token) {
		syms := a.symbols(t, &one)
		next := r.spare[:0]
		if t.joined {
			for _, w := range r.active {
				if to := a.table.get(edge(w.state, a.anySym)); to != 0 {
					next = append(next, walk{to, w.start, w.pos})
				}
				for _, sym := range syms {
					if to := a.table.get(edge(w.state, sym)); to != 0 {
						next = append(next, walk{to, w.start, w.pos})
					}
				}
			}
		}
		for _, sym := range syms {
			if int(sym) < len(a.root) && a.root[sym] != 0 {
				next = append(next, walk{a.root[sym], t.start, t.pos})
			}
		}
		for _, w := range next {
			if a.elems[w.state] != nil {
				r.note(w.state, occurrence{w.start, t.end, w.pos, t.pos})
			}
		}
		r.active, r.spare = next, r.active
	})
	for _, state := range r.reached {
		for _, e := range a.elems[state] {
			if r.present[e] == absent {
				r.present[e] = there
				r.touched = append(r.touched, e)
			}
		}
	}
	slices.Sort(r.touched)
}

// reset forgets the text before.
func (r *reading) reset(states, elements int) {
	if len(r.ended) < states {
		r.ended, r.found, r.present = make([][]occurrence, states), make([][]occurrence, elements), make([]presence, elements)
	}
	for _, state := range r.reached {
		r.ended[state] = r.ended[state][:0]
	}
	for _, e := range r.touched {
		r.present[e] = absent
	}
	r.reached, r.touched, r.active = r.reached[:0], r.touched[:0], r.active[:0]
}

func (r *reading) note(state int32, o occurrence) {
	if len(r.ended[state]) == 0 {
		r.reached = append(r.reached, state)
	}
	r.ended[state] = append(r.ended[state], o)
}

// of gives the occurrences of an element in the order of their places.
func (r *reading) of(a *automaton, elem int32) []occurrence {
	switch r.present[elem] {
	case absent:
		return nil
	case sorted:
		return r.found[elem]
	}
	out := r.found[elem][:0]
	for _, state := range a.states[elem] {
		out = append(out, r.ended[state]...)
	}
	slices.SortFunc(out, func(a, b occurrence) int { return cmp.Or(cmp.Compare(a.pos, b.pos), cmp.Compare(a.last, b.last)) })
	r.found[elem], r.present[elem] = slices.Compact(out), sorted
	return r.found[elem]
}

// matchCue appends the hits of one cue.
func (p *program) matchCue(cue int32, r *reading) {
	c := &p.cues[cue]
	for _, e := range c.elems {
		if r.present[e.elem] == absent {
			return
		}
	}
	first := len(r.hits)
	s := int32(0)
	for _, o := range r.of(p.automaton, c.elems[0].elem) {
		r.parts = append(r.parts[:0], o)
		lo, hi, ok := p.extend(c, 1, o, o, r)
		if !ok {
			continue
		}
		for int(s)+1 < len(r.sentences) && r.sentences[s+1].pos <= o.pos {
			s++
		}
		h := hit{cue: cue, start: lo.start, end: hi.end, pos: lo.pos, last: hi.last, sentence: s}
		if !p.conditionsHold(c, h, r) {
			continue
		}
		h.negated = p.negated(h, r)
		if n := len(r.hits); n > first && r.hits[n-1].end >= h.start {
			// Of two that overlap, the shorter says it better.
			if h.last-h.pos < r.hits[n-1].last-r.hits[n-1].pos {
				r.hits[n-1] = h
			}
			continue
		}
		r.hits = append(r.hits, h)
	}
}

// extend finds the elements of a cue from number i on, given the occurrences
// that stand leftmost and rightmost so far.
func (p *program) extend(c *compiled, i int, lo, hi occurrence, r *reading) (occurrence, occurrence, bool) {
	if i == len(c.elems) {
		return lo, hi, true
	}
	e := c.elems[i]
	found := r.of(p.automaton, e.elem)
	after := searchPos(found, hi.last+1)
	for _, o := range found[after:] {
		if o.pos > hi.last+1+e.gap {
			break
		}
		r.parts = append(r.parts[:i], o)
		if l, h, ok := p.extend(c, i+1, lo, o, r); ok {
			return l, h, true
		}
	}
	if !e.free {
		return lo, hi, false
	}
	for _, o := range found[searchPos(found, lo.pos-e.gap-p.automaton.longest[e.elem]):after] {
		if o.last >= lo.pos || o.last < lo.pos-1-e.gap {
			continue
		}
		r.parts = append(r.parts[:i], o)
		if l, h, ok := p.extend(c, i+1, o, hi, r); ok {
			return l, h, true
		}
	}
	return lo, hi, false
}

// searchPos gives the index of the first occurrence at or after a place.
func searchPos(found []occurrence, pos int32) int {
	i, _ := slices.BinarySearchFunc(found, pos, func(o occurrence, pos int32) int { return cmp.Compare(o.pos, pos) })
	return i
}

func (p *program) conditionsHold(c *compiled, h hit, r *reading) bool {
	for _, cond := range c.conds {
		lo, hi := h.pos-int32(cond.scope), h.last+int32(cond.scope)
		switch cond.scope {
		case scopeSentence:
			lo, hi = r.sentences[h.sentence].pos, r.sentences[h.sentence].last
		case scopeDocument:
			lo, hi = 0, 1<<31-1
		}
		if r.within(p.automaton, cond.elem, lo, hi) == cond.forbidden {
			return false
		}
	}
	return true
}

// within reports whether the element occurs between two places. Words of the
// hit itself count: "-{regional hegemon*}" forbids a phrase around one of them.
func (r *reading) within(a *automaton, elem, lo, hi int32) bool {
	found := r.of(a, elem)
	for _, o := range found[searchPos(found, lo):] {
		if o.pos > hi {
			return false
		}
		if o.last <= hi {
			return true
		}
	}
	return false
}

// taken reports whether an occurrence overlaps the parts of the last match.
func (r *reading) taken(o occurrence) bool {
	for _, part := range r.parts {
		if o.pos <= part.last && part.pos <= o.last {
			return true
		}
	}
	return false
}

// negated reports whether a negation stands in a gap of the hit or the
// place before it, and is not cancelled ("not only").
func (p *program) negated(h hit, r *reading) bool {
	elem, ok := p.role[roleNegation]
	if !ok {
		return false
	}
	found := r.of(p.automaton, elem)
	for _, o := range found[searchPos(found, h.pos-2):] {
		if o.pos > h.last {
			break
		}
		if o.last < h.pos-1 || r.taken(o) || r.cancelled(p, o) {
			continue
		}
		return true
	}
	return false
}

func (r *reading) cancelled(p *program, o occurrence) bool {
	elem, ok := p.role[roleNotNegation]
	if !ok {
		return false
	}
	found := r.of(p.automaton, elem)
	for _, n := range found[searchPos(found, o.pos-4):] {
		if n.pos > o.pos {
			break
		}
		if n.pos <= o.pos && o.last <= n.last {
			return true
		}
	}
	return false
}
