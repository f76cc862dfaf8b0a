package archive

// Redaction: what must not be kept any more is taken out of records that were
// written long ago.
//
// A record that is redacted keeps its place, and a capture its length: gzip
// members are filled up with empty deflate blocks, which unpack to nothing. So
// all evidence, all revisits and all committed extents stay true, and what else
// is in the segment is not touched.

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/klauspost/compress/flate"

	"chorus/corpus"
	"chorus/internal/body"
)

// Takedown is the WARC-Truncated of records that were redacted, and
// corpus.Exchange.Truncated. WARC 1.1, 5.13 leaves room for reasons that it
// does not name.
const Takedown = "takedown"

// redoFile holds a redaction from the moment that it is decided until it is
// done; Open finishes it.
const redoFile = "redaction"

// A Redaction is what becomes of a capture.
type Redaction struct {
	Body []byte // of the answer, without content encoding; nil: nothing stays of the answer but its status
	Meta []byte // in the place of what was given to Append
}

// A Redacted says what Redact did.
type Redacted struct {
	Captures int      `json:"captures"` // that were rewritten
	Cut      int      `json:"cut"`      // files of the folder "cut" that were removed
	Shared   []string `json:"shared"`   // addresses of captures that were left, because later ones with another decision say "the same as then"
}

// Redact rewrites captures in place. It calls decide with each capture that
// was begun since a time, or a little before; a nil Redaction leaves it as it
// is. All that was decided is done at once: a crash leaves all of it undone,
// or the next Open does all of it. Captures that were not synced when Redact
// was called are not seen, and damaged ones cannot be redacted.
//
// The record of the answer keeps its id, date and address. It is marked as
// truncated for the reason "takedown", and its digests are those of what is
// left; the digest from before is kept in the metadata, so that Load finds it by
// its old evidence. The record of its request goes. A capture that is not an
// HTTP one is treated alike.
//
// Only the length that evidence states may be wrong afterwards, see Member. Who
// reads a record in the very moment in which it is rewritten may find it
// damaged.
func (a *Archive) Redact(ctx context.Context, since time.Time, decide func(Entry) (*Redaction, error)) (Redacted, error) {
	done, err := a.redact(ctx, since, decide)
	if err != nil {
		return done, fmt.Errorf("redact archive %s: %w", a.dir, err)
	}
	return done, nil
}

func (a *Archive) redact(ctx context.Context, since time.Time, decide func(Entry) (*Redaction, error)) (Redacted, error) {
	safe, err := a.safe()
	if err != nil {
		return Redacted{}, err
	}
	p := &planner{dir: a.dir, decide: decide, plans: map[Position]*plan{}}
	err = p.walk(ctx, safe, since)
	if errors.Is(err, errEarlier) {
		p = &planner{dir: a.dir, decide: decide, plans: map[Position]*plan{}}
		err = p.walk(ctx, safe, time.Time{})
	}
	if err != nil {
		return Redacted{}, err
	}
	done := Redacted{Shared: p.leaveShared()}
	var patches []patch
	for _, plan := range p.order {
		if !plan.dropped {
			patches = append(patches, patch{File: plan.at.File, Offset: plan.at.Offset, Bytes: plan.bytes})
		}
	}
	done.Captures = len(patches)
	if err := a.patch(patches); err != nil {
		return done, err
	}
	done.Cut, err = a.redactCut(decide)
	return done, err
}

// safe gives the extents of what is synced.
func (a *Archive) safe() ([]Extent, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.broken != nil {
		return nil, a.broken
	}
	names, err := segments(a.dir)
	if err != nil {
		return nil, err
	}
	var out []Extent
	for _, name := range names {
		n, err := fileBytes(filepath.Join(a.dir, name))
		if err != nil {
			return nil, err
		}
		for _, s := range a.open {
			if s.name == name {
				n = s.synced
			}
		}
		out = append(out, Extent{File: name, Bytes: n})
	}
	return out, nil
}

// A plan is the new content of the end of a group, from the record of its
// answer to its metadata.
type plan struct {
	at      Position
	bytes   []byte
	refers  Position // of a revisit: the record with the payload
	digest  string   // of the new payload
	removed bool
	url     string
	dropped bool
}

