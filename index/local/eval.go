package local

import (
	"context"
	"fmt"
	"slices"
	"time"

	"chorus/corpus"
	"chorus/index"
)

// A search is one query under way. It holds the read lock of the index.
type search struct {
	ctx     context.Context
	index   *Index
	columns *columns
	now     time.Time
	views   []*view // by partition, nil if not needed so far

	scores  []float64 // by ordinal; nil if no scores are wanted
	weights []float64 // of the text that is being matched
}

// search begins a search; end must be called. The read lock must be held.
func (x *Index) search(ctx context.Context, now time.Time) *search {
	return &search{ctx: ctx, index: x, columns: x.columns, now: now, views: make([]*view, len(x.columns.parts.names))}
}

func (s *search) end() {
	for _, v := range s.views {
		if v != nil {
			// Nothing can be done about a segment file that does not close.
			_ = v.snapshot.Close()
		}
	}
}

// visible is the set of documents that a query can find at all: those with a
// Seq up to upTo, without superseded versions unless it asks for them.
func (s *search) visible(q index.Query, upTo corpus.Seq) bitset {
	b := s.columns.current.clone()
	if old(q) {
		b = full(s.columns.len())
	}
	if upTo < s.columns.newest {
		for ord, seq := range s.columns.seqs {
			if seq > upTo {
				b.clear(uint32(ord))
			}
		}
	}
	return b
}

// old reports whether the query says is:old.
func old(q index.Query) bool {
	switch q := q.(type) {
	case index.Field:
		return q == index.Field{Name: index.FieldIs, Value: index.IsOld}
	case index.And:
		return slices.ContainsFunc(q, old)
	case index.Or:
		return slices.ContainsFunc(q, old)
	}
	return false
}

// eval gives the documents of scope that match, in a set of its own.
func (s *search) eval(q index.Query, scope bitset) (bitset, error) {
	if err := s.ctx.Err(); err != nil {
		return nil, err
	}
	switch q := q.(type) {
	case index.All:
		return scope.clone(), nil
	case index.And:
		return s.and(q, scope)
	case index.Or:
		return s.or(q, scope)
	case index.Not:
		return s.and(index.And{q}, scope)
	case index.Text:
		return s.text(q, scope)
	case index.Field:
		if t, ok := s.tagTerm(q); ok {
			return s.pairs(t.narratives, t.stances).and(scope), nil
		}
		return s.field(q, scope)
	}
	return nil, fmt.Errorf("unknown kind of query %T", q)
}

func (s *search) or(parts index.Or, scope bitset) (bitset, error) {
	found := newBitset(s.columns.len())
	for _, p := range parts {
		b, err := s.eval(p, scope)
		if err != nil {
			return nil, err
		}
		found.or(b)
	}
	return found, nil
}

// and narrows scope by its parts, the cheap ones first: tags, fields, words,
// and last what is negated.
func (s *search) and(parts index.And, scope bitset) (bitset, error) {
	var tags tagTerms
	var fields, others, negated []index.Query
	for _, p := range parts {
		inner := p
		not, isNot := p.(index.Not)
		if isNot {
			inner = not.Query
		}
		term, isTag := s.tagTerm(inner)
		switch {
		case isTag:
			tags.add(term, isNot)
		case isNot:
			negated = append(negated, inner)
		case cheap(p):
			fields = append(fields, p)
		default:
			others = append(others, p)
		}
	}
	found := tags.narrow(s, scope.clone())
	for _, p := range fields {
		b, err := s.eval(p, found)
		if err != nil {
			return nil, err
		}
		found = b
	}
	base := found
	for _, p := range others {
		scope := found
		if s.scores != nil {
			scope = base // how rare a word is must not depend on the words before it
		}
		b, err := s.eval(p, scope)
		if err != nil {
			return nil, err
		}
		found = found.clone().and(b)
	}
	scores := s.scores
	s.scores = nil
	defer func() { s.scores = scores }()
	for _, p := range negated {
		b, err := s.eval(p, found)
		if err != nil {
			return nil, err
		}
		found = found.clone().andNot(b)
	}
	return found, nil
}

// cheap reports whether a query needs only the columns.
func cheap(q index.Query) bool {
	switch q := q.(type) {
	case index.All, index.Field:
		return true
	case index.Not:
		return cheap(q.Query)
	case index.Or:
		return !slices.ContainsFunc(q, func(p index.Query) bool { return !cheap(p) })
	}
	return false
}

// A tagTerm is a condition on one tag: its narrative is one of these, or its
// stance is. The other is nil.
type tagTerm struct {
	narratives []bool // by number
	stances    []bool
}

// tagTerm reads q as a condition on a tag, if it is one.
func (s *search) tagTerm(q index.Query) (tagTerm, bool) {
	switch q := q.(type) {
	case index.Field:
		return s.tagField(q)
	case index.Or:
		var all tagTerm
		for i, p := range q {
			f, ok := p.(index.Field)
			if !ok {
				return tagTerm{}, false
			}
			t, ok := s.tagField(f)
			if !ok || i > 0 && (t.stances == nil) != (all.stances == nil) {
				return tagTerm{}, false
			}
			all.narratives, all.stances = either(all.narratives, t.narratives), either(all.stances, t.stances)
		}
		return all, len(q) > 0
	}
	return tagTerm{}, false
}

