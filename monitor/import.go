package monitor

// Documents from files: JSON Lines and WARC. They go through the same stages
// as what the network brings, evidence included.

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"chorus/archive"
	"chorus/corpus"
	"chorus/extract/lang"
)

// importType is the media type of an imported line in the archive, where it is
// a resource record: no server sent it.
const importType = "application/vnd.chorus.document+json"

// An imported is one line of JSON Lines, as chorus import documents it.
type imported struct {
	URL       string    `json:"url"`
	Outlet    string    `json:"outlet"`
	Kind      string    `json:"kind"`
	Title     string    `json:"title"`
	Text      string    `json:"text"`
	Published time.Time `json:"published"`
	Seen      time.Time `json:"seen"`
	Lang      string    `json:"lang"`
	Author    string    `json:"author"`
	Links     []anyLink `json:"links"`
	ForwardOf string    `json:"forward_of"`
	Credits   []string  `json:"credits"`
}

// knownKeys are those of imported; all others are kept as extra.
var knownKeys = []string{"url", "outlet", "kind", "title", "text", "published", "seen", "lang", "author", "links", "forward_of", "credits"}

// anyLink is a link, as an address or with its words.
type anyLink corpus.Link

// UnmarshalJSON takes "http://..." and {"url": ..., "text": ...}.
func (l *anyLink) UnmarshalJSON(raw []byte) error {
	if json.Unmarshal(raw, &l.URL) == nil {
		return nil
	}
	return json.Unmarshal(raw, (*corpus.Link)(l))
}

// A LineError is a line of an import that cannot be taken.
type LineError struct {
	File string
	Line int // from 1; 0 if it is not a matter of lines
	Err  error
}

// Error is "posts.jsonl line 7: ...".
func (e *LineError) Error() string {
	if e.Line == 0 {
		return e.File + ": " + e.Err.Error()
	}
	return fmt.Sprintf("%s line %d: %v", e.File, e.Line, e.Err)
}

// Unwrap gives the reason.
func (e *LineError) Unwrap() error { return e.Err }

// An ImportSummary says what an import brought.
type ImportSummary struct {
	Read      int      `json:"read"`      // lines or captures
	Documents int      `json:"documents"` // new ones and new versions
	Tagged    int      `json:"tagged"`
	Bad       int      `json:"bad"`             // that could not be taken
	Removed   int      `json:"removed"`         // of documents that were removed before: not taken again
	Unknown   []string `json:"unknown_outlets"` // outlets that are not in the registry
}

// An importer takes things from one file.
type importer struct {
	*Monitor
	name    string
	bad     func(error)
	sum     ImportSummary
	unknown map[string]bool
}

// ImportLines takes documents from JSON Lines. Lines that cannot be taken are
// told to bad, as *LineError, and left out. The index is brought up to date.
func (m *Monitor) ImportLines(ctx context.Context, name string, r io.Reader, bad func(error)) (ImportSummary, error) {
	i := m.newImporter(name, bad)
	now := m.now().UTC().Truncate(time.Second)
	work := i.work(ctx)
	b := bufio.NewReaderSize(r, 1<<20)
	var err error
	for n := 1; err == nil && ctx.Err() == nil; n++ {
		var line []byte
		line, err = readLine(b)
		if n == 1 {
			line = bytes.TrimPrefix(line, []byte("\ufeff")) // a byte order mark, as some editors write it
		}
		if errors.Is(err, errLongLine) {
			i.refuse(n, err)
			err = nil
		}
		if len(line) == 0 {
			continue
		}
		c, item, refused := i.line(line, now)
		if refused != nil {
			i.refuse(n, refused)
		} else if err := work.add(taken{c, item}); err != nil {
			return i.end(ctx, err)
		}
	}
	if err == io.EOF {
		err = nil
	}
	if err != nil {
		err = &LineError{File: name, Err: err}
	}
	return i.end(ctx, errors.Join(err, work.flush()))
}

// maxLine is the longest line taken.
const maxLine = 32 << 20

var errLongLine = errors.New("the line is longer than 32 MiB")

