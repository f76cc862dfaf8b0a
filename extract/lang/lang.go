// Package lang tells in which language a text is written.
//
// It is a port of ELD (Efficient Language Detector, Nito T.M., Apache-2.0; see
// NOTICE): a text is cut into words, each word into n-grams of four bytes, and
// every n-gram adds its score to the languages that know it. Before that come
// two rules that n-grams are bad at: kana make a text Japanese, hangul Korean,
// and Han characters alone Chinese; and a language loses for every Cyrillic
// letter that its alphabet does not have.
//
// Two codes stand for more than one language, as the table has only one of
// them: "id" is also Malay, and "sr" is also Croatian and Bosnian.
package lang

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Undetermined is the code of a text without letters, or in none of the
// languages of the table (ISO 639-2).
const Undetermined = "und"

// maxBytes is how much of a text is scored: half from its beginning and half
// from its middle if it is longer. More does not change the answer.
const maxBytes = 3000

// Identify gives the ISO 639-1 code of the language of a text, and by how much
// of its score it is ahead of the next language, from 0 to 1. The answer for
// fewer than twenty letters is a guess: a caller that knows what language to
// expect should then prefer that. Identify may be called from several
// goroutines.
func Identify(text string) (code string, margin float64) {
	text = sample(text)
	n := census(text)
	switch cjk := n.han + n.kana + n.hangul; {
	case n.letters == 0:
		return Undetermined, 0
	// A character of these scripts carries about as much as three letters.
	case 3*cjk >= n.letters-cjk && n.hangul > cjk/5:
		return "ko", share(n.hangul, cjk)
	case 3*cjk >= n.letters-cjk && n.kana*20 > cjk:
		return "ja", share(n.kana, cjk)
	case 3*cjk >= n.letters-cjk:
		return "zh", share(n.han, cjk)
	// A Kazakh name in a Russian text has such letters too, but not as many.
	case n.kazakh*25 > n.letters:
		return "kk", share(n.kazakh, n.letters)
	}
	return best(score(text), &n)
}

// Letters counts the letters of a text.
func Letters(text string) int {
	n := 0
	for _, r := range text {
		if unicode.IsLetter(r) {
			n++
		}
	}
	return n
}

func share(part, whole int) float64 { return float64(part) / float64(max(whole, 1)) }

// sample cuts a long text down to its beginning and its middle.
func sample(text string) string {
	if len(text) <= maxBytes {
		return text
	}
	middle := len(text) / 2
	return cut(text, 0, maxBytes/2) + " " + cut(text, middle, middle+maxBytes/2)
}

// cut gives text[from:to] without broken characters at its ends.
func cut(text string, from, to int) string {
	to = min(to, len(text))
	for from < to && !utf8.RuneStart(text[from]) {
		from++
	}
	for to < len(text) && to > from && !utf8.RuneStart(text[to]) {
		to--
	}
	return text[from:to]
}

// alphabets are the Cyrillic alphabets of the languages of the table.
var alphabets = map[string]string{
	"be": "абвгдеёжзійклмнопрстуўфхцчшыьэюя",
	"bg": "абвгдежзийклмнопрстуфхцчшщъьюя",
	"ru": "абвгдеёжзийклмнопрстуфхцчшщъыьэюя",
	"sr": "абвгдђежзијклљмнњопрстћуфхцчџш",
	"uk": "абвгґдеєжзиіїйклмнопрстуфхцчшщьюя",
}

// counts is what a census of the letters of a text found.
type counts struct {
	letters, han, kana, hangul, cyrillic, kazakh int
	foreign                                      map[string]int // Cyrillic letters that an alphabet lacks, by language
}

func census(text string) counts {
	var n counts
	var cyrillic [256]int // by the low byte: U+0400 to U+04FF
	for _, r := range text {
		switch {
		case !unicode.IsLetter(r):
			continue
		case unicode.Is(unicode.Han, r):
			n.han++
		case unicode.Is(unicode.Hiragana, r) || unicode.Is(unicode.Katakana, r):
			n.kana++
		case unicode.Is(unicode.Hangul, r):
			n.hangul++
		case 0x400 <= r && r <= 0x4ff:
			n.cyrillic++
			cyrillic[unicode.ToLower(r)-0x400]++
		}
		n.letters++
	}
	for _, r := range "әғқңұһ" {
		n.kazakh += cyrillic[r-0x400]
	}
	if n.cyrillic == 0 {
		return n
	}
	n.foreign = make(map[string]int, len(alphabets))
	for code, alphabet := range alphabets {
		known := 0
		for _, r := range alphabet {
			known += cyrillic[r-0x400]
		}
		n.foreign[code] = n.cyrillic - known
	}
	return n
}

// best picks the language with the highest score, after each has lost a
// twentieth of it for every hundredth of the text that its alphabet lacks.
func best(scores []int, n *counts) (string, float64) {
	code, first, second := Undetermined, 0.0, 0.0
	for i, c := range loaded().codes {
		s := float64(scores[i])
		s *= max(0, 1-5*share(n.foreign[c], n.cyrillic))
		switch {
		case s > first:
			code, first, second = c, s, first
		case s > second:
			second = s
		}
	}
	if first == 0 {
		return Undetermined, 0
	}
	switch code {
	case "hr":
		code = "sr"
	case "ms":
		code = "id"
	}
	return code, (first - second) / first
}

// baseScore is what ELD has subtracted from all scores of its table.
const baseScore = 53

// score adds up the scores of the distinct n-grams of a text, by the place of
// the language in the table.
func score(text string) []int {
	t := loaded()
	sums := make([]int, len(t.codes))
	seen := make(map[uint64]bool, len(text)/2)
	add := func(k uint64) {
		if seen[k] {
			return
		}
		seen[k] = true
		for s := t.scores(k); len(s) > 0; s = s[2:] {
			sums[s[0]] += int(s[1]) + baseScore
		}
	}
	for _, w := range words(text) {
		ngrams(w, add)
	}
	return sums
}

// words gives the lower-case words of a text. An apostrophe inside or at the
// end of a word belongs to it, as ELD's separators have it.
func words(text string) []string {
	var list []string
	var b strings.Builder
	end := func() {
		if b.Len() > 0 {
			list = append(list, b.String())
			b.Reset()
		}
	}
	for _, r := range text {
		switch {
		case unicode.IsLetter(r):
			b.WriteRune(unicode.ToLower(r))
		case (r == '\'' || r == '`' || r == '’') && b.Len() > 0:
			b.WriteRune(r)
		default:
			end()
		}
	}
	end()
	return list
}

// ngrams calls f with the n-grams of a word: four bytes each at a stride of
// three, and the last four; a blank marks the word's beginning and its end.
func ngrams(word string, f func(uint64)) {
	n := min(len(word), 70)
	gram := make([]byte, 0, 8)
	j := 0
	for ; j+4 < n; j += 3 {
		gram = gram[:0]
		if j == 0 {
			gram = append(gram, ' ')
		}
		f(key(append(gram, word[j:j+4]...)))
	}
	gram = gram[:0]
	if j == 0 {
		gram = append(gram, ' ')
	}
	gram = append(gram, word[max(0, n-4):n]...)
	f(key(append(gram, ' ')))
}
