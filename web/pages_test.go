package web

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"chorus/corpus"
	"chorus/index"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/html"
)

var update = flag.Bool("update", false, "write the golden files anew")

// noon is when the worlds of these tests stand, so that pages do not change.
var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

func get(t *testing.T, h http.Handler, target string) *httptest.ResponseRecorder {
	t.Helper()
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, target, nil))
	return rec
}

func wantStatus(t *testing.T, rec *httptest.ResponseRecorder, status int) {
	t.Helper()
	if rec.Code != status {
		t.Fatalf("status = %d, want %d; body: %.500s", rec.Code, status, rec.Body)
	}
}

// elements gives all elements of a page with a name; "" gives all.
func elements(t *testing.T, body, name string) []*html.Node {
	t.Helper()
	root, err := html.Parse(strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	var out []*html.Node
	for n := range root.Descendants() {
		if n.Type == html.ElementNode && (name == "" || n.Data == name) {
			out = append(out, n)
		}
	}
	return out
}

func attr(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

func textOf(n *html.Node) string {
	var b strings.Builder
	for c := range n.Descendants() {
		if c.Type == html.TextNode {
			b.WriteString(c.Data)
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

// linkTo gives the address of the first link with a text.
func linkTo(t *testing.T, body, text string) string {
	t.Helper()
	for _, a := range elements(t, body, "a") {
		if textOf(a) == text || attr(a, "aria-label") == text {
			return attr(a, "href")
		}
	}
	t.Fatalf("no link %q", text)
	return ""
}

// addresses lists every address of a world, each page in each of its states.
func addresses(w *world) []string {
	out := []string{
		"/", "/?days=0", "/?days=30", "/search", "/search?q=nato", "/search?q=nato&sort=date", "/search?q=*&cursor=from20&page=2",
		"/search?q=" + url.QueryEscape("расширение bloc:RU -lang:en is:edited"), "/search?q=" + url.QueryEscape("(nato OR"), "/search?q=zzzz",
		"/search?q=" + url.QueryEscape(scriptText), "/narratives", "/about", "/outlets", "/outlets?bloc=RU&health=dead&sort=name", "/nowhere",
	}
	for _, n := range fakeNarratives() {
		out = append(out, narrativeURL(n.ID))
	}
	for _, o := range w.outlets {
		out = append(out, outletURL(o.Outlet.ID))
	}
	for i := range w.docs {
		out = append(out, docURL(w.docs[i].ID, w.docs[i].Seq, "nato OR sanctions"))
	}
	return out
}

func TestNoPageCanRunOrLoadWhatWasCollected(t *testing.T) {
	empty := &world{now: noon, outlets: fakeOutlets(noon), coverage: corpus.Coverage{Collector: corpus.CollectorDown}}
	waiting := newWorld(noon, 12)
	waiting.notReady = true
	for name, w := range map[string]*world{"full": newWorld(noon, 60), "empty": empty, "waiting": waiting} {
		h := Handler(w.sources(), Options{})
		for _, target := range addresses(w) {
			rec := get(t, h, target)
			if rec.Code >= 500 && name != "waiting" {
				t.Errorf("%s %s: status %d", name, target, rec.Code)
			}
			checkPage(t, name+" "+target, rec.Body.String())
		}
	}
}

// checkPage reports what must be on no page: anything that runs, loads from
// elsewhere, or makes a text look like another, and what must be on every.
func checkPage(t *testing.T, name, body string) {
	t.Helper()
	if i := strings.IndexAny(body, "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\x00"); i >= 0 {
		t.Errorf("%s: control character in %q", name, body[max(0, i-60):i])
	}
	if strings.Contains(body, "ZgotmplZ") {
		t.Errorf("%s: a value was refused by the template", name)
	}
	ids := map[string]bool{}
	var headings int
	for _, n := range elements(t, body, "") {
		switch n.Data {
		case "script":
			if !strings.HasPrefix(attr(n, "src"), "/static/") || n.FirstChild != nil {
				t.Errorf("%s: a script that is not ours", name)
			}
		case "style", "iframe", "object", "embed", "base", "img", "video", "audio":
			t.Errorf("%s: element %s", name, n.Data)
		case "h1":
			headings++
		}
		for _, a := range n.Attr {
			switch {
			case strings.HasPrefix(a.Key, "on"), a.Key == "style", a.Key == "srcdoc":
				t.Errorf("%s: attribute %s on %s", name, a.Key, n.Data)
			case a.Key == "href" || a.Key == "src" || a.Key == "action":
				checkAddress(t, name, n, a.Val)
			case a.Key == "id":
				if ids[a.Val] {
					t.Errorf("%s: id %s twice", name, a.Val)
				}
				ids[a.Val] = true
			case a.Key == "dir" && !slices.Contains([]string{"ltr", "rtl", "auto"}, a.Val):
				t.Errorf("%s: dir=%q", name, a.Val)
			case a.Key == "lang" && !isCode(a.Val):
				t.Errorf("%s: lang=%q", name, a.Val)
			}
		}
	}
	if headings != 1 {
		t.Errorf("%s: %d first headings, want 1", name, headings)
	}
}

// checkAddress allows our own pages, and a link to the web that tells nothing.
func checkAddress(t *testing.T, name string, n *html.Node, raw string) {
	t.Helper()
	u, err := url.Parse(raw)
	switch {
	case err != nil:
		t.Errorf("%s: address %q: %v", name, raw, err)
	case strings.HasPrefix(raw, "/") && u.Host == "" || strings.HasPrefix(raw, "#"):
	case n.Data == "a" && (u.Scheme == "http" || u.Scheme == "https") && attr(n, "rel") == "noopener noreferrer nofollow":
	default:
		t.Errorf("%s: %s leads to %q", name, n.Data, raw)
	}
}

func TestEveryTemplateIsExecutedByTheseTests(t *testing.T) {
	entries, err := templateFiles.ReadDir("templates")
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, e := range entries {
		if name := strings.TrimSuffix(e.Name(), ".html"); name != "layout" && name != "parts" && name != "post" { // what pages are made of
			want = append(want, name)
		}
	}
	w := newWorld(noon, 12)
	h := Handler(w.sources(), Options{})
	shown := map[string]bool{}
	for _, target := range addresses(w) {
		for _, n := range elements(t, get(t, h, target).Body.String(), "body") {
			shown[attr(n, "data-page")] = true
		}
	}
	for _, n := range elements(t, get(t, labelSiteOf(newPen()), labelPath).Body.String(), "body") {
		shown[attr(n, "data-page")] = true
	}
	if diff := cmp.Diff(want, slices.Sorted(maps.Keys(shown))); diff != "" {
		t.Errorf("templates (-files +shown):\n%s", diff)
	}
}

func TestFirstLoadIsSmall(t *testing.T) {
	w := newWorld(noon, 60)
	for len(w.outlets) < 180 { // as many as the registry has
		w.outlets = append(w.outlets, fakeOutlets(noon)...)
	}
	h := Handler(w.sources(), Options{})
	for _, target := range []string{"/", "/search?q=*", "/outlets"} {
		rec := get(t, h, target)
		size := rec.Body.Len()
		for _, n := range elements(t, rec.Body.String(), "") {
			for _, key := range []string{"src", "href"} {
				if v := attr(n, key); strings.HasPrefix(v, "/static/") {
					size += get(t, h, v).Body.Len()
				}
			}
		}
		t.Logf("%s: %d bytes", target, size)
		if size > 150_000 {
			t.Errorf("first load of %s is %d bytes, want at most 150000", target, size)
		}
	}
}

func TestHeaders(t *testing.T) {
	h := Handler(newWorld(noon, 5).sources(), Options{})
	for _, target := range []string{"/", "/search", "/nowhere", "/api/v1/search?q=%28", linkOfStyle(t, h)} {
		got := get(t, h, target).Header()
		for key, want := range map[string]string{
			"Content-Security-Policy":    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
			"X-Content-Type-Options":     "nosniff",
			"Referrer-Policy":            "no-referrer",
			"Cross-Origin-Opener-Policy": "same-origin",
		} {
			if got.Get(key) != want {
				t.Errorf("%s: %s = %q, want %q", target, key, got.Get(key), want)
			}
		}
	}
}

func linkOfStyle(t *testing.T, h http.Handler) string {
	t.Helper()
	for _, n := range elements(t, get(t, h, "/about").Body.String(), "link") {
		if attr(n, "rel") == "stylesheet" {
			return attr(n, "href")
		}
	}
	t.Fatal("no stylesheet")
	return ""
}

func TestAssetsAreKeptForEverByTheirHash(t *testing.T) {
	h := Handler(newWorld(noon, 1).sources(), Options{})
	href := linkOfStyle(t, h)
	if !regexp.MustCompile(`^/static/style\.[0-9a-f]{10}\.css$`).MatchString(href) {
		t.Errorf("stylesheet is at %s", href)
	}
	rec := get(t, h, href)
	wantStatus(t, rec, 200)
	if got := rec.Header().Get("Cache-Control"); got != "public, max-age=31536000, immutable" {
		t.Errorf("Cache-Control = %q", got)
	}
	wantStatus(t, get(t, h, "/static/style.css"), 404)
	wantStatus(t, get(t, h, "/static/..%2flayout.html"), 404)
}

func TestOnlyReading(t *testing.T) {
	h := Handler(newWorld(noon, 1).sources(), Options{})
	for _, target := range []string{"/", "/search", "/doc/x", "/api/v1/search", "/nowhere"} {
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, httptest.NewRequest(http.MethodPost, target, nil))
		wantStatus(t, rec, http.StatusMethodNotAllowed)
	}
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, httptest.NewRequest(http.MethodHead, "/about", nil))
	wantStatus(t, rec, 200)

	r := httptest.NewRequest(http.MethodPost, "/search", nil)
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	rec = httptest.NewRecorder()
	h.ServeHTTP(rec, r)
	wantStatus(t, rec, http.StatusForbidden)
}

func TestFailures(t *testing.T) {
	w := newWorld(noon, 5)
	broken := func(change func(*Sources)) http.Handler {
		s := w.sources()
		change(&s)
		return Handler(s, Options{})
	}
	secret := errors.New("open /var/lib/secret: permission denied")
	for _, c := range []struct {
		name   string
		h      http.Handler
		target string
		status int
		says   string
	}{
		{"unknown page", Handler(w.sources(), Options{}), "/nowhere", 404, "There is no such page"},
		{"unknown document", Handler(w.sources(), Options{}), "/doc/0000", 404, "There is no such page"},
		{"unknown version", Handler(w.sources(), Options{}), docURL(w.docs[0].ID, 999, ""), 404, "There is no such page"},
		{"bad version", Handler(w.sources(), Options{}), "/doc/" + string(w.docs[0].ID) + "?version=x", 400, "parameter version"},
		{"unknown outlet", Handler(w.sources(), Options{}), "/outlet/none", 404, "There is no such page"},
		{"unknown narrative", Handler(w.sources(), Options{}), "/narrative/none", 404, "There is no such page"},
		{"bad sort", Handler(w.sources(), Options{}), "/search?sort=up", 400, "neither date nor score"},
		{"bad date", Handler(w.sources(), Options{}), "/search?from=yesterday", 400, "not a date"},
		{"bad cursor", Handler(w.sources(), Options{}), "/search?cursor=junk", 400, "does not belong to this search"},
		{"bad period", Handler(w.sources(), Options{}), "/?days=8", 400, "parameter days"},
		{"bad health", Handler(w.sources(), Options{}), "/outlets?health=well", 400, "no state"},
		{"rebuilding", broken(func(s *Sources) {
			s.Search = func(context.Context, index.Request) (*index.Result, error) {
				return nil, fmt.Errorf("x: %w", ErrNotReady)
			}
		}), "/search", 503, "The index is being rebuilt"},
		{"slow", broken(func(s *Sources) {
			s.Search = func(context.Context, index.Request) (*index.Result, error) { return nil, context.DeadlineExceeded }
		}), "/search", 504, "took too long"},
		{"failing", broken(func(s *Sources) {
			s.Search = func(context.Context, index.Request) (*index.Result, error) { return nil, secret }
		}), "/search", 500, "failed on our side"},
		{"failing API", broken(func(s *Sources) {
			s.Search = func(context.Context, index.Request) (*index.Result, error) { return nil, secret }
		}), "/api/v1/search", 500, "failed on our side"},
		{"panicking", broken(func(s *Sources) { s.Outlets = func(context.Context) ([]corpus.OutletStatus, error) { panic("oops") } }), "/outlets", 500, "failed on our side"},
	} {
		t.Run(c.name, func(t *testing.T) {
			rec := get(t, c.h, c.target)
			wantStatus(t, rec, c.status)
			body := rec.Body.String()
			if !strings.Contains(body, c.says) {
				t.Errorf("the page does not say %q: %.300s", c.says, body)
			}
			if strings.Contains(body, "secret") {
				t.Error("the page tells the cause of a failure of ours")
			}
			if (rec.Header().Get("Retry-After") != "") != (c.status == 503) {
				t.Errorf("Retry-After = %q", rec.Header().Get("Retry-After"))
			}
			if rec.Header().Get("Content-Type") != "application/problem+json" {
				checkPage(t, c.name, body)
			}
		})
	}
}

func TestOverviewIsShownWhileTheIndexIsRebuilt(t *testing.T) {
	w := newWorld(noon, 5)
	w.notReady = true
	for _, target := range []string{"/", "/narratives", "/outlets", "/outlet/north-wire", docURL(w.docs[0].ID, 0, "")} {
		wantStatus(t, get(t, Handler(w.sources(), Options{}), target), 200)
	}
	if body := get(t, Handler(w.sources(), Options{}), "/").Body.String(); !strings.Contains(body, "The index is being rebuilt") || !strings.Contains(body, "Pages waiting") {
		t.Error("the overview does not say that the index is being rebuilt, or hides the rest")
	}
}

func TestFailuresOfOursAreLoggedAndThoseOfReadersAreNot(t *testing.T) {
	var log strings.Builder
	o := Options{Log: slog.New(slog.NewTextHandler(&log, nil))}
	w := newWorld(noon, 1)
	h := Handler(w.sources(), o)
	get(t, h, "/nowhere")
	get(t, h, "/search?q=%28")
	if log.Len() > 0 {
		t.Errorf("logged: %s", log.String())
	}
	w.failWith = errors.New("disk is on fire")
	get(t, h, "/search")
	if !strings.Contains(log.String(), "disk is on fire") {
		t.Errorf("not logged: %s", log.String())
	}
}

func TestSyntaxErrorIsShownAtItsColumn(t *testing.T) {
	h := Handler(newWorld(noon, 5).sources(), Options{})
	const query = "制裁 AND (nato OR"
	rec := get(t, h, "/search?q="+url.QueryEscape(query))
	wantStatus(t, rec, 400)
	_, err := index.Parse(query)
	var syntax *index.SyntaxError
	if !errors.As(err, &syntax) {
		t.Fatalf("Parse(%q) = %v, want a syntax error", query, err)
	}
	body := rec.Body.String()
	for _, n := range elements(t, body, "p") {
		if attr(n, "class") == "at" && textOf(n) != query {
			t.Errorf("the page shows %q", textOf(n))
		}
	}
	for _, n := range elements(t, body, "span") {
		if want := string([]rune(query)[syntax.Column-1]); attr(n, "class") == "here" && textOf(n) != want {
			t.Errorf("the mark stands at %q, want %q", textOf(n), want)
		}
	}
	if !strings.Contains(body, fmt.Sprintf("Column %d:", syntax.Column)) {
		t.Error("the page does not name the column")
	}
	for _, n := range elements(t, body, "input") {
		if attr(n, "name") == "q" && attr(n, "value") != query {
			t.Errorf("the box holds %q", attr(n, "value"))
		}
	}
}

func TestMistakeAtTheEndOfAQueryHasAPlace(t *testing.T) {
	got := problemPlace(&index.SyntaxError{Input: "нато", Column: 5, Problem: "x"})
	if got.Before != "нато" || got.At != "" || got.After != "" {
		t.Errorf("place = %+v", got)
	}
}

func TestDatesAreWrittenIntoTheQuery(t *testing.T) {
	h := Handler(newWorld(noon, 5).sources(), Options{})
	rec := get(t, h, "/search?q="+url.QueryEscape("nato after:2020")+"&sort=date&from=2026-11-01&to=2026-11-20")
	wantStatus(t, rec, http.StatusSeeOther)
	want := "/search?q=" + url.QueryEscape("nato after:2026-11-01 before:2026-11-21") + "&sort=date"
	if got := rec.Header().Get("Location"); got != want {
		t.Errorf("Location = %s, want %s", got, want)
	}
}

func TestChipsRemoveAndInvert(t *testing.T) {
	h := Handler(newWorld(noon, 30).sources(), Options{})
	body := get(t, h, "/search?q="+url.QueryEscape("nato bloc:RU -lang:ru")).Body.String()
	for label, want := range map[string]string{
		"Remove Bloc Russia":      "nato -lang:ru",
		"Remove Language Russian": "nato bloc:RU",
		"Bloc Russia":             "nato -lang:ru -bloc:RU",
		"not Language Russian":    "nato bloc:RU lang:ru",
		"Remove all":              "nato",
	} {
		u, err := url.Parse(linkTo(t, body, label))
		if err != nil {
			t.Fatal(err)
		}
		if got := u.Query().Get("q"); got != want {
			t.Errorf("%s leads to %q, want %q", label, got, want)
		}
	}
}

func TestFacetsAddAndRemove(t *testing.T) {
	w := newWorld(noon, 30)
	q, err := index.Parse("nato bloc:control")
	if err != nil {
		t.Fatal(err)
	}
	res, err := w.search(t.Context(), index.Request{Query: q, Size: 5, Facets: index.Facets()})
	if err != nil {
		t.Fatal(err)
	}
	site := &site{Sources: w.sources()}
	facets := facetsOf(&found{Query: q, Result: res}, site.looks())
	for _, f := range facets {
		v := f.Values[0]
		switch f.Field {
		case "bloc":
			if !v.On || v.URL != "/search?q=nato" || v.Not != "" || v.Name != "Control" {
				t.Errorf("bloc: %+v", v)
			}
		case "narrative":
			want := "/search?q=" + url.QueryEscape("nato bloc:control narrative:nato-expansion")
			if v.On || v.Name != "NATO expansion" || v.URL != want {
				t.Errorf("narrative: %+v", v)
			}
		}
	}
}

func TestPagingReachesEveryHitOnce(t *testing.T) {
	w := newWorld(noon, 60)
	h := Handler(w.sources(), Options{PageSize: 25})
	seen := map[string]int{}
	target := "/search?q=%2A&sort=date"
	pages := 0
	for target != "" {
		if pages++; pages > 10 {
			t.Fatal("paging does not end")
		}
		body := get(t, h, target).Body.String()
		target = ""
		for _, a := range elements(t, body, "a") {
			if slices.ContainsFunc(a.Attr, func(x html.Attribute) bool { return x.Key == "data-open" }) {
				seen[attr(a, "href")]++
			}
			if attr(a, "rel") == "next" {
				target = attr(a, "href")
			}
		}
		if pages == 2 {
			if !strings.Contains(body, "26–50") {
				t.Error("the second page does not say which hits it shows")
			}
			if got := linkTo(t, body, "First page"); got != "/search?q=%2A&sort=date" {
				t.Errorf("the first page is at %s", got)
			}
		}
	}
	if len(seen) != len(w.docs)-1 || pages != 3 {
		t.Errorf("%d documents on %d pages, want %d on 3", len(seen), pages, len(w.docs)-1)
	}
}

func TestAPIShowsWhatThePageShows(t *testing.T) {
	w := newWorld(noon, 60)
	h := Handler(w.sources(), Options{})
	page := get(t, h, "/search?q=nato").Body.String()
	rec := get(t, h, linkTo(t, page, "JSON"))
	wantStatus(t, rec, 200)
	if got := rec.Header().Get("Content-Type"); got != "application/json" {
		t.Errorf("Content-Type = %s", got)
	}
	var a struct {
		Query  string
		Total  int
		Facets map[string][]index.Count
		Hits   []map[string]any
	}
	if err := json.Unmarshal(rec.Body.Bytes(), &a); err != nil {
		t.Fatal(err)
	}
	if a.Query != "nato" || !strings.Contains(page, plural(a.Total, "document", "documents")) {
		t.Errorf("query %q, total %d", a.Query, a.Total)
	}
	i := 0
	for _, n := range elements(t, page, "a") {
		if slices.ContainsFunc(n.Attr, func(x html.Attribute) bool { return x.Key == "data-open" }) {
			if id := a.Hits[i]["id"].(string); !strings.Contains(attr(n, "href"), id) {
				t.Errorf("hit %d is %s on the page and %s in the API", i, attr(n, "href"), id)
			}
			i++
		}
	}
	if i != len(a.Hits) || i == 0 {
		t.Errorf("%d hits on the page, %d in the API", i, len(a.Hits))
	}
	want := []string{"bloc", "highlights", "id", "kind", "lang", "outlet", "published", "seen", "tags", "title", "url"}
	var keys []string
	for k := range a.Hits[0] {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	if diff := cmp.Diff(want, keys); diff != "" {
		t.Errorf("keys of a hit (-want +got):\n%s", diff)
	}
}

func TestAPIGivesAsManyHitsAsAskedFor(t *testing.T) {
	h := Handler(newWorld(noon, 60).sources(), Options{})
	for size, status := range map[string]int{"0": 200, "3": 200, "30": 200, "-1": 400, "101": 400, "all": 400} {
		rec := get(t, h, "/api/v1/search?q=*&size="+size)
		wantStatus(t, rec, status)
		var a struct {
			Total int
			Hits  []Hit
		}
		if err := json.Unmarshal(rec.Body.Bytes(), &a); err != nil {
			t.Fatal(err)
		}
		if status == 200 && (fmt.Sprint(len(a.Hits)) != size || a.Total < 60) {
			t.Errorf("size=%s gives %d hits of %d", size, len(a.Hits), a.Total)
		}
	}
}

func TestHighlightsOfTheAPIFitTheirText(t *testing.T) {
	w := newWorld(noon, 60)
	q, err := index.Parse("sanctions OR nato OR НАТО OR 北约")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for i := range w.docs {
		d := &w.docs[i]
		h := HitOf(d, corpus.BlocRU, w.highlight(d.Title(), d.Article.Lang, q), w.highlight(d.Article.Text, d.Article.Lang, q))
		for _, x := range h.Highlights {
			if x.Field == "text" && d.Article.Text[x.Start:x.Start+len(x.Text)] != x.Text {
				t.Errorf("document %d: passage is not at %d", d.Seq, x.Start)
			}
			for _, s := range x.Spans {
				n++
				if got := strings.ToLower(x.Text[s.Start:s.End]); !slices.Contains([]string{"sanctions", "nato", "нато", "北约"}, got) {
					t.Errorf("document %d: %q is highlighted", d.Seq, got)
				}
			}
		}
	}
	if n == 0 {
		t.Error("nothing is highlighted")
	}
}

func TestAPITellsProblems(t *testing.T) {
	rec := get(t, Handler(newWorld(noon, 1).sources(), Options{}), "/api/v1/search?q="+url.QueryEscape("нато AND (брикс"))
	wantStatus(t, rec, 400)
	if got := rec.Header().Get("Content-Type"); got != "application/problem+json" {
		t.Errorf("Content-Type = %s", got)
	}
	var p problem
	if err := json.Unmarshal(rec.Body.Bytes(), &p); err != nil {
		t.Fatal(err)
	}
	if p.Status != 400 || p.Column != 10 || p.Input != "нато AND (брикс" || p.Detail == "" {
		t.Errorf("problem = %+v, want column 10", p)
	}
}

func TestDocumentLeadsToItsEvidence(t *testing.T) {
	w := newWorld(noon, 3)
	h := Handler(w.sources(), Options{})
	d := w.docs[1]
	body := get(t, h, docURL(d.ID, 0, "")).Body.String()
	rec := get(t, h, linkTo(t, body, "Download the WARC record"))
	wantStatus(t, rec, 200)
	if got, want := rec.Body.String(), fmt.Sprintf("record at %d", d.Evidence.Offset); got != want {
		t.Errorf("record = %q, want %q", got, want)
	}
	if got, want := rec.Header().Get("Content-Disposition"), fmt.Sprintf(`attachment; filename="chorus-%s-2.warc.gz"`, d.ID[:12]); got != want {
		t.Errorf("Content-Disposition = %s, want %s", got, want)
	}
}

// A brokenReader gives some bytes and then fails.
type brokenReader struct{ sent bool }

func (b *brokenReader) Read(p []byte) (int, error) {
	if b.sent {
		return 0, io.ErrUnexpectedEOF
	}
	b.sent = true
	return copy(p, "half"), nil
}

func (*brokenReader) Close() error { return nil }

func TestRecordThatBreaksOffIsNotTakenForWhole(t *testing.T) {
	w := newWorld(noon, 1)
	s := w.sources()
	s.Record = func(context.Context, corpus.Evidence) (io.ReadCloser, error) { return &brokenReader{}, nil }
	server := httptest.NewServer(Handler(s, Options{}))
	defer server.Close()
	resp, err := http.Get(server.URL + recordURL(w.docs[0].ID, 1))
	if err != nil {
		return // the connection was cut before the first byte left
	}
	defer resp.Body.Close()
	if body, err := io.ReadAll(resp.Body); err == nil {
		t.Errorf("the download of %q seems whole", body)
	}
}

func TestMissingRecordIsNotFound(t *testing.T) {
	w := newWorld(noon, 1)
	s := w.sources()
	s.Record = func(context.Context, corpus.Evidence) (io.ReadCloser, error) {
		return nil, fmt.Errorf("archive: %w", ErrNotFound)
	}
	wantStatus(t, get(t, Handler(s, Options{}), recordURL(w.docs[0].ID, 1)), 404)
}

func TestOverviewWidensThePeriodUntilThereAreDocuments(t *testing.T) {
	now := time.Now()
	w := &world{now: now, outlets: fakeOutlets(now), coverage: corpus.Coverage{Collector: corpus.CollectorOffline, Documents: 1}}
	d := ordinary(0, now.AddDate(-3, 0, 0))
	w.add(d)
	body := get(t, Handler(w.sources(), Options{}), "/").Body.String()
	if !strings.Contains(body, "1 document published in all time") || !strings.Contains(body, "Nothing was published in the last 7 days") {
		t.Error("the overview does not fall back to all time")
	}
	body = get(t, Handler(w.sources(), Options{}), "/?days=7").Body.String()
	if !strings.Contains(body, "No document was published in this period") {
		t.Error("a chosen period is not kept")
	}
}

func TestSharesAreOfEachBlocsOwnDocuments(t *testing.T) {
	facet := func(n int) map[index.Facet][]index.Count {
		return map[index.Facet][]index.Count{index.FacetNarrative: {{Value: "biolabs", N: n}}}
	}
	rows := narrativeRowsOf([]corpus.Narrative{{ID: "biolabs", Name: "Biolabs"}, {ID: "peacemaker"}}, index.All{}, []*index.Result{
		{Total: 200, Facets: facet(20)}, {Total: 1000, Facets: facet(20)}, {Total: 0},
	})
	var got []string
	for _, s := range rows[0].Shares {
		got = append(got, s.Text+" "+s.Bar)
	}
	if want := []string{"10 % 100%", "2.0 % 20%", "– 0%"}; !slices.Equal(got, want) {
		t.Errorf("shares = %q, want %q", got, want)
	}
	if loud := loudest(rows, 5); len(loud) != 1 || loud[0].ID != "biolabs" {
		t.Errorf("loudest = %v", loud)
	}
}

func TestOutletsAreFilteredAndSorted(t *testing.T) {
	all := newWorld(noon, 30).outlets
	p := outletsPageOf(all, outletFilter{Bloc: "RU", Sort: "documents"})
	if len(p.Rows) != 4 || p.Blocs[0].N != 10 || p.Blocs[1].N != 4 || !p.Blocs[1].Current {
		t.Errorf("%d rows, blocs %+v", len(p.Rows), p.Blocs)
	}
	if !slices.IsSortedFunc(p.Rows, func(a, b outletRow) int { return b.Documents - a.Documents }) {
		t.Error("not sorted by documents")
	}
	p = outletsPageOf(all, outletFilter{Health: "dead"})
	if len(p.Rows) != 1 || !slices.Equal(p.Rows[0].Faults, []string{"the server refused (HTTP 403)"}) {
		t.Errorf("rows = %+v", p.Rows)
	}
}

func TestDocumentPage(t *testing.T) {
	w := newWorld(noon, 3)
	h := Handler(w.sources(), Options{Version: "1.0"})
	last := w.docs[len(w.docs)-1] // the second version of an edited page
	body := get(t, h, docURL(last.ID, last.Seq, "sanctions")).Body.String()
	body = regexp.MustCompile(`(/static/\w+)\.[0-9a-f]{10}`).ReplaceAllString(body, "$1.HASH")
	const golden = "testdata/doc.golden.html"
	if *update {
		if err := os.WriteFile(golden, []byte(body), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), body); diff != "" {
		t.Errorf("document page (-want +got; write anew with -update):\n%s", diff)
	}
}

func TestAddressesAreReadable(t *testing.T) {
	for raw, want := range map[string]string{
		"https://river.example/%D0%BC%D0%BE%D1%81%D1%82?q=%E6%A1%A5#a": "https://river.example/мост?q=桥#a",
		"https://river.example/a%20b%2Fc%3Cd":                          "https://river.example/a%20b%2Fc%3Cd",
		"https://river.example/%E2%80%AEgpj.exe":                       "https://river.example/%E2%80%AEgpj.exe", // turns the direction
		"https://river.example/%EF%BC%8F%D0%BC":                        "https://river.example/%EF%BC%8F%D0%BC",  // looks like a slash
		"https://river.example/%D0%BC%D0":                              "https://river.example/%D0%BC%D0",
		"https://%D0%BC.example/":                                      "https://%D0%BC.example/",
		"mailto:%D0%BC":                                                "mailto:%D0%BC",
		"https://river.example":                                        "https://river.example",
	} {
		if got := readable(raw); got != want {
			t.Errorf("readable(%q) = %q, want %q", raw, got, want)
		}
	}
}

func TestADayIsShownWithoutTime(t *testing.T) {
	for _, c := range []struct {
		at   time.Time
		want moment
	}{
		{time.Time{}, moment{}},
		{time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC), moment{"2026-11-24", "24 Nov 2026"}},
		{time.Date(2026, 11, 24, 0, 0, 1, 0, time.UTC), moment{"2026-11-24T00:00:01Z", "24 Nov 2026, 00:00"}},
		{time.Date(2026, 11, 24, 8, 0, 0, 0, time.FixedZone("", 8*3600)), moment{"2026-11-24", "24 Nov 2026"}},
	} {
		if got := claimedMoment(c.at); got != c.want {
			t.Errorf("claimedMoment(%v) = %v, want %v", c.at, got, c.want)
		}
	}
}

func TestFewBarsAreNotWide(t *testing.T) {
	day := time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)
	for n, want := range map[int]bar{1: {X: "46%", Width: "8%"}, 2: {X: "21%", Width: "8%"}, 20: {X: "0.3%", Width: "4.4%"}} {
		res := &index.Result{Interval: index.IntervalDay}
		for i := range n {
			res.Histogram = append(res.Histogram, index.Bar{Start: day.AddDate(0, 0, i), N: 1})
		}
		c := histogram("h", "Hits", res, everything(), "")
		if got := c.Bars[0]; got.X != want.X || got.Width != want.Width {
			t.Errorf("the first of %d bars is at %s, %s wide, want %s, %s", n, got.X, got.Width, want.X, want.Width)
		}
	}
}
