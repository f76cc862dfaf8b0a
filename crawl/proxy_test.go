package crawl

import (
	"bufio"
	"encoding/binary"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"

	"chorus/corpus"
)

// A proxy is an HTTP and SOCKS5 proxy on loopback that takes every name to one
// address, and remembers what it was asked for.
type proxy struct {
	addr   string
	target string // where all connections go; empty: refused

	mu    sync.Mutex
	asked []string
}

func newProxy(t testing.TB, target string, serve func(*proxy, net.Conn)) *proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{addr: l.Addr().String(), target: target}
	var all sync.WaitGroup
	all.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			all.Go(func() { defer conn.Close(); serve(p, conn) })
		}
	})
	t.Cleanup(func() { l.Close(); all.Wait() })
	return p
}

func (p *proxy) note(host string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asked = append(p.asked, host)
}

// hosts are the different hosts that were asked for.
func (p *proxy) hosts() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var out []string
	for _, h := range p.asked {
		if len(out) == 0 || out[len(out)-1] != h {
			out = append(out, h)
		}
	}
	return strings.Join(out, " ")
}

// serveHTTP answers plain requests itself, in the target's name, and CONNECT
// with a tunnel.
func serveHTTP(p *proxy, conn net.Conn) {
	in := bufio.NewReader(conn)
	for {
		r, err := http.ReadRequest(in)
		if err != nil {
			return
		}
		p.note(r.Host)
		switch {
		case p.target == "":
			io.WriteString(conn, "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
		case r.Method == http.MethodConnect:
			io.WriteString(conn, "HTTP/1.1 200 OK\r\n\r\n")
			pipe(conn, in, p.target)
			return
		default:
			r.URL = &url.URL{Scheme: "http", Host: p.target, Path: r.URL.Path, RawQuery: r.URL.RawQuery}
			r.RequestURI = ""
			resp, err := http.DefaultTransport.RoundTrip(r)
			if err != nil {
				return
			}
			resp.Write(conn)
			resp.Body.Close()
		}
	}
}

// serveSOCKS is as much of RFC 1928 as a client without password needs.
func serveSOCKS(p *proxy, conn net.Conn) {
	in := bufio.NewReader(conn)
	head := make([]byte, 2)
	if _, err := io.ReadFull(in, head); err != nil || head[0] != 5 {
		return
	}
	in.Discard(int(head[1]))
	conn.Write([]byte{5, 0})
	ask := make([]byte, 4)
	if _, err := io.ReadFull(in, ask); err != nil {
		return
	}
	var host string
	switch ask[3] {
	case 1, 4:
		ip := make([]byte, map[byte]int{1: 4, 4: 16}[ask[3]])
		io.ReadFull(in, ip)
		host = net.IP(ip).String()
	case 3:
		n, _ := in.ReadByte()
		name := make([]byte, n)
		io.ReadFull(in, name)
		host = string(name)
	}
	var port uint16
	binary.Read(in, binary.BigEndian, &port)
	p.note(net.JoinHostPort(host, strconv.Itoa(int(port))))
	if p.target == "" {
		conn.Write([]byte{5, 4, 0, 1, 0, 0, 0, 0, 0, 0}) // host unreachable
		return
	}
	conn.Write([]byte{5, 0, 0, 1, 0, 0, 0, 0, 0, 0})
	pipe(conn, in, p.target)
}

func pipe(conn net.Conn, in io.Reader, target string) {
	out, err := net.Dial("tcp", target)
	if err != nil {
		return
	}
	defer out.Close()
	var up sync.WaitGroup
	up.Go(func() { io.Copy(out, in); out.(*net.TCPConn).CloseWrite() })
	io.Copy(conn, out)
	conn.Close()
	up.Wait()
}

func TestFetchThroughProxies(t *testing.T) {
	w := newWeb(t, map[string]http.HandlerFunc{
		"/page": text("hello"),
		"/away": func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "http://other.example/page", 302) },
	})
	dns := newDNS(t, names(nil)) // knows no names: the proxy resolves
	for scheme, serve := range map[string]func(*proxy, net.Conn){"http": serveHTTP, "socks5": serveSOCKS, "socks5h": serveSOCKS} {
		p := newProxy(t, w.host, serve)
		c := newCrawler(t, Options{Proxy: scheme + "://" + p.addr, Resolver: dns.resolver(), AllowNetworks: []netip.Prefix{}})
		capture := mustFetch(t, c, Request{URL: "http://outlet.example/away"})
		if capture.Fault != nil || string(capture.Body) != "hello" || capture.FinalURL() != "http://other.example/page" {
			t.Errorf("%s: fault %v, body %q from %s", scheme, capture.Fault, capture.Body, capture.FinalURL())
			continue
		}
		if capture.Answer().Remote != p.addr {
			t.Errorf("%s: remote %s, want the proxy %s", scheme, capture.Answer().Remote, p.addr)
		}
		if got := strings.ReplaceAll(p.hosts(), ":80", ""); got != "outlet.example other.example" {
			t.Errorf("%s: proxy was asked for %s", scheme, got)
		}
		c.Close()
	}
}

