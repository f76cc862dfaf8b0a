package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"chorus/corpus"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func open(t *testing.T) *Store {
	t.Helper()
	s, err := Open(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func commit(t *testing.T, s *Store, b Batch) {
	t.Helper()
	if err := s.Commit(t.Context(), &b); err != nil {
		t.Fatal(err)
	}
}

// visit is a good visit of a page that says text.
func visit(url, text string, at time.Time) *Visit {
	id, err := corpus.IDOf(url)
	if err != nil {
		panic(err)
	}
	d := &corpus.Document{ID: id, Item: corpus.Item{Outlet: "riverpost", URL: url, Seen: at},
		Evidence: corpus.Evidence{URL: url, Fetched: at}, Article: corpus.Article{Title: "Title", Text: text}}
	d.Version = corpus.VersionOf(&d.Article)
	return &Visit{Page: id, Host: "river.example", Item: d.Item, Fetched: at, State: Done, Document: d}
}

func discovery(url, host string) Discovery {
	id, err := corpus.IDOf(url)
	if err != nil {
		panic(err)
	}
	return Discovery{Page: id, Host: host, Item: corpus.Item{Outlet: "riverpost", URL: url, Seen: noon}}
}

func changes(t *testing.T, s *Store, after corpus.Seq) string {
	t.Helper()
	all, err := s.Changes(t.Context(), after, 100)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, c := range all {
		op := "new"
		if c.Marked {
			op = "marked"
		}
		if c.Removed {
			op = "removed"
		}
		out = append(out, fmt.Sprintf("%d:%s %d", c.N, op, c.Document.Seq))
	}
	return strings.Join(out, ", ")
}

func TestChangedPageBecomesNewVersion(t *testing.T) {
	s := open(t)
	v := visit("https://river.example/1", "first", noon)
	commit(t, s, Batch{Visits: []*Visit{v}})
	commit(t, s, Batch{Visits: []*Visit{visit("https://river.example/1", "first", noon.Add(time.Hour))}})
	commit(t, s, Batch{Visits: []*Visit{visit("https://river.example/1", "second", noon.Add(2*time.Hour))}})
	commit(t, s, Batch{Visits: []*Visit{visit("https://river.example/1", "first", noon.Add(3*time.Hour))}})

	versions, err := s.Versions(t.Context(), v.Document.ID)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, d := range versions {
		got = append(got, fmt.Sprintf("%d %s edit %d replaced by %d", d.Seq, d.Article.Text, d.Edit, d.Replaced))
	}
	want := []string{"1 first edit 0 replaced by 2", "2 second edit 1 replaced by 3", "3 first edit 2 replaced by 0"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("versions (-want +got):\n%s", diff)
	}
	if got, want := changes(t, s, 0), "1:new 1, 2:new 2, 3:marked 1, 4:new 3, 5:marked 2"; got != want {
		t.Errorf("journal is %s, want %s", got, want)
	}
}

func TestGoneAndBackAgain(t *testing.T) {
	s := open(t)
	v := visit("https://river.example/1", "text", noon)
	commit(t, s, Batch{Visits: []*Visit{v}})
	gone := &Visit{Page: v.Page, Host: v.Host, Item: v.Item, Fetched: noon.Add(time.Hour), State: Done, Gone: true}
	commit(t, s, Batch{Visits: []*Visit{gone}})
	commit(t, s, Batch{Visits: []*Visit{gone}})
	docs, err := s.Documents(t.Context(), []corpus.Seq{1})
	if err != nil {
		t.Fatal(err)
	}
	if !docs[0].Deleted.Equal(noon.Add(time.Hour)) {
		t.Errorf("Deleted = %v, want the first time it was gone", docs[0].Deleted)
	}
	commit(t, s, Batch{Visits: []*Visit{visit("https://river.example/1", "text", noon.Add(2*time.Hour))}})
	if docs, err = s.Documents(t.Context(), []corpus.Seq{1}); err != nil || !docs[0].Deleted.IsZero() {
		t.Errorf("after it came back Deleted = %v, %v", docs[0].Deleted, err)
	}
}

func TestTwinAddressAddsNothing(t *testing.T) {
	s := open(t)
	commit(t, s, Batch{Visits: []*Visit{visit("https://river.example/1", "text", noon)}})
	twin := visit("https://river.example/1/amp", "text, shortened", noon)
	twin.Document.ID, _ = corpus.IDOf("https://river.example/1")
	commit(t, s, Batch{Visits: []*Visit{twin}})
	if twin.Added {
		t.Error("the twin was added")
	}
	if versions, _ := s.Versions(t.Context(), twin.Document.ID); len(versions) != 1 {
		t.Errorf("%d versions, want 1", len(versions))
	}
}

func free(string) bool { return false }

func TestClaimTakesSomeOfEachHostOnce(t *testing.T) {
	s := open(t)
	var items []Discovery
	for i := range 5 {
		items = append(items, discovery(fmt.Sprintf("https://a.example/%d", i), "a.example"), discovery(fmt.Sprintf("https://b.example/%d", i), "b.example"))
	}
	commit(t, s, Batch{Polls: []Poll{{State: corpus.FeedState{Outlet: "riverpost", URL: "https://a.example/rss"}, Items: items, At: noon}}})

	first, err := s.Claim(t.Context(), noon, noon.Add(time.Minute), 2, 100, free)
	if err != nil {
		t.Fatal(err)
	}
	hosts := map[string]int{}
	seen := map[corpus.DocID]bool{}
	for _, l := range first {
		hosts[l.Host]++
		seen[l.Page] = true
	}
	if diff := cmp.Diff(map[string]int{"a.example": 2, "b.example": 2}, hosts); diff != "" {
		t.Errorf("claimed by host (-want +got):\n%s", diff)
	}
	second, err := s.Claim(t.Context(), noon, noon.Add(time.Minute), 10, 100, func(h string) bool { return h == "b.example" })
	if err != nil {
		t.Fatal(err)
	}
	if len(second) != 3 {
		t.Errorf("claimed %d pages more, want the 3 left of a.example", len(second))
	}
	for _, l := range second {
		if seen[l.Page] {
			t.Errorf("%s was leased twice", l.Item.URL)
		}
	}
	// An ended lease is up for others.
	third, err := s.Claim(t.Context(), noon.Add(2*time.Minute), noon.Add(3*time.Minute), 10, 100, free)
	if err != nil || len(third) != 10 {
		t.Errorf("after the leases ended %d pages were claimed, %v; want all 10", len(third), err)
	}
}

func TestReleaseGivesLeasesBack(t *testing.T) {
	s := open(t)
	commit(t, s, Batch{Polls: []Poll{{Items: []Discovery{discovery("https://a.example/1", "a.example")}, At: noon}}})
	for i := range 3 {
		got, err := s.Claim(t.Context(), noon, noon.Add(time.Hour), 1, 1, free)
		if err != nil || len(got) != 1 || got[0].Attempts != 1 {
			t.Fatalf("claim %d = %+v, %v; want one page at its first attempt", i, got, err)
		}
		if err := s.Release(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

func TestItemUpdatedAfterVisitIsDueAgain(t *testing.T) {
	s := open(t)
	d := discovery("https://river.example/1", "river.example")
	commit(t, s, Batch{Polls: []Poll{{Items: []Discovery{d}, At: noon}}})
	commit(t, s, Batch{Visits: []*Visit{visit("https://river.example/1", "text", noon)}})
	later := noon.Add(time.Hour)
	d.Item.Updated = noon.Add(-time.Hour)
	commit(t, s, Batch{Polls: []Poll{{Items: []Discovery{d}, At: later}}})
	if got, _ := s.Claim(t.Context(), later, later, 9, 9, free); len(got) != 0 {
		t.Errorf("a page that was fetched after its change is due again: %+v", got)
	}
	d.Item.Updated = noon.Add(time.Minute)
	commit(t, s, Batch{Polls: []Poll{{Items: []Discovery{d}, At: later}}})
	if got, _ := s.Claim(t.Context(), later, later, 9, 9, free); len(got) != 1 {
		t.Errorf("a page that changed since is not due")
	}
}

func TestRetagKeepsOldTags(t *testing.T) {
	s := open(t)
	v := visit("https://river.example/1", "text", noon)
	v.Document.Tags, v.Document.Judge = []corpus.Tag{{Narrative: "proxy-war", Stance: corpus.StanceAsserts, Score: 0.9, Version: "one"}}, "one"
	commit(t, s, Batch{Visits: []*Visit{v}})
	if err := s.Retag(t.Context(), "two", map[corpus.Seq][]corpus.Tag{1: {}}); err != nil {
		t.Fatal(err)
	}
	docs, err := s.Documents(t.Context(), []corpus.Seq{1})
	if err != nil || len(docs[0].Tags) != 0 {
		t.Errorf("tags in force are %v, %v; want none", docs[0].Tags, err)
	}
	var n int
	if err := s.read.QueryRow("SELECT count(*) FROM tags WHERE version = 'one'").Scan(&n); err != nil || n != 1 {
		t.Errorf("%d rows of old tags, %v; want 1", n, err)
	}
}

func TestTagsOfTwoVersionsAreCompared(t *testing.T) {
	s := open(t)
	tags := func(stance corpus.Stance, narratives ...string) (out []corpus.Tag) {
		for _, n := range narratives {
			out = append(out, corpus.Tag{Narrative: n, Stance: stance, Score: 0.9})
		}
		return out
	}
	add := func(n int, at time.Time, judge string, tags []corpus.Tag) {
		v := visit(fmt.Sprintf("https://river.example/%d", n), fmt.Sprint("text", n), noon)
		v.Document.Tags, v.Document.Judge, v.Document.Article.Published = tags, judge, at
		commit(t, s, Batch{Visits: []*Visit{v}})
	}
	later := noon.AddDate(0, -1, 0)
	add(1, noon, "one", tags(corpus.StanceAsserts, "proxy-war"))
	add(2, noon, "one", tags(corpus.StanceRebuts, "proxy-war")) // a rebuttal does not carry it
	add(3, later, "one", nil)
	if err := s.Retag(t.Context(), "two", map[corpus.Seq][]corpus.Tag{1: nil, 2: tags(corpus.StanceReports, "proxy-war"), 3: tags(corpus.StanceAsserts, "biolabs")}); err != nil {
		t.Fatal(err)
	}
	add(4, noon, "two", tags(corpus.StanceAsserts, "biolabs")) // never judged by one

	got, err := s.CompareTags(t.Context(), "one")
	if err != nil {
		t.Fatal(err)
	}
	month := func(at time.Time) time.Time { return time.Date(at.Year(), at.Month(), 1, 0, 0, 0, 0, time.UTC) }
	want := []TagChange{
		{Narrative: "biolabs", Month: month(later), After: 1, Gained: 1},
		{Narrative: "proxy-war", Month: month(noon), Before: 1, After: 1, Gained: 1, Lost: 1},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
	versions, err := s.TagVersions(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]TagVersion{{Version: "one", Documents: 3, Tagged: 2}, {Version: "two", Documents: 4, Tagged: 3, InForce: 4}}, versions); diff != "" {
		t.Errorf("versions (-want +got):\n%s", diff)
	}
}

func TestFeedStateComesBackWhole(t *testing.T) {
	s := open(t)
	want := corpus.FeedState{Outlet: "riverpost", URL: "https://river.example/rss", ETag: `"x"`, LastModified: "yesterday",
		Interval: 15 * time.Minute, Due: noon, Polled: noon, Failures: 2, Fault: &corpus.Fault{Class: corpus.FaultServer, Reason: "500", At: noon}}
	commit(t, s, Batch{Polls: []Poll{{State: want}}})
	got, err := s.FeedStates(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]corpus.FeedState{want}, got); diff != "" {
		t.Errorf("states (-want +got):\n%s", diff)
	}
}

func TestResolveNeedsEnoughDigits(t *testing.T) {
	s := open(t)
	v := visit("https://river.example/1", "text", noon)
	commit(t, s, Batch{Visits: []*Visit{v}})
	if id, err := s.Resolve(t.Context(), string(v.Document.ID[:8])); err != nil || id != v.Document.ID {
		t.Errorf("Resolve = %s, %v", id, err)
	}
	for _, bad := range []string{"abc", "zzzzzzzz", "", "'; drop"} {
		if _, err := s.Resolve(t.Context(), bad); !errors.Is(err, ErrNotFound) {
			t.Errorf("Resolve(%q) = %v, want ErrNotFound", bad, err)
		}
	}
}

func TestSecondLockNamesTheHolder(t *testing.T) {
	dir := t.TempDir()
	l, err := Acquire(context.Background(), dir, "run")
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Listening("127.0.0.1:8080"); err != nil {
		t.Fatal(err)
	}
	_, err = Acquire(context.Background(), dir, "rebuild")
	var held *HeldError
	if !errors.As(err, &held) || held.Holder.Verb != "run" || !strings.Contains(err.Error(), "127.0.0.1:8080") {
		t.Fatalf("second Acquire = %v, want who holds it", err)
	}
	if err := l.Release(); err != nil {
		t.Fatal(err)
	}
	l, err = Acquire(context.Background(), dir, "rebuild")
	if err != nil {
		t.Fatalf("Acquire after Release: %v", err)
	}
	l.Release()
}

func TestFeedThatSaysAllIsNewAllTheTimeIsNotBelieved(t *testing.T) {
	s := open(t)
	d := discovery("https://river.example/1", "river.example")
	commit(t, s, Batch{Polls: []Poll{{Items: []Discovery{d}, At: noon}}})
	fetches := 0
	for at := noon; at.Before(noon.AddDate(0, 0, 7)); at = at.Add(5 * time.Minute) {
		leases, err := s.Claim(t.Context(), at, at.Add(time.Minute), 9, 9, free)
		if err != nil {
			t.Fatal(err)
		}
		for range leases {
			fetches++
			commit(t, s, Batch{Visits: []*Visit{visit("https://river.example/1", "text", at)}})
		}
		d.Item.Updated = at.Add(time.Minute)
		commit(t, s, Batch{Polls: []Poll{{Items: []Discovery{d}, At: at}}})
	}
	if fetches < 10 || fetches > 15 {
		t.Errorf("a page that is always new was fetched %d times in a week, want about a dozen", fetches)
	}
}

func TestUpdatedItemDoesNotPutOffALookThatIsPlanned(t *testing.T) {
	s := open(t)
	v := visit("https://river.example/1", "text", noon)
	v.Due = noon.Add(2 * time.Minute)
	commit(t, s, Batch{Visits: []*Visit{v}})
	d := discovery("https://river.example/1", "river.example")
	d.Item.Updated = noon.Add(time.Minute)
	commit(t, s, Batch{Polls: []Poll{{Items: []Discovery{d}, At: noon.Add(time.Minute)}}})
	if got, _ := s.Claim(t.Context(), v.Due, v.Due, 9, 9, free); len(got) != 1 {
		t.Error("the page is not due when it was to be looked at again")
	}
}

func TestFolderMayHaveAnyName(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "50% of a?b#c &d")
	l, err := Acquire(t.Context(), dir, "run")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Release()
	s, err := Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for _, name := range []string{"lock.db", "holder.json", "chorus.db"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			t.Error(err)
		}
	}
}
