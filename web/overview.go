package web

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"chorus/corpus"
	"chorus/index"
)

const (
	newestShown     = 10 // documents in a list of the newest
	narrativesShown = 12 // narratives on the overview
	faultsShown     = 8
)

func isWaiting(err error) bool { return errors.Is(err, ErrNotReady) }

func (s *site) overview(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	cov, err := s.Coverage(ctx)
	if err != nil {
		return fmt.Errorf("coverage: %w", err)
	}
	p := overviewPage{Coverage: coverageOf(cov, s.looks())}
	now := time.Now()
	chosen, err := periodOf(r.URL.Query().Get("days"))
	if err != nil {
		return err
	}
	tried := []period{chosen}
	if r.URL.Query().Get("days") == "" {
		tried = periods() // the shortest that has documents
	}
	for _, chosen = range tried {
		p.Total, p.Narratives, err = s.narrativeShares(ctx, chosen.query(now))
		if err != nil || p.Total > 0 {
			break
		}
	}
	switch {
	case isWaiting(err):
		p.Waiting = true
	case err != nil:
		return err
	default:
		p.Periods = periodLinks(chosen)
		p.Period, p.Widened = chosen.name, chosen != tried[0]
		p.Narratives = loudest(p.Narratives, narrativesShown)
		if err := s.latest(ctx, everything(), &p.Newest, &p.Waiting); err != nil {
			return err
		}
	}
	return s.render(w, http.StatusOK, "overview", page{Title: "Overview", Nav: "/", Body: p})
}

// An overviewPage is the home page.
type overviewPage struct {
	Coverage   coverageView
	Periods    []link
	Period     string
	Widened    bool // nothing was published in the usual period, so a longer one is shown
	Total      int  // documents of the period
	Narratives []narrativeRow
	Newest     []hit
	Waiting    bool // the index is being rebuilt
}

// A period is how far back the overview looks; 0 days is all time.
type period struct {
	days int
	name string
}

func periods() []period {
	return []period{{7, "7 days"}, {30, "30 days"}, {365, "year"}, {0, "all time"}}
}

func periodOf(raw string) (period, error) {
	if raw == "" {
		return periods()[0], nil
	}
	for _, p := range periods() {
		if raw == fmt.Sprint(p.days) {
			return p, nil
		}
	}
	return period{}, &badRequest{"days", "is not 7, 30, 365 or 0"}
}

func (p period) query(now time.Time) index.Query {
	if p.days == 0 {
		return everything()
	}
	return between(everything(), now.AddDate(0, 0, 1-p.days), time.Time{})
}

func periodLinks(chosen period) []link {
	var out []link
	for _, p := range periods() {
		out = append(out, link{fmt.Sprintf("/?days=%d", p.days), p.name, p == chosen})
	}
	return out
}

// A narrativeRow is a narrative with the share of each bloc's documents that
// carry it.
type narrativeRow struct {
	ID, Name, URL string
	Definition    string
	Shares        []share // in the order of corpus.Blocs
	N             int     // documents of all blocs
}

// narrativeShares counts, for each bloc, the documents of a query and those
// of them that are tagged with each narrative, whatever the stance. The rows
// are in the order of the codebook.
func (s *site) narrativeShares(ctx context.Context, q index.Query) (total int, rows []narrativeRow, err error) {
	all := make([]*index.Result, len(corpus.Blocs()))
	for i, b := range corpus.Blocs() {
		all[i], err = s.Search(ctx, index.Request{
			Query: index.With(q, "bloc", string(b)), Facets: []index.Facet{index.FacetNarrative}, TopFacets: len(s.Narratives) + 100,
		})
		if err != nil {
			return 0, nil, fmt.Errorf("narratives of bloc %s: %w", b, err)
		}
		total += all[i].Total
	}
	return total, narrativeRowsOf(s.Narratives, q, all), nil
}

// narrativeRowsOf puts the counts of the blocs side by side. Bars are drawn
// to one scale: that of the greatest share.
func narrativeRowsOf(narratives []corpus.Narrative, q index.Query, byBloc []*index.Result) []narrativeRow {
	rows := make([]narrativeRow, 0, len(narratives))
	top := 0.0
	for _, n := range narratives {
		row := narrativeRow{ID: n.ID, Name: n.Name, URL: narrativeURL(n.ID), Definition: n.Definition}
		for i, b := range corpus.Blocs() {
			sh := share{Key: blocKey(string(b)), Name: blocName(string(b)), Of: byBloc[i].Total}
			for _, c := range byBloc[i].Facets[index.FacetNarrative] {
				if c.Value == n.ID {
					sh.N = c.N
				}
			}
			sh.Text = shareText(sh.N, sh.Of)
			if sh.N > 0 {
				sh.URL = searchURL(index.With(index.With(q, "bloc", string(b)), "narrative", n.ID), "")
			}
			top = max(top, sh.value())
			row.N += sh.N
			row.Shares = append(row.Shares, sh)
		}
		rows = append(rows, row)
	}
	for i := range rows {
		for j := range rows[i].Shares {
			sh := &rows[i].Shares[j]
			sh.Bar = percent(sh.value() / max(top, 1e-9) * 100)
		}
	}
	return rows
}

