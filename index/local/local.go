// Package local is the search engine of one machine: Bleve for the words,
// columns in memory for everything else.
//
// Bleve holds, for each document, the words of its title, its text and its
// authors, and nothing more. All that can be filtered, counted or sorted by
// lies in columns in memory, one entry per document, so that counts are exact
// and tags can change without indexing a text again. A query is answered as
// sets of documents: its words by Bleve, its fields by the columns, AND, OR
// and NOT by operations on the sets.
//
// The index is a view of the store: it can be deleted at any time and fills
// itself again from the cursor it has kept.
//
// # Files
//
//	columns.log   what the columns hold, and the cursor
//	lock          held while the index is open; then it has the length of
//	              columns.log, so that an end that is missing is seen
//	2024-03/ ...  one Bleve (scorch) index per partition: documents by the
//	              month of their publication; "undated" if it is not known
//
// columns.log begins with a line that names the format, the mapping version and
// the partitioning. Frames follow, one per change, appended and synced:
//
//	magic "CHX\x01", length of the payload (4 bytes, little endian),
//	CRC-32C of the payload, CRC-32C of the twelve bytes before; payload
//
// A payload is a list of records of varints and strings (see log.go). A frame
// is written when the partitions it speaks of are safe on disk, and it carries
// the cursor: what has a whole frame is indexed, what has none will be put
// again. A torn last frame is cut off. Each partition keeps the number of the
// last change to it, so that one which lost a change, or was swapped, is seen.
package local

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"time"

	index "github.com/blevesearch/bleve_index_api"
	"golang.org/x/sync/errgroup"

	"chorus/corpus"
)

// ErrCorrupt says that the index on disk is damaged, or was made by another
// version or with another partitioning. Delete its folder and fill it again.
var ErrCorrupt = errors.New("the index is damaged")

// ErrLocked says that another process has the index open.
var ErrLocked = errors.New("the index is open in another process")

// Version names the mapping: analyzers, fields and the layout of the files. It
// belongs into the name of the cursor that fills the index, and of its folder.
func Version() string { return "1" }

// Widths of partitions. Many small partitions cost disk and open files, few
// large ones cost time on queries about a short period.
const (
	Month   = "month"
	Quarter = "quarter" // good below 50,000 documents a month
	Year    = "year"
)

// Options says how an index is kept. The zero value works.
type Options struct {
	Narratives []corpus.Narrative                    // for group:; may change from one Open to the next
	Outlets    func(id string) (corpus.Outlet, bool) // for family:, bloc: and country:; called while searching, so it must be fast; nil knows none
	Partition  string                                // Month, Quarter or Year; empty: Month. Fixed when the index is made
	BatchSize  int                                   // documents per Bleve batch; 0 means 1000
	Now        func() time.Time                      // for after:7d; nil means time.Now
}

// An Index is open for writing and searching. It is safe for use from several
// goroutines; searches run beside each other and beside writes.
type Index struct {
	dir     string
	options Options
	groups  map[string]string // narrative to group
	lock    *os.File
	queue   *index.AnalysisQueue

	analyzers [analyzers]*analyzer

	writing sync.Mutex // held by whoever changes the index
	log     *log
	failed  error // set if memory and disk may differ: no more writes
	unclean bool  // partitions may hold words of documents that the columns do not know

	mu         sync.RWMutex // guards the fields below
	columns    *columns
	partitions map[string]*partition
	opened     bool // whether the files were good
	closed     bool
}

// Open opens the index in dir, which is made if it is missing. If what is
// there cannot be trusted, the error is ErrCorrupt; if another process has it,
// ErrLocked.
func Open(dir string, o Options) (*Index, error) {
	if o.Partition == "" {
		o.Partition = Month
	}
	if !slices.Contains([]string{Month, Quarter, Year}, o.Partition) {
		return nil, fmt.Errorf("open index: unknown partition width %q", o.Partition)
	}
	if o.BatchSize <= 0 {
		o.BatchSize = 1000
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Outlets == nil {
		o.Outlets = func(string) (corpus.Outlet, bool) { return corpus.Outlet{}, false }
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("open index: %w", err)
	}
	held, err := lock(filepath.Join(dir, "lock"))
	if err != nil {
		return nil, fmt.Errorf("open index %s: %w", dir, err)
	}
	x := &Index{dir: dir, options: o, lock: held, partitions: make(map[string]*partition), groups: make(map[string]string)}
	for _, n := range o.Narratives {
		x.groups[n.ID] = strings.ToUpper(n.Group)
	}
	for i := range x.analyzers {
		x.analyzers[i] = newAnalyzer(uint8(i))
	}
	x.queue = index.NewAnalysisQueue(runtime.GOMAXPROCS(0))
	if err := x.open(); err != nil {
		return nil, errors.Join(fmt.Errorf("open index %s: %w", dir, err), x.Close())
	}
	return x, nil
}

func (x *Index) open() error {
	entries, err := os.ReadDir(x.dir)
	if err != nil {
		return err
	}
	var folders []string
	for _, e := range entries {
		if e.IsDir() {
			folders = append(folders, e.Name())
		}
	}
	path := filepath.Join(x.dir, "columns.log")
	if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) && len(folders) > 0 {
		return fmt.Errorf("%w: columns.log is missing", ErrCorrupt)
	}
	closed, err := io.ReadAll(io.NewSectionReader(x.lock, 0, 64))
	if err != nil {
		return err
	}
	if x.log, x.columns, err = openLog(path, x.options.Partition, string(closed)); err != nil {
		return err
	}
	// From here on a kill may leave a torn frame.
	if err := errors.Join(x.lock.Truncate(0), x.lock.Sync()); err != nil {
		return err
	}
	x.opened = true
	for _, name := range folders {
		if _, known := x.columns.parts.find(name); known || !partitionName(name) {
			continue
		}
		// A batch went in and its frame did not: nobody was told that it is there.
		if err := os.RemoveAll(filepath.Join(x.dir, name)); err != nil {
			return err
		}
	}
	x.unclean = true // until Purge has looked
	return x.openPartitions()
}