// A planner decides what to redact.
type planner struct {
	dir    string
	decide func(Entry) (*Redaction, error)
	order  []*plan
	plans  map[Position]*plan // by the place of the answer's record
	shared map[Position]bool  // planned, but a later capture needs it as it is
}

// errEarlier says that a payload lies before the place where the walk began.
var errEarlier = errors.New("the payload of a revisit is in a record from before the time given")

func (p *planner) walk(ctx context.Context, safe []Extent, since time.Time) error {
	p.shared = map[Position]bool{}
	fetch := func(revisit *Record) (*Record, error) {
		rec, _, err := follow(p.dir, revisit)
		return rec, err
	}
	for _, e := range from(safe, since) {
		g := grouper{file: e.File, emit: func(g *group) error { return p.group(g, fetch) }}
		if err := scanExtent(ctx, p.dir, e, g.add); err != nil {
			return err
		}
		if err := g.flush(); err != nil {
			return err
		}
	}
	return nil
}

// from leaves out the segments in which all captures are from before a time.
func from(safe []Extent, since time.Time) []Extent {
	first := 0
	for i, e := range safe {
		if stamp, _, ok := parseSegmentName(e.File); ok && stamp <= since.UTC().Format(stampLayout) {
			first = i
		}
	}
	return safe[first:]
}

func scanExtent(ctx context.Context, dir string, e Extent, fn func(*Record, *Damage) error) error {
	f, err := os.Open(filepath.Join(dir, e.File))
	if err != nil {
		return err
	}
	defer f.Close()
	return scanReader(ctx, io.NewSectionReader(f, 0, e.Bytes), Position{File: e.File}, fn)
}

func (p *planner) group(g *group, fetch payloads) error {
	e := g.entry(fetch)
	r, err := p.decide(e)
	if err != nil {
		return err
	}
	if r == nil || g.meta == nil {
		p.meet(g)
		return nil
	}
	made, err := p.plan(g, r)
	if err != nil {
		return fmt.Errorf("capture of %s at %s byte %d: %w", g.facts.URL, g.file, g.meta.Offset, err)
	}
	p.order = append(p.order, made)
	p.plans[made.at] = made
	return nil
}

// meet notes which planned records a capture that stays as it is refers to.
func (p *planner) meet(g *group) {
	for _, rec := range g.records {
		if rec.Type() != typeRevisit || rec.Header.Get("WARC-Payload-Digest") == "" {
			continue // one for a 304 has no payload of its own
		}
		if at, _, err := rec.refersTo(); err == nil && p.plans[at] != nil {
			p.shared[at] = true
		}
	}
}

// leaveShared drops the plans that later captures do not bear, and gives their
// addresses.
func (p *planner) leaveShared() []string {
	out := []string{}
	for _, plan := range p.order {
		if p.shared[plan.at] || plan.refers.File != "" && p.shared[plan.refers] {
			plan.dropped = true
			if !slices.Contains(out, plan.url) {
				out = append(out, plan.url)
			}
		}
	}
	return out
}

// answer gives the facts of the answer and its record, nil if nobody answered.
func (g *group) answer() (*exchangeFacts, *Record) {
	if n := len(g.facts.Exchanges); n > 0 && g.facts.Exchanges[n-1].Role.Answers() {
		x := &g.facts.Exchanges[n-1]
		return x, g.find(x.Response)
	}
	return nil, nil
}

// plan lays the end of a group out anew: the answer, if there is one, and then
// the metadata, which takes all the room that is left.
func (p *planner) plan(g *group, r *Redaction) (*plan, error) {
	f := g.facts
	f.Exchanges = slices.Clone(f.Exchanges)
	g = &group{file: g.file, records: g.records, meta: g.meta, facts: f}
	begin := g.meta.Offset - f.Before
	made := &plan{at: Position{File: g.file, Offset: g.meta.Offset}, url: f.URL}
	x, rec := g.answer()
	if x != nil && rec == nil {
		return nil, errors.New("the record of its answer is damaged")
	}
	if rec != nil {
		made.at.Offset = rec.Offset
		if err := p.answer(made, x, rec, r); err != nil {
			return nil, err
		}
		n := int64(len(r.Body))
		f.BodyBytes = &n
		x.Request = ""
	}
	f.Before = made.at.Offset + int64(len(made.bytes)) - begin
	block, err := metadataBlock(f, r.Meta)
	if err != nil {
		return nil, err
	}
	room := g.meta.Offset + g.meta.Length - made.at.Offset - int64(len(made.bytes))
	head := headOf(g.meta, "WARC-Type", "WARC-Record-ID", "WARC-Date", "WARC-Target-URI", "WARC-Concurrent-To", "Content-Type")
	member, err := fitting(room, variant{head, [][]byte{block}, true}, variant{head, [][]byte{block}, false})
	if err != nil {
		return nil, err
	}
	made.bytes = append(made.bytes, member...)
	return made, nil
}

