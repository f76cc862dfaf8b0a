package feeds

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"
)

func take4CAT(t testing.TB, name, text string) taken {
	t.Helper()
	return takeFile(t, TypeFourCAT, func(each func([]byte) error, bad func(string, error)) error {
		return FourCAT(name, strings.NewReader(text), each, bad)
	})
}

func TestFourCATFixtures(t *testing.T) { checkFiles(t, "4cat-*.txtar", take4CAT) }

// item is a line of Zeeschuimer.
func item(platform, data string) string {
	return fmt.Sprintf(`{"nav_index": "1:1:0", "item_id": "1", "timestamp_collected": 1795176000000, "source_platform": %q, "data": %s}`, platform, data)
}

const bridgeVideo = `{"id": "7301", "desc": "The bridge is open", "createTime": 1795170000, "author": {"uniqueId": "riverpost"}, "stats": {"diggCount": 5}, "video": {}}`

func TestFourCATRefusesSingleItems(t *testing.T) {
	good := item("tiktok.com", bridgeVideo)
	for _, c := range []struct{ name, line, want string }{
		{"no JSON", `{"source_platform": "tiktok.com", "data": {NaN}}`, "line 2: invalid character 'N'"},
		{"no data", item("tiktok.com", "null"), "line 2: an item without data"},
		{"data of another type", item("tiktok.com", "[1]"), "line 2: an item without data"},
		{"no number", item("tiktok.com", `{"author": "a"}`), "line 2: an item without the number of a post"},
		{"no account", item("tiktok.com", `{"id": "7302"}`), "line 2: an item without an account"},
		{"an account that is a path", item("tiktok.com", `{"id": "7302", "author": "../x"}`), "line 2: an item without an account"},
		{"an advertisement", item("instagram.com", `{"code": "C1", "product_type": "ad", "user": {"username": "shop"}}`), "line 2: an advertisement"},
		{"no platform", item("", bridgeVideo), "1 item: left out: nothing says which platform they are from"},
		{"another platform", item("douyin.com", bridgeVideo) + "\n" + item("douyin.com", bridgeVideo), "platform douyin.com: 2 items left out: this platform is not read"},
		{"not quite a platform", item("nottiktok.com", bridgeVideo), "platform nottiktok.com: 1 item left out: this platform is not read"},
		{"too long", `{"x": "` + strings.Repeat("x", maxLineBytes) + `"}`, fmt.Sprintf("line 2: longer than %d bytes", maxLineBytes)},
	} {
		x := take4CAT(t, "items.ndjson", good+"\n"+c.line+"\n\n"+strings.ReplaceAll(good, "7301", "7303")+"\n")
		want := []string{"https://www.tiktok.com/@riverpost/video/7301", "https://www.tiktok.com/@riverpost/video/7303"}
		if got := addresses(x.posts); x.err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: posts %q, %v, want the other two", c.name, got, x.err)
		}
		if len(x.bad) != 1 || !strings.HasPrefix(x.bad[0], c.want) {
			t.Errorf("%s: refused %.300q, want %q", c.name, x.bad, c.want)
		}
	}
}

func TestFourCATCutOff(t *testing.T) {
	whole := item("tiktok.com", bridgeVideo) + "\n" + item("tiktok.com", strings.ReplaceAll(bridgeVideo, "7301", "7302"))
	x := take4CAT(t, "items.ndjson", whole)
	if x.err != nil || len(x.posts) != 2 {
		t.Fatalf("without a line break at the end: %d posts, %v", len(x.posts), x.err)
	}
	x = take4CAT(t, "items.ndjson", whole[:len(whole)-9])
	if x.err == nil || !strings.Contains(x.err.Error(), "ends too soon, within line 2") || len(x.posts) != 1 {
		t.Errorf("cut off: %d posts, %v", len(x.posts), x.err)
	}
}

func TestFourCATReadsItsOwnNDJSON(t *testing.T) {
	x := take4CAT(t, "tiktok.ndjson", `{"__import_meta": {"source_platform": "www.tiktok.com", "timestamp_collected": "1795176000000"}, `+bridgeVideo[1:])
	if x.err != nil || len(x.posts) != 1 {
		t.Fatalf("%d posts, %v, %q", len(x.posts), x.err, x.bad)
	}
	if got := x.posts[0].Article.Post.Counts; got.Likes != 5 || got.At.Unix() != 1795176000 {
		t.Errorf("counts %+v, want 5 likes when they were collected", got)
	}
}

