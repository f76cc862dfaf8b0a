package feeds

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/andybalholm/cascadia"
	"golang.org/x/net/html"

	"chorus/corpus"
)

// list reads a page of links with the CSS selectors of the feed's rule.
func (r *reader) list(text []byte) error {
	if r.feed.List == nil {
		return errors.New("a list page without a rule to read it by")
	}
	rule, err := compileRule(*r.feed.List)
	if err != nil {
		return err
	}
	page, err := html.Parse(bytes.NewReader(text))
	if err != nil {
		return fmt.Errorf("parse page: %w", err) // nested over the parser's limit
	}
	own := canonicalOf(r.base.String())
	r.setBase(page)
	links := 0
	for _, scope := range rule.entries(page) {
		a := rule.anchor(scope)
		if a == nil {
			continue
		}
		links++
		e := entry{links: []string{attribute(a, "href")}, title: rule.titleOf(scope, a)}
		if canonicalOf(absolute(r.base, e.links[0])) == own { // "#", "?"
			continue
		}
		e.published = rule.dateOf(scope, r.now, &e.badDates)
		r.add(e)
	}
	switch {
	case links == 0:
		return fmt.Errorf("no link matches the selector %q", rule.String())
	case len(r.reading.Items) == 0 && r.filtered == 0:
		return fmt.Errorf("none of the %d links that match the selector %q leads to a page", links, rule.String())
	}
	r.reading.Format = "list"
	r.next(page, rule, own)
	return nil
}

// setBase applies <base href>.
func (r *reader) setBase(page *html.Node) {
	base := cascadia.Query(page, cascadia.MustCompile("base[href]"))
	if base == nil {
		return
	}
	if u := absolute(r.base, attribute(base, "href")); u != "" {
		r.base, _ = r.base.Parse(u)
	}
}

// next finds the link to the next page, unless it leads back here.
func (r *reader) next(page *html.Node, rule listRule, own string) {
	if rule.next == nil {
		return
	}
	for _, n := range cascadia.QueryAll(page, rule.next) {
		if n = anchorAt(n); n == nil {
			continue
		}
		link := absolute(r.base, attribute(n, "href"))
		if link != "" && canonicalOf(link) != own {
			r.reading.Next = link
			return
		}
	}
}

// canonicalOf is corpus.Canonical, with "" for what is no page.
func canonicalOf(link string) string {
	c, err := corpus.Canonical(link)
	if err != nil {
		return ""
	}
	return c
}

// A listRule is a corpus.ListRule with its selectors compiled; those that are
// not set are nil.
type listRule struct {
	item, link, title, date, next cascadia.SelectorGroup
	source                        corpus.ListRule
}

func compileRule(rule corpus.ListRule) (listRule, error) {
	out := listRule{source: rule}
	for _, s := range []struct {
		name, text string
		to         *cascadia.SelectorGroup
	}{
		{"item", rule.Item, &out.item}, {"link", rule.Link, &out.link}, {"title", rule.Title, &out.title},
		{"date", rule.Date, &out.date}, {"next", rule.Next, &out.next},
	} {
		if s.text == "" {
			continue
		}
		group, err := cascadia.ParseGroup(s.text)
		if err != nil {
			return out, fmt.Errorf("selector of %s: %w", s.name, err)
		}
		*s.to = group
	}
	if out.link == nil {
		return out, errors.New("the rule of the list page has no selector of link")
	}
	return out, nil
}

// String gives the selectors that find links, as one would write them in CSS.
func (l listRule) String() string {
	return strings.TrimSpace(l.source.Item + " " + l.source.Link)
}

// entries gives the nodes that are one entry each.
func (l listRule) entries(page *html.Node) []*html.Node {
	if l.item != nil {
		return cascadia.QueryAll(page, l.item)
	}
	return cascadia.QueryAll(page, l.link)
}

// anchor gives the link of an entry, or nil.
func (l listRule) anchor(scope *html.Node) *html.Node {
	if l.item == nil || l.link.Match(scope) {
		return anchorAt(scope)
	}
	for _, n := range cascadia.QueryAll(scope, l.link) {
		if a := anchorAt(n); a != nil {
			return a
		}
	}
	return nil
}

// anchorAt gives the <a href> that n is, has in it, or is in.
func anchorAt(n *html.Node) *html.Node {
	if isAnchor(n) {
		return n
	}
	for d := range n.Descendants() {
		if isAnchor(d) {
			return d
		}
	}
	for p := range n.Ancestors() {
		if isAnchor(p) {
			return p
		}
	}
	return nil
}

func isAnchor(n *html.Node) bool {
	return n.Type == html.ElementNode && (n.Data == "a" || n.Data == "area" || n.Data == "link") && attribute(n, "href") != ""
}

// titleOf gives what an entry is called: by its title element, by the text of
// the link, or by what the link says instead of text.
func (l listRule) titleOf(scope, a *html.Node) string {
	if l.title != nil {
		if n := cascadia.Query(scope, l.title); n != nil {
			if t := nodeText(n); t != "" {
				return t
			}
		}
	}
	if t := nodeText(a); t != "" {
		return t
	}
	if t := attribute(a, "title"); t != "" {
		return html.EscapeString(t)
	}
	for d := range a.Descendants() {
		if alt := attribute(d, "alt"); alt != "" {
			return html.EscapeString(alt)
		}
	}
	return ""
}

// dateOf gives the first date that an entry's date elements have. A page that
// dates its entries in a way we cannot read adds to bad.
func (l listRule) dateOf(scope *html.Node, now time.Time, bad *int) time.Time {
	if l.date == nil {
		return time.Time{}
	}
	claimed := false
	for _, n := range cascadia.QueryAll(scope, l.date) {
		for _, s := range []string{attribute(n, "datetime"), attribute(n, "content"), html.UnescapeString(nodeText(n)), attribute(n, "title")} {
			if s == "" {
				continue
			}
			claimed = true
			if t, ok := parseDate(s, now); ok {
				return t
			}
		}
	}
	if claimed {
		*bad++
	}
	return time.Time{}
}

func attribute(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return strings.TrimSpace(a.Val)
		}
	}
	return ""
}

// nodeText gives the text below n as plainText gives it, escaped, for an entry
// may hold HTML.
func nodeText(n *html.Node) string {
	t := newSqueezer(maxTitleRunes)
	writeText(t, n)
	return html.EscapeString(t.String())
}

func writeText(t *squeezer, n *html.Node) {
	if n.Type == html.TextNode {
		t.write(n.Data)
		return
	}
	if hides(n.DataAtom) || t.full() {
		return
	}
	t.brk(n.DataAtom)
	for c := range n.ChildNodes() {
		writeText(t, c)
	}
	t.brk(n.DataAtom)
}
