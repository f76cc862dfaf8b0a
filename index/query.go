package index

import (
	"slices"
	"strings"
	"unicode"

	"chorus/corpus"
)

// A Query is a search as a value. The kinds are And, Or, Not, Text, Field and
// All; an engine may refuse any other. Parse and Simplify give the plain form:
// no And inside And, no Or inside Or, no single or repeated parts.
//
// In one conjunction narrative:, group: and stance: speak of the same tag:
// "narrative:nato-expansion stance:asserts" finds documents with a tag of that
// narrative that asserts it, not documents that rebut it and assert another.
// With several of a kind, each narrative must be met with each stance. One
// that is negated there takes away what it would have found: the hits of
// "narrative:x -stance:rebuts" are those of "narrative:x" without those of
// "narrative:x stance:rebuts".
//
// Superseded versions match only if the query says is:old, which widens the
// search to them and otherwise matches everything.
type Query interface {
	String() string // in the query language; for a plain query, Parse gives it back
}

// And matches what all its parts match; an empty And matches everything.
type And []Query

// Or matches what any of its parts matches; an empty Or matches nothing.
type Or []Query

// Not matches what its query does not.
type Not struct{ Query Query }

// Text matches documents that have the words of Value together and in order,
// in the forms that the stemmer of the document's language takes for the same.
type Text struct {
	In     string // "title" or "author"; empty: title or text
	Value  string // one word or several
	Prefix bool   // the last word may go on
}

// Field matches documents by what is known of them. Name is one of Fields,
// except title and author, which are Text.
type Field struct {
	Name  string
	Value string
}

// All matches everything.
type All struct{}

// The names of fields.
const (
	FieldOutlet    = "outlet"
	FieldFamily    = "family"
	FieldBloc      = "bloc"
	FieldCountry   = "country"
	FieldLang      = "lang"
	FieldKind      = "kind"
	FieldNarrative = "narrative"
	FieldGroup     = "group"
	FieldStance    = "stance"
	FieldAuthor    = "author"
	FieldTitle     = "title"
	FieldAfter     = "after"
	FieldBefore    = "before"
	FieldIs        = "is"
)

// The values of the field is.
const (
	IsEdited  = "edited"  // a changed version of its page
	IsDeleted = "deleted" // its page is gone
	IsOld     = "old"     // widens the search to superseded versions
)

// Fields lists the names of all fields.
func Fields() []string {
	return []string{
		FieldOutlet, FieldFamily, FieldBloc, FieldCountry, FieldLang, FieldKind, FieldNarrative, FieldGroup,
		FieldStance, FieldAuthor, FieldTitle, FieldAfter, FieldBefore, FieldIs,
	}
}

// String joins the parts with spaces.
func (q And) String() string {
	if len(q) == 0 {
		return All{}.String()
	}
	parts := make([]string, len(q))
	for i, p := range q {
		parts[i] = p.String()
		switch p := p.(type) {
		case Or:
			if _, ok := p.list(); !ok {
				parts[i] = "(" + parts[i] + ")"
			}
		case And:
			parts[i] = "(" + parts[i] + ")"
		}
	}
	return strings.Join(parts, " ")
}

// String joins the parts with OR, or with commas if they are values of one field.
func (q Or) String() string {
	if len(q) == 0 {
		return Not{All{}}.String()
	}
	if list, ok := q.list(); ok {
		return list
	}
	parts := make([]string, len(q))
	for i, p := range q {
		parts[i] = p.String()
		switch p.(type) {
		case And, Or:
			parts[i] = "(" + parts[i] + ")"
		}
	}
	return strings.Join(parts, " OR ")
}

// list gives name:value,value if q is that.
func (q Or) list() (string, bool) {
	var values []string
	for _, p := range q {
		f, ok := p.(Field)
		if !ok || f.Name != q[0].(Field).Name {
			return "", false
		}
		values = append(values, quoted(f.Value))
	}
	if len(values) < 2 {
		return "", false
	}
	return q[0].(Field).Name + ":" + strings.Join(values, ","), true
}

// String puts a minus before the query.
func (q Not) String() string {
	s := q.Query.String()
	switch p := q.Query.(type) {
	case Or:
		if _, ok := p.list(); ok {
			return "-" + s
		}
		return "-(" + s + ")"
	case And, Not:
		return "-(" + s + ")"
	}
	return "-" + s
}

// String gives the words, in quotes where they need them.
func (q Text) String() string {
	s := quoted(q.Value)
	if q.Prefix {
		s += "*"
	}
	if q.In != "" {
		s = q.In + ":" + s
	}
	return s
}

// String gives name:value.
func (q Field) String() string {
	if q.Value == Any && q.Name == FieldNarrative {
		return q.Name + ":" + Any
	}
	return q.Name + ":" + quoted(q.Value)
}

// Any is the value of narrative: that every narrative has.
const Any = "*"

// String gives an asterisk.
func (All) String() string { return "*" }

// quoted puts s in quotes unless it reads as one word without them.
func quoted(s string) string {
	if bare(s) {
		return s
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, `＂`, `\＂`).Replace(s) + `"`
}

func bare(s string) bool {
	switch s {
	case "", "AND", "OR", "NOT":
		return false
	}
	if s != trimWord(s) {
		return false
	}
	for _, r := range s {
		if !wordRune(r) && !strings.ContainsRune("-_.'’", r) {
			return false
		}
	}
	return true
}

func wordRune(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r) }

