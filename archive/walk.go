package archive

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"chorus/corpus"
)

// An Entry is one capture of an archive, or what is left of it.
type Entry struct {
	Capture  *corpus.Capture // nil if what the page's server answered cannot be read
	Meta     []byte          // what was given to Append, without space around it; nil if there was nothing or it cannot be read
	Evidence corpus.Evidence // as Append gave it; zero if Capture is nil
	Next     Position        // where the next entry begins
	Damage   []Damage        // what could not be read of this capture, or between this and the one before
}

// Walk calls fn for each capture of the archive in dir, in order of writing,
// from a Position that an earlier Entry gave as Next; the zero Position is the
// beginning. Revisits have the body of the record that they refer to.
//
// Damage does not end the walk: fn gets what is left of the capture with the
// Damage, and the walk goes on with the next record that can be read. If only
// the metadata record of a capture is lost, fn gets the capture without Meta,
// as its records tell it. Walk returns an error if fn does, ctx ends, or a
// segment cannot be opened. It needs memory for one capture at a time.
//
// Nobody may write to the archive meanwhile: a capture that is being written
// looks like a damaged one.
func Walk(ctx context.Context, dir string, from Position, fn func(Entry) error) error {
	names, err := segments(dir)
	if err != nil {
		return fmt.Errorf("walk archive %s: %w", dir, err)
	}
	fetch := func(revisit *Record) (*Record, error) {
		rec, _, err := follow(dir, revisit)
		return rec, err
	}
	for _, name := range names {
		if name < from.File {
			continue
		}
		at := Position{File: name}
		if name == from.File {
			at = from
		}
		g := grouper{file: name, emit: func(g *group) error { return fn(g.entry(fetch)) }}
		if err := scan(ctx, dir, at, g.add); err != nil {
			return err
		}
		if err := g.flush(); err != nil {
			return err
		}
	}
	return nil
}

// Captures calls fn for each capture in a WARC file of this or another writer,
// as Read does for each record. In a file of another writer each HTTP response
// is a capture of its own, with its request if that is next to it. Payloads of
// revisits are not looked for: such a capture has a Damage and is nil. Entries
// have no Next, and an Evidence without a file.
func Captures(r io.Reader, fn func(Entry) error) error {
	g := grouper{emit: func(g *group) error {
		if onlyRequests(g) {
			return nil
		}
		e := g.entry(func(revisit *Record) (*Record, error) {
			return nil, fmt.Errorf("revisit %s: payload is in record %q, elsewhere", revisit.ID(), bare(revisit.Header.Get("WARC-Refers-To")))
		})
		e.Next = Position{}
		return fn(e)
	}}
	ours := false
	err := Read(r, func(rec *Record) error {
		if rec.Type() == typeWarcinfo {
			_, h, _ := splitMessage(slices.Concat([]byte("\n"), rec.Block))
			ours = h.Get("isPartOf") == partOf
		}
		if g.foreign = !ours; ours {
			return g.add(rec, checked("", rec))
		}
		return g.addForeign(rec)
	})
	// What came before a mistake in the file counts too.
	return errors.Join(g.flush(), err)
}

// onlyRequests reports whether a group has nothing that could be a capture.
func onlyRequests(g *group) bool {
	return g.meta == nil && len(g.damage) == 0 && !slices.ContainsFunc(g.records, func(rec *Record) bool {
		return rec.Type() != typeRequest
	})
}

// addForeign takes a record of another writer. The request may stand before
// its response or after it.
func (g *grouper) addForeign(rec *Record) error {
	t := rec.Type()
	if !rec.isHTTP() || t != typeRequest && t != typeResponse && t != typeRevisit {
		return nil
	}
	for _, other := range g.records {
		if other.URL() != rec.URL() || (other.Type() == typeRequest) == (t == typeRequest) {
			if err := g.flush(); err != nil {
				return err
			}
			break
		}
	}
	g.records = append(g.records, rec)
	return nil
}

