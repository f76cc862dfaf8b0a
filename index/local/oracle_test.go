package local_test

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"chorus/corpus"
	"chorus/index"
	"chorus/index/local"
)

// The oracle answers a query by looking at each document with strings
// functions. Its words end in a digit, so that no stemmer changes them.

func oracleDocs(r *rand.Rand, n int) []corpus.Document {
	pick := func(list ...string) string { return list[r.IntN(len(list))] }
	docs := make([]corpus.Document, n)
	for i := range docs {
		lang := pick("en", "ru", "zh", "fr")
		d := doc(corpus.Seq(i*3+1), pick("river", "brook", "plain", "common", "stranger"), lang, oracleText(r, lang, 4), oracleText(r, lang, 30), r.IntN(300))
		d.Article.Kind = corpus.Kind(pick("article", "post", "transcript"))
		for _, n := range []string{"bridge", "tide", "harvest"} {
			for _, s := range corpus.Stances() {
				if r.IntN(6) == 0 {
					d.Tags = append(d.Tags, tag(n, s))
				}
			}
		}
		if i > 10 && r.IntN(8) == 0 {
			d.ID, d.Edit = docs[r.IntN(i)].ID, 1
		}
		if r.IntN(10) == 0 {
			d.Deleted = now
		}
		docs[i] = d
	}
	latest := make(map[corpus.DocID]int)
	for i := range docs {
		if j, ok := latest[docs[i].ID]; ok {
			docs[j].Replaced = docs[i].Seq
		}
		latest[docs[i].ID] = i
	}
	return docs
}

func oracleText(r *rand.Rand, lang string, n int) string {
	if lang == "zh" {
		var b strings.Builder
		for range r.IntN(n) + 1 {
			b.WriteRune([]rune("北约东扩和平一，")[r.IntN(8)])
		}
		return b.String()
	}
	words := make([]string, r.IntN(n)+1)
	for i := range words {
		words[i] = oracleWord(r)
	}
	return strings.Join(words, " ")
}

func oracleWord(r *rand.Rand) string {
	return fmt.Sprintf("z%c%cw%d", 'k'+rune(r.IntN(2)), 'k'+rune(r.IntN(3)), r.IntN(4))
}

func oracleQuery(r *rand.Rand, depth int) index.Query {
	pick := func(list ...string) string { return list[r.IntN(len(list))] }
	if depth == 0 || r.IntN(3) == 0 {
		in := pick("", "", "", "title")
		switch r.IntN(8) {
		case 0:
			return index.Text{In: in, Value: oracleWord(r)}
		case 1:
			return index.Text{In: in, Value: oracleWord(r) + " " + oracleWord(r)}
		case 2:
			return index.Text{In: in, Value: oracleWord(r)[:3], Prefix: true}
		case 3:
			return index.Text{In: in, Value: pick("北", "约", "北约", "约东", "东扩和", "平一", "一")}
		case 4:
			return index.Field{Name: "narrative", Value: pick("bridge", "tide", "harvest")}
		case 5:
			return index.Field{Name: "stance", Value: pick("asserts", "reports", "rebuts")}
		case 6:
			return index.Field{Name: pick("after", "before"), Value: pick("2026-05", "2026-01-10", "30d", "3m", "1y")}
		}
		name := pick("outlet", "bloc", "lang", "kind", "group", "is")
		value := map[string]string{
			"outlet": pick("river", "plain"), "bloc": pick("RU", "CN"), "lang": pick("ru", "zh"),
			"kind": pick("post", "article"), "group": pick("A", "B"), "is": pick("edited", "deleted"),
		}[name]
		return index.Field{Name: name, Value: value}
	}
	parts := make([]index.Query, 2+r.IntN(2))
	for i := range parts {
		parts[i] = oracleQuery(r, depth-1)
	}
	switch r.IntN(4) {
	case 0:
		return index.Or(parts)
	case 1:
		return index.Not{Query: parts[0]}
	}
	return index.And(parts)
}

// oracle reports whether the document matches the plain query.
func oracle(d *corpus.Document, q index.Query) bool {
	switch q := q.(type) {
	case index.All:
		return true
	case index.Or:
		return slices.ContainsFunc(q, func(p index.Query) bool { return oracle(d, p) })
	case index.Not:
		return !oracle(d, q.Query)
	case index.And:
		return oracleAnd(d, q)
	case index.Text:
		return q.In == "" && oracleHas(d.Article.Text, q) || oracleHas(d.Article.Title, q)
	case index.Field:
		return oracleField(d, q)
	}
	panic("unknown query")
}

