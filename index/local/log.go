package local

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"strconv"

	"chorus/corpus"
)

// The kinds of record in a frame of columns.log, each followed by its varints.
const (
	recordName   = 'n' // list, then a string: the next name of the list
	recordPut    = 'p' // a row
	recordTags   = 't' // seq, number of tags, tags
	recordMark   = 'm' // seq, flags
	recordTouch  = 'w' // partition, change: the last change that wrote to it
	recordChange = 'c' // number of the last change
	recordCursor = 'u' // cursor
)

// The lists of names.
const (
	listParts = iota
	listOutlets
	listLangs
	listKinds
	listNarratives
	listStances
)

func (c *columns) list(i uint64) *names {
	lists := []*names{&c.parts, &c.outlets, &c.langs, &c.kinds, &c.narratives, &c.stances}
	if i >= uint64(len(lists)) {
		return nil
	}
	return lists[i]
}

const (
	frameHead  = 16
	frameLimit = 1 << 28 // bytes of a payload
)

func frameMagic() []byte { return []byte("CHX\x01") }

// A log is columns.log, open for appending.
type log struct {
	path  string
	head  string
	file  *os.File
	size  int64
	stale int // records that later ones have overtaken
}

// openLog reads the log at path, or begins one. Closed is the length it had
// when it was closed, or empty if it was not closed.
func openLog(path, partition, closed string) (*log, *columns, error) {
	l := &log{path: path, head: "chorus columns " + Version() + " " + partition + "\n"}
	raw, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) && closed == "" {
		c := newColumns()
		return l, c, l.rewrite(c)
	}
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil, fmt.Errorf("%w: columns.log is missing", ErrCorrupt)
	}
	if err != nil {
		return nil, nil, err
	}
	c := newColumns()
	whole, err := l.replay(raw, c)
	if err != nil {
		return nil, nil, err
	}
	if l.file, err = os.OpenFile(path, os.O_RDWR, 0o644); err != nil {
		return nil, nil, err
	}
	l.size = int64(len(raw))
	if closed != "" && (closed != l.length() || whole != l.size) {
		return l, c, fmt.Errorf("%w: columns.log has %d good bytes, and had %s when it was closed", ErrCorrupt, whole, closed)
	}
	return l, c, l.truncate(whole)
}

// length is what openLog wants to know of a closed log.
func (l *log) length() string { return strconv.FormatInt(l.size, 10) }

// replay reads the frames of raw into c and gives the length of what is whole.
func (l *log) replay(raw []byte, c *columns) (int64, error) {
	if !bytes.HasPrefix(raw, []byte(l.head)) {
		line, _, _ := bytes.Cut(raw[:min(len(raw), 80)], []byte("\n"))
		return 0, fmt.Errorf("%w: columns.log begins with %q, want %q", ErrCorrupt, line, l.head)
	}
	at := len(l.head)
	for at < len(raw) {
		payload, ok := frameAt(raw[at:])
		if !ok {
			if laterFrame(raw[at:]) {
				return 0, fmt.Errorf("%w: columns.log is damaged at byte %d", ErrCorrupt, at)
			}
			break // torn
		}
		if err := l.apply(payload, c); err != nil {
			return 0, fmt.Errorf("%w: columns.log, frame at byte %d: %w", ErrCorrupt, at, err)
		}
		at += frameHead + len(payload)
	}
	return int64(at), nil
}

// frameAt gives the payload of the frame that raw begins with, if it is whole.
func frameAt(raw []byte) ([]byte, bool) {
	if len(raw) < frameHead || !bytes.HasPrefix(raw, frameMagic()) ||
		binary.LittleEndian.Uint32(raw[12:]) != checksum(raw[:12]) {
		return nil, false
	}
	n := int(binary.LittleEndian.Uint32(raw[4:]))
	if n > frameLimit || len(raw) < frameHead+n {
		return nil, false
	}
	payload := raw[frameHead : frameHead+n]
	return payload, binary.LittleEndian.Uint32(raw[8:]) == checksum(payload)
}

// laterFrame reports whether a whole frame begins somewhere after the start of raw.
func laterFrame(raw []byte) bool {
	for i := 1; i < len(raw); i++ {
		j := bytes.Index(raw[i:], frameMagic())
		if j < 0 {
			return false
		}
		i += j
		if _, ok := frameAt(raw[i:]); ok {
			return true
		}
	}
	return false
}

