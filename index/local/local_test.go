package local_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"chorus/corpus"
	"chorus/index"
	"chorus/index/local"
)

var now = time.Date(2026, 6, 15, 12, 0, 0, 0, time.UTC)

func options() local.Options {
	outlets := map[string]corpus.Outlet{
		"river":  {ID: "river", Bloc: corpus.BlocRU, Country: "RU", Family: "river-group"},
		"brook":  {ID: "brook", Bloc: corpus.BlocRU, Country: "RU", Family: "river-group"},
		"plain":  {ID: "plain", Bloc: corpus.BlocCN, Country: "CN", Family: "plain"},
		"common": {ID: "common", Bloc: corpus.BlocControl, Country: "GB", Family: "common"},
	}
	return local.Options{
		Narratives: []corpus.Narrative{
			{ID: "bridge", Group: "A"}, {ID: "tide", Group: "A"}, {ID: "harvest", Group: "B"},
		},
		Outlets: func(id string) (corpus.Outlet, bool) { o, ok := outlets[id]; return o, ok },
		Now:     func() time.Time { return now },
	}
}

func open(t testing.TB, dir string, o local.Options) *local.Index {
	t.Helper()
	x, err := local.Open(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := x.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return x
}

func put(t testing.TB, x *local.Index, docs ...corpus.Document) {
	t.Helper()
	if err := x.Put(context.Background(), docs, docs[len(docs)-1].Seq); err != nil {
		t.Fatal(err)
	}
}

// doc makes a document of an outlet published so many days before now.
func doc(seq corpus.Seq, outlet, lang, title, text string, days int, tags ...corpus.Tag) corpus.Document {
	d := corpus.Document{Seq: seq, Tags: tags}
	d.ID = pageID(seq)
	d.Item = corpus.Item{Outlet: outlet, Seen: now.AddDate(0, 0, -days)}
	d.Article = corpus.Article{Kind: corpus.KindArticle, Lang: lang, Title: title, Text: text, Published: now.AddDate(0, 0, -days)}
	return d
}

func pageID(seq corpus.Seq) corpus.DocID {
	sum := sha256.Sum256([]byte(seq.String()))
	return corpus.DocID(hex.EncodeToString(sum[:]))
}

func tag(narrative string, stance corpus.Stance) corpus.Tag {
	return corpus.Tag{Narrative: narrative, Stance: stance, Score: 1}
}

func query(t testing.TB, s string) index.Query {
	t.Helper()
	q, err := index.Parse(s)
	if err != nil {
		t.Fatalf("Parse(%q): %v", s, err)
	}
	return q
}

func search(t testing.TB, x *local.Index, r index.Request) *index.Result {
	t.Helper()
	result, err := x.Search(context.Background(), r)
	if err != nil {
		t.Fatalf("Search(%v): %v", r.Query, err)
	}
	return result
}

// found gives the Seqs that match, in order.
func found(t testing.TB, x *local.Index, q string) []corpus.Seq {
	t.Helper()
	var seqs []corpus.Seq
	err := x.Scan(context.Background(), query(t, q), func(s corpus.Seq) bool {
		seqs = append(seqs, s)
		return true
	})
	if err != nil {
		t.Fatalf("Scan(%s): %v", q, err)
	}
	return seqs
}

func want(t *testing.T, x *local.Index, q string, seqs ...corpus.Seq) {
	t.Helper()
	if got := found(t, x, q); !slices.Equal(got, seqs) {
		t.Errorf("%s found %v, want %v", q, got, seqs)
	}
}

func TestWordsMatchTheirForms(t *testing.T) {
	x := open(t, t.TempDir(), options())
	cases := []struct{ lang, text, query string }{
		{"en", "The alliance enlarged again", "enlarging"},
		{"en", "Moscow’s ministries said", "ministry"},
		{"en", "Moscow’s ministries said", "moscow's"},
		{"en", "NATO", "nato"},
		{"en", "COVID-19 vaccines", "covid-19"},
		{"en", "don't panic", "don’t"},
		{"ru", "Новые санкции против России", "санкций"},
		{"ru", "Новые санкции против России", "россия"},
		{"ru", "Всё ещё впереди", "все еще"},
		{"ru", "за́мок на реке", "замок"},
		{"ru", "расширение НАТО на восток", "нато"},
		{"ru", "Заявление NATO", "nato"},
		{"es", "las sanciones económicas", "sanción"},
		{"es", "la alianza en México", "mexico"},
		{"fr", "l’OTAN et les sanctions européennes", "otan"},
		{"fr", "l’OTAN et les sanctions européennes", "européenne"},
		{"de", "die Häuser am Fluss", "haus"},
		{"pt", "as relações internacionais", "relação"},
		{"it", "le notizie nazionali", "nazionale"},
		{"ar", "العقوبات على روسيا", "عقوبات"},
		{"fa", "تحریم‌های آمریکا", "تحریم‌های"},
		{"fa", "كتاب", "کتاب"},
		{"uk", "Розширення НАТО", "розширення"},
		{"zh", "反对北约东扩的声明", "北约"},
		{"zh", "反对北约东扩的声明", "东"},
		{"zh", "反对北约东扩的声明", "明"},
		{"zh", "ＮＡＴＯ和Ｇ７", "nato g7"},
		{"zh", "２０２６年", "2026年"},
		{"zh", "2026年", "２０２６"},
		{"ja", "ウクライナのニュース", "クライナ"},
		{"ko", "러시아와 중국의 협력", "러시아"},
		{"en", "a quote: 北约东扩", "北约"},
		{"und", "plain words", "plain"},
	}
	var docs []corpus.Document
	for i, c := range cases {
		docs = append(docs, doc(corpus.Seq(i+1), "river", c.lang, "", c.text, 1))
	}
	put(t, x, docs...)
	for i, c := range cases {
		if got := found(t, x, c.query); !slices.Contains(got, corpus.Seq(i+1)) {
			t.Errorf("%s: %q is not found by %s", c.lang, c.text, c.query)
		}
		if spans := local.Highlight(c.text, c.lang, query(t, c.query)); len(spans) == 0 {
			t.Errorf("%s: Highlight(%q, %s) marks nothing", c.lang, c.text, c.query)
		}
	}
}

// A stem of one language must not find words of another.
func TestStemsStayInTheirLanguage(t *testing.T) {
	x := open(t, t.TempDir(), options())
	put(t, x,
		doc(1, "river", "en", "", "running water", 1),
		doc(2, "river", "de", "", "der run", 1),
		doc(3, "river", "zh", "", "running", 1),
	)
	want(t, x, "running", 1, 3)
}

func TestEverySubstringOfChineseIsFound(t *testing.T) {
	x := open(t, t.TempDir(), options())
	text := "外交部发言人表示，中方一贯主张通过对话与协商解决争端。2026年5月3日，双方在G20会议期间举行会谈，强调“互利共赢”。"
	put(t, x, doc(1, "plain", "zh", "会谈举行", text, 1), doc(2, "plain", "zh", "", "别的新闻", 1))
	runes := []rune(text)
	for i := range runes {
		for j := i + 1; j <= min(i+8, len(runes)); j++ {
			part := string(runes[i:j])
			if cutsNumber(runes, i) || cutsNumber(runes, j) || strings.Trim(part, "，。“”") == "" {
				continue
			}
			q := index.Text{Value: part}
			result := search(t, x, index.Request{Query: q, Size: 5})
			if !slices.ContainsFunc(result.Hits, func(h index.Hit) bool { return h.Seq == 1 }) {
				t.Errorf("%s is not found", part)
			}
		}
	}
	want(t, x, "会谈举行", 1)
	want(t, x, "谈会", []corpus.Seq{}...)
	want(t, x, `"5月"`, 1)
	want(t, x, "新*", 2)
}

// cutsNumber reports whether the place before runes[i] is inside a word of
// letters or digits.
func cutsNumber(runes []rune, i int) bool {
	ascii := func(r rune) bool { return r < 0x80 }
	return i > 0 && i < len(runes) && ascii(runes[i-1]) && ascii(runes[i])
}

func TestPhrasesAndPrefixes(t *testing.T) {
	x := open(t, t.TempDir(), options())
	put(t, x,
		doc(1, "river", "en", "The rules of the game", "A rules-based order for the world.", 1),
		doc(2, "river", "en", "Order of the day", "The order is based on rules. Enlargement ends.", 1),
		doc(3, "river", "ru", "Мир", "Мы за многополярный мир и против войны. Войны мира.", 1),
		doc(4, "plain", "zh", "", "北约东扩", 1),
	)
	want(t, x, `"rules-based order"`, 1)
	want(t, x, `rules based order`, 1, 2)
	want(t, x, `"order of the"`, 2)
	want(t, x, `"game a"`) // title and text are not one
	want(t, x, `"многополярного мира"`, 3)
	want(t, x, `"мира войны"`)
	want(t, x, `"войны мира"`, 3)
	want(t, x, "enlarge*", 2)
	want(t, x, "многопол*", 3)
	want(t, x, `"based ord"*`, 1)
	want(t, x, "title:order", 2)
	want(t, x, "title:ord*", 2)
	want(t, x, "title:rules order", 1)
	want(t, x, "北约*", 4)
	want(t, x, "-order", 3, 4)
	want(t, x, "order -title:order", 1)
	want(t, x, "game OR 东扩", 1, 4)
}

func TestFields(t *testing.T) {
	o := options()
	x := open(t, t.TempDir(), o)
	docs := []corpus.Document{
		doc(1, "river", "ru", "", "раз", 0),
		doc(2, "brook", "en", "", "one", 10),
		doc(3, "plain", "zh-CN", "", "一", 40),
		doc(4, "common", "en", "", "two", 400),
		doc(5, "stranger", "en", "", "three", 400),
	}
	docs[1].Article.Kind = corpus.KindPost
	docs[1].Article.Byline = "Ivan Petrov"
	docs[2].Item.Author = "王小明"
	docs[3].Deleted = now
	docs[4].Article.Published, docs[4].Item.Seen = time.Time{}, time.Time{}
	put(t, x, docs...)
	want(t, x, "*", 1, 2, 3, 4, 5)
	want(t, x, "outlet:river,plain", 1, 3)
	want(t, x, "family:river-group", 1, 2)
	want(t, x, "bloc:ru", 1, 2)
	want(t, x, "bloc:control", 4)
	want(t, x, "-bloc:RU", 3, 4, 5)
	want(t, x, "country:cn", 3)
	want(t, x, "lang:zh", 3)
	want(t, x, "kind:post", 2)
	want(t, x, "author:petrov", 2)
	want(t, x, `author:"ivan petrov"`, 2)
	want(t, x, "author:pet*", 2)
	want(t, x, "author:小明", 3)
	want(t, x, "petrov")
	want(t, x, "after:7d", 1)
	want(t, x, "before:7d", 2, 3, 4)
	want(t, x, "after:2026-06-15", 1)
	want(t, x, "before:2026-06-15T12:00:00Z", 2, 3, 4)
	want(t, x, "after:2026-06-15T12:00:00Z", 1)
	want(t, x, "after:2026-05 before:2026-06-10", 2, 3)
	want(t, x, "is:deleted", 4)
	want(t, x, "narrative:unknown")
	want(t, x, "-narrative:unknown", 1, 2, 3, 4, 5)
}

func TestNarrativeAndStanceSpeakOfOneTag(t *testing.T) {
	x := open(t, t.TempDir(), options())
	a, r := corpus.StanceAsserts, corpus.StanceRebuts
	put(t, x,
		doc(1, "river", "en", "", "x", 1, tag("bridge", a)),
		doc(2, "river", "en", "", "x", 1, tag("bridge", r), tag("tide", a)),
		doc(3, "river", "en", "", "x", 1, tag("bridge", a), tag("bridge", r), tag("harvest", a)),
		doc(4, "river", "en", "", "x", 1, tag("harvest", r)),
		doc(5, "river", "en", "", "x", 1),
	)
	want(t, x, "narrative:bridge", 1, 2, 3)
	want(t, x, "stance:asserts", 1, 2, 3)
	want(t, x, "narrative:bridge stance:asserts", 1, 3)
	want(t, x, "x narrative:bridge (x stance:asserts)", 1, 3)
	want(t, x, "narrative:bridge stance:rebuts,reports", 2, 3)
	want(t, x, "narrative:bridge,tide stance:asserts", 1, 2, 3)
	want(t, x, "narrative:bridge narrative:harvest stance:asserts", 3)
	want(t, x, "narrative:bridge stance:asserts stance:rebuts", 3)
	want(t, x, "narrative:bridge -stance:rebuts", 1)
	want(t, x, "stance:asserts -narrative:bridge", 2)
	want(t, x, "group:a stance:rebuts", 2, 3)
	want(t, x, "group:B -stance:asserts", 4)
	want(t, x, "-narrative:bridge", 4, 5)
	want(t, x, "-stance:rebuts", 1, 5)
	result := search(t, x, index.Request{Query: query(t, "narrative:bridge"), Facets: []index.Facet{index.FacetStance, index.FacetNarrative}})
	diff(t, map[index.Facet][]index.Count{
		index.FacetStance:    {{Value: "asserts", N: 2}, {Value: "rebuts", N: 2}},
		index.FacetNarrative: {{Value: "bridge", N: 3}, {Value: "harvest", N: 1}, {Value: "tide", N: 1}},
	}, result.Facets)
	result = search(t, x, index.Request{Query: query(t, "stance:rebuts"), Facets: []index.Facet{index.FacetNarrative}})
	diff(t, map[index.Facet][]index.Count{
		index.FacetNarrative: {{Value: "bridge", N: 2}, {Value: "harvest", N: 1}},
	}, result.Facets)
}

func diff(t *testing.T, want, got any) {
	t.Helper()
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestVersions(t *testing.T) {
	dir := t.TempDir()
	x, err := local.Open(dir, options())
	if err != nil {
		t.Fatal(err)
	}
	first, second := doc(1, "river", "en", "", "first text", 3), doc(3, "river", "en", "", "second text", 3)
	second.ID, second.Edit = first.ID, 1
	put(t, x, first, doc(2, "river", "en", "", "other text", 3), second)
	check := func(x *local.Index) {
		t.Helper()
		want(t, x, "text", 2, 3)
		want(t, x, "text is:old", 1, 2, 3)
		want(t, x, "first")
		want(t, x, "first is:old", 1)
		want(t, x, "is:edited", 3)
	}
	check(x)
	put(t, x, first) // once more, out of order
	check(x)
	if err := x.Close(); err != nil {
		t.Fatal(err)
	}
	x = open(t, dir, options())
	check(x)
	ctx := context.Background()
	if err := x.Mark(ctx, local.Mark{Seq: 3, Deleted: now}, local.Mark{Seq: 2, Replaced: 9}, local.Mark{Seq: 77}); err != nil {
		t.Fatal(err)
	}
	want(t, x, "text", 3)
	want(t, x, "is:deleted is:edited", 3)
	if err := x.Retag(ctx, map[corpus.Seq][]corpus.Tag{3: {tag("tide", "asserts")}, 77: nil}); err != nil {
		t.Fatal(err)
	}
	want(t, x, "narrative:tide", 3)
	want(t, x, "narrative:* is:deleted", 3)
	want(t, x, "is:deleted -narrative:*")
	if err := x.Retag(ctx, map[corpus.Seq][]corpus.Tag{3: nil}); err != nil {
		t.Fatal(err)
	}
	want(t, x, "narrative:tide")
	want(t, x, "narrative:* is:deleted")
}

func TestPutAgainReplaces(t *testing.T) {
	x := open(t, t.TempDir(), options())
	put(t, x, doc(1, "river", "en", "", "old words", 3, tag("tide", "asserts")))
	put(t, x, doc(1, "plain", "en", "", "new phrases", 300)) // another partition, too
	want(t, x, "words")
	want(t, x, "phrases", 1)
	want(t, x, "outlet:plain", 1)
	want(t, x, "narrative:tide")
	put(t, x, doc(2, "river", "en", "", "double", 3), doc(2, "river", "en", "", "single", 3))
	want(t, x, "double OR single", 2)
	want(t, x, "double")
	if got := x.Stats(); got.Documents != 2 || got.Partitions != 2 || got.Cursor != 2 {
		t.Errorf("Stats = %+v", got)
	}
	if err := x.Check(context.Background()); err != nil {
		t.Error(err)
	}
}

func TestHistogram(t *testing.T) {
	x := open(t, t.TempDir(), options())
	a := tag("tide", corpus.StanceAsserts)
	put(t, x,
		doc(1, "river", "en", "", "x", 0, a), // Monday, 15 June
		doc(2, "plain", "en", "", "x", 1),    // Sunday
		doc(3, "plain", "en", "", "x", 14, a),
	)
	day := func(m time.Month, d int) time.Time { return time.Date(2026, m, d, 0, 0, 0, 0, time.UTC) }
	result := search(t, x, index.Request{Histogram: true, Interval: index.IntervalWeek, By: index.FacetBloc})
	diff(t, []index.Bar{
		{Start: day(6, 1), N: 1, By: map[string]int{"CN": 1}},
		{Start: day(6, 8), N: 1, By: map[string]int{"CN": 1}},
		{Start: day(6, 15), N: 1, By: map[string]int{"RU": 1}},
	}, result.Histogram)
	result = search(t, x, index.Request{Histogram: true, Interval: index.IntervalYear, By: index.FacetNarrative})
	diff(t, []index.Bar{{Start: day(1, 1), N: 3, By: map[string]int{"tide": 2}}}, result.Histogram)
	result = search(t, x, index.Request{Histogram: true, By: index.FacetLang})
	if result.Interval != index.IntervalDay || len(result.Histogram) != 15 || result.Histogram[1].N != 0 {
		t.Errorf("auto: %s, %d bars", result.Interval, len(result.Histogram))
	}
	put(t, x, doc(4, "plain", "en", "", "x", 365*5))
	result = search(t, x, index.Request{Histogram: true})
	if result.Interval != index.IntervalMonth || len(result.Histogram) != 61 {
		t.Errorf("auto over five years: %s, %d bars", result.Interval, len(result.Histogram))
	}
}

func TestTitleCountsMoreThanText(t *testing.T) {
	x := open(t, t.TempDir(), options())
	put(t, x,
		doc(1, "river", "en", "Weather", "the harbour and many other words of no use at all", 1),
		doc(2, "river", "en", "The harbour", "words", 400),
		doc(3, "river", "en", "Weather", "rain", 1),
	)
	result := search(t, x, index.Request{Query: query(t, "harbour"), Size: 10})
	if len(result.Hits) != 2 || result.Hits[0].Seq != 2 || result.Hits[0].Score <= result.Hits[1].Score {
		t.Errorf("hits = %+v", result.Hits)
	}
	if len(result.Terms["en"]) != 1 || result.Terms["en"][0][0] != "harbour" {
		t.Errorf("terms = %v", result.Terms)
	}
	result = search(t, x, index.Request{Query: query(t, "harbour"), Size: 10, Sort: index.SortDate})
	if result.Hits[0].Seq != 1 || result.Hits[0].Score != 0 {
		t.Errorf("by date: hits = %+v", result.Hits)
	}
}

func TestPagesShowEachHitOnce(t *testing.T) {
	x := open(t, t.TempDir(), options())
	var docs []corpus.Document
	for i := range 100 {
		docs = append(docs, doc(corpus.Seq(i+1), "river", "en", "", strings.Repeat("river ", 1+i%7)+"bank", i%5*20))
	}
	put(t, x, docs...)
	next := corpus.Seq(101)
	for _, sort := range []index.Sort{index.SortDate, index.SortScore} {
		all := search(t, x, index.Request{Query: query(t, "river bank"), Sort: sort, Size: 1000})
		var got []index.Hit
		r := index.Request{Query: query(t, "river bank"), Sort: sort, Size: 7}
		for {
			page := search(t, x, r)
			if page.Total != all.Total {
				t.Errorf("%s: Total = %d, want %d", sort, page.Total, all.Total)
			}
			got = append(got, page.Hits...)
			if r.Cursor = page.Next; r.Cursor == "" {
				break
			}
			put(t, x, doc(next, "river", "en", "river", "bank", 0)) // arrives while somebody reads
			next++
		}
		diff(t, all.Hits, got)
	}
	r := index.Request{Query: query(t, "river"), Size: 7}
	r.Cursor = search(t, x, r).Next
	for _, other := range []index.Request{
		{Query: query(t, "bank"), Size: 7, Cursor: r.Cursor},
		{Query: r.Query, Size: 7, Cursor: r.Cursor, Sort: index.SortDate},
		{Query: r.Query, Size: 7, Cursor: "nonsense"},
		{Query: r.Query, Size: 7, Cursor: r.Cursor[:8]},
	} {
		if _, err := x.Search(context.Background(), other); !errors.Is(err, index.ErrCursor) {
			t.Errorf("Search with a wrong cursor: %v, want ErrCursor", err)
		}
	}
}

func TestSearchRefusesWhatItCannotAnswer(t *testing.T) {
	x := open(t, t.TempDir(), options())
	for _, q := range []index.Query{
		index.Field{Name: "colour", Value: "red"}, index.Field{Name: "bloc", Value: "XX"}, index.Text{Value: " "},
		index.Field{Name: "after", Value: "soon"},
	} {
		if r, err := x.Search(context.Background(), index.Request{Query: q}); err == nil {
			t.Errorf("Search(%s) = %+v, want an error", q, r)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := x.Search(ctx, index.Request{}); !errors.Is(err, context.Canceled) {
		t.Errorf("Search with an ended context: %v", err)
	}
}

// A search sees a put whole or not at all, in the columns and in the words alike.
func TestSearchesSeeWholePuts(t *testing.T) {
	x := open(t, t.TempDir(), options())
	ctx, stop := context.WithCancel(context.Background())
	var readers sync.WaitGroup
	for range 2 {
		readers.Go(func() {
			last := 0
			for ctx.Err() == nil {
				r, err := x.Search(context.Background(), index.Request{Query: index.Text{Value: "common"}, Size: 3, Facets: index.Facets()})
				if err != nil {
					t.Error(err)
					return
				}
				if r.Total%10 != 0 || r.Total < last {
					t.Errorf("%d hits after %d", r.Total, last)
				}
				last = r.Total
			}
		})
	}
	for i := range corpus.Seq(25) {
		var docs []corpus.Document
		for seq := i*10 + 1; seq <= i*10+10; seq++ {
			docs = append(docs, doc(seq, "river", "en", "", "common", int(seq%3)*40, tag("tide", corpus.StanceAsserts)))
		}
		put(t, x, docs...)
		if err := x.Retag(context.Background(), map[corpus.Seq][]corpus.Tag{i*10 + 1: nil}); err != nil {
			t.Fatal(err)
		}
	}
	stop()
	readers.Wait()
	if r := search(t, x, index.Request{Query: query(t, "common")}); r.Total != 250 || r.Hits == nil {
		t.Errorf("Search = %+v", r)
	}
}

func TestOpenTwiceFails(t *testing.T) {
	dir := t.TempDir()
	open(t, dir, options())
	if _, err := local.Open(dir, options()); !errors.Is(err, local.ErrLocked) {
		t.Errorf("second Open: %v, want ErrLocked", err)
	}
}

func TestOpenRefusesAnotherLayout(t *testing.T) {
	dir := t.TempDir()
	x, err := local.Open(dir, options())
	if err != nil {
		t.Fatal(err)
	}
	put(t, x, doc(1, "river", "en", "", "x", 1))
	if err := x.Close(); err != nil {
		t.Fatal(err)
	}
	o := options()
	o.Partition = local.Year
	if _, err := local.Open(dir, o); !errors.Is(err, local.ErrCorrupt) {
		t.Errorf("Open with other partitions: %v, want ErrCorrupt", err)
	}
	if err := os.Remove(filepath.Join(dir, "columns.log")); err != nil {
		t.Fatal(err)
	}
	if _, err := local.Open(dir, options()); !errors.Is(err, local.ErrCorrupt) {
		t.Errorf("Open without columns.log: %v, want ErrCorrupt", err)
	}
}

func TestClosedIndexSaysSo(t *testing.T) {
	x, err := local.Open(t.TempDir(), options())
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := x.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := x.Search(context.Background(), index.Request{}); err == nil {
		t.Error("Search on a closed index succeeds")
	}
	if err := x.Put(context.Background(), nil, 1); err == nil {
		t.Error("Put on a closed index succeeds")
	}
}

func TestSealKeepsAllHits(t *testing.T) {
	x := open(t, t.TempDir(), options())
	for i := range corpus.Seq(6) {
		put(t, x, doc(i+1, "river", "en", "", fmt.Sprint("word w", i), 100))
	}
	if err := x.Seal(context.Background(), now); err != nil {
		t.Fatal(err)
	}
	want(t, x, "word", 1, 2, 3, 4, 5, 6)
	if err := x.Check(context.Background()); err != nil {
		t.Error(err)
	}
}

func TestLogIsCompacted(t *testing.T) {
	dir := t.TempDir()
	x, err := local.Open(dir, options())
	if err != nil {
		t.Fatal(err)
	}
	var docs []corpus.Document
	tags := make(map[corpus.Seq][]corpus.Tag)
	for i := range corpus.Seq(2000) {
		docs = append(docs, doc(i+1, "river", "en", "", "word", 1))
		tags[i+1] = []corpus.Tag{tag("tide", "asserts"), tag("bridge", "reports")}
	}
	put(t, x, docs...)
	size := func() int64 {
		info, err := os.Stat(filepath.Join(dir, "columns.log"))
		if err != nil {
			t.Fatal(err)
		}
		return info.Size()
	}
	var most int64
	for range 7 {
		if err := x.Retag(context.Background(), tags); err != nil {
			t.Fatal(err)
		}
		most = max(most, size())
	}
	if size() >= most {
		t.Errorf("columns.log has %d bytes, its most: it was never rewritten", most)
	}
	before := found(t, x, "narrative:tide stance:asserts")
	if err := x.Check(context.Background()); err != nil {
		t.Error(err)
	}
	if err := x.Close(); err != nil {
		t.Fatal(err)
	}
	x = open(t, dir, options())
	if after := found(t, x, "narrative:tide stance:asserts"); !slices.Equal(before, after) || len(after) != 2000 {
		t.Errorf("%d hits before, %d after", len(before), len(after))
	}
	if x.Cursor() != 2000 {
		t.Errorf("Cursor = %d", x.Cursor())
	}
}
