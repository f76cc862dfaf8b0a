package classify

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	_ "embed"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash/maphash"
	"io"
	"math"
	"sync"
	"sync/atomic"

	"chorus/corpus"
)

// A Model is the learned part of a classifier: linear weights over the
// features of a passage, and the function that makes a probability of their
// sum and of the cues that hit. Train makes one, WriteTo keeps it, ReadModel
// reads it. It is safe for use from several goroutines.
//
// Its file is gzip of: the magic "chorus-m", the SHA-256 of what follows, the
// length of a header as four bytes (big-endian), the header as JSON, and the
// weights, one signed byte for each bucket and narrative.
type Model struct {
	header  header
	sum     [sha256.Size]byte
	weights []int8   // by bucket, then by column
	live    []uint64 // a bit for each bucket that has a weight: most pairs of words have none
	any     []int8   // by bucket: the weights of the column Any once more, side by side
	seed    maphash.Seed
	cache   []atomic.Pointer[weighedWord]
	known   []atomic.Pointer[gistWord]
}

const (
	modelMagic   = "chorus-m"
	modelVersion = 4
	mostHeader   = 1 << 20
)

// A header is all of a model but the weights.
type header struct {
	Version  int      `json:"version"`
	Bits     int      `json:"bits"`
	Columns  []column `json:"columns"`
	Fusion   fusion   `json:"fusion"`
	Stance   attitude `json:"stance"`   // its two columns of weights come after those of the narratives
	Any      column   `json:"any"`      // whether a passage makes any claim of the codebook; the last column of weights
	Training string   `json:"training"` // hash of the labelled passages
	Metrics  Metrics  `json:"metrics"`
}

// A column is what the model knows of one narrative.
type column struct {
	ID    string           `json:"id"`
	Claim string           `json:"claim"` // hash of the definition that it was trained for
	Scale float32          `json:"scale"` // of its weights
	Bias  [scripts]float32 `json:"bias"`
}

// A fusion makes a probability of the evidence for a passage: a logistic
// function with coefficients that all narratives share, and an offset of each
// narrative and of each narrative in each script, shrunk towards none.
type fusion struct {
	Shared  [inputs]float64        `json:"shared"`
	Offsets [][scripts + 1]float64 `json:"offsets"` // by column; the last is for all scripts
	// Threshold is the least probability that earns a tag, by script: without a
	// cue of the claim in the passage, and with one.
	Threshold [scripts][2]float64 `json:"threshold"`
	// Least is the least margin of Any that a passage without a cue needs to be
	// judged at all: lower ones earned no tag in training.
	Least float64 `json:"least"`
}

// threshold is that of an evidence.
func (f *fusion) threshold(ev *evidence) float64 {
	return f.Threshold[ev.script][int(truth(ev.cued()))]
}

func (f *fusion) probability(column int, x *[inputs]float64, s script) float64 {
	z := f.Offsets[column][s] + f.Offsets[column][scripts]
	for i, v := range x {
		z += f.Shared[i] * v
	}
	return sigmoid(z)
}

func logCount(n int) float64 { return math.Log1p(float64(n)) }

// Metrics are figures of the passages that training kept aside.
type Metrics struct {
	Passages  int     `json:"passages"` // trained on
	Aside     int     `json:"aside"`    // kept aside
	Precision float64 `json:"precision"`
	Recall    float64 `json:"recall"`
	// CalibrationError is the mean distance between the score and the share of
	// right tags, over tenths of the score, weighted by their tags.
	CalibrationError float64 `json:"calibration_error"`
}

//go:embed model.bin.gz
var modelFile []byte

// DefaultModel gives the built-in model. It is read once.
func DefaultModel() (*Model, error) { return defaultModel() }

var defaultModel = sync.OnceValues(func() (*Model, error) {
	m, err := ReadModel(bytes.NewReader(modelFile))
	if err != nil {
		return nil, fmt.Errorf("built-in model: %w", err)
	}
	return m, nil
})