// Load gives one capture of the archive in dir back, with what was given to
// Append. The archive need not be open, and may be written to meanwhile. What
// cannot be read, or is not what ev says, is an error.
func Load(dir string, ev corpus.Evidence) (*corpus.Capture, []byte, error) {
	e, err := load(dir, ev)
	if err != nil {
		return nil, nil, fmt.Errorf("load %s: %w", ev.URL, err)
	}
	return e.Capture, e.Meta, nil
}

// Member gives the gzip member of a record as it is in the archive, whatever
// length the evidence states.
func Member(dir string, ev corpus.Evidence) ([]byte, error) {
	at := Position{File: ev.File, Offset: ev.Offset}
	rec, err := readRecord(dir, at)
	if err == nil && rec.ID() != ev.RecordID {
		err = fmt.Errorf("%s byte %d: record is %s, want %s", at.File, at.Offset, rec.ID(), ev.RecordID)
	}
	if err != nil {
		return nil, fmt.Errorf("record of %s: %w", ev.URL, err)
	}
	f, err := os.Open(filepath.Join(dir, at.File))
	if err != nil {
		return nil, fmt.Errorf("record of %s: %w", ev.URL, err)
	}
	defer f.Close()
	raw := make([]byte, rec.Length)
	if _, err := f.ReadAt(raw, at.Offset); err != nil {
		return nil, fmt.Errorf("record of %s: %w", ev.URL, err)
	}
	return raw, nil
}

func load(dir string, ev corpus.Evidence) (Entry, error) {
	at := Position{File: ev.File, Offset: ev.Offset}
	g, err := readGroup(dir, at, ev.RecordID)
	if err != nil {
		return Entry{}, err
	}
	e := g.entry(func(revisit *Record) (*Record, error) {
		rec, _, err := follow(dir, revisit)
		return rec, err
	})
	for _, d := range e.Damage {
		err = errors.Join(err, errors.New(d.String()))
	}
	for _, id := range g.missing() {
		err = errors.Join(err, fmt.Errorf("record %s is missing", id))
	}
	if err == nil && e.Evidence.Digest != ev.Digest {
		err = fmt.Errorf("%s byte %d: payload is %s, want %s", at.File, at.Offset, e.Evidence.Digest, ev.Digest)
	}
	return e, err
}

// readGroup reads the group whose page record, or else metadata record, is at
// a place. It reads on to the metadata record, which says where the group begins.
func readGroup(dir string, at Position, id string) (*group, error) {
	g := &group{file: at.File}
	begin := at
	err := withSource(dir, at, func(s *source) error {
		for g.meta == nil {
			rec, err := sound(s, at.File)
			if err != nil {
				return err
			}
			if len(g.records) == 0 && rec.ID() != id {
				return fmt.Errorf("%s byte %d: record is %s, want %s", at.File, at.Offset, rec.ID(), id)
			}
			if rec.Type() != typeMetadata {
				g.records = append(g.records, rec)
				continue
			}
			g.meta, g.end = rec, rec.Offset+rec.Length
			if err := g.readMeta(); err != nil {
				return err
			}
			begin.Offset = rec.Offset - g.facts.Before
		}
		return nil
	})
	if err != nil || begin.Offset >= at.Offset {
		return g, err
	}
	var before []*Record
	err = withSource(dir, begin, func(s *source) error {
		for s.offset() < at.Offset {
			rec, err := sound(s, at.File)
			if err != nil {
				return err
			}
			before = append(before, rec)
		}
		return nil
	})
	g.records = append(before, g.records...)
	return g, err
}

// sound reads the next record and checks it.
func sound(s *source, file string) (*Record, error) {
	at := s.offset()
	rec, err := s.record()
	if err == nil {
		err = rec.Check()
	}
	if err != nil {
		return nil, fmt.Errorf("%s byte %d: %w", file, at, explain(unexpected(err)))
	}
	return rec, nil
}
