package local

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/blevesearch/bleve/v2/document"
	index "github.com/blevesearch/bleve_index_api"
	"golang.org/x/sync/errgroup"

	"chorus/corpus"
)

// The fields of Bleve.
const (
	titleField  = "title"
	textField   = "text"
	authorField = "author"
)

// Put adds documents, or takes them in place of those with their Seq, and
// moves the cursor to upTo; the cursor never moves back. When Put returns nil
// both are safe on disk, and searches find them. When it returns an error
// nothing has changed, and the same documents can be put again.
//
// Documents should come in the order of Seq, several hundred at a time. A new
// version supersedes the earlier ones of its page by itself. A page without
// text is found by what its feed said of it.
func (x *Index) Put(ctx context.Context, docs []corpus.Document, upTo corpus.Seq) error {
	x.writing.Lock()
	defer x.writing.Unlock()
	if err := x.writable(); err != nil {
		return fmt.Errorf("put into index: %w", err)
	}
	c := x.change()
	made, err := x.putDocuments(ctx, c, docs)
	if err == nil {
		c.frame.cursor(max(upTo, x.columns.cursor))
		err = x.commit(c, made)
	}
	if err != nil {
		return fmt.Errorf("put into index: %w", errors.Join(err, x.discard(made)))
	}
	return nil
}

// Retag replaces the tags of documents. Documents that are not in the index
// are passed over: they bring their tags when they are put.
func (x *Index) Retag(ctx context.Context, tags map[corpus.Seq][]corpus.Tag) error {
	x.writing.Lock()
	defer x.writing.Unlock()
	if err := errors.Join(x.writable(), ctx.Err()); err != nil {
		return fmt.Errorf("retag in index: %w", err)
	}
	c := x.change()
	for seq, list := range tags {
		if _, ok := x.columns.ordinals.get(seq); ok {
			c.frame.tags(seq, c.tags(list))
		}
	}
	if err := x.commit(c, nil); err != nil {
		return fmt.Errorf("retag in index: %w", err)
	}
	return nil
}

// A Mark is what can happen to a document version after its arrival, as in
// corpus.Document.
type Mark struct {
	Seq      corpus.Seq
	Replaced corpus.Seq
	Deleted  time.Time
}

// Mark takes the marks in place of what was known. Documents that are not in
// the index are passed over.
func (x *Index) Mark(ctx context.Context, marks ...Mark) error {
	x.writing.Lock()
	defer x.writing.Unlock()
	if err := errors.Join(x.writable(), ctx.Err()); err != nil {
		return fmt.Errorf("mark in index: %w", err)
	}
	c := x.change()
	for _, m := range marks {
		if _, ok := x.columns.ordinals.get(m.Seq); ok {
			c.frame.mark(m.Seq, flags(false, m.Deleted, m.Replaced))
		}
	}
	if err := x.commit(c, nil); err != nil {
		return fmt.Errorf("mark in index: %w", err)
	}
	return nil
}

func (x *Index) writable() error {
	x.mu.RLock()
	defer x.mu.RUnlock()
	if x.closed {
		return errClosed
	}
	return x.failed
}

// commit writes the frame, makes it visible, and takes in new partitions.
func (x *Index) commit(c *change, made map[string]*partition) error {
	if err := x.log.append(c.frame); err != nil {
		x.failed = fmt.Errorf("an earlier change failed: %w", err)
		return err
	}
	x.mu.Lock()
	err := x.log.apply(c.frame, x.columns)
	for name, p := range made {
		x.partitions[name] = p
	}
	for name := range c.touched {
		p := x.partitions[name]
		p.mu.Lock()
		err = errors.Join(err, p.refresh(x.columns))
		p.mu.Unlock()
	}
	x.mu.Unlock()
	if err == nil && x.log.stale > max(x.columns.len(), 10_000) {
		err = x.log.rewrite(x.columns)
	}
	if err != nil {
		x.failed = fmt.Errorf("an earlier change failed: %w", err)
	}
	return err
}

// discard removes partitions that a failed change has made.
func (x *Index) discard(made map[string]*partition) error {
	var errs []error
	for name, p := range made {
		if x.partitions[name] != p {
			errs = append(errs, p.close(), os.RemoveAll(p.path))
		}
	}
	return errors.Join(errs...)
}

// putDocuments hands the documents to Bleve and notes their rows. It returns
// the partitions that it had to make.
func (x *Index) putDocuments(ctx context.Context, c *change, docs []corpus.Document) (made map[string]*partition, err error) {
	defer guard(&err)()
	made = make(map[string]*partition)
	byPart := make(map[string][]index.Document)
	moved := make(map[string][]string)
	for _, d := range lastOfEach(docs) {
		if d.Seq <= 0 {
			return made, fmt.Errorf("document %s has no Seq", d.ID)
		}
		name := periodOf(published(d), x.options.Partition)
		r := c.row(d, name)
		c.frame.put(r)
		byPart[name] = append(byPart[name], bleveDocument(d, x.analyzers[analyzerOf(language(d))], x.analyzers[plainAnalyzer]))
		if ord, ok := x.columns.ordinals.get(d.Seq); ok && x.columns.part[ord] != r.part {
			old := x.columns.parts.names[x.columns.part[ord]]
			moved[old] = append(moved[old], id(d.Seq))
			c.touched[old] = true
		}
	}
	for name := range byPart {
		c.touched[name] = true
	}
	if len(c.touched) > 0 {
		c.frame.change(c.number)
	}
	var batches []batch
	for name := range c.touched {
		number := c.names.number(&c.frame, listParts, name)
		c.frame.touch(number, c.number)
		p := x.partitions[name]
		if p == nil {
			if p, err = openPartition(x.dir, name, number, x.queue); err != nil {
				return made, err
			}
			made[name] = p
		}
		batches = append(batches, x.batches(p, byPart[name], moved[name], len(docs))...)
	}
	return made, c.write(ctx, batches)
}

