package body

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
	unicodeenc "golang.org/x/text/encoding/unicode"
	"golang.org/x/text/encoding/unicode/utf32"
)

const (
	russian  = "Губернатор сообщил, что в городе открыли новый мост через реку; движение пустят в пятницу."
	chinese  = "市政府昨天宣布，跨江大桥将于星期五通车，居民可以免费乘坐公共汽车过桥。"
	taiwan   = "市政府昨天宣布，跨江大橋將於星期五通車，居民可以免費搭乘公車過橋。"
	japan    = "市は昨日、新しい橋が金曜日に開通すると発表した。住民はバスに無料で乗ることができる。"
	korea    = "시는 어제 새 다리가 금요일에 개통된다고 발표했다. 주민은 버스를 무료로 탈 수 있다."
	french   = "Le maire a annoncé hier que le pont serait ouvert à la circulation dès vendredi, après l'été."
	polish   = "Władze ogłosiły wczoraj, że nowy most na rzece zostanie otwarty w piątek dla pieszych."
	hellenic = "Ο δήμαρχος ανακοίνωσε χθες ότι η νέα γέφυρα θα ανοίξει την Παρασκευή για όλους."
	arabic   = "أعلنت المدينة أمس أن الجسر الجديد سيفتح يوم الجمعة أمام جميع السكان مجانا."
	ukrainia = "Мер повідомив, що новий міст через річку відкриють у п'ятницю, проїзд буде безкоштовний."
)

func encode(t testing.TB, enc encoding.Encoding, text string) []byte {
	t.Helper()
	out, err := enc.NewEncoder().Bytes([]byte(text))
	if err != nil {
		t.Fatalf("encode %q: %v", text, err)
	}
	return out
}

func page(head, text string) string {
	return "<!doctype html><html><head>" + head + "<title>" + text + "</title></head><body><p>" + text + "</p></body></html>"
}

func TestUTF8ReadsDeclaredCharsets(t *testing.T) {
	cases := []struct {
		label, want, text string
		enc               encoding.Encoding
	}{
		{"windows-1251", "windows-1251", russian, charmap.Windows1251},
		{"CP1251", "windows-1251", ukrainia, charmap.Windows1251},
		{"koi8-r", "koi8-r", russian, charmap.KOI8R},
		{"KOI8-U", "koi8-u", ukrainia, charmap.KOI8U},
		{"iso-8859-5", "iso-8859-5", russian, charmap.ISO8859_5},
		{"ibm866", "ibm866", russian, charmap.CodePage866},
		{"gb2312", "gb18030", chinese, simplifiedchinese.GBK},
		{"GBK", "gb18030", chinese, simplifiedchinese.GBK},
		{"gb18030", "gb18030", chinese + "𠮷", simplifiedchinese.GB18030},
		{"gb2312", "gb18030", chinese + "𠮷", simplifiedchinese.GB18030},
		{"big5", "big5", taiwan, traditionalchinese.Big5},
		{"shift_jis", "shift_jis", japan, japanese.ShiftJIS},
		{"euc-jp", "euc-jp", japan, japanese.EUCJP},
		{"iso-2022-jp", "iso-2022-jp", japan, japanese.ISO2022JP},
		{"euc-kr", "euc-kr", korea, korean.EUCKR},
		{"ks_c_5601-1987", "euc-kr", korea, korean.EUCKR},
		{"iso-8859-1", "windows-1252", french, charmap.ISO8859_1},
		{"windows-1250", "windows-1250", polish, charmap.Windows1250},
		{"iso-8859-2", "iso-8859-2", polish, charmap.ISO8859_2},
		{"iso-8859-7", "iso-8859-7", hellenic, charmap.ISO8859_7},
		{"windows-1253", "windows-1253", hellenic, charmap.Windows1253},
		{"windows-1256", "windows-1256", arabic, charmap.Windows1256},
		{"utf-8", "utf-8", russian + chinese, unicodeenc.UTF8},
	}
	for _, c := range cases {
		declared := map[string]struct {
			document, header string
			kind             Kind
		}{
			"header":     {page("", c.text), `text/html; charset="` + c.label + `"`, HTML},
			"meta":       {page("<meta charset="+c.label+">", c.text), "text/html", HTML},
			"http-equiv": {page(`<meta http-equiv="Content-Type" content="text/html; charset=`+c.label+`"/>`, c.text), "", HTML},
			"late meta":  {page("<style>"+strings.Repeat("p{margin:0}", 700)+"</style><meta charset='"+c.label+"'>", c.text), "text/html", HTML},
			"xml":        {`<?xml version="1.0" encoding="` + c.label + `"?><rss><title>` + c.text + "</title></rss>", "text/xml", XML},
			"xhtml":      {`<?xml version='1.0' encoding='` + c.label + `'?>` + page("", c.text), "", HTML},
		}
		for how, d := range declared {
			text, charset := UTF8(encode(t, c.enc, d.document), d.header, d.kind)
			if charset != c.want || string(text) != d.document {
				t.Errorf("%s declared by %s: read as %s: %.160q", c.label, how, charset, text[max(0, len(text)-160):])
			}
		}
	}
}

