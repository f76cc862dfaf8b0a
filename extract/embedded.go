package extract

import (
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// leastEmbedded is how many letters a text in the page's data must have; a
// Chinese character counts for three.
const leastEmbedded = 120

// told is the text that the page's JSON-LD has, which some sites give even
// where the page draws itself with a script.
func (p *page) told(m *claims) found {
	return found{extractor: "embedded", paragraphs: markedUp(unescape(m.body))}
}

// embedded is the text of a page that draws itself with a script, from the data
// that it draws: a form field with markup, or the state of the script in JSON.
// There the text is in the strings with the same place, list indexes aside,
// that have the most letters together.
func (p *page) embedded() found {
	var best []paragraph
	take := func(list []paragraph) {
		if weightOf(list) > max(weightOf(best), leastEmbedded) {
			best = list
		}
	}
	walk(p.doc, func(n *html.Node) bool {
		switch n.DataAtom {
		case atom.Textarea:
			if n.FirstChild != nil {
				take(markedUp(unescape(n.FirstChild.Data)))
			}
			return false
		case atom.Script:
			if n.FirstChild != nil {
				for _, list := range stateTexts(n) {
					take(list)
				}
			}
			return false
		}
		return true
	})
	return found{extractor: "embedded", paragraphs: best}
}

// assigned is the beginning of a script that sets a variable to an object.
var assigned = regexp.MustCompile(`^\s*(?:window|self|globalThis|var|let|const)[ .]\s*[\w.$]+(?:\[['"]\w+['"]\])?\s*=\s*([{\[])`)

// stateTexts gives the texts in the JSON of a script, by their place, in the
// order of the places' names.
func stateTexts(script *html.Node) [][]paragraph {
	text := script.FirstChild.Data
	if kind := strings.ToLower(attr(script, "type")); !strings.HasSuffix(kind, "json") {
		at := assigned.FindStringSubmatchIndex(text)
		if at == nil {
			return nil
		}
		text = text[at[2]:]
	}
	var v any
	if json.NewDecoder(strings.NewReader(text)).Decode(&v) != nil {
		return nil
	}
	places := map[string][]paragraph{}
	collectTexts(v, "", 0, places)
	var lists [][]paragraph
	for _, place := range slices.Sorted(maps.Keys(places)) {
		lists = append(lists, places[place])
	}
	return lists
}

// maxStateDepth is how deep the state of a script is searched.
const maxStateDepth = 24

func collectTexts(v any, place string, depth int, places map[string][]paragraph) {
	if depth > maxStateDepth {
		return
	}
	switch v := v.(type) {
	case string:
		if list := markedUp(v); reads(list) {
			places[place] = append(places[place], list...)
		}
	case []any:
		for _, e := range v {
			collectTexts(e, place+"[]", depth+1, places)
		}
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			collectTexts(v[key], place+"."+key, depth+1, places)
		}
	}
}

// reads reports whether a string of a script's state is prose: it ends a
// sentence, and has more words than a label.
func reads(list []paragraph) bool {
	return weightOf(list) >= fewLetters && len(sentences(slices.Clone(list))) > 0 && strings.ContainsAny(list[0].text, " ，。、")
}

func weightOf(list []paragraph) int {
	n := 0
	for _, p := range list {
		n += p.letters
		for _, r := range p.text {
			if isCJK(r) {
				n += 2
			}
		}
	}
	return n
}

// markedUp gives the paragraphs of a text that may have markup.
func markedUp(text string) []paragraph {
	if strings.Contains(text, "</") || strings.Contains(text, "<br") {
		if doc, err := html.Parse(strings.NewReader(text)); err == nil {
			return paragraphs(doc)
		}
	}
	var list []paragraph
	for _, s := range splitPlain(text) {
		list = append(list, paragraph{text: s, letters: countLetters(s)})
	}
	return list
}