// answer writes the record of an answer anew, and its facts.
func (p *planner) answer(made *plan, x *exchangeFacts, rec *Record, r *Redaction) (err error) {
	if r.Body == nil {
		made.removed, made.digest = true, digest(nil)
		x.Digest, x.Was, x.Truncated = made.digest, "", Takedown
		made.bytes, err = removed(rec)
		return err
	}
	x.Was = cmp.Or(x.Was, x.Digest)
	if rec.Type() == typeRevisit {
		var at Position
		if at, _, err = rec.refersTo(); err != nil {
			return err
		}
		original := p.plans[at]
		if original == nil {
			return errEarlier
		}
		made.refers, made.digest = at, original.digest
		made.bytes, err = editedRevisit(rec, original.digest)
	} else {
		made.bytes, made.digest, err = edited(rec, r.Body)
	}
	x.Digest, x.Truncated = made.digest, Takedown
	return err
}

// removed is a record of an answer of which nothing stays.
func removed(rec *Record) ([]byte, error) {
	head := headOf(rec, "WARC-Type", "WARC-Record-ID", "WARC-Date", "WARC-Target-URI")
	head = append(head, field{"WARC-Truncated", Takedown}, field{"WARC-Payload-Digest", digest(nil)})
	head = append(head, headOf(rec, "Content-Type")...)
	var block []byte
	if rec.Type() != typeResource {
		head[0].value = typeResponse
		first, _, _ := splitMessage(rec.Block)
		block = []byte(first + "\r\n\r\n")
	}
	return fitting(0, variant{head, [][]byte{block}, true})
}

// edited is a response with another body. It has the length of the old one, or
// if it cannot, is as short as it can be: then it takes room from the record of
// the request. The content encoding of the old body cannot be kept for the same
// reason: first it is tried without any, then with the densest, then with only
// those fields of the header that say what the body is, and at last without the
// digest of the block, which the digest of the payload covers.
func edited(rec *Record, plain []byte) (member []byte, sum string, err error) {
	if rec.Type() != typeResponse {
		return nil, "", fmt.Errorf("a part of a %s record cannot be taken out", rec.Type())
	}
	packed, err := body.Brotli(plain)
	if err != nil {
		return nil, "", err
	}
	first, h, _ := splitMessage(rec.Block)
	h.Del("Content-Encoding")
	h.Del("Transfer-Encoding")
	dense := h.Clone()
	dense.Set("Content-Encoding", "br")
	bare := http.Header{"Content-Type": h.Values("Content-Type"), "Content-Encoding": {"br"}}
	write := func(size int64, h http.Header, payload []byte, blockDigest bool) bool {
		sum = digest(payload)
		head := headOf(rec, "WARC-Type", "WARC-Record-ID", "WARC-Date", "WARC-Target-URI", "WARC-IP-Address", "WARC-Protocol")
		head = append(head, field{"WARC-Truncated", Takedown}, field{"WARC-Payload-Digest", sum})
		head = append(head, headOf(rec, "Content-Type")...)
		member, err = fitting(size, variant{head, [][]byte{messageHead(first, h), payload}, blockDigest})
		return err == nil
	}
	if write(rec.Length, h, plain, true) || write(rec.Length, dense, packed, true) ||
		write(rec.Length, bare, packed, true) || write(rec.Length, bare, packed, false) || write(0, bare, packed, true) {
		return member, sum, nil
	}
	return nil, "", err
}

