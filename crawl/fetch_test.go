package crawl

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/andybalholm/brotli"
	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"

	"chorus/corpus"
)

// A web is a server on loopback that counts what it is asked for.
type web struct {
	*httptest.Server
	host string

	mu    sync.Mutex
	count map[string]int
	most  int // requests at once
	now   int
}

// newWeb serves pages by path. Without one for /robots.txt, that is a 404.
func newWeb(t testing.TB, pages map[string]http.HandlerFunc) *web {
	t.Helper()
	w := &web{count: map[string]int{}}
	w.Server = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		w.mu.Lock()
		w.count[r.URL.Path]++
		w.now++
		w.most = max(w.most, w.now)
		w.mu.Unlock()
		defer func() { w.mu.Lock(); w.now--; w.mu.Unlock() }()
		if page, ok := pages[r.URL.Path]; ok {
			page(rw, r)
			return
		}
		http.NotFound(rw, r)
	}))
	t.Cleanup(w.Close)
	w.host = strings.TrimPrefix(w.URL, "http://")
	return w
}

func (w *web) hits(path string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.count[path]
}

// newCrawler makes a crawler that may go to loopback, unless o says otherwise.
func newCrawler(t testing.TB, o Options) *Crawler {
	t.Helper()
	if o.AllowNetworks == nil {
		o.AllowNetworks = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	}
	c, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func mustFetch(t testing.TB, c *Crawler, r Request) *corpus.Capture {
	t.Helper()
	capture, err := c.Fetch(t.Context(), r)
	if err != nil {
		t.Fatalf("Fetch(%s): %v", r.URL, err)
	}
	return capture
}

func text(s string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, s) }
}

func wantFault(t testing.TB, capture *corpus.Capture, class corpus.FaultClass, words string) {
	t.Helper()
	f := capture.Fault
	if f == nil || f.Class != class || !strings.Contains(f.Reason, words) {
		t.Errorf("%s: fault %v, want %s: ...%s...", capture.URL, f, class, words)
		return
	}
	if f.At.IsZero() || f.At.Location() != time.UTC || strings.Contains(f.Reason, "\n") {
		t.Errorf("%s: fault at %v: %q", capture.URL, f.At, f.Reason)
	}
}

// roles tells the story of a capture in one line.
func roles(c *corpus.Capture) string {
	var out []string
	for _, x := range c.Exchanges {
		_, path, _ := strings.Cut(strings.TrimPrefix(x.URL, "http://"), "/")
		out = append(out, fmt.Sprintf("%s /%s %d", x.Role, path, x.Status))
	}
	return strings.Join(out, ", ")
}

func TestFetchRecordsEveryExchange(t *testing.T) {
	w := newWeb(t, map[string]http.HandlerFunc{
		"/robots.txt": text("User-agent: *\nDisallow: /private\n"),
		"/old": func(w http.ResponseWriter, r *http.Request) {
			http.SetCookie(w, &http.Cookie{Name: "seen", Value: "1"})
			http.Redirect(w, r, "/new?a=1#top", http.StatusMovedPermanently)
		},
		"/new": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/html; charset=windows-1251")
			w.Header().Add("X-Two", "one")
			w.Header().Add("X-Two", "two")
			w.Write([]byte("<p>\xcf\xf0\xe8\xe2\xe5\xf2"))
		},
	})
	c := newCrawler(t, Options{Contact: "desk@monitor.example"})
	capture := mustFetch(t, c, Request{URL: w.URL + "/old#x", Accept: "text/html"})
	if capture.Fault != nil || capture.URL != w.URL+"/old#x" || capture.FinalURL() != w.URL+"/new?a=1" || capture.Status() != 200 {
		t.Errorf("fault %v, URL %s, final %s, status %d", capture.Fault, capture.URL, capture.FinalURL(), capture.Status())
	}
	if want := "robots /robots.txt 200, redirect /old 301, page /new?a=1 200"; roles(capture) != want {
		t.Fatalf("exchanges %s, want %s", roles(capture), want)
	}
	if want := "<p>\xcf\xf0\xe8\xe2\xe5\xf2"; string(capture.Body) != want {
		t.Errorf("body %q, want %q: the charset is as sent", capture.Body, want)
	}
	for _, x := range capture.Exchanges {
		if x.Method != "GET" || x.Proto != "HTTP/1.1" || x.Remote != w.host || x.Started.IsZero() || x.Started.Location() != time.UTC || x.Truncated != "" {
			t.Errorf("%s: %s %s from %s at %v, truncated %q", x.URL, x.Method, x.Proto, x.Remote, x.Started, x.Truncated)
		}
		want := http.Header{
			"Host":            {w.host},
			"User-Agent":      {"Mozilla/5.0 (compatible; Chorus/1.0; +desk@monitor.example)"},
			"From":            {"desk@monitor.example"},
			"Accept-Encoding": {"gzip, deflate, br, zstd"},
		}
		switch x.Role {
		case corpus.RoleRobots:
			want.Set("Accept", "text/plain,*/*;q=0.8")
		case corpus.RolePage:
			want.Set("Cookie", "seen=1")
			fallthrough
		default:
			want.Set("Accept", "text/html")
		}
		if diff := cmp.Diff(want, x.Request); diff != "" {
			t.Errorf("%s: request header (-want +got):\n%s", x.URL, diff)
		}
	}
	answer := capture.Answer()
	if got := answer.Response["X-Two"]; !slices.Equal(got, []string{"one", "two"}) || answer.Reason != "OK" || !capture.Fetched.Equal(answer.Started) {
		t.Errorf("X-Two %q, reason %q, fetched %v", got, answer.Reason, capture.Fetched)
	}
	if got := answer.Response.Get("Content-Type"); got != "text/html; charset=windows-1251" {
		t.Errorf("Content-Type %q", got)
	}
}

