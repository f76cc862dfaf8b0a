package classify

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"chorus/corpus"
)

// An Agreement is how far two coders agree on the examples that both labelled.
type Agreement struct {
	Both int            `json:"both"` // examples in both sets, by their text
	Only [2]int         `json:"only"` // examples that one of them did not label
	Rows []AgreementRow `json:"rows"` // in the order given, then "any" narrative
	// Stance is over the narratives that both found; its categories are the
	// three stances.
	Stance AgreementRow `json:"stance"`
}

// An AgreementRow is the agreement on one narrative.
type AgreementRow struct {
	Narrative string  `json:"narrative"`
	Lang      string  `json:"lang"`
	First     int     `json:"first"`  // examples that carry it, by the first coder
	Second    int     `json:"second"` // and by the second
	Agreed    int     `json:"agreed"` // examples on which they say the same, yes or no
	N         int     `json:"n"`
	Kappa     float64 `json:"kappa"` // Cohen's; 1 if there is nothing to disagree on
}

// kappaEnough is the least kappa of a narrative that is defined well enough.
const kappaEnough = 0.6

// kappa is Cohen's kappa (1960) of a table of counts: how far the agreement
// goes beyond that of coders who label by chance as often as these did.
func kappa(table [][]int) float64 {
	n, agreed := 0, 0
	rows, columns := make([]int, len(table)), make([]int, len(table))
	for i, row := range table {
		for k, v := range row {
			n, rows[i], columns[k] = n+v, rows[i]+v, columns[k]+v
		}
		agreed += row[i]
	}
	if n == 0 {
		return 1
	}
	chance := 0.0
	for i := range table {
		chance += float64(rows[i]) / float64(n) * float64(columns[i]) / float64(n)
	}
	if chance == 1 {
		return 1
	}
	return (float64(agreed)/float64(n) - chance) / (1 - chance)
}

// Agree compares the labels of two coders, narrative by narrative and language
// by language. It is an error if they have no example in common.
func Agree(a, b []Example, narratives []corpus.Narrative) (Agreement, error) {
	second := map[string]Example{}
	for _, e := range b {
		second[e.Text] = e
	}
	var out Agreement
	var pairs [][2]Example
	seen := map[string]bool{}
	for _, e := range a {
		if other, ok := second[e.Text]; ok && !seen[e.Text] {
			pairs = append(pairs, [2]Example{e, other})
		}
		seen[e.Text] = true
	}
	out.Both = len(pairs)
	out.Only = [2]int{len(seen) - len(pairs), len(second) - len(pairs)}
	if len(pairs) == 0 {
		return out, errors.New("the two sets have no text in common: have both coders label the same passages (chorus label --again)")
	}
	ids := []string{}
	for _, n := range narratives {
		ids = append(ids, n.ID)
	}
	for _, n := range append(ids, "any") {
		out.Rows = append(out.Rows, agreeOn(n, pairs)...)
	}
	out.Stance = agreeOnStance(pairs)
	return out, nil
}

// agreeOn gives a row for each language in which one of them found the narrative.
func agreeOn(narrative string, pairs [][2]Example) []AgreementRow {
	tables := map[string][][]int{}
	carries := func(e Example) int {
		if narrative == "any" && len(e.Tags) > 0 || len(ofNarrative(e.Tags, narrative)) > 0 {
			return 1
		}
		return 0
	}
	for _, p := range pairs {
		if tables[p[0].Lang] == nil {
			tables[p[0].Lang] = [][]int{{0, 0}, {0, 0}}
		}
		tables[p[0].Lang][carries(p[0])][carries(p[1])]++
	}
	var rows []AgreementRow
	for lang, t := range tables {
		r := rowOf(narrative, lang, t)
		r.First, r.Second = t[1][0]+t[1][1], t[0][1]+t[1][1]
		if r.First+r.Second > 0 {
			rows = append(rows, r)
		}
	}
	slices.SortFunc(rows, func(a, b AgreementRow) int { return cmp.Compare(a.Lang, b.Lang) })
	return rows
}

func rowOf(narrative, lang string, table [][]int) AgreementRow {
	r := AgreementRow{Narrative: narrative, Lang: lang, Kappa: kappa(table)}
	for i, row := range table {
		for _, v := range row {
			r.N += v
		}
		r.Agreed += row[i]
	}
	return r
}

// agreeOnStance compares the stances of what both found.
func agreeOnStance(pairs [][2]Example) AgreementRow {
	stances := corpus.Stances()
	table := make([][]int, len(stances))
	for i := range table {
		table[i] = make([]int, len(stances))
	}
	for _, p := range pairs {
		for _, g := range p[0].Tags {
			if other := ofNarrative(p[1].Tags, g.Narrative); len(other) > 0 {
				table[slices.Index(stances, g.Stance)][slices.Index(stances, other[0].Stance)]++
			}
		}
	}
	r := rowOf("stance", "all", table)
	r.First, r.Second = r.N, r.N
	return r
}

// String gives the agreement as a table for people.
func (a Agreement) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d passages labelled by both; %d only by the first, %d only by the second\n\n", a.Both, a.Only[0], a.Only[1])
	fmt.Fprintf(&b, "%-26s %-4s %6s %6s %6s %8s  %s\n", "narrative", "lang", "first", "second", "n", "agreed", "kappa")
	weak := 0
	for _, r := range a.Rows {
		mark := ""
		if r.Kappa < kappaEnough {
			mark, weak = "  *", weak+1
		}
		fmt.Fprintf(&b, "%-26s %-4s %6d %6d %6d %8.3f  %5.2f%s\n", r.Narrative, r.Lang, r.First, r.Second, r.N, share(r.Agreed, r.N), r.Kappa, mark)
	}
	fmt.Fprintf(&b, "\nstance of what both found: %d, agreed %.3f, kappa %.2f\n", a.Stance.N, share(a.Stance.Agreed, a.Stance.N), a.Stance.Kappa)
	if weak > 0 {
		fmt.Fprintf(&b, "* under %.1f: the narrative needs a better definition, not a better model\n", kappaEnough)
	}
	return b.String()
}
