package feeds

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The pre-pass looks at the text of an XML feed once, without building
// anything, before a parser that builds everything sees it. It is lenient in
// the ways of encoding/xml with Strict off: an end tag closes what is open
// inside its element, HTML's void elements need no end, and an ampersand may
// stand alone.

const (
	maxDepth  = 256      // of nested elements
	junkBytes = 16 << 10 // how far into an answer the XML may begin
)

var (
	errDeep   = fmt.Errorf("elements are nested more than %d deep", maxDepth)
	errNoItem = errors.New("the document ends before its first whole item")
)

// A span is a half-open range of byte offsets.
type span struct{ start, end int }

func (s span) of(text []byte) []byte { return text[s.start:s.end] }

// An outline says where the items of an XML feed are.
type outline struct {
	start  int    // of the root's start tag: prolog and DTD are before it
	end    int    // after the root's end tag, or of the text
	open   []span // the start tags of the elements the items are in
	items  []span // the whole items
	whole  bool   // the root was closed
	capped bool   // there were more items
}

// outlineOf scans text and stops at max items. It fails with errDeep.
func outlineOf(text []byte, max int) (outline, error) {
	s := scanner{text: text}
	var o outline
	var stack []element
	itemDepth, itemStart := -1, -1
	itemName := ""
	for s.next() {
		switch {
		case s.kind == tagStart || s.kind == tagEmpty:
			if len(stack) == 0 {
				o.start = s.tag.start
			}
			local := localName(s.name)
			if itemDepth < 0 && isItem(local) && 1 <= len(stack) && len(stack) <= 2 {
				itemDepth, itemName = len(stack), local
				for _, e := range stack {
					o.open = append(o.open, e.tag)
				}
			}
			if len(stack) == itemDepth && local == itemName {
				if len(o.items) == max {
					o.capped = true
					o.end = s.tag.start
					return o, nil
				}
				itemStart = s.tag.start
				if s.kind == tagEmpty {
					o.items, itemStart = append(o.items, s.tag), -1
				}
			}
			if s.kind == tagEmpty || isVoid(s.name) {
				continue
			}
			if len(stack) == maxDepth {
				return o, errDeep
			}
			stack = append(stack, element{s.name, s.tag})
		case s.kind == tagEnd:
			i := lastNamed(stack, s.name)
			if i < 0 {
				continue
			}
			stack = stack[:i]
			if i == itemDepth && itemStart >= 0 {
				o.items, itemStart = append(o.items, span{itemStart, s.tag.end}), -1
			}
			if i == 0 {
				o.end, o.whole = s.tag.end, true
				return o, nil
			}
		}
	}
	o.end = len(text)
	return o, nil
}

// An element is an open one.
type element struct {
	name []byte
	tag  span
}

func lastNamed(stack []element, name []byte) int {
	for i := len(stack) - 1; i >= 0; i-- {
		if bytes.Equal(stack[i].name, name) {
			return i
		}
	}
	return -1
}

func isItem(local string) bool { return local == "item" || local == "entry" }

// isVoid reports whether an element of HTML has no end tag. Those that mean
// something in feeds (link, source) are left out.
func isVoid(name []byte) bool {
	switch string(name) {
	case "br", "hr", "img", "wbr", "BR", "HR", "IMG", "WBR":
		return true
	}
	return false
}

// localName is a name without its prefix, in lower case.
func localName(name []byte) string {
	return strings.ToLower(string(name[bytes.LastIndexByte(name, ':')+1:]))
}

// close gives the end tags for what o.open has opened.
func (o *outline) close(text []byte) []byte {
	var b []byte
	for i := len(o.open) - 1; i >= 0; i-- {
		s := scanner{text: o.open[i].of(text)}
		if s.next() {
			b = fmt.Appendf(b, "</%s>", s.name)
		}
	}
	return b
}

// A scanner finds the tags of an XML text and steps over all else: character
// data, CDATA, comments, processing instructions, DTDs.
type scanner struct {
	text []byte
	at   int
	kind tagKind
	name []byte // with prefix, as written
	tag  span
}

type tagKind int

const (
	tagStart tagKind = iota
	tagEnd
	tagEmpty // <name/>
)

// next moves to the next tag; false at the end, or where the text breaks off
// inside markup.
func (s *scanner) next() bool {
	for {
		i := bytes.IndexByte(s.text[s.at:], '<')
		if i < 0 {
			s.at = len(s.text)
			return false
		}
		start := s.at + i
		rest := s.text[start:]
		var length int
		switch {
		case bytes.HasPrefix(rest, []byte("<![CDATA[")):
			length = through(rest, "]]>")
		case bytes.HasPrefix(rest, []byte("<!--")):
			length = through(rest, "-->")
		case bytes.HasPrefix(rest, []byte("<?")):
			length = through(rest, "?>")
		case bytes.HasPrefix(rest, []byte("<!")):
			length = declarationLength(rest)
		case opensTag(rest):
			length = tagLength(rest)
			if length > 0 {
				s.at = start + length
				s.setTag(start, length)
				return true
			}
		default:
			length = 1
		}
		if length <= 0 {
			s.at = len(s.text)
			return false
		}
		s.at = start + length
	}
}

func (s *scanner) setTag(start, length int) {
	s.tag = span{start, start + length}
	inside := bytes.TrimSuffix(s.text[start+1:start+length], []byte(">"))
	s.kind = tagStart
	if inside[0] == '/' {
		s.kind = tagEnd
		inside = inside[1:]
	} else if inside[len(inside)-1] == '/' {
		s.kind = tagEmpty
	}
	if i := bytes.IndexAny(inside, " \t\r\n/"); i >= 0 {
		inside = inside[:i]
	}
	s.name = inside
}