func TestFetchSendsWhatTheServerSees(t *testing.T) {
	var seen http.Header
	w := newWeb(t, map[string]http.HandlerFunc{"/a": func(w http.ResponseWriter, r *http.Request) {
		seen = r.Header.Clone()
		seen.Set("Host", r.Host)
	}})
	capture := mustFetch(t, newCrawler(t, Options{}), Request{URL: w.URL + "/a", ETag: `"x"`})
	if diff := cmp.Diff(seen, capture.Answer().Request); diff != "" {
		t.Errorf("recorded request (-server +recorded):\n%s", diff)
	}
}

func TestFetchKeepsTheURLAsWritten(t *testing.T) {
	var got atomic.Value
	w := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/robots.txt" {
			got.Store(r.RequestURI)
		}
	}))
	t.Cleanup(w.Close)
	c := newCrawler(t, Options{})
	for path, want := range map[string]string{
		"":                         "/",
		"/a/../b/./c":              "/a/../b/./c",
		"//a//b/":                  "//a//b/",
		"/a%2Fb%2fc%20d":           "/a%2Fb%2fc%20d",
		"/%D0%BD?q=%d0%bd+x":       "/%D0%BD?q=%d0%bd+x",
		"/новости?q=мост дом":      "/%D0%BD%D0%BE%D0%B2%D0%BE%D1%81%D1%82%D0%B8?q=%D0%BC%D0%BE%D1%81%D1%82%20%D0%B4%D0%BE%D0%BC",
		"/a?b=2&a=1&b=1&&c":        "/a?b=2&a=1&b=1&&c",
		"/a?":                      "/a?",
		"/a;p=1,2!*'()$":           "/a;p=1,2!*'()$",
		"/a?u=http://b/c?d='e'|{}": "/a?u=http://b/c?d='e'|{}",
		"/a#frag":                  "/a",
	} {
		capture := mustFetch(t, c, Request{URL: w.URL + path})
		if capture.Fault != nil || got.Load() != want {
			t.Errorf("%q went over the wire as %q, want %q (%v)", path, got.Load(), want, capture.Fault)
		}
		if recorded := strings.TrimPrefix(capture.Answer().URL, w.URL); recorded != want {
			t.Errorf("%q was recorded as %q, want %q", path, recorded, want)
		}
	}
}

func compressed(t testing.TB, coding, plain string) []byte {
	t.Helper()
	var out bytes.Buffer
	var w io.WriteCloser
	switch coding {
	case "gzip":
		w = gzip.NewWriter(&out)
	case "deflate":
		w = zlib.NewWriter(&out)
	case "raw deflate":
		w, _ = flate.NewWriter(&out, 6)
	case "br":
		w = brotli.NewWriter(&out)
	case "zstd":
		w, _ = zstd.NewWriter(&out)
	}
	io.WriteString(w, plain)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func encoded(encoding string, wire []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Encoding", encoding)
		w.Header().Set("Content-Type", "text/html; charset=gb2312")
		w.Write(wire)
	}
}

func TestFetchUndoesContentEncodingAndKeepsTheWire(t *testing.T) {
	plain := strings.Repeat("<p>\xb1\xb1\xbe\xa9 the bridge is open", 500)
	for _, coding := range []string{"gzip", "deflate", "raw deflate", "br", "zstd"} {
		wire := compressed(t, coding, plain)
		w := newWeb(t, map[string]http.HandlerFunc{"/a": encoded(strings.TrimPrefix(coding, "raw "), wire)})
		capture := mustFetch(t, newCrawler(t, Options{}), Request{URL: w.URL + "/a"})
		if capture.Fault != nil || string(capture.Body) != plain {
			t.Errorf("%s: fault %v, %d bytes, want %d", coding, capture.Fault, len(capture.Body), len(plain))
		}
		x := capture.Answer()
		if !bytes.Equal(x.Body, wire) || x.Response.Get("Content-Encoding") == "" {
			t.Errorf("%s: %d bytes kept with header %v, want the wire's %d", coding, len(x.Body), x.Response, len(wire))
		}
	}
}

func TestFetchLeavesCompressedFilesAlone(t *testing.T) {
	wire := compressed(t, "gzip", "<urlset></urlset>")
	w := newWeb(t, map[string]http.HandlerFunc{"/sitemap.xml.gz": func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/x-gzip")
		w.Write(wire)
	}})
	capture := mustFetch(t, newCrawler(t, Options{}), Request{URL: w.URL + "/sitemap.xml.gz"})
	if capture.Fault != nil || !bytes.Equal(capture.Body, wire) {
		t.Errorf("fault %v, body %q", capture.Fault, capture.Body)
	}
}

