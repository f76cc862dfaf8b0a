package feeds

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"chorus/corpus"
	"chorus/internal/telegramweb"
)

// serve has a site answer a request.
func serve(site *telegramweb.Site, address string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	site.ServeHTTP(w, httptest.NewRequest("GET", address, nil))
	return w
}

// recordedChannels loads the recorded posts as channels of a site.
func recordedChannels(t *testing.T) []telegramweb.Channel {
	t.Helper()
	f, err := os.Open(shared(t, "corpora/telegram_ru_news.jsonl.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	byName := map[string]*telegramweb.Channel{}
	lines := bufio.NewScanner(z)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var line struct {
			ID      int64     `json:"id"`
			Channel string    `json:"channel"`
			Number  int64     `json:"channel_id"`
			Date    time.Time `json:"date"`
			Text    string    `json:"text"`
		}
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			t.Fatal(err)
		}
		name := fmt.Sprintf("channel%d", -line.Number)
		if byName[name] == nil {
			byName[name] = &telegramweb.Channel{Name: name, Title: line.Channel}
		}
		c := byName[name]
		c.Posts = append(c.Posts, telegramweb.Post{ID: line.ID, Date: line.Date, Text: line.Text, Views: line.ID})
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	var out []telegramweb.Channel
	for _, c := range byName {
		out = append(out, *c)
	}
	return out
}

// shownText is a text as a page can show it: no space at the ends of lines, one
// blank line at most, and without characters that nobody sees.
func shownText(s string) string {
	for _, mark := range []string{"\u00ad", "\u200b", "\u2060", "\ufeff", "\u200e", "\u200f", "\u202a", "\u202b", "\u202c", "\u202d", "\u202e", "\u2066", "\u2067", "\u2068", "\u2069", "\u007f"} {
		s = strings.ReplaceAll(s, mark, "")
	}
	s = strings.NewReplacer("\u2800", " ", "\u3164", " ").Replace(s)
	var lines []string
	for line := range strings.SplitSeq(s, "\n") {
		line = strings.Join(strings.Fields(line), " ")
		if line != "" || len(lines) > 0 && lines[len(lines)-1] != "" {
			lines = append(lines, line)
		}
	}
	return strings.TrimSpace(strings.Join(lines, "\n"))
}

func TestReadEveryRecordedPostFromAPreview(t *testing.T) {
	channels := recordedChannels(t)
	site := telegramweb.New(channels...)
	present, parsed, pages := 0, 0, 0
	lost := map[string]int{}
	for _, c := range channels {
		present += len(c.Posts)
		got := map[string]Post{}
		for next := "https://t.me/s/" + c.Name; next != ""; pages++ {
			w := serve(site, next)
			r, fault := Read(corpus.Feed{URL: "https://t.me/s/" + c.Name, Kind: corpus.FeedTelegram}, answer(next, "text/html; charset=utf-8", w.Body.Bytes()), noon)
			if fault != nil || len(r.Warnings) > 0 {
				t.Fatalf("Read %s: %v, %q", next, fault, r.Warnings)
			}
			for _, p := range r.Posts {
				got[p.Item.URL] = p
			}
			next = r.Next
		}
		for _, want := range c.Posts {
			p, ok := got[fmt.Sprintf("https://t.me/%s/%d", c.Name, want.ID)]
			if !ok {
				lost["post"]++
				continue
			}
			parsed++
			for field, same := range map[string]bool{
				"text":  p.Article.Text == shownText(want.Text),
				"date":  p.Item.Published.Equal(want.Date),
				"name":  p.Article.Post.Name == c.Title,
				"links": slices.Equal(urlsOf(p.Article.Links), telegramweb.Links(want.Text)),
			} {
				if !same {
					lost[field]++
					if lost[field] < 4 {
						t.Errorf("%s of %s differs:\n%+v\nwant %q", field, p.Item.URL, p.Article, want.Text)
					}
				}
			}
		}
	}
	t.Logf("%d channels, %d pages: %d posts parsed of %d present; lost %v", len(channels), pages, parsed, present, lost)
	if parsed != present || len(lost) > 0 {
		t.Errorf("%d posts parsed of %d present; lost %v", parsed, present, lost)
	}
}

func urlsOf(links []corpus.Link) []string {
	var out []string
	for _, l := range links {
		out = append(out, l.URL)
	}
	return out
}

// BenchmarkTelegram reads pages of 20 posts with an album, a forward, an answer
// and text of the usual length.
func BenchmarkTelegram(b *testing.B) {
	c := telegramweb.Channel{Name: "riverpost", Title: "Речная почта", Members: 12_300}
	for i := range 20 {
		p := telegramweb.Post{ID: int64(100 + 10*i), Date: noon.Add(time.Duration(i-30) * time.Minute), Views: int64(1000 * i),
			Text: "Мост через реку открыт\n\n" + strings.Repeat("Движение началось утром во вторник, сообщила администрация города. ", 8) + "\n\nhttps://river.example/news #мост"}
		switch i % 5 {
		case 1:
			p.Photos = []string{"https://cdn.example/1.jpg", "https://cdn.example/2.jpg", "https://cdn.example/3.jpg"}
		case 2:
			p.Forward = &telegramweb.Origin{Name: "Порт", URL: "https://t.me/port/7"}
		case 3:
			p.Reply = &telegramweb.Origin{Name: c.Title, URL: "https://t.me/riverpost/100", Text: "Мост закрыт"}
		}
		c.Posts = append(c.Posts, p)
	}
	page := telegramweb.Page(c, 0, 0)
	feed := corpus.Feed{URL: "https://t.me/s/riverpost", Kind: corpus.FeedTelegram}
	b.SetBytes(int64(len(page)))
	b.ReportAllocs()
	for b.Loop() {
		r, fault := Read(feed, answer(feed.URL, "text/html; charset=utf-8", page), noon)
		if fault != nil || len(r.Posts) != 20 {
			b.Fatalf("Read = %d posts, %v", len(r.Posts), fault)
		}
	}
	b.ReportMetric(20*float64(b.N)/b.Elapsed().Seconds(), "posts/s")
}
