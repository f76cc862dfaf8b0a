// Package index is the search language of Chorus and the shape of its
// answers. A Query is a value: parsed, printed and handed to an engine.
// Package local answers it on one machine.
package index

import (
	"errors"
	"time"

	"chorus/corpus"
)

// A Sort is an order of hits.
type Sort string

// The orders. Hits of one score, or of one time, come newest Seq first.
const (
	SortDate  Sort = "date"  // newest published first
	SortScore Sort = "score" // best match first; the same as SortDate if the query has no words
)

// An Interval is the width of the bars of a histogram.
type Interval string

// The widths. Weeks begin on Monday, all in UTC. IntervalAuto picks the
// narrowest that gives at most 120 bars.
const (
	IntervalAuto  Interval = ""
	IntervalDay   Interval = "day"
	IntervalWeek  Interval = "week"
	IntervalMonth Interval = "month"
	IntervalYear  Interval = "year"
)

// A Request is one search.
type Request struct {
	Query     Query    // nil matches everything
	Sort      Sort     // empty: SortScore
	Size      int      // hits wanted; 0 gives none, only counts
	Cursor    string   // Result.Next of the page before; empty: the first page
	Facets    []Facet  // which facets to count
	TopFacets int      // values per facet, by count; 0 means 20
	Histogram bool     // count by time
	Interval  Interval // of the histogram
	By        Facet    // split the bars by this facet; empty: no split. Only bloc, narrative, lang
}

// A Facet names a field that can be counted.
type Facet string

// The facets.
const (
	FacetOutlet    Facet = "outlet"
	FacetFamily    Facet = "family"
	FacetBloc      Facet = "bloc"
	FacetCountry   Facet = "country"
	FacetLang      Facet = "lang"
	FacetKind      Facet = "kind"
	FacetNarrative Facet = "narrative"
	FacetStance    Facet = "stance"
)

// Facets lists all facets in the order in which pages show them.
func Facets() []Facet {
	return []Facet{FacetBloc, FacetNarrative, FacetStance, FacetOutlet, FacetFamily, FacetCountry, FacetLang, FacetKind}
}

// A Result answers a Request. All counts are exact.
type Result struct {
	Total     int                `json:"total"`
	Hits      []Hit              `json:"hits"`
	Facets    map[Facet][]Count  `json:"facets,omitempty"`
	Histogram []Bar              `json:"histogram,omitempty"` // without gaps, oldest first
	Interval  Interval           `json:"interval,omitempty"`  // of the histogram, never auto
	Next      string             `json:"next,omitempty"`      // cursor of the next page; empty at the end
	Took      time.Duration      `json:"took"`
	Terms     map[string][]Match `json:"-"` // by analyzer: what Highlight must mark
}

// A Hit is one document version that matches.
type Hit struct {
	Seq       corpus.Seq `json:"seq"`
	Score     float64    `json:"score"`
	Published time.Time  `json:"published"`
}

// A Count is how many hits have one value of a facet.
type Count struct {
	Value string `json:"value"`
	N     int    `json:"n"`
}

// A Bar is one bin of a histogram.
type Bar struct {
	Start time.Time      `json:"start"`
	N     int            `json:"n"`
	By    map[string]int `json:"by,omitempty"` // by value of Request.By
}

// A Match is a word or a phrase as the index knows it: the analysed terms in
// order. A term that ends in * matches as a prefix.
type Match []string

// ErrCursor says that Request.Cursor was not made by a search for this query
// in this order.
var ErrCursor = errors.New("the cursor belongs to another search")