func TestFourCATTakesColumns(t *testing.T) {
	const head = "id,thread_id,timestamp,body,author,url\n"
	row := func(id, link string) string {
		return id + `,,2026-11-20 12:00:00,"two` + "\n" + `lines",riverpost,` + link + "\n"
	}
	for _, c := range []struct {
		name, file, text string
		posts, bad       []string
		err              string
	}{
		{"by the address", "a.csv", head + row("1", "https://twitter.com/riverpost/status/1") + row("2", "https://www.threads.com/@riverpost/post/D2") + row("3", "https://www.instagram.com/p/C3/"),
			[]string{"https://x.com/riverpost/status/1", "https://www.threads.net/@riverpost/post/D2", "https://www.instagram.com/p/C3"}, nil, ""},
		{"by the name of the file", "tiktok-search-bridge-1.csv", head + row("7301", ""), []string{"https://www.tiktok.com/@riverpost/video/7301"}, nil, ""},
		{"by nothing", "a.csv", head + row("7301", ""), nil, []string{"1 item: left out: nothing says which platform they are from"}, ""},
		{"a javascript address", "twitter.csv", head + row("1", "javascript:alert(1)"), []string{"https://x.com/riverpost/status/1"}, nil, ""},
		{"rows of other lengths", "twitter.csv", head + "1,2\n" + row("1", "") + "1,2,3,4,5,6,7\n",
			[]string{"https://x.com/riverpost/status/1"}, []string{"line 2: 2 columns where there should be 6", "line 5: 7 columns where there should be 6"}, ""},
		{"quotes that break", "twitter.csv", head + `1,,,a "bare" quote,riverpost,` + "\n" + row("2", ""),
			[]string{"https://x.com/riverpost/status/2"}, []string{`line 2: bare " in non-quoted-field`}, ""},
		{"a quote that is not closed", "twitter.csv", head + row("1", "") + `2,,,"never closed,riverpost,`,
			[]string{"https://x.com/riverpost/status/1"}, []string{"line 4: extraneous or missing \" in quoted-field"}, ""},
		{"a quote that swallows the file", "twitter.csv", head + row("1", "") + `2,,,"never closed,` + strings.Repeat("x\n", maxLineBytes),
			[]string{"https://x.com/riverpost/status/1"}, nil, "a quote is not closed"},
		{"no columns of 4CAT", "a.csv", "name,phone\nAnna,7\n", nil, nil, `expected the columns of a CSV file of 4CAT (id, thread_id, timestamp, body, author, ...), found "name, phone"`},
		{"a page", "a.csv", "<html></html>", nil, nil, "found a file that begins with '<'"},
		{"nothing", "a.csv", " \n", nil, nil, "an empty answer"},
	} {
		x := take4CAT(t, c.file, c.text)
		if d := cmp.Diff(c.posts, addresses(x.posts)); d != "" {
			t.Errorf("%s: posts (-want +got):\n%s", c.name, d)
		}
		if d := cmp.Diff(c.bad, x.bad); d != "" {
			t.Errorf("%s: refused (-want +got):\n%s", c.name, d)
		}
		if c.err == "" && x.err != nil || c.err != "" && (x.err == nil || !strings.Contains(x.err.Error(), c.err)) {
			t.Errorf("%s: %v, want %q", c.name, x.err, c.err)
		}
		for _, p := range x.posts {
			if p.Article.Text != "two\nlines" || p.Item.Published.Hour() != 12 || len(p.Article.Links) > 0 {
				t.Errorf("%s: %+v", c.name, p.Article)
			}
		}
	}
}

func TestFourCATStopsWhenToldTo(t *testing.T) {
	stop := errors.New("enough")
	for name, text := range map[string]string{
		"a.ndjson":    item("tiktok.com", bridgeVideo) + "\n" + item("tiktok.com", bridgeVideo),
		"twitter.csv": "id,body,author\n1,a,b\n2,a,b\n",
	} {
		calls := 0
		err := FourCAT(name, strings.NewReader(text), func([]byte) error { calls++; return stop }, func(string, error) {})
		if !errors.Is(err, stop) || calls != 1 {
			t.Errorf("%s: %d calls, %v, want one and its error", name, calls, err)
		}
	}
}

func TestWeiboNumber(t *testing.T) {
	for in, want := range map[string]string{"K3fnuEfZK": "4607741009594608", "z0JH2lOMb": "3501756485200075", "": "", "K3fn uEf": "", "0": "", strings.Repeat("z", 30): ""} {
		if got := weiboNumber(in); got != want {
			t.Errorf("weiboNumber(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestWholeNumbers(t *testing.T) {
	for in, want := range map[string]int64{"12": 12, " 1,500": 1500, "12.3K": 12_300, "100万+": 1_000_000, "1.2亿": 120_000_000, "1e3": 1000, "-1": -1, "NaN": 0, "1e300": 0, "many": 0, "": 0, "9223372036854775807": 9223372036854775807} {
		if got := (node{in}).whole(); got != want {
			t.Errorf("whole(%q) = %d, want %d", in, got, want)
		}
	}
}

func FuzzFourCAT(f *testing.F) {
	files, err := filepath.Glob("testdata/social/4cat-*.txtar")
	if err != nil || len(files) == 0 {
		f.Fatalf("no seeds: %v", err)
	}
	for _, file := range files {
		fixture, err := txtar.ParseFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(fixture.Files[0].Name, fixture.Files[0].Data)
	}
	f.Fuzz(func(t *testing.T, name string, text []byte) {
		x := take4CAT(t, name, string(text))
		for _, p := range x.posts {
			checkImported(t, p)
		}
	})
}

func BenchmarkFourCAT(b *testing.B) {
	line := item("tiktok.com", strings.Replace(bridgeVideo, "The bridge is open", strings.Repeat("The bridge is open. ", 20), 1)) + "\n"
	text := strings.Repeat(line, 1000)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		posts := 0
		if err := FourCAT("a.ndjson", strings.NewReader(text), func([]byte) error { posts++; return nil }, func(place string, err error) { b.Error(place, err) }); err != nil || posts != 1000 {
			b.Fatalf("%d posts, %v", posts, err)
		}
	}
	b.ReportMetric(1000*float64(b.N)/b.Elapsed().Seconds(), "posts/s")
}