func TestFetchBoundsBodies(t *testing.T) {
	zeros := strings.Repeat("\x00", 64<<20)
	endless := func(w http.ResponseWriter, r *http.Request) {
		for {
			if _, err := io.WriteString(w, "more and more "); err != nil {
				return
			}
		}
	}
	w := newWeb(t, map[string]http.HandlerFunc{
		"/gzip":    encoded("gzip", compressed(t, "gzip", zeros)),
		"/br":      encoded("br", compressed(t, "br", zeros)),
		"/zstd":    encoded("zstd", compressed(t, "zstd", zeros)),
		"/twice":   encoded("gzip, gzip", compressed(t, "gzip", string(compressed(t, "gzip", zeros)))),
		"/endless": endless,
		"/exact":   text(strings.Repeat("x", 100_000)),
		"/over":    text(strings.Repeat("x", 100_001)),
	})
	c := newCrawler(t, Options{MaxBodyBytes: 100_000})
	mustFetch(t, c, Request{URL: w.URL + "/exact"})
	for path, truncated := range map[string]string{"/gzip": "", "/br": "", "/zstd": "", "/twice": "", "/endless": "length", "/over": "length"} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		capture := mustFetch(t, c, Request{URL: w.URL + path})
		runtime.ReadMemStats(&after)
		wantFault(t, capture, corpus.FaultTooLarge, "100000 bytes")
		if len(capture.Body) != 100_000 || len(capture.Answer().Body) > 100_000 || capture.Answer().Truncated != truncated {
			t.Errorf("%s: body %d, wire %d, truncated %q, want %q", path, len(capture.Body), len(capture.Answer().Body), capture.Answer().Truncated, truncated)
		}
		if used := after.TotalAlloc - before.TotalAlloc; used > 32<<20 {
			t.Errorf("%s: %d bytes allocated", path, used)
		}
	}
	if capture := mustFetch(t, c, Request{URL: w.URL + "/exact"}); capture.Fault != nil || len(capture.Body) != 100_000 {
		t.Errorf("/exact: %v, %d bytes", capture.Fault, len(capture.Body))
	}
	capture := mustFetch(t, c, Request{URL: w.URL + "/exact", MaxBodyBytes: 10})
	wantFault(t, capture, corpus.FaultTooLarge, "10 bytes")
	if string(capture.Body) != "xxxxxxxxxx" || !capture.Fault.Kept() {
		t.Errorf("body %q, kept %v", capture.Body, capture.Fault.Kept())
	}
}

func TestFetchKeepsWhatCameOfACutBody(t *testing.T) {
	cut := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "1000")
		io.WriteString(w, "the beginning")
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	}
	wire := compressed(t, "gzip", strings.Repeat("the bridge is open ", 5000))
	w := newWeb(t, map[string]http.HandlerFunc{
		"/cut": cut,
		"/chunked": func(w http.ResponseWriter, r *http.Request) {
			io.WriteString(w, "the beginning")
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		},
		"/gzip": encoded("gzip", wire[:len(wire)-20]),
	})
	c := newCrawler(t, Options{})
	for path, truncated := range map[string]string{"/cut": "disconnect", "/chunked": "disconnect", "/gzip": ""} {
		capture := mustFetch(t, c, Request{URL: w.URL + path})
		wantFault(t, capture, corpus.FaultCut, "")
		if !strings.HasPrefix(string(capture.Body), "the b") || capture.Answer().Truncated != truncated {
			t.Errorf("%s: body %.20q, truncated %q", path, capture.Body, capture.Answer().Truncated)
		}
	}
}

func TestFetchTellsUnreadableEncodings(t *testing.T) {
	w := newWeb(t, map[string]http.HandlerFunc{
		"/unknown": encoded("rot13", []byte("uryyb")),
		"/broken":  encoded("gzip", append(compressed(t, "gzip", "")[:10], "garbage garbage"...)),
	})
	c := newCrawler(t, Options{})
	for _, path := range []string{"/unknown", "/broken"} {
		capture := mustFetch(t, c, Request{URL: w.URL + path})
		wantFault(t, capture, corpus.FaultEncoding, "decompress")
		if len(capture.Answer().Body) == 0 {
			t.Errorf("%s: the wire was not kept", path)
		}
	}
}

func TestFetchGivesUpOnSlowServers(t *testing.T) {
	drip := func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "the beginning")
		for range 1000 {
			w.(http.Flusher).Flush()
			select {
			case <-r.Context().Done():
				return
			case <-time.After(20 * time.Millisecond):
			}
			io.WriteString(w, ".")
		}
	}
	w := newWeb(t, map[string]http.HandlerFunc{
		"/drip": drip,
		"/hang": func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
		"/header-drip": func(w http.ResponseWriter, r *http.Request) {
			conn, buf, err := w.(http.Hijacker).Hijack()
			if err != nil {
				return
			}
			defer conn.Close()
			buf.WriteString("HTTP/1.1 200 OK\r\n")
			for buf.Flush() == nil {
				time.Sleep(20 * time.Millisecond)
				buf.WriteString("X-A: b\r\n")
			}
		},
	})
	quick := newCrawler(t, Options{HeaderTimeout: time.Second, Timeout: time.Minute, RateWindow: 300 * time.Millisecond, MinBytesPerSecond: 1000})
	total := newCrawler(t, Options{Timeout: time.Second, MinBytesPerSecond: -1})
	for _, c := range []struct {
		crawler *Crawler
		path    string
		words   string
		kept    bool
	}{
		{quick, "/drip", "too slowly", true},
		{quick, "/hang", "timeout", false},
		{quick, "/header-drip", "timeout", false},
		{total, "/drip", "took too long", true},
		{total, "/hang", "took too long", false},
		{total, "/header-drip", "took too long", false},
	} {
		capture := mustFetch(t, c.crawler, Request{URL: w.URL + c.path})
		wantFault(t, capture, corpus.FaultTimeout, c.words)
		if c.kept && (!strings.HasPrefix(string(capture.Body), "the beginning") || capture.Answer().Truncated != "time") {
			t.Errorf("%s: body %q, answer %+v", c.path, capture.Body, capture.Answer())
		}
		if !c.kept && capture.Answer() != nil {
			t.Errorf("%s: there is an answer", c.path)
		}
	}
}

