package web

import (
	"fmt"
	"strconv"
	"time"

	"chorus/corpus"
	"chorus/index"
)

// A moment is a time as pages show it: in UTC, with a form for machines that
// the script turns into the reader's zone on hover. Both are empty if the
// time is not known.
type moment struct {
	ISO  string // RFC 3339, or the day alone
	Text string // "24 Nov 2026, 13:49"
}

func momentOf(t time.Time) moment {
	if t.IsZero() {
		return moment{}
	}
	t = t.UTC()
	return moment{ISO: t.Format(time.RFC3339), Text: t.Format("2 Jan 2006, 15:04")}
}

// claimedMoment is momentOf for what a page or a feed states. Midnight to the
// second is that of a page which states a day only, so no time is shown.
func claimedMoment(t time.Time) moment {
	if t = t.UTC(); !t.IsZero() && t.Equal(t.Truncate(24*time.Hour)) {
		return moment{ISO: t.Format(dayFormat), Text: t.Format("2 Jan 2006")}
	}
	return momentOf(t)
}

// A claim is a time and who says so.
type claim struct {
	At   moment
	From string // "JSON-LD of the page", "feed", "first seen here"
}

// publishedClaim gives the time of Document.Published with its source.
func publishedClaim(d *corpus.Document) claim {
	t := d.Published()
	c := claim{At: claimedMoment(t)}
	switch {
	case t.IsZero():
		c.From = ""
	case t.Equal(d.Article.Published):
		c.From = sourceName(d.Article.PublishedFrom)
	case t.Equal(d.Item.Published):
		c.From = "feed"
	default:
		c.From = "not claimed: first seen here"
	}
	return c
}

// sourceName says in words where the published time of an article was read.
func sourceName(from string) string {
	switch from {
	case "":
		return "page"
	case "json-ld":
		return "JSON-LD of the page"
	case "meta":
		return "meta element of the page"
	case "time":
		return "time element of the page"
	case "htmldate":
		return "guessed from the page"
	case "url":
		return "address of the page"
	case "rule":
		return "rule for the outlet"
	}
	return plain(from)
}

// dayFormat is how dates stand in addresses and queries.
const dayFormat = "2006-01-02"

// barLabel names a bin of a histogram.
func barLabel(start time.Time, width index.Interval) string {
	switch start = start.UTC(); width {
	case index.IntervalYear:
		return start.Format("2006")
	case index.IntervalMonth:
		return start.Format("Jan 2006")
	case index.IntervalWeek:
		return "week of " + start.Format("2 Jan 2006")
	}
	return start.Format("2 Jan 2006")
}

// tickLabel is the short form for the axis.
func tickLabel(start time.Time, width index.Interval) string {
	switch start = start.UTC(); width {
	case index.IntervalYear:
		return start.Format("2006")
	case index.IntervalMonth:
		return start.Format("Jan 06")
	}
	return start.Format("2 Jan 06")
}

// barEnd is when a bin of a histogram ends: the start of the next.
func barEnd(start time.Time, width index.Interval) time.Time {
	switch width {
	case index.IntervalYear:
		return start.AddDate(1, 0, 0)
	case index.IntervalMonth:
		return start.AddDate(0, 1, 0)
	case index.IntervalWeek:
		return start.AddDate(0, 0, 7)
	}
	return start.AddDate(0, 0, 1)
}

// count writes a number with a thin space between thousands.
func count[N int | int64](n N) string {
	s := strconv.FormatInt(int64(n), 10)
	neg := ""
	if n < 0 {
		neg, s = "−", s[1:]
	}
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "\u202f" + s[i:]
	}
	return neg + s
}

// plural gives the number with the word in the right form.
func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return count(n) + " " + many
}

// interval writes a duration in its two largest units.
func interval(d time.Duration) string {
	switch d = d.Round(time.Minute); {
	case d < time.Minute:
		return "under a minute"
	case d < time.Hour:
		return fmt.Sprintf("%d min", int(d.Minutes()))
	case d < 24*time.Hour:
		return joinUnits(int(d.Hours()), "h", int(d.Minutes())%60, "min")
	}
	return joinUnits(int(d.Hours())/24, "d", int(d.Hours())%24, "h")
}

func joinUnits(a int, unitA string, b int, unitB string) string {
	if b == 0 {
		return fmt.Sprintf("%d %s", a, unitA)
	}
	return fmt.Sprintf("%d %s %d %s", a, unitA, b, unitB)
}
