package monitor

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
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

// doubtful finds a passage that the classifier doubts.
func doubtful(t *testing.T, c *classify.Classifier) (classify.Input, classify.Doubt) {
	t.Helper()
	for _, text := range []string{
		"The alliance moved to the east and the war came, the minister said.",
		"NATO moved east, and Russia was pushed, the deputy said on Monday in Moscow.",
		"Washington gives the orders and Europe pays, he wrote.",
		"The West pours weapons into Ukraine and the war goes on, the paper writes.",
		"Sanctions hurt Germany more than Russia, the trade union said.",
		"Europe obeys Washington, the deputy complained in parliament.",
		"Russia wants talks, but Kiev and its Western friends refuse them, the envoy said.",
		"The dollar is losing its place in the trade of Russia and China, the bank said.",
	} {
		in := classify.Input{Text: text, Lang: "en", Bloc: corpus.BlocRU}
		if d := c.Doubts(in); len(d) > 0 {
			return in, d[0]
		}
	}
	t.Fatal("the classifier doubts none of these passages")
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
	quote := strings.Fields(doubt.Passage)[0]

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