func TestFetchClassesStatuses(t *testing.T) {
	pages := map[string]http.HandlerFunc{}
	date := time.Now().Add(90 * time.Second).UTC().Format(http.TimeFormat)
	cases := []struct {
		status int
		retry  string
		class  corpus.FaultClass
		after  time.Duration
	}{
		{200, "", "", 0}, {204, "", "", 0}, {206, "", "", 0},
		{400, "", corpus.FaultStatus, 0}, {401, "", corpus.FaultDenied, 0}, {402, "", corpus.FaultDenied, 0}, {403, "", corpus.FaultDenied, 0},
		{404, "", corpus.FaultGone, 0}, {410, "", corpus.FaultGone, 0}, {451, "", corpus.FaultDenied, 0}, {418, "", corpus.FaultStatus, 0},
		{429, "", corpus.FaultThrottled, 0}, {429, "120", corpus.FaultThrottled, 2 * time.Minute}, {429, date, corpus.FaultThrottled, 90 * time.Second},
		{500, "", corpus.FaultServer, 0}, {502, "", corpus.FaultServer, 0}, {503, "", corpus.FaultServer, 0}, {503, "7", corpus.FaultThrottled, 7 * time.Second},
		{301, "", corpus.FaultRedirect, 0}, {302, "", corpus.FaultRedirect, 0}, {300, "", corpus.FaultStatus, 0}, {304, "", corpus.FaultStatus, 0},
		{599, "", corpus.FaultServer, 0}, {999, "", corpus.FaultStatus, 0},
	}
	for i, c := range cases {
		pages["/"+strconv.Itoa(i)] = func(w http.ResponseWriter, r *http.Request) {
			if c.retry != "" {
				w.Header().Set("Retry-After", c.retry)
			}
			w.WriteHeader(c.status)
			io.WriteString(w, "what the server says")
		}
	}
	w := newWeb(t, pages)
	crawler := newCrawler(t, Options{})
	for i, c := range cases {
		capture := mustFetch(t, crawler, Request{URL: w.URL + "/" + strconv.Itoa(i)})
		if capture.Status() != c.status {
			t.Errorf("status %d, want %d", capture.Status(), c.status)
		}
		if c.class == "" {
			if capture.Fault != nil {
				t.Errorf("%d: fault %v", c.status, capture.Fault)
			}
			continue
		}
		wantFault(t, capture, c.class, strconv.Itoa(c.status))
		if capture.Fault == nil {
			continue
		}
		if off := capture.Fault.RetryAfter - c.after; capture.Fault.Status != c.status || off < -5*time.Second || off > 0 {
			t.Errorf("%d, Retry-After %q: status %d, after %v, want %v", c.status, c.retry, capture.Fault.Status, capture.Fault.RetryAfter, c.after)
		}
		if c.status >= 400 && string(capture.Body) != "what the server says" {
			t.Errorf("%d: body %q", c.status, capture.Body)
		}
	}
}

func TestFetchTellsChallengesFromPages(t *testing.T) {
	w := newWeb(t, map[string]http.HandlerFunc{"/a": func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cf-Mitigated", "challenge")
		io.WriteString(w, "Just a moment...")
	}})
	wantFault(t, mustFetch(t, newCrawler(t, Options{}), Request{URL: w.URL + "/a"}), corpus.FaultDenied, "200")
}

func TestFetchAsksForInternationalNamesInASCII(t *testing.T) {
	var host atomic.Value
	w := newWeb(t, map[string]http.HandlerFunc{"/a": func(w http.ResponseWriter, r *http.Request) { host.Store(r.Host) }})
	_, port, _ := net.SplitHostPort(w.host)
	dns := newDNS(t, names(map[string][]string{"xn--e1afmkfd.xn--p1ai.": {"127.0.0.1"}}))
	c := newCrawler(t, Options{Resolver: dns.resolver()})
	capture := mustFetch(t, c, Request{URL: "http://Пример.рф:" + port + "/a"})
	want := "xn--e1afmkfd.xn--p1ai:" + port
	if capture.Fault != nil || host.Load() != want || capture.FinalURL() != "http://"+want+"/a" {
		t.Errorf("fault %v, host %v, final %s, want %s", capture.Fault, host.Load(), capture.FinalURL(), want)
	}
}