// readLine reads a line without the space around it; at the end of the file
// it returns io.EOF, beside what is left or alone. A line that is too long is
// skipped, with errLongLine.
func readLine(b *bufio.Reader) ([]byte, error) {
	var line []byte
	long := false
	for {
		part, err := b.ReadSlice('\n')
		if long = long || len(line)+len(part) > maxLine; !long {
			line = append(line, part...)
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
		case long && (err == nil || err == io.EOF):
			return nil, errLongLine // if that was the end, the next call says so
		default:
			return bytes.TrimSpace(line), err
		}
	}
}

// ImportWARC takes the pages of a WARC file of this or another writer. If the
// file ends too soon, what stands before is taken and the error says where.
func (m *Monitor) ImportWARC(ctx context.Context, name string, r io.Reader, bad func(error)) (ImportSummary, error) {
	i := m.newImporter(name, bad)
	work := i.work(ctx)
	err := archive.Captures(r, func(e archive.Entry) error {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		for _, d := range e.Damage {
			i.refuse(0, errors.New(d.String()))
		}
		c := e.Capture
		if c == nil || c.Answer() == nil || c.Status() != http.StatusOK || !isText(c.Answer()) {
			return nil
		}
		var n note
		if json.Unmarshal(e.Meta, &n) == nil && (n.Feed != nil || n.Removed) {
			return nil
		}
		item := corpus.Item{URL: c.URL, Seen: c.Fetched}
		if n.Item != nil {
			item = *n.Item
		}
		item.Outlet = i.outlet(item.Outlet, item.URL)
		return work.add(taken{c, item})
	})
	sum, ferr := i.end(ctx, work.flush())
	if err != nil && ctx.Err() == nil {
		err = &LineError{File: name, Err: err}
	}
	return sum, errors.Join(err, ferr)
}

// isText reports whether an answer is one that can be read as a document.
func isText(a *corpus.Exchange) bool {
	t, _, _ := strings.Cut(strings.ToLower(a.Response.Get("Content-Type")), ";")
	switch strings.TrimSpace(t) {
	case "", "text/html", "application/xhtml+xml", "text/plain":
		return true
	}
	return isLine(a) || isImportedPost(a)
}

// isLine reports whether an answer is an imported line. No server can send
// one, whatever media type it claims.
func isLine(a *corpus.Exchange) bool {
	return a.Role == corpus.RoleResource && a.Response.Get("Content-Type") == importType
}

func hostOf(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return ""
	}
	return strings.ToLower(u.Hostname())
}

func (m *Monitor) newImporter(name string, bad func(error)) *importer {
	return &importer{Monitor: m, name: name, bad: bad, sum: ImportSummary{Unknown: []string{}}, unknown: map[string]bool{}}
}

// taken is a capture on its way in.
type taken struct {
	capture *corpus.Capture
	item    corpus.Item
}

func (i *importer) work(ctx context.Context) *ordered[taken, parcel] {
	return &ordered[taken, parcel]{
		slots: i.reading,
		size:  func(t taken) int { return len(t.capture.Body) },
		work: func(t taken) parcel {
			n := note{Item: &t.item, Imported: true}
			v := i.visit(n, t.capture, i.document(t.item, t.capture), 1, 0)
			return parcel{captures: []*corpus.Capture{t.capture}, note: n, visit: &v}
		},
		done: func(parcels []parcel) error {
			i.sum.Read += len(parcels)
			for batch := range slices.Chunk(parcels, maxParcels) {
				if err := i.commit(ctx, batch); err != nil {
					return err
				}
				for _, p := range batch {
					if p.refused {
						i.sum.Removed++
					}
					if p.visit.Added {
						i.sum.Documents++
						if len(p.visit.Document.Tags) > 0 {
							i.sum.Tagged++
						}
					}
				}
			}
			i.progress("imported", i.sum.Read, 0)
			return nil
		},
	}
}

func (i *importer) refuse(line int, err error) {
	i.sum.Bad++
	i.bad(&LineError{File: i.name, Line: line, Err: err})
}

func (i *importer) end(ctx context.Context, err error) (ImportSummary, error) {
	i.sum.Unknown = slices.Sorted(maps.Keys(i.unknown))
	if ctx.Err() != nil {
		i.lastCatchUp(ctx)
		return i.sum, errors.Join(err, ctx.Err())
	}
	return i.sum, errors.Join(err, i.CatchUp(ctx))
}

