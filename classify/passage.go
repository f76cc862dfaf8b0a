package classify

import (
	"slices"
	"strings"
	"unicode/utf8"

	"chorus/corpus"
)

// maxClauseBytes bounds how far a passage reaches beyond its cue on a side.
const maxClauseBytes = 160

// clause gives the passage around a match: from the punctuation before it to
// the punctuation after it, within its sentence.
func clause(text string, start, end int, s sentence) corpus.Span {
	lo := clauseStart(text, start, max(int(s.start), start-maxClauseBytes))
	hi := clauseEnd(text, end, min(int(s.end), end+maxClauseBytes))
	// In text that is not UTF-8 either may lie before a stray byte.
	for lo < start && !utf8.RuneStart(text[lo]) {
		lo++
	}
	for hi < len(text) && !utf8.RuneStart(text[hi]) {
		hi++
	}
	return corpus.Span{Start: lo, End: hi}
}

// trimSpan leaves out blanks and quotes at the ends.
func trimSpan(text string, s corpus.Span) corpus.Span {
	t := text[s.Start:s.End]
	s.Start += len(t) - len(strings.TrimLeft(t, trimmed))
	s.End = s.Start + len(strings.TrimRight(text[s.Start:s.End], trimmed))
	return s
}

func clauseStart(text string, from, least int) int {
	i := from
	for i > least {
		r, size := utf8.DecodeLastRuneInString(text[least:i])
		if isClauseMark(text, i-size, r) {
			break
		}
		i -= size
	}
	if i == least && least > 0 && !utf8.RuneStart(text[least]) {
		return from
	}
	if i == least && cutsWord(text, i) {
		i += wordRest(text[i:from])
	}
	return i + len(text[i:from]) - len(strings.TrimLeft(text[i:from], trimmed))
}

func clauseEnd(text string, from, most int) int {
	i := from
	for i < most {
		r, size := decode(text, i)
		if i+size > most || isClauseMark(text, i, r) {
			break
		}
		i += size
	}
	if i == most && cutsWord(text, i) {
		if k := strings.LastIndexAny(text[from:i], " \u3000"); k >= 0 {
			i = from + k
		} else {
			i = from
		}
	}
	return from + len(strings.TrimRight(text[from:i], trimmed))
}

// trimmed is what a passage does not begin or end with.
const trimmed = " \t\u00a0\u3000-*_\"'“”«»„.。!?！？"

// cutsWord reports whether byte i stands inside a word that is not Han.
func cutsWord(text string, i int) bool {
	if i <= 0 || i >= len(text) {
		return false
	}
	a, _ := utf8.DecodeLastRuneInString(text[:i])
	b, _ := utf8.DecodeRuneInString(text[i:])
	return isWordRune(a) && isWordRune(b) && !isHan(a) && !isHan(b)
}

// wordRest gives the length of the piece of a word that s begins with.
func wordRest(s string) int {
	if k := strings.IndexAny(s, " \u3000"); k >= 0 {
		return k
	}
	return len(s)
}

// isClauseMark is true of punctuation that parts clauses. A comma or a dot in
// a number does not.
func isClauseMark(text string, i int, r rune) bool {
	switch r {
	case ',', ':':
		return i+1 >= len(text) || text[i+1] < '0' || text[i+1] > '9'
	case ';', '，', '；', '：', '、', '—', '–', '(', ')', '（', '）', '[', ']', '\n', '\r', '。', '！', '？', '!', '?', '…':
		return r != '、'
	}
	return false
}

// mergeSpans sorts spans and joins those that touch or overlap.
func mergeSpans(spans []corpus.Span) []corpus.Span {
	slices.SortFunc(spans, func(a, b corpus.Span) int { return a.Start - b.Start })
	out := spans[:0]
	for _, s := range spans {
		if n := len(out); n > 0 && s.Start <= out[n-1].End {
			out[n-1].End = max(out[n-1].End, s.End)
			continue
		}
		out = append(out, s)
	}
	return out
}
