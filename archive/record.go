package archive

import (
	"bufio"
	"bytes"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base32"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"net/http"
	"net/http/httputil"
	"net/textproto"
	"net/url"
	"strconv"
	"strings"
	"time"

	"chorus/corpus"
)

const (
	maxHeadBytes  = 1 << 20   // of a WARC header; anything longer is not one
	maxBlockBytes = 256 << 20 // of a block that is kept
)

// A Record is one WARC record.
type Record struct {
	Version string               // "WARC/1.0" or "WARC/1.1"
	Header  textproto.MIMEHeader // Get takes names in any case
	Block   []byte               // the first 256 MiB, see Cut
	Cut     bool                 // the block was longer
	Offset  int64                // where the record begins, in bytes: in the file, or in the unpacked file if that is one gzip member
	Length  int64                // of the gzip member, or of the record if nothing is packed; 0 if that is not known

	frame [10]byte // header of the gzip member, if it was read from a segment
}

// Type is the WARC-Type, in lower case.
func (r *Record) Type() string { return strings.ToLower(r.Header.Get("WARC-Type")) }

// ID is the WARC-Record-ID without angle brackets.
func (r *Record) ID() string { return bare(r.Header.Get("WARC-Record-ID")) }

// URL is the WARC-Target-URI, without the angle brackets that wget puts around it.
func (r *Record) URL() string { return bare(r.Header.Get("WARC-Target-URI")) }

// Date is the WARC-Date, or zero if it cannot be read.
func (r *Record) Date() time.Time {
	t, err := time.Parse(time.RFC3339Nano, r.Header.Get("WARC-Date"))
	if err != nil {
		return time.Time{}
	}
	return t.UTC()
}

func bare(s string) string {
	return strings.TrimSuffix(strings.TrimPrefix(strings.TrimSpace(s), "<"), ">")
}

// isHTTP reports whether the block is an HTTP message.
func (r *Record) isHTTP() bool {
	switch r.Type() {
	case typeResponse, typeRequest, typeRevisit:
		u := strings.ToLower(r.URL())
		return strings.HasPrefix(u, "http:") || strings.HasPrefix(u, "https:")
	}
	return false
}

// refersTo is where the record stands that a revisit of ours refers to, and its id.
func (r *Record) refersTo() (Position, string, error) {
	id := bare(r.Header.Get("WARC-Refers-To"))
	file := r.Header.Get("WARC-Refers-To-Filename")
	offset, err := strconv.ParseInt(r.Header.Get("WARC-Refers-To-File-Offset"), 10, 64)
	if err != nil || offset < 0 || !segmentPattern.MatchString(file) {
		return Position{}, id, fmt.Errorf("revisit %s does not say where %q is", r.ID(), id)
	}
	return Position{File: file, Offset: offset}, id, nil
}

// readHead reads the version line and the header of a record, and how long its
// block is.
func readHead(r *bufio.Reader) (*Record, int64, error) {
	left := maxHeadBytes
	first, err := readLine(r, &left)
	if err != nil {
		return nil, 0, err
	}
	version := strings.ToUpper(strings.TrimSpace(first))
	if version != "WARC/1.0" && version != "WARC/1.1" {
		return nil, 0, fmt.Errorf("not a WARC 1.0 or 1.1 record: begins with %q", clip(first))
	}
	rec := &Record{Version: version, Header: textproto.MIMEHeader{}}
	var last string
	for {
		line, err := readLine(r, &left)
		if err != nil {
			return nil, 0, unexpected(err)
		}
		if line == "" {
			break
		}
		if line[0] == ' ' || line[0] == '\t' { // a folded line
			if v := rec.Header[last]; len(v) > 0 {
				v[len(v)-1] += " " + strings.TrimSpace(line)
			}
			continue
		}
		name, value, ok := strings.Cut(line, ":")
		if !ok {
			return nil, 0, fmt.Errorf("header line %q has no colon", clip(line))
		}
		last = textproto.CanonicalMIMEHeaderKey(strings.TrimSpace(name))
		rec.Header.Add(last, strings.TrimSpace(value))
	}
	length := rec.Header.Get("Content-Length")
	n, err := strconv.ParseInt(length, 10, 64)
	if err != nil || n < 0 {
		return nil, 0, fmt.Errorf("record %s has Content-Length %q", rec.ID(), clip(length))
	}
	return rec, n, nil
}