// ReadModel reads a model as WriteTo wrote it. A file that is damaged, or of
// another version of the program, is an error.
func ReadModel(r io.Reader) (*Model, error) {
	z, err := gzip.NewReader(r)
	if err != nil {
		return nil, fmt.Errorf("read model: %w", err)
	}
	var head [len(modelMagic) + sha256.Size + 4]byte
	if _, err := io.ReadFull(z, head[:]); err != nil {
		return nil, fmt.Errorf("read model: %w", err)
	}
	if string(head[:len(modelMagic)]) != modelMagic {
		return nil, fmt.Errorf("read model: it is no model of chorus: train one with chorus train")
	}
	size := binary.BigEndian.Uint32(head[len(head)-4:])
	if size > mostHeader {
		return nil, fmt.Errorf("read model: its header of %d bytes is damaged", size)
	}
	rest, err := io.ReadAll(io.LimitReader(z, int64(size)+buckets*(maxColumns+learnedStances+1)+1))
	if err != nil {
		return nil, fmt.Errorf("read model: %w", err)
	}
	m := newModel()
	copy(m.sum[:], head[len(modelMagic):])
	if sha256.Sum256(append(head[len(head)-4:len(head):len(head)], rest...)) != m.sum || len(rest) < int(size) {
		return nil, fmt.Errorf("read model: its checksum does not fit: the file is damaged")
	}
	var form struct{ Version, Bits int }
	if err := json.Unmarshal(rest[:size], &form); err != nil {
		return nil, fmt.Errorf("read model: header: %w", err)
	}
	if form.Version != modelVersion || form.Bits != featureBits {
		return nil, fmt.Errorf("read model: format %d with %d bits, want %d with %d: train it anew with chorus train", form.Version, form.Bits, modelVersion, featureBits)
	}
	h := &m.header
	if err := json.Unmarshal(rest[:size], h); err != nil {
		return nil, fmt.Errorf("read model: header: %w", err)
	}
	raw := rest[size:]
	if len(raw) != buckets*m.width() || len(h.Fusion.Offsets) != len(h.Columns) {
		return nil, fmt.Errorf("read model: %d weights do not fit %d narratives", len(raw), len(h.Columns))
	}
	m.weights = make([]int8, len(raw))
	for i, b := range raw {
		m.weights[i] = int8(b)
	}
	m.findLive()
	return m, nil
}

// maxColumns bounds the narratives of a model.
const maxColumns = 64

func newModel() *Model {
	return &Model{seed: maphash.MakeSeed(), cache: make([]atomic.Pointer[weighedWord], weighedSlots), known: make([]atomic.Pointer[gistWord], gistSlots)}
}

// seal computes what follows from header and weights: the checksum.
func (m *Model) seal() ([]byte, error) {
	h, err := json.Marshal(m.header)
	if err != nil {
		return nil, fmt.Errorf("write model: %w", err)
	}
	body := binary.BigEndian.AppendUint32(nil, uint32(len(h)))
	body = append(body, h...)
	for _, w := range m.weights {
		body = append(body, byte(w))
	}
	m.sum = sha256.Sum256(body)
	return body, nil
}

// WriteTo writes the model as a file. Equal models give equal files.
func (m *Model) WriteTo(w io.Writer) (int64, error) {
	body, err := m.seal()
	if err != nil {
		return 0, err
	}
	var out bytes.Buffer
	z, _ := gzip.NewWriterLevel(&out, gzip.BestCompression)
	io.WriteString(z, modelMagic)
	z.Write(m.sum[:])
	z.Write(body)
	if err := z.Close(); err != nil {
		return 0, fmt.Errorf("write model: %w", err)
	}
	return out.WriteTo(w)
}

// Version names the model by its content.
func (m *Model) Version() string { return hex.EncodeToString(m.sum[:4]) }

// Metrics gives the figures of its training.
func (m *Model) Metrics() Metrics { return m.header.Metrics }

// width is the number of columns: those of the narratives, of the stances, and
// that of any claim.
func (m *Model) width() int { return len(m.header.Columns) + len(m.header.Stance.Columns) + 1 }

func (m *Model) column(k int) *column {
	n := len(m.header.Columns)
	switch {
	case k < n:
		return &m.header.Columns[k]
	case k < m.width()-1:
		return &m.header.Stance.Columns[k-n]
	}
	return &m.header.Any
}

// columnOf finds the column of a narrative, -1 if the model was not trained
// for its claim.
func (m *Model) columnOf(n corpus.Narrative) int {
	for i, c := range m.header.Columns {
		if c.ID == n.ID && c.Claim == claimHash(n) {
			return i
		}
	}
	return -1
}

