package web

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
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

// maxSize is how many hits an answer of the API holds at most.
const maxSize = 100

// searchAPI answers what the page of the same address shows. The parameter
// size asks for another number of hits: 0, for the counts alone, to maxSize.
func (s *site) searchAPI(w http.ResponseWriter, r *http.Request) error {
	form, err := searchFormOf(r.URL.Query())
	if err != nil {
		return err
	}
	size, err := sizeOf(r.URL.Query(), s.PageSize)
	if err != nil {
		return err
	}
	f, err := s.find(r.Context(), form, size)
	if err != nil {
		return err
	}
	return renderJSON(w, http.StatusOK, "application/json", searchAnswerOf(f, s.looks()))
}

func sizeOf(v url.Values, absent int) (int, error) {
	raw := v.Get("size")
	if raw == "" {
		return absent, nil
	}
	n, err := strconv.Atoi(raw)
	if err != nil || n < 0 || n > maxSize {
		return 0, &badRequest{"size", fmt.Sprintf("is not a number from 0 to %d", maxSize)}
	}
	return n, nil
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
