package extract

import (
	"cmp"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"chorus/corpus"

	"github.com/markusmobius/go-dateparser"
	"github.com/markusmobius/go-htmldate"
	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// A claim is a time and where the page says it.
type claim struct {
	time time.Time // UTC, to the second; zero if there is none
	from string    // "rule", "json-ld", "meta", "time", "text", "url", "htmldate"
	day  bool      // only the day is known
}

func (c claim) after(t time.Time) bool { return !c.time.IsZero() && c.time.After(t) }

// zoneOf gives the zone of times that name none.
func zoneOf(outlet corpus.Outlet, cjk bool) *time.Location {
	language := ""
	if len(outlet.Languages) > 0 {
		language = shortCode(outlet.Languages[0])
	}
	switch outlet.Country {
	case "CN", "HK", "MO", "TW", "SG":
		return time.FixedZone("UTC+8", 8*3600)
	case "RU", "BY":
		return time.FixedZone("UTC+3", 3*3600)
	case "":
		switch {
		case language == "zh" || language == "" && cjk:
			return time.FixedZone("UTC+8", 8*3600)
		case language == "ru":
			return time.FixedZone("UTC+3", 3*3600)
		}
	}
	return time.UTC
}

// publishedMeta are the names under which pages say when they were published,
// the surest first.
var publishedMeta = []string{
	"article:published_time", "og:published_time", "og:article:published_time", "datepublished", "article:published", "publish_date", "publishdate",
	"pubdate", "publishtime", "publish_time", "publishedtime", "published_time", "publication_date", "apub:time", "weibo:article:create_at", "bytedance:published_time",
	"mediator_published_time", "mediator_published_date", "parsely-pub-date", "sailthru.date", "cxenseparse:recs:publishtime", "cxenseparse:publishtime",
	"dc.date.issued", "dcterms.issued", "dc.date.created", "dcterms.created", "dcterms.date", "dc.date", "article.published", "og:release_date", "ptime", "originalpublicationdate",
}

// vagueMeta may also say when the page was made.
var vagueMeta = []string{"date", "createdate", "created", "release_date", "dcsext.articlefirstpublished"}

// published tells when the article was published. Where the surest claim knows
// only the day, the time of day is taken from a weaker one, or from the feed,
// if that names the same day in the outlet's zone.
func (p *page) published(m *claims, title string, feed time.Time) claim {
	c := p.claimed(m, title)
	if !c.day {
		return c
	}
	for _, finer := range []claim{p.timeDate(), p.printedDate(title), {time: feed.UTC().Truncate(time.Second), from: "feed"}} {
		if !finer.day && p.plausible(finer) && finer.time.In(p.zone).Format(time.DateOnly) == c.time.Format(time.DateOnly) {
			return finer
		}
	}
	return c
}

// claimed gives the surest claim of when the article was published: what the registry's selector
// finds, what the page's data say, a <time> or a printed date by the title,
// and what the address or else htmldate give. Where the address names a day, a
// weak claim for another day is not believed.
func (p *page) claimed(m *claims, title string) claim {
	if c := p.ruleDate(); p.plausible(c) {
		return c
	}
	if c := p.parse(m.ld.published, "json-ld"); p.plausible(c) {
		return c
	}
	for _, name := range publishedMeta {
		if c := p.parse(m.value(name), "meta"); p.plausible(c) {
			return c
		}
	}
	address := urlDate(p.url.Path)
	for _, c := range []func() claim{p.timeDate, func() claim { return p.printedDate(title) }, func() claim { return p.vagueDate(m) }} {
		if c := c(); p.plausible(c) && (address.time.IsZero() || nearDay(c.time, address.time)) {
			return c
		}
	}
	if p.plausible(address) {
		return address
	}
	if c := p.htmlDate(); p.plausible(c) {
		return c
	}
	return claim{}
}

func nearDay(a, b time.Time) bool { return a.Sub(b).Abs() <= 48*time.Hour }

// plausible reports whether a time can be one of publication: not before 1990
// and not after the page was fetched, give or take a zone.
func (p *page) plausible(c claim) bool {
	return c.time.Year() >= 1990 && (p.now.IsZero() || c.time.Before(p.now.Add(24*time.Hour)))
}

func (p *page) modified(m *claims) claim {
	if c := p.parse(m.ld.modified, "json-ld"); p.plausible(c) {
		return c
	}
	for _, name := range []string{"article:modified_time", "og:updated_time", "datemodified", "article:updated", "mediator_modified_time", "dcterms.modified", "dc.date.modified", "lastmod", "last-modified", "revised"} {
		if c := p.parse(m.value(name), "meta"); p.plausible(c) {
			return c
		}
	}
	return claim{}
}

func (p *page) ruleDate() claim {
	rule := p.outlet.Article
	if rule == nil || rule.Published == "" {
		return claim{}
	}
	for _, n := range find(p.doc, rule.Published) {
		if c := p.parse(firstOf(attr(n, "datetime"), attr(n, "content"), innerText(n)), "rule"); !c.time.IsZero() {
			return c
		}
	}
	return claim{}
}

func (p *page) vagueDate(m *claims) claim {
	for _, name := range vagueMeta {
		if c := p.parse(m.value(name), "meta"); p.plausible(c) {
			return c
		}
	}
	return claim{}
}

// timeDate reads <time datetime>: one that says it is of publication, else the
// first after the first h1, else the only one.
func (p *page) timeDate() claim {
	var afterTitle, any, sure *html.Node
	seen, count := false, 0
	walk(p.doc, func(n *html.Node) bool {
		switch {
		case n.DataAtom == atom.H1:
			seen = true
		case n.DataAtom == atom.Time && attr(n, "datetime") != "" && !within(n, atom.Aside) && !within(n, atom.Nav):
			count++
			if any == nil {
				any = n
			}
			if seen && afterTitle == nil {
				afterTitle = n
			}
			mark := strings.ToLower(attr(n, "class") + " " + attr(n, "itemprop"))
			if sure == nil && (hasAttr(n, "pubdate") || strings.Contains(mark, "publish")) {
				sure = n
			}
		}
		return true
	})
	n := cmp.Or(sure, afterTitle)
	if n == nil && count == 1 {
		n = any
	}
	if n == nil {
		return claim{}
	}
	return p.parse(attr(n, "datetime"), "time")
}

func hasAttr(n *html.Node, name string) bool {
	return slices.ContainsFunc(n.Attr, func(a html.Attribute) bool { return a.Key == name })
}

// dateBox is in the class or id of boxes that print the date of an article.
var dateBox = regexp.MustCompile(`(?i)(?:^|[^a-z])(?:pub|publish|published|pubtime|pubdate|date|time|datetime|info|source|meta|subtitle|author|dateline|laiyuan|header-time)|[a-z](?:date|time|info|source)(?:$|[^a-z])`)

// printedDate reads a date that is printed in a small box near the title.
func (p *page) printedDate(title string) claim {
	var best claim
	title = squash(title)
	distance, titled := 0, false
	walk(p.doc, func(n *html.Node) bool {
		switch {
		case !best.time.IsZero() && !best.day:
			return false
		case n.DataAtom == atom.H1 || !titled && title != "" && n.Type == html.TextNode && squash(n.Data) == title && !within(n, atom.Head):
			titled, distance = true, 0
		case n.DataAtom == atom.Script || n.DataAtom == atom.Style || n.DataAtom == atom.Aside || n.DataAtom == atom.Footer || n.DataAtom == atom.A || n.DataAtom == atom.Head:
			return false
		case n.Type == html.TextNode:
			distance += len(strings.TrimSpace(n.Data))
			if titled && distance < 600 && strings.ContainsAny(n.Data, "0123456789") {
				best = p.sooner(best, n.Data)
			}
		case n.Type == html.ElementNode && blockOrSpan(n.DataAtom):
			near := titled && distance < 600
			if !near && !dateBox.MatchString(attr(n, "class")+" "+attr(n, "id")) {
				return true
			}
			if s := shortText(n, 160); strings.ContainsAny(s, "0123456789") {
				best = p.sooner(best, s)
			}
		}
		return true
	})
	return best
}

// sooner gives the date in a short text if it is better than the best so far:
// the first, or the first with a time of day.
func (p *page) sooner(best claim, s string) claim {
	if utf8.RuneCountInString(s) > 160 {
		return best
	}
	c := p.parse(s, "text")
	if p.plausible(c) && (best.time.IsZero() || !c.day) {
		return c
	}
	return best
}

func blockOrSpan(a atom.Atom) bool {
	return a == atom.Span || a == atom.Div || a == atom.P || a == atom.Td || a == atom.Li || a == atom.Em || a == atom.I || a == atom.H2 || a == atom.H3 || a == atom.H4 || a == atom.H5 || a == atom.Time || a == atom.Small || a == atom.Font || a == atom.Dd
}

// htmlDate asks the library, which searches the whole page. It gives a day.
func (p *page) htmlDate() (c claim) {
	defer func() {
		if recover() != nil {
			c = claim{}
		}
	}()
	if p.flat || p.blocks > 3*3000 {
		return claim{}
	}
	most := p.now
	if most.IsZero() {
		most = time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	r, err := htmldate.FromDocument(p.doc, htmldate.Options{
		UseOriginalDate:  true,
		URL:              p.url.String(),
		MinDate:          time.Date(1995, 1, 1, 0, 0, 0, 0, time.UTC),
		MaxDate:          most,
		DateParserConfig: &dateparser.Configuration{CurrentTime: most, StrictParsing: true},
	})
	if err != nil || r.IsZero() {
		return claim{}
	}
	t := r.DateTime
	return claim{time: time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC), from: "htmldate", day: true}
}

var urlDates = []*regexp.Regexp{
	regexp.MustCompile(`/(19\d\d|20\d\d)[/_.-]?(0[1-9]|1[0-2])[/_.-]?(0[1-9]|[12]\d|3[01])(?:[^0-9]|$)`), // /2024/04/24/, /20240424/
	regexp.MustCompile(`[/_-]t?(20\d\d)(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])_`),                           // /t20240424_123.html
	regexp.MustCompile(`/(20\d\d)(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])\d{6,10}(?:[^0-9]|$)`),              // /201911181077343476-slug
	regexp.MustCompile(`/(20\d\d)[/-](0?[1-9]|1[0-2])[/-](0?[1-9]|[12]\d|3[01])/`),                       // /2024/4/24/
	regexp.MustCompile(`/(20\d\d)-?(0[1-9]|1[0-2])/(0[1-9]|[12]\d|3[01])/`),                              // /2024-04/24/, /202404/24/
}

// urlDate reads the day that the path of an address names.
func urlDate(path string) claim {
	for _, re := range urlDates {
		if m := re.FindStringSubmatch(path); m != nil {
			if t, ok := day(m[1], m[2], m[3]); ok {
				return claim{time: t, from: "url", day: true}
			}
		}
	}
	return claim{}
}

func day(year, month, date string) (time.Time, bool) {
	y, _ := strconv.Atoi(year)
	m, _ := strconv.Atoi(month)
	d, _ := strconv.Atoi(date)
	t := time.Date(y, time.Month(m), d, 0, 0, 0, 0, time.UTC)
	return t, m >= 1 && m <= 12 && d >= 1 && t.Day() == d
}

const clock = `(?:[T\s,в|]|at|um|às|à|,)*(?:(\d{1,2})[:时](\d{2})(?:[:分](\d{2}))?(?:[.,]\d+)?分?\s*([ap]\.?m\.?)?\s*(Z|UTC|GMT|MSK|МСК|мск|CST|EST|EDT|BJT)?\s*([+-]\d{2}:?\d{2}|[+-]\d{1,2}\b)?)?`

var (
	ymd     = regexp.MustCompile(`(?i)\b((?:19|20)\d\d)\s?[-/.年]\s?(\d{1,2})\s?[-/.月]\s?(\d{1,2})日?` + clock)
	compact = regexp.MustCompile(`^((?:19|20)\d\d)(\d{2})(\d{2})(?:[T ]?(\d{2}):?(\d{2}):?(\d{2})?\s*(Z)?([+-]\d{2}:?\d{2})?)?$`)
	dmy     = regexp.MustCompile(`(?i)\b(\d{1,2})\.(\d{1,2})\.((?:19|20)\d\d)\b` + clock)
	timeDMY = regexp.MustCompile(`(?i)\b(\d{1,2}):(\d{2})(?:\s*(?:МСК|мск))?[\s,|]+(\d{1,2})[./](\d{1,2})[./]((?:19|20)\d\d)\b`)
	timeDBY = regexp.MustCompile(`(?i)\b(\d{1,2}):(\d{2})[\s,|]+(\d{1,2})[\s-]+(\p{L}{3,})[\s.,-]+((?:19|20)\d\d)\b`)
	worded  = regexp.MustCompile(`(?i)\b(\d{1,2})(?:st|nd|rd|th)?\.?[\s-]+(?:de\s+)?(\p{L}{3,})\.?,?[\s-]+(?:de\s+)?((?:19|20)\d\d)\b(?:\s*г(?:\.|ода)?)?` + clock)
	english = regexp.MustCompile(`(?i)\b(\p{L}{3,9})\.?\s+(\d{1,2})(?:st|nd|rd|th)?,?\s+((?:19|20)\d\d)\b` + clock)
)

// parse reads a date out of a short text in the forms that pages use. A date
// like 01/06/2026, which is June in most of the world and January in the rest,
// is left to htmldate.
func (p *page) parse(s, from string) claim {
	s = latinDigits(tidy(s))
	if s == "" || len(s) > 1000 {
		return claim{}
	}
	if t, ok := unixTime(s); ok {
		return claim{time: t, from: from}
	}
	// A zone in words (RFC 1123, JavaScript's Date) is not in our patterns.
	for _, layout := range []string{time.RFC3339, time.RFC1123Z, time.RFC1123, "Mon Jan 02 2006 15:04:05 GMT-0700", "Mon Jan _2 15:04:05 MST 2006"} {
		if t, err := time.Parse(layout, strings.TrimSpace(before(s, "("))); err == nil && layout != "Mon Jan _2 15:04:05 MST 2006" {
			return claim{time: t.UTC().Truncate(time.Second), from: from}
		}
	}
	if m := ymd.FindStringSubmatch(s); m != nil {
		return p.claim(from, m[1], m[2], m[3], m[4:])
	}
	if m := compact.FindStringSubmatch(s); m != nil {
		return p.claim(from, m[1], m[2], m[3], []string{m[4], m[5], m[6], "", m[7], m[8]})
	}
	if m := timeDMY.FindStringSubmatch(s); m != nil {
		return p.claim(from, m[5], m[4], m[3], []string{m[1], m[2], "", "", "", ""})
	}
	if m := dmy.FindStringSubmatch(s); m != nil {
		return p.claim(from, m[3], m[2], m[1], m[4:])
	}
	if m := timeDBY.FindStringSubmatch(s); m != nil {
		if month := monthOf(m[4]); month != "" {
			return p.claim(from, m[5], month, m[3], []string{m[1], m[2], "", "", "", ""})
		}
	}
	if m := worded.FindStringSubmatch(s); m != nil {
		if month := monthOf(m[2]); month != "" {
			return p.claim(from, m[3], month, m[1], m[4:])
		}
	}
	if m := english.FindStringSubmatch(s); m != nil {
		if month := monthOf(m[1]); month != "" {
			return p.claim(from, m[3], month, m[2], m[4:])
		}
	}
	return claim{}
}

func before(s, mark string) string {
	head, _, _ := strings.Cut(s, mark)
	return head
}

// claim makes a time of a day and of the parts of a clock: hour, minute,
// second, am or pm, name of the zone, offset.
func (p *page) claim(from, year, month, date string, clock []string) claim {
	d, ok := day(year, month, date)
	if !ok {
		return claim{}
	}
	if clock[0] == "" {
		return claim{time: d, from: from, day: true}
	}
	hour, _ := strconv.Atoi(clock[0])
	minute, _ := strconv.Atoi(clock[1])
	second, _ := strconv.Atoi(clock[2])
	switch half := strings.ToLower(strings.ReplaceAll(clock[3], ".", "")); {
	case half == "pm" && hour < 12:
		hour += 12
	case half == "am" && hour == 12:
		hour = 0
	}
	if hour > 24 || minute > 59 || second > 60 {
		return claim{time: d, from: from, day: true}
	}
	t := time.Date(d.Year(), d.Month(), d.Day(), hour, minute, second, 0, p.zoneIn(clock[4], clock[5]))
	return claim{time: t.UTC(), from: from}
}

// zoneIn gives the zone that a text names, or that of the outlet.
func (p *page) zoneIn(name, offset string) *time.Location {
	if offset != "" {
		digits := strings.ReplaceAll(offset[1:], ":", "")
		n, _ := strconv.Atoi(digits)
		seconds := n * 3600
		if len(digits) == 4 {
			seconds = n/100*3600 + n%100*60
		}
		if offset[0] == '-' {
			seconds = -seconds
		}
		if seconds > -15*3600 && seconds < 15*3600 {
			return time.FixedZone("", seconds)
		}
	}
	switch strings.ToUpper(name) {
	case "Z", "UTC", "GMT":
		return time.UTC
	case "MSK", "МСК":
		return time.FixedZone("MSK", 3*3600)
	case "BJT":
		return time.FixedZone("BJT", 8*3600)
	case "EST":
		return time.FixedZone("EST", -5*3600)
	case "EDT":
		return time.FixedZone("EDT", -4*3600)
	}
	return p.zone
}

// unixTime reads seconds or milliseconds since 1970.
func unixTime(s string) (time.Time, bool) {
	n, err := strconv.ParseInt(s, 10, 64)
	switch {
	case err != nil:
		return time.Time{}, false
	case len(s) == 10:
		return time.Unix(n, 0).UTC(), true
	case len(s) == 13:
		return time.Unix(n/1000, 0).UTC(), true
	}
	return time.Time{}, false
}

// latinDigits writes Arabic and Persian digits as Latin ones.
func latinDigits(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case '٠' <= r && r <= '٩':
			return r - '٠' + '0'
		case '۰' <= r && r <= '۹':
			return r - '۰' + '0'
		}
		return r
	}, s)
}

// months are the first letters of the names of months, one list per month:
// English, Russian, Ukrainian, Spanish, French, German, Italian, Portuguese.
var months = [12][]string{
	{"jan", "янв", "січ", "ene", "gen"},
	{"feb", "фев", "лют", "fev", "fév"},
	{"mar", "мар", "бер", "mär"},
	{"apr", "апр", "кві", "abr", "avr"},
	{"may", "мая", "май", "тра", "mai", "mag"},
	{"jun", "июн", "чер", "juin", "giu"},
	{"jul", "июл", "лип", "juil", "lug"},
	{"aug", "авг", "сер", "ago", "aoû", "aou"},
	{"sep", "сен", "вер", "set"},
	{"oct", "окт", "жов", "okt", "ott", "out"},
	{"nov", "ноя", "лис"},
	{"dec", "дек", "гру", "dic", "déc", "dez"},
}

// monthOf gives the number of a month's name, "" if it is none.
func monthOf(name string) string {
	name = strings.ToLower(name)
	for i, list := range months {
		for _, prefix := range list {
			if strings.HasPrefix(name, prefix) && utf8.RuneCountInString(name) <= 10 {
				return strconv.Itoa(i + 1)
			}
		}
	}
	return ""
}
