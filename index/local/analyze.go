package local

import (
	"bytes"
	"unicode"
	"unicode/utf8"

	"github.com/blevesearch/bleve/v2/analysis"
	"github.com/blevesearch/bleve/v2/analysis/lang/ar"
	"github.com/blevesearch/bleve/v2/analysis/lang/de"
	"github.com/blevesearch/bleve/v2/analysis/lang/en"
	"github.com/blevesearch/bleve/v2/analysis/lang/es"
	"github.com/blevesearch/bleve/v2/analysis/lang/fa"
	"github.com/blevesearch/bleve/v2/analysis/lang/fr"
	"github.com/blevesearch/bleve/v2/analysis/lang/it"
	"github.com/blevesearch/bleve/v2/analysis/lang/pt"
	"github.com/blevesearch/bleve/v2/analysis/lang/ru"
	"github.com/blevesearch/bleve/v2/analysis/token/elision"
	uax29 "github.com/blevesearch/bleve/v2/analysis/tokenizer/unicode"
	"golang.org/x/text/unicode/norm"
)

// Analysis: a text is cut into words by UAX #29. Letters are folded: NFKC,
// lower case, ё is е, no stress marks, no soft hyphens. The stemmer of the
// document's language follows, and accents of Latin letters go last. Stop
// words are kept: phrases with them must be found, and a word of one language
// is a stop word of another.
//
// Runs of Han, kana and hangul become overlapping pairs, and their last
// character stands alone: every substring of a run is then a sequence of pairs,
// and a single character is the beginning of a token. Recall is 100 %; a
// segmenter misses what it cuts elsewhere.

// The analyzers, by number. Each word of a query is analysed by all of them,
// and each form is looked for only in documents of that analyzer.
const (
	plainAnalyzer = iota // no stemmer: Chinese, and languages that have none
	enAnalyzer
	ruAnalyzer
	esAnalyzer
	frAnalyzer
	deAnalyzer
	ptAnalyzer
	itAnalyzer
	arAnalyzer
	faAnalyzer
	analyzers // how many there are
)

func analyzerName(n uint8) string {
	return []string{"plain", "en", "ru", "es", "fr", "de", "pt", "it", "ar", "fa"}[n]
}

// analyzerOf gives the number of the analyzer of a language.
func analyzerOf(lang string) uint8 {
	for n := range uint8(analyzers) {
		if lang == analyzerName(n) {
			return n
		}
	}
	return plainAnalyzer
}

// An analyzer makes the tokens of a text. It implements analysis.Analyzer.
type analyzer struct {
	normal []analysis.TokenFilter // spelling
	stem   []analysis.TokenFilter
}

func newAnalyzer(n uint8) *analyzer {
	switch n {
	case enAnalyzer:
		return &analyzer{
			normal: []analysis.TokenFilter{en.NewPossessiveFilter()},
			stem:   []analysis.TokenFilter{en.NewEnglishStemmerFilter()},
		}
	case ruAnalyzer:
		return &analyzer{stem: []analysis.TokenFilter{ru.NewRussianStemmerFilter()}}
	case esAnalyzer:
		return &analyzer{
			normal: []analysis.TokenFilter{es.NewSpanishNormalizeFilter()},
			stem:   []analysis.TokenFilter{es.NewSpanishLightStemmerFilter()},
		}
	case frAnalyzer:
		return &analyzer{
			normal: []analysis.TokenFilter{elision.NewElisionFilter(frenchArticles())},
			stem:   []analysis.TokenFilter{fr.NewFrenchStemmerFilter()},
		}
	case deAnalyzer:
		return &analyzer{
			normal: []analysis.TokenFilter{de.NewGermanNormalizeFilter()},
			stem:   []analysis.TokenFilter{de.NewGermanLightStemmerFilter()},
		}
	case ptAnalyzer:
		return &analyzer{stem: []analysis.TokenFilter{pt.NewPortugueseLightStemmerFilter()}}
	case itAnalyzer:
		return &analyzer{stem: []analysis.TokenFilter{it.NewItalianLightStemmerFilterFilter()}}
	case arAnalyzer:
		return &analyzer{
			normal: []analysis.TokenFilter{ar.NewArabicNormalizeFilter()},
			stem:   []analysis.TokenFilter{ar.NewArabicStemmerFilter()},
		}
	case faAnalyzer:
		return &analyzer{normal: []analysis.TokenFilter{ar.NewArabicNormalizeFilter(), fa.NewPersianNormalizeFilter()}}
	}
	return &analyzer{}
}

func frenchArticles() analysis.TokenMap {
	m := analysis.NewTokenMap()
	for _, a := range []string{"l", "m", "t", "qu", "n", "s", "j", "d", "c", "jusqu", "quoiqu", "lorsqu", "puisqu"} {
		m.AddToken(a)
	}
	return m
}

// Analyze gives the tokens that are indexed.
func (a *analyzer) Analyze(text []byte) analysis.TokenStream {
	return a.filter(a.tokens(text), a.stem)
}

// surface gives the tokens without stemming, for the beginnings of words.
func (a *analyzer) surface(text []byte) analysis.TokenStream {
	return a.filter(a.tokens(text), nil)
}

func (a *analyzer) tokens(text []byte) analysis.TokenStream {
	tokens := pairs(uax29.NewUnicodeTokenizer().Tokenize(narrowed(text)))
	for _, t := range tokens {
		t.Term = fold(t.Term)
	}
	return tokens
}

