package classify

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"

	"chorus/corpus"
)

// TrainOptions are what Train may be told. The zero value is what the built-in
// model was made with.
type TrainOptions struct {
	// Seen are labelled passages that the cues were revised on. They teach the
	// weights, but not how far to trust a cue: cues look better there than
	// they are.
	Seen []Example
	// Entries are the codebook; nil is the built-in one.
	Entries []Entry
}

// The constants of training.
const (
	cueSamples  = 4   // phrases made of each cue
	costOfError = 0.5 // C of the support vector machine
	mostBalance = 10  // most that an error on a positive costs more
	epochs      = 10
	folds       = 4
	rarityScale = 0.2 // keeps the vectors about as long as without rarity

	sureShare      = 0.9  // least share of right tags where a cue of the claim is in the passage
	sureAlone      = 0.93 // and where there is none
	leastThreshold = 0.5  // of the probability that earns a tag
	mostThreshold  = 0.99
	farMargin      = -1.2  // a passage with neither cue nor claim teaches the fusion nothing from here down
	passShare      = 0.995 // of the passages without a cue that earn a tag, how many the margin of any claim lets pass
)

// A TrainReport says what a model was trained on, and how it does on what
// was kept aside.
type TrainReport struct {
	Metrics   Metrics               `json:"metrics"`
	Threshold map[string][2]float64 `json:"threshold"` // least probability that earns a tag, by script: without a cue, and with one
	Aside     Report                `json:"aside"`     // on the passages kept aside
}

// String gives the report as text for people.
func (rep TrainReport) String() string {
	return fmt.Sprintf("trained on %d passages; probability that earns a tag without a cue and with one: Latin %.2f, Cyrillic %.2f, Chinese %.2f, Arabic %.2f\nkept aside: %s",
		rep.Metrics.Passages, rep.Threshold["latin"], rep.Threshold["cyrillic"], rep.Threshold["chinese"], rep.Threshold["arabic"], rep.Aside)
}

// Aside reports whether a passage is kept aside from training: every fifth,
// by a hash of its text.
func Aside(e Example) bool { return textHash(e.Text)%5 == 0 }

func textHash(text string) uint64 {
	sum := sha256.Sum256([]byte(text))
	return uint64(sum[0])<<24 | uint64(sum[1])<<16 | uint64(sum[2])<<8 | uint64(sum[3])
}

// Train fits a model to labelled passages, which the cues have not been
// revised on, and to the cues themselves. Every fifth passage is kept aside
// (see Aside) and only serves the report. Equal input gives an equal model.
//
// The weights are those of a linear support vector machine for each narrative
// (dual coordinate descent: Hsieh et al. 2008, "A Dual Coordinate Descent
// Method for Large-scale Linear SVM", squared hinge loss). The fusion is a
// logistic regression on margins that are computed out of fold.
func Train(examples []Example, o TrainOptions) (*Model, TrainReport, error) {
	tr, err := newTrainer(examples, o)
	if err != nil {
		return nil, TrainReport{}, err
	}
	var rows []fusionRow
	var stances []stanceRow
	for fold := range uint64(folds) {
		m := tr.weights(func(in *instance) bool { return in.text%folds != fold })
		mine := func(e Example) bool { return foldOf(e)%folds == fold }
		rows = append(rows, tr.rows(m, mine)...)
		stances = append(stances, tr.stanceRows(m, mine)...)
	}
	m := tr.weights(func(*instance) bool { return true })
	m.header.Fusion = fuse(rows, len(m.header.Columns))
	m.header.Stance.fit(stances)
	m.header.Training = tr.hash
	rep, err := tr.report(m)
	if err != nil {
		return nil, TrainReport{}, err
	}
	m.header.Metrics = rep.Metrics
	if _, err := m.seal(); err != nil {
		return nil, TrainReport{}, err
	}
	return m, rep, nil
}

// foldOf is independent of Aside.
func foldOf(e Example) uint64 { return textHash(e.Text) / 5 }

// A trainer holds what is trained on.
type trainer struct {
	entries   []Entry
	cues      *Classifier // without model
	examples  []Example   // blind ones, not kept aside
	aside     []Example
	instances []instance
	rarity    []float32 // by bucket
	hash      string
}

