package local

import (
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	segment "github.com/blevesearch/scorch_segment_api/v2"

	"chorus/corpus"
	"chorus/index"
)

func removeDoc(seq corpus.Seq, text string) corpus.Document {
	at := time.Date(2026, 3, 1, 10, 0, int(seq), 0, time.UTC)
	return corpus.Document{ID: corpus.DocID(fmt.Sprintf("%016x%048d", int64(seq), 0)), Seq: seq, Item: corpus.Item{Outlet: "river", Seen: at},
		Tags:    []corpus.Tag{{Narrative: "bridge", Stance: corpus.StanceAsserts}},
		Article: corpus.Article{Kind: corpus.KindArticle, Lang: "en", Text: text, Published: at}}
}

func hits(t *testing.T, x *Index, words string) []corpus.Seq {
	t.Helper()
	q, err := index.Parse(words)
	if err != nil {
		t.Fatal(err)
	}
	r, err := x.Search(t.Context(), index.Request{Query: q, Size: 100})
	if err != nil {
		t.Fatal(err)
	}
	seqs := []corpus.Seq{}
	for _, h := range r.Hits {
		seqs = append(seqs, h.Seq)
	}
	slices.Sort(seqs)
	return seqs
}

// segmentsWith counts the segment files, used or not, whose dictionary has a word.
func segmentsWith(t *testing.T, x *Index, word string) (with, files int) {
	t.Helper()
	for _, p := range x.all() {
		zaps, err := filepath.Glob(filepath.Join(p.path, "*.zap"))
		if err != nil {
			t.Fatal(err)
		}
		files += len(zaps)
		left, err := p.unused()
		if err != nil {
			t.Fatal(err)
		}
		with += len(left) // nobody knows what is in them
		for _, s := range p.view.segments {
			d, err := s.segment.(segment.Segment).Dictionary(textField)
			if err != nil {
				t.Fatal(err)
			}
			if ok, err := d.Contains([]byte(word)); err != nil {
				t.Fatal(err)
			} else if ok {
				with++
			}
		}
	}
	return with, files
}

func TestRemovedDocumentsLeaveNoWords(t *testing.T) {
	for name, puts := range map[string]int{"one segment": 1, "several segments": 3} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			x, err := Open(dir, Options{})
			if err != nil {
				t.Fatal(err)
			}
			for i := range puts {
				base := corpus.Seq(10 * i)
				docs := []corpus.Document{removeDoc(base+1, "ferries came"), removeDoc(base+2, "ferries zanzibar"), removeDoc(base+3, "ferries went")}
				if err := x.Put(t.Context(), docs, base+3); err != nil {
					t.Fatal(err)
				}
			}
			if with, _ := segmentsWith(t, x, "zanzibar"); with == 0 {
				t.Fatal("the word is not there to begin with")
			}
			gone := []corpus.Seq{999} // was never there
			for i := range puts {
				gone = append(gone, corpus.Seq(10*i+2))
			}
			if err := x.Remove(t.Context(), gone...); err != nil {
				t.Fatal(err)
			}
			check := func(when string) {
				t.Helper()
				for query, want := range map[string]int{"zanzibar": 0, "ferries": 2 * puts, "*": 2 * puts, "is:old": 2 * puts, "narrative:bridge": 2 * puts, "outlet:river": 2 * puts} {
					if got := hits(t, x, query); len(got) != want {
						t.Errorf("%s, %s finds %v, want %d", when, query, got, want)
					}
				}
				if s := x.Stats(); s.Documents != 2*puts || s.Cursor != corpus.Seq(10*(puts-1)+3) {
					t.Errorf("%s, stats are %+v", when, s)
				}
				if err := x.Check(t.Context()); err != nil {
					t.Errorf("%s: %v", when, err)
				}
			}
			check("removed")
			// A crash before the purge: it is made up for.
			if err := x.Close(); err != nil {
				t.Fatal(err)
			}
			if x, err = Open(dir, Options{}); err != nil {
				t.Fatal(err)
			}
			check("opened again")
			if err := x.Purge(t.Context()); err != nil {
				t.Fatal(err)
			}
			check("purged")
			if with, files := segmentsWith(t, x, "zanzibar"); with != 0 || files == 0 {
				t.Errorf("after the purge the word is in %d of %d segments", with, files)
			}
			if err := x.Put(t.Context(), []corpus.Document{removeDoc(101, "ferries again")}, 101); err != nil {
				t.Fatal(err)
			}
			if got := hits(t, x, "ferries"); len(got) != 2*puts+1 {
				t.Errorf("a document after the purge is not found: %v", got)
			}
			if err := x.Close(); err != nil {
				t.Fatal(err)
			}
			if x, err = Open(dir, Options{}); err != nil {
				t.Fatal(err)
			}
			if err := x.Purge(t.Context()); err != nil || x.unclean {
				t.Errorf("Purge = %v", err)
			}
			if err := x.Close(); err != nil {
				t.Fatal(err)
			}
		})
	}
}

func TestPartitionCanLoseAllItsDocuments(t *testing.T) {
	dir := t.TempDir()
	x, err := Open(dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := x.Put(t.Context(), []corpus.Document{removeDoc(1, "ferries zanzibar")}, 1); err != nil {
		t.Fatal(err)
	}
	for _, err := range []error{x.Remove(t.Context(), 1), x.Purge(t.Context()), x.Close()} {
		if err != nil {
			t.Fatal(err)
		}
	}
	if x, err = Open(dir, Options{}); err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	if got := hits(t, x, "*"); len(got) != 0 || x.Cursor() != 1 {
		t.Errorf("there are still %v, at %d", got, x.Cursor())
	}
	if with, _ := segmentsWith(t, x, "zanzibar"); with != 0 {
		t.Error("the word is still there")
	}
}
