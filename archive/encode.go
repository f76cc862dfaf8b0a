package archive

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/klauspost/compress/gzip"

	"chorus/corpus"
)

// The record types that Chorus writes.
const (
	typeWarcinfo = "warcinfo"
	typeResponse = "response"
	typeRequest  = "request"
	typeRevisit  = "revisit"
	typeMetadata = "metadata"
	typeResource = "resource"
)

const (
	warcVersion = "WARC/1.1"
	// WARC 1.1, 5.4 allows fractions of a second.
	warcDateLayout = "2006-01-02T15:04:05.999999Z"

	// WARC 1.1, 6.7.
	profileIdentical   = "http://netpreserve.org/warc/1.1/revisit/identical-payload-digest"
	profileNotModified = "http://netpreserve.org/warc/1.1/revisit/server-not-modified"

	// Measured on 80 pages of news sites: klauspost level 6 packs 108 MB/s and
	// unpacks 320, the standard library 44 and 180; its output is 3.8 % larger.
	gzipLevel = 6
)

// facts are what a capture is beside its HTTP messages: the "chorus" part of
// a metadata record.
type facts struct {
	URL       string          `json:"url"`
	Fetched   time.Time       `json:"fetched,omitzero"`
	Duration  time.Duration   `json:"duration,omitzero"` // nanoseconds
	Fault     *corpus.Fault   `json:"fault,omitempty"`
	BodyBytes *int64          `json:"body_bytes,omitempty"` // of Capture.Body; absent if it is nil
	Before    int64           `json:"before"`               // bytes of the capture's other members, which stand before this one
	Exchanges []exchangeFacts `json:"exchanges,omitempty"`
}

type exchangeFacts struct {
	Role      corpus.Role `json:"role"`
	Response  string      `json:"response"`          // record id, also of a revisit
	Request   string      `json:"request,omitempty"` // record id; a resource has none
	Digest    string      `json:"digest"`            // of the payload, in a 304 that of the record it refers to
	Was       string      `json:"was,omitempty"`     // the digest before a part of the payload was taken out, see Redact
	Proto     string      `json:"proto,omitempty"`
	Remote    string      `json:"remote,omitempty"`
	Proxied   bool        `json:"proxied,omitzero"`
	Truncated string      `json:"truncated,omitempty"`
}

