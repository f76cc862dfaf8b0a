package local

import (
	"cmp"
	"slices"
	"time"

	"chorus/index"
)

// count fills in the facets and the histogram that the request wants.
func (s *search) count(result *index.Result, r index.Request, found bitset, tags tagTerms) {
	limit := r.TopFacets
	if limit <= 0 {
		limit = 20
	}
	if len(r.Facets) > 0 {
		result.Facets = make(map[index.Facet][]index.Count, len(r.Facets))
	}
	var outlets []int
	for _, f := range r.Facets {
		var counts map[string]int
		switch f {
		case index.FacetNarrative, index.FacetStance:
			counts = make(map[string]int)
			for value, b := range s.tagged(f, tags) {
				counts[value] = found.common(b)
			}
		case index.FacetLang:
			counts = byName(tally(found, s.columns.lang, len(s.columns.langs.names)), s.columns.langs.names)
		case index.FacetKind:
			counts = byName(tally(found, s.columns.kind, len(s.columns.kinds.names)), s.columns.kinds.names)
		default:
			if outlets == nil {
				outlets = tally(found, s.columns.outlet, len(s.columns.outlets.names))
			}
			counts = byName(outlets, s.outletValues(f))
		}
		result.Facets[f] = top(counts, limit)
	}
	if r.Histogram {
		result.Histogram, result.Interval = s.histogram(found, r, tags)
	}
}

func tally(found bitset, column []uint32, n int) []int {
	counts := make([]int, n)
	for ord := range found.all {
		counts[column[ord]]++
	}
	return counts
}

// byName sums counts by the name of each number. An empty name is not counted.
func byName(counts []int, names []string) map[string]int {
	m := make(map[string]int)
	for i, n := range counts {
		if n > 0 && names[i] != "" {
			m[names[i]] += n
		}
	}
	return m
}

// outletValues gives, for each outlet, its value of a facet; "" if unknown.
func (s *search) outletValues(f index.Facet) []string {
	values := slices.Clone(s.columns.outlets.names)
	if f == index.FacetOutlet {
		return values
	}
	for i, id := range values {
		o, _ := s.index.options.Outlets(id)
		switch f {
		case index.FacetFamily:
			values[i] = o.Family
		case index.FacetBloc:
			values[i] = string(o.Bloc)
		case index.FacetCountry:
			values[i] = o.Country
		default:
			values[i] = ""
		}
	}
	return values
}

// top gives the largest counts, of equal ones the first by value.
func top(counts map[string]int, limit int) []index.Count {
	list := make([]index.Count, 0, len(counts))
	for v, n := range counts {
		if n > 0 {
			list = append(list, index.Count{Value: v, N: n})
		}
	}
	slices.SortFunc(list, func(a, b index.Count) int {
		return cmp.Or(cmp.Compare(b.N, a.N), cmp.Compare(a.Value, b.Value))
	})
	return list[:min(limit, len(list))]
}

// tagsOf gives the conditions on tags of the top-level conjunction.
func tagsOf(s *search, q index.Query) tagTerms {
	parts, ok := q.(index.And)
	if !ok {
		parts = index.And{q}
	}
	var tags tagTerms
	for _, p := range parts {
		if t, ok := s.tagTerm(p); ok {
			tags.add(t, false)
		}
	}
	return tags
}

// tagged gives the documents of each narrative or stance, as far as their tags
// meet the conditions on the other.
func (s *search) tagged(f index.Facet, tags tagTerms) map[string]bitset {
	names := s.columns.narratives.names
	if f == index.FacetStance {
		names = s.columns.stances.names
	}
	m := make(map[string]bitset, len(names))
	for i, name := range names {
		only := make([]bool, len(names))
		only[i] = true
		if f == index.FacetStance {
			m[name] = s.together(tags.narratives, [][]bool{only})
		} else {
			m[name] = s.together([][]bool{only}, tags.stances)
		}
	}
	return m
}

// maxBars is how many bars IntervalAuto makes at most, mostBars how many any
// interval makes: a wider one is taken where there would be more.
const (
	maxBars  = 120
	mostBars = 20_000
)

