package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"chorus/internal/testweb"
)

// lockedBuffer may be written and read by several goroutines.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// running is a "chorus run" of a small web.
type running struct {
	t      *testing.T
	config string
	base   string // of the pages
	stderr *lockedBuffer
	stop   context.CancelFunc
	status chan int
}

func start(t *testing.T, w *testweb.Web, args ...string) *running {
	t.Helper()
	address, _, err := w.Serve(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	r := &running{t: t, config: filepath.Join(dir, "config.yaml"), stderr: &lockedBuffer{}, status: make(chan int, 1)}
	text := fmt.Sprintf(`data: %s
collect: {proxy: "http://%s", host_delay: 0s}
schedule: {poll: every 1s}
outlets:
  builtin: false
  define:
    - {id: riverpost, name: River Post, bloc: control, country: NL, owner: River, family: river, ownership: independent, languages: [en], hosts: [riverpost.example], tier: wire, feeds: [{url: "http://riverpost.example/rss.xml", kind: rss}]}
`, filepath.Join(dir, "data"), address)
	if err := os.WriteFile(r.config, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	r.stop = stop
	t.Cleanup(stop)
	go func() {
		a := &app{in: strings.NewReader(""), out: io.Discard, err: r.stderr}
		r.status <- a.run(ctx, append([]string{"--config", r.config, "run", "--listen", "127.0.0.1:0"}, args...))
	}()
	r.await("the pages to be served", func() bool {
		m := regexp.MustCompile(`pages at (http://\S+)`).FindStringSubmatch(r.stderr.String())
		if m != nil {
			r.base = m[1]
		}
		return m != nil
	})
	return r
}

// await waits for something that another goroutine does.
func (r *running) await(what string, done func() bool) {
	r.t.Helper()
	deadline := time.After(30 * time.Second)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !done() {
		select {
		case s := <-r.status:
			r.t.Fatalf("chorus ended with status %d while waiting for %s:\n%s", s, what, r.stderr)
		case <-deadline:
			r.t.Fatalf("waited too long for %s:\n%s", what, r.stderr)
		case <-tick.C:
		}
	}
}

func (r *running) get(path string) (int, string) {
	r.t.Helper()
	res, err := http.Get(r.base + path)
	if err != nil {
		r.t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	return res.StatusCode, string(body)
}

// chorus runs another verb on the same folder.
func (r *running) chorus(args ...string) (status int, out, said string) {
	var stdout, stderr lockedBuffer
	a := &app{in: strings.NewReader(""), out: &stdout, err: &stderr}
	status = a.run(r.t.Context(), append([]string{"--config", r.config}, args...))
	return status, stdout.String(), stderr.String()
}

func smallWeb() *testweb.Web {
	w := &testweb.Web{}
	w.AddText("http://riverpost.example/rss.xml", `<rss version="2.0"><channel><title>River</title><item><title>Harbour bridge reopens</title><link>http://riverpost.example/1</link></item></channel></rss>`)
	w.AddText("http://riverpost.example/1", `<html lang="en"><head><title>Harbour bridge reopens</title></head><body><article><h1>Harbour bridge reopens</h1>
<p>The harbour bridge was opened to traffic again on Monday after eight months of repairs that cost the city eleven million crowns.</p>
<p>Engineers replaced two of the six bearings and all of the cables on the northern span. Ferries will stop running on Friday.</p></article></body></html>`)
	return w
}

func TestRunCollectsServesAndEndsWhenTold(t *testing.T) {
	r := start(t, smallWeb())
	r.await("the document to be found", func() bool {
		_, body := r.get("/api/v1/search?q=harbour")
		return strings.Contains(body, `"total":1`)
	})
	for path, want := range map[string]string{
		"/healthz":          "ok",
		"/metrics":          `chorus_documents_total{outlet="riverpost"} 1`,
		"/":                 "riverpost",
		"/search?q=harbour": "bridge",
		"/outlets":          "River Post",
		"/narratives":       "nato-expansion",
	} {
		if status, body := r.get(path); status != 200 || !strings.Contains(body, want) {
			t.Errorf("%s has status %d and no %q", path, status, want)
		}
	}

	// Other verbs work beside it, or say who has the folder.
	if status, out, said := r.chorus("search", "--json", "bridge"); status != 0 || !strings.Contains(out, `"outlet":"riverpost"`) {
		t.Errorf("search beside a server: status %d, %q, %q", status, out, said)
	}
	if status, out, said := r.chorus("search", "--json", "-n", "0", "bridge"); status != 0 || out != "" {
		t.Errorf("search for no documents beside a server: status %d, %q, %q", status, out, said)
	}
	if status, out, said := r.chorus("show", "http://riverpost.example/1"); status != 0 || !strings.Contains(out, "eleven million") {
		t.Errorf("show beside a server: status %d, %q, %q", status, out, said)
	}
	if status, out, said := r.chorus("outlets", "--json"); status != 0 || !strings.Contains(out, `"health":"ok"`) {
		t.Errorf("outlets beside a server: status %d, %q, %q", status, out, said)
	}
	if status, _, said := r.chorus("rebuild"); status != 1 || !strings.Contains(said, "is held by chorus run, process ") {
		t.Errorf("rebuild beside a server: status %d, %q; want who holds the folder", status, said)
	}

	told := time.Now()
	r.stop()
	if status := <-r.status; status != 0 {
		t.Errorf("status %d after it was told to end:\n%s", status, r.stderr)
	}
	if took := time.Since(told); took > 10*time.Second {
		t.Errorf("it took %v to end", took)
	}
}

func TestRunEndsInTimeWithASlowServer(t *testing.T) {
	w := smallWeb()
	asked := make(chan struct{}, 8)
	w.Add("http://riverpost.example/1", testweb.Page{Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		asked <- struct{}{}
		<-r.Context().Done()
	})})
	r := start(t, w)
	<-asked
	told := time.Now()
	r.stop()
	if status := <-r.status; status != 0 {
		t.Errorf("status %d:\n%s", status, r.stderr)
	}
	if took := time.Since(told); took > 10*time.Second {
		t.Errorf("it took %v to end, want less than ten seconds", took)
	}
}

func TestOfflineServesWithoutCollecting(t *testing.T) {
	w := smallWeb()
	r := start(t, w, "--offline")
	if status, body := r.get("/"); status != 200 || !strings.Contains(body, "Not collecting") {
		t.Errorf("status %d, and the page does not say that nothing is collected", status)
	}
	if n := w.Requests("http://riverpost.example/rss.xml"); n != 0 {
		t.Errorf("the feed was asked %d times", n)
	}
}
