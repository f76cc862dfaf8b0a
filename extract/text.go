package extract

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"chorus/corpus"
	"chorus/extract/lang"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// A paragraph is one block of text.
type paragraph struct {
	text    string
	linked  int  // how many of its letters are in links
	letters int  // how many it has
	heading bool // h1 to h6
	item    bool // of a list
	links   []*html.Node
}

// blockAtoms end a paragraph where they begin and where they end.
var blockAtoms = map[atom.Atom]bool{
	atom.Address: true, atom.Article: true, atom.Aside: true, atom.Blockquote: true, atom.Body: true, atom.Center: true,
	atom.Dd: true, atom.Details: true, atom.Div: true, atom.Dl: true, atom.Dt: true, atom.Fieldset: true,
	atom.Figcaption: true, atom.Figure: true, atom.Footer: true, atom.Form: true, atom.H1: true, atom.H2: true,
	atom.H3: true, atom.H4: true, atom.H5: true, atom.H6: true, atom.Header: true, atom.Hr: true, atom.Li: true,
	atom.Main: true, atom.Nav: true, atom.Ol: true, atom.P: true, atom.Pre: true, atom.Section: true,
	atom.Summary: true, atom.Table: true, atom.Tbody: true, atom.Thead: true, atom.Tr: true, atom.Ul: true,
}

// silentAtoms have no text of the article.
var silentAtoms = map[atom.Atom]bool{
	atom.Script: true, atom.Style: true, atom.Noscript: true, atom.Template: true, atom.Iframe: true, atom.Svg: true,
	atom.Button: true, atom.Select: true, atom.Textarea: true, atom.Input: true, atom.Object: true, atom.Embed: true,
	atom.Figcaption: true, atom.Audio: true, atom.Video: true, atom.Head: true, atom.Title: true,
}

// A writer collects the paragraphs below a node.
type writer struct {
	done    []paragraph
	text    strings.Builder
	linked  int
	letters int
	inLink  int
	heading int
	item    int
	breaks  int // line breaks since the last text
	links   []*html.Node
}

// paragraphs gives the blocks of text below a node.
func paragraphs(root *html.Node) []paragraph {
	var w writer
	w.node(root)
	w.end()
	return w.done
}

func (w *writer) node(n *html.Node) {
	switch n.Type {
	case html.TextNode:
		w.write(n.Data, n.Parent != nil && n.Parent.DataAtom == atom.Pre)
		return
	case html.ElementNode:
		if silentAtoms[n.DataAtom] || hidden(n) {
			return
		}
	case html.DocumentNode:
	default:
		return
	}
	if n.DataAtom == atom.A {
		w.links = append(w.links, n)
	}
	depth := w.open(n.DataAtom)
	if blockAtoms[n.DataAtom] {
		w.end()
	}
	*depth++
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		w.node(c)
	}
	if blockAtoms[n.DataAtom] {
		w.end()
	}
	*depth--
	switch n.DataAtom {
	case atom.Br:
		w.breaks++
		if w.breaks > 1 {
			w.end()
		}
	case atom.Td, atom.Th, atom.Option:
		w.text.WriteByte(' ')
	}
}

// open gives the counter of open elements of a kind that matters to a paragraph.
func (w *writer) open(a atom.Atom) *int {
	switch a {
	case atom.A:
		return &w.inLink
	case atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6:
		return &w.heading
	case atom.Li:
		return &w.item
	}
	return new(int)
}

// write adds text, after what the line breaks before it mean. A line that
// begins with a link is one of a list of links.
func (w *writer) write(s string, pre bool) {
	if pre {
		for i, line := range strings.Split(s, "\n") {
			if i > 0 {
				w.end()
			}
			w.write(line, false)
		}
		return
	}
	if strings.TrimSpace(s) == "" && w.breaks == 0 {
		w.text.WriteString(s)
		return
	}
	if w.breaks > 0 && strings.TrimSpace(s) != "" {
		if w.inLink > 0 || breaksParagraph(w.text.String(), s) {
			w.end()
		} else {
			w.text.WriteByte(' ')
		}
		w.breaks = 0
	}
	n := lang.Letters(s)
	w.letters += n
	if w.inLink > 0 {
		w.linked += n
	}
	w.text.WriteString(s)
}

// breaksParagraph reports whether one line break between two texts separates
// paragraphs. In Chinese it always does; elsewhere it may be a line of a verse,
// or of a text that was wrapped by hand.
func breaksParagraph(before, after string) bool {
	last, _ := utf8.DecodeLastRuneInString(strings.TrimSpace(before))
	next, _ := utf8.DecodeRuneInString(strings.TrimSpace(after))
	indent := strings.TrimLeft(after, "\n\r\t ")
	return isCJK(last) || isCJK(next) || endsSentence(before) ||
		strings.HasPrefix(indent, "\u3000") || strings.HasPrefix(indent, "\u00a0\u00a0")
}

