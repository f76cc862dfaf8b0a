package classify

import (
	_ "embed"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

// A token is one word of a text as the matcher sees it, or one Han character.
type token struct {
	start, end int32 // byte offsets into the text
	pos        int32 // place in the text; see scan
	word       []byte
	han        rune // the folded character, or 0 if the token is a word
	joined     bool // nothing but space, quotes or a hyphen since the token before
}

// sentenceStep is how far a token's place jumps at the end of a sentence. It
// is larger than any gap of a cue, so that no cue matches across one.
const sentenceStep = 64

// maxWordBytes bounds a word; what is longer is no word and matches nothing.
const maxWordBytes = 96

// A sentence is a range of a text: its bytes and the places of its tokens.
type sentence struct {
	start, end int32
	pos, last  int32 // places of its first token, and of its last
}

// A scanner cuts a text into tokens and sentences in one pass.
//
// Words are lowered; ё is е, full-width letters are half-width, Latin letters
// lose their accents, Han characters are simplified. Zero-width characters and
// soft hyphens vanish. In a word of Latin and Cyrillic letters the look-alikes
// of the minority script are folded into the other ("НАТO" with a Latin O).
// A hyphen, a quote or a space between two words keeps them neighbours; other
// punctuation adds one to the place; the end of a sentence adds sentenceStep.
type scanner struct {
	text      string
	sentences []sentence
	buf       []byte
	pos       int32
	first     bool // no token yet in this sentence
}

// scan calls emit for each token in order. The token's word is only valid
// during the call. It returns the sentences that have at least one token.
func (s *scanner) scan(text string, emit func(token)) []sentence {
	s.text, s.sentences, s.pos, s.first = text, s.sentences[:0], 0, true
	cur := sentence{}
	joined := false
	endSentence := func(at int) {
		if !s.first {
			cur.end, cur.last = int32(at), s.pos
			s.sentences = append(s.sentences, cur)
			s.pos += sentenceStep
			s.first = true
		}
		joined = false
	}
	put := func(t token) {
		s.pos++
		t.pos, t.joined = s.pos, joined
		if s.first {
			cur = sentence{start: t.start, pos: t.pos}
			s.first = false
		}
		emit(t)
		joined = true
	}
	for i := 0; i < len(text); {
		r, size := decode(text, i)
		switch {
		case isHan(r):
			put(token{start: int32(i), end: int32(i + size), han: foldHan(r)})
			i += size
		case linkLength(text[i:]) > 0:
			s.pos++
			joined = false
			i += linkLength(text[i:])
		case isWordRune(r):
			end, word := s.word(i)
			put(token{start: int32(i), end: int32(end), word: word})
			i = end
		case r == '\n' || r == '\r' || r == '\u2029' || r == '\u2028':
			endSentence(i)
			i += size
		case r == '。' || r == '！' || r == '？' || r == '!' || r == '?' || r == '．' || r == '؟' || r == '۔':
			i += size
			endSentence(i)
		case r == '.':
			i += size
			if s.endsSentence(i) {
				endSentence(i)
			}
		case keepsNeighbours(r):
			i += size
		default:
			s.pos++
			joined = false
			i += size
		}
	}
	endSentence(len(text))
	return s.sentences
}

// linkLength gives the length of the address or @handle that text begins with,
// 0 if there is none. The words in it are not the author's.
func linkLength(text string) int {
	switch text[0] {
	case 'h', 'H', 'w', 'W', 't', '@':
	default:
		return 0
	}
	n := 0
	for _, prefix := range []string{"https://", "http://", "www.", "t.me/", "@"} {
		if len(text) > len(prefix) && strings.EqualFold(text[:len(prefix)], prefix) {
			n = len(prefix)
			break
		}
	}
	if n == 0 || text[n] <= ' ' {
		return 0
	}
	for n < len(text) && text[n] > ' ' && text[n] < utf8.RuneSelf && !strings.ContainsRune("()<>[]{}\"'*|", rune(text[n])) {
		n++
	}
	// What ends the sentence is not of the address.
	return len(strings.TrimRight(text[:n], ".,;:!?_"))
}

// endsSentence decides whether the full stop before byte i ends a sentence.
func (s *scanner) endsSentence(i int) bool {
	rest := s.text[i:]
	for len(rest) > 0 {
		r, size := utf8.DecodeRuneInString(rest)
		if r == '"' || r == '\'' || r == '”' || r == '’' || r == '»' || r == ')' || r == ']' {
			rest = rest[size:]
			continue
		}
		break
	}
	if rest == "" {
		return true
	}
	r, size := utf8.DecodeRuneInString(rest)
	if r == '\n' || r == '\r' {
		return true
	}
	if !unicode.IsSpace(r) {
		return isHan(r)
	}
	word := lastWord(s.text[:i-1])
	if abbreviations[strings.ToLower(word)] || utf8.RuneCountInString(word) == 1 && !isDigit(word) {
		return false
	}
	next, _ := utf8.DecodeRuneInString(strings.TrimLeft(rest[size:], " \t\u00a0"))
	return !unicode.IsLower(next)
}

func isDigit(s string) bool { return s[0] >= '0' && s[0] <= '9' }

// lastWord gives the letters and digits that text ends in, at most 16 bytes.
func lastWord(text string) string {
	i := len(text)
	for i > 0 && len(text)-i < 16 {
		r, size := utf8.DecodeLastRuneInString(text[:i])
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			break
		}
		i -= size
	}
	return text[i:]
}

