//go:build darwin || dragonfly || freebsd || illumos || linux || netbsd || openbsd

package classify

import (
	"errors"
	"os"
	"syscall"
)

// lockSheet takes a file for this process until it is closed or the process
// ends, however it ends.
func lockSheet(f *os.File) (unlock func() error, err error) {
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return nil, ErrSheetHeld
	}
	return func() error { return nil }, err // closing the file gives it up
}
