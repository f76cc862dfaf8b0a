package extract

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"
	"unicode"

	"chorus/corpus"

	"github.com/andybalholm/cascadia"
	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// A page is a parsed page, with what all readers of it need to know.
type page struct {
	doc    *html.Node
	url    *url.URL // that answered
	base   *url.URL // against which links are resolved
	outlet corpus.Outlet
	now    time.Time      // when it was fetched: nothing can be published later
	zone   *time.Location // of times without one
	blocks int            // paragraphs, breaks, list items, cells
	cjk    bool           // most of its text is Chinese, Japanese or Korean
	flat   bool           // the parser refused it: it has lost its structure
	credit bool           // a word that begins a source line is somewhere on it
}

func newPage(text string, c *corpus.Capture, outlet corpus.Outlet) (*page, error) {
	doc, err := html.Parse(strings.NewReader(text))
	flat := err != nil
	if flat {
		// Open elements nested over 512 deep are refused since x/net 0.45:
		// they made the parser quadratic.
		if doc, err = html.Parse(strings.NewReader(flatten(text))); err != nil {
			return nil, fmt.Errorf("parse page: %w", err)
		}
	}
	p := &page{doc: doc, flat: flat, credit: creditWord.MatchString(text), outlet: outlet, now: c.Fetched, url: parseURL(c.FinalURL())}
	p.base = p.url
	if n := first(doc, func(n *html.Node) bool { return n.DataAtom == atom.Base && attr(n, "href") != "" }); n != nil {
		p.base = p.url.ResolveReference(parseURL(attr(n, "href")))
	}
	if rule := outlet.Article; rule != nil {
		for _, selector := range rule.Remove {
			if err := remove(doc, selector); err != nil {
				return nil, err
			}
		}
	}
	dropUnread(doc)
	p.survey()
	p.zone = zoneOf(outlet, p.cjk)
	return p, nil
}

// dropUnread removes captions of pictures, and what is meant for readers
// without scripts, for whom sites have little to say; but a picture may stand
// there that a script loads late.
func dropUnread(doc *html.Node) {
	var doomed []*html.Node
	walk(doc, func(n *html.Node) bool {
		switch {
		case n.DataAtom == atom.Noscript && (n.FirstChild == nil || !strings.Contains(n.FirstChild.Data, "<img")), isCaption(n):
			doomed = append(doomed, n)
			return false
		}
		return true
	})
	for _, n := range doomed {
		n.Parent.RemoveChild(n)
	}
}

// isCaption reports whether the class of a short block says that it is the
// caption of a picture.
func isCaption(n *html.Node) bool {
	if n.Type != html.ElementNode || n.Parent == nil {
		return false
	}
	for _, class := range strings.Fields(strings.ToLower(attr(n, "class"))) {
		if class == "caption" || strings.HasSuffix(class, "-caption") || strings.HasSuffix(class, "_caption") || class == "wp-caption-text" {
			return shortText(n, 400) != ""
		}
	}
	return false
}

// survey counts the blocks and the scripts of the page.
func (p *page) survey() {
	cjk, letters := 0, 0
	walk(p.doc, func(n *html.Node) bool {
		switch n.Type {
		case html.TextNode:
			for _, r := range n.Data {
				switch {
				case r < 0x250:
					if unicode.IsLetter(r) {
						letters++
					}
				case unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul):
					cjk++
				case unicode.IsLetter(r):
					letters++
				}
			}
		case html.ElementNode:
			switch n.DataAtom {
			case atom.Script, atom.Style, atom.Noscript, atom.Template:
				return false
			case atom.P, atom.Br, atom.Li, atom.Td, atom.Th, atom.Blockquote, atom.Dd:
				p.blocks++
			case atom.Div, atom.Section, atom.Span:
				if c := n.FirstChild; c != nil && c.Type == html.TextNode && len(c.Data) > 30 {
					p.blocks++ // used as a paragraph
				}
			}
		}
		return true
	})
	p.cjk = cjk*3 > letters
}

