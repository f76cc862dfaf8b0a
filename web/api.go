package web

import (
	"net/http"
	"time"

	"chorus/corpus"
	"chorus/index"
)

// A searchAnswer is a search as the API tells it: what the page of the same
// address shows.
type searchAnswer struct {
	Query     string                        `json:"query"` // as it was understood
	Total     int                           `json:"total"`
	Hits      []Hit                         `json:"hits"`
	Facets    map[index.Facet][]index.Count `json:"facets"`
	Histogram []index.Bar                   `json:"histogram"` // without gaps, oldest first, split by bloc
	Interval  index.Interval                `json:"interval,omitempty"`
	Next      string                        `json:"next,omitempty"` // the cursor of the next page
	TookMS    float64                       `json:"took_ms"`
}

func (s *site) searchAPI(w http.ResponseWriter, r *http.Request) error {
	form, err := searchFormOf(r.URL.Query())
	if err != nil {
		return err
	}
	f, err := s.find(r.Context(), form)
	if err != nil {
		return err
	}
	return renderJSON(w, http.StatusOK, "application/json", searchAnswerOf(f, s.looks()))
}

func searchAnswerOf(f *found, l lookup) searchAnswer {
	a := searchAnswer{
		Query: f.Query.String(), Total: f.Result.Total, Hits: []Hit{}, Facets: f.Result.Facets,
		Histogram: f.Result.Histogram, Interval: f.Result.Interval, Next: f.Result.Next,
		TookMS: float64(f.Result.Took.Round(10*time.Microsecond)) / float64(time.Millisecond),
	}
	if a.Facets == nil {
		a.Facets = map[index.Facet][]index.Count{}
	}
	if a.Histogram == nil {
		a.Histogram = []index.Bar{}
	}
	for i := range f.Docs {
		d := &f.Docs[i]
		a.Hits = append(a.Hits, HitOf(d, corpus.Bloc(l.bloc(d.Item.Outlet)),
			l.highlightTitle(d.Title(), d.Article.Lang, f.Query), l.highlight(d.Article.Text, d.Article.Lang, f.Query)))
	}
	return a
}
