package archive

import (
	"bytes"
	stdgzip "compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"chorus/corpus"
)

// holds reports whether any record of the folder, unpacked, has a word in it.
func holds(t *testing.T, dir, word string) bool {
	t.Helper()
	found := false
	err := filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		raw, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if bytes.Contains(raw, []byte(word)) {
			found = true
		}
		if z, err := stdgzip.NewReader(bytes.NewReader(raw)); err == nil {
			plain, err := io.ReadAll(z)
			if err != nil {
				t.Errorf("%s: %v", path, err)
			}
			if bytes.Contains(plain, []byte(word)) {
				found = true
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// prose makes a text that does not pack to nothing.
func prose(seed uint64, words int) string {
	r := rand.New(rand.NewPCG(seed, 1))
	var b strings.Builder
	for range words {
		fmt.Fprintf(&b, "word%d ", r.IntN(5000))
	}
	return b.String()
}

func sizes(t *testing.T, dir string) map[string]int64 {
	t.Helper()
	names, err := segments(dir)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]int64{}
	for _, name := range names {
		if all[name], err = fileBytes(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

// remover redacts whole captures whose address ends so.
func remover(end string) func(Entry) (*Redaction, error) {
	return func(e Entry) (*Redaction, error) {
		if e.Capture == nil || !strings.HasSuffix(e.Capture.URL, end) || string(e.Meta) == `{"gone":true}` {
			return nil, nil
		}
		return &Redaction{Meta: []byte(`{"gone":true}`)}, nil
	}
}

func TestRedactRemovesACaptureAndItsRevisits(t *testing.T) {
	dir := t.TempDir()
	a := mustOpen(t, dir, nil, Options{SegmentBytes: 8_000})
	var last corpus.Evidence
	previous := func(string) (corpus.Evidence, bool) { return last, last.File != "" }
	var others []corpus.Evidence
	other := func(n uint64) {
		others = append(others, mustAppend(t, a, page(fmt.Sprintf("https://river.example/other%d", n), prose(n, 2000)), `{"title":"kept"}`, nil))
		mustSync(t, a)
	}
	other(1)
	secret := page("https://river.example/secret", "zanzibar "+prose(2, 300))
	last = mustAppend(t, a, secret, `{"title":"About zanzibar"}`, previous)
	other(3)
	revisit := mustAppend(t, a, secret, `{"title":"About zanzibar"}`, previous)
	if !revisit.Revisit {
		t.Fatal("there is no revisit to test")
	}
	mustAppend(t, a, &corpus.Capture{URL: "https://river.example/secret", Fetched: t0, Fault: &corpus.Fault{Class: corpus.FaultDNS, Reason: "no such host", At: t0}}, `{"title":"About zanzibar","summary":"Once more"}`, nil)
	other(4)
	before := sizes(t, dir)
	if len(before) < 2 || !holds(t, dir, "zanzibar") {
		t.Fatalf("there is too little to test: %v", before)
	}
	done, err := a.Redact(t.Context(), time.Time{}, remover("/secret"))
	if err != nil || done.Captures != 3 || len(done.Shared) != 0 {
		t.Fatalf("Redact = %+v, %v; want three captures", done, err)
	}
	if diff := cmp.Diff(before, sizes(t, dir)); diff != "" {
		t.Errorf("files have another length (-before +after):\n%s", diff)
	}
	wantSound(t, dir)
	if holds(t, dir, "zanzibar") {
		t.Error("the word is still there")
	}
	for _, ev := range others {
		if _, meta, err := a.Load(ev); err != nil || string(meta) != `{"title":"kept"}` {
			t.Errorf("Load of another capture: %s, %v", meta, err)
		}
	}
	gone := 0
	for _, e := range walk(t, dir) {
		if len(e.Damage) > 0 {
			t.Errorf("damage: %v", e.Damage)
		}
		if string(e.Meta) == `{"gone":true}` {
			gone++
			if x := e.Capture.Answer(); x != nil && (len(x.Body) != 0 || x.Truncated != Takedown || len(e.Capture.Body) != 0) {
				t.Errorf("of a removed capture there is %+v", x)
			}
		}
	}
	if gone != 3 {
		t.Errorf("%d captures say that they are gone, want 3", gone)
	}
	// The page comes back: it is kept whole, and nothing is a revisit of what is gone.
	if ev := mustAppend(t, a, page("https://river.example/secret", "something else"), "", previous); ev.Revisit {
		t.Error("a capture refers to a redacted one")
	}
	if done, err := a.Redact(t.Context(), time.Time{}, remover("/nowhere")); err != nil || done.Captures != 0 {
		t.Errorf("Redact of nothing = %+v, %v", done, err)
	}
}

// editor takes a word out of bodies.
func editor(word string) func(Entry) (*Redaction, error) {
	return func(e Entry) (*Redaction, error) {
		if e.Capture == nil || !bytes.Contains(e.Capture.Body, []byte(word)) {
			return nil, nil
		}
		return &Redaction{Body: bytes.ReplaceAll(e.Capture.Body, []byte(word), nil), Meta: e.Meta}, nil
	}
}

func TestRedactTakesAPartOutOfABody(t *testing.T) {
	for name, encoding := range map[string]string{"plain": "", "gzip": "gzip"} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			a := mustOpen(t, dir, nil, Options{})
			post := "<p>zanzibar, a post of some length with 8 and 13 words " + prose(9, 30) + "</p>"
			c := page("https://river.example/s", prose(1, 400)+post+prose(2, 400))
			if encoding != "" {
				c.Exchanges[0].Body = packed(string(c.Body))
				c.Exchanges[0].Response.Set("Content-Encoding", encoding)
			}
			var last corpus.Evidence
			previous := func(string) (corpus.Evidence, bool) { return last, last.File != "" }
			last = mustAppend(t, a, c, `{"feed":1}`, previous)
			again := mustAppend(t, a, c, `{"feed":1}`, previous)
			if !again.Revisit {
				t.Fatal("there is no revisit to test")
			}
			mustSync(t, a)
			before := sizes(t, dir)
			for round, part := range []string{post, "word1"} { // the second cuts what was cut before
				done, err := a.Redact(t.Context(), t0, editor(part))
				if err != nil || done.Captures != 2 {
					t.Fatalf("round %d: Redact = %+v, %v; want two captures", round, done, err)
				}
				if diff := cmp.Diff(before, sizes(t, dir)); diff != "" {
					t.Errorf("files have another length (-before +after):\n%s", diff)
				}
				wantSound(t, dir)
				for _, ev := range []corpus.Evidence{last, again} {
					got, meta, err := a.Load(ev)
					if err != nil || string(meta) != `{"feed":1}` {
						t.Fatalf("Load by the old evidence: %s, %v", meta, err)
					}
					if bytes.Contains(got.Body, []byte(part)) || len(got.Body) < 3000 {
						t.Errorf("round %d: the body has %d bytes, with the part: %v", round, len(got.Body), bytes.Contains(got.Body, []byte(part)))
					}
				}
				for i, e := range walk(t, dir) {
					if want := []corpus.Evidence{last, again}[i]; e.Evidence != want {
						t.Errorf("Walk gives the evidence %+v, want %+v", e.Evidence, want)
					}
				}
			}
			if holds(t, dir, "zanzibar") {
				t.Error("the word is still there")
			}
		})
	}
}

func TestRedactLeavesWhatOthersReferTo(t *testing.T) {
	dir := t.TempDir()
	a := mustOpen(t, dir, nil, Options{})
	text := prose(1, 200)
	ev := mustAppend(t, a, page("https://river.example/one", text), "", nil)
	twin := mustAppend(t, a, page("https://river.example/two", text), "", func(string) (corpus.Evidence, bool) { return ev, true })
	mustSync(t, a)
	done, err := a.Redact(t.Context(), time.Time{}, remover("/one"))
	if err != nil || done.Captures != 0 || len(done.Shared) != 1 {
		t.Fatalf("Redact = %+v, %v; want the one left and named", done, err)
	}
	if got, _, err := a.Load(twin); err != nil || string(got.Body) != text {
		t.Errorf("the twin has lost its payload: %v", err)
	}
	done, err = a.Redact(t.Context(), time.Time{}, func(e Entry) (*Redaction, error) { return &Redaction{}, nil })
	if err != nil || done.Captures != 2 {
		t.Errorf("Redact of both = %+v, %v", done, err)
	}
	wantSound(t, dir)
}

func TestInterruptedRedactionIsFinishedByOpen(t *testing.T) {
	dir := t.TempDir()
	a := mustOpen(t, dir, nil, Options{})
	mustAppend(t, a, page("https://river.example/secret", "zanzibar "+prose(2, 300)), "", nil)
	mustAppend(t, a, page("https://river.example/other", prose(3, 300)), "", nil)
	mustSync(t, a)
	segment := filepath.Join(dir, mustSegments(t, dir)[0])
	whole, err := os.ReadFile(segment)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.Redact(t.Context(), time.Time{}, remover("/secret")); err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile(segment)
	if err != nil {
		t.Fatal(err)
	}
	a.Close()

	// The note was written, and then nothing, or a part of the segment.
	p := &planner{dir: dir, decide: remover("/secret"), plans: map[Position]*plan{}}
	for _, torn := range []int{0, len(whole) / 4, len(whole) / 2} {
		if err := os.WriteFile(segment, whole, 0o644); err != nil {
			t.Fatal(err)
		}
		p.order = nil
		if err := p.walk(t.Context(), []Extent{{filepath.Base(segment), int64(len(whole))}}, time.Time{}); err != nil {
			t.Fatal(err)
		}
		b := &Archive{dir: dir}
		noteOnly(t, b, []patch{{filepath.Base(segment), p.order[0].at.Offset, p.order[0].bytes}})
		if err := os.WriteFile(segment, append(bytes.Clone(want[:torn]), whole[torn:]...), 0o644); err != nil {
			t.Fatal(err)
		}
		mustOpen(t, dir, nil, Options{}).Close()
		if got, err := os.ReadFile(segment); err != nil || !bytes.Equal(got, want) {
			t.Errorf("torn after %d bytes, Open did not finish the redaction (%v)", torn, err)
		}
		if _, err := os.Stat(filepath.Join(dir, redoFile)); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("the note is still there: %v", err)
		}
	}
	// Only half a note: nothing was done yet.
	if err := os.WriteFile(filepath.Join(dir, redoFile+".new"), []byte("abc"), 0o644); err != nil {
		t.Fatal(err)
	}
	mustOpen(t, dir, nil, Options{}).Close()
	if left, _ := filepath.Glob(filepath.Join(dir, redoFile+"*")); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
	wantSound(t, dir)
}

// noteOnly is patch without the writing.
func noteOnly(t *testing.T, a *Archive, patches []patch) {
	t.Helper()
	raw, err := noteOf(patches)
	if err == nil {
		err = writeWhole(filepath.Join(a.dir, redoFile), raw)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func mustSegments(t *testing.T, dir string) []string {
	t.Helper()
	names, err := segments(dir)
	if err != nil || len(names) == 0 {
		t.Fatalf("segments: %v, %v", names, err)
	}
	return names
}

func TestRedactRemovesCutFilesToo(t *testing.T) {
	dir := t.TempDir()
	a := mustOpen(t, dir, nil, Options{})
	mustAppend(t, a, page("https://river.example/first", "kept"), "", nil)
	committed := mustSync(t, a)
	mustAppend(t, a, page("https://river.example/secret", "zanzibar"), "", nil)
	mustSync(t, a)
	a.Close()
	b := mustOpen(t, dir, committed, Options{})
	mustAppend(t, b, page("https://river.example/second", "kept"), "", nil)
	committed = mustSync(t, b)
	mustAppend(t, b, page("https://river.example/third", "lost"), "", nil)
	mustSync(t, b)
	b.Close()
	c := mustOpen(t, dir, committed, Options{})
	done, err := c.Redact(t.Context(), time.Time{}, remover("/secret"))
	if err != nil || done.Cut != 1 {
		t.Errorf("Redact = %+v, %v; want one of the two cut files removed", done, err)
	}
	if holds(t, dir, "zanzibar") {
		t.Error("the word is still there")
	}
}

func TestRedactSeesNothingOfOldSegments(t *testing.T) {
	dir := t.TempDir()
	a := mustOpen(t, dir, nil, Options{SegmentBytes: 1})
	at := t0
	a.now = func() time.Time { at = at.Add(time.Hour); return at }
	for i := range 5 {
		mustAppend(t, a, page(fmt.Sprintf("https://river.example/%d", i), "text"), "", nil)
		mustSync(t, a)
	}
	var seen []string
	_, err := a.Redact(t.Context(), t0.Add(4*time.Hour+time.Minute), func(e Entry) (*Redaction, error) {
		seen = append(seen, e.Capture.URL)
		return nil, nil
	})
	want := []string{"https://river.example/3", "https://river.example/4"}
	if diff := cmp.Diff(want, seen); err != nil || diff != "" {
		t.Errorf("Redact looked at (-want +got):\n%s%v", diff, err)
	}
}

func TestMembersHaveAnyLengthAsked(t *testing.T) {
	text := []byte(prose(1, 50))
	packed, err := deflated(text)
	if err != nil {
		t.Fatal(err)
	}
	shortest := len(member(text, packed, 0))
	for filler := range int64(40) {
		raw := member(text, packed, filler)
		if len(raw) != shortest+int(filler) {
			t.Errorf("with %d bytes of filler the member has %d, want %d", filler, len(raw), shortest+int(filler))
		}
		z, err := stdgzip.NewReader(bytes.NewReader(raw))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(z); err != nil || !bytes.Equal(got, text) {
			t.Errorf("with %d bytes of filler it unpacks to %d bytes, %v", filler, len(got), err)
		}
	}
}

func TestRedactFitsWhateverThePartIs(t *testing.T) {
	// The smaller the part, the less room is won.
	for n := range 12 {
		dir := t.TempDir()
		a := mustOpen(t, dir, nil, Options{})
		part := strings.Repeat("z", n+1)
		ev := mustAppend(t, a, page("https://river.example/s", prose(uint64(n), 50)+part+prose(uint64(n+100), 50)), `{"feed":1}`, nil)
		mustSync(t, a)
		if done, err := a.Redact(context.Background(), t0, editor(part)); err != nil || done.Captures != 1 {
			t.Errorf("a part of %d bytes: %+v, %v", n+1, done, err)
		}
		wantSound(t, dir)
		if _, _, err := a.Load(ev); err != nil {
			t.Error(err)
		}
		raw, err := Member(dir, ev)
		if err != nil {
			t.Fatal(err)
		}
		z, err := stdgzip.NewReader(bytes.NewReader(raw))
		if err == nil {
			_, err = io.ReadAll(z)
		}
		if err != nil {
			t.Errorf("Member gives %d bytes: %v", len(raw), err)
		}
	}
}
