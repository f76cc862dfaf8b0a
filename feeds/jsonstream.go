package feeds

// JSON files of any size, read piece by piece in constant memory. A piece that
// is broken in itself (a NaN, a bracket that is missing) costs that piece: its
// end is found by its brackets and strings, before anyone asks whether it is
// valid.

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
)

const (
	streamBytes = 256 << 10
	maxKeyBytes = 4 << 10
)

// errTooLong is the error of a value that is longer than its reader wants. The
// stream stands behind it.
var errTooLong = errors.New("too long")

// A jsonStream stands somewhere in a JSON file.
type jsonStream struct {
	r    io.Reader
	buf  []byte // read, but not used yet
	room []byte // what buf is a part of
	base int64  // bytes used
	end  error  // why there is no more, io.EOF or worse
	kept []byte // the last value
	scan valueScan
}

func newJSONStream(r io.Reader) *jsonStream {
	return &jsonStream{r: r, room: make([]byte, streamBytes)}
}

// fill reads more if all is used, and reports whether there is any.
func (s *jsonStream) fill() bool {
	for len(s.buf) == 0 && s.end == nil {
		n, err := s.r.Read(s.room)
		s.buf, s.end = s.room[:n], err
	}
	return len(s.buf) > 0
}

func (s *jsonStream) use(n int) {
	s.buf, s.base = s.buf[n:], s.base+int64(n)
}

// ended is the error of a file that ends where more is needed.
func (s *jsonStream) ended() error {
	if s.end != nil && s.end != io.EOF {
		return fmt.Errorf("byte %d: %w", s.base, s.end)
	}
	return fmt.Errorf("the file ends too soon, at byte %d: %w", s.base, io.ErrUnexpectedEOF)
}

// peek gives the next byte that is no space, and does not use it. A byte order
// mark counts as space.
func (s *jsonStream) peek() (byte, error) {
	for s.fill() {
		for i, c := range s.buf {
			switch c {
			case ' ', '\n', '\t', '\r', 0xef, 0xbb, 0xbf:
			default:
				s.use(i)
				return c, nil
			}
		}
		s.use(len(s.buf))
	}
	return 0, s.ended()
}

// value gives the next value, which is valid until the next call. Of one that
// is longer than most bytes, it gives the beginning and errTooLong.
func (s *jsonStream) value(most int) ([]byte, error) {
	c, err := s.peek()
	if err != nil {
		return nil, err
	}
	if c == ',' || c == ':' || c == ']' || c == '}' {
		return nil, fmt.Errorf("byte %d: expected a value, found %q", s.base, c)
	}
	s.kept = s.kept[:0]
	s.scan.reset()
	long := false
	for {
		n, done := s.scan.feed(s.buf)
		room := most - len(s.kept)
		s.kept = append(s.kept, s.buf[:min(n, room)]...)
		long = long || n > room
		s.use(n)
		if done {
			break
		}
		if !s.fill() {
			return s.kept, s.ended()
		}
	}
	if long {
		return s.kept, errTooLong
	}
	return s.kept, nil
}

// skip passes over the next value.
func (s *jsonStream) skip() error {
	if _, err := s.value(0); err != nil && err != errTooLong {
		return err
	}
	return nil
}

// object reads an object: each gets every key and must use its value.
func (s *jsonStream) object(each func(key string) error) error {
	if err := s.open('{'); err != nil {
		return err
	}
	for {
		c, err := s.element('}')
		if c == '}' || err != nil {
			return err
		}
		if c != '"' {
			return fmt.Errorf("byte %d: expected a key, found %q", s.base, c)
		}
		raw, err := s.value(maxKeyBytes)
		if err != nil && err != errTooLong {
			return err
		}
		key := keyOf(raw)
		if c, err = s.peek(); err != nil {
			return err
		}
		if c != ':' {
			return fmt.Errorf("byte %d: expected a colon behind the key %q, found %q", s.base, clip(key, 40), c)
		}
		s.use(1)
		if err := each(key); err != nil {
			return err
		}
	}
}

// list reads an array: each is called before every element and must use it. A
// brace too many does not end it.
func (s *jsonStream) list(each func() error) error {
	if err := s.open('['); err != nil {
		return err
	}
	for {
		c, err := s.element(']')
		if c == ']' || err != nil {
			return err
		}
		if c == '}' {
			s.use(1)
			continue
		}
		if err := each(); err != nil {
			return err
		}
	}
}

