package newsroom

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/html"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/simplifiedchinese"

	"chorus/corpus"
)

// fetch asks a world for a page.
func fetch(t testing.TB, w *World, url string) *http.Response {
	t.Helper()
	rw := httptest.NewRecorder()
	w.Web.ServeHTTP(rw, httptest.NewRequest("GET", url, nil))
	return rw.Result()
}

func body(t testing.TB, r *http.Response) []byte {
	t.Helper()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// decode undoes the charset of an outlet.
func decode(t testing.TB, d *desk, page []byte) string {
	t.Helper()
	var err error
	switch d.charset {
	case "windows-1251":
		page, err = charmap.Windows1251.NewDecoder().Bytes(page)
	case "gb18030":
		page, err = simplifiedchinese.GB18030.NewDecoder().Bytes(page)
	}
	if err != nil {
		t.Fatal(err)
	}
	return string(page)
}

func TestSameOptionsSameWorld(t *testing.T) {
	a, b := New(Options{Seed: 7, Outlets: 10}), New(Options{Seed: 7, Outlets: 10})
	if diff := cmp.Diff(dump(t, a), dump(t, b)); diff != "" {
		t.Fatalf("two worlds of one seed differ:\n%s", diff)
	}
	if dump(t, a) == dump(t, New(Options{Seed: 8, Outlets: 10})) {
		t.Error("another seed makes the same world")
	}
	for _, art := range a.Truth.Articles[:50] {
		if x, y := body(t, fetch(t, a, art.URL)), body(t, fetch(t, b, art.URL)); !bytes.Equal(x, y) {
			t.Errorf("%s differs between two worlds of one seed", art.URL)
		}
	}
}

// dump is the whole truth as text.
func dump(t *testing.T, w *World) string {
	b, err := json.MarshalIndent(w.Truth, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestEveryArticleIsReachableFromItsFeed(t *testing.T) {
	w := New(Options{Seed: 3, Outlets: 23})
	listed := map[string]bool{}
	formats := map[format]int{}
	for _, d := range w.desks {
		formats[d.format]++
		for _, u := range feedLinks(t, w, d) {
			listed[u] = true
		}
	}
	if len(formats) != 5 {
		t.Errorf("formats of feeds: %v, want all five", formats)
	}
	for _, a := range w.Truth.Articles {
		want := a.Deleted.IsZero()
		if listed[a.URL] != want {
			t.Errorf("%s listed: %v, want %v", a.URL, listed[a.URL], want)
		}
		status := map[bool]int{true: 200, false: 404}[want]
		if r := fetch(t, w, a.URL); r.StatusCode != status {
			t.Errorf("%s answers %d, want %d", a.URL, r.StatusCode, status)
		}
		delete(listed, a.URL)
	}
	if len(listed) > 0 {
		t.Errorf("feeds list %d pages that nobody wrote", len(listed))
	}
}

// feedLinks reads the addresses of a feed by its own format.
func feedLinks(t *testing.T, w *World, d *desk) []string {
	t.Helper()
	b := body(t, fetch(t, w, d.Feeds[0].URL))
	var out []string
	switch d.format {
	case formatRSS:
		var f rssFeed
		if err := xml.Unmarshal(b, &f); err != nil {
			t.Fatalf("%s: %v", d.Feeds[0].URL, err)
		}
		for _, i := range f.Items {
			out = append(out, i.Link)
			if _, err := time.Parse(time.RFC1123Z, i.PubDate); err != nil {
				t.Error(err)
			}
		}
	case formatAtom:
		var f atomFeed
		if err := xml.Unmarshal(b, &f); err != nil {
			t.Fatalf("%s: %v", d.Feeds[0].URL, err)
		}
		for _, e := range f.Entries {
			out = append(out, e.Link.Href)
		}
	case formatSitemap:
		var m struct {
			URL []struct {
				Loc  string `xml:"loc"`
				News struct {
					Date time.Time `xml:"http://www.google.com/schemas/sitemap-news/0.9 publication_date"`
				} `xml:"http://www.google.com/schemas/sitemap-news/0.9 news"`
			} `xml:"http://www.sitemaps.org/schemas/sitemap/0.9 url"`
		}
		if err := xml.Unmarshal(b, &m); err != nil {
			t.Fatalf("%s: %v", d.Feeds[0].URL, err)
		}
		for _, u := range m.URL {
			out = append(out, u.Loc)
			if u.News.Date.IsZero() {
				t.Errorf("%s has no date", u.Loc)
			}
		}
	case formatJSON:
		var f jsonFeed
		if err := json.Unmarshal(b, &f); err != nil {
			t.Fatalf("%s: %v", d.Feeds[0].URL, err)
		}
		for _, i := range f.Items {
			out = append(out, i.URL)
		}
	case formatList:
		page, err := html.Parse(strings.NewReader(decode(t, d, b)))
		if err != nil {
			t.Fatal(err)
		}
		for n := range page.Descendants() {
			if n.Data == "a" && slices.Contains(n.Attr, html.Attribute{Key: "class", Val: "headline"}) {
				i := slices.IndexFunc(n.Attr, func(a html.Attribute) bool { return a.Key == "href" })
				out = append(out, n.Attr[i].Val)
			}
		}
	}
	return out
}

// textOf is all text of a page.
func textOf(t *testing.T, page string) string {
	t.Helper()
	doc, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for n := range doc.Descendants() {
		if n.Type == html.TextNode {
			b.WriteString(n.Data)
		}
	}
	return b.String()
}

func TestPagesHoldTheirArticleInTheirCharset(t *testing.T) {
	w := New(Options{Seed: 5, Outlets: 20, Deletions: -1, Edits: -1})
	charsets := map[string]bool{}
	for _, d := range w.desks {
		charsets[d.charset] = true
		for _, a := range d.articles[:min(5, len(d.articles))] {
			b := body(t, fetch(t, w, a.URL))
			if utf8.Valid(b) != (d.charset == "utf-8") && d.tongue != en {
				t.Errorf("%s: the page of a %s site is UTF-8: %v", a.URL, d.charset, utf8.Valid(b))
			}
			page := decode(t, d, b)
			if !strings.Contains(page, d.charset) {
				t.Errorf("%s does not name its charset", a.URL)
			}
			text := textOf(t, page)
			for _, p := range append(strings.Split(a.Text(), "\n\n"), a.Title()) {
				if !strings.Contains(text, p) {
					t.Errorf("%s lacks %q", a.URL, p)
				}
			}
		}
	}
	if len(charsets) != 3 {
		t.Errorf("charsets: %v, want three", charsets)
	}
}

func TestJSONLDIsJSON(t *testing.T) {
	w := New(Options{Seed: 5, Outlets: 3})
	a := w.desks[0].articles[0] // style 0
	_, rest, ok := strings.Cut(string(body(t, fetch(t, w, a.URL))), `<script type="application/ld+json">`)
	if !ok {
		t.Fatalf("%s has no JSON-LD", a.URL)
	}
	ld, _, _ := strings.Cut(rest, "</script>")
	var got struct {
		Type      string    `json:"@type"`
		Headline  string    `json:"headline"`
		Published time.Time `json:"datePublished"`
	}
	if err := json.Unmarshal([]byte(ld), &got); err != nil {
		t.Fatal(err)
	}
	if got.Headline != a.Title() || !got.Published.Equal(a.Published) || got.Type != "NewsArticle" {
		t.Errorf("JSON-LD of %s says %+v", a.URL, got)
	}
}

func TestArticlesAreOfNewsLength(t *testing.T) {
	w := New(Options{Seed: 2})
	for _, a := range w.Truth.Articles {
		n := len(strings.Fields(a.Text()))
		if a.tongue == zh {
			n = utf8.RuneCountInString(a.Text()) * 10 / 17 // about 1.7 characters a word
		}
		if n < 120 || n > 500 {
			t.Errorf("%s (%s) has %d words", a.URL, a.Kind, n)
		}
		for _, bad := range []string{"{", "}", "[", "]", "|", "~", "  "} {
			if strings.Contains(a.Text()+a.Title(), bad) {
				t.Errorf("%s has a stray %q: %s", a.URL, bad, a.Text())
			}
		}
	}
}

// shingles are all runs of three words, or of five characters in Chinese.
func shingles(a *Article) map[string]bool {
	out := map[string]bool{}
	if a.tongue == zh {
		r := []rune(a.Text())
		for i := 5; i <= len(r); i++ {
			out[string(r[i-5:i])] = true
		}
		return out
	}
	f := strings.Fields(a.Text())
	for i := 3; i <= len(f); i++ {
		out[strings.Join(f[i-3:i], " ")] = true
	}
	return out
}

func jaccard(a, b map[string]bool) float64 {
	both := 0
	for s := range a {
		if b[s] {
			both++
		}
	}
	return float64(both) / float64(len(a)+len(b)-both)
}

func TestUnrelatedArticlesDiffer(t *testing.T) {
	w := New(Options{Seed: 4})
	byTongue := map[tongue][]map[string]bool{}
	for _, a := range w.Truth.Articles {
		if a.Kind == Original && len(byTongue[a.tongue]) < 150 {
			byTongue[a.tongue] = append(byTongue[a.tongue], shingles(a))
		}
	}
	for tongue, sets := range byTongue {
		var sum, most float64
		n, near := 0, 0
		for i, a := range sets {
			for _, b := range sets[:i] {
				j := jaccard(a, b)
				sum, most, n = sum+j, max(most, j), n+1
				if j > .5 {
					near++
				}
			}
		}
		t.Logf("%s: %d pairs, mean Jaccard %.3f, most %.2f", tongue, n, sum/float64(n), most)
		if mean := sum / float64(n); mean >= .1 {
			t.Errorf("%s: mean Jaccard of unrelated articles is %.3f, want under 0.1", tongue, mean)
		}
		if near > 0 {
			t.Errorf("%s: %d of %d unrelated pairs look like copies", tongue, near, n)
		}
	}
}

// numbers are the digits of a text, separators of thousands removed.
func numbers(s string) map[string]bool {
	clean := strings.NewReplacer("\u00a0", "", ",", "", ".", "").Replace(s)
	out := map[string]bool{}
	for _, f := range strings.FieldsFunc(clean, func(r rune) bool { return !unicode.IsDigit(r) }) {
		out[f] = true
	}
	return out
}

// bare are the paragraphs without dateline, credit and title.
func bare(a *Article) []string {
	var out []string
	for _, p := range a.text.paras {
		if s := a.paragraph(p); s != "" {
			out = append(out, s)
		}
	}
	return out
}

func TestKindsAgreeWithTheTexts(t *testing.T) {
	w := New(Options{Seed: 9, Stories: 120})
	byURL := map[string]*Article{}
	for _, a := range w.Truth.Articles {
		byURL[a.URL] = a
	}
	count := map[Kind]int{}
	for _, a := range w.Truth.Articles {
		count[a.Kind]++
		o := byURL[a.Origin]
		if (a.Origin != "") != (a.Kind == Verbatim || a.Kind == Edited || a.Kind == Quotes || a.Kind == Translate) {
			t.Errorf("%s (%s) has origin %q", a.URL, a.Kind, a.Origin)
		}
		if o == nil {
			continue
		}
		if !o.Published.Before(a.Published) || o.Story != a.Story {
			t.Errorf("%s at %v in %s was taken from %s at %v in %s", a.URL, a.Published, a.Story, o.URL, o.Published, o.Story)
		}
		j := jaccard(shingles(a), shingles(o))
		switch a.Kind {
		case Verbatim:
			if diff := cmp.Diff(bare(o), bare(a)); diff != "" {
				t.Errorf("%s is no copy of %s:\n%s", a.URL, o.URL, diff)
			}
		case Edited:
			if j < .25 || j > .97 {
				t.Errorf("%s: Jaccard to what it edits is %.2f", a.URL, j)
			}
		case Quotes:
			shared := 0
			for _, l := range o.text.lines() {
				if (l.claim != nil || w.isQuote[l.sentence]) && strings.Contains(a.Text(), l.write(w.grammar, a.tongue)) {
					shared++
				}
			}
			if shared == 0 || j > .6 {
				t.Errorf("%s shares %d quotations, Jaccard %.2f", a.URL, shared, j)
			}
		case Translate:
			if a.Lang == o.Lang {
				t.Errorf("%s is a translation within %s", a.URL, a.Lang)
			}
			mine, theirs := numbers(strings.Join(bare(a), " ")), numbers(strings.Join(bare(o), " "))
			both := 0
			for n := range mine {
				if theirs[n] {
					both++
				}
			}
			// Chinese writes billions in other units and dates with the month's number.
			if both*10 < len(mine)*6 {
				t.Errorf("%s shares %d of its %d numbers with %s", a.URL, both, len(mine), o.URL)
			}
		}
	}
	for _, k := range []Kind{Original, Verbatim, Edited, Quotes, Translate, SameEvent} {
		if count[k] < 20 {
			t.Errorf("%d articles of kind %s", count[k], k)
		}
	}
	t.Log(w)
}

func TestSameEventReportsAreIndependent(t *testing.T) {
	w := New(Options{Seed: 9, Stories: 120, Shocks: 10, Placebos: 10})
	pairs := 0
	for _, s := range w.Truth.Stories {
		for i, a := range s.Articles {
			for _, b := range s.Articles[:i] {
				// A report is independent of what others first wrote, and of nothing else.
				if a.tongue != b.tongue || a.Kind != SameEvent || b.Kind != SameEvent && b.Kind != Original {
					continue
				}
				pairs++
				if j := jaccard(shingles(a), shingles(b)); j > .3 {
					t.Errorf("%s and %s tell the same event with Jaccard %.2f", a.URL, b.URL, j)
				}
				lead := map[string]bool{}
				slotsOf(a.text.paras[0][0].text[a.tongue], lead)
				shared := 0
				for _, table := range []string{"c", "city", "firm", "team", "river"} {
					x := writer{g: w.grammar, line: a.text.paras[0][0], tongue: a.tongue}
					if lead[table+"1"] && strings.Contains(b.Text(), strings.Split(x.row(table, 1).forms[a.tongue][0].man, " ")[0][:4]) {
						shared++
					}
				}
				if shared == 0 {
					t.Errorf("%s and %s share no name:\n%s\n\n%s", a.URL, b.URL, a.Text(), b.Text())
				}
			}
		}
	}
	if pairs < 50 {
		t.Errorf("%d pairs", pairs)
	}
	t.Log(pairs, "pairs")
}

func TestCreditsStandInTheText(t *testing.T) {
	w := New(Options{Seed: 9, Stories: 120})
	forms := map[CreditForm]int{}
	uncredited := 0
	for _, a := range w.Truth.Articles {
		if a.Origin != "" && a.Credit == "" {
			uncredited++
		}
		if (a.Credit == "") != (a.CreditForm == "") {
			t.Errorf("%s credits %q by %q", a.URL, a.Credit, a.CreditForm)
		}
		if a.Credit == "" {
			continue
		}
		forms[a.CreditForm]++
		paras := strings.Split(a.Text(), "\n\n")
		at := paras[0]
		if a.CreditForm == CreditTail {
			at = paras[len(paras)-1]
		}
		if name := a.credited.known[a.tongue]; !strings.Contains(at, name) {
			t.Errorf("%s does not name %s: %q", a.URL, name, at)
		}
	}
	if len(forms) != 3 || uncredited == 0 {
		t.Errorf("credits by form %v, %d uncredited copies: want some of each", forms, uncredited)
	}
}

func TestPlantsStandInTheText(t *testing.T) {
	w := New(Options{Seed: 6})
	planted := map[string]map[corpus.Bloc]int{}
	for _, a := range w.Truth.Articles {
		for _, p := range a.Plants() {
			if !strings.Contains(a.Text(), p.Passage) {
				t.Errorf("%s lacks its passage %q", a.URL, p.Passage)
			}
			if p.Stance == corpus.StanceAsserts && a.desk.Bloc == corpus.BlocControl {
				t.Errorf("%s of the control bloc asserts %s", a.URL, p.Narrative)
			}
			if !serious(&frame{topic: a.Topic}) {
				t.Errorf("%s about %s carries %s", a.URL, a.Topic, p.Narrative)
			}
			if planted[p.Narrative] == nil {
				planted[p.Narrative] = map[corpus.Bloc]int{}
			}
			planted[p.Narrative][a.desk.Bloc]++
		}
	}
	if len(planted) < 12 {
		t.Errorf("%d narratives planted, want at least 12", len(planted))
	}
}

func TestStoriesTellTheTruth(t *testing.T) {
	w := New(Options{Seed: 11})
	sorts := map[Sort]int{}
	for _, s := range w.Truth.Stories {
		sorts[s.Sort]++
		first := s.Articles[0]
		if s.Sort == Cascade && (first.Outlet != s.Leader || first.Kind != Original) {
			t.Errorf("%s is led by %s, but %s was first", s.ID, s.Leader, first.URL)
		}
		if s.Sort != Cascade && (s.Leader != "" || s.Narrative != "") {
			t.Errorf("%s %s has leader %q and narrative %q", s.Sort, s.ID, s.Leader, s.Narrative)
		}
		if slices.Contains(w.Truth.Null, s.Narrative) {
			t.Errorf("%s carries the null narrative %s", s.ID, s.Narrative)
		}
		for _, a := range s.Articles {
			if a.Lag != a.Published.Sub(first.Published) || a.Lag < 0 || a.Story != s.ID {
				t.Errorf("%s of %s has lag %v", a.URL, s.ID, a.Lag)
			}
		}
	}
	if sorts[Cascade] == 0 || sorts[Shock] == 0 || sorts[Placebo] == 0 {
		t.Errorf("stories by sort: %v", sorts)
	}
	for _, b := range w.Truth.Bursts {
		n := 0
		for _, a := range w.Truth.Articles {
			if a.desk.Bloc == b.Bloc && !a.Published.Before(b.From) && a.Published.Before(b.To) &&
				slices.ContainsFunc(a.Plants(), func(p Plant) bool { return p.Narrative == b.Narrative }) {
				n++
			}
		}
		if n < b.Articles || b.Articles == 0 {
			t.Errorf("burst of %s: %d articles planted, %d found", b.Narrative, b.Articles, n)
		}
	}
	if len(w.Truth.Bursts) != 2 || len(w.Truth.Null) != 2 {
		t.Errorf("%d bursts, null narratives %v", len(w.Truth.Bursts), w.Truth.Null)
	}
}

func TestArticlesAppearInWorkingHours(t *testing.T) {
	w := New(Options{Seed: 12})
	for _, d := range w.desks {
		late := 0
		for _, a := range d.articles {
			if h := a.Published.In(d.zone()).Hour(); h < d.opens || h >= d.closes {
				late++ // shocks wake everybody
			}
		}
		if late*10 > len(d.articles) {
			t.Errorf("%s writes %d of %d articles out of hours", d.ID, late, len(d.articles))
		}
	}
}

func TestMisdatedPagesAndItemsClaimTheSame(t *testing.T) {
	w := New(Options{Seed: 15, Misdated: 40, Gaps: -1})
	early, future := 0, 0
	for _, a := range w.Truth.Articles {
		if a.Claimed.IsZero() {
			continue
		}
		if a.Claimed.Before(a.Published) {
			early++
		} else {
			future++
		}
		if a.desk.style == 3 { // prints no zone
			continue
		}
		want := a.Claimed.In(a.desk.zone()).Format(time.RFC3339)
		w.At(a.Published)
		if page := string(body(t, fetch(t, w, a.URL))); !strings.Contains(html.UnescapeString(page), want) {
			t.Errorf("%s does not claim %s", a.URL, want)
		}
		if !slices.Contains(feedLinks(t, w, a.desk), a.URL) {
			t.Errorf("%s is not in its feed when it appears", a.URL)
		}
	}
	if early != 30 || future != 10 {
		t.Errorf("%d articles claim to be older and %d newer than they are, want 30 and 10", early, future)
	}
}

func TestLagsFollowTheEchoes(t *testing.T) {
	w := New(Options{Seed: 16, Stories: 200, Echoes: []Echo{{corpus.BlocRU, corpus.BlocCN, 1, 4 * time.Hour, .2}}})
	var lags []time.Duration
	for _, s := range w.Truth.Stories {
		if s.Sort != Cascade {
			continue
		}
		for _, a := range s.Articles[1:] {
			if from := s.Articles[0].desk.Bloc; from != corpus.BlocRU || a.desk.Bloc != corpus.BlocCN {
				t.Fatalf("%s of %s follows %s, which no echo allows", a.URL, a.desk.Bloc, from)
			}
			if a.desk.Tier == corpus.TierWire { // never asleep
				lags = append(lags, a.Lag)
			}
		}
	}
	slices.Sort(lags)
	if len(lags) < 50 {
		t.Fatalf("%d lags", len(lags))
	}
	if m := lags[len(lags)/2]; m < 225*time.Minute || m > 255*time.Minute {
		t.Errorf("median lag of %d followers is %v, want about 4h", len(lags), m)
	}
	// Four standard deviations of the logarithm.
	if lo, hi := lags[0], lags[len(lags)-1]; lo < 107*time.Minute || hi > 536*time.Minute {
		t.Errorf("lags from %v to %v", lo, hi)
	}
}

func TestClockMovesTheWeb(t *testing.T) {
	w := New(Options{Seed: 13})
	var edited, deleted *Article
	for _, a := range w.Truth.Articles {
		if !a.Edited.IsZero() && !w.down(a.Outlet, a.Published) && !w.down(a.Outlet, a.Edited) {
			edited = a
		}
		if !a.Deleted.IsZero() && !w.down(a.Outlet, a.Published) && !w.down(a.Outlet, a.Deleted) {
			deleted = a
		}
	}
	if edited == nil || deleted == nil || len(w.Truth.Gaps) == 0 {
		t.Fatal("no edit, deletion or gap")
	}
	if edited.Text() == edited.Changed() {
		t.Error("an edit changes nothing")
	}
	status := func(url string, at time.Time) int { w.At(at); return fetch(t, w, url).StatusCode }
	second := time.Second
	gap := w.Truth.Gaps[0]
	home := "http://" + gap.Outlet + ".example/"
	for _, c := range []struct {
		what string
		url  string
		at   time.Time
		want int
	}{
		{"before publication", edited.URL, edited.Published.Add(-second), 404},
		{"at publication", edited.URL, edited.Published, 200},
		{"before deletion", deleted.URL, deleted.Deleted.Add(-second), 200},
		{"at deletion", deleted.URL, deleted.Deleted, 404},
		{"before the gap", home, gap.From.Add(-second), 200},
		{"in the gap", home, gap.From, 503},
		{"after the gap", home, gap.To, 200},
	} {
		if got := status(c.url, c.at); got != c.want {
			t.Errorf("%s: %s answers %d, want %d", c.what, c.url, got, c.want)
		}
	}
	for at, want := range map[time.Time]string{edited.Edited.Add(-second): edited.Text(), edited.Edited: edited.Changed()} {
		w.At(at)
		text := textOf(t, decode(t, edited.desk, body(t, fetch(t, w, edited.URL))))
		for _, p := range strings.Split(want, "\n\n") {
			if !strings.Contains(text, p) {
				t.Errorf("at %v the page lacks %q", at, p)
			}
		}
	}
	d := edited.desk
	w.At(edited.Published.Add(-second))
	before := feedLinks(t, w, d)
	w.At(edited.Published)
	after := feedLinks(t, w, d)
	if slices.Contains(before, edited.URL) || !slices.Contains(after, edited.URL) {
		t.Errorf("the feed of %s does not follow the clock", d.ID)
	}
}

func TestFeedAnswersNotModified(t *testing.T) {
	w := New(Options{Seed: 14, Outlets: 3})
	url := w.Outlets[0].Feeds[0].URL
	first := fetch(t, w, url)
	r := httptest.NewRequest("GET", url, nil)
	r.Header.Set("If-None-Match", first.Header.Get("ETag"))
	rw := httptest.NewRecorder()
	w.Web.ServeHTTP(rw, r)
	if rw.Code != http.StatusNotModified || rw.Body.Len() != 0 {
		t.Errorf("an unchanged feed answers %d with %d bytes, want 304 and none", rw.Code, rw.Body.Len())
	}
}

func TestFeedItemsLimitsTheFeed(t *testing.T) {
	w := New(Options{Seed: 14, Outlets: 5, FeedItems: 12})
	for _, d := range w.desks {
		links := feedLinks(t, w, d)
		if len(links) != 12 {
			t.Errorf("%s lists %d items, want 12", d.ID, len(links))
		}
		if newest := d.latest(w.clock(), 1)[0].URL; links[0] != newest {
			t.Errorf("%s begins with %s, want the newest, %s", d.ID, links[0], newest)
		}
	}
}

func TestWorldsOfAnySize(t *testing.T) {
	for _, n := range []int{1, 3, 23, 120} {
		w := New(Options{Seed: 1, Outlets: n, ArticlesPerDay: 3, Stories: 5})
		ids, urls := map[string]bool{}, map[string]bool{}
		blocs := map[corpus.Bloc]int{}
		for _, o := range w.Outlets {
			ids[o.ID] = true
			blocs[o.Bloc]++
		}
		for _, a := range w.Truth.Articles {
			urls[a.URL] = true
		}
		if len(ids) != n || len(urls) != len(w.Truth.Articles) {
			t.Errorf("%d outlets: %d ids, %d addresses for %d articles", n, len(ids), len(urls), len(w.Truth.Articles))
		}
		if n >= 3 && len(blocs) != 3 {
			t.Errorf("%d outlets: blocs %v", n, blocs)
		}
		if want := 3 * 14 * n; len(w.Truth.Articles) < want*9/10 || len(w.Truth.Articles) > want*15/10+20 {
			t.Errorf("%d outlets: %d articles, want about %d", n, len(w.Truth.Articles), want)
		}
	}
}

func TestGrammarIsComplete(t *testing.T) {
	g := theGrammar()
	for _, f := range g.frames {
		for i, s := range slices.Concat(f.title, f.lead, f.body) {
			for _, tg := range []tongue{ru, zh, en} {
				if !s.in(tg) {
					t.Errorf("frame %s, sentence %d: no %s", f.name, i, tg)
				}
			}
			if s.in(es) != f.in(es) {
				t.Errorf("frame %s, sentence %d: Spanish is incomplete", f.name, i)
			}
		}
		if len(f.title) != 2 || len(f.lead) != 2 || len(f.body) < 6 || g.pools[f.topic] == nil {
			t.Errorf("frame %s has %d titles, %d leads, %d sentences of body, topic %s", f.name, len(f.title), len(f.lead), len(f.body), f.topic)
		}
	}
	if len(g.claims) < 12 {
		t.Errorf("%d narratives", len(g.claims))
	}
	for _, c := range g.claims {
		for _, tg := range []tongue{ru, zh, en} {
			n := 0
			for _, stance := range corpus.Stances() {
				list := c.byStance[string(stance)]
				n += len(list)
				if len(list) == 0 || !list[0].in(tg) {
					t.Errorf("%s: nothing %s in %s", c.id, stance, tg)
				}
			}
			if n < 4 {
				t.Errorf("%s: %d sentences in %s", c.id, n, tg)
			}
		}
	}
}

// slotsOf gives the facts that a pattern tells.
func slotsOf(p pattern, into map[string]bool) {
	for _, part := range p {
		for _, c := range part.choice {
			slotsOf(c, into)
		}
		if s := part.slot; s != nil && !s.gendered {
			into[s.sort+strconv.Itoa(s.number)] = true
		}
	}
}

func TestLanguagesTellTheSameFacts(t *testing.T) {
	g := theGrammar()
	check := func(where string, list []*sentence) {
		for i, s := range list {
			want := map[string]bool{}
			slotsOf(s.text[en], want)
			for tg := range tongue(tongues) {
				got := map[string]bool{}
				if slotsOf(s.text[tg], got); s.in(tg) {
					if diff := cmp.Diff(want, got); diff != "" {
						t.Errorf("%s, sentence %d: facts of en and %s differ:\n%s", where, i+1, tg, diff)
					}
				}
			}
		}
	}
	for _, f := range g.frames {
		check("title of "+f.name, f.title)
		check("lead of "+f.name, f.lead)
		check("body of "+f.name, f.body)
	}
	for topic, p := range g.pools {
		check("quotes of "+topic, p.quote)
		check("background of "+topic, p.background)
	}
	for _, c := range g.claims {
		for stance, list := range c.byStance {
			check(c.id+" "+stance, list)
		}
	}
}

func TestNumbersAreWrittenAsInEachLanguage(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{integer(ru, 12500), "12\u00a0500"}, {integer(en, 12500), "12,500"}, {integer(es, 12500), "12.500"}, {integer(zh, 12500), "12500"},
		{integer(en, 999), "999"}, {decimal(ru, 47), "4,7"}, {decimal(zh, 40), "4"},
		{billions(ru, 125), "12,5\u00a0млрд"}, {billions(en, 125), "12.5 billion"}, {billions(zh, 125), "125亿"}, {billions(es, 125), "12.500 millones"},
		{strconv.Itoa(roundly(101)), "105"}, {strconv.Itoa(roundly(112)), "112"}, {strconv.Itoa(roundly(120)), "120"},
	} {
		if c.got != c.want {
			t.Errorf("written %q, want %q", c.got, c.want)
		}
	}
}

func TestReadRefusesMistakes(t *testing.T) {
	for text, want := range map[string]string{
		"== frame a":                             "line 1: unknown section",
		"== frame a b\n-- titel":                 `line 2: unknown role "titel"`,
		"== frame a b\n-- title\nxx word":        `line 3: unknown language "xx"`,
		"== frame a b\n-- title\nen {foo1}":      `line 3: {foo1}: unknown sort "foo"`,
		"== frame a b\n-- title\nen [one|two":    "line 3: a choice has no end",
		"== frame a b\n-- title\nen {c1":         "line 3: \"{c1\" has no end",
		"== frame a b\n-- title\nen one] two":    `line 3: "] two" is left over`,
		"== table a\nen x ; ru y":                "line 2: no form in zh",
		"en word":                                `line 1: "en word" belongs to nothing`,
		"== frame a b\n-- title\nen {city1.foo}": `line 3: {city1.foo}: unknown form "foo"`,
	} {
		g := &grammar{pools: map[string]*pool{}, tables: map[string][]row{}}
		if err := g.read(text); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("read(%q) = %v, want %s", text, err, want)
		}
	}
}

// BenchmarkNew makes a world of 50 outlets with 200 articles each.
func BenchmarkNew(b *testing.B) {
	b.ReportAllocs()
	for i := range b.N {
		w := New(Options{Seed: uint64(i), Outlets: 50, ArticlesPerDay: 200. / 14})
		b.ReportMetric(float64(len(w.Truth.Articles)), "articles")
	}
}

// BenchmarkPage asks for pages of that world, one after the other.
func BenchmarkPage(b *testing.B) {
	w := New(Options{Seed: 1, Outlets: 50, ArticlesPerDay: 200. / 14})
	b.ReportAllocs()
	b.ResetTimer()
	for i := range b.N {
		a := w.Truth.Articles[i%len(w.Truth.Articles)]
		b.SetBytes(int64(len(body(b, fetch(b, w, a.URL)))))
	}
}

// BenchmarkFeeds asks for all fifty feeds.
func BenchmarkFeeds(b *testing.B) {
	w := New(Options{Seed: 1, Outlets: 50, ArticlesPerDay: 200. / 14})
	b.ResetTimer()
	for range b.N {
		for _, o := range w.Outlets {
			fetch(b, w, o.Feeds[0].URL)
		}
	}
}

func ExampleNew() {
	w := New(Options{Seed: 1, Outlets: 3, Stories: 10})
	fmt.Println(w.Outlets[0].ID, w.Outlets[0].Feeds[0].URL)
	// Output: volna http://volna.example/rss.xml
}
