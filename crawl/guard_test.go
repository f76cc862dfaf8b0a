package crawl

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"chorus/corpus"

	"golang.org/x/net/dns/dnsmessage"
)

func TestGuardLetsOnlyPublicAddressesThrough(t *testing.T) {
	blocked := strings.Fields(`
		127.0.0.1 127.1.2.3 0.0.0.0 0.1.2.3 10.1.1.1 100.64.0.1 100.127.255.255 169.254.169.254
		172.16.0.1 172.31.255.255 192.168.1.1 192.0.0.8 192.0.2.1 192.31.196.1 192.52.193.1 192.88.99.1 192.175.48.1
		198.18.0.1 198.19.255.255 198.51.100.1 203.0.113.9 224.0.0.1 239.255.255.255 240.0.0.1 255.255.255.255
		::1 :: ::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:169.254.169.254 ::127.0.0.1 ::8.8.8.8 ::ffff:0:127.0.0.1
		64:ff9b::7f00:1 64:ff9b::a9fe:a9fe 64:ff9b::808:808 64:ff9b:1::7f00:1 2002:7f00:1:: 2002:808:808::1
		2001:0:0:0:0:0:80ff:fffe 2001:db8::1 3fff::1 fc00::1 fd00:ec2::254 fe80::1 fe80::1%eth0 2606:4700::1111%1
		fec0::1 ff02::1 100::1 5f00::1 4000::1 2606:4700::5efe:7f00:1 2606:4700::200:5efe:7f00:1`)
	open := strings.Fields(`8.8.8.8 1.1.1.1 77.88.55.88 172.15.0.1 172.32.0.1 100.63.255.255 198.20.0.1 223.255.255.255
		::ffff:8.8.8.8 2606:4700:4700::1111 2a02:6b8::2:242 2400:3200::1 2001:4860:4860::8888`)
	g := &guard{}
	for _, s := range blocked {
		if err := g.checkAddr(netip.MustParseAddr(s), 80); err == nil {
			t.Errorf("%s was let through", s)
		}
	}
	for _, s := range open {
		if err := g.checkAddr(netip.MustParseAddr(s), 443); err != nil {
			t.Errorf("%s was refused: %v", s, err)
		}
	}
}

