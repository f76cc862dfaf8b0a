package classify

import (
	"fmt"

	"go.yaml.in/yaml/v4"

	"chorus/corpus"
)

// A role is what a phrase of the stance lexicon does to the claim beside it.
type role string

// The roles, as keys of stance.yaml.
const (
	roleSay         role = "say"          // plain attribution: said, заявил, 表示
	roleDistance    role = "distance"     // attribution that keeps away: claimed, якобы, 声称
	roleAccuse      role = "accuse"       // attribution of a charge: accused, обвинил, 指责
	roleDebunk      role = "debunk"       // the claim that follows is false: "no evidence that"
	roleVerdict     role = "verdict"      // the claim before is false: "is a myth"
	roleRetort      role = "retort"       // a whole sentence that calls the one before it false
	roleDeny        role = "deny"         // somebody denies the claim that follows
	roleReject      role = "reject"       // somebody rejects it; a friendly outlet rejects what it opposes
	roleBalance     role = "balance"      // the other side is heard, or proof is missing
	roleMock        role = "mock"         // so-called
	roleFactCheck   role = "factcheck"    // the whole text examines claims
	roleNegation    role = "negation"     // not
	roleNotNegation role = "not-negation" // not only
)

var roles = []role{roleSay, roleDistance, roleAccuse, roleDebunk, roleVerdict, roleRetort, roleDeny, roleReject, roleBalance, roleMock, roleFactCheck, roleNegation, roleNotNegation}

// readStance reads the stance lexicon: role, language, one cue a line.
func readStance(name string, src []byte, families map[string]groups) (map[role][]*Cue, []error) {
	s := &source{name: name}
	out := map[role][]*Cue{}
	root := s.parse(src)
	if root == nil {
		return nil, s.errs
	}
	known := map[string]bool{}
	for _, r := range roles {
		known[string(r)] = true
	}
	s.pairs(root, func(key, table *yaml.Node) {
		if !known[key.Value] {
			s.failf(key, "unknown role %q: want one of %v", key.Value, roles)
			return
		}
		s.pairs(table, func(lang, value *yaml.Node) {
			for _, l := range s.block(value) {
				c, err := parseCue(l.text, lang.Value, Context, families[lang.Value])
				if err == nil && isWordRole(role(key.Value)) && (len(c.elems) != 1 || len(c.conds) > 0) {
					err = fmt.Errorf("a %s is a phrase without gaps and conditions", key.Value)
				}
				if err != nil {
					s.failAt(l, err)
					continue
				}
				out[role(key.Value)] = append(out[role(key.Value)], c)
			}
		})
	})
	return out, s.errs
}

// isWordRole is true of the roles that the matcher itself looks for.
func isWordRole(r role) bool { return r == roleNegation || r == roleNotNegation }

// A signal is a phrase of the stance lexicon found in a text.
type signal struct {
	role role
	hit  hit
}

// signals are what was found, by sentence.
type signals struct {
	bySentence map[int32][]signal
	factCheck  bool
}

// any reports whether a signal of the role in the sentence passes the test.
func (s *signals) any(sentence int32, r role, test func(hit) bool) bool {
	for _, sig := range s.bySentence[sentence] {
		if sig.role == r && (test == nil || test(sig.hit)) {
			return true
		}
	}
	return false
}

// stanceOf decides how the passage around a hit stands to its claim: by the
// words of its sentence, then by those of the sentences beside it.
func (s *signals) stanceOf(h hit, cue *Cue, denial bool, bloc corpus.Bloc) corpus.Stance {
	before := func(g hit) bool { return g.last < h.pos }
	after := func(g hit) bool { return g.pos > h.last }
	beside := func(g hit) bool { return before(g) || after(g) }
	justBefore := func(g hit) bool { return g.last < h.pos && g.last >= h.pos-3 }
	negated := h.negated && cue.Level == Strong
	shortlyBefore := func(g hit) bool { return g.last < h.pos && g.last >= h.pos-10 }
	own := bloc == corpus.BlocRU || bloc == corpus.BlocCN

	balanced := s.any(h.sentence, roleBalance, beside)
	rebutted := s.factCheck ||
		s.any(h.sentence, roleDebunk, before) ||
		!balanced && s.any(h.sentence, roleVerdict, after) ||
		s.any(h.sentence+1, roleRetort, nil)
	// A claim that is itself a denial is full of such words: they rebut it only
	// where nobody of its own side speaks.
	if rebutted && !(denial && own) {
		return corpus.StanceRebuts
	}
	if !denial && s.any(h.sentence, roleDeny, shortlyBefore) {
		return corpus.StanceRebuts
	}
	// "So-called" and "not" are how an outlet of the blocs makes its claims
	// ("the West will not give up"); elsewhere they take distance from them.
	if !denial && !own && (negated || s.any(h.sentence, roleReject, shortlyBefore) || s.any(h.sentence, roleMock, justBefore)) {
		return corpus.StanceRebuts
	}
	if balanced || s.any(h.sentence+1, roleBalance, nil) {
		return corpus.StanceReports
	}
	if s.any(h.sentence, roleDistance, beside) {
		return corpus.StanceReports
	}
	if !own && s.any(h.sentence, roleAccuse, beside) {
		return corpus.StanceReports
	}
	if (cue.reports || bloc == corpus.BlocControl) && s.any(h.sentence, roleSay, beside) {
		return corpus.StanceReports
	}
	return corpus.StanceAsserts
}