// FuzzWireURL: what goes over the wire is plain ASCII without space, can be
// read again, and is then the same.
func FuzzWireURL(f *testing.F) {
	for _, raw := range []string{"http://a.example/%zz?q=a b#c", "HTTPS://Пример.рф:8443//x/../y?\xff\"", "http://①②⑦.1/?", "http://[::FFFF:1%25A]/", "http://a.example./;x?&&", "http://a:/"} {
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		u, err := parseURL(raw)
		if err != nil || new(guard).checkURL(u) != nil {
			return
		}
		wire := u.String()
		if strings.ContainsFunc(wire, func(r rune) bool { return r <= ' ' || r > '~' }) {
			t.Errorf("%q goes over the wire as %q", raw, wire)
		}
		again, err := parseURL(wire)
		if err != nil || again.String() != wire {
			t.Errorf("%q gives %q, and that %v, %v", raw, wire, again, err)
		}
	})
}

func TestRetryAfterForms(t *testing.T) {
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	for value, want := range map[string]time.Duration{
		"":                                -1,
		"soon":                            -1,
		"-5":                              -1,
		"1.5":                             -1,
		"0":                               0,
		" 30 ":                            30 * time.Second,
		"99999999999999999999999":         longestRetryAfter,
		"Tue, 24 Nov 2026 12:01:00 GMT":   time.Minute,
		"Tuesday, 24-Nov-26 12:00:10 GMT": 10 * time.Second,
		"Tue Nov 24 12:00:20 2026":        20 * time.Second,
		"Mon, 23 Nov 2026 12:00:00 GMT":   0,
		"Thu, 24 Nov 2099 12:00:00 GMT":   longestRetryAfter,
	} {
		got, asked := retryAfter(value, now)
		if asked != (want >= 0) || asked && got != want {
			t.Errorf("retryAfter(%q) = %v, %v, want %v", value, got, asked, want)
		}
	}
}

func TestFetchTakes304ForAnAnswer(t *testing.T) {
	w := newWeb(t, map[string]http.HandlerFunc{"/a": func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("If-None-Match") == `"v1"` && r.Header.Get("If-Modified-Since") == "Mon, 23 Nov 2026 12:00:00 GMT" {
			w.Header().Set("ETag", `"v1"`)
			w.WriteHeader(http.StatusNotModified)
		}
	}})
	capture := mustFetch(t, newCrawler(t, Options{}), Request{URL: w.URL + "/a", ETag: `"v1"`, LastModified: "Mon, 23 Nov 2026 12:00:00 GMT"})
	if capture.Fault != nil || capture.Status() != http.StatusNotModified || capture.Body != nil {
		t.Errorf("fault %v, status %d, body %q", capture.Fault, capture.Status(), capture.Body)
	}
}

func TestFetchFollowsRedirectsWithinReason(t *testing.T) {
	to := func(status int, location string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Location", location)
			w.WriteHeader(status)
		}
	}
	pages := map[string]http.HandlerFunc{
		"/end":        text("here"),
		"/303":        to(303, "/end"),
		"/307":        to(307, "end"),
		"/308":        to(308, "?x"),
		"/loop":       to(302, "/loop"),
		"/a":          to(302, "/b"),
		"/b":          to(302, "/a"),
		"/file":       to(302, "file:///etc/passwd"),
		"/js":         to(302, "javascript:alert(1)"),
		"/bad":        to(302, "http://[::1"),
		"/nowhere":    to(302, ""),
		"/metadata":   to(302, "http://169.254.169.254/latest/meta-data/"),
		"/lan":        to(302, "http://10.0.0.1/"),
		"/loopback":   to(302, "http://[::1]:6379/"),
		"/mapped":     to(302, "http://[::ffff:10.0.0.1]/"),
		"/user":       to(302, "http://admin:admin@127.0.0.1/"),
		"/private":    text("secret"),
		"/to-private": to(302, "/private/x"),
		"/cookie": func(w http.ResponseWriter, r *http.Request) {
			if _, err := r.Cookie("consent"); err == nil {
				io.WriteString(w, "with cookie")
				return
			}
			http.SetCookie(w, &http.Cookie{Name: "consent", Value: "1"})
			http.Redirect(w, r, "/cookie", http.StatusFound)
		},
		"/robots.txt": text("User-agent: Chorus\nDisallow: /private/\n"),
	}
	for i := range 10 {
		pages[fmt.Sprintf("/long/%d", i)] = to(302, fmt.Sprintf("/long/%d", i+1))
	}
	pages["/long/10"] = text("here")
	w := newWeb(t, pages)
	c := newCrawler(t, Options{})
	mustFetch(t, c, Request{URL: w.URL + "/end"}) // robots.txt is known from here on
	for _, tc := range []struct {
		path  string
		class corpus.FaultClass
		words string
		story string
	}{
		{"/303", "", "", "redirect /303 303, page /end 200"},
		{"/307", "", "", "redirect /307 307, page /end 200"},
		{"/cookie", "", "", "redirect /cookie 302, page /cookie 200"},
		{"/long/5", "", "", "redirect /long/5 302, redirect /long/6 302, redirect /long/7 302, redirect /long/8 302, redirect /long/9 302, page /long/10 200"},
		{"/long/4", corpus.FaultRedirect, "more than 5", "redirect /long/4 302, redirect /long/5 302, redirect /long/6 302, redirect /long/7 302, redirect /long/8 302, redirect /long/9 302"},
		{"/loop", corpus.FaultRedirect, "loop", "redirect /loop 302, redirect /loop 302"},
		{"/a", corpus.FaultRedirect, "loop", "redirect /a 302, redirect /b 302, redirect /a 302, redirect /b 302"},
		{"/file", corpus.FaultGuarded, "file", "redirect /file 302"},
		{"/js", corpus.FaultGuarded, "javascript", "redirect /js 302"},
		{"/bad", corpus.FaultRedirect, "nowhere", "page /bad 302"},
		{"/nowhere", corpus.FaultRedirect, "nowhere", "page /nowhere 302"},
		{"/metadata", corpus.FaultGuarded, "169.254.169.254", "redirect /metadata 302"},
		{"/lan", corpus.FaultGuarded, "10.0.0.1", "redirect /lan 302"},
		{"/loopback", corpus.FaultGuarded, "::1", "redirect /loopback 302"},
		{"/mapped", corpus.FaultGuarded, "10.0.0.1", "redirect /mapped 302"},
		{"/user", corpus.FaultGuarded, "user name", "redirect /user 302"},
		{"/to-private", corpus.FaultRobots, "Disallow: /private/", "redirect /to-private 302"},
	} {
		capture := mustFetch(t, c, Request{URL: w.URL + tc.path})
		if roles(capture) != tc.story {
			t.Errorf("%s: %s, want %s", tc.path, roles(capture), tc.story)
		}
		if tc.class == "" {
			if capture.Fault != nil || capture.FinalURL() == w.URL+tc.path && tc.path != "/cookie" {
				t.Errorf("%s: fault %v, final %s", tc.path, capture.Fault, capture.FinalURL())
			}
			continue
		}
		wantFault(t, capture, tc.class, tc.words)
		if strings.HasPrefix(tc.story, "redirect") && (capture.Answer() != nil || capture.Body != nil) {
			t.Errorf("%s: answer %+v, body %q: a redirect is none", tc.path, capture.Answer(), capture.Body)
		}
	}
	if w.hits("/private/x") != 0 {
		t.Error("the forbidden page was fetched")
	}
	none := newCrawler(t, Options{MaxRedirects: -1})
	wantFault(t, mustFetch(t, none, Request{URL: w.URL + "/303"}), corpus.FaultRedirect, "more than 0")
}

