package classify

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"
	"unicode/utf8"

	"chorus/corpus"
)

// ErrSheetHeld says that another process is filling the gold file.
var ErrSheetHeld = errors.New("another process has it open for labelling")

// A Labelled is one line of a sheet: an example, and when it was labelled.
type Labelled struct {
	Example
	At time.Time `json:"labelled,omitzero"` // zero in files that were not made by a Sheet
}

// A Sheet is a gold file that a coder fills: JSON Lines as ReadExamples reads
// them, with one key more, the time of labelling. Lines are only added at its
// end and taken from there, each whole and synced to the disk before Append
// or Undo returns. One process at a time has a file as a Sheet. A Sheet must
// not be used from two goroutines at once.
type Sheet struct {
	// Mended says what had to be mended when the file was opened, in one
	// sentence; empty if nothing.
	Mended string

	path   string
	made   bool // by us: it is taken away again if nothing came into it
	file   *os.File
	unlock func() error
	size   int64
	lines  []Labelled
	starts []int64 // by line: the byte it begins at
}

// OpenSheet opens a gold file, which is made if it is not there. A last line
// that a crash cut short is removed; any other line that cannot be read is an
// error with its number, and the file is left as it is. If another process
// fills the file the error wraps ErrSheetHeld.
func OpenSheet(path string) (*Sheet, error) {
	s := &Sheet{path: path}
	if err := s.open(); err != nil {
		return nil, fmt.Errorf("open gold file %s: %w", path, errors.Join(err, s.Close()))
	}
	return s, nil
}

func (s *Sheet) open() (err error) {
	_, err = os.Stat(s.path)
	s.made = errors.Is(err, fs.ErrNotExist)
	if s.file, err = os.OpenFile(s.path, os.O_CREATE|os.O_RDWR, 0o644); err != nil {
		return err
	}
	if s.unlock, err = lockSheet(s.file); err != nil {
		return err
	}
	raw, err := io.ReadAll(s.file)
	if err != nil {
		return err
	}
	whole := int64(bytes.LastIndexByte(raw, '\n') + 1)
	if err := s.read(raw[:whole]); err != nil {
		return err
	}
	s.size = whole
	if err := s.mend(raw[whole:]); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(s.path))
}

// read takes the whole lines of the file.
func (s *Sheet) read(raw []byte) error {
	at, number := int64(0), 0
	for line := range bytes.Lines(raw) {
		number++
		if len(bytes.TrimSpace(line)) > 0 {
			l, err := labelledOf(line)
			if err != nil {
				return fmt.Errorf("line %d: %w", number, err)
			}
			s.lines, s.starts = append(s.lines, l), append(s.starts, at)
		}
		at += int64(len(line))
	}
	return nil
}

func labelledOf(line []byte) (Labelled, error) {
	var l Labelled
	if err := json.Unmarshal(line, &l); err != nil {
		return l, err
	}
	return l, l.Example.check()
}

// mend sees to what stands behind the last line's end. A crash leaves the
// beginning of a line, or zeros that the file system had not filled yet; a
// person leaves a whole line without its end. What is neither is no line of a
// gold file, and nothing to be removed.
func (s *Sheet) mend(tail []byte) error {
	text := bytes.TrimRight(tail, "\x00")
	if len(tail) == 0 {
		return nil
	}
	if l, err := labelledOf(text); err == nil {
		s.Mended = "its last line had no end and was given one"
		return s.write(l, append(bytes.Clone(text), '\n'))
	}
	if len(text) > 0 && !isTorn(text) {
		return fmt.Errorf("line %d: it has no end and is not the beginning of a label", bytes.Count(s.before(), []byte("\n"))+1)
	}
	s.Mended = fmt.Sprintf("its last line was cut short after %d bytes and was removed", len(text))
	return s.cut(s.size)
}

// before gives what the file holds up to its size, or nothing if it cannot be
// read: it only serves to count lines for a message.
func (s *Sheet) before() []byte {
	raw, _ := io.ReadAll(io.NewSectionReader(s.file, 0, s.size))
	return raw
}

// isTorn reports whether a text is the beginning of a JSON object.
func isTorn(text []byte) bool {
	dec := json.NewDecoder(bytes.NewReader(text))
	var v map[string]json.RawMessage
	return text[0] == '{' && errors.Is(dec.Decode(&v), io.ErrUnexpectedEOF)
}

// Examples gives the lines of the file in order. The slice is the caller's.
func (s *Sheet) Examples() []Labelled { return slices.Clone(s.lines) }

