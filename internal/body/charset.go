package body

import (
	"bytes"
	"mime"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/saintfish/chardet"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/simplifiedchinese"
	unicodeenc "golang.org/x/text/encoding/unicode"
	"golang.org/x/text/encoding/unicode/utf32"
	"golang.org/x/text/transform"
)

// A Kind says where a document declares its charset.
type Kind int

// The kinds.
const (
	HTML Kind = iota // in a meta element
	XML              // in the XML declaration
)

const (
	declarationBytes = 64 << 10 // how far into a page a declaration is looked for
	guessBytes       = 64 << 10 // how much text the guess is made from
)

var (
	metaCharset    = regexp.MustCompile(`(?i)<meta\s[^>]*?charset\s*=\s*["']?\s*([a-z0-9_:.-]+)`)
	xmlDeclaration = regexp.MustCompile(`(?i)^\s*<\?xml\s[^>]*?encoding\s*=\s*["']\s*([a-z0-9_:.-]+)`)
)

// UTF8 gives the text of a page or feed in UTF-8, and the charset it was read
// in ("utf-8", "windows-1251", "gb18030", ...; the lower-case WHATWG name).
// contentType is the Content-Type header, and may be empty.
//
// A byte order mark, or the zeros of UTF-16 and UTF-32, decide. Then UTF-8
// decides if the bytes are UTF-8, whatever was declared, also if the text is
// cut within a character or has a few bad bytes. Else the header, the
// document's own declaration and a guess from the letters are tried in this
// order, and the first that gives sensible text wins: few replacement
// characters, no control characters, no case that changes within words. If
// none does, the one with the fewest of these.
//
// The text is always valid UTF-8 without NUL and without byte order mark; what
// cannot be read is U+FFFD. A declaration inside it is not rewritten. It may
// share memory with plain.
func UTF8(plain []byte, contentType string, kind Kind) (text []byte, charset string) {
	if enc, name, skip := wide(plain, contentType); enc != nil {
		return decode(enc, plain[skip:]), name
	}
	plain = bytes.TrimPrefix(plain, []byte("\xef\xbb\xbf"))
	if utf8ish := isUTF8(plain); !utf8ish || bytes.Contains(plain, []byte("\x1b$")) {
		declared := declarations(plain, contentType, kind)
		if !utf8ish {
			return best(plain, declared)
		}
		// The only charset in use that hides in valid UTF-8.
		if len(declared) > 0 && declared[0].name == "iso-2022-jp" {
			return decode(declared[0].enc, plain), declared[0].name
		}
	}
	return clean(plain), "utf-8"
}

// A candidate is a charset that a page may be in.
type candidate struct {
	name string
	enc  encoding.Encoding
}

// lookup finds a charset by any of its names in the WHATWG standard. GB2312
// and GBK are subsets of GB18030, and pages that declare them use it.
func lookup(label string) (candidate, bool) {
	label = strings.ToLower(strings.TrimSpace(label))
	enc, err := htmlindex.Get(label)
	if err != nil {
		return candidate{}, false
	}
	name, err := htmlindex.Name(enc)
	switch {
	case err != nil, enc == encoding.Replacement, name == "replacement", name == "x-user-defined":
		return candidate{}, false
	case name == "gbk":
		return candidate{"gb18030", simplifiedchinese.GB18030}, true
	}
	return candidate{name, enc}, true
}

// declarations gives the charsets that the header and the document claim,
// without UTF-16: a document without zeros is not in it, whatever it says.
func declarations(plain []byte, contentType string, kind Kind) []candidate {
	head := plain[:min(len(plain), declarationBytes)]
	labels := []string{headerCharset(contentType)}
	patterns := []*regexp.Regexp{xmlDeclaration, metaCharset}
	if kind == XML {
		patterns = patterns[:1]
	}
	for _, p := range patterns {
		if m := p.FindSubmatch(head); m != nil {
			labels = append(labels, string(m[1]))
		}
	}
	var out []candidate
	for _, label := range labels {
		if c, ok := lookup(label); ok && !strings.HasPrefix(c.name, "utf-16") {
			out = append(out, c)
		}
	}
	return out
}

func headerCharset(contentType string) string {
	_, params, err := mime.ParseMediaType(contentType)
	if err == nil {
		return params["charset"]
	}
	_, after, _ := strings.Cut(strings.ToLower(contentType), "charset=")
	label, _, _ := strings.Cut(after, ";")
	return strings.Trim(label, ` "'`)
}

// guess gives charsets by the statistics of the letters, the likeliest first.
func guess(plain []byte) []candidate {
	first := bytes.IndexFunc(plain, func(r rune) bool { return r >= utf8.RuneSelf })
	if first < 0 {
		return nil
	}
	sample := plain[first:min(len(plain), first+guessBytes)]
	results, err := chardet.NewHtmlDetector().DetectAll(sample)
	if err != nil {
		return nil
	}
	var out []candidate
	for _, r := range results {
		label := r.Charset
		if label == "GB-18030" {
			label = "gb18030"
		}
		if c, ok := lookup(label); ok && c.name != "utf-8" && !strings.HasPrefix(c.name, "utf-16") {
			out = append(out, c)
		}
		if len(out) == 3 {
			break
		}
	}
	return out
}

