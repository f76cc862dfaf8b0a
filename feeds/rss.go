package feeds

import (
	"bytes"
	"cmp"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mmcdole/gofeed"
	ext "github.com/mmcdole/gofeed/extensions"
	jsonfeed "github.com/mmcdole/gofeed/json"
	"github.com/mmcdole/gofeed/rss"
)

// xmlDeclaration replaces whatever the feed declared: by now it is UTF-8.
const xmlDeclaration = `<?xml version="1.0" encoding="UTF-8"?>`

// xmlFeed reads RSS 0.9x to 2.0, RSS 1.0 (RDF) and Atom.
func (r *reader) xmlFeed(text []byte) error {
	text = mend(text)
	o, err := outlineOf(text, max(r.max, maxItems))
	if err != nil {
		return err
	}
	doc, err := r.document(text, o)
	if err != nil {
		return err
	}
	feed, err := parseFeed(doc)
	if err != nil {
		// One bad item must not cost the others.
		doc, dropped := wholeItems(text, o)
		if dropped == len(o.items) {
			return fmt.Errorf("parse: %w", err)
		}
		if feed, err = parseFeed(doc); err != nil {
			return fmt.Errorf("parse: %w", err)
		}
		r.reading.Cut = true
		r.reading.warnf("%s too broken to read", count(dropped, "item"))
	}
	r.addAll(feed)
	return nil
}

// document gives the part of text that is worth parsing, as a document: all of
// it, or if it ends early or has too many items, all up to the last whole item.
func (r *reader) document(text []byte, o outline) ([]byte, error) {
	if o.whole {
		return slices.Concat([]byte(xmlDeclaration), text[o.start:o.end]), nil
	}
	if len(o.items) == 0 {
		return nil, errNoItem
	}
	r.reading.Cut = true
	if o.capped {
		r.reading.warnf("only the first %d items were read", len(o.items))
	} else {
		r.reading.warnf("the document ends early; read up to the last whole item")
	}
	last := o.items[len(o.items)-1]
	return slices.Concat([]byte(xmlDeclaration), text[o.start:last.end], o.close(text)), nil
}

// wholeItems gives a document of nothing but the items of text that are well
// formed, and the number of those left out.
func wholeItems(text []byte, o outline) (doc []byte, dropped int) {
	doc = []byte(xmlDeclaration)
	for _, tag := range o.open {
		doc = append(doc, tag.of(text)...)
	}
	for _, item := range o.items {
		if !wellFormed(item.of(text)) {
			dropped++
			continue
		}
		doc = append(doc, item.of(text)...)
	}
	return append(doc, o.close(text)...), dropped
}

// wellFormed reports whether a parser that is not strict reads all of text.
func wellFormed(text []byte) bool {
	d := xml.NewDecoder(bytes.NewReader(text))
	d.Strict = false
	for {
		if _, err := d.Token(); err != nil {
			return errors.Is(err, io.EOF)
		}
	}
}

// parseFeed has gofeed read doc. gofeed panics on some JSON (a null author);
// that must cost the feed, not the program.
func parseFeed(doc []byte) (feed *gofeed.Feed, err error) {
	defer func() {
		if p := recover(); p != nil {
			feed, err = nil, fmt.Errorf("parser failed: %v", p)
		}
	}()
	p := gofeed.NewParser()
	p.RSSTranslator = &gofeed.DefaultRSSTranslator{DisableContentImageScan: true}
	p.KeepOriginalFeed = true // for ttl and isPermaLink
	return p.Parse(bytes.NewReader(doc))
}

// json reads a JSON Feed.
func (r *reader) json(text []byte) error {
	doc, broken, cut, err := firstItems(text, max(r.max, maxItems))
	if err != nil {
		return err
	}
	if broken > 0 {
		r.reading.Cut = true
		r.reading.warnf("%s too broken to read", count(broken, "item"))
	}
	feed, err := parseFeed(doc)
	if err != nil {
		return fmt.Errorf("parse: %w", err)
	}
	if cut {
		r.reading.Cut = true
		r.reading.warnf("the document ends early or has too many items; %s read", count(len(feed.Items), "item"))
	}
	r.addAll(feed)
	return nil
}

// firstItems gives a JSON Feed with its first max whole items, the number of
// those left out as broken, and whether it had more or ended early.
func firstItems(text []byte, max int) (doc []byte, broken int, cut bool, err error) {
	d := json.NewDecoder(bytes.NewReader(text))
	if _, err := d.Token(); err != nil {
		return nil, 0, false, fmt.Errorf("not a JSON object: %w", err)
	}
	var head struct {
		Version  json.RawMessage   `json:"version,omitempty"`
		Language json.RawMessage   `json:"language,omitempty"`
		Items    []json.RawMessage `json:"items"`
	}
	head.Items = []json.RawMessage{}
	listed := false
	for !cut && d.More() {
		key, err := d.Token()
		if err != nil {
			cut = true
			break
		}
		if key == "items" {
			listed = true
			head.Items, cut = firstValues(d, max)
			continue
		}
		var value json.RawMessage
		cut = d.Decode(&value) != nil
		if len(value) > 0 && value[0] == '"' {
			switch key {
			case "version":
				head.Version = value
			case "language":
				head.Language = value
			}
		}
	}
	if !cut {
		_, err := d.Token()
		cut = err != nil
	}
	if !listed {
		return nil, 0, false, errors.New("a JSON object without items, not a JSON Feed")
	}
	items := head.Items[:0]
	for _, item := range head.Items {
		if item, ok := readable(item); ok {
			items = append(items, item)
		} else {
			broken++
		}
	}
	head.Items = items
	doc, err = json.Marshal(head)
	return doc, broken, cut, err
}

