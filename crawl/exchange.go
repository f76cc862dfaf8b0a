package crawl

import (
	"bytes"
	"context"
	"errors"
	"io"
	"maps"
	"math"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"chorus/corpus"
	"chorus/internal/body"
)

// An ask is one request to be made.
type ask struct {
	role   corpus.Role
	url    *url.URL
	header http.Header
	proxy  *url.URL      // nil: direct
	delay  time.Duration // after the site's last request
	limit  int64         // of the body, in bytes
}

// An answer is what came of it.
type answer struct {
	exchange *corpus.Exchange // nil if nobody answered
	plain    []byte           // the body with its content encoding removed
	fault    *corpus.Fault    // why nobody answered, or what is wrong with the body
	waited   time.Duration    // for the site's turn
}

// exchange makes one request when it is the site's turn. It returns an error
// only if ctx ended.
func (c *Crawler) exchange(ctx context.Context, q ask) (answer, error) {
	if err := c.checkURL(ctx, q.url, q.proxy); err != nil {
		return answer{fault: newFault(corpus.FaultGuarded, "%v", err)}, ctx.Err()
	}
	queued := time.Now()
	release, err := c.hosts.take(ctx, site(q.url), max(c.options.HostDelay, q.delay))
	waited := time.Since(queued)
	if err != nil {
		return answer{waited: waited}, err
	}
	defer release()

	clock, inner := newClock(ctx, c.options)
	defer clock.stop()
	a := c.send(inner, clock, q)
	a.waited = waited
	return a, ctx.Err()
}

func (c *Crawler) checkURL(ctx context.Context, u, proxy *url.URL) error {
	if proxy != nil {
		return c.guard.checkTarget(ctx, u, proxy)
	}
	return c.guard.checkDirect(u)
}

// send makes the request and reads the answer to its end, or to a limit.
func (c *Crawler) send(ctx context.Context, clock *clock, q ask) answer {
	x := &corpus.Exchange{Role: q.role, URL: q.url.String(), Method: http.MethodGet, Started: stamp(time.Now()), Proxied: q.proxy != nil}
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(info httptrace.GotConnInfo) {
		x.Started = stamp(time.Now())
		x.Remote = info.Conn.RemoteAddr().String()
	}})
	req := (&http.Request{Method: x.Method, URL: q.url, Host: q.url.Host, Header: q.header, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1}).WithContext(ctx)
	x.Request = q.header.Clone()
	x.Request.Set("Host", q.url.Host)
	if x.Request.Get("Authorization") != "" {
		x.Request.Set("Authorization", "Bearer (not kept)")
	}

	resp, err := c.transports.through(q.proxy).RoundTrip(req)
	if err != nil {
		return answer{fault: transportFault(err, context.Cause(ctx))}
	}
	defer resp.Body.Close()
	x.Proto, x.Status, x.Response = resp.Proto, resp.StatusCode, resp.Header
	_, x.Reason, _ = strings.Cut(resp.Status, " ")
	a := answer{exchange: x}
	if resp.StatusCode < 200 { // 101: what follows is not HTTP
		return a
	}
	x.Body, x.Truncated, a.fault = readWire(ctx, clock.watch(resp.Body), q.limit)
	a.plain, a.fault = unpack(x, a.fault, q.limit)
	return a
}

// readWire reads a body up to limit bytes. If it ends early, the fault says
// why, and truncated says it in the words of WARC.
func readWire(ctx context.Context, r io.Reader, limit int64) (wire []byte, truncated string, fault *corpus.Fault) {
	var buf bytes.Buffer
	_, err := buf.ReadFrom(io.LimitReader(r, limit+1))
	wire = buf.Bytes()
	switch {
	case int64(len(wire)) > limit:
		return wire[:limit], "length", newFault(corpus.FaultTooLarge, "the body is longer than %d bytes", limit)
	case err != nil:
		fault, truncated = bodyFault(err, context.Cause(ctx))
	}
	return wire, truncated, fault
}

// unpack removes the content encoding. A fault of the wire explains all that
// goes wrong here, and stays.
func unpack(x *corpus.Exchange, fault *corpus.Fault, limit int64) ([]byte, *corpus.Fault) {
	encoding := strings.Join(x.Response.Values("Content-Encoding"), ",")
	plain, truncated, err := body.Decompress(encoding, x.Body, limit)
	switch {
	case fault != nil:
	case truncated:
		fault = newFault(corpus.FaultTooLarge, "the body is longer than %d bytes when decompressed", limit)
	case err != nil && errors.Is(err, io.ErrUnexpectedEOF) && len(plain) > 0:
		fault = newFault(corpus.FaultCut, "the compressed body has no end")
	case err != nil:
		fault = newFault(corpus.FaultEncoding, "%v", err)
	}
	return plain, fault
}

// A clock ends an exchange that takes too long, or whose body comes too slowly.
type clock struct {
	cancel context.CancelCauseFunc
	total  *time.Timer
	rate   *time.Timer // nil if there is no least rate
	window time.Duration
	least  int64 // bytes that must come in a window
	read   atomic.Int64
	before int64 // of read, at the start of the window
}

func newClock(ctx context.Context, o Options) (*clock, context.Context) {
	ctx, cancel := context.WithCancelCause(ctx)
	k := &clock{cancel: cancel, window: o.RateWindow, least: int64(o.RateWindow.Seconds() * float64(o.MinBytesPerSecond))}
	k.total = time.AfterFunc(o.Timeout, func() { cancel(errTotal) })
	return k, ctx
}

// watch begins to measure the rate of r.
func (k *clock) watch(r io.Reader) io.Reader {
	if k.least > 0 {
		k.rate = time.AfterFunc(math.MaxInt64, k.check)
		k.rate.Reset(k.window)
	}
	return &countingReader{r, &k.read}
}

// check runs at the end of every window.
func (k *clock) check() {
	read := k.read.Load()
	if read-k.before < k.least {
		k.cancel(errSlow)
		return
	}
	k.before = read
	k.rate.Reset(k.window)
}

func (k *clock) stop() {
	k.total.Stop()
	if k.rate != nil {
		k.rate.Stop()
	}
	k.cancel(nil)
}

type countingReader struct {
	r io.Reader
	n *atomic.Int64
}

func (c *countingReader) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n.Add(int64(n))
	return n, err
}

// forColly is the answer as colly is to see it: the plain body, marked so that
// colly does not undo encodings itself, which it does without limit, and
// without the charset, which it would convert.
func (a answer) forColly(req *http.Request) *http.Response {
	header := maps.Clone(a.exchange.Response)
	header.Del("Content-Encoding")
	media, _, _ := strings.Cut(header.Get("Content-Type"), ";")
	header.Set("Content-Type", media)
	return &http.Response{
		Status:        statusText(a.exchange.Status),
		StatusCode:    a.exchange.Status,
		Proto:         "HTTP/1.1",
		ProtoMajor:    1,
		ProtoMinor:    1,
		Header:        header,
		Body:          io.NopCloser(bytes.NewReader(a.plain)),
		ContentLength: int64(len(a.plain)),
		Uncompressed:  true,
		Request:       req,
	}
}
