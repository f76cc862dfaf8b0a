package classify

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"unicode/utf8"

	"chorus/corpus"

	"github.com/google/go-cmp/cmp"
)

// labels gives the tags of a text as "narrative/stance", for tables.
func labels(tags []corpus.Tag) []string {
	var out []string
	for _, t := range tags {
		out = append(out, t.Narrative+"/"+string(t.Stance))
	}
	return out
}

func TestDecidedCases(t *testing.T) {
	c := builtin(t)
	for _, tt := range []struct {
		why, text string
		bloc      corpus.Bloc
		want      []string
	}{
		{"bloc confrontation without NATO", "We oppose bloc confrontation and small circles, the spokesman said.", corpus.BlocCN, []string{"china-containment/asserts"}},
		{"bloc confrontation with NATO", "NATO is bringing bloc confrontation to the region.", corpus.BlocCN, []string{"nato-expansion/asserts"}},
		{"bloc confrontation with an Asian NATO", "美国企图打造亚洲版北约，挑动集团对抗。", corpus.BlocCN, []string{"nato-expansion/asserts"}},
		{"small yard, high fence", "“小院高墙”只会害人害己。", corpus.BlocCN, []string{"china-containment/asserts"}},
		{"shared future in a bilateral note", "The two leaders exchanged congratulations and pledged to build a community with a shared future.", corpus.BlocCN, nil},
		{"win-win in a bilateral note", "两国元首同意深化互利共赢合作，共建命运共同体。", corpus.BlocCN, nil},
		{"shared future as a claim about the order", "Against hegemony, the idea of a community with a shared future for mankind points the way to a new world order.", corpus.BlocCN, []string{"multipolar-order/asserts"}},
		{"hegemonism without an actor", "The parties oppose hegemonism and power politics.", corpus.BlocCN, []string{"western-imperialism/asserts"}},
		{"membership unacceptable, attributed", "Ukraine's membership in NATO is unacceptable, Peskov said.", corpus.BlocRU, []string{"nato-expansion/reports"}},
		{"membership unacceptable, attributed", "Песков заявил, что вступление Украины в НАТО неприемлемо.", corpus.BlocRU, []string{"nato-expansion/reports"}},
		{"crimes of Ukraine's army", "Ukrainian troops executed captured Russian soldiers, the committee said.", corpus.BlocRU, []string{"ukraine-atrocities-staged/asserts"}},
		{"terror acts against civilians", "Киевский режим совершил теракт против мирных жителей.", corpus.BlocRU, []string{"ukraine-atrocities-staged/asserts"}},
		{"an act against an officer", "Генерал-лейтенант погиб в Москве при взрыве, СК назвал это терактом украинских спецслужб.", corpus.BlocRU, nil},
		{"special operation as a name", "The medal is given to participants of the special operation to protect Donbas.", corpus.BlocRU, nil},
		{"special operation with genocide", "The special operation protects the people of Donbas, who suffered eight years of genocide by Kiev.", corpus.BlocRU, []string{"donbas-genocide/asserts"}},
		{"words of two items of a list", "NATO opens its summit\nExpansion of the metro provokes anger\nRussia beats Finland", corpus.BlocRU, nil},
		{"hypocrisy without comparison", "The opposition called the minister's remarks on the strike hypocritical.", corpus.BlocControl, nil},
		{"crime news", "Three people were shot in Chicago on Sunday night, police said.", corpus.BlocControl, nil},
		{"crime news, Chinese", "美国芝加哥发生枪击事件，三人受伤。", corpus.BlocCN, nil},
		{"a capability", "Our new missile can destroy any target in Europe, Putin said.", corpus.BlocRU, nil},
		{"a warning that support leads there", "Arming Kiev leads straight to a third world war.", corpus.BlocRU, []string{"nuclear-escalation/asserts"}},
		{"a denial printed as news", "The Pentagon denies running military biological laboratories in Ukraine.", corpus.BlocControl, []string{"biolabs/rebuts"}},
		{"a quotation that is mocked", "The so-called \"denazification of Ukraine\" has cost Russia dear.", corpus.BlocControl, []string{"ukraine-nazi/rebuts"}},
	} {
		got := labels(c.Tags(Input{Text: tt.text, Bloc: tt.bloc}))
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s: tags of %q (-want +got):\n%s", tt.why, tt.text, diff)
		}
	}
}

