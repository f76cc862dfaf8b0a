// Package classify tags texts with narratives: claims about the world that the
// project's codebook lists (see codebook/README.md).
//
// The codebook is a folder of YAML files, one a narrative, with cues in each
// language. A cue is a pattern of words:
//
//	nato expansion                words in a row, each by its stem
//	"NATO" expan*                 exactly this word; a word that begins so
//	{expan*|enlarg*|move east}    one of these
//	@nato                         a family of words, see groups.yaml
//	@nato ~6 {provok*|threat*}    at most 6 words between, in this order
//	@nato &6 {provok*|threat*}    in either order
//	... +{moscow|russia}          this must stand in the same sentence
//	... +5{russia}  +d{russia}    within 5 words of it; anywhere in the text
//	... -{exercise}               this must not stand in the same sentence
//	... =reports                  when attributed, the claim is only reported
//
// A Han character is a word of its own, so that Chinese cues need no
// segmenter: 美国~4霸权. No cue matches across the end of a sentence or a line.
//
// A strong cue carries a tag alone; a weak one needs another weak cue in its
// sentence or a neighbouring one, or a context cue in its sentence. A model
// (see Model) then reads the passage: from its words, from the kin of the cues
// and the concepts in it and from what hit, it makes the probability that the
// tag is right, which is the score. What it does not believe is dropped, and
// what it believes is tagged though a weak cue has no company; without any cue
// of the claim it has to be surer.
//
// The stance of the passage is read from attribution, denial, negation and
// verdicts around the cue that carries it; in the control group, and where no
// cue carries it, from these signs and the words of the passage together.
package classify

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"sync"

	"chorus/corpus"
)

// An Input is what the classifier reads of a document.
type Input struct {
	Title string
	Text  string      // any bytes; spans of tags are offsets into it
	Lang  string      // ISO 639-1, or empty; not used by the cues, which know their words
	Bloc  corpus.Bloc // side of the outlet, or empty; only the stance depends on it
}

// A Classifier tags texts. It is safe for use from several goroutines. A nil
// Classifier finds nothing.
type Classifier struct {
	entries  []Entry
	program  program
	rules    []rule // by cue number
	cues     string // version of the cues
	version  string
	model    *Model // or nil
	columns  []int  // by entry: its column in the model, or -1
	readings *sync.Pool
}

// A rule says what a cue of the program is: a cue of an entry, or a signal.
type rule struct {
	entry int // -1: a signal of the stance lexicon
	cue   *Cue
	role  role
}

// Default gives the classifier of the built-in codebook. It is made once.
func Default() (*Classifier, error) { return defaultClassifier() }

var defaultClassifier = sync.OnceValues(func() (*Classifier, error) {
	entries, err := Builtin()
	if err != nil {
		return nil, err
	}
	return New(entries)
})

// Builtin gives the entries of the built-in codebook, for Merge.
func Builtin() ([]Entry, error) {
	sub, err := fs.Sub(codebookFiles, "codebook")
	if err != nil {
		return nil, fmt.Errorf("built-in codebook: %w", err)
	}
	return Load(sub)
}

// New compiles a codebook and gives its classifier with the built-in model.
// The entries must have distinct ids.
func New(entries []Entry) (*Classifier, error) {
	m, err := DefaultModel()
	if err != nil {
		return nil, err
	}
	return NewWith(entries, m)
}

// NewWith compiles a codebook and gives its classifier with a model, or with
// cues alone if that is nil. A narrative that the model was not trained for,
// or that has another definition now, is tagged by its cues alone.
func NewWith(entries []Entry, m *Model) (*Classifier, error) {
	c := &Classifier{entries: slices.Clone(entries)}
	c.program = program{automaton: newAutomaton(), role: map[role]int32{}}
	seen := map[string]bool{}
	sum := sha256.New()
	for i, e := range c.entries {
		if e.Narrative.ID == "" || seen[e.Narrative.ID] {
			return nil, fmt.Errorf("compile codebook: entry %d: id %q is empty or given twice", i, e.Narrative.ID)
		}
		seen[e.Narrative.ID] = true
		fmt.Fprintf(sum, "%q %v\n", e.Narrative.ID, e.Denial)
		for k := range e.Cues {
			c.add(rule{entry: i, cue: &e.Cues[k]})
			fmt.Fprintf(sum, "%s %s %q %v\n", e.Cues[k].Lang, e.Cues[k].Level, e.Cues[k].Source, e.Cues[k].elems)
		}
	}
	if err := c.addStance(); err != nil {
		return nil, err
	}
	if err := c.addConcepts(); err != nil {
		return nil, err
	}
	for _, name := range slices.Concat([]string{stanceFile, groupsFile}, conceptFiles) {
		src, _ := codebookFiles.ReadFile("codebook/" + name)
		sum.Write(src)
	}
	c.program.seal()
	c.cues = hex.EncodeToString(sum.Sum(nil))[:8]
	c.readings = &sync.Pool{New: func() any { return new(reading) }}
	return c.with(m), nil
}