func TestUTF8PrefersValidUTF8ToEveryDeclaration(t *testing.T) {
	want := page(`<meta charset="windows-1251">`, russian+chinese)
	text, charset := UTF8([]byte(want), "text/html; charset=koi8-r", HTML)
	if charset != "utf-8" || string(text) != want {
		t.Errorf("read as %s: %q", charset, text)
	}
}

func TestUTF8SurvivesWrongDeclarations(t *testing.T) {
	cases := []struct {
		name, header, head, text, want string
		enc                            encoding.Encoding
	}{
		{"latin header over cyrillic meta", "text/html; charset=iso-8859-1", "<meta charset=windows-1251>", russian, "windows-1251", charmap.Windows1251},
		{"latin header, no meta", "text/html; charset=iso-8859-1", "", russian, "windows-1251", charmap.Windows1251},
		{"koi8 said to be 1251", "text/html; charset=windows-1251", "<meta charset=koi8-r>", russian, "koi8-r", charmap.KOI8R},
		{"1251 said to be koi8", "text/html; charset=koi8-r", "", russian, "windows-1251", charmap.Windows1251},
		{"utf-8 header over gbk", "text/html; charset=utf-8", "<meta charset=gbk>", chinese, "gb18030", simplifiedchinese.GBK},
		{"utf-8 header and meta over gbk", "text/html; charset=utf-8", "<meta charset=utf-8>", chinese, "gb18030", simplifiedchinese.GBK},
		{"utf-16 meta over 1251", "", "<meta charset=utf-16>", russian, "windows-1251", charmap.Windows1251},
		{"unknown label", "text/html; charset=x-klingon", "", russian, "windows-1251", charmap.Windows1251},
		{"latin header over gbk", "text/html; charset=iso-8859-1", "", chinese, "gb18030", simplifiedchinese.GBK},
	}
	for _, c := range cases {
		want := page(c.head, c.text)
		text, charset := UTF8(encode(t, c.enc, want), c.header, HTML)
		if charset != c.want || string(text) != want {
			t.Errorf("%s: read as %s: %q", c.name, charset, text)
		}
	}
}

func TestUTF8GuessesWithoutDeclaration(t *testing.T) {
	cases := []struct {
		want, text string
		enc        encoding.Encoding
	}{
		{"windows-1251", russian, charmap.Windows1251},
		{"koi8-r", russian, charmap.KOI8R},
		{"gb18030", chinese, simplifiedchinese.GBK},
		{"big5", taiwan, traditionalchinese.Big5},
		{"shift_jis", japan, japanese.ShiftJIS},
		{"euc-kr", korea, korean.EUCKR},
		{"windows-1256", arabic, charmap.Windows1256},
		{"windows-1252", french, charmap.Windows1252},
	}
	for _, c := range cases {
		for _, document := range []string{c.text, page("", c.text), "<rss><title>" + c.text + "</title></rss>"} {
			text, charset := UTF8(encode(t, c.enc, document), "", XML)
			if charset != c.want || string(text) != document {
				t.Errorf("%s read as %s: %q", c.want, charset, text)
			}
		}
	}
}

