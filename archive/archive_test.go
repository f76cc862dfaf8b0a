package archive

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/klauspost/compress/gzip"
	"golang.org/x/sync/errgroup"

	"chorus/corpus"
)

var t0 = time.Date(2026, 11, 24, 9, 30, 15, 123456000, time.UTC)

func packed(s string) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	z.Write([]byte(s))
	z.Close()
	return b.Bytes()
}

// page is a capture of one page that answered 200.
func page(url, text string) *corpus.Capture {
	return &corpus.Capture{
		URL: url,
		Exchanges: []corpus.Exchange{{
			Role: corpus.RolePage, URL: url, Method: "GET",
			Request: http.Header{"Host": {"river.example"}, "User-Agent": {"Chorus"}},
			Proto:   "HTTP/1.1", Status: 200, Reason: "OK",
			Response: http.Header{"Content-Type": {"text/html; charset=utf-8"}, "Content-Length": {fmt.Sprint(len(text))}},
			Body:     []byte(text), Started: t0, Remote: "93.184.216.34:443",
		}},
		Body: []byte(text), Fetched: t0, Duration: 1500 * time.Millisecond,
	}
}

// captures are one of each kind.
func captures() map[string]*corpus.Capture {
	all := map[string]*corpus.Capture{}
	all["plain"] = page("https://river.example/a?b=c", "<p>Вода и 水</p>")

	c := page("https://river.example/packed", "")
	x := &c.Exchanges[0]
	c.Body = []byte(strings.Repeat("Мост открыт. ", 500))
	x.Body = packed(string(c.Body))
	x.Response = http.Header{
		"Content-Encoding": {"gzip"}, "Set-Cookie": {"a=1; Path=/", "b=2"}, "X-Empty": {""},
		"X-Latin1": {"caf\xe9"}, "X-Colon": {"a: b"},
	}
	x.Proto, x.Reason = "HTTP/2.0", ""
	all["gzip over HTTP/2"] = c

	c = page("https://river.example/long", strings.Repeat("x", 5000))
	c.Exchanges[0].Truncated = "length"
	c.Exchanges[0].Response.Set("Content-Length", "90000")
	c.Fault = &corpus.Fault{Class: corpus.FaultTooLarge, Reason: "more than 5000 bytes", At: t0}
	all["cut"] = c

	c = page("https://river.example/bomb", "")
	c.Exchanges[0].Body = packed(strings.Repeat("0", 100_000))
	c.Exchanges[0].Response.Set("Content-Encoding", "gzip")
	c.Body = []byte(strings.Repeat("0", 4096))
	c.Fault = &corpus.Fault{Class: corpus.FaultTooLarge, Reason: "more than 4096 bytes unpacked", At: t0}
	all["cut while unpacking"] = c

	c = page("http://river.example/old", "new")
	robots := c.Exchanges[0]
	robots.Role, robots.URL, robots.Body = corpus.RoleRobots, "http://river.example/robots.txt", []byte("User-agent: *\n")
	moved := c.Exchanges[0]
	moved.Role, moved.Status, moved.Reason, moved.Body = corpus.RoleRedirect, 301, "Moved Permanently", []byte("gone there")
	moved.Response = http.Header{"Location": {"https://river.example/new"}}
	c.Exchanges[0].URL = "https://river.example/new"
	c.Exchanges[0].Started = t0.Add(time.Second)
	c.Exchanges = []corpus.Exchange{robots, moved, c.Exchanges[0]}
	all["robots and redirect"] = c

	c = page("https://river.example/missing", "no such page")
	c.Exchanges[0].Status, c.Exchanges[0].Reason = 404, "Not Found"
	c.Fault = &corpus.Fault{Class: corpus.FaultGone, Reason: "404 Not Found", Status: 404, At: t0}
	all["404"] = c

	c = page("https://river.example/later", "")
	c.Exchanges[0].Status, c.Exchanges[0].Body, c.Body = 503, nil, []byte{}
	c.Fault = &corpus.Fault{Class: corpus.FaultThrottled, Reason: "busy", Status: 503, RetryAfter: time.Minute, At: t0}
	all["no body"] = c

	all["no answer"] = &corpus.Capture{
		URL: "https://nowhere.example/", Fetched: t0, Duration: time.Second,
		Fault: &corpus.Fault{Class: corpus.FaultDNS, Reason: "no such host", At: t0},
	}

	c = page("https://river.example/private", "")
	c.Exchanges = []corpus.Exchange{robots}
	c.Exchanges[0].Proxied, c.Exchanges[0].Remote = true, "127.0.0.1:9050"
	c.Body = nil
	c.Fault = &corpus.Fault{Class: corpus.FaultRobots, Reason: "disallowed", At: t0}
	all["forbidden by robots.txt"] = c

	c = page("https://river.example/odd", "\r\n\r\nWARC/1.1\r\n\r\n\x00\x1f\x8b\x08")
	all["a body like a record"] = c
	return all
}

