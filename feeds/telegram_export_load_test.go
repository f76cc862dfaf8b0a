package feeds

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"chorus/internal/telegramweb"
)

// markup is what the recorded posts have in the place of entities.
var markup = regexp.MustCompile(`(?s)\*\*([^*]+)\*\*|\[([^\[\]]+)\]\((https?://[^\s()]+)\)|(https?://[^\s*\[\]()]+)`)

// entities turns a recorded text into one of the export, and gives its words
// and its links.
func entities(text string) (parts []any, words string, links []string) {
	add := func(kind, s, href string) {
		switch {
		case s == "":
			return
		case kind == "":
			parts = append(parts, s)
		case href != "":
			parts = append(parts, map[string]string{"type": kind, "text": s, "href": href})
		default:
			parts = append(parts, map[string]string{"type": kind, "text": s})
		}
		words += s
		if kind == "text_link" {
			links = append(links, absolute(nil, href))
		} else if kind == "link" {
			links = append(links, absolute(nil, s))
		}
	}
	at := 0
	for _, m := range markup.FindAllStringSubmatchIndex(text, -1) {
		add("", text[at:m[0]], "")
		switch at = m[1]; {
		case m[2] >= 0:
			add("bold", text[m[2]:m[3]], "")
		case m[4] >= 0:
			add("text_link", text[m[4]:m[5]], text[m[6]:m[7]])
		default:
			add("link", text[m[8]:m[9]], "")
		}
	}
	add("", text[at:], "")
	return parts, words, links
}

