package classify

import (
	"bufio"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"chorus/corpus"
)

// An Example is one labelled passage or document, a line of a gold file.
type Example struct {
	ID     string      `json:"id"`
	Lang   string      `json:"lang"`
	Bloc   corpus.Bloc `json:"outlet_bloc"`
	Title  string      `json:"title,omitempty"`
	Text   string      `json:"text"`
	Tags   []GoldTag   `json:"tags"`             // empty: carries no narrative
	Origin string      `json:"origin,omitempty"` // "written" for the project, or "real"
	Source string      `json:"source,omitempty"` // of a real one
	Coder  string      `json:"coder,omitempty"`
}

// A GoldTag is what a coder found: start and end are byte offsets into the
// text of the shortest passage that carries the claim.
type GoldTag struct {
	Narrative string        `json:"narrative"`
	Stance    corpus.Stance `json:"stance"`
	Start     int           `json:"start"`
	End       int           `json:"end"`
}

// ReadExamples reads a gold file in JSON Lines. Empty lines are skipped.
func ReadExamples(r io.Reader) ([]Example, error) {
	var out []Example
	in := bufio.NewScanner(r)
	in.Buffer(nil, 64<<20)
	for line := 1; in.Scan(); line++ {
		if strings.TrimSpace(in.Text()) == "" {
			continue
		}
		var e Example
		if err := json.Unmarshal(in.Bytes(), &e); err != nil {
			return nil, fmt.Errorf("read gold: line %d: %w", line, err)
		}
		for _, t := range e.Tags {
			if t.Start < 0 || t.End < t.Start || t.End > len(e.Text) {
				return nil, fmt.Errorf("read gold: line %d: tag %s: span %d to %d is outside of the text of %d bytes", line, t.Narrative, t.Start, t.End, len(e.Text))
			}
			if !slices.Contains(corpus.Stances(), t.Stance) {
				return nil, fmt.Errorf("read gold: line %d: tag %s: stance %q: want asserts, reports or rebuts", line, t.Narrative, t.Stance)
			}
		}
		out = append(out, e)
	}
	if err := in.Err(); err != nil {
		return nil, fmt.Errorf("read gold: %w", err)
	}
	return out, nil
}

// Counts are decisions against a gold set.
type Counts struct {
	TP int `json:"tp"`
	FP int `json:"fp"`
	FN int `json:"fn"`
}

// Precision is the share of tags that are right, 1 if there are none.
func (c Counts) Precision() float64 { return share(c.TP, c.TP+c.FP) }

// Recall is the share of gold tags that were found, 1 if there are none.
func (c Counts) Recall() float64 { return share(c.TP, c.TP+c.FN) }

// F1 is the harmonic mean of precision and recall, 1 if there is nothing to
// find and nothing was found.
func (c Counts) F1() float64 { return share(2*c.TP, 2*c.TP+c.FP+c.FN) }

func (c *Counts) add(o Counts) { c.TP, c.FP, c.FN = c.TP+o.TP, c.FP+o.FP, c.FN+o.FN }

func share(a, b int) float64 {
	if b == 0 {
		return 1
	}
	return float64(a) / float64(b)
}

// A Row is the result for one narrative in one language.
type Row struct {
	Narrative string   `json:"narrative"`
	Lang      string   `json:"lang"`
	Support   int      `json:"support"`     // examples that carry it
	Claim     Counts   `json:"claim"`       // narrative right, whatever the stance
	Stance    Counts   `json:"stance"`      // narrative and stance right
	F1        Interval `json:"f1_interval"` // of Claim
}

// An Interval holds a figure with a probability of 95 %: the percentiles 2.5
// and 97.5 of a bootstrap that draws the examples again with replacement
// (Efron 1979). With little support it is wide, and with none meaningless.
type Interval struct {
	Low  float64 `json:"low"`
	High float64 `json:"high"`
}

// A Total sums up a language, or all.
type Total struct {
	Lang           string   `json:"lang"`
	Examples       int      `json:"examples"`
	Claim          Counts   `json:"claim"`
	Precision      Interval `json:"precision_interval"`
	Recall         Interval `json:"recall_interval"`
	MicroF1        Interval `json:"micro_f1_interval"`
	MacroF1        float64  `json:"macro_f1"` // mean over the narratives with support or false tags
	MacroInterval  Interval `json:"macro_f1_interval"`
	StanceAccuracy float64  `json:"stance_accuracy"`
}

