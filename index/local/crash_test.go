package local_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"chorus/corpus"
	"chorus/index"
	"chorus/index/local"
)

// The child of TestKillLosesNothingAcknowledged: it puts documents as fast as
// it can and prints each cursor that was acknowledged.
func TestMain(m *testing.M) {
	if dir := os.Getenv("CHORUS_TEST_PUT_INTO"); dir != "" {
		if err := putForEver(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	os.Exit(m.Run())
}

const crashBatch = 20

func putForEver(dir string) error {
	o := options()
	o.Partition = local.Quarter
	x, err := local.Open(dir, o)
	if err != nil {
		return err
	}
	for {
		from := x.Cursor() + 1
		var docs []corpus.Document
		for seq := from; seq < from+crashBatch; seq++ {
			docs = append(docs, crashDoc(seq))
		}
		if err := x.Put(context.Background(), docs, from+crashBatch-1); err != nil {
			return err
		}
		fmt.Println(x.Cursor())
		if err := x.Retag(context.Background(), map[corpus.Seq][]corpus.Tag{from: {tag("tide", corpus.StanceAsserts)}}); err != nil {
			return err
		}
	}
}

func crashDoc(seq corpus.Seq) corpus.Document {
	return doc(seq, "river", "en", fmt.Sprint("title", seq), fmt.Sprintf("common word%d", seq), int(seq%7)*60)
}

func TestKillLosesNothingAcknowledged(t *testing.T) {
	dir := t.TempDir()
	r := rand.New(rand.NewPCG(1, 1))
	o := options()
	o.Partition = local.Quarter
	for round := range 15 {
		acknowledged := killed(t, dir, 1+r.IntN(8), time.Duration(r.IntN(30))*time.Millisecond)
		x, err := local.Open(dir, o)
		if err != nil {
			t.Fatalf("round %d: Open after a kill: %v", round, err)
		}
		cursor := x.Cursor()
		if cursor < acknowledged || cursor > acknowledged+crashBatch || cursor%crashBatch != 0 {
			t.Errorf("round %d: Cursor = %d, acknowledged %d", round, cursor, acknowledged)
		}
		all := search(t, x, index.Request{})
		words := search(t, x, index.Request{Query: query(t, "common")})
		if all.Total != int(cursor) || words.Total != int(cursor) {
			t.Errorf("round %d: %d documents, %d with the word, want %d", round, all.Total, words.Total, cursor)
		}
		seq := corpus.Seq(r.Int64N(int64(cursor)) + 1)
		want(t, x, fmt.Sprint("word", seq), seq)
		if n := len(found(t, x, "narrative:tide")); n < int(cursor)/crashBatch-1 {
			t.Errorf("round %d: %d tags at cursor %d", round, n, cursor)
		}
		if err := x.Check(context.Background()); err != nil {
			t.Errorf("round %d: %v", round, err)
		}
		if err := x.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// killed runs a child that puts, kills it a moment after so many puts were
// acknowledged, and gives the last cursor that it printed.
func killed(t *testing.T, dir string, puts int, moment time.Duration) corpus.Seq {
	t.Helper()
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), "CHORUS_TEST_PUT_INTO="+dir)
	var stderr strings.Builder
	child.Stderr = &stderr
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	var last corpus.Seq
	var timer *time.Timer
	lines := bufio.NewScanner(out)
	for n := 1; lines.Scan(); n++ {
		seq, err := strconv.ParseInt(lines.Text(), 10, 64)
		if err != nil {
			t.Fatalf("the child printed %q", lines.Text())
		}
		last = corpus.Seq(seq)
		if n == puts {
			timer = time.AfterFunc(moment, func() { _ = child.Process.Kill() })
		}
	}
	if timer == nil {
		t.Fatalf("the child ended by itself: %s", stderr.String())
	}
	_ = child.Wait() // it was killed
	return last
}

// Whatever happens to a file, Open says so, or all answers are right.
func TestDamageIsSeen(t *testing.T) {
	whole := t.TempDir()
	x, err := local.Open(whole, options())
	if err != nil {
		t.Fatal(err)
	}
	var docs []corpus.Document
	for seq := corpus.Seq(1); seq <= 90; seq++ {
		docs = append(docs, doc(seq, "river", "en", fmt.Sprint("title", seq), fmt.Sprintf("common word%d", seq), int(seq%3)*31, tag("tide", "asserts")))
	}
	for part := range slices.Chunk(docs, 30) {
		put(t, x, part...)
	}
	if err := x.Retag(context.Background(), map[corpus.Seq][]corpus.Tag{5: nil}); err != nil {
		t.Fatal(err)
	}
	if err := x.Close(); err != nil {
		t.Fatal(err)
	}
	var files []string
	err = filepath.WalkDir(whole, func(path string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			files = append(files, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(files) < 7 {
		t.Fatalf("only %d files: %v", len(files), files)
	}
	r := rand.New(rand.NewPCG(2, 3))
	// Segments that a merge has left behind for a while do no harm, so that it
	// is not the same every time how many damages can be seen.
	seen := map[string]int{} // by the kind of file
	for i := range 240 {
		file := files[i%len(files)]
		relative, _ := filepath.Rel(whole, file)
		how, harm := damages()[i/len(files)%len(damages())].name, damages()[i/len(files)%len(damages())].harm
		dir := t.TempDir()
		if err := os.CopyFS(dir, os.DirFS(whole)); err != nil {
			t.Fatal(err)
		}
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if raw = harm(r, raw); raw == nil {
			err = os.Remove(filepath.Join(dir, relative))
		} else {
			err = os.WriteFile(filepath.Join(dir, relative), raw, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
		x, err := local.Open(dir, options())
		if err != nil {
			if !errors.Is(err, local.ErrCorrupt) {
				t.Errorf("%s %s: Open: %v, want ErrCorrupt", how, relative, err)
			}
			seen[kindOfFile(relative)]++
			continue
		}
		// What was cut off comes again from the cursor, as the store would do.
		if cursor := x.Cursor(); cursor < 90 {
			put(t, x, docs[cursor:]...)
		}
		all := search(t, x, index.Request{Query: query(t, "common")})
		if all.Total != 90 {
			t.Errorf("%s %s: %d hits, want 90", how, relative, all.Total)
		}
		seq := corpus.Seq(r.IntN(90) + 1)
		want(t, x, fmt.Sprint("word", seq), seq)
		want(t, x, "-narrative:tide", 5)
		if err := x.Close(); err != nil {
			t.Errorf("%s %s: Close: %v", how, relative, err)
		}
	}
	for _, kind := range []string{"columns.log", "root.bolt", ".zap"} {
		if seen[kind] == 0 {
			t.Errorf("no damage to a %s was seen: %v", kind, seen)
		}
	}
}

// kindOfFile is the name of a file, or its extension if it has a number.
func kindOfFile(name string) string {
	if ext := filepath.Ext(name); ext == ".zap" {
		return ext
	}
	return filepath.Base(name)
}

type damage struct {
	name string
	harm func(*rand.Rand, []byte) []byte // nil removes the file
}

func damages() []damage {
	return []damage{
		{"removed", func(*rand.Rand, []byte) []byte { return nil }},
		{"bit flipped in", func(r *rand.Rand, b []byte) []byte {
			b[r.IntN(len(b))] ^= 1 << r.IntN(8)
			return b
		}},
		{"cut", func(r *rand.Rand, b []byte) []byte { return b[:r.IntN(len(b))] }},
		{"zeros written into", func(r *rand.Rand, b []byte) []byte {
			at := r.IntN(len(b))
			clear(b[at:min(len(b), at+64)])
			return b
		}},
		{"emptied", func(*rand.Rand, []byte) []byte { return []byte{} }},
	}
}
