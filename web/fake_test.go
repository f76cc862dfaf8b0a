package web

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"chorus/corpus"
	"chorus/index"
)

// A world is a small monitor in memory: texts written for these tests, a
// registry, and a search that reads every document.
type world struct {
	now      time.Time
	outlets  []corpus.OutletStatus
	docs     []corpus.Document // by Seq, from 1
	coverage corpus.Coverage
	notReady bool
	failWith error
	graves   map[corpus.DocID]corpus.Tombstone
}

// newWorld gives a world of about n ordinary documents and some hostile ones.
func newWorld(now time.Time, n int) *world {
	w := &world{now: now.UTC().Truncate(time.Second), outlets: fakeOutlets(now)}
	for i := range n {
		w.add(ordinary(i, w.now))
	}
	for _, d := range hostile(w.now) {
		w.add(d)
	}
	w.add(edited(w.now)...)
	for i := range w.docs {
		for j := range w.outlets {
			o := &w.outlets[j]
			if o.Outlet.ID == w.docs[i].Item.Outlet && w.docs[i].Replaced == 0 {
				o.Documents++
				if t := w.docs[i].Seen(); t.After(o.Last) {
					o.Last = t
				}
			}
		}
	}
	w.coverage = corpus.Coverage{
		Collector: corpus.CollectorRunning, LastRound: w.now.Add(-4 * time.Minute), Documents: len(w.docs) - 1, Frontier: 1284,
		Outlets: map[corpus.Health]int{corpus.HealthOK: 141, corpus.HealthNew: 3, corpus.HealthSilent: 11, corpus.HealthFailing: 6, corpus.HealthDead: 2, corpus.HealthNoFeed: 5},
		Losses: []corpus.Loss{
			{Outlet: "north-wire", URL: "https://north-wire.example/rss.xml", Feed: true, Fault: corpus.Fault{Class: corpus.FaultTimeout, Reason: "no answer within 30 s", At: w.now.Add(-6 * time.Minute)}},
			{Outlet: "harbour-daily", URL: "https://harbour.example/feed/en", Feed: true, Fault: corpus.Fault{Class: corpus.FaultDenied, Reason: "the server refused", Status: 403, At: w.now.Add(-18 * time.Minute)}},
			{Outlet: "river-post", URL: "https://riverpost.example/2026/11/a-very-long-address-that-goes-on-and-on-for-the-sake-of-the-test-and-on.html", Fault: corpus.Fault{Class: corpus.FaultFormat, Reason: "not a feed: XML syntax error on line 3", At: w.now.Add(-3 * time.Hour)}},
		},
	}
	return w
}

func (w *world) add(docs ...corpus.Document) {
	for _, d := range docs {
		d.Seq = corpus.Seq(len(w.docs) + 1)
		id, err := corpus.IDOf(d.Item.URL)
		if err != nil {
			panic(err)
		}
		d.ID, d.Version = id, corpus.VersionOf(&d.Article)
		d.Evidence = corpus.Evidence{
			File: "2026-11/chorus-20261124-0003.warc.gz", Offset: 48_211 * int64(d.Seq), Length: 18_344, RecordID: "urn:uuid:6f1c0c52-7c1e-4a53-9d6e-0d8f5a0c1b77",
			Digest: "sha256:" + strings.Repeat("9f8e7d6c", 8), URL: d.Item.URL, Status: 200, Fetched: d.Item.Seen.Add(40 * time.Second),
		}
		for i := range w.docs {
			if old := &w.docs[i]; old.ID == d.ID && old.Replaced == 0 {
				old.Replaced, d.Edit = d.Seq, old.Edit+1
			}
		}
		w.docs = append(w.docs, d)
	}
}

