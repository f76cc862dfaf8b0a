package testweb

// The recorded web: a site with its real paths, and single pages of many
// outlets, each made findable by a feed of our own.

import (
	"archive/tar"
	"bytes"
	"cmp"
	"compress/gzip"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/template"

	"chorus/corpus"
)

// A Recording is a recorded web and the outlets that are on it.
type Recording struct {
	Web     *Web
	Outlets []corpus.Outlet // with feeds that work on this web
	Pages   int             // articles and the like, without feeds, listings and robots.txt
}

// Recorded loads the web under dir, a folder with manifest.tsv, pages/ and
// en.kremlin.ru.tar.gz. Outlets that known gives by host keep what is known
// of them and get the feeds of this web; others are made up from the manifest.
func Recorded(dir string, known func(host string) (corpus.Outlet, bool)) (*Recording, error) {
	if _, err := os.Stat(filepath.Join(dir, "manifest.tsv")); err != nil {
		return nil, errNoShared
	}
	r := &Recording{Web: &Web{}}
	if err := r.addSite(filepath.Join(dir, "en.kremlin.ru.tar.gz"), known); err != nil {
		return nil, fmt.Errorf("load recorded site: %w", err)
	}
	if err := r.addPages(dir, known); err != nil {
		return nil, fmt.Errorf("load recorded pages: %w", err)
	}
	slices.SortFunc(r.Outlets, func(a, b corpus.Outlet) int { return cmp.Compare(a.ID, b.ID) })
	return r, nil
}

// addSite adds a site from a tar of its pages, named host/path.html. A page is
// there with and without .html: so the links of the recording lead to it, and
// so does its real address.
func (r *Recording) addSite(file string, known func(string) (corpus.Outlet, bool)) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return err
	}
	var lists []string
	for t := tar.NewReader(z); ; {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		if h.Typeflag != tar.TypeReg {
			continue
		}
		body, err := io.ReadAll(t)
		if err != nil {
			return err
		}
		address := "http://" + h.Name
		r.Web.Add(address, Page{Body: body})
		r.Web.Add(strings.TrimSuffix(address, ".html"), Page{Body: body})
		switch {
		case strings.Contains(address, "/page/"):
			lists = append(lists, address)
		case !strings.HasSuffix(address, "robots.txt"):
			r.Pages++
		}
	}
	// The listings were recorded from page 2 to 26; the first is the newest.
	slices.SortFunc(lists, func(a, b string) int { return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b)) })
	o, ok := known("en.kremlin.ru")
	if !ok || len(lists) == 0 {
		return errors.New("en.kremlin.ru is not a known outlet, or has no listing")
	}
	i := slices.IndexFunc(o.Feeds, func(f corpus.Feed) bool { return f.Kind == corpus.FeedList })
	if i < 0 {
		return errors.New("en.kremlin.ru has no list feed")
	}
	feed := o.Feeds[i]
	rule := *feed.List
	rule.Pages = len(lists)
	feed.URL, feed.List = lists[0], &rule
	o.Feeds = []corpus.Feed{feed}
	r.Outlets = append(r.Outlets, o)
	return nil
}

// addPages adds the single pages of the manifest and a feed for each host.
func (r *Recording) addPages(dir string, known func(string) (corpus.Outlet, bool)) error {
	raw, err := os.ReadFile(filepath.Join(dir, "manifest.tsv"))
	if err != nil {
		return err
	}
	t := csv.NewReader(bytes.NewReader(raw))
	t.Comma, t.LazyQuotes, t.FieldsPerRecord = '\t', true, -1
	rows, err := t.ReadAll()
	if err != nil {
		return err
	}
	links := map[string][]string{} // by host
	row := map[string]map[string]string{}
	for _, values := range rows[1:] {
		field := map[string]string{}
		for i, v := range values {
			field[rows[0][i]] = v
		}
		if field["outlet"] == "en.kremlin.ru" || field["kind"] == "listing" {
			continue
		}
		body, err := os.ReadFile(filepath.Join(dir, field["file"]))
		if err != nil {
			return err
		}
		u := pageURL(field)
		r.Web.Add(u.String(), Page{Body: body})
		r.Pages++
		links[u.Host] = append(links[u.Host], u.String())
		row[u.Host] = field
	}
	byOutlet := map[string]*corpus.Outlet{}
	for host, pages := range links {
		o := outletOf(host, row[host], known)
		feed := corpus.Feed{URL: "http://" + host + "/recorded-feed.xml", Kind: corpus.FeedRSS}
		if seen, ok := byOutlet[o.ID]; ok {
			seen.Feeds = append(seen.Feeds, feed)
		} else {
			o.Feeds = []corpus.Feed{feed}
			byOutlet[o.ID] = &o
		}
		slices.Sort(pages)
		r.Web.Add(feed.URL, Page{Body: rss(host, pages)})
	}
	for _, o := range byOutlet {
		slices.SortFunc(o.Feeds, func(a, b corpus.Feed) int { return cmp.Compare(a.URL, b.URL) })
		r.Outlets = append(r.Outlets, *o)
	}
	return nil
}

// pageURL is the address of a recorded page; one whose address was not kept
// gets a path of its own on its outlet's host. All are served as plain http.
func pageURL(field map[string]string) *url.URL {
	if u, err := url.Parse(field["url"]); err == nil && u.Host != "" && u.Host != "web.archive.org" {
		return &url.URL{Scheme: "http", Host: u.Host, Path: u.Path, RawPath: u.RawPath, RawQuery: u.RawQuery}
	}
	host, _, _ := strings.Cut(field["outlet"], " ")
	name := strings.TrimSuffix(filepath.Base(field["file"]), ".html")
	return &url.URL{Scheme: "http", Host: "www." + host, Path: "/recorded/" + name + ".html"}
}

func outletOf(host string, field map[string]string, known func(string) (corpus.Outlet, bool)) corpus.Outlet {
	if o, ok := known(host); ok {
		return o
	}
	bloc, country, ownership := corpus.BlocControl, "XX", "state"
	switch c, _, _ := strings.Cut(field["owner_country"], "("); {
	case strings.HasPrefix(c, "RU"):
		bloc, country = corpus.BlocRU, "RU"
	case strings.HasPrefix(c, "CN"):
		bloc, country = corpus.BlocCN, "CN"
	case len(c) >= 2:
		country = c[:2]
	}
	bare := strings.TrimPrefix(host, "www.")
	return corpus.Outlet{
		ID: strings.ReplaceAll(bare, ".", "-"), Name: bare, Bloc: bloc, Country: country, Owner: bare,
		Family: strings.ReplaceAll(bare, ".", "-"), Ownership: ownership,
		Languages: []string{field["lang"]}, Hosts: []string{bare}, Tier: corpus.TierDaily,
	}
}

var rssTemplate = template.Must(template.New("rss").Parse(`<?xml version="1.0" encoding="utf-8"?>
<rss version="2.0"><channel><title>{{.Host | html}}</title><link>http://{{.Host | html}}/</link><description>Recorded pages</description>
{{range .Links}}<item><link>{{. | html}}</link><guid>{{. | html}}</guid></item>
{{end}}</channel></rss>
`))

func rss(host string, links []string) []byte {
	var b bytes.Buffer
	if err := rssTemplate.Execute(&b, map[string]any{"Host": host, "Links": links}); err != nil {
		panic(err) // the template and its data are ours
	}
	return b.Bytes()
}
