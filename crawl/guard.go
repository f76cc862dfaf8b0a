package crawl

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/net/idna"
)

// denied are the networks that no page is fetched from: everything in the
// IANA special-purpose registries (RFC 6890 and its successors) that is not
// globally reachable, or that carries another address within.
var denied = prefixes(`
	0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12
	192.0.0.0/24 192.0.2.0/24 192.31.196.0/24 192.52.193.0/24 192.88.99.0/24 192.168.0.0/16 192.175.48.0/24
	198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 224.0.0.0/4 240.0.0.0/4
	::/96 ::ffff:0:0/96 ::ffff:0:0:0/96 64:ff9b::/96 64:ff9b:1::/48 100::/64 100:0:0:1::/64
	2001::/23 2001:db8::/32 2002::/16 2620:4f:8000::/48 3fff::/20 5f00::/16
	fc00::/7 fe80::/10 fec0::/10 ff00::/8`)

// globalV6 is all that IANA has given out for global unicast (RFC 4291, 2.4).
var globalV6 = netip.MustParsePrefix("2000::/3")

// openPorts are the ports that may be asked, other than in allowed networks.
var openPorts = []uint16{80, 443, 8080, 8443}

// privateNames are the domains that mean something only inside a network
// (RFC 6761, RFC 6762, RFC 8375, ICANN's .internal, and what routers use).
var privateNames = []string{"localhost", "local", "internal", "intranet", "private", "corp", "home", "lan", "localdomain", "home.arpa"}

func prefixes(list string) []netip.Prefix {
	var out []netip.Prefix
	for s := range strings.FieldsSeq(list) {
		out = append(out, netip.MustParsePrefix(s))
	}
	return out
}

// A guardError is a refusal by the guard.
type guardError struct{ reason string }

func (e *guardError) Error() string { return e.reason }

func refuse(format string, args ...any) error { return &guardError{fmt.Sprintf(format, args...)} }

// A guard decides which addresses may be connected to. On a direct route it
// sits in the dialer, after the name was resolved, so that the address it
// checks is the one that is used, whatever DNS says next time. Through a proxy
// it can only check the target before.
type guard struct {
	allow    []netip.Prefix
	resolver *net.Resolver
	timeout  time.Duration // of a lookup

	mu    sync.Mutex
	known map[string]lookedUp // names behind proxies
}

// control is a net.Dialer.ControlContext.
func (g *guard) control(_ context.Context, network, address string, _ syscall.RawConn) error {
	if network != "tcp4" && network != "tcp6" {
		return refuse("network %s is not TCP", network)
	}
	ap, err := netip.ParseAddrPort(address)
	if err != nil {
		return refuse("%q is not an address", address)
	}
	return g.checkAddr(ap.Addr(), ap.Port())
}

// checkAddr refuses addresses that are not global unicast, and unusual ports.
func (g *guard) checkAddr(a netip.Addr, port uint16) error {
	if a.Zone() != "" {
		return refuse("address %s has a zone", a)
	}
	a = a.Unmap()
	if slices.ContainsFunc(g.allow, func(p netip.Prefix) bool { return p.Contains(a) }) {
		return nil
	}
	if !public(a) {
		return refuse("address %s is not public", a)
	}
	if !slices.Contains(openPorts, port) {
		return refuse("port %d is not one of the web", port)
	}
	return nil
}

// public reports whether a is a global unicast address that leads to itself
// and nowhere else.
func public(a netip.Addr) bool {
	if !a.IsValid() || a.Zone() != "" || !a.IsGlobalUnicast() {
		return false
	}
	if slices.ContainsFunc(denied, func(p netip.Prefix) bool { return p.Contains(a) }) {
		return false
	}
	return a.Is4() || globalV6.Contains(a) && !isatap(a)
}

// isatap reports whether the interface identifier holds an IPv4 address
// (RFC 5214, 6.1).
func isatap(a netip.Addr) bool {
	b := a.As16()
	return (b[8] == 0 || b[8] == 2) && b[9] == 0 && b[10] == 0x5e && b[11] == 0xfe
}

// checkURL refuses what needs no lookup to be refused: schemes other than
// http and https, user names, ports, and addresses in odd spellings.
func (g *guard) checkURL(u *url.URL) error {
	if u.Scheme != "http" && u.Scheme != "https" {
		return refuse("scheme %q is not http or https", u.Scheme)
	}
	if u.User != nil {
		return refuse("the URL has a user name")
	}
	host, err := asciiHost(u)
	if err != nil {
		return err
	}
	number, err := strconv.ParseUint(port(u), 10, 16)
	if err != nil {
		return refuse("port %q is not a number", port(u))
	}
	if a, err := netip.ParseAddr(host); err == nil {
		return g.checkAddr(a, uint16(number))
	}
	if numeric(host) {
		return refuse("host %q is an address in disguise", host)
	}
	// A name in an allowed network may have any port; the dialer checks again.
	if !slices.Contains(openPorts, uint16(number)) && len(g.allow) == 0 {
		return refuse("port %d is not one of the web", number)
	}
	return nil
}