// readLine reads a line without its end, of at most *left bytes.
func readLine(r *bufio.Reader, left *int) (string, error) {
	var line []byte
	for {
		part, err := r.ReadSlice('\n')
		line = append(line, part...)
		if *left -= len(part); *left < 0 {
			return "", fmt.Errorf("header is longer than %d bytes", maxHeadBytes)
		}
		if err == bufio.ErrBufferFull {
			continue
		}
		if err == io.EOF && len(line) > 0 {
			err = io.ErrUnexpectedEOF
		}
		if err != nil {
			return "", err
		}
		return strings.TrimRight(string(line), "\r\n"), nil
	}
}

// readBody reads the block of n bytes that follows a header, and the empty
// lines after it.
func readBody(r *bufio.Reader, rec *Record, n int64) error {
	var block bytes.Buffer
	block.Grow(int(min(n, 1<<20))) // a length is only a claim
	if _, err := io.CopyN(&block, r, min(n, maxBlockBytes)); err != nil {
		return unexpected(err)
	}
	if n > maxBlockBytes {
		rec.Cut = true
		if _, err := io.CopyN(io.Discard, r, n-maxBlockBytes); err != nil {
			return unexpected(err)
		}
	}
	rec.Block = block.Bytes()
	for {
		b, err := r.Peek(1)
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if b[0] != '\r' && b[0] != '\n' {
			return nil
		}
		r.Discard(1)
	}
}

