package local

import (
	"cmp"
	"container/heap"
	"context"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"math"
	"slices"
	"time"

	"chorus/corpus"
	"chorus/index"
)

// Search answers a request. All counts are exact. A cursor keeps the moment of
// its first page: the pages after it show neither documents that arrived since
// then, nor one twice. A cursor of another query is index.ErrCursor.
//
// A facet counts how many hits have a value. In the facet of narratives the
// tags must meet the stances that the top-level conjunction asks for, and the
// other way round: each count is what narrowing by the value would find.
func (x *Index) Search(ctx context.Context, r index.Request) (result *index.Result, err error) {
	began := time.Now()
	defer guard(&err)()
	q := index.Simplify(r.Query)
	if r.Sort != index.SortDate && hasText(q) {
		r.Sort = index.SortScore
	} else {
		r.Sort = index.SortDate
	}

	x.mu.RLock()
	defer x.mu.RUnlock()
	if x.closed {
		return nil, errClosed
	}
	at, err := x.position(q, r)
	if err != nil {
		return nil, err
	}
	s := x.search(ctx, at.now)
	defer s.end()
	if r.Sort == index.SortScore {
		s.scores = make([]float64, x.columns.len())
		s.weights = make([]float64, x.columns.len())
	}
	found, err := s.eval(q, s.visible(q, at.upTo))
	if err != nil {
		return nil, err
	}
	result = &index.Result{Total: found.count(), Terms: x.terms(q)}
	result.Hits, result.Next = s.page(found, at, r.Size)
	s.count(result, r, found, tagsOf(s, q))
	result.Took = time.Since(began)
	return result, nil
}

// Scan calls fn with each document that matches, in the order of Seq, until
// it returns false. Documents that arrive meanwhile are not seen.
func (x *Index) Scan(ctx context.Context, q index.Query, fn func(corpus.Seq) bool) error {
	seqs, err := x.scan(ctx, index.Simplify(q))
	if err != nil {
		return err
	}
	for i, seq := range seqs {
		if i%1024 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		if !fn(seq) {
			return nil
		}
	}
	return nil
}

func (x *Index) scan(ctx context.Context, q index.Query) (seqs []corpus.Seq, err error) {
	defer guard(&err)()
	x.mu.RLock()
	defer x.mu.RUnlock()
	if x.closed {
		return nil, errClosed
	}
	s := x.search(ctx, x.options.Now())
	defer s.end()
	found, err := s.eval(q, s.visible(q, x.columns.newest))
	if err != nil {
		return nil, err
	}
	seqs = make([]corpus.Seq, 0, found.count())
	for ord := range found.all {
		seqs = append(seqs, x.columns.seqs[ord])
	}
	slices.Sort(seqs)
	return seqs, nil
}

// hasText reports whether the query has words that can give scores.
func hasText(q index.Query) bool {
	switch q := q.(type) {
	case index.Text:
		return true
	case index.And:
		return slices.ContainsFunc(q, hasText)
	case index.Or:
		return slices.ContainsFunc(q, hasText)
	}
	return false
}

// A position is where a page begins, and the state of the index it looks at.
type position struct {
	query uint32 // hash of the query and the order
	sort  index.Sort
	now   time.Time
	upTo  corpus.Seq // documents that came later are not seen
	after *sortKey   // the last hit of the page before; nil on the first page
}

// A sortKey is the place of a hit: a higher key first.
type sortKey struct {
	key float64 // score, or publication time
	seq corpus.Seq
}

func (a sortKey) compare(b sortKey) int {
	return cmp.Or(cmp.Compare(a.key, b.key), cmp.Compare(a.seq, b.seq))
}

