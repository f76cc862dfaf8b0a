package monitor

// Documents that are removed leave a tombstone and nothing else.

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"

	"chorus/corpus"
	"chorus/index"
	"chorus/internal/telegramweb"
	"chorus/internal/testweb"
	"chorus/store"
)

// holding lists the files of a folder that have a word in them: as it is, in
// gzip members (the archive), or in zstd frames (documents in the database).
func holding(t *testing.T, folder, word string) (files []string) {
	t.Helper()
	err := filepath.WalkDir(folder, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		raw, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if found(raw, []byte(word)) {
			files = append(files, filepath.Base(path))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func found(raw, word []byte) bool {
	if bytes.Contains(bytes.ToLower(raw), word) {
		return true
	}
	if z, err := gzip.NewReader(bytes.NewReader(raw)); err == nil {
		plain, _ := io.ReadAll(z) // what can be read
		if bytes.Contains(bytes.ToLower(plain), word) {
			return true
		}
	}
	for rest := raw; ; {
		i := bytes.Index(rest, []byte{0x28, 0xb5, 0x2f, 0xfd})
		if i < 0 {
			return false
		}
		if z, err := zstd.NewReader(bytes.NewReader(rest[i:])); err == nil {
			plain, _ := io.ReadAll(z)
			z.Close()
			if bytes.Contains(bytes.ToLower(plain), word) {
				return true
			}
		}
		rest = rest[i+4:]
	}
}

func wantNowhere(t *testing.T, s *setup, words ...string) {
	t.Helper()
	for _, word := range words {
		if files := holding(t, s.cfg.Data, word); len(files) > 0 {
			t.Errorf("%q is still in %v", word, files)
		}
	}
}

func wantSound(t *testing.T, m *Monitor) {
	t.Helper()
	if r, err := m.Verify(t.Context()); err != nil || !r.Sound() {
		t.Errorf("Verify = %+v, %v; want all sound", r, err)
	}
}

func idOf(t *testing.T, address string) corpus.DocID {
	t.Helper()
	id, err := corpus.IDOf(address)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func takedown(t *testing.T, m *Monitor, address string) TakedownSummary {
	t.Helper()
	sum, err := m.Takedown(t.Context(), idOf(t, address), "asked by a court")
	if err != nil {
		t.Fatal(err)
	}
	return sum
}

// numbered gives the documents with new numbers, as a rebuild gives them: those
// of removed documents are not used there.
func numbered(docs []corpus.Document) []corpus.Document {
	numbers := map[corpus.Seq]corpus.Seq{}
	for i, d := range docs {
		numbers[d.Seq] = corpus.Seq(i + 1)
	}
	out := make([]corpus.Document, len(docs))
	for i, d := range docs {
		d.Seq, d.Replaced = numbers[d.Seq], numbers[d.Replaced]
		out[i] = d
	}
	return out
}

// wantSameAfterRebuild rebuilds, and compares all but the numbers.
func wantSameAfterRebuild(t *testing.T, m *Monitor) {
	t.Helper()
	before, found := numbered(documents(t, m)), search(t, m, "*")
	if _, err := m.Rebuild(t.Context()); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before, numbered(documents(t, m))); diff != "" {
		t.Errorf("rebuild changed the corpus (-before +after):\n%s", diff)
	}
	if diff := cmp.Diff(found, search(t, m, "*")); diff != "" {
		t.Errorf("rebuild changed what is found (-before +after):\n%s", diff)
	}
	wantSound(t, m)
}

// without gives the documents but those of an id.
func without(before []corpus.Document, id corpus.DocID) (left []corpus.Document) {
	for _, d := range before {
		if d.ID != id {
			left = append(left, d)
		}
	}
	return left
}

const secretPage = "http://riverpost.example/news/1"

// secretRiver is the river with a page of rare words: in its text "zanzibarite",
// and "kalahari" in what its feed says of it.
func secretRiver(t *testing.T) *setup {
	t.Helper()
	s := watchRiver(t)
	s.web.AddText("http://riverpost.example/rss.xml", `<rss version="2.0"><channel><title>River Post</title>
		<item><title>Kalahari bridge reopens</title><description>A kalahari summary.</description><link>`+secretPage+`</link></item>
		<item><title>Minister speaks</title><link>http://riverpost.example/news/2?utm_source=rss</link></item></channel></rss>`)
	return s
}

func secretText(n int) string {
	return fmt.Sprintf(`<html lang="en"><head><title>Zanzibarite found</title></head><body><article><h1>Zanzibarite found below the bridge</h1>
		<p>Workers who repaired the harbour bridge found %d pounds of zanzibarite in a bearing on Monday, the city said, and sent it to a museum.</p>
		<p>The mayor said that tolls would not be raised this year, and thanked the residents of the old quay for their patience with the noise.</p></article></body></html>`, n)
}

func TestTakedownOfAnArticle(t *testing.T) {
	s := secretRiver(t)
	s.web.AddText(secretPage, secretText(1))
	s.once()
	s.web.AddText(secretPage, secretText(2))
	s.elapsed = 3 * time.Hour
	s.once()
	s.elapsed = 30 * time.Hour
	s.once() // as it was: a revisit
	id := idOf(t, secretPage)
	var left []corpus.Document
	s.with(func(m *Monitor) {
		before := documents(t, m)
		left = without(before, id)
		if len(before) != len(left)+2 || len(holding(t, s.cfg.Data, "zanzibarite")) < 2 || len(holding(t, s.cfg.Data, "kalahari")) < 2 {
			t.Fatalf("there is too little to remove: %d of %d documents", len(before)-len(left), len(before))
		}
		sum := takedown(t, m, secretPage)
		if sum.Captures < 4 || len(sum.Left) != 0 || sum.Tombstone.Versions != 2 {
			t.Errorf("summary %+v, want two versions, three captures of the page and those of its feed, nothing left", sum)
		}
		if diff := cmp.Diff(left, documents(t, m)); diff != "" {
			t.Errorf("documents (-want +got):\n%s", diff)
		}
		for _, query := range []string{"zanzibarite", "is:old zanzibarite", "title:kalahari"} {
			if got := search(t, m, query); len(got) != 0 {
				t.Errorf("search %s found %v", query, got)
			}
		}
		wantFacet(t, m, "riverpost", 1)
		wantSound(t, m)
		got, err := m.Tombstone(t.Context(), id)
		if err != nil || got.Reason != "asked by a court" || got.Outlet != "riverpost" || got.Kind != corpus.KindArticle {
			t.Errorf("Tombstone = %+v, %v", got, err)
		}
		if _, err := m.Takedown(t.Context(), id, ""); !errors.Is(err, ErrRemoved) {
			t.Errorf("a second takedown says %v, want ErrRemoved", err)
		}
		wantNowhere(t, s, "zanzibarite", "kalahari")
	})
	wantNowhere(t, s, "zanzibarite", "kalahari")

	// The page and its feed are still on the web, and do not come back.
	s.elapsed = 9 * 24 * time.Hour
	asked := s.web.Requests(secretPage)
	s.once()
	if n := s.web.Requests(secretPage); n != asked {
		t.Errorf("the page was asked for %d times more", n-asked)
	}
	wantNowhere(t, s, "zanzibarite", "kalahari")

	s.with(func(m *Monitor) {
		wantSameAfterRebuild(t, m)
		left = documents(t, m)
		if _, err := m.Tombstone(t.Context(), id); err != nil {
			t.Errorf("rebuild forgot the tombstone: %v", err)
		}
	})
	// A lost database does not bring it back either.
	for _, end := range []string{"", "-wal", "-shm"} {
		os.Remove(filepath.Join(s.cfg.Data, "chorus.db"+end))
	}
	s.once()
	s.with(func(m *Monitor) {
		if diff := cmp.Diff(left, documents(t, m)); diff != "" {
			t.Errorf("the recovery changed the corpus (-before +after):\n%s", diff)
		}
		if got, err := m.Tombstone(t.Context(), id); err != nil || got.Reason != "asked by a court" {
			t.Errorf("after the loss of the database the tombstone is %+v, %v", got, err)
		}
		wantSound(t, m)
	})
	wantNowhere(t, s, "zanzibarite", "kalahari")
}

func wantFacet(t *testing.T, m *Monitor, outlet string, n int) {
	t.Helper()
	r, err := m.Search(t.Context(), index.Request{Query: index.Field{Name: index.FieldOutlet, Value: outlet}, Size: 10})
	if err != nil || r.Total != n {
		t.Errorf("outlet %s has %d documents (%v), want %d", outlet, r.Total, err, n)
	}
}

// The twin of a removed page, on another address that nobody knew, does not
// bring the words back.
func TestTwinOfARemovedPageIsNotKept(t *testing.T) {
	s := secretRiver(t)
	s.web.AddText(secretPage, secretText(1))
	s.once()
	s.with(func(m *Monitor) { takedown(t, m, secretPage) })
	twin := strings.Replace(secretText(1), "<head>", `<head><link rel="canonical" href="`+secretPage+`">`, 1)
	s.web.AddText(secretPage+"/amp", twin)
	s.web.AddText("http://riverpost.example/rss.xml", `<rss version="2.0"><channel><title>River Post</title><item><title>New</title><link>`+secretPage+`/amp</link></item></channel></rss>`)
	s.elapsed = 7 * time.Hour
	s.once()
	if s.web.Requests(secretPage+"/amp") == 0 {
		t.Fatal("the twin was not asked for")
	}
	wantNowhere(t, s, "zanzibarite")
	s.with(func(m *Monitor) {
		wantSameAfterRebuild(t, m)
	})
}

func TestTakedownOfAPost(t *testing.T) {
	s := watchChannel(t, corpus.Feed{})
	secret := func(edited bool) telegramweb.Channel {
		c := riverChannel(1, 50)
		c.Posts[44].Text = "Zanzibarite was found below the quay, says the harbour office."
		if edited {
			c.Posts[44].Text += " It was sold."
			c.Posts[44].Edited = true
		}
		return c
	}
	serveChannel(s.web, secret(false))
	s.once()
	serveChannel(s.web, secret(true))
	s.elapsed = 7 * time.Hour
	s.once()
	s.elapsed = 14 * time.Hour
	s.once() // the same page again
	const address = "https://t.me/riverpost/45"
	var left []corpus.Document
	s.with(func(m *Monitor) {
		before := documents(t, m)
		left = without(before, idOf(t, address))
		if len(left) != len(before)-2 {
			t.Fatalf("the post has %d versions, want 2", len(before)-len(left))
		}
		sum := takedown(t, m, address)
		if sum.Captures != 3 || len(sum.Left) != 0 {
			t.Errorf("summary %+v, want three captures of the channel, nothing left", sum)
		}
		if diff := cmp.Diff(left, documents(t, m)); diff != "" {
			t.Errorf("documents (-want +got):\n%s", diff)
		}
		wantSound(t, m)
		for _, d := range left {
			if c, _, err := m.archive.Load(d.Evidence); err != nil || !bytes.Contains(c.Body, []byte(d.Article.Text)) {
				t.Errorf("the evidence of %s does not show it: %v", d.URL(), err)
			}
		}
	})
	wantNowhere(t, s, "zanzibarite")
	// The channel still shows it.
	s.elapsed = 21 * time.Hour
	s.once()
	c := secret(true)
	for id := int64(51); id <= 60; id++ {
		c.Posts = append(c.Posts, telegramweb.Post{ID: id, Date: c.Posts[49].Date.Add(time.Hour), Text: fmt.Sprintf("Another ferry, number %d, has left.", id)})
	}
	serveChannel(s.web, c)
	s.elapsed = 28 * time.Hour
	if sum := s.once(); sum.Documents != 10 {
		t.Errorf("%+v, want the ten new posts", sum)
	}
	wantNowhere(t, s, "zanzibarite")
	s.with(func(m *Monitor) {
		if len(search(t, m, "zanzibarite")) != 0 {
			t.Error("the post is found")
		}
		wantSameAfterRebuild(t, m)
	})
	wantNowhere(t, s, "zanzibarite")
}

func TestRemovedDocumentIsNotImportedAgain(t *testing.T) {
	s := watch(t, &testweb.Web{}, nil)
	lines := line("http://elsewhere.example/1", "Zanzibarite from a file, of which the harbour master knows.", "") + "\n" + line("http://elsewhere.example/2", "Another one from a file.", "") + "\n"
	s.with(func(m *Monitor) {
		importLines(t, m, strings.NewReader(lines))
		takedown(t, m, "http://elsewhere.example/1")
		wantNowhere(t, s, "zanzibarite")
		sum, _ := importLines(t, m, strings.NewReader(lines))
		if sum.Removed != 1 || sum.Documents != 0 {
			t.Errorf("the second import brought %+v, want one that was removed", sum)
		}
		wantNowhere(t, s, "zanzibarite")
		wantSameAfterRebuild(t, m)
	})
}

func TestUnknownDocumentCannotBeRemoved(t *testing.T) {
	s := watchRiver(t)
	s.with(func(m *Monitor) {
		if _, err := m.Takedown(t.Context(), idOf(t, "http://riverpost.example/none"), ""); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("Takedown = %v, want ErrNotFound", err)
		}
	})
}

func TestRetentionRemovesOnlyWhatIsOld(t *testing.T) {
	s := watch(t, &testweb.Web{}, nil)
	thing := func(name, kind string) string {
		return line("http://elsewhere.example/"+name, "The word of "+name+" is that the ferry left.", `, "kind": "`+kind+`"`) + "\n"
	}
	day := func(n int, lines string) {
		s.elapsed = time.Duration(n) * 24 * time.Hour
		s.with(func(m *Monitor) { importLines(t, m, strings.NewReader(lines)) })
	}
	day(0, thing("oldpost", "post")+thing("seenpost", "post")+thing("oldarticle", "article")+thing("oldspeech", "transcript"))
	day(20, thing("seenpost", "post")) // it is still there
	day(25, thing("newpost", "post"))
	keep := func(m *Monitor) []string {
		t.Helper()
		if err := m.housekeep(t.Context()); err != nil {
			t.Fatal(err)
		}
		left := []string{}
		for _, d := range documents(t, m) {
			left = append(left, strings.TrimPrefix(d.URL(), "http://elsewhere.example/"))
		}
		if got := search(t, m, "ferry"); len(got) != len(left) {
			t.Errorf("%d documents are found of %d", len(got), len(left))
		}
		return left
	}
	s.elapsed = 30 * 24 * time.Hour
	s.with(func(m *Monitor) {
		if left := keep(m); len(left) != 5 {
			t.Errorf("with no retention there are %v, want all", left)
		}
	})
	s.cfg.Retention.Post, s.cfg.Retention.Article = 15*24*time.Hour, 60*24*time.Hour
	s.with(func(m *Monitor) {
		if diff := cmp.Diff([]string{"seenpost", "oldarticle", "oldspeech", "newpost"}, keep(m)); diff != "" {
			t.Errorf("after 30 days (-want +got):\n%s", diff)
		}
		grave, err := m.Tombstone(t.Context(), idOf(t, "http://elsewhere.example/oldpost"))
		if err != nil || grave.Cause != corpus.CauseRetention {
			t.Errorf("tombstone %+v, %v", grave, err)
		}
		wantSound(t, m)
	})
	wantNowhere(t, s, "word of oldpost")
	s.elapsed = 70 * 24 * time.Hour
	s.with(func(m *Monitor) {
		if diff := cmp.Diff([]string{"oldspeech"}, keep(m)); diff != "" {
			t.Errorf("after 70 days (-want +got):\n%s", diff)
		}
	})
	wantNowhere(t, s, "word of seenpost", "word of newpost", "word of oldarticle")
}
