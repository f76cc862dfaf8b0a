package classify

import (
	"io/fs"
	"strings"
	"testing"
)

// benchText is the gold set, about the mix of scripts and hits of real news
// about the subject, repeated to a size.
func benchText(b *testing.B, size int) string {
	var s strings.Builder
	for _, e := range readGold(b) {
		s.WriteString(e.Text)
		s.WriteString("\n\n")
	}
	return strings.Repeat(s.String(), size/s.Len()+1)[:size]
}

func BenchmarkTagsOneMegabyte(b *testing.B) {
	c := builtin(b)
	in := Input{Text: benchText(b, 1<<20)}
	b.SetBytes(1 << 20)
	for b.Loop() {
		c.Tags(in)
	}
}

func BenchmarkTagsWithoutHits(b *testing.B) {
	c := builtin(b)
	text := strings.Repeat("Rain is expected in the north on Monday, and the roads will be wet. В понедельник на севере пройдут дожди, дороги будут мокрыми. 周一北部将有小雨，道路湿滑。\n", 5000)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		c.Tags(Input{Text: text})
	}
}

func BenchmarkLoad(b *testing.B) {
	sub, err := fs.Sub(codebookFiles, "codebook")
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		entries, err := Load(sub)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := New(entries); err != nil {
			b.Fatal(err)
		}
	}
}
