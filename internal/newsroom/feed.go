package newsroom

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"time"
)

// feedOf gives the content type of a desk's feed and what writes it.
func (w *World) feedOf(d *desk) (contentType string, write func(now time.Time) ([]byte, error)) {
	n := w.options.FeedItems
	switch d.format {
	case formatAtom:
		return "application/atom+xml", func(now time.Time) ([]byte, error) { return d.atom(now, n) }
	case formatJSON:
		return "application/feed+json", func(now time.Time) ([]byte, error) { return d.jsonFeed(now, n) }
	case formatSitemap:
		return "application/xml", func(now time.Time) ([]byte, error) { return d.sitemap(now, n) }
	case formatList:
		return d.contentType(), func(now time.Time) ([]byte, error) { return d.front(now, n) }
	}
	return "application/rss+xml", func(now time.Time) ([]byte, error) { return d.rss(now, n) }
}

// latest are the articles that are there at a time, the newest first; n of
// them, or all if n is 0.
func (d *desk) latest(now time.Time, n int) []*Article {
	var out []*Article
	for i := len(d.articles) - 1; i >= 0 && (n == 0 || len(out) < n); i-- {
		if a := d.articles[i]; a.shownAt(now) {
			out = append(out, a)
		}
	}
	return out
}

// titleAt and leadAt are what a feed says of an article.
func (a *Article) titleAt(now time.Time) string { return a.titleOf(a.at(now)) }
func (a *Article) leadAt(now time.Time) string  { return a.paragraphs(a.at(now))[0] }

// updated is when the text in force was written.
func (a *Article) updated(now time.Time) time.Time {
	if a.at(now) == a.changed {
		return a.Edited
	}
	return a.claimed()
}

type rssItem struct {
	Title       string `xml:"title"`
	Link        string `xml:"link"`
	GUID        string `xml:"guid"`
	Description string `xml:"description"`
	PubDate     string `xml:"pubDate"`
	Category    string `xml:"category"`
}

type rssFeed struct {
	XMLName xml.Name  `xml:"rss"`
	Version string    `xml:"version,attr"`
	Title   string    `xml:"channel>title"`
	Link    string    `xml:"channel>link"`
	Lang    string    `xml:"channel>language"`
	Items   []rssItem `xml:"channel>item"`
}

func (d *desk) rss(now time.Time, n int) ([]byte, error) {
	f := rssFeed{Version: "2.0", Title: d.Native, Link: d.Home, Lang: d.tongue.String()}
	for _, a := range d.latest(now, n) {
		f.Items = append(f.Items, rssItem{
			Title: a.titleAt(now), Link: a.URL, GUID: a.URL, Description: a.leadAt(now),
			PubDate: a.claimed().Format(time.RFC1123Z), Category: a.Topic,
		})
	}
	return marshalXML(f)
}

type atomLink struct {
	Rel  string `xml:"rel,attr,omitempty"`
	Href string `xml:"href,attr"`
}

type atomEntry struct {
	Title     string   `xml:"title"`
	ID        string   `xml:"id"`
	Link      atomLink `xml:"link"`
	Published string   `xml:"published"`
	Updated   string   `xml:"updated"`
	Summary   string   `xml:"summary"`
	Author    string   `xml:"author>name"`
}

type atomFeed struct {
	XMLName xml.Name    `xml:"http://www.w3.org/2005/Atom feed"`
	Lang    string      `xml:"xml:lang,attr"`
	Title   string      `xml:"title"`
	ID      string      `xml:"id"`
	Links   []atomLink  `xml:"link"`
	Updated string      `xml:"updated"`
	Entries []atomEntry `xml:"entry"`
}

