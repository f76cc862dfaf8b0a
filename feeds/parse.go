package feeds

import (
	"bytes"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"chorus/corpus"
	"chorus/internal/body"
)

const (
	maxItems         = 2000     // items of one reading, unless the feed says otherwise
	mostItems        = 50_000   // whatever the feed says; the sitemap protocol's own limit
	maxUnpackedBytes = 50 << 20 // of a feed that is a gzip file; the sitemap protocol's own limit
	maxFuture        = 24 * time.Hour
	minYear          = 1990
)

// errEmpty becomes a fault of class empty, every other error one of class format.
var errEmpty = errors.New("an empty answer")

// A Reading is what one answer of a feed says.
type Reading struct {
	// Items are the entries, in the feed's order; where a sitemap has more than
	// the limit, the newest come first. URL is an absolute http(s) address.
	// Title, Summary, Author and Categories are plain text: entities decoded,
	// tags dropped, space squeezed; Summary is the beginning of the content where
	// the feed has no summary. Lang is what the entry or the feed claims, or else
	// the registered language of the feed. Times are UTC to the second; a time without
	// a zone is taken as UTC. A time before 1990 or more than a day after the
	// reading is not believed and left out. Feed is set; Outlet, Seen and
	// Absent are the caller's to set. No two items share a corpus.Canonical.
	Items []corpus.Item

	// Posts are the posts that an account shows, newest first, each whole: they
	// need not be fetched. Their Item is as in Items, with ForwardOf; the text,
	// the links and what is special to posts are in Article, whose Kind is post,
	// and whose Lang is left empty if the network does not claim one. A reading
	// with Posts has no Items.
	Posts []Post

	// Missing are permalinks between the oldest and the newest of Posts that
	// the account does not show: those among them that it did show once are
	// deleted. Networks whose permalinks cannot be counted through have none.
	Missing []string

	// Sitemaps are the addresses that a sitemap index lists, newest first,
	// those without a date last; at most 50. They are read as feeds of their
	// own. A reading with Sitemaps has no Items.
	Sitemaps []string

	// Next is the address of the next, older page of a list page or an account,
	// or empty.
	Next string

	// Format is what the answer was read as: "rss 2.0", "rdf", "atom 1.0",
	// "json 1.1", "sitemap", "news sitemap", "sitemap index", "text sitemap",
	// "list", ...
	Format string

	// TTL is how long the feed asks not to be polled again (ttl of RSS 2.0,
	// updatePeriod of the syndication module), or 0.
	TTL time.Duration

	// Cut reports that the feed holds more than was read: it ended early, or
	// it passed a limit.
	Cut bool

	// Warnings say what was wrong with a feed that could be read all the same,
	// one line each, for people: "3 items without a usable link".
	Warnings []string
}

// A Post is one post of an account.
type Post struct {
	Item    corpus.Item
	Article corpus.Article
}

func (r *Reading) warnf(format string, args ...any) {
	r.Warnings = append(r.Warnings, fmt.Sprintf(format, args...))
}

// Read reads the answer of a server to a poll of feed. What the answer is
// decides how it is read, not only feed.Kind: a sitemap behind a feed that is
// registered as RSS is read as a sitemap, with a warning. now is the time of
// the poll; it bounds and completes dates.
//
// A fault means that nothing could be read, and Reading is empty. The capture's
// own fault is handed on unless it left a body (corpus.Fault.Kept) in which
// something can be read. A feed that is readable but has no items is no fault, except
// for a list page: there, no match means that the page has changed. An answer
// 304 has nothing to read; do not call Read for it.
//
// Include, Exclude and MaxItems of the feed are applied. Read may be called
// from several goroutines.
func Read(feed corpus.Feed, capture *corpus.Capture, now time.Time) (Reading, *corpus.Fault) {
	if f := capture.Fault; f != nil && !f.Kept() {
		return Reading{}, explained(feed, capture, now)
	}
	if s := capture.Status(); s != 0 && (s < 200 || s > 299) {
		return Reading{}, &corpus.Fault{Class: corpus.FaultStatus, Reason: fmt.Sprintf("status %d is no answer", s), Status: s, At: now}
	}
	r, err := newReader(feed, capture, now)
	if err == nil {
		err = r.read(capture)
	}
	if err != nil {
		if capture.Fault != nil {
			return Reading{}, capture.Fault // the rest might have been readable
		}
		class := corpus.FaultFormat
		if err == errEmpty {
			class = corpus.FaultEmpty
		} else if refused, ok := errors.AsType[*refusal](err); ok {
			class = refused.class
		}
		return Reading{}, &corpus.Fault{Class: class, Reason: err.Error(), Status: capture.Status(), At: now}
	}
	return r.reading, nil
}

