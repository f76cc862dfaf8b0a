package feeds

import (
	"archive/tar"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"chorus/corpus"
)

// shared gives the path of a file of real data beside the project, and skips
// the test if it is not there.
func shared(t *testing.T, name string) string {
	t.Helper()
	dir := os.Getenv("CHORUS_SHARED")
	if dir == "" {
		dir = filepath.Join("..", "..", "shared")
	}
	path := filepath.Join(dir, name)
	if _, err := os.Stat(path); err != nil {
		t.Skipf("no real data: %v", err)
	}
	return path
}

func fileOf(t *testing.T, archive, name string) []byte {
	t.Helper()
	f, err := os.Open(archive)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			t.Fatalf("%s: no %s in it", archive, name)
		}
		if err != nil {
			t.Fatal(err)
		}
		if strings.TrimPrefix(h.Name, "./") != name {
			continue
		}
		b, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
}

func TestReadARecordedListing(t *testing.T) {
	page := fileOf(t, shared(t, "web/en.kremlin.ru.tar.gz"), "en.kremlin.ru/events/president/news/page/2.html")
	const url = "http://en.kremlin.ru/events/president/news/page/2.html"
	feed := corpus.Feed{URL: url, Kind: corpus.FeedList, List: &corpus.ListRule{
		Item: ".hentry", Link: "h3 a", Title: ".entry-title", Date: "time.published", Next: "a[rel=next]",
	}}
	r, fault := Read(feed, answer(url, "text/html; charset=utf-8", page), noon)
	if fault != nil {
		t.Fatal(fault)
	}
	if len(r.Items) < 15 || len(r.Items) > 30 || len(r.Warnings) > 0 {
		t.Errorf("Read = %d items with warnings %q, want about 20 without", len(r.Items), r.Warnings)
	}
	if want := "http://en.kremlin.ru/events/president/news/page/3.html"; r.Next != want {
		t.Errorf("Next = %q, want %q", r.Next, want)
	}
	for _, i := range r.Items {
		if i.Title == "" || i.Published.IsZero() || !strings.HasPrefix(i.URL, "http://en.kremlin.ru/events/president/news/6") {
			t.Errorf("Read has %+v, want title, date and a page of the news", i)
		}
	}
}