// An instance is a vector to learn from.
type instance struct {
	features  []feature
	positive  []bool        // by entry
	stance    corpus.Stance // of its claims; empty if there are none, or of several
	text      uint64        // of the passage it is from; what is of one passage is in one fold
	weight    float64
	permanent bool // in every fold
}

func newTrainer(examples []Example, o TrainOptions) (*trainer, error) {
	tr := &trainer{entries: o.Entries}
	if tr.entries == nil {
		var err error
		if tr.entries, err = Builtin(); err != nil {
			return nil, err
		}
	}
	if len(tr.entries) > maxColumns {
		return nil, fmt.Errorf("train: %d narratives, at most %d can be learned", len(tr.entries), maxColumns)
	}
	var err error
	if tr.cues, err = NewWith(tr.entries, nil); err != nil {
		return nil, err
	}
	if err := errors.Join(tr.known(examples), tr.known(o.Seen)); err != nil {
		return nil, err
	}
	for _, e := range examples {
		if Aside(e) {
			tr.aside = append(tr.aside, e)
		} else {
			tr.examples = append(tr.examples, e)
		}
	}
	if len(tr.examples) == 0 {
		return nil, fmt.Errorf("train: no labelled passages")
	}
	sum := sha256.New()
	for _, e := range slices.Concat(tr.examples, o.Seen) {
		if err := json.NewEncoder(sum).Encode(e); err != nil {
			return nil, fmt.Errorf("train: %w", err)
		}
		tr.addPassages(e)
	}
	io.WriteString(sum, tr.cues.version)
	tr.weighRarity()
	tr.addCues()
	tr.hash = hex.EncodeToString(sum.Sum(nil))[:16]
	return tr, nil
}

func (tr *trainer) known(examples []Example) error {
	var faults []error
	for _, e := range examples {
		for _, t := range e.Tags {
			if tr.entryOf(t.Narrative) < 0 {
				faults = append(faults, fmt.Errorf("train: passage %s: no narrative %q in the codebook", e.ID, t.Narrative))
			}
		}
	}
	return errors.Join(faults...)
}

func (tr *trainer) entryOf(id string) int {
	return slices.IndexFunc(tr.entries, func(e Entry) bool { return e.Narrative.ID == id })
}

// A vector is a tally that keeps the features.
type vector map[uint32]float32

func (v vector) word(form []byte) uint64 {
	features, stem := wordFeatures(string(form), nil)
	for _, f := range features {
		v.add(f)
	}
	return stem
}

func (v vector) add(f feature) { v[f.bucket] += f.value }

// instanceOf makes an instance of a vector. The biases are features too.
func instanceOf(v vector, n size) instance {
	in := instance{weight: 1}
	for bucket, value := range v {
		in.features = append(in.features, feature{bucket, value / n.norm()})
	}
	slices.SortFunc(in.features, func(a, b feature) int { return cmp.Compare(a.bucket, b.bucket) })
	in.features = append(in.features, feature{buckets, 1}, feature{buckets + 1 + uint32(n.script()), 1})
	return in
}

// addPassages makes instances of the passages of an example. One that the
// labelled claim does not touch is an instance without claim.
func (tr *trainer) addPassages(e Example) {
	r := new(reading)
	tr.cues.program.read(e.Text, r)
	elements := tr.cues.program.elementsBySentence(r)
	var scan scanner
	seen := map[window]bool{}
	first := len(tr.instances)
	for s := range r.sentences {
		w := r.windowAround(e.Text, int32(s))
		if seen[w] {
			continue
		}
		seen[w] = true
		v, n := vector{}, size{}
		for i := w.first; i <= w.last; i++ {
			n.add(tallySentence(&scan, e.Text[r.sentences[i].start:r.sentences[i].end], elements[i], v))
		}
		in := instanceOf(v, n)
		in.text, in.positive = foldOf(e), make([]bool, len(tr.entries))
		var stances []corpus.Stance
		for _, t := range e.Tags {
			if t.Start < int(r.sentences[w.last].end) && int(r.sentences[w.first].start) < t.End {
				in.positive[tr.entryOf(t.Narrative)] = true
				stances = append(stances, t.Stance)
			}
		}
		if stances = slices.Compact(stances); len(stances) == 1 {
			in.stance = stances[0]
		}
		tr.instances = append(tr.instances, in)
	}
	for i := first; i < len(tr.instances); i++ {
		tr.instances[i].weight = 1 / float64(len(tr.instances)-first)
	}
}

