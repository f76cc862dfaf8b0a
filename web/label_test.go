package web

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf16"
	"unicode/utf8"

	"chorus/corpus"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/html"
)

// labelText has what makes offsets differ: letters of two and three bytes, an
// emoji of several characters, an accent of its own, and controls.
const labelText = "Расширение НАТО 👩‍🚀 провоцирует. \u202eСо\u200bюз\u202c — угроза é. 北约东扩是根源。"

// pen is a coder's work in memory.
type pen struct {
	passages []Passage
	at       int
	written  [][]Label
	failWith error
	back     []Label
}

func newPen() *pen {
	first := strings.Index(labelText, ".") + 1
	return &pen{passages: []Passage{
		{
			ID: "p1", Text: labelText, Lang: "ru", Bloc: corpus.BlocRU, Outlet: "River <Post>", Title: scriptText, Published: noon, Source: "https://riverpost.example/1", Kept: "http://127.0.0.1:8080/doc/3fa9",
			Sentences: []corpus.Span{{Start: 0, End: first}, {Start: first + 1, End: len(labelText)}},
			Guess:     []Label{{"nato-expansion", corpus.StanceAsserts, corpus.Span{Start: 0, End: first}}},
		},
		{ID: "p2", Text: scriptText, Lang: "\"><script>", Source: "javascript:alert(1)", Kept: "javascript:alert(2)"},
	}}
}

func (p *pen) Turn() Turn {
	t := Turn{Left: len(p.passages) - p.at, Total: len(p.written), Undo: p.at > 0, Labels: p.back, File: "gold.jsonl", Coder: "a", ByNarrative: map[string]int{"biolabs": 3}}
	if p.at < len(p.passages) {
		t.Passage = &p.passages[p.at]
	}
	return t
}

func (p *pen) Save(id string, labels []Label) error {
	if err := p.Skip(id); err != nil {
		return err
	}
	p.written = append(p.written, labels)
	return nil
}

func (p *pen) Skip(id string) error {
	switch at := slices.IndexFunc(p.passages, func(x Passage) bool { return x.ID == id }); {
	case p.failWith != nil:
		return p.failWith
	case at < 0 || at > p.at:
		return ErrNotOffered
	case at < p.at:
		return ErrLabelled
	}
	p.at++
	return nil
}

func (p *pen) Undo() error {
	if p.at == 0 {
		return ErrNoUndo
	}
	p.at--
	p.written, p.back = p.written[:len(p.written)-1], p.written[len(p.written)-1]
	return nil
}

func labelSiteOf(p *pen) http.Handler {
	return LabelHandler(p, fakeNarratives(), map[string]string{"A": "Who is to blame"}, Options{})
}

func hasAttr(attrs []html.Attribute, key string) bool {
	return slices.ContainsFunc(attrs, func(a html.Attribute) bool { return a.Key == key })
}

// post sends a form as the page does.
func post(t *testing.T, h http.Handler, path string, form url.Values, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(http.MethodPost, "http://127.0.0.1:8090"+path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, r)
	return rec
}

// formOf makes the form of a passage: narrative, stance, start, end, and so on.
func formOf(passage string, labels ...string) url.Values {
	f := url.Values{"passage": {passage}}
	for i, v := range labels {
		key := []string{"narrative", "stance", "start", "end"}[i%4]
		f[key] = append(f[key], v)
	}
	return f
}

const labelPath = "http://localhost:8090/label"

