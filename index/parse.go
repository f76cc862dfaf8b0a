package index

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Limits of a query.
const (
	MaxBytes = 4096 // length
	MaxDepth = 32   // parentheses and negations inside each other
	MaxTerms = 256  // words, phrases and values
)

// A SyntaxError says what is wrong with a query, and where.
type SyntaxError struct {
	Input   string
	Column  int    // of the first character of the trouble, from 1, in characters
	Problem string // one line
	Hint    string // what may have been meant; often empty
}

// Error gives column, problem and hint.
func (e *SyntaxError) Error() string {
	s := fmt.Sprintf("column %d: %s", e.Column, e.Problem)
	if e.Hint != "" {
		s += ": " + e.Hint
	}
	return s
}

// Parse reads a query:
//
//	nato expansion             both words, in any of their forms
//	"nato expansion"           the words together, in this order
//	nato OR brics              either; AND binds closer than OR
//	nato -summit               without; also NOT summit
//	(nato OR aukus) asia       parentheses
//	enlarg*                    words that begin so; three letters at least, or one Han character
//	outlet:tass                a field: see Fields
//	bloc:RU,CN                 any of the values; also outlet:(tass OR ria)
//	title:sanctions            a word of the title; author:"Ivan Petrov"
//	after:2024-03 before:7d    published from March 2024 on, and before a week ago
//	is:edited is:deleted       changed versions; pages that are gone
//	is:old                     superseded versions, too
//	*                          everything
//
// AND, OR and NOT are written in capitals. The empty string is everything. Any
// error is a *SyntaxError.
func Parse(s string) (Query, error) {
	q, problem := parse(s)
	if problem != nil {
		problem.Input = s
		return nil, problem
	}
	return q, nil
}

func parse(s string) (Query, *SyntaxError) {
	if len(s) > MaxBytes {
		return nil, &SyntaxError{Column: utf8.RuneCountInString(s[:MaxBytes]), Problem: fmt.Sprintf("the query is longer than %d bytes", MaxBytes)}
	}
	if clean := strings.ToValidUTF8(s, "\x00"); clean != s {
		column := utf8.RuneCountInString(clean[:strings.IndexByte(clean, 0)]) + 1
		return nil, &SyntaxError{Column: column, Problem: "this is not UTF-8"}
	}
	p := &parser{lexer: lexer{input: []rune(s)}}
	if err := p.advance(); err != nil {
		return nil, err
	}
	if p.token.kind == tokenEnd {
		return All{}, nil
	}
	q, err := p.or()
	if err != nil {
		return nil, err
	}
	if p.token.kind != tokenEnd {
		return nil, p.fail("this parenthesis was never opened")
	}
	if q == nil {
		return nil, &SyntaxError{Column: 1, Problem: "there is no word to search for"}
	}
	if column := misplaced(q, p.old); column > 0 {
		return nil, &SyntaxError{Column: column, Problem: "is:old widens the whole search: it cannot stand under OR or NOT"}
	}
	return Simplify(q), nil
}

// misplaced gives the column of the first is:old that does not stand in the
// top-level conjunction, or 0. Columns has those of all, in order.
func misplaced(q Query, columns []int) int {
	n := 0
	var walk func(q Query, under bool) int
	walk = func(q Query, under bool) int {
		var parts []Query
		switch q := q.(type) {
		case Field:
			if q.Name == FieldIs && q.Value == IsOld {
				if n++; under {
					return columns[n-1]
				}
			}
		case Not:
			return walk(q.Query, true)
		case And:
			parts = q
		case Or:
			parts, under = q, under || len(q) > 1
		}
		for _, p := range parts {
			if column := walk(p, under); column > 0 {
				return column
			}
		}
		return 0
	}
	return walk(q, false)
}

type parser struct {
	lexer
	token token
	field string // words are values of this field; empty outside of name:( )
	old   []int  // columns of is:old
	depth int
	terms int
}

func (p *parser) advance() *SyntaxError {
	t, err := p.next(p.field != "")
	p.token = t
	return err
}

func (p *parser) fail(format string, args ...any) *SyntaxError {
	return &SyntaxError{Column: p.token.column, Problem: fmt.Sprintf(format, args...)}
}

// or, and, unary and primary return nil for what holds no word, such as a dash
// between spaces.

