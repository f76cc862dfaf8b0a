package archive

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"

	"github.com/klauspost/compress/gzip"
)

// The gzip state for a record is larger than most records, so it is used again.
// The pools hold nothing else between calls.
var (
	packers = sync.Pool{New: func() any {
		z, err := gzip.NewWriterLevel(nil, gzipLevel)
		if err != nil {
			panic(err) // gzipLevel is wrong
		}
		return z
	}}
	sources = sync.Pool{New: func() any {
		return &source{raw: bufio.NewReaderSize(nil, 64<<10), plain: bufio.NewReaderSize(nil, 32<<10)}
	}}
)

// maxSegmentBytes is more than any file has.
const maxSegmentBytes = 1 << 62

// gzipMagic begins a gzip member: the magic number and the method "deflate".
var gzipMagic = []byte{0x1f, 0x8b, 8}

// A Position is a place in an archive, between two records.
type Position struct {
	File   string `json:"file"`
	Offset int64  `json:"offset"`
}

// A source reads gzip members one after the other and knows where it is.
type source struct {
	under countReader
	raw   *bufio.Reader // as stored
	plain *bufio.Reader // unpacked
	z     gzip.Reader
}

// countReader counts what was read from r.
type countReader struct {
	r io.Reader
	n int64
}

func (c *countReader) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

// newSource reads from r, whose first byte is at the given offset. The source
// goes back to the pool with free.
func newSource(r io.Reader, offset int64) *source {
	s := sources.Get().(*source)
	s.reset(r, offset)
	return s
}

func (s *source) reset(r io.Reader, offset int64) {
	s.under = countReader{r: r, n: offset}
	s.raw.Reset(&s.under)
}

func (s *source) free() {
	s.under = countReader{}
	s.raw.Reset(nil)
	s.plain.Reset(nil)
	sources.Put(s)
}

// offset is that of the next byte.
func (s *source) offset() int64 { return s.under.n - int64(s.raw.Buffered()) }

// open begins the member that stands here; plain then is what is in it. It
// returns io.EOF if nothing stands here.
func (s *source) open() error {
	if _, err := s.raw.Peek(1); err != nil {
		return err
	}
	if err := s.z.Reset(s.raw); err != nil {
		return unexpected(err) // a header that is cut off may be io.EOF too
	}
	s.z.Multistream(false)
	s.plain.Reset(&s.z)
	return nil
}

// record reads one member with one record in it.
func (s *source) record() (*Record, error) {
	start := s.offset()
	var frame [10]byte
	if b, err := s.raw.Peek(len(frame)); err == nil {
		copy(frame[:], b)
	}
	if err := s.open(); err != nil {
		return nil, err
	}
	rec, n, err := readHead(s.plain)
	if err != nil {
		return nil, unexpected(err)
	}
	rec.frame = frame
	if err := readBody(s.plain, rec, n); err != nil {
		return rec, err
	}
	if _, err := s.plain.Peek(1); err == nil {
		return rec, errors.New("the gzip member goes on after the record")
	} else if err != io.EOF {
		return rec, err
	}
	rec.Offset, rec.Length = start, s.offset()-start
	return rec, nil
}

// Read calls fn for each record of a WARC 1.0 or 1.1 file: packed record by
// record, packed as a whole, or not at all. The record belongs to fn. Digests
// are not compared; Record.Check does that.
//
// Read stops at the first thing it cannot read, with an error that says where;
// everything before has been given to fn. It stops with the error of fn if
// that returns one.
func Read(r io.Reader, fn func(*Record) error) error {
	s := newSource(r, 0)
	defer s.free()
	begin, err := s.raw.Peek(5)
	switch {
	case len(begin) == 0 && err == io.EOF:
		return nil
	case bytes.HasPrefix(begin, gzipMagic[:2]):
		return readPacked(s, fn)
	case string(begin) == "WARC/":
		return readPlain(s.raw, s.offset, fn)
	case err != nil && err != io.EOF:
		return err
	}
	return errNotWARC
}

// readPacked reads members, each with one or more records.
func readPacked(s *source, fn func(*Record) error) error {
	for {
		start := s.offset()
		err := s.open()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return placed(start, err)
		}
		if err := readMember(s, start, fn); err != nil {
			return err
		}
	}
}

// readMember reads the records of the member that was opened at start. That a
// record is alone, and so has a length and an offset in the file, is known only
// when the member has ended after it.
func readMember(s *source, start int64, fn func(*Record) error) error {
	unpacked := countReader{r: &s.z}
	s.plain.Reset(&unpacked)
	at := func() int64 { return unpacked.n - int64(s.plain.Buffered()) }
	for first := true; ; first = false {
		began := at()
		rec, err := nextRecord(s.plain)
		if err == io.EOF && !first {
			return nil
		}
		if err != nil {
			return placed(start, packedIn(began, unexpected(err)))
		}
		_, err = s.plain.Peek(1)
		if err != nil && err != io.EOF { // the check sum at the end of the member
			return placed(start, packedIn(began, err))
		}
		rec.Offset = began
		if first && err == io.EOF {
			rec.Offset, rec.Length = start, s.offset()-start
		}
		if err := fn(rec); err != nil {
			return err
		}
	}
}

