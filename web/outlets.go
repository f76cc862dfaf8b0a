package web

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"chorus/corpus"
	"chorus/index"
)

func (s *site) outlets(w http.ResponseWriter, r *http.Request) error {
	v := r.URL.Query()
	f := outletFilter{Bloc: v.Get("bloc"), Health: v.Get("health"), Sort: v.Get("sort")}
	if err := f.check(); err != nil {
		return err
	}
	all, err := s.Outlets(r.Context())
	if err != nil {
		return fmt.Errorf("outlets: %w", err)
	}
	return s.render(w, http.StatusOK, "outlets", page{Title: "Outlets", Nav: "/outlets", Body: outletsPageOf(all, f)})
}

// An outletFilter says which outlets the registry page lists, and how. Empty
// fields do not narrow; the order is then that of the registry.
type outletFilter struct{ Bloc, Health, Sort string }

func (f outletFilter) check() error {
	if f.Bloc != "" && !slices.Contains(corpus.Blocs(), corpus.Bloc(f.Bloc)) {
		return &badRequest{"bloc", "is not RU, CN or control"}
	}
	if f.Health != "" && !slices.Contains(healths(), corpus.Health(f.Health)) {
		return &badRequest{"health", "is no state of an outlet"}
	}
	if !slices.Contains([]string{"", "name", "documents", "last"}, f.Sort) {
		return &badRequest{"sort", "is not name, documents or last"}
	}
	return nil
}

func (f outletFilter) url() string {
	v := url.Values{}
	for key, value := range map[string]string{"bloc": f.Bloc, "health": f.Health, "sort": f.Sort} {
		if value != "" {
			v.Set(key, value)
		}
	}
	return withValues("/outlets", v)
}

func (f outletFilter) keeps(o *corpus.OutletStatus) bool {
	return (f.Bloc == "" || string(o.Outlet.Bloc) == f.Bloc) && (f.Health == "" || string(o.Health) == f.Health)
}

func healths() []corpus.Health {
	return []corpus.Health{corpus.HealthOK, corpus.HealthNew, corpus.HealthSilent, corpus.HealthFailing, corpus.HealthDead, corpus.HealthNoFeed}
}

// An outletsPage is the registry.
type outletsPage struct {
	Blocs   []choice
	Healths []choice
	Sorts   []link
	Rows    []outletRow
	All     int
}

// A choice is a filter with how many it would leave.
type choice struct {
	link
	Key string // of the bloc or the health; empty for "all"
	N   int
}

type outletRow struct {
	URL, Search string
	Name        string
	Native      string
	NativeLang  string
	Bloc        string
	BlocName    string
	Country     string
	Family      string
	Languages   string
	Tier        string
	Health      string
	HealthName  string
	Documents   int
	Last        moment
	Feeds       int
	Faults      []string // of feeds, in words
	Disabled    bool
}

func outletsPageOf(all []corpus.OutletStatus, f outletFilter) outletsPage {
	p := outletsPage{All: len(all)}
	p.Blocs = append(p.Blocs, choice{link: link{outletFilter{"", f.Health, f.Sort}.url(), "All", f.Bloc == ""}, N: tally(all, outletFilter{"", f.Health, ""})})
	for _, b := range corpus.Blocs() {
		g := outletFilter{string(b), f.Health, f.Sort}
		p.Blocs = append(p.Blocs, choice{link{g.url(), blocName(string(b)), f.Bloc == string(b)}, blocKey(string(b)), tally(all, g)})
	}
	p.Healths = append(p.Healths, choice{link: link{outletFilter{f.Bloc, "", f.Sort}.url(), "Any state", f.Health == ""}, N: tally(all, outletFilter{f.Bloc, "", ""})})
	for _, h := range healths() {
		g := outletFilter{f.Bloc, string(h), f.Sort}
		if n := tally(all, g); n > 0 || f.Health == string(h) {
			p.Healths = append(p.Healths, choice{link{g.url(), healthName(h), f.Health == string(h)}, string(h), n})
		}
	}
	for _, x := range []link{{"", "Registry", false}, {"name", "Name", false}, {"documents", "Documents", false}, {"last", "Newest", false}} {
		p.Sorts = append(p.Sorts, link{outletFilter{f.Bloc, f.Health, x.URL}.url(), x.Text, f.Sort == x.URL})
	}
	rows := slices.DeleteFunc(slices.Clone(all), func(o corpus.OutletStatus) bool { return !f.keeps(&o) })
	sortOutlets(rows, f.Sort)
	for i := range rows {
		p.Rows = append(p.Rows, outletRowOf(&rows[i]))
	}
	return p
}

func tally(all []corpus.OutletStatus, f outletFilter) int {
	n := 0
	for i := range all {
		if f.keeps(&all[i]) {
			n++
		}
	}
	return n
}

func sortOutlets(rows []corpus.OutletStatus, by string) {
	slices.SortStableFunc(rows, func(a, b corpus.OutletStatus) int {
		switch by {
		case "name":
			return cmp.Compare(strings.ToLower(a.Outlet.Name), strings.ToLower(b.Outlet.Name))
		case "documents":
			return cmp.Compare(b.Documents, a.Documents)
		case "last":
			return b.Last.Compare(a.Last)
		}
		return 0
	})
}