func TestFetchThroughProxyOfTheRequest(t *testing.T) {
	w := newWeb(t, map[string]http.HandlerFunc{"/page": text("hello")})
	global, own := newProxy(t, w.host, serveHTTP), newProxy(t, w.host, serveSOCKS)
	c := newCrawler(t, Options{Proxy: "http://" + global.addr})
	for _, tc := range []struct{ proxy, remote string }{{"", global.addr}, {"socks5://" + own.addr, own.addr}, {"direct", w.host}} {
		capture := mustFetch(t, c, Request{URL: w.URL + "/page", Proxy: tc.proxy})
		if capture.Fault != nil || capture.Answer().Remote != tc.remote {
			t.Errorf("proxy %q: fault %v, remote %s, want %s", tc.proxy, capture.Fault, capture.Answer().Remote, tc.remote)
		}
	}
	capture := mustFetch(t, c, Request{URL: w.URL + "/page", Proxy: "gopher://user:secret@127.0.0.1"})
	wantFault(t, capture, corpus.FaultProxy, "scheme")
	if strings.Contains(capture.Fault.Reason, "secret") {
		t.Errorf("the password is in %q", capture.Fault.Reason)
	}
	c.Close()
}

func TestFetchIgnoresProxiesOfTheEnvironment(t *testing.T) {
	p := newProxy(t, "", serveHTTP)
	for _, name := range []string{"HTTP_PROXY", "http_proxy", "ALL_PROXY"} {
		t.Setenv(name, "http://"+p.addr)
	}
	t.Setenv("COLLY_PROXY_URL", "http://"+p.addr)
	// Loopback is never sent to a proxy of the environment; a name is.
	w := newWeb(t, map[string]http.HandlerFunc{"/page": text("hello")})
	dns := newDNS(t, names(map[string][]string{"outlet.example.": {"127.0.0.1"}}))
	c := newCrawler(t, Options{Resolver: dns.resolver()})
	_, port, _ := net.SplitHostPort(w.host)
	capture := mustFetch(t, c, Request{URL: "http://outlet.example:" + port + "/page"})
	if capture.Fault != nil || p.hosts() != "" {
		t.Errorf("fault %v, proxy was asked for %q", capture.Fault, p.hosts())
	}
}

func TestFetchChecksTargetsBehindAProxy(t *testing.T) {
	w := newWeb(t, map[string]http.HandlerFunc{"/in": func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "http://169.254.169.254/meta", 302) }})
	dns := newDNS(t, names(map[string][]string{"inside.example.": {"192.168.0.5"}}))
	for scheme, serve := range map[string]func(*proxy, net.Conn){"http": serveHTTP, "socks5": serveSOCKS} {
		p := newProxy(t, w.host, serve)
		c := newCrawler(t, Options{Proxy: scheme + "://" + p.addr, Resolver: dns.resolver(), AllowNetworks: []netip.Prefix{}})
		for _, raw := range []string{
			"http://127.0.0.1/", "http://[::1]/", "http://[::ffff:10.0.0.1]/", "http://2130706433/", "http://0x7f000001/", "http://0177.1/",
			"http://localhost/", "http://db.internal/", "http://router/", "http://inside.example/", "http://outlet.example:22/", "https://192.168.0.1/",
		} {
			wantFault(t, mustFetch(t, c, Request{URL: raw}), corpus.FaultGuarded, "")
		}
		if p.hosts() != "" {
			t.Errorf("%s: proxy was asked for %s", scheme, p.hosts())
		}
		capture := mustFetch(t, c, Request{URL: "http://outlet.example/in"})
		wantFault(t, capture, corpus.FaultGuarded, "169.254.169.254")
		if strings.Contains(p.hosts(), "169.254") {
			t.Errorf("%s: proxy was asked for %s", scheme, p.hosts())
		}
		c.Close()
	}
}

func TestFetchTellsProxyFaults(t *testing.T) {
	dead := httptest.NewServer(http.NotFoundHandler())
	dead.Close()
	deadAddr := strings.TrimPrefix(dead.URL, "http://")
	refusing, unreachable := newProxy(t, "", serveHTTP), newProxy(t, "", serveSOCKS)
	c := newCrawler(t, Options{Resolver: newDNS(t, names(nil)).resolver()})
	for _, tc := range []struct {
		proxy, page string
		class       corpus.FaultClass
		words       string
	}{
		{"http://" + deadAddr, "http://outlet.example/", corpus.FaultProxy, "refused"},
		{"socks5://" + deadAddr, "http://outlet.example/", corpus.FaultProxy, "refused"},
		{"http://" + refusing.addr, "https://outlet.example/", corpus.FaultProxy, "403"},
		{"http://" + refusing.addr, "http://outlet.example/", corpus.FaultDenied, "403"}, // robots.txt 403: allowed
		{"socks5://" + unreachable.addr, "https://outlet.example/", corpus.FaultConnect, "host unreachable"},
	} {
		wantFault(t, mustFetch(t, c, Request{URL: tc.page, Proxy: tc.proxy}), tc.class, tc.words)
	}
	c.Close()
}