// readPlain reads records that are not packed.
func readPlain(r *bufio.Reader, at func() int64, fn func(*Record) error) error {
	for {
		start := at()
		rec, err := nextRecord(r)
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return placed(start, err)
		}
		rec.Offset, rec.Length = start, at()-start
		if err := fn(rec); err != nil {
			return err
		}
	}
}

// nextRecord returns io.EOF if there is none.
func nextRecord(r *bufio.Reader) (*Record, error) {
	rec, n, err := readHead(r)
	if err != nil {
		return nil, err
	}
	return rec, readBody(r, rec, n)
}

func placed(offset int64, err error) error {
	return fmt.Errorf("WARC record at byte %d: %w", offset, explain(err))
}

// packedIn adds where a record stands in a member that holds several.
func packedIn(offset int64, err error) error {
	if offset == 0 {
		return err
	}
	return fmt.Errorf("unpacked byte %d: %w", offset, err)
}

// explain puts into words what a cut file looks like to a reader.
func explain(err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("cut off in the middle: %w", err)
	}
	return err
}

// readRecord reads the record at one place of an archive.
func readRecord(dir string, at Position) (*Record, error) {
	var rec *Record
	err := withSource(dir, at, func(s *source) (err error) {
		if rec, err = s.record(); err != nil {
			err = fmt.Errorf("%s byte %d: %w", at.File, at.Offset, explain(unexpected(err)))
		}
		return err
	})
	return rec, err
}

// withSource opens a segment at a place. A name that Chorus does not give is
// refused, because it may come from a record.
func withSource(dir string, at Position, fn func(*source) error) error {
	if !segmentPattern.MatchString(at.File) {
		return fmt.Errorf("%q is not a segment", at.File)
	}
	f, err := os.Open(filepath.Join(dir, at.File))
	if err != nil {
		return err
	}
	defer f.Close()
	s := newSource(io.NewSectionReader(f, at.Offset, maxSegmentBytes), at.Offset)
	defer s.free()
	return fn(s)
}

// scan calls fn for each record of one segment from a place on, or with the
// damage where there is none to be read; with both if a record can be read but
// its digests are wrong. It goes on after damage with the next gzip member that
// holds a record.
func scan(ctx context.Context, dir string, from Position, fn func(*Record, *Damage) error) error {
	f, err := os.Open(filepath.Join(dir, from.File))
	if err != nil {
		return err
	}
	defer f.Close()
	return scanReader(ctx, f, from, fn)
}

// scanReader is scan for a segment that is open.
func scanReader(ctx context.Context, f io.ReaderAt, from Position, fn func(*Record, *Damage) error) error {
	section := func(at int64) io.Reader { return io.NewSectionReader(f, at, maxSegmentBytes) }
	s := newSource(section(from.Offset), from.Offset)
	defer s.free()
	for at := from.Offset; ; {
		if err := ctx.Err(); err != nil {
			return err
		}
		rec, err := s.record()
		if err == io.EOF {
			return nil
		}
		if err == nil {
			at += rec.Length
			if err := fn(rec, checked(from.File, rec)); err != nil {
				return err
			}
			continue
		}
		next, more := resync(f, at+1)
		d := Damage{File: from.File, Offset: at, Length: next - at, Reason: explain(err).Error()}
		if rec != nil {
			d.RecordID = rec.ID()
		}
		if err := fn(nil, &d); err != nil {
			return err
		}
		if !more {
			return nil
		}
		at = next
		s.reset(section(at), at)
	}
}

// checked is what is wrong with a record that can be read, or nil.
func checked(file string, rec *Record) *Damage {
	if err := rec.Check(); err != nil {
		return &Damage{File: file, Offset: rec.Offset, Length: rec.Length, RecordID: rec.ID(), Reason: err.Error()}
	}
	return nil
}

// resync finds the next gzip member with a WARC record at or after an offset.
// If there is none, next is where the file, or what can be read of it, ends.
func resync(f io.ReaderAt, from int64) (next int64, found bool) {
	buf := make([]byte, 64<<10)
	for {
		n, err := f.ReadAt(buf, from)
		for i := 0; ; i++ {
			j := bytes.Index(buf[i:n], gzipMagic)
			if j < 0 {
				break
			}
			if i += j; holdsRecord(f, from+int64(i)) {
				return from + int64(i), true
			}
		}
		if err != nil { // the end, or a disk that fails
			return from + int64(n), false
		}
		from += int64(n - len(gzipMagic) + 1)
	}
}

// holdsRecord reports whether a gzip member at the offset begins like a record.
func holdsRecord(f io.ReaderAt, offset int64) bool {
	s := newSource(io.NewSectionReader(f, offset, maxSegmentBytes), offset)
	defer s.free()
	if s.open() != nil {
		return false
	}
	begin, _ := s.plain.Peek(len("WARC/1."))
	return string(begin) == "WARC/1."
}