// opensTag reports whether text, which begins with '<', begins with a tag.
func opensTag(text []byte) bool {
	text = text[1:]
	if len(text) > 0 && text[0] == '/' {
		text = text[1:]
	}
	r, _ := utf8.DecodeRune(text)
	return r == '_' || r == ':' || unicode.IsLetter(r)
}

// through gives the length of text up to and with the first end, or 0.
func through(text []byte, end string) int {
	if i := bytes.Index(text, []byte(end)); i >= 0 {
		return i + len(end)
	}
	return 0
}

// tagLength gives the length of the tag that text begins with, or 0 if it has
// no end. A '>' between quotes does not end it; a '<' there does, for then the
// quote was never closed.
func tagLength(text []byte) int {
	quote := byte(0)
	for i, c := range text {
		switch {
		case quote != 0:
			if c == quote {
				quote = 0
			} else if c == '<' {
				return i
			}
		case c == '"' || c == '\'':
			if prev := previous(text[:i]); prev == '=' {
				quote = c
			}
		case c == '>':
			return i + 1
		}
	}
	return 0
}

// previous gives the last byte that is not space.
func previous(text []byte) byte {
	text = bytes.TrimRight(text, " \t\r\n")
	if len(text) == 0 {
		return 0
	}
	return text[len(text)-1]
}

// declarationLength gives the length of the <!...> that text begins with, with
// its internal subset, or 0.
func declarationLength(text []byte) int {
	quote, depth := byte(0), 0
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'':
			quote = c
		case c == '<' && bytes.HasPrefix(text[i:], []byte("<!--")):
			n := through(text[i:], "-->")
			if n == 0 {
				return 0
			}
			i += n - 1
		case c == '<':
			depth++
		case c == '>':
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
	return 0
}

// mend gives text with what no XML parser accepts and no reader misses taken
// out: control characters, noncharacters, and '<' that begin no markup, which
// become &lt;. It gives text itself if there is nothing to mend.
func mend(text []byte) []byte {
	var out []byte
	done := 0 // text[:done] is in out
	replace := func(at, length int, with string) {
		out = append(append(out, text[done:at]...), with...)
		done = at + length
	}
	for i := 0; i < len(text); {
		c := text[i]
		switch {
		case c == '<':
			i = mendMarkup(text, i, replace)
		case c < 0x20 && c != '\t' && c != '\n' && c != '\r':
			replace(i, 1, "")
			i++
		case c == 0xef && i+2 < len(text) && text[i+1] == 0xbf && text[i+2] >= 0xbe: // U+FFFE, U+FFFF
			replace(i, 3, "")
			i += 3
		default:
			i++
		}
	}
	if done == 0 {
		return text
	}
	return append(out, text[done:]...)
}

// mendMarkup mends one '<' at i and gives where to go on.
func mendMarkup(text []byte, i int, replace func(at, length int, with string)) int {
	rest := text[i:]
	switch {
	case bytes.HasPrefix(rest, []byte("<![CDATA[")):
		end := through(rest, "]]>")
		if end == 0 {
			end = len(rest)
		}
		mendControls(text, i, i+end, replace)
		return i + end
	case bytes.HasPrefix(rest, []byte("<!--")):
		end := through(rest, "-->")
		if end == 0 {
			end = len(rest)
		}
		replace(i, end, "") // "--" inside a comment stops encoding/xml
		return i + end
	case len(rest) > 1 && (rest[1] == '!' || rest[1] == '?'), opensTag(rest):
		return i + 1
	}
	replace(i, 1, "&lt;")
	return i + 1
}

func mendControls(text []byte, from, to int, replace func(at, length int, with string)) {
	for i := from; i < to; i++ {
		if c := text[i]; c < 0x20 && c != '\t' && c != '\n' && c != '\r' {
			replace(i, 1, "")
		} else if c == 0xef && i+2 < to && text[i+1] == 0xbf && text[i+2] >= 0xbe {
			replace(i, 3, "")
			i += 2
		}
	}
}

// dropJunk drops what stands before the XML or JSON of a feed: blank lines, a
// byte order mark, the warnings of a PHP script.
func dropJunk(text []byte) []byte {
	text = bytes.TrimLeft(text, " \t\r\n\ufeff")
	if root := rootOf(text); root != "" && root != "br" && root != "b" {
		return text
	}
	head := text[:min(len(text), junkBytes)]
	for _, begin := range []string{"<?xml", "<rss", "<feed", "<rdf:RDF", "<urlset", "<sitemapindex"} {
		if i := bytes.Index(head, []byte(begin)); i >= 0 {
			return text[i:]
		}
	}
	return text
}

// looksXML reports whether an answer that should be a list page may be a feed.
func looksXML(plain []byte) bool {
	switch rootOf(bytes.TrimLeft(plain, " \t\r\n\xef\xbb\xbf")) {
	case "rss", "rdf", "feed", "urlset", "sitemapindex":
		return true
	}
	return false
}

// rootOf gives the local name of the root element in lower case, "html" for
// whatever a browser would take for a page, "{" for a JSON object, and "" for
// anything else.
func rootOf(text []byte) string {
	if len(text) == 0 {
		return ""
	}
	if text[0] == '{' {
		return "{"
	}
	if text[0] != '<' {
		return ""
	}
	if head := bytes.ToLower(text[:min(len(text), 64)]); bytes.HasPrefix(head, []byte("<!doctype html")) {
		return "html"
	}
	s := scanner{text: text}
	if !s.next() {
		return ""
	}
	switch name := localName(s.name); name {
	case "head", "body", "script", "meta", "title", "div", "link", "style":
		return "html"
	default:
		return name
	}
}