func TestGuardAllowsOnlyPortsOfTheWeb(t *testing.T) {
	public, private := netip.MustParseAddr("8.8.8.8"), netip.MustParseAddr("10.0.0.7")
	g := &guard{allow: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/24")}}
	for port, want := range map[uint16]bool{80: true, 443: true, 8080: true, 8443: true, 22: false, 25: false, 0: false, 6379: false} {
		if err := g.checkAddr(public, port); (err == nil) != want {
			t.Errorf("port %d: %v, want allowed = %v", port, err, want)
		}
		if err := g.checkAddr(private, port); err != nil {
			t.Errorf("port %d in an allowed network: %v", port, err)
		}
	}
	if err := g.checkAddr(netip.MustParseAddr("10.0.1.1"), 80); err == nil {
		t.Error("an address beside the allowed network was let through")
	}
	if err := g.checkAddr(netip.MustParseAddr("::ffff:10.0.0.7"), 80); err != nil {
		t.Errorf("the mapped form of an allowed address: %v", err)
	}
}

func TestGuardRefusesDisguisedAddresses(t *testing.T) {
	g := &guard{resolver: noResolver(t), timeout: time.Second}
	socks, http := mustURL(t, "socks5://127.0.0.1:1"), mustURL(t, "http://127.0.0.1:1")
	for _, raw := range []string{
		"http://127.0.0.1/", "http://2130706433/", "http://0x7f.1/", "http://0x7F000001/", "http://0177.0.0.1/", "http://017700000001/",
		"http://127.1/", "http://127.0.1/", "http://0/", "http://127.0.0.1./", "http://127.0.0.0x1/", "http://0x/", "http://1.2.3.4.5/",
		"http://[::1]/", "http://[::]/", "http://[::ffff:127.0.0.1]/", "http://[0:0:0:0:0:ffff:7f00:1]/", "http://[::127.0.0.1]/",
		"http://[64:ff9b::7f00:1]/", "http://[fe80::1%25lo]/", "http://①②⑦.⓪.⓪.①/", "http://１２７.0.0.1/", "http://127。0。0。1/",
		"http://169.254.169.254/latest/meta-data/", "http://user@8.8.8.8/", "http://8.8.8.8@127.0.0.1/", "http://8.8.8.8:22/",
		"http://8.8.8.8:99999/", "ftp://8.8.8.8/", "file:///etc/passwd", "gopher://8.8.8.8/", "//8.8.8.8/",
		"http://localhost/", "http://LOCALHOST./", "http://a.localhost/", "http://printer.local/", "http://vault.internal/", "http://router/", "http://nas.home.arpa/",
	} {
		u, err := url.Parse(raw)
		if err != nil {
			t.Errorf("%s: %v", raw, err)
			continue
		}
		for _, proxy := range []*url.URL{socks, http} {
			if err := g.checkTarget(t.Context(), u, proxy); err == nil {
				t.Errorf("%s through %s was let through", raw, proxy.Scheme)
			}
		}
	}
	onion := mustURL(t, "http://abcdefghijklmnop.onion/")
	if err := g.checkTarget(t.Context(), onion, socks); err != nil {
		t.Errorf("onion through SOCKS: %v", err)
	}
	if g.checkTarget(t.Context(), onion, http) == nil || g.checkDirect(onion) == nil {
		t.Error("an onion name was let through without SOCKS")
	}
}

func TestGuardChecksAddressesOfProxiedNames(t *testing.T) {
	dns := newDNS(t, names(map[string][]string{
		"public.example.": {"93.184.215.14"}, "private.example.": {"10.0.0.1"}, "mixed.example.": {"93.184.215.14", "127.0.0.1"},
	}))
	g := &guard{resolver: dns.resolver(), timeout: 5 * time.Second}
	proxy := mustURL(t, "http://127.0.0.1:3128")
	for raw, want := range map[string]bool{
		"http://public.example/": true, "http://private.example/": false, "http://mixed.example/": false,
		"http://unknown.example/": true, // left to the proxy
	} {
		if err := g.checkTarget(t.Context(), mustURL(t, raw), proxy); (err == nil) != want {
			t.Errorf("%s: %v, want allowed = %v", raw, err, want)
		}
	}
}

func TestFetchRefusesDisguisedAddresses(t *testing.T) {
	c := newCrawler(t, Options{Resolver: noResolver(t), AllowNetworks: []netip.Prefix{}})
	for _, raw := range []string{
		"http://127.0.0.1/", "http://[::1]/", "http://2130706433/", "http://0x7f.1/", "http://①②⑦.⓪.⓪.①/", "http://127。0。0。1/",
		"http://me@127.0.0.1/", "http://[fe80::1%25lo]/", "http://8.8.8.8:22/", "http://abcdefghijklmnop.onion/", "http://0/",
	} {
		capture := mustFetch(t, c, Request{URL: raw})
		if capture.Fault == nil || capture.Fault.Class != corpus.FaultGuarded || len(capture.Exchanges) != 0 {
			t.Errorf("%s: fault %v, %d exchanges, want guarded and none", raw, capture.Fault, len(capture.Exchanges))
		}
	}
}

// A name that is harmless when first asked for and not after: the address that
// is connected to is the one that is checked.
func TestFetchWithstandsDNSRebinding(t *testing.T) {
	web := newWeb(t, map[string]http.HandlerFunc{"/": text("hello")})
	_, port, _ := net.SplitHostPort(web.host)
	var address atomic.Value
	address.Store("127.0.0.1")
	dns := newDNS(t, func(string) []string { return []string{address.Load().(string)} })
	c := newCrawler(t, Options{Resolver: dns.resolver(), AllowNetworks: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}})
	request := Request{URL: "http://rebind.example:" + port + "/"}

	if capture := mustFetch(t, c, request); capture.Fault != nil || string(capture.Body) != "hello" {
		t.Fatalf("before: fault %v, body %q", capture.Fault, capture.Body)
	}
	address.Store("127.0.0.2")
	c.Close() // no connection to reuse
	capture := mustFetch(t, c, request)
	wantFault(t, capture, corpus.FaultGuarded, "127.0.0.2")
}

func mustURL(t testing.TB, raw string) *url.URL {
	t.Helper()
	u, err := url.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// noResolver fails the test if anything is looked up, and finds nothing.
func noResolver(t testing.TB) *net.Resolver {
	return &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		t.Error("a name was looked up")
		return nil, net.ErrClosed
	}}
}

// A dnsServer answers A queries on a loopback UDP port.
type dnsServer struct {
	addr   string
	answer func(name string) []string
}

// names answers from a table of names with a final dot.
func names(table map[string][]string) func(string) []string {
	return func(name string) []string { return table[name] }
}

func newDNS(t testing.TB, answer func(name string) []string) *dnsServer {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &dnsServer{addr: conn.LocalAddr().String(), answer: answer}
	var done sync.WaitGroup
	done.Go(func() { s.serve(conn) })
	t.Cleanup(func() { conn.Close(); done.Wait() })
	return s
}

func (s *dnsServer) serve(conn net.PacketConn) {
	buf := make([]byte, 1500)
	for {
		n, from, err := conn.ReadFrom(buf)
		if err != nil {
			return
		}
		var m dnsmessage.Message
		if m.Unpack(buf[:n]) != nil || len(m.Questions) != 1 {
			continue
		}
		q := m.Questions[0]
		m.Response, m.Authoritative, m.Additionals = true, true, nil
		if q.Type == dnsmessage.TypeA {
			for _, a := range s.answer(q.Name.String()) {
				m.Answers = append(m.Answers, dnsmessage.Resource{
					Header: dnsmessage.ResourceHeader{Name: q.Name, Class: dnsmessage.ClassINET, TTL: 0},
					Body:   &dnsmessage.AResource{A: netip.MustParseAddr(a).As4()},
				})
			}
			if len(m.Answers) == 0 {
				m.RCode = dnsmessage.RCodeNameError
			}
		}
		if out, err := m.Pack(); err == nil {
			conn.WriteTo(out, from)
		}
	}
}

func (s *dnsServer) resolver() *net.Resolver {
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "udp", s.addr)
	}}
}
