package feeds

// This file finds feeds that nobody has told us of: those a home page or a
// robots.txt announces, and addresses where sites commonly have one.

import (
	"bytes"
	"net/url"
	"path"
	"slices"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
	"golang.org/x/net/publicsuffix"

	"chorus/corpus"
)

// maxFound bounds how many feeds are taken from one page or robots.txt.
const maxFound = 100

// FeedLinks gives the feeds that a page links to, in the order of the page and
// none twice: those it announces in <link> elements, and apart from them those
// that are only likely, plain links on the same site whose address looks like
// that of a feed. Feeds of comments are left out. pageURL is the address of
// the page; a page that is no HTML has no links.
func FeedLinks(page []byte, pageURL string) (announced, likely []corpus.Feed) {
	root, err := html.Parse(bytes.NewReader(page))
	if err != nil {
		return nil, nil
	}
	base, err := url.Parse(pageURL)
	if err != nil {
		return nil, nil
	}
	site := siteOf(base)
	base = baseOf(root, base)
	for n := range root.Descendants() {
		switch {
		case n.DataAtom == atom.Link:
			if f, ok := linkFeed(n, base); ok {
				announced = addFound(announced, f)
			}
		case n.DataAtom == atom.A:
			if f, ok := anchorFeed(n, base, site); ok {
				likely = addFound(likely, f)
			}
		}
	}
	likely = slices.DeleteFunc(likely, func(f corpus.Feed) bool { return isFound(announced, f.URL) })
	return announced, likely
}

// baseOf gives what the links of a page are relative to (HTML, 2.4.1: the
// first base element with an href).
func baseOf(root *html.Node, page *url.URL) *url.URL {
	for n := range root.Descendants() {
		if n.DataAtom != atom.Base || attribute(n, "href") == "" {
			continue
		}
		if u, err := url.Parse(absolute(page, attribute(n, "href"))); err == nil && u.Host != "" {
			return u
		}
		return page
	}
	return page
}

// linkFeed reads a <link> element.
func linkFeed(n *html.Node, base *url.URL) (corpus.Feed, bool) {
	f := corpus.Feed{URL: feedAddress(base, n), Lang: linkLang(n)}
	if f.URL == "" {
		return f, false
	}
	rel := strings.Fields(strings.ToLower(attribute(n, "rel")))
	switch {
	case slices.Contains(rel, "sitemap"):
		f.Kind = corpus.FeedSitemap
		return f, true
	case !slices.Contains(rel, "alternate") && !slices.Contains(rel, "feed"):
		return f, false
	}
	f.Kind = corpus.FeedRSS
	mime, _, _ := strings.Cut(strings.ToLower(attribute(n, "type")), ";")
	switch strings.TrimSpace(mime) {
	case "application/rss+xml", "application/atom+xml", "application/rdf+xml", "application/feed+json":
		return f, true
	case "", "text/xml", "application/xml", "application/json":
		// Also the types of other things: rel=alternate alone is a translation.
		kind, ok := looksLikeFeed(f.URL)
		f.Kind = kind
		return f, ok
	}
	return f, false
}

// anchorFeed reads an <a> element.
func anchorFeed(n *html.Node, base *url.URL, site string) (corpus.Feed, bool) {
	f := corpus.Feed{URL: feedAddress(base, n), Lang: linkLang(n)}
	if f.URL == "" {
		return f, false
	}
	u, err := url.Parse(f.URL)
	if err != nil || siteOf(u) != site {
		return f, false
	}
	kind, ok := looksLikeFeed(f.URL)
	f.Kind = kind
	return f, ok
}

// feedAddress gives the absolute address that an element links to, without
// fragment, or "" if it cannot be that of a feed we want.
func feedAddress(base *url.URL, n *html.Node) string {
	link, _, _ := strings.Cut(absolute(base, attribute(n, "href")), "#")
	low := strings.ToLower(link)
	if strings.Contains(low, "/comments/") || strings.Contains(low, "oembed") {
		return ""
	}
	return link
}

// linkLang gives the language that a link claims for its target, or "".
func linkLang(n *html.Node) string {
	code, _, _ := strings.Cut(strings.ToLower(attribute(n, "hreflang")), "-")
	if isLanguage(code) {
		return code
	}
	return ""
}

