package feeds

// The words and the numbers of Telegram's web preview.

import (
	"math"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode"

	"golang.org/x/net/html"

	"chorus/corpus"
)

// A prose collects text as a reader sees it: one line break is kept, more of
// them separate paragraphs; runs of space are one blank, except in code;
// control characters and invisible marks are dropped. Joiners stay, for Persian
// and emoji need them.
type prose struct {
	left    int // characters still wanted
	base    *url.URL
	linking bool // collect links
	links   []corpus.Link
	cut     bool

	b      strings.Builder
	last   rune
	breaks int // line breaks since the last character
	blanks int // blanks since then
	code   int // open elements that hold code
}

// String gives the text so far.
func (p *prose) String() string {
	if p.cut {
		return p.b.String() + "…"
	}
	return p.b.String()
}

// line separates what comes from what was by a line break.
func (p *prose) line() { p.breaks, p.blanks = max(p.breaks, 1), 0 }

// paragraph separates what comes from what was by a blank line.
func (p *prose) paragraph() { p.breaks, p.blanks = max(p.breaks, 2), 0 }

// read adds what is in n.
func (p *prose) read(n *html.Node) {
	switch n.Type {
	case html.TextNode:
		p.write(n.Data)
		return
	case html.ElementNode:
	default:
		return
	}
	switch n.Data {
	case "script", "style", "svg", "template":
		return
	case "br":
		p.breaks, p.blanks = p.breaks+1, 0
		return
	case "img":
		p.write(attribute(n, "alt"))
		return
	case "a":
		p.anchor(n)
		return
	case "pre", "code":
		p.code++
		defer func() { p.code-- }()
	case "i", "span":
		if hasClass(n, "copyonly") || hasClass(n, "verified-icon") {
			return
		}
	}
	block := isBlock(n.Data)
	if block {
		p.line()
	}
	p.children(n)
	if block {
		p.line()
	}
}

func isBlock(tag string) bool {
	switch tag {
	case "div", "p", "pre", "blockquote", "ul", "ol", "li", "table", "tr", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "details", "summary":
		return true
	}
	return false
}

func (p *prose) children(n *html.Node) {
	for c := range n.ChildNodes() {
		if p.cut {
			return
		}
		p.read(c)
	}
}

// anchor adds the words of a link, and the link.
func (p *prose) anchor(n *html.Node) {
	start := p.b.Len()
	p.children(n)
	if !p.linking || len(p.links) >= maxPostLinks {
		return
	}
	if link := targetOf(p.base, n); link != "" {
		words := strings.Join(strings.Fields(p.b.String()[start:]), " ")
		p.links = append(p.links, corpus.Link{URL: link, Text: clip(words, maxLinkBytes)})
	}
}

func (p *prose) write(s string) {
	for _, r := range s {
		switch {
		case r == '\u200b' && unicode.Is(unicode.Arabic, p.last):
			r = '\u200c' // some write it where Persian has the non-joiner
		case r == '\n' && p.code > 0:
			p.breaks, p.blanks = p.breaks+1, 0
			continue
		case unicode.IsSpace(r) || r == '\u2800' || r == '\u3164':
			p.space(r)
			continue
		case isMark(r) || unicode.IsControl(r) || unicode.Is(unicode.Co, r):
			continue
		}
		if p.left <= 0 {
			p.cut = true
			return
		}
		p.separate()
		p.b.WriteRune(r)
		p.last = r
		p.left--
	}
}

// isMark reports whether a character is neither seen nor needed: soft hyphens,
// zero-width space and marks of direction.
func isMark(r rune) bool {
	switch r {
	case '\u00ad', '\u200b', '\u2060', '\ufeff', '\u200e', '\u200f':
		return true
	}
	return '\u202a' <= r && r <= '\u202e' || '\u2066' <= r && r <= '\u2069'
}

