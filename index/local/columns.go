package local

import (
	"strconv"
	"time"

	"chorus/corpus"
)

// A row is what the columns keep of one document version.
type row struct {
	seq       corpus.Seq
	page      uint64 // the first 64 bits of the DocID: versions of one page share it
	published int64  // Unix seconds; undated if not known
	part      uint32 // partition
	outlet    uint32
	lang      uint32
	kind      uint32
	flags     uint8
	tags      []tagKey
}

// undated stands for a publication time that is not known.
const undated = int64(-1 << 62)

// The flags of a row.
const (
	flagEdited   = 1 << iota // not the first version of its page
	flagDeleted              // the page is gone
	flagReplaced             // the store says that there is a newer version
)

type tagKey struct{ narrative, stance uint32 }

// columns hold all rows, by ordinal: the order of their first arrival. Strings
// are numbers of names. About 60 bytes a document, with the maps.
type columns struct {
	seqs      []corpus.Seq
	pages     []uint64
	published []int64
	part      []uint32
	outlet    []uint32
	lang      []uint32
	kind      []uint32
	flags     []uint8
	analyzer  []uint8 // number of the analyzer of lang

	current bitset // not superseded
	tags    map[tagKey]bitset

	ordinals ordinals
	latest   map[uint64]uint32 // page to the ordinal of its newest version

	parts, outlets, langs, kinds, narratives, stances names

	cursor   corpus.Seq
	change   uint64   // number of the last change that wrote to partitions
	touched  []uint64 // by partition: the last change that wrote to it
	held     []int    // by partition: documents in it
	newest   corpus.Seq
	analyzed []uint8 // by lang: its analyzer
}

func newColumns() *columns {
	return &columns{tags: make(map[tagKey]bitset), latest: make(map[uint64]uint32)}
}

func (c *columns) len() int { return len(c.seqs) }

// put adds a row, or takes it in place of the one with its Seq. It reports
// whether there was one.
func (c *columns) put(r row) (replaced bool) {
	for int(r.part) >= len(c.held) {
		c.held = append(c.held, 0)
		c.touched = append(c.touched, 0)
	}
	for int(r.lang) >= len(c.analyzed) {
		c.analyzed = append(c.analyzed, analyzerOf(c.langs.names[len(c.analyzed)]))
	}
	ord, replaced := c.ordinals.get(r.seq)
	if !replaced {
		ord = uint32(len(c.seqs))
		c.ordinals.put(r.seq, ord)
		c.seqs = append(c.seqs, r.seq)
		c.pages = append(c.pages, r.page)
		c.published = append(c.published, 0)
		c.part = append(c.part, r.part)
		c.outlet = append(c.outlet, 0)
		c.lang = append(c.lang, 0)
		c.kind = append(c.kind, 0)
		c.flags = append(c.flags, 0)
		c.analyzer = append(c.analyzer, 0)
		c.newest = max(c.newest, r.seq)
	} else {
		c.held[c.part[ord]]--
	}
	c.held[r.part]++
	c.published[ord], c.part[ord], c.outlet[ord] = r.published, r.part, r.outlet
	c.lang[ord], c.kind[ord], c.flags[ord] = r.lang, r.kind, r.flags
	c.analyzer[ord] = c.analyzed[r.lang]
	c.retag(ord, r.tags)
	c.supersede(ord)
	return replaced
}

// supersede finds out which version of the page of ord is the current one.
func (c *columns) supersede(ord uint32) {
	last, known := c.latest[c.pages[ord]]
	switch {
	case !known || c.seqs[last] < c.seqs[ord]:
		if known {
			c.current.clear(last)
		}
		c.latest[c.pages[ord]] = ord
	case last != ord:
		c.current.clear(ord)
		return
	}
	if c.flags[ord]&flagReplaced != 0 {
		c.current.clear(ord)
	} else {
		c.current.set(ord)
	}
}

func (c *columns) retag(ord uint32, tags []tagKey) {
	for _, b := range c.tags {
		b.clear(ord)
	}
	for _, t := range tags {
		b := c.tags[t]
		b.set(ord)
		c.tags[t] = b
	}
}

func (c *columns) mark(ord uint32, flags uint8) {
	c.flags[ord] = c.flags[ord]&flagEdited | flags
	c.supersede(ord)
}

// row gives back what was put.
func (c *columns) row(ord uint32) row {
	r := row{
		seq: c.seqs[ord], page: c.pages[ord], published: c.published[ord], part: c.part[ord],
		outlet: c.outlet[ord], lang: c.lang[ord], kind: c.kind[ord], flags: c.flags[ord],
	}
	for t, b := range c.tags {
		if b.has(ord) {
			r.tags = append(r.tags, t)
		}
	}
	return r
}

// at is the publication time of a document; zero if it is not known.
func (c *columns) at(ord uint32) time.Time {
	if c.published[ord] == undated {
		return time.Time{}
	}
	return time.Unix(c.published[ord], 0).UTC()
}

// pageOf shortens a DocID to 64 bits. For ids that are not hexadecimal (no
// store makes such) it takes their bytes.
func pageOf(id corpus.DocID) uint64 {
	if len(id) >= 16 {
		if n, err := strconv.ParseUint(string(id[:16]), 16, 64); err == nil {
			return n
		}
	}
	h := uint64(14695981039346656037) // FNV-1a
	for _, b := range []byte(id) {
		h = (h ^ uint64(b)) * 1099511628211
	}
	return h
}

// names numbers strings in order of their first use.
type names struct {
	names   []string
	numbers map[string]uint32
}

func (n *names) find(s string) (uint32, bool) {
	i, ok := n.numbers[s]
	return i, ok
}

func (n *names) add(s string) uint32 {
	if i, ok := n.numbers[s]; ok {
		return i
	}
	if n.numbers == nil {
		n.numbers = make(map[string]uint32)
	}
	i := uint32(len(n.names))
	n.numbers[s] = i
	n.names = append(n.names, s)
	return i
}

// ordinals maps Seq to ordinal, 4 bytes each where Seqs lie close together.
type ordinals struct {
	blocks map[corpus.Seq]*[1024]uint32 // ordinal+1; 0 is none
}

func (o *ordinals) get(s corpus.Seq) (uint32, bool) {
	block := o.blocks[s>>10]
	if block == nil || block[s&1023] == 0 {
		return 0, false
	}
	return block[s&1023] - 1, true
}

func (o *ordinals) put(s corpus.Seq, ord uint32) {
	if o.blocks == nil {
		o.blocks = make(map[corpus.Seq]*[1024]uint32)
	}
	block := o.blocks[s>>10]
	if block == nil {
		block = new([1024]uint32)
		o.blocks[s>>10] = block
	}
	block[s&1023] = ord + 1
}
