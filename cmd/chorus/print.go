package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/mattn/go-runewidth"
	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"chorus/corpus"
)

// plainColumns is how wide output is where no terminal says: it fits any.
const plainColumns = 80

// printJSON prints one value on a line of its own.
func (a *app) printJSON(v any) error {
	e := json.NewEncoder(a.out)
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

// terminal tells whether w is a terminal, and how many columns it has.
func terminal(w io.Writer) (columns int, ok bool) {
	f, isFile := w.(*os.File)
	if !isFile || !term.IsTerminal(int(f.Fd())) {
		return plainColumns, false
	}
	columns, _, err := term.GetSize(int(f.Fd()))
	if err != nil || columns < 40 {
		columns = plainColumns
	}
	return columns, true
}

// columns is how wide output may be.
func (a *app) columns() int {
	n, _ := terminal(a.out)
	return n
}

// styled tells whether output may be bold and underlined.
func (a *app) styled() bool {
	_, ok := terminal(a.out)
	return ok && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
}

// bold marks a text on a terminal that can.
func (a *app) bold(s string) string {
	if !a.styled() {
		return s
	}
	return "\x1b[1m" + s + "\x1b[0m"
}

// Where a marked word begins and ends, in a text that is still to be cleaned
// and wrapped: two characters of private use that stand for nothing.
const (
	markOpen  = '\ue000'
	markClose = '\ue001'
)

// mark puts marks around spans of a text, which must be in order.
func mark(text string, spans []corpus.Span) string {
	unmarked := strings.NewReplacer(string(markOpen), "", string(markClose), "")
	var b strings.Builder
	at := 0
	for _, s := range spans {
		if s.Start < at || s.End < s.Start || s.End > len(text) {
			continue
		}
		b.WriteString(unmarked.Replace(text[at:s.Start]))
		b.WriteRune(markOpen)
		b.WriteString(unmarked.Replace(text[s.Start:s.End]))
		b.WriteRune(markClose)
		at = s.End
	}
	b.WriteString(unmarked.Replace(text[at:]))
	return b.String()
}

// showMarks shows the marks of wrapped lines: bold and underlined on a
// terminal, *so* elsewhere. A word that goes on in the next line is marked in
// both.
func showMarks(lines []string, styled bool) []string {
	begin, end := "*", "*"
	if styled {
		begin, end = "\x1b[1;4m", "\x1b[0m"
	}
	shown := strings.NewReplacer(string(markOpen), begin, string(markClose), end)
	out := make([]string, len(lines))
	open := false
	for i, line := range lines {
		out[i] = shown.Replace(line)
		if open {
			out[i] = begin + out[i]
		}
		if last := strings.LastIndexAny(line, string(markOpen)+string(markClose)); last >= 0 {
			open = strings.HasPrefix(line[last:], string(markOpen))
		}
		if open {
			out[i] += end
		}
	}
	return out
}

// clean makes a text of the web safe to print: no control or format
// characters, every run of space one space.
func clean(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.Is(unicode.Cc, r), unicode.Is(unicode.Cf, r):
			return -1
		}
		return r
	}, s)
	return strings.Join(strings.Fields(s), " ")
}

// fit cuts a text to so many columns and pads it with spaces.
func fit(s string, columns int) string {
	return runewidth.FillRight(runewidth.Truncate(s, columns, "…"), columns)
}

// wrap breaks a text into lines of so many columns, at spaces where there are
// any; Chinese breaks anywhere.
func wrap(s string, columns int) []string {
	var lines []string
	line, width := "", 0
	flush := func() {
		if line = strings.TrimRight(line, " "); line != "" {
			lines = append(lines, line)
		}
		line, width = "", 0
	}
	for _, word := range splitWords(s) {
		w := runewidth.StringWidth(word)
		if width+runewidth.StringWidth(strings.TrimRight(word, " ")) > columns && width > 0 {
			flush()
		}
		for w > columns {
			head := runewidth.Truncate(word, columns, "")
			if head == "" {
				break
			}
			lines = append(lines, head)
			word = word[len(head):]
			w = runewidth.StringWidth(word)
		}
		line += word
		width += w
	}
	flush()
	return lines
}

// splitWords cuts a text where a line may end.
func splitWords(s string) []string {
	var out []string
	start := 0
	for i, r := range s {
		end := i + utf8.RuneLen(r)
		if next, _ := utf8.DecodeRuneInString(s[end:]); mayBreak(r, next) {
			out = append(out, s[start:end])
			start = end
		}
	}
	return append(out, s[start:])
}

// mayBreak tells whether a line may end between two characters: after a space,
// and at each wide character, but in Chinese no line begins with what closes
// nor ends with what opens.
func mayBreak(r, next rune) bool {
	const closing, opening = "，。、；：？！）】》〉」』”’…—·％" + string(markClose), "（【《〈「『“‘" + string(markOpen)
	if r == ' ' {
		return true
	}
	wide := runewidth.RuneWidth(r) == 2 || runewidth.RuneWidth(next) == 2
	return wide && !strings.ContainsRune(closing, next) && !strings.ContainsRune(opening, r)
}

// plural gives a number with the word in the right form.
func plural[N int | int64](n N, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

func widthOf(s string) int { return runewidth.StringWidth(s) }

func stamp(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.UTC().Format("2006-01-02 15:04")
}

// claimed is a time that a page or a feed states. Midnight to the second is
// that of a page which states a day only.
func claimed(t time.Time) string {
	switch t = t.UTC(); {
	case t.IsZero():
		return "-"
	case t.Equal(t.Truncate(24 * time.Hour)):
		return t.Format(time.DateOnly)
	}
	return stamp(t) + " UTC"
}

// ago says how long ago, in one unit.
func ago(t, now time.Time) string {
	if t.IsZero() {
		return "never"
	}
	switch d := now.Sub(t); {
	case d < 0:
		return "in " + span(-d)
	default:
		return span(d) + " ago"
	}
}

func span(d time.Duration) string {
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%d s", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%d min", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h", int(d.Hours()))
	}
	return fmt.Sprintf("%d d", int(d.Hours()/24))
}

// progress shows long work on a terminal, and nothing in a pipe.
func (a *app) progress() func(stage string, n, of int) {
	if _, ok := terminal(a.err); !ok || a.json {
		return func(string, int, int) {}
	}
	bar := progressbar.NewOptions(-1,
		progressbar.OptionSetWriter(a.err), progressbar.OptionThrottle(200*time.Millisecond),
		progressbar.OptionSetWidth(20), progressbar.OptionClearOnFinish(), progressbar.OptionSpinnerType(14))
	counts := map[string]int{}
	order := []string{}
	updates := make(chan func(), 64)
	go func() {
		for f := range updates {
			f()
		}
	}()
	return func(stage string, n, of int) {
		select {
		case updates <- func() {
			if _, ok := counts[stage]; !ok {
				order = append(order, stage)
			}
			counts[stage] = n
			var parts []string
			for _, s := range order {
				parts = append(parts, fmt.Sprintf("%s %d", s, counts[s]))
			}
			if of > 0 {
				parts = append(parts, fmt.Sprintf("%d %%", n*100/of))
			}
			bar.Describe(strings.Join(parts, ", "))
			bar.Add(1) //nolint:errcheck // it is only a spinner
		}:
		default: // a tick that is missed is no loss
		}
	}
}

// endProgress leaves the line of the progress.
func (a *app) endProgress() {
	if _, ok := terminal(a.err); ok && !a.json {
		fmt.Fprint(a.err, "\r\x1b[K")
	}
}