func TestLabelSavesAndGoesOn(t *testing.T) {
	p := newPen()
	h := labelSiteOf(p)
	start := strings.Index(labelText, "北")
	form := formOf("p1", "nato-expansion", "asserts", "0", "29", "", "asserts", "0", "1", "biolabs", "rebuts", strconv.Itoa(start), strconv.Itoa(len(labelText)))
	rec := post(t, h, "/label", form)
	wantStatus(t, rec, http.StatusSeeOther)
	if got := rec.Header().Get("Location"); got != "/label" {
		t.Errorf("Location = %q", got)
	}
	want := []Label{
		{"nato-expansion", corpus.StanceAsserts, corpus.Span{Start: 0, End: 29}},
		{"biolabs", corpus.StanceRebuts, corpus.Span{Start: start, End: len(labelText)}},
	}
	if diff := cmp.Diff([][]Label{want}, p.written); diff != "" {
		t.Errorf("written (-want +got):\n%s", diff)
	}
	wantStatus(t, post(t, h, "/label", url.Values{"passage": {"p2"}, "none": {"on"}}), http.StatusSeeOther)
	if len(p.written) != 2 || len(p.written[1]) != 0 {
		t.Errorf("written after a negative: %v", p.written)
	}
	if body := get(t, h, labelPath).Body.String(); !strings.Contains(body, "No passage is left") {
		t.Error("the end is not told")
	}
	wantStatus(t, post(t, h, "/label/undo", nil), http.StatusSeeOther)
	wantStatus(t, post(t, h, "/label/undo", nil), http.StatusSeeOther)
	var rows []string
	for _, n := range elements(t, get(t, h, labelPath).Body.String(), "input") {
		if attr(n, "name") == "narrative" && attr(n, "value") != "" {
			rows = append(rows, attr(n, "value"))
		}
	}
	if diff := cmp.Diff([]string{"nato-expansion", "biolabs"}, rows); diff != "" {
		t.Errorf("labels of a passage that came back (-want +got):\n%s", diff)
	}
}

func TestLabelRefusesWhatIsWrong(t *testing.T) {
	size := strconv.Itoa(len(labelText))
	for _, c := range []struct {
		name   string
		form   url.Values
		status int
		said   string
	}{
		{"unknown narrative", formOf("p1", "moon-base", "asserts", "0", "2"), 422, "There is no narrative &#34;moon-base&#34;."},
		{"unknown stance", formOf("p1", "biolabs", "likes", "0", "2"), 422, "There is no stance &#34;likes&#34;."},
		{"span outside", formOf("p1", "biolabs", "asserts", "0", "9999"), 422, "does not lie in the passage of " + size + " bytes"},
		{"span backwards", formOf("p1", "biolabs", "asserts", "4", "2"), 422, "does not lie in the passage"},
		{"negative span", formOf("p1", "biolabs", "asserts", "-2", "2"), 422, "does not lie in the passage"},
		{"no number", formOf("p1", "biolabs", "asserts", "0", "x"), 422, "does not lie in the passage"},
		{"cut at the start", formOf("p1", "biolabs", "asserts", "1", "4"), 422, "The span from 1 to 4 cuts a character."},
		{"cut at the end", formOf("p1", "biolabs", "asserts", "0", "3"), 422, "The span from 0 to 3 cuts a character."},
		{"twice the same", formOf("p1", "biolabs", "asserts", "0", "2", "biolabs", "asserts", "0", "4"), 422, "Biolabs asserts is there twice."},
		{"half a label", formOf("p1", "biolabs", "asserts", "0"), 422, "Not every label has"},
		{"nothing chosen", formOf("p1"), 422, "Nothing was chosen"},
		{"both", url.Values{"passage": {"p1"}, "none": {"on"}, "narrative": {"biolabs"}, "stance": {"asserts"}, "start": {"0"}, "end": {"2"}}, 422, "It says that there is no narrative, and names one."},
		{"never offered", formOf("p9", "biolabs", "asserts", "0", "2"), 404, "This passage was not offered here."},
		{"not offered yet", formOf("p2", "biolabs", "asserts", "0", "2"), 404, "This passage was not offered here."},
		{"too long", url.Values{"passage": {strings.Repeat("p", maxLabelForm)}}, 400, "The form cannot be read."},
	} {
		p := newPen()
		rec := post(t, labelSiteOf(p), "/label", c.form)
		if rec.Code != c.status || !strings.Contains(rec.Body.String(), c.said) {
			t.Errorf("%s: status %d, want %d with %q; body: %.300s", c.name, rec.Code, c.status, c.said, rec.Body)
		}
		if p.at != 0 || len(p.written) != 0 {
			t.Errorf("%s: something was written", c.name)
		}
		checkPage(t, c.name, rec.Body.String())
	}

	p := newPen()
	h := labelSiteOf(p)
	wantStatus(t, post(t, h, "/label/undo", nil), http.StatusConflict)
	wantStatus(t, post(t, h, "/label/skip", formOf("p1")), http.StatusSeeOther)
	wantStatus(t, post(t, h, "/label", formOf("p1", "biolabs", "asserts", "0", "2")), http.StatusConflict)
	wantStatus(t, post(t, h, "/label/skip", formOf("p1")), http.StatusConflict)
	wantStatus(t, get(t, h, "http://127.0.0.1/label/skip"), http.StatusNotFound)
}

