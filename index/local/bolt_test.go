package local

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime/debug"
	"testing"

	"go.etcd.io/bbolt"
)

// boltOf writes a file with pages of all kinds: branches, leaves, overflow,
// buckets of their own and buckets within a page, a free list.
func boltOf(t *testing.T) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "root.bolt")
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{PageSize: 4096})
	if err != nil {
		t.Fatal(err)
	}
	for round := range 4 {
		err := db.Update(func(tx *bbolt.Tx) error {
			for i := range 3 {
				b, err := tx.CreateBucketIfNotExists(fmt.Appendf(nil, "snapshot%d", i))
				if err != nil {
					return err
				}
				inner, err := b.CreateBucketIfNotExists([]byte("segment"))
				if err != nil {
					return err
				}
				if err := inner.Put([]byte("path"), fmt.Appendf(nil, "%d.zap", round)); err != nil {
					return err
				}
				for k := range 200 * i {
					if err := b.Put(fmt.Appendf(nil, "key%05d", k), make([]byte, 90)); err != nil {
						return err
					}
				}
				if err := b.Put([]byte("long"), make([]byte, 9000)); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// works reads all of the file through bolt and writes to it; a panic or a page
// fault is an error, and so is a damaged file afterwards.
func works(t *testing.T, raw []byte) (err error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "root.bolt")
	if err := os.WriteFile(path, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v", r)
		}
	}()
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{NoSync: true})
	if err != nil {
		return err
	}
	var read func(b *bbolt.Bucket) error
	read = func(b *bbolt.Bucket) error {
		return b.ForEach(func(k, v []byte) error {
			if inner := b.Bucket(k); inner != nil {
				return read(inner)
			}
			for _, c := range v {
				_ = c
			}
			return nil
		})
	}
	err = db.Update(func(tx *bbolt.Tx) error {
		if err := tx.ForEach(func(_ []byte, b *bbolt.Bucket) error { return read(b) }); err != nil {
			return err
		}
		b, err := tx.CreateBucket([]byte("new"))
		if err != nil {
			return err
		}
		return b.Put([]byte("key"), make([]byte, 20000))
	})
	if err = errors.Join(err, db.Close()); err != nil {
		return err
	}
	raw, err = os.ReadFile(path)
	if err != nil {
		return err
	}
	return checkBoltBytes(raw)
}

func TestBoltPassesOnlyIfBoltWorks(t *testing.T) {
	whole := boltOf(t)
	if err := checkBoltBytes(whole); err != nil {
		t.Fatalf("a sound file: %v", err)
	}
	if err := works(t, whole); err != nil {
		t.Fatalf("a sound file: %v", err)
	}
	r := rand.New(rand.NewPCG(5, 8))
	refused := 0
	const damages = 3000
	for i := range damages {
		raw := append([]byte(nil), whole...)
		at := r.IntN(len(raw))
		switch i % 5 {
		case 0: // the head and the first entries of a page
			at = at/4096*4096 + r.IntN(64)
			raw[at] ^= byte(1 + r.IntN(255))
		case 1:
			raw[at] ^= 1 << r.IntN(8)
		case 2:
			raw = raw[:at]
		case 3: // a page that never reached the disk
			clear(raw[at/4096*4096:][:4096])
		case 4: // a page in the place of another
			from := r.IntN(len(raw)/4096) * 4096
			copy(raw[at/4096*4096:][:4096], whole[from:from+4096])
		}
		if err := checkBoltBytes(raw); err != nil {
			refused++
			continue
		}
		if err := works(t, raw); err != nil {
			t.Errorf("damage %d at %d passed, but bolt says: %v", i, at, err)
		}
	}
	if refused < damages/3 {
		t.Errorf("only %d of %d damages were refused", refused, damages)
	}
}
