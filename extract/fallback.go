package extract

import (
	"slices"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// collect is the extractor of last resort: it takes every paragraph of the page
// that reads like prose, wherever it stands, and knows only three things about
// boilerplate: it is short, it is made of links, and it is in nav, header,
// footer and aside.
func (p *page) collect() found {
	root := first(p.doc, func(n *html.Node) bool { return n.DataAtom == atom.Article })
	if root != nil {
		if f := p.prose(root); f.letters() >= leastLetters {
			return f
		}
	}
	f := p.prose(p.doc)
	if f.letters() < leastLetters {
		f.paragraphs = sentences(unlinked(f.raw, fewLetters))
	}
	return f
}

// sentences keeps the paragraphs that end as sentences do: on a page with
// little text all others are its furniture.
func sentences(list []paragraph) []paragraph {
	return slices.DeleteFunc(list, func(p paragraph) bool { return !endsSentence(p.text) || mostlyLinks(p) })
}

// prose gives what a part of the page has in paragraphs that read like prose.
func (p *page) prose(root *html.Node) found {
	root = clone(root)
	prune(root)
	f := p.found("fallback", root)
	f.raw = f.paragraphs
	f.paragraphs = unlinked(f.raw, 40)
	return f
}

// unlinked keeps paragraphs with at least so many letters outside of links,
// and at least half of all; a Chinese character counts for three.
func unlinked(list []paragraph, least int) []paragraph {
	var kept []paragraph
	for _, p := range list {
		free := p.letters - p.linked
		weight := free
		for _, r := range p.text {
			if isCJK(r) {
				weight += 2
			}
		}
		if weight >= least && 2*free >= p.letters && p.letters > 0 {
			kept = append(kept, p)
		}
	}
	return kept
}

// prune removes what is never part of an article.
func prune(root *html.Node) {
	var doomed []*html.Node
	walk(root, func(n *html.Node) bool {
		switch n.DataAtom {
		case atom.Nav, atom.Footer, atom.Aside, atom.Form, atom.Menu, atom.Dialog:
			doomed = append(doomed, n)
			return false
		case atom.Header:
			if !within(n, atom.Article) {
				doomed = append(doomed, n)
				return false
			}
		}
		return true
	})
	for _, n := range doomed {
		if n.Parent != nil {
			n.Parent.RemoveChild(n)
		}
	}
}