func (p *parser) or() (Query, *SyntaxError) {
	if p.token.kind == tokenOr {
		return nil, p.fail("OR needs something on both sides")
	}
	var parts Or
	for {
		part, err := p.and()
		if err != nil {
			return nil, err
		}
		if part != nil {
			parts = append(parts, part)
		}
		if !p.alternative() {
			break
		}
		operator := p.token
		if err := p.advance(); err != nil {
			return nil, err
		}
		if p.ended() || p.token.kind == tokenOr || p.token.kind == tokenComma {
			p.token = operator
			return nil, p.fail("%s needs something on both sides", operator)
		}
	}
	switch len(parts) {
	case 0:
		return nil, nil
	case 1:
		return parts[0], nil
	}
	return parts, nil
}

// alternative reports whether the token is OR, or a comma of a list.
func (p *parser) alternative() bool {
	return p.token.kind == tokenOr || p.field != "" && p.token.kind == tokenComma
}

func (p *parser) ended() bool { return p.token.kind == tokenEnd || p.token.kind == tokenClose }

func (p *parser) and() (Query, *SyntaxError) {
	var parts And
	first := true
	for !p.ended() && !p.alternative() {
		operator := p.token
		if operator.kind == tokenAnd {
			if err := p.advance(); err != nil {
				return nil, err
			}
			if first || p.ended() || p.alternative() || p.token.kind == tokenAnd {
				p.token = operator
				return nil, p.fail("AND needs something on both sides")
			}
		}
		if !first && single(p.field) {
			e := p.fail("a document has only one %s", p.field)
			e.Hint = fmt.Sprintf("write %s:(a OR b)", p.field)
			return nil, e
		}
		first = false
		part, err := p.unary()
		if err != nil {
			return nil, err
		}
		if part != nil {
			parts = append(parts, part)
		}
	}
	if len(parts) == 0 {
		return nil, nil
	}
	return parts, nil
}

func (p *parser) unary() (Query, *SyntaxError) {
	if p.token.kind != tokenNot {
		return p.primary()
	}
	operator := p.token
	if err := p.enter(); err != nil {
		return nil, err
	}
	if err := p.advance(); err != nil {
		return nil, err
	}
	if p.ended() || p.alternative() || p.token.kind == tokenAnd {
		p.token = operator
		return nil, p.fail("%s needs something after it", operator)
	}
	inner, err := p.unary()
	p.depth--
	if err != nil || inner == nil {
		return nil, err
	}
	return Not{inner}, nil
}

// enter counts a level of nesting.
func (p *parser) enter() *SyntaxError {
	if p.depth++; p.depth > MaxDepth {
		return p.fail("parentheses and negations are nested deeper than %d", MaxDepth)
	}
	return nil
}

func (p *parser) primary() (Query, *SyntaxError) {
	var q Query
	var err *SyntaxError
	switch p.token.kind {
	case tokenOpen:
		q, err = p.group()
	case tokenField:
		q, err = p.filter()
	case tokenStar:
		if p.field != "" {
			return nil, p.fail("%s: takes no asterisk alone", p.field)
		}
		q = All{}
	default:
		q, err = p.value(p.field)
	}
	if err != nil {
		return nil, err
	}
	return q, p.advance()
}

// group, filter and list stop at their last token: what the next one is
// depends on whether a field ends there.

func (p *parser) group() (Query, *SyntaxError) {
	open := p.token
	if err := p.enter(); err != nil {
		return nil, err
	}
	if err := p.advance(); err != nil {
		return nil, err
	}
	if p.token.kind == tokenClose {
		p.token = open
		return nil, p.fail("there is nothing between these parentheses")
	}
	q, err := p.or()
	if err != nil {
		return nil, err
	}
	if p.token.kind != tokenClose {
		p.token = open
		return nil, p.fail("this parenthesis is not closed")
	}
	p.depth--
	return q, nil
}

