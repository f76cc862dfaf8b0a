//go:build linux || darwin

package archive

import (
	"errors"
	"math/rand/v2"
	"os/signal"
	"syscall"
	"testing"
)

// A limit on the size of files makes the kernel fail a write in the middle, as
// a full disk does.
func TestFullDiskLosesOnlyTheCaptureThatDidNotFit(t *testing.T) {
	var was syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &was); err != nil {
		t.Skip("no limit on file sizes here:", err)
	}
	signal.Ignore(syscall.SIGXFSZ)
	defer signal.Reset(syscall.SIGXFSZ)

	dir := t.TempDir()
	a := mustOpen(t, dir, nil, Options{})
	mustAppend(t, a, page("https://river.example/1", "safe"), "", nil)
	mustSync(t, a)
	mustAppend(t, a, page("https://river.example/2", "not yet safe"), "", nil)
	size := a.open[0].bytes

	noise := make([]byte, 20_000)
	for i := range noise {
		noise[i] = byte(rand.Uint32())
	}
	full := was
	full.Cur = uint64(size) + 5000
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &full); err != nil {
		t.Skip("cannot limit file sizes:", err)
	}
	_, err := a.Append(page("https://river.example/3", string(noise)), nil, nil)
	if restoreErr := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &was); restoreErr != nil {
		t.Fatal(restoreErr)
	}
	if !errors.Is(err, syscall.EFBIG) {
		t.Fatalf("Append on a full disk = %v, want an error that wraps the cause", err)
	}

	mustAppend(t, a, page("https://river.example/4", string(noise)), "", nil)
	mustSync(t, a)
	var urls []string
	for _, e := range walk(t, dir) {
		urls = append(urls, e.Capture.URL)
	}
	if len(urls) != 3 || urls[1] != "https://river.example/2" || urls[2] != "https://river.example/4" {
		t.Errorf("kept %v, want 1, 2 and 4", urls)
	}
	wantSound(t, dir)
}
