package main

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"chorus/classify"
	"chorus/corpus"
	"chorus/index"
	"chorus/web"
)

// labelFlags are those of chorus label.
type labelFlags struct {
	out   string
	coder string
	addr  string
	again string
	seed  int64
}

func (a *app) labelCommand() *cobra.Command {
	var f labelFlags
	c := &cobra.Command{
		Use:   "label [QUERY] --out FILE.jsonl",
		Short: "Label passages by hand, for eval and train",
		Long: `Serve a page on which a coder labels passages of the collected documents that
match QUERY (default: all), and write what is decided to FILE, one line a
passage, as chorus eval and train read it. Ctrl-C ends it.

A passage is a paragraph, or one to three sentences, of 8 to 200 words. Half of
those offered carry a tag of the classifier, half of these a doubtful one; the
other half is drawn from what it left untagged, so that its misses are met too.
The classifier's own guess is hidden until it is asked for. A run offers up to
1000 passages, in an order that --seed decides; none that FILE has already.

--again offers exactly the passages of another coder's file, without its labels:
how far the two agree is then told by chorus eval --agreement.

The data folder is read at the start and given up again, so that chorus run can
have it meanwhile. A line that a crash cut short is removed from FILE; one that
is wrong elsewhere is refused, with its number.

Exit status: 0 done; 1 failed, or another process has FILE or the data folder;
2 used wrongly.`,
		Args: cobra.ArbitraryArgs,
		RunE: func(c *cobra.Command, args []string) error {
			return a.runLabel(c.Context(), f, strings.Join(args, " "))
		},
	}
	c.Flags().StringVar(&f.out, "out", "", "gold `file` to add to")
	c.Flags().StringVar(&f.coder, "coder", "", "`name` that goes into each line")
	c.Flags().StringVar(&f.addr, "addr", "127.0.0.1:8090", "loopback `address` of the page")
	c.Flags().StringVar(&f.again, "again", "", "label the passages of another coder's `file`")
	c.Flags().Int64Var(&f.seed, "seed", 1, "`number` that decides the draw and its order")
	return c
}

func (a *app) runLabel(ctx context.Context, f labelFlags, text string) (err error) {
	q, err := f.check(text)
	if err != nil {
		return usageError{err}
	}
	tagger, err := a.tagger()
	if err != nil {
		return err
	}
	sheet, err := classify.OpenSheet(f.out)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, sheet.Close()) }()
	if sheet.Mended != "" {
		fmt.Fprintf(a.err, "chorus: %s: %s\n", f.out, sheet.Mended)
	}
	known := map[string]bool{}
	for _, l := range sheet.Examples() {
		known[l.Text] = true
	}
	tasks, err := a.tasks(ctx, f, q, known)
	if err != nil {
		return err
	}
	if len(tasks) == 0 {
		fmt.Fprintln(a.err, "chorus: there is no passage left to label: all that match are in", f.out)
		return nil
	}
	d := &desk{sheet: sheet, tasks: tasks, tagger: tagger, coder: f.coder, file: filepath.Base(f.out), now: time.Now}
	l, err := net.Listen("tcp", f.addr)
	if err != nil {
		return fmt.Errorf("serve the page: %w (--addr names another address)", err)
	}
	c, err := a.config()
	if err != nil {
		return errors.Join(err, l.Close())
	}
	fmt.Fprintf(a.err, "chorus: %s to label at http://%s/label\n", plural(len(tasks), "passage", "passages"), l.Addr())
	err = serve(ctx, l, web.LabelHandler(d, tagger.Narratives(), groups(), web.Options{Log: a.logger(c), Version: version}))
	fmt.Fprintf(a.err, "chorus: %d labelled, %d in %s\n", d.saved(), len(sheet.Examples()), f.out)
	return err
}