// looksLikeFeed judges an address by the words in it: a path element or a file
// called rss, feed, atom or rdf, a file with one of these endings, or a
// sitemap in XML.
func looksLikeFeed(link string) (corpus.FeedKind, bool) {
	u, err := url.Parse(strings.ToLower(link))
	if err != nil {
		return corpus.FeedRSS, false
	}
	name := path.Base(u.Path)
	ext := path.Ext(name)
	if strings.Contains(name, "sitemap") {
		return corpus.FeedSitemap, ext == ".xml" || ext == ".gz"
	}
	switch ext {
	case ".rss", ".atom", ".rdf":
		return corpus.FeedRSS, true
	case ".jpg", ".png", ".svg", ".gif", ".ico", ".css", ".js", ".pdf":
		return corpus.FeedRSS, false
	}
	// /export/rss2/archive/index.xml, /rss/, /feed, /?feed=rss2
	for part := range strings.SplitSeq(strings.TrimSuffix(u.Path, ext), "/") {
		if isFeedWord(part) {
			return corpus.FeedRSS, true
		}
	}
	return corpus.FeedRSS, isFeedWord(u.Query().Get("feed"))
}

func isFeedWord(s string) bool {
	switch strings.TrimRight(s, "0123456789") {
	case "rss", "feed", "feeds", "atom", "rdf":
		return true
	}
	return strings.HasSuffix(s, "_rss") || strings.HasSuffix(s, "-rss")
}

// siteOf gives the domain that a site was registered under, so that
// www.rt.com and de.rt.com are one site; for a bare name or number, the host.
func siteOf(u *url.URL) string {
	host := plainHost(u.Hostname())
	if site, err := publicsuffix.EffectiveTLDPlusOne(host); err == nil {
		return site
	}
	return host
}

func isFound(feeds []corpus.Feed, link string) bool {
	return slices.ContainsFunc(feeds, func(f corpus.Feed) bool { return f.URL == link })
}

// addFound appends a feed unless it is there or there are enough.
func addFound(feeds []corpus.Feed, f corpus.Feed) []corpus.Feed {
	if len(feeds) >= maxFound || isFound(feeds, f.URL) {
		return feeds
	}
	return append(feeds, f)
}

// RobotsSitemaps gives the sitemaps that a robots.txt names, in its order and
// none twice. robotsURL is the address it was read from: sitemaps.org wants
// absolute addresses, but some sites write relative ones. A sitemap may lie on
// another host.
func RobotsSitemaps(robots []byte, robotsURL string) []corpus.Feed {
	base, err := url.Parse(robotsURL)
	if err != nil {
		return nil
	}
	var found []corpus.Feed
	text := strings.ReplaceAll(strings.TrimPrefix(string(robots), "\ufeff"), "\r", "\n")
	for line := range strings.SplitSeq(text, "\n") {
		// RFC 9309, 2.2: # starts a comment, names of fields ignore case.
		line, _, _ = strings.Cut(line, "#")
		field, value, ok := strings.Cut(line, ":")
		if !ok || !strings.EqualFold(strings.TrimSpace(field), "sitemap") {
			continue
		}
		if link := absolute(base, value); link != "" {
			found = addFound(found, corpus.Feed{URL: link, Kind: corpus.FeedSitemap})
		}
	}
	return found
}

// commonPaths are where sites have their feeds most often, likeliest first.
var commonPaths = []string{"rss", "rss.xml", "feed", "feed.xml", "atom.xml", "news-sitemap.xml", "sitemap_news.xml", "sitemap.xml"}

// WellKnown gives the addresses at which a feed of an outlet may be tried when
// it announces none, likeliest first: common paths below its home page, then at
// the root of the host. Addresses that are its feeds already are left out. An
// outlet without hosts has none.
func WellKnown(o corpus.Outlet) []string {
	if len(o.Hosts) == 0 {
		return nil
	}
	home := o.Home
	if home == "" {
		home = "https://" + o.Hosts[0] + "/"
	}
	base, err := url.Parse(home)
	if err != nil {
		return nil
	}
	root := &url.URL{Scheme: base.Scheme, Host: base.Host, Path: "/"}
	below := root.JoinPath(path.Dir(base.Path+"x"), "/") // "/ru/" of "/ru/" and of "/ru/index.html"
	var found []string
	for _, dir := range []*url.URL{below, root} {
		for _, p := range commonPaths {
			link := dir.JoinPath(p).String()
			if !slices.Contains(found, link) && !isFound(o.Feeds, link) {
				found = append(found, link)
			}
		}
	}
	return found
}
