package extract

import (
	"fmt"
	"strings"
	"time"

	"chorus/corpus"

	"codeberg.org/readeck/go-readability/v2"
	"github.com/markusmobius/go-htmldate"
	"github.com/markusmobius/go-trafilatura"
	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// A found text is what one extractor made of a page.
type found struct {
	extractor  string
	raw        []paragraph // as the extractor gave them
	paragraphs []paragraph // cleaned
	images     []string
}

func (f *found) letters() int {
	n := 0
	for _, p := range f.paragraphs {
		n += p.letters
	}
	return n
}

// leastLetters is how many letters a text must have that is not doubted.
const leastLetters = 60

// body finds the text of the article. It always gives one if the page has any:
// when the extractors find nothing, fail or hang, that of the fallback, and
// then what failed as a fault.
func (x *Extractor) body(p *page, m *claims, title string) (found, *corpus.Fault) {
	clean := func(f found) found {
		f.raw = f.paragraphs
		f.paragraphs = p.clean(f.raw, title)
		return f
	}
	if f := clean(p.byRule()); f.letters() > 0 {
		return f, nil
	}
	var f found
	var fault *corpus.Fault
	if !p.flat {
		got, why := x.guarded(p)
		if why != "" {
			fault = &corpus.Fault{Class: corpus.FaultPanic, Reason: why, At: p.now}
		}
		f = clean(p.withLead(got, m, title))
	}
	if told := clean(p.told(m)); told.letters() > 2*f.letters() && told.letters() > leastLetters {
		return told, fault
	}
	if f.letters() >= leastLetters {
		return f, fault
	}
	f.paragraphs = sentences(f.paragraphs)
	if state := clean(p.embedded()); weightOf(state.paragraphs) > max(leastEmbedded, 2*weightOf(f.paragraphs)) {
		return state, fault
	}
	if own := clean(p.collect()); own.letters() > 2*f.letters() {
		return own, fault
	}
	return f, fault
}

// guarded runs the extractors so that neither a panic nor an endless loop in
// them reaches us. An extractor cannot be stopped: one that runs out of time is
// left behind and counted until it ends.
func (x *Extractor) guarded(p *page) (f found, failed string) {
	if x.strays.Load() >= x.maxStrays {
		return found{}, "too many extractors are still running on earlier pages"
	}
	type result struct {
		found  found
		failed string
	}
	done := make(chan result, 1)
	go func() {
		var r result
		defer func() {
			if what := recover(); what != nil {
				r = result{failed: fmt.Sprintf("the extractor failed: %v", what)}
			}
			done <- r
		}()
		r.found = p.extract(x.maxBlocks)
	}()
	timer := time.NewTimer(x.timeout)
	defer timer.Stop()
	select {
	case r := <-done:
		return r.found, r.failed
	case <-timer.C:
		x.strays.Add(1)
		go func() {
			<-done
			x.strays.Add(-1)
		}()
		return found{}, fmt.Sprintf("the extractor took longer than %s", x.timeout)
	}
}

// fewForTrafilatura is how many letters a text must have that trafilatura is
// trusted with. When it finds fewer than 250 characters it takes whatever the
// page says, menus and all; of that only the sentences are believed.
const fewForTrafilatura = 400

// extract runs the extractor that is best for the page.
//
// Measured on newspapers: trafilatura has F1 .94 on alphabetic scripts where
// readability has .91; on Chinese it has precision .56 where readability has
// .93. It is quadratic in the number of blocks.
func (p *page) extract(maxBlocks int) found {
	node, err := p.readability()
	read := p.found("readability", node)
	if err != nil {
		read = found{}
	}
	if p.cjk || p.blocks > maxBlocks {
		return read
	}
	traf, err := trafilatura.ExtractDocument(p.doc, trafilatura.Options{
		OriginalURL:        p.base,
		EnableFallback:     true,
		FallbackCandidates: &trafilatura.FallbackCandidates{Readability: node},
		ExcludeComments:    true,
		IncludeImages:      true,
		HtmlDateOverride:   &htmldate.Result{},
	})
	if err != nil {
		return read
	}
	f := p.found("trafilatura", traf.ContentNode)
	f.paragraphs = restore(f.paragraphs, paragraphs(p.doc))
	if f.letters() < fewForTrafilatura {
		f.paragraphs, read.paragraphs = sentences(f.paragraphs), sentences(read.paragraphs)
	}
	if 2*f.letters() < read.letters() {
		return read
	}
	return f
}

func (p *page) readability() (*html.Node, error) {
	parser := readability.NewParser()
	parser.DisableJSONLD = true // we read it ourselves
	if p.cjk {
		// The threshold is in characters, of which Chinese needs a third.
		parser.CharThresholds = 200
	}
	a, err := parser.ParseAndMutate(clone(p.doc), p.base)
	return a.Node, err
}

// byRule reads the text with the selector that the registry has for the outlet.
func (p *page) byRule() found {
	rule := p.outlet.Article
	if rule == nil || rule.Body == "" {
		return found{}
	}
	all := found{extractor: "rule"}
	var last *html.Node
	for _, n := range find(p.doc, rule.Body) {
		if last != nil && isBelow(n, last) {
			continue
		}
		last = n
		f := p.found("rule", n)
		all.paragraphs = append(all.paragraphs, f.paragraphs...)
		all.images = append(all.images, f.images...)
	}
	return all
}

func isBelow(n, root *html.Node) bool {
	for ; n != nil; n = n.Parent {
		if n == root {
			return true
		}
	}
	return false
}

// setAtoms makes the atoms of a tree agree with its tag names: the extractors
// rename elements without it.
func setAtoms(root *html.Node) {
	walk(root, func(n *html.Node) bool {
		if n.Type == html.ElementNode {
			n.DataAtom = atom.Lookup([]byte(n.Data))
		}
		return true
	})
}

// found reads paragraphs and images below a node.
func (p *page) found(extractor string, root *html.Node) found {
	f := found{extractor: extractor}
	if root == nil {
		return f
	}
	setAtoms(root)
	f.paragraphs = paragraphs(root)
	seen := map[string]bool{}
	walk(root, func(n *html.Node) bool {
		switch n.DataAtom {
		case atom.Img:
			src := firstOf(attr(n, "data-src"), attr(n, "data-original"), attr(n, "src"))
			if u, err := p.absolute(src); err == nil && src != "" && !seen[u] {
				seen[u] = true
				f.images = append(f.images, u)
			}
		}
		return true
	})
	return f
}

// links gives the links of the paragraphs, each address once.
func (p *page) links(paras []paragraph) []corpus.Link {
	var links []corpus.Link
	seen := map[string]bool{}
	for _, q := range paras {
		for _, n := range q.links {
			href := strings.TrimSpace(attr(n, "href"))
			if href == "" || strings.HasPrefix(href, "#") {
				continue
			}
			if u, err := p.absolute(href); err == nil && !seen[u] {
				seen[u] = true
				links = append(links, corpus.Link{URL: u, Text: innerText(n)})
			}
		}
	}
	return links
}
