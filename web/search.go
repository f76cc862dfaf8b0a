package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"chorus/corpus"
	"chorus/index"
)

// What a search page counts and shows of it.
const (
	topFacets  = 40 // values asked for
	openFacets = 8  // values shown before "more"
)

// A searchForm is what the reader asked for.
type searchForm struct {
	Query  string
	Sort   index.Sort // empty: best match
	Cursor string
	Page   int       // 1 for the first; only for counting what is shown
	From   time.Time // days that are to be written into the query; zero: none
	To     time.Time // the last day, included
}

func searchFormOf(v url.Values) (searchForm, error) {
	f := searchForm{Query: strings.TrimSpace(v.Get("q")), Sort: index.Sort(v.Get("sort")), Cursor: v.Get("cursor"), Page: 1}
	if !slices.Contains([]index.Sort{"", index.SortDate, index.SortScore}, f.Sort) {
		return f, &badRequest{"sort", "is neither date nor score"}
	}
	if f.Cursor != "" {
		n, err := number("page", v.Get("page"), 2)
		if err != nil {
			return f, err
		}
		f.Page = int(min(n, 1_000_000))
	}
	for _, p := range []struct {
		name string
		at   *time.Time
	}{{"from", &f.From}, {"to", &f.To}} {
		raw := v.Get(p.name)
		if raw == "" {
			continue
		}
		t, err := time.Parse(dayFormat, raw)
		if err != nil {
			return f, &badRequest{p.name, "is not a date like 2026-11-24"}
		}
		*p.at = t
	}
	return f, nil
}

// parsed gives the query, with the dates of the form written into it. An
// empty box asks for everything.
func (f searchForm) parsed() (index.Query, error) {
	q, err := index.Parse(f.Query)
	if err != nil {
		return nil, err
	}
	if !f.From.IsZero() {
		q = index.With(q, index.FieldAfter, f.From.Format(dayFormat))
	}
	if !f.To.IsZero() {
		q = index.With(q, index.FieldBefore, f.To.AddDate(0, 0, 1).Format(dayFormat))
	}
	return q, nil
}

// A found is the answer to a search with the documents of its hits.
type found struct {
	Form   searchForm
	Query  index.Query
	Result *index.Result
	Docs   []corpus.Document
}

// find runs the search of a form; the page and the API show the same.
func (s *site) find(ctx context.Context, f searchForm, size int) (*found, error) {
	q, err := f.parsed()
	if err != nil {
		return nil, err
	}
	res, err := s.Search(ctx, index.Request{
		Query: q, Sort: f.Sort, Size: size, Cursor: f.Cursor,
		Facets: index.Facets(), TopFacets: topFacets, Histogram: true, By: index.FacetBloc,
	})
	if err != nil {
		if errors.Is(err, index.ErrCursor) {
			return nil, &badRequest{"cursor", "does not belong to this search"}
		}
		return nil, fmt.Errorf("search %q: %w", f.Query, err)
	}
	docs, err := s.documentsOf(ctx, res.Hits)
	if err != nil {
		return nil, err
	}
	return &found{Form: f, Query: q, Result: res, Docs: docs}, nil
}

func (s *site) documentsOf(ctx context.Context, hits []index.Hit) ([]corpus.Document, error) {
	if len(hits) == 0 {
		return nil, nil
	}
	seqs := make([]corpus.Seq, len(hits))
	for i, h := range hits {
		seqs[i] = h.Seq
	}
	docs, err := s.Documents(ctx, seqs)
	if err != nil {
		return nil, fmt.Errorf("documents of hits: %w", err)
	}
	return docs, nil
}

func (s *site) search(w http.ResponseWriter, r *http.Request) error {
	form, err := searchFormOf(r.URL.Query())
	if err != nil {
		return err
	}
	q, err := form.parsed()
	var syntax *index.SyntaxError
	if errors.As(err, &syntax) {
		body := searchPage{Form: form, Problem: problemPlace(syntax), Help: syntaxHelp()}
		return s.render(w, http.StatusBadRequest, "search", page{
			Title: "Search", Nav: "/search", Query: form.Query, Own: true, Body: body,
		})
	}
	if err != nil {
		return err
	}
	if !form.From.IsZero() || !form.To.IsZero() {
		// The query is the whole state of a search: one address, one answer.
		http.Redirect(w, r, searchURL(q, form.Sort), http.StatusSeeOther)
		return nil
	}
	f, err := s.find(r.Context(), form, s.PageSize)
	if err != nil {
		return err
	}
	title := "Search"
	if form.Query != "" {
		title = shorten(plain(form.Query), 60) + " – Search"
	}
	return s.render(w, http.StatusOK, "search", page{
		Title: title, Nav: "/search", Query: form.Query, Own: true, Body: searchPageOf(f, s.looks(), s.PageSize),
	})
}

