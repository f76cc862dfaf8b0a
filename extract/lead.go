package extract

import (
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// leadStem is how many letters and digits of the page's description must stand
// in a block for it to be the lead.
const leadStem = 30

// withLead puts the lead before a text that lacks it. Many outlets set it in a
// box of its own between title and text, which extractors take for a subtitle.
// It is known by its words: they are those of the page's description.
func (p *page) withLead(f found, m *claims, title string) found {
	stem := squash(m.lead)
	if utf8.RuneCountInString(stem) < leadStem || len(f.paragraphs) == 0 || strings.HasPrefix(squash(title), stem) {
		return f
	}
	stem = head(stem, leadStem)
	for _, para := range f.paragraphs {
		if strings.Contains(squash(para.text), stem) {
			return f
		}
	}
	box := p.boxOf(stem)
	if box == nil || p.marksBody() && !inBody(box) {
		return f
	}
	lead := paragraphs(box)
	for _, para := range lead {
		if mostlyLinks(para) || utf8.RuneCountInString(para.text) > 1500 {
			return f
		}
	}
	if len(lead) > 3 {
		return f
	}
	f.paragraphs = append(lead, f.paragraphs...)
	return f
}

// marksBody reports whether the page marks its text in microdata; then what
// stands outside is a summary and no part of it.
func (p *page) marksBody() bool { return first(p.doc, isArticleBody) != nil }

func isArticleBody(n *html.Node) bool { return strings.EqualFold(attr(n, "itemprop"), "articleBody") }

func inBody(n *html.Node) bool {
	for ; n != nil; n = n.Parent {
		if isArticleBody(n) {
			return true
		}
	}
	return false
}

// boxOf gives the innermost block of the page that begins with a stem.
func (p *page) boxOf(stem string) *html.Node {
	var box *html.Node
	walk(p.doc, func(n *html.Node) bool {
		if n.Type != html.ElementNode {
			return n.Type == html.DocumentNode
		}
		switch n.DataAtom {
		case atom.Head, atom.Script, atom.Style, atom.Noscript, atom.Aside, atom.Footer, atom.Nav, atom.A, atom.Figcaption:
			return false
		}
		if hidden(n) || box != nil && !isBelow(n, box) {
			return false
		}
		if (blockAtoms[n.DataAtom] || n.DataAtom == atom.Span) && !slices.Contains([]atom.Atom{atom.Body, atom.Main}, n.DataAtom) {
			if s := shortText(n, 1500); s != "" && strings.HasPrefix(squash(s), stem) {
				box = n
			}
		}
		return true
	})
	return box
}
