// Package archive keeps what servers sent, as WARC 1.1 (ISO 28500:2017): the
// truth from which all else can be made again.
//
// # Files
//
// An archive is a folder of segments:
//
//	chorus-20261124135757-00001.warc.gz   sorts by time of creation; the serial number only grows
//	cut/                                  bytes that were written but never committed, see Open
//	redaction                             a redaction that is being done; Open finishes it
//
// A segment is a row of gzip members, one record each, so that a record can be
// read by its offset alone. It begins with a warcinfo record. After that, each
// capture is one unbroken group of records in one segment, written at once:
//
//	response or revisit   for every exchange, in order: robots.txt, redirects, the page
//	request               WARC-Concurrent-To its response
//	...
//	metadata              application/json: {"chorus": facts, "meta": what the caller gave}
//
// The facts are what HTTP does not say: the address asked for, roles, the
// fault, times, lengths. With them a Capture can be made again from the
// archive alone. A capture that nobody answered is just a metadata record.
//
// # What is on the wire and what is here
//
// net/http does not keep the order and the case of header fields, so header
// blocks are made again: fields sorted by name, values as they came, HTTP/1.1
// syntax also for HTTP/2 (WARC-Protocol says which it was). The body is as on
// the wire with its content encoding; the transfer encoding is gone and so is
// its field. Content-Length stays as the server stated it, even if the body
// was cut: it is the server's claim, and WARC-Truncated is ours.
//
// # What was taken out
//
// Redact takes captures, or parts of them, out again. The record stays, with
// its id, date and address, as a response with "WARC-Truncated: takedown" and an
// empty or shortened body; the record of its request goes. The gzip members of
// a capture together keep their length: empty deflate blocks fill them up, which
// every reader passes over.
//
// Digests are "sha256:" and lower-case hexadecimal, as in corpus.Evidence,
// sha256sum and warcio.js. Base32 is an older custom born with SHA-1; the
// standard leaves the form open.
package archive

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"chorus/corpus"
)

// DefaultSegmentBytes is the size at which a segment is full.
const DefaultSegmentBytes = 512 << 20

// Options say how an archive is written. The zero value is usable.
type Options struct {
	SegmentBytes int64        // a segment that has reached this size is full; 0 means DefaultSegmentBytes
	Software     string       // name and version for the warcinfo records; empty means "chorus"
	Operator     string       // who runs this and how to reach them, for the warcinfo records
	Log          *slog.Logger // nil: nothing is logged
}

// An Extent is how much of a segment is known to be safe.
type Extent struct {
	File  string `json:"file"`
	Bytes int64  `json:"bytes"`
}

// An Archive appends captures to a folder of segments. Its methods may be
// called from several goroutines. It takes no lock on the folder: that two
// processes do not write at once is the caller's care.
type Archive struct {
	dir     string
	options Options
	now     func() time.Time
	newID   func() string

	mu     sync.Mutex
	serial int        // of the newest segment
	stamp  string     // of the newest segment, YYYYMMDDhhmmss
	open   []*segment // changed since the last Sync, and last of all the one that is being written
	broken error      // a rollback failed: nothing is known about the files any more
}

// A segment is a file that is being written.
type segment struct {
	name   string
	file   *os.File
	bytes  int64 // written
	synced int64 // safe, and reported by Sync; 0 for a new one
}

