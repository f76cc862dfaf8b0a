package classify

import (
	"slices"

	"chorus/corpus"
)

// A Tried is an example of the codebook with what the classifier says of it.
type Tried struct {
	Narrative string       `json:"narrative"`
	Place     string       `json:"place"` // file:line of the example
	Text      string       `json:"text"`
	Want      string       `json:"want"` // stance, or "none"
	Got       []corpus.Tag `json:"got"`  // tags of this narrative
	Right     bool         `json:"right"`
}

// TryExamples tags the examples that the entries of the codebook bring along.
func (c *Classifier) TryExamples() []Tried {
	var out []Tried
	for _, e := range c.entries {
		for _, ex := range e.Examples {
			t := Tried{Narrative: e.Narrative.ID, Place: ex.ID, Text: ex.Text, Want: "none",
				Got: tagsOf(c.Tags(Input{Text: ex.Text, Bloc: ex.Bloc}), e.Narrative.ID)}
			t.Right = len(t.Got) == 0
			if len(ex.Tags) > 0 {
				want := ex.Tags[0].Stance
				t.Want = string(want)
				t.Right = slices.ContainsFunc(t.Got, func(g corpus.Tag) bool { return g.Stance == want })
			}
			out = append(out, t)
		}
	}
	return out
}