// A Confusion is a kind of mistake: Want was labelled and not found, and Got
// was found and not labelled in the same example. Either is empty where there
// is no such side.
type Confusion struct {
	Want  string `json:"want"`
	Got   string `json:"got"`
	N     int    `json:"n"`
	ID    string `json:"id"`    // of one such example
	Quote string `json:"quote"` // what was labelled there, or tagged
}

// A Report is the result of an evaluation.
type Report struct {
	Version    string      `json:"version"`
	Examples   int         `json:"examples"`
	Rows       []Row       `json:"rows"`       // in codebook order, then by language; only those with gold or found tags
	Totals     []Total     `json:"totals"`     // by language, then all
	Confusions []Confusion `json:"confusions"` // the most frequent first
	Micro      Row         `json:"micro"`
	MacroF1    float64     `json:"macro_f1"` // mean over rows, narrative only
	// MacroStanceF1 is the mean over rows of narrative and stance.
	MacroStanceF1 float64 `json:"macro_stance_f1"`
	// StanceAccuracy is the share of narratives found whose stance is right.
	StanceAccuracy float64 `json:"stance_accuracy"`
	// SpanHit is the share of narratives found with a span that touches the
	// gold passage, SpanF1 the mean overlap in bytes (Dice) over them all.
	SpanHit float64 `json:"span_hit"`
	SpanF1  float64 `json:"span_f1"`
	// CalibrationError is the mean distance between the score and the share of
	// right tags, over tenths of the score, weighted by their tags.
	CalibrationError float64 `json:"calibration_error"`
}

// Evaluate tags the examples and compares the tags with the gold.
func Evaluate(examples []Example, c *Classifier) Report {
	rep := Report{Version: c.Version(), Examples: len(examples)}
	rows := map[[2]string]*Row{}
	row := func(narrative, lang string) *Row {
		key := [2]string{narrative, lang}
		if rows[key] == nil {
			rows[key] = &Row{Narrative: narrative, Lang: lang}
		}
		return rows[key]
	}
	found, stanceRight, touched := 0, 0, 0
	var scores calibration
	var dice float64
	decisions := make([]decision, 0, len(examples))
	mistakes := confusions{}
	for _, e := range examples {
		tags := c.Tags(Input{Title: e.Title, Text: e.Text, Lang: e.Lang, Bloc: e.Bloc})
		d := decision{lang: e.Lang}
		mistakes.add(e, tags)
		for _, n := range narrativesOf(e.Tags, tags) {
			gold, got := ofNarrative(e.Tags, n), tagsOf(tags, n)
			one := decide(len(gold) > 0, len(got) > 0)
			row(n, e.Lang).Claim.add(one)
			if len(gold) > 0 {
				row(n, e.Lang).Support++
			}
			d.of = append(d.of, outcome{narrative: n, counts: one})
			for _, t := range got {
				scores.add(t.Score, len(gold) > 0)
			}
			for _, st := range corpus.Stances() {
				row(n, e.Lang).Stance.add(decide(slices.ContainsFunc(gold, func(g GoldTag) bool { return g.Stance == st }),
					slices.ContainsFunc(got, func(t corpus.Tag) bool { return t.Stance == st })))
			}
			if len(gold) == 0 || len(got) == 0 {
				continue
			}
			found++
			if slices.ContainsFunc(got, func(t corpus.Tag) bool { return t.Stance == gold[0].Stance }) {
				stanceRight++
				d.of[len(d.of)-1].stance = true
			}
			both := overlap(gold, got, len(e.Text))
			dice += both
			if both > 0 {
				touched++
			}
		}
		decisions = append(decisions, d)
	}
	rep.finish(rows, c)
	rep.bootstrap(decisions)
	rep.Confusions = mistakes.worst()
	rep.CalibrationError = scores.err()
	rep.StanceAccuracy = share(stanceRight, found)
	rep.SpanHit = share(touched, found)
	if found > 0 {
		rep.SpanF1 = dice / float64(found)
	}
	return rep
}

// A calibration sorts scores into tenths.
type calibration [10]struct {
	n, right int
	sum      float64
}

func (c *calibration) add(score float64, right bool) {
	b := &c[min(int(score*10), 9)]
	b.n++
	b.sum += score
	if right {
		b.right++
	}
}

func (c *calibration) err() float64 {
	n, distance := 0, 0.0
	for _, b := range c {
		n += b.n
		distance += math.Abs(b.sum - float64(b.right))
	}
	if n == 0 {
		return 0
	}
	return distance / float64(n)
}

func decide(gold, got bool) Counts {
	switch {
	case gold && got:
		return Counts{TP: 1}
	case gold:
		return Counts{FN: 1}
	case got:
		return Counts{FP: 1}
	}
	return Counts{}
}