func checksum(b []byte) uint32 { return crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli)) }

// apply puts the records of one payload into c.
func (l *log) apply(payload []byte, c *columns) error {
	r := reader{b: payload}
	for len(r.b) > 0 && r.err == nil {
		switch kind := r.byte(); kind {
		case recordName:
			list, name := c.list(r.uint()), r.string()
			if list == nil {
				return errors.New("unknown list of names")
			}
			list.add(name)
		case recordPut:
			row := r.row()
			if r.err == nil && !c.knows(row) {
				return errors.New("a row has an unknown name")
			}
			if r.err == nil && c.put(row) {
				l.stale++
			}
		case recordTags:
			ord, known := c.ordinals.get(corpus.Seq(r.uint()))
			tags := r.tags()
			if r.err == nil && known {
				c.retag(ord, tags)
			}
			l.stale++
		case recordMark:
			ord, known := c.ordinals.get(corpus.Seq(r.uint()))
			flags := r.byte()
			if r.err == nil && known {
				c.mark(ord, flags)
			}
			l.stale++
		case recordTouch:
			part, change := r.uint(), r.uint()
			if part >= uint64(len(c.parts.names)) {
				return errors.New("unknown partition")
			}
			for part >= uint64(len(c.touched)) {
				c.touched = append(c.touched, 0)
				c.held = append(c.held, 0)
			}
			c.touched[part] = change
		case recordChange:
			c.change = r.uint()
		case recordCursor:
			c.cursor = corpus.Seq(r.uint())
		default:
			return fmt.Errorf("unknown record %q", kind)
		}
	}
	return r.err
}

func (c *columns) knows(r row) bool {
	for _, t := range r.tags {
		if int(t.narrative) >= len(c.narratives.names) || int(t.stance) >= len(c.stances.names) {
			return false
		}
	}
	return int(r.part) < len(c.parts.names) && int(r.outlet) < len(c.outlets.names) &&
		int(r.lang) < len(c.langs.names) && int(r.kind) < len(c.kinds.names)
}

// append writes a frame and waits until it is on disk. After a failure the log
// is as it was before.
func (l *log) append(f frame) error {
	raw := f.bytes()
	if len(f) > frameLimit {
		return fmt.Errorf("a change of %d bytes is too large", len(f))
	}
	_, err := l.file.WriteAt(raw, l.size)
	if err == nil {
		err = l.file.Sync()
	}
	if err != nil {
		return errors.Join(fmt.Errorf("write columns.log: %w", err), l.truncate(l.size))
	}
	l.size += int64(len(raw))
	return nil
}

func (l *log) truncate(size int64) error {
	if err := l.file.Truncate(size); err != nil {
		return err
	}
	l.size = size
	return l.file.Sync()
}

// rewrite writes all of c into a new file, in place of the old one.
func (l *log) rewrite(c *columns) error {
	var b bytes.Buffer
	b.WriteString(l.head)
	var f frame
	for i := uint64(0); c.list(i) != nil; i++ {
		for _, name := range c.list(i).names {
			f.name(i, name)
		}
	}
	for ord := range uint32(c.len()) {
		f.put(c.row(ord))
		if len(f) > 1<<20 {
			b.Write(f.bytes())
			f = nil
		}
	}
	for part, change := range c.touched {
		f.touch(uint32(part), change)
	}
	f.change(c.change)
	f.cursor(c.cursor)
	b.Write(f.bytes())

	temp := l.path + ".new"
	file, err := os.OpenFile(temp, os.O_CREATE|os.O_TRUNC|os.O_RDWR, 0o644)
	if err != nil {
		return err
	}
	if _, err = file.Write(b.Bytes()); err == nil {
		err = file.Sync()
	}
	if err == nil {
		err = os.Rename(temp, l.path)
	}
	if err != nil {
		return errors.Join(err, file.Close())
	}
	if l.file != nil {
		err = l.file.Close()
	}
	l.file, l.size, l.stale = file, int64(b.Len()), 0
	return errors.Join(err, syncFolder(filepath.Dir(l.path)))
}

