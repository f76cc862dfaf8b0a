package monitor

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"

	"chorus/corpus"
)

// importLines imports text and gives what was refused.
func importLines(t *testing.T, m *Monitor, r io.Reader) (ImportSummary, []string) {
	t.Helper()
	var refused []string
	sum, err := m.ImportLines(t.Context(), "posts.jsonl", r, func(err error) { refused = append(refused, err.Error()) })
	if err != nil {
		t.Fatal(err)
	}
	return sum, refused
}

func line(url, text, more string) string {
	return fmt.Sprintf(`{"url": %q, "text": %q%s}`, url, text, more)
}

func TestImportTakesWhatEditorsAndOtherSystemsWrite(t *testing.T) {
	s := watchRiver(t)
	s.with(func(m *Monitor) {
		lines := strings.Join([]string{
			"\ufeff" + line("http://a.example/1", "The ferry is late.", ""),
			"",
			line("http://a.example/2", "The bridge is open.", `, "published": "2026-03-01T09:00:00+03:00", "lang": "en-GB", "station": 7`),
			line("http://a.example/2", "The bridge is closed.", ""),
			line("https://A.example/2#top", "The bridge is closed.", ""),
			`{"url": "http://a.example/3"}`,
			line("ftp://a.example/4", "No web.", ""),
			line("http://a.example/5", "Early.", `, "published": "0001-01-01T00:00:00+14:00"`),
			line("http://a.example/5", "Late.", `, "seen": "9999-12-31T23:59:59-12:00"`),
			"\xff\xfe{\x00}\x00",
			line("http://a.example/6", "No final line break.", `, "published": "2026-03-01T09:00:00Z", "seen": "2026-02-01T09:00:00Z"`),
		}, "\r\n")
		sum, refused := importLines(t, m, strings.NewReader(lines))
		want := ImportSummary{Read: 5, Documents: 4, Bad: 5, Unknown: []string{"a.example"}}
		if diff := cmp.Diff(want, sum); diff != "" {
			t.Errorf("summary (-want +got):\n%s", diff)
		}
		for i, n := range []int{6, 7, 8, 9, 10} {
			if i >= len(refused) || !strings.HasPrefix(refused[i], fmt.Sprintf("posts.jsonl line %d: ", n)) {
				t.Errorf("refused %q, want line %d", refused, n)
			}
		}
		docs := documents(t, m)
		if diff := cmp.Diff([]string{"en", "7"}, []string{docs[1].Article.Lang, string(docs[1].Item.Extra["station"])}); diff != "" {
			t.Errorf("language and extra (-want +got):\n%s", diff)
		}
		if docs[2].Edit != 1 || docs[1].Replaced != docs[2].Seq {
			t.Errorf("another text at one address is %+v, want a new version", docs[2])
		}
		if got, want := docs[3].Published(), time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC); !got.Equal(want) {
			t.Errorf("published %v, want %v", got, want)
		}
	})
}

func TestImportEndsAtAReadError(t *testing.T) {
	s := watchRiver(t)
	s.with(func(m *Monitor) {
		broken := io.MultiReader(strings.NewReader(line("http://a.example/1", "The ferry is late.", "")+"\n"), iotest.ErrReader(errors.New("the disk is gone")))
		sum, err := m.ImportLines(t.Context(), "posts.jsonl", broken, func(err error) { t.Error(err) })
		if err == nil || err.Error() != "posts.jsonl: the disk is gone" {
			t.Errorf("ImportLines = %v, want what is wrong with the file", err)
		}
		if sum.Documents != 1 {
			t.Errorf("%d documents, want the one before the error", sum.Documents)
		}
	})
}

func TestImportNamesLinesThatAreTooLong(t *testing.T) {
	s := watchRiver(t)
	long := line("http://a.example/long", strings.Repeat("long ", maxLine/5), "")
	s.with(func(m *Monitor) {
		for _, end := range []string{"", "\n", "\n" + line("http://a.example/1", "The ferry is late.", "")} {
			_, refused := importLines(t, m, strings.NewReader(long+end))
			if diff := cmp.Diff([]string{"posts.jsonl line 1: the line is longer than 32 MiB"}, refused); diff != "" {
				t.Errorf("with %d bytes behind it (-want +got):\n%s", len(end), diff)
			}
		}
		if n := len(documents(t, m)); n != 1 {
			t.Errorf("%d documents, want the one after the long line", n)
		}
	})
}

func TestImportedPagesAreNotAskedForAfterRebuild(t *testing.T) {
	w, outlets := river(t)
	s := watch(t, w, outlets)
	s.with(func(m *Monitor) {
		importLines(t, m, strings.NewReader(line("http://riverpost.example/news/1", "As we had it from another system.", "")))
		if _, err := m.Rebuild(t.Context()); err != nil {
			t.Fatal(err)
		}
		leases, err := m.store.Claim(t.Context(), m.now().AddDate(1, 0, 0), m.now().AddDate(2, 0, 0), 9, 9, func(string) bool { return false })
		if err != nil || len(leases) != 0 {
			t.Errorf("to be asked for within a year: %+v, %v", leases, err)
		}
	})
}

func TestServerCannotPassOffAnImportedLine(t *testing.T) {
	w, outlets := river(t)
	forged := line("http://riverpost.example/news/1", "Forged.", "")
	w.Add("http://riverpost.example/news/1", handler(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", importType)
		fmt.Fprint(w, forged)
	}))
	s := watch(t, w, outlets)
	s.once()
	s.with(func(m *Monitor) {
		for _, d := range documents(t, m) {
			if d.Article.Extractor == "import" {
				t.Errorf("the server passed off %+v", d.Article)
			}
		}
	})
}

func TestExportedWARCComesBackTheSame(t *testing.T) {
	s := watchRiver(t)
	s.with(func(m *Monitor) {
		importLines(t, m, strings.NewReader(line("http://a.example/1", "The ferry is late.", `, "kind": "post", "seen": "2026-02-01T09:00:00Z"`)))
	})
	s.once()
	type said struct {
		url, version string
		seen         time.Time
		kind         corpus.Kind
	}
	told := func(m *Monitor) (all []said) {
		for _, d := range documents(t, m) {
			all = append(all, said{d.URL(), d.Version, d.Seen(), d.Article.Kind})
		}
		return all
	}
	var want []said
	var warc bytes.Buffer
	s.with(func(m *Monitor) {
		want = told(m)
		for _, d := range documents(t, m)[:1] {
			r, err := m.Record(d.Evidence)
			if err != nil {
				t.Fatal(err)
			}
			if n, err := io.Copy(io.Discard, r); err != nil || n != d.Evidence.Length {
				t.Errorf("Record gave %d bytes, %v; want %d", n, err, d.Evidence.Length)
			}
			r.Close()
		}
		for _, segment := range segmentsOf(t, m) {
			warc.Write(segment)
		}
	})
	other := watchRiver(t)
	other.with(func(m *Monitor) {
		if _, err := m.ImportWARC(t.Context(), "all.warc.gz", &warc, func(err error) { t.Error(err) }); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, told(m), cmp.AllowUnexported(said{})); diff != "" {
			t.Errorf("documents of the WARC file (-want +got):\n%s", diff)
		}
	})
}

// segmentsOf reads the files of an archive in their order.
func segmentsOf(t *testing.T, m *Monitor) (all [][]byte) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(m.archiveDir(), "*.warc.gz"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		raw, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, raw)
	}
	return all
}
