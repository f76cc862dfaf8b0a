package classify

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A Cue is one line of a codebook: a pattern of words that carries a claim.
type Cue struct {
	Source string // as written; it names the cue in tags, after its language
	Lang   string // ISO 639-1; decides how unquoted words are stemmed
	Level  Level
	Place  string // file:line:column, for messages

	elems   []element
	conds   []condition
	reports bool // "=reports": when attributed, the claim is reported even in a friendly outlet
}

// Name gives the cue as tags name it.
func (c *Cue) Name() string { return c.Lang + ": " + c.Source }

// A Level says what a cue is worth on its own.
type Level int

// The levels of cues.
const (
	Strong  Level = iota // earns a tag alone
	Weak                 // needs another weak cue near, or a context cue in its sentence
	Context              // earns nothing, but lends company to a weak cue
	Never                // its sentence carries no claim of this narrative
)

// levelKeys are the names of the levels in codebook files.
var levelKeys = []string{"strong", "weak", "context", "never"}

// String gives the level's name in a codebook file.
func (l Level) String() string { return levelKeys[l] }

// An element is a set of alternative phrases, each a sequence of words.
type element struct {
	phrases []phrase
	gap     int  // most tokens between the element before and this one
	free    bool // the gap may be before or after ("&N" instead of "~N")
}

type phrase []word

// A word is one token of a phrase.
type word struct {
	kind wordKind
	form string
}

type wordKind byte

const (
	stemmed wordKind = iota
	exact
	prefix // form*
	suffix // *form
	infix  // *form*
	anyWord
)

// A condition is context that must or must not stand near a match.
type condition struct {
	forbidden bool
	scope     int // tokens on either side; scopeSentence or scopeDocument
	element   element
}

const (
	scopeSentence = -1
	scopeDocument = -2
)

// The bounds of the cue syntax. A gap must stay below sentenceStep.
const (
	maxGap      = 40
	maxInnerGap = 4
	maxElements = 8
	maxPhrases  = 2000
)

// groups are named word families of one language: "@nato" stands for them.
type groups map[string][]phrase

// parseCue reads one cue. The error's column counts characters from 1.
func parseCue(source, lang string, level Level, families groups) (*Cue, error) {
	p := &cueParser{src: []rune(source), lang: lang, groups: families}
	c := &Cue{Source: source, Lang: lang, Level: level}
	if err := p.cue(c); err != nil {
		return nil, &cueError{column: p.at + 1, err: err}
	}
	return c, nil
}

// parsePhrases reads the alternatives of a word family, separated by "|".
func parsePhrases(source, lang string, families groups) ([]phrase, error) {
	p := &cueParser{src: []rune(source), lang: lang, groups: families}
	alts, err := p.alternatives(0)
	if err != nil {
		return nil, &cueError{column: p.at + 1, err: err}
	}
	return alts, nil
}

type cueError struct {
	column int
	err    error
}

func (e *cueError) Error() string { return e.err.Error() }

type cueParser struct {
	src    []rune
	at     int
	lang   string
	groups groups
}

func (p *cueParser) peek() rune {
	if p.at < len(p.src) {
		return p.src[p.at]
	}
	return 0
}

func (p *cueParser) space() {
	for unicode.IsSpace(p.peek()) {
		p.at++
	}
}

func (p *cueParser) cue(c *Cue) error {
	for {
		p.space()
		switch r := p.peek(); {
		case r == 0:
			return finish(c)
		case r == '=':
			if string(p.src[p.at:]) != "=reports" {
				return fmt.Errorf("want =reports at the end of the cue")
			}
			c.reports = true
			p.at = len(p.src)
		case r == '+' || r == '-':
			cond, err := p.condition()
			if err != nil {
				return err
			}
			c.conds = append(c.conds, cond)
		case len(c.conds) > 0:
			return fmt.Errorf("a condition (+ or -) comes after all words of the cue")
		default:
			e, err := p.element(len(c.elems) == 0)
			if err != nil {
				return err
			}
			c.elems = append(c.elems, e)
		}
	}
}