// filter reads what follows a field's name: one value, several with commas,
// or a group in parentheses.
func (p *parser) filter() (Query, *SyntaxError) {
	name := p.token
	if !slices.Contains(Fields(), name.text) {
		e := p.fail("unknown field %q", name.text)
		if near := nearest(name.text, Fields()); near != "" {
			e.Hint = "did you mean " + near + "?"
		} else {
			e.Hint = `known are ` + strings.Join(Fields(), ", ") + `; put it in quotes to search for the words`
		}
		return nil, e
	}
	if p.rest() && space(p.input[p.at]) {
		return nil, p.fail("nothing stands after %s:", name.text)
	}
	p.field = name.text
	defer func() { p.field = "" }()
	if err := p.advance(); err != nil {
		return nil, err
	}
	if p.token.kind == tokenOpen {
		return p.group()
	}
	return p.list(name)
}

func (p *parser) list(name token) (Query, *SyntaxError) {
	var parts Or
	for {
		switch p.token.kind {
		case tokenWord, tokenPhrase:
		case tokenStar:
			if name.text != FieldNarrative {
				return nil, p.fail("%s: takes whole values, without an asterisk", name.text)
			}
			p.token.text = Any
		default:
			p.token.column = name.column
			return nil, p.fail("nothing stands after %s:", name.text)
		}
		q, err := p.value(name.text)
		if err != nil {
			return nil, err
		}
		if q != nil {
			parts = append(parts, q)
		}
		if !p.rest() || ascii(p.input[p.at]) != ',' {
			break
		}
		p.at++
		if err := p.advance(); err != nil {
			return nil, err
		}
	}
	if len(parts) == 0 {
		return nil, nil
	}
	return parts, nil
}

// value makes a query of the token, which is a word or a phrase.
func (p *parser) value(field string) (Query, *SyntaxError) {
	if p.terms++; p.terms > MaxTerms {
		return nil, p.fail("the query has more than %d words and values", MaxTerms)
	}
	if field == "" || field == FieldTitle || field == FieldAuthor {
		return p.text(field)
	}
	if p.token.prefix {
		return nil, p.fail("%s: takes whole values, without an asterisk", field)
	}
	v, problem := canonical(field, p.token.text)
	if problem != "" {
		e := p.fail("%s", problem)
		if near := nearest(strings.ToLower(p.token.text), closed(field)); near != "" {
			e.Hint = "did you mean " + near + "?"
		}
		return nil, e
	}
	if isOld := (Field{FieldIs, IsOld}); (Field{field, v}) == isOld {
		p.old = append(p.old, p.token.column)
	}
	return Field{field, v}, nil
}

func (p *parser) text(in string) (Query, *SyntaxError) {
	t := p.token
	if t.kind != tokenPhrase {
		t.text = trimWord(t.text)
	}
	if !strings.ContainsFunc(t.text, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }) {
		switch {
		case t.kind == tokenPhrase:
			return nil, p.fail("there is no word between these quotes")
		case t.prefix:
			return nil, p.fail("an asterisk needs the beginning of a word before it")
		}
		return nil, nil
	}
	if t.prefix && tooShort(t.text) {
		return nil, p.fail("an asterisk needs at least three letters before it, or one Han character")
	}
	return Text{In: in, Value: t.text, Prefix: t.prefix}, nil
}

// tooShort reports whether too many words begin like the last word of s.
func tooShort(s string) bool {
	n := 0
	for _, r := range s {
		switch {
		case unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul):
			return false
		case unicode.IsLetter(r), unicode.IsDigit(r):
			n++
		case unicode.IsSpace(r):
			n = 0
		}
	}
	return n < 3
}

// nearest gives the known word within two edits of s, or "".
func nearest(s string, known []string) string {
	best, least := "", 3
	for _, k := range known {
		if d := distance(s, k); d < least && d < len(k) {
			best, least = k, d
		}
	}
	return best
}

// distance is the Levenshtein distance, with a swap of neighbours as one edit.
func distance(a, b string) int {
	x, y := []rune(a), []rune(b)
	rows := make([][]int, len(x)+1)
	for i := range rows {
		rows[i] = make([]int, len(y)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(x); i++ {
		for j := 1; j <= len(y); j++ {
			cost := 1
			if x[i-1] == y[j-1] {
				cost = 0
			}
			d := min(rows[i-1][j]+1, rows[i][j-1]+1, rows[i-1][j-1]+cost)
			if i > 1 && j > 1 && x[i-1] == y[j-2] && x[i-2] == y[j-1] {
				d = min(d, rows[i-2][j-2]+1)
			}
			rows[i][j] = d
		}
	}
	return rows[len(x)][len(y)]
}