// Texts that real channels were wrongly tagged for, rewritten.
func TestTopicIsNoClaim(t *testing.T) {
	c := builtin(t)
	for _, text := range []string{
		"NATO held an exercise in Norway.",
		"Суд оштрафовал компанию на три миллиона рублей за отказ удалить страницу.",
		"Десяток яиц подорожал до 90 рублей вместо 75.",
		"Новый метод устраняет первопричину диабета.",
		"Суд приговорил гражданина Украины к десяти годам колонии строгого режима.",
		"Мы решили подлить масла в огонь и собрали десять причин любить Linux.",
		"The theatre's new production was staged by a young director in Kazan.",
		"This decade the economy will change, and the decades to come will show it.",
		"The Nazis ravaged the Ukrainian capital in the Second World War.",
		"Russia is prepared to hold talks on joining the WTO.",
		"Swift Playgrounds is an app that teaches programming.",
		"Приговорённый к смерти американец попросил сигарету.",
		"A cold front brings storms; the attack of the home side came to nothing.",
		"冷锋过境，北方大部有雪；主队进攻乏力。",
		"Лавров надеется, что на Западе прочитают обновлённую ядерную доктрину.",
	} {
		for _, bloc := range []corpus.Bloc{corpus.BlocRU, corpus.BlocControl, ""} {
			if got := c.Tags(Input{Text: text, Bloc: bloc}); len(got) > 0 {
				t.Errorf("%q is tagged %v by %q", text, labels(got), got[0].Cues)
			}
		}
	}
}

func TestDisguisedWordsAreRead(t *testing.T) {
	c := builtin(t)
	plain := "Расширение НАТО на восток спровоцировало кризис"
	for _, text := range []string{
		plain,
		strings.Replace(plain, "НАТО", "НАТO", 1),                   // Latin O
		strings.Replace(plain, "Расширение", "Рас\u00adширение", 1), // soft hyphen
		strings.Replace(plain, "восток", "вос\u200bток", 1),         // zero width space
		strings.Replace(plain, "Расширение", "Paсширение", 1),       // Latin P and a
		strings.ToUpper(plain),
		"Расширение «НАТО» на восток спровоцировало кризис",
		"ＮＡＴＯ expansion has provoked the war",
		"N.A.T.O. expansion has provoked the war",
		"北約東擴是烏克蘭危機的根源", // traditional
	} {
		got := labels(c.Tags(Input{Text: text, Bloc: corpus.BlocRU}))
		if !slices.Contains(got, "nato-expansion/asserts") {
			t.Errorf("tags of %q = %v, want nato-expansion", text, got)
		}
	}
}

func TestSpanIsTheClauseInTheOriginal(t *testing.T) {
	c := builtin(t)
	text := "На брифинге сказали прямо: расшире\u00adние НАТO спровоцировало войну, и спорить не о чем."
	tags := c.Tags(Input{Text: text, Bloc: corpus.BlocRU})
	if len(tags) != 1 || len(tags[0].Spans) != 1 {
		t.Fatalf("tags = %+v, want one with one span", tags)
	}
	s := tags[0].Spans[0]
	if got, want := text[s.Start:s.End], "расшире\u00adние НАТO спровоцировало войну"; got != want {
		t.Errorf("span is %q, want %q", got, want)
	}
}

func TestClaimInTheTitleAloneHasNoSpan(t *testing.T) {
	c := builtin(t)
	tags := c.Tags(Input{Title: "NATO's endless expansion provoked this war", Text: "Read more tomorrow.", Bloc: corpus.BlocRU})
	if len(tags) != 1 || tags[0].Narrative != "nato-expansion" || tags[0].Spans == nil || len(tags[0].Spans) != 0 {
		t.Errorf("tags = %+v, want nato-expansion with an empty list of spans", tags)
	}
}

