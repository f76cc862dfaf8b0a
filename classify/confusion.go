package classify

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"chorus/corpus"
)

// worstConfusions is how many kinds of mistakes a report shows, quoteRunes how
// much of an example.
const (
	worstConfusions = 12
	quoteRunes      = 110
)

// confusions counts mistakes by their kind.
type confusions map[[2]string]*Confusion

// add compares the tags of an example with its labels.
func (c confusions) add(e Example, tags []corpus.Tag) {
	missed, extra := map[string]string{}, map[string]string{}
	for _, g := range e.Tags {
		if len(tagsOf(tags, g.Narrative)) == 0 {
			missed[g.Narrative] = e.Text[g.Start:g.End]
		}
	}
	for _, t := range tags {
		if len(ofNarrative(e.Tags, t.Narrative)) == 0 {
			extra[t.Narrative] = e.Text
			if len(t.Spans) > 0 {
				extra[t.Narrative] = e.Text[t.Spans[0].Start:t.Spans[0].End]
			}
		}
	}
	for want, quote := range missed {
		if len(extra) == 0 {
			c.count(want, "", e.ID, quote)
		}
		for got := range extra {
			c.count(want, got, e.ID, quote)
		}
	}
	if len(missed) == 0 {
		for got, quote := range extra {
			c.count("", got, e.ID, quote)
		}
	}
}

func (c confusions) count(want, got, id, quote string) {
	key := [2]string{want, got}
	if c[key] == nil {
		c[key] = &Confusion{Want: want, Got: got, ID: id, Quote: shorten(quote)}
	}
	c[key].N++
}

// worst lists the most frequent kinds.
func (c confusions) worst() []Confusion {
	out := []Confusion{}
	for _, m := range c {
		out = append(out, *m)
	}
	slices.SortFunc(out, func(a, b Confusion) int {
		return cmp.Or(cmp.Compare(b.N, a.N), cmp.Compare(a.Want, b.Want), cmp.Compare(a.Got, b.Got))
	})
	return out[:min(len(out), worstConfusions)]
}

// kind says what went wrong.
func (m Confusion) kind() string {
	switch {
	case m.Got == "":
		return m.Want + " was missed"
	case m.Want == "":
		return m.Got + " was tagged and not labelled"
	}
	return fmt.Sprintf("%s was taken for %s", m.Want, m.Got)
}

// shorten puts a quote on one line of bounded length.
func shorten(s string) string {
	r := []rune(strings.Join(strings.Fields(s), " "))
	if len(r) > quoteRunes {
		r = append(r[:quoteRunes-1], '…')
	}
	return string(r)
}
