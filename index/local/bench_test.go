package local_test

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"chorus/corpus"
	"chorus/index"
	"chorus/index/local"
)

// benchDocs is how many documents the benchmarks use. The figures that are
// published are of CHORUS_BENCH_DOCS=100000.
func benchDocs() int {
	if n, err := strconv.Atoi(os.Getenv("CHORUS_BENCH_DOCS")); err == nil {
		return n
	}
	return 10_000
}

// A generator makes documents in Russian, Chinese and English letters: 30 %
// articles of about 400 words, 70 % posts of about 40, words by Zipf's law out
// of 60,000 in up to four forms, over two years.
type generator struct {
	r     *rand.Rand
	words map[string][]string
}

func newGenerator() *generator {
	g := &generator{r: rand.New(rand.NewPCG(42, 42)), words: make(map[string][]string)}
	syllables := map[string][]string{
		"ru": strings.Fields("на по ста мир вой гра ни цы ре ка бе рег то вар сан кци я ли дер пра во суд"),
		"en": strings.Fields("na tion ri ver mar ket wa ter lin en or der war sta tes bor der trea ty ga in"),
	}
	endings := map[string][]string{"ru": {"", "ами", "ого", "ый"}, "en": {"", "s", "ed", "ing"}}
	for lang, parts := range syllables {
		for range 15_000 {
			var w strings.Builder
			for range 2 + g.r.IntN(3) {
				w.WriteString(parts[g.r.IntN(len(parts))])
			}
			for _, e := range endings[lang] {
				g.words[lang] = append(g.words[lang], w.String()+e)
			}
		}
	}
	for range 60_000 { // of 3,500 characters, as in a newspaper
		n := 1 + g.r.IntN(3)
		w := make([]rune, n)
		for i := range w {
			w[i] = '一' + rune(3500*math.Pow(g.r.Float64(), 2))
		}
		g.words["zh"] = append(g.words["zh"], string(w))
	}
	return g
}

func (g *generator) text(lang string, n int) string {
	list := g.words[lang]
	var b strings.Builder
	for i := range n {
		if i > 0 && lang != "zh" {
			b.WriteByte(' ')
		}
		b.WriteString(g.word(list))
		if i%12 == 11 {
			b.WriteString(map[string]string{"zh": "。"}[lang])
		}
	}
	return b.String()
}

// word draws a rank from Zipf's law by inversion.
func (g *generator) word(list []string) string {
	return list[int(math.Exp(g.r.Float64()*math.Log(float64(len(list)))))-1]
}

func (g *generator) document(seq corpus.Seq, of int) corpus.Document {
	lang := []string{"ru", "ru", "en", "en", "zh"}[g.r.IntN(5)]
	n := int(40 * math.Exp(g.r.NormFloat64()*0.6))
	if g.r.IntN(10) < 3 {
		n *= 10
	}
	outlets := []string{"river", "brook", "plain", "common"}
	days := 730 - 730*int(seq)/of
	d := doc(seq, outlets[g.r.IntN(4)], lang, g.text(lang, 8), g.text(lang, n+5), days)
	for _, narrative := range []string{"bridge", "tide", "harvest"} {
		if g.r.IntN(8) == 0 {
			d.Tags = append(d.Tags, tag(narrative, corpus.Stances()[g.r.IntN(3)]))
		}
	}
	return d
}

// filled makes an index of n documents, put 1,000 at a time.
func filled(b *testing.B, dir string, n int) (x *local.Index, g *generator, dur time.Duration) {
	g = newGenerator()
	x = open(b, dir, options())
	for from := 1; from <= n; from += 1000 {
		var docs []corpus.Document
		for seq := from; seq < min(from+1000, n+1); seq++ {
			docs = append(docs, g.document(corpus.Seq(seq), n))
		}
		start := time.Now()
		put(b, x, docs...)
		dur += time.Since(start)
	}
	return x, g, dur
}

// BenchmarkPut reports what one document costs; the time of the generator is
// not counted.
func BenchmarkPut(b *testing.B) {
	n := benchDocs()
	for b.Loop() {
		dir := b.TempDir()
		x, _, dur := filled(b, dir, n)
		b.ReportMetric(float64(n)/dur.Seconds(), "docs/s")
		b.ReportMetric(float64(x.Stats().Bytes)/float64(n), "bytes/doc")
		b.ReportMetric(heapMB(), "heap-MB")
		if err := x.Close(); err != nil {
			b.Fatal(err)
		}
		start := time.Now()
		open(b, dir, options())
		b.ReportMetric(float64(time.Since(start).Milliseconds()), "open-ms")
	}
}

func heapMB() float64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc) / 1e6
}

// BenchmarkSearch is a whole search page: 20 hits, all facets, histogram.
func BenchmarkSearch(b *testing.B) {
	x, g, _ := filled(b, b.TempDir(), benchDocs())
	common := func(lang string, rank int) string { return g.words[lang][rank] }
	zh := common("zh", 40) + common("zh", 41)
	queries := []struct{ name, query string }{
		{"all", "*"},
		{"common", common("ru", 5)},
		{"middle", common("en", 400)},
		{"rare", common("en", 20_000)},
		{"and", common("ru", 5) + " " + common("ru", 60) + " " + common("ru", 800)},
		{"or", common("ru", 5) + " OR " + common("en", 5) + " OR " + common("en", 60)},
		{"phrase", `"` + common("en", 1) + " " + common("en", 2) + `"`},
		{"chinese", zh},
		{"han", string([]rune(common("zh", 3))[:1])},
		{"prefix", string([]rune(common("ru", 5))[:3]) + "*"},
		{"month", common("ru", 5) + " after:1m"},
		{"filters", common("ru", 5) + " bloc:RU narrative:tide stance:asserts after:1y -lang:en"},
	}
	for _, q := range queries {
		for _, sort := range []index.Sort{index.SortScore, index.SortDate} {
			b.Run(fmt.Sprintf("%s/%s", q.name, sort), func(b *testing.B) {
				r := index.Request{
					Query: query(b, q.query), Sort: sort, Size: 20, Facets: index.Facets(), Histogram: true, By: index.FacetBloc,
				}
				var times []time.Duration
				hits := 0
				for b.Loop() {
					start := time.Now()
					result, err := x.Search(context.Background(), r)
					if err != nil {
						b.Fatal(err)
					}
					times = append(times, time.Since(start))
					hits = result.Total
				}
				slices.Sort(times)
				b.ReportMetric(float64(hits), "hits")
				b.ReportMetric(float64(times[len(times)*95/100].Microseconds())/1000, "p95-ms")
			})
		}
	}
}

func BenchmarkHighlight(b *testing.B) {
	g := newGenerator()
	text := g.text("ru", 400)
	q := query(b, g.words["ru"][5]+` "`+g.words["ru"][1]+" "+g.words["ru"][2]+`"`)
	for b.Loop() {
		local.Snippet(text, local.Highlight(text, "ru", q), 300)
	}
}
