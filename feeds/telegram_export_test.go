package feeds

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"chorus/corpus"
)

// taken is what came of a file: the posts, the raw posts, and what could not be
// taken, as "place: reason".
type taken struct {
	posts []Post
	raw   []string
	bad   []string
	err   error
}

func takeFile(t testing.TB, mediaType string, take func(each func([]byte) error, bad func(string, error)) error) taken {
	t.Helper()
	var out taken
	out.err = take(func(raw []byte) error {
		if !json.Valid(raw) {
			t.Errorf("a raw post is no JSON: %s", raw)
		}
		out.raw = append(out.raw, string(raw))
		p, err := ImportedPost(mediaType, bytes.Clone(raw), noon)
		if err != nil {
			t.Errorf("ImportedPost(%s): %v", raw, err)
			return nil
		}
		out.posts = append(out.posts, p)
		return nil
	}, func(place string, err error) { out.bad = append(out.bad, place+": "+err.Error()) })
	return out
}

func takeTelegram(t testing.TB, text string) taken {
	t.Helper()
	return takeFile(t, TypeTelegramExport, func(each func([]byte) error, bad func(string, error)) error {
		return TelegramExport(strings.NewReader(text), each, bad)
	})
}

// oneChat is the export of a public channel with these messages.
func oneChat(messages ...string) string {
	return `{"name": "Речная почта", "type": "public_channel", "id": 1234567890, "messages": [` + strings.Join(messages, ",\n") + "]}"
}

// plainMessage is a message with a text.
func plainMessage(id int, more string) string {
	return fmt.Sprintf(`{"id": %d, "type": "message", "date": "2026-11-20T12:00:00", "date_unixtime": "1795176000", "from": "Речная почта", "from_id": "channel1234567890", "text": "Post %d"%s}`, id, id, more)
}

func addresses(posts []Post) []string {
	var out []string
	for _, p := range posts {
		out = append(out, p.Item.URL)
	}
	return out
}

