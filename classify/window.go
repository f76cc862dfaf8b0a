package classify

import (
	"cmp"
	"math"
	"slices"
)

// fewTokens is how short a sentence is for its neighbours to be read with it.
const (
	fewTokens  = 40
	mostTokens = 90 // of a sentence and those read with it
)

// A window is a passage that the model judges: some neighbouring sentences of
// one line.
type window struct{ first, last int32 }

// windowAround gives the passage of a sentence: the sentence, with those after
// and before it on the same line while it is short.
func (r *reading) windowAround(text string, s int32) window {
	w := window{s, s}
	length := func(i int32) int32 { return r.sentences[i].last - r.sentences[i].pos + 1 }
	n := length(s)
	for n < fewTokens {
		next, before := w.last+1, w.first-1
		switch {
		case int(next) < len(r.sentences) && sameLine(text, r.sentences[w.last], r.sentences[next]) && n+length(next) <= mostTokens:
			w.last, n = next, n+length(next)
		case before >= 0 && sameLine(text, r.sentences[before], r.sentences[w.first]) && n+length(before) <= mostTokens:
			w.first, n = before, n+length(before)
		default:
			return w
		}
	}
	return w
}

// sameLine reports whether no line ends between two sentences.
func sameLine(text string, a, b sentence) bool {
	for _, c := range []byte(text[a.end:b.start]) {
		if c == '\n' || c == '\r' {
			return false
		}
	}
	return true
}

// elementsBySentence lists the buckets of the elements that occur in each
// sentence, each once.
func (p *program) elementsBySentence(r *reading) [][]uint32 {
	out := make([][]uint32, len(r.sentences))
	for _, state := range r.reached {
		s, last := int32(0), int32(-1)
		for _, o := range r.ended[state] {
			for int(s)+1 < len(r.sentences) && r.sentences[s+1].pos <= o.pos {
				s++
			}
			if s == last {
				continue
			}
			last = s
			for _, elem := range p.automaton.elems[state] {
				out[s] = append(out[s], p.buckets[elem])
			}
		}
	}
	for i, found := range out {
		slices.Sort(found)
		out[i] = slices.Compact(found)
	}
	return out
}

// An evidence is what the codebook and the weights say of one passage and one
// narrative.
type evidence struct {
	entry   int
	window  window
	best    hit     // the hit that stands for the passage if no cue carries it
	margin  float64 // of the narrative
	other   float64 // the highest of the other narratives
	levels  [4]int  // hits by level
	carried bool    // a cue earns the tag alone, or two together
	script  script
}

// eligible reports whether the model may tag the passage though no cue carries
// it: a weak cue must have hit, and none that says never. What the codebook
// knows no word of is left alone: on real texts, the model is right about one
// in four of such passages.
func (e *evidence) eligible() bool {
	return !e.carried && e.levels[Weak] > 0 && e.levels[Never] == 0
}

// inputs are what the probability is computed from; see fusion.
const inputs = 11

func (e *evidence) inputs() [inputs]float64 {
	x := [inputs]float64{1, e.margin, e.other, max(0, e.margin-e.other)}
	if e.carried {
		x[4] = 1
	}
	for level, n := range e.levels {
		x[5+level] = logCount(n)
	}
	if e.script != latin {
		x[8+int(e.script)] = 1
	}
	return x
}

// evidence judges the passages around all hits, where the model knows the
// narrative. Without a model there is none.
// They come by entry, then in the order of the text.
func (c *Classifier) evidence(text string, r *reading) ([][]evidence, *judge) {
	out := make([][]evidence, len(c.entries))
	if c.model == nil {
		return out, nil
	}
	var judge *judge
	for e, hits := range c.hitsByEntry(r.hits) {
		if len(hits) == 0 || c.columns[e] < 0 {
			continue
		}
		carriers := c.carriers(hits)
		if len(carriers) == 0 && c.model.header.Fusion.Threshold > 1 {
			continue // no probability could tag it
		}
		if judge == nil {
			judge = newJudge(c.model, &c.program, text, r)
		}
		last := window{-1, -1}
		for _, h := range hits {
			w := judge.windows[h.sentence]
			if c.rules[h.cue].cue.Level == Never || w == last {
				continue
			}
			last = w
			ev := judge.evidence(w, c.columns[e])
			ev.entry = e
			c.weighHits(&ev, hits, carriers)
			out[e] = append(out[e], ev)
		}
	}
	return out, judge
}