// check says what is wrong with the flags, and gives the query.
func (f *labelFlags) check(text string) (index.Query, error) {
	if f.out == "" {
		return nil, errors.New("label: --out is missing: name the file to add to")
	}
	host, _, err := net.SplitHostPort(f.addr)
	if ip, ipErr := netip.ParseAddr(host); err != nil || host != "localhost" && (ipErr != nil || !ip.IsLoopback()) {
		return nil, fmt.Errorf("--addr %s: the page has no login, so its address must be a loopback one with a port, as 127.0.0.1:8090", f.addr)
	}
	if f.again == "" {
		q, err := index.Parse(cmp.Or(text, "*"))
		if err != nil {
			return nil, pointAt(err)
		}
		return q, nil
	}
	if text != "" {
		return nil, errors.New("--again takes the passages of a file, and a query those of the index: choose one")
	}
	mine, err := filepath.Abs(f.out)
	other, otherErr := filepath.Abs(f.again)
	if err == nil && otherErr == nil && mine == other {
		return nil, errors.New("--again and --out name the same file: each coder has one")
	}
	return nil, nil
}

// tasks gives what is to be labelled, in order.
func (a *app) tasks(ctx context.Context, f labelFlags, q index.Query, known map[string]bool) ([]task, error) {
	if f.again != "" {
		examples, err := readExamples([]string{f.again})
		if err != nil {
			return nil, err
		}
		return tasksAgain(examples, f.seed, known), nil
	}
	return a.tasksOf(ctx, q, f.seed, known)
}

// tasksOf draws passages from the index, and gives the data folder up again.
func (a *app) tasksOf(ctx context.Context, q index.Query, seed int64, known map[string]bool) (tasks []task, err error) {
	m, err := a.openKept(ctx, "label")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, m.Close()) }()
	err = m.CatchUp(ctx)
	a.endProgress()
	if err != nil {
		return nil, err
	}
	d := &draw{search: m.Search, documents: m.Documents, seed: seed, known: known}
	all, err := d.passages(ctx, q)
	if err != nil {
		return nil, err
	}
	c, err := a.config()
	if err != nil {
		return nil, err
	}
	for _, p := range all {
		outlet, ok := m.Outlet(p.doc.Item.Outlet)
		if !ok {
			outlet.Name = p.doc.Item.Outlet
		}
		tasks = append(tasks, taskOf(p, outlet, c.Server.Listen))
	}
	return tasks, nil
}

// A task is a passage to label, and the line it makes, as yet without labels.
type task struct {
	passage web.Passage
	example classify.Example
}

// taskOf makes a task of a passage. pages is where chorus run serves, if it
// does.
func taskOf(p drawn, outlet corpus.Outlet, pages string) task {
	lang := cmp.Or(p.doc.Article.Lang, "und")
	return task{
		passage: web.Passage{
			ID: textID(p.text), Text: p.text, Lang: lang, Sentences: sentencesOf(p.text), Title: p.doc.Title(),
			Outlet: outlet.Name, Bloc: outlet.Bloc, Published: p.doc.Published(), Source: p.doc.URL(),
			Kept: keptCopy(pages, p.doc.ID),
		},
		example: classify.Example{
			ID: lang + "-" + textID(p.text), Lang: lang, Bloc: outlet.Bloc, Text: p.text,
			Origin: "real", Source: p.doc.URL() + " " + string(p.doc.ID),
		},
	}
}

// keptCopy is where a Chorus that listens at an address shows a document, to
// who sits at this machine.
func keptCopy(listen string, id corpus.DocID) string {
	host, port, err := net.SplitHostPort(listen)
	if err != nil {
		return ""
	}
	if ip, err := netip.ParseAddr(host); host == "" || err == nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return "http://" + net.JoinHostPort(host, port) + "/doc/" + string(id)
}

// tasksAgain gives the passages of another coder without the labels.
func tasksAgain(examples []classify.Example, seed int64, known map[string]bool) []task {
	d := &draw{seed: seed}
	seen := map[string]bool{}
	var out []task
	for _, e := range examples {
		if known[e.Text] || seen[e.Text] || e.Text == "" {
			continue
		}
		seen[e.Text] = true
		e.Tags, e.Coder = nil, ""
		source, _, _ := strings.Cut(e.Source, " ")
		out = append(out, task{example: e, passage: web.Passage{
			ID: textID(e.Text), Text: e.Text, Lang: e.Lang, Sentences: sentencesOf(e.Text), Title: e.Title, Bloc: e.Bloc, Source: source,
		}})
	}
	slices.SortStableFunc(out, func(a, b task) int {
		return cmp.Compare(d.chance(a.passage.Text), d.chance(b.passage.Text))
	})
	return out
}

