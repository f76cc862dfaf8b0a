package extract

import (
	"bufio"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
	"unicode"

	"chorus/corpus"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write golden files")

// A sample is a real page with what is known of its article.
type sample struct {
	name   string
	lang   string
	kind   string // article, listing, homepage
	date   string // YYYY-MM-DD, may be empty
	gold   string // reference text, may be empty
	how    string // in which way the reference was made
	bytes  []byte
	item   corpus.Item
	outlet corpus.Outlet
}

func (s *sample) capture() *corpus.Capture {
	return capture(s.item.URL, "text/html", s.bytes)
}

// samples reads the pages that lie beside the project; it skips the test if
// there are none.
func samples(tb testing.TB) []sample {
	tb.Helper()
	dir := os.Getenv("CHORUS_SHARED")
	if dir == "" {
		dir = filepath.Join("..", "..", "shared")
	}
	web := filepath.Join(dir, "web")
	f, err := os.Open(filepath.Join(web, "manifest.tsv"))
	if err != nil {
		tb.Skipf("no pages to measure on: %v", err)
	}
	defer f.Close()
	var list []sample
	for lines := bufio.NewScanner(f); lines.Scan(); {
		c := strings.Split(lines.Text(), "\t")
		if c[0] == "file" || len(c) < 9 {
			continue
		}
		host, _, _ := strings.Cut(c[1], " ")
		s := sample{name: filepath.Base(c[0]), lang: c[3], kind: c[4], date: c[6], how: c[8]}
		s.item = corpus.Item{URL: c[5]}
		if c[5] == "" {
			s.item.URL = "http://" + host + "/some/page.html"
		}
		s.outlet = corpus.Outlet{ID: "x", Country: c[2][:2], Languages: []string{c[3]}, Hosts: []string{host}}
		if s.bytes, err = os.ReadFile(filepath.Join(web, c[0])); err != nil {
			tb.Fatal(err)
		}
		if c[7] != "" {
			b, err := os.ReadFile(filepath.Join(web, c[7]))
			if err != nil {
				tb.Fatal(err)
			}
			s.gold = string(b)
		}
		list = append(list, s)
	}
	return list
}

// A tally is the mean of precision and recall over pages.
type tally struct {
	pages                 int
	precision, recall, f1 float64
}

func (t *tally) add(p, r float64) {
	t.pages++
	t.precision += p
	t.recall += r
	if p+r > 0 {
		t.f1 += 2 * p * r / (p + r)
	}
}

func (t *tally) String() string {
	n := float64(max(t.pages, 1))
	return fmt.Sprintf("%5d  %9.3f  %6.3f  %5.3f", t.pages, t.precision/n, t.recall/n, t.f1/n)
}

// TestExtractionScore measures the extraction on real pages: tokens of the
// reference text that are found, and found tokens that are in it, a CJK
// character being a token; for references of segments, the segments that must
// be there and are, and those that must not and are not.
func TestExtractionScore(t *testing.T) {
	x := New(Options{})
	byLang, byHow, won := map[string]*tally{}, map[string]*tally{}, map[string]int{}
	dated, sameDay, found, segments, empty := 0, 0, 0, 0, 0
	langRight, langAll := 0, 0
	for _, s := range samples(t) {
		a, _ := x.Article(s.capture(), s.item, s.outlet)
		if s.kind != "article" {
			continue
		}
		won[a.Extractor]++
		langAll++
		if a.Lang == s.lang {
			langRight++
		} else {
			t.Logf("%s: language %s, want %s", s.name, a.Lang, s.lang)
		}
		if a.Text == "" {
			empty++
		}
		if s.date != "" {
			dated++
			if a.Published.Add(zoneShift(s.outlet)).Format(time.DateOnly) == s.date || a.Published.Format(time.DateOnly) == s.date {
				sameDay++
			} else {
				t.Logf("%s: published %v (%s), want %s", s.name, a.Published, a.PublishedFrom, s.date)
			}
		}
		switch {
		case s.gold == "":
		case strings.HasPrefix(s.how, "must-contain"):
			ok, all := segmentsRight(a.Text, s.gold)
			found, segments = found+ok, segments+all
			if ok < all {
				t.Logf("%s: %d of %d segments", s.name, ok, all)
			}
		default:
			p, r := overlap(tokens(a.Text), tokens(s.gold))
			tallyOf(byLang, s.lang).add(p, r)
			how, _, _ := strings.Cut(s.how, " (")
			tallyOf(byHow, how).add(p, r)
			if p < .95 || r < .95 {
				t.Logf("%s: %s precision %.3f recall %.3f", s.name, a.Extractor, p, r)
			}
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%-34s  pages  precision  recall     F1\n", "text against a reference")
	for _, group := range []map[string]*tally{byLang, byHow} {
		for _, key := range sortedKeys(group) {
			fmt.Fprintf(&b, "%-34s  %s\n", key, group[key])
		}
	}
	fmt.Fprintf(&b, "\nsegments right         %d of %d\n", found, segments)
	fmt.Fprintf(&b, "published on the day   %d of %d\n", sameDay, dated)
	fmt.Fprintf(&b, "language right         %d of %d\n", langRight, langAll)
	fmt.Fprintf(&b, "pages without text     %d\n", empty)
	for _, key := range sortedKeys(won) {
		fmt.Fprintf(&b, "%-22s %d\n", "won by "+key, won[key])
	}
	golden(t, "testdata/score.golden", b.String())
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(name, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s differs (-want +got); if the change is meant, run with -update:\n%s", name, diff)
	}
}

func zoneShift(o corpus.Outlet) time.Duration {
	_, offset := time.Time{}.In(zoneOf(o, false)).Zone()
	return time.Duration(offset) * time.Second
}

func tallyOf(m map[string]*tally, key string) *tally {
	if m[key] == nil {
		m[key] = &tally{}
	}
	return m[key]
}

func sortedKeys[V any](m map[string]V) []string {
	var keys []string
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// tokens gives the words of a text in lower case; a CJK character is a word.
func tokens(s string) map[string]int {
	bag := map[string]int{}
	word := ""
	end := func() {
		if word != "" {
			bag[word]++
			word = ""
		}
	}
	for _, r := range s {
		switch {
		case unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana):
			end()
			bag[string(r)]++
		case unicode.IsLetter(r) || unicode.IsDigit(r):
			word += string(unicode.ToLower(r))
		default:
			end()
		}
	}
	end()
	return bag
}

func overlap(got, want map[string]int) (precision, recall float64) {
	common, g, w := 0, 0, 0
	for k, n := range got {
		g += n
		common += min(n, want[k])
	}
	for _, n := range want {
		w += n
	}
	return float64(common) / float64(max(g, 1)), float64(common) / float64(max(w, 1))
}

// segmentsRight counts, of the segments of a reference, those that are there
// as they must be or absent as they must be.
func segmentsRight(text, gold string) (right, all int) {
	flat := squash(text)
	wanted := true
	for line := range strings.Lines(gold) {
		switch line = strings.TrimSpace(line); line {
		case "":
		case "WITH:":
			wanted = true
		case "WITHOUT:":
			wanted = false
		default:
			all++
			if strings.Contains(flat, squash(line)) == wanted {
				right++
			}
		}
	}
	return right, all
}

// fetched is when all pages of the tests were fetched.
var fetched = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

func capture(url, contentType string, body []byte) *corpus.Capture {
	return &corpus.Capture{
		URL: url,
		Exchanges: []corpus.Exchange{{
			Role: corpus.RolePage, URL: url, Method: "GET", Status: 200,
			Response: map[string][]string{"Content-Type": {contentType}},
		}},
		Body:    body,
		Fetched: fetched,
	}
}

func BenchmarkArticle(b *testing.B) {
	list := samples(b)
	x := New(Options{})
	x.Article(list[0].capture(), list[0].item, list[0].outlet) // loads the tables
	b.ResetTimer()
	n, start := 0, cpuTime(b)
	for b.Loop() {
		s := &list[n%len(list)]
		x.Article(s.capture(), s.item, s.outlet)
		n++
	}
	b.ReportMetric(float64(n)/(cpuTime(b)-start).Seconds(), "pages/cpu-s")
}

// cpuTime is what the process has used: the machine that measures may be busy.
func cpuTime(tb testing.TB) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		tb.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
