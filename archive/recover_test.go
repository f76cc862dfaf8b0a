package archive

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestOpenCutsWhatWasNotCommitted(t *testing.T) {
	dir := t.TempDir()
	a := mustOpen(t, dir, nil, Options{})
	mustAppend(t, a, page("https://river.example/1", "kept"), "", nil)
	committed := mustSync(t, a)
	mustAppend(t, a, page("https://river.example/2", "lost"), "", nil)
	mustSync(t, a) // safe, but the store never heard of it
	a.Close()

	b := mustOpen(t, dir, committed, Options{})
	if got := walk(t, dir); len(got) != 1 || got[0].Capture.URL != "https://river.example/1" {
		t.Fatalf("%d captures after the cut, want the first", len(got))
	}
	mustAppend(t, b, page("https://river.example/3", "new"), "", nil)
	mustSync(t, b)
	if got := walk(t, dir); len(got) != 2 || got[1].Capture.URL != "https://river.example/3" {
		t.Errorf("%d captures after one more, want two", len(got))
	}
	wantSound(t, dir)

	tails, _ := filepath.Glob(filepath.Join(dir, cutFolder, "*.warc.gz"))
	if len(tails) != 1 {
		t.Fatalf("cut folder holds %v, want one tail", tails)
	}
	f, err := os.Open(tails[0])
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var urls []string
	err = Read(f, func(rec *Record) error {
		if rec.Type() == typeResponse {
			urls = append(urls, rec.URL())
		}
		return nil
	})
	if diff := cmp.Diff([]string{"https://river.example/2"}, urls); err != nil || diff != "" {
		t.Errorf("what was cut: %v %s", err, diff)
	}
}

func TestOpenMovesUnknownSegments(t *testing.T) {
	dir := t.TempDir()
	a := mustOpen(t, dir, nil, Options{SegmentBytes: 1})
	mustAppend(t, a, page("https://river.example/1", "kept"), "", nil)
	committed := mustSync(t, a)
	ev := mustAppend(t, a, page("https://river.example/2", "lost"), "", nil)
	mustSync(t, a)
	a.Close()
	mustOpen(t, dir, committed, Options{})
	if got := walk(t, dir); len(got) != 1 {
		t.Errorf("%d captures, want 1", len(got))
	}
	if _, err := os.Stat(filepath.Join(dir, cutFolder, ev.File)); err != nil {
		t.Errorf("the unknown segment was not kept aside: %v", err)
	}
}

func TestOpenNamesEverySegmentThatLacksBytes(t *testing.T) {
	dir := t.TempDir()
	a := mustOpen(t, dir, nil, Options{SegmentBytes: 1})
	for range 3 {
		mustAppend(t, a, page("https://river.example/", "x"), "", nil)
	}
	committed := mustSync(t, a)
	a.Close()
	if err := os.Truncate(filepath.Join(dir, committed[0].File), 100); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(dir, committed[1].File)); err != nil {
		t.Fatal(err)
	}
	_, err := Open(dir, committed, Options{})
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{committed[0].File + " has 100 bytes", committed[1].File + " is missing"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error %q does not say %q", err, want)
		}
	}
	if strings.Contains(err.Error(), committed[2].File) {
		t.Errorf("error %q names a segment that is whole", err)
	}
}

