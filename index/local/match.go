package local

import (
	"cmp"
	"context"
	"errors"
	"math"
	"runtime"
	"slices"
	"strings"
	"sync"

	segment "github.com/blevesearch/scorch_segment_api/v2"

	"chorus/index"
)

// A form is what one word or phrase of a query is for some of the analyzers.
type form struct {
	slots     []slot
	analyzers uint16 // the set of analyzers that make these slots of it
}

// forms analyses a text with all analyzers, and joins those that agree. The
// names of authors are never stemmed.
func (x *Index) forms(t index.Text) []form {
	if t.In == index.FieldAuthor {
		return []form{{x.analyzers[plainAnalyzer].slots(t.Value, t.Prefix), 1<<analyzers - 1}}
	}
	var forms []form
	for n, a := range x.analyzers {
		slots := a.slots(t.Value, t.Prefix)
		if len(slots) == 0 {
			continue
		}
		i := slices.IndexFunc(forms, func(f form) bool { return slices.Equal(f.slots, slots) })
		if i < 0 {
			i = len(forms)
			forms = append(forms, form{slots: slots})
		}
		forms[i].analyzers |= 1 << n
	}
	return forms
}

func fieldsOf(t index.Text) []string {
	switch t.In {
	case index.FieldTitle:
		return []string{titleField}
	case index.FieldAuthor:
		return []string{authorField}
	}
	return []string{titleField, textField}
}

// text finds the documents of scope that have the words.
func (s *search) text(t index.Text, scope bitset) (bitset, error) {
	if strings.TrimSpace(t.Value) == "" {
		return nil, errors.New("a text of the query has no words")
	}
	forms := s.index.forms(t)
	views, err := s.viewsOf(scope)
	if err != nil {
		return nil, err
	}
	found := newBitset(s.columns.len())
	var mu sync.Mutex
	var failed error
	work := make(chan *view)
	var workers sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(views)) {
		workers.Go(func() {
			part := newBitset(s.columns.len())
			var err error
			for v := range work {
				if err == nil {
					err = s.matchView(v, t, forms, scope, part)
				}
			}
			mu.Lock()
			defer mu.Unlock()
			found.or(part)
			failed = cmp.Or(failed, err)
		})
	}
	for _, v := range views {
		work <- v
	}
	close(work)
	workers.Wait()
	if failed == nil && s.scores != nil {
		s.addScores(found, scope.count())
	}
	return found, failed
}

