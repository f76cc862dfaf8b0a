package classify

import (
	"cmp"
	"math"
	"slices"

	"chorus/corpus"
)

// An Explanation says why a passage was tagged, or was not.
type Explanation struct {
	Narrative   string        `json:"narrative"`
	Title       bool          `json:"title,omitzero"` // the passage is in the title
	Span        corpus.Span   `json:"span"`           // of the passage that was judged, in the text or the title
	Tagged      bool          `json:"tagged"`
	Probability float64       `json:"probability"`   // by the model; 0 where it does not know the narrative
	Threshold   float64       `json:"threshold"`     // what the probability has to reach
	Margin      float64       `json:"margin"`        // linear score of the words; over 0 they speak for the narrative
	Stance      corpus.Stance `json:"stance"`        // that it has, or would have
	Cues        []Evidence    `json:"cues"`          // of the codebook, that hit in the passage
	Words       []WordWeight  `json:"words"`         // that speak most for the narrative
	Signals     []Evidence    `json:"signals"`       // of the stance lexicon
	Why         string        `json:"why,omitempty"` // what kept the tag away
}

// An Evidence is something found in the text: the pattern, its kind and the
// words that it matched.
type Evidence struct {
	Pattern string      `json:"pattern"`
	Kind    string      `json:"kind"` // level of a cue, or role of a signal
	Span    corpus.Span `json:"span"`
	Text    string      `json:"text"`
}

// A WordWeight is how much a word, or a pair of characters, adds to the margin.
type WordWeight struct {
	Word   string  `json:"word"`
	Weight float64 `json:"weight"`
}

// leastExplained is the probability from which on a passage is worth a word
// though it was not tagged.
const leastExplained = 0.2

// Explain judges a text as Tags does and says why: each passage with a cue
// that carries a tag, or with a probability worth a word, the likeliest first.
func (c *Classifier) Explain(in Input) []Explanation {
	out := c.explain(in.Text, in.Bloc, true)
	for _, x := range c.explain(in.Title, in.Bloc, true) {
		x.Title = true
		out = append(out, x)
	}
	slices.SortStableFunc(out, func(a, b Explanation) int {
		return cmp.Or(-compareBool(a.Tagged, b.Tagged), cmp.Compare(b.Probability, a.Probability))
	})
	return out
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

// explain judges the passages of one text: all, or those that the model may tag.
func (c *Classifier) explain(text string, bloc corpus.Bloc, all bool) []Explanation {
	r := c.readings.Get().(*reading)
	defer c.readings.Put(r)
	c.program.read(text, r)
	sig := c.signals(r.hits)
	byEntry := c.hitsByEntry(r.hits)
	learned, j := c.evidence(text, r, byEntry, all)
	var out []Explanation
	for e, hits := range byEntry {
		carriers := c.carriers(hits)
		if c.columns[e] < 0 { // the cues decide alone
			for _, h := range carriers {
				w := window{h.sentence, h.sentence}
				x := c.explanation(text, r, e, w, hits, sig)
				x.Stance = c.stanceOf(&h, w, sig, bloc, nil)
				x.Tagged = true
				out = append(out, x)
			}
			continue
		}
		for i := range learned[e] {
			ev := &learned[e][i]
			if ev.probability < leastExplained && !ev.carried {
				continue
			}
			x := c.explanation(text, r, e, ev.window, hits, sig)
			x.Probability, x.Threshold, x.Margin = round4(ev.probability), c.model.header.Fusion.threshold(ev), round4(ev.margin)
			x.Words = c.weighWords(text[x.Span.Start:x.Span.End], e)
			var carrier *hit
			if own := ev.window.of(carriers); len(own) > 0 {
				carrier = &own[0]
			}
			x.Stance = c.stanceOf(carrier, ev.window, sig, bloc, j)
			switch {
			case !ev.believable() && !ev.cued() && ev.short:
				x.Why = "no cue of the claim is in the passage, and it is too short to be judged without one"
			case !ev.believable():
				x.Why = "a cue says that this is another matter"
			case !c.earned(ev) && !ev.cued():
				x.Why = "no cue of the claim is in the passage, and the probability is too low without one"
			case !c.earned(ev):
				x.Why = "the probability is too low"
			default:
				x.Tagged = true
			}
			out = append(out, x)
		}
	}
	return out
}

// explanation lists what was found in the passage.
func (c *Classifier) explanation(text string, r *reading, entry int, w window, hits []hit, sig *signals) Explanation {
	x := Explanation{
		Narrative: c.entries[entry].Narrative.ID,
		Span:      trimSpan(text, corpus.Span{Start: int(r.sentences[w.first].start), End: int(r.sentences[w.last].end)}),
		Cues:      []Evidence{}, Words: []WordWeight{}, Signals: []Evidence{},
	}
	for _, h := range w.of(hits) {
		cue := c.rules[h.cue].cue
		x.Cues = append(x.Cues, evidenceOf(text, cue, levelKeys[cue.Level], h))
	}
	for s := w.first; s <= w.last; s++ {
		for _, signal := range sig.bySentence[s] {
			x.Signals = append(x.Signals, evidenceOf(text, c.rules[signal.hit.cue].cue, string(signal.role), signal.hit))
		}
	}
	return x
}

func evidenceOf(text string, cue *Cue, kind string, h hit) Evidence {
	s := corpus.Span{Start: int(h.start), End: int(h.end)}
	return Evidence{Pattern: cue.Name(), Kind: kind, Span: s, Text: text[s.Start:s.End]}
}

func round4(x float64) float64 { return math.Round(x*1e4) / 1e4 }
