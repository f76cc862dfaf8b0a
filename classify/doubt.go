package classify

import "chorus/corpus"

// A Doubt is a narrative of which the model is not sure: its likeliest passage
// lies near what a tag needs, on either side.
type Doubt struct {
	Narrative   corpus.Narrative
	Span        corpus.Span // of the passage in the text
	Passage     string
	Probability float64
}

// doubtWithin is how far from the threshold a probability is in doubt.
const doubtWithin = 0.15

// Doubts lists the narratives of the text, not of the title, that are in
// doubt, in codebook order, one passage each. A narrative that another passage
// carries for sure is not in doubt, nor is one that the cues decide alone.
func (c *Classifier) Doubts(in Input) []Doubt {
	if c == nil {
		return nil
	}
	sure, best := map[string]bool{}, map[string]Explanation{}
	for _, x := range c.explain(in.Text, in.Bloc, false) {
		switch {
		case x.Threshold == 0 || x.Tagged && x.Probability >= x.Threshold+doubtWithin:
			sure[x.Narrative] = true
		case x.Probability >= x.Threshold-doubtWithin && x.Probability > best[x.Narrative].Probability:
			best[x.Narrative] = x
		}
	}
	var out []Doubt
	for _, e := range c.entries {
		if x, ok := best[e.Narrative.ID]; ok && !sure[e.Narrative.ID] {
			out = append(out, Doubt{e.Narrative, x.Span, in.Text[x.Span.Start:x.Span.End], x.Probability})
		}
	}
	return out
}
