package crawl

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"
)

const (
	maxHeaderBytes = 64 << 10
	maxIdle        = 128 // connections kept open, over all sites
)

// transports are the ways out: one http.Transport for the direct route, one
// for each proxy.
type transports struct {
	options Options
	guard   *guard

	mu sync.Mutex
	by map[string]*http.Transport // by URL of the proxy, "" is direct
}

func newTransports(o Options, g *guard) *transports {
	return &transports{options: o, guard: g, by: map[string]*http.Transport{}}
}

// through gives the transport for a proxy; nil means direct.
func (t *transports) through(proxy *url.URL) *http.Transport {
	key := ""
	if proxy != nil {
		key = proxy.String()
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.by[key] == nil {
		t.by[key] = t.open(proxy)
	}
	return t.by[key]
}

func (t *transports) open(proxy *url.URL) *http.Transport {
	dialer := &net.Dialer{Timeout: t.options.ConnectTimeout, Resolver: t.options.Resolver}
	out := &http.Transport{
		DialContext:            dialer.DialContext,
		TLSClientConfig:        &tls.Config{RootCAs: t.options.RootCAs},
		TLSHandshakeTimeout:    t.options.ConnectTimeout,
		ResponseHeaderTimeout:  t.options.HeaderTimeout,
		MaxResponseHeaderBytes: maxHeaderBytes,
		DisableCompression:     true, // the archive wants the bytes as they came
		ForceAttemptHTTP2:      true,
		MaxIdleConns:           maxIdle,
		MaxIdleConnsPerHost:    1, // one request at a time
		IdleConnTimeout:        90 * time.Second,
	}
	if proxy == nil {
		// With a proxy the dialer sees only the proxy, which the operator
		// chose and which may be on this machine.
		dialer.ControlContext = t.guard.control
		return out
	}
	out.Proxy = http.ProxyURL(proxy)
	out.OnProxyConnectResponse = func(_ context.Context, _ *url.URL, _ *http.Request, answer *http.Response) error {
		if answer.StatusCode != http.StatusOK {
			return &proxyRefusal{answer.StatusCode}
		}
		return nil
	}
	return out
}

// close ends the idle connections of all routes.
func (t *transports) close() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, transport := range t.by {
		transport.CloseIdleConnections()
	}
}

// A proxyRefusal is the answer of an HTTP proxy that makes no tunnel.
type proxyRefusal struct{ status int }

func (e *proxyRefusal) Error() string {
	return fmt.Sprintf("the proxy made no connection: %s", statusText(e.status))
}