// histogram counts the hits whose publication time is known.
func (s *search) histogram(found bitset, r index.Request, tags tagTerms) ([]index.Bar, index.Interval) {
	c := s.columns
	first, last := int64(0), int64(-1)
	for ord := range found.all {
		at := c.published[ord]
		if at == undated {
			continue
		}
		if last < first {
			first, last = at, at
		}
		first, last = min(first, at), max(last, at)
	}
	if last < first {
		if r.Interval == index.IntervalAuto {
			return nil, index.IntervalDay
		}
		return nil, r.Interval
	}
	interval := widthOf(r.Interval, first, last)
	zero := bin(first, interval)
	bars := make([]index.Bar, bin(last, interval)-zero+1)
	for i := range bars {
		bars[i].Start = binStart(zero+i, interval)
	}
	barOf := make([]int32, c.len()) // by ordinal; -1: no time
	for ord := range found.all {
		if barOf[ord] = -1; c.published[ord] != undated {
			barOf[ord] = int32(bin(c.published[ord], interval) - zero)
			bars[barOf[ord]].N++
		}
	}
	s.split(bars, barOf, found, r.By, tags)
	return bars, interval
}

// split counts the hits of each bar by their values of the facet.
func (s *search) split(bars []index.Bar, barOf []int32, found bitset, by index.Facet, tags tagTerms) {
	c := s.columns
	switch by {
	case index.FacetNarrative:
		for value, b := range s.tagged(by, tags) {
			counts := make([]int, len(bars))
			for ord := range b.and(found).all {
				if bar := barOf[ord]; bar >= 0 {
					counts[bar]++
				}
			}
			addTo(bars, value, counts)
		}
	case index.FacetBloc:
		splitBy(bars, barOf, found, c.outlet, s.outletValues(by))
	case index.FacetLang:
		splitBy(bars, barOf, found, c.lang, c.langs.names)
	}
}

// splitBy counts by the value that a column's number stands for.
func splitBy(bars []index.Bar, barOf []int32, found bitset, column []uint32, values []string) {
	var distinct names
	number := make([]uint32, len(values))
	for i, v := range values {
		number[i] = distinct.add(v)
	}
	counts := make([][]int, len(distinct.names))
	for i := range counts {
		counts[i] = make([]int, len(bars))
	}
	for ord := range found.all {
		if bar := barOf[ord]; bar >= 0 {
			counts[number[column[ord]]][bar]++
		}
	}
	for i, value := range distinct.names {
		addTo(bars, value, counts[i])
	}
}

func addTo(bars []index.Bar, value string, counts []int) {
	if value == "" {
		return
	}
	for i, n := range counts {
		if n == 0 {
			continue
		}
		if bars[i].By == nil {
			bars[i].By = make(map[string]int)
		}
		bars[i].By[value] += n
	}
}

// widthOf gives the interval wanted, or the narrowest with few enough bars.
func widthOf(wanted index.Interval, first, last int64) index.Interval {
	limit := mostBars
	if wanted == index.IntervalAuto {
		wanted, limit = index.IntervalDay, maxBars
	}
	widths := []index.Interval{index.IntervalDay, index.IntervalWeek, index.IntervalMonth, index.IntervalYear}
	for _, w := range widths[max(0, slices.Index(widths, wanted)):] {
		if bin(last, w)-bin(first, w) < limit {
			return w
		}
	}
	return index.IntervalYear
}

const daySeconds = 24 * 60 * 60

// bin numbers the interval that a Unix time falls into.
func bin(at int64, interval index.Interval) int {
	day := at / daySeconds
	if at%daySeconds < 0 {
		day--
	}
	switch interval {
	case index.IntervalDay:
		return int(day)
	case index.IntervalWeek: // the first day of 1970 was a Thursday
		if day < -3 {
			return int((day - 3) / 7)
		}
		return int((day + 3) / 7)
	}
	year, month, _ := time.Unix(at, 0).UTC().Date()
	if interval == index.IntervalMonth {
		return year*12 + int(month) - 1
	}
	return year
}

func binStart(n int, interval index.Interval) time.Time {
	switch interval {
	case index.IntervalDay:
		return time.Unix(int64(n)*daySeconds, 0).UTC()
	case index.IntervalWeek:
		return time.Unix((int64(n)*7-3)*daySeconds, 0).UTC()
	case index.IntervalMonth:
		return time.Date(n/12, time.Month(n%12+1), 1, 0, 0, 0, 0, time.UTC)
	}
	return time.Date(n, time.January, 1, 0, 0, 0, 0, time.UTC)
}