func (w *writer) end() {
	if text := tidy(w.text.String()); text != "" {
		w.done = append(w.done, paragraph{text: text, linked: w.linked, letters: w.letters, heading: w.heading > 0, item: w.item > 0, links: w.links})
	}
	w.text.Reset()
	w.linked, w.letters, w.breaks, w.links = 0, 0, 0, nil
}

func hidden(n *html.Node) bool {
	if slices.ContainsFunc(n.Attr, func(a html.Attribute) bool { return a.Key == "hidden" }) {
		return true
	}
	style := strings.ReplaceAll(strings.ToLower(attr(n, "style")), " ", "")
	return strings.Contains(style, "display:none") || strings.Contains(style, "visibility:hidden")
}

// endsSentence reports whether a text ends as a sentence does.
func endsSentence(s string) bool {
	s = strings.TrimRight(s, " \t\r\n\u00a0\u3000\"'»”’)）」』】")
	for _, end := range []string{".", "!", "?", "…", ":", ";", "。", "！", "？", "：", "；"} {
		if strings.HasSuffix(s, end) {
			return true
		}
	}
	return s == ""
}

// tidy makes one clean line of a text: valid UTF-8, every run of space one
// blank, none at the ends and none at a line end between two CJK characters,
// no control characters, soft hyphens and zero-width marks. Joiners stay, for
// Persian and emoji need them.
func tidy(s string) string {
	var b strings.Builder
	b.Grow(len(s))
	var last rune
	blank, newline := false, false
	for _, r := range strings.ToValidUTF8(s, "\ufffd") {
		switch {
		case r == '\u200b' && unicode.Is(unicode.Arabic, last):
			r = '\u200c' // some Persian pages have it where the non-joiner belongs
		case r == '\u00ad' || r == '\u200b' || r == '\u2060' || r == '\ufeff' || r == '\u200e' || r == '\u200f',
			'\u202a' <= r && r <= '\u202e', '\u2066' <= r && r <= '\u2069':
			continue
		case unicode.IsSpace(r) || r == '\u2800' || r == '\u3164':
			blank = true
			newline = newline || r == '\n'
			continue
		case unicode.IsControl(r) || unicode.Is(unicode.Co, r):
			continue
		}
		if blank && last != 0 && !(newline && isCJK(last) && isCJK(r)) {
			b.WriteByte(' ')
		}
		blank, newline = false, false
		b.WriteRune(r)
		last = r
	}
	return b.String()
}

func isCJK(r rune) bool {
	return unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana) || 0x3000 <= r && r <= 0x303f || 0xff00 <= r && r <= 0xffef
}

func joinParagraphs(list []string) string { return strings.Join(list, "\n\n") }

func texts(paras []paragraph) []string {
	list := make([]string, len(paras))
	for i, p := range paras {
		list[i] = p.text
	}
	return list
}

// splitPlain gives the paragraphs of a plain text: what blank lines separate,
// or its lines if there are none.
func splitPlain(text string) []string {
	text = strings.ReplaceAll(text, "\r\n", "\n")
	separator := "\n\n"
	if !strings.Contains(text, separator) {
		separator = "\n"
	}
	var list []string
	for part := range strings.SplitSeq(text, separator) {
		if part = tidy(part); part != "" {
			list = append(list, part)
		}
	}
	return list
}

// squash reduces a text to its letters and digits, to compare what is said.
func squash(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, s)
}

// fewLetters is below what the language of a text is not told from its letters
// alone; a Chinese character counts for three.
const fewLetters = 20

// language tells the language of a text. For a short text the language that
// feed or outlet declare is believed, and so it is where one code stands for
// several languages that cannot be told apart.
func language(text string, item corpus.Item, outlet corpus.Outlet) string {
	code, _ := lang.Identify(text)
	declared := shortCode(item.Lang)
	if declared == "" && len(outlet.Languages) == 1 {
		declared = shortCode(outlet.Languages[0])
	}
	weight := lang.Letters(text)
	if code == "zh" || code == "ja" || code == "ko" {
		weight *= 3
	}
	if weight < fewLetters && declared != "" {
		return declared
	}
	for _, known := range append([]string{declared}, outlet.Languages...) {
		known = shortCode(known)
		if code == "sr" && (known == "hr" || known == "bs") || code == "id" && known == "ms" {
			return known
		}
	}
	return code
}

// shortCode gives the language of a BCP 47 tag.
func shortCode(tag string) string {
	code, _, _ := strings.Cut(strings.ToLower(strings.ReplaceAll(tag, "_", "-")), "-")
	return code
}