// space notes a blank; in code all of them count.
func (p *prose) space(r rune) {
	switch {
	case p.code == 0:
		p.blanks = 1
	case r == '\t':
		p.blanks = min(p.blanks+4, 100)
	default:
		p.blanks = min(p.blanks+1, 100)
	}
}

// separate writes the breaks or blanks that came before a character.
func (p *prose) separate() {
	if p.b.Len() > 0 {
		for range min(p.breaks, 2) {
			p.b.WriteByte('\n')
		}
		if p.breaks == 0 || p.code > 0 {
			for range p.blanks {
				p.b.WriteByte(' ')
			}
		}
	}
	p.breaks, p.blanks = 0, 0
}

// textOf gives the text of n, cut after max characters.
func textOf(n *html.Node, max int) string {
	p := prose{left: max}
	p.read(n)
	return p.String()
}

// nameOf gives the text of n in one line.
func nameOf(n *html.Node) string {
	return strings.Join(strings.Fields(textOf(n, maxTitleRunes)), " ")
}

// numberOf reads a count as people write it: "12.3K", "1,2M", "1 234", "12,345",
// "7 comments". It is 0 if there is none.
func numberOf(s string) int64 {
	s = strings.TrimLeft(s, " ")
	end := strings.IndexFunc(s, func(r rune) bool { return !strings.ContainsRune("0123456789., '\u00a0\u202f\u2009", r) })
	if end < 0 {
		end = len(s)
	}
	digits := strings.TrimRight(s[:end], " .,'\u00a0\u202f\u2009")
	scale := 1.0
	if unit := []rune(strings.TrimSpace(s[end:])); len(unit) > 0 && (len(unit) == 1 || !unicode.IsLetter(unit[1])) {
		switch unit[0] {
		case 'K', 'k', 'К', 'к':
			scale = 1e3
		case 'M', 'm', 'М', 'м':
			scale = 1e6
		case 'B', 'b':
			scale = 1e9
		}
	}
	n, err := strconv.ParseFloat(decimal(digits, scale > 1), 64)
	if err != nil || n < 0 || n*scale >= math.MaxInt64/2 {
		return 0
	}
	return int64(math.Round(n * scale))
}

// decimal writes a number without what groups its digits. The last point or
// comma is decimal if it does not stand before three digits, or if the number
// is rounded to thousands.
func decimal(s string, rounded bool) string {
	whole, fraction := s, ""
	if i := strings.LastIndexAny(s, ".,"); i >= 0 && (rounded || len(s)-i-1 != 3) {
		whole, fraction = s[:i], "."+s[i+1:]
	}
	return strings.Map(func(r rune) rune {
		if '0' <= r && r <= '9' {
			return r
		}
		return -1
	}, whole) + fraction
}

// sum adds two counts without overflow.
func sum(a, b int64) int64 {
	if a > math.MaxInt64-b {
		return math.MaxInt64
	}
	return a + b
}

// shareOf reads "16%" as 0.16. What is no share is 0.
func shareOf(s string) float64 {
	s = strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(s), "%"))
	v, err := strconv.ParseFloat(strings.ReplaceAll(s, ",", "."), 64)
	if err != nil || !(0 <= v && v <= 100) {
		return 0
	}
	return v / 100
}

// durationIn gives how long a film or sound is, as its clock shows it: "0:57",
// "1:02:03". It is 0 if there is no clock.
func durationIn(n *html.Node) time.Duration {
	for d := range n.Descendants() {
		if d.Type == html.ElementNode && d.Data == "time" {
			if length, ok := clockOf(nameOf(d)); ok {
				return length
			}
		}
	}
	return 0
}

func clockOf(s string) (time.Duration, bool) {
	parts := strings.Split(s, ":")
	if len(parts) < 2 || len(parts) > 3 {
		return 0, false
	}
	seconds := 0
	for _, part := range parts {
		v, err := strconv.ParseUint(part, 10, 16)
		if err != nil {
			return 0, false
		}
		seconds = seconds*60 + int(v)
	}
	return time.Duration(seconds) * time.Second, true
}