func (a *analyzer) filter(tokens analysis.TokenStream, stem []analysis.TokenFilter) analysis.TokenStream {
	for _, f := range a.normal {
		tokens = f.Filter(tokens)
	}
	for _, f := range stem {
		tokens = f.Filter(tokens)
	}
	for _, t := range tokens {
		t.Term = unaccented(t.Term)
	}
	return tokens
}

// narrowed replaces full-width letters and digits by ASCII, because the
// tokenizer takes full-width digits for no part of a word. A soft hyphen, which
// does not break a word and which fold drops, keeps all offsets as they are.
func narrowed(text []byte) []byte {
	out := text
	for i := 0; i+2 < len(text); i++ {
		if text[i] != 0xef || text[i+1] != 0xbc && text[i+1] != 0xbd {
			continue
		}
		r, _ := utf8.DecodeRune(text[i:])
		if c := r - '！' + '!'; '0' <= c && c <= '9' || 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z' {
			if &out[0] == &text[0] {
				out = bytes.Clone(text)
			}
			copy(out[i:], string(c)+"\u00ad")
		}
	}
	return out
}

// The types of token that pairs makes.
const (
	pairToken  = analysis.Double      // two characters of a run
	lastToken  = analysis.Single      // the last character of a run of two or more
	aloneToken = analysis.Ideographic // a run of one
)

// pairs replaces runs of Han, kana and hangul by their pairs, and numbers the
// positions anew: each character and each word counts one.
func pairs(in analysis.TokenStream) analysis.TokenStream {
	out := make(analysis.TokenStream, 0, len(in))
	position := 1
	for i := 0; i < len(in); {
		if !paired(in[i]) {
			in[i].Position = position
			out = append(out, in[i])
			position++
			i++
			continue
		}
		run := characters(in[i])
		for i++; i < len(in) && paired(in[i]) && in[i].Start == in[i-1].End; i++ {
			run = append(run, characters(in[i])...)
		}
		for j, c := range run {
			t := c
			switch {
			case len(run) == 1:
				t.Type = aloneToken
			case j == len(run)-1:
				t.Type = lastToken
			default:
				t.Type, t.End = pairToken, run[j+1].End
				t.Term = append(bytes.Clone(c.Term), run[j+1].Term...)
			}
			t.Position = position
			out = append(out, &t)
			position++
		}
	}
	return out
}

func paired(t *analysis.Token) bool {
	if t.Type == analysis.Ideographic {
		return true
	}
	r, _ := utf8.DecodeRune(t.Term)
	return unicode.Is(unicode.Hangul, r)
}

// characters cuts a token into one per character.
func characters(t *analysis.Token) []analysis.Token {
	out := make([]analysis.Token, 0, 2)
	for at := 0; at < len(t.Term); {
		_, n := utf8.DecodeRune(t.Term[at:])
		out = append(out, analysis.Token{Term: t.Term[at : at+n], Start: t.Start + at, End: t.Start + at + n})
		at += n
	}
	return out
}

// fold makes spellings of one word the same. It never writes to term.
func fold(term []byte) []byte {
	if plainASCII(term) {
		return term
	}
	if !norm.NFKC.IsNormal(term) {
		term = norm.NFKC.Bytes(term)
	}
	out := make([]byte, 0, len(term))
	var last rune
	for _, r := range string(term) {
		switch r {
		case 'ё', 'Ё':
			r = 'е'
		case '’', '‘', 'ʼ', '＇':
			r = '\''
		case '\u00ad', '\u200b', '\u200c', '\u200d', '\u2060', '\ufeff', 'ـ': // soft hyphen, zero width, tatweel
			continue
		case '\u0300', '\u0301':
			if unicode.Is(unicode.Cyrillic, last) {
				continue // a stress mark
			}
		}
		out = utf8.AppendRune(out, unicode.ToLower(r))
		last = r
	}
	return out
}

func plainASCII(term []byte) bool {
	for _, c := range term {
		if c >= utf8.RuneSelf || 'A' <= c && c <= 'Z' {
			return false
		}
	}
	return true
}

// unaccented takes the accents off Latin letters.
func unaccented(term []byte) []byte {
	latin := false
	for _, r := range string(term) {
		latin = latin || r >= 0xc0 && unicode.Is(unicode.Latin, r)
	}
	if !latin {
		return term
	}
	out := make([]byte, 0, len(term))
	var last rune
	for _, r := range string(norm.NFD.Bytes(term)) {
		if unicode.Is(unicode.Mn, r) && unicode.Is(unicode.Latin, last) {
			continue
		}
		out = utf8.AppendRune(out, r)
		last = r
	}
	return out
}

// A slot is one place of a phrase: the terms that may stand there.
type slot struct {
	at     int    // places after the first slot
	term   string // this term, or
	begins string // any that begins so; empty: none
}

// slots gives the places of the words of a query. With prefix, the last word
// may go on.
func (a *analyzer) slots(words string, prefix bool) []slot {
	tokens := a.Analyze([]byte(words))
	surface := a.surface([]byte(words))
	var slots []slot
	for i, t := range tokens {
		s := slot{at: t.Position, term: string(t.Term)}
		last := i == len(tokens)-1
		switch {
		case len(t.Term) == 0:
			continue
		case t.Type == lastToken:
			continue // the pair before has it, and the run may go on in the text
		case t.Type == aloneToken:
			s.begins = s.term
		case last && prefix && t.Type != pairToken:
			// The index knows stems. A word that begins so has a stem that begins so,
			// or the stem that the beginning itself has.
			s.begins = string(surface[i].Term)
		}
		slots = append(slots, s)
	}
	for i := range slots {
		slots[len(slots)-1-i].at -= slots[0].at
	}
	return slots
}
