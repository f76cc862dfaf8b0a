package monitor

// Tagging again what is kept, after a new codebook or model.

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"chorus/corpus"
	"chorus/store"
)

// A RetagSummary says what tagging all documents again changed.
type RetagSummary struct {
	Version   string       `json:"version"`   // of the classifier now
	Documents int          `json:"documents"` // versions that were read
	Tagged    int          `json:"tagged"`    // of these, how many have a tag now
	Changes   []RetagCount `json:"changes"`   // of every narrative that any document carried or carries, in codebook order; unknown ones last
}

// A RetagCount is how many document versions in force carry a narrative,
// asserted or reported.
type RetagCount struct {
	Narrative string `json:"narrative"`
	Before    int    `json:"before"`
	After     int    `json:"after"`
	Gained    int    `json:"gained"`
	Lost      int    `json:"lost"`
}

// Retag tags all documents of the store again with the classifier of the
// configuration, and brings the index up to date. The documents and the
// archive stay as they are, and so do the tags of other classifier versions.
// Interrupted, what is tagged is tagged; the next call begins anew.
func (m *Monitor) Retag(ctx context.Context) (RetagSummary, error) {
	r := retagger{Monitor: m, counts: map[string]*RetagCount{}}
	r.sum.Version = m.judge()
	total, err := m.store.Count(ctx)
	if err != nil {
		return r.sum, fmt.Errorf("retag: %w", err)
	}
	work := ordered[corpus.Document, judged]{
		slots: m.reading,
		size:  func(d corpus.Document) int { return len(d.Article.Text) },
		work:  r.judge,
		done: func(all []judged) error {
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := r.keep(ctx, all); err != nil {
				return err
			}
			m.progress("tagged", r.sum.Documents, total)
			return nil
		},
	}
	err = m.store.Each(ctx, work.add)
	if err == nil {
		err = work.flush()
	}
	r.finish()
	if err != nil {
		return r.sum, fmt.Errorf("retag: %w", err)
	}
	return r.sum, m.CatchUp(ctx)
}

// A retagger keeps what it tags, and counts.
type retagger struct {
	*Monitor
	sum    RetagSummary
	counts map[string]*RetagCount
}

// judged is a document with its old tags, and the new ones.
type judged struct {
	doc  corpus.Document
	tags []corpus.Tag
}

func (r *retagger) judge(d corpus.Document) judged {
	outlet, _ := r.registry.Outlet(d.Item.Outlet)
	return judged{d, r.tags(&d, outlet.Bloc)}
}

func (r *retagger) keep(ctx context.Context, all []judged) error {
	tags := make(map[corpus.Seq][]corpus.Tag, len(all))
	for _, j := range all {
		tags[j.doc.Seq] = j.tags
	}
	if err := r.store.Retag(ctx, r.sum.Version, tags); err != nil {
		return err
	}
	for _, j := range all {
		r.sum.Documents++
		if len(j.tags) > 0 {
			r.sum.Tagged++
		}
		if j.doc.Replaced == 0 {
			r.count(carried(j.doc.Tags), carried(j.tags))
		}
	}
	return nil
}

func (r *retagger) count(before, after map[string]bool) {
	of := func(narrative string) *RetagCount {
		if r.counts[narrative] == nil {
			r.counts[narrative] = &RetagCount{Narrative: narrative}
		}
		return r.counts[narrative]
	}
	for n := range before {
		of(n).Before++
		if !after[n] {
			of(n).Lost++
		}
	}
	for n := range after {
		of(n).After++
		if !before[n] {
			of(n).Gained++
		}
	}
}

// carried gives the narratives that a document carries: a tag asserts or
// reports them.
func carried(tags []corpus.Tag) map[string]bool {
	out := map[string]bool{}
	for _, t := range tags {
		if t.Stance != corpus.StanceRebuts {
			out[t.Narrative] = true
		}
	}
	return out
}

// finish puts the counts in the order of the codebook.
func (r *retagger) finish() {
	r.sum.Changes = []RetagCount{}
	for _, n := range r.tagger.Narratives() {
		if c := r.counts[n.ID]; c != nil {
			r.sum.Changes = append(r.sum.Changes, *c)
			delete(r.counts, n.ID)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(r.counts)) {
		r.sum.Changes = append(r.sum.Changes, *r.counts[id])
	}
}

// TagVersions lists the classifier versions whose tags are kept.
func (m *Monitor) TagVersions(ctx context.Context) ([]store.TagVersion, error) {
	return m.store.TagVersions(ctx)
}

// CompareTags compares the tags of an older classifier version with those in
// force, by narrative and month.
func (m *Monitor) CompareTags(ctx context.Context, version string) ([]store.TagChange, error) {
	return m.store.CompareTags(ctx, version)
}