// checkFiles runs the files in a set of fixtures. Of each, the first part is the
// file, and what comes of it is in want.json.
func checkFiles(t *testing.T, pattern string, take func(t testing.TB, name, text string) taken) {
	files, err := filepath.Glob(filepath.Join("testdata/social", pattern))
	if err != nil || len(files) == 0 {
		t.Fatalf("no fixtures: %v", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			fixture, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			x := take(t, fixture.Files[0].Name, string(fixture.Files[0].Data))
			if x.err != nil {
				t.Fatal(x.err)
			}
			var got bytes.Buffer
			enc := json.NewEncoder(&got)
			enc.SetEscapeHTML(false)
			enc.SetIndent("", " ")
			if err := enc.Encode(struct {
				Bad   []string
				Posts []Post
			}{x.bad, x.posts}); err != nil {
				t.Fatal(err)
			}
			if *update {
				fixture.Files = []txtar.File{fixture.Files[0], {Name: "want.json", Data: got.Bytes()}}
				if err := os.WriteFile(file, txtar.Format(fixture), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if len(fixture.Files) < 2 {
				t.Fatal("no want.json; run with -update and review it")
			}
			if d := cmp.Diff(string(fixture.Files[1].Data), got.String()); d != "" {
				t.Errorf("what came of it differs (-want +got):\n%s", d)
			}
		})
	}
}

func TestTelegramExportFixtures(t *testing.T) {
	checkFiles(t, "export-telegram-*.txtar", func(t testing.TB, _, text string) taken { return takeTelegram(t, text) })
}

func TestTelegramExportKeepsNoPersons(t *testing.T) {
	x := takeTelegram(t, oneChat(
		plainMessage(1, `, "contact_information": {"first_name": "Anna", "last_name": "Rivers", "phone_number": "+7 900 000 00 00"}, "contact_vcard": "contacts/anna.vcf"`),
		plainMessage(2, `, "reactions": [{"type": "emoji", "count": 2, "emoji": "👍", "recent": [{"from": "Anna Rivers", "from_id": "user7", "date": "2026-11-20T12:00:00"}]}]`),
		plainMessage(3, `, "contact\u005finformation": {"phone_number": "+7 900 000 00 00"}`),
		plainMessage(4, `, "CONTACT_information": {"phone_number": "+7 900 000 00 00"}`),
	))
	if len(x.posts) != 4 || x.err != nil || len(x.bad) > 0 {
		t.Fatalf("%d posts, %v, %q", len(x.posts), x.err, x.bad)
	}
	for i, raw := range x.raw {
		read, err := json.Marshal(x.posts[i])
		if err != nil {
			t.Fatal(err)
		}
		for _, secret := range []string{"Anna", "Rivers", "900 000", "user7", "anna.vcf"} {
			if strings.Contains(raw, secret) || strings.Contains(string(read), secret) {
				t.Errorf("%q is in %s or in %s", secret, raw, read)
			}
		}
	}
	if m := x.posts[0].Article.Post.Media; len(m) != 1 || m[0].Title != "contact" {
		t.Errorf("media %+v, want that there was a contact", m)
	}
	if likes := x.posts[1].Article.Post.Counts.Likes; likes != 2 {
		t.Errorf("%d likes, want 2", likes)
	}
}

func TestTelegramExportLeavesPrivateChatsOut(t *testing.T) {
	chat := func(kind string, id int) string {
		return fmt.Sprintf(`{"name": "Chat %d", "type": %q, "id": %d, "messages": [%s]}`, id, kind, id, plainMessage(1, ""))
	}
	x := takeTelegram(t, `{"about": "...", "personal_information": {"phone_number": "+7"}, "contacts": {"list": [{"first_name": "Anna"}]},
		"chats": {"about": "...", "list": [`+strings.Join([]string{
		chat("personal_chat", 1), chat("personal_chat", 2), `{"type": "saved_messages", "id": 3, "messages": [` + plainMessage(1, "") + `]}`, chat("bot_chat", 4),
		chat("public_channel", 5), chat("private_channel", 6), chat("public_supergroup", 7), chat("private_supergroup", 8), chat("private_group", 9),
		chat("hologram", 10), `{"id": 11, "messages": [` + plainMessage(1, "") + `], "type": "public_channel", "name": "Sorted"}`,
	}, ",")+`]}, "left_chats": {"list": [`+chat("public_channel", 12)+`]}}`)
	want := []string{"https://t.me/c/5/1", "https://t.me/c/6/1", "https://t.me/c/7/1", "https://t.me/c/8/1", "https://t.me/c/9/1", "https://t.me/c/12/1"}
	if got := addresses(x.posts); x.err != nil || !slices.Equal(got, want) {
		t.Errorf("posts %q, %v, want %q", got, x.err, want)
	}
	wantBad := []string{
		`4 chats: left out, for private correspondence is not taken: 1 of type "bot_chat", 2 of type "personal_chat", 1 of type "saved_messages"`,
		`2 chats: left out, for it is not known that they are channels or groups, or it is said behind their messages: 1 of type "", 1 of type "hologram"`,
	}
	if d := cmp.Diff(wantBad, x.bad); d != "" {
		t.Errorf("left out (-want +got):\n%s", d)
	}
}

func TestTelegramExportAlbums(t *testing.T) {
	member := func(id, second int, more string) string {
		return fmt.Sprintf(`{"id": %d, "type": "message", "date": "2026-11-20T12:00:00", "date_unixtime": "%d", "from": "R", "from_id": "channel1234567890", %s}`, id, 1795176000+second, more)
	}
	const photo, film, file = `"photo": "photos/1.jpg"`, `"media_type": "video_file", "file": "1.mp4"`, `"file": "1.pdf"`
	const none, words = `, "text": ""`, `, "text": "Words"`
	for _, c := range []struct {
		name  string
		in    []string
		sizes []int
	}{
		{"first has the words", []string{member(1, 0, photo+words), member(2, 0, photo+none), member(3, 0, film+none)}, []int{3}},
		{"last has the words", []string{member(1, 0, photo+none), member(2, 0, photo+words), member(3, 0, photo+none)}, []int{2, 1}},
		{"no words", []string{member(1, 0, photo+none), member(2, 0, photo+none)}, []int{2}},
		{"two with words", []string{member(1, 0, photo+words), member(2, 0, photo+words)}, []int{1, 1}},
		{"two times", []string{member(1, 0, photo+none), member(2, 1, photo+none)}, []int{1, 1}},
		{"a text between", []string{member(1, 0, photo+none), member(2, 0, `"text": "Words"`), member(3, 0, photo+none)}, []int{1, 1, 1}},
		{"two kinds", []string{member(1, 0, photo+none), member(2, 0, file+none), member(3, 0, file+none)}, []int{1, 2}},
		{"a member is deleted", []string{member(1, 0, photo+none), member(3, 0, photo+none)}, []int{2}},
		{"far away", []string{member(1, 0, photo+none), member(30, 0, photo+none)}, []int{1, 1}},
		{"one is forwarded", []string{member(1, 0, photo+none), member(2, 0, photo+none+`, "forwarded_from": "Port"`)}, []int{1, 1}},
		{"of two authors", []string{member(1, 0, photo+none+`, "author": "A"`), member(2, 0, photo+none+`, "author": "B"`)}, []int{1, 1}},
		{"voices", []string{member(1, 0, `"media_type": "voice_message", "file": "1.ogg"`+none), member(2, 0, `"media_type": "voice_message", "file": "2.ogg"`+none)}, []int{1, 1}},
		{"eleven", slices.Collect(func(yield func(string) bool) {
			for i := range 11 {
				yield(member(i+1, 0, photo+none))
			}
		}), []int{10, 1}},
	} {
		x := takeTelegram(t, oneChat(c.in...))
		var sizes []int
		for _, p := range x.posts {
			sizes = append(sizes, max(1, len(p.Article.Post.Media)))
		}
		if x.err != nil || len(x.bad) > 0 || !slices.Equal(sizes, c.sizes) {
			t.Errorf("%s: posts with %v messages, want %v (%v, %q)", c.name, sizes, c.sizes, x.err, x.bad)
		}
	}
	two := `{"name": "A", "type": "public_channel", "id": 1, "messages": [` + member(1, 0, photo+none) + `]}`
	if x := takeTelegram(t, `{"chats": {"list": [`+two+`,`+strings.Replace(two, `"id": 1`, `"id": 2`, 1)+`]}}`); len(x.posts) != 2 {
		t.Errorf("the last and the first message of two chats are %d posts", len(x.posts))
	}
}

func TestTelegramExportRefusesSingleMessages(t *testing.T) {
	for _, c := range []struct{ name, message, want string }{
		{"NaN", plainMessage(2, `, "duration_seconds": NaN`), "message 2: invalid character 'N' looking for beginning of value"},
		{"a text that is a number", strings.Replace(plainMessage(2, ""), `"Post 2"`, `7`, 1), "message 2: 7 is no text"},
		{"a text that is null", strings.Replace(plainMessage(2, ""), `"Post 2"`, `null`, 1), "message 2: a message without a text, not even an empty one"},
		{"an id in words", strings.Replace(plainMessage(2, ""), `"id": 2`, `"id": "two"`, 1), `message at byte `},
		{"no id", strings.Replace(plainMessage(2, ""), `"id": 2,`, ``, 1), "a message without a number (id)"},
		{"an id that is null", strings.Replace(plainMessage(2, ""), `"id": 2,`, `"id": null,`, 1), "null is no whole number"},
		{"null", "null", "null is no message"},
		{"a list", "[]", "[] is no message"},
		{"a number", "12", "12 is no message"},
		{"no date", `{"id": 2, "type": "message", "text": ""}`, `message 2: "" is no date`},
		{"a date of another type", `{"id": 2, "type": "message", "date": {}, "text": ""}`, "message 2: \"date\" is of the type object"},
		{"a poll of another type", plainMessage(2, `, "poll": []`), "message 2: \"poll\" is of the type array"},
		{"a bracket too few", strings.Replace(plainMessage(2, ""), `"text": "Post 2"`, `"text": ["Post 2"`, 1), "message 2"},
		{"a bracket too many", plainMessage(2, `, "reactions": [[}`), "message 2"},
		{"much too long", plainMessage(2, `, "title": "`+strings.Repeat("x", maxMessageBytes)+`"`), fmt.Sprintf("longer than %d bytes", maxMessageBytes)},
		{"too deep", plainMessage(2, `, "title": `+strings.Repeat("[", 20_000)+strings.Repeat("]", 20_000)), "message"},
	} {
		x := takeTelegram(t, oneChat(plainMessage(1, ""), c.message, plainMessage(3, "")))
		want := []string{"https://t.me/c/1234567890/1", "https://t.me/c/1234567890/3"}
		if got := addresses(x.posts); x.err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: posts %q, %v, want the other two", c.name, got, x.err)
		}
		if len(x.bad) != 1 || !strings.HasPrefix(x.bad[0], `chat "Речная почта", message `) || !strings.Contains(x.bad[0], c.want) {
			t.Errorf("%s: refused %.300q, want %q", c.name, x.bad, c.want)
		}
	}
}

