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

// elementsBySentence lists the features of each sentence that are not words:
// the elements and concepts in it, each once, and the pairs of concepts.
func (p *program) elementsBySentence(r *reading) [][]uint32 {
	// A place is the sentence, the bucket, and whether it is a concept's, so
	// that places sort as numbers.
	var places []uint64
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
				places = append(places, uint64(s)<<32|p.placed[elem])
			}
		}
	}
	slices.Sort(places)
	out := make([][]uint32, len(r.sentences))
	features, concepts := make([]uint32, 0, 256), make([]uint32, 0, 64)
	for i, at := range places {
		b := uint32(at) >> 1
		if n := len(features); n == 0 || features[n-1] != b {
			features = append(features, b)
			if at&1 != 0 {
				concepts = append(concepts, b)
			}
		}
		if i+1 == len(places) || places[i+1]>>32 != at>>32 {
			out[at>>32] = slices.Clone(conceptPairs(concepts, features))
			features, concepts = features[:0], concepts[:0]
		}
	}
	return out
}

// An evidence is what the codebook and the weights say of one passage and one
// narrative.
type evidence struct {
	window  window
	margin  float64 // of the narrative
	other   float64 // the highest of the other narratives
	any     float64 // of any claim
	short   bool    // too short to be believed without a cue
	levels  [4]int  // hits by level
	carried bool    // a cue earns the tag alone, or two together
	script  script
	// probability is what the model makes of all this.
	probability float64
}

// believable reports whether the model may tag the passage: no cue says never,
// or another carries it all the same; and there is a cue, or some text.
func (e *evidence) believable() bool {
	return e.carried || e.levels[Never] == 0 && (e.cued() || !e.short)
}

// cued reports whether a cue of the claim is in the passage, not only words of
// its topic.
func (e *evidence) cued() bool { return e.levels[Strong]+e.levels[Weak] > 0 }

// inputs are what the probability is computed from; see fusion.
const inputs = 11 + int(scripts)

func (e *evidence) inputs() *[inputs]float64 {
	x := [inputs]float64{1, e.margin, e.other, max(0, e.margin-e.other), max(0, e.margin), inputs - 1: e.any}
	if e.carried {
		x[5], x[6] = 1, e.margin
	}
	for level, n := range e.levels {
		x[7+level] = logCount(n)
	}
	if e.script != latin {
		x[10+int(e.script)] = 1
	}
	return &x
}

// evidence judges passages of a text for the narratives that the model knows:
// all of them, or those that the model may tag. Without a model there is none,
// nor is there a judge.
// They come by entry, then in the order of the text. byEntry are the hits
// of the reading.
func (c *Classifier) evidence(text string, r *reading, byEntry [][]hit, all bool) ([][]evidence, *judge) {
	out := make([][]evidence, len(c.entries))
	if c.model == nil {
		return out, nil
	}
	j := newJudge(c.model, &c.program, text, r)
	passages := j.passages()
	for e, hits := range byEntry {
		if c.columns[e] < 0 {
			continue
		}
		carriers := c.carriers(hits)
		for _, p := range passages {
			ev := evidence{window: p.window, any: p.any, short: p.short}
			if len(hits) > 0 {
				c.countHits(&ev, hits, carriers)
			}
			if !all && (!ev.believable() || !ev.cued() && ev.any < c.model.header.Fusion.Least) {
				continue
			}
			j.weigh(&ev, c.columns[e])
			ev.probability = c.model.header.Fusion.probability(c.columns[e], ev.inputs(), ev.script)
			if !ev.cued() {
				ev.probability = amongMany(ev.probability, len(passages))
			}
			out[e] = append(out[e], ev)
		}
	}
	return out, j
}

// fewPassages is how many passages a labelled text has at most, as a rule.
const fewPassages = 3

// amongMany lowers the probability of a passage that the model alone believes,
// if it is one of many: in a long text some passage looks like any claim. Its
// odds are divided by the root of how many times longer the text is than those
// that the model was calibrated on. Read by people, the tags of long transcripts
// without a cue were wrong far more often than those of posts.
func amongMany(p float64, passages int) float64 {
	if passages <= fewPassages {
		return p
	}
	return p / (p + (1-p)*math.Sqrt(float64(passages)/fewPassages))
}

