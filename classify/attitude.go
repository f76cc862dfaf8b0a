package classify

import (
	"slices"

	"chorus/corpus"
)

// An attitude is what the model knows of stance: weights that tell passages
// that report or rebut from those that assert, and two logistic functions of
// their sums, the bloc of the outlet and the signals of the stance lexicon.
type attitude struct {
	Columns []column                  `json:"columns"` // reports, rebuts
	Shared  [learnedStances][]float64 `json:"shared"`
}

// The stances that are learned; to assert is the third.
const (
	learnedReports = iota
	learnedRebuts
	learnedStances
)

// knows reports whether the stances were learned.
func (a *attitude) knows() bool {
	return len(a.Columns) == learnedStances && len(a.Shared[0]) == stanceWidth && len(a.Shared[1]) == stanceWidth
}

// stanceWidth is the number of stanceInputs.
var stanceWidth = 7 + 2*(2+len(roles))

// ridgeStance holds the coefficients back.
const ridgeStance = 1

// stanceInputs are what the stance of a passage is computed from: the side of
// the outlet, what the rules say (empty: no cue stands there to ask them), the
// words, the signals of the stance lexicon; the last two for the control group
// once more, since there the same words mean another thing.
func (j *judge) stanceInputs(w window, sig *signals, bloc corpus.Bloc, rules corpus.Stance) []float64 {
	all := j.scoresOf(w).of
	n := len(j.model.header.Columns)
	x := make([]float64, 0, stanceWidth)
	own, control := 1.0, 0.0 // also if the side is not known
	if bloc == corpus.BlocControl {
		own, control = 0, 1
	}
	x = append(x, 1, own, control, truth(rules == corpus.StanceAsserts), truth(rules == corpus.StanceReports), truth(rules == corpus.StanceRebuts), truth(sig.factCheck))
	for _, weight := range []float64{1, control} {
		x = append(x, weight*all[n+learnedReports], weight*all[n+learnedRebuts])
		for _, role := range roles {
			there := false
			for s := w.first; s <= w.last && !there; s++ {
				there = sig.any(s, role, nil)
			}
			x = append(x, weight*truth(there))
		}
	}
	return x
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// stance decides between the three stances.
func (a *attitude) stance(x []float64) corpus.Stance {
	reports, rebuts := likely(a.Shared[learnedReports], x), likely(a.Shared[learnedRebuts], x)
	asserts := (1 - reports) * (1 - rebuts)
	switch max(reports, rebuts, asserts) {
	case asserts:
		return corpus.StanceAsserts
	case rebuts:
		return corpus.StanceRebuts
	}
	return corpus.StanceReports
}

// A stanceRow is a labelled passage with what its stance is computed from.
type stanceRow struct {
	x      []float64
	stance corpus.Stance
}

// stanceRows gathers the labelled claims of the examples.
func (tr *trainer) stanceRows(m *Model, use func(Example) bool) []stanceRow {
	c := tr.cues.with(m)
	var out []stanceRow
	r := new(reading)
	for _, e := range tr.examples {
		if !use(e) || len(e.Tags) == 0 {
			continue
		}
		c.program.read(e.Text, r)
		sig := c.signals(r.hits)
		j := newJudge(m, &c.program, e.Text, r)
		for _, t := range e.Tags {
			s := slices.IndexFunc(r.sentences, func(s sentence) bool { return t.Start < int(s.end) })
			if s >= 0 {
				out = append(out, stanceRow{j.stanceInputs(j.windows[s], sig, e.Bloc, c.ruledStance(r, sig, t, e.Bloc)), t.Stance})
			}
		}
	}
	return out
}

// ruledStance is what the rules say of a labelled claim, by the first cue of
// its narrative that touches it; empty if there is none.
func (c *Classifier) ruledStance(r *reading, sig *signals, t GoldTag, bloc corpus.Bloc) corpus.Stance {
	for _, h := range r.hits {
		rule := c.rules[h.cue]
		if rule.entry >= 0 && c.entries[rule.entry].Narrative.ID == t.Narrative && int(h.start) < t.End && t.Start < int(h.end) && rule.cue.Level != Never {
			return sig.stanceOf(h, rule.cue, c.entries[rule.entry].Denial, bloc)
		}
	}
	return ""
}

// fit fits the two logistic functions.
func (a *attitude) fit(rows []stanceRow) {
	if len(rows) == 0 {
		return
	}
	for k, st := range []corpus.Stance{corpus.StanceReports, corpus.StanceRebuts} {
		a.Shared[k] = regress(len(rows[0].x), func(int) float64 { return ridgeStance }, func(add func([]float64, bool)) {
			for _, r := range rows {
				add(r.x, r.stance == st)
			}
		})
	}
}