// position reads the cursor of a request, or begins at the first page.
func (x *Index) position(q index.Query, r index.Request) (position, error) {
	h := fnv.New32a()
	fmt.Fprintf(h, "%s %s", r.Sort, q)
	p := position{query: h.Sum32(), sort: r.Sort, now: x.options.Now().Truncate(time.Second), upTo: x.columns.newest}
	if r.Cursor == "" {
		return p, nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(r.Cursor)
	if err != nil || len(raw) != 36 || binary.BigEndian.Uint32(raw) != p.query {
		return p, index.ErrCursor
	}
	p.now = time.Unix(int64(binary.BigEndian.Uint64(raw[4:])), 0)
	p.upTo = corpus.Seq(binary.BigEndian.Uint64(raw[12:]))
	p.after = &sortKey{
		key: math.Float64frombits(binary.BigEndian.Uint64(raw[20:])),
		seq: corpus.Seq(binary.BigEndian.Uint64(raw[28:])),
	}
	return p, nil
}

func (p position) cursor(last sortKey) string {
	raw := binary.BigEndian.AppendUint32(nil, p.query)
	raw = binary.BigEndian.AppendUint64(raw, uint64(p.now.Unix()))
	raw = binary.BigEndian.AppendUint64(raw, uint64(p.upTo))
	raw = binary.BigEndian.AppendUint64(raw, math.Float64bits(last.key))
	raw = binary.BigEndian.AppendUint64(raw, uint64(last.seq))
	return base64.RawURLEncoding.EncodeToString(raw)
}

// page gives the hits after a position, and the cursor of the page after that.
func (s *search) page(found bitset, at position, size int) ([]index.Hit, string) {
	if size <= 0 {
		return []index.Hit{}, ""
	}
	c := s.columns
	var top lowest
	more := false
	for ord := range found.all {
		h := ranked{sortKey: sortKey{key: float64(c.published[ord]), seq: c.seqs[ord]}, ord: ord}
		if at.sort == index.SortScore {
			h.key = s.scores[ord]
		}
		if at.after != nil && h.compare(*at.after) >= 0 {
			continue
		}
		if len(top) < size {
			heap.Push(&top, h)
			continue
		}
		more = true
		if h.compare(top[0].sortKey) > 0 {
			top[0] = h
			heap.Fix(&top, 0)
		}
	}
	slices.SortFunc(top, func(a, b ranked) int { return b.compare(a.sortKey) })
	hits := make([]index.Hit, len(top))
	for i, h := range top {
		hits[i] = index.Hit{Seq: h.seq, Published: c.at(h.ord)}
		if s.scores != nil {
			hits[i].Score = s.scores[h.ord]
		}
	}
	if !more {
		return hits, ""
	}
	return hits, at.cursor(top[len(top)-1].sortKey)
}

type ranked struct {
	sortKey
	ord uint32
}

// lowest is a heap with the lowest key at its root.
type lowest []ranked

func (h lowest) Len() int           { return len(h) }
func (h lowest) Less(i, j int) bool { return h[i].compare(h[j].sortKey) < 0 }
func (h lowest) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *lowest) Push(x any)        { *h = append(*h, x.(ranked)) }
func (h *lowest) Pop() any {
	last := (*h)[len(*h)-1]
	*h = (*h)[:len(*h)-1]
	return last
}

// terms lists what the words of the query are, by analyzer.
func (x *Index) terms(q index.Query) map[string][]index.Match {
	all := make(map[string][]index.Match)
	for _, t := range texts(q) {
		for _, f := range x.forms(t) {
			var m index.Match
			for _, s := range f.slots {
				if s.begins != "" {
					m = append(m, s.begins+"*")
				} else {
					m = append(m, s.term)
				}
			}
			for n := range uint8(analyzers) {
				if f.analyzers&(1<<n) != 0 && len(m) > 0 {
					all[analyzerName(n)] = append(all[analyzerName(n)], m)
				}
			}
		}
	}
	return all
}

// texts lists the words that a hit may have: those not negated.
func texts(q index.Query) []index.Text {
	var parts []index.Query
	switch q := q.(type) {
	case index.Text:
		return []index.Text{q}
	case index.And:
		parts = q
	case index.Or:
		parts = q
	}
	var all []index.Text
	for _, p := range parts {
		all = append(all, texts(p)...)
	}
	return all
}
