// Package corpus is the domain of Chorus: what is collected, kept, tagged and
// searched. It imports the standard library only, and every other package of
// the project may import it.
//
// One word per thing, in code, configuration, pages and messages:
//
//	outlet     a publisher that is watched (a wire, a broadcaster, a ministry)
//	bloc       the side an outlet is counted on: RU, CN or control
//	family     outlets of one owner or newsroom, which count as one voice
//	feed       an address of an outlet that lists items (RSS, sitemap, list page)
//	item       what a feed says about one page
//	page       a URL
//	capture    what the server sent when a page was asked for
//	fault      why something could not be had; data, not an error
//	evidence   where the bytes of a capture are kept
//	article    what a page says
//	post       a social message
//	document   all of it: item, evidence, article, tags
//	version    one state of a document's text; a changed page has several
//	narrative  a claim about the world that can be asserted, reported, rebutted
//	tag        one claim by one classifier that a document carries a narrative
//	span       the words that earned a tag, as byte offsets into the text
//	cluster    documents that say the same
//	lag        time behind the first
//
// Times are UTC and kept to the second. A zero time means "not known".
package corpus

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// A DocID names a document: the lower-case hexadecimal SHA-256 of the
// canonical form of its URL (see Canonical). All versions of a page share it.
type DocID string

// A Seq is the place of a document version in the order of arrival. The store
// gives it out, starting at 1; a changed page gets a new one.
type Seq int64

// A Kind says what sort of text a document is.
type Kind string

// The kinds of document.
const (
	KindArticle    Kind = "article"
	KindPost       Kind = "post"
	KindTranscript Kind = "transcript"
)

// An Item is what a feed says about one page, and when we saw it say so.
type Item struct {
	Outlet     string    `json:"outlet"`               // id of the outlet
	Feed       string    `json:"feed,omitempty"`       // URL of the feed; empty for an import
	URL        string    `json:"url"`                  // absolute http(s) URL, as the feed gives it
	Title      string    `json:"title,omitempty"`      // plain text
	Summary    string    `json:"summary,omitempty"`    // plain text
	Author     string    `json:"author,omitempty"`     // plain text
	Lang       string    `json:"lang,omitempty"`       // as claimed by the feed, BCP 47
	Categories []string  `json:"categories,omitempty"` // as claimed by the feed
	Published  time.Time `json:"published,omitzero"`   // as claimed by the feed
	Updated    time.Time `json:"updated,omitzero"`     // as claimed by the feed
	Seen       time.Time `json:"seen"`                 // first poll of the feed with the item
	Absent     time.Time `json:"absent,omitzero"`      // last poll without it; zero if it was there at the first poll
	ForwardOf  string    `json:"forward_of,omitempty"` // of a post: the address of what it forwards

	Extra map[string]json.RawMessage `json:"extra,omitempty"` // what else an imported line said
}

// Evidence says where the bytes that a document was made from are kept.
type Evidence struct {
	File     string    `json:"file"`             // WARC file, relative to the archive's folder
	Offset   int64     `json:"offset"`           // of the response record's gzip member, in bytes
	Length   int64     `json:"length"`           // of that gzip member, in bytes
	RecordID string    `json:"record_id"`        // WARC-Record-ID, without angle brackets
	Digest   string    `json:"digest"`           // of the payload as on the wire: "sha256:" and 64 hex digits
	Revisit  bool      `json:"revisit,omitzero"` // the record is a revisit: the payload is in an earlier record
	URL      string    `json:"url"`              // the address that answered, after redirects
	Status   int       `json:"status"`           // HTTP status of the answer
	Fetched  time.Time `json:"fetched"`          // when the answer began to arrive
}

// A Link is one outgoing link of an article.
type Link struct {
	URL  string `json:"url"`
	Text string `json:"text,omitempty"`
}

