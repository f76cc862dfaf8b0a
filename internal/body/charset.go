package body

import (
	"bytes"
	"cmp"
	"math"
	"mime"
	"regexp"
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"github.com/saintfish/chardet"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
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
// order, and the first that gives sensible text wins: frequent letters, and
// few replacement characters, control characters, or words that change case or
// script. If none does, the one that comes nearest.
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

// guess gives charsets by the statistics of the letters. chardet runs its
// recognizers at once, and ranks ties by chance: the order says nothing.
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
	slices.SortStableFunc(results, func(a, b chardet.Result) int {
		return cmp.Or(b.Confidence-a.Confidence, strings.Compare(a.Charset, b.Charset))
	})
	var out []candidate
	for _, r := range results {
		label := r.Charset
		if label == "GB-18030" {
			label = "gb18030"
		}
		if c, ok := lookup(label); ok && c.name != "utf-8" && !strings.HasPrefix(c.name, "utf-16") {
			out = append(out, c)
		}
	}
	return out
}

const (
	sensible = 0.399 // a text of this score is taken as declared, without a look at others
	capital  = 0.4   // the score of a headline in capitals, which is just sensible
	trust    = 0.4   // what a guess must be better by than a declaration
)

// best decodes plain with the first declared charset that gives sensible text.
// If none does, these compete with those that the letters suggest, with the
// charsets of Russian and Chinese, and with windows-1252, which has a meaning
// for every byte.
func best(plain []byte, declared []candidate) (text []byte, charset string) {
	most := math.Inf(-1)
	tried := map[string]bool{}
	try := func(c candidate, handicap float64) (sure bool) {
		if tried[c.name] {
			return false
		}
		tried[c.name] = true
		t := decode(c.enc, plain)
		score := plausibility(t)
		if score-handicap > most {
			text, charset, most = t, c.name, score-handicap
		}
		return score >= sensible
	}
	for _, c := range declared {
		if try(c, 0) {
			return text, charset
		}
	}
	for _, c := range guess(plain) {
		try(c, trust)
	}
	for _, c := range []candidate{
		{"windows-1251", charmap.Windows1251}, {"koi8-r", charmap.KOI8R},
		{"gb18030", simplifiedchinese.GB18030}, {"big5", traditionalchinese.Big5},
		{"windows-1252", charmap.Windows1252},
	} {
		try(c, trust)
	}
	return text, charset
}

// plausibility says how much a text looks like one: the share of its letters
// beyond ASCII that are frequent in their language, less that of the traces of
// a wrong charset. 1 is the most; what is read wrongly is near or below 0.
func plausibility(text []byte) float64 {
	runes := bytes.Runes(text[:min(len(text), guessBytes)])
	var letters, points float64
	at := func(i int) rune {
		if i < 0 || i >= len(runes) {
			return ' '
		}
		return runes[i]
	}
	for i, r := range runes {
		if r < utf8.RuneSelf {
			continue
		}
		if trace(r) {
			letters++
			points -= 2
		} else if unicode.IsLetter(r) {
			letters++
			points += familiar(r, at(i-1), at(i+1))
		} else if r < 0xc0 && r != '«' && r != '»' {
			letters++ // a sign where a letter should be, if there are many
		}
	}
	if letters == 0 {
		return 0
	}
	return points / letters
}

// trace reports whether a character is one that texts do not have, but wrong
// decodings do: replacement, control and private characters, half-width kana
// and box drawing.
func trace(r rune) bool {
	switch {
	case r == utf8.RuneError, r < 0xa0, 0xff61 <= r && r <= 0xff9f, 0x2500 <= r && r < 0x25a0:
		return true
	}
	return unicode.Is(unicode.Co, r)
}

// familiar says how well a letter beyond ASCII fits between its neighbours.
// In a text of the right charset the mean is 0.5 to 0.9.
func familiar(r, before, after rune) float64 {
	script := scriptOf(r)
	switch {
	case clash(script, scriptOf(before)), clash(script, scriptOf(after)):
		return -1
	case unicode.IsUpper(r) && before >= utf8.RuneSelf && unicode.IsLower(before):
		return -1
	}
	switch script {
	case han:
		if frequentHan()[r] {
			return 1
		}
		return 0
	case kana:
		return 1
	case latin:
		if before >= utf8.RuneSelf || after >= utf8.RuneSelf { // accents rarely touch
			return -0.5
		}
		return 0.6
	case cyrillic:
		switch {
		case unicode.IsUpper(r):
			return capital // KOI8 read as windows-1251 is all capitals, but for some first letters
		case strings.ContainsRune(frequentCyrillic, r):
			return 1
		}
		return 0
	case greek, hangul, otherAlphabet:
		if !unicode.IsUpper(r) {
			return 0.6
		}
	}
	return 0
}

// A script is a group of letters that words are made of.
type script int

const (
	noScript script = iota
	asciiLatin
	latin
	cyrillic
	greek
	otherAlphabet
	han
	kana
	hangul
)

func scriptOf(r rune) script {
	switch {
	case r < utf8.RuneSelf:
		if 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' {
			return asciiLatin
		}
		return noScript
	case unicode.Is(unicode.Cyrillic, r):
		return cyrillic
	case unicode.Is(unicode.Han, r):
		return han
	case unicode.In(r, unicode.Hiragana, unicode.Katakana):
		return kana
	case unicode.Is(unicode.Latin, r):
		return latin
	case unicode.Is(unicode.Greek, r):
		return greek
	case unicode.Is(unicode.Hangul, r):
		return hangul
	case unicode.IsLetter(r):
		return otherAlphabet
	}
	return noScript
}

// clash reports whether letters of two scripts do not stand side by side. Those
// of East Asia do, except Han and Hangul, and so does ASCII with them.
func clash(a, b script) bool {
	switch {
	case a == b, a == noScript, b == noScript:
		return false
	case a > b:
		a, b = b, a
	}
	switch {
	case a == asciiLatin:
		return b != latin && b < han
	case a == han && b == kana:
		return false
	}
	return true
}

// frequentCyrillic are nine tenths of a Russian text.
const frequentCyrillic = "оеаинтсрвлкмдпуяыьгзбій"

// frequentHan are two thirds of a Chinese text, in both ways of writing.
var frequentHan = sync.OnceValue(func() map[rune]bool {
	out := map[rune]bool{}
	for _, r := range "的一是不了在人有我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过发后作里用道行所然家种事成方多经么去法学如都同现当没动面起看定天分还进好小部其些主样理心她本前开但因只从想实日军者意无力它与长把机十民第公此已工使情明性知全三又关点正业外将两高间由问很最重并物手应战向头文体政美相见被利什二等产或新己制身果加西斯月话合回特代内信表化老给世位次度门任常先海通教儿原东声提立及比员解水名真论处走义各入几口认条平系气题活尔更别打女变四神总何电数安少报才结反受目太量再感建务做接必场件计管期市直德资命山金指克许统区保至队形社便空决治展马科司五基眼书非则听白却界达光放强即像难且权思王象完设式色路记南品住告类求据程北边死张该交规万取拉格望觉术领共确传师观清今切院让识候带导争运" +
		"這個們來為國說時會對過發後經麼學現當沒動還進樣開實軍無與長機間問關點業將兩並應戰頭體見產東聲員論處義幾認條題爾別變總電數報結場務計區隊決馬書則聽達強難權設記類據邊張該規萬覺術領確傳師觀讓識帶導爭運於種從話給門兒許統資" {
		out[r] = true
	}
	return out
})

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