// explained gives the fault of a capture, in the words of the network if it says
// in the body of an error why it gives no posts: Bluesky answers 400 to a name
// that nobody has.
func explained(feed corpus.Feed, capture *corpus.Capture, now time.Time) *corpus.Fault {
	f := capture.Fault
	if !feed.Kind.API() || f.Status < 400 || len(capture.Body) == 0 {
		return f
	}
	body := *capture
	body.Fault = nil
	r, err := newReader(feed, &body, now)
	if err == nil {
		err = r.read(&body)
	}
	refused, ok := errors.AsType[*refusal](err)
	if !ok {
		return f
	}
	told := *f
	told.Class, told.Reason = refused.class, refused.reason
	return &told
}

// A reader reads one answer. The adapters are its methods; they hand every
// entry to add, which holds the rules that all formats share.
type reader struct {
	feed             corpus.Feed
	include, exclude *regexp.Regexp // nil if not set
	base             *url.URL       // of relative links
	now              time.Time
	max              int // items wanted
	reading          Reading
	seen             map[string]int // canonical URL to place in reading.Items
	noLink           int            // entries dropped for want of a link
	filtered         int            // entries dropped by include and exclude
	badDates         int            // dates not understood or not believed
}

func newReader(feed corpus.Feed, capture *corpus.Capture, now time.Time) (*reader, error) {
	r := &reader{feed: feed, now: now.UTC(), max: maxItems, seen: map[string]int{}}
	if feed.MaxItems > 0 {
		r.max = min(feed.MaxItems, mostItems)
	}
	var err error
	if r.base, err = url.Parse(capture.FinalURL()); err != nil {
		return nil, fmt.Errorf("address of the answer: %w", err)
	}
	if feed.Include != "" {
		if r.include, err = regexp.Compile(feed.Include); err != nil {
			return nil, fmt.Errorf("include: %w", err)
		}
	}
	if feed.Exclude != "" {
		if r.exclude, err = regexp.Compile(feed.Exclude); err != nil {
			return nil, fmt.Errorf("exclude: %w", err)
		}
	}
	return r, nil
}

// read finds out what the answer is and has the right adapter read it.
func (r *reader) read(capture *corpus.Capture) error {
	var contentType string
	if a := capture.Answer(); a != nil {
		contentType = a.Response.Get("Content-Type")
	}
	plain := r.unpack(capture.Body)
	kind := body.XML
	if r.feed.Kind == corpus.FeedList && !looksXML(plain) || r.feed.Kind == corpus.FeedTelegram {
		kind = body.HTML
	}
	text, _ := body.UTF8(plain, contentType, kind)
	if len(bytes.TrimSpace(text)) == 0 {
		return errEmpty
	}
	read := r.dispatch
	if r.feed.Kind.Social() {
		read = r.social
	}
	if err := read(text); err != nil {
		return err
	}
	if capture.Fault != nil {
		r.reading.Cut = true
		r.reading.warnf("only a part came: %s", capture.Fault.Reason)
	}
	r.finish()
	return nil
}

// unpack undoes gzip of the feed itself, as in sitemap.xml.gz: the content
// encoding of HTTP is gone already. What cannot be unpacked is left as it is.
func (r *reader) unpack(plain []byte) []byte {
	if !bytes.HasPrefix(plain, []byte{0x1f, 0x8b}) {
		return plain
	}
	text, cut, err := body.Decompress("gzip", plain, maxUnpackedBytes)
	if err != nil && len(text) == 0 {
		return plain
	}
	if cut || err != nil {
		r.reading.Cut = true
		r.reading.warnf("the gzip file is cut or unpacks to more than %d MB", maxUnpackedBytes>>20)
	}
	return text
}

func (r *reader) dispatch(text []byte) error {
	text = dropJunk(text)
	root := rootOf(text)
	found, as := r.feed.Kind, ""
	switch root {
	case "rss", "rdf", "feed":
		found, as = corpus.FeedRSS, "an RSS or Atom feed"
	case "urlset", "sitemapindex":
		found, as = corpus.FeedSitemap, "a sitemap"
	case "{":
		found, as = corpus.FeedRSS, "a JSON Feed"
	}
	if as != "" && found != r.feed.Kind {
		r.reading.warnf("registered as %s, but it is %s", r.feed.Kind, as)
	}
	switch {
	case found == corpus.FeedList:
		return r.list(text)
	case root == "html":
		return fmt.Errorf("an HTML page, not a feed")
	case root == "{":
		return r.json(text)
	case found == corpus.FeedSitemap && root == "":
		return r.textSitemap(text)
	case found == corpus.FeedSitemap && as != "":
		return r.sitemap(text, root)
	case found == corpus.FeedRSS && as != "":
		return r.xmlFeed(text)
	case root == "":
		return fmt.Errorf("neither XML nor a JSON object")
	}
	return fmt.Errorf("an XML document <%s>, not a feed", clip(root, 40))
}

