package monitor

import "sync"

// ordered does work on many things by several goroutines and hands the
// results on in the order of the things, a chunk at a time.
type ordered[A, B any] struct {
	slots chan struct{} // how many work at a time
	size  func(A) int   // bytes that a thing holds
	work  func(A) B
	done  func([]B) error

	pending []A
	bytes   int
}

const (
	chunkThings = 256
	chunkBytes  = 64 << 20
)

// add takes a thing; a full chunk is worked on before add returns.
func (o *ordered[A, B]) add(a A) error {
	o.pending = append(o.pending, a)
	o.bytes += o.size(a)
	if len(o.pending) < chunkThings && o.bytes < chunkBytes {
		return nil
	}
	return o.flush()
}

// flush works on what is left.
func (o *ordered[A, B]) flush() error {
	out := make([]B, len(o.pending))
	var wg sync.WaitGroup
	for i, a := range o.pending {
		o.slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-o.slots }()
			out[i] = o.work(a)
		})
	}
	wg.Wait()
	o.pending, o.bytes = o.pending[:0], 0
	return o.done(out)
}