// textID names a text, the same for every coder.
func textID(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:6])
}

// A desk is the work of one coder: what is to come, and what was done. It
// implements web.Labels.
type desk struct {
	tagger *classify.Classifier
	coder  string
	file   string
	now    func() time.Time

	mu    sync.Mutex
	sheet *classify.Sheet
	tasks []task // still to come; the first is on the page
	past  []done // since the start
	back  *done  // how the first task was left, if it came back by undo
}

// done is a task that was saved or skipped.
type done struct {
	task
	saved  bool
	labels []web.Label
}

// Turn gives the passage to be labelled now.
func (d *desk) Turn() web.Turn {
	d.mu.Lock()
	defer d.mu.Unlock()
	t := web.Turn{Undo: len(d.past) > 0, Left: len(d.tasks), File: d.file, Coder: d.coder, ByNarrative: map[string]int{}}
	today := d.now().UTC().Truncate(24 * time.Hour)
	for _, l := range d.sheet.Examples() {
		t.Total++
		if !l.At.Before(today) {
			t.Today++
		}
		if len(l.Tags) == 0 {
			t.Negatives++
		}
		seen := map[string]bool{}
		for _, g := range l.Tags {
			if !seen[g.Narrative] {
				t.ByNarrative[g.Narrative]++
			}
			seen[g.Narrative] = true
		}
	}
	if len(d.tasks) == 0 {
		return t
	}
	p := d.tasks[0].passage
	p.Guess = d.guess(p)
	t.Passage = &p
	if d.back != nil {
		t.Labels, t.None = d.back.labels, d.back.saved && len(d.back.labels) == 0
	}
	return t
}

// guess is what the classifier finds in a passage.
func (d *desk) guess(p web.Passage) []web.Label {
	var out []web.Label
	for _, t := range d.tagger.Tags(classify.Input{Text: p.Text, Lang: p.Lang, Bloc: p.Bloc}) {
		for _, s := range t.Spans {
			out = append(out, web.Label{Narrative: t.Narrative, Stance: t.Stance, Span: s})
		}
	}
	return out
}

// Save writes the labels of the passage that is on the page.
func (d *desk) Save(id string, labels []web.Label) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.current(id); err != nil {
		return err
	}
	l := classify.Labelled{Example: d.tasks[0].example, At: d.now().UTC().Truncate(time.Second)}
	l.Coder = d.coder
	for _, x := range labels {
		l.Tags = append(l.Tags, classify.GoldTag{Narrative: x.Narrative, Stance: x.Stance, Start: x.Start, End: x.End})
	}
	if err := d.sheet.Append(l); err != nil {
		return err
	}
	d.pass(true, labels)
	return nil
}

// Skip passes over the passage that is on the page.
func (d *desk) Skip(id string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.current(id); err != nil {
		return err
	}
	d.pass(false, nil)
	return nil
}

// current says why a passage is not the one on the page, if it is not.
func (d *desk) current(id string) error {
	switch {
	case len(d.tasks) > 0 && d.tasks[0].passage.ID == id:
		return nil
	case slices.ContainsFunc(d.past, func(p done) bool { return p.passage.ID == id }):
		return web.ErrLabelled
	}
	return web.ErrNotOffered
}

func (d *desk) pass(saved bool, labels []web.Label) {
	d.past = append(d.past, done{d.tasks[0], saved, labels})
	d.tasks, d.back = d.tasks[1:], nil
}

// Undo brings back what was saved or skipped last.
func (d *desk) Undo() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.past) == 0 {
		return web.ErrNoUndo
	}
	last := d.past[len(d.past)-1]
	if last.saved {
		if _, err := d.sheet.Undo(); err != nil {
			return err
		}
	}
	d.past = d.past[:len(d.past)-1]
	d.tasks = slices.Insert(d.tasks, 0, last.task)
	d.back = &last
	return nil
}

// saved counts what was saved and not undone.
func (d *desk) saved() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	n := 0
	for _, p := range d.past {
		if p.saved {
			n++
		}
	}
	return n
}