func TestFetchReadsRobotsOfTheRedirectTarget(t *testing.T) {
	target := newWeb(t, map[string]http.HandlerFunc{"/robots.txt": text("User-agent: *\nDisallow: /"), "/page": text("x")})
	w := newWeb(t, map[string]http.HandlerFunc{"/a": func(rw http.ResponseWriter, r *http.Request) { http.Redirect(rw, r, target.URL+"/page", 302) }})
	capture := mustFetch(t, newCrawler(t, Options{}), Request{URL: w.URL + "/a"})
	wantFault(t, capture, corpus.FaultRobots, "Disallow: /")
	if want := "robots /robots.txt 404, redirect /a 302, robots /robots.txt 200"; roles(capture) != want || target.hits("/page") != 0 {
		t.Errorf("%s, want %s; page fetched %d times", roles(capture), want, target.hits("/page"))
	}
}

func TestFetchObeysRobotsByStatus(t *testing.T) {
	const deny = "User-agent: *\nDisallow: /"
	status := func(code int, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(code); io.WriteString(w, body) }
	}
	hop := func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/hop", http.StatusFound) }
	cut := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "99")
		io.WriteString(w, "User-agent: *")
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	}
	for name, tc := range map[string]struct {
		robots http.HandlerFunc
		hop    http.HandlerFunc
		class  corpus.FaultClass
		words  string
	}{
		"allowed":            {robots: text("User-agent: *\nDisallow: /other")},
		"denied":             {robots: text(deny), class: corpus.FaultRobots, words: "forbids it: Disallow: /"},
		"404":                {robots: status(404, deny)},
		"403":                {robots: status(403, deny)},
		"401":                {robots: status(401, deny)},
		"410":                {robots: status(410, deny)},
		"429":                {robots: status(429, ""), class: corpus.FaultThrottled, words: "could not be read: 429"},
		"500":                {robots: status(500, ""), class: corpus.FaultRobots, words: "could not be read: 500"},
		"503":                {robots: status(503, "User-agent: *\nAllow: /"), class: corpus.FaultRobots, words: "could not be read: 503"},
		"cut":                {robots: cut, class: corpus.FaultRobots, words: "could not be read"},
		"no answer":          {robots: func(w http.ResponseWriter, r *http.Request) { panic(http.ErrAbortHandler) }, class: corpus.FaultConnect, words: "could not be read"},
		"gzip":               {robots: encoded("gzip", compressed(t, "gzip", deny)), class: corpus.FaultRobots, words: "forbids"},
		"redirect":           {robots: hop, hop: text(deny), class: corpus.FaultRobots, words: "forbids"},
		"redirect for ever":  {robots: hop, hop: hop},
		"redirect to inside": {robots: func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "http://10.0.0.1/", 302) }, class: corpus.FaultGuarded, words: "could not be read"},
		"beyond 500 KiB":     {robots: text("User-agent: *\nAllow: /\n" + strings.Repeat("#", robotsBytes) + "\nDisallow: /")},
		"denied, then long":  {robots: text(deny + "\n" + strings.Repeat("# and so on\n", 80_000)), class: corpus.FaultRobots, words: "forbids"},
	} {
		pages := map[string]http.HandlerFunc{"/robots.txt": tc.robots, "/page": text("x")}
		if tc.hop != nil {
			pages["/hop"] = tc.hop
		}
		w := newWeb(t, pages)
		capture := mustFetch(t, newCrawler(t, Options{}), Request{URL: w.URL + "/page"})
		if tc.class == "" {
			if capture.Fault != nil || w.hits("/page") != 1 {
				t.Errorf("robots.txt %s: fault %v", name, capture.Fault)
			}
			continue
		}
		wantFault(t, capture, tc.class, tc.words)
		if w.hits("/page") != 0 {
			t.Errorf("robots.txt %s: the page was fetched", name)
		}
	}
}

