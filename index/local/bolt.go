package local

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"io/fs"
	"os"
)

// Scorch keeps its list of segments in a bolt file and reads it from
// goroutines that nobody can guard, and bolt's own check panics in a goroutine
// of its own. So the file is checked here, from its bytes, before either opens
// it: every page that is reachable is whole and reachable once, every other is
// free, and keys ascend. The layout is bbolt's, internal/common/{page,meta,bucket}.go.
const (
	boltMagic   = 0xED0CDAED
	boltVersion = 2

	boltHead   = 16 // id uint64, flags uint16, count uint16, overflow uint32
	boltEntry  = 16 // of a branch: pos, ksize uint32, page uint64; of a leaf: flags, pos, ksize, vsize uint32
	boltBucket = 16 // root page, sequence uint64; root 0: the page follows

	boltBranchPage   = 0x01
	boltLeafPage     = 0x02
	boltFreelistPage = 0x10
	boltNoFreelist   = ^uint64(0)
	boltMaxDepth     = 64
)

// checkBolt returns an error that is [ErrCorrupt] if the bolt file at path is
// damaged. A file that does not exist is made later and is no error.
func checkBolt(path string) error {
	raw, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := checkBoltBytes(raw); err != nil {
		return fmt.Errorf("%w: root.bolt: %w", ErrCorrupt, err)
	}
	return nil
}

type boltFile struct {
	raw      []byte
	pageSize uint64
	pages    uint64 // high water mark: pages from here on were never used
	used     []bool // by page
}

type boltMeta struct {
	pageSize, root, freelist, pages, transaction uint64
}

func checkBoltBytes(raw []byte) error {
	meta, err := boltNewestMeta(raw)
	if err != nil {
		return err
	}
	f := boltFile{raw: raw, pageSize: meta.pageSize, pages: meta.pages}
	if f.pages < 2 || f.pages > uint64(len(raw))/f.pageSize {
		return fmt.Errorf("its end is missing: %d pages of %d bytes in %d bytes", f.pages, f.pageSize, len(raw))
	}
	f.used = make([]bool, f.pages)
	f.used[0], f.used[1] = true, true
	free, err := f.freelist(meta.freelist)
	if err != nil {
		return err
	}
	if err := f.tree(meta.root, 0); err != nil {
		return err
	}
	for _, id := range free {
		if id < 2 || id >= f.pages || f.used[id] {
			return fmt.Errorf("page %d is free and in use", id)
		}
		f.used[id] = true
	}
	if meta.freelist == boltNoFreelist {
		return nil // bolt finds the free pages itself
	}
	for id, used := range f.used {
		if !used {
			return fmt.Errorf("page %d is neither free nor in use", id)
		}
	}
	return nil
}

// boltNewestMeta returns the valid one of the two meta pages, or the newer of
// two valid ones.
func boltNewestMeta(raw []byte) (newest boltMeta, err error) {
	first, ok := boltMetaAt(raw, 0)
	if ok {
		newest = first
	}
	// Without the first the size of a page has to be tried, as bolt does.
	sizes := []uint64{first.pageSize}
	if !ok {
		sizes = sizes[:0]
		for size := uint64(1 << 10); size <= 1<<24; size <<= 1 {
			sizes = append(sizes, size)
		}
	}
	for _, size := range sizes {
		second, valid := boltMetaAt(raw, size)
		if valid && second.pageSize == size && (!ok || second.transaction > newest.transaction) {
			return second, nil
		}
	}
	if !ok {
		return newest, errors.New("both meta pages are damaged")
	}
	return newest, nil
}

func boltMetaAt(raw []byte, at uint64) (m boltMeta, ok bool) {
	const size = 64
	if uint64(len(raw)) < at+boltHead+size {
		return m, false
	}
	b, order := raw[at+boltHead:][:size], binary.NativeEndian
	sum := fnv.New64a()
	_, _ = sum.Write(b[:size-8]) // never fails
	if order.Uint32(b) != boltMagic || order.Uint32(b[4:]) != boltVersion || order.Uint64(b[size-8:]) != sum.Sum64() {
		return m, false
	}
	m = boltMeta{
		pageSize: uint64(order.Uint32(b[8:])), root: order.Uint64(b[16:]),
		freelist: order.Uint64(b[32:]), pages: order.Uint64(b[40:]), transaction: order.Uint64(b[48:]),
	}
	return m, m.pageSize >= boltHead+size
}

