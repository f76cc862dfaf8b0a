package classify

import "math"

// DefaultThreshold is the least score of a tag that Tags returns. A score is
// the probability that the text carries the narrative, calibrated on labelled
// passages out of fold; eval.golden says how far it is off.
const DefaultThreshold = 0.5

// The coefficients of the score of a narrative that the model was not trained
// for, such as an analyst's own: a logistic function of what was found. They
// are set by hand, so that a strong cue gives about 0.75, a pair of weak ones
// 0.6 and a text full of cues 0.97. The order of these scores is meaningful,
// their value is not a measured probability.
const (
	scoreBias   = -0.9
	scoreStrong = 2.0
	scoreWeak   = 0.65 // each of a pair
	scoreMore   = 0.5  // each further passage, by a falling share
	scoreTitle  = 0.6
	scoreMost   = 0.97
)

func weightOf(l Level) float64 {
	if l == Strong {
		return scoreStrong
	}
	return scoreWeak
}

// scoreOf is the score of a tag: the probability of its best passage, by the
// model if it knows the narrative, else by the cues.
func (c *Classifier) scoreOf(entry int, claims []claim) float64 {
	if c.columns[entry] < 0 {
		return scoreOf(claims)
	}
	best := 0.0
	for _, cl := range claims {
		best = max(best, cl.score)
	}
	return math.Round(min(best, scoreMost)*1e4) / 1e4
}

// scoreOf combines the claims of one tag by their cues.
func scoreOf(claims []claim) float64 {
	best, title := 0.0, 0.0
	for _, cl := range claims {
		best = max(best, cl.weight)
		if cl.title {
			title = scoreTitle
		}
	}
	if best == scoreWeak {
		best = 2 * scoreWeak // a weak cue is only here because it has company
	}
	more := scoreMore * math.Log(float64(len(claims)))
	p := sigmoid(scoreBias + best + more + title)
	return math.Round(min(p, scoreMost)*1e4) / 1e4
}
