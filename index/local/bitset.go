package local

import "math/bits"

// A bitset is a set of ordinals. It may be shorter than the number of
// documents: what lies beyond is not in it.
type bitset []uint64

// newBitset makes an empty set with room for the ordinals below n.
func newBitset(n int) bitset { return make(bitset, (n+63)/64) }

// full makes the set of the ordinals below n.
func full(n int) bitset {
	b := newBitset(n)
	for i := range b {
		b[i] = ^uint64(0)
	}
	if n%64 != 0 {
		b[len(b)-1] = 1<<(n%64) - 1
	}
	return b
}

func (b *bitset) set(i uint32) {
	for int(i/64) >= len(*b) {
		*b = append(*b, 0)
	}
	(*b)[i/64] |= 1 << (i % 64)
}

func (b bitset) clear(i uint32) {
	if int(i/64) < len(b) {
		b[i/64] &^= 1 << (i % 64)
	}
}

func (b bitset) has(i uint32) bool {
	return int(i/64) < len(b) && b[i/64]&(1<<(i%64)) != 0
}

func (b bitset) clone() bitset { return append(bitset(nil), b...) }

// and, or and andNot change b.

func (b bitset) and(c bitset) bitset {
	n := min(len(b), len(c))
	for i := range n {
		b[i] &= c[i]
	}
	clear(b[n:])
	return b
}

func (b *bitset) or(c bitset) {
	for len(*b) < len(c) {
		*b = append(*b, 0)
	}
	for i, w := range c {
		(*b)[i] |= w
	}
}

func (b bitset) andNot(c bitset) bitset {
	for i := range min(len(b), len(c)) {
		b[i] &^= c[i]
	}
	return b
}

func (b bitset) count() int {
	n := 0
	for _, w := range b {
		n += bits.OnesCount64(w)
	}
	return n
}

func (b bitset) empty() bool {
	for _, w := range b {
		if w != 0 {
			return false
		}
	}
	return true
}

// common counts what is in both.
func (b bitset) common(c bitset) int {
	n := 0
	for i := range min(len(b), len(c)) {
		n += bits.OnesCount64(b[i] & c[i])
	}
	return n
}

// all yields the members in rising order.
func (b bitset) all(yield func(uint32) bool) {
	for i, w := range b {
		for ; w != 0; w &= w - 1 {
			if !yield(uint32(i*64 + bits.TrailingZeros64(w))) {
				return
			}
		}
	}
}