// An Article is what a page says.
type Article struct {
	Kind          Kind      `json:"kind"`
	Title         string    `json:"title"`
	Byline        string    `json:"byline,omitempty"`
	Lang          string    `json:"lang"`                     // ISO 639-1 of the text, not of the page; "und" if not known
	Text          string    `json:"text"`                     // valid UTF-8, paragraphs separated by a blank line
	Published     time.Time `json:"published,omitzero"`       // as claimed by the page or else by the feed
	PublishedFrom string    `json:"published_from,omitempty"` // where Published was read: "json-ld", "meta", "time", "htmldate", "url", "feed", ...
	Modified      time.Time `json:"modified,omitzero"`
	Canonical     string    `json:"canonical,omitempty"` // <link rel=canonical> or its like, absolute
	Section       string    `json:"section,omitempty"`
	Dateline      string    `json:"dateline,omitempty"` // "MOSCOW, November 24. /TASS/", as printed
	Credits       []string  `json:"credits,omitempty"`  // source lines as printed: <source>, "来源：新华网", ...
	Links         []Link    `json:"links,omitempty"`    // of the body, absolute, in order
	Images        []string  `json:"images,omitempty"`   // of the body, absolute, in order
	Extractor     string    `json:"extractor"`          // which extractor won: "trafilatura", "readability", "rule", "fallback", "none"
	Charset       string    `json:"charset,omitempty"`  // the charset the page was read in
	Truncated     bool      `json:"truncated,omitzero"` // the body was cut at a limit
	Post          *Post     `json:"post,omitempty"`     // of Kind post, if the network told it
}

// A Document is one version of one page or post with all that is known of it.
// Each stage fills one field: feeds Item, archive Evidence, extract Article,
// classify Tags; the store gives ID, Seq, Version and Deleted their values.
type Document struct {
	ID       DocID     `json:"id"`
	Seq      Seq       `json:"seq"`
	Version  string    `json:"version"` // content hash of the article, see VersionOf
	Item     Item      `json:"item"`
	Evidence Evidence  `json:"evidence"`
	Article  Article   `json:"article"`
	Tags     []Tag     `json:"tags"`
	Judge    string    `json:"judge,omitempty"`      // version of the classifier whose tags these are, none included
	Edit     int       `json:"edit,omitzero"`        // 0 for the first version of a page, 1 for its first change, ...
	Replaced Seq       `json:"replaced_by,omitzero"` // Seq of the version that came after, 0 if this is the current one
	Deleted  time.Time `json:"deleted,omitzero"`     // when the page was first found gone (404, 410)
	Fault    *Fault    `json:"fault,omitempty"`      // what was wrong with the page, e.g. no article could be read
}

// Published is the time the document claims to have been published, or, if
// neither page nor feed claims one, when it was first seen. A claim that lies
// after the page was fetched (plus an hour for skewed clocks) is not believed.
func (d *Document) Published() time.Time {
	for _, t := range []time.Time{d.Article.Published, d.Item.Published} {
		if !t.IsZero() && t.Year() >= 1990 && (d.Evidence.Fetched.IsZero() || t.Before(d.Evidence.Fetched.Add(time.Hour))) {
			return t
		}
	}
	return d.Seen()
}

// Seen is when this monitor first saw the document.
func (d *Document) Seen() time.Time {
	if !d.Item.Seen.IsZero() {
		return d.Item.Seen
	}
	return d.Evidence.Fetched
}

// URL is the address of the document as a reader would open it.
func (d *Document) URL() string {
	if d.Evidence.URL != "" && d.Article.Post == nil { // a post stands among others in the answer of its network
		return d.Evidence.URL
	}
	return d.Item.URL
}

// Title is the title of the article, or what the feed called it, or its URL;
// of a post without one, its first words.
func (d *Document) Title() string {
	switch {
	case d.Article.Title != "":
		return d.Article.Title
	case d.Item.Title != "":
		return d.Item.Title
	case d.Article.Post != nil && d.Article.Text != "":
		return firstWords(d.Article.Text)
	}
	return d.URL()
}

// mostFirst is how many characters of a post stand for its title.
const mostFirst = 120

// firstWords gives the first line of a text, cut at a space if it is long.
func firstWords(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	if utf8.RuneCountInString(line) <= mostFirst {
		return line
	}
	cut := string([]rune(line)[:mostFirst])
	if i := strings.LastIndexByte(cut, ' '); i > len(cut)/2 {
		cut = cut[:i]
	}
	return cut + "…"
}

// String is the sequence number in decimal.
func (s Seq) String() string { return strconv.FormatInt(int64(s), 10) }
