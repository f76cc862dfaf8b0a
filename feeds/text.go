package feeds

import (
	"net/netip"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
	"golang.org/x/net/idna"
)

const (
	maxTitleRunes   = 500
	maxSummaryRunes = 1000
	maxLinkBytes    = 2083 // no browser in use needs more
)

// plainText gives the text of s, which may hold HTML or entities: tags, scripts
// and control characters dropped, space squeezed, cut after max characters
// with an ellipsis.
func plainText(s string, max int) string {
	t := newSqueezer(max)
	if !strings.ContainsAny(s, "<&") {
		t.write(s)
		return t.String()
	}
	z := html.NewTokenizer(strings.NewReader(s))
	hidden := 0
	for !t.full() {
		switch z.Next() {
		case html.ErrorToken:
			return t.String()
		case html.TextToken:
			if hidden == 0 {
				t.write(string(z.Text()))
			}
		case html.StartTagToken:
			tag := tagOf(z)
			if hides(tag) {
				hidden++
			}
			t.brk(tag)
		case html.EndTagToken:
			tag := tagOf(z)
			if hides(tag) && hidden > 0 {
				hidden--
			}
			t.brk(tag)
		case html.SelfClosingTagToken:
			t.brk(tagOf(z))
		}
	}
	return t.String()
}

func tagOf(z *html.Tokenizer) atom.Atom {
	name, _ := z.TagName()
	return atom.Lookup(name)
}

// hides reports whether the content of a tag is not for reading.
func hides(tag atom.Atom) bool { return tag == atom.Script || tag == atom.Style }

// A squeezer collects text, with every run of space written as one blank.
type squeezer struct {
	b       strings.Builder
	left    int // characters still wanted
	pending bool
	cut     bool
}

func newSqueezer(max int) *squeezer { return &squeezer{left: max} }

func (t *squeezer) full() bool { return t.cut }

// brk separates words at tags that begin a line or a block.
func (t *squeezer) brk(tag atom.Atom) {
	switch tag {
	case atom.Br, atom.P, atom.Div, atom.Li, atom.Td, atom.Th, atom.Tr, atom.Hr, atom.Dt, atom.Dd,
		atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6, atom.Blockquote, atom.Pre, atom.Ul, atom.Ol:
		t.pending = true
	}
}

func (t *squeezer) write(s string) {
	for _, r := range s {
		switch {
		case unicode.IsSpace(r):
			t.pending = true
			continue
		case r == utf8.RuneError, r == '\ufeff', r == '\u00ad', r == '\u200b', unicode.IsControl(r):
			continue
		}
		if t.left <= 0 {
			t.cut = true
			return
		}
		if t.pending && t.b.Len() > 0 {
			t.b.WriteByte(' ')
			t.left--
		}
		t.pending = false
		t.b.WriteRune(r)
		t.left--
	}
}

// String gives the text so far.
func (t *squeezer) String() string {
	if t.cut {
		return t.b.String() + "…"
	}
	return t.b.String()
}

// absolute resolves a link against base and gives it as an http(s) URL whose
// host is in ASCII, or "" if it is none. What is absolute already is changed
// no more than is needed to be valid.
func absolute(base *url.URL, link string) string {
	link = strings.Map(func(r rune) rune {
		if r < 0x20 || r == 0x7f || r == '\ufeff' || r == '\u200b' {
			return -1 // WHATWG URL: tabs and newlines inside a URL are dropped
		}
		return r
	}, strings.TrimSpace(link))
	link = strings.TrimSpace(link)
	if link == "" || len(link) > maxLinkBytes {
		return ""
	}
	u, err := url.Parse(link)
	if err != nil {
		if u, err = url.Parse(escapePercents(link)); err != nil {
			return ""
		}
	}
	if base != nil {
		u = base.ResolveReference(u)
	}
	u.Scheme, u.User = strings.ToLower(u.Scheme), nil
	if u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" {
		return ""
	}
	if !asciiHost(u) {
		return ""
	}
	return u.String()
}

// asciiHost writes an internationalised host as its registry knows it, and
// reports whether the host is one at all.
func asciiHost(u *url.URL) bool {
	host := u.Hostname()
	if _, err := netip.ParseAddr(host); err == nil {
		return true
	}
	if strings.ContainsAny(host, " %<>\"") {
		return false
	}
	if isASCII(host) {
		return true
	}
	ascii, err := idna.Lookup.ToASCII(host)
	if err != nil {
		return false
	}
	if p := u.Port(); p != "" {
		ascii += ":" + p
	}
	u.Host = ascii
	return true
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// escapePercents makes literal percent signs valid in a URL.
func escapePercents(s string) string {
	var b strings.Builder
	for i := range len(s) {
		b.WriteByte(s[i])
		if s[i] == '%' && (i+2 >= len(s) || !isHex(s[i+1]) || !isHex(s[i+2])) {
			b.WriteString("25")
		}
	}
	return b.String()
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}
