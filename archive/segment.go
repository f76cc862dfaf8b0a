package archive

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
)

const (
	cutFolder   = "cut"
	stampLayout = "20060102150405"
)

var segmentPattern = regexp.MustCompile(`^chorus-(\d{14})-(\d{5,9})\.warc\.gz$`)

func segmentName(stamp string, serial int) string {
	return fmt.Sprintf("chorus-%s-%05d.warc.gz", stamp, serial)
}

func parseSegmentName(name string) (stamp string, serial int, ok bool) {
	m := segmentPattern.FindStringSubmatch(name)
	if m == nil {
		return "", 0, false
	}
	serial, err := strconv.Atoi(m[2])
	return m[1], serial, err == nil
}

// segments lists the segments in dir in order of writing. A folder that does
// not exist has none.
func segments(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir) // sorted by name
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var names []string
	for _, e := range entries {
		if segmentPattern.MatchString(e.Name()) {
			names = append(names, e.Name())
		}
	}
	return names, nil
}

// checkExtents says, of all segments at once, which lack committed bytes.
func checkExtents(dir string, committed []Extent) error {
	var errs []error
	for _, e := range committed {
		switch info, err := os.Stat(filepath.Join(dir, e.File)); {
		case errors.Is(err, fs.ErrNotExist):
			errs = append(errs, fmt.Errorf("segment %s is missing: %d bytes were committed", e.File, e.Bytes))
		case err != nil:
			errs = append(errs, err)
		case info.Size() < e.Bytes:
			errs = append(errs, fmt.Errorf("segment %s has %d bytes: %d were committed", e.File, info.Size(), e.Bytes))
		}
	}
	return errors.Join(errs...)
}

// wholeExtents is what can be trusted if the store knows nothing: each segment
// up to the end of its last whole capture. Only the newest segments can have
// been cut off in the middle, so it reads back until it has found a capture.
func wholeExtents(ctx context.Context, dir string, names []string) ([]Extent, error) {
	extents := make([]Extent, 0, len(names))
	found := false
	for i := len(names) - 1; i >= 0; i-- {
		var n int64
		var err error
		if found {
			n, err = fileBytes(filepath.Join(dir, names[i]))
		} else {
			n, err = wholeBytes(ctx, dir, names[i])
		}
		if err != nil {
			return nil, err
		}
		found = found || n > 0
		if n > 0 {
			extents = append(extents, Extent{File: names[i], Bytes: n})
		}
	}
	return extents, nil
}

// wholeBytes is where the last whole capture of a segment ends, 0 if it has none.
func wholeBytes(ctx context.Context, dir, name string) (int64, error) {
	var end int64
	err := scan(ctx, dir, Position{File: name}, func(rec *Record, _ *Damage) error {
		if rec != nil && rec.Type() == typeMetadata {
			end = rec.Offset + rec.Length
		}
		return nil
	})
	return end, err
}

func fileBytes(path string) (int64, error) {
	info, err := os.Stat(path)
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

// cut moves what follows the first n bytes of a segment to the cut folder.
func (a *Archive) cut(name string, n int64) error {
	path := filepath.Join(a.dir, name)
	size, err := fileBytes(path)
	if err != nil || (size == n && n > 0) {
		return err
	}
	folder := filepath.Join(a.dir, cutFolder)
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	if n == 0 {
		err = os.Rename(path, filepath.Join(folder, name))
	} else {
		err = moveTail(path, n, folder)
	}
	if err != nil {
		return fmt.Errorf("cut segment %s after %d bytes: %w", name, n, err)
	}
	if err := errors.Join(syncDir(folder), syncDir(a.dir)); err != nil {
		return err
	}
	a.options.Log.Warn("cut what was never committed", "file", name, "kept", n, "bytes", size-n, "to", folder)
	return nil
}

// moveTail copies what follows the first n bytes of a file to a new file in
// folder, and only then shortens it.
func moveTail(path string, n int64, folder string) (err error) {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	tail, err := os.CreateTemp(folder, fmt.Sprintf("tail-%d-*-%s", n, filepath.Base(path)))
	if err != nil {
		return err
	}
	_, err = io.Copy(tail, io.NewSectionReader(f, n, maxSegmentBytes))
	if err = errors.Join(err, tail.Sync(), tail.Close()); err != nil {
		return errors.Join(err, os.Remove(tail.Name()))
	}
	if err := f.Truncate(n); err != nil {
		return err
	}
	return f.Sync()
}

// syncDir makes the names in dir safe.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