// Telegram Desktop escapes control characters as JSON does not know it.
func TestTelegramExportMendsEscapes(t *testing.T) {
	x := takeTelegram(t, oneChat(strings.Replace(plainMessage(1, ""), "Post 1", `One\x1Ftwo \\x1F "quoted\" \u0041`+"\x02", 1)))
	if x.err != nil || len(x.posts) != 0 || len(x.bad) != 1 {
		t.Fatalf("an unquoted word in a text: %d posts, %v, %q", len(x.posts), x.err, x.bad)
	}
	x = takeTelegram(t, oneChat(strings.Replace(plainMessage(1, ""), "Post 1", `One\x1Ftwo \\x1F \"quoted\" \u0041`+"\x02", 1)))
	if x.err != nil || len(x.posts) != 1 {
		t.Fatalf("%d posts, %v, %q", len(x.posts), x.err, x.bad)
	}
	if got, want := x.posts[0].Article.Text, `Onetwo \x1F "quoted" A`; got != want {
		t.Errorf("text %q, want %q", got, want)
	}
}

func TestTelegramExportCutOff(t *testing.T) {
	whole := oneChat(plainMessage(1, ""), plainMessage(2, ""), plainMessage(3, ""))
	first := strings.Index(whole, `,`+"\n"+`{"id": 2`)
	for cut := 1; cut < len(whole); cut++ {
		x := takeTelegram(t, whole[:cut])
		if x.err == nil || !errors.Is(x.err, io.ErrUnexpectedEOF) || !strings.Contains(x.err.Error(), fmt.Sprintf("byte %d", cut)) {
			t.Fatalf("cut at %d: %v, want an error with the place", cut, x.err)
		}
		if cut >= first && len(x.posts) == 0 || len(x.bad) > 0 {
			t.Fatalf("cut at %d: %d posts, refused %q", cut, len(x.posts), x.bad)
		}
	}
	account := `{"chats": {"list": [{"name": "A", "type": "personal_chat", "id": 1, "messages": [` + plainMessage(1, "") + `]},` + whole + `]}}`
	if x := takeTelegram(t, account[:len(account)-20]); x.err == nil || len(x.posts) < 2 || len(x.bad) != 1 {
		t.Errorf("a cut account: %d posts, %v, %q", len(x.posts), x.err, x.bad)
	}
}

