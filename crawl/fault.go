package crawl

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"syscall"
	"time"
	"unicode"

	"chorus/corpus"
)

// Why we ended an exchange ourselves, as cause of its context.
var (
	errTotal = errors.New("the exchange took too long")
	errSlow  = errors.New("the body came too slowly")
)

const longestRetryAfter = 30 * 24 * time.Hour

func newFault(class corpus.FaultClass, format string, args ...any) *corpus.Fault {
	return &corpus.Fault{Class: class, Reason: oneLine(fmt.Sprintf(format, args...)), At: stamp(time.Now())}
}

// stamp is a time as corpus keeps it: UTC, to the second.
func stamp(t time.Time) time.Time { return t.UTC().Truncate(time.Second) }

// oneLine makes a reason out of what servers and libraries say.
func oneLine(s string) string {
	s = strings.Join(strings.FieldsFunc(strings.ToValidUTF8(s, "\uFFFD"), func(r rune) bool {
		return unicode.IsSpace(r) || unicode.IsControl(r)
	}), " ")
	if r := []rune(s); len(r) > 200 {
		s = string(r[:200]) + "…"
	}
	return s
}

// transportFault says why no answer came. cause is why the exchange's context
// ended, if it did.
func transportFault(err, cause error) *corpus.Fault {
	if u, ok := errors.AsType[*url.Error](err); ok {
		err = u.Err
	}
	if f, ok := errors.AsType[*proxyRefusal](err); ok {
		return newFault(corpus.FaultProxy, "%s", f.Error())
	}
	if g, ok := refused(err); ok {
		return newFault(corpus.FaultGuarded, "%s", g.reason)
	}
	if errors.Is(cause, errTotal) || errors.Is(cause, errSlow) {
		return newFault(corpus.FaultTimeout, "%v", cause)
	}
	if op, ok := errors.AsType[*net.OpError](err); ok {
		if op.Op == "proxyconnect" {
			return newFault(corpus.FaultProxy, "%v", op.Err)
		}
		if strings.HasPrefix(op.Op, "socks") {
			return socksFault(op.Err)
		}
	}
	return newFault(errorClass(err), "%v", err)
}

// socksFault tells a proxy that does not work from one that says that the
// target does not (RFC 1928, 6). net/http has no type for its replies.
func socksFault(err error) *corpus.Fault {
	if reply, ok := strings.CutPrefix(err.Error(), "unknown error "); ok {
		switch reply {
		case "network unreachable", "host unreachable", "connection refused", "TTL expired":
			return newFault(corpus.FaultConnect, "%s, says the proxy", reply)
		}
		err = errors.New(reply)
	}
	return newFault(corpus.FaultProxy, "%v", err)
}

func errorClass(err error) corpus.FaultClass {
	if _, ok := errors.AsType[*net.DNSError](err); ok {
		return corpus.FaultDNS
	}
	if isTLS(err) {
		return corpus.FaultTLS
	}
	if timeout, ok := errors.AsType[net.Error](err); ok && timeout.Timeout() || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, syscall.ETIMEDOUT) {
		return corpus.FaultTimeout
	}
	return corpus.FaultConnect
}

func isTLS(err error) bool {
	if _, ok := errors.AsType[tls.RecordHeaderError](err); ok {
		return true
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return true
	}
	if _, ok := errors.AsType[tls.AlertError](err); ok {
		return true
	}
	if _, ok := errors.AsType[x509.HostnameError](err); ok {
		return true
	}
	// A remote alert is a net.OpError around an unexported type; a plain HTTP
	// answer to a handshake is rewritten by net/http.
	op, ok := errors.AsType[*net.OpError](err)
	return ok && op.Op == "remote error" || strings.HasPrefix(err.Error(), "tls: ") || errors.Is(err, http.ErrSchemeMismatch)
}

// bodyFault says why a body ended early, and what WARC calls that.
func bodyFault(err, cause error) (*corpus.Fault, string) {
	var timeout net.Error
	switch {
	case errors.Is(cause, errTotal), errors.Is(cause, errSlow):
		return newFault(corpus.FaultTimeout, "%v", cause), "time"
	case errors.As(err, &timeout) && timeout.Timeout():
		return newFault(corpus.FaultTimeout, "%v", err), "time"
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return newFault(corpus.FaultCut, "the server closed the connection before the end"), "disconnect"
	}
	return newFault(corpus.FaultCut, "%v", err), "disconnect"
}

// statusFault says what is wrong with an answer; nil if it is one. conditional
// is whether a 304 was asked for.
func statusFault(status int, header http.Header, conditional bool, now time.Time) *corpus.Fault {
	retry, asked := retryAfter(header.Get("Retry-After"), now)
	var class corpus.FaultClass
	switch {
	case header.Get("Cf-Mitigated") == "challenge": // a page that only a browser gets past, whatever its status
		class = corpus.FaultDenied
	case 200 <= status && status < 300, status == http.StatusNotModified && conditional:
		return nil
	case status == http.StatusTooManyRequests, status == http.StatusServiceUnavailable && asked:
		class = corpus.FaultThrottled
	case status == http.StatusNotFound, status == http.StatusGone:
		class = corpus.FaultGone
	case status == http.StatusUnauthorized, status == http.StatusPaymentRequired, status == http.StatusForbidden, status == http.StatusUnavailableForLegalReasons:
		class = corpus.FaultDenied
	case status == http.StatusProxyAuthRequired:
		class = corpus.FaultProxy
	case status >= 500 && status < 600:
		class = corpus.FaultServer
	case redirects(status):
		f := newFault(corpus.FaultRedirect, "%s, but to nowhere", statusText(status))
		f.Status = status
		return f
	default:
		class = corpus.FaultStatus
	}
	f := newFault(class, "%s", statusText(status))
	f.Status, f.RetryAfter = status, retry
	return f
}

func statusText(status int) string {
	if text := http.StatusText(status); text != "" {
		return strconv.Itoa(status) + " " + text
	}
	return strconv.Itoa(status)
}

// redirects reports whether a status sends us to its Location.
func redirects(status int) bool {
	switch status {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		return true
	}
	return false
}

// retryAfter reads a Retry-After header: seconds, or an HTTP date (RFC 9110,
// 10.2.3). asked is whether it says anything.
func retryAfter(value string, now time.Time) (wait time.Duration, asked bool) {
	value = strings.TrimSpace(value)
	if seconds, err := strconv.ParseUint(value, 10, 64); err == nil || errors.Is(err, strconv.ErrRange) {
		return time.Duration(min(seconds, uint64(longestRetryAfter/time.Second))) * time.Second, true
	}
	if at, err := http.ParseTime(value); err == nil {
		return min(max(at.Sub(now).Round(time.Second), 0), longestRetryAfter), true
	}
	return 0, false
}
