package body

import (
	"bytes"

	"github.com/andybalholm/brotli"
)

// Brotli packs plain as densely as it can be, for the content encoding br.
func Brotli(plain []byte) ([]byte, error) {
	var b bytes.Buffer
	z := brotli.NewWriterLevel(&b, brotli.BestCompression)
	if _, err := z.Write(plain); err != nil {
		return nil, err
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}