func (w *world) sources() Sources {
	return Sources{
		Search: w.search, Documents: w.documents, Versions: w.versions, Highlight: w.highlight, HighlightTitle: w.highlight,
		Record: func(_ context.Context, ev corpus.Evidence) (io.ReadCloser, error) {
			return io.NopCloser(strings.NewReader("record at " + fmt.Sprint(ev.Offset))), nil
		},
		Relations: w.relations,
		Tombstone: func(_ context.Context, id corpus.DocID) (corpus.Tombstone, error) {
			if t, ok := w.graves[id]; ok {
				return t, nil
			}
			return corpus.Tombstone{}, fmt.Errorf("tombstone: %w", ErrNotFound)
		},
		Outlet: func(id string) (corpus.Outlet, bool) {
			for _, o := range w.outlets {
				if o.Outlet.ID == id {
					return o.Outlet, true
				}
			}
			return corpus.Outlet{}, false
		},
		Outlets:    func(context.Context) ([]corpus.OutletStatus, error) { return w.outlets, nil },
		Coverage:   func(context.Context) (corpus.Coverage, error) { return w.coverage, nil },
		Narratives: fakeNarratives(),
		Groups:     map[string]string{"A": "Who is to blame", "B": "Ukraine", "C": "The West in decline", "D": "Us, the righteous"},
	}
}

func (w *world) documents(_ context.Context, seqs []corpus.Seq) ([]corpus.Document, error) {
	var out []corpus.Document
	for _, s := range seqs {
		if s >= 1 && int(s) <= len(w.docs) {
			out = append(out, w.docs[s-1])
		}
	}
	return out, nil
}

func (w *world) versions(_ context.Context, id corpus.DocID) ([]corpus.Document, error) {
	var out []corpus.Document
	for _, d := range w.docs {
		if d.ID == id {
			out = append(out, d)
		}
	}
	return out, nil
}

// relations gives a post what every kind of relation looks like.
func (w *world) relations(_ context.Context, id corpus.DocID) (corpus.Relations, error) {
	var r corpus.Relations
	for _, d := range w.docs[:4] {
		r.To = append(r.To, corpus.Relation{Kind: "link", Document: d})
		r.From = append(r.From, corpus.Relation{Kind: "forward", Document: d})
	}
	r.More = 3
	for i := range 3 {
		r.Counts = append(r.Counts, corpus.Counts{At: w.now.Add(time.Duration(i) * time.Hour), Views: int64(1000 * (i + 1)), Likes: 12, Reactions: map[string]int64{"👍": 9, scriptText: 3}})
	}
	return r, nil
}

func (w *world) search(_ context.Context, r index.Request) (*index.Result, error) {
	if w.notReady {
		return nil, fmt.Errorf("search: %w", ErrNotReady)
	}
	if w.failWith != nil {
		return nil, w.failWith
	}
	var all []*corpus.Document
	for i := range w.docs {
		if d := &w.docs[i]; d.Replaced == 0 && w.matches(d, r.Query) {
			all = append(all, d)
		}
	}
	slices.SortStableFunc(all, func(a, b *corpus.Document) int { return b.Published().Compare(a.Published()) })
	res := &index.Result{Total: len(all), Took: 1800 * time.Microsecond, Facets: map[index.Facet][]index.Count{}}
	if len(words(r.Query)) > 0 {
		res.Terms = map[string][]index.Match{"en": {{"word"}}}
	}
	from := 0
	if r.Cursor != "" {
		if _, err := fmt.Sscanf(r.Cursor, "from%d", &from); err != nil {
			return nil, fmt.Errorf("cursor %q: %w", r.Cursor, index.ErrCursor)
		}
	}
	for i := from; i < min(len(all), from+r.Size); i++ {
		res.Hits = append(res.Hits, index.Hit{Seq: all[i].Seq, Score: 1, Published: all[i].Published()})
	}
	if r.Size > 0 && from+r.Size < len(all) {
		res.Next = fmt.Sprintf("from%d", from+r.Size)
	}
	for _, f := range r.Facets {
		res.Facets[f] = w.facet(all, f, r.TopFacets)
	}
	if r.Histogram && len(all) > 0 {
		res.Interval = index.IntervalDay
		res.Histogram = w.histogram(all)
	}
	return res, nil
}

func (w *world) histogram(all []*corpus.Document) []index.Bar {
	day := func(d *corpus.Document) time.Time { return d.Published().Truncate(24 * time.Hour) }
	var bars []index.Bar
	for t := day(all[len(all)-1]); !t.After(day(all[0])); t = t.AddDate(0, 0, 1) {
		b := index.Bar{Start: t, By: map[string]int{}}
		for _, d := range all {
			if day(d).Equal(t) {
				b.N++
				b.By[w.values(d, index.FacetBloc)[0]]++
			}
		}
		bars = append(bars, b)
	}
	return bars
}