// page takes the page with its overflow as used and returns its bytes.
func (f boltFile) page(id uint64) (flags uint16, count int, page []byte, err error) {
	if id < 2 || id >= f.pages {
		return 0, 0, nil, fmt.Errorf("page %d of %d is named", id, f.pages)
	}
	head, order := f.raw[id*f.pageSize:], binary.NativeEndian
	if self := order.Uint64(head); self != id {
		return 0, 0, nil, fmt.Errorf("page %d calls itself %d", id, self)
	}
	end := id + 1 + uint64(order.Uint32(head[12:]))
	if end > f.pages {
		return 0, 0, nil, fmt.Errorf("page %d runs over the end", id)
	}
	for i := id; i < end; i++ {
		if f.used[i] {
			return 0, 0, nil, fmt.Errorf("page %d is used twice", i)
		}
		f.used[i] = true
	}
	return order.Uint16(head[8:]), int(order.Uint16(head[10:])), f.raw[id*f.pageSize : end*f.pageSize], nil
}

func (f boltFile) freelist(id uint64) ([]uint64, error) {
	if id == boltNoFreelist {
		return nil, nil
	}
	flags, count, page, err := f.page(id)
	if err != nil {
		return nil, fmt.Errorf("free list: %w", err)
	}
	if flags != boltFreelistPage {
		return nil, fmt.Errorf("page %d is not the free list", id)
	}
	ids := page[boltHead:]
	if count == 0xFFFF { // too many for the header: the first is their number
		n := binary.NativeEndian.Uint64(ids)
		ids = ids[8:]
		if n > uint64(len(ids)/8) {
			return nil, fmt.Errorf("free list of %d pages does not fit", n)
		}
		count = int(n)
	}
	if count > len(ids)/8 {
		return nil, fmt.Errorf("free list of %d pages does not fit", count)
	}
	free := make([]uint64, count)
	for i := range free {
		free[i] = binary.NativeEndian.Uint64(ids[8*i:])
	}
	return free, nil
}

// tree walks a bucket from its root page.
func (f boltFile) tree(id uint64, depth int) error {
	flags, count, page, err := f.page(id)
	if err != nil {
		return err
	}
	switch {
	case depth > boltMaxDepth:
		return errors.New("its pages nest too deep")
	case flags == boltLeafPage:
		err = f.leaf(page, count, depth)
	case flags == boltBranchPage && count > 0:
		err = f.branch(page, count, depth)
	default:
		err = fmt.Errorf("has flags %#x and %d entries", flags, count)
	}
	if err != nil {
		return fmt.Errorf("page %d: %w", id, err)
	}
	return nil
}

func (f boltFile) branch(page []byte, count, depth int) error {
	return boltEntries(page, count, func(at uint64, entry []byte) ([]byte, error) {
		order := binary.NativeEndian
		key, err := boltSlice(page, at+uint64(order.Uint32(entry)), order.Uint32(entry[4:]))
		if err != nil {
			return nil, err
		}
		return key, f.tree(order.Uint64(entry[8:]), depth+1)
	})
}

func (f boltFile) leaf(page []byte, count, depth int) error {
	return boltEntries(page, count, func(at uint64, entry []byte) ([]byte, error) {
		order := binary.NativeEndian
		start, keySize := at+uint64(order.Uint32(entry[4:])), order.Uint32(entry[8:])
		key, err := boltSlice(page, start, keySize)
		if err != nil {
			return nil, err
		}
		value, err := boltSlice(page, start+uint64(keySize), order.Uint32(entry[12:]))
		if err != nil {
			return nil, err
		}
		switch order.Uint32(entry) {
		case 0:
		case 1:
			return key, f.bucket(value, depth+1)
		default:
			return nil, fmt.Errorf("an entry has flags %#x", order.Uint32(entry))
		}
		return key, nil
	})
}

// boltEntries visits the entries of a page. visit gets the place of an entry,
// from which its pos counts, and the page from there; it checks what an entry points to and gives its key.
func boltEntries(page []byte, count int, visit func(at uint64, entry []byte) (key []byte, err error)) error {
	var last []byte
	for i := range count {
		at := uint64(boltHead + i*boltEntry)
		if at+boltEntry > uint64(len(page)) {
			return errors.New("its entries do not fit")
		}
		key, err := visit(at, page[at:])
		if err != nil {
			return err
		}
		if i > 0 && bytes.Compare(last, key) >= 0 {
			return errors.New("its keys do not ascend")
		}
		last = key
	}
	return nil
}

// bucket walks the bucket that an entry's value describes.
func (f boltFile) bucket(value []byte, depth int) error {
	if len(value) < boltBucket {
		return errors.New("a bucket is too short")
	}
	order := binary.NativeEndian
	if root := order.Uint64(value); root != 0 {
		return f.tree(root, depth)
	}
	page := value[boltBucket:]
	if len(page) < boltHead || order.Uint16(page[8:]) != boltLeafPage {
		return errors.New("a bucket within a page is damaged")
	}
	return f.leaf(page, int(order.Uint16(page[10:])), depth)
}

func boltSlice(page []byte, start uint64, size uint32) ([]byte, error) {
	if end := start + uint64(size); start < boltHead || end > uint64(len(page)) {
		return nil, errors.New("an entry runs over its page")
	}
	return page[start:][:size], nil
}