// with gives the classifier of the same codebook with another model.
func (c *Classifier) with(m *Model) *Classifier {
	out := *c
	out.model, out.version, out.columns = m, "cues-1+"+c.cues, make([]int, len(c.entries))
	for i, e := range c.entries {
		out.columns[i] = -1
		if m != nil {
			out.columns[i] = m.columnOf(e.Narrative)
		}
	}
	if m != nil {
		out.version = "model-1+" + c.cues + m.Version()
	}
	return &out
}

func (c *Classifier) add(r rule) {
	c.program.add(r.cue)
	c.rules = append(c.rules, r)
}

// addStance compiles the built-in stance lexicon.
func (c *Classifier) addStance() error {
	src, err := codebookFiles.ReadFile("codebook/" + stanceFile)
	if err != nil {
		return fmt.Errorf("stance lexicon: %w", err)
	}
	families, err := builtinGroups()
	if err != nil {
		return err
	}
	cues, errs := readStance(stanceFile, src, families)
	if len(errs) > 0 {
		return fmt.Errorf("stance lexicon: %w", errors.Join(errs...))
	}
	for _, r := range roles {
		var word element
		for _, cue := range cues[r] {
			if isWordRole(r) {
				word.phrases = append(word.phrases, cue.elems[0].phrases...)
				continue
			}
			c.add(rule{entry: -1, cue: cue, role: r})
		}
		if isWordRole(r) {
			c.program.role[r] = c.program.automaton.add(word)
		}
	}
	return nil
}

// Narratives lists the codebook in its order. The slice is the caller's.
func (c *Classifier) Narratives() []corpus.Narrative {
	if c == nil {
		return nil
	}
	out := make([]corpus.Narrative, len(c.entries))
	for i, e := range c.entries {
		out[i] = e.Narrative
	}
	return out
}

// Version names the classifier: "model-1+" and sixteen hex digits, of which the
// first eight change with any cue and the last eight with the model; without a
// model "cues-1+" and eight.
func (c *Classifier) Version() string {
	if c == nil {
		return ""
	}
	return c.version
}

// Tags gives the narratives that a text carries, in codebook order, at most
// one tag for each narrative and stance. A claim that only the title makes
// gives a tag without spans. Tags with a score under DefaultThreshold are
// left out.
func (c *Classifier) Tags(in Input) []corpus.Tag {
	if c == nil {
		return nil
	}
	claims := c.claims(in.Text, in.Bloc, false)
	if in.Title != "" {
		claims = append(claims, c.claims(in.Title, in.Bloc, true)...)
	}
	if len(claims) == 0 {
		return nil
	}
	return c.collect(claims)
}

// A claim is a passage that carries a narrative.
type claim struct {
	entry  int
	stance corpus.Stance
	span   corpus.Span
	title  bool
	weight float64  // of the cue; where there is no model the score is made of it
	score  float64  // by the model
	cues   []int32  // that hit
	words  []string // that the cues matched, or the heaviest, if no cue did
}