// abbreviations are words whose full stop does not end a sentence.
var abbreviations = setOf("mr", "mrs", "ms", "dr", "st", "gen", "sen", "rep", "gov", "lt", "col", "capt", "prof", "vs", "jr", "sr",
	"им", "ул", "тыс", "руб", "стр", "см", "др", "пр", "ред", "акад", "проф", "ген", "гг", "св", "пос", "обл", "no", "approx")

func setOf(words ...string) map[string]bool {
	m := make(map[string]bool, len(words))
	for _, w := range words {
		m[w] = true
	}
	return m
}

// word reads the word that begins at byte i of the text and gives its end and
// its normal form, or an empty form if it is too long to be a word.
func (s *scanner) word(i int) (end int, word []byte) {
	buf := s.buf[:0]
	latin, cyrillic, upper := 0, 0, 0
	start := i
loop:
	for i < len(s.text) {
		if c := s.text[i]; c < utf8.RuneSelf {
			switch {
			case c >= 'a' && c <= 'z' || c >= '0' && c <= '9':
				buf = append(buf, c)
				latin++
			case c >= 'A' && c <= 'Z':
				buf = append(buf, c+'a'-'A')
				latin++
				upper++
			case c == '\'' && s.apostrophe(i, 1):
			case c == '.' && s.initials(start, i):
			default:
				break loop
			}
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(s.text[i:])
		switch {
		case isInvisible(r):
		case r == '’' && s.apostrophe(i, size), r == 'ʼ':
		case unicode.Is(unicode.Mn, r):
			buf = compose(buf, r)
		case isHan(r) || !isWordRune(r):
			break loop
		default:
			r = foldRune(r)
			if r >= 0x400 && r < 0x530 {
				cyrillic++
			} else if r < 0x250 {
				latin++
			}
			buf = utf8.AppendRune(buf, r)
		}
		i += size
	}
	s.buf = buf
	if latin > 0 && cyrillic > 0 {
		buf = foldLookalikes(buf)
	}
	buf = trimPossessive(buf, s.text[start:i])
	if upper == 2 && i-start <= 4 && string(buf) == "us" || string(buf) == "usa" && upper == 3 {
		buf = append(buf[:0], "usa"...)
	}
	if len(buf) > maxWordBytes {
		buf = buf[:0]
	}
	return i, buf
}

// apostrophe reports whether the apostrophe at byte i stands inside a word.
func (s *scanner) apostrophe(i, size int) bool {
	if i+size >= len(s.text) {
		return false
	}
	r, _ := utf8.DecodeRuneInString(s.text[i+size:])
	return isWordRune(r) && !isHan(r)
}

// initials reports whether the full stop at byte i belongs to an abbreviation
// such as U.S. or U.N. that began at start.
func (s *scanner) initials(start, i int) bool {
	t := s.text[start:]
	n := i - start
	if n%2 == 0 || n > 7 || t[0] < 'A' || t[0] > 'Z' {
		return false
	}
	for k := 0; k < n; k++ {
		if k%2 == 0 && (t[k] < 'A' || t[k] > 'Z') || k%2 == 1 && t[k] != '.' {
			return false
		}
	}
	if n+1 < len(t) && t[n+1] >= 'A' && t[n+1] <= 'Z' && (n+2 >= len(t) || t[n+2] == '.') {
		return true
	}
	return n >= 3 && n+2 < len(t) && t[n+1] == ' ' && t[n+2] >= 'a' && t[n+2] <= 'z'
}

// trimPossessive takes 's off the end of a word.
func trimPossessive(buf []byte, raw string) []byte {
	if strings.HasSuffix(raw, "'s") || strings.HasSuffix(raw, "’s") || strings.HasSuffix(raw, "'S") || strings.HasSuffix(raw, "’S") {
		if n := len(buf); n > 1 {
			return buf[:n-1]
		}
	}
	return buf
}

// compose applies a combining mark to the end of a word: й and ё count, other
// accents are dropped.
func compose(buf []byte, mark rune) []byte {
	if mark == 0x306 && len(buf) >= 2 && string(buf[len(buf)-2:]) == "и" {
		return append(buf[:len(buf)-2], "й"...)
	}
	return buf
}

// lookalikes pairs Latin letters with the Cyrillic ones that look the same.
const lookalikes = "aаeеoоpрcсyуxхkкmмtтbвhнiіjјsѕ"

var toCyrillic, toLatin = lookalikeTables()

func lookalikeTables() (toCyr, toLat map[rune]rune) {
	toCyr, toLat = map[rune]rune{}, map[rune]rune{}
	rs := []rune(lookalikes)
	for i := 0; i < len(rs); i += 2 {
		toCyr[rs[i]], toLat[rs[i+1]] = rs[i+1], rs[i]
	}
	return toCyr, toLat
}

// foldLookalikes writes a word of mixed script in the script that all of its
// letters have or look like; if there is none it is left as it is.
func foldLookalikes(word []byte) []byte {
	for _, table := range []map[rune]rune{toCyrillic, toLatin} {
		out := make([]byte, 0, len(word))
		ok := true
		for _, r := range string(word) {
			cyrillic := r >= 0x400 && r < 0x530
			if f, found := table[r]; found {
				r = f
			} else if r > '9' && (cyrillic == (table['a'] == 0)) {
				ok = false
				break
			}
			out = utf8.AppendRune(out, r)
		}
		if ok {
			return out
		}
	}
	return word
}

// decode is utf8.DecodeRuneInString with a short way for ASCII.
func decode(s string, i int) (rune, int) {
	if c := s[i]; c < utf8.RuneSelf {
		return rune(c), 1
	}
	return utf8.DecodeRuneInString(s[i:])
}

func isWordRune(r rune) bool {
	if r < utf8.RuneSelf {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
	}
	if r >= 0x400 && r < 0x530 {
		return r != 0x482 && !(r >= 0x483 && r <= 0x489)
	}
	return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsDigit(r))
}