func oracleHas(text string, q index.Text) bool {
	if q.Value[0] >= 0x80 {
		return strings.Contains(text, q.Value)
	}
	if q.Prefix {
		return strings.Contains(" "+text, " "+q.Value)
	}
	return strings.Contains(" "+text+" ", " "+q.Value+" ")
}

// conditions gives the values of narrative or stance that q is about, if it is.
func conditions(q index.Query) (values []string, stance, ok bool) {
	parts, isOr := q.(index.Or)
	if !isOr {
		parts = index.Or{q}
	}
	for i, p := range parts {
		f, isField := p.(index.Field)
		isStance := f.Name == "stance"
		if !isField || !isStance && f.Name != "narrative" && f.Name != "group" || i > 0 && isStance != stance {
			return nil, false, false
		}
		stance = isStance
		switch f.Value {
		case "A":
			values = append(values, "bridge", "tide")
		case "B":
			values = append(values, "harvest")
		default:
			values = append(values, f.Value)
		}
	}
	return values, stance, true
}

func oracleTags(d *corpus.Document, narratives, stances [][]string) bool {
	orAny := func(l [][]string) [][]string {
		if len(l) == 0 {
			return [][]string{nil}
		}
		return l
	}
	for _, n := range orAny(narratives) {
		for _, s := range orAny(stances) {
			if n == nil && s == nil {
				continue
			}
			if !slices.ContainsFunc(d.Tags, func(t corpus.Tag) bool {
				return (n == nil || slices.Contains(n, t.Narrative)) && (s == nil || slices.Contains(s, string(t.Stance)))
			}) {
				return false
			}
		}
	}
	return true
}

func oracleAnd(d *corpus.Document, parts index.And) bool {
	var narratives, stances [][]string
	for _, p := range parts {
		if values, stance, ok := conditions(p); ok && stance {
			stances = append(stances, values)
		} else if ok {
			narratives = append(narratives, values)
		}
	}
	if !oracleTags(d, narratives, stances) {
		return false
	}
	for _, p := range parts {
		inner := p
		not, isNot := p.(index.Not)
		if isNot {
			inner = not.Query
		}
		values, stance, isTag := conditions(inner)
		switch {
		case isTag && isNot && stance:
			if oracleTags(d, narratives, [][]string{values}) {
				return false
			}
		case isTag && isNot:
			if oracleTags(d, [][]string{values}, stances) {
				return false
			}
		case !isTag && !oracle(d, p):
			return false
		}
	}
	return true
}

func oracleField(d *corpus.Document, f index.Field) bool {
	o, _ := options().Outlets(d.Item.Outlet)
	switch f.Name {
	case "outlet":
		return d.Item.Outlet == f.Value
	case "bloc":
		return string(o.Bloc) == f.Value
	case "lang":
		return d.Article.Lang == f.Value
	case "kind":
		return string(d.Article.Kind) == f.Value
	case "is":
		return f.Value == "edited" && d.Edit > 0 || f.Value == "deleted" && !d.Deleted.IsZero()
	case "after", "before":
		at, _ := index.Time(f.Value, now)
		return d.Published().Before(at) == (f.Name == "before")
	}
	values, stance, _ := conditions(f)
	if stance {
		return oracleTags(d, nil, [][]string{values})
	}
	return oracleTags(d, [][]string{values}, nil)
}

func TestSearchAgreesWithOracle(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 11))
	dir := t.TempDir()
	o := options()
	o.BatchSize = 40
	x, err := local.Open(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	docs := oracleDocs(r, 600)
	for part := range slices.Chunk(docs, 150) {
		put(t, x, part...)
	}
	for i := range 1500 {
		if i == 700 { // what is read from disk must answer the same
			if err := x.Close(); err != nil {
				t.Fatal(err)
			}
			x = open(t, dir, o)
		}
		q := index.Simplify(oracleQuery(r, 3))
		compare(t, x, docs, q)
		if t.Failed() {
			return
		}
	}
}