func TestWeakCueNeedsCompany(t *testing.T) {
	entries := load(t, "test.yaml", "id: test\nname: T\ngroup: A\ndefinition: d\ncues:\n  en:\n    weak: |\n      apple\n      pear\n    context: |\n      orchard\n    never: |\n      cider\n")
	c, err := New(entries)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		text string
		want int
	}{
		{"An apple.", 0},
		{"An apple and an apple.", 0},
		{"An apple and a pear.", 1},
		{"An apple fell. A pear fell.", 1},
		{"An apple fell. It rained. A pear fell.", 0},
		{"An apple in the orchard.", 1},
		{"An apple. An orchard.", 0},
		{"Apple and pear cider.", 0},
	} {
		if got := c.Tags(Input{Text: tt.text}); len(got) != tt.want {
			t.Errorf("%q has %d tags, want %d", tt.text, len(got), tt.want)
		}
	}
}

func load(t *testing.T, name, src string) []Entry {
	t.Helper()
	entries, err := Load(fstest.MapFS{name: {Data: []byte(src)}})
	if err != nil {
		t.Fatal(err)
	}
	return entries
}

func TestLoadReportsEveryMistakeWithItsPlace(t *testing.T) {
	src := "id: other\nname: T\ngroup: A\ndefinition: d\nflavour: sour\ncues:\n  en:\n    strong: |\n      good cue\n      @nosuch word\n      {open\n      ~3 gap\n      word ~99 word\n      word + x\n    mild: |\n      x\n"
	_, err := Load(fstest.MapFS{"bad.yaml": {Data: []byte(src)}})
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{
		`bad.yaml:5:1: unknown key "flavour"`,
		"bad.yaml:10:7: cue \"@nosuch word\": no word family @nosuch for language en: define it in groups.yaml",
		`bad.yaml:11:12: cue "{open": the group is not closed`,
		`bad.yaml:12:7: cue "~3 gap": a cue cannot begin with a gap`,
		`bad.yaml:13:15: cue "word ~99 word": want a number of tokens from 0 to 40`,
		`bad.yaml:14:13: cue "word + x": want { or @ after the sign`,
		`bad.yaml:15:5: unknown level "mild"`,
		`bad.yaml:1:1: id is "other": want "bad"`,
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error lacks %q:\n%v", want, err)
		}
	}
}

func TestNarrativeMayBeCalledLikeAFileOfOurs(t *testing.T) {
	entries := load(t, "concepts-of-war.yaml", "id: concepts-of-war\nname: N\ngroup: A\ndefinition: d\ncues:\n  en:\n    strong: |\n      salt tax\n")
	if len(entries) != 1 || entries[0].Narrative.ID != "concepts-of-war" {
		t.Errorf("entries are %+v, want the one of the file", entries)
	}
}

func TestMergeReplacesAndAdds(t *testing.T) {
	base, err := Builtin()
	if err != nil {
		t.Fatal(err)
	}
	over := load(t, "biolabs.yaml", "id: biolabs\nname: Mine\ngroup: B\norder: 9\ndefinition: d\ncues:\n  en:\n    strong: |\n      purple zebra\n")
	over = append(over, load(t, "own.yaml", "id: own\nname: Own\ngroup: E\ndefinition: d\ncues:\n  en:\n    strong: |\n      @nato ~3 zebra\n")...)
	c, err := New(Merge(base, over))
	if err != nil {
		t.Fatal(err)
	}
	ns := c.Narratives()
	if len(ns) != 26 || ns[8].Name != "Mine" || ns[25].ID != "own" {
		t.Errorf("narratives are %v", ns)
	}
	if got := labels(c.Tags(Input{Text: "A purple zebra. NATO saw a zebra."})); !slices.Equal(got, []string{"biolabs/asserts", "own/asserts"}) {
		t.Errorf("tags = %v", got)
	}
	if c.Version() == builtin(t).Version() {
		t.Error("the version does not tell the codebooks apart")
	}
}

