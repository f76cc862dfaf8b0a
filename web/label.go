package web

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"chorus/corpus"
)

// Why Labels refuses a passage.
var (
	ErrNotOffered = errors.New("this passage was not offered here")
	ErrLabelled   = errors.New("this passage has been dealt with already: it may be open in another window")
	ErrNoUndo     = errors.New("there is nothing to undo: nothing was saved or skipped since the start")
)

// A Passage is a text that a coder is asked to label.
type Passage struct {
	ID        string // names it in forms
	Text      string // valid UTF-8, not empty
	Lang      string // ISO 639-1, or "und"
	Sentences []corpus.Span
	Title     string      // of the document; empty if not known
	Outlet    string      // its name; empty if not known
	Bloc      corpus.Bloc // empty if not known
	Published time.Time   // zero if not known
	Source    string      // address of the document; empty if not known
	Kept      string      // address of its page in a Chorus that may be running; empty if there is none
	Guess     []Label     // what the classifier finds in it
}

// A Label is one narrative that a coder found in a passage: byte offsets into
// its text, on the borders of characters.
type Label struct {
	Narrative string
	Stance    corpus.Stance
	corpus.Span
}

// A Turn is what the page shows: a passage, and how far the work has come.
type Turn struct {
	Passage *Passage // nil: there is none left
	Labels  []Label  // of a passage that came back by undo
	None    bool     // it came back, and had no narrative
	Undo    bool     // there is something to undo

	Left        int            // passages that are still to come, with this one
	Today       int            // labelled since midnight UTC
	Total       int            // lines of the file
	Negatives   int            // of them without narrative
	ByNarrative map[string]int // of them with this narrative
	File        string         // name of the file, for reading
	Coder       string
}

// Labels is the work of one coder. It is safe for use from several goroutines.
type Labels interface {
	// Turn gives the passage to be labelled now. It stays the same until that
	// is saved or skipped.
	Turn() Turn

	// Save writes the labels of the passage of this turn, none for a negative;
	// they are on the disk when it returns. For another passage the error
	// wraps ErrNotOffered or ErrLabelled.
	Save(id string, labels []Label) error

	// Skip passes the passage of this turn over, with the errors of Save.
	Skip(id string) error

	// Undo brings back the passage that was saved or skipped last, with its
	// labels, and takes its line from the file. With nothing to undo the error
	// wraps ErrNoUndo.
	Undo() error
}

// LabelHandler serves the page on which a coder labels passages, under /label.
// Nobody has to log in, so it answers only under a loopback name; what is
// served beside it must not be for the world either.
func LabelHandler(l Labels, narratives []corpus.Narrative, groups map[string]string, o Options) http.Handler {
	s := &labelSite{newSite(Sources{Narratives: narratives, Groups: groups}, o), l}
	s.alone = true
	mux := http.NewServeMux()
	for pattern, h := range map[string]handler{
		"GET /":              s.missing,
		"GET /{$}":           s.toPage,
		"GET /label":         s.page,
		"POST /label":        s.save,
		"POST /label/skip":   s.skip,
		"POST /label/undo":   s.undo,
		"GET /static/{name}": s.static,
		"GET /favicon.ico":   s.favicon,
	} {
		mux.Handle(pattern, s.serve(h))
	}
	return http.NewCrossOriginProtection().Handler(secure(s.loopbackOnly(mux)))
}

// A labelSite is a site of one page, and the work done there.
type labelSite struct {
	*site
	labels Labels
}

