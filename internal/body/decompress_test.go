package body

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"errors"
	"io"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"
)

func compress(t testing.TB, coding string, plain []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	var w io.WriteCloser
	var err error
	switch coding {
	case "gzip":
		w = gzip.NewWriter(&out)
	case "zlib":
		w = zlib.NewWriter(&out)
	case "deflate":
		w, err = flate.NewWriter(&out, flate.DefaultCompression)
	case "br":
		w = brotli.NewWriter(&out)
	case "zstd":
		w, err = zstd.NewWriter(&out)
	}
	if err == nil {
		_, err = w.Write(plain)
	}
	if err := errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// sample is text that does not compress to nothing.
func sample(n int) []byte {
	r := rand.New(rand.NewPCG(1, 2))
	var out strings.Builder
	for out.Len() < n {
		out.WriteString([]string{"bridge ", "river ", "мост ", "大桥", "Friday "}[r.IntN(5)])
	}
	return []byte(out.String()[:n])
}

func TestDecompressUndoesEveryCoding(t *testing.T) {
	plain := sample(100_000)
	cases := []struct {
		encoding string
		wire     []byte
	}{
		{"", plain},
		{"identity", plain},
		{"gzip", compress(t, "gzip", plain)},
		{"x-gzip", compress(t, "gzip", plain)},
		{" GZIP ", compress(t, "gzip", plain)},
		{"deflate", compress(t, "zlib", plain)},
		{"deflate", compress(t, "deflate", plain)},
		{"br", compress(t, "br", plain)},
		{"zstd", compress(t, "zstd", plain)},
		{"gzip, br", compress(t, "br", compress(t, "gzip", plain))},
		{"deflate,identity,zstd", compress(t, "zstd", compress(t, "deflate", plain))},
		{"gzip", plain}, // a false claim
		{"gzip", append(compress(t, "gzip", plain[:40_000]), compress(t, "gzip", plain[40_000:])...)},
		{"gzip", append(compress(t, "gzip", plain), "\x00\x00padding"...)},
	}
	for _, c := range cases {
		got, truncated, err := Decompress(c.encoding, c.wire, 1<<20)
		if err != nil || truncated || !bytes.Equal(got, plain) {
			t.Errorf("Decompress(%q): %d bytes, %v, %v, want %d", c.encoding, len(got), truncated, err, len(plain))
		}
	}
}

func TestDecompressStopsAtMax(t *testing.T) {
	plain := sample(10_000)
	for _, coding := range []string{"", "gzip", "deflate", "br", "zstd"} {
		wire := plain
		if coding != "" {
			wire = compress(t, coding, plain)
		}
		for max, want := range map[int64]bool{9_999: true, 10_000: false, 10_001: false} {
			got, truncated, err := Decompress(coding, wire, max)
			if err != nil || truncated != want || !bytes.Equal(got, plain[:min(len(plain), int(max))]) {
				t.Errorf("Decompress(%q, max %d): %d bytes, %v, %v", coding, max, len(got), truncated, err)
			}
		}
	}
}

func TestDecompressBoundsBombs(t *testing.T) {
	zeros := make([]byte, 64<<20)
	for _, coding := range []string{"gzip", "zlib", "br", "zstd"} {
		wire := compress(t, coding, zeros)
		encoding := map[string]string{"zlib": "deflate"}[coding]
		if encoding == "" {
			encoding = coding
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		got, truncated, err := Decompress(encoding, wire, 1<<20)
		runtime.ReadMemStats(&after)
		if len(got) != 1<<20 || !truncated || err != nil {
			t.Errorf("%s bomb: %d bytes, %v, %v", coding, len(got), truncated, err)
		}
		if used := after.TotalAlloc - before.TotalAlloc; used > 40<<20 {
			t.Errorf("%s bomb: %d bytes allocated", coding, used)
		}
	}
}

func TestDecompressKeepsWhatWasReadOfACutBody(t *testing.T) {
	plain := sample(200_000)
	for _, coding := range []string{"gzip", "zlib", "deflate", "br", "zstd"} {
		encoding := coding
		if coding == "zlib" {
			encoding = "deflate"
		}
		wire := compress(t, coding, plain)
		got, truncated, err := Decompress(encoding, wire[:len(wire)*3/4], 1<<20)
		if err == nil || truncated || len(got) == 0 || !bytes.HasPrefix(plain, got) {
			t.Errorf("cut %s: %d bytes, %v, %v", coding, len(got), truncated, err)
		}
	}
}

func TestDecompressRefuses(t *testing.T) {
	for _, encoding := range []string{"compress", "gzip, rot13", "gzip,gzip,gzip,gzip,gzip"} {
		if _, _, err := Decompress(encoding, []byte("x"), 10); !errors.Is(err, ErrEncoding) {
			t.Errorf("Decompress(%q): %v, want ErrEncoding", encoding, err)
		}
	}
}

func TestDecompressOfNothing(t *testing.T) {
	for _, encoding := range []string{"", "gzip", "br", "zstd", "deflate"} {
		if got, truncated, err := Decompress(encoding, nil, 10); len(got) != 0 || truncated || err != nil {
			t.Errorf("Decompress(%q, nil) = %q, %v, %v", encoding, got, truncated, err)
		}
	}
}

func FuzzDecompress(f *testing.F) {
	for _, coding := range []string{"gzip", "deflate", "br", "zstd"} {
		f.Add(coding, compress(f, coding, sample(500)))
	}
	f.Add("gzip, br", []byte("\x1f\x8b\x08"))
	f.Fuzz(func(t *testing.T, encoding string, wire []byte) {
		plain, truncated, _ := Decompress(encoding, wire, 1000)
		if len(plain) > 1000 || truncated && len(plain) != 1000 {
			t.Errorf("Decompress(%q, %q): %d bytes, %v", encoding, wire, len(plain), truncated)
		}
	})
}

func BenchmarkDecompress(b *testing.B) {
	plain := sample(170_000)
	for _, coding := range []string{"gzip", "br", "zstd"} {
		wire := compress(b, coding, plain)
		b.Run(coding, func(b *testing.B) {
			b.SetBytes(int64(len(plain)))
			for b.Loop() {
				Decompress(coding, wire, 1<<20)
			}
		})
	}
}
