package strictyaml

import (
	"strings"
	"testing"
	"time"
)

type inner struct {
	URL   string        `yaml:"url"`
	Every time.Duration `yaml:"every"`
}

type outer struct {
	Workers int               `yaml:"workers"`
	Feeds   []inner           `yaml:"feeds"`
	Social  map[string]string `yaml:"social"`
	Rule    *inner            `yaml:"rule"`
	On      bool              `yaml:"on"`
}

func TestReadFillsValues(t *testing.T) {
	v := outer{Workers: 3, On: true}
	_, err := Read("c.yaml", strings.NewReader("feeds:\n- url: http://a\n  every: 1d12h\nsocial: {x: y}\nrule: {every: 15m}\n"), &v)
	if err != nil {
		t.Fatal(err)
	}
	if v.Workers != 3 || !v.On || v.Feeds[0].Every != 36*time.Hour || v.Social["x"] != "y" || v.Rule.Every != 15*time.Minute {
		t.Errorf("Read filled %+v", v)
	}
}

func TestReadReportsEveryProblemWithItsPlace(t *testing.T) {
	const text = `wrokers: 4
feeds:
  - url: http://a
    evrey: 15m
  - every: soon
workers: many
social: 7
on: maybe
on: true
`
	var v outer
	_, err := Read("c.yaml", strings.NewReader(text), &v)
	if err == nil {
		t.Fatal("Read found nothing wrong")
	}
	for _, want := range []string{
		`c.yaml:1:1: unknown key "wrokers": did you mean "workers"?`,
		`c.yaml:4:5: feeds[0]: unknown key "evrey": did you mean "every"?`,
		`c.yaml:5:12: feeds[1].every: "soon" is not a duration: write 30s, 15m, 6h or 7d`,
		`c.yaml:6:10: workers: "many" is not a whole number`,
		`c.yaml:7:9: social: must be a mapping of keys to values, not "7"`,
		`c.yaml:8:5: on: "maybe" is neither true nor false`,
		`c.yaml:9:1: key "on" stands here a second time, first in line 8`,
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("Read does not say %q; it says:\n%v", want, err)
		}
	}
}

func TestReadNamesTheLineOfBrokenYAML(t *testing.T) {
	var v outer
	_, err := Read("c.yaml", strings.NewReader("workers: 1\nfeeds: [\n"), &v)
	if err == nil || !strings.HasPrefix(err.Error(), "c.yaml:") {
		t.Errorf("Read = %v, want a problem with its line", err)
	}
}

func TestProblemFindsThePlaceOfAPath(t *testing.T) {
	var v outer
	f, err := Read("c.yaml", strings.NewReader("feeds:\n  - url: x\n"), &v)
	if err != nil {
		t.Fatal(err)
	}
	if got := f.Problem("feeds[0].url", "bad").Error(); got != "c.yaml:2:10: feeds[0].url: bad" {
		t.Errorf("Problem = %q", got)
	}
	if got := f.Problem("feeds[0].every", "missing").Error(); got != "c.yaml:2:5: feeds[0].every: missing" {
		t.Errorf("Problem = %q", got)
	}
}