// Long bodies are compared as a whole: element by element takes seconds.
var sameCapture = cmp.Options{
	cmp.Comparer(bytes.Equal),
	cmp.FilterPath(func(p cmp.Path) bool { return p.Last().Type() != reflect.TypeFor[[]byte]() }, cmpopts.EquateEmpty()),
}

func mustOpen(t testing.TB, dir string, committed []Extent, o Options) *Archive {
	t.Helper()
	a, err := Open(dir, committed, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close() })
	return a
}

func mustAppend(t testing.TB, a *Archive, c *corpus.Capture, meta string, previous func(string) (corpus.Evidence, bool)) corpus.Evidence {
	t.Helper()
	ev, err := a.Append(c, []byte(meta), previous)
	if err != nil {
		t.Fatal(err)
	}
	return ev
}

func mustSync(t testing.TB, a *Archive) []Extent {
	t.Helper()
	extents, err := a.Sync()
	if err != nil {
		t.Fatal(err)
	}
	return extents
}

func walk(t testing.TB, dir string) []Entry {
	t.Helper()
	var all []Entry
	err := Walk(context.Background(), dir, Position{}, func(e Entry) error {
		all = append(all, e)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func mustVerify(t testing.TB, dir string) Report {
	t.Helper()
	r, err := Verify(context.Background(), dir, 2, nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func wantSound(t testing.TB, dir string) Report {
	t.Helper()
	r := mustVerify(t, dir)
	for _, d := range r.Damaged {
		t.Errorf("Verify: %s", d)
	}
	return r
}

func TestCaptureComesBackFromLoadAndWalk(t *testing.T) {
	for name, want := range captures() {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			a := mustOpen(t, dir, nil, Options{})
			const meta = `{"item": {"title": "<b> & \u6c34"},  "n": 1.0}`
			ev := mustAppend(t, a, want, meta, nil)
			mustSync(t, a)

			got, gotMeta, err := a.Load(ev)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got, sameCapture); diff != "" {
				t.Errorf("Load (-want +got):\n%s", diff)
			}
			if (got.Body == nil) != (want.Body == nil) {
				t.Errorf("Load: Body is nil: %v, want %v", got.Body == nil, want.Body == nil)
			}
			if string(gotMeta) != meta {
				t.Errorf("Load: meta = %s, want %s", gotMeta, meta)
			}

			entries := walk(t, dir)
			if len(entries) != 1 {
				t.Fatalf("Walk gave %d entries, want 1", len(entries))
			}
			e := entries[0]
			if diff := cmp.Diff(want, e.Capture, sameCapture); diff != "" {
				t.Errorf("Walk (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(ev, e.Evidence); diff != "" {
				t.Errorf("Walk: evidence (-want +got):\n%s", diff)
			}
			if string(e.Meta) != meta || len(e.Damage) != 0 {
				t.Errorf("Walk: meta %s, damage %v", e.Meta, e.Damage)
			}
			if r := wantSound(t, dir); r.Captures != 1 {
				t.Errorf("Verify counted %d captures, want 1", r.Captures)
			}
		})
	}
}

func TestEvidenceSaysWhereThePageIs(t *testing.T) {
	dir := t.TempDir()
	a := mustOpen(t, dir, nil, Options{})
	all := captures()
	ev := mustAppend(t, a, all["robots and redirect"], "", nil)
	if ev.URL != "https://river.example/new" || ev.Status != 200 || ev.Digest != digest([]byte("new")) || ev.Revisit {
		t.Errorf("evidence of a redirected page: %+v", ev)
	}
	if want := t0.Add(time.Second).Truncate(time.Second); !ev.Fetched.Equal(want) {
		t.Errorf("Fetched = %v, want %v", ev.Fetched, want)
	}
	b, err := os.ReadFile(filepath.Join(dir, ev.File))
	if err != nil {
		t.Fatal(err)
	}
	z, err := gzip.NewReader(bytes.NewReader(b[ev.Offset : ev.Offset+ev.Length]))
	if err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	if _, err := text.ReadFrom(z); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(text.String(), "WARC-Record-ID: <"+ev.RecordID+">\r\n") || !strings.HasSuffix(text.String(), "\r\n\r\nnew\r\n\r\n") {
		t.Errorf("at the evidence's place is\n%s", &text)
	}

	ev = mustAppend(t, a, all["no answer"], "", nil)
	if ev.Status != 0 || ev.Digest != "" || ev.RecordID == "" || ev.URL != "https://nowhere.example/" {
		t.Errorf("evidence of no answer: %+v", ev)
	}
}

func TestAppendRefusesMetaThatIsNotJSON(t *testing.T) {
	a := mustOpen(t, t.TempDir(), nil, Options{})
	if _, err := a.Append(page("https://river.example/", "x"), []byte("{"), nil); err == nil {
		t.Error("no error")
	}
}

func TestLoadRefusesOtherEvidence(t *testing.T) {
	dir := t.TempDir()
	a := mustOpen(t, dir, nil, Options{})
	ev := mustAppend(t, a, page("https://river.example/", "x"), "", nil)
	for name, change := range map[string]func(*corpus.Evidence){
		"record id": func(ev *corpus.Evidence) { ev.RecordID = "urn:uuid:0" },
		"digest":    func(ev *corpus.Evidence) { ev.Digest = digest(nil) },
		"offset":    func(ev *corpus.Evidence) { ev.Offset++ },
		"file":      func(ev *corpus.Evidence) { ev.File = "../" + ev.File },
		"end":       func(ev *corpus.Evidence) { ev.Offset = 1 << 30 },
	} {
		other := ev
		change(&other)
		if _, _, err := Load(dir, other); err == nil {
			t.Errorf("wrong %s: no error", name)
		}
	}
}

func TestSegmentsRotateAndNeverRepeat(t *testing.T) {
	dir := t.TempDir()
	a := mustOpen(t, dir, nil, Options{SegmentBytes: 3000})
	clock := t0
	a.now = func() time.Time { clock = clock.Add(-time.Hour); return clock } // runs backwards
	var want []string
	for i := range 30 {
		url := fmt.Sprintf("https://river.example/%d", i)
		want = append(want, url)
		mustAppend(t, a, page(url, url), "", nil)
		if i%7 == 0 {
			mustSync(t, a)
		}
	}
	extents := mustSync(t, a)
	names, _ := segments(dir)
	if len(names) < 3 {
		t.Fatalf("%d segments, want several", len(names))
	}
	for i, name := range names {
		if _, serial, _ := parseSegmentName(name); serial != i+1 {
			t.Errorf("segment %d is %s", i+1, name)
		}
	}
	if last := extents[len(extents)-1]; last.File != names[len(names)-1] {
		t.Errorf("last extent is of %s, want %s", last.File, names[len(names)-1])
	}
	var got []string
	for _, e := range walk(t, dir) {
		got = append(got, e.Capture.URL)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("order of writing (-want +got):\n%s", diff)
	}
	wantSound(t, dir)

	a.Close()
	b := mustOpen(t, dir, []Extent{}, Options{}) // a store that knows nothing
	ev := mustAppend(t, b, page("https://river.example/", "x"), "", nil)
	if _, serial, _ := parseSegmentName(ev.File); serial != len(names)+1 {
		t.Errorf("after a cut the next segment is %s, want serial %d", ev.File, len(names)+1)
	}
}

func TestAppendFromSeveralGoroutines(t *testing.T) {
	dir := t.TempDir()
	a := mustOpen(t, dir, nil, Options{SegmentBytes: 4000})
	var tasks errgroup.Group
	for g := range 4 {
		tasks.Go(func() error {
			for i := range 20 {
				want := page(fmt.Sprintf("https://river.example/%d/%d", g, i), "x")
				ev, err := a.Append(want, nil, nil)
				if err != nil {
					return err
				}
				if i%5 == 0 {
					if _, err := a.Sync(); err != nil {
						return err
					}
				}
				if got, _, err := a.Load(ev); err != nil || got.URL != want.URL {
					return fmt.Errorf("%v, %w", got, err)
				}
			}
			return nil
		})
	}
	if err := tasks.Wait(); err != nil {
		t.Fatal(err)
	}
	if r := wantSound(t, dir); r.Captures != 80 {
		t.Errorf("%d captures, want 80", r.Captures)
	}
}

func TestSyncReportsWhatGrew(t *testing.T) {
	dir := t.TempDir()
	a := mustOpen(t, dir, nil, Options{SegmentBytes: 1})
	if e := mustSync(t, a); e != nil {
		t.Errorf("Sync of an empty archive = %v", e)
	}
	first := mustAppend(t, a, page("https://river.example/1", "x"), "", nil)
	second := mustAppend(t, a, page("https://river.example/2", "y"), "", nil)
	extents := mustSync(t, a)
	if len(extents) != 2 || extents[0].File != first.File || extents[1].File != second.File {
		t.Fatalf("Sync = %v, want %s and %s", extents, first.File, second.File)
	}
	for _, e := range extents {
		if n, _ := fileBytes(filepath.Join(dir, e.File)); n != e.Bytes {
			t.Errorf("%s has %d bytes, Sync said %d", e.File, n, e.Bytes)
		}
	}
	if e := mustSync(t, a); e != nil {
		t.Errorf("second Sync = %v, want nothing", e)
	}
}

func TestWalkGoesOnFromAPosition(t *testing.T) {
	dir := t.TempDir()
	a := mustOpen(t, dir, nil, Options{SegmentBytes: 2500})
	for i := range 12 {
		mustAppend(t, a, page(fmt.Sprintf("https://river.example/%d", i), "x"), "", nil)
	}
	all := walk(t, dir)
	for i, e := range all {
		var got []string
		err := Walk(context.Background(), dir, e.Next, func(e Entry) error {
			got = append(got, e.Evidence.RecordID)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		var want []string
		for _, e := range all[i+1:] {
			want = append(want, e.Evidence.RecordID)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("from entry %d (-want +got):\n%s", i, diff)
		}
	}
}

func TestRevisitsResolveOverSegments(t *testing.T) {
	dir := t.TempDir()
	a := mustOpen(t, dir, nil, Options{SegmentBytes: 1})
	last := map[string]corpus.Evidence{}
	previous := func(url string) (corpus.Evidence, bool) { ev, ok := last[url]; return ev, ok }
	const url = "https://river.example/"
	add := func(c *corpus.Capture) corpus.Evidence {
		t.Helper()
		ev := mustAppend(t, a, c, "", previous)
		last[url] = ev
		return ev
	}
	big := strings.Repeat("text ", 2000)
	notModified := func() *corpus.Capture {
		c := page(url, "")
		c.Exchanges[0].Status, c.Exchanges[0].Body, c.Body = 304, nil, nil
		c.Exchanges[0].Response = http.Header{"Etag": {`"1"`}}
		return c
	}
	steps := []struct {
		name    string
		capture *corpus.Capture
		revisit bool
	}{
		{"first", page(url, big), false},
		{"the same again", page(url, big), true},
		{"304", notModified(), true},
		{"the same after a 304", page(url, big), true},
		{"changed", page(url, big+"!"), false},
		{"back", page(url, big), false},
	}
	var evidence []corpus.Evidence
	for _, s := range steps {
		ev := add(s.capture)
		evidence = append(evidence, ev)
		if ev.Revisit != s.revisit {
			t.Errorf("%s: Revisit = %v, want %v", s.name, ev.Revisit, s.revisit)
		}
		if s.revisit && ev.Digest != evidence[0].Digest {
			t.Errorf("%s: digest %s, want that of the payload", s.name, ev.Digest)
		}
	}
	mustSync(t, a)
	for i, e := range walk(t, dir) {
		if diff := cmp.Diff(steps[i].capture, e.Capture, sameCapture); diff != "" {
			t.Errorf("%s: Walk (-want +got):\n%s", steps[i].name, diff)
		}
		if diff := cmp.Diff(evidence[i], e.Evidence); diff != "" {
			t.Errorf("%s: evidence (-want +got):\n%s", steps[i].name, diff)
		}
		got, _, err := Load(dir, evidence[i])
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(steps[i].capture, got, sameCapture); diff != "" {
			t.Errorf("%s: Load (-want +got):\n%s", steps[i].name, diff)
		}
	}
	if r := wantSound(t, dir); r.Revisits != 3 || r.Captures != len(steps) {
		t.Errorf("Verify counted %d revisits in %d captures", r.Revisits, r.Captures)
	}

	// The segment of the original goes: nothing else may hide that.
	if err := os.Remove(filepath.Join(dir, evidence[0].File)); err != nil {
		t.Fatal(err)
	}
	if r := mustVerify(t, dir); len(r.Damaged) != 3 {
		t.Errorf("Verify without the original: %v, want three revisits named", r.Damaged)
	}
}

func TestNoRevisitOfDamagedEvidence(t *testing.T) {
	dir := t.TempDir()
	a := mustOpen(t, dir, nil, Options{})
	const url = "https://river.example/"
	first := mustAppend(t, a, page(url, "the same"), "", nil)
	flip(t, filepath.Join(dir, first.File), (first.Offset+first.Length/2)*8)
	second := mustAppend(t, a, page(url, "the same"), "", func(string) (corpus.Evidence, bool) { return first, true })
	if second.Revisit {
		t.Error("revisit of a record that cannot be read")
	}
}

func flip(t testing.TB, path string, bit int64) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	b[bit/8] ^= 1 << (bit % 8)
	if err := os.WriteFile(path, b, 0o644); err != nil {
		t.Fatal(err)
	}
}

// fill writes n captures of many kinds with some revisits and returns them.
func fill(t testing.TB, a *Archive, n int) []*corpus.Capture {
	t.Helper()
	kinds := captures()
	var names []string
	for name := range kinds {
		names = append(names, name)
	}
	slices.Sort(names)
	last := map[string]corpus.Evidence{}
	var all []*corpus.Capture
	for i := range n {
		c := kinds[names[i%len(names)]]
		ev := mustAppend(t, a, c, fmt.Sprintf(`{"n":%d}`, i), func(url string) (corpus.Evidence, bool) {
			ev, ok := last[url]
			return ev, ok && i%3 == 0
		})
		last[ev.URL] = ev
		all = append(all, c)
	}
	return all
}

func number(e Entry) int {
	var m struct{ N int }
	if e.Meta == nil || json.Unmarshal(e.Meta, &m) != nil {
		return -1
	}
	return m.N
}

// contents is all that the records of a segment say.
func contents(t *testing.T, dir, name string) (all []string) {
	t.Helper()
	err := scan(t.Context(), dir, Position{File: name}, func(rec *Record, _ *Damage) error {
		if rec != nil {
			all = append(all, fmt.Sprint(rec.Version, rec.Header, digest(rec.Block)))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// A bit may be flipped unseen only if it says nothing: deflate pads its last
// byte, and in a run of one letter copies from several distances are the same.
func TestVerifyFindsEveryFlippedBitThatMatters(t *testing.T) {
	dir := t.TempDir()
	a := mustOpen(t, dir, nil, Options{})
	a.now = func() time.Time { return t0 }
	n := 0
	a.newID = func() string { n++; return fmt.Sprintf("urn:uuid:%x", sha256.Sum256([]byte{byte(n), byte(n >> 8)})) }
	want := fill(t, a, 30)
	mustSync(t, a)
	names, _ := segments(dir)
	path := filepath.Join(dir, names[0])
	size, _ := fileBytes(path)
	whole := wantSound(t, dir)
	was := contents(t, dir, names[0])
	unseen := 0
	random := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		bit := random.Int64N(size * 8)
		flip(t, path, bit)
		r := mustVerify(t, dir)
		if len(r.Damaged) == 0 {
			unseen++
			if diff := cmp.Diff(was, contents(t, dir, names[0])); diff != "" {
				t.Errorf("bit %d: not found, but it changed:\n%s", bit, diff)
			}
		}
		if lost := whole.Records - r.Records; lost > 1 {
			t.Errorf("bit %d: %d records lost", bit, lost)
		}
		depend := 0 // revisits whose original is hit
		for _, d := range r.Damaged {
			if strings.Contains(d.Reason, "revisit") {
				depend++
			}
		}
		good := 0
		for _, e := range walk(t, dir) {
			n := number(e)
			if n < 0 || e.Capture == nil || len(e.Damage) > 0 {
				continue
			}
			good++
			if diff := cmp.Diff(want[n], e.Capture, sameCapture); diff != "" {
				t.Errorf("bit %d: capture %d was altered unseen:\n%s", bit, n, diff)
			}
		}
		if good < len(want)-1-depend {
			t.Errorf("bit %d: %d captures of %d are whole, want all but one and its %d revisits", bit, good, len(want), depend)
		}
		flip(t, path, bit)
	}
	t.Logf("%d of 300 flipped bits changed nothing and were not found", unseen)
	if unseen > 6 {
		t.Errorf("%d of 300 flipped bits were not found", unseen)
	}
}

func TestWalkGivesWhatIsLeftOfADamagedCapture(t *testing.T) {
	dir := t.TempDir()
	a := mustOpen(t, dir, nil, Options{})
	mustAppend(t, a, page("https://river.example/1", "one"), `{"n":1}`, nil)
	hit := mustAppend(t, a, page("https://river.example/2", "two"), `{"n":2}`, nil)
	mustAppend(t, a, page("https://river.example/3", "three"), `{"n":3}`, nil)
	path := filepath.Join(dir, hit.File)
	end := walk(t, dir)[1].Next.Offset

	t.Run("response", func(t *testing.T) {
		bit := (hit.Offset + hit.Length/2) * 8
		flip(t, path, bit)
		defer flip(t, path, bit)
		all := walk(t, dir)
		if len(all) != 3 {
			t.Fatalf("%d entries, want 3", len(all))
		}
		e := all[1]
		if e.Capture != nil || number(e) != 2 || len(e.Damage) != 1 || e.Damage[0].Offset != hit.Offset || e.Damage[0].Length != hit.Length {
			t.Errorf("capture %v, meta %s, damage %v", e.Capture, e.Meta, e.Damage)
		}
		if len(all[0].Damage)+len(all[2].Damage) > 0 {
			t.Errorf("damage of neighbours: %v, %v", all[0].Damage, all[2].Damage)
		}
	})
	t.Run("metadata", func(t *testing.T) {
		bit := (end - 20) * 8
		flip(t, path, bit)
		defer flip(t, path, bit)
		all := walk(t, dir)
		if len(all) != 3 {
			t.Fatalf("%d entries, want 3", len(all))
		}
		e := all[1]
		if e.Capture == nil || e.Capture.FinalURL() != "https://river.example/2" || string(e.Capture.Body) != "two" || e.Meta != nil || len(e.Damage) != 1 {
			t.Errorf("capture %+v, meta %s, damage %v", e.Capture, e.Meta, e.Damage)
		}
		if e.Evidence != hit {
			t.Errorf("evidence %+v, want %+v", e.Evidence, hit)
		}
	})
	t.Run("record taken out", func(t *testing.T) {
		was, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		defer os.WriteFile(path, was, 0o644)
		if err := os.WriteFile(path, slices.Concat(was[:hit.Offset], was[hit.Offset+hit.Length:]), 0o644); err != nil {
			t.Fatal(err)
		}
		if r := mustVerify(t, dir); len(r.Damaged) != 1 || !strings.Contains(r.Damaged[0].Reason, hit.RecordID) {
			t.Errorf("Verify: %v, want the missing record named", r.Damaged)
		}
	})
	t.Run("warcinfo taken out", func(t *testing.T) {
		was, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		defer os.WriteFile(path, was, 0o644)
		first, err := readRecord(dir, Position{File: hit.File})
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, was[first.Length:], 0o644); err != nil {
			t.Fatal(err)
		}
		if r := mustVerify(t, dir); len(r.Damaged) != 1 || !strings.Contains(r.Damaged[0].Reason, "warcinfo") {
			t.Errorf("Verify: %v, want the missing warcinfo named", r.Damaged)
		}
	})
}

// A badDisk fails to read some bytes.
type badDisk struct {
	b    []byte
	from int64
}

func (d badDisk) ReadAt(p []byte, off int64) (int, error) {
	n, err := bytes.NewReader(d.b).ReadAt(p, off)
	if off+int64(n) > d.from {
		return int(max(d.from-off, 0)), os.ErrInvalid
	}
	return n, err
}

func TestScanEndsWhereTheDiskFails(t *testing.T) {
	dir := t.TempDir()
	a := mustOpen(t, dir, nil, Options{})
	fill(t, a, 10)
	names, _ := segments(dir)
	b, err := os.ReadFile(filepath.Join(dir, names[0]))
	if err != nil {
		t.Fatal(err)
	}
	records, damaged := 0, 0
	err = scanReader(context.Background(), badDisk{b, int64(len(b) / 2)}, Position{}, func(rec *Record, d *Damage) error {
		if d != nil {
			damaged++
		} else {
			records++
		}
		return nil
	})
	if err != nil || damaged != 1 || records < 5 {
		t.Errorf("scan = %v with %d records and %d damaged, want what can be read and one damage", err, records, damaged)
	}
}