// Append adds one line. If that fails the file is as before.
func (s *Sheet) Append(l Labelled) error {
	if l.Tags == nil {
		l.Tags = []GoldTag{} // a negative says so
	}
	if err := l.Example.check(); err != nil {
		return fmt.Errorf("label of %s: %w", l.ID, err)
	}
	var line bytes.Buffer
	enc := json.NewEncoder(&line)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(l); err != nil {
		return fmt.Errorf("label of %s: %w", l.ID, err)
	}
	if err := s.unchanged(); err != nil {
		return err
	}
	if err := s.write(l, line.Bytes()); err != nil {
		return fmt.Errorf("write gold file: %w", err)
	}
	return nil
}

// Undo takes the last line away and gives what it said.
func (s *Sheet) Undo() (Labelled, error) {
	last := len(s.lines) - 1
	if last < 0 {
		return Labelled{}, fmt.Errorf("undo in gold file %s: it has no line", s.path)
	}
	if err := s.unchanged(); err != nil {
		return Labelled{}, err
	}
	l := s.lines[last]
	if err := s.cut(s.starts[last]); err != nil {
		return Labelled{}, fmt.Errorf("undo in gold file: %w", err)
	}
	s.lines, s.starts = s.lines[:last], s.starts[:last]
	return l, nil
}

// Close gives the file up. One that OpenSheet made and that is still empty is
// removed.
func (s *Sheet) Close() error {
	if s.file == nil {
		return nil
	}
	var errs []error
	if s.made && s.size == 0 && s.unlock != nil {
		_ = os.Remove(s.path) // where an open file cannot be removed, it stays
	}
	if s.unlock != nil {
		errs = append(errs, s.unlock())
	}
	return errors.Join(append(errs, s.file.Close())...)
}

// unchanged makes sure that nobody else wrote to the file: our places in it
// would be wrong.
func (s *Sheet) unchanged() error {
	info, err := os.Stat(s.path) // by its name: an editor may have put another in its place
	if err != nil {
		return fmt.Errorf("write gold file: %w", err)
	}
	mine, err := s.file.Stat()
	if err != nil {
		return fmt.Errorf("write gold file: %w", err)
	}
	if !os.SameFile(info, mine) || info.Size() != s.size {
		return fmt.Errorf("write gold file: %s was changed by another program since it was opened: start chorus label again", s.path)
	}
	return nil
}

// write puts a line at the end, or leaves the file as it was.
func (s *Sheet) write(l Labelled, line []byte) error {
	_, err := s.file.WriteAt(line, s.size)
	if err == nil {
		err = s.file.Sync()
	}
	if err != nil {
		return errors.Join(err, s.file.Truncate(s.size))
	}
	s.lines, s.starts = append(s.lines, l), append(s.starts, s.size)
	s.size += int64(len(line))
	return nil
}

// cut ends the file at a byte.
func (s *Sheet) cut(size int64) error {
	if err := s.file.Truncate(size); err != nil {
		return err
	}
	s.size = size
	return s.file.Sync()
}

// syncFolder makes the name of a new file last. Where folders cannot be
// synced there is nothing to be done about it.
func syncFolder(name string) error {
	dir, err := os.Open(name)
	if err != nil {
		return err
	}
	_ = dir.Sync()
	return dir.Close()
}

// check says what is wrong with a label: spans must lie in the text, on the
// borders of characters, and stances be those of the codebook.
func (e *Example) check() error {
	if !utf8.ValidString(e.Text) || e.Text == "" {
		return errors.New("the text is empty or not UTF-8")
	}
	for _, t := range e.Tags {
		switch {
		case t.Narrative == "":
			return errors.New("a tag names no narrative")
		case !slices.Contains(corpus.Stances(), t.Stance):
			return fmt.Errorf("tag %s: there is no stance %q", t.Narrative, t.Stance)
		case t.Start < 0 || t.End <= t.Start || t.End > len(e.Text):
			return fmt.Errorf("tag %s: span %d to %d is empty or outside of the text of %d bytes", t.Narrative, t.Start, t.End, len(e.Text))
		case !onBorder(e.Text, t.Start) || !onBorder(e.Text, t.End):
			return fmt.Errorf("tag %s: span %d to %d cuts a character", t.Narrative, t.Start, t.End)
		}
	}
	return nil
}

func onBorder(text string, i int) bool { return i == len(text) || utf8.RuneStart(text[i]) }
