package monitor

import (
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"chorus/corpus"
	"chorus/internal/testweb"
)

func TestCheckOutletsReadsKnownFeedsAndFindsOthers(t *testing.T) {
	w := &testweb.Web{}
	rss := func(link, date string) string {
		return `<rss version="2.0"><channel><title>T</title><item><link>` + link + `</link><title>One</title><pubDate>` + date + `</pubDate></item></channel></rss>`
	}
	w.AddText("http://gull.example/rss.xml", rss("http://gull.example/1", "Sun, 01 Mar 2026 09:00:00 GMT"))
	w.AddText("http://gull.example/broken.xml", "<html><body>We have moved.</body></html>")
	w.AddText("http://gull.example/", `<html><head><link rel="alternate" type="application/rss+xml" href="/announced.xml">
		<link rel="alternate" type="application/rss+xml" href="/rss.xml"></head><body>Home</body></html>`)
	w.AddText("http://gull.example/announced.xml", rss("http://gull.example/2", "Mon, 02 Mar 2026 09:00:00 GMT"))
	w.AddText("http://gull.example/robots.txt", "User-agent: *\nDisallow:\nSitemap: http://gull.example/index.xml\n")
	w.AddText("http://gull.example/index.xml", `<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"><sitemap><loc>http://gull.example/part.xml</loc></sitemap></sitemapindex>`)
	w.AddText("http://gull.example/part.xml", `<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"><url><loc>http://gull.example/3</loc></url><url><loc>http://gull.example/4</loc></url></urlset>`)
	w.AddText("http://heron.example/", "<html><body>Nothing announced</body></html>")
	w.AddText("http://heron.example/feed", rss("http://heron.example/1", ""))

	outlet := func(id string, hosts []string, feeds ...corpus.Feed) corpus.Outlet {
		o := corpus.Outlet{ID: id, Name: id, Bloc: corpus.BlocControl, Country: "NL", Owner: id, Family: id, Ownership: "independent",
			Languages: []string{"en"}, Hosts: hosts, Tier: corpus.TierDaily, Feeds: feeds}
		if len(hosts) > 0 {
			o.Home = "http://" + hosts[0] + "/"
		} else {
			o.Social = map[string]string{"telegram": id}
		}
		return o
	}
	s := watch(t, w, []corpus.Outlet{
		outlet("gull", []string{"gull.example"}, corpus.Feed{URL: "http://gull.example/rss.xml", Kind: corpus.FeedRSS}, corpus.Feed{URL: "http://gull.example/broken.xml", Kind: corpus.FeedRSS}),
		outlet("heron", []string{"heron.example"}),
		outlet("account", nil),
	})
	check := func(ids ...string) map[string]OutletCheck {
		got := map[string]OutletCheck{}
		if err := CheckOutlets(t.Context(), s.cfg, slog.New(slog.DiscardHandler), ids, func(c OutletCheck) error {
			got[c.Outlet] = c
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		return got
	}
	got := check()
	if _, ok := got["account"]; ok || len(got) != 2 {
		t.Errorf("checked %v, want the two outlets with a site", got)
	}
	gull := got["gull"]
	if f := gull.Feeds; len(f) != 2 || !f[0].Verified || f[0].Items != 1 || !f[0].NewestItem.Equal(time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)) ||
		f[1].Verified || f[1].Fault == nil || f[1].Fault.Class != corpus.FaultFormat {
		t.Errorf("feeds of the registry: %+v, want the first read and the second not", f)
	}
	found := map[string]int{}
	for _, c := range got {
		for _, f := range c.Found {
			found[f.URL] = f.Items
		}
	}
	want := map[string]int{"http://gull.example/announced.xml": 1, "http://gull.example/index.xml": 2, "http://heron.example/feed": 1}
	if diff := cmp.Diff(want, found); diff != "" {
		t.Errorf("found, with items (-want +got):\n%s", diff)
	}
	heron := got["heron"]
	if !gull.Readable() || !heron.Readable() {
		t.Error("outlets with readable feeds are not readable")
	}
	if account := check("account")["account"]; account.Readable() || account.Home != nil {
		t.Errorf("an account without a site is %+v, want nothing asked and nothing found", account)
	}

	var unknown UnknownOutletError
	if err := CheckOutlets(t.Context(), s.cfg, slog.New(slog.DiscardHandler), []string{"gull", "goose", "duck"}, nil); !errors.As(err, &unknown) || len(unknown) != 2 {
		t.Errorf("CheckOutlets of unknown outlets = %v, want both named", err)
	}
	broken := errors.New("pipe closed")
	if err := CheckOutlets(t.Context(), s.cfg, slog.New(slog.DiscardHandler), nil, func(OutletCheck) error { return broken }); !errors.Is(err, broken) {
		t.Errorf("CheckOutlets with a reader that is gone = %v", err)
	}
}