// editedRevisit is a revisit of a record whose payload has become another one.
func editedRevisit(rec *Record, sum string) ([]byte, error) {
	head := headOf(rec, "WARC-Type", "WARC-Record-ID", "WARC-Date", "WARC-Target-URI", "WARC-IP-Address", "WARC-Protocol",
		"WARC-Profile", "WARC-Refers-To", "WARC-Refers-To-Target-URI", "WARC-Refers-To-Date", "WARC-Refers-To-Filename", "WARC-Refers-To-File-Offset")
	head = append(head, field{"WARC-Payload-Digest", sum})
	head = append(head, headOf(rec, "Content-Type")...)
	first, h, _ := splitMessage(rec.Block)
	bare := http.Header{"Content-Type": h.Values("Content-Type")}
	return fitting(rec.Length,
		variant{head, [][]byte{messageHead(first, h)}, true},
		variant{head, [][]byte{messageHead(first, bare)}, true},
		variant{head, [][]byte{messageHead(first, bare)}, false})
}

// headOf gives fields of a record's header, those that it has, in the order asked.
func headOf(rec *Record, names ...string) []field {
	var out []field
	for _, name := range names {
		for _, v := range rec.Header.Values(name) {
			out = append(out, field{name, v})
		}
	}
	return out
}

// A variant is one way to write a record.
type variant struct {
	head   []field
	parts  [][]byte
	digest bool // state the digest of the block; no digest packs as badly as that
}

// errNoRoom says that a record does not fit into the place of the old one.
var errNoRoom = errors.New("what is left does not fit into the place of the old record")

// fitting gives the first variant that fits into a number of bytes as a gzip
// member of exactly that size; 0 is any size.
func fitting(size int64, variants ...variant) ([]byte, error) {
	for _, v := range variants {
		text := v.bytes()
		packed, err := deflated(text)
		if err != nil {
			return nil, err
		}
		least := int64(10 + len(packed) + len(endings[0]) + 8)
		if size > 0 && least > size {
			continue
		}
		return member(text, packed, max(size-least, 0)), nil
	}
	return nil, errNoRoom
}

// bytes is the record, not packed.
func (v variant) bytes() []byte {
	block := bytes.Join(v.parts, nil)
	head := v.head
	if v.digest {
		head = append(slices.Clone(head), field{"WARC-Block-Digest", digest(block)})
	}
	var b bytes.Buffer
	b.WriteString(warcVersion + "\r\n")
	for _, f := range append(slices.Clone(head), field{"Content-Length", strconv.Itoa(len(block))}) {
		b.WriteString(f.name + ": " + f.value + "\r\n")
	}
	b.WriteString("\r\n")
	b.Write(block)
	b.WriteString("\r\n\r\n")
	return b.Bytes()
}