func (s *search) tagField(f index.Field) (tagTerm, bool) {
	c := s.columns
	switch f.Name {
	case index.FieldNarrative:
		return tagTerm{narratives: where(c.narratives.names, func(n string) bool { return n == f.Value || f.Value == index.Any })}, true
	case index.FieldGroup:
		return tagTerm{narratives: where(c.narratives.names, func(n string) bool { return s.index.groups[n] == f.Value })}, true
	case index.FieldStance:
		return tagTerm{stances: where(c.stances.names, func(n string) bool { return n == f.Value })}, true
	}
	return tagTerm{}, false
}

// where applies a condition to all names; the answer is never nil.
func where(names []string, ok func(string) bool) []bool {
	out := make([]bool, len(names))
	for i, n := range names {
		out[i] = ok(n)
	}
	return out
}

func either(a, b []bool) []bool {
	if a == nil {
		return b
	}
	for i, ok := range b {
		a[i] = a[i] || ok
	}
	return a
}

// pairs gives the documents with a tag of these narratives and stances; nil is any.
func (s *search) pairs(narratives, stances []bool) bitset {
	found := newBitset(s.columns.len())
	for key, b := range s.columns.tags {
		if (narratives == nil || narratives[key.narrative]) && (stances == nil || stances[key.stance]) {
			found.or(b)
		}
	}
	return found
}

// tagTerms are the conditions on tags in one conjunction. Each narrative must
// be met together with each stance; see index.Query.
type tagTerms struct {
	narratives, stances       [][]bool
	notNarratives, notStances [][]bool
}

func (t *tagTerms) add(term tagTerm, negated bool) {
	switch {
	case term.stances == nil && negated:
		t.notNarratives = append(t.notNarratives, term.narratives)
	case term.stances == nil:
		t.narratives = append(t.narratives, term.narratives)
	case negated:
		t.notStances = append(t.notStances, term.stances)
	default:
		t.stances = append(t.stances, term.stances)
	}
}

// narrow changes found.
func (t *tagTerms) narrow(s *search, found bitset) bitset {
	for _, n := range orAny(t.narratives) {
		for _, st := range orAny(t.stances) {
			if n != nil || st != nil {
				found.and(s.pairs(n, st))
			}
		}
	}
	for _, n := range t.notNarratives {
		found.andNot(s.together([][]bool{n}, t.stances))
	}
	for _, st := range t.notStances {
		found.andNot(s.together(t.narratives, [][]bool{st}))
	}
	return found
}

// together gives the documents that meet each of these narratives with each of
// these stances.
func (s *search) together(narratives, stances [][]bool) bitset {
	found := full(s.columns.len())
	for _, n := range orAny(narratives) {
		for _, st := range orAny(stances) {
			found.and(s.pairs(n, st))
		}
	}
	return found
}

// orAny stands in for no condition.
func orAny(terms [][]bool) [][]bool {
	if len(terms) == 0 {
		return [][]bool{nil}
	}
	return terms
}

// field gives the documents of scope that have the value.
func (s *search) field(f index.Field, scope bitset) (bitset, error) {
	value, err := index.Canonical(f.Name, f.Value)
	if err != nil {
		return nil, err
	}
	c := s.columns
	has := func(column []uint32, wanted []bool) bitset {
		return keep(scope, func(ord uint32) bool { return wanted[column[ord]] })
	}
	ofOutlet := func(ok func(corpus.Outlet) bool) bitset {
		return has(c.outlet, where(c.outlets.names, func(id string) bool {
			o, known := s.index.options.Outlets(id)
			return known && ok(o)
		}))
	}
	equal := func(name string) bool { return name == value }
	switch f.Name {
	case index.FieldOutlet:
		return has(c.outlet, where(c.outlets.names, equal)), nil
	case index.FieldFamily:
		return ofOutlet(func(o corpus.Outlet) bool { return o.Family == value }), nil
	case index.FieldBloc:
		return ofOutlet(func(o corpus.Outlet) bool { return string(o.Bloc) == value }), nil
	case index.FieldCountry:
		return ofOutlet(func(o corpus.Outlet) bool { return o.Country == value }), nil
	case index.FieldLang:
		return has(c.lang, where(c.langs.names, equal)), nil
	case index.FieldKind:
		return has(c.kind, where(c.kinds.names, equal)), nil
	case index.FieldAfter, index.FieldBefore:
		t, err := index.Time(value, s.now)
		if err != nil {
			return nil, err
		}
		limit := t.Unix()
		if t.Nanosecond() > 0 {
			limit++
		}
		return keep(scope, func(ord uint32) bool {
			at := c.published[ord]
			return at != undated && (at >= limit) == (f.Name == index.FieldAfter)
		}), nil
	case index.FieldIs:
		switch value {
		case index.IsEdited:
			return keep(scope, func(ord uint32) bool { return c.flags[ord]&flagEdited != 0 }), nil
		case index.IsDeleted:
			return keep(scope, func(ord uint32) bool { return c.flags[ord]&flagDeleted != 0 }), nil
		}
		return scope.clone(), nil // is:old: see visible
	}
	return nil, fmt.Errorf("field %s must be a text", f.Name)
}

func keep(scope bitset, ok func(uint32) bool) bitset {
	found := make(bitset, len(scope))
	for ord := range scope.all {
		if ok(ord) {
			found[ord/64] |= 1 << (ord % 64)
		}
	}
	return found
}
