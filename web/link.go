package web

import (
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"chorus/corpus"
	"chorus/index"
)

// A link is an address of ours with its words.
type link struct {
	URL, Text string
	Current   bool
}

// searchURL is the address of a search. An empty sort leaves it to the page.
func searchURL(q index.Query, sort index.Sort) string {
	v := url.Values{"q": {q.String()}}
	if sort != "" {
		v.Set("sort", string(sort))
	}
	return "/search?" + v.Encode()
}

// docURL is the address of a document; of one version if seq is not 0, with
// the words of a query marked if q is not empty.
func docURL(id corpus.DocID, seq corpus.Seq, q string) string {
	v := url.Values{}
	if seq != 0 {
		v.Set("version", seq.String())
	}
	if q != "" {
		v.Set("q", q)
	}
	return withValues("/doc/"+url.PathEscape(string(id)), v)
}

func recordURL(id corpus.DocID, seq corpus.Seq) string {
	return "/doc/" + url.PathEscape(string(id)) + "/warc?version=" + seq.String()
}

func narrativeURL(id string) string { return "/narrative/" + url.PathEscape(id) }

func outletURL(id string) string { return "/outlet/" + url.PathEscape(id) }

func withValues(path string, v url.Values) string {
	if len(v) == 0 {
		return path
	}
	return path + "?" + v.Encode()
}

// everything is the query that matches all documents.
func everything() index.Query { return index.All{} }

// between narrows a query to documents published from one day on and before
// another, in place of the dates it has. A zero time leaves that end open.
func between(q index.Query, from, before time.Time) index.Query {
	q = index.Without(index.Without(q, index.FieldAfter, ""), index.FieldBefore, "")
	if !from.IsZero() {
		q = index.With(q, index.FieldAfter, from.UTC().Format(dayFormat))
	}
	if !before.IsZero() {
		q = index.With(q, index.FieldBefore, before.UTC().Format(dayFormat))
	}
	return q
}

// excluding takes away from a query what a filter finds.
func excluding(q index.Query, f index.Field) index.Query {
	return index.Simplify(index.And{q, index.Not{Query: f}})
}

// excluded lists the filters that the conjunction of a query excludes.
func excluded(q index.Query) []index.Field {
	var out []index.Field
	for _, p := range conjuncts(q) {
		if f, ok := exclusion(p); ok {
			out = append(out, f)
		}
	}
	return out
}

// including takes the exclusion of a filter out of a query.
func including(q index.Query, f index.Field) index.Query {
	return index.Simplify(slices.DeleteFunc(conjuncts(q), func(p index.Query) bool {
		x, ok := exclusion(p)
		return ok && x == f
	}))
}

// withoutFilters leaves the words of a query.
func withoutFilters(q index.Query) index.Query {
	for _, f := range excluded(q) {
		q = including(q, f)
	}
	for _, f := range index.Filters(q) {
		q = index.Without(q, f.Name, f.Value)
	}
	return q
}

func exclusion(p index.Query) (index.Field, bool) {
	n, ok := p.(index.Not)
	if !ok {
		return index.Field{}, false
	}
	f, ok := n.Query.(index.Field)
	return f, ok
}

func conjuncts(q index.Query) index.And {
	q = index.Simplify(q)
	if and, ok := q.(index.And); ok {
		return slices.Clone(and)
	}
	return index.And{q}
}

// outside gives a collected address if it may become a link: it must be an
// http or https URL with a host. Anything else is shown as text only.
func outside(raw string) (href string, ok bool) {
	u, err := url.Parse(strings.TrimSpace(raw))
	if err != nil || u.Host == "" || !slices.Contains([]string{"http", "https"}, strings.ToLower(u.Scheme)) {
		return "", false
	}
	u.User = nil // "https://tass.com@evil.example" must not look like tass.com
	return u.String(), true
}

// An outsideLink is a collected address as a page shows it.
type outsideLink struct {
	Href string // empty: not to be followed
	Text string
	URL  string // shortened, for reading
}

func outsideLinkOf(raw, text string) outsideLink {
	l := outsideLink{Text: shorten(plain(text), 160)}
	if href, ok := outside(raw); ok {
		l.Href = href
		raw = href
	}
	l.URL = shorten(plain(readable(raw)), 120)
	if l.Text == "" {
		l.Text = l.URL
	}
	return l
}

// readable writes the letters of other scripts in the path and the query of an
// address as themselves. Whatever else is escaped stays so, and the host is
// left alone: it must not look like another.
func readable(raw string) string {
	i := strings.Index(raw, "://")
	if i < 0 {
		return raw
	}
	path := strings.IndexAny(raw[i+3:], "/?#")
	if path < 0 {
		return raw
	}
	host := raw[:i+3+path]
	return host + escapedLetters.ReplaceAllStringFunc(raw[len(host):], func(run string) string {
		letters, err := url.PathUnescape(run)
		other := func(r rune) bool { return !unicode.In(r, unicode.L, unicode.M, unicode.N) }
		if err != nil || !utf8.ValidString(letters) || strings.ContainsFunc(letters, other) {
			return run
		}
		return letters
	})
}

// escapedLetters is a run of escaped bytes that are not ASCII.
var escapedLetters = regexp.MustCompile(`(?:%[89A-Fa-f][0-9A-Fa-f])+`)

// number reads a whole positive number from a parameter; empty gives the
// number for absent ones.
func number(param, raw string, absent int64) (int64, error) {
	if raw == "" {
		return absent, nil
	}
	n, err := strconv.ParseInt(raw, 10, 64)
	if err != nil || n < 1 {
		return 0, &badRequest{param, "is not a number from 1 on"}
	}
	return n, nil
}