func TestUTF8BelievesDeclarationsOfCapitals(t *testing.T) {
	for label, enc := range map[string]encoding.Encoding{"windows-1251": charmap.Windows1251, "koi8-r": charmap.KOI8R} {
		for _, want := range []string{"САМОЛЕТ СЕЛ НА РЕКУ", "МОСТ ОТКРЫТ", "В ГОРОДЕ ОТКРЫЛИ НОВЫЙ МОСТ ЧЕРЕЗ РЕКУ", "ВДВ", "Ъ", strings.ToUpper(russian)} {
			text, charset := UTF8(encode(t, enc, want), "text/html; charset="+label, HTML)
			if charset != label || string(text) != want {
				t.Errorf("%q declared %s read as %s: %q", want, label, charset, text)
			}
		}
	}
}

// On real text the guess is measured, not shown: short posts and fragments of
// Chinese pages, encoded here, without any declaration.
func TestUTF8GuessesRealTexts(t *testing.T) {
	posts, fragments := sharedPosts(t, 500), sharedFragments(t, 1000)
	for _, c := range []struct {
		name  string
		enc   encoding.Encoding
		texts []string
		least float64
	}{
		{"windows-1251", charmap.Windows1251, posts, 0.995},
		{"koi8-r", charmap.KOI8R, posts, 0.995},
		{"gb18030", simplifiedchinese.GBK, fragments, 0.98},
	} {
		right := 0
		for _, text := range c.texts {
			wire, err := encoding.ReplaceUnsupported(c.enc.NewEncoder()).Bytes([]byte(text))
			if err != nil {
				t.Fatal(err)
			}
			want := decode(c.enc, wire)
			if got, _ := UTF8(wire, "", HTML); bytes.Equal(got, want) {
				right++
			}
		}
		share := float64(right) / float64(len(c.texts))
		t.Logf("%s: %.4f of %d", c.name, share, len(c.texts))
		if share < c.least {
			t.Errorf("%s: %.4f read rightly, want %.3f", c.name, share, c.least)
		}
	}
}

func shared(t *testing.T) string {
	dir := cmp.Or(os.Getenv("CHORUS_SHARED"), "../../../shared")
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("no real texts: %v", err)
	}
	return dir
}

// sharedPosts gives the first 40 letters of n Russian posts.
func sharedPosts(t *testing.T, n int) []string {
	file, err := os.Open(filepath.Join(shared(t), "corpora", "telegram_ru_news.jsonl.gz"))
	if err != nil {
		t.Skip(err)
	}
	defer file.Close()
	z, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for posts := json.NewDecoder(z); len(out) < n; {
		var post struct{ Text string }
		if err := posts.Decode(&post); err != nil {
			t.Fatal(err)
		}
		runes := []rune(post.Text)
		if head := string(runes[:min(len(runes), 40)]); strings.ContainsFunc(head, func(r rune) bool { return unicode.Is(unicode.Cyrillic, r) }) {
			out = append(out, head)
		}
	}
	return out
}

// sharedFragments gives n runs of 8 to 60 characters from Chinese pages.
func sharedFragments(t *testing.T, n int) []string {
	pages, err := filepath.Glob(filepath.Join(shared(t), "web", "pages", "*.html"))
	if err != nil {
		t.Fatal(err)
	}
	run := regexp.MustCompile(`[\p{Han}，。、：；]{8,60}`)
	var out []string
	for _, name := range pages {
		plain, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		text, _ := UTF8(plain, "", HTML)
		out = append(out, run.FindAllString(string(text), 100)...)
	}
	if len(out) == 0 {
		t.Skip("no Chinese pages")
	}
	return out[:min(len(out), n)]
}

