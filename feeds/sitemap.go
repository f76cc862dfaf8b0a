package feeds

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"slices"
	"strings"
	"time"

	"chorus/corpus"
)

// The sitemap protocol allows 50,000 URLs and 50 MB a file
// (https://www.sitemaps.org/protocol.html).
const (
	maxSitemapURLs  = 50_000
	maxSitemapBytes = 50 << 20
	maxSitemaps     = 50 // children of an index handed on from one reading
)

// sitemap reads a urlset, with or without the news extension, or an index.
func (r *reader) sitemap(text []byte, root string) error {
	if len(text) > maxSitemapBytes {
		text = text[:maxSitemapBytes]
		r.reading.Cut = true
		r.reading.warnf("only the first %d MB were read", maxSitemapBytes>>20)
	}
	text = mend(text)
	s := scanner{text: text}
	if s.next() {
		text = text[s.tag.start:] // past the DTD
	}
	d := xml.NewDecoder(bytes.NewReader(text))
	d.Strict = false
	d.CharsetReader = func(_ string, in io.Reader) (io.Reader, error) { return in, nil } // it is UTF-8 by now
	p := sitemapParser{decoder: d, now: r.now}
	var children []child
	n := 0
	for p.next() {
		if n++; n > maxSitemapURLs {
			r.reading.Cut = true
			r.reading.warnf("only the first %d addresses were read", maxSitemapURLs)
			break
		}
		if root == "sitemapindex" {
			children = append(children, child{absolute(r.base, strings.Join(p.entry.links, "")), p.entry.updated})
			continue
		}
		r.add(p.entry)
	}
	if p.err == errDeep {
		return p.err
	}
	if p.err != nil {
		if n == 0 {
			return errors.New("the sitemap ends before its first address")
		}
		r.reading.Cut = true
		r.reading.warnf("broken after %s: %v", count(n, "address"), p.err)
	}
	if root == "sitemapindex" {
		r.reading.Format = "sitemap index"
		r.children(children)
		return nil
	}
	r.reading.Format = "sitemap"
	if p.news {
		r.reading.Format = "news sitemap"
	}
	r.newest()
	return nil
}

// newest keeps the newest items where there are too many and some are dated.
func (r *reader) newest() {
	items := r.reading.Items
	if len(items) <= r.max {
		return
	}
	slices.SortStableFunc(items, func(a, b corpus.Item) int { return itemTime(b).Compare(itemTime(a)) })
}

// itemTime is when an item was last said to have appeared or changed.
func itemTime(i corpus.Item) time.Time {
	if !i.Published.IsZero() {
		return i.Published
	}
	return i.Updated
}

// A child is an entry of a sitemap index.
type child struct {
	url     string
	updated time.Time
}

func (r *reader) children(all []child) {
	seen := map[string]bool{"": true}
	all = slices.DeleteFunc(all, func(c child) bool {
		drop := seen[c.url]
		if c.url == "" {
			r.noLink++
		}
		seen[c.url] = true
		return drop
	})
	slices.SortStableFunc(all, func(a, b child) int {
		return b.updated.Compare(a.updated)
	})
	if len(all) > maxSitemaps {
		r.reading.Cut = true
		r.reading.warnf("%d of %d sitemaps read: more than the limit", maxSitemaps, len(all))
		all = all[:maxSitemaps]
	}
	for _, c := range all {
		r.reading.Sitemaps = append(r.reading.Sitemaps, c.url)
	}
}

// A sitemapParser gives the entries of a sitemap one by one.
type sitemapParser struct {
	decoder *xml.Decoder
	now     time.Time
	path    []string // local names of the open elements, in lower case
	entry   entry
	news    bool  // an entry used the news extension
	err     error // why it stopped; nil at the end of the root
}

// next reads one url or sitemap element into p.entry.
func (p *sitemapParser) next() bool {
	p.entry = entry{}
	var text []byte
	for {
		token, err := p.decoder.Token()
		if err != nil {
			p.err = err
			return false
		}
		switch t := token.(type) {
		case xml.StartElement:
			if len(p.path) == maxDepth {
				p.err = errDeep
				return false
			}
			p.path = append(p.path, strings.ToLower(t.Name.Local))
			text = text[:0]
		case xml.CharData:
			text = append(text, t...)
		case xml.EndElement:
			name := p.path[len(p.path)-1]
			p.path = p.path[:len(p.path)-1]
			if len(p.path) == 0 {
				return false
			}
			if len(p.path) == 1 && (name == "url" || name == "sitemap") {
				return true
			}
			p.field(p.path[len(p.path)-1], name, strings.TrimSpace(string(text)))
			text = text[:0]
		}
	}
}

// field takes in one value. Images and videos have a loc, a title and a
// publication date too: the parent tells.
func (p *sitemapParser) field(parent, name, value string) {
	switch parent + " " + name {
	case "url loc", "sitemap loc":
		if value != "" && len(p.entry.links) == 0 {
			p.entry.links = []string{value}
		}
	case "url lastmod", "sitemap lastmod":
		p.entry.updated = p.date(value)
	case "news publication_date":
		p.entry.published = p.date(value)
	case "news title":
		p.entry.title = value
	case "news keywords":
		p.entry.categories = strings.Split(value, ",")
	case "publication language":
		p.entry.lang = value
	}
	if parent == "news" {
		p.news = true
	}
}

func (p *sitemapParser) date(value string) time.Time {
	if value == "" {
		return time.Time{}
	}
	if t, err := time.Parse(time.RFC3339, value); err == nil { // nearly all
		return t
	}
	t, ok := parseDate(value, p.now)
	if !ok {
		p.entry.badDates++
	}
	return t
}

// textSitemap reads one address a line.
func (r *reader) textSitemap(text []byte) error {
	r.reading.Format = "text sitemap"
	lines, found := 0, 0
	for line := range bytes.Lines(text) {
		line = bytes.TrimSpace(line)
		if len(line) == 0 {
			continue
		}
		if lines++; lines > maxSitemapURLs {
			r.reading.Cut = true
			r.reading.warnf("only the first %d addresses were read", maxSitemapURLs)
			break
		}
		low := bytes.ToLower(line[:min(len(line), 8)])
		if !bytes.HasPrefix(low, []byte("http://")) && !bytes.HasPrefix(low, []byte("https://")) {
			r.noLink++
			continue
		}
		found++
		r.add(entry{links: []string{string(line)}})
	}
	if found == 0 {
		return errors.New("neither XML nor a list of addresses")
	}
	return nil
}
