package monitor

import (
	"context"
	"slices"

	"chorus/archive"
	"chorus/corpus"
	"chorus/index/local"
)

// A VerifyReport says whether all that is kept is whole.
type VerifyReport struct {
	Archive archive.Report `json:"archive"`
	Store   string         `json:"store,omitempty"` // what is wrong with the database file
	Index   string         `json:"index,omitempty"` // what is wrong with the index; it can be made again
	Orphans []Orphan       `json:"orphans"`         // documents whose evidence is not there
	Checked int            `json:"checked"`         // document versions
}

// An Orphan is a document without its evidence.
type Orphan struct {
	ID     corpus.DocID `json:"id"`
	Seq    corpus.Seq   `json:"seq"`
	URL    string       `json:"url"`
	File   string       `json:"file"`
	Offset int64        `json:"offset"`
	Reason string       `json:"reason"`
}

// Faults is the number of things that are wrong.
func (r *VerifyReport) Faults() int {
	n := len(r.Archive.Damaged) + len(r.Orphans)
	for _, s := range []string{r.Store, r.Index} {
		if s != "" {
			n++
		}
	}
	return n
}

// Sound reports whether nothing is wrong.
func (r *VerifyReport) Sound() bool { return r.Faults() == 0 }

// Verify re-reads the archive, the store and the index, and checks that each
// document's evidence is where the store says, with the digest it says.
// Collecting may go on meanwhile: what is written after the start does not count.
func (m *Monitor) Verify(ctx context.Context) (VerifyReport, error) {
	m.redacting.RLock()
	defer m.redacting.RUnlock()
	r := VerifyReport{Orphans: []Orphan{}}
	if err := m.verifyArchive(ctx, &r); err != nil {
		return r, err
	}
	if err := m.store.Check(ctx); err != nil {
		if ctx.Err() != nil {
			return r, ctx.Err()
		}
		r.Store = err.Error()
	}
	if err := m.withIndex(func(x *local.Index) error { return x.Check(ctx) }); err != nil {
		if ctx.Err() != nil {
			return r, ctx.Err()
		}
		r.Index = err.Error()
	}
	return r, m.verifyDocuments(ctx, &r)
}

// verifyArchive re-reads the archive as far as it is committed now.
func (m *Monitor) verifyArchive(ctx context.Context, r *VerifyReport) error {
	extents, err := m.store.Extents(ctx)
	if err != nil {
		return err
	}
	committed := map[string]int64{}
	for _, e := range extents {
		committed[e.File] = e.Bytes
	}
	r.Archive, err = archive.Verify(ctx, m.archiveDir(), cap(m.reading), func(done, total int64) {
		m.progress("bytes verified", int(done), int(total))
	})
	r.Archive.Damaged = slices.DeleteFunc(r.Archive.Damaged, func(d archive.Damage) bool { return d.Offset >= committed[d.File] })
	return err
}

// verifyDocuments looks up the evidence of every document version, except
// where the archive is damaged anyway.
func (m *Monitor) verifyDocuments(ctx context.Context, r *VerifyReport) error {
	return m.store.Each(ctx, func(d corpus.Document) error {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		r.Checked++
		m.progress("documents verified", r.Checked, 0)
		if slices.ContainsFunc(r.Archive.Damaged, func(x archive.Damage) bool {
			return x.File == d.Evidence.File && x.Offset <= d.Evidence.Offset && d.Evidence.Offset < x.Offset+max(x.Length, 1)
		}) {
			return nil
		}
		if _, _, err := m.archive.Load(d.Evidence); err != nil {
			r.Orphans = append(r.Orphans, Orphan{ID: d.ID, Seq: d.Seq, URL: d.URL(), File: d.Evidence.File, Offset: d.Evidence.Offset, Reason: err.Error()})
		}
		return nil
	})
}
