package archive

import (
	"bytes"
	"flag"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"chorus/corpus"
)

var update = flag.Bool("update", false, "write golden files anew")

// TestRecordsReadLikeThis shows every record that Chorus writes, with its line
// ends made plain.
func TestRecordsReadLikeThis(t *testing.T) {
	var got txtar.Archive
	got.Comment = []byte("The records of a segment, each a gzip member of its own. CRLF is shown as LF.\n")
	n := 0
	e := &encoder{newID: func() string { n++; return fmt.Sprintf("urn:uuid:00000000-0000-4000-8000-%012d", n) }}
	// The length of what is packed is the packer's affair.
	before := regexp.MustCompile(`(?s)WARC-Block-Digest: [^\n]*\nContent-Length: \d+(\n\n\{.*"before":)\d+`)
	show := func(name string) {
		i := 0
		e.members.Reset()
		e.plain = func(b []byte) {
			i++
			text := bytes.ReplaceAll(b, []byte("\r\n"), []byte("\n"))
			text = before.ReplaceAll(text, []byte("WARC-Block-Digest: ...\nContent-Length: ...${1}0"))
			got.Files = append(got.Files, txtar.File{Name: fmt.Sprintf("%s/%d", name, i), Data: text})
		}
	}

	show("warcinfo")
	name := segmentName(t0.Format(stampLayout), 1)
	if err := e.warcinfo(name, t0, Options{Software: "chorus/1.0", Operator: "Desk <desk@river.example>"}); err != nil {
		t.Fatal(err)
	}
	show("redirected page")
	c := captures()["robots and redirect"]
	if _, err := e.capture(c, []byte(`{"outlet":"riverpost"}`)); err != nil {
		t.Fatal(err)
	}
	show("HTTP2, cut, through a proxy")
	c = page("https://river.example/long", "beginning")
	c.Exchanges[0].Proto, c.Exchanges[0].Truncated, c.Exchanges[0].Proxied = "HTTP/2.0", "disconnect", true
	c.Exchanges[0].Response = http.Header{"Content-Length": {"90000"}, "Transfer-Encoding": {"chunked"}}
	c.Fault = &corpus.Fault{Class: corpus.FaultCut, Reason: "unexpected EOF", At: t0}
	if _, err := e.capture(c, nil); err != nil {
		t.Fatal(err)
	}
	show("revisit")
	e.original = func(string) *original {
		return &original{
			location: Position{File: name, Offset: 1234}, id: "urn:uuid:00000000-0000-4000-8000-000000000002",
			url: "https://river.example/", date: warcDate(t0), digest: digest([]byte("the same")),
		}
	}
	if _, err := e.capture(page("https://river.example/", "the same"), nil); err != nil {
		t.Fatal(err)
	}
	show("not modified")
	c = page("https://river.example/", "")
	c.Exchanges[0].Status, c.Exchanges[0].Reason, c.Exchanges[0].Body, c.Body = 304, "Not Modified", nil, nil
	if _, err := e.capture(c, nil); err != nil {
		t.Fatal(err)
	}
	show("no answer")
	if _, err := e.capture(captures()["no answer"], nil); err != nil {
		t.Fatal(err)
	}

	const golden = "testdata/records.txtar"
	text := txtar.Format(&got)
	if *update {
		if err := os.WriteFile(golden, text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(text)); diff != "" {
		t.Errorf("records changed (-want +got), see -update:\n%s", diff)
	}
}

func TestHeadersCannotBreakOut(t *testing.T) {
	dir := t.TempDir()
	a := mustOpen(t, dir, nil, Options{Operator: "me\r\nWARC-Type: response"})
	c := page("https://river.example/a b\r\nWARC-Type: warcinfo\r\n\r\n", "x")
	c.Exchanges[0].Reason = "OK\r\nX: y"
	c.Exchanges[0].Truncated = "length\r\n\r\n"
	c.Exchanges[0].Response = http.Header{"X-A": {"b\r\n\r\n<p>"}, "Bad Name": {"v"}, "X:Y": {"v"}, "": {"v"}}
	mustAppend(t, a, c, "", nil)
	wantSound(t, dir)
	got := walk(t, dir)
	if len(got) != 1 || got[0].Capture == nil {
		t.Fatalf("entries: %+v", got)
	}
	x := got[0].Capture.Answer()
	want := http.Header{"X-A": {"b    <p>"}}
	if diff := cmp.Diff(want, x.Response); diff != "" || string(x.Body) != "x" {
		t.Errorf("header (-want +got):\n%s\nbody %q", diff, x.Body)
	}
}

// An outside reader checks the format: warcio.js. Install it with
// "npm ci" in testdata/warcio, or set CHORUS_WARCIO to a folder with check.mjs
// and its node_modules.
func TestWarcioReadsWhatWeWrite(t *testing.T) {
	folder := os.Getenv("CHORUS_WARCIO")
	if folder == "" {
		folder = "testdata/warcio"
	}
	if _, err := os.Stat(filepath.Join(folder, "node_modules", "warcio")); err != nil {
		t.Skip("warcio is not installed: run npm ci in archive/testdata/warcio, or set CHORUS_WARCIO")
	}
	dir := t.TempDir()
	a := mustOpen(t, dir, nil, Options{Software: "chorus/test"})
	all := fill(t, a, 20)
	mustSync(t, a)
	names, _ := segments(dir)

	var want strings.Builder
	err := scan(t.Context(), dir, Position{File: names[0]}, func(rec *Record, d *Damage) error {
		if d != nil {
			return fmt.Errorf("%s", d)
		}
		status, body := "", rec.Block
		if rec.isHTTP() {
			var first string
			first, _, body = splitMessage(rec.Block)
			if rec.Type() != typeRequest {
				status = strings.Fields(first)[1]
			}
		}
		fmt.Fprintf(&want, "%d %d %s %s %s %s %s\n", rec.Offset, rec.Length, rec.Type(), rec.ID(), rec.URL(), status, digest(body))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("node", filepath.Join(folder, "check.mjs"), filepath.Join(dir, names[0])).CombinedOutput()
	if err != nil {
		t.Fatalf("check.mjs: %v\n%s", err, out)
	}
	if diff := cmp.Diff(want.String(), string(out)); diff != "" {
		t.Errorf("records as we and as warcio read them (-ours +warcio):\n%s", diff)
	}
	t.Logf("%d captures, %d records agree", len(all), strings.Count(want.String(), "\n"))
}

// benchPages are pages of a size and a redundancy as the web has them, if the
// real ones are not at hand.
func benchPages(b *testing.B) (all []*corpus.Capture, bytes int64) {
	root := os.Getenv("CHORUS_SHARED")
	if root == "" {
		root = "../../shared"
	}
	files, _ := filepath.Glob(filepath.Join(root, "web/pages/*.html"))
	if len(files) == 0 {
		b.Skip("no pages beside the project; set CHORUS_SHARED")
	}
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			b.Fatal(err)
		}
		all = append(all, page("https://river.example/"+filepath.Base(f), string(text)))
		bytes += int64(len(text))
	}
	return all, bytes
}

func perPage(b *testing.B, pages int) {
	b.ReportMetric(float64(pages*b.N)/b.Elapsed().Seconds(), "pages/s")
}

func BenchmarkAppend(b *testing.B) {
	all, n := benchPages(b)
	a := mustOpen(b, b.TempDir(), nil, Options{})
	b.SetBytes(n)
	for b.Loop() {
		for i, c := range all {
			mustAppend(b, a, c, "{}", nil)
			if i%16 == 15 {
				mustSync(b, a)
			}
		}
	}
	perPage(b, len(all))
	b.ReportMetric(float64(a.open[len(a.open)-1].bytes)/float64(len(all)*b.N), "stored-B/page")
}

func BenchmarkVerify(b *testing.B) {
	all, n := benchPages(b)
	dir := b.TempDir()
	a := mustOpen(b, dir, nil, Options{SegmentBytes: 1 << 20})
	for range 4 {
		for _, c := range all {
			mustAppend(b, a, c, "{}", nil)
		}
	}
	b.SetBytes(4 * n)
	for b.Loop() {
		mustVerify(b, dir)
	}
	perPage(b, 4*len(all))
}

func BenchmarkLoad(b *testing.B) {
	all, n := benchPages(b)
	dir := b.TempDir()
	a := mustOpen(b, dir, nil, Options{})
	var evidence []corpus.Evidence
	for _, c := range all {
		evidence = append(evidence, mustAppend(b, a, c, "{}", nil))
	}
	b.SetBytes(n)
	for b.Loop() {
		for _, ev := range evidence {
			if _, _, err := Load(dir, ev); err != nil {
				b.Fatal(err)
			}
		}
	}
	perPage(b, len(all))
}