func unexpected(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// clip shortens s for a message.
func clip(s string) string {
	if len(s) > 40 {
		return s[:40] + "..."
	}
	return s
}

// Check compares the digests that the record states with its bytes. A digest
// of an algorithm that is not known is passed over.
func (r *Record) Check() error {
	if r.Cut {
		return nil // the rest is not here
	}
	if want := r.Header.Get("WARC-Block-Digest"); !matches(want, r.Block) {
		return fmt.Errorf("block digest of %s is not %s", r.ID(), want)
	}
	want := r.Header.Get("WARC-Payload-Digest")
	if r.Type() == typeResource && !matches(want, r.Block) {
		return fmt.Errorf("payload digest of %s is not %s", r.ID(), want)
	}
	if want == "" || r.Type() != typeResponse || !r.isHTTP() {
		return nil
	}
	// Whether a chunked payload is digested with its chunks is a custom of each tool.
	_, h, payload := splitMessage(r.Block)
	if !matches(want, payload) && !matches(want, dechunk(h, payload)) {
		return fmt.Errorf("payload digest of %s is not %s", r.ID(), want)
	}
	return nil
}

// matches reports whether b has the labelled digest, hexadecimal or base32.
func matches(labelled string, b []byte) bool {
	name, value, _ := strings.Cut(labelled, ":")
	var h hash.Hash
	switch strings.ReplaceAll(strings.ToLower(name), "-", "") {
	case "sha1":
		h = sha1.New()
	case "sha256":
		h = sha256.New()
	case "sha512":
		h = sha512.New()
	case "md5":
		h = md5.New()
	default:
		return true
	}
	h.Write(b)
	sum := h.Sum(nil)
	return strings.EqualFold(value, hex.EncodeToString(sum)) ||
		strings.EqualFold(strings.TrimRight(value, "="), strings.TrimRight(base32.StdEncoding.EncodeToString(sum), "="))
}

// splitMessage takes an HTTP message apart. It bears what it finds: a line
// that is no field is passed over, and lines may end with a bare line feed.
func splitMessage(block []byte) (first string, h http.Header, body []byte) {
	h = http.Header{}
	line, rest := cutLine(block)
	first = line
	for len(rest) > 0 {
		if line, rest = cutLine(rest); line == "" {
			break
		}
		if name, value, ok := strings.Cut(line, ":"); ok && isToken(name) {
			h.Add(textproto.CanonicalMIMEHeaderKey(name), strings.TrimSpace(value))
		}
	}
	return first, h, rest
}

func cutLine(b []byte) (string, []byte) {
	line, rest, _ := bytes.Cut(b, []byte("\n"))
	return strings.TrimSuffix(string(line), "\r"), rest
}

// dechunk undoes a chunked transfer encoding. A body that is said to be
// chunked and is not, as some tools write it, is taken as it is.
func dechunk(h http.Header, body []byte) []byte {
	if !chunked(h) {
		return body
	}
	plain, err := io.ReadAll(httputil.NewChunkedReader(bytes.NewReader(body)))
	if err != nil && len(plain) == 0 {
		return body
	}
	return plain
}

func chunked(h http.Header) bool {
	return strings.Contains(strings.ToLower(h.Get("Transfer-Encoding")), "chunked")
}

// Exchange reads the HTTP response of a response or revisit record, of this or
// another writer, as that of a page. The request is not in it. The body of a
// revisit is empty. A resource record is an exchange of that role.
func (r *Record) Exchange() (corpus.Exchange, error) {
	if r.Type() == typeResource {
		return corpus.Exchange{
			Role: corpus.RoleResource, URL: withoutFragment(r.URL()), Status: http.StatusOK, Started: r.Date(), Body: r.Block,
			Response: http.Header{"Content-Type": {r.Header.Get("Content-Type")}},
		}, nil
	}
	if t := r.Type(); !r.isHTTP() || t == typeRequest {
		return corpus.Exchange{}, fmt.Errorf("record %s (%s of %s) has no HTTP response", r.ID(), t, clip(r.URL()))
	}
	x := corpus.Exchange{
		Role: corpus.RolePage, URL: withoutFragment(r.URL()), Started: r.Date(),
		Truncated: r.Header.Get("WARC-Truncated"), Remote: r.Header.Get("WARC-IP-Address"),
	}
	if r.Type() == typeRevisit {
		x.Truncated = "" // there it means that the payload was left out
	}
	if len(r.Block) == 0 && r.Type() == typeRevisit {
		return x, nil
	}
	first, h, body := splitMessage(r.Block)
	proto, rest, _ := strings.Cut(first, " ")
	status, reason, _ := strings.Cut(strings.TrimLeft(rest, " "), " ")
	code, err := strconv.Atoi(status)
	if err != nil || code < 100 || code > 999 || !strings.HasPrefix(proto, "HTTP/") {
		return x, fmt.Errorf("record %s: %q is not an HTTP status line", r.ID(), clip(first))
	}
	x.Proto, x.Status, x.Reason = protoOf(proto, r.Header.Get("WARC-Protocol")), code, reason
	if x.Body = dechunk(h, body); len(x.Body) == 0 {
		x.Body = nil
	}
	if chunked(h) {
		h.Del("Transfer-Encoding")
	}
	x.Response = h
	if r.Cut && x.Truncated == "" {
		x.Truncated = "length"
	}
	return x, nil
}

// addRequest fills in what a request record says about an exchange.
func (r *Record) addRequest(x *corpus.Exchange) {
	first, h, _ := splitMessage(r.Block)
	x.Method, _, _ = strings.Cut(first, " ")
	x.Request = h
}

// protoOf is the protocol that was spoken: WARC-Protocol knows better than the
// status line, which is always in the syntax of HTTP/1.
func protoOf(line, alpn string) string {
	switch alpn {
	case "h2":
		return "HTTP/2.0"
	case "h3":
		return "HTTP/3.0"
	}
	return line
}

func withoutFragment(s string) string {
	if u, err := url.Parse(s); err == nil && u.Fragment != "" {
		u.Fragment, u.RawFragment = "", ""
		return u.String()
	}
	return s
}

var errNotWARC = errors.New("not a WARC file, packed or not")
