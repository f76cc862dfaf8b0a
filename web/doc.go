package web

import (
	"cmp"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"chorus/corpus"
	"chorus/index"
)

// What a document page shows at most of an endless document. The evidence
// has the rest.
const (
	maxTextBytes = 500_000
	maxLinks     = 60
)

func (s *site) doc(w http.ResponseWriter, r *http.Request) error {
	versions, shown, err := s.version(r)
	if err != nil {
		return err
	}
	words := r.URL.Query().Get("q")
	var q index.Query
	if words != "" {
		if parsed, err := index.Parse(words); err == nil { // one that cannot be read marks nothing
			q = parsed
		}
	}
	p := docPageOf(versions, shown, q, s.looks())
	if d := &versions[shown]; d.Article.Kind == corpus.KindPost {
		relations, err := s.Relations(r.Context(), d.ID)
		if err != nil {
			return fmt.Errorf("relations of document %s: %w", d.ID, err)
		}
		p.Post = postViewOf(d, relations, s.looks())
	}
	return s.render(w, http.StatusOK, "doc", page{Title: shorten(plain(versions[shown].Title()), 90), Nav: "/search", Query: words, Body: p})
}

// version reads which document and version a request is about: the one named,
// or the newest.
func (s *site) version(r *http.Request) (versions []corpus.Document, shown int, err error) {
	id := corpus.DocID(r.PathValue("id"))
	versions, err = s.Versions(r.Context(), id)
	if err != nil {
		return nil, 0, fmt.Errorf("versions of document %s: %w", id, err)
	}
	if len(versions) == 0 {
		return nil, 0, s.removed(r.Context(), id)
	}
	seq, err := number("version", r.URL.Query().Get("version"), 0)
	if err != nil {
		return nil, 0, err
	}
	if seq == 0 {
		return versions, len(versions) - 1, nil
	}
	for i := range versions {
		if versions[i].Seq == corpus.Seq(seq) {
			return versions, i, nil
		}
	}
	return nil, 0, ErrNotFound
}

// record sends the WARC record of a version, as it lies in the archive.
func (s *site) record(w http.ResponseWriter, r *http.Request) error {
	versions, shown, err := s.version(r)
	if err != nil {
		return err
	}
	d := &versions[shown]
	if d.Evidence.File == "" {
		return ErrNotFound
	}
	rec, err := s.Record(r.Context(), d.Evidence)
	if err != nil {
		return fmt.Errorf("record of document %s: %w", d.ID, err)
	}
	defer rec.Close()
	h := w.Header()
	h.Set("Content-Type", "application/gzip")
	h.Set("Content-Disposition", fmt.Sprintf(`attachment; filename="chorus-%.12s-%d.warc.gz"`, recordName(d.ID), d.Seq))
	if r.Method == http.MethodHead {
		return nil
	}
	if _, err := io.Copy(w, rec); err != nil {
		s.Log.Error("record cut off", "doc", string(d.ID), "err", err)
		panic(http.ErrAbortHandler) // the reader must not take a part for the whole
	}
	return nil
}

// recordName keeps of an id what may stand in a file name.
func recordName(id corpus.DocID) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' || r >= 'a' && r <= 'z' {
			return r
		}
		return -1
	}, string(id))
}

// A docPage is one version of a document with all that is known of it.
type docPage struct {
	Title      string
	TitleCut   int // how long the title is, if it was cut
	Script     script
	Outlet     link
	Bloc       string
	BlocName   string
	Language   string
	Kind       string
	Section    string
	Byline     string
	Dateline   string
	Credits    []string
	Published  claim
	Notices    []notice
	Paragraphs []paragraph
	TextCut    int // bytes not shown
	Legend     []legendEntry
	Times      []timeRow
	SeenFrom   moment // the interval in which the feed first had it
	SeenTo     moment
	Polled     bool // a feed brought it, not an import
	Versions   []versionRow
	Changes    *changes // against the version before; nil for the first
	Original   outsideLink
	Evidence   evidence
	Post       *postView // nil unless it is a post
	Links      []outsideLink
	MoreLinks  int
	Images     int
	Extractor  string
	Charset    string
	ID         string
}

// A notice is something a reader must know before reading.
type notice struct {
	Kind string // "warn" or "info"
	Text string
	URL  string // of a link that helps, with its words; may be empty
	Link string
}

// A paragraph of the text.
type paragraph []segment

// A legendEntry says why something is marked.
type legendEntry struct {
	No        int
	Narrative string
	URL       string
	Stance    corpus.Stance
	Meaning   string // of the stance
	Score     float64
	Passages  int
	Words     []string // that earned the tag
	Cues      []string // the patterns
	Version   string
}