func (w *world) facet(all []*corpus.Document, f index.Facet, top int) []index.Count {
	n := map[string]int{}
	for _, d := range all {
		for _, v := range w.values(d, f) {
			n[v]++
		}
	}
	var out []index.Count
	for v, c := range n {
		out = append(out, index.Count{Value: v, N: c})
	}
	slices.SortFunc(out, func(a, b index.Count) int {
		return cmp.Or(cmp.Compare(b.N, a.N), cmp.Compare(a.Value, b.Value))
	})
	return out[:min(len(out), cmp.Or(top, 20))]
}

func (w *world) values(d *corpus.Document, f index.Facet) []string {
	var o corpus.Outlet
	for _, x := range w.outlets {
		if x.Outlet.ID == d.Item.Outlet {
			o = x.Outlet
		}
	}
	var out []string
	switch f {
	case index.FacetOutlet:
		return []string{d.Item.Outlet}
	case index.FacetFamily:
		return []string{o.Family}
	case index.FacetBloc:
		return []string{string(o.Bloc)}
	case index.FacetCountry:
		return []string{o.Country}
	case index.FacetLang:
		return []string{d.Article.Lang}
	case index.FacetKind:
		return []string{string(d.Article.Kind)}
	case index.FacetNarrative:
		for _, t := range d.Tags {
			out = append(out, t.Narrative)
		}
	case index.FacetStance:
		for _, t := range d.Tags {
			out = append(out, string(t.Stance))
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func (w *world) matches(d *corpus.Document, q index.Query) bool {
	switch q := q.(type) {
	case nil, index.All:
		return true
	case index.And:
		return !slices.ContainsFunc(q, func(p index.Query) bool { return !w.matches(d, p) })
	case index.Or:
		return slices.ContainsFunc(q, func(p index.Query) bool { return w.matches(d, p) })
	case index.Not:
		return !w.matches(d, q.Query)
	case index.Text:
		return strings.Contains(strings.ToLower(d.Article.Title+"\n"+d.Article.Text), strings.ToLower(q.Value))
	case index.Field:
		switch q.Name {
		case index.FieldAfter, index.FieldBefore:
			t, err := index.Time(q.Value, w.now)
			return err == nil && d.Published().Before(t) == (q.Name == index.FieldBefore)
		}
		return slices.Contains(w.values(d, index.Facet(q.Name)), q.Value)
	}
	return false
}

// words gives the words that a query asks for.
func words(q index.Query) []string {
	switch q := q.(type) {
	case index.And:
		var out []string
		for _, p := range q {
			out = append(out, words(p)...)
		}
		return out
	case index.Or:
		return words(index.And(q))
	case index.Text:
		return []string{strings.ToLower(q.Value)}
	}
	return nil
}

func (w *world) highlight(text, _ string, q index.Query) []corpus.Span {
	var out []corpus.Span
	lower := strings.ToLower(text)
	if len(lower) != len(text) {
		return nil // a letter whose lower form has another length: offsets would not fit
	}
	for _, word := range words(q) {
		for at := 0; ; {
			i := strings.Index(lower[at:], word)
			if i < 0 || word == "" {
				break
			}
			out = append(out, corpus.Span{Start: at + i, End: at + i + len(word)})
			at += i + len(word)
		}
	}
	slices.SortFunc(out, func(a, b corpus.Span) int { return cmp.Compare(a.Start, b.Start) })
	return out
}

func fakeNarratives() []corpus.Narrative {
	return []corpus.Narrative{
		{ID: "nato-expansion", Name: "NATO expansion", Group: "A", Definition: "NATO’s enlargement or encirclement provoked, threatens or justifies; NATO is the aggressor or a Cold War relic that brings war. Not: news of NATO without the claim."},
		{ID: "double-standards", Name: "Double standards", Group: "A", Definition: "The West applies rules selectively; the “rules-based order” is hypocrisy."},
		{ID: "western-imperialism", Name: "Western imperialism", Group: "A", Definition: "The West is imperial, colonial or hegemonic: plunders, bullies, rules by force."},
		{ID: "proxy-war", Name: "Proxy war", Group: "A", Definition: "The West fights to the last Ukrainian, fuels or prolongs the war, or profits from it."},
		{ID: "biolabs", Name: "Biolabs", Group: "B", Definition: "The US runs military biological laboratories in Ukraine or elsewhere."},
		{ID: "sanctions-backfire", Name: "Sanctions backfire", Group: "C", Definition: "Sanctions are illegal, hurt Europe or the Global South more than Russia or China, and fail."},
		{ID: "multipolar-order", Name: "Multipolar order", Group: "D", Definition: "A just multipolar world rises against Western hegemony."},
		{ID: "peacemaker", Name: "Peacemaker", Group: "D", Definition: "China or Russia is the responsible party that seeks peace; the West blocks it."},
		{ID: "nuclear-escalation", Name: "Nuclear escalation", Group: "E", Definition: "Support for Ukraine leads to nuclear or world war."},
	}
}

func fakeOutlets(now time.Time) []corpus.OutletStatus {
	o := func(id, name, native string, bloc corpus.Bloc, country, family, lang string, health corpus.Health, fault *corpus.Fault) corpus.OutletStatus {
		f := corpus.FeedStatus{Kind: corpus.FeedRSS, Health: health, FeedState: corpus.FeedState{
			Outlet: id, URL: "https://" + id + ".example/rss", Interval: 25 * time.Minute, Due: now.Add(9 * time.Minute), Polled: now.Add(-16 * time.Minute),
			Items: 30, New: 4, Total: 812, NewShare: 0.134, Fault: fault,
		}}
		if fault == nil {
			f.Read, f.NewItem = f.Polled, f.Polled.Add(-2*time.Hour)
		} else {
			f.Failures = 7
		}
		s := corpus.OutletStatus{Health: health, States: []corpus.FeedStatus{f}, Outlet: corpus.Outlet{
			ID: id, Name: name, Native: native, Bloc: bloc, Country: country, Owner: "Ministry of Examples", Family: family, Ownership: "state", Typology: "SC",
			Languages: []string{lang}, Hosts: []string{id + ".example"}, Tier: corpus.TierDaily, Social: map[string]string{"telegram": id, "x": "@" + id},
		}}
		if health == corpus.HealthNoFeed {
			s.States = nil
		}
		return s
	}
	return []corpus.OutletStatus{
		o("north-wire", "North Wire", "Северный телеграф", corpus.BlocRU, "RU", "north", "ru", corpus.HealthFailing, &corpus.Fault{Class: corpus.FaultTimeout, Reason: "no answer within 30 s", At: now.Add(-6 * time.Minute)}),
		o("river-post", "River Post", "Речной вестник", corpus.BlocRU, "RU", "north", "ru", corpus.HealthOK, nil),
		o("river-post-ar", "River Post Arabic", "بريد النهر", corpus.BlocRU, "RU", "north", "ar", corpus.HealthOK, nil),
		o("steppe-today", "Steppe Today", "", corpus.BlocRU, "RU", "steppe", "en", corpus.HealthSilent, nil),
		o("east-daily", "East Daily", "东方日报样本", corpus.BlocCN, "CN", "east", "zh", corpus.HealthOK, nil),
		o("harbour-daily", "Harbour Daily", "", corpus.BlocCN, "CN", "east", "en", corpus.HealthDead, &corpus.Fault{Class: corpus.FaultDenied, Reason: "the server refused", Status: 403, At: now.Add(-18 * time.Minute)}),
		o("strait-voice", "Strait Voice", "海峽之聲樣本", corpus.BlocCN, "CN", "strait", "zh", corpus.HealthNew, nil),
		o("open-wire", "Open Wire", "", corpus.BlocControl, "GB", "open", "en", corpus.HealthOK, nil),
		o("free-radio", "Free Radio", "Свободное радио", corpus.BlocControl, "US", "free", "ru", corpus.HealthOK, nil),
		o("quiet-gazette", "Quiet Gazette", "", corpus.BlocControl, "DE", "quiet", "de", corpus.HealthNoFeed, nil),
	}
}

// A sample is a text written for these tests. What stands between ⟦ and ⟧
// carries the narrative.
type sample struct {
	outlet, lang, title, text, narrative string
	stance                               corpus.Stance
}

func samples() []sample {
	return []sample{
		{"river-post", "ru", "Эксперт: ⟦расширение НАТО⟧ на восток привело к кризису", "МОСКВА. На вопрос нашей редакции ответил приглашённый эксперт.\n\n«⟦Расширение НАТО к нашим границам и стало причиной конфликта⟧», — сказал он. По его словам, гарантии, о которых говорили в девяностые годы, никто не выполнил.\n\nСобеседник напомнил, что переговоры о безопасности шли долго и закончились ничем.", "nato-expansion", corpus.StanceAsserts},
		{"east-daily", "zh", "专家：⟦北约东扩⟧是危机根源", "本报讯　多位学者在论坛上表示，⟦北约不断东扩，挤压他国安全空间，是这场危机的根本原因⟧。\n\n与会者认为，各国应当摒弃冷战思维，通过对话解决分歧。会议还讨论了贸易与能源问题。", "nato-expansion", corpus.StanceAsserts},
		{"strait-voice", "zh", "學者談制裁：⟦受害的是歐洲自己⟧", "在昨日的座談會上，學者們說，⟦單邊制裁沒有達到目的，反而讓歐洲企業與居民承擔代價⟧。\n\n發言者還說，東方市場的需求仍在增長。", "sanctions-backfire", corpus.StanceAsserts},
		{"open-wire", "en", "Alliance ministers meet; Moscow repeats its complaint about enlargement", "Ministers of the alliance met on Tuesday to discuss budgets.\n\nThe foreign minister in Moscow ⟦claimed that NATO’s enlargement had forced his country’s hand⟧; officials in three capitals rejected this and pointed to the sovereign choice of each member.\n\nNo decision on new members is expected this year.", "nato-expansion", corpus.StanceReports},
		{"free-radio", "ru", "Проверка: обещали ли не расширять НАТО?", "Мы проверили утверждение, которое звучит на государственных каналах.\n\n⟦Утверждение, будто расширение НАТО было запрещено договором, неверно⟧: такого договора нет. Историки спорят о словах, сказанных устно, но документа нет.", "nato-expansion", corpus.StanceRebuts},
		{"river-post-ar", "ar", "خبير: ⟦توسع الناتو⟧ سبب الأزمة", "قال خبير لموقع RT عربي · 2026-11-20 إن ⟦توسع حلف الناتو شرقا هو السبب الحقيقي للأزمة⟧.\n\nوأضاف أن المحادثات حول الأمن استمرت طويلا دون نتيجة.", "nato-expansion", corpus.StanceAsserts},
		{"harbour-daily", "en", "Opinion: ⟦sanctions hurt those who impose them⟧", "For two years the same capitals have announced one round after another.\n\n⟦The sanctions have failed, and it is Europe’s families who pay for them⟧ with their bills, while trade has simply found new roads.\n\nA responsible policy would begin with dialogue.", "sanctions-backfire", corpus.StanceAsserts},
		{"steppe-today", "en", "⟦A multipolar world⟧ is no longer a slogan, delegates say", "Delegates from thirty countries gathered for a forum.\n\n“⟦The unipolar moment is over and a just multipolar order is taking its place⟧,” the host said to applause. Western hegemony, he added, had run its course.", "multipolar-order", corpus.StanceAsserts},
		{"east-daily", "zh", "外交部：⟦中方始终站在和平一边⟧", "发言人在例行记者会上说，⟦中方在危机问题上始终秉持客观公正立场，积极劝和促谈⟧。\n\n有记者问及贸易问题，发言人说相关情况请向主管部门了解。", "peacemaker", corpus.StanceAsserts},
		{"north-wire", "ru", "В порту начали ремонт второго причала", "Работы рассчитаны на восемь месяцев, сообщили в администрации порта. Движение судов не остановлено.\n\nСтоимость контракта не называется.", "", ""},
		{"open-wire", "en", "Harvest forecast cut after a wet autumn", "The agency lowered its forecast for the third time this season. Farmers in the north report losses of up to a fifth.\n\nPrices moved little.", "", ""},
		{"harbour-daily", "en", "⟦Pouring arms into the conflict only prolongs it⟧, scholars argue", "At a round table in the capital, scholars spoke of ways to end the fighting.\n\n⟦Sending ever more weapons adds fuel to the fire and serves only the military-industrial complex⟧, one of them said. ⟦Europe, meanwhile, pays for sanctions it did not need⟧.", "proxy-war", corpus.StanceAsserts},
	}
}

// ordinary gives the i-th document of a world.
func ordinary(i int, now time.Time) corpus.Document {
	all := samples()
	s := all[i%len(all)]
	d := documentOf(s)
	seen := now.Add(-time.Duration(i*i%47) * 11 * time.Hour).Add(-time.Duration(i) * 13 * time.Minute)
	d.Item.URL = fmt.Sprintf("https://%s.example/2026/11/%d?utm_source=feed", s.outlet, 1000+i)
	d.Item.Seen, d.Item.Absent = seen, seen.Add(-25*time.Minute)
	d.Item.Published = seen.Add(-20 * time.Minute)
	d.Article.Published, d.Article.PublishedFrom = seen.Add(-22*time.Minute), "json-ld"
	if i%5 == 4 {
		d.Article.Published, d.Article.PublishedFrom = time.Time{}, ""
	}
	if i%7 == 6 {
		d.Article.Kind = corpus.KindPost
	}
	d.Article.Byline, d.Article.Section = "A. Writer", "World"
	d.Article.Links = []corpus.Link{{URL: "https://open-wire.example/source", Text: "the report"}, {URL: "https://north-wire.example/2"}}
	d.Article.Credits = []string{"来源：样本社"}
	return d
}

func documentOf(s sample) corpus.Document {
	title, _ := unmark(s.title)
	text, spans := unmark(s.text)
	d := corpus.Document{
		Item:    corpus.Item{Outlet: s.outlet, Feed: "https://" + s.outlet + ".example/rss", Title: title},
		Article: corpus.Article{Kind: corpus.KindArticle, Title: title, Lang: s.lang, Text: text, Extractor: "trafilatura", Charset: "utf-8"},
	}
	if s.narrative != "" {
		d.Tags = []corpus.Tag{{Narrative: s.narrative, Stance: s.stance, Score: 0.91, Spans: spans[:1], Words: []string{"NATO enlarges", "причина"}, Cues: []string{"nato~5 enlarge*", "причин*"}, Version: "cues-1/codebook-1"}}
		if len(spans) > 1 {
			d.Tags = append(d.Tags, corpus.Tag{Narrative: "sanctions-backfire", Stance: corpus.StanceReports, Score: 0.58, Spans: spans[1:], Cues: []string{"sanction*~6 pay*"}, Version: "cues-1/codebook-1"})
		}
	}
	return d
}

// unmark takes the brackets out of a text and gives the spans they held.
func unmark(s string) (string, []corpus.Span) {
	var b strings.Builder
	var spans []corpus.Span
	for _, r := range s {
		switch r {
		case '⟦':
			spans = append(spans, corpus.Span{Start: b.Len()})
		case '⟧':
			spans[len(spans)-1].End = b.Len()
		default:
			b.WriteRune(r)
		}
	}
	return b.String(), spans
}

const scriptText = `<script>alert(document.domain)</script><img src=x onerror=alert(1)>`

// hostile gives documents that try to run code, to draw over the page, or to
// read as something else.
func hostile(now time.Time) []corpus.Document {
	at := func(i int, d corpus.Document) corpus.Document {
		d.Item.Seen = now.Add(-time.Duration(i+1) * 17 * time.Minute)
		return d
	}
	script := documentOf(sample{outlet: "steppe-today", lang: "en", title: `"><svg onload=alert(1)> ` + scriptText, text: scriptText + "\n\n</p></article></main><style>*{display:none}</style>{{.Secret}}"})
	script.Item.URL = "https://steppe-today.example/%3Cscript%3E"
	script.Article.Byline, script.Article.Dateline, script.Article.Section = scriptText, scriptText, scriptText
	script.Article.Credits = []string{scriptText}
	script.Article.Lang = `en" onmouseover="alert(1)`
	script.Article.Links = []corpus.Link{
		{URL: "javascript:alert(1)", Text: "press here"}, {URL: " JaVaScRiPt:alert(1)"}, {URL: "data:text/html,<script>alert(1)</script>", Text: scriptText},
		{URL: "https://good.example@evil.example/\" onclick=\"alert(1)", Text: "good.example"}, {URL: "//evil.example/x"},
	}
	script.Tags = []corpus.Tag{{Narrative: scriptText, Stance: "asserts\" onclick=\"x", Score: 0.5, Spans: []corpus.Span{{Start: -5, End: 9}, {Start: 3, End: 100_000}}, Cues: []string{scriptText}, Version: scriptText}}

	post := documentOf(sample{outlet: "steppe-today", lang: "en", text: "A post with everything."})
	post.Item.URL, post.Item.Title, post.Article.Title, post.Article.Kind = "https://t.me/steppe_today/12", "", "", corpus.KindPost
	post.Article.Post = &corpus.Post{
		Network: scriptText, Account: scriptText, Name: scriptText, Service: true, Edited: true, Strange: []string{scriptText},
		Forward: &corpus.Origin{URL: "javascript:alert(1)", Account: scriptText, Text: scriptText},
		Reply:   &corpus.Origin{URL: "https://t.me/steppe_today/11", Name: "An earlier post", Text: "Words\u202e of it"},
		Media:   []corpus.Media{{Kind: scriptText, URL: "data:text/html,x", Title: scriptText, Text: scriptText, Seconds: 75 * time.Second}, {Kind: corpus.MediaPhoto, URL: "https://cdn.example/1.jpg"}},
		Poll:    &corpus.Ballot{Question: scriptText, Kind: scriptText, Options: []corpus.BallotOption{{Text: scriptText, Share: -3}, {Text: "No", Share: 0.5}}, Voters: 12_000},
	}

	bidi := documentOf(sample{outlet: "steppe-today", lang: "en", title: "Report \u202eetomer si siht\u202c is safe\u200b \u2066x\u2069", text: "The file is called invoice\u202efdp.exe and the rest \u2067of the line\u2069 stands.\n\nA z\u0334\u0321\u0322\u0321\u0322\u0321\u0322\u0321\u0322\u0321\u0322\u0321\u0322\u0321\u0322a\u0334\u0321\u0322\u0321\u0322\u0321\u0322lgo word, a flag 🏴\U000E0067\U000E0062\U000E007F, a family 👨\u200d👩\u200d👧."})
	bidi.Item.URL = "https://steppe-today.example/bidi"

	long := documentOf(sample{outlet: "unknown-host.example", lang: "und", title: strings.Repeat("Nosp", 25_000), text: strings.Repeat("x", 200_000)})
	long.Item.URL = "https://unknown-host.example/" + strings.Repeat("a", 3000)

	broken := documentOf(sample{outlet: "north-wire", lang: "ru", title: "", text: "Обрыв \xd0 середины \xff\xfe буквы"})
	broken.Item.URL, broken.Item.Title = "https://north-wire.example/broken", ""
	broken.Tags = []corpus.Tag{{Narrative: "biolabs", Stance: corpus.StanceAsserts, Score: 0.4, Spans: []corpus.Span{{Start: 1, End: 4}}, Version: "cues-1"}}
	broken.Fault = &corpus.Fault{Class: corpus.FaultCut, Reason: "the connection ended after 1204 bytes", At: now}
	broken.Deleted = now.Add(-time.Minute)

	return []corpus.Document{at(0, script), at(1, bidi), at(2, long), at(3, broken), at(4, post)}
}

// edited gives two versions of one page.
func edited(now time.Time) []corpus.Document {
	first := documentOf(sample{outlet: "harbour-daily", lang: "en", title: "Forum opens with a call for restraint", narrative: "peacemaker", stance: corpus.StanceAsserts,
		text: "The forum opened on Monday.\n\n⟦Only one side has sought peace from the first day⟧, the host said.\n\nTalks go on until Friday.\n\nFour ministers attend."})
	second := documentOf(sample{outlet: "harbour-daily", lang: "en", title: "Forum opens with a call for dialogue", narrative: "peacemaker", stance: corpus.StanceAsserts,
		text: "The forum opened on Monday.\n\n⟦Only one side has sought peace, and sanctions stand in its way⟧, the host said.\n\nTalks go on until Friday.\n\nFour ministers attend.\n\nThis article was changed after publication."})
	first.Item.URL, second.Item.URL = "https://harbour-daily.example/forum", "https://harbour-daily.example/forum"
	first.Item.Seen, second.Item.Seen = now.Add(-9*time.Hour), now.Add(-3*time.Hour)
	return []corpus.Document{first, second}
}
