package classify

import (
	"fmt"
	"math/rand/v2"
	"slices"
)

// rounds is how often the bootstrap draws.
const rounds = 500

// A decision is what was decided of one example.
type decision struct {
	lang string
	of   []outcome
}

// An outcome is what was decided of one narrative; stance: found, and rightly.
type outcome struct {
	narrative string
	counts    Counts
	stance    bool
}

// String gives the interval as "[0.71 0.84]".
func (i Interval) String() string { return fmt.Sprintf("[%.2f %.2f]", i.Low, i.High) }

// A tallied is the sum of decisions.
type tallied struct {
	all  Counts
	rows map[string]Counts
}

func sum(decisions []decision, pick func(int) int) tallied {
	t := tallied{rows: map[string]Counts{}}
	for i := range decisions {
		for _, o := range decisions[pick(i)].of {
			t.all.add(o.counts)
			r := t.rows[o.narrative]
			r.add(o.counts)
			t.rows[o.narrative] = r
		}
	}
	return t
}

// macro is the mean F1 over the narratives of the table.
func (t tallied) macro(narratives []string) float64 {
	if len(narratives) == 0 {
		return 1
	}
	f := 0.0
	for _, n := range narratives {
		f += t.rows[n].F1() / float64(len(narratives))
	}
	return f
}

// bootstrap fills in the intervals and the totals. It draws with a fixed seed.
func (rep *Report) bootstrap(decisions []decision) {
	var langs []string
	for _, d := range decisions {
		if !slices.Contains(langs, d.lang) {
			langs = append(langs, d.lang)
		}
	}
	slices.Sort(langs)
	for _, lang := range langs {
		mine := slices.DeleteFunc(slices.Clone(decisions), func(d decision) bool { return d.lang != lang })
		rep.Totals = append(rep.Totals, rep.total(lang, mine))
	}
	if len(langs) > 1 {
		rep.Totals = append(rep.Totals, rep.total("all", decisions))
	}
}

func (rep *Report) total(lang string, decisions []decision) Total {
	same := sum(decisions, func(i int) int { return i })
	var narratives []string
	for n := range same.rows {
		narratives = append(narratives, n)
	}
	slices.Sort(narratives)
	t := Total{Lang: lang, Examples: len(decisions), Claim: same.all, MacroF1: same.macro(narratives)}
	right := 0
	for _, d := range decisions {
		for _, o := range d.of {
			if o.stance {
				right++
			}
		}
	}
	t.StanceAccuracy = share(right, same.all.TP)

	rng := rand.New(rand.NewPCG(95, uint64(len(decisions))))
	var p, r, f, m []float64
	rows := map[string][]float64{}
	for range rounds {
		drawn := sum(decisions, func(int) int { return rng.IntN(len(decisions)) })
		p, r, f, m = append(p, drawn.all.Precision()), append(r, drawn.all.Recall()), append(f, drawn.all.F1()), append(m, drawn.macro(narratives))
		for _, n := range narratives {
			rows[n] = append(rows[n], drawn.rows[n].F1())
		}
	}
	t.Precision, t.Recall, t.MicroF1, t.MacroInterval = middle(p), middle(r), middle(f), middle(m)
	for i := range rep.Rows {
		if row := &rep.Rows[i]; row.Lang == lang {
			row.F1 = middle(rows[row.Narrative])
		}
	}
	return t
}

// middle gives the percentiles 2.5 and 97.5.
func middle(drawn []float64) Interval {
	if len(drawn) == 0 {
		return Interval{}
	}
	slices.Sort(drawn)
	return Interval{drawn[len(drawn)*25/1000], drawn[len(drawn)*975/1000]}
}
