package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"chorus/classify"
	"chorus/corpus"
	"chorus/web"
)

func deskOf(t *testing.T, path string, tasks ...task) *desk {
	t.Helper()
	sheet, err := classify.OpenSheet(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { sheet.Close() })
	now := time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)
	return &desk{sheet: sheet, tasks: tasks, coder: "b", file: "gold.jsonl", now: func() time.Time { now = now.Add(time.Minute); return now }}
}

func someTasks(texts ...string) []task {
	var out []task
	for i, text := range texts {
		d := corpus.Document{ID: "3fa9", Item: corpus.Item{URL: fmt.Sprintf("https://riverpost.example/%d", i)}, Article: corpus.Article{Lang: "ru", Title: "T", Text: text}}
		out = append(out, taskOf(drawn{doc: &d, text: text}, corpus.Outlet{Name: "River Post", Bloc: corpus.BlocControl}, ":8080"))
	}
	return out
}

func TestDeskSavesSkipsAndUndoes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "gold.jsonl")
	old := `{"id":"old","lang":"en","outlet_bloc":"RU","text":"Old.","tags":[{"narrative":"biolabs","stance":"asserts","start":0,"end":3},{"narrative":"biolabs","stance":"rebuts","start":0,"end":3}]}` + "\n"
	if err := os.WriteFile(path, []byte(old), 0o644); err != nil {
		t.Fatal(err)
	}
	tasks := someTasks("Первый 🕊 текст.", "Второй текст.", "Третий текст.")
	d := deskOf(t, path, tasks...)
	if got := tasks[0].passage.Kept; got != "http://127.0.0.1:8080/doc/3fa9" {
		t.Errorf("the kept copy is at %q", got)
	}
	ids := []string{tasks[0].passage.ID, tasks[1].passage.ID, tasks[2].passage.ID}
	labels := []web.Label{{Narrative: "biolabs", Stance: corpus.StanceRebuts, Span: corpus.Span{Start: 0, End: 12}}}
	do := func(what string, err, want error) {
		t.Helper()
		if err != want {
			t.Fatalf("%s: %v, want %v", what, err, want)
		}
	}
	do("undo of nothing", d.Undo(), web.ErrNoUndo)
	do("save of the second first", d.Save(ids[1], nil), web.ErrNotOffered)
	do("save", d.Save(ids[0], labels), nil)
	do("save again", d.Save(ids[0], labels), web.ErrLabelled)
	do("skip", d.Skip(ids[1]), nil)
	do("save of a negative", d.Save(ids[2], nil), nil)
	do("save of more than there are", d.Save("x", nil), web.ErrNotOffered)
	full := readFile(t, path)
	want := old + `{"id":"ru-` + ids[0] + `","lang":"ru","outlet_bloc":"control","text":"Первый 🕊 текст.","tags":[{"narrative":"biolabs","stance":"rebuts","start":0,"end":12}],"origin":"real","source":"https://riverpost.example/0 3fa9","coder":"b","labelled":"2026-11-24T09:01:00Z"}
{"id":"ru-` + ids[2] + `","lang":"ru","outlet_bloc":"control","text":"Третий текст.","tags":[],"origin":"real","source":"https://riverpost.example/2 3fa9","coder":"b","labelled":"2026-11-24T09:02:00Z"}
`
	if diff := cmp.Diff(want, full); diff != "" {
		t.Errorf("file (-want +got):\n%s", diff)
	}
	turn := d.Turn()
	turn.Passage = nil
	if diff := cmp.Diff(web.Turn{Undo: true, Today: 2, Total: 3, Negatives: 1, ByNarrative: map[string]int{"biolabs": 2}, File: "gold.jsonl", Coder: "b"}, turn); diff != "" {
		t.Errorf("turn at the end (-want +got):\n%s", diff)
	}

	do("undo", d.Undo(), nil)
	if turn := d.Turn(); turn.Passage.ID != ids[2] || !turn.None || turn.Left != 1 {
		t.Errorf("after undo of a negative: %+v", turn)
	}
	do("undo of the skip", d.Undo(), nil)
	if turn := d.Turn(); turn.Passage.ID != ids[1] || turn.None || len(turn.Labels) != 0 {
		t.Errorf("after undo of a skip: %+v", turn)
	}
	do("undo of the first", d.Undo(), nil)
	if turn := d.Turn(); turn.Passage.ID != ids[0] || !cmp.Equal(turn.Labels, labels) || turn.Undo {
		t.Errorf("after undo of a label: %+v", turn)
	}
	do("undo of what an earlier run saved", d.Undo(), web.ErrNoUndo)
	if got := readFile(t, path); got != old {
		t.Errorf("after all is undone the file is\n%s", got)
	}
	do("save once more", d.Save(ids[0], nil), nil)
	if turn := d.Turn(); turn.Passage.ID != ids[1] || len(turn.Labels) != 0 || d.saved() != 1 {
		t.Errorf("after saving again: %+v", turn)
	}
}

