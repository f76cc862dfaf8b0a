package archive

import (
	"cmp"
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"
)

// A Damage is one thing that is wrong with an archive.
type Damage struct {
	File     string `json:"file"`
	Offset   int64  `json:"offset"`              // where the record begins that is damaged
	Length   int64  `json:"length"`              // bytes up to the next record that can be read
	RecordID string `json:"record_id,omitempty"` // if it can be read
	Reason   string `json:"reason"`
}

// String says where and what, in one line.
func (d Damage) String() string {
	s := fmt.Sprintf("%s byte %d", d.File, d.Offset)
	if d.RecordID != "" {
		s += " (" + d.RecordID + ")"
	}
	return s + ": " + d.Reason
}

// A Report is what Verify found.
type Report struct {
	Segments int      `json:"segments"`
	Records  int      `json:"records"` // that can be read
	Captures int      `json:"captures"`
	Revisits int      `json:"revisits"`
	Bytes    int64    `json:"bytes"`
	Damaged  []Damage `json:"damaged"` // in order of files and offsets
}

// Verify reads the whole archive in dir again and names all that is wrong with
// it: gzip members that cannot be unpacked or whose framing was altered, block
// and payload digests, segments without warcinfo, captures with records
// missing, and revisits that refer to nothing. Each thing that is damaged is
// named once. A flipped bit goes unseen only where deflate does not use it or
// has two ways to say the same; then every record still reads as it was
// written. That whole captures were taken out does not show here: the
// store's evidence and the extents given to Open do show it.
//
// Up to workers segments are read at once; progress, if not nil, is told from
// time to time how many bytes are done. As for Walk, nobody may write meanwhile.
func Verify(ctx context.Context, dir string, workers int, progress func(done, total int64)) (Report, error) {
	r := Report{Damaged: []Damage{}}
	names, err := segments(dir)
	if err != nil {
		return r, fmt.Errorf("verify archive %s: %w", dir, err)
	}
	sizes := make([]int64, len(names))
	var total int64
	for i, name := range names {
		if sizes[i], err = fileBytes(filepath.Join(dir, name)); err != nil {
			return r, fmt.Errorf("verify archive %s: %w", dir, err)
		}
		total += sizes[i]
	}

	var mu sync.Mutex
	var done int64
	advance := func(n int64) {
		mu.Lock()
		defer mu.Unlock()
		if done += n; progress != nil {
			progress(done, total)
		}
	}
	parts := make([]Report, len(names))
	tasks, ctx := errgroup.WithContext(ctx)
	tasks.SetLimit(max(workers, 1))
	for i, name := range names {
		tasks.Go(func() error {
			v := verifier{dir: dir, file: name, advance: advance}
			err := v.segment(ctx, sizes[i])
			parts[i] = v.report
			return err
		})
	}
	err = tasks.Wait()
	for _, p := range parts {
		r.Segments += p.Segments
		r.Records += p.Records
		r.Captures += p.Captures
		r.Revisits += p.Revisits
		r.Bytes += p.Bytes
		r.Damaged = append(r.Damaged, p.Damaged...)
	}
	return r, err
}

// progressBytes is how much is read between two reports of progress.
const progressBytes = 4 << 20

// A verifier reads one segment.
type verifier struct {
	dir, file string
	advance   func(int64)
	report    Report
}

func (v *verifier) segment(ctx context.Context, size int64) error {
	g := grouper{file: v.file, emit: v.group}
	var told int64
	first := true
	err := scan(ctx, v.dir, Position{File: v.file}, func(rec *Record, d *Damage) error {
		if first && (rec == nil || rec.Type() != typeWarcinfo) && d == nil {
			v.damaged(Damage{File: v.file, Reason: "the segment does not begin with a warcinfo record"})
		}
		first = false
		if d == nil {
			v.frame(rec)
		}
		if rec != nil {
			v.report.Records++
			if end := rec.Offset + rec.Length; end-told >= progressBytes {
				v.advance(end - told)
				told = end
			}
		}
		return g.add(rec, d)
	})
	if err == nil {
		err = g.flush()
	}
	if first && err == nil {
		v.damaged(Damage{File: v.file, Reason: "the segment is empty"})
	}
	v.report.Segments, v.report.Bytes = 1, size
	v.advance(size - told)
	slices.SortStableFunc(v.report.Damaged, func(a, b Damage) int { return cmp.Compare(a.Offset, b.Offset) })
	return err
}

func (v *verifier) damaged(d Damage) { v.report.Damaged = append(v.report.Damaged, d) }

// frame compares the header of the gzip member with the only one that an
// archive writes. Nothing else covers those bytes: gzip's check sum does not.
func (v *verifier) frame(rec *Record) {
	want := [10]byte{0x1f, 0x8b, 8, 9: 0xff} // no flags, no time, unknown system
	if rec.frame != want {
		v.damaged(Damage{
			File: v.file, Offset: rec.Offset, Length: rec.Length, RecordID: rec.ID(),
			Reason: fmt.Sprintf("gzip header is %x, want %x; the record itself is whole", rec.frame, want),
		})
	}
}

// group checks that a capture is complete and its revisits can be resolved.
func (v *verifier) group(g *group) error {
	v.report.Damaged = append(v.report.Damaged, g.damage...)
	if g.meta == nil {
		return nil
	}
	v.report.Captures++
	for _, rec := range g.records {
		if rec.Type() != typeRevisit {
			continue
		}
		v.report.Revisits++
		if err := v.revisit(rec); err != nil {
			v.damaged(Damage{File: v.file, Offset: rec.Offset, Length: rec.Length, RecordID: rec.ID(), Reason: err.Error()})
		}
	}
	return nil
}

// revisit checks that the record which a revisit refers to still has the payload.
func (v *verifier) revisit(rec *Record) error {
	original, _, err := follow(v.dir, rec)
	if err == nil {
		err = original.Check()
	}
	if err != nil {
		return err
	}
	if t := original.Type(); t != typeResponse {
		return fmt.Errorf("revisit refers to %s, which is a %s", original.ID(), t)
	}
	want := rec.Header.Get("WARC-Payload-Digest")
	if got := original.Header.Get("WARC-Payload-Digest"); want != "" && got != want {
		return fmt.Errorf("revisit refers to %s, whose payload is %s, not %s", original.ID(), got, want)
	}
	return nil
}