// weighRarity multiplies each feature by how rare it is among the passages:
// ln((1+n)/(1+d)) + 1 where d of n passages have it (as scikit-learn's TF-IDF
// does). Common words then cost the weights little room. The product goes into
// the weights afterwards, so that a text is read without it.
func (tr *trainer) weighRarity() {
	in := make([]int32, buckets)
	for i := range tr.instances {
		for _, f := range tr.instances[i].features {
			if f.bucket < buckets {
				in[f.bucket]++
			}
		}
	}
	tr.rarity = make([]float32, buckets)
	for b, d := range in {
		tr.rarity[b] = rarityScale * float32(math.Log(float64(1+len(tr.instances))/float64(1+d))+1)
	}
	for i := range tr.instances {
		tr.weigh(tr.instances[i].features)
	}
}

// weigh multiplies features, not the biases, by their rarity.
func (tr *trainer) weigh(features []feature) {
	for i, f := range features {
		if f.bucket < buckets {
			features[i].value *= tr.rarity[f.bucket]
		}
	}
}

// addCues makes instances of the cues: phrases of one alternative for each
// element, as people who know the field would put the claim. They teach the
// words of the claims that no labelled passage happens to use.
func (tr *trainer) addCues() {
	rng := rand.New(rand.NewPCG(25, 3))
	var scan scanner
	for k, e := range tr.entries {
		for i := range e.Cues {
			if c := &e.Cues[i]; c.Level == Strong || c.Level == Weak {
				for range cueSamples {
					text, elements := sampleCue(c, rng)
					v := vector{}
					in := instanceOf(v, tallySentence(&scan, text, elements, v))
					tr.weigh(in.features)
					in.positive, in.permanent = make([]bool, len(tr.entries)), true
					in.positive[k] = true
					tr.instances = append(tr.instances, in)
				}
			}
		}
	}
}

// sampleCue gives a phrase that a cue stands for, and the elements in it. Of
// the conditions that ask for a word every second is met.
func sampleCue(c *Cue, rng *rand.Rand) (text string, elements []uint32) {
	var forms []string
	put := func(e element) {
		for _, w := range e.phrases[rng.IntN(len(e.phrases))] {
			if w.kind != anyWord {
				forms = append(forms, w.form)
			}
		}
		elements = append(elements, elementBucket(elementKey(e)))
	}
	for _, e := range c.elems {
		put(e)
	}
	for _, cond := range c.conds {
		if !cond.forbidden && rng.IntN(2) == 0 {
			put(cond.element)
		}
	}
	slices.Sort(elements)
	between := " "
	if c.Lang == "zh" {
		between = ""
	}
	return strings.Join(forms, between), slices.Compact(elements)
}

// weights trains the linear part on the instances that use accepts.
func (tr *trainer) weights(use func(*instance) bool) *Model {
	var chosen []*instance
	for i := range tr.instances {
		if in := &tr.instances[i]; in.permanent || use(in) {
			chosen = append(chosen, in)
		}
	}
	m := newModel()
	n := len(tr.entries)
	m.header = header{Version: modelVersion, Bits: featureBits, Columns: make([]column, n), Fusion: fusion{Offsets: make([][scripts + 1]float64, n)}}
	m.header.Stance.Columns = make([]column, learnedStances)
	m.weights = make([]int8, buckets*m.width())
	var tagged []*instance
	for _, in := range chosen {
		if in.stance != "" {
			tagged = append(tagged, in)
		}
	}
	for k, st := range []corpus.Stance{corpus.StanceReports, corpus.StanceRebuts} {
		w := separate(tagged, n+k, func(in *instance) bool { return in.stance == st })
		m.setColumn(n+k, corpus.Narrative{ID: string(st)}, tr.unweigh(w))
	}
	m.setColumn(m.width()-1, corpus.Narrative{ID: "any"}, tr.unweigh(separate(chosen, m.width()-1, func(in *instance) bool { return slices.Contains(in.positive, true) })))
	var wg sync.WaitGroup
	limit := make(chan struct{}, runtime.GOMAXPROCS(0))
	for k, e := range tr.entries {
		wg.Go(func() {
			limit <- struct{}{}
			m.setColumn(k, e.Narrative, tr.unweigh(separate(chosen, k, func(in *instance) bool { return in.positive[k] })))
			<-limit
		})
	}
	wg.Wait()
	m.findLive()
	return m
}

