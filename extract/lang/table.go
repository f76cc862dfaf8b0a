package lang

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"io"
	"math/bits"
	"strings"
	"sync"
)

// ngrams.gz is ELD's table, see gen/main.go for its form and NOTICE for its
// origin and licence.
//
//go:embed ngrams.gz
var packed []byte

// A table maps n-grams of one to six bytes to scores: open addressing over
// keys, at twice the needed size, which loads and looks up faster than a map.
type table struct {
	codes []string // languages, by place
	keys  []uint64 // 0 is a free slot
	at    []uint32 // where the scores of the key begin: a count, then pairs of place and score
	data  []byte   // the table as unpacked
}

// loaded unpacks the table when the first text comes.
var loaded = sync.OnceValue(func() *table {
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		panic("lang: embedded table: " + err.Error())
	}
	data, err := io.ReadAll(z)
	if err != nil {
		panic("lang: embedded table: " + err.Error())
	}
	return newTable(data)
})

func newTable(data []byte) *table {
	end := bytes.IndexByte(data, '\n')
	t := &table{codes: strings.Fields(string(data[:end])), data: data}
	n := 0
	t.each(end+1, func([]byte, int) { n++ })
	size := 1 << bits.Len(uint(2*n))
	t.keys, t.at = make([]uint64, size), make([]uint32, size)
	t.each(end+1, func(ngram []byte, scores int) {
		k := key(ngram)
		i := t.slot(k)
		t.keys[i], t.at[i] = k, uint32(scores)
	})
	return t
}

// each calls f with every n-gram and the place of its scores in data.
func (t *table) each(i int, f func(ngram []byte, scores int)) {
	ngram := make([]byte, 0, 8)
	for i < len(t.data) {
		shared, more := int(t.data[i]), int(t.data[i+1])
		ngram = append(ngram[:shared], t.data[i+2:i+2+more]...)
		i += 2 + more
		f(ngram, i)
		i += 1 + 2*int(t.data[i])
	}
}

// key packs an n-gram of at most seven bytes with its length; it is never 0.
func key(ngram []byte) uint64 {
	k := uint64(len(ngram))
	for _, b := range ngram {
		k = k<<8 | uint64(b)
	}
	return k
}

// slot finds the place of a key, or the free one where it would go.
func (t *table) slot(k uint64) int {
	mask := len(t.keys) - 1
	i := int(k*0x9E3779B97F4A7C15>>32) & mask
	for t.keys[i] != 0 && t.keys[i] != k {
		i = (i + 1) & mask
	}
	return i
}

// scores gives the pairs of place and score of an n-gram, nil if it has none.
func (t *table) scores(k uint64) []byte {
	i := t.slot(k)
	if t.keys[i] == 0 {
		return nil
	}
	at := int(t.at[i])
	return t.data[at+1 : at+1+2*int(t.data[at])]
}