type timeRow struct {
	What string
	At   moment
	From string
}

type versionRow struct {
	Name    string
	URL     string
	Fetched moment
	Hash    string
	Shown   bool
	Latest  bool
}

type evidence struct {
	File, RecordID, Digest, URL string
	Offset, Length              string // bytes
	Status                      int
	Revisit                     bool
	Download                    string
}

// docPageOf builds the page of versions[shown]. A nil query marks no words.
func docPageOf(versions []corpus.Document, shown int, q index.Query, l lookup) docPage {
	d := &versions[shown]
	a := &d.Article
	tags := byScore(d.Tags)
	title := plain(heading(d))
	p := docPage{
		Title: shorten(title, 600), Script: scriptOf(a.Lang, a.Title+a.Text),
		Outlet: link{URL: outletURL(d.Item.Outlet), Text: l.outletName(d.Item.Outlet)},
		Bloc:   blocKey(l.bloc(d.Item.Outlet)), BlocName: blocName(l.bloc(d.Item.Outlet)),
		Language: languageName(a.Lang), Kind: string(a.Kind), Section: shorten(plain(a.Section), 120),
		Byline: shorten(plain(cmp.Or(a.Byline, d.Item.Author)), 200), Dateline: shorten(plain(a.Dateline), 200),
		Published: publishedClaim(d), Notices: noticesOf(versions, shown),
		Legend: legendOf(tags, l), Times: timesOf(d),
		SeenFrom: momentOf(d.Item.Absent), SeenTo: momentOf(d.Item.Seen), Polled: d.Item.Feed != "",
		Versions: versionsOf(versions, shown), Original: outsideLinkOf(d.URL(), ""),
		Evidence: evidenceOf(d), Images: len(a.Images), Extractor: plain(a.Extractor), Charset: plain(a.Charset), ID: string(d.ID),
	}
	if len(p.Title) < len(title) {
		p.TitleCut = len([]rune(title))
	}
	for _, c := range a.Credits[:min(len(a.Credits), 20)] {
		p.Credits = append(p.Credits, shorten(plain(c), 200))
	}
	for _, x := range a.Links[:min(len(a.Links), maxLinks)] {
		p.Links = append(p.Links, outsideLinkOf(x.URL, x.Text))
	}
	p.MoreLinks = max(len(a.Links)-maxLinks, 0)

	text := corpus.Span{End: min(len(a.Text), maxTextBytes)}
	p.TextCut = len(a.Text) - text.End
	marks := tagMarks(tags)
	if q != nil {
		for _, w := range l.highlight(a.Text, a.Lang, q) {
			marks = append(marks, mark{Span: w})
		}
	}
	p.Paragraphs = paragraphsOf(a.Text, text, marks)
	if shown > 0 {
		p.Changes = changesOf(&versions[shown-1], d)
	}
	return p
}

// heading stands over a document: its title, and over a post, whose text would
// stand there twice, whose it is.
func heading(d *corpus.Document) string {
	if p := d.Article.Post; p != nil && d.Article.Title == "" && d.Item.Title == "" {
		if who := cmp.Or(p.Name, p.Account); who != "" && p.Network != "" {
			return who + " on " + networkName(p.Network)
		}
	}
	return d.Title()
}

func noticesOf(versions []corpus.Document, shown int) []notice {
	d := &versions[shown]
	var out []notice
	if shown < len(versions)-1 {
		out = append(out, notice{"warn", fmt.Sprintf("This is version %d of %d; the page has changed since.", shown+1, len(versions)), docURL(d.ID, 0, ""), "Read the newest version"})
	}
	if shown > 0 && shown == len(versions)-1 {
		out = append(out, notice{"info", fmt.Sprintf("The page was changed %s since it was first kept.", plural(shown, "time", "times")), "#h-changes", "See the last change"})
	}
	if !d.Deleted.IsZero() {
		out = append(out, notice{Kind: "warn", Text: "The page was found gone on " + momentOf(d.Deleted).Text + " UTC. What is shown here was kept from before."})
	}
	if d.Fault != nil {
		out = append(out, notice{Kind: "warn", Text: "The page was not read in full: " + faultText(d.Fault) + "."})
	}
	if d.Article.Truncated {
		out = append(out, notice{Kind: "info", Text: "The page was longer than the limit and was cut; the text may be incomplete."})
	}
	return out
}

func legendOf(tags []corpus.Tag, l lookup) []legendEntry {
	var out []legendEntry
	for i, t := range tags {
		e := legendEntry{
			No: i + 1, Narrative: l.narrativeName(t.Narrative), URL: narrativeURL(t.Narrative),
			Stance: t.Stance, Meaning: stanceMeaning(t.Stance), Score: t.Score, Passages: len(t.Spans), Version: plain(t.Version),
		}
		for _, w := range t.Words[:min(len(t.Words), 30)] {
			e.Words = append(e.Words, shorten(plain(w), 80))
		}
		for _, c := range t.Cues[:min(len(t.Cues), 30)] {
			e.Cues = append(e.Cues, shorten(plain(c), 160))
		}
		out = append(out, e)
	}
	return out
}

