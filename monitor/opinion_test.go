package monitor

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"chorus/classify"
	"chorus/corpus"
	"chorus/opinion"
)

// adviser is an endpoint that answers every question with the same verdict.
func adviser(t *testing.T, verdict string) *opinion.Advisor {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		content, _ := json.Marshal(verdict)
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"choices":[{"message":{"role":"assistant","content":%s},"finish_reason":"stop"}]}`, content)
	}))
	t.Cleanup(server.Close)
	env := map[string]string{"CHORUS_OPINION_URL": server.URL + "/v1", "CHORUS_OPINION_MODEL": "tester"}
	o, ok, err := opinion.FromEnv(func(key string) string { return env[key] }, t.TempDir())
	if err != nil || !ok {
		t.Fatalf("FromEnv: %v, %v", ok, err)
	}
	a, err := opinion.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// doubtful finds a labelled passage that the classifier doubts.
func doubtful(t *testing.T, c *classify.Classifier) (classify.Input, classify.Doubt) {
	t.Helper()
	f, err := os.Open(filepath.Join("..", "classify", "testdata", "gold", "bulk-a-en.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	examples, err := classify.ReadExamples(f)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range examples {
		in := classify.Input{Text: e.Text, Lang: e.Lang, Bloc: e.Bloc}
		if d := c.Doubts(in); len(d) > 0 {
			return in, d[0]
		}
	}
	t.Fatal("the classifier doubts none of the passages")
	return classify.Input{}, classify.Doubt{}
}

func TestSecondOpinionDecidesWhatIsInDoubt(t *testing.T) {
	c, err := classify.Default()
	if err != nil {
		t.Fatal(err)
	}
	in, doubt := doubtful(t, c)
	of := func(tags []corpus.Tag) (out []corpus.Tag) {
		for _, tag := range tags {
			if tag.Narrative == doubt.Narrative.ID {
				out = append(out, tag)
			}
		}
		return out
	}
	quote := strings.Trim(strings.Fields(doubt.Passage)[0], `"`)

	m := &Monitor{tagger: c, advisor: adviser(t, `{"carries":true,"stance":"reports","quote":"`+quote+`"}`)}
	tags := of(m.advise(c.Tags(in), in))
	if len(tags) != 1 || tags[0].Stance != corpus.StanceReports || len(tags[0].Spans) != 1 || in.Text[tags[0].Spans[0].Start:tags[0].Spans[0].End] != quote {
		t.Fatalf("told that it is reported, the tags are %+v", tags)
	}
	if got := strings.Join(tags[0].Cues, " "); !strings.Contains(got, "opinion-prompt-1-tester") || tags[0].Version != m.judge() || !strings.HasSuffix(m.judge(), "+opinion-prompt-1-tester") {
		t.Errorf("cues are %q, version %q: who decided?", got, tags[0].Version)
	}

	m.advisor = adviser(t, `{"carries":false,"stance":"","quote":""}`)
	if tags := of(m.advise(c.Tags(in), in)); len(tags) != 0 {
		t.Errorf("told that it is not carried, the tags are %+v", tags)
	}

	// Nonsense is no opinion.
	m.advisor = adviser(t, `I would rather not say`)
	got := of(m.advise(c.Tags(in), in))
	if want := of(c.Tags(in)); len(got) != len(want) {
		t.Errorf("without an opinion the tags are %+v, want %+v", got, want)
	}
}