func TestTelegramExportOfAnotherShape(t *testing.T) {
	for in, want := range map[string]string{
		"":                                 "the file ends too soon, at byte 0",
		"[]":                               "expected result.json of Telegram Desktop, found '['",
		"<html>":                           "expected result.json of Telegram Desktop, found '<'",
		"{}":                               "found neither chats nor messages",
		`{"messages": {}}`:                 "",
		`{"chats": 7}`:                     "",
		`{"chats": {"list": "none"}}`:      "",
		`{"chats": {"list": [1,{}]}}`:      "",
		`{"a" 7}`:                          "byte 5: expected a colon",
		`{7: 7}`:                           "byte 1: expected a key, found '7'",
		`{"chats": {"list": [:]}}`:         "expected a value",
		"\ufeff" + oneChat():               "",
		oneChat(plainMessage(1, "") + `,`): "",
	} {
		x := takeTelegram(t, in)
		if want == "" && x.err != nil || want != "" && (x.err == nil || !strings.Contains(x.err.Error(), want)) {
			t.Errorf("TelegramExport(%.40q) = %v, want %q", in, x.err, want)
		}
	}
}

func TestTelegramExportStopsWhenToldTo(t *testing.T) {
	stop := errors.New("enough")
	calls := 0
	err := TelegramExport(strings.NewReader(oneChat(plainMessage(1, ""), plainMessage(2, ""), plainMessage(3, ""))),
		func([]byte) error { calls++; return stop }, func(string, error) {})
	if !errors.Is(err, stop) || calls != 1 {
		t.Errorf("%d calls, %v, want one and its error", calls, err)
	}
	broken := io.MultiReader(strings.NewReader(oneChat(plainMessage(1, ""))[:200]), iotest.ErrReader(stop))
	if err := TelegramExport(broken, func([]byte) error { return nil }, func(string, error) {}); !errors.Is(err, stop) {
		t.Errorf("a disk that fails: %v", err)
	}
}