// finish joins neighbouring single phrases and checks the whole.
func finish(c *Cue) error {
	var out []element
	for _, e := range c.elems {
		if n := len(out); n > 0 && e.gap == 0 && !e.free && len(e.phrases) == 1 && len(out[n-1].phrases) == 1 {
			joined := append(slices.Clone(out[n-1].phrases[0]), e.phrases[0]...)
			out[n-1].phrases = []phrase{joined}
			continue
		}
		out = append(out, e)
	}
	c.elems = out
	switch {
	case len(out) == 0:
		return fmt.Errorf("the cue has no words")
	case len(out) > maxElements:
		return fmt.Errorf("the cue has %d parts, %d are allowed: write two cues", len(out), maxElements)
	}
	return nil
}

func (p *cueParser) element(first bool) (element, error) {
	var e element
	if r := p.peek(); r == '~' || r == '&' {
		if first {
			return e, fmt.Errorf("a cue cannot begin with a gap")
		}
		p.at++
		n, err := p.number()
		if err != nil {
			return e, err
		}
		e.gap, e.free = n, r == '&'
		p.space()
	}
	var err error
	e.phrases, err = p.unit()
	return e, err
}

func (p *cueParser) number() (int, error) {
	from := p.at
	for unicode.IsDigit(p.peek()) {
		p.at++
	}
	n, err := strconv.Atoi(string(p.src[from:p.at]))
	if err != nil || n > maxGap {
		return 0, fmt.Errorf("want a number of tokens from 0 to %d", maxGap)
	}
	return n, nil
}

func (p *cueParser) condition() (condition, error) {
	c := condition{forbidden: p.peek() == '-', scope: scopeSentence}
	p.at++
	switch {
	case p.peek() == 'd' && p.at+1 < len(p.src) && (p.src[p.at+1] == '{' || p.src[p.at+1] == '@'):
		c.scope = scopeDocument
		p.at++
	case unicode.IsDigit(p.peek()):
		n, err := p.number()
		if err != nil {
			return c, err
		}
		c.scope = n
	}
	if r := p.peek(); r != '{' && r != '@' {
		return c, fmt.Errorf("want { or @ after the sign of a condition")
	}
	var err error
	c.element.phrases, err = p.unit()
	return c, err
}

// unit reads a group {a|b}, a family @name or a word.
func (p *cueParser) unit() ([]phrase, error) {
	switch p.peek() {
	case '{':
		p.at++
		alts, err := p.alternatives('}')
		if err != nil {
			return nil, err
		}
		p.at++
		return alts, nil
	case '@':
		return p.family()
	}
	ph, err := p.phrase()
	if err != nil {
		return nil, err
	}
	return []phrase{ph}, nil
}

func (p *cueParser) family() ([]phrase, error) {
	from := p.at
	p.at++
	for r := p.peek(); r < utf8.RuneSelf && (unicode.IsLetter(r) || unicode.IsDigit(r) || r == '-') && r != 0; r = p.peek() {
		p.at++
	}
	name := string(p.src[from+1 : p.at])
	alts, ok := p.groups[name]
	if !ok {
		p.at = from
		return nil, fmt.Errorf("no word family @%s for language %s: define it in groups.yaml", name, p.lang)
	}
	return alts, nil
}