// claims finds the passages of one text.
func (c *Classifier) claims(text string, bloc corpus.Bloc, title bool) []claim {
	r := c.readings.Get().(*reading)
	defer c.readings.Put(r)
	c.program.read(text, r)
	if len(r.hits) == 0 && c.model == nil {
		return nil
	}
	sig := c.signals(r.hits)
	var out []claim
	byEntry := c.hitsByEntry(r.hits)
	learned, judge := c.evidence(text, r, byEntry, false)
	for e, hits := range byEntry {
		if len(hits) == 0 && len(learned[e]) == 0 {
			continue
		}
		first := len(out)
		beliefs := c.beliefs(learned[e])
		spoken := map[int32]bool{} // sentences with a claim that a cue found
		for _, h := range c.carriers(hits) {
			b := beliefs[h.sentence]
			if c.columns[e] >= 0 && !b.earned {
				continue
			}
			spoken[h.sentence] = true
			out = append(out, c.claimOf(text, r, h, sig, bloc, judge, b.probability))
		}
		out = append(out, c.learnedClaims(text, r, e, hits, learned[e], beliefs, spoken, sig, bloc, judge)...)
		slices.SortStableFunc(out[first:], func(a, b claim) int { return a.span.Start - b.span.Start })
		agree(out[first:])
	}
	for i := range out {
		out[i].title = title
	}
	return out
}

// learnedClaims are those of passages that the model believes though their cue
// does not carry them. A passage is known by the sentence that speaks most for
// it.
func (c *Classifier) learnedClaims(text string, r *reading, e int, hits []hit, found []evidence, beliefs map[int32]belief, spoken map[int32]bool, sig *signals, bloc corpus.Bloc, j *judge) []claim {
	var out []claim
	for i := range found {
		ev := &found[i]
		if ev.carried || !c.earned(ev) {
			continue
		}
		s := j.heaviest(ev.window, c.columns[e])
		if spoken[s] {
			continue
		}
		spoken[s] = true
		sentence := r.sentences[s]
		cl := claim{
			entry:  e,
			stance: c.stanceOf(nil, ev.window, sig, bloc, j),
			span:   trimSpan(text, corpus.Span{Start: int(sentence.start), End: int(sentence.end)}),
			score:  beliefs[s].probability,
		}
		// A weak cue in the sentence says more than its words alone.
		for _, h := range (window{s, s}).of(hits) {
			if l := c.rules[h.cue].cue.Level; l == Weak || l == Context {
				cl.cues = append(cl.cues, h.cue)
				cl.words = append(cl.words, text[h.start:h.end])
			}
		}
		if len(cl.words) == 0 {
			cl.words = c.heaviest(text[sentence.start:sentence.end], e)
		}
		out = append(out, cl)
	}
	return out
}

// hitsByEntry sorts out the hits of the narratives' cues.
func (c *Classifier) hitsByEntry(hits []hit) [][]hit {
	out := make([][]hit, len(c.entries))
	for _, h := range hits {
		if e := c.rules[h.cue].entry; e >= 0 {
			out[e] = append(out[e], h)
		}
	}
	return out
}

func (c *Classifier) claimOf(text string, r *reading, h hit, sig *signals, bloc corpus.Bloc, j *judge, score float64) claim {
	rule := c.rules[h.cue]
	w := window{h.sentence, h.sentence}
	if j != nil {
		w = j.windows[h.sentence]
	}
	stance := c.stanceOf(&h, w, sig, bloc, j)
	return claim{
		entry:  rule.entry,
		stance: stance,
		span:   clause(text, int(h.start), int(h.end), r.sentences[h.sentence]),
		weight: weightOf(rule.cue.Level),
		score:  score,
		cues:   []int32{h.cue},
		words:  []string{text[h.start:h.end]},
	}
}

// stanceOf decides the stance of a passage: by the rules around the cue that
// carries it, if one does, and by what the model knows of stance.
func (c *Classifier) stanceOf(h *hit, w window, sig *signals, bloc corpus.Bloc, j *judge) corpus.Stance {
	ruled := corpus.Stance("")
	if h != nil {
		rule := c.rules[h.cue]
		ruled = sig.stanceOf(*h, rule.cue, c.entries[rule.entry].Denial, bloc)
		// The rules decide alone where the cue itself says that the claim is only
		// reported, where words of rebuttal are seen, and outside of the control
		// group: to quote without distance is to assert there.
		if j == nil || c.columns[rule.entry] < 0 || bloc != corpus.BlocControl || rule.cue.reports && ruled == corpus.StanceReports || ruled == corpus.StanceRebuts {
			return ruled
		}
	}
	if !c.model.header.Stance.knows() { // it was trained without claims
		return cmp.Or(ruled, corpus.StanceAsserts)
	}
	return c.model.header.Stance.stance(j.stanceInputs(w, sig, bloc, ruled))
}