func claimHash(n corpus.Narrative) string {
	sum := sha256.Sum256([]byte(n.Definition))
	return hex.EncodeToString(sum[:4])
}

// A weighedWord is a word with the sum of its features' weights. Like the
// cache of the automaton, that of the model answers the same whatever it holds.
type weighedWord struct {
	form string
	stem uint64
	sums []float32 // by column
}

// weighedSlots bounds the cache (a power of two); full, it takes about 5 MB.
const weighedSlots = 1 << 15

// sums are those of one sentence, by column. They are a tally.
type sums struct {
	model *Model
	size  size
	of    []float32
}

func (s *sums) word(form []byte) uint64 {
	w := s.model.weigh(form)
	for i, v := range w.sums {
		s.of[i] += v
	}
	return w.stem
}

func (s *sums) add(f feature) { s.model.addTo(s.of, f) }

func (m *Model) addTo(of []float32, f feature) {
	if m.live[f.bucket>>6]&(1<<(f.bucket&63)) == 0 {
		return
	}
	n := len(of)
	row := m.weights[int(f.bucket)*n : int(f.bucket)*n+n]
	for i, w := range row {
		of[i] += f.value * float32(w)
	}
}

// A gist is what the words of one sentence say of whether it makes any claim.
// It is a tally that costs little; only what it lets pass is summed whole.
type gist struct {
	model *Model
	size  size
	of    float32
}

// A gistWord is a word with what it adds to a gist.
type gistWord struct {
	form string
	stem uint64
	of   float32
}

// gistSlots bounds the cache of such (a power of two); full, it takes about 5 MB.
const gistSlots = 1 << 16

func (g *gist) word(form []byte) uint64 {
	slot := &g.model.known[maphash.Bytes(g.model.seed, form)&(gistSlots-1)]
	w := slot.Load()
	if w == nil || w.form != string(form) {
		w = &gistWord{form: string(form)}
		var buf [512]feature
		var features []feature
		features, w.stem = wordFeatures(w.form, buf[:0])
		for _, f := range features {
			w.of += f.value * float32(g.model.any[f.bucket])
		}
		slot.Store(w)
	}
	g.of += w.of
	return w.stem
}

func (g *gist) add(f feature) { g.of += f.value * float32(g.model.any[f.bucket]) }

// anyMargin is the linear score for any claim of a passage made of some
// sentences, and how much it holds.
func (m *Model) anyMargin(parts []gist) (float64, size) {
	var n size
	sum := 0.0
	for i := range parts {
		n.add(parts[i].size)
		sum += float64(parts[i].of)
	}
	return m.header.Any.margin(sum, n), n
}

// margin makes the linear score of a passage of a sum of weights.
func (c *column) margin(sum float64, n size) float64 {
	return sum*float64(c.Scale)/float64(n.norm()) + float64(c.Bias[n.script()])
}

// findLive notes which buckets have weights, and those of the column Any.
func (m *Model) findLive() {
	m.live, m.any = make([]uint64, buckets/64), make([]int8, buckets)
	n := m.width()
	for b := range buckets {
		m.any[b] = m.weights[b*n+n-1]
		for _, w := range m.weights[b*n : b*n+n] {
			if w != 0 {
				m.live[b>>6] |= 1 << (b & 63)
				break
			}
		}
	}
}

func (m *Model) weigh(form []byte) *weighedWord {
	slot := &m.cache[maphash.Bytes(m.seed, form)&(weighedSlots-1)]
	if w := slot.Load(); w != nil && w.form == string(form) {
		return w
	}
	w := &weighedWord{form: string(form), sums: make([]float32, m.width())}
	var buf [512]feature
	var features []feature
	features, w.stem = wordFeatures(w.form, buf[:0])
	for _, f := range features {
		m.addTo(w.sums, f)
	}
	slot.Store(w)
	return w
}

// margins gives the linear scores of a passage made of some sentences, and how
// much it holds.
func (m *Model) margins(parts []sums) ([]float64, size) {
	out := make([]float64, m.width())
	var n size
	for i := range parts {
		n.add(parts[i].size)
		for k, v := range parts[i].of {
			out[k] += float64(v)
		}
	}
	for k := range out {
		out[k] = m.column(k).margin(out[k], n)
	}
	return out, n
}
