// Package body undoes what lies between the bytes on the wire and the text of
// a page: content encodings (Decompress) and character sets (UTF8). The crawler
// uses it on live answers; the same calls remake documents from the archive.
package body

import (
	"bufio"
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"
)

const (
	defaultMaxBytes = 10 << 20
	maxEncodings    = 4       // longer chains are attacks, not pages
	zstdWindowBytes = 8 << 20 // RFC 9659: the largest window allowed in HTTP
)

// ErrEncoding is wrapped by the error of Decompress for a content encoding
// that is not known, or a chain of too many.
var ErrEncoding = errors.New("unknown content encoding")

// Decompress undoes the content encodings of wire, as a Content-Encoding
// header names them: identity, gzip, x-gzip, deflate (with or without zlib's
// frame), br and zstd, also several, separated by commas in the order in which
// they were applied. Upper case and space do not matter.
//
// It streams, and stops at max bytes of output (0 or less means 10 MiB); plain
// is then the first max bytes and truncated is true. If wire is cut or damaged,
// plain is what could be read and err says what happened. A body that claims
// gzip but does not begin like it is taken as it is, and so is an empty one.
// What follows the last gzip member is ignored. plain may share memory with wire.
func Decompress(encoding string, wire []byte, max int64) (plain []byte, truncated bool, err error) {
	if max <= 0 {
		max = defaultMaxBytes
	}
	codings := split(encoding)
	if len(codings) > maxEncodings {
		return nil, false, fmt.Errorf("decompress: %w: %d of them", ErrEncoding, len(codings))
	}
	for _, name := range codings {
		if !known(name) {
			return nil, false, fmt.Errorf("decompress: %w: %q", ErrEncoding, name)
		}
	}
	if len(codings) == 0 || len(wire) == 0 {
		if int64(len(wire)) > max {
			return wire[:max], true, nil
		}
		return wire, false, nil
	}
	return unwrap(codings, wire, max)
}

// unwrap undoes the codings, the last of them first.
func unwrap(codings []string, wire []byte, max int64) ([]byte, bool, error) {
	var r io.Reader = bytes.NewReader(wire)
	for i := len(codings) - 1; i >= 0; i-- {
		layer, err := decoder(codings[i], r)
		if err != nil {
			return nil, false, fmt.Errorf("decompress %s: %w", codings[i], err)
		}
		defer layer.Close()
		r = layer
	}
	var out bytes.Buffer
	_, err := out.ReadFrom(io.LimitReader(r, max+1))
	if int64(out.Len()) > max {
		return out.Bytes()[:max], true, nil
	}
	if err != nil {
		return out.Bytes(), false, fmt.Errorf("decompress %s: %w", strings.Join(codings, ", "), err)
	}
	return out.Bytes(), false, nil
}

// split gives the codings of a header, lower case, without identity.
func split(encoding string) []string {
	var out []string
	for part := range strings.SplitSeq(encoding, ",") {
		part = strings.ToLower(strings.TrimSpace(part))
		if part != "" && part != "identity" && part != "none" {
			out = append(out, part)
		}
	}
	return out
}

func known(name string) bool {
	switch name {
	case "gzip", "x-gzip", "deflate", "br", "zstd":
		return true
	}
	return false
}

func decoder(name string, r io.Reader) (io.ReadCloser, error) {
	br := bufio.NewReader(r)
	switch name {
	case "gzip", "x-gzip":
		return newGzip(br)
	case "deflate":
		return newDeflate(br)
	case "br":
		return io.NopCloser(brotli.NewReader(br)), nil
	case "zstd":
		d, err := zstd.NewReader(br, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(zstdWindowBytes))
		if err != nil {
			return nil, err
		}
		return d.IOReadCloser(), nil
	}
	return nil, fmt.Errorf("%w: %q", ErrEncoding, name)
}

// newDeflate reads both things that servers call deflate: RFC 9110, 8.4.1.2
// means a zlib stream, many send the bare one.
func newDeflate(br *bufio.Reader) (io.ReadCloser, error) {
	if head, _ := br.Peek(2); len(head) == 2 && head[0]&0x0f == 8 && (uint(head[0])<<8|uint(head[1]))%31 == 0 {
		return zlib.NewReader(br)
	}
	return flate.NewReader(br), nil
}

// A gzipReader reads all members of a gzip stream and ends quietly at what is
// none: padding or garbage after a member, which browsers ignore as well.
type gzipReader struct {
	src *bufio.Reader
	z   *gzip.Reader
}

func newGzip(br *bufio.Reader) (io.ReadCloser, error) {
	if !atGzip(br) {
		return io.NopCloser(br), nil
	}
	z, err := gzip.NewReader(br)
	if err != nil {
		return nil, err
	}
	z.Multistream(false)
	return &gzipReader{src: br, z: z}, nil
}

func (g *gzipReader) Read(p []byte) (int, error) {
	n, err := g.z.Read(p)
	if err != io.EOF {
		return n, err
	}
	if !atGzip(g.src) {
		return n, io.EOF
	}
	if err := g.z.Reset(g.src); err != nil {
		return n, err
	}
	g.z.Multistream(false)
	return n, nil
}

func (g *gzipReader) Close() error { return g.z.Close() }

// atGzip reports whether a gzip header with method deflate begins here.
func atGzip(br *bufio.Reader) bool {
	head, _ := br.Peek(3)
	return len(head) == 3 && head[0] == 0x1f && head[1] == 0x8b && head[2] == 8
}
