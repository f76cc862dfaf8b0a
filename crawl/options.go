// Package crawl gets pages from the web: politely (robots.txt, one request at
// a time per site), guarded (no address inside the operator's network can be
// reached), bounded (size, time, rate, redirects), and with every exchange kept
// as it went over the wire, for evidence.
//
// A Crawler is safe from several goroutines. What the web does to us is a
// Fault in the Capture, never an error.
//
// The files: fetch.go is one fetch from the URL to the Capture, through colly;
// exchange.go one request and its answer; transport.go the connections, direct
// and through proxies; guard.go what may be connected to; robots.go and
// robotscache.go the Robots Exclusion Protocol (RFC 9309); hosts.go whose turn
// it is; fault.go the names of failures.
package crawl

import (
	"cmp"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/mail"
	"net/netip"
	"net/url"
	"strings"
	"time"
)

// ProductToken is the name that robots.txt files may address us by.
const ProductToken = "Chorus"

// Options are the settings of a Crawler. The zero value is useful.
type Options struct {
	// UserAgent is the whole User-Agent header. It must contain ProductToken,
	// so that who reads it can find the name for robots.txt (RFC 9309, 2.2.1).
	// Empty: "Mozilla/5.0 (compatible; Chorus/1.0; +Contact)".
	UserAgent string

	// Contact is a URL or a mail address where the operator can be reached. It
	// is part of the default UserAgent; a mail address is also sent as From.
	Contact string

	// HostDelay is the least time between the end of a request and the start
	// of the next to one registrable domain. 0 means none; still there is
	// never more than one request at a time. Crawl-delay of robots.txt
	// lengthens it, up to a minute.
	HostDelay time.Duration

	ConnectTimeout time.Duration // for name, connection and TLS, each; 0 means 10 s
	HeaderTimeout  time.Duration // from the request to the end of the answer's header; 0 means 20 s
	Timeout        time.Duration // of one exchange as a whole, without waiting for its turn; 0 means 60 s

	// MinBytesPerSecond is the least rate of a body within any RateWindow;
	// slower ones are given up. 0 means 256, a negative value none.
	MinBytesPerSecond int64
	RateWindow        time.Duration // 0 means 15 s

	MaxBodyBytes int64 // of a body, both on the wire and with its encoding removed; 0 means 10 MiB
	MaxRedirects int   // followed for one page; 0 means 5, a negative value none

	// Proxy is the URL of the proxy for all requests that name none: http,
	// https, socks5 or socks5h. Names are resolved by the proxy; they are also
	// looked up here, to refuse those that lead inside, and a resolver that
	// answers for blocked names with a private address hides them. Empty:
	// none; the environment is not looked at.
	Proxy string

	// AllowNetworks are exceptions from the guard: addresses in them may be
	// connected to, on any port. Tests allow loopback; behind NAT64 one needs
	// 64:ff9b::/96.
	AllowNetworks []netip.Prefix

	RootCAs   *x509.CertPool // whom to trust with certificates; nil: whom the system trusts
	Resolver  *net.Resolver  // nil: net.DefaultResolver
	RobotsTTL time.Duration  // how long a robots.txt is believed; 0 means 1 h
	Logger    *slog.Logger   // nil: silent
}

// withDefaults gives the options with every zero replaced by what it means.
func (o Options) withDefaults() Options {
	if o.UserAgent == "" {
		o.UserAgent = "Mozilla/5.0 (compatible; Chorus/1.0)"
		if o.Contact != "" {
			o.UserAgent = "Mozilla/5.0 (compatible; Chorus/1.0; +" + o.Contact + ")"
		}
	}
	o.ConnectTimeout = cmp.Or(o.ConnectTimeout, 10*time.Second)
	o.HeaderTimeout = cmp.Or(o.HeaderTimeout, 20*time.Second)
	o.Timeout = cmp.Or(o.Timeout, time.Minute)
	o.RateWindow = cmp.Or(o.RateWindow, 15*time.Second)
	o.RobotsTTL = cmp.Or(o.RobotsTTL, time.Hour)
	o.MinBytesPerSecond = cmp.Or(o.MinBytesPerSecond, 256)
	o.MaxBodyBytes = cmp.Or(o.MaxBodyBytes, 10<<20)
	o.MaxRedirects = cmp.Or(o.MaxRedirects, 5)
	if o.Resolver == nil {
		o.Resolver = net.DefaultResolver
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return o
}

// check reports everything that is wrong with the options.
func (o Options) check() error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	for _, d := range []struct {
		name  string
		value time.Duration
	}{
		{"host delay", o.HostDelay}, {"connect timeout", o.ConnectTimeout}, {"header timeout", o.HeaderTimeout},
		{"timeout", o.Timeout}, {"rate window", o.RateWindow}, {"robots TTL", o.RobotsTTL},
	} {
		if d.value < 0 {
			bad("%s: %v is negative", d.name, d.value)
		}
	}
	if o.MaxBodyBytes < 0 {
		bad("max body bytes: %d is negative", o.MaxBodyBytes)
	}
	if o.UserAgent != "" && !strings.Contains(strings.ToLower(o.UserAgent), strings.ToLower(ProductToken)) {
		bad("user agent: %q does not contain %q", o.UserAgent, ProductToken)
	}
	for _, h := range []struct{ name, value string }{{"user agent", o.UserAgent}, {"contact", o.Contact}} {
		if strings.ContainsFunc(h.value, func(r rune) bool { return r < ' ' || r > '~' }) {
			bad("%s: %q has characters that no header may have", h.name, h.value)
		}
	}
	if _, err := parseProxy(o.Proxy); err != nil {
		errs = append(errs, err)
	}
	for i, p := range o.AllowNetworks {
		if !p.IsValid() {
			bad("allow networks[%d]: not a network", i)
		}
	}
	return errors.Join(errs...)
}

// from is the From header: the contact, if it is a mail address (RFC 9110,
// 10.1.2: a robot ought to send it).
func (o Options) from() string {
	if a, err := mail.ParseAddress(o.Contact); err == nil {
		return a.Address
	}
	return ""
}

// parseProxy reads the URL of a proxy; nil means none. Errors do not show a
// password.
func parseProxy(raw string) (*url.URL, error) {
	if raw == "" || raw == "direct" {
		return nil, nil
	}
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" {
		return nil, errors.New("proxy: not a URL with a host")
	}
	switch u.Scheme {
	case "http", "https", "socks5", "socks5h":
		return u, nil
	}
	return nil, fmt.Errorf("proxy %s: scheme is not http, https, socks5 or socks5h", u.Redacted())
}
