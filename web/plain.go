package web

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A control is a character that is not shown as itself, because it would
// change how the text around it looks.
type control int

const (
	controlNone   control = iota
	controlDrop           // invisible and without use on a page: left out
	controlMarked         // can make a text look like another: named in its place
)

// controlOf says what to do with a character of a collected text. Joiners and
// directional marks stay: Persian, Indic scripts, emoji and mixed Arabic need
// them, and they reach no further than their neighbours.
func controlOf(r rune) control {
	switch {
	case r == '\n', r == '\t', r == '\u200c', r == '\u200d', r == '\u200e', r == '\u200f', r == '\u061c':
		return controlNone
	case r == '\u00ad', r == '\u200b', r == '\u2060', r == '\ufeff', r == '\r':
		return controlDrop
	case unicode.In(r, unicode.Cc, unicode.Cf), r == '\u2028', r == '\u2029':
		return controlMarked // among them U+202A-202E and U+2066-2069, and the tag characters
	}
	return controlNone
}

// plain gives a one-line text as it may stand in a title, an attribute or a
// list: valid UTF-8, one space for each run of space, no control characters.
func plain(s string) string {
	var b strings.Builder
	space := false
	for _, r := range s {
		switch {
		case unicode.IsSpace(r):
			space = b.Len() > 0
			continue
		case controlOf(r) != controlNone:
			continue
		}
		if space {
			b.WriteByte(' ')
			space = false
		}
		b.WriteRune(r) // of a broken byte: U+FFFD
	}
	return b.String()
}

// shorten cuts a text to at most n columns and says so with an ellipsis. A
// wide character (Chinese, Japanese, Korean) takes two columns.
func shorten(s string, n int) string {
	used := 0
	for i, r := range s {
		if used += columns(r); used > n {
			return strings.TrimRightFunc(s[:i], unicode.IsSpace) + "…"
		}
	}
	return s
}

// columns is how many columns a character takes, near enough for cutting.
func columns(r rune) int {
	if r >= 0x1100 && unicode.In(r, unicode.Han, unicode.Hangul, unicode.Hiragana, unicode.Katakana) || r >= 0x3000 && r <= 0x303f || r >= 0xff01 && r <= 0xff60 {
		return 2
	}
	return 1
}

// controlRun cuts the run of marked controls at the start of s and names it.
// The length is 0 if there is none.
func controlRun(s string) (name string, size int) {
	var names []string
	n := 0
	for size < len(s) {
		r, w := utf8.DecodeRuneInString(s[size:])
		if controlOf(r) != controlMarked {
			break
		}
		if n++; n <= 2 {
			names = append(names, fmt.Sprintf("U+%04X", r))
		}
		size += w
	}
	if n > 2 {
		names = append(names, fmt.Sprintf("and %d more", n-2))
	}
	return strings.Join(names, " "), size
}

// A script says how a text of some language is set.
type script struct {
	Lang string // BCP 47, for the lang attribute; empty if not known
	Dir  string // "ltr", "rtl" or "auto"
}

// scriptOf gives the script of a text in a language. Chinese is told apart
// into simplified and traditional, for fonts draw the same character
// differently.
func scriptOf(lang, text string) script {
	switch lang {
	case "", "und":
		return script{Dir: "auto"}
	case "zh":
		return script{Lang: chinese(text), Dir: "ltr"}
	case "ar", "fa", "ur", "he", "ps", "ug", "yi", "sd", "dv", "ckb":
		return script{Lang: lang, Dir: "rtl"}
	}
	if !isCode(lang) {
		return script{Dir: "auto"}
	}
	return script{Lang: lang, Dir: "ltr"}
}

// chinese tells traditional from simplified writing by characters that are
// common in one and do not occur in the other.
func chinese(text string) string {
	const simplified, traditional = "们国会这来时为说对学发东经进过现实务关义战产书", "們國會這來時為說對學發東經進過現實務關義戰產書"
	balance := 0
	for i, r := range text {
		if i > 4000 {
			break
		}
		switch {
		case strings.ContainsRune(traditional, r):
			balance++
		case strings.ContainsRune(simplified, r):
			balance--
		}
	}
	if balance > 0 {
		return "zh-Hant"
	}
	return "zh-Hans"
}

// isCode reports whether a string can be a language, country or similar code,
// so that what a feed claims cannot reach an attribute unread.
func isCode(s string) bool {
	if s == "" || len(s) > 16 {
		return false
	}
	for _, c := range []byte(s) {
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && c != '-' {
			return false
		}
	}
	return true
}

// languageName names a language in English, or gives its code back.
func languageName(code string) string {
	if name, ok := map[string]string{
		"ar": "Arabic", "be": "Belarusian", "bg": "Bulgarian", "bn": "Bengali", "cs": "Czech", "de": "German",
		"el": "Greek", "en": "English", "es": "Spanish", "fa": "Persian", "fi": "Finnish", "fr": "French",
		"he": "Hebrew", "hi": "Hindi", "hu": "Hungarian", "hy": "Armenian", "id": "Indonesian", "it": "Italian",
		"ja": "Japanese", "ka": "Georgian", "kk": "Kazakh", "ko": "Korean", "ky": "Kyrgyz", "lt": "Lithuanian",
		"lv": "Latvian", "mn": "Mongolian", "pl": "Polish", "ps": "Pashto", "pt": "Portuguese", "ro": "Romanian",
		"ru": "Russian", "sr": "Serbian", "sw": "Swahili", "tg": "Tajik", "th": "Thai", "tr": "Turkish",
		"ug": "Uyghur", "uk": "Ukrainian", "ur": "Urdu", "uz": "Uzbek", "vi": "Vietnamese", "zh": "Chinese",
		"und": "language not known", "": "language not known",
	}[code]; ok {
		return name
	}
	return code
}