// check reads the file again and compares it with c.
func (l *log) check(c *columns) error {
	raw := make([]byte, l.size)
	if _, err := io.ReadFull(io.NewSectionReader(l.file, 0, l.size), raw); err != nil {
		return fmt.Errorf("%w: columns.log: %w", ErrCorrupt, err)
	}
	fresh := newColumns()
	whole, err := (&log{head: l.head}).replay(raw, fresh)
	if err != nil {
		return err
	}
	if whole != l.size || fresh.len() != c.len() || fresh.cursor != c.cursor || fresh.current.count() != c.current.count() {
		return fmt.Errorf("%w: columns.log does not hold what was written to it", ErrCorrupt)
	}
	return nil
}

func (l *log) close() error {
	if l.file == nil {
		return nil
	}
	return l.file.Close()
}

func syncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	// Some file systems cannot sync a folder; the rename is then as safe as it gets.
	_ = d.Sync()
	return d.Close()
}

// A frame is a payload that is being built.
type frame []byte

func (f frame) bytes() []byte {
	raw := append(make([]byte, 0, frameHead+len(f)), frameMagic()...)
	raw = binary.LittleEndian.AppendUint32(raw, uint32(len(f)))
	raw = binary.LittleEndian.AppendUint32(raw, checksum(f))
	raw = binary.LittleEndian.AppendUint32(raw, checksum(raw))
	return append(raw, f...)
}

func (f *frame) uints(values ...uint64) {
	for _, v := range values {
		*f = binary.AppendUvarint(*f, v)
	}
}

func (f *frame) name(list uint64, name string) {
	*f = append(*f, recordName)
	f.uints(list, uint64(len(name)))
	*f = append(*f, name...)
}

func (f *frame) put(r row) {
	*f = append(*f, recordPut)
	f.uints(uint64(r.seq), r.page)
	*f = binary.AppendVarint(*f, r.published)
	f.uints(uint64(r.part), uint64(r.outlet), uint64(r.lang), uint64(r.kind), uint64(r.flags))
	f.tagKeys(r.tags)
}

func (f *frame) tagKeys(tags []tagKey) {
	f.uints(uint64(len(tags)))
	for _, t := range tags {
		f.uints(uint64(t.narrative), uint64(t.stance))
	}
}

func (f *frame) tags(s corpus.Seq, tags []tagKey) {
	*f = append(*f, recordTags)
	f.uints(uint64(s))
	f.tagKeys(tags)
}

func (f *frame) mark(s corpus.Seq, flags uint8) {
	*f = append(*f, recordMark)
	f.uints(uint64(s))
	*f = append(*f, flags)
}

func (f *frame) touch(part uint32, change uint64) {
	*f = append(*f, recordTouch)
	f.uints(uint64(part), change)
}

func (f *frame) change(n uint64) {
	*f = append(*f, recordChange)
	f.uints(n)
}

func (f *frame) cursor(s corpus.Seq) {
	*f = append(*f, recordCursor)
	f.uints(uint64(s))
}

// A reader takes a payload apart. After an error it gives zeros.
type reader struct {
	b   []byte
	err error
}

var errShort = errors.New("a record is cut short")

func (r *reader) byte() uint8 {
	if len(r.b) == 0 {
		r.err = errShort
		return 0
	}
	v := r.b[0]
	r.b = r.b[1:]
	return v
}

func (r *reader) uint() uint64 {
	v, n := binary.Uvarint(r.b)
	if n <= 0 {
		r.err, r.b = errShort, nil
		return 0
	}
	r.b = r.b[n:]
	return v
}

func (r *reader) int() int64 {
	v, n := binary.Varint(r.b)
	if n <= 0 {
		r.err, r.b = errShort, nil
		return 0
	}
	r.b = r.b[n:]
	return v
}

func (r *reader) string() string {
	n := r.uint()
	if n > uint64(len(r.b)) {
		r.err, r.b = errShort, nil
		return ""
	}
	s := string(r.b[:n])
	r.b = r.b[n:]
	return s
}

func (r *reader) row() row {
	return row{
		seq: corpus.Seq(r.uint()), page: r.uint(), published: r.int(),
		part: uint32(r.uint()), outlet: uint32(r.uint()), lang: uint32(r.uint()), kind: uint32(r.uint()),
		flags: uint8(r.uint()), tags: r.tags(),
	}
}

func (r *reader) tags() []tagKey {
	n := r.uint()
	if n > uint64(len(r.b)) {
		r.err, r.b = errShort, nil
		return nil
	}
	tags := make([]tagKey, n)
	for i := range tags {
		tags[i] = tagKey{uint32(r.uint()), uint32(r.uint())}
	}
	return tags
}
