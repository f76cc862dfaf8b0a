package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
	"unicode"

	"github.com/mattn/go-runewidth"
	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

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
		return 80, false
	}
	columns, _, err := term.GetSize(int(f.Fd()))
	if err != nil || columns < 40 {
		columns = 80
	}
	return columns, true
}

// columns is how wide output may be.
func (a *app) columns() int {
	n, ok := terminal(a.out)
	if !ok {
		return 100
	}
	return n
}

// bold marks a text on a terminal that can.
func (a *app) bold(s string) string {
	if _, ok := terminal(a.out); !ok || os.Getenv("NO_COLOR") != "" || os.Getenv("TERM") == "dumb" {
		return s
	}
	return "\x1b[1m" + s + "\x1b[0m"
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

// splitWords cuts after each space and after each wide character.
func splitWords(s string) []string {
	var out []string
	start := 0
	for i, r := range s {
		if end := i + len(string(r)); r == ' ' || runewidth.RuneWidth(r) == 2 {
			out = append(out, s[start:end])
			start = end
		}
	}
	return append(out, s[start:])
}

func widthOf(s string) int { return runewidth.StringWidth(s) }

func stamp(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.UTC().Format("2006-01-02 15:04")
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
