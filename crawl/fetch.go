package crawl

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"runtime/debug"
	"strings"
	"time"

	"github.com/gocolly/colly/v2"

	"chorus/corpus"
)

// A Crawler gets pages. It is safe from several goroutines.
type Crawler struct {
	options    Options
	guard      *guard
	transports *transports
	hosts      *hosts
	robots     *robotsCache
}

// New makes a Crawler. The error names everything that is wrong with o.
func New(o Options) (*Crawler, error) {
	if err := o.check(); err != nil {
		return nil, fmt.Errorf("crawl options: %w", err)
	}
	o = o.withDefaults()
	g := &guard{allow: o.AllowNetworks, resolver: o.Resolver, timeout: o.ConnectTimeout}
	return &Crawler{options: o, guard: g, transports: newTransports(o, g), hosts: newHosts(), robots: newRobotsCache()}, nil
}

// Close ends the connections that are kept open. Fetches that still run finish
// as they would have.
func (c *Crawler) Close() { c.transports.close() }

// A Request is a page to be fetched.
type Request struct {
	URL    string
	Accept string // empty: what a page is asked for with

	// ETag and LastModified are those of the last answer; the server may then
	// answer 304 and no body. Empty: not sent.
	ETag, LastModified string

	// Proxy is the proxy for this request, as Options.Proxy. Empty: that of
	// the options. "direct": none.
	Proxy string

	MaxBodyBytes int64 // 0: that of the options

	// API says that the URL is of an interface made for programs, whose terms
	// rule instead of robots.txt.
	API bool

	// Token is sent as "Authorization: Bearer"; only that one was sent is kept.
	Token string
}

const acceptPage = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"

// Fetch gets a page: it reads the host's robots.txt if need be, follows
// redirects, and returns every exchange with the bytes as they came.
//
// A page that cannot be had is not an error: Capture.Fault says why. The body
// of a 4xx or 5xx, and what came of a body that was cut, too long or too slow,
// is kept beside the fault. A 304 is an answer without fault if r has an ETag
// or LastModified. Capture.Body has its content encoding removed and nothing
// else: the charset is as sent, and a file that is itself compressed (a
// sitemap.xml.gz) still is.
//
// Fetch returns an error only if ctx ended or r.URL is not an http(s) URL. It
// waits as needed for the site's turn and Options.HostDelay.
func (c *Crawler) Fetch(ctx context.Context, r Request) (*corpus.Capture, error) {
	u, err := parseURL(r.URL)
	if err != nil {
		return nil, err
	}
	began := time.Now()
	f := &fetch{crawler: c, request: r, url: u, limit: r.MaxBodyBytes, capture: &corpus.Capture{URL: r.URL}}
	if f.limit <= 0 {
		f.limit = c.options.MaxBodyBytes
	}
	proxy := r.Proxy
	if proxy == "" {
		proxy = c.options.Proxy
	}
	if f.proxy, err = parseProxy(proxy); err != nil {
		f.fault = newFault(corpus.FaultProxy, "%v", err)
	} else {
		f.run(ctx, f)
	}
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("fetch %s: %w", r.URL, err)
	}
	f.finish(began)
	c.options.Logger.DebugContext(ctx, "page fetched", "url", r.URL, "status", f.capture.Status(), "bytes", len(f.capture.Body), "dur", f.capture.Duration, "err", f.capture.Fault)
	return f.capture, nil
}

// parseURL reads the URL of a page and makes it fit for the wire.
func parseURL(raw string) (*url.URL, error) {
	u, err := url.Parse(strings.TrimSpace(raw))
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, fmt.Errorf("fetch %q: not an http URL", raw)
	}
	return wireURL(u), nil
}

// wireURL gives a URL as it is sent: without fragment, the host in lower case
// and ASCII, and characters that may not be in a request line escaped. All
// else stays as it was written.
func wireURL(u *url.URL) *url.URL {
	out := *u
	out.Fragment, out.RawFragment = "", ""
	out.Host = strings.ToLower(u.Host)
	if host, err := asciiHost(u); err == nil && !strings.Contains(host, ":") && host != u.Hostname() {
		out.Host = host
		if strings.HasSuffix(u.Hostname(), ".") {
			out.Host += "."
		}
		if p := u.Port(); p != "" {
			out.Host += ":" + p
		}
	}
	if out.Path == "" {
		out.Path = "/"
	}
	var query strings.Builder
	for i := range len(u.RawQuery) {
		c := u.RawQuery[i]
		writeOctet(&query, c, c > ' ' && c < 0x7f && strings.IndexByte("\"<>", c) < 0)
	}
	out.RawQuery = query.String()
	return &out
}

// header is what every request begins with.
func (c *Crawler) header(accept string) http.Header {
	h := http.Header{}
	h.Set("User-Agent", c.options.UserAgent)
	h.Set("Accept", accept)
	h.Set("Accept-Encoding", "gzip, deflate, br, zstd")
	if from := c.options.from(); from != "" {
		h.Set("From", from)
	}
	return h
}

// A fetch is one page being fetched. It is the http.RoundTripper of its own
// colly collector: colly follows the redirects and keeps the cookies between
// them, and every hop passes RoundTrip.
type fetch struct {
	crawler *Crawler
	request Request
	url     *url.URL // of the page
	proxy   *url.URL // nil: direct
	limit   int64

	capture *corpus.Capture
	fault   *corpus.Fault // why the fetch ended before an answer, or what is wrong with its body
	waited  time.Duration // for turns
}

// errStopped ends colly's run; f.fault says why.
var errStopped = errors.New("stopped")