// stanceMeaning says what a stance means, as the codebook defines it.
func stanceMeaning(s corpus.Stance) string {
	switch s {
	case corpus.StanceAsserts:
		return "in the outlet's own voice, or quoted without distance"
	case corpus.StanceReports:
		return "attributed and kept at a distance"
	case corpus.StanceRebuts:
		return "denied, debunked or mocked"
	}
	return ""
}

// timesOf lists what is known of when, in the order in which it happens.
func timesOf(d *corpus.Document) []timeRow {
	rows := []timeRow{
		{"Published, says the page", claimedMoment(d.Article.Published), ""},
		{"Changed, says the page", claimedMoment(d.Article.Modified), ""},
		{"Published, says the feed", claimedMoment(d.Item.Published), ""},
		{"Changed, says the feed", claimedMoment(d.Item.Updated), ""},
		{"Last poll of the feed without it", momentOf(d.Item.Absent), ""},
		{"First poll of the feed with it", momentOf(d.Item.Seen), ""},
		{"Fetched", momentOf(d.Evidence.Fetched), ""},
		{"Found gone", momentOf(d.Deleted), ""},
	}
	if !d.Article.Published.IsZero() {
		rows[0].From = sourceName(d.Article.PublishedFrom)
	}
	out := rows[:0]
	for i, r := range rows {
		// What a page or feed did not say is worth a line; what did not happen is not.
		if r.At.ISO != "" || i == 0 || i == 2 {
			out = append(out, r)
		}
	}
	return out
}

func versionsOf(versions []corpus.Document, shown int) []versionRow {
	out := make([]versionRow, 0, len(versions))
	for i := range versions {
		v := &versions[i]
		out = append(out, versionRow{
			Name: fmt.Sprintf("Version %d", i+1), URL: docURL(v.ID, v.Seq, ""), Fetched: momentOf(v.Evidence.Fetched),
			Hash: fmt.Sprintf("%.12s", v.Version), Shown: i == shown, Latest: i == len(versions)-1,
		})
	}
	return out
}

func evidenceOf(d *corpus.Document) evidence {
	e := d.Evidence
	out := evidence{
		File: plain(e.File), RecordID: plain(e.RecordID), Digest: plain(e.Digest),
		Offset: count(e.Offset), Length: count(e.Length), Status: e.Status, Revisit: e.Revisit,
	}
	if e.URL != d.URL() {
		out.URL = shorten(plain(readable(e.URL)), 400)
	}
	if e.File != "" {
		out.Download = recordURL(d.ID, d.Seq)
	}
	return out
}

// paragraphsOf cuts a part of a text at its blank lines and each paragraph at
// its marks.
func paragraphsOf(text string, part corpus.Span, marks []mark) []paragraph {
	part = fit(text, part, corpus.Span{End: len(text)})
	marks = slices.Clone(marks)
	slices.SortStableFunc(marks, func(a, b mark) int { return cmp.Compare(a.Start, b.Start) })
	var out []paragraph
	var here []mark // those that may reach into the paragraph; the text may have many thousands
	for _, s := range blocks(text[:part.End]) {
		here = slices.DeleteFunc(here, func(m mark) bool { return m.End <= s.Start })
		n := 0
		for n < len(marks) && marks[n].Start < s.End {
			n++
		}
		here, marks = append(here, marks[:n]...), marks[n:]
		if segs := segments(text, s, here); len(segs) > 0 {
			out = append(out, segs)
		}
	}
	return out
}

// blocks gives the paragraphs of a text: what blank lines part.
func blocks(text string) []corpus.Span {
	var out []corpus.Span
	for at := 0; at < len(text); {
		end := len(text)
		next := end
		if i := strings.Index(text[at:], "\n\n"); i >= 0 {
			end, next = at+i, at+i+2
		}
		if strings.TrimSpace(text[at:end]) != "" {
			out = append(out, corpus.Span{Start: at, End: end})
		}
		at = next
	}
	return out
}

// faultText says in words what went wrong.
func faultText(f *corpus.Fault) string {
	text := shorten(plain(f.Reason), 200)
	if text == "" {
		text = string(f.Class)
	}
	if f.Status != 0 && !strings.Contains(text, fmt.Sprint(f.Status)) {
		text += fmt.Sprintf(" (HTTP %d)", f.Status)
	}
	return text
}