func TestBuiltinCodebookIsWhole(t *testing.T) {
	c := builtin(t)
	ids := []string{"nato-expansion", "double-standards", "western-imperialism", "proxy-war", "colour-revolution", "ukraine-nazi", "ukraine-illegitimate",
		"ukraine-atrocities-staged", "biolabs", "donbas-genocide", "sanctions-backfire", "europe-vassal", "western-decline", "western-media-lies", "russophobia",
		"china-containment", "multipolar-order", "dedollarisation", "peacemaker", "friendship-no-limits", "dual-use-denial", "global-south-sides",
		"nuclear-escalation", "wwii-memory", "taiwan-next"}
	var got []string
	for _, n := range c.Narratives() {
		got = append(got, n.ID)
	}
	if diff := cmp.Diff(ids, got); diff != "" {
		t.Error(diff)
	}
	for _, e := range c.entries {
		n := map[string]int{}
		for _, cue := range e.Cues {
			n[cue.Lang]++
		}
		for _, lang := range []string{"en", "ru", "zh"} {
			if n[lang] < 10 {
				t.Errorf("%s has %d cues for %s", e.Narrative.ID, n[lang], lang)
			}
		}
	}
}

// A cue that repeats another, in any level, is a mistake of its author.
func TestNoCueIsWrittenTwice(t *testing.T) {
	for _, e := range builtin(t).entries {
		seen := map[string]string{}
		for _, cue := range e.Cues {
			if cue.Level != Strong && cue.Level != Weak {
				continue
			}
			if at := seen[cue.Name()]; at != "" {
				t.Errorf("%s: %q stands at %s already", cue.Place, cue.Source, at)
			}
			seen[cue.Name()] = cue.Place
		}
	}
}

func TestAnyInputIsAnswered(t *testing.T) {
	c := builtin(t)
	binary := make([]byte, 1<<16)
	rng := rand.New(rand.NewPCG(1, 2))
	for i := range binary {
		binary[i] = byte(rng.Uint32())
	}
	for name, text := range map[string]string{
		"empty":     "",
		"binary":    string(binary),
		"rtl":       "حلف الناتو \u202e НАТО расширение \u202c",
		"no breaks": strings.Repeat("a", 1<<20),
		"one cue":   strings.Repeat("nato ", 1<<17),
		"large":     strings.Repeat("NATO expansion provoked the war in Ukraine. ", 10<<20/44),
	} {
		checkSpans(t, name, text, c.Tags(Input{Text: text}))
	}
	var none *Classifier
	if none.Tags(Input{Text: "x"}) != nil || none.Version() != "" || none.Narratives() != nil {
		t.Error("a nil classifier has found something")
	}
}

func checkSpans(t *testing.T, name, text string, tags []corpus.Tag) {
	t.Helper()
	seen := map[string]bool{}
	for _, tag := range tags {
		key := tag.Narrative + string(tag.Stance)
		if seen[key] || tag.Score < DefaultThreshold || tag.Score > 1 || len(tag.Words) == 0 {
			t.Errorf("%s: bad tag %+v", name, tag)
		}
		seen[key] = true
		last := -1
		for _, s := range tag.Spans {
			if s.Start <= last || s.End <= s.Start || s.End > len(text) || !boundary(text, s.Start) || !boundary(text, s.End) {
				t.Errorf("%s: bad span %+v of %s", name, s, tag.Narrative)
			}
			last = s.End
		}
	}
}

func boundary(text string, i int) bool {
	return i == len(text) || utf8.RuneStart(text[i])
}

func TestTagsDoNotDependOnWhatWasReadBefore(t *testing.T) {
	c := builtin(t)
	examples := readGold(t)
	want := make([][]corpus.Tag, len(examples))
	for i, e := range examples {
		want[i] = c.Tags(Input{Text: e.Text, Bloc: e.Bloc})
	}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for i := len(examples) - 1; i >= 0; i-- {
				if got := c.Tags(Input{Text: examples[i].Text, Bloc: examples[i].Bloc}); !cmp.Equal(got, want[i]) {
					t.Errorf("%s: tags differ on a second reading", examples[i].ID)
				}
			}
		})
	}
	wg.Wait()
}