func TestLabelKeepsTheWorkIfItCannotBeSaved(t *testing.T) {
	p := newPen()
	p.failWith = errors.New("write gold file: no space left on device")
	rec := post(t, labelSiteOf(p), "/label", formOf("p1", "biolabs", "rebuts", "0", "20"))
	wantStatus(t, rec, http.StatusInternalServerError)
	body := rec.Body.String()
	if !strings.Contains(body, "no space left on device") || !strings.Contains(body, `name="narrative" value="biolabs"`) {
		t.Errorf("the page says neither why nor what: %.2000s", body)
	}
}

func TestLabelIsForThisMachineOnly(t *testing.T) {
	form := formOf("p1", "biolabs", "asserts", "0", "2")
	for _, headers := range [][]string{
		{"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-site"}, {"Origin", "https://evil.example"}, {"Origin", "null"},
	} {
		p := newPen()
		for _, path := range []string{"/label", "/label/skip", "/label/undo"} {
			wantStatus(t, post(t, labelSiteOf(p), path, form, headers...), http.StatusForbidden)
		}
		if p.at != 0 {
			t.Errorf("%v: something was written", headers)
		}
	}
	wantStatus(t, post(t, labelSiteOf(newPen()), "/label", form, "Sec-Fetch-Site", "same-origin"), http.StatusSeeOther)
	wantStatus(t, post(t, labelSiteOf(newPen()), "/label", form, "Origin", "http://127.0.0.1:8090"), http.StatusSeeOther)
	for host, status := range map[string]int{
		"localhost:8090": 200, "127.0.0.1:8090": 200, "[::1]:8090": 200, "127.0.0.1": 200,
		"evil.example:8090": 403, "192.0.2.7:8090": 403, "localhost.evil.example": 403,
	} {
		rec := get(t, labelSiteOf(newPen()), "http://"+host+"/label")
		if rec.Code != status {
			t.Errorf("under %s: status %d, want %d", host, rec.Code, status)
		}
		checkPage(t, host, rec.Body.String())
	}
	rec := get(t, labelSiteOf(newPen()), labelPath)
	if got := rec.Header().Get("Content-Security-Policy"); got != policy {
		t.Errorf("Content-Security-Policy = %q", got)
	}
}

func TestLabelPageHoldsTheTextByteByByte(t *testing.T) {
	p := newPen()
	body := get(t, labelSiteOf(p), labelPath).Body.String()
	checkPage(t, "label", body)
	if got := linkTo(t, body, "the kept copy"); got != "http://127.0.0.1:8080/doc/3fa9" {
		t.Errorf("the kept copy is at %s", got)
	}
	at, sentences := 0, 0
	for _, n := range elements(t, body, "span") {
		if hasAttr(n.Attr, "data-sentence") {
			sentences++
		}
		if !hasAttr(n.Attr, "data-part") {
			continue
		}
		start, _ := strconv.Atoi(attr(n, "data-start"))
		end, _ := strconv.Atoi(attr(n, "data-end"))
		if strings.Trim(labelText[at:start], "\u200b") != "" {
			t.Errorf("%q is not on the page", labelText[at:start])
		}
		if attr(n, "class") != "control" && n.FirstChild.Data != labelText[start:end] {
			t.Errorf("bytes %d to %d are %q on the page, want %q", start, end, n.FirstChild.Data, labelText[start:end])
		}
		at = end
	}
	if at != len(labelText) || sentences != 2 {
		t.Errorf("the page ends at byte %d of %d and has %d sentences, want 2", at, len(labelText), sentences)
	}
	p.at = 1
	checkPage(t, "hostile", get(t, labelSiteOf(p), labelPath).Body.String())
	p.at = 2
	checkPage(t, "end", get(t, labelSiteOf(p), labelPath).Body.String())
}

