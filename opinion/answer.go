package opinion

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"chorus/corpus"
)

// A verdict is what one call brought: an opinion, or the reason why the answer
// was of no use.
type verdict struct {
	Carries  bool          `json:"carries"`
	Stance   corpus.Stance `json:"stance,omitempty"`
	Quote    string        `json:"quote,omitempty"`
	Unusable string        `json:"unusable,omitempty"`
}

func (v verdict) answer(model string) (Answer, bool) {
	if v.Unusable != "" {
		return Answer{}, false
	}
	return Answer{Carries: v.Carries, Stance: v.Stance, Quote: v.Quote, Model: model, Prompt: promptVersion}, true
}

// parseVerdict reads the answer of a model: one JSON object with the three
// fields of the prompt, alone or in a code fence. The errors quote nothing of
// it, because they are logged.
func parseVerdict(text, passage string) (verdict, error) {
	fields, err := object(unfenced(text))
	if err != nil {
		return verdict{}, err
	}
	var carries *bool
	var stance corpus.Stance
	var quote string
	for name, raw := range fields {
		var into any
		switch name {
		case "carries":
			into = &carries
		case "stance":
			into = &stance
		case "quote":
			into = &quote
		default:
			return verdict{}, errors.New("answer has a field that was not asked for")
		}
		if json.Unmarshal(raw, into) != nil {
			return verdict{}, fmt.Errorf("answer has a %s of another type", name)
		}
	}
	switch {
	case carries == nil:
		return verdict{}, errors.New("answer does not say whether the narrative is carried")
	case stance != "" && !slices.Contains(corpus.Stances(), stance):
		return verdict{}, errors.New("answer has an unknown stance")
	case !*carries:
		return verdict{}, nil
	case stance == "":
		return verdict{}, errors.New("answer has no stance")
	}
	found := find(quote, passage)
	if found == "" {
		return verdict{}, errors.New("answer has a quote that is not in the passage")
	}
	return verdict{Carries: true, Stance: stance, Quote: found}, nil
}

// unfenced is the text within a Markdown code fence, if there is one around
// all of it.
func unfenced(text string) string {
	text = strings.TrimSpace(text)
	inner, open := strings.CutPrefix(text, "```")
	inner, closed := strings.CutSuffix(inner, "```")
	if !open || !closed {
		return text
	}
	return strings.TrimPrefix(inner, "json")
}

// object reads the fields of a JSON object. Unlike json.Unmarshal it takes
// names as they are written, and refuses one that comes twice.
func object(text string) (map[string]json.RawMessage, error) {
	errNot := errors.New("answer is not one JSON object")
	dec := json.NewDecoder(strings.NewReader(text))
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return nil, errNot
	}
	fields := map[string]json.RawMessage{}
	for dec.More() {
		t, err := dec.Token()
		name, ok := t.(string)
		if err != nil || !ok || fields[name] != nil {
			return nil, errNot
		}
		var raw json.RawMessage
		if dec.Decode(&raw) != nil {
			return nil, errNot
		}
		fields[name] = raw
	}
	if _, err := dec.Token(); err != nil { // the closing brace
		return nil, errNot
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errNot
	}
	return fields, nil
}

// find gives the part of the passage that a quote stands for, or "". White
// space may differ: models join lines and turn hard spaces into soft ones. Both
// are valid UTF-8: the one was read from JSON, the other was fit to be asked.
func find(quote, passage string) string {
	if !hasLetter(quote) {
		return ""
	}
	words := strings.Fields(quote)
	if len(strings.Join(words, "")) > len(passage) {
		return ""
	}
	for i, w := range words {
		words[i] = regexp.QuoteMeta(w)
	}
	return regexp.MustCompile(strings.Join(words, `[\s\v\x{85}\p{Z}]+`)).FindString(passage)
}

func hasLetter(s string) bool { return strings.ContainsFunc(s, unicode.IsLetter) }
