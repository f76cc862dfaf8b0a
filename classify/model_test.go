package classify

import (
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"slices"
	"strings"
	"testing"
)

// The sets of labelled passages. The cues were revised on those that are seen.
// The others were written blind to the cues: wide ones say their claims in
// roundabout ways, bulk ones as such outlets put them from day to day, plain
// ones are about everything else, near ones about what only resembles a
// narrative in real texts, and what it looks like there; far ones are in the
// languages that have concepts but few cues or none. Held ones are an older small set that nothing was trained on.
var (
	seenSets  = []string{"en", "ru", "zh", "more-en", "more-ru", "more-zh"}
	wideSets  = []string{"wide-en", "wide-ru", "wide-zh"}
	bulkSets  = []string{"bulk-a-en", "bulk-b-en", "bulk-c-en", "bulk-d-en", "bulk-a-ru", "bulk-b-ru", "bulk-c-ru", "bulk-a-zh", "bulk-b-zh", "bulk-c-zh"}
	plainSets = []string{"plain-en", "plain-ru", "plain-zh"}
	nearSets  = []string{"near-a-en", "near-b-en", "near-c-en", "near-a-ru", "near-b-ru", "near-c-ru", "near-a-zh", "near-b-zh",
		"near-d-en", "near-e-en", "near-f-en", "near-d-ru", "near-e-ru", "near-f-ru"}
	farSets  = []string{"far-es", "far-fr", "far-de", "far-ar"}
	heldSets = []string{"held-en", "held-ru", "held-zh"}
)

// blindSets are what the model is trained on.
func blindSets() []string { return slices.Concat(wideSets, bulkSets, plainSets, nearSets, farSets) }

// The model in the program is the one that chorus train makes of the gold
// files and the codebook. With -update it is made anew, which takes a minute.
func TestModelIsOfThisCodebookAndGold(t *testing.T) {
	blind, o := readSets(t, blindSets()...), TrainOptions{Seen: readSets(t, seenSets...)}
	if *update {
		m, rep, err := Train(blind, o)
		if err != nil {
			t.Fatal(err)
		}
		f, err := os.Create("model.bin.gz")
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if _, err := m.WriteTo(f); err != nil {
			t.Fatal(err)
		}
		t.Logf("%s\n%+v\n%+v", rep, m.header.Fusion, rep.Metrics)
		return
	}
	tr, err := newTrainer(blind, o)
	if err != nil {
		t.Fatal(err)
	}
	m, err := DefaultModel()
	if err != nil {
		t.Fatal(err)
	}
	if m.header.Training != tr.hash {
		t.Errorf("the model is of training data %s, the gold files and the codebook are %s: run go test -run Model -update, build, then go test -run Quality -update", m.header.Training, tr.hash)
	}
}

func TestTrainingIsDeterministic(t *testing.T) {
	small := readSets(t, "more-en")
	entries := load(t, "nato-expansion.yaml", "id: nato-expansion\nname: N\ngroup: A\ndefinition: d\ncues:\n  en:\n    strong: |\n      @nato ~3 expan*\n    weak: |\n      eastward\n    context: |\n      @nato\n")
	for i := range small {
		var kept []GoldTag
		for _, g := range small[i].Tags {
			if g.Narrative == "nato-expansion" {
				kept = append(kept, g)
			}
		}
		small[i].Tags = kept
	}
	var files [2]bytes.Buffer
	for i := range files {
		m, _, err := Train(small, TrainOptions{Entries: entries})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := m.WriteTo(&files[i]); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(files[0].Bytes(), files[1].Bytes()) {
		t.Error("two models of the same passages differ")
	}
	if _, err := ReadModel(&files[0]); err != nil {
		t.Errorf("the model cannot be read back: %v", err)
	}
}

func TestTrainRefusesUnknownNarratives(t *testing.T) {
	e := Example{ID: "x-1", Lang: "en", Text: "A claim.", Tags: []GoldTag{{Narrative: "nosuch", Stance: "asserts", End: 7}}}
	if _, _, err := Train([]Example{e}, TrainOptions{}); err == nil || !strings.Contains(err.Error(), `passage x-1: no narrative "nosuch"`) {
		t.Errorf("error is %v", err)
	}
}

// A model keeps what it says when it is written and read.
func TestModelFileKeepsTheModel(t *testing.T) {
	m, err := DefaultModel()
	if err != nil {
		t.Fatal(err)
	}
	var file bytes.Buffer
	if _, err := m.WriteTo(&file); err != nil {
		t.Fatal(err)
	}
	again, err := ReadModel(bytes.NewReader(file.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	if again.Version() != m.Version() || !bytes.Equal(file.Bytes(), modelFile) {
		t.Error("a model written and read is another")
	}
}

func TestDamagedModelIsRefused(t *testing.T) {
	z, err := gzip.NewReader(bytes.NewReader(modelFile))
	if err != nil {
		t.Fatal(err)
	}
	whole, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	packed := func(raw []byte) []byte {
		var b bytes.Buffer
		w := gzip.NewWriter(&b)
		w.Write(raw)
		w.Close()
		return b.Bytes()
	}
	flipped := bytes.Clone(whole)
	flipped[len(flipped)/2] ^= 1
	for name, tt := range map[string]struct {
		file []byte
		want string
	}{
		"empty":       {nil, "EOF"},
		"no gzip":     {[]byte("not a model, not even packed"), "gzip"},
		"no model":    {packed(bytes.Repeat([]byte("x"), 100)), "no model of chorus"},
		"cut short":   {modelFile[:len(modelFile)/2], "EOF"},
		"cut inside":  {packed(whole[:len(whole)-100]), "checksum"},
		"flipped bit": {packed(flipped), "checksum"},
		"huge header": {packed(append(bytes.Clone(whole[:40]), 0xff, 0xff, 0xff, 0xff)), "header"},
	} {
		if _, err := ReadModel(bytes.NewReader(tt.file)); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: error is %v, want one with %q", name, err, tt.want)
		}
	}
}

func TestClassifierWithoutModelGoesByItsCues(t *testing.T) {
	c := cuesAlone(t)
	tags := c.Tags(Input{Text: "NATO expansion provoked the war.", Bloc: "RU"})
	if len(tags) != 1 || tags[0].Narrative != "nato-expansion" || !strings.HasPrefix(c.Version(), "cues-1+") {
		t.Errorf("%s gives %+v", c.Version(), tags)
	}
}