// openPartitions opens and checks all partitions that the log knows.
func (x *Index) openPartitions() error {
	var mu sync.Mutex
	var group errgroup.Group
	group.SetLimit(runtime.GOMAXPROCS(0))
	for id, name := range x.columns.parts.names {
		group.Go(func() error {
			if _, err := os.Stat(filepath.Join(x.dir, name, "root.bolt")); err != nil {
				return fmt.Errorf("%w: partition %s: %w", ErrCorrupt, name, err)
			}
			p, err := openPartition(x.dir, name, uint32(id), x.queue)
			if p != nil {
				mu.Lock()
				x.partitions[name] = p
				mu.Unlock()
			}
			if err == nil {
				err = p.verify(x.columns)
			}
			if err != nil {
				return fmt.Errorf("partition %s: %w", name, err)
			}
			return nil
		})
	}
	return group.Wait()
}

// Close closes the index. Searches that run come to an end first.
func (x *Index) Close() error {
	x.writing.Lock()
	defer x.writing.Unlock()
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.closed {
		return nil
	}
	x.closed = true
	var errs []error
	if x.log != nil {
		errs = append(errs, x.log.close())
	}
	for _, p := range x.partitions {
		errs = append(errs, p.close())
	}
	x.queue.Close()
	if x.opened {
		_, err := x.lock.WriteAt([]byte(x.log.length()), 0)
		errs = append(errs, err, x.lock.Sync())
	}
	errs = append(errs, x.lock.Close())
	return errors.Join(errs...)
}

// Cursor is the cursor of the last change that is safe on disk: follow the
// store from here.
func (x *Index) Cursor() corpus.Seq {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return x.columns.cursor
}

// Stats says how large an index is.
type Stats struct {
	Documents  int        `json:"documents"`  // versions of documents
	Superseded int        `json:"superseded"` // those of them that are not current
	Partitions int        `json:"partitions"`
	Bytes      int64      `json:"bytes"` // on disk
	Cursor     corpus.Seq `json:"cursor"`
}

// Stats looks up how large the index is now.
func (x *Index) Stats() Stats {
	x.mu.RLock()
	s := Stats{
		Documents:  x.columns.len(),
		Superseded: x.columns.len() - x.columns.current.count(),
		Partitions: len(x.partitions),
		Cursor:     x.columns.cursor,
	}
	x.mu.RUnlock()
	// Files come and go while Bleve merges; what cannot be read is not counted.
	_ = filepath.WalkDir(x.dir, func(_ string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return nil
		}
		if info, err := e.Info(); err == nil {
			s.Bytes += info.Size()
		}
		return nil
	})
	return s
}

// Check reads every file of the index and compares what the partitions hold
// with the columns. Damage is ErrCorrupt. Changes wait meanwhile, searches do not.
func (x *Index) Check(ctx context.Context) error {
	x.writing.Lock()
	defer x.writing.Unlock()
	x.mu.RLock()
	defer x.mu.RUnlock()
	if x.closed {
		return errClosed
	}
	if err := x.log.check(x.columns); err != nil {
		return fmt.Errorf("check index %s: %w", x.dir, err)
	}
	for _, p := range x.partitions {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := p.check(x.columns); err != nil {
			return fmt.Errorf("check index %s: partition %s: %w", x.dir, p.name, err)
		}
	}
	return nil
}

var errClosed = errors.New("the index is closed")

// guard, deferred at once, turns a panic of Bleve on a damaged file into
// ErrCorrupt; also a fault, which a mapped file gives beyond its end.
func guard(err *error) func() {
	faults := debug.SetPanicOnFault(true)
	return func() {
		debug.SetPanicOnFault(faults)
		if r := recover(); r != nil {
			*err = fmt.Errorf("%w: %v", ErrCorrupt, r)
		}
	}
}
