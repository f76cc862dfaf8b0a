package classify

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"chorus/corpus"
)

func labelled(id, text string, tags ...GoldTag) Labelled {
	return Labelled{
		Example: Example{ID: id, Lang: "en", Bloc: corpus.BlocRU, Text: text, Tags: tags, Origin: "real", Source: "https://riverpost.example/1", Coder: "a"},
		At:      time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC),
	}
}

func openSheet(t *testing.T, path string) *Sheet {
	t.Helper()
	s, err := OpenSheet(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func fillSheet(t *testing.T, path string, lines ...Labelled) {
	t.Helper()
	s := openSheet(t, path)
	for _, l := range lines {
		if err := s.Append(l); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

func readSheet(t *testing.T, path string) string {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func TestSheetIsAGoldFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "gold.jsonl")
	text := "Расширение НАТО <b>&</b> 🕊 война"
	tag := GoldTag{"nato-expansion", corpus.StanceAsserts, 0, len("Расширение НАТО")}
	fillSheet(t, path, labelled("one", text, tag), labelled("two", "The market opens at eight."))
	const want = `{"id":"one","lang":"en","outlet_bloc":"RU","text":"Расширение НАТО <b>&</b> 🕊 война","tags":[{"narrative":"nato-expansion","stance":"asserts","start":0,"end":29}],"origin":"real","source":"https://riverpost.example/1","coder":"a","labelled":"2026-11-24T12:00:00Z"}
{"id":"two","lang":"en","outlet_bloc":"RU","text":"The market opens at eight.","tags":[],"origin":"real","source":"https://riverpost.example/1","coder":"a","labelled":"2026-11-24T12:00:00Z"}
`
	if got := readSheet(t, path); got != want {
		t.Errorf("the file is\n%swant\n%s", got, want)
	}
	examples, err := ReadExamples(strings.NewReader(readSheet(t, path)))
	if err != nil || len(examples) != 2 || examples[0].Text[tag.Start:tag.End] != "Расширение НАТО" {
		t.Errorf("ReadExamples = %v, %v", examples, err)
	}
	s := openSheet(t, path)
	if diff := cmp.Diff([]Labelled{labelled("one", text, tag), {Example: Example{ID: "two", Lang: "en", Bloc: "RU", Text: "The market opens at eight.", Tags: []GoldTag{}, Origin: "real", Source: "https://riverpost.example/1", Coder: "a"}, At: labelled("", "").At}}, s.Examples()); diff != "" {
		t.Errorf("read again (-want +got):\n%s", diff)
	}
}

func TestSheetUndoTakesTheLastLine(t *testing.T) {
	path := filepath.Join(t.TempDir(), "gold.jsonl")
	fillSheet(t, path, labelled("one", "First."), labelled("two", "Second."))
	one := strings.SplitAfter(readSheet(t, path), "\n")[0]
	s := openSheet(t, path) // the line of an earlier process, too
	l, err := s.Undo()
	if err != nil || l.ID != "two" || readSheet(t, path) != one {
		t.Fatalf("Undo = %q, %v and leaves\n%s", l.ID, err, readSheet(t, path))
	}
	if err := s.Append(labelled("three", "Third.")); err != nil {
		t.Fatal(err)
	}
	if got := readSheet(t, path); !strings.HasPrefix(got, one+`{"id":"three"`) || strings.Count(got, "\n") != 2 {
		t.Errorf("after undo and append the file is\n%s", got)
	}
}

func TestSheetMendsATornLastLine(t *testing.T) {
	path := filepath.Join(t.TempDir(), "gold.jsonl")
	fillSheet(t, path, labelled("one", "First."), labelled("two", "Zweitens: größer."))
	whole := readSheet(t, path)
	first := strings.Index(whole, "\n") + 1
	for _, zeros := range []string{"", "\x00\x00\x00"} {
		for cut := first + 1; cut < len(whole)-1; cut++ {
			if err := os.WriteFile(path, []byte(whole[:cut]+zeros), 0o644); err != nil {
				t.Fatal(err)
			}
			s, err := OpenSheet(path)
			if err != nil {
				t.Fatalf("cut at byte %d: %v", cut, err)
			}
			if s.Mended == "" || len(s.Examples()) != 1 || readSheet(t, path) != whole[:first] {
				t.Fatalf("cut at byte %d: mended %q, %d lines, file\n%s", cut, s.Mended, len(s.Examples()), readSheet(t, path))
			}
			s.Close()
		}
	}
	// A line that is whole but for its end stays.
	if err := os.WriteFile(path, []byte(strings.TrimSuffix(whole, "\n")), 0o644); err != nil {
		t.Fatal(err)
	}
	if s := openSheet(t, path); s.Mended == "" || readSheet(t, path) != whole || len(s.Examples()) != 2 {
		t.Errorf("a line without end: mended %q, file\n%s", s.Mended, readSheet(t, path))
	}
}

func TestSheetRefusesWhatIsNoGoldFile(t *testing.T) {
	good := `{"id":"1","text":"First.","tags":[]}` + "\n"
	for _, c := range []struct{ name, file, want string }{
		{"broken in the middle", good + `{"id":` + "\n" + good, "line 2: "},
		{"after an empty line", good + "\n" + `{"id":"2","text":"x","tags":[{"narrative":"a","stance":"likes","start":0,"end":1}]}` + "\n", `line 3: tag a: there is no stance "likes"`},
		{"span outside", good + `{"id":"2","text":"x","tags":[{"narrative":"a","stance":"asserts","start":0,"end":2}]}` + "\n", "line 2: tag a: span 0 to 2 is empty or outside of the text of 1 bytes"},
		{"span in a character", `{"id":"2","text":"ж","tags":[{"narrative":"a","stance":"asserts","start":0,"end":1}]}` + "\n", "line 1: tag a: span 0 to 1 cuts a character"},
		{"another file", "# Notes", "line 1: it has no end and is not the beginning of a label"},
		{"another file's end", good + "that was all", "line 2: it has no end"},
	} {
		path := filepath.Join(t.TempDir(), "gold.jsonl")
		if err := os.WriteFile(path, []byte(c.file), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := OpenSheet(path); err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: error %v, want %q", c.name, err, c.want)
		}
		if readSheet(t, path) != c.file {
			t.Errorf("%s: the file was changed", c.name)
		}
	}
}

func TestSheetTakesNoBadLabel(t *testing.T) {
	path := filepath.Join(t.TempDir(), "gold.jsonl")
	s := openSheet(t, path)
	if _, err := s.Undo(); err == nil {
		t.Error("there was something to undo in an empty file")
	}
	if err := s.Append(labelled("one", "ж", GoldTag{"a", corpus.StanceAsserts, 0, 1})); err == nil {
		t.Error("a span that cuts a character was taken")
	}
	if readSheet(t, path) != "" {
		t.Error("something was written")
	}
	s.Close()
	if _, err := os.Stat(path); err == nil {
		t.Error("an empty file is left behind")
	}
}

func TestSheetIsFilledByOneProcess(t *testing.T) {
	path := filepath.Join(t.TempDir(), "gold.jsonl")
	s := openSheet(t, path)
	if _, err := OpenSheet(path); !errors.Is(err, ErrSheetHeld) {
		t.Errorf("a second sheet: %v, want ErrSheetHeld", err)
	}
	if err := s.Append(labelled("one", "First.")); err != nil {
		t.Errorf("the first, after that: %v", err)
	}
	s.Close()
	if again := openSheet(t, path); len(again.Examples()) != 1 {
		t.Error("given up, it cannot be opened again")
	}
}

func TestSheetSeesThatAnotherProgramWrote(t *testing.T) {
	path := filepath.Join(t.TempDir(), "gold.jsonl")
	fillSheet(t, path, labelled("one", "First."))
	s := openSheet(t, path)
	changed := readSheet(t, path) + "\n"
	if err := os.WriteFile(path, []byte(changed), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := s.Append(labelled("two", "Second.")); err == nil || !strings.Contains(err.Error(), "changed by another program") {
		t.Errorf("Append = %v", err)
	}
	if _, err := s.Undo(); err == nil {
		t.Error("Undo cut a file that is not as we know it")
	}
	if readSheet(t, path) != changed {
		t.Error("the file was changed")
	}
}
