package web

import (
	"fmt"
	"strconv"
	"strings"

	"chorus/corpus"
	"chorus/index"
)

// chartHeight is the height of the plot in pixels. Widths are per cent, so a
// chart fills its column on a telephone and on a wall without distortion.
const chartHeight = 120

// widestBar is the width of a bar, in per cent, where there are few.
const widestBar = 8

// A chart is a histogram, stacked by bloc, with the table of the same numbers.
type chart struct {
	ID     string // for the attributes that need one, unique on the page
	Title  string
	Desc   string // what a reader who does not see it should know
	Search string // address of what is charted, which the script narrows by from and to
	Top    string // label of the highest line
	Series []series
	Bars   []bar
	Ticks  []tick
	Width  index.Interval // of one bar
	Days   string         // for the script: first and last day of each bar, comma-separated pairs parted by spaces
}

// A series is one part of the bars.
type series struct {
	Key  string // "ru", "cn", "control", "none"; decides colour and pattern
	Name string
	N    int
}

type bar struct {
	X, Width string // per cent
	Label    string
	N        int
	Parts    []part // in the order of the series, one each, bottom first
	URL      string // the search narrowed to this bar
}

type part struct {
	Key  string
	N    int
	Y, H string // pixels
}

type tick struct {
	X, Text string
	Anchor  string // start, middle or end
}

// histogram draws the bars of a result that was split by bloc; each leads to
// the query narrowed to its time. Without bars there is no chart.
func histogram(id, title string, res *index.Result, q index.Query, sort index.Sort) *chart {
	bars, width := res.Histogram, res.Interval
	if len(bars) == 0 {
		return nil
	}
	c := &chart{ID: id, Title: title, Width: width, Series: seriesOf(bars), Search: searchURL(q, sort)}
	top, highest := 0, 0
	for i, b := range bars {
		if b.N > top {
			top, highest = b.N, i
		}
	}
	scale := niceTop(top)
	c.Top = count(scale)
	step := 100 / float64(len(bars))
	wide := min(step*0.88, widestBar)
	for i, b := range bars {
		c.Bars = append(c.Bars, bar{
			X: percent((float64(i)+0.5)*step - wide/2), Width: percent(wide),
			Label: barLabel(b.Start, width), N: b.N,
			Parts: stack(b, c.Series, scale), URL: searchURL(between(q, b.Start, barEnd(b.Start, width)), sort),
		})
	}
	c.Ticks, c.Days = ticks(bars, width), days(bars, width)
	c.Desc = describe(c, highest)
	return c
}

// seriesOf lists the blocs, and what has none if there is such a thing.
func seriesOf(bars []index.Bar) []series {
	var out []series
	total := 0
	for _, b := range bars {
		total += b.N
	}
	for _, bloc := range corpus.Blocs() {
		n := 0
		for _, b := range bars {
			n += b.By[string(bloc)]
		}
		total -= n
		out = append(out, series{blocKey(string(bloc)), blocName(string(bloc)), n})
	}
	if total > 0 {
		out = append(out, series{blocKey(""), blocName(""), total})
	}
	return out
}

func stack(b index.Bar, all []series, scale int) []part {
	counts := map[string]int{}
	rest := b.N
	for _, bloc := range corpus.Blocs() {
		counts[blocKey(string(bloc))] = b.By[string(bloc)]
		rest -= b.By[string(bloc)]
	}
	counts[blocKey("")] = max(rest, 0)
	y := float64(chartHeight)
	parts := make([]part, len(all))
	for i, s := range all {
		h := float64(counts[s.Key]) / float64(max(scale, 1)) * chartHeight
		y -= h
		parts[i] = part{Key: s.Key, N: counts[s.Key], Y: pixels(y), H: pixels(h)}
	}
	return parts
}

func days(bars []index.Bar, width index.Interval) string {
	var out []string
	for _, b := range bars {
		last := barEnd(b.Start, width).AddDate(0, 0, -1)
		out = append(out, b.Start.UTC().Format(dayFormat)+","+last.UTC().Format(dayFormat))
	}
	return strings.Join(out, " ")
}

// ticks labels at most five bars, the first and the last among them.
func ticks(bars []index.Bar, width index.Interval) []tick {
	n := min(5, len(bars))
	out := make([]tick, 0, n)
	step := 100 / float64(len(bars))
	for i := range n {
		at, anchor := 0, "middle"
		if n > 1 {
			at = i * (len(bars) - 1) / (n - 1)
		}
		x := (float64(at) + 0.5) * step
		switch {
		case step > 2*widestBar: // there is room for a label under its bar
		case i == 0:
			x, anchor = 0, "start"
		case i == n-1:
			x, anchor = 100, "end"
		}
		out = append(out, tick{X: percent(x), Text: tickLabel(bars[at].Start, width), Anchor: anchor})
	}
	return out
}

func describe(c *chart, highest int) string {
	parts := make([]string, 0, len(c.Series))
	for _, s := range c.Series {
		parts = append(parts, s.Name+" "+count(s.N))
	}
	return fmt.Sprintf("%s from %s to %s. %s. Most in %s: %d.", plural(len(c.Bars), "bar", "bars"),
		c.Bars[0].Label, c.Bars[len(c.Bars)-1].Label, strings.Join(parts, ", "), c.Bars[highest].Label, c.Bars[highest].N)
}

// niceTop rounds up to the next of 1, 2, 5, 10, 20, 50, ...
func niceTop(n int) int {
	for unit := 1; ; unit *= 10 {
		for _, f := range []int{1, 2, 5} {
			if f*unit >= n {
				return f * unit
			}
		}
	}
}

func percent(f float64) string { return trimZeros(strconv.FormatFloat(f, 'f', 2, 64)) + "%" }

func pixels(f float64) string { return trimZeros(strconv.FormatFloat(f, 'f', 1, 64)) }

func trimZeros(s string) string { return strings.TrimSuffix(strings.TrimRight(s, "0"), ".") }

// A share is a part of a whole with the length of its bar.
type share struct {
	Key  string // of the bloc
	Name string
	N    int
	Of   int
	Text string // "3.1 %", or "–" of nothing
	Bar  string // width in per cent of the longest bar
	URL  string // the documents behind it; empty if there are none
}

func (s share) value() float64 {
	if s.Of == 0 {
		return 0
	}
	return float64(s.N) / float64(s.Of)
}

// shareText writes a share in per cent, with one decimal below ten.
func shareText(n, of int) string {
	if of == 0 {
		return "–"
	}
	p := float64(n) / float64(of) * 100
	if p == 0 || p >= 9.95 {
		return fmt.Sprintf("%.0f %%", p)
	}
	if p < 0.1 {
		return "< 0.1 %"
	}
	return fmt.Sprintf("%.1f %%", p)
}

// blocKey is the word for a bloc in class names and patterns.
func blocKey(bloc string) string {
	switch corpus.Bloc(bloc) {
	case corpus.BlocRU:
		return "ru"
	case corpus.BlocCN:
		return "cn"
	case corpus.BlocControl:
		return "control"
	}
	return "none"
}

// blocName is a bloc in words.
func blocName(bloc string) string {
	switch corpus.Bloc(bloc) {
	case corpus.BlocRU:
		return "Russia"
	case corpus.BlocCN:
		return "China"
	case corpus.BlocControl:
		return "Control"
	}
	return "No bloc"
}