// A searchPage is the search page.
type searchPage struct {
	Form    searchForm
	Help    []helpRow
	Problem *place // the query cannot be read; nothing below is set then
	Chips   []chip
	Clear   string // address without any chip
	Total   int
	First   int // numbers of the hits shown, from 1
	Last    int
	Took    string
	Sorts   []link
	Chart   *chart
	Facets  []facet
	Hits    []hit
	Missing int    // hits whose documents are not in the store (any more)
	Next    string // address; empty at the end
	Start   string // address of the first page; empty on it
	API     string
}

// A place is where a query cannot be read.
type place struct {
	Before, At, After string
	Column            int
	Problem, Hint     string
}

// problemPlace splits a query at the column of a mistake, so that the page
// can point at it whatever the widths of its characters are.
func problemPlace(e *index.SyntaxError) *place {
	runes := []rune(e.Input)
	at := min(max(e.Column-1, 0), len(runes))
	end := min(at+1, len(runes))
	return &place{
		Before: string(runes[:at]), At: string(runes[at:end]), After: string(runes[end:]),
		Column: e.Column, Problem: e.Problem, Hint: e.Hint,
	}
}

// A chip is a filter of the query, and the addresses without it and with its
// opposite.
type chip struct {
	Field, Value string
	Not          bool // it excludes
	Remove       string
	Invert       string
}

// A facet is a field with the values that the hits have.
type facet struct {
	Field  string
	Name   string
	Values []facetValue
	More   []facetValue
}

type facetValue struct {
	Name string
	Key  string // of a bloc, else empty
	Lang string // of the name, empty for English
	N    int
	Bar  string // per cent of the greatest
	On   bool   // the query has it already
	URL  string // the query with it, or without it if On
	Not  string // the query without what has it; empty if On
}

// A lookup is what a page needs to name things and to mark words: the
// registry, the codebook, and the words of a query in a text or a title.
type lookup struct {
	outlet         func(id string) (corpus.Outlet, bool)
	narratives     map[string]corpus.Narrative
	highlight      func(text, lang string, q index.Query) []corpus.Span
	highlightTitle func(title, lang string, q index.Query) []corpus.Span
}

func (s *site) looks() lookup {
	l := lookup{
		outlet: s.Outlet, narratives: map[string]corpus.Narrative{},
		highlight: s.Highlight, highlightTitle: s.HighlightTitle,
	}
	for _, n := range s.Narratives {
		l.narratives[n.ID] = n
	}
	return l
}

func (l lookup) outletName(id string) string {
	if o, ok := l.outlet(id); ok && o.Name != "" {
		return o.Name
	}
	return plain(id)
}

func (l lookup) narrativeName(id string) string {
	if id == index.Any {
		return "any"
	}
	if n, ok := l.narratives[id]; ok {
		return n.Name
	}
	return plain(id)
}

// bloc gives the bloc of an outlet, empty if it is not in the registry.
func (l lookup) bloc(id string) string {
	o, _ := l.outlet(id)
	return string(o.Bloc)
}

// valueName names a value of a facet for a reader.
func (l lookup) valueName(field, value string) string {
	switch index.Facet(field) {
	case index.FacetBloc:
		return blocName(value)
	case index.FacetOutlet:
		return l.outletName(value)
	case index.FacetNarrative:
		return l.narrativeName(value)
	case index.FacetLang:
		return languageName(value)
	}
	return plain(value)
}

// searchPageOf builds the page from an answer.
func searchPageOf(f *found, l lookup, size int) searchPage {
	res, sort := f.Result, f.Form.Sort
	p := searchPage{
		Form: f.Form, Help: syntaxHelp(), Total: res.Total, Took: milliseconds(res.Took),
		Chips: chipsOf(f.Query, sort, l), Facets: facetsOf(f, l), Missing: len(res.Hits) - len(f.Docs),
		API: "/api/v1" + searchURL(f.Query, sort), Sorts: sortLinks(f),
	}
	if len(p.Chips) > 1 {
		p.Clear = searchURL(withoutFilters(f.Query), sort)
	}
	if res.Total > 0 {
		p.Chart = histogram("by-time", "Hits by time", res, f.Query, sort)
	}
	for i := range f.Docs {
		p.Hits = append(p.Hits, hitOf(&f.Docs[i], f.Query, l))
	}
	if len(res.Hits) > 0 {
		p.First = (f.Form.Page-1)*size + 1
		p.Last = p.First + len(res.Hits) - 1
	}
	base := searchURL(f.Query, sort)
	if f.Form.Cursor != "" {
		p.Start = base
		p.API += "&cursor=" + url.QueryEscape(f.Form.Cursor)
	}
	if res.Next != "" {
		p.Next = base + "&cursor=" + url.QueryEscape(res.Next) + "&page=" + strconv.Itoa(f.Form.Page+1)
	}
	return p
}

