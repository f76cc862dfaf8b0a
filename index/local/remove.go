package local

// Documents that must leave no trace. Bleve only marks what is deleted; its
// words stay in the segment until that is merged with others. So a removal has
// two steps: Remove takes documents out of the columns, and nothing finds them
// any more; Purge writes the partitions anew that still hold their words.

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/blevesearch/bleve/v2/document"
	index "github.com/blevesearch/bleve_index_api"
	segment "github.com/blevesearch/scorch_segment_api/v2"

	"chorus/corpus"
)

// Remove takes documents out of the index; those that are not in it are passed
// over. When it returns nil, nothing finds them, also after a crash. Their words
// are on disk until Purge has returned.
func (x *Index) Remove(ctx context.Context, seqs ...corpus.Seq) error {
	x.writing.Lock()
	defer x.writing.Unlock()
	if err := errors.Join(x.writable(), ctx.Err()); err != nil {
		return fmt.Errorf("remove from index: %w", err)
	}
	gone := map[corpus.Seq]bool{}
	for _, seq := range seqs {
		if _, ok := x.columns.ordinals.get(seq); ok {
			gone[seq] = true
		}
	}
	if len(gone) == 0 {
		return nil
	}
	if err := x.replaceColumns(x.columns.without(gone)); err != nil {
		x.failed = fmt.Errorf("an earlier change failed: %w", err)
		return fmt.Errorf("remove from index: %w", err)
	}
	return nil
}

// replaceColumns writes the columns to disk in place of the old ones, and then
// takes them. Ordinals change.
func (x *Index) replaceColumns(c *columns) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	if err := x.log.rewrite(c); err != nil {
		return err
	}
	x.columns, x.unclean = c, true
	var errs []error
	for _, p := range x.partitions {
		p.mu.Lock()
		errs = append(errs, p.forget(), p.refresh(c))
		p.mu.Unlock()
	}
	return errors.Join(errs...)
}

// forget makes the next refresh look up all ordinals again.
func (p *partition) forget() error {
	if p.view == nil {
		return nil
	}
	old := p.view
	p.view = nil
	return old.snapshot.Close()
}

// without gives the columns without some documents.
func (c *columns) without(gone map[corpus.Seq]bool) *columns {
	fresh := newColumns()
	for i := uint64(0); c.list(i) != nil; i++ {
		for _, name := range c.list(i).names {
			fresh.list(i).add(name)
		}
	}
	for ord := range uint32(c.len()) {
		if !gone[c.seqs[ord]] {
			fresh.put(c.row(ord))
		}
	}
	fresh.cursor, fresh.change, fresh.newest = c.cursor, c.change, c.newest
	fresh.touched = slices.Clone(c.touched)
	fresh.held = append(fresh.held, make([]int, len(c.held)-len(fresh.held))...)
	return fresh
}

// filler is the id of a document without words that a partition gets so that
// there are two segments to merge: Bleve does not write a lone one anew.
const filler = corpus.Seq(0)

// Purge writes all partitions anew that hold words of documents which the
// columns do not know. It does nothing if there are none. Changes wait
// meanwhile, searches do not.
func (x *Index) Purge(ctx context.Context) error {
	x.writing.Lock()
	defer x.writing.Unlock()
	if err := x.writable(); err != nil {
		return fmt.Errorf("purge index: %w", err)
	}
	if !x.unclean {
		return nil
	}
	for _, p := range x.all() {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := x.purge(ctx, p); err != nil {
			return fmt.Errorf("purge partition %s: %w", p.name, err)
		}
	}
	x.unclean = false
	return nil
}

func (x *Index) purge(ctx context.Context, p *partition) (err error) {
	defer guard(&err)()
	if err := p.renew(x.columns); err != nil {
		return err
	}
	strangers, unclean, err := p.strangers()
	if err != nil || !unclean {
		return err
	}
	b := index.NewBatch()
	for _, id := range strangers {
		b.Delete(id)
	}
	b.Update(document.NewDocument(id(filler)))
	if err := p.engine.Batch(b); err != nil {
		return err
	}
	if err := p.engine.ForceMerge(ctx, nil); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return x.tidy(ctx, p)
}

// renew makes the view that of the newest snapshot.
func (p *partition) renew(c *columns) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.refresh(c)
}

// strangers gives the ids of live documents that the columns do not know, and
// whether any segment holds words of such documents, live or not.
func (p *partition) strangers() (live []string, unclean bool, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, s := range p.view.segments {
		for i, ord := range s.ordinals {
			if ord != none {
				continue
			}
			raw, err := s.segment.DocID(uint64(i))
			if err != nil {
				return nil, false, err
			}
			if string(raw) == id(filler) {
				continue
			}
			unclean = true
			if s.deleted == nil || !s.deleted.Contains(uint32(i)) {
				live = append(live, string(raw))
			}
		}
	}
	return live, unclean, nil
}

// mostRounds bounds how often Bleve is asked to tidy up.
const mostRounds = 1000

// tidy waits until Bleve has removed the files of segments that were merged
// away. It does so after writes, when nobody looks at the old snapshots.
func (x *Index) tidy(ctx context.Context, p *partition) error {
	for round := range uint64(mostRounds) {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := p.renew(x.columns); err != nil {
			return err
		}
		left, err := p.unused()
		if err != nil || len(left) == 0 {
			return err
		}
		b := index.NewBatch()
		b.SetInternal([]byte("tidy"), binary.AppendUvarint(nil, round))
		if err := p.engine.Batch(b); err != nil {
			return err
		}
	}
	return errors.New("files of segments that are no longer in use were not removed")
}

// unused lists the files of segments that the partition does not use.
func (p *partition) unused() ([]string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	files, err := filepath.Glob(filepath.Join(p.path, "*.zap"))
	if err != nil {
		return nil, err
	}
	used := map[string]bool{}
	for _, s := range p.view.segments {
		if file, ok := s.segment.(segment.PersistedSegment); ok {
			used[filepath.Base(file.Path())] = true
		}
	}
	return slices.DeleteFunc(files, func(f string) bool {
		_, err := os.Stat(f)
		return used[filepath.Base(f)] || errors.Is(err, os.ErrNotExist)
	}), nil
}