// loopbackOnly refuses requests under a name that is not this machine's own:
// a page elsewhere could have pointed its name here (DNS rebinding), and would
// then count as the same origin.
func (s *labelSite) loopbackOnly(next http.Handler) http.Handler {
	refuse := s.serve(func(http.ResponseWriter, *http.Request) error {
		return &refusal{http.StatusForbidden, errors.New("this page answers only to localhost and loopback addresses")}
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host := r.Host
		if h, _, err := net.SplitHostPort(host); err == nil {
			host = h
		}
		if ip, err := netip.ParseAddr(strings.Trim(host, "[]")); host != "localhost" && (err != nil || !ip.IsLoopback()) {
			refuse.ServeHTTP(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// A refusal is a form that was not accepted, and why, in a sentence.
type refusal struct {
	status int
	error
}

func (e *refusal) Unwrap() error { return e.error }

// refusalOf gives the status to what Labels refuses; other errors pass.
func refusalOf(err error) error {
	switch {
	case errors.Is(err, ErrNotOffered):
		return &refusal{http.StatusNotFound, err}
	case errors.Is(err, ErrLabelled), errors.Is(err, ErrNoUndo):
		return &refusal{http.StatusConflict, err}
	}
	return err
}

func (s *labelSite) toPage(w http.ResponseWriter, r *http.Request) error {
	http.Redirect(w, r, "/label", http.StatusSeeOther)
	return nil
}

func (s *labelSite) page(w http.ResponseWriter, _ *http.Request) error {
	return s.show(w, http.StatusOK, s.labels.Turn(), "")
}

func (s *labelSite) show(w http.ResponseWriter, status int, t Turn, problem string) error {
	p := labelPageOf(t, s.Narratives, s.Groups)
	p.Problem = problem
	return s.render(w, status, "label", page{Title: "Label", Nav: "/label", Body: p})
}

// maxLabelForm bounds a form: a hundred labels are a few kilobytes.
const maxLabelForm = 256 << 10

func (s *labelSite) save(w http.ResponseWriter, r *http.Request) error {
	r.Body = http.MaxBytesReader(w, r.Body, maxLabelForm)
	if err := r.ParseForm(); err != nil {
		return &refusal{http.StatusBadRequest, errors.New("the form cannot be read")}
	}
	t := s.labels.Turn()
	id := r.PostForm.Get("passage")
	if t.Passage == nil || t.Passage.ID != id {
		return refusalOf(cmp.Or(s.labels.Save(id, nil), ErrLabelled))
	}
	labels, err := labelsOf(r.PostForm, t.Passage.Text, s.Narratives)
	if err == nil {
		if err = refusalOf(s.labels.Save(id, labels)); err == nil {
			http.Redirect(w, r, "/label", http.StatusSeeOther)
			return nil
		}
	}
	// The passage is still there: so is what the coder did.
	t.Labels, t.None = labels, r.PostForm.Has("none")
	status := statusOf(err)
	if status >= http.StatusInternalServerError {
		s.Log.Error("label was not saved", "err", err)
	}
	return s.show(w, status, t, sentence(err.Error()))
}

func (s *labelSite) skip(w http.ResponseWriter, r *http.Request) error {
	r.Body = http.MaxBytesReader(w, r.Body, maxLabelForm)
	return s.done(w, r, s.labels.Skip(r.PostFormValue("passage")))
}

func (s *labelSite) undo(w http.ResponseWriter, r *http.Request) error {
	return s.done(w, r, s.labels.Undo())
}

func (s *labelSite) done(w http.ResponseWriter, r *http.Request, err error) error {
	if err == nil {
		http.Redirect(w, r, "/label", http.StatusSeeOther)
	}
	return refusalOf(err)
}

// labelsOf reads the labels of a passage from a form: narrative, stance, start
// and end, each as often as there are labels. A row without narrative is one
// that was left blank. What is wrong is a refusal, with the labels before it.
func labelsOf(form map[string][]string, text string, narratives []corpus.Narrative) ([]Label, error) {
	refuse := func(format string, args ...any) error {
		return &refusal{http.StatusUnprocessableEntity, fmt.Errorf(format, args...)}
	}
	ids, stances, starts, ends := form["narrative"], form["stance"], form["start"], form["end"]
	if len(stances) != len(ids) || len(starts) != len(ids) || len(ends) != len(ids) {
		return nil, refuse("not every label has a narrative, a stance, a start and an end")
	}
	var labels []Label
	for i, id := range ids {
		if id == "" {
			continue
		}
		l := Label{Narrative: id, Stance: corpus.Stance(stances[i])}
		var startErr, endErr error
		l.Start, startErr = strconv.Atoi(starts[i])
		l.End, endErr = strconv.Atoi(ends[i])
		same := func(o Label) bool { return o.Narrative == l.Narrative && o.Stance == l.Stance }
		switch {
		case !slices.ContainsFunc(narratives, func(n corpus.Narrative) bool { return n.ID == id }):
			return labels, refuse("there is no narrative %q", id)
		case !slices.Contains(corpus.Stances(), l.Stance):
			return labels, refuse("there is no stance %q", stances[i])
		case startErr != nil || endErr != nil || l.Start < 0 || l.Start >= l.End || l.End > len(text):
			return labels, refuse("the span from %q to %q does not lie in the passage of %d bytes", starts[i], ends[i], len(text))
		case !utf8.RuneStart(text[l.Start]) || l.End < len(text) && !utf8.RuneStart(text[l.End]):
			return labels, refuse("the span from %d to %d cuts a character", l.Start, l.End)
		case slices.ContainsFunc(labels, same):
			return labels, refuse("%s %s is there twice", id, l.Stance)
		}
		labels = append(labels, l)
	}
	_, none := form["none"]
	switch {
	case len(labels) == 0 && !none:
		return nil, refuse("nothing was chosen: pick a narrative, or say that there is none")
	case len(labels) > 0 && none:
		return labels, refuse("it says that there is no narrative, and names one")
	}
	return labels, nil
}

// A labelPage is the passage of a turn with the codebook beside it.
type labelPage struct {
	Turn
	Problem   string // why the form was not saved
	Text      []labelSentence
	Size      int // of the text, in bytes
	Script    script
	Title     string // of the document
	Outlet    string
	Bloc      string // key of its bloc
	BlocName  string
	Language  string
	Published moment
	Original  outsideLink
	Kept      string
	Rows      []labelRow
	Row       labelRow   // an empty one, for the script
	Plain     []labelRow // with empty ones, for who has no script
	Guess     []labelRow
	Groups    []labelGroup
}

// A labelSentence is a sentence of a passage, or what stands between two.
type labelSentence struct {
	corpus.Span
	No    int // from 1; 0: between two
	Parts []labelPart
}

// A labelPart is a piece of text that a page shows as it is, with the byte it
// begins at; or the name of controls that are not shown as themselves.
type labelPart struct {
	corpus.Span
	Text    string
	Control string
}

type labelRow struct {
	Label
	Name    string
	Words   string // those that are marked
	Stances []labelStance
}

type labelStance struct {
	corpus.Stance
	Key, Meaning string
}

type labelGroup struct {
	Key          string // digit that opens it; empty past nine
	Letter, Name string
	Narratives   []labelNarrative
}

type labelNarrative struct {
	corpus.Narrative
	Key string // digit that picks it in its group; empty past nine
	N   int    // lines of the file that carry it
}

func labelPageOf(t Turn, narratives []corpus.Narrative, groups map[string]string) labelPage {
	p := labelPage{Turn: t, Groups: labelGroupsOf(narratives, groups, t.ByNarrative)}
	p.Row = labelRow{Stances: labelStances()}
	if t.Passage == nil {
		return p
	}
	a := t.Passage
	p.Size, p.Script, p.Text = len(a.Text), scriptOf(a.Lang, a.Text), labelSentences(a.Text, a.Sentences)
	p.Title, p.Outlet = shorten(plain(a.Title), 160), shorten(plain(a.Outlet), 60)
	p.Bloc, p.BlocName = blocKey(string(a.Bloc)), blocName(string(a.Bloc))
	p.Language, p.Published = languageName(a.Lang), claimedMoment(a.Published)
	if a.Source != "" {
		p.Original = outsideLinkOf(a.Source, "")
	}
	p.Kept, _ = outside(a.Kept)
	row := func(l Label) labelRow {
		r := labelRow{Label: l, Name: l.Narrative, Stances: labelStances()}
		if l.Start < l.End && l.End <= len(a.Text) {
			r.Words = shorten(plain(a.Text[l.Start:l.End]), 240)
		}
		if i := slices.IndexFunc(narratives, func(n corpus.Narrative) bool { return n.ID == l.Narrative }); i >= 0 {
			r.Name = narratives[i].Name
		}
		return r
	}
	for _, l := range t.Labels {
		p.Rows = append(p.Rows, row(l))
	}
	for _, l := range a.Guess {
		p.Guess = append(p.Guess, row(l))
	}
	p.Plain = append(slices.Clone(p.Rows), make([]labelRow, 3)...)
	return p
}

func labelStances() []labelStance {
	keys := map[corpus.Stance]string{corpus.StanceAsserts: "a", corpus.StanceReports: "r", corpus.StanceRebuts: "b"}
	var out []labelStance
	for _, s := range corpus.Stances() {
		out = append(out, labelStance{s, keys[s], stanceMeaning(s)})
	}
	return out
}

func labelGroupsOf(narratives []corpus.Narrative, names map[string]string, counts map[string]int) []labelGroup {
	var out []labelGroup
	for _, n := range narratives {
		at := slices.IndexFunc(out, func(g labelGroup) bool { return g.Letter == n.Group })
		if at < 0 {
			at = len(out)
			out = append(out, labelGroup{Key: digit(at), Letter: n.Group, Name: cmp.Or(names[n.Group], "Group "+n.Group)})
		}
		g := &out[at]
		g.Narratives = append(g.Narratives, labelNarrative{n, digit(len(g.Narratives)), counts[n.ID]})
	}
	return out
}

// digit gives the key of the nth of a list, from 0; there are nine.
func digit(n int) string {
	if n >= 9 {
		return ""
	}
	return strconv.Itoa(n + 1)
}

// labelSentences cuts a text into its sentences and what lies between them.
func labelSentences(text string, sentences []corpus.Span) []labelSentence {
	var out []labelSentence
	at := 0
	add := func(to, no int) {
		if to > at {
			s := corpus.Span{Start: at, End: to}
			out = append(out, labelSentence{Span: s, No: no, Parts: labelParts(text, s)})
			at = to
		}
	}
	for i, s := range sentences {
		s = fit(text, s, corpus.Span{Start: at, End: len(text)})
		add(s.Start, 0)
		add(s.End, i+1)
	}
	add(len(text), 0)
	return out
}

// labelParts cuts a stretch of text at every character that is not shown as
// itself, so that each piece is in the page byte by byte as it is in the text.
func labelParts(text string, within corpus.Span) []labelPart {
	var out []labelPart
	from := within.Start
	flush := func(to int) {
		if to > from {
			out = append(out, labelPart{Span: corpus.Span{Start: from, End: to}, Text: text[from:to]})
		}
	}
	for i := within.Start; i < within.End; {
		r, size := utf8.DecodeRuneInString(text[i:])
		c := controlOf(r)
		if c == controlNone {
			i += size
			continue
		}
		flush(i)
		if c == controlMarked {
			var name string
			name, size = controlRun(text[i:within.End])
			out = append(out, labelPart{Span: corpus.Span{Start: i, End: i + size}, Control: name})
		}
		i += size
		from = i
	}
	flush(within.End)
	return out
}