// separate finds the weights that tell the positives of a column from the rest.
func separate(instances []*instance, column int, positive func(*instance) bool) []float32 {
	positives := 0
	squares := make([]float64, len(instances))
	for i, in := range instances {
		if positive(in) {
			positives++
		}
		for _, f := range in.features {
			squares[i] += float64(f.value) * float64(f.value)
		}
	}
	balance := min(float64(len(instances)-positives)/float64(positives+1), mostBalance)
	w := make([]float32, buckets+1+int(scripts))
	alpha := make([]float64, len(instances))
	order := make([]int, len(instances))
	for i := range order {
		order[i] = i
	}
	rng := rand.New(rand.NewPCG(1, uint64(column)))
	for range epochs {
		rng.Shuffle(len(order), func(a, b int) { order[a], order[b] = order[b], order[a] })
		for _, i := range order {
			in := instances[i]
			y, c := -1.0, costOfError*in.weight
			if positive(in) {
				y, c = 1, c*balance
			}
			var dot float32
			for _, f := range in.features {
				dot += w[f.bucket] * f.value
			}
			gradient := y*float64(dot) - 1 + alpha[i]/(2*c)
			next := max(alpha[i]-gradient/(squares[i]+1/(2*c)), 0)
			step := float32((next - alpha[i]) * y)
			if step == 0 {
				continue
			}
			alpha[i] = next
			for _, f := range in.features {
				w[f.bucket] += step * f.value
			}
		}
	}
	return w
}

// unweigh turns weights of weighed features into weights of plain ones.
func (tr *trainer) unweigh(w []float32) []float32 {
	for b, r := range tr.rarity {
		w[b] *= r
	}
	return w
}

// setColumn rounds the weights of a narrative to a byte each.
func (m *Model) setColumn(k int, n corpus.Narrative, w []float32) {
	var most float32
	for _, v := range w[:buckets] {
		most = max(most, v, -v)
	}
	col := column{ID: n.ID, Claim: claimHash(n), Scale: most / math.MaxInt8}
	for s := range scripts {
		col.Bias[s] = w[buckets] + w[buckets+1+int(s)]
	}
	if most > 0 {
		for b, v := range w[:buckets] {
			m.weights[b*m.width()+k] = int8(math.Round(float64(v / col.Scale)))
		}
	}
	*m.column(k) = col
}

// A fusionRow is the evidence for one narrative in one labelled passage.
type fusionRow struct {
	column int
	script script
	cued   bool
	fold   uint64
	x      *[inputs]float64
	right  bool
}

// rows gathers the evidence that a model finds in the examples: for each
// example and narrative, that of its best passage.
func (tr *trainer) rows(m *Model, use func(Example) bool) []fusionRow {
	c := tr.cues.with(m)
	var out []fusionRow
	r := new(reading)
	for _, e := range tr.examples {
		if !use(e) {
			continue
		}
		c.program.read(e.Text, r)
		found, _ := c.evidence(e.Text, r, c.hitsByEntry(r.hits), true)
		for k, all := range found {
			best := -1
			for i := range all {
				if best < 0 || all[i].carried && !all[best].carried || all[i].carried == all[best].carried && all[i].margin > all[best].margin {
					best = i
				}
			}
			if best < 0 {
				continue
			}
			if ev := &all[best]; ev.believable() {
				right := slices.ContainsFunc(e.Tags, func(t GoldTag) bool { return tr.entryOf(t.Narrative) == k })
				if right || ev.cued() || ev.margin > farMargin {
					out = append(out, fusionRow{column: k, script: ev.script, cued: ev.cued(), fold: foldOf(e) / folds % 5, x: ev.inputs(), right: right})
				}
			}
		}
	}
	return out
}