func narrativesOf(gold []GoldTag, tags []corpus.Tag) []string {
	var out []string
	for _, g := range gold {
		out = append(out, g.Narrative)
	}
	for _, t := range tags {
		out = append(out, t.Narrative)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func ofNarrative(gold []GoldTag, n string) (out []GoldTag) {
	for _, g := range gold {
		if g.Narrative == n {
			out = append(out, g)
		}
	}
	return out
}

func tagsOf(tags []corpus.Tag, n string) (out []corpus.Tag) {
	for _, t := range tags {
		if t.Narrative == n {
			out = append(out, t)
		}
	}
	return out
}

// overlap is the Dice coefficient of the bytes that gold and tags mark.
func overlap(gold []GoldTag, tags []corpus.Tag, size int) float64 {
	a, b := make([]bool, size), make([]bool, size)
	for _, g := range gold {
		mark(a, g.Start, g.End)
	}
	for _, t := range tags {
		for _, s := range t.Spans {
			mark(b, s.Start, s.End)
		}
	}
	both, sum := 0, 0
	for i := range a {
		if a[i] && b[i] {
			both++
		}
		if a[i] {
			sum++
		}
		if b[i] {
			sum++
		}
	}
	if sum == 0 {
		return 0
	}
	return 2 * float64(both) / float64(sum)
}

func mark(b []bool, start, end int) {
	for i := start; i < end; i++ {
		b[i] = true
	}
}

func (rep *Report) finish(rows map[[2]string]*Row, c *Classifier) {
	order := map[string]int{}
	for i, n := range c.Narratives() {
		order[n.ID] = i
	}
	for _, r := range rows {
		rep.Rows = append(rep.Rows, *r)
	}
	slices.SortFunc(rep.Rows, func(a, b Row) int {
		return cmp.Or(cmp.Compare(order[a.Narrative], order[b.Narrative]), cmp.Compare(a.Narrative, b.Narrative), cmp.Compare(a.Lang, b.Lang))
	})
	rep.Micro = Row{Narrative: "micro", Lang: "all"}
	for _, r := range rep.Rows {
		rep.Micro.Claim.add(r.Claim)
		rep.Micro.Stance.add(r.Stance)
		rep.MacroF1 += r.Claim.F1() / float64(len(rep.Rows))
		rep.MacroStanceF1 += r.Stance.F1() / float64(len(rep.Rows))
	}
}

// String gives the report as a table for people.
func (rep Report) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d examples, classifier %s\n\n", rep.Examples, rep.Version)
	fmt.Fprintf(&b, "%-26s %-4s %5s %4s %4s %4s  %5s %5s %5s %-12s %s\n", "narrative", "lang", "gold", "tp", "fp", "fn", "P", "R", "F1", "95 %", "stance F1")
	for _, r := range rep.Rows {
		fmt.Fprintf(&b, "%-26s %-4s %5d %4d %4d %4d  %5.3f %5.3f %5.3f %s  %5.3f\n", r.Narrative, r.Lang, r.Support, r.Claim.TP, r.Claim.FP, r.Claim.FN,
			r.Claim.Precision(), r.Claim.Recall(), r.Claim.F1(), r.F1, r.Stance.F1())
	}
	fmt.Fprintf(&b, "\n%-4s %8s  %-18s  %-18s  %-18s  %-18s  %s\n", "lang", "examples", "precision", "recall", "micro F1", "macro F1", "stance")
	for _, t := range rep.Totals {
		fmt.Fprintf(&b, "%-4s %8d  %.3f %s  %.3f %s  %.3f %s  %.3f %s  %.3f\n", t.Lang, t.Examples, t.Claim.Precision(), t.Precision,
			t.Claim.Recall(), t.Recall, t.Claim.F1(), t.MicroF1, t.MacroF1, t.MacroInterval, t.StanceAccuracy)
	}
	if len(rep.Confusions) > 0 {
		b.WriteString("\nmistakes that cost most\n")
	}
	for _, m := range rep.Confusions {
		fmt.Fprintf(&b, "%4d  %s\n      %s: %s\n", m.N, m.kind(), m.ID, m.Quote)
	}
	fmt.Fprintf(&b, "\nmacro F1 %.3f, with stance %.3f; stance accuracy %.3f; span hit %.3f, span F1 %.3f; calibration error %.3f\n",
		rep.MacroF1, rep.MacroStanceF1, rep.StanceAccuracy, rep.SpanHit, rep.SpanF1, rep.CalibrationError)
	return b.String()
}