// checkTarget is checkURL for a request through a proxy, where the dialer sees
// only the proxy. Private names are refused. A name that resolves here must
// have only addresses that may be connected to; one that does not is left to
// the proxy, which is what it is there for. Names under .onion are never
// looked up (RFC 7686), and left to SOCKS proxies only.
func (g *guard) checkTarget(ctx context.Context, u, proxy *url.URL) error {
	if err := g.checkURL(u); err != nil {
		return err
	}
	host, err := asciiHost(u)
	if err != nil {
		return err
	}
	if _, err := netip.ParseAddr(host); err == nil {
		return nil // checkURL has seen it
	}
	if under(host, "onion") {
		if strings.HasPrefix(proxy.Scheme, "socks") {
			return nil
		}
		return refuse("name %q is for a SOCKS proxy", host)
	}
	if !strings.Contains(host, ".") || slices.ContainsFunc(privateNames, func(n string) bool { return under(host, n) }) {
		return refuse("name %q is private", host)
	}
	number, _ := strconv.ParseUint(port(u), 10, 16) // checkURL has seen it
	addrs := g.lookup(ctx, host)
	if len(addrs) == 0 && !slices.Contains(openPorts, uint16(number)) {
		return refuse("port %d is not one of the web", number)
	}
	for _, a := range addrs {
		if err := g.checkAddr(a, uint16(number)); err != nil {
			return err
		}
	}
	return nil
}

// What the addresses of a name behind a proxy are, is remembered for a while:
// the proxy asks for itself anyway, and where names cannot be resolved at all
// each look would cost seconds.
const (
	lookupTimeout  = 3 * time.Second
	lookupRemember = 5 * time.Minute
	lookupMost     = 4096 // names remembered
)

type lookedUp struct {
	addrs []netip.Addr
	until time.Time
}

// lookup gives the addresses of a name, none if it does not resolve here.
func (g *guard) lookup(ctx context.Context, host string) []netip.Addr {
	now := time.Now()
	g.mu.Lock()
	known, ok := g.known[host]
	g.mu.Unlock()
	if ok && now.Before(known.until) {
		return known.addrs
	}
	limited, cancel := context.WithTimeout(ctx, min(g.timeout, lookupTimeout))
	defer cancel()
	addrs, err := g.resolver.LookupNetIP(limited, "ip", host)
	if err != nil {
		addrs = nil
	}
	if ctx.Err() != nil {
		return addrs // cut short; it says nothing about the name
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.known == nil || len(g.known) >= lookupMost {
		g.known = map[string]lookedUp{}
	}
	g.known[host] = lookedUp{addrs, now.Add(lookupRemember)}
	return addrs
}

// checkDirect is checkURL for a request without proxy; the dialer does the rest.
func (g *guard) checkDirect(u *url.URL) error {
	if err := g.checkURL(u); err != nil {
		return err
	}
	if host, _ := asciiHost(u); under(host, "onion") {
		return refuse("name %q is for a SOCKS proxy", host)
	}
	return nil
}

func under(host, domain string) bool {
	return host == domain || strings.HasSuffix(host, "."+domain)
}

// asciiHost is the host as net/http will look it up: full-width digits and
// their like become what they look like.
func asciiHost(u *url.URL) (string, error) {
	host := strings.ToLower(u.Hostname())
	if strings.ContainsFunc(host, func(r rune) bool { return r > '~' }) {
		ascii, err := idna.Lookup.ToASCII(host)
		if err != nil {
			return "", refuse("host %q is not a name", host)
		}
		host = ascii
	}
	host = strings.TrimSuffix(host, ".")
	if host == "" || strings.ContainsFunc(host, func(r rune) bool { return r <= ' ' || r == '%' && !strings.Contains(host, ":") }) {
		return "", refuse("host %q is not a name", host)
	}
	return host, nil
}

// numeric reports whether a host that netip does not read as an address would
// be read as one by others: its last label is a number in decimal, octal or
// hexadecimal (WHATWG URL, "ends in a number").
func numeric(host string) bool {
	last := host[strings.LastIndexByte(host, '.')+1:]
	if digits, ok := strings.CutPrefix(last, "0x"); ok {
		return !strings.ContainsFunc(digits, func(r rune) bool { return !strings.ContainsRune("0123456789abcdef", r) })
	}
	return last != "" && !strings.ContainsFunc(last, func(r rune) bool { return r < '0' || r > '9' })
}

// refused finds the guard's word in an error.
func refused(err error) (*guardError, bool) { return errors.AsType[*guardError](err) }