// alternatives reads phrases separated by "|" up to the closing rune, or to
// the end of the source if that is 0.
func (p *cueParser) alternatives(closing rune) ([]phrase, error) {
	var alts []phrase
	for {
		seq := []phrase{nil}
		for {
			p.space()
			r := p.peek()
			if r == '|' || r == closing || r == 0 {
				break
			}
			unit, err := p.step(len(seq[0]) == 0)
			if err != nil {
				return nil, err
			}
			seq = product(seq, unit)
			if len(seq) > maxPhrases {
				return nil, fmt.Errorf("the group stands for more than %d phrases: split it with ~0", maxPhrases)
			}
		}
		if len(seq[0]) == 0 {
			return nil, fmt.Errorf("an alternative is empty")
		}
		alts = append(alts, seq...)
		r := p.peek()
		if r == closing {
			return alts, nil
		}
		if r == 0 {
			return nil, fmt.Errorf("the group is not closed: want }")
		}
		p.at++
	}
}

// step reads the next piece of an alternative: a unit, or a gap "~N", which
// stands for up to N words, whatever they are.
func (p *cueParser) step(first bool) ([]phrase, error) {
	if p.peek() != '~' {
		return p.unit()
	}
	if first {
		return nil, fmt.Errorf("an alternative cannot begin with a gap")
	}
	p.at++
	n, err := p.number()
	if err != nil {
		return nil, err
	}
	if n > maxInnerGap {
		return nil, fmt.Errorf("a gap inside a group is at most %d", maxInnerGap)
	}
	gaps := []phrase{nil}
	for range n {
		gaps = append(gaps, append(slices.Clone(gaps[len(gaps)-1]), word{kind: anyWord}))
	}
	return gaps, nil
}

// product appends each of the units to each of the phrases.
func product(phrases, units []phrase) []phrase {
	out := make([]phrase, 0, len(phrases)*len(units))
	for _, a := range phrases {
		for _, b := range units {
			out = append(out, append(slices.Clone(a), b...))
		}
	}
	return out
}

// phrase reads one word as written; it may be several tokens ("neo-nazi*",
// "霸权"). A quoted one is taken exactly.
func (p *cueParser) phrase() (phrase, error) {
	from := p.at
	quoted := p.peek() == '"'
	if quoted {
		p.at++
		for p.peek() != '"' {
			if p.peek() == 0 {
				p.at = from
				return nil, fmt.Errorf("the quote is not closed")
			}
			p.at++
		}
		p.at++
		return p.words(string(p.src[from+1:p.at-1]), true, from)
	}
	for r := p.peek(); r != 0 && !unicode.IsSpace(r) && !strings.ContainsRune("{}|@~&+=\"", r); r = p.peek() {
		p.at++
	}
	if p.at == from {
		return nil, fmt.Errorf("unexpected %q", string(p.peek()))
	}
	return p.words(string(p.src[from:p.at]), false, from)
}

// words turns a piece of a cue into tokens with the scanner that cuts texts,
// so that both are normalised alike.
func (p *cueParser) words(piece string, quoted bool, from int) (phrase, error) {
	var out phrase
	var s scanner
	var bad error
	s.scan(piece, func(t token) {
		if t.han != 0 {
			out = append(out, word{exact, string(t.han)})
			return
		}
		form := string(t.word)
		before := t.start > 0 && piece[t.start-1] == '*'
		after := int(t.end) < len(piece) && piece[t.end] == '*'
		if (before || after) && utf8.RuneCountInString(form) < 2 {
			bad = fmt.Errorf("%q is too short for a wildcard", form)
		}
		switch {
		case quoted:
			out = append(out, word{exact, form})
		case before && after:
			out = append(out, word{infix, form})
		case before:
			out = append(out, word{suffix, form})
		case after:
			out = append(out, word{prefix, form})
		default:
			out = append(out, stemmedWord(form, p.lang))
		}
	})
	if bad == nil && len(out) == 0 {
		bad = fmt.Errorf("%q has no letters", piece)
	}
	if bad != nil {
		p.at = from
	}
	return out, bad
}

// stemmedWord is the word by its stem; by its form in a language without stemmer.
func stemmedWord(form, lang string) word {
	if lang == "en" || lang == "ru" || lang == "zh" {
		if stem, ok := stemOf(form); ok {
			return word{stemmed, stem}
		}
	}
	return word{exact, form}
}