func milliseconds(d time.Duration) string {
	if d < time.Millisecond {
		return "under 1 ms"
	}
	return count(int(d.Milliseconds())) + " ms"
}

func sortLinks(f *found) []link {
	if len(f.Result.Terms) == 0 {
		return nil // without words there is nothing to rank by
	}
	byDate := f.Form.Sort == index.SortDate
	return []link{
		{URL: searchURL(f.Query, index.SortScore), Text: "Best match", Current: !byDate},
		{URL: searchURL(f.Query, index.SortDate), Text: "Newest", Current: byDate},
	}
}

// chipsOf lists the filters of a query, and then those it excludes.
func chipsOf(q index.Query, sort index.Sort, l lookup) []chip {
	var chips []chip
	for _, f := range index.Filters(q) {
		chips = append(chips, chip{
			Field: fieldName(f.Name), Value: shorten(l.valueName(f.Name, f.Value), 60),
			Remove: searchURL(index.Without(q, f.Name, f.Value), sort),
			Invert: searchURL(excluding(index.Without(q, f.Name, f.Value), f), sort),
		})
	}
	for _, f := range excluded(q) {
		chips = append(chips, chip{
			Field: fieldName(f.Name), Value: shorten(l.valueName(f.Name, f.Value), 60), Not: true,
			Remove: searchURL(including(q, f), sort),
			Invert: searchURL(index.With(including(q, f), f.Name, f.Value), sort),
		})
	}
	return chips
}

func facetsOf(f *found, l lookup) []facet {
	on := index.Filters(f.Query)
	var out []facet
	for _, name := range index.Facets() {
		counts := f.Result.Facets[name]
		v := facet{Field: string(name), Name: fieldName(string(name))}
		top := 1
		for _, c := range counts {
			top = max(top, c.N)
		}
		for _, c := range counts {
			if c.Value == "" {
				continue // what has no value cannot be asked for
			}
			val := facetValue{
				Name: shorten(l.valueName(string(name), c.Value), 60), N: c.N, Bar: percent(float64(c.N) / float64(top) * 100),
				On:  slices.ContainsFunc(on, func(x index.Field) bool { return x.Name == string(name) && x.Value == c.Value }),
				URL: searchURL(index.With(f.Query, string(name), c.Value), f.Form.Sort),
			}
			if name == index.FacetBloc {
				val.Key = blocKey(c.Value)
			}
			val.Not = searchURL(excluding(f.Query, index.Field{Name: string(name), Value: c.Value}), f.Form.Sort)
			if val.On {
				val.Not = ""
				val.URL = searchURL(index.Without(f.Query, string(name), c.Value), f.Form.Sort)
			}
			if len(v.Values) < openFacets {
				v.Values = append(v.Values, val)
			} else {
				v.More = append(v.More, val)
			}
		}
		if len(v.Values) > 0 {
			out = append(out, v)
		}
	}
	return out
}

// fieldName is a field of the query language as a heading.
func fieldName(field string) string {
	switch field {
	case "lang":
		return "Language"
	case "after":
		return "After"
	case "before":
		return "Before"
	}
	return strings.ToUpper(field[:1]) + field[1:]
}

// A helpRow is one line of the help beside the box.
type helpRow struct{ Example, Meaning string }

func syntaxHelp() []helpRow {
	return []helpRow{
		{`nato expansion`, "both words, in any of their forms"},
		{`"расширение НАТО"`, "the words together, in this order"},
		{`sanctions OR 制裁`, "either; AND binds closer, ( ) group"},
		{`nato -summit`, "without; also NOT summit"},
		{`multipol*`, "words that begin so"},
		{`title:sanctions`, "in the title; also author:"},
		{`outlet:tass`, "one outlet; also family: country: kind:"},
		{`bloc:RU,CN`, "any of these; blocs are RU, CN and control"},
		{`lang:zh`, "language of the text"},
		{`narrative:nato-expansion stance:asserts`, "what was tagged, and how it stands to the claim"},
		{`after:2026-11 before:7d`, "published from November on, and before a week ago; UTC"},
		{`is:edited`, "changed pages; also is:deleted, and is:old for older versions too"},
		{`*`, "everything"},
	}
}
