//go:build unix

package monitor

// The program killed at random instants, and the disk full.

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v4"

	"chorus"
	"chorus/config"
	"chorus/corpus"
	"chorus/index"
	"chorus/internal/testweb"
	"chorus/store"
)

// childEnv makes the test binary a Chorus that does one round with the
// configuration in that file, and says "open" when the search answers.
const childEnv = "CHORUS_TEST_CHILD"

// takedownEnv makes the child remove a document in place of the round.
const takedownEnv = "CHORUS_TEST_TAKEDOWN"

// limitEnv is the largest file that the child may write: a full disk.
const limitEnv = "CHORUS_TEST_LIMIT"

func TestMain(m *testing.M) {
	if file := os.Getenv(childEnv); file != "" {
		os.Exit(child(file))
	}
	os.Exit(m.Run())
}

func child(file string) int {
	var limit uint64
	if _, err := fmt.Sscan(os.Getenv(limitEnv), &limit); err == nil {
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: limit, Max: limit}); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 9
		}
	}
	c, _, err := config.Load(file, chorus.Config)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 9
	}
	ctx := context.Background()
	start := time.Now()
	mon, err := Open(ctx, Options{Config: c, Verb: "test child"})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	if _, err := mon.Search(ctx, index.Request{Size: 1}); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	fmt.Println("open", time.Since(start).Milliseconds())
	if id := os.Getenv(takedownEnv); id != "" {
		_, err = mon.Takedown(ctx, corpus.DocID(id), "asked by a court")
	} else {
		_, err = mon.Once(ctx)
	}
	if err := mon.Close(); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// crowd is a web of sites with pages that differ, and its outlets.
func crowd(sites, pages int) (*testweb.Web, []corpus.Outlet) {
	w := &testweb.Web{}
	var outlets []corpus.Outlet
	for i := range sites {
		host := fmt.Sprintf("site%d.example", i)
		var items strings.Builder
		for j := range pages {
			url := fmt.Sprintf("http://%s/%d", host, j)
			fmt.Fprintf(&items, "<item><link>%s</link></item>", url)
			w.AddText(url, fmt.Sprintf(`<html lang="en"><head><title>Report %d of site %d</title></head><body><article><h1>Report %d of site %d</h1>
				<p>The warehouse in district %d took in %d crates of apples on the %dth day, and sent %d of them on by rail the same night.</p>
				<p>The foreman, who has worked there for %d years, said that the autumn had been dry and that the roads had held up well.</p></article></body></html>`, j, i, j, i, i, 100*j+7, j, 31*j+i, i+j))
		}
		feed := "http://" + host + "/rss.xml"
		w.AddText(feed, `<rss version="2.0"><channel><title>Site</title>`+items.String()+`</channel></rss>`)
		id := fmt.Sprintf("site%d", i)
		outlets = append(outlets, corpus.Outlet{ID: id, Name: id, Bloc: corpus.BlocControl, Country: "NL", Owner: id, Family: id, Ownership: "independent",
			Languages: []string{"en"}, Hosts: []string{host}, Tier: corpus.TierDaily, Feeds: []corpus.Feed{{URL: feed, Kind: corpus.FeedRSS}}})
	}
	return w, outlets
}

// childConfig writes the configuration where a child finds it.
func (s *setup) childConfig() string {
	s.t.Helper()
	raw, err := yaml.Marshal(map[string]any{
		"data":    s.cfg.Data,
		"collect": map[string]any{"proxy": s.cfg.Collect.Proxy, "host_delay": "0s"},
		"outlets": map[string]any{"builtin": false, "define": s.cfg.Outlets.Define},
	})
	if err != nil {
		s.t.Fatal(err)
	}
	file := filepath.Join(s.t.TempDir(), "config.yaml")
	if err := os.WriteFile(file, raw, 0o644); err != nil {
		s.t.Fatal(err)
	}
	return file
}

// acknowledged is what the store has committed: page by version.
func acknowledged(t *testing.T, m *Monitor) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, d := range documents(t, m) {
		if _, twice := all[d.URL()]; twice {
			t.Errorf("%s is there twice", d.URL())
		}
		all[d.URL()] = d.Version
	}
	return all
}

func TestKilledAtRandomInstantsLosesAndDoublesNothing(t *testing.T) {
	kills := 50
	if testing.Short() {
		kills = 5
	}
	const sites, pages = 8, 60
	w, outlets := crowd(sites, pages)
	w.Delay = 2 * time.Millisecond
	s := watch(t, w, outlets)
	file := s.childConfig()
	random := rand.New(rand.NewPCG(1, 2))
	before := map[string]string{}
	slowest := time.Duration(0) // from a start to the first answer: told, not tested
	for kill := range kills {
		slowest = max(slowest, runAndKill(t, file, time.Duration(random.IntN(400))*time.Millisecond))
		s.with(func(m *Monitor) {
			now := acknowledged(t, m)
			for url, version := range before {
				if now[url] != version {
					t.Fatalf("kill %d: %s was acknowledged and is lost", kill, url)
				}
			}
			before = now
			if err := m.CatchUp(t.Context()); err != nil {
				t.Fatal(err)
			}
			if got := search(t, m, "foreman"); len(got) != min(len(now), 100) {
				t.Fatalf("kill %d: %d documents are found of %d", kill, len(got), len(now))
			}
		})
	}
	s.once()
	s.with(func(m *Monitor) {
		if got := acknowledged(t, m); len(got) != sites*pages {
			t.Errorf("in the end there are %d documents, want %d", len(got), sites*pages)
		}
		r, err := m.Verify(t.Context())
		if err != nil || !r.Sound() {
			t.Errorf("Verify = %+v, %v; want all sound", r, err)
		}
	})
	t.Logf("%d kills, %d documents before the last round, slowest first answer %v", kills, len(before), slowest)
}

