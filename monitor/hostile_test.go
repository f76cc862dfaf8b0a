package monitor

// What the open web does: each ends in one recorded fault, and the round goes on.

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"chorus/corpus"
	"chorus/internal/testweb"
)

func handler(fn func(http.ResponseWriter, *http.Request)) testweb.Page {
	return testweb.Page{Handler: http.HandlerFunc(fn)}
}

// bomb is a megabyte or so that unpacks to a gigabyte.
func bomb(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	zeros := make([]byte, 1<<20)
	for range 1 << 10 {
		if _, err := z.Write(zeros); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestHostileWebEndsInFaultsAndTheRoundGoesOn(t *testing.T) {
	w := &testweb.Web{}
	packed := bomb(t)
	article := func(title, text string) string {
		return "<!doctype html><html lang=en><head><title>" + title + "</title></head><body><article><h1>" + title + "</h1>" + text + "</article></body></html>"
	}
	sound := strings.Repeat("<p>The council met on Tuesday and spoke at length about the new tram line, its cost and its stops along the river.</p>", 3)

	pages := map[string]testweb.Page{
		"endless": handler(func(w http.ResponseWriter, r *http.Request) {
			for r.Context().Err() == nil {
				if _, err := w.Write(bytes.Repeat([]byte("<p>and on and on it goes</p>\n"), 1000)); err != nil {
					return
				}
			}
		}),
		"bomb": {Header: http.Header{"Content-Encoding": {"gzip"}, "Content-Type": {"text/html"}}, Body: packed},
		"loop": handler(func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/p/loop", http.StatusFound) }),
		"slow": handler(func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() }),
		"cut": handler(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "100000")
			fmt.Fprint(w, article("Cut off", sound))
		}),
		"private": handler(func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://169.254.169.254/latest/meta-data/", http.StatusFound)
		}),
		"down":    {Status: 503, Body: []byte("later")},
		"pdf":     {Header: http.Header{"Content-Type": {"application/pdf"}}, Body: []byte("%PDF-1.7\n1 0 obj\n")},
		"deep":    {Body: []byte("<html><head><title>Deep</title></head><body>" + strings.Repeat("<div>", 50000) + "<p>" + strings.Repeat("At the bottom of all this there is a sentence that can be read. ", 10) + "</p>")},
		"charset": {Header: http.Header{"Content-Type": {"text/html; charset=utf-8"}}, Body: []byte("<html lang=ru><head><meta charset=windows-1251><title>\xcd\xee\xe2\xee\xf1\xf2\xe8</title></head><body><article><h1>\xcd\xee\xe2\xee\xf1\xf2\xe8</h1>" + strings.Repeat("<p>\xd1\xee\xe2\xe5\xf2 \xe3\xee\xf0\xee\xe4\xe0 \xee\xe1\xf1\xf3\xe4\xe8\xeb \xed\xee\xe2\xfb\xe9 \xef\xeb\xe0\xed \xe7\xe0\xf1\xf2\xf0\xee\xe9\xea\xe8 \xf0\xe0\xe9\xee\xed\xe0 \xf3 \xf0\xe5\xea\xe8, \xf1\xee\xee\xe1\xf9\xe8\xeb\xe8 \xe2 \xec\xfd\xf0\xe8\xe8.</p>", 4) + "</article></body></html>")},
		"empty":   {Body: []byte("<html><head><title>Nothing here</title></head><body></body></html>")},
		"fine":    {Body: []byte(article("All is well", sound))},
	}
	var items strings.Builder
	for name, p := range pages {
		w.Add("http://odd.example/p/"+name, p)
		fmt.Fprintf(&items, "<item><link>http://odd.example/p/%s</link></item>", name)
	}
	w.AddText("http://odd.example/rss.xml", `<rss version="2.0"><channel><title>Odd</title>`+items.String()+`</channel></rss>`)

	feeds := map[string]testweb.Page{
		"http://odd.example/html":          {Body: []byte("<html><body>We have moved.</body></html>")},
		"http://odd.example/nothing":       {Body: []byte{}},
		"http://odd.example/binary":        {Body: []byte("\x00\x01\x02\xff\xfe")},
		"http://odd.example/nested.xml":    {Body: []byte("<rss>" + strings.Repeat("<a>", 200000))},
		"http://odd.example/laughs.xml":    {Body: []byte(`<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]><rss version="2.0"><channel><title>&b;</title></channel></rss>`)},
		"http://odd.example/cut.xml":       {Body: []byte(`<rss version="2.0"><channel><title>Cut</title><item><link>http://odd.example/p/fine</link></item><item><link>http://odd`)},
		"http://odd.example/bomb.xml":      {Header: http.Header{"Content-Encoding": {"gzip"}, "Content-Type": {"application/xml"}}, Body: packed},
		"http://odd.example/forbidden.xml": {Status: 403},
	}
	o := corpus.Outlet{ID: "odd", Name: "odd", Bloc: corpus.BlocControl, Country: "NL", Owner: "odd", Family: "odd", Ownership: "independent",
		Languages: []string{"en"}, Hosts: []string{"odd.example"}, Tier: corpus.TierDaily, Feeds: []corpus.Feed{{URL: "http://odd.example/rss.xml", Kind: corpus.FeedRSS}}}
	for url, p := range feeds {
		w.Add(url, p)
		o.Feeds = append(o.Feeds, corpus.Feed{URL: url, Kind: corpus.FeedRSS})
	}

	s := watch(t, w, []corpus.Outlet{o})
	s.cfg.Collect.Timeout = 2 * time.Second
	s.cfg.Collect.MaxBody, s.cfg.Collect.MaxFeed = 1<<20, 1<<20
	s.with(func(m *Monitor) {
		sum, err := m.Once(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if sum.Pages != len(pages) || sum.Feeds != len(o.Feeds) {
			t.Errorf("summary %+v, want all %d pages and %d feeds", sum, len(pages), len(o.Feeds))
		}
		cov, err := m.Coverage(t.Context(), false)
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]string{}
		for _, l := range cov.Losses {
			name := strings.TrimPrefix(l.URL, "http://odd.example/")
			if got[name] != "" {
				t.Errorf("%s has two faults in the ledger", name)
			}
			got[name] = string(l.Fault.Class)
		}
		want := map[string]string{
			"p/endless": "too-large", "p/bomb": "too-large", "p/loop": "redirect", "p/slow": "timeout", "p/cut": "cut",
			"p/private": "guarded", "p/down": "server", "p/pdf": "format", "p/empty": "empty",
			"html": "format", "nothing": "empty", "binary": "format", "nested.xml": "format", "bomb.xml": "too-large", "forbidden.xml": "denied",
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("faults (-want +got):\n%s", diff)
		}
		for query, want := range map[string]string{
			"tram title:well":            "odd.example/p/fine",
			"застройки":                  "odd.example/p/charset",
			"bottom sentence title:deep": "odd.example/p/deep",
			"tram title:cut":             "odd.example/p/cut",
		} {
			if diff := cmp.Diff([]string{want}, search(t, m, query)); diff != "" {
				t.Errorf("search %s (-want +got):\n%s", query, diff)
			}
		}
	})
}