// isInvisible is true of characters that a reader does not see inside a word.
func isInvisible(r rune) bool {
	return r == 0xAD || r >= 0x200B && r <= 0x200F || r == 0x2060 || r == 0xFEFF || r >= 0x202A && r <= 0x202E || r >= 0x2066 && r <= 0x2069 || r == 0xFE0F
}

// keepsNeighbours is true of what may stand inside a phrase: space, quotes,
// hyphens, invisible characters, emphasis marks.
func keepsNeighbours(r rune) bool {
	switch r {
	case ' ', '\t', 0xA0, 0x3000, '-', '‐', '‑', '"', '\'', '“', '”', '„', '«', '»', '‘', '’', '‹', '›', '「', '」', '『', '』', '《', '》', '*', '_', '`':
		return true
	}
	return isInvisible(r) || r > utf8.RuneSelf && (unicode.IsSpace(r) || unicode.Is(unicode.Mn, r))
}

func isHan(r rune) bool { return r >= 0x4E00 && r <= 0x9FFF || r >= 0x3400 && r <= 0x4DBF }

// foldRune lowers a letter and takes its width and accents away.
func foldRune(r rune) rune {
	if r >= 0xFF10 && r <= 0xFF5A {
		r -= 0xFEE0
	}
	switch {
	case r >= 'А' && r <= 'Я':
		return r + 0x20
	case r >= 'а' && r <= 'я':
		return r
	case r == 'ё' || r == 'Ё':
		return 'е'
	case r >= 0x600 && r < 0x700:
		return foldArabic(r)
	}
	r = unicode.ToLower(r)
	if r >= 0xDF && r < 0x180 {
		if p := plain[r]; p != 0 {
			return p
		}
	}
	return r
}

// foldArabic takes letters for one that are written for one another.
func foldArabic(r rune) rune {
	switch r {
	case 'أ', 'إ', 'آ', 'ٱ':
		return 'ا'
	case 'ى', 'ی':
		return 'ي'
	case 'ة':
		return 'ه'
	case 'ک':
		return 'ك'
	}
	return r
}

// plain maps accented Latin letters to letters without accent.
var plain = plainTable("àaáaâaãaäaåaāaăaąaçcćcčcďdđdèeéeêeëeēeėeęeěeğgìiíiîiïiīiįiłlñnńnňnòoóoôoõoöoøoőoōořrśsşsšsťtùuúuûuüuūuůuűuýyÿyźzżzžz")

func plainTable(pairs string) (t [0x180]rune) {
	rs := []rune(pairs)
	for i := 0; i < len(rs); i += 2 {
		t[rs[i]] = rs[i+1]
	}
	return t
}

//go:embed han.txt
var hanPairs string

// hanFold maps a character of the block U+4E00..U+9FFF to its simplified form.
var hanFold = sync.OnceValue(func() *[0xA000 - 0x4E00]uint16 {
	t := new([0xA000 - 0x4E00]uint16)
	for i := range t {
		t[i] = uint16(0x4E00 + i)
	}
	for line := range strings.Lines(hanPairs) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		rs := []rune(strings.TrimSpace(line))
		for i := 0; i+1 < len(rs); i += 2 {
			t[rs[i]-0x4E00] = uint16(rs[i+1])
		}
	}
	return t
})

// foldHan gives the simplified form of a Han character.
func foldHan(r rune) rune {
	if r < 0x4E00 {
		return r
	}
	return rune(hanFold()[r-0x4E00])
}