// A process may be killed after any byte of a capture has reached the disk.
func TestKillAtEveryByte(t *testing.T) {
	dir := t.TempDir()
	a := mustOpen(t, dir, nil, Options{})
	for i := range 3 {
		mustAppend(t, a, page("https://river.example/", strings.Repeat("x", i)), "{}", nil)
	}
	committed := mustSync(t, a)
	begin := committed[0].Bytes
	mustAppend(t, a, page("https://river.example/torn", "torn"), "{}", nil)
	a.Close()
	whole, err := os.ReadFile(filepath.Join(dir, committed[0].File))
	if err != nil {
		t.Fatal(err)
	}

	torn := t.TempDir()
	path := filepath.Join(torn, committed[0].File)
	if err := os.WriteFile(path, whole, 0o644); err != nil {
		t.Fatal(err)
	}
	end := int64(len(whole))
	for n := end; n >= begin; n-- {
		want := 3
		if n == end {
			want = 4
		}
		if err := os.Truncate(path, n); err != nil {
			t.Fatal(err)
		}
		// A reader sees what is whole, and that something is not.
		good, bad := 0, 0
		for _, e := range walk(t, torn) {
			if len(e.Damage) == 0 {
				good++
			} else {
				bad++
			}
		}
		if partial := n > begin && n < end; good != want || (bad > 0) != partial {
			t.Fatalf("cut at %d: Walk gave %d whole captures and %d damaged, want %d whole", n, good, bad, want)
		}
		if n%16 == 0 || n >= end-2 {
			openTorn(t, committed, whole[:n], want, n/16%2 == 0)
		}
	}
}

// openTorn opens an archive whose only segment is torn, with or without a
// store that knows the first three captures, and goes on with it.
func openTorn(t *testing.T, committed []Extent, torn []byte, whole int, store bool) {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, committed[0].File), torn, 0o644); err != nil {
		t.Fatal(err)
	}
	known, want := []Extent(nil), whole
	if store {
		known, want = committed, 3 // the fourth may be whole, but it was not committed
	}
	a := mustOpen(t, dir, known, Options{})
	mustAppend(t, a, page("https://river.example/after", "after"), "{}", nil)
	mustSync(t, a)
	got := walk(t, dir)
	if len(got) != want+1 || slices.ContainsFunc(got, func(e Entry) bool { return len(e.Damage) > 0 }) {
		t.Fatalf("cut at %d: after Open and one more capture there are %d, want %d whole ones", len(torn), len(got), want+1)
	}
}

func TestOpenWithoutStoreBeforeTheFirstCapture(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, segmentName("20261124000000", 7)), []byte("\x1f\x8b\x08torn"), 0o644); err != nil {
		t.Fatal(err)
	}
	a := mustOpen(t, dir, nil, Options{})
	ev := mustAppend(t, a, page("https://river.example/", "x"), "", nil)
	if _, serial, _ := parseSegmentName(ev.File); serial != 8 {
		t.Errorf("next segment is %s, want serial 8", ev.File)
	}
	wantSound(t, dir)
}

func TestFailedSyncGoesBack(t *testing.T) {
	dir := t.TempDir()
	a := mustOpen(t, dir, nil, Options{SegmentBytes: 5000})
	mustAppend(t, a, page("https://river.example/1", "kept"), "", nil)
	before := mustSync(t, a)
	for range 10 { // over into new segments
		mustAppend(t, a, page("https://river.example/2", "void"), "", nil)
	}
	if len(a.open) < 2 {
		t.Fatal("no new segment")
	}
	a.open[len(a.open)-1].file.Close() // fsync will fail
	if _, err := a.Sync(); err == nil {
		t.Fatal("Sync of a closed file succeeded")
	}
	names, _ := segments(dir)
	if n, _ := fileBytes(filepath.Join(dir, before[0].File)); len(names) != 1 || n != before[0].Bytes {
		t.Errorf("after the failure: %v, %d bytes, want %v", names, n, before)
	}
	mustAppend(t, a, page("https://river.example/3", "new"), "", nil)
	after := mustSync(t, a)
	if len(after) != 1 || after[0].File != before[0].File {
		t.Errorf("next Sync = %v", after)
	}
	if got := walk(t, dir); len(got) != 2 || got[1].Capture.URL != "https://river.example/3" {
		t.Errorf("%d captures, want two", len(got))
	}
	wantSound(t, dir)
}

func TestClosedArchiveRefuses(t *testing.T) {
	a := mustOpen(t, t.TempDir(), nil, Options{})
	a.Close()
	if _, err := a.Append(page("https://river.example/", "x"), nil, nil); err == nil {
		t.Error("Append after Close succeeded")
	}
}