func TestFetchReadsRobotsOnceForManyPages(t *testing.T) {
	w := newWeb(t, map[string]http.HandlerFunc{"/robots.txt": text("User-agent: *\nDisallow: /private"), "/page": text("x")})
	c := newCrawler(t, Options{})
	var all sync.WaitGroup
	var recorded atomic.Int32
	for range 50 {
		all.Go(func() {
			capture, err := c.Fetch(t.Context(), Request{URL: w.URL + "/page"})
			if err != nil || capture.Fault != nil {
				t.Errorf("fault %v, %v", capture.Fault, err)
				return
			}
			if capture.Exchanges[0].Role == corpus.RoleRobots {
				recorded.Add(1)
			}
		})
	}
	all.Wait()
	if w.hits("/robots.txt") != 1 || recorded.Load() != 1 || w.hits("/page") != 50 {
		t.Errorf("robots.txt fetched %d times and recorded %d times for %d pages", w.hits("/robots.txt"), recorded.Load(), w.hits("/page"))
	}
	if w.most != 1 {
		t.Errorf("%d requests at once", w.most)
	}
}

func TestFetchReadsRobotsAgainWhenTheFirstGaveUp(t *testing.T) {
	arrived, hang := make(chan struct{}), make(chan struct{})
	var calls atomic.Int32
	w := newWeb(t, map[string]http.HandlerFunc{"/page": text("x"), "/robots.txt": func(w http.ResponseWriter, r *http.Request) {
		if calls.Add(1) == 1 {
			close(arrived)
			select {
			case <-hang:
			case <-r.Context().Done():
			}
		}
	}})
	defer close(hang)
	c := newCrawler(t, Options{})
	ctx, cancel := context.WithCancel(t.Context())
	var all sync.WaitGroup
	all.Go(func() {
		if _, err := c.Fetch(ctx, Request{URL: w.URL + "/page"}); !errors.Is(err, context.Canceled) {
			t.Errorf("the first: %v, want canceled", err)
		}
	})
	<-arrived
	all.Go(func() {
		capture, err := c.Fetch(t.Context(), Request{URL: w.URL + "/page"})
		if err != nil || capture.Fault != nil {
			t.Errorf("the second: %v, %v", capture, err)
		}
	})
	cancel()
	all.Wait()
	if calls.Load() != 2 {
		t.Errorf("robots.txt asked for %d times, want 2", calls.Load())
	}
}

func TestFetchKeepsAnOldRobotsWhileItCannotBeRead(t *testing.T) {
	var broken atomic.Bool
	w := newWeb(t, map[string]http.HandlerFunc{"/page": text("x"), "/private": text("x"), "/robots.txt": func(w http.ResponseWriter, r *http.Request) {
		if broken.Load() {
			w.WriteHeader(500)
			return
		}
		io.WriteString(w, "User-agent: *\nDisallow: /private")
	}})
	c := newCrawler(t, Options{RobotsTTL: time.Nanosecond})
	mustFetch(t, c, Request{URL: w.URL + "/page"})
	broken.Store(true)
	if capture := mustFetch(t, c, Request{URL: w.URL + "/page"}); capture.Fault != nil || w.hits("/robots.txt") != 2 {
		t.Errorf("fault %v, robots.txt asked for %d times", capture.Fault, w.hits("/robots.txt"))
	}
	wantFault(t, mustFetch(t, c, Request{URL: w.URL + "/private"}), corpus.FaultRobots, "Disallow: /private")
}

func TestFetchWaitsForCrawlDelay(t *testing.T) {
	var starts []time.Time
	w := newWeb(t, map[string]http.HandlerFunc{
		"/robots.txt": text("User-agent: *\nCrawl-delay: 0.2"),
		"/page":       func(http.ResponseWriter, *http.Request) { starts = append(starts, time.Now()) },
	})
	c := newCrawler(t, Options{})
	for range 2 {
		if capture := mustFetch(t, c, Request{URL: w.URL + "/page"}); capture.Fault != nil {
			t.Fatal(capture.Fault)
		}
	}
	if gap := starts[1].Sub(starts[0]); gap < 200*time.Millisecond {
		t.Errorf("%v between requests, want 200ms", gap)
	}
}

func TestFetchDurationLeavesOutTheWait(t *testing.T) {
	f := &fetch{capture: &corpus.Capture{}, waited: time.Hour}
	f.finish(time.Now().Add(-time.Hour - time.Second))
	if d := f.capture.Duration; d < time.Second || d > time.Minute {
		t.Errorf("duration %v, want a second", d)
	}
}