// entry is what an adapter found; add makes an item of it.
type entry struct {
	links              []string // candidates, best first; the first http(s) one counts
	title, summary     string   // may be HTML
	author, lang       string
	categories         []string
	published, updated time.Time
	badDates           int // dates that were there but not understood
}

// add takes an entry in, unless it has no link or is filtered out, and reports
// whether it did.
func (r *reader) add(e entry) bool {
	link := ""
	for _, l := range e.links {
		if link = absolute(r.base, l); link != "" {
			break
		}
	}
	if link == "" {
		r.noLink++
		return false
	}
	if r.include != nil && !r.include.MatchString(link) || r.exclude != nil && r.exclude.MatchString(link) {
		r.filtered++
		return false
	}
	canonical, err := corpus.Canonical(link)
	if err != nil {
		r.noLink++
		return false
	}
	r.badDates += e.badDates
	item := corpus.Item{
		Feed:       r.feed.URL,
		URL:        link,
		Title:      plainText(e.title, maxTitleRunes),
		Summary:    plainText(e.summary, maxSummaryRunes),
		Author:     plainText(e.author, maxTitleRunes),
		Lang:       languageTag(e.lang, r.feed.Lang),
		Categories: categories(e.categories),
		Published:  r.believe(e.published),
		Updated:    r.believe(e.updated),
	}
	if i, ok := r.seen[canonical]; ok {
		merge(&r.reading.Items[i], item)
		return true
	}
	r.seen[canonical] = len(r.reading.Items)
	r.reading.Items = append(r.reading.Items, item)
	return true
}

// believe gives t in UTC to the second, or zero if it cannot be true.
func (r *reader) believe(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	t = t.UTC().Truncate(time.Second)
	if t.Year() < minYear || t.After(r.now.Add(maxFuture)) {
		r.badDates++
		return time.Time{}
	}
	return t
}

// merge fills what an item lacks from a second entry for the same page.
func merge(item *corpus.Item, more corpus.Item) {
	fill := func(s *string, more string) {
		if *s == "" {
			*s = more
		}
	}
	fill(&item.Title, more.Title)
	fill(&item.Summary, more.Summary)
	fill(&item.Author, more.Author)
	fill(&item.Lang, more.Lang)
	if len(item.Categories) == 0 {
		item.Categories = more.Categories
	}
	if item.Published.IsZero() {
		item.Published = more.Published
	}
	if more.Updated.After(item.Updated) {
		item.Updated = more.Updated
	}
}

// finish applies the limit and says what was dropped.
func (r *reader) finish() {
	if n := len(r.reading.Posts); n > r.max {
		r.reading.Posts = r.reading.Posts[:r.max]
		r.reading.Cut = true
		r.reading.warnf("%d of %d posts read: more than the limit", r.max, n)
	}
	if n := len(r.reading.Items); n > r.max {
		r.reading.Items = r.reading.Items[:r.max]
		r.reading.Cut = true
		r.reading.warnf("%d of %d items read: more than the limit", r.max, n)
	}
	if r.noLink > 0 {
		r.reading.warnf("%s without a usable link", count(r.noLink, "item"))
	}
	if r.badDates > 0 {
		r.reading.warnf("%s not understood or not believed", count(r.badDates, "date"))
	}
	if len(r.reading.Items)+len(r.reading.Posts)+len(r.reading.Sitemaps) > 0 {
		return
	}
	if r.filtered > 0 {
		r.reading.warnf("include and exclude leave none of %s", count(r.filtered, "item"))
		return
	}
	if r.reading.Next == "" { // else it only names the page with the posts
		r.reading.warnf("no items")
	}
}

// count gives "1 item", "2 items", "3 addresses".
func count(n int, noun string) string {
	switch {
	case n == 1:
		return "1 " + noun
	case strings.HasSuffix(noun, "s"):
		return fmt.Sprintf("%d %ses", n, noun)
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// languageTag gives the first language that looks like one, in the usual case:
// "ru", "zh-CN".
func languageTag(claims ...string) string {
	for _, c := range claims {
		c = strings.ReplaceAll(strings.TrimSpace(c), "_", "-")
		if !languagePattern.MatchString(c) {
			continue
		}
		parts := strings.Split(strings.ToLower(c), "-")
		for i, p := range parts {
			if i > 0 && len(p) == 2 {
				parts[i] = strings.ToUpper(p)
			}
			if i > 0 && len(p) == 4 {
				parts[i] = strings.ToUpper(p[:1]) + p[1:]
			}
		}
		return strings.Join(parts, "-")
	}
	return ""
}

var languagePattern = regexp.MustCompile(`^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$`)

// categories gives the names as plain text, each once, at most 20.
func categories(names []string) []string {
	var out []string
	for _, n := range names {
		n = plainText(n, 100)
		if n != "" && !slices.Contains(out, n) && len(out) < 20 {
			out = append(out, n)
		}
	}
	return out
}

// clip cuts s to at most n bytes, on a character.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}