// A guess is what a fusion makes of a row that it was not fitted to.
type guess struct {
	p float64
	r fusionRow
}

// leastSure is the lowest probability from which on the share of right guesses
// is enough. It sorts the guesses.
func leastSure(guesses []guess, share float64) float64 {
	slices.SortFunc(guesses, func(a, b guess) int { return cmp.Compare(b.p, a.p) })
	least, right := mostThreshold, 0.0
	for i, g := range guesses {
		if g.p < leastThreshold {
			break
		}
		right += truth(g.r.right)
		if right >= share*float64(i+1) {
			least = math.Round(g.p*1e3) / 1e3
		}
	}
	return least
}

// fuse fits the fusion to evidence, and chooses the thresholds by folds: the
// lowest from which on the share of right tags is enough.
func fuse(rows []fusionRow, columns int) fusion {
	f := fitFusion(rows, columns, func(fusionRow) bool { return true })
	var guesses [scripts][2][]guess
	for fold := range uint64(5) {
		part := fitFusion(rows, columns, func(r fusionRow) bool { return r.fold != fold })
		for _, r := range rows {
			if r.fold == fold {
				of := &guesses[r.script][int(truth(r.cued))]
				*of = append(*of, guess{part.probability(r.column, r.x, r.script), r})
			}
		}
	}
	var passed []float64 // margins of any claim
	for s := range scripts {
		for cued, share := range []float64{sureAlone, sureShare} {
			f.Threshold[s][cued] = leastSure(guesses[s][cued], share)
		}
		for _, g := range guesses[s][0] {
			if g.p >= f.Threshold[s][0] {
				passed = append(passed, g.r.x[inputs-1])
			}
		}
	}
	if len(passed) > 0 {
		slices.Sort(passed)
		f.Least = passed[int(float64(len(passed))*(1-passShare))]
	}
	return f
}

// The strengths of the ridge that holds the coefficients of the fusion back:
// weak on those that all narratives share, strong on the offset of each.
const (
	ridgeShared = 0.1
	ridgeOffset = 4
)

// fitFusion fits the fusion to the rows that use accepts.
func fitFusion(rows []fusionRow, columns int, use func(fusionRow) bool) fusion {
	const each = int(scripts) + 1 // offsets of a column
	ridge := func(i int) float64 {
		if i < inputs {
			return ridgeShared
		}
		return ridgeOffset
	}
	x := make([]float64, inputs+columns*each)
	w := regress(len(x), ridge, func(add func([]float64, bool)) {
		for _, r := range rows {
			if !use(r) {
				continue
			}
			clear(x)
			copy(x, r.x[:])
			x[inputs+r.column*each+int(r.script)], x[inputs+r.column*each+int(scripts)] = 1, 1
			add(x, r.right)
		}
	})
	f := fusion{Offsets: make([][each]float64, columns)}
	copy(f.Shared[:], w)
	for k := range f.Offsets {
		copy(f.Offsets[k][:], w[inputs+k*each:])
	}
	return f
}

// report measures a model on what was kept aside.
func (tr *trainer) report(m *Model) (TrainReport, error) {
	if _, err := m.seal(); err != nil {
		return TrainReport{}, err
	}
	c := tr.cues.with(m)
	rep := TrainReport{Threshold: map[string][2]float64{}, Aside: Evaluate(tr.aside, c)}
	for s, name := range []string{"latin", "cyrillic", "chinese", "arabic"} {
		rep.Threshold[name] = m.header.Fusion.Threshold[s]
	}
	rep.Metrics = Metrics{Passages: len(tr.examples), Aside: len(tr.aside),
		Precision: rep.Aside.Micro.Claim.Precision(), Recall: rep.Aside.Micro.Claim.Recall(), CalibrationError: rep.Aside.CalibrationError}
	return rep, nil
}