func TestFetchTellsDeadHosts(t *testing.T) {
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	secure := httptest.NewTLSServer(http.NotFoundHandler())
	defer secure.Close()
	plain := newWeb(t, nil)
	dns := newDNS(t, names(nil))
	c := newCrawler(t, Options{Resolver: dns.resolver()})
	for raw, class := range map[string]corpus.FaultClass{
		closed.URL:                corpus.FaultConnect,
		"http://nowhere.example/": corpus.FaultDNS,
		secure.URL:                corpus.FaultTLS, // not signed by anyone we know
		strings.Replace(plain.URL, "http", "https", 1): corpus.FaultTLS,
	} {
		capture := mustFetch(t, c, Request{URL: raw})
		wantFault(t, capture, class, "")
		if capture.Fetched.IsZero() || capture.Answer() != nil || strings.Contains(capture.Fault.Reason, "Get ") {
			t.Errorf("%s: %+v", raw, capture)
		}
	}
}

func TestFetchErrors(t *testing.T) {
	w := newWeb(t, map[string]http.HandlerFunc{"/hang": func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() }})
	c := newCrawler(t, Options{})
	for _, raw := range []string{"", "/a", "ftp://a.example/", "file:///etc/passwd", "javascript:alert(1)", "http://", "http://a b/", "http://[::1", "mailto:a@b.example", "data:text/html,x", "http://a%2fb/"} {
		if capture, err := c.Fetch(t.Context(), Request{URL: raw}); err == nil || capture != nil || !strings.Contains(err.Error(), "not an http URL") {
			t.Errorf("Fetch(%q) = %v, %v, want an error", raw, capture, err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if capture, err := c.Fetch(ctx, Request{URL: w.URL + "/hang"}); capture != nil || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Fetch = %v, %v, want deadline exceeded", capture, err)
	}
	if _, err := c.Fetch(ctx, Request{URL: w.URL + "/hang"}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Fetch with a dead context: %v", err)
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestFetchSurvivesAPanic(t *testing.T) {
	c := newCrawler(t, Options{})
	f := &fetch{crawler: c, url: mustURL(t, "http://outlet.example/"), capture: &corpus.Capture{}}
	f.run(t.Context(), roundTripper(func(*http.Request) (*http.Response, error) { panic("our own\nmistake") }))
	f.finish(time.Now())
	wantFault(t, f.capture, corpus.FaultPanic, "our own mistake")
}

func TestNewTellsEverythingThatIsWrong(t *testing.T) {
	_, err := New(Options{
		UserAgent: "Mozilla/5.0", Contact: "a\r\nb", HostDelay: -1, Timeout: -1, MaxBodyBytes: -1,
		Proxy: "ftp://user:secret@proxy.example", AllowNetworks: []netip.Prefix{{}},
	})
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{"user agent", "Chorus", "contact", "host delay", "timeout", "max body bytes", "proxy", "allow networks[0]"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in %q", want, err)
		}
	}
	if strings.Contains(err.Error(), "secret") {
		t.Errorf("the password is in %q", err)
	}
}

func TestCloseLeavesNoGoroutines(t *testing.T) {
	w := newWeb(t, map[string]http.HandlerFunc{
		"/page": text("x"),
		"/cut": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "9")
			panic(http.ErrAbortHandler)
		},
		"/hang": func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
	})
	before := runtime.NumGoroutine()
	c := newCrawler(t, Options{HeaderTimeout: 100 * time.Millisecond})
	for range 20 {
		for _, path := range []string{"/page", "/cut", "/missing"} {
			mustFetch(t, c, Request{URL: w.URL + path})
		}
	}
	mustFetch(t, c, Request{URL: w.URL + "/hang"})
	c.Close()
	w.CloseClientConnections()
	for range 500 { // what was told to end needs a moment
		if runtime.NumGoroutine() <= before {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	stacks := make([]byte, 1<<20)
	t.Errorf("%d goroutines before, %d after:\n%s", before, runtime.NumGoroutine(), stacks[:runtime.Stack(stacks, true)])
}

func BenchmarkFetch(b *testing.B) {
	page := strings.Repeat("<p>The bridge over the river is open. ", 64<<10/39)
	w := newWeb(b, map[string]http.HandlerFunc{"/page": text(page), "/gzip": encoded("gzip", compressed(b, "gzip", page))})
	for _, path := range []string{"/page", "/gzip"} {
		b.Run(path[1:], func(b *testing.B) {
			c := newCrawler(b, Options{})
			b.ReportAllocs()
			for b.Loop() {
				if capture := mustFetch(b, c, Request{URL: w.URL + path}); capture.Fault != nil {
					b.Fatal(capture.Fault)
				}
			}
		})
	}
}

func TestFetchSpeaksTLSAndHTTP2(t *testing.T) {
	s := httptest.NewUnstartedServer(text("hello"))
	s.EnableHTTP2 = true
	s.StartTLS()
	t.Cleanup(s.Close)
	c := newCrawler(t, Options{})
	roots := x509.NewCertPool()
	roots.AddCert(s.Certificate())
	c.transports.through(nil).TLSClientConfig = &tls.Config{RootCAs: roots}
	for range 2 {
		capture := mustFetch(t, c, Request{URL: s.URL + "/page"})
		if capture.Fault != nil || string(capture.Body) != "hello" || capture.Answer().Proto != "HTTP/2.0" || capture.Answer().Remote == "" {
			t.Errorf("fault %v, body %q, answer %+v", capture.Fault, capture.Body, capture.Answer())
		}
	}
}
