package web

import (
	"fmt"
	"net/http"
	"slices"

	"chorus/corpus"
	"chorus/index"
)

func (s *site) narratives(w http.ResponseWriter, r *http.Request) error {
	p := narrativesPage{}
	total, rows, err := s.narrativeShares(r.Context(), everything())
	switch {
	case isWaiting(err):
		p.Waiting = true
		for _, n := range s.Narratives {
			rows = append(rows, narrativeRow{ID: n.ID, Name: n.Name, URL: narrativeURL(n.ID), Definition: n.Definition})
		}
	case err != nil:
		return err
	}
	p.Total, p.Groups = total, groupsOf(s.Narratives, rows, s.Groups)
	return s.render(w, http.StatusOK, "narratives", page{Title: "Narratives", Nav: "/narratives", Body: p})
}

// A narrativesPage is the codebook with counts over all time.
type narrativesPage struct {
	Total   int
	Groups  []narrativeGroup
	Waiting bool
}

type narrativeGroup struct {
	Letter string
	Name   string
	Rows   []narrativeRow
}

// groupsOf parts rows, which are in the order of the narratives, into groups.
func groupsOf(narratives []corpus.Narrative, rows []narrativeRow, names map[string]string) []narrativeGroup {
	var out []narrativeGroup
	for i, n := range narratives {
		at := slices.IndexFunc(out, func(g narrativeGroup) bool { return g.Letter == n.Group })
		if at < 0 {
			at = len(out)
			out = append(out, narrativeGroup{Letter: n.Group, Name: names[n.Group]})
		}
		out[at].Rows = append(out[at].Rows, rows[i])
	}
	return out
}

func (s *site) narrative(w http.ResponseWriter, r *http.Request) error {
	i := slices.IndexFunc(s.Narratives, func(n corpus.Narrative) bool { return n.ID == r.PathValue("id") })
	if i < 0 {
		return ErrNotFound
	}
	ctx, n := r.Context(), s.Narratives[i]
	q := index.With(everything(), "narrative", n.ID)
	res, err := s.Search(ctx, index.Request{
		Query: q, Sort: index.SortDate, Size: newestShown, Histogram: true, By: index.FacetBloc, TopFacets: 15,
		Facets: []index.Facet{index.FacetBloc, index.FacetOutlet, index.FacetStance, index.FacetLang},
	})
	if err != nil {
		return fmt.Errorf("narrative %s: %w", n.ID, err)
	}
	all, err := s.Search(ctx, index.Request{Query: everything(), Facets: []index.Facet{index.FacetBloc}})
	if err != nil {
		return fmt.Errorf("documents by bloc: %w", err)
	}
	docs, err := s.documentsOf(ctx, res.Hits)
	if err != nil {
		return err
	}
	p := narrativePageOf(n, s.Groups[n.Group], q, res, all, docs, s.looks())
	return s.render(w, http.StatusOK, "narrative", page{Title: n.Name, Nav: "/narratives", Query: q.String(), Body: p})
}

// A narrativePage is one narrative: what it claims, who carries it, when.
type narrativePage struct {
	ID, Name, Definition string
	Group, GroupName     string
	Search               string
	Total                int
	Shares               []share
	Chart                *chart
	Facets               []facet
	Newest               []hit
}

func narrativePageOf(n corpus.Narrative, group string, q index.Query, res, all *index.Result, docs []corpus.Document, l lookup) narrativePage {
	p := narrativePage{
		ID: n.ID, Name: n.Name, Definition: n.Definition, Group: n.Group, GroupName: group,
		Search: searchURL(q, index.SortDate), Total: res.Total, Shares: blocShares(q, res, all),
	}
	if res.Total > 0 {
		p.Chart = histogram("by-time", "Documents by time", res, q, index.SortDate)
	}
	for _, f := range facetsOf(&found{Form: searchForm{Sort: index.SortDate}, Query: q, Result: res}, l) {
		if f.Field != string(index.FacetBloc) {
			p.Facets = append(p.Facets, f)
		}
	}
	for i := range docs {
		p.Newest = append(p.Newest, hitOf(&docs[i], nil, l))
	}
	return p
}

// blocShares gives the documents of each bloc in a result as a share of all
// documents of that bloc.
func blocShares(q index.Query, res, all *index.Result) []share {
	countOf := func(r *index.Result, bloc corpus.Bloc) int {
		for _, c := range r.Facets[index.FacetBloc] {
			if c.Value == string(bloc) {
				return c.N
			}
		}
		return 0
	}
	var out []share
	top := 0.0
	for _, b := range corpus.Blocs() {
		s := share{Key: blocKey(string(b)), Name: blocName(string(b)), N: countOf(res, b), Of: countOf(all, b)}
		s.Text = shareText(s.N, s.Of)
		if s.N > 0 {
			s.URL = searchURL(index.With(q, "bloc", string(b)), index.SortDate)
		}
		top = max(top, s.value())
		out = append(out, s)
	}
	for i := range out {
		out[i].Bar = percent(out[i].value() / max(top, 1e-9) * 100)
	}
	return out
}