func TestTelegramExportUnderstandsOldFiles(t *testing.T) {
	x := takeTelegram(t, `{"name": "Речная почта", "type": "private_supergroup", "id": 9824502190, "messages": [
		{"id": 5, "type": "message", "date": "2020-11-20T12:00:00", "edited": "1970-01-01T03:00:00", "from": "Anna", "from_id": 4386122033, "text": "Hello"}]}`)
	if x.err != nil || len(x.posts) != 1 {
		t.Fatalf("%d posts, %v, %q", len(x.posts), x.err, x.bad)
	}
	p := x.posts[0]
	if p.Item.URL != "https://t.me/c/1234567598/5" || p.Article.Post.Account != "user91154737" || p.Article.Post.Edited || !p.Item.Updated.IsZero() {
		t.Errorf("%+v, %+v", p.Item, p.Article.Post)
	}
}

// An endless file is not a reason to take up more and more memory.
func TestTelegramExportInConstantMemory(t *testing.T) {
	message := plainMessage(1, "") + ",\n"
	private := `{"name": "A", "type": "personal_chat", "id": 1, "messages": [` + strings.Repeat(message, 20_000) + "]},"
	deep := `{"name": "B", "deep": ` + strings.Repeat("[", 8<<20)
	var posts int
	grown := testing.AllocsPerRun(1, func() {
		posts = 0
		err := TelegramExport(io.MultiReader(strings.NewReader(`{"chats": {"list": [`), strings.NewReader(private), strings.NewReader(deep)),
			func([]byte) error { posts++; return nil }, func(string, error) {})
		if err == nil {
			t.Error("a file that ends in the middle is whole")
		}
	})
	if posts != 0 || grown > 200 {
		t.Errorf("%d posts, %.0f allocations for %d MB that are passed over", posts, grown, (len(private)+len(deep))>>20)
	}
}

func FuzzTelegramExport(f *testing.F) {
	files, err := filepath.Glob("testdata/social/export-telegram-*.txtar")
	if err != nil || len(files) == 0 {
		f.Fatalf("no seeds: %v", err)
	}
	for _, file := range files {
		fixture, err := txtar.ParseFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(fixture.Files[0].Data)
	}
	f.Add([]byte(oneChat(plainMessage(1, `, "duration_seconds": NaN`), plainMessage(2, `, "x": [}`), `{"id": 3, "text": "\x1F`)))
	f.Fuzz(func(t *testing.T, text []byte) {
		x := takeTelegram(t, string(text))
		for _, p := range x.posts {
			checkImported(t, p)
		}
	})
}

// checkImported checks what holds for every post of a file.
func checkImported(t *testing.T, p Post) {
	t.Helper()
	if canonicalOf(p.Item.URL) == "" || p.Article.Post == nil || p.Article.Post.Account == "" || p.Article.Kind != corpus.KindPost {
		t.Errorf("%+v, %+v", p.Item, p.Article.Post)
	}
	if p.Item.Published.After(noon.Add(maxFuture)) || !p.Item.Published.IsZero() && p.Item.Published.Year() < minYear {
		t.Errorf("published %v", p.Item.Published)
	}
	for _, l := range p.Article.Links {
		if !strings.HasPrefix(l.URL, "http") {
			t.Errorf("link %+v", l)
		}
	}
	if _, err := json.Marshal(p); err != nil {
		t.Errorf("a post that cannot be kept: %v", err)
	}
	if strings.ContainsRune(p.Article.Text, 0) || !utf8.ValidString(p.Article.Text) {
		t.Errorf("text %q", p.Article.Text)
	}
}