func TestStanceFollowsTheWordsAround(t *testing.T) {
	c := builtin(t)
	for _, tt := range []struct {
		text string
		bloc corpus.Bloc
		want corpus.Stance
	}{
		{"NATO expansion provoked the war.", corpus.BlocRU, corpus.StanceAsserts},
		{"NATO expansion provoked the war, Lavrov stressed.", corpus.BlocRU, corpus.StanceAsserts},
		{"NATO expansion provoked the war, Lavrov said.", corpus.BlocControl, corpus.StanceReports},
		{"Lavrov claimed that NATO expansion provoked the war.", corpus.BlocControl, corpus.StanceReports},
		{"NATO expansion provoked the war, Lavrov said. Kyiv rejected this.", corpus.BlocRU, corpus.StanceReports},
		{"There is no evidence that NATO expansion provoked the war.", corpus.BlocControl, corpus.StanceRebuts},
		{"NATO expansion did not provoke the war.", corpus.BlocControl, corpus.StanceRebuts},
		{"NATO expansion provoked the war, they say. This is false.", corpus.BlocControl, corpus.StanceRebuts},
		{"Fact check: did NATO expansion provoke the war?", corpus.BlocControl, corpus.StanceRebuts},
		{"Расширение НАТО спровоцировало войну.", corpus.BlocRU, corpus.StanceAsserts},
		{"По версии Кремля, расширение НАТО спровоцировало войну.", corpus.BlocControl, corpus.StanceReports},
		{"Это миф о том, что расширение НАТО спровоцировало войну.", corpus.BlocControl, corpus.StanceRebuts},
		{"Расширение НАТО не угрожает России.", corpus.BlocControl, corpus.StanceRebuts},
		{"北约东扩引发了冲突。", corpus.BlocCN, corpus.StanceAsserts},
		{"莫斯科声称北约东扩引发了冲突。", corpus.BlocControl, corpus.StanceReports},
		{"北约东扩引发冲突的说法与事实不符。", corpus.BlocControl, corpus.StanceRebuts},
		{"西方关于布查的报道是谎言，布查惨案是西方导演的摆拍。", corpus.BlocRU, corpus.StanceAsserts},
	} {
		tags := c.Tags(Input{Text: tt.text, Bloc: tt.bloc})
		if len(tags) == 0 || tags[0].Stance != tt.want {
			t.Errorf("tags of %q = %v, want %s", tt.text, labels(tags), tt.want)
		}
	}
}

func FuzzTags(f *testing.F) {
	for _, e := range readGold(f)[:60] {
		f.Add(e.Text)
	}
	f.Add("НАТO\u00ad расши\u200bрение \xff\xfe угрожает")
	f.Add("北約東擴 U.S. U.S U. \u0301\u0306и\u0306 ’s 's. ...")
	c, err := Default()
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text string) {
		checkSpans(t, "fuzz", text, c.Tags(Input{Title: text, Text: text}))
	})
}

// The weather, sport and programming channels of a real collection must carry
// next to nothing.
func TestPlainChannelsCarryNothing(t *testing.T) {
	shared := os.Getenv("CHORUS_SHARED")
	if shared == "" {
		shared = "../../shared"
	}
	raw, err := os.ReadFile(filepath.Join(shared, "corpora", "telegram_ru_news.jsonl.gz"))
	if err != nil {
		t.Skip("no shared corpora: set CHORUS_SHARED to their folder")
	}
	z, err := gzip.NewReader(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	c := builtin(t)
	plain := []string{"Naked Science", "Библиотека Go разработчика | Golang", "Библиотека питониста | Python, Django, Flask", "Типичный программист", "Москва с огоньком", "Москва Live"}
	posts, tagged := 0, 0
	for in := json.NewDecoder(z); in.More(); {
		var p struct{ Channel, Text string }
		if err := in.Decode(&p); err != nil {
			t.Fatal(err)
		}
		if !slices.Contains(plain, p.Channel) {
			continue
		}
		posts++
		if tags := c.Tags(Input{Text: p.Text, Bloc: corpus.BlocRU}); len(tags) > 0 {
			tagged++
			t.Logf("%s: %v by %q", p.Channel, labels(tags), tags[0].Cues)
		}
	}
	if tagged*500 > posts {
		t.Errorf("%d of %d posts of channels about science, code and city life are tagged", tagged, posts)
	}
}