func TestUTF8ReadsWideEncodings(t *testing.T) {
	cases := []struct {
		name, want, header string
		enc                encoding.Encoding
	}{
		{"utf-16le with mark", "utf-16le", "", unicodeenc.UTF16(unicodeenc.LittleEndian, unicodeenc.UseBOM)},
		{"utf-16be with mark", "utf-16be", "", unicodeenc.UTF16(unicodeenc.BigEndian, unicodeenc.UseBOM)},
		{"utf-16le", "utf-16le", "", unicodeenc.UTF16(unicodeenc.LittleEndian, unicodeenc.IgnoreBOM)},
		{"utf-16be", "utf-16be", "text/xml; charset=utf-16", unicodeenc.UTF16(unicodeenc.BigEndian, unicodeenc.IgnoreBOM)},
		{"utf-32le with mark", "utf-32le", "", utf32.UTF32(utf32.LittleEndian, utf32.UseBOM)},
		{"utf-32be with mark", "utf-32be", "", utf32.UTF32(utf32.BigEndian, utf32.UseBOM)},
		{"utf-32le", "utf-32le", "text/html; charset=utf-8", utf32.UTF32(utf32.LittleEndian, utf32.IgnoreBOM)},
		{"utf-8 with mark", "utf-8", "text/html; charset=windows-1251", unicodeenc.UTF8BOM},
	}
	want := `<?xml version="1.0"?><rss><title>` + russian + chinese + "</title></rss>"
	for _, c := range cases {
		text, charset := UTF8(encode(t, c.enc, want), c.header, XML)
		if charset != c.want || string(text) != want {
			t.Errorf("%s read as %s: %q", c.name, charset, text)
		}
	}
}

func TestUTF8KeepsDamagedUTF8(t *testing.T) {
	whole := []byte(page("", strings.Repeat(russian, 3)))
	for cut := len(whole) - 60; cut > len(whole)-70; cut-- {
		text, charset := UTF8(whole[:cut], "text/html; charset=windows-1251", HTML)
		if charset != "utf-8" || !strings.Contains(string(text), russian) {
			t.Errorf("cut at %d: read as %s", cut, charset)
		}
	}
	damaged := bytes.Replace(whole, []byte("мост"), []byte("м\xff\xfeст"), 2)
	text, charset := UTF8(damaged, "", HTML)
	if charset != "utf-8" || bytes.Count(text, []byte("\uFFFD")) == 0 || !strings.Contains(string(text), "движение") {
		t.Errorf("damaged: read as %s: %q", charset, text)
	}
}

func TestUTF8KeepsCharsetOfCutPage(t *testing.T) {
	whole := encode(t, simplifiedchinese.GBK, "<meta charset=gb2312><p>"+chinese)
	text, charset := UTF8(whole[:len(whole)-1], "", HTML)
	if charset != "gb18030" || !strings.Contains(string(text), "免费乘坐") || !utf8.Valid(text) {
		t.Errorf("read as %s: %q", charset, text)
	}
}

func TestUTF8DropsNUL(t *testing.T) {
	text, charset := UTF8([]byte("<p>one\x00 two\x00 "+russian), "", HTML)
	if want := "<p>one two " + russian; string(text) != want || charset != "utf-8" {
		t.Errorf("UTF8 = %q, %s, want %q", text, charset, want)
	}
}

func TestUTF8OfNothing(t *testing.T) {
	if text, charset := UTF8(nil, "", HTML); len(text) != 0 || charset != "utf-8" {
		t.Errorf("UTF8(nil) = %q, %s", text, charset)
	}
}

func FuzzUTF8(f *testing.F) {
	f.Add([]byte(page("<meta charset=gbk>", "\xb1\xb1\xbe")), "text/html")
	f.Add([]byte("\xff\xfe<\x00"), "text/html; charset=utf-16")
	f.Add([]byte("\x00\x00\xfe\xff\x00"), "")
	f.Add([]byte("\xef\xbb\xbf\xcf\xf0"), "text/html; charset=hz-gb-2312")
	f.Add([]byte("\x1b$B%"), "text/html; charset=iso-2022-jp")
	f.Fuzz(func(t *testing.T, plain []byte, contentType string) {
		for _, kind := range []Kind{HTML, XML} {
			text, charset := UTF8(plain, contentType, kind)
			if !utf8.Valid(text) || bytes.IndexByte(text, 0) >= 0 || charset == "" {
				t.Errorf("UTF8(%q, %q) = %q, %q", plain, contentType, text, charset)
			}
		}
	})
}

func BenchmarkUTF8(b *testing.B) {
	document := page("<meta charset=windows-1251>", strings.Repeat(russian, 400))
	for _, c := range []struct {
		name  string
		plain []byte
	}{{"utf-8", []byte(document)}, {"windows-1251", encode(b, charmap.Windows1251, document)}} {
		b.Run(c.name, func(b *testing.B) {
			b.SetBytes(int64(len(c.plain)))
			for b.Loop() {
				UTF8(c.plain, "text/html", HTML)
			}
		})
	}
}