// run lets colly fetch the page through transport. A panic becomes a fault.
func (f *fetch) run(ctx context.Context, transport http.RoundTripper) {
	defer func() {
		if p := recover(); p != nil {
			f.fault = newFault(corpus.FaultPanic, "%v", p)
			f.crawler.options.Logger.ErrorContext(ctx, "fetch panicked", "url", f.request.URL, "err", p, "stack", string(debug.Stack()))
		}
	}()
	header := f.crawler.header(acceptPage)
	for name, value := range map[string]string{"Accept": f.request.Accept, "If-None-Match": f.request.ETag, "If-Modified-Since": f.request.LastModified} {
		if value != "" {
			header.Set(name, value)
		}
	}
	if f.request.Token != "" {
		header.Set("Authorization", "Bearer "+f.request.Token)
	}
	err := f.collector(ctx, transport).Request(http.MethodGet, f.url.String(), nil, nil, header)
	if err != nil && f.fault == nil && len(f.capture.Exchanges) == 0 {
		f.fault = newFault(corpus.FaultGuarded, "%v", err) // colly does not take the URL
	}
}

// collector makes the colly collector of one fetch. Init, unlike NewCollector,
// does not read settings from the environment.
func (f *fetch) collector(ctx context.Context, transport http.RoundTripper) *colly.Collector {
	c := new(colly.Collector)
	c.Init()
	c.Context = ctx
	c.UserAgent = f.crawler.options.UserAgent
	c.AllowURLRevisit = true
	c.IgnoreRobotsTxt = true // ours are read on every hop
	c.ParseHTTPErrorResponse = true
	c.MaxBodySize = 0      // colly would cut without a word
	c.SetRequestTimeout(0) // an exchange has a clock of its own
	c.WithTransport(transport)
	c.SetRedirectHandler(f.redirect)
	c.OnResponse(func(r *colly.Response) {
		if len(r.Body) > 0 {
			f.capture.Body = r.Body
		}
	})
	return c
}

// RoundTrip makes the exchanges of one hop: robots.txt, if it is not known,
// and the page. It fails only with errStopped or because ctx ended.
func (f *fetch) RoundTrip(req *http.Request) (*http.Response, error) {
	ctx, u := req.Context(), f.url
	if len(f.pages()) > 0 {
		u = wireURL(req.URL)
	} // else as the item has it: colly has rewritten it
	if err := f.crawler.guard.checkURL(u); err != nil { // before robots.txt is asked for
		return nil, f.stop(newFault(corpus.FaultGuarded, "%v", err))
	}
	var rules robots
	if !f.request.API {
		var fault *corpus.Fault
		var err error
		if rules, fault, err = f.robotsFor(ctx, u); err != nil {
			return nil, err
		}
		if fault != nil {
			return nil, f.stop(fault)
		}
		if ok, line := rules.allows(u); !ok {
			return nil, f.stop(newFault(corpus.FaultRobots, "robots.txt forbids it: %s", line))
		}
	}
	header := req.Header.Clone()
	header.Del("Referer") // the client's own idea
	a, err := f.ask(ctx, corpus.RolePage, u, header, rules.delay, f.limit)
	if err != nil {
		return nil, err
	}
	f.fault = a.fault
	if a.exchange == nil {
		return nil, errStopped
	}
	return a.forColly(req), nil
}

// ask makes one exchange and writes it down.
func (f *fetch) ask(ctx context.Context, role corpus.Role, u *url.URL, header http.Header, delay time.Duration, limit int64) (answer, error) {
	a, err := f.crawler.exchange(ctx, ask{role: role, url: u, header: header, proxy: f.proxy, delay: delay, limit: limit})
	f.waited += a.waited
	if a.exchange != nil {
		f.capture.Exchanges = append(f.capture.Exchanges, *a.exchange)
	}
	return a, err
}

func (f *fetch) stop(fault *corpus.Fault) error {
	f.fault = fault
	return errStopped
}

// pages are the exchanges that were not for robots.txt.
func (f *fetch) pages() []*corpus.Exchange {
	var out []*corpus.Exchange
	for i := range f.capture.Exchanges {
		if x := &f.capture.Exchanges[i]; x.Role != corpus.RoleRobots {
			out = append(out, x)
		}
	}
	return out
}

// redirect decides whether to follow: the http.Client asks before every hop.
// The exchange that sent us on is no answer any more. To be sent back once is
// in order, for a server that only wanted to set a cookie.
func (f *fetch) redirect(req *http.Request, via []*http.Request) error {
	pages := f.pages()
	pages[len(pages)-1].Role = corpus.RoleRedirect
	next, seen := wireURL(req.URL).String(), 0
	for _, x := range pages {
		if x.URL == next {
			seen++
		}
	}
	switch most := max(f.crawler.options.MaxRedirects, 0); {
	case req.URL.Scheme != "http" && req.URL.Scheme != "https":
		return f.stop(newFault(corpus.FaultGuarded, "redirect to scheme %q", req.URL.Scheme))
	case seen > 1, seen > 0 && len(via) > most:
		return f.stop(newFault(corpus.FaultRedirect, "redirect loop"))
	case len(via) > most:
		return f.stop(newFault(corpus.FaultRedirect, "more than %d redirects", most))
	}
	return nil
}

// finish fills in the capture. A status that is no answer outweighs a fault of
// its body.
func (f *fetch) finish(began time.Time) {
	c, now := f.capture, time.Now()
	c.Fault, c.Fetched, c.Duration = f.fault, stamp(now), now.Sub(began)-f.waited
	if n := len(c.Exchanges); n > 0 {
		c.Fetched = c.Exchanges[n-1].Started
	}
	if a := c.Answer(); a != nil {
		conditional := f.request.ETag != "" || f.request.LastModified != ""
		if fault := statusFault(a.Status, a.Response, conditional, now); fault != nil {
			c.Fault = fault
		}
	}
}