func outletRowOf(o *corpus.OutletStatus) outletRow {
	row := outletRow{
		URL: outletURL(o.Outlet.ID), Search: searchURL(index.With(everything(), "outlet", o.Outlet.ID), index.SortDate),
		Name: plain(cmp.Or(o.Outlet.Name, o.Outlet.ID)), Native: plain(o.Outlet.Native),
		Bloc: blocKey(string(o.Outlet.Bloc)), BlocName: blocName(string(o.Outlet.Bloc)),
		Country: o.Outlet.Country, Family: o.Outlet.Family, Tier: string(o.Outlet.Tier),
		Health: string(o.Health), HealthName: healthName(o.Health),
		Documents: o.Documents, Last: claimedMoment(o.Last), Feeds: len(o.States), Disabled: o.Outlet.Disabled,
	}
	if row.Native == row.Name {
		row.Native = ""
	}
	if len(o.Outlet.Languages) > 0 {
		row.NativeLang = scriptOf(o.Outlet.Languages[0], o.Outlet.Native).Lang
	}
	row.Languages = strings.Join(o.Outlet.Languages, " ")
	for i := range o.States {
		if f := o.States[i].Fault; f != nil {
			row.Faults = append(row.Faults, faultText(f))
		}
	}
	slices.Sort(row.Faults)
	row.Faults = slices.Compact(row.Faults)
	return row
}

// healthName is the state of an outlet or feed in words.
func healthName(h corpus.Health) string {
	switch h {
	case corpus.HealthNew:
		return "not polled yet"
	case corpus.HealthNoFeed:
		return "no feed"
	}
	return string(h)
}

func (s *site) outlet(w http.ResponseWriter, r *http.Request) error {
	id := r.PathValue("id")
	all, err := s.Outlets(r.Context())
	if err != nil {
		return fmt.Errorf("outlets: %w", err)
	}
	i := slices.IndexFunc(all, func(o corpus.OutletStatus) bool { return o.Outlet.ID == id })
	if i < 0 {
		return ErrNotFound
	}
	p := outletPageOf(&all[i])
	if err := s.latest(r.Context(), index.With(everything(), "outlet", id), &p.Newest, &p.Waiting); err != nil {
		return err
	}
	return s.render(w, http.StatusOK, "outlet", page{Title: p.Name, Nav: "/outlets", Body: p})
}

// An outletPage is one outlet with its feeds and newest documents.
type outletPage struct {
	outletRow
	Owner     string
	Ownership string
	Typology  string
	Home      outsideLink
	Hosts     []string
	Social    []string
	Feeds     []feedRow
	Newest    []hit
	Waiting   bool // the index is being rebuilt
}

type feedRow struct {
	URL        outsideLink
	Kind       string
	Health     string
	HealthName string
	Polled     moment
	Read       moment
	NewItem    moment
	Due        moment
	Interval   string
	Items      int
	Total      int
	NewShare   string
	Failures   int
	Fault      string
	FaultAt    moment
	Warning    string
}

func outletPageOf(o *corpus.OutletStatus) outletPage {
	p := outletPage{
		outletRow: outletRowOf(o), Owner: plain(o.Outlet.Owner), Ownership: plain(o.Outlet.Ownership),
		Typology: plain(o.Outlet.Typology), Hosts: o.Outlet.Hosts,
	}
	names := make([]string, 0, len(o.Outlet.Languages))
	for _, l := range o.Outlet.Languages {
		names = append(names, languageName(l))
	}
	p.Languages = strings.Join(names, ", ")
	home := o.Outlet.Home
	if home == "" && len(o.Outlet.Hosts) > 0 {
		home = "https://" + o.Outlet.Hosts[0] + "/"
	}
	p.Home = outsideLinkOf(home, "")
	for network, handle := range o.Outlet.Social {
		p.Social = append(p.Social, network+": "+handle)
	}
	slices.Sort(p.Social)
	for i := range o.States {
		p.Feeds = append(p.Feeds, feedRowOf(&o.States[i]))
	}
	return p
}

func feedRowOf(f *corpus.FeedStatus) feedRow {
	row := feedRow{
		URL: outsideLinkOf(f.URL, ""), Kind: string(f.Kind), Health: string(f.Health), HealthName: healthName(f.Health),
		Polled: momentOf(f.Polled), Read: momentOf(f.Read), NewItem: momentOf(f.NewItem), Due: momentOf(f.Due),
		Items: f.Items, Total: f.Total, NewShare: shareText(int(f.NewShare*1000+0.5), 1000), Failures: f.Failures, Warning: plain(f.Warning),
	}
	if f.Interval > 0 {
		row.Interval = interval(f.Interval)
	}
	if f.Fault != nil {
		row.Fault, row.FaultAt = faultText(f.Fault), momentOf(f.Fault.At)
	}
	return row
}

// latest gives the newest documents of a query. While the index is being
// rebuilt the page is shown without them.
func (s *site) latest(ctx context.Context, q index.Query, into *[]hit, waiting *bool) error {
	res, err := s.Search(ctx, index.Request{Query: q, Sort: index.SortDate, Size: newestShown})
	if isWaiting(err) {
		*waiting = true
		return nil
	}
	if err != nil {
		return fmt.Errorf("newest documents: %w", err)
	}
	docs, err := s.documentsOf(ctx, res.Hits)
	if err != nil {
		return err
	}
	l := s.looks()
	for i := range docs {
		*into = append(*into, hitOf(&docs[i], nil, l))
	}
	return nil
}