// runAndKill starts a child and kills it some time after its search answers.
// It returns how long the child took to answer.
func runAndKill(t *testing.T, file string, after time.Duration, env ...string) time.Duration {
	t.Helper()
	c := exec.Command(os.Args[0])
	c.Env = append(append(os.Environ(), childEnv+"="+file), env...)
	var stderr strings.Builder
	c.Stderr = &stderr
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	var ms int64
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil {
		c.Wait()
		t.Fatalf("child did not start: %v\n%s", err, stderr.String())
	} else if _, err := fmt.Sscanf(line, "open %d", &ms); err != nil {
		t.Fatalf("child said %q", line)
	}
	<-time.After(after)
	c.Process.Kill() // it may have ended by itself
	c.Wait()
	return time.Duration(ms) * time.Millisecond
}

// A takedown that is killed has done nothing, or the next start does the rest.
func TestKilledTakedownIsAllOrNothing(t *testing.T) {
	w, outlets := crowd(2, 20)
	s := watch(t, w, outlets)
	s.once()
	file := s.childConfig()
	var docs []corpus.Document
	s.with(func(m *Monitor) { docs = documents(t, m) })
	kills := 30
	if testing.Short() {
		kills = 6
	}
	random := rand.New(rand.NewPCG(3, 4))
	outcomes := map[string]int{}
	left := len(docs)
	for _, d := range docs[:kills] {
		runAndKill(t, file, time.Duration(random.IntN(60_000))*time.Microsecond, takedownEnv+"="+string(d.ID))
		pending := pendingTakedowns(t, s)
		s.with(func(m *Monitor) {
			if err := m.CatchUp(t.Context()); err != nil {
				t.Fatal(err)
			}
			versions, err := m.Versions(t.Context(), d.ID)
			if err != nil {
				t.Fatal(err)
			}
			title := strings.ToLower(d.Article.Title)
			_, gone := m.Tombstone(t.Context(), d.ID)
			switch {
			case len(versions) == 1 && gone != nil:
				outcomes["nothing was done"]++
				if got := search(t, m, `"`+title+`"`); len(got) == 0 {
					t.Errorf("%s is there, and not found", d.URL())
				}
				return
			case len(versions) != 0 || gone != nil:
				t.Fatalf("%s has %d versions and the tombstone %v", d.URL(), len(versions), gone)
			case pending:
				outcomes["the next start did the rest"]++
			default:
				outcomes["all was done"]++
			}
			left--
			if got := acknowledged(t, m); len(got) != left {
				t.Errorf("%d documents are left, want %d", len(got), left)
			}
			if got := search(t, m, "foreman"); len(got) != left {
				t.Errorf("%d documents are found, want %d", len(got), left)
			}
			wantSound(t, m)
		})
		if _, err := os.Stat(filepath.Join(s.cfg.Data, "archive", "redaction")); err == nil {
			t.Error("a redaction is not finished")
		}
	}
	s.with(func(m *Monitor) {
		wantSameAfterRebuild(t, m)
		for _, d := range docs[:kills] {
			if versions, _ := m.Versions(t.Context(), d.ID); len(versions) == 0 {
				wantNowhere(t, s, strings.ToLower(d.Article.Title)+"</title>")
			}
		}
	})
	t.Logf("%v", outcomes)
}

// pendingTakedowns reports whether the archive may still hold what was removed.
func pendingTakedowns(t *testing.T, s *setup) bool {
	t.Helper()
	db, err := store.Open(t.Context(), s.cfg.Data)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	pending, err := db.Pending(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return len(pending) > 0
}

func TestFullDiskEndsTheRoundAndLosesNothing(t *testing.T) {
	const sites, pages = 4, 60
	w, outlets := crowd(sites, pages)
	s := watch(t, w, outlets)
	file := s.childConfig()
	c := exec.Command(os.Args[0])
	c.Env = append(os.Environ(), childEnv+"="+file, limitEnv+"=200000")
	said, err := c.CombinedOutput()
	if err == nil {
		t.Fatalf("the round went well on a full disk:\n%s", said)
	}
	if !strings.Contains(string(said), "file too large") && !strings.Contains(string(said), "disk") {
		t.Errorf("the message does not say what is wrong:\n%s", said)
	}
	var kept map[string]string
	s.with(func(m *Monitor) { kept = acknowledged(t, m) })
	s.once() // there is room again
	s.with(func(m *Monitor) {
		now := acknowledged(t, m)
		if len(now) != sites*pages {
			t.Errorf("with room again there are %d documents, want %d", len(now), sites*pages)
		}
		for url := range kept {
			if now[url] != kept[url] {
				t.Errorf("%s was acknowledged and is lost", url)
			}
		}
		if r, err := m.Verify(t.Context()); err != nil || !r.Sound() {
			t.Errorf("Verify = %+v, %v; want all sound", r, err)
		}
	})
	if len(kept) == sites*pages {
		t.Error("the disk was not full enough to test anything")
	}
}

func TestSameOrderAfterRebuild(t *testing.T) {
	w, outlets := crowd(6, 20)
	s := watch(t, w, outlets)
	s.once()
	s.with(func(m *Monitor) {
		before := documents(t, m)
		if _, err := m.Rebuild(t.Context()); err != nil {
			t.Fatal(err)
		}
		after := documents(t, m)
		urls := func(docs []corpus.Document) []string {
			var out []string
			for _, d := range docs {
				out = append(out, fmt.Sprint(d.Seq, " ", d.URL()))
			}
			return out
		}
		if !slices.Equal(urls(before), urls(after)) {
			t.Errorf("another order (-before +after):\n%s", cmp.Diff(urls(before), urls(after)))
		}
	})
}