// writeExport writes the export of an account with these channels, as Telegram
// Desktop lays it out.
func writeExport(t testing.TB, channels []telegramweb.Channel) []byte {
	t.Helper()
	type message struct {
		ID       int64  `json:"id"`
		Type     string `json:"type"`
		Date     string `json:"date"`
		DateUnix string `json:"date_unixtime"`
		From     string `json:"from"`
		FromID   string `json:"from_id"`
		Text     any    `json:"text"`
	}
	type chat struct {
		Name     string    `json:"name"`
		Type     string    `json:"type"`
		ID       int64     `json:"id"`
		Messages []message `json:"messages"`
	}
	var list []chat
	for _, c := range channels {
		id, err := strconv.ParseInt(strings.TrimPrefix(c.Name, "channel100"), 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		out := chat{Name: c.Title, Type: "public_channel", ID: id}
		for _, p := range c.Posts {
			parts, _, _ := entities(p.Text)
			m := message{p.ID, "message", p.Date.Local().Format("2006-01-02T15:04:05"), strconv.FormatInt(p.Date.Unix(), 10), c.Title, fmt.Sprintf("channel%d", id), parts}
			if plain, ok := any(""), len(parts) == 0; ok {
				m.Text = plain
			}
			out.Messages = append(out.Messages, m)
		}
		list = append(list, out)
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", " ")
	if err := enc.Encode(map[string]any{"about": "Here is the data you requested.", "chats": map[string]any{"about": "", "list": list}}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestReadEveryRecordedPostFromAnExport(t *testing.T) {
	channels := recordedChannels(t)
	file := writeExport(t, channels)
	start := time.Now()
	x := takeFile(t, TypeTelegramExport, func(each func([]byte) error, bad func(string, error)) error {
		return TelegramExport(bytes.NewReader(file), each, bad)
	})
	took := time.Since(start)
	if x.err != nil || len(x.bad) > 0 {
		t.Fatalf("%v, %q", x.err, x.bad)
	}
	got := map[string]Post{}
	for _, p := range x.posts {
		got[p.Item.URL] = p
	}
	present, read := 0, 0
	lost := map[string]int{}
	for _, c := range channels {
		present += len(c.Posts)
		account := "c/" + strings.TrimPrefix(c.Name, "channel100")
		for _, want := range c.Posts {
			p, ok := got[permalinkOf(account, want.ID)]
			if !ok {
				lost["post"]++
				continue
			}
			read++
			_, words, links := entities(want.Text)
			for field, same := range map[string]bool{
				"text":    p.Article.Text == shownText(words),
				"date":    p.Item.Published.Equal(want.Date),
				"name":    p.Article.Post.Name == oneLine(c.Title),
				"account": p.Article.Post.Account == account,
				"links":   slices.Equal(urlsOf(p.Article.Links), links),
			} {
				if !same {
					if lost[field]++; lost[field] < 4 {
						t.Errorf("%s of %s differs:\n%+v\nwant %q", field, p.Item.URL, p.Article, want.Text)
					}
				}
			}
		}
	}
	t.Logf("%d channels, %d MB: %d posts read of %d present in %v; lost %v", len(channels), len(file)>>20, read, present, took, lost)
	if read != present || len(lost) > 0 {
		t.Errorf("%d posts read of %d present; lost %v", read, present, lost)
	}
}

// benchmarkFile is a channel of posts of the usual length, with their parts
// told twice, as Telegram Desktop does.
func benchmarkFile() []byte {
	var b bytes.Buffer
	b.WriteString(`{"name": "Речная почта", "type": "public_channel", "id": 1234567890, "messages": [`)
	sentence := strings.Repeat("Движение началось утром во вторник, сообщила администрация города. ", 6)
	for i := range 2000 {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `
  {
   "id": %d,
   "type": "message",
   "date": "2026-11-20T12:00:00",
   "date_unixtime": "%d",
   "from": "Речная почта",
   "from_id": "channel1234567890",
   "photo": "photos/photo_%d.jpg",
   "photo_file_size": 40000,
   "width": 1280,
   "height": 720,
   "text": [
    {
     "type": "bold",
     "text": "Мост открыт"
    },
    "\n\n%s",
    {
     "type": "text_link",
     "text": "Подробности",
     "href": "https://river.example/news/%d"
    }
   ],
   "text_entities": [
    {
     "type": "bold",
     "text": "Мост открыт"
    },
    {
     "type": "plain",
     "text": "\n\n%s"
    },
    {
     "type": "text_link",
     "text": "Подробности",
     "href": "https://river.example/news/%d"
    }
   ],
   "reactions": [
    {
     "type": "emoji",
     "count": 12,
     "emoji": "👍"
    }
   ]
  }`, i+1, 1795176000-i*60, i, sentence, i, sentence, i)
	}
	b.WriteString("\n ]\n}")
	return b.Bytes()
}

func BenchmarkTelegramExport(b *testing.B) {
	file := benchmarkFile()
	posts := 0
	b.SetBytes(int64(len(file)))
	b.ReportAllocs()
	for b.Loop() {
		posts = 0
		if err := TelegramExport(bytes.NewReader(file), func([]byte) error { posts++; return nil }, func(place string, err error) { b.Error(place, err) }); err != nil || posts != 2000 {
			b.Fatalf("%d posts, %v", posts, err)
		}
	}
	b.ReportMetric(float64(posts)*float64(b.N)/b.Elapsed().Seconds(), "posts/s")
}

// BenchmarkTelegramExportLeftOut passes over private chats.
func BenchmarkTelegramExportLeftOut(b *testing.B) {
	file := bytes.Replace(benchmarkFile(), []byte("public_channel"), []byte("personal_chat"), 1)
	b.SetBytes(int64(len(file)))
	b.ReportAllocs()
	for b.Loop() {
		if err := TelegramExport(bytes.NewReader(file), func([]byte) error { return io.EOF }, func(string, error) {}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkTelegramExported(b *testing.B) {
	var raw []byte
	_ = TelegramExport(bytes.NewReader(benchmarkFile()), func(post []byte) error { raw = bytes.Clone(post); return nil }, func(string, error) {})
	b.SetBytes(int64(len(raw)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ImportedPost(TypeTelegramExport, raw, noon); err != nil {
			b.Fatal(err)
		}
	}
}