// matchView adds the documents of one partition to found, and their weights to
// s.weights if scores are wanted. A document lies in one partition, so that
// two of these never write to the same weight.
func (s *search) matchView(v *view, t index.Text, forms []form, scope, found bitset) (err error) {
	defer guard(&err)()
	for _, f := range forms {
		if f.analyzers&v.analyzers == 0 {
			continue
		}
		for _, field := range fieldsOf(t) {
			pivot, boost := textLength, 1.0
			if field != textField {
				pivot, boost = titleLength, titleBoost
			}
			for _, seg := range v.segments {
				err := seg.match(s.ctx, field, f.slots, s.scores != nil, func(number uint64, freq, length float64) {
					ord := seg.ordinals[number]
					if ord == none || f.analyzers&(1<<s.columns.analyzer[ord]) == 0 || !scope.has(ord) {
						return
					}
					found.set(ord)
					if s.scores != nil {
						s.weights[ord] += boost * saturation(freq, length, pivot)
					}
				})
				if err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// The constants of BM25 (Robertson & Zaragoza 2009). Lengths are held against
// fixed ones and not against the mean, so that a score does not change when
// documents arrive; b is low because a long article is no worse than a post.
const (
	bm25K1      = 1.2
	bm25B       = 0.3
	textLength  = 300.0
	titleLength = 12.0
	titleBoost  = 2.0
)

func saturation(freq, length, pivot float64) float64 {
	return freq * (bm25K1 + 1) / (freq + bm25K1*(1-bm25B+bm25B*length/pivot))
}

// addScores turns the weights of what one text has found into scores.
func (s *search) addScores(found bitset, among int) {
	n := float64(found.count())
	idf := math.Log(1 + (float64(among)-n+0.5)/(n+0.5))
	for ord := range found.all {
		s.scores[ord] += idf * s.weights[ord]
		s.weights[ord] = 0
	}
}

// viewsOf gives the views of the partitions that have documents in scope.
func (s *search) viewsOf(scope bitset) ([]*view, error) {
	wanted := make([]bool, len(s.columns.held))
	missing := 0
	for _, n := range s.columns.held {
		if n > 0 {
			missing++
		}
	}
	for ord := range scope.all {
		if part := s.columns.part[ord]; !wanted[part] {
			wanted[part] = true
			if missing--; missing == 0 {
				break
			}
		}
	}
	var views []*view
	for part, ok := range wanted {
		if !ok {
			continue
		}
		v := s.views[part]
		if v == nil {
			var err error
			p := s.index.partitions[s.columns.parts.names[part]]
			if v, err = p.acquire(s.columns, &s.index.writing); err != nil {
				return nil, err
			}
			s.views[part] = v
		}
		views = append(views, v)
	}
	return views, nil
}

// match calls hit for each document of the segment that has terms in all the
// slots, with how often it has them and the length of its field in tokens. A
// single slot with several terms may hit a document several times. Without
// detail, freq and length are not read.
func (v segmentView) match(ctx context.Context, field string, slots []slot, detail bool, hit func(number uint64, freq, length float64)) error {
	dict, err := v.segment.Dictionary(field)
	if err != nil || dict == nil {
		return err
	}
	places := make([]place, len(slots))
	for i, s := range slots {
		if places[i], err = v.place(dict, s); err != nil || places[i].count == 0 {
			return err
		}
	}
	if len(places) == 1 {
		for _, list := range places[0].lists {
			it := list.Iterator(detail, detail, false, nil)
			for n := 0; ; n++ {
				if n%4096 == 4095 && ctx.Err() != nil {
					return ctx.Err()
				}
				p, err := it.Next()
				if err != nil {
					return err
				}
				if p == nil {
					break
				}
				if detail {
					hit(p.Number(), float64(p.Frequency()), lengthOf(p))
				} else {
					hit(p.Number(), 0, 0)
				}
			}
		}
		return nil
	}
	found, err := phrase(ctx, places)
	for _, c := range found {
		hit(c.number, float64(len(c.starts)), c.length)
	}
	return err
}

// lengthOf undoes the norm that zap gives, one over the root of the length.
func lengthOf(p segment.Posting) float64 {
	norm := p.Norm()
	if norm <= 0 {
		return 0
	}
	return math.Round(1 / (norm * norm))
}

// A place is a slot in one segment: the postings of its terms.
type place struct {
	at    int
	lists []segment.PostingsList
	count uint64 // of all lists
}

func (v segmentView) place(dict segment.TermDictionary, s slot) (place, error) {
	p := place{at: s.at}
	add := func(term string) error {
		list, err := dict.PostingsList([]byte(term), v.deleted, nil)
		if err != nil || list == nil {
			return err
		}
		if n := list.Count(); n > 0 {
			p.lists = append(p.lists, list)
			p.count += n
		}
		return nil
	}
	if s.begins == "" || !strings.HasPrefix(s.term, s.begins) {
		if err := add(s.term); err != nil {
			return p, err
		}
	}
	if s.begins == "" {
		return p, nil
	}
	it := dict.AutomatonIterator(nil, []byte(s.begins), after(s.begins))
	for {
		entry, err := it.Next()
		if err != nil || entry == nil {
			return p, err
		}
		if err := add(entry.Term); err != nil {
			return p, err
		}
	}
}

// after gives the least string above all that begin with s; nil if there is none.
func after(s string) []byte {
	b := []byte(s)
	for i := len(b) - 1; i >= 0; i-- {
		if b[i] < 0xff {
			b[i]++
			return b[:i+1]
		}
	}
	return nil
}

// A candidate is a document that may have the phrase, with the positions where
// it may begin.
type candidate struct {
	number uint64
	starts []int
	length float64
}

// phrase finds the documents that have the places at their distances. It
// begins with the rarest place and looks for the others only where that is.
func phrase(ctx context.Context, places []place) ([]candidate, error) {
	slices.SortStableFunc(places, func(a, b place) int { return cmp.Compare(a.count, b.count) })
	found, err := places[0].candidates(ctx)
	for _, p := range places[1:] {
		if err != nil || len(found) == 0 {
			return nil, err
		}
		found, err = p.narrow(ctx, found)
	}
	return found, err
}

func (p place) candidates(ctx context.Context) ([]candidate, error) {
	var found []candidate
	for _, list := range p.lists {
		it := list.Iterator(true, true, true, nil)
		for {
			posting, err := it.Next()
			if err != nil {
				return nil, err
			}
			if posting == nil {
				break
			}
			found = append(found, candidate{posting.Number(), p.starts(nil, posting), lengthOf(posting)})
			if len(found)%4096 == 0 && ctx.Err() != nil {
				return nil, ctx.Err()
			}
		}
	}
	if len(p.lists) < 2 {
		return found, nil
	}
	slices.SortStableFunc(found, func(a, b candidate) int { return cmp.Compare(a.number, b.number) })
	joined := found[:1]
	for _, c := range found[1:] {
		if last := &joined[len(joined)-1]; last.number == c.number {
			last.starts = append(last.starts, c.starts...)
		} else {
			joined = append(joined, c)
		}
	}
	return joined, nil
}

// starts adds where the phrase begins if posting is at place p.
func (p place) starts(to []int, posting segment.Posting) []int {
	for _, l := range posting.Locations() {
		to = append(to, int(l.Pos())-p.at)
	}
	return to
}

// narrow keeps the candidates, and of these the starts, that agree with p.
func (p place) narrow(ctx context.Context, found []candidate) ([]candidate, error) {
	agreed := make([][]int, len(found))
	for _, list := range p.lists {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		it := list.Iterator(true, true, true, nil)
		for i := 0; i < len(found); {
			posting, err := it.Advance(found[i].number)
			if err != nil {
				return nil, err
			}
			if posting == nil {
				break
			}
			for i < len(found) && found[i].number < posting.Number() {
				i++
			}
			if i < len(found) && found[i].number == posting.Number() {
				agreed[i] = p.starts(agreed[i], posting)
				i++
			}
		}
	}
	kept := found[:0]
	for i, c := range found {
		c.starts = slices.DeleteFunc(c.starts, func(start int) bool { return !slices.Contains(agreed[i], start) })
		if len(c.starts) > 0 {
			kept = append(kept, c)
		}
	}
	return kept, nil
}
