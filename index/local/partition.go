package local

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"sync"
	"time"

	"github.com/RoaringBitmap/roaring/v2"
	"github.com/blevesearch/bleve/v2/index/scorch"
	index "github.com/blevesearch/bleve_index_api"
	segment "github.com/blevesearch/scorch_segment_api/v2"

	"chorus/corpus"
)

// A partition is the Bleve index of the documents of one period. Bleve knows a
// document by its Seq, eight bytes, big endian.
type partition struct {
	name   string
	number uint32
	path   string
	engine *scorch.Scorch

	mu   sync.Mutex
	view *view
}

// A view is one snapshot of a partition, with the ordinals of its documents.
type view struct {
	snapshot  *scorch.IndexSnapshot
	segments  []segmentView
	analyzers uint16 // set of the analyzers of its documents
}

type segmentView struct {
	id       uint64
	segment  segment.Segment
	deleted  *roaring.Bitmap
	ordinals []uint32 // by number in the segment; none: not in the columns
}

const none = ^uint32(0)

var partitionPattern = regexp.MustCompile(`^(undated|\d{4}(-\d\d|-q[1-4])?)$`)

func partitionName(folder string) bool { return partitionPattern.MatchString(folder) }

// periodOf names the partition of a publication time.
func periodOf(t time.Time, width string) string {
	switch {
	case t.IsZero():
		return "undated"
	case width == Year:
		return t.Format("2006")
	case width == Quarter:
		return fmt.Sprintf("%s-q%d", t.Format("2006"), (t.Month()+2)/3)
	}
	return t.Format("2006-01")
}

// changeKey is where a partition keeps the number of the last change to it.
func changeKey() []byte { return []byte("change") }

func id(s corpus.Seq) string {
	return string(binary.BigEndian.AppendUint64(nil, uint64(s)))
}