// Open opens the archive in dir, which is made if need be, for writing.
//
// committed is what the store knows to be there. Whatever follows it was
// written but never counted as collected; it is moved to the folder "cut" and
// logged, never trusted and never an error. It is not destroyed, because a
// store that was restored from a backup knows less than it once did. A segment
// that is missing or shorter than committed is an error.
//
// If committed is nil, nothing is known, and everything up to the end of the
// last whole capture is trusted. A committed that is empty but not nil trusts
// nothing: all segments are moved to "cut".
func Open(dir string, committed []Extent, o Options) (*Archive, error) {
	if o.SegmentBytes <= 0 {
		o.SegmentBytes = DefaultSegmentBytes
	}
	if o.Software == "" {
		o.Software = "chorus"
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	a := &Archive{dir: dir, options: o, now: time.Now, newID: newRecordID}
	if err := a.restore(committed); err != nil {
		return nil, fmt.Errorf("open archive %s: %w", dir, err)
	}
	return a, nil
}

// restore brings the folder to the committed state and finds the segment to go
// on with.
func (a *Archive) restore(committed []Extent) error {
	if err := os.MkdirAll(a.dir, 0o755); err != nil {
		return err
	}
	if err := a.redo(); err != nil {
		return err
	}
	names, err := segments(a.dir)
	if err != nil {
		return err
	}
	if err := a.number(names, committed); err != nil {
		return err
	}
	if committed == nil {
		if committed, err = wholeExtents(context.Background(), a.dir, names); err != nil {
			return err
		}
	}
	if err := checkExtents(a.dir, committed); err != nil {
		return err
	}
	safe := make(map[string]int64, len(committed))
	for _, e := range committed {
		safe[e.File] = e.Bytes
	}
	for _, name := range names {
		if err := a.cut(name, safe[name]); err != nil {
			return err
		}
	}
	for i := len(names) - 1; i >= 0; i-- {
		if n := safe[names[i]]; n > 0 {
			return a.resume(names[i], n)
		}
	}
	return nil
}

// number finds the last serial number and time stamp in use, also among what
// was cut: neither may come again.
func (a *Archive) number(names []string, committed []Extent) error {
	cut, err := segments(filepath.Join(a.dir, cutFolder))
	if err != nil {
		return err
	}
	all := append(cut, names...)
	for _, e := range committed {
		all = append(all, e.File)
	}
	for _, name := range all {
		stamp, serial, ok := parseSegmentName(name)
		if !ok {
			return fmt.Errorf("segment %q: not a name that Chorus gives", name)
		}
		a.stamp = max(a.stamp, stamp)
		a.serial = max(a.serial, serial)
	}
	return nil
}

// resume makes the named segment, of n bytes, the one that is being written.
func (a *Archive) resume(name string, n int64) error {
	f, err := os.OpenFile(filepath.Join(a.dir, name), os.O_RDWR, 0)
	if err != nil {
		return err
	}
	a.open = []*segment{{name: name, file: f, bytes: n, synced: n}}
	return nil
}

// Append writes the capture and what else is known of it, which is JSON or
// nil. The capture is not safe before Sync has returned.
//
// Previous gives the evidence of an earlier capture of the same URL, if there
// is one; it may be nil. If that holds the same payload, or the server answered
// 304, a revisit record is written instead of a response, after the earlier
// record has been read back and found whole. A revisit always refers to a
// record with the payload, never to another revisit.
//
// The evidence is that of the page's response; if there is none, that of the
// metadata record, without status and digest.
//
// If the capture cannot be written, because the disk is full, say, nothing of
// it remains, what was appended before is untouched, and Append may be called
// again when there is room.
func (a *Archive) Append(c *corpus.Capture, meta []byte, previous func(url string) (corpus.Evidence, bool)) (corpus.Evidence, error) {
	ev, err := a.append(c, meta, previous)
	if err != nil {
		return corpus.Evidence{}, fmt.Errorf("archive %s: %w", c.URL, err)
	}
	return ev, nil
}

func (a *Archive) append(c *corpus.Capture, meta []byte, previous func(url string) (corpus.Evidence, bool)) (corpus.Evidence, error) {
	if len(meta) > 0 && !json.Valid(meta) {
		return corpus.Evidence{}, errors.New("meta is not JSON")
	}
	e := encoder{newID: a.newID, original: a.originals(previous)}
	ev, err := e.capture(c, meta)
	if err != nil {
		return corpus.Evidence{}, err
	}

	a.mu.Lock()
	defer a.mu.Unlock()
	s, err := a.current()
	if err != nil {
		return corpus.Evidence{}, err
	}
	ev.File, ev.Offset = s.name, ev.Offset+s.bytes
	return ev, a.write(s, e.members.Bytes())
}

// current is the segment to write to, a new one if the last is full.
func (a *Archive) current() (*segment, error) {
	if a.broken != nil {
		return nil, a.broken
	}
	if n := len(a.open); n > 0 && a.open[n-1].bytes < a.options.SegmentBytes {
		return a.open[n-1], nil
	}
	now := a.now().UTC()
	// A clock that was set back must not break the order of names.
	a.stamp = max(a.stamp, now.Format(stampLayout))
	a.serial++
	name := segmentName(a.stamp, a.serial)
	f, err := os.OpenFile(filepath.Join(a.dir, name), os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return nil, err
	}
	s := &segment{name: name, file: f}
	e := encoder{newID: a.newID}
	if err := e.warcinfo(name, now, a.options); err != nil {
		return nil, err
	}
	if err := a.write(s, e.members.Bytes()); err != nil {
		f.Close()
		return nil, errors.Join(err, os.Remove(f.Name()))
	}
	a.open = append(a.open, s)
	return s, nil
}

// write puts b at the end of s, or leaves s as it was.
func (a *Archive) write(s *segment, b []byte) error {
	if _, err := s.file.WriteAt(b, s.bytes); err != nil {
		err = fmt.Errorf("write: %w", err)
		if cutErr := s.file.Truncate(s.bytes); cutErr != nil {
			a.broken = fmt.Errorf("archive must be opened again: %w", errors.Join(err, cutErr))
			return a.broken
		}
		return err
	}
	s.bytes += int64(len(b))
	return nil
}

// Sync makes all that was appended safe and returns the new extents of the
// segments that grew since the last Sync, oldest first. The caller commits them
// together with what it made of the captures.
//
// If Sync fails, the archive goes back to the state of the last Sync: all
// evidence given out since then is void. The archive may then be used again.
// It does not try the same bytes twice, because after a failed fsync a kernel
// may drop them and report success the next time.
func (a *Archive) Sync() ([]Extent, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.broken != nil {
		return nil, a.broken
	}
	if err := a.flush(); err != nil {
		err = fmt.Errorf("sync archive %s: %w", a.dir, err)
		if backErr := a.rollback(); backErr != nil {
			a.broken = fmt.Errorf("archive must be opened again: %w", errors.Join(err, backErr))
			return nil, a.broken
		}
		return nil, err
	}
	var grown []Extent
	for i, s := range a.open {
		if s.bytes > s.synced {
			s.synced = s.bytes
			grown = append(grown, Extent{File: s.name, Bytes: s.bytes})
		}
		if i < len(a.open)-1 {
			s.file.Close() // already synced
		}
	}
	if n := len(a.open); n > 1 {
		a.open = a.open[n-1:]
	}
	return grown, nil
}

// flush forces the open segments, and the names of new ones, to the disk.
func (a *Archive) flush() error {
	created := false
	for _, s := range a.open {
		if s.bytes == s.synced {
			continue
		}
		created = created || s.synced == 0
		if err := s.file.Sync(); err != nil {
			return err
		}
	}
	if created {
		return syncDir(a.dir)
	}
	return nil
}

// rollback undoes all that was written since the last Sync.
func (a *Archive) rollback() error {
	was := a.open
	a.open = nil
	var errs []error
	for _, s := range was {
		s.file.Close()
		path := filepath.Join(a.dir, s.name)
		if s.synced == 0 {
			errs = append(errs, os.Remove(path))
			continue
		}
		errs = append(errs, os.Truncate(path, s.synced), a.resume(s.name, s.synced))
	}
	return errors.Join(errs...)
}

// Close closes the files. What was appended since the last Sync is not safe.
func (a *Archive) Close() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	var errs []error
	for _, s := range a.open {
		errs = append(errs, s.file.Close())
	}
	a.open, a.broken = nil, errors.New("archive is closed")
	return errors.Join(errs...)
}