// readable gives a JSON item as gofeed takes it: without fields of a wrong type
// that only name people and pictures.
func readable(item json.RawMessage) (json.RawMessage, bool) {
	var probe jsonfeed.Item
	if json.Unmarshal(item, &probe) == nil && item[0] == '{' && !slices.Contains(probe.Authors, nil) {
		return item, true
	}
	var fields map[string]json.RawMessage
	if json.Unmarshal(item, &fields) != nil || fields == nil {
		return nil, false
	}
	for _, name := range []string{"author", "authors", "attachments", "image", "banner_image", "tags"} {
		delete(fields, name)
	}
	item, err := json.Marshal(fields)
	return item, err == nil && json.Unmarshal(item, &probe) == nil
}

// firstValues reads the array that comes next, up to max values.
func firstValues(d *json.Decoder, max int) (values []json.RawMessage, cut bool) {
	values = []json.RawMessage{}
	if t, err := d.Token(); err != nil || t != json.Delim('[') {
		return values, true
	}
	for d.More() {
		if len(values) == max {
			return values, true
		}
		var v json.RawMessage
		if d.Decode(&v) != nil {
			return values, true
		}
		values = append(values, v)
	}
	_, err := d.Token()
	return values, err != nil
}

// addAll takes in what gofeed has read.
func (r *reader) addAll(feed *gofeed.Feed) {
	original, _ := feed.OriginalFeed().(*rss.Feed)
	r.reading.Format = formatOf(feed)
	r.reading.TTL = ttlOf(original, feed.Extensions)
	for i, item := range feed.Items {
		lang := feed.Language
		if item.DublinCoreExt != nil && len(item.DublinCoreExt.Language) > 0 {
			lang = item.DublinCoreExt.Language[0]
		}
		e := entry{
			links:      append([]string{item.Link}, item.Links...),
			title:      item.Title,
			summary:    item.Description,
			author:     authors(item.Authors),
			lang:       lang,
			categories: item.Categories,
		}
		if e.summary == "" {
			e.summary = item.Content
		}
		if original == nil || permanent(original.Items[i].GUID) {
			e.links = append(e.links, item.GUID)
		}
		e.published = r.date(cmp.Or(item.Published, extensionText(item.Extensions, "dcterms", "issued")), item.PublishedParsed, lang, &e.badDates)
		e.updated = r.date(cmp.Or(item.Updated, extensionText(item.Extensions, "dcterms", "modified")), item.UpdatedParsed, lang, &e.badDates)
		r.add(e)
	}
}

func formatOf(feed *gofeed.Feed) string {
	if feed.FeedType == "rss" && feed.FeedVersion == "1.0" {
		return "rdf"
	}
	version := strings.TrimPrefix(feed.FeedVersion, "https://jsonfeed.org/version/")
	return strings.TrimSpace(feed.FeedType + " " + clip(version, 20))
}

// permanent reports whether a GUID may be followed as a link (RSS 2.0, guid).
func permanent(g *rss.GUID) bool {
	return g != nil && !strings.EqualFold(strings.TrimSpace(g.IsPermalink), "false")
}

func authors(people []*gofeed.Person) string {
	var names []string
	for _, p := range people {
		if p != nil && p.Name != "" && !slices.Contains(names, p.Name) {
			names = append(names, p.Name)
		}
	}
	return strings.Join(names, ", ")
}

// ttlOf gives how long a feed asks to be left alone, at most a day.
func ttlOf(feed *rss.Feed, extensions ext.Extensions) time.Duration {
	const day = 24 * time.Hour
	if feed != nil {
		if n, err := strconv.Atoi(strings.TrimSpace(feed.TTL)); err == nil && n > 0 {
			return min(time.Duration(min(n, 24*60))*time.Minute, day)
		}
	}
	period := map[string]time.Duration{
		"hourly": time.Hour, "daily": day, "weekly": 7 * day, "monthly": 30 * day, "yearly": 365 * day,
	}[extensionText(extensions, "sy", "updatePeriod")]
	if n, err := strconv.Atoi(extensionText(extensions, "sy", "updateFrequency")); err == nil && n > 1 {
		period /= time.Duration(n)
	}
	return min(period, day)
}

func extensionText(extensions ext.Extensions, prefix, name string) string {
	if values := extensions[prefix][name]; len(values) > 0 {
		return strings.ToLower(strings.TrimSpace(values[0].Value))
	}
	return ""
}

// date chooses between gofeed's reading of a date and our own. Ours knows zone
// names of Moscow and Beijing, which gofeed takes for UTC and for Chicago, and
// months in more languages.
func (r *reader) date(raw string, parsed *time.Time, lang string, bad *int) time.Time {
	if strings.TrimSpace(raw) == "" {
		return time.Time{}
	}
	if parsed == nil || r.localZone(raw, lang) {
		if t, ok := parseDate(raw, r.now); ok {
			return t
		}
	}
	if parsed == nil {
		*bad++
		return time.Time{}
	}
	return *parsed
}

// localZone reports whether a date names a zone that means something else here
// than to gofeed.
func (r *reader) localZone(raw, lang string) bool {
	raw = strings.ToUpper(raw)
	if strings.Contains(raw, "MSK") || strings.Contains(raw, "МСК") {
		return true
	}
	chinese := strings.HasPrefix(strings.ToLower(lang), "zh") || strings.HasPrefix(r.feed.Lang, "zh") ||
		strings.HasSuffix(r.base.Hostname(), ".cn")
	return chinese && strings.HasSuffix(strings.TrimSpace(raw), "CST")
}