// deflated packs text and ends at a byte, without a last block.
func deflated(text []byte) ([]byte, error) {
	var b bytes.Buffer
	z, err := flate.NewWriter(&b, flate.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := z.Write(text); err != nil {
		return nil, err
	}
	if err := z.Flush(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// An empty stored block of deflate, at a byte: five bytes that unpack to nothing
// (RFC 1951, 3.2.4).
var emptyBlock = []byte{0x00, 0x00, 0x00, 0xff, 0xff}

// The ways to end a stream at a byte, by how many bytes longer they are than
// the shortest: one to four empty blocks with fixed codes, which have ten bits
// each (RFC 1951, 3.2.6), and one of these with an empty stored block.
var endings = [5][]byte{
	{0x03, 0x00},
	{0x02, 0x0c, 0x00},
	{0x02, 0x08, 0x30, 0x00},
	{0x02, 0x08, 0x20, 0xc0, 0x00},
	{0x02, 0x04, 0x00, 0x00, 0xff, 0xff},
}

// member makes a gzip member of packed text that is filler bytes longer than it
// has to be.
func member(text, packed []byte, filler int64) []byte {
	var b bytes.Buffer
	b.Write([]byte{0x1f, 0x8b, 8, 9: 0xff})
	b.Write(packed)
	b.Write(bytes.Repeat(emptyBlock, int(filler/5)))
	b.Write(endings[filler%5])
	b.Write(binary.LittleEndian.AppendUint32(nil, crc32.ChecksumIEEE(text)))
	b.Write(binary.LittleEndian.AppendUint32(nil, uint32(len(text))))
	return b.Bytes()
}

// A patch is bytes to write over others.
type patch struct {
	File   string `json:"file"`
	Offset int64  `json:"offset"`
	Bytes  []byte `json:"bytes"`
}

// patch notes what is to be written, writes it, and forgets the note.
func (a *Archive) patch(patches []patch) error {
	if len(patches) == 0 {
		return nil
	}
	note, err := noteOf(patches)
	if err != nil {
		return err
	}
	if err := writeWhole(filepath.Join(a.dir, redoFile), note); err != nil {
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.redo()
}

// noteOf is a checksum and the patches.
func noteOf(patches []patch) ([]byte, error) {
	raw, err := json.Marshal(patches)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(raw)
	return append([]byte(hex.EncodeToString(sum[:])+"\n"), raw...), nil
}

// writeWhole writes a file so that after a crash it is there whole or not at all.
func writeWhole(path string, raw []byte) error {
	f, err := os.OpenFile(path+".new", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(raw)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(path+".new", path); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

// redo does the redaction that was noted, if there is one. It may be done twice.
func (a *Archive) redo() error {
	note := filepath.Join(a.dir, redoFile)
	if err := os.Remove(note + ".new"); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	raw, err := os.ReadFile(note)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	want, rest, _ := strings.Cut(string(raw), "\n")
	var patches []patch
	sum := sha256.Sum256([]byte(rest))
	if want != hex.EncodeToString(sum[:]) || json.Unmarshal([]byte(rest), &patches) != nil {
		return fmt.Errorf("%s is damaged: remove it, and ask for the takedown again", note)
	}
	byFile := map[string][]patch{}
	for _, p := range patches {
		if !segmentPattern.MatchString(p.File) {
			return fmt.Errorf("%s names %q, which is no segment", note, p.File)
		}
		byFile[p.File] = append(byFile[p.File], p)
	}
	for name, list := range byFile {
		if err := overwrite(filepath.Join(a.dir, name), list); err != nil {
			return fmt.Errorf("segment %s: %w", name, err)
		}
	}
	if err := os.Remove(note); err != nil {
		return err
	}
	return syncDir(a.dir)
}

func overwrite(path string, patches []patch) (err error) {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	for _, p := range patches {
		if _, err := f.WriteAt(p.Bytes, p.Offset); err != nil {
			return err
		}
	}
	return f.Sync()
}

// redactCut removes the files of the folder "cut" with a capture that is to be
// redacted, and those that cannot be read to their end: these may hold anything.
func (a *Archive) redactCut(decide func(Entry) (*Redaction, error)) (removed int, err error) {
	folder := filepath.Join(a.dir, cutFolder)
	entries, err := os.ReadDir(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	for _, e := range entries {
		path := filepath.Join(folder, e.Name())
		clean, err := cleanOf(path, decide)
		if err != nil {
			return removed, err
		}
		if !clean {
			if err := os.Remove(path); err != nil {
				return removed, err
			}
			removed++
		}
	}
	if removed > 0 {
		return removed, syncDir(folder)
	}
	return 0, nil
}

// cleanOf reports whether a file of captures can be read and holds nothing to
// be redacted.
func cleanOf(path string, decide func(Entry) (*Redaction, error)) (bool, error) {
	f, err := os.Open(path)
	if err != nil {
		return false, err
	}
	defer f.Close()
	clean := true
	var failed error
	g := grouper{emit: func(g *group) error {
		e := g.entry(func(*Record) (*Record, error) { return nil, errors.New("elsewhere") })
		if e.Capture == nil && len(e.Damage) > 0 {
			e.Capture = &corpus.Capture{URL: g.facts.URL} // a revisit: what it is of can still be told
		}
		r, err := decide(e)
		clean, failed = clean && r == nil, errors.Join(failed, err)
		return nil
	}}
	if err := Read(f, func(rec *Record) error { return g.add(rec, nil) }); err != nil {
		return false, nil //nolint:nilerr // it says that the file cannot be read
	}
	err = g.flush()
	return clean, errors.Join(err, failed)
}