func readFile(t *testing.T, path string) string {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func TestAgainOffersThePassagesWithoutTheLabels(t *testing.T) {
	tags := []classify.GoldTag{{Narrative: "biolabs", Stance: corpus.StanceAsserts, Start: 0, End: 3}}
	examples := []classify.Example{
		{ID: "1", Lang: "en", Bloc: "RU", Text: "One.", Tags: tags, Origin: "real", Source: "https://riverpost.example/1 3fa9", Coder: "a"},
		{ID: "2", Lang: "en", Bloc: "CN", Title: "T", Text: "Two.", Tags: tags, Origin: "written", Coder: "a"},
		{ID: "3", Lang: "en", Text: "Three.", Coder: "a"},
		{ID: "4", Lang: "en", Text: "One.", Tags: tags, Coder: "a"},
	}
	got := tasksAgain(examples, 1, map[string]bool{"Three.": true})
	byID := map[string]classify.Example{}
	for _, x := range got {
		byID[x.example.ID] = x.example
	}
	want := map[string]classify.Example{
		"1": {ID: "1", Lang: "en", Bloc: "RU", Text: "One.", Origin: "real", Source: "https://riverpost.example/1 3fa9"},
		"2": {ID: "2", Lang: "en", Bloc: "CN", Title: "T", Text: "Two.", Origin: "written"},
	}
	if diff := cmp.Diff(want, byID); diff != "" || len(got) != 2 {
		t.Errorf("%d tasks (-want +got):\n%s", len(got), diff)
	}
	for _, x := range got {
		if x.example.ID == "1" && x.passage.Source != "https://riverpost.example/1" {
			t.Errorf("source = %q", x.passage.Source)
		}
	}
}

// labelling is a "chorus label" that runs.
func labelling(t *testing.T, args ...string) (base string, stop func() (status int, said string)) {
	t.Helper()
	var stderr lockedBuffer
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	r := &running{t: t, stderr: &stderr, status: make(chan int, 1)}
	go func() {
		a := &app{in: strings.NewReader(""), out: io.Discard, err: &stderr}
		r.status <- a.run(ctx, append([]string{"label", "--addr", "127.0.0.1:0"}, args...))
	}()
	at := regexp.MustCompile(`to label at (http://\S+)/label`)
	r.await("the page to be served", func() bool { return at.MatchString(stderr.String()) })
	return at.FindStringSubmatch(stderr.String())[1], func() (int, string) {
		cancel()
		return <-r.status, stderr.String()
	}
}

// page gives the page and the name of the passage on it.
func labelPage(t *testing.T, base string) (body, id string) {
	t.Helper()
	res, err := http.Get(base + "/label")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	if m := regexp.MustCompile(`name="passage" value="([^"]+)"`).FindSubmatch(raw); m != nil {
		id = string(m[1])
	}
	return string(raw), id
}

func TestLabelFromImportToGold(t *testing.T) {
	dir := t.TempDir()
	data, gold, docs := filepath.Join(dir, "data"), filepath.Join(dir, "gold.jsonl"), filepath.Join(dir, "docs.jsonl")
	var lines strings.Builder
	for i, text := range []string{
		"NATO's relentless expansion to the east provoked this war, and everybody in Europe now pays for it.",
		"The farmers' market of the old town opens at eight on Saturday, and the ferry leaves at nine.",
		"Хозяйства области завершили уборку картофеля на две недели раньше обычного, сообщили в ведомстве.",
	} {
		fmt.Fprintf(&lines, `{"url":"https://tass.com/world/%d","outlet":"tass","kind":"article","title":"T%d","text":%q,"published":"2026-03-01T10:00:00Z"}`+"\n", i, i, text)
	}
	if err := os.WriteFile(docs, []byte(lines.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	var said bytes.Buffer
	a := &app{in: strings.NewReader(""), out: &said, err: &said}
	if status := a.run(t.Context(), []string{"--data", data, "import", docs}); status != 0 {
		t.Fatalf("import: status %d\n%s", status, &said)
	}

	base, stop := labelling(t, "--data", data, "--out", gold, "--coder", "a", "lang:en")
	body, id := labelPage(t, base)
	if !strings.Contains(body, "2</strong> to come") || strings.Contains(body, "Хозяйства") {
		t.Errorf("not the passages in English: %.3000s", body)
	}
	post := func(path string, form url.Values) int {
		t.Helper()
		res, err := http.PostForm(base+path, form)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		return res.StatusCode
	}
	if got := post("/label", url.Values{"passage": {id}, "narrative": {"moon-base"}, "stance": {"asserts"}, "start": {"0"}, "end": {"4"}}); got != 422 {
		t.Errorf("an unknown narrative: status %d, want 422", got)
	}
	if got := post("/label", url.Values{"passage": {id}, "narrative": {"nato-expansion"}, "stance": {"asserts"}, "start": {"0"}, "end": {"4"}}); got != 200 {
		t.Errorf("save: status %d", got)
	}
	examples, err := readExamples([]string{gold})
	if err != nil || len(examples) != 1 || len(examples[0].Tags) != 1 || examples[0].Bloc != corpus.BlocRU || examples[0].Coder != "a" ||
		!regexp.MustCompile(`^https://tass.com/world/[01] [0-9a-f]{64}$`).MatchString(examples[0].Source) {
		t.Errorf("gold: %+v, %v", examples, err)
	}

	// The file is taken, the data folder is not.
	var second lockedBuffer
	b := &app{in: strings.NewReader(""), out: &second, err: &second}
	if status := b.run(t.Context(), []string{"--data", data, "label", "--addr", "127.0.0.1:0", "--out", gold}); status != 1 || !strings.Contains(second.String(), "another process has it open for labelling") {
		t.Errorf("a second one: status %d, %s", status, second.String())
	}
	if status := b.run(t.Context(), []string{"--data", data, "search", "harvest"}); status != 0 {
		t.Errorf("search meanwhile: status %d, %s", status, second.String())
	}
	if status, said := stop(); status != 0 || !strings.Contains(said, "1 labelled, 1 in "+gold) {
		t.Errorf("at the end: status %d, %s", status, said)
	}

	// What is labelled is not offered again; another coder gets just that, blind.
	base, stop = labelling(t, "--data", data, "--out", gold, "lang:en")
	if body, next := labelPage(t, base); !strings.Contains(body, "1</strong> to come") || next == id {
		t.Errorf("started again it offers %s after %s", next, id)
	}
	stop()
	base, stop = labelling(t, "--out", filepath.Join(dir, "second.jsonl"), "--coder", "b", "--again", gold)
	body, again := labelPage(t, base)
	if again != id || strings.Contains(body, "coder <bdi>a") || regexp.MustCompile(`name="narrative" value="[^"]`).MatchString(body) {
		t.Errorf("--again offers %s, want %s, without its labels", again, id)
	}
	if status, said := stop(); status != 0 {
		t.Errorf("status %d: %s", status, said)
	}
}