func TestLabelHidesTheGuess(t *testing.T) {
	body := get(t, labelSiteOf(newPen()), labelPath).Body.String()
	for _, n := range elements(t, body, "details") {
		if attr(n, "id") == "guess" {
			if hasAttr(n.Attr, "open") || !strings.Contains(textOf(n), "NATO expansion asserts") {
				t.Errorf("the guess is open, or not there: %s", textOf(n))
			}
			return
		}
	}
	t.Error("there is no guess")
}

func TestLabelHasAKeyForEveryNarrative(t *testing.T) {
	var many []corpus.Narrative
	for i := range 26 {
		many = append(many, corpus.Narrative{ID: fmt.Sprintf("n%d", i), Name: "N", Group: string(rune('A' + i/11))})
	}
	groups := labelGroupsOf(many, nil, map[string]int{"n1": 7})
	keys := map[string]bool{}
	for _, g := range groups {
		for _, n := range g.Narratives {
			if k := g.Key + n.Key; n.Key != "" {
				if keys[k] {
					t.Errorf("key %s twice", k)
				}
				keys[k] = true
			}
		}
	}
	if len(groups) != 3 || len(keys) != 9+9+4 || groups[0].Name != "Group A" || groups[0].Narratives[1].N != 7 {
		t.Errorf("%d groups, %d keys, %+v", len(groups), len(keys), groups[0])
	}
}

// TestOffsetsOfTheScript checks the page's own conversion against Go's, at
// every border of a character.
func TestOffsetsOfTheScript(t *testing.T) {
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("node is not installed")
	}
	type place struct{ Units, Bytes int }
	type kase struct {
		Text   string
		Places []place
	}
	var cases []kase
	for _, text := range []string{"", "plain", labelText, "𝒩ato 🇺🇦🏳️‍🌈", "e\u0301 n\u0303 한국 नमस्ते", "北约东扩\n中俄", "\ufffd\u0000x"} {
		k := kase{Text: text}
		units := 0
		for i, r := range text {
			k.Places = append(k.Places, place{units, i})
			units += utf16.RuneLen(r)
		}
		k.Places = append(k.Places, place{units, len(text)})
		cases = append(cases, k)
	}
	input, err := json.Marshal(cases)
	if err != nil {
		t.Fatal(err)
	}
	src, err := staticFiles.ReadFile("static/offsets.js")
	if err != nil {
		t.Fatal(err)
	}
	script := string(src) + `
const o = globalThis.chorusOffsets;
const wrong = [];
const is = (got, want, what) => { if (JSON.stringify(got) !== JSON.stringify(want)) wrong.push(what + " = " + JSON.stringify(got) + ", want " + JSON.stringify(want)); };
let n = 0;
for (const { Text, Places } of JSON.parse(require("fs").readFileSync(0, "utf8"))) for (const { Units, Bytes } of Places) {
  n++;
  is(o.toBytes(Text, Units), Bytes, "toBytes(" + JSON.stringify(Text) + ", " + Units + ")");
  is(o.toUnits(Text, Bytes), Units, "toUnits(" + JSON.stringify(Text) + ", " + Bytes + ")");
}
is(o.toBytes("a😀b", 2), 1, "inside a pair of surrogates");
is(o.toUnits("a😀b", 3), 1, "inside a character");
is(o.widen("a😀b", 2, 2), [1, 3], "widen half an emoji");
is(o.widen("xe\u0301y", 2, 3), [1, 3], "widen an accent");
is(o.widen("plain", 1, 3), [1, 3], "widen plain letters");
is(o.words("НАТО, 2 раза", "ru"), [[0, 4], [6, 7], [8, 12]], "words");
is(o.words("No lang", '"><x'), [[0, 2], [3, 7]], "words of no language");
console.log(n, wrong.join("\n"));
`
	cmd := exec.Command(node, "-e", script)
	cmd.Stdin = bytes.NewReader(input)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("node: %v\n%s", err, out)
	}
	places := 0
	for _, k := range cases {
		places += len(k.Places)
		if !utf8.ValidString(k.Text) {
			t.Errorf("%q is no test of ours", k.Text)
		}
	}
	if want := fmt.Sprintf("%d \n", places); string(out) != want {
		t.Errorf("the script differs:\n%s", out)
	}
}