func (d *desk) atom(now time.Time, n int) ([]byte, error) {
	f := atomFeed{Lang: d.tongue.String(), Title: d.Native, ID: d.Home, Links: []atomLink{{"self", d.Feeds[0].URL}, {"", d.Home}}}
	var newest time.Time
	for _, a := range d.latest(now, n) {
		if u := a.updated(now); u.After(newest) {
			newest = u
		}
		f.Entries = append(f.Entries, atomEntry{
			Title: a.titleAt(now), ID: a.URL, Link: atomLink{"alternate", a.URL}, Summary: a.leadAt(now), Author: d.author(a),
			Published: a.claimed().Format(time.RFC3339), Updated: a.updated(now).In(d.zone()).Format(time.RFC3339),
		})
	}
	f.Updated = newest.Format(time.RFC3339)
	return marshalXML(f)
}

type sitemapURL struct {
	Loc     string      `xml:"loc"`
	LastMod string      `xml:"lastmod"`
	News    sitemapNews `xml:"news:news"`
}

type sitemapNews struct {
	Name      string `xml:"news:publication>news:name"`
	Lang      string `xml:"news:publication>news:language"`
	Published string `xml:"news:publication_date"`
	Title     string `xml:"news:title"`
}

type sitemap struct {
	XMLName xml.Name     `xml:"urlset"`
	NS      string       `xml:"xmlns,attr"`
	NewsNS  string       `xml:"xmlns:news,attr"`
	URLs    []sitemapURL `xml:"url"`
}

func (d *desk) sitemap(now time.Time, n int) ([]byte, error) {
	m := sitemap{NS: "http://www.sitemaps.org/schemas/sitemap/0.9", NewsNS: "http://www.google.com/schemas/sitemap-news/0.9"}
	for _, a := range d.latest(now, n) {
		m.URLs = append(m.URLs, sitemapURL{
			Loc: a.URL, LastMod: a.updated(now).Format(time.RFC3339),
			News: sitemapNews{d.Native, d.tongue.String(), a.claimed().Format(time.RFC3339), a.titleAt(now)},
		})
	}
	return marshalXML(m)
}

type jsonItem struct {
	ID        string    `json:"id"`
	URL       string    `json:"url"`
	Title     string    `json:"title"`
	Summary   string    `json:"summary"`
	Published time.Time `json:"date_published"`
	Modified  time.Time `json:"date_modified"`
	Tags      []string  `json:"tags"`
}

type jsonFeed struct {
	Version string     `json:"version"`
	Title   string     `json:"title"`
	Home    string     `json:"home_page_url"`
	Feed    string     `json:"feed_url"`
	Lang    string     `json:"language"`
	Items   []jsonItem `json:"items"`
}

func (d *desk) jsonFeed(now time.Time, n int) ([]byte, error) {
	f := jsonFeed{"https://jsonfeed.org/version/1.1", d.Native, d.Home, d.Feeds[0].URL, d.tongue.String(), []jsonItem{}}
	for _, a := range d.latest(now, n) {
		f.Items = append(f.Items, jsonItem{a.URL, a.URL, a.titleAt(now), a.leadAt(now), a.claimed(), a.updated(now).In(d.zone()), []string{a.Topic}})
	}
	b, err := json.Marshal(f)
	if err != nil {
		return nil, fmt.Errorf("write JSON feed: %w", err)
	}
	return b, nil
}

func marshalXML(v any) ([]byte, error) {
	b, err := xml.MarshalIndent(v, "", " ")
	if err != nil {
		return nil, fmt.Errorf("write feed: %w", err)
	}
	return append([]byte(xml.Header), b...), nil
}

// A frontPage fills the home page, and the list page of outlets that have one
// as their feed.
type frontPage struct {
	site
	FeedType, FeedURL string
	Items             []headline
}

func (d *desk) front(now time.Time, n int) ([]byte, error) {
	p := frontPage{site: d.site(now), FeedURL: d.Feeds[0].URL}
	p.FeedType = map[format]string{formatRSS: "application/rss+xml", formatAtom: "application/atom+xml", formatJSON: "application/feed+json"}[d.format]
	for _, a := range d.latest(now, n) {
		local := a.claimed()
		p.Items = append(p.Items, headline{link{a.URL, a.titleAt(now)}, local.Format(time.RFC3339), printed(d.tongue, local)})
	}
	return d.html("home.html", p)
}
