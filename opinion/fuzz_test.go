package opinion

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"chorus/corpus"
)

// Whatever a model says about whatever passage, an opinion that the narrative
// is carried has a known stance and a quote from the passage, and is sound when
// it is read back.
func FuzzParseVerdict(f *testing.F) {
	f.Add(good, passage)
	f.Add("```json\n"+good+"\n```", passage)
	f.Add(`{"carries":false}`, "")
	f.Add("```", "```")
	f.Add(`{"carries":true,"stance":"rebuts","quote":"\u00a0[(*+\\\u2028x\v"}`, "[(*+\\\u00a0\v\u0085x")
	f.Add(`{"carries":true,"stance":"reports","quote":"门口"}`, "军事集团到了家门口")
	f.Fuzz(func(t *testing.T, said, text string) {
		if !utf8.ValidString(text) {
			t.Skip("no such passage is asked about")
		}
		v, err := parseVerdict(said, text)
		if err != nil {
			if v != (verdict{}) {
				t.Errorf("parseVerdict = %+v with the error %v", v, err)
			}
			return
		}
		if v.Carries && (!slices.Contains(corpus.Stances(), v.Stance) || v.Quote == "" || !strings.Contains(text, v.Quote)) {
			t.Errorf("parseVerdict(%q, %q) = %+v", said, text, v)
		}
		if !v.Carries && v != (verdict{}) {
			t.Errorf("parseVerdict(%q, %q) = %+v, want nothing beside the no", said, text, v)
		}
		if !v.sound(text) {
			t.Errorf("%+v is not sound for %q", v, text)
		}
	})
}