// remove takes all that matches a CSS selector out of a tree.
func remove(root *html.Node, selector string) error {
	sel, err := cascadia.ParseGroup(selector)
	if err != nil {
		return fmt.Errorf("selector %q of the outlet: %w", selector, err)
	}
	for _, n := range cascadia.QueryAll(root, sel) {
		if n.Parent != nil {
			n.Parent.RemoveChild(n)
		}
	}
	return nil
}

// find gives all nodes that match a CSS selector of the registry. A selector
// that does not parse finds nothing: the registry's own test reports it.
func find(root *html.Node, selector string) []*html.Node {
	sel, err := cascadia.ParseGroup(selector)
	if err != nil {
		return nil
	}
	return cascadia.QueryAll(root, sel)
}

// flatten rewrites a page that is nested too deeply for the parser: it keeps
// the tags that say something about the text beside them and drops all boxes.
func flatten(text string) string {
	var b strings.Builder
	z := html.NewTokenizer(strings.NewReader(text))
	skip := "" // the raw element we are in
	for {
		kind := z.Next()
		if kind == html.ErrorToken {
			return b.String()
		}
		raw := z.Raw()
		switch kind {
		case html.TextToken:
			if skip == "" {
				b.Write(raw)
			}
		case html.StartTagToken, html.EndTagToken, html.SelfClosingTagToken:
			// TagName changes its buffer, but not Raw's bytes that were copied.
			tag := string(raw)
			name, _ := z.TagName()
			switch a := atom.Lookup(name); a {
			case atom.Style, atom.Noscript, atom.Template, atom.Svg, atom.Select, atom.Iframe, atom.Textarea:
				skip = rawEnd(skip, a.String(), kind)
			case atom.Script, atom.Title, atom.Meta, atom.Link, atom.Base, atom.P, atom.Br, atom.H1, atom.H2, atom.H3,
				atom.H4, atom.Li, atom.A, atom.Img, atom.Time, atom.Html, atom.Head, atom.Body:
				if skip == "" {
					b.WriteString(tag)
				}
			case atom.Div, atom.Td, atom.Section, atom.Article, atom.Tr, atom.Table, atom.Ul, atom.Blockquote:
				if skip == "" {
					b.WriteString("<p>")
				}
			}
		}
	}
}

func rawEnd(skip, name string, kind html.TokenType) string {
	switch {
	case kind == html.StartTagToken && skip == "":
		return name
	case kind == html.EndTagToken && skip == name:
		return ""
	}
	return skip
}

// walk calls f with every node of a tree, in order, and goes below a node if f
// says so.
func walk(n *html.Node, f func(*html.Node) bool) {
	if !f(n) {
		return
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		walk(c, f)
	}
}

// first gives the first node of a tree that f accepts, or nil.
func first(root *html.Node, f func(*html.Node) bool) *html.Node {
	var found *html.Node
	walk(root, func(n *html.Node) bool {
		if found == nil && n.Type == html.ElementNode && f(n) {
			found = n
		}
		return found == nil
	})
	return found
}

func attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

// innerText gives the text below a node on one line.
func innerText(n *html.Node) string {
	var b strings.Builder
	walk(n, func(n *html.Node) bool {
		switch {
		case n.Type == html.TextNode:
			b.WriteString(n.Data)
		case n.DataAtom == atom.Script || n.DataAtom == atom.Style || n.DataAtom == atom.Noscript:
			return false
		case n.DataAtom == atom.Br || blockAtoms[n.DataAtom]:
			b.WriteByte(' ')
		}
		return true
	})
	return tidy(b.String())
}

// clone copies a tree.
func clone(n *html.Node) *html.Node {
	c := &html.Node{Type: n.Type, DataAtom: n.DataAtom, Data: n.Data, Namespace: n.Namespace}
	c.Attr = append(c.Attr, n.Attr...)
	for k := n.FirstChild; k != nil; k = k.NextSibling {
		c.AppendChild(clone(k))
	}
	return c
}

// absolute resolves a link of the page; it fails unless it leads to http(s).
func (p *page) absolute(href string) (string, error) {
	u, err := url.Parse(strings.TrimSpace(href))
	if err != nil {
		return "", err
	}
	u = p.base.ResolveReference(u)
	if u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return "", errors.New("not an http URL")
	}
	u.Fragment, u.RawFragment = "", ""
	return u.String(), nil
}