// trimWord cuts off what no word begins or ends with.
func trimWord(s string) string {
	s = strings.TrimRightFunc(s, func(r rune) bool { return !wordRune(r) })
	return strings.TrimLeftFunc(s, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
}

// Simplify gives the plain form of q, which matches the same documents. A nil
// q becomes All.
func Simplify(q Query) Query {
	switch q := q.(type) {
	case nil:
		return All{}
	case And:
		return simplifyAnd(q)
	case Or:
		return simplifyOr(q)
	case Not:
		inner := Simplify(q.Query)
		if n, ok := inner.(Not); ok {
			return n.Query
		}
		return Not{inner}
	}
	return q
}

func simplifyAnd(q And) Query {
	var parts And
	for _, p := range q {
		p = Simplify(p)
		if nothing(p) {
			return p
		}
		if inner, ok := p.(And); ok {
			parts = append(parts, inner...)
		} else if _, all := p.(All); !all {
			parts = append(parts, p)
		}
	}
	parts = distinct(parts)
	switch len(parts) {
	case 0:
		return All{}
	case 1:
		return parts[0]
	}
	return parts
}

func simplifyOr(q Or) Query {
	var parts Or
	for _, p := range q {
		switch p := Simplify(p).(type) {
		case All:
			return p
		case Or:
			parts = append(parts, p...)
		default:
			if !nothing(p) {
				parts = append(parts, p)
			}
		}
	}
	parts = distinct(parts)
	switch len(parts) {
	case 0:
		return Not{All{}}
	case 1:
		return parts[0]
	}
	return parts
}

// nothing reports whether q is the query that matches nothing.
func nothing(q Query) bool {
	n, ok := q.(Not)
	if !ok {
		return false
	}
	_, ok = n.Query.(All)
	return ok
}

// distinct drops parts that were there before. Plain queries are equal if they
// print the same.
func distinct[Q ~[]Query](parts Q) Q {
	seen := make(map[string]bool, len(parts))
	return slices.DeleteFunc(parts, func(p Query) bool {
		s := p.String()
		if seen[s] {
			return true
		}
		seen[s] = true
		return false
	})
}

// With narrows q by a filter. A document has one outlet, family, bloc,
// country, language and kind: a second value of these joins the first with OR.
// A second after or before takes the place of the first. A value the field
// cannot have is kept, and refused by the engine.
func With(q Query, field, value string) Query {
	q = Simplify(q)
	part := filter(field, value)
	switch {
	case field == FieldAfter || field == FieldBefore:
		q = Without(q, field, "")
	case single(field):
		parts := conjuncts(q)
		for i, p := range parts {
			if fieldOf(p) == field {
				parts[i] = Or{p, part}
				return Simplify(parts)
			}
		}
	}
	return Simplify(And{q, part})
}

func filter(field, value string) Query {
	if field == FieldAuthor || field == FieldTitle {
		value, prefix := strings.CutSuffix(value, "*")
		return Text{In: field, Value: value, Prefix: prefix}
	}
	if v, problem := canonical(field, value); problem == "" {
		value = v
	}
	return Field{Name: field, Value: value}
}

// Without takes a filter out of the top-level conjunction of q, and out of a
// list of values there. An empty value takes out all filters of the field.
func Without(q Query, field, value string) Query {
	part := filter(field, value)
	gone := func(p Query) bool {
		return fieldOf(p) == field && (value == "" || p.String() == part.String())
	}
	parts := conjuncts(Simplify(q))
	for i, p := range parts {
		if list, ok := p.(Or); ok && fieldOf(list) == field {
			left := slices.DeleteFunc(slices.Clone(list), gone)
			if len(left) > 0 {
				parts[i] = left
			} else {
				parts[i] = All{}
			}
		}
	}
	return Simplify(slices.DeleteFunc(parts, gone))
}

// Filters lists the filters of the top-level conjunction of q in order, those
// of a list of values one by one. Words in title and author count as filters.
func Filters(q Query) []Field {
	var all []Field
	for _, p := range conjuncts(Simplify(q)) {
		if fieldOf(p) != "" {
			all = append(all, filtersOf(p)...)
		}
	}
	return all
}

// conjuncts gives the parts of the top-level conjunction, in a slice of its own.
func conjuncts(q Query) And {
	if and, ok := q.(And); ok {
		return slices.Clone(and)
	}
	return And{q}
}

// fieldOf names the field if q is a filter or a list of filters of one field.
func fieldOf(q Query) string {
	switch q := q.(type) {
	case Field:
		return q.Name
	case Text:
		return q.In
	case Or:
		if len(q) == 0 {
			return ""
		}
		name := fieldOf(q[0])
		for _, p := range q {
			if _, nested := p.(Or); nested || fieldOf(p) != name {
				return ""
			}
		}
		return name
	}
	return ""
}

func filtersOf(q Query) []Field {
	switch q := q.(type) {
	case Field:
		return []Field{q}
	case Text:
		if q.In == "" {
			return nil
		}
		value := q.Value
		if q.Prefix {
			value += "*"
		}
		return []Field{{q.In, value}}
	case Or:
		var all []Field
		for _, p := range q {
			all = append(all, filtersOf(p)...)
		}
		return all
	}
	return nil
}

// single reports whether a document has exactly one value of the field.
func single(field string) bool {
	switch field {
	case FieldOutlet, FieldFamily, FieldBloc, FieldCountry, FieldLang, FieldKind:
		return true
	}
	return false
}

// closed lists the values of a field that has only these; nil for any other.
func closed(field string) []string {
	switch field {
	case FieldBloc:
		return words(corpus.Blocs())
	case FieldStance:
		return words(corpus.Stances())
	case FieldKind:
		return words([]corpus.Kind{corpus.KindArticle, corpus.KindPost, corpus.KindTranscript})
	case FieldIs:
		return []string{IsEdited, IsDeleted, IsOld}
	}
	return nil
}

func words[S ~string](values []S) []string {
	out := make([]string, len(values))
	for i, v := range values {
		out[i] = string(v)
	}
	return out
}