// outlet finds the id of an outlet by its id or a host, or without either by
// the address of the page. An outlet that nobody knows keeps its name.
func (i *importer) outlet(name, page string) string {
	if o, ok := i.registry.Outlet(name); ok {
		return o.ID
	}
	if o, ok := i.registry.ByHost(name); ok && name != "" {
		return o.ID
	}
	if o, ok := i.registry.ByURL(page); ok && name == "" {
		return o.ID
	}
	name = cmp.Or(name, hostOf(page))
	i.unknown[name] = true
	return name
}

// line turns a line into a capture of it and its item.
func (i *importer) line(raw []byte, now time.Time) (*corpus.Capture, corpus.Item, error) {
	var item corpus.Item
	if !utf8.Valid(raw) {
		return nil, item, errors.New("not valid UTF-8")
	}
	var d imported
	if err := json.Unmarshal(raw, &d); err != nil {
		return nil, item, fmt.Errorf("not a document: %w", err)
	}
	if d.URL = strings.TrimSpace(d.URL); d.URL == "" || d.Text == "" && d.Title == "" {
		return nil, item, errors.New(`a document needs "url" and "text"`)
	}
	if _, err := corpus.IDOf(d.URL); err != nil {
		return nil, item, err
	}
	if !writable(d.Published.UTC()) || !writable(d.Seen.UTC()) {
		return nil, item, errors.New("a time lies outside of the years 1 to 9999")
	}
	switch corpus.Kind(d.Kind) {
	case "", corpus.KindArticle, corpus.KindPost, corpus.KindTranscript:
	default:
		return nil, item, fmt.Errorf("kind %q: the kinds are article, post and transcript", d.Kind)
	}
	item = corpus.Item{
		Outlet: i.outlet(d.Outlet, d.URL), URL: d.URL, Title: d.Title, Author: d.Author, Lang: d.Lang,
		Published: d.Published.UTC().Truncate(time.Second), Seen: d.Seen.UTC().Truncate(time.Second), ForwardOf: d.ForwardOf,
		Extra: extraOf(raw),
	}
	if d.Seen.IsZero() {
		item.Seen = now
	}
	if d.Published.IsZero() {
		item.Published = time.Time{}
	}
	return &corpus.Capture{
		URL: d.URL, Body: raw, Fetched: now,
		Exchanges: []corpus.Exchange{{
			Role: corpus.RoleResource, URL: d.URL, Status: http.StatusOK, Body: raw, Started: now,
			Response: http.Header{"Content-Type": {importType}},
		}},
	}, item, nil
}

func extraOf(raw []byte) map[string]json.RawMessage {
	all := map[string]json.RawMessage{}
	if json.Unmarshal(raw, &all) != nil {
		return nil
	}
	for _, k := range knownKeys {
		delete(all, k)
	}
	if len(all) == 0 {
		return nil
	}
	return all
}

// baseLanguage is the language of a BCP 47 tag, "ru" of "ru-RU", or "" if
// that is no tag.
func baseLanguage(tag string) string {
	base, _, _ := strings.Cut(strings.ReplaceAll(strings.ToLower(strings.TrimSpace(tag)), "_", "-"), "-")
	if len(base) < 2 || len(base) > 3 || strings.Trim(base, "abcdefghijklmnopqrstuvwxyz") != "" {
		return ""
	}
	return base
}

// importedArticle reads the article of an imported line, or reports that the
// capture is of something else.
func importedArticle(c *corpus.Capture) (corpus.Article, bool) {
	a := c.Answer()
	if a == nil || !isLine(a) {
		return corpus.Article{}, false
	}
	var d imported
	if json.Unmarshal(c.Body, &d) != nil {
		return corpus.Article{}, false
	}
	art := corpus.Article{
		Kind: cmp.Or(corpus.Kind(d.Kind), corpus.KindArticle), Title: d.Title, Byline: d.Author, Lang: baseLanguage(d.Lang),
		Text: strings.TrimSpace(strings.ReplaceAll(d.Text, "\r\n", "\n")), Credits: d.Credits, Extractor: "import", Charset: "utf-8",
	}
	if !d.Published.IsZero() {
		art.Published, art.PublishedFrom = d.Published.UTC().Truncate(time.Second), "import"
	}
	for _, l := range d.Links {
		art.Links = append(art.Links, corpus.Link(l))
	}
	if art.Lang == "" {
		art.Lang, _ = lang.Identify(art.Title + "\n" + art.Text)
	}
	return art, true
}