// loudest gives the n narratives with the greatest share in one of the two
// watched blocs, leaving out those that nobody carries.
func loudest(rows []narrativeRow, n int) []narrativeRow {
	rows = slices.DeleteFunc(slices.Clone(rows), func(r narrativeRow) bool { return r.N == 0 })
	watched := func(r narrativeRow) float64 {
		v := 0.0
		for _, s := range r.Shares {
			if s.Key != blocKey(string(corpus.BlocControl)) {
				v = max(v, s.value())
			}
		}
		return v
	}
	slices.SortStableFunc(rows, func(a, b narrativeRow) int { return cmp.Compare(watched(b), watched(a)) })
	return rows[:min(n, len(rows))]
}

// A coverageView is what is and what is not seen, in words.
type coverageView struct {
	corpus.Coverage
	Watched   int    // outlets
	OK        int    // those of them that are read
	State     string // one line on the collector
	Alarm     bool   // the line is bad news
	LastRound moment
	Parts     []coveragePart
	Faults    []faultRow
	Unseen    int // outlets of which nothing new can be seen
}

// A coveragePart is one share of the outlets, as part of a single bar.
type coveragePart struct {
	Key, Name string
	N         int
	X, Width  string
	URL       string
}

type faultRow struct {
	Outlet link
	Where  string
	Text   string
	At     moment
}

func coverageOf(c corpus.Coverage, l lookup) coverageView {
	v := coverageView{Coverage: c, Watched: watchedOutlets(c), OK: c.Outlets[corpus.HealthOK], LastRound: momentOf(c.LastRound)}
	v.Unseen = v.Watched - v.OK - c.Outlets[corpus.HealthNew]
	v.State, v.Alarm = collectorText(c)
	at := 0
	for _, p := range []struct {
		h    corpus.Health
		name string
	}{
		{corpus.HealthOK, "read"}, {corpus.HealthNew, "not polled yet"}, {corpus.HealthSilent, "silent"},
		{corpus.HealthFailing, "failing"}, {corpus.HealthDead, "dead"}, {corpus.HealthNoFeed, "without a feed"},
	} {
		n := c.Outlets[p.h]
		if n == 0 {
			continue
		}
		of := float64(max(v.Watched, 1))
		v.Parts = append(v.Parts, coveragePart{
			Key: string(p.h), Name: p.name, N: n, X: percent(float64(at) / of * 100), Width: percent(float64(n) / of * 100),
			URL: outletFilter{Health: string(p.h)}.url(),
		})
		at += n
	}
	for _, f := range c.Losses[:min(len(c.Losses), faultsShown)] {
		v.Faults = append(v.Faults, faultRow{
			Outlet: link{URL: outletURL(f.Outlet), Text: l.outletName(f.Outlet)}, Where: shorten(plain(f.URL), 90),
			Text: faultText(&f.Fault), At: momentOf(f.Fault.At),
		})
	}
	return v
}

// watchedOutlets is the number of outlets that are watched.
func watchedOutlets(c corpus.Coverage) (n int) {
	for _, of := range c.Outlets {
		n += of
	}
	return n
}

// collectorText says what the collector does, and whether that is bad news.
func collectorText(c corpus.Coverage) (text string, alarm bool) {
	since := ""
	if !c.Since.IsZero() {
		since = " since " + momentOf(c.Since).Text + " UTC"
	}
	switch c.Collector {
	case corpus.CollectorRunning:
		if c.LastRound.IsZero() {
			return "Collecting; the first round is under way", false
		}
		return "Collecting on schedule", false
	case corpus.CollectorOffline:
		return "Not collecting: started to serve only", false
	case corpus.CollectorDown:
		return "The network cannot be reached" + since + "; what was collected is served", true
	case corpus.CollectorStuck:
		return "Nothing can be kept" + since + ": " + plain(c.Why), true
	}
	return "The state of the collector is not known", true
}