func (s *jsonStream) open(bracket byte) error {
	c, err := s.peek()
	if err != nil {
		return err
	}
	if c != bracket {
		return fmt.Errorf("byte %d: expected %q, found %q", s.base, bracket, c)
	}
	s.use(1)
	return nil
}

// element passes over commas, one too many as well, and over the closing
// bracket, if that is next.
func (s *jsonStream) element(closing byte) (byte, error) {
	for {
		c, err := s.peek()
		if err != nil {
			return 0, err
		}
		if c == ',' || c == closing {
			s.use(1)
		}
		if c != ',' {
			return c, nil
		}
	}
}

// keyOf decodes a key. One that is no JSON string is what stands between its
// quotes.
func keyOf(raw []byte) string {
	if bytes.IndexByte(raw, '\\') >= 0 {
		var key string
		if json.Unmarshal(raw, &key) == nil {
			return key
		}
	}
	return string(bytes.Trim(raw, `"`))
}

// A valueScan finds the end of a JSON value by its brackets and strings. A
// bracket that closes an outer one closes what is open inside as well, so that
// a missing one does not swallow what comes behind the value.
type valueScan struct {
	open    []byte // brackets
	deep    int    // more of them than anyone needs: only counted
	quoted  bool
	escaped bool
}

const maxScanDepth = 10_000 // encoding/json reads no deeper either

func (v *valueScan) reset() { *v = valueScan{open: v.open[:0]} }

// feed goes on in b. If the value ends in it, n is where.
func (v *valueScan) feed(b []byte) (n int, done bool) {
	for i := 0; i < len(b); i++ {
		c := b[i]
		switch {
		case v.escaped:
			v.escaped = false
		case v.quoted:
			for c != '"' && c != '\\' && i+1 < len(b) {
				i++
				c = b[i]
			}
			if c == '\\' {
				v.escaped = true
			} else if c == '"' {
				v.quoted = false
				if len(v.open) == 0 {
					return i + 1, true
				}
			}
		case c == '"':
			v.quoted = true
		case c == '{' || c == '[':
			if len(v.open) < maxScanDepth {
				v.open = append(v.open, c)
			} else {
				v.deep++
			}
		case c == '}' || c == ']':
			if n, done := v.close(c); done {
				return i + n, true
			}
		case len(v.open) == 0 && (c == ',' || c == ' ' || c == '\n' || c == '\r' || c == '\t'):
			return i, true
		}
	}
	return len(b), false
}

// close takes a closing bracket, and reports whether the value ends with it
// (n is 1), or before it, for the bracket is not the value's own (n is 0).
func (v *valueScan) close(c byte) (n int, done bool) {
	if v.deep > 0 {
		v.deep--
		return 0, false
	}
	i := bytes.LastIndexByte(v.open, c-2) // in ASCII, two before each closing bracket stands the opening one
	if i < 0 {
		return 0, true
	}
	v.open = v.open[:i]
	return 1, i == 0
}

// members gives the keys and the values of a JSON object, of a broken one those
// before the fault and perhaps some behind it.
func members(raw []byte) iter.Seq2[string, []byte] {
	return func(yield func(string, []byte) bool) {
		s := &jsonStream{buf: raw, end: io.EOF}
		_ = s.object(func(key string) error {
			if _, err := s.peek(); err != nil {
				return err
			}
			at := s.base
			if err := s.skip(); err != nil {
				return err
			}
			if !yield(key, raw[at:s.base]) {
				return io.EOF
			}
			return nil
		})
	}
}

// mended gives a value without what other programs write into strings though
// JSON does not allow it: control characters as they are, and as \x1F, which is
// how Telegram Desktop escapes them.
func mended(raw []byte) []byte {
	const hex = "0123456789abcdef"
	out := make([]byte, 0, len(raw)+len(raw)/8)
	quoted := false
	for i := 0; i < len(raw); i++ {
		c := raw[i]
		switch {
		case !quoted:
			quoted = c == '"'
		case c == '"':
			quoted = false
		case c == '\\' && i+3 < len(raw) && raw[i+1] == 'x' && isHex(raw[i+2]) && isHex(raw[i+3]):
			out = append(out, '\\', 'u', '0', '0', raw[i+2], raw[i+3])
			i += 3
			continue
		case c == '\\' && i+1 < len(raw):
			out = append(out, c)
			i++
			c = raw[i]
		case c < 0x20:
			out = append(out, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
			continue
		}
		out = append(out, c)
	}
	return out
}