// weighHits counts the hits of a passage. The one that stands for it is the
// first of the best level.
func (c *Classifier) weighHits(ev *evidence, hits, carriers []hit) {
	best := Never
	for _, h := range ev.window.of(hits) {
		level := c.rules[h.cue].cue.Level
		ev.levels[level]++
		if level < best {
			ev.best, best = h, level
		}
	}
	ev.carried = len(ev.window.of(carriers)) > 0
}

// of gives the hits in the window. They are in the order of their start.
func (w window) of(hits []hit) []hit {
	bySentence := func(h hit, s int32) int { return cmp.Compare(h.sentence, s) }
	lo, _ := slices.BinarySearchFunc(hits, w.first, bySentence)
	hi, _ := slices.BinarySearchFunc(hits, w.last+1, bySentence)
	return hits[lo:hi]
}

// probability is what the model makes of the evidence.
func (c *Classifier) probability(ev *evidence) float64 {
	return c.model.header.Fusion.probability(c.columns[ev.entry], ev)
}

// probabilities gives, for each sentence, the highest probability of the
// passages of a narrative that hold it.
func (c *Classifier) probabilities(all []evidence) map[int32]float64 {
	out := map[int32]float64{}
	for i := range all {
		p := c.probability(&all[i])
		for s := all[i].window.first; s <= all[i].window.last; s++ {
			out[s] = max(out[s], p)
		}
	}
	return out
}

// A judge computes margins of the passages of one text, each sentence once.
type judge struct {
	model    *Model
	text     string
	r        *reading
	windows  []window // by sentence
	elements [][]uint32
	parts    []sums // by sentence; empty until asked for
	margins  map[window][]float64
	scan     scanner
}

func newJudge(m *Model, p *program, text string, r *reading) *judge {
	j := &judge{model: m, text: text, r: r, elements: p.elementsBySentence(r), parts: make([]sums, len(r.sentences)), margins: map[window][]float64{}}
	for s := range r.sentences {
		j.windows = append(j.windows, r.windowAround(text, int32(s)))
	}
	return j
}

// marginsOf gives the linear scores of a passage.
func (j *judge) marginsOf(w window) []float64 {
	if all, ok := j.margins[w]; ok {
		return all
	}
	for i := w.first; i <= w.last; i++ {
		if p := &j.parts[i]; p.model == nil {
			p.model, p.of = j.model, make([]float32, j.model.width())
			p.size = tallySentence(&j.scan, j.text[j.r.sentences[i].start:j.r.sentences[i].end], j.elements[i], p)
		}
	}
	all := j.model.margins(j.parts[w.first : w.last+1])
	j.margins[w] = all
	return all
}

func (j *judge) evidence(w window, column int) evidence {
	ev := evidence{window: w}
	all := j.marginsOf(w)[:len(j.model.header.Columns)]
	if len(all) > 1 {
		ev.other = math.Inf(-1)
	}
	for k, margin := range all {
		if k == column {
			ev.margin = margin
		} else {
			ev.other = max(ev.other, margin)
		}
	}
	var n size
	for i := w.first; i <= w.last; i++ {
		n.add(j.parts[i].size)
	}
	ev.script = n.script()
	return ev
}

// mostWords bounds how many words explain a tag.
const mostWords = 3

// heaviest gives the words of a sentence that speak most for a narrative, or
// the pairs of characters, in the order of their weight.
func (c *Classifier) heaviest(sentence string, entry int) []string {
	type weighed struct {
		word   string
		weight float32
	}
	column := c.columns[entry]
	var found []weighed
	var scan scanner
	var before rune
	scan.scan(sentence, func(t token) {
		w := weighed{word: string(t.word)}
		switch {
		case t.han == 0:
			w.weight = c.model.weigh(t.word).sums[column]
		case t.joined && before != 0:
			w.word = string([]rune{before, t.han})
			of := make([]float32, c.model.width())
			for _, f := range hanFeatures([]rune{before, t.han}, nil) {
				c.model.addTo(of, f)
			}
			w.weight = of[column]
		}
		before = t.han
		if w.weight > 0 && !slices.ContainsFunc(found, func(f weighed) bool { return f.word == w.word }) {
			found = append(found, w)
		}
	})
	slices.SortStableFunc(found, func(a, b weighed) int { return cmp.Compare(b.weight, a.weight) })
	var out []string
	for _, f := range found[:min(len(found), mostWords)] {
		out = append(out, f.word)
	}
	return out
}