// Load gives one capture back, with what the caller gave to Append. It sees
// also what is not yet synced.
func (a *Archive) Load(ev corpus.Evidence) (*corpus.Capture, []byte, error) {
	return Load(a.dir, ev)
}

// originals finds the records that revisits may refer to.
func (a *Archive) originals(previous func(url string) (corpus.Evidence, bool)) func(url string) *original {
	return func(url string) *original {
		if previous == nil {
			return nil
		}
		ev, ok := previous(url)
		if !ok || ev.RecordID == "" {
			return nil
		}
		o, err := findOriginal(a.dir, ev)
		if errors.Is(err, errRedacted) {
			return nil
		}
		if err != nil {
			a.options.Log.Warn("earlier evidence could not be read, kept the whole page again",
				"url", url, "file", ev.File, "offset", ev.Offset, "err", err)
			return nil
		}
		return o
	}
}

// An original is a whole response record that a revisit may refer to.
type original struct {
	location Position
	id       string
	url      string
	date     string // as in its WARC-Date
	digest   string
}

// errRedacted says that a record no longer holds what it once did.
var errRedacted = errors.New("the record was redacted")

// findOriginal reads the record that holds the payload of ev, and checks it.
func findOriginal(dir string, ev corpus.Evidence) (*original, error) {
	at := Position{File: ev.File, Offset: ev.Offset}
	rec, err := readRecord(dir, at)
	if err != nil {
		return nil, err
	}
	if rec.ID() != ev.RecordID {
		return nil, fmt.Errorf("record is %s, want %s", rec.ID(), ev.RecordID)
	}
	if rec.Type() == typeRevisit {
		if rec, at, err = follow(dir, rec); err != nil {
			return nil, err
		}
	}
	if rec.Type() != typeResponse {
		return nil, fmt.Errorf("record %s is a %s, not a response", rec.ID(), rec.Type())
	}
	if err := rec.Check(); err != nil {
		return nil, err
	}
	if rec.Header.Get("WARC-Truncated") == Takedown {
		return nil, errRedacted
	}
	digest := rec.Header.Get("WARC-Payload-Digest")
	if digest != ev.Digest {
		return nil, fmt.Errorf("record %s has payload %s, want %s", rec.ID(), digest, ev.Digest)
	}
	return &original{location: at, id: rec.ID(), url: rec.URL(), date: rec.Header.Get("WARC-Date"), digest: digest}, nil
}

// follow reads the record that a revisit refers to.
func follow(dir string, revisit *Record) (*Record, Position, error) {
	at, id, err := revisit.refersTo()
	if err != nil {
		return nil, at, err
	}
	rec, err := readRecord(dir, at)
	if err != nil {
		return nil, at, fmt.Errorf("revisit %s: %w", revisit.ID(), err)
	}
	if rec.ID() != id {
		return nil, at, fmt.Errorf("revisit %s refers to %s, but at %s byte %d is %s", revisit.ID(), id, at.File, at.Offset, rec.ID())
	}
	return rec, at, nil
}