// best decodes plain with the first charset that gives sensible text, or with
// the one that is least odd: those that were declared, then those that the
// letters suggest, then windows-1252, which has a meaning for every byte.
func best(plain []byte, declared []candidate) (text []byte, charset string) {
	least := -1
	tried := map[string]bool{}
	try := func(candidates []candidate) bool {
		for _, c := range candidates {
			if tried[c.name] {
				continue
			}
			tried[c.name] = true
			t := decode(c.enc, plain)
			odd, foreign := oddities(t)
			if least < 0 || odd < least {
				text, charset, least = t, c.name, odd
			}
			if odd <= 1+foreign/50 {
				text, charset = t, c.name
				return true
			}
		}
		return false
	}
	_ = try(declared) || try(guess(plain)) || try([]candidate{{"windows-1252", charmap.Windows1252}})
	return text, charset
}

// oddities counts what the wrong charset leaves in a text: replacement,
// control and private characters, capitals right after small letters, and
// accented Latin letters three in a row. KOI8 read as windows-1251, or the
// reverse, swaps the case of every letter: then every capital is odd. foreign
// is how many characters beyond ASCII there are.
func oddities(text []byte) (odd, foreign int) {
	var before, last rune
	var upper, lower, swapped int
	for _, r := range string(text) {
		if r >= utf8.RuneSelf {
			foreign++
			isUpper := unicode.IsUpper(r)
			if isUpper {
				upper++
			} else if unicode.IsLower(r) {
				lower++
			}
			switch {
			case r == utf8.RuneError, r < 0xa0, unicode.Is(unicode.Co, r):
				odd++
			case isUpper && last >= utf8.RuneSelf && unicode.IsLower(last):
				odd++
				if !unicode.IsLetter(before) {
					swapped++
				}
			case accented(r) && accented(last) && accented(before):
				odd++
			}
		}
		before, last = last, r
	}
	if swapped > 0 && upper > lower {
		odd += upper
	}
	return odd, foreign
}

func accented(r rune) bool { return r >= 0xc0 && r < 0x250 && r != '×' && r != '÷' }

// isUTF8 reports whether plain is UTF-8, but for a character cut at the end
// and a few bad bytes: at most one for eight good characters beyond ASCII.
func isUTF8(plain []byte) bool {
	if utf8.Valid(plain) {
		return true
	}
	good, bad := 0, 0
	for i := 0; i < len(plain); {
		if plain[i] < utf8.RuneSelf {
			i++
			continue
		}
		r, size := utf8.DecodeRune(plain[i:])
		switch {
		case r != utf8.RuneError || size > 1:
			good++
		case !utf8.FullRune(plain[i:]):
			// Cut at the end: no sign of anything, unless it is all there is.
			return bad*8 <= good && good > 0
		default:
			bad++
		}
		i += size
	}
	return bad*8 <= good
}

// wide finds UTF-16 and UTF-32, by byte order mark or by their zeros. skip is
// the length of the mark.
func wide(plain []byte, contentType string) (enc encoding.Encoding, name string, skip int) {
	le16 := unicodeenc.UTF16(unicodeenc.LittleEndian, unicodeenc.IgnoreBOM)
	be16 := unicodeenc.UTF16(unicodeenc.BigEndian, unicodeenc.IgnoreBOM)
	le32 := utf32.UTF32(utf32.LittleEndian, utf32.IgnoreBOM)
	be32 := utf32.UTF32(utf32.BigEndian, utf32.IgnoreBOM)
	has := func(prefix string) bool { return bytes.HasPrefix(plain, []byte(prefix)) }
	switch {
	case has("\xff\xfe\x00\x00"):
		return le32, "utf-32le", 4
	case has("\x00\x00\xfe\xff"):
		return be32, "utf-32be", 4
	case has("\xff\xfe"):
		return le16, "utf-16le", 2
	case has("\xfe\xff"):
		return be16, "utf-16be", 2
	case has("<\x00\x00\x00"):
		return le32, "utf-32le", 0
	case has("\x00\x00\x00<"):
		return be32, "utf-32be", 0
	}
	head := plain[:min(len(plain), 1024)&^1]
	var zeros [2]int
	for i, b := range head {
		if b == 0 {
			zeros[i&1]++
		}
	}
	enough := len(head) / 8 // a quarter of the units are ASCII
	if c, ok := lookup(headerCharset(contentType)); ok && strings.HasPrefix(c.name, "utf-16") {
		enough = 0
	}
	switch {
	case zeros[1] > enough && zeros[0]*4 <= zeros[1]:
		return le16, "utf-16le", 0
	case zeros[0] > enough && zeros[1]*4 <= zeros[0]:
		return be16, "utf-16be", 0
	}
	return nil, "", 0
}

func decode(enc encoding.Encoding, plain []byte) []byte {
	// Not Decoder.Bytes, which gives nothing if the end is cut.
	text, n, err := transform.Bytes(enc.NewDecoder(), plain)
	if err != nil && n < len(plain) {
		text = append(text, "\uFFFD"...)
	}
	return clean(text)
}

// clean makes text valid UTF-8 without NUL.
func clean(text []byte) []byte {
	text = bytes.ToValidUTF8(text, []byte("\uFFFD"))
	if bytes.IndexByte(text, 0) >= 0 {
		text = bytes.ReplaceAll(text, []byte{0}, nil)
	}
	return text
}
