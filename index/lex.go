package index

import (
	"strings"
	"unicode"
)

// The lexer cuts a query into tokens. It takes the punctuation of Chinese and
// Russian keyboards for its ASCII fellow: （ ） ： ， ＊ “ ” „ « » 「 」.

type tokenKind int

const (
	tokenEnd tokenKind = iota
	tokenWord
	tokenPhrase
	tokenField // name and colon
	tokenOpen
	tokenClose
	tokenAnd
	tokenOr
	tokenNot
	tokenComma // only inside a list of values
	tokenStar  // an asterisk that stands alone
)

type token struct {
	kind   tokenKind
	text   string
	prefix bool // an asterisk follows the word or the phrase
	column int  // of the first character, from 1
}

func (t token) String() string {
	switch t.kind {
	case tokenEnd:
		return "the end"
	case tokenPhrase:
		return `"` + t.text + `"`
	case tokenField:
		return t.text + ":"
	}
	return t.text
}

type lexer struct {
	input []rune
	at    int
}

func (l *lexer) rest() bool { return l.at < len(l.input) }

// next reads a token. As a value, a word may hold colons and ends at a comma.
func (l *lexer) next(value bool) (token, *SyntaxError) {
	for l.rest() && space(l.input[l.at]) {
		l.at++
	}
	t := token{column: l.at + 1}
	if !l.rest() {
		return t, nil
	}
	r := ascii(l.input[l.at])
	switch {
	case r == '(':
		return l.single(t, tokenOpen), nil
	case r == ')':
		return l.single(t, tokenClose), nil
	case r == ',' && value:
		return l.single(t, tokenComma), nil
	case r == '"' || r == '“':
		return l.phrase(t, r)
	case r == '-' && l.at+1 < len(l.input) && !space(l.input[l.at+1]) && ascii(l.input[l.at+1]) != '-':
		return l.single(t, tokenNot), nil
	}
	return l.word(t, value)
}

func (l *lexer) single(t token, kind tokenKind) token {
	t.kind, t.text = kind, string(l.input[l.at])
	l.at++
	return t
}

// phrase reads up to the closing quote; a backslash keeps the next character.
func (l *lexer) phrase(t token, quote rune) (token, *SyntaxError) {
	t.kind = tokenPhrase
	var b strings.Builder
	for l.at++; ; l.at++ {
		if !l.rest() {
			return t, &SyntaxError{Column: t.column, Problem: "this quote is not closed"}
		}
		r := l.input[l.at]
		if ascii(r) == quote {
			break
		}
		if r == '\\' && quote == '"' && l.at+1 < len(l.input) {
			l.at++
			r = l.input[l.at]
		}
		if space(r) {
			r = ' '
		}
		b.WriteRune(r)
	}
	l.at++
	t.text = strings.Join(strings.Fields(b.String()), " ")
	if l.rest() && ascii(l.input[l.at]) == '*' {
		t.prefix = true
		l.at++
	}
	return t, nil
}

func (l *lexer) word(t token, value bool) (token, *SyntaxError) {
	start := l.at
	for ; l.rest(); l.at++ {
		r := ascii(l.input[l.at])
		if space(r) || strings.ContainsRune(`()"“`, r) || value && r == ',' {
			break
		}
		if r == ':' && !value && fieldName(l.input[start:l.at]) {
			t.kind, t.text = tokenField, strings.ToLower(string(l.input[start:l.at]))
			l.at++
			return t, nil
		}
	}
	t.kind, t.text = tokenWord, string(l.input[start:l.at])
	switch t.text {
	case "AND":
		t.kind = tokenAnd
	case "OR":
		t.kind = tokenOr
	case "NOT":
		t.kind = tokenNot
	case "*", "＊":
		t.kind = tokenStar
	default:
		return l.trimmed(t)
	}
	return t, nil
}

// trimmed takes the asterisk and the punctuation off a word.
func (l *lexer) trimmed(t token) (token, *SyntaxError) {
	text := strings.ReplaceAll(t.text, "＊", "*")
	if i := strings.IndexByte(text, '*'); i >= 0 {
		if tail := strings.TrimRightFunc(text, func(r rune) bool { return !wordRune(r) && r != '*' }); i < len(tail)-1 {
			return t, &SyntaxError{
				Column:  t.column + len([]rune(text[:i])),
				Problem: "an asterisk can stand only at the end of a word",
			}
		}
		text, t.prefix = text[:i], true
	}
	t.text = text
	return t, nil
}

func fieldName(rs []rune) bool {
	for _, r := range rs {
		if (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') {
			return false
		}
	}
	return len(rs) > 0
}

func space(r rune) bool {
	return unicode.IsSpace(r) || unicode.IsControl(r) || r == '\ufeff' || r == '\u200b'
}

// ascii gives the character of the language that r is a variant of.
// Typographic quotes of all kinds become “.
func ascii(r rune) rune {
	switch r {
	case '（':
		return '('
	case '）':
		return ')'
	case '：':
		return ':'
	case '，', '、':
		return ','
	case '＊':
		return '*'
	case '＂':
		return '"'
	case '”', '„', '«', '»', '「', '」':
		return '“'
	}
	return r
}