// openPartition opens the partition called name, or makes it. All segment
// files are read and compared with their checksums first: Bleve itself would
// not notice a flipped bit.
func openPartition(dir, name string, number uint32, queue *index.AnalysisQueue) (p *partition, err error) {
	defer guard(&err)()
	path := filepath.Join(dir, name)
	bad, err := damaged(path)
	if err != nil {
		return nil, err
	}
	if err := checkBolt(filepath.Join(path, "root.bolt")); err != nil {
		return nil, err
	}
	engine, err := scorch.NewScorch("scorch", map[string]any{"path": path, "bolt_timeout": "1s"}, queue)
	if err != nil {
		return nil, err
	}
	if err := engine.Open(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	p = &partition{name: name, number: number, path: path, engine: engine.(*scorch.Scorch)}
	snapshot, err := p.snapshot()
	if err != nil {
		return p, err
	}
	defer snapshot.Close()
	for _, s := range snapshot.Segments() {
		if file, ok := s.Segment().(segment.PersistedSegment); ok && bad[filepath.Base(file.Path())] {
			return p, fmt.Errorf("%w: %s does not have its checksum", ErrCorrupt, filepath.Base(file.Path()))
		}
	}
	return p, nil
}

// damaged names the segment files in the folder whose checksum is wrong. A
// process that was killed leaves such files, too, but no snapshot uses them.
func damaged(folder string) (map[string]bool, error) {
	files, err := filepath.Glob(filepath.Join(folder, "*.zap"))
	if err != nil {
		return nil, err
	}
	bad := make(map[string]bool)
	for _, f := range files {
		ok, err := intact(f)
		if errors.Is(err, os.ErrNotExist) {
			continue // merged away meanwhile
		}
		if err != nil {
			return nil, err
		}
		if !ok {
			bad[filepath.Base(f)] = true
		}
	}
	return bad, nil
}

// intact reports whether the last four bytes of a segment file are the CRC-32
// of all before them, as zap writes it.
func intact(path string) (bool, error) {
	f, err := os.Open(path)
	if err != nil {
		return false, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil || info.Size() < 4 {
		return false, err
	}
	r := bufio.NewReaderSize(f, 1<<18)
	sum := crc32.NewIEEE()
	if _, err := io.CopyN(sum, r, info.Size()-4); err != nil {
		return false, err
	}
	var want [4]byte
	if _, err := io.ReadFull(r, want[:]); err != nil {
		return false, err
	}
	return binary.BigEndian.Uint32(want[:]) == sum.Sum32(), nil
}

func (p *partition) snapshot() (*scorch.IndexSnapshot, error) {
	r, err := p.engine.Reader()
	if err != nil {
		return nil, err
	}
	s, ok := r.(*scorch.IndexSnapshot)
	if !ok || s == nil {
		return nil, errors.New("bleve gave no snapshot")
	}
	return s, nil
}

// verify compares the partition with the columns. The log may be one change
// behind, if the process ended between the two; never the partition.
func (p *partition) verify(c *columns) (err error) {
	defer guard(&err)()
	if err := p.refresh(c); err != nil {
		return err
	}
	raw, err := p.view.snapshot.GetInternal(changeKey())
	if err != nil {
		return err
	}
	change, _ := binary.Uvarint(raw)
	if least := c.touched[p.number]; change < least || change > c.change+1 {
		return fmt.Errorf("%w: its last change is %d, want %d to %d", ErrCorrupt, change, least, c.change+1)
	}
	seen := newBitset(c.len())
	for _, s := range p.view.segments {
		for i, ord := range s.ordinals {
			if ord == none || s.deleted != nil && s.deleted.Contains(uint32(i)) {
				continue
			}
			if seen.has(ord) {
				return fmt.Errorf("%w: it has document %d twice", ErrCorrupt, c.seqs[ord])
			}
			if c.part[ord] == p.number {
				seen.set(ord)
			}
		}
	}
	if n := seen.count(); n != c.held[p.number] {
		return fmt.Errorf("%w: it has %d documents, want %d", ErrCorrupt, n, c.held[p.number])
	}
	return nil
}

// check is verify with all files read again.
func (p *partition) check(c *columns) error {
	bad, err := damaged(p.path)
	if err != nil {
		return err
	}
	snapshot, err := p.snapshot()
	if err != nil {
		return err
	}
	defer snapshot.Close()
	for _, s := range snapshot.Segments() {
		if file, ok := s.Segment().(segment.PersistedSegment); ok && bad[filepath.Base(file.Path())] {
			return fmt.Errorf("%w: %s does not have its checksum", ErrCorrupt, filepath.Base(file.Path()))
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.verify(c)
}

// refresh makes the view that of the newest snapshot. The columns must hold
// all documents of the partition that count.
func (p *partition) refresh(c *columns) error {
	snapshot, err := p.snapshot()
	if err != nil {
		return err
	}
	if p.view != nil && p.view.snapshot == snapshot {
		return snapshot.Close()
	}
	known := make(map[uint64][]uint32)
	if p.view != nil {
		for _, s := range p.view.segments {
			known[s.id] = s.ordinals
		}
	}
	v := &view{snapshot: snapshot}
	for _, s := range snapshot.Segments() {
		ordinals, ok := known[s.Id()]
		if !ok {
			if ordinals, err = ordinalsOf(s.Segment(), c); err != nil {
				return errors.Join(err, snapshot.Close())
			}
		}
		v.segments = append(v.segments, segmentView{id: s.Id(), segment: s.Segment(), deleted: s.Deleted(), ordinals: ordinals})
		for _, ord := range ordinals {
			if ord != none {
				v.analyzers |= 1 << c.analyzer[ord]
			}
		}
	}
	old := p.view
	p.view = v
	if old != nil {
		return old.snapshot.Close()
	}
	return nil
}

func ordinalsOf(s segment.Segment, c *columns) ([]uint32, error) {
	out := make([]uint32, s.Count())
	for i := range out {
		raw, err := s.DocID(uint64(i))
		if err != nil {
			return nil, err
		}
		out[i] = none
		if len(raw) != 8 {
			return nil, fmt.Errorf("%w: a document has the id %x", ErrCorrupt, raw)
		}
		if ord, ok := c.ordinals.get(corpus.Seq(binary.BigEndian.Uint64(raw))); ok {
			out[i] = ord
		}
	}
	return out, nil
}

// acquire gives the newest view that agrees with the columns, to be released
// by closing its snapshot. While a change is being written the columns lag
// behind Bleve, and the view before it is the right one.
func (p *partition) acquire(c *columns, writing *sync.Mutex) (*view, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if writing.TryLock() {
		err := p.refresh(c)
		writing.Unlock()
		if err != nil {
			return nil, err
		}
	}
	p.view.snapshot.AddRef()
	return p.view, nil
}

func (p *partition) close() error {
	var err error
	if p.view != nil {
		err = p.view.snapshot.Close()
	}
	return errors.Join(err, p.engine.Close())
}

// Seal merges the segments of all partitions whose period ended before the
// given time. They take less room and answer faster then. It may take minutes;
// searches go on, and changes too.
func (x *Index) Seal(ctx context.Context, before time.Time) error {
	limit := periodOf(before.UTC(), x.options.Partition)
	for _, p := range x.all() {
		if p.name == "undated" || p.name >= limit {
			continue
		}
		snapshot, err := p.snapshot()
		if err != nil {
			return err
		}
		n := len(snapshot.Segments())
		if err := snapshot.Close(); err != nil {
			return err
		}
		if n < 2 {
			continue
		}
		if err := p.engine.ForceMerge(ctx, nil); err != nil {
			return fmt.Errorf("seal partition %s: %w", p.name, err)
		}
	}
	return nil
}

// all lists the partitions.
func (x *Index) all() []*partition {
	x.mu.RLock()
	defer x.mu.RUnlock()
	list := make([]*partition, 0, len(x.partitions))
	for _, p := range x.partitions {
		list = append(list, p)
	}
	return list
}
