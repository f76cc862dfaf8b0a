//go:build !(darwin || dragonfly || freebsd || illumos || linux || netbsd || openbsd)

package local

import "os"

// lock only opens the file: the lock that Bleve takes on each partition must do.
func lock(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
}