// newRecordID makes a random (version 4) UUID as a URN.
func newRecordID() string {
	var b [16]byte
	rand.Read(b[:]) // never fails
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	return fmt.Sprintf("urn:uuid:%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// An encoder turns one capture into gzip members.
type encoder struct {
	newID    func() string
	original func(url string) *original // nil if there is none
	members  bytes.Buffer
	plain    func([]byte) // sees each record before it is packed; for tests
}

// A field is one line of a header.
type field struct{ name, value string }

// capture encodes all records of c. The offset of the evidence is relative to
// the first of them, and its file is not set.
func (e *encoder) capture(c *corpus.Capture, meta []byte) (corpus.Evidence, error) {
	f := facts{URL: c.URL, Fetched: c.Fetched.UTC().Round(0), Duration: c.Duration, Fault: c.Fault}
	if c.Body != nil {
		n := int64(len(c.Body))
		f.BodyBytes = &n
	}
	ev := corpus.Evidence{URL: c.FinalURL(), Fetched: c.Fetched.UTC().Truncate(time.Second)}
	var last string
	for i := range c.Exchanges {
		x := &c.Exchanges[i]
		xf, xev, err := e.exchange(x)
		if err != nil {
			return ev, err
		}
		f.Exchanges = append(f.Exchanges, xf)
		last = xf.Response
		if x == c.Answer() {
			ev = xev
		}
	}

	f.Before = int64(e.members.Len())
	block, err := metadataBlock(f, meta)
	if err != nil {
		return ev, err
	}
	id := e.newID()
	head := []field{
		{"WARC-Type", typeMetadata},
		{"WARC-Record-ID", "<" + id + ">"},
		{"WARC-Date", warcDate(c.Fetched)},
		{"WARC-Target-URI", cleanURI(c.FinalURL())},
	}
	if last != "" {
		head = append(head, field{"WARC-Concurrent-To", "<" + last + ">"})
	}
	head = append(head, field{"Content-Type", "application/json"})
	offset, length, err := e.record(head, block)
	if ev.RecordID == "" {
		ev.RecordID, ev.Offset, ev.Length = id, offset, length
	}
	return ev, err
}

// metadataBlock keeps meta byte for byte.
func metadataBlock(f facts, meta []byte) ([]byte, error) {
	b, err := json.Marshal(f)
	if err != nil {
		return nil, err
	}
	b = append([]byte(`{"chorus":`), b...)
	if meta = bytes.TrimSpace(meta); len(meta) > 0 {
		b = append(append(b, `,"meta":`...), meta...)
	}
	return append(b, '}'), nil
}

// resource encodes what no server sent: one record with the bytes as they were
// given (WARC 1.1, 6.4).
func (e *encoder) resource(x *corpus.Exchange) (exchangeFacts, corpus.Evidence, error) {
	f := exchangeFacts{Role: x.Role, Response: e.newID(), Digest: digest(x.Body)}
	offset, length, err := e.record([]field{
		{"WARC-Type", typeResource},
		{"WARC-Record-ID", "<" + f.Response + ">"},
		{"WARC-Date", warcDate(x.Started)},
		{"WARC-Target-URI", cleanURI(x.URL)},
		{"WARC-Payload-Digest", f.Digest},
		{"Content-Type", clean(x.Response.Get("Content-Type"))},
	}, x.Body)
	return f, corpus.Evidence{
		Offset: offset, Length: length, RecordID: f.Response, Digest: f.Digest,
		URL: x.URL, Status: x.Status, Fetched: x.Started.UTC().Truncate(time.Second),
	}, err
}

// exchange encodes a response or revisit, and the request.
func (e *encoder) exchange(x *corpus.Exchange) (exchangeFacts, corpus.Evidence, error) {
	if x.Role == corpus.RoleResource {
		return e.resource(x)
	}
	f := exchangeFacts{
		Role: x.Role, Response: e.newID(), Request: e.newID(), Digest: digest(x.Body),
		Proto: x.Proto, Remote: x.Remote, Proxied: x.Proxied, Truncated: x.Truncated,
	}
	head := []field{
		{"WARC-Type", typeResponse},
		{"WARC-Record-ID", "<" + f.Response + ">"},
		{"WARC-Date", warcDate(x.Started)},
		{"WARC-Target-URI", cleanURI(x.URL)},
	}
	if ip := serverAddr(x); ip != "" {
		head = append(head, field{"WARC-IP-Address", ip})
	}
	if p := protocol(x.Proto); p != "" {
		head = append(head, field{"WARC-Protocol", p})
	}

	payload := x.Body
	revisit, digestField := e.revisit(x, &f)
	switch {
	case revisit != nil:
		head[0].value = typeRevisit
		head = append(head, revisit...)
		payload = nil
	case x.Truncated != "":
		head = append(head, field{"WARC-Truncated", clean(x.Truncated)})
	}
	if digestField {
		head = append(head, field{"WARC-Payload-Digest", f.Digest})
	}
	head = append(head, field{"Content-Type", "application/http; msgtype=response"})
	offset, length, err := e.record(head, responseHead(x), payload)
	if err != nil {
		return f, corpus.Evidence{}, err
	}
	ev := corpus.Evidence{
		Offset: offset, Length: length, RecordID: f.Response, Digest: f.Digest, Revisit: revisit != nil,
		URL: x.URL, Status: x.Status, Fetched: x.Started.UTC().Truncate(time.Second),
	}

	_, _, err = e.record([]field{
		{"WARC-Type", typeRequest},
		{"WARC-Record-ID", "<" + f.Request + ">"},
		{"WARC-Date", warcDate(x.Started)},
		{"WARC-Target-URI", cleanURI(x.URL)},
		{"WARC-Concurrent-To", "<" + f.Response + ">"},
		{"Content-Type", "application/http; msgtype=request"},
	}, requestHead(x))
	return f, ev, err
}

// revisit gives the fields that make a response a revisit, or nil, and whether
// the payload digest belongs into the record: it does, save in the profile for
// 304, where WARC 1.1, 6.7.3 has no use for it. Then f gets the digest of what
// the server says is still valid.
func (e *encoder) revisit(x *corpus.Exchange, f *exchangeFacts) (fields []field, digestField bool) {
	notModified := x.Status == http.StatusNotModified
	if e.original == nil || (len(x.Body) == 0) != notModified {
		return nil, true
	}
	o := e.original(x.URL)
	if o == nil || (!notModified && o.digest != f.Digest) {
		return nil, true
	}
	profile := profileIdentical
	if notModified {
		profile = profileNotModified
		f.Digest = o.digest
	}
	return []field{
		{"WARC-Profile", profile},
		{"WARC-Refers-To", "<" + o.id + ">"},
		{"WARC-Refers-To-Target-URI", o.url},
		{"WARC-Refers-To-Date", o.date},
		// Not in the standard, but known to Heritrix, OpenWayback and warcio.
		{"WARC-Refers-To-Filename", o.location.File},
		{"WARC-Refers-To-File-Offset", strconv.FormatInt(o.location.Offset, 10)},
	}, !notModified
}

// warcinfo encodes the record that begins a segment.
func (e *encoder) warcinfo(name string, now time.Time, o Options) error {
	var block bytes.Buffer
	for _, f := range []field{
		{"software", o.Software},
		{"format", "WARC File Format 1.1"},
		{"conformsTo", "http://iipc.github.io/warc-specifications/specifications/warc-format/warc-1.1/"},
		{"operator", o.Operator},
		{"isPartOf", partOf},
		{"description", "Captures of pages and feeds. Header fields are sorted by name; transfer encodings are undone. " +
			"A metadata record ends each capture."},
	} {
		if f.value != "" {
			fmt.Fprintf(&block, "%s: %s\r\n", f.name, clean(f.value))
		}
	}
	_, _, err := e.record([]field{
		{"WARC-Type", typeWarcinfo},
		{"WARC-Record-ID", "<" + e.newID() + ">"},
		{"WARC-Date", warcDate(now)},
		{"WARC-Filename", name},
		{"Content-Type", "application/warc-fields"},
	}, block.Bytes())
	return err
}

// partOf marks, in a warcinfo record, a file that is grouped into captures.
const partOf = "chorus-archive/1"

// record appends one record, whose block is the parts joined, as a gzip
// member, and says where it stands.
func (e *encoder) record(head []field, parts ...[]byte) (offset, length int64, err error) {
	sum := sha256.New()
	n := 0
	for _, p := range parts {
		sum.Write(p)
		n += len(p)
	}
	if n > maxBlockBytes {
		return 0, 0, fmt.Errorf("record of %d bytes: at most %d can be kept", n, maxBlockBytes)
	}
	head = append(head,
		field{"WARC-Block-Digest", digestString(sum.Sum(nil))},
		field{"Content-Length", strconv.Itoa(n)})
	var text bytes.Buffer
	text.WriteString(warcVersion + "\r\n")
	for _, f := range head {
		text.WriteString(f.name + ": " + f.value + "\r\n")
	}
	text.WriteString("\r\n")
	parts = append([][]byte{text.Bytes()}, append(slices.Clone(parts), []byte("\r\n\r\n"))...)

	offset = int64(e.members.Len())
	z := packers.Get().(*gzip.Writer)
	defer packers.Put(z)
	z.Reset(&e.members)
	z.ModTime = time.Unix(0, 0) // RFC 1952: no time stamp; the zero Time would give a wrong one
	for _, p := range parts {
		if _, err := z.Write(p); err != nil {
			return 0, 0, err
		}
	}
	if err := z.Close(); err != nil {
		return 0, 0, err
	}
	if e.plain != nil {
		e.plain(bytes.Join(parts, nil))
	}
	return offset, int64(e.members.Len()) - offset, nil
}

// responseHead is the status line and the header.
func responseHead(x *corpus.Exchange) []byte {
	h := maps.Clone(x.Response)
	// net/http has undone it; a reader would try again.
	delete(h, "Transfer-Encoding")
	return messageHead(fmt.Sprintf("%s %d %s", messageVersion(x.Proto), x.Status, clean(x.Reason)), h)
}

// requestHead is the request line and the header, with Host added if it is not
// there, because net/http keeps it elsewhere.
func requestHead(x *corpus.Exchange) []byte {
	h := maps.Clone(x.Request)
	target := cleanURI(x.URL)
	if u, err := url.Parse(x.URL); err == nil {
		target = u.RequestURI()
		if h.Get("Host") == "" && u.Host != "" {
			if h == nil {
				h = http.Header{}
			}
			h.Set("Host", u.Host)
		}
	}
	method := x.Method
	if method == "" {
		method = http.MethodGet
	}
	return messageHead(clean(method)+" "+target+" "+messageVersion(x.Proto), h)
}

func messageHead(first string, h http.Header) []byte {
	var b bytes.Buffer
	b.WriteString(first + "\r\n")
	for _, name := range slices.Sorted(maps.Keys(h)) {
		if !isToken(name) {
			continue // net/http never gives such a name
		}
		for _, v := range h[name] {
			b.WriteString(name + ": " + clean(v) + "\r\n")
		}
	}
	b.WriteString("\r\n")
	return b.Bytes()
}

// messageVersion is the HTTP version whose syntax a block has.
func messageVersion(proto string) string {
	if proto == "HTTP/1.0" {
		return proto
	}
	return "HTTP/1.1"
}

// protocol is the ALPN name of a protocol, as in WARC-Protocol.
func protocol(proto string) string {
	switch proto {
	case "HTTP/1.0", "HTTP/1.1":
		return strings.ToLower(proto)
	case "HTTP/2.0", "HTTP/2":
		return "h2"
	case "HTTP/3.0", "HTTP/3":
		return "h3"
	}
	return ""
}

// serverAddr is the server's IP address, or nothing if only a proxy's is known.
func serverAddr(x *corpus.Exchange) string {
	ap, err := netip.ParseAddrPort(x.Remote)
	if err != nil || x.Proxied {
		return ""
	}
	return ap.Addr().Unmap().WithZone("").String()
}

func warcDate(t time.Time) string { return t.UTC().Format(warcDateLayout) }

// digest is the SHA-256 of b as digests are written in Chorus.
func digest(b []byte) string {
	sum := sha256.Sum256(b)
	return digestString(sum[:])
}

func digestString(sum []byte) string { return "sha256:" + hex.EncodeToString(sum) }

var lineBreaks = strings.NewReplacer("\r", " ", "\n", " ", "\x00", " ")

// clean makes s fit for one line of a header.
func clean(s string) string {
	return strings.TrimSpace(lineBreaks.Replace(s)) // not strings.Map: bytes that are no UTF-8 stay
}

// cleanURI escapes what may not stand in a header or a request line.
func cleanURI(s string) string {
	if !strings.ContainsFunc(s, isSpaceOrControl) {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		if isSpaceOrControl(r) {
			fmt.Fprintf(&b, "%%%02X", r)
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

func isSpaceOrControl(r rune) bool { return r <= ' ' || r == 0x7f }

// isToken reports whether s can be the name of a header field (RFC 9110, 5.6.2).
func isToken(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return isSpaceOrControl(r) || r > 0x7f || strings.ContainsRune(`"(),/:;<=>?@[\]{}`, r)
	})
}
