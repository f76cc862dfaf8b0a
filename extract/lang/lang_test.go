package lang

import (
	"bufio"
	"os"
	"strings"
	"testing"
)

// sentences reads testdata/sentences.tsv: a language and a sentence in it.
func sentences(tb testing.TB) [][2]string {
	tb.Helper()
	f, err := os.Open("testdata/sentences.tsv")
	if err != nil {
		tb.Fatal(err)
	}
	defer f.Close()
	var list [][2]string
	for lines := bufio.NewScanner(f); lines.Scan(); {
		code, text, ok := strings.Cut(lines.Text(), "\t")
		if !ok {
			tb.Fatalf("line without tab: %q", lines.Text())
		}
		list = append(list, [2]string{code, text})
	}
	return list
}

func TestIdentifyTellsSentences(t *testing.T) {
	for _, s := range sentences(t) {
		if got, margin := Identify(s[1]); got != s[0] || margin <= 0 {
			t.Errorf("Identify(%q) = %s, %.3f, want %s", s[1], got, margin, s[0])
		}
	}
}

func TestIdentifyHoldsInLongText(t *testing.T) {
	long := map[string]string{}
	for _, s := range sentences(t) {
		long[s[0]] += strings.Repeat(s[1]+" ", 20)
	}
	for code, text := range long {
		if got, _ := Identify(text); got != code {
			t.Errorf("Identify of %d bytes of %s = %s", len(text), code, got)
		}
	}
}

func TestIdentifyIgnoresForeignNames(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"中国外交部发言人就 North Atlantic Treaty Organization 秘书长讲话答记者问", "zh"},
		{"По данным The New York Times, в Вашингтоне готовят новый пакет санкций", "ru"},
		{"В газете «Українська правда» вышла статья о положении на рынке зерна и о ценах этой осенью", "ru"},
		{"据日本《読売新聞》报道，日本政府将于下月公布新的防务预算", "zh"},
		{"Министр Қасым-Жомарт Тоқаев выступил в Астане с ежегодным посланием к народу", "ru"},
	} {
		if got, _ := Identify(c.text); got != c.want {
			t.Errorf("Identify(%q) = %s, want %s", c.text, got, c.want)
		}
	}
}

func TestIdentifyWithoutLetters(t *testing.T) {
	for _, text := range []string{"", "  ", "2026-11-24 12:00", "!?…", "\xff\xfe", "😀😀"} {
		if got, margin := Identify(text); got != Undetermined || margin != 0 {
			t.Errorf("Identify(%q) = %s, %v, want %s, 0", text, got, margin, Undetermined)
		}
	}
}

// The table must be that which gen makes of ELD's: a wrong byte in the
// dictionary would go unseen in languages with few other letters.
func TestTableKnowsEveryLanguage(t *testing.T) {
	table := loaded()
	grams := make([]int, len(table.codes))
	for _, k := range table.keys {
		if k == 0 {
			continue
		}
		for s := table.scores(k); len(s) > 0; s = s[2:] {
			grams[s[0]]++
		}
	}
	for i, n := range grams {
		if n < 400 {
			t.Errorf("%s has %d n-grams", table.codes[i], n)
		}
	}
	if len(table.codes) != 34 {
		t.Errorf("the table has %d languages, want 34", len(table.codes))
	}
}

func FuzzIdentify(f *testing.F) {
	for _, s := range sentences(f) {
		f.Add(s[1])
	}
	f.Add("ҐЄ \xd0")
	f.Add("\xf0\x9f")
	f.Fuzz(func(t *testing.T, text string) {
		code, margin := Identify(text)
		if code == "" || margin < 0 || margin > 1 {
			t.Errorf("Identify(%q) = %q, %v", text, code, margin)
		}
		if again, _ := Identify(text); again != code {
			t.Errorf("Identify(%q) = %s, then %s", text, code, again)
		}
	})
}

func BenchmarkIdentify(b *testing.B) {
	list := sentences(b)
	Identify(list[0][1])
	n := 0
	for b.Loop() {
		Identify(list[n%len(list)][1])
		n++
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "sentences/s")
}
