package corpus

import (
	"fmt"
	"net/http"
	"time"
)

// A Capture is what came of asking for one page: every exchange with servers
// in order, and the body of the last one.
type Capture struct {
	URL       string        // the address that was asked for
	Exchanges []Exchange    // robots.txt (if it was read for this), redirects, and last the answer; empty if nobody answered
	Body      []byte        // of the last exchange, content encoding removed, charset as sent; nil if there is none
	Fault     *Fault        // why the page could not be had, or was cut; nil if all is well
	Fetched   time.Time     // when the last exchange began, or when we gave up
	Duration  time.Duration // of the whole fetch, without waiting for the host's turn
}

// Answer is the last exchange, or nil if nobody answered.
func (c *Capture) Answer() *Exchange {
	if n := len(c.Exchanges); n > 0 && c.Exchanges[n-1].Role.Answers() {
		return &c.Exchanges[n-1]
	}
	return nil
}

// Status is the HTTP status of the answer, or 0.
func (c *Capture) Status() int {
	if a := c.Answer(); a != nil {
		return a.Status
	}
	return 0
}

// FinalURL is the address that answered, or the one that was asked for.
func (c *Capture) FinalURL() string {
	if a := c.Answer(); a != nil {
		return a.URL
	}
	return c.URL
}

// Gone reports whether the server said that the page does not exist (any more).
func (c *Capture) Gone() bool {
	s := c.Status()
	return s == http.StatusNotFound || s == http.StatusGone
}

// A Role says what an exchange was for.
type Role string

// The roles.
const (
	RoleRobots   Role = "robots"
	RoleRedirect Role = "redirect"
	RolePage     Role = "page"     // also of a feed
	RoleResource Role = "resource" // no exchange at all: Body was given to us, with its media type in Response
)

// Answers reports whether an exchange with this role is what was asked for.
func (r Role) Answers() bool { return r == RolePage || r == RoleResource }

// An Exchange is one HTTP request and its response, as near to the bytes on
// the wire as net/http lets us come.
type Exchange struct {
	Role      Role
	URL       string // absolute, without fragment
	Method    string
	Request   http.Header // as sent
	Proto     string      // "HTTP/1.1", "HTTP/2.0"
	Status    int
	Reason    string      // phrase of the status line, may be empty
	Response  http.Header // as received
	Body      []byte      // as on the wire: content encoding kept, transfer encoding removed; cut at the limit
	Truncated string      // why Body was cut: "", "length", "time" or "disconnect" (WARC-Truncated)
	Started   time.Time   // when the request was sent
	Remote    string      // "ip:port" we were connected to; that of the proxy if there was one
	Proxied   bool        // there was a proxy: Remote is not the server's address
}

// A FaultClass groups faults by what to do about them.
type FaultClass string

// The classes of fault.
const (
	FaultDNS       FaultClass = "dns"       // the name does not resolve
	FaultConnect   FaultClass = "connect"   // refused, reset, unreachable, cut off before the answer
	FaultTLS       FaultClass = "tls"       // certificate or handshake
	FaultTimeout   FaultClass = "timeout"   // the server is too slow
	FaultGuarded   FaultClass = "guarded"   // the address is not global unicast, or not http(s): refused by us
	FaultRobots    FaultClass = "robots"    // robots.txt forbids it
	FaultRedirect  FaultClass = "redirect"  // loop, too many hops, or to nowhere
	FaultThrottled FaultClass = "throttled" // 429, or 503 with Retry-After
	FaultGone      FaultClass = "gone"      // 404, 410
	FaultDenied    FaultClass = "denied"    // 401, 402, 403, 451
	FaultServer    FaultClass = "server"    // 5xx
	FaultStatus    FaultClass = "status"    // any other status that is no answer
	FaultTooLarge  FaultClass = "too-large" // the body was cut at the limit; what came is kept
	FaultCut       FaultClass = "cut"       // the connection ended before the body did; what came is kept
	FaultEncoding  FaultClass = "encoding"  // content encoding that cannot be undone
	FaultFormat    FaultClass = "format"    // not a feed, not a page: cannot be read as what it should be
	FaultEmpty     FaultClass = "empty"     // readable, but there is nothing in it
	FaultPanic     FaultClass = "panic"     // our own code failed on it
	FaultProxy     FaultClass = "proxy"     // the proxy refused or could not be reached
	FaultKeeping   FaultClass = "keeping"   // we could not keep what came: the disk is full, say
)

// A Fault is why something could not be had from the web. It is data: it goes
// into a record, with its time, and the round goes on.
type Fault struct {
	Class      FaultClass    `json:"class"`
	Reason     string        `json:"reason"` // one line for people, without the URL
	Status     int           `json:"status,omitzero"`
	RetryAfter time.Duration `json:"retry_after_ns,omitzero"` // what the server asked for; 0 if nothing
	At         time.Time     `json:"at"`
}

// String gives the class and the reason.
func (f *Fault) String() string {
	if f == nil {
		return ""
	}
	return fmt.Sprintf("%s: %s", f.Class, f.Reason)
}

// Kept reports whether the fault left a body worth reading: it was only cut.
func (f *Fault) Kept() bool {
	return f != nil && (f.Class == FaultTooLarge || f.Class == FaultCut)
}

// Permanent reports whether asking again soon is pointless.
func (f *Fault) Permanent() bool {
	switch f.Class {
	case FaultRobots:
		return f.Status < 500 // else robots.txt could not be read this time
	case FaultGuarded, FaultGone, FaultRedirect, FaultEncoding, FaultFormat, FaultEmpty, FaultPanic:
		return true
	}
	return false
}