// lastOfEach gives the documents, of those with one Seq the last.
func lastOfEach(docs []corpus.Document) []*corpus.Document {
	at := make(map[corpus.Seq]int, len(docs))
	list := make([]*corpus.Document, 0, len(docs))
	for i := range docs {
		if j, twice := at[docs[i].Seq]; twice {
			list[j] = &docs[i]
			continue
		}
		at[docs[i].Seq] = len(list)
		list = append(list, &docs[i])
	}
	return list
}

// A batch is what goes into one partition at once.
type batch struct {
	partition *partition
	docs      []index.Document
	deleted   []string
}

// batches cuts the documents of a partition, which are some of all that are
// put, so that two writers have work.
func (x *Index) batches(p *partition, docs []index.Document, deleted []string, all int) []batch {
	size := x.options.BatchSize
	if all > 200 {
		size = min(size, (all+1)/2)
	}
	list := []batch{{partition: p, deleted: deleted}}
	for i, part := range slices.Collect(slices.Chunk(docs, size)) {
		if i == 0 {
			list[0].docs = part
		} else {
			list = append(list, batch{partition: p, docs: part})
		}
	}
	return list
}

// write brings the batches to disk, two at a time: one builds its segment
// while the other waits for the disk.
func (c *change) write(ctx context.Context, batches []batch) error {
	var group errgroup.Group
	group.SetLimit(2)
	for _, b := range batches {
		group.Go(func() (err error) {
			defer guard(&err)()
			if err := ctx.Err(); err != nil {
				return err
			}
			operations := index.NewBatch()
			for _, d := range b.docs {
				operations.Update(d)
			}
			for _, id := range b.deleted {
				operations.Delete(id)
			}
			operations.SetInternal(changeKey(), binary.AppendUvarint(nil, c.number))
			if err := b.partition.engine.Batch(operations); err != nil {
				return fmt.Errorf("partition %s: %w", filepath.Base(b.partition.path), err)
			}
			return nil
		})
	}
	return group.Wait()
}

// A change is a frame that is being built, with the names that it adds.
type change struct {
	number  uint64
	frame   frame
	names   naming
	touched map[string]bool // partitions
}

func (x *Index) change() *change {
	return &change{number: x.columns.change + 1, names: naming{columns: x.columns}, touched: make(map[string]bool)}
}

// naming numbers names that the columns do not have yet.
type naming struct {
	columns *columns
	added   [listStances + 1]names
}

// number gives the number of a name, and notes in the frame if it is new.
func (n *naming) number(f *frame, list int, name string) uint32 {
	old := n.columns.list(uint64(list))
	if i, ok := old.find(name); ok {
		return i
	}
	before := len(n.added[list].names)
	i := n.added[list].add(name)
	if int(i) == before {
		f.name(uint64(list), name)
	}
	return uint32(len(old.names)) + i
}

func (c *change) row(d *corpus.Document, part string) row {
	r := row{
		seq:       d.Seq,
		page:      pageOf(d.ID),
		published: undated,
		flags:     flags(d.Edit > 0, d.Deleted, d.Replaced),
		part:      c.names.number(&c.frame, listParts, part),
		outlet:    c.names.number(&c.frame, listOutlets, d.Item.Outlet),
		lang:      c.names.number(&c.frame, listLangs, language(d)),
		kind:      c.names.number(&c.frame, listKinds, string(d.Article.Kind)),
		tags:      c.tags(d.Tags),
	}
	if t := published(d); !t.IsZero() {
		r.published = t.Unix()
	}
	return r
}

func (c *change) tags(tags []corpus.Tag) []tagKey {
	keys := make([]tagKey, len(tags))
	for i, t := range tags {
		keys[i] = tagKey{
			narrative: c.names.number(&c.frame, listNarratives, t.Narrative),
			stance:    c.names.number(&c.frame, listStances, string(t.Stance)),
		}
	}
	return keys
}

func flags(edited bool, deleted time.Time, replaced corpus.Seq) uint8 {
	var f uint8
	if edited {
		f |= flagEdited
	}
	if !deleted.IsZero() {
		f |= flagDeleted
	}
	if replaced != 0 {
		f |= flagReplaced
	}
	return f
}

// published is the time of a document, zero if it is not known or absurd.
func published(d *corpus.Document) time.Time {
	t := d.Published().UTC()
	if t.Year() < 1900 || t.Year() > 9999 {
		return time.Time{}
	}
	return t
}

// language is the base of the document's language tag.
func language(d *corpus.Document) string {
	base, _, _ := strings.Cut(strings.ToLower(d.Article.Lang), "-")
	if base == "" {
		return "und"
	}
	return base
}

// bleveDocument gives Bleve the words of a document.
func bleveDocument(d *corpus.Document, words, authors *analyzer) *document.Document {
	title, text := d.Article.Title, d.Article.Text
	if title == "" {
		title = d.Item.Title
	}
	if text == "" {
		text = d.Item.Summary
	}
	author := d.Article.Byline
	if d.Item.Author != author {
		author = strings.TrimSpace(author + "\n" + d.Item.Author)
	}
	out := document.NewDocument(id(d.Seq))
	for _, f := range []struct {
		name, text string
		analyzer   *analyzer
	}{{titleField, title, words}, {textField, text, words}, {authorField, author, authors}} {
		if f.text != "" {
			out.AddField(document.NewTextFieldCustom(f.name, nil, []byte(f.text), index.IndexField|index.IncludeTermVectors, f.analyzer))
		}
	}
	return out
}