// countHits counts the hits of a passage.
func (c *Classifier) countHits(ev *evidence, hits, carriers []hit) {
	for _, h := range ev.window.of(hits) {
		ev.levels[c.rules[h.cue].cue.Level]++
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

// earned reports whether the probability of the evidence is enough for a tag.
func (c *Classifier) earned(ev *evidence) bool {
	return ev.probability >= c.model.header.Fusion.threshold(ev)
}

// A belief is what the model says of a sentence: the highest probability of
// the passages that hold it, and whether one of them earns the tag.
type belief struct {
	probability float64
	earned      bool
}

// beliefs judges the sentences by believable evidence for one entry.
func (c *Classifier) beliefs(found []evidence) map[int32]belief {
	out := map[int32]belief{}
	for i := range found {
		ev := &found[i]
		for s := ev.window.first; s <= ev.window.last; s++ {
			b := out[s]
			out[s] = belief{max(b.probability, ev.probability), b.earned || c.earned(ev)}
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
	gists    []gist // by sentence
	parts    []sums // by sentence; empty until asked for
	margins  map[window]*scores
	scan     scanner
}

func newJudge(m *Model, p *program, text string, r *reading) *judge {
	j := &judge{model: m, text: text, r: r, elements: p.elementsBySentence(r), parts: make([]sums, len(r.sentences)), margins: map[window]*scores{}}
	for s, sentence := range r.sentences {
		j.windows = append(j.windows, r.windowAround(text, int32(s)))
		g := gist{model: m}
		g.size = tallySentence(&j.scan, text[sentence.start:sentence.end], j.elements[s], &g)
		j.gists = append(j.gists, g)
	}
	return j
}

// The scores of a passage are its linear scores by column, the two highest of
// the narratives', and its script.
type scores struct {
	of            []float64
	first, second float64
	script        script
}

// scoresOf gives the scores of a passage.
func (j *judge) scoresOf(w window) *scores {
	if known, ok := j.margins[w]; ok {
		return known
	}
	for i := w.first; i <= w.last; i++ {
		if p := &j.parts[i]; p.model == nil {
			p.model, p.of = j.model, make([]float32, j.model.width())
			p.size = tallySentence(&j.scan, j.text[j.r.sentences[i].start:j.r.sentences[i].end], j.elements[i], p)
		}
	}
	out := &scores{first: math.Inf(-1), second: math.Inf(-1)}
	var n size
	out.of, n = j.model.margins(j.parts[w.first : w.last+1])
	out.script = n.script()
	for _, v := range out.of[:len(j.model.header.Columns)] {
		if v > out.first {
			out.first, out.second = v, out.first
		} else {
			out.second = max(out.second, v)
		}
	}
	j.margins[w] = out
	return out
}

// A passage is a window with the linear score for any claim.
type passage struct {
	window
	any   float64
	short bool
}

// leastWords is how many words a passage needs to be believed without a cue,
// and how many characters in Chinese.
var leastWords = [scripts]int{latin: 5, cyrillic: 5, chinese: 9, arabic: 5}

// passages are the windows of all sentences, each once, in order.
func (j *judge) passages() []passage {
	windows := slices.Clone(j.windows)
	slices.SortFunc(windows, func(a, b window) int { return cmp.Or(cmp.Compare(a.first, b.first), cmp.Compare(a.last, b.last)) })
	var out []passage
	for _, w := range slices.Compact(windows) {
		margin, n := j.model.anyMargin(j.gists[w.first : w.last+1])
		out = append(out, passage{w, margin, n.tokens < leastWords[n.script()]})
	}
	return out
}

// heaviest gives the sentence of a passage that speaks most for a narrative.
func (j *judge) heaviest(w window, column int) int32 {
	best, most := w.first, math.Inf(-1)
	for s := w.first; s <= w.last; s++ {
		if m := j.scoresOf(window{s, s}).of[column]; m > most {
			best, most = s, m
		}
	}
	return best
}

// weigh adds what the words of the passage say.
func (j *judge) weigh(ev *evidence, column int) {
	s := j.scoresOf(ev.window)
	ev.margin, ev.script = s.of[column], s.script
	switch {
	case len(j.model.header.Columns) == 1: // there is no other
	case ev.margin == s.first:
		ev.other = s.second
	default:
		ev.other = s.first
	}
}

// mostWords bounds how many words a tag names.
const mostWords = 3

// heaviest gives the words of a sentence that speak most for a narrative, or
// the pairs of characters, in the order of their weight.
func (c *Classifier) heaviest(sentence string, entry int) []string {
	var out []string
	for _, w := range c.weighWords(sentence, entry) {
		out = append(out, w.Word)
	}
	return out[:min(len(out), mostWords)]
}

// weighWords gives the words of a passage that speak for a narrative, the
// heaviest first, at most explainedWords. A weight is the share of the word,
// its letters included, in the margin.
func (c *Classifier) weighWords(passage string, entry int) []WordWeight {
	column := c.columns[entry]
	var found []WordWeight
	var scan scanner
	var before rune
	var n size
	scan.scan(passage, func(t token) {
		n.tokens++
		word, weight := string(t.word), float32(0)
		switch {
		case t.han == 0:
			weight = c.model.weigh(t.word).sums[column]
		case t.joined && before != 0:
			word = string([]rune{before, t.han})
			of := make([]float32, c.model.width())
			for _, f := range hanFeatures([]rune{before, t.han}, nil) {
				c.model.addTo(of, f)
			}
			weight = of[column]
		}
		before = t.han
		if weight > 0 && !slices.ContainsFunc(found, func(f WordWeight) bool { return f.Word == word }) {
			found = append(found, WordWeight{word, float64(weight)})
		}
	})
	for i := range found {
		found[i].Weight = round4(found[i].Weight * float64(c.model.column(column).Scale) / float64(n.norm()))
	}
	slices.SortStableFunc(found, func(a, b WordWeight) int { return cmp.Compare(b.Weight, a.Weight) })
	return found[:min(len(found), explainedWords)]
}

// explainedWords bounds how many words an explanation shows.
const explainedWords = 8
