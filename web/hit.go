package web

import (
	"cmp"
	"slices"
	"time"

	"chorus/corpus"
	"chorus/index"
)

// titleColumns is how much of a title a list shows.
const titleColumns = 220

// A hit is a document in a list.
type hit struct {
	URL       string
	Script    script
	Title     []segment
	Outlet    link
	Bloc      string // key
	BlocName  string
	Language  string
	Kind      string
	Published claim
	Seen      moment
	Passages  []passage
	Tags      []tagChip
	Edit      int  // which change of the page it is
	Replaced  bool // there is a newer version
	Gone      moment
}

// A passage is a part of a text in a list.
type passage struct {
	Segments []segment
	Cut      bool // text stands before it
	Cont     bool // text stands after it
}

// A tagChip is a tag in a list. No is its number in the passages.
type tagChip struct {
	No        int
	Narrative string
	URL       string
	Stance    corpus.Stance
	Score     float64
}

// hitOf builds the entry of a document. A nil query marks no words.
func hitOf(d *corpus.Document, q index.Query, l lookup) hit {
	tags := byScore(d.Tags)
	h := hit{
		Script: scriptOf(d.Article.Lang, d.Article.Title+d.Article.Text), Outlet: link{URL: outletURL(d.Item.Outlet), Text: l.outletName(d.Item.Outlet)},
		Bloc: blocKey(l.bloc(d.Item.Outlet)), BlocName: blocName(l.bloc(d.Item.Outlet)),
		Language: languageName(d.Article.Lang), Kind: string(d.Article.Kind),
		Published: publishedClaim(d), Seen: momentOf(d.Seen()),
		Edit: d.Edit, Replaced: d.Replaced != 0, Gone: momentOf(d.Deleted),
	}
	var words []corpus.Span
	query := ""
	title := shorten(plain(d.Title()), titleColumns)
	if q != nil {
		words = l.highlight(d.Article.Text, d.Article.Lang, q)
		h.Title = plainSegments(title, l.highlightTitle(title, d.Article.Lang, q))
		query = q.String()
	} else {
		h.Title = plainSegments(title, nil)
	}
	h.URL = docURL(d.ID, versionParam(d), query)
	h.Passages = passagesOf(d.Article.Text, words, tagMarks(tags))
	for i, t := range tags {
		h.Tags = append(h.Tags, tagChip{i + 1, l.narrativeName(t.Narrative), narrativeURL(t.Narrative), t.Stance, t.Score})
	}
	return h
}

// versionParam names the version in an address only if it is not the current
// one, so that the plain address always shows what the page says now.
func versionParam(d *corpus.Document) corpus.Seq {
	if d.Replaced != 0 {
		return d.Seq
	}
	return 0
}

// byScore gives the tags with the surest first; pages number them in this order.
func byScore(tags []corpus.Tag) []corpus.Tag {
	tags = slices.Clone(tags)
	slices.SortStableFunc(tags, func(a, b corpus.Tag) int { return cmp.Compare(b.Score, a.Score) })
	return tags
}

func passagesOf(text string, words []corpus.Span, tags []mark) []passage {
	marks := slices.Clone(tags)
	for _, w := range words {
		marks = append(marks, mark{Span: w})
	}
	var out []passage
	for _, s := range passages(text, words, tags) {
		segs := segments(text, s, marks)
		if len(segs) == 0 {
			continue
		}
		out = append(out, passage{Segments: segs, Cut: s.Start > 0, Cont: s.End < len(text)})
	}
	return out
}

// A Hit is one hit as the API and "chorus search --json" print it.
type Hit struct {
	ID         corpus.DocID `json:"id"`
	URL        string       `json:"url"`
	Outlet     string       `json:"outlet"`
	Bloc       corpus.Bloc  `json:"bloc"`
	Lang       string       `json:"lang"`
	Kind       corpus.Kind  `json:"kind"`
	Published  time.Time    `json:"published,omitzero"`
	Seen       time.Time    `json:"seen,omitzero"`
	Title      string       `json:"title"`
	Tags       []corpus.Tag `json:"tags"`       // never null; spans are offsets into the text
	Highlights []Highlight  `json:"highlights"` // never null
}

// A Highlight is a passage of a title or a text with the words of the query.
type Highlight struct {
	Field string        `json:"field"` // "title" or "text"
	Start int           `json:"start"` // byte offset of the passage in the field
	Text  string        `json:"text"`
	Spans []corpus.Span `json:"spans"` // byte offsets into Text
}

// HitOf gives a document as a hit. The spans are the words of the query in
// d.Title() and in d.Article.Text, in order.
func HitOf(d *corpus.Document, bloc corpus.Bloc, inTitle, inText []corpus.Span) Hit {
	h := Hit{
		ID: d.ID, URL: d.URL(), Outlet: d.Item.Outlet, Bloc: bloc, Lang: d.Article.Lang, Kind: d.Article.Kind,
		Published: d.Published(), Seen: d.Seen(), Title: d.Title(), Tags: d.Tags, Highlights: []Highlight{},
	}
	if h.Tags == nil {
		h.Tags = []corpus.Tag{}
	}
	if len(inTitle) > 0 {
		h.Highlights = append(h.Highlights, Highlight{Field: "title", Text: h.Title, Spans: inTitle})
	}
	text := d.Article.Text
	if len(inText) > 0 {
		for _, p := range passages(text, inText, nil) {
			h.Highlights = append(h.Highlights, Highlight{Field: "text", Start: p.Start, Text: text[p.Start:p.End], Spans: within(inText, p)})
		}
	}
	return h
}

// within gives the spans that lie in a passage, counted from its start.
func within(spans []corpus.Span, p corpus.Span) []corpus.Span {
	out := []corpus.Span{}
	for _, s := range spans {
		if s.Start >= p.Start && s.End <= p.End {
			out = append(out, corpus.Span{Start: s.Start - p.Start, End: s.End - p.Start})
		}
	}
	return out
}
