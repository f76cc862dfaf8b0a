package classify

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"chorus/corpus"
)

func TestKappaIsCohens(t *testing.T) {
	for _, tt := range []struct {
		table [][]int
		want  float64
	}{
		{[][]int{{20, 5}, {10, 15}}, 0.4}, // agreement .7, by chance .5
		{[][]int{{45, 15}, {25, 15}}, 0.1304},
		{[][]int{{10, 0}, {0, 10}}, 1},
		{[][]int{{0, 10}, {10, 0}}, -1},
		{[][]int{{5, 5}, {5, 5}}, 0},
		{[][]int{{10, 0}, {0, 0}}, 1}, // nothing to disagree on
		{[][]int{{0, 0}, {0, 0}}, 1},
	} {
		if got := kappa(tt.table); math.Abs(got-tt.want) > 1e-4 {
			t.Errorf("kappa of %v is %.4f, want %.4f", tt.table, got, tt.want)
		}
	}
}

func coded(text string, tags ...string) Example {
	e := Example{ID: text, Lang: "en", Text: text}
	for _, t := range tags {
		n, st, _ := strings.Cut(t, "/")
		e.Tags = append(e.Tags, GoldTag{Narrative: n, Stance: corpus.Stance(st), End: len(text)})
	}
	return e
}

func TestAgreementIsOverWhatBothLabelled(t *testing.T) {
	a := []Example{coded("one", "biolabs/asserts"), coded("two", "biolabs/asserts"), coded("three"), coded("four"), coded("mine alone", "biolabs/asserts")}
	b := []Example{coded("four"), coded("three", "biolabs/asserts"), coded("two", "biolabs/reports"), coded("one", "biolabs/asserts"), coded("theirs")}
	got, err := Agree(a, b, []corpus.Narrative{{ID: "biolabs"}, {ID: "proxy-war"}})
	if err != nil {
		t.Fatal(err)
	}
	if got.Both != 4 || got.Only != [2]int{1, 1} {
		t.Errorf("%d labelled by both, %v by one; want 4, [1 1]", got.Both, got.Only)
	}
	// Both found it in one and two, the second also in three: agreement .75, by chance .5.
	if len(got.Rows) != 2 || got.Rows[0].First != 2 || got.Rows[0].Second != 3 || got.Rows[0].Kappa != 0.5 {
		t.Errorf("rows are %+v", got.Rows)
	}
	if got.Stance.N != 2 || got.Stance.Agreed != 1 {
		t.Errorf("stance is %+v, want 1 of 2 agreed", got.Stance)
	}
	if !strings.Contains(got.String(), "needs a better definition") {
		t.Errorf("a kappa under 0.6 is not marked:\n%s", got)
	}
	if _, err := Agree(a[:1], b[:1], nil); err == nil || !strings.Contains(err.Error(), "no text in common") {
		t.Errorf("error is %v", err)
	}
}

func TestReportHasIntervalsTotalsAndConfusions(t *testing.T) {
	c := cuesAlone(t)
	var examples []Example
	for i := range 40 {
		e := coded(fmt.Sprintf("NATO expansion provoked the war, he said in speech %d.", i), "nato-expansion/asserts")
		if i%4 == 0 {
			e.Text, e.Tags[0].End = fmt.Sprintf("Speech %d was about nothing.", i), 5
		}
		examples = append(examples, e)
	}
	examples = append(examples, coded("Nothing is the matter here."), coded("NATO expansion to the east provoked Moscow."))
	r := Evaluate(examples, c)
	row := r.Rows[0]
	if row.Support != 40 || row.Claim != (Counts{TP: 30, FP: 1, FN: 10}) {
		t.Fatalf("row is %+v", row)
	}
	if f := row.Claim.F1(); row.F1.Low >= f || row.F1.High <= f || row.F1.Low < f-0.2 || row.F1.High > f+0.15 {
		t.Errorf("interval of F1 %.3f is %v", f, row.F1)
	}
	if len(r.Totals) != 1 || r.Totals[0].Lang != "en" || r.Totals[0].Examples != 42 {
		t.Errorf("totals are %+v", r.Totals)
	}
	want := []string{"nato-expansion was missed", "nato-expansion was tagged and not labelled"}
	if len(r.Confusions) != 2 || r.Confusions[0].kind() != want[0] || r.Confusions[0].N != 10 || r.Confusions[1].kind() != want[1] || r.Confusions[1].Quote == "" {
		t.Errorf("confusions are %+v", r.Confusions)
	}
	if again := Evaluate(examples, c); again.String() != r.String() {
		t.Error("the same examples give another report")
	}
}

func TestGoldWithMistakesIsRefused(t *testing.T) {
	for line, want := range map[string]string{
		`{"text":"x","tags":[{"narrative":"a","stance":"maybe","start":0,"end":1}]}`:   `line 1: tag a: stance "maybe"`,
		`{"text":"x","tags":[{"narrative":"a","stance":"asserts","start":0,"end":9}]}`: "line 1: tag a: span 0 to 9 is outside",
		`{"text":`: "line 1: ",
	} {
		if _, err := ReadExamples(strings.NewReader(line)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error is %v, want one with %q", line, err, want)
		}
	}
}