func compare(t *testing.T, x *local.Index, docs []corpus.Document, q index.Query) {
	t.Helper()
	var hits []index.Hit
	facets := make(map[index.Facet]map[string]int)
	count := func(f index.Facet, v string) {
		if facets[f] == nil {
			facets[f] = make(map[string]int)
		}
		if v != "" {
			facets[f][v]++
		}
	}
	days := make(map[time.Time]int)
	for i := range docs {
		d := &docs[i]
		if d.Replaced != 0 || !oracle(d, q) {
			continue
		}
		hits = append(hits, index.Hit{Seq: d.Seq, Published: d.Published()})
		out, _ := options().Outlets(d.Item.Outlet)
		count(index.FacetOutlet, d.Item.Outlet)
		count(index.FacetFamily, out.Family)
		count(index.FacetBloc, string(out.Bloc))
		count(index.FacetCountry, out.Country)
		count(index.FacetLang, d.Article.Lang)
		count(index.FacetKind, string(d.Article.Kind))
		days[d.Published().Truncate(24*time.Hour)]++
	}
	slices.SortFunc(hits, func(a, b index.Hit) int {
		if c := b.Published.Compare(a.Published); c != 0 {
			return c
		}
		return int(b.Seq - a.Seq)
	})
	got := search(t, x, index.Request{
		Query: q, Sort: index.SortDate, Size: len(docs), TopFacets: 100, Facets: index.Facets(),
		Histogram: true, Interval: index.IntervalDay,
	})
	if got.Total != len(hits) {
		t.Errorf("%s: Total = %d, want %d", q, got.Total, len(hits))
	}
	if !slices.Equal(got.Hits, hits) {
		t.Errorf("%s: hits = %v, want %v", q, got.Hits, hits)
	}
	for f, values := range facets {
		list := got.Facets[f]
		if len(list) != len(values) || !slices.IsSortedFunc(list, func(a, b index.Count) int { return b.N - a.N }) {
			t.Errorf("%s: facet %s = %v, want %v", q, f, list, values)
		}
		for _, c := range list {
			if values[c.Value] != c.N {
				t.Errorf("%s: facet %s: %s = %d, want %d", q, f, c.Value, c.N, values[c.Value])
			}
		}
	}
	for _, bar := range got.Histogram {
		if days[bar.Start] != bar.N {
			t.Errorf("%s: bar %s = %d, want %d", q, bar.Start, bar.N, days[bar.Start])
		}
		delete(days, bar.Start)
	}
	if len(days) > 0 {
		t.Errorf("%s: missing bars %v", q, days)
	}
	narratives := search(t, x, index.Request{Query: q, Facets: []index.Facet{index.FacetNarrative}}).Facets[index.FacetNarrative]
	for _, c := range narratives {
		if n := counted(docs, q, index.FieldNarrative, c.Value); n != c.N {
			t.Errorf("%s: facet narrative: %s = %d, want %d", q, c.Value, c.N, n)
		}
	}
}

// counted counts the documents that match q, and have the value with the
// conditions on tags that q sets.
func counted(docs []corpus.Document, q index.Query, field, value string) int {
	narrowed := index.Simplify(index.And{q, index.Field{Name: field, Value: value}})
	n := 0
	for i := range docs {
		d := &docs[i]
		if d.Replaced == 0 && oracle(d, q) && oracle(d, positive(narrowed)) {
			n++
		}
	}
	return n
}

// positive leaves only the conditions on tags of the top-level conjunction.
func positive(q index.Query) index.Query {
	parts, ok := q.(index.And)
	if !ok {
		return q
	}
	return slices.DeleteFunc(slices.Clone(parts), func(p index.Query) bool {
		_, _, isTag := conditions(p)
		return !isTag
	})
}

// The score of one word is BM25 with the constants that match.go gives.
func TestScoreIsBM25(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 5))
	x := open(t, t.TempDir(), options())
	docs := oracleDocs(r, 200)
	put(t, x, docs...)
	w := "zkkw1"
	weights := make(map[corpus.Seq]float64)
	current := 0
	for _, d := range docs {
		if d.Replaced != 0 {
			continue
		}
		current++
		for _, f := range []struct {
			text         string
			pivot, boost float64
		}{{d.Article.Title, 12, 2}, {d.Article.Text, 300, 1}} {
			words := strings.Fields(f.text)
			tf := 0.0
			for _, v := range words {
				if v == w {
					tf++
				}
			}
			if tf > 0 {
				weights[d.Seq] += f.boost * tf * 2.2 / (tf + 1.2*(0.7+0.3*float64(len(words))/f.pivot))
			}
		}
	}
	n := float64(len(weights))
	idf := math.Log(1 + (float64(current)-n+0.5)/(n+0.5))
	result, err := x.Search(context.Background(), index.Request{Query: index.Text{Value: w}, Size: 300})
	if err != nil {
		t.Fatal(err)
	}
	if len(result.Hits) != len(weights) || len(weights) < 10 {
		t.Fatalf("%d hits, want %d", len(result.Hits), len(weights))
	}
	for i, h := range result.Hits {
		if math.Abs(h.Score-idf*weights[h.Seq]) > 1e-9 {
			t.Errorf("document %d: score %f, want %f", h.Seq, h.Score, idf*weights[h.Seq])
		}
		if i > 0 && h.Score > result.Hits[i-1].Score {
			t.Errorf("hit %d has a higher score than the one before", i)
		}
	}
}
