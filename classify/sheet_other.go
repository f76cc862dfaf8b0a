//go:build !(darwin || dragonfly || freebsd || illumos || linux || netbsd || openbsd)

package classify

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// lockSheet takes a file by another beside it. A process that is killed leaves
// that one behind, so the message names it.
func lockSheet(f *os.File) (unlock func() error, err error) {
	name := f.Name() + ".lock"
	l, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	switch {
	case errors.Is(err, fs.ErrExist):
		return nil, fmt.Errorf("%w; if none has, delete %s", ErrSheetHeld, name)
	case err != nil:
		return nil, err
	}
	return func() error { return os.Remove(name) }, l.Close()
}
