//go:build !(darwin || dragonfly || freebsd || illumos || linux || netbsd || openbsd)

package local

// lock does nothing here: the lock that Bleve takes on each partition must do.
func lock(string) (unlock func() error, err error) { return func() error { return nil }, nil }