// agree gives overlapping passages of one narrative one stance: that which
// keeps furthest from the claim, since a word that distances one cue distances
// the words they share.
func agree(claims []claim) {
	distance := []corpus.Stance{corpus.StanceAsserts, corpus.StanceReports, corpus.StanceRebuts}
	for i := 0; i < len(claims); {
		end, k := claims[i].span.End, i
		stance := 0
		for ; k < len(claims) && claims[k].span.Start < max(end, 1); k++ {
			end = max(end, claims[k].span.End)
			stance = max(stance, slices.Index(distance, claims[k].stance))
		}
		if k == i {
			k++
		}
		for ; i < k; i++ {
			claims[i].stance = distance[stance]
		}
	}
}

// signals sorts out the hits of the stance lexicon.
func (c *Classifier) signals(hits []hit) *signals {
	s := &signals{bySentence: map[int32][]signal{}}
	for _, h := range hits {
		rule := c.rules[h.cue]
		if rule.entry >= 0 {
			continue
		}
		if rule.role == roleFactCheck {
			s.factCheck = true
		}
		s.bySentence[h.sentence] = append(s.bySentence[h.sentence], signal{rule.role, h})
	}
	return s
}

// carriers keeps the hits of one narrative that earn a tag: strong ones, and
// weak ones in company.
func (c *Classifier) carriers(hits []hit) []hit {
	never := map[int32]bool{}
	for _, h := range hits {
		if c.rules[h.cue].cue.Level == Never {
			never[h.sentence] = true
		}
	}
	var out []hit
	for i, h := range hits {
		if never[h.sentence] {
			continue
		}
		switch c.rules[h.cue].cue.Level {
		case Strong:
			out = append(out, h)
		case Weak:
			if c.company(hits, i) {
				out = append(out, h)
			}
		}
	}
	return out
}

// company reports whether a weak hit has another cue of its narrative near:
// in its own sentence any, in the next or the one before a strong or weak one.
func (c *Classifier) company(hits []hit, i int) bool {
	h := hits[i]
	near := func(g hit) bool {
		if g.cue == h.cue || g.start < h.end && h.start < g.end {
			return false
		}
		switch c.rules[g.cue].cue.Level {
		case Context:
			return g.sentence == h.sentence
		case Strong, Weak:
			return true
		}
		return false
	}
	for k := i - 1; k >= 0 && hits[k].sentence >= h.sentence-1; k-- {
		if near(hits[k]) {
			return true
		}
	}
	for k := i + 1; k < len(hits) && hits[k].sentence <= h.sentence+1; k++ {
		if near(hits[k]) {
			return true
		}
	}
	return false
}

// collect makes tags of claims: one for each narrative and stance.
func (c *Classifier) collect(claims []claim) []corpus.Tag {
	var tags []corpus.Tag
	for e := range c.entries {
		for _, st := range corpus.Stances() {
			var mine []claim
			for _, cl := range claims {
				if cl.entry == e && cl.stance == st {
					mine = append(mine, cl)
				}
			}
			if len(mine) == 0 {
				continue
			}
			score := c.scoreOf(e, mine)
			if c.columns[e] < 0 && score < DefaultThreshold {
				continue // what the model knows has earned its tag already
			}
			tags = append(tags, c.tag(e, st, score, mine))
		}
	}
	return tags
}

// mostSaid bounds the words of a tag.
const mostSaid = 12

func (c *Classifier) tag(entry int, st corpus.Stance, score float64, claims []claim) corpus.Tag {
	t := corpus.Tag{Narrative: c.entries[entry].Narrative.ID, Stance: st, Score: score, Version: c.version, Spans: []corpus.Span{}, Cues: []string{}}
	for _, cl := range claims {
		if !cl.title {
			t.Spans = append(t.Spans, cl.span)
		}
		for _, cue := range cl.cues {
			if name := c.rules[cue].cue.Name(); !slices.Contains(t.Cues, name) {
				t.Cues = append(t.Cues, name)
			}
		}
		for _, w := range cl.words {
			if !slices.Contains(t.Words, w) && len(t.Words) < mostSaid {
				t.Words = append(t.Words, w)
			}
		}
	}
	t.Spans = mergeSpans(t.Spans)
	slices.Sort(t.Cues)
	return t
}
