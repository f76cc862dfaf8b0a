package feeds

// Files of 4CAT and of Zeeschuimer, the browser extension that collects for it.
// This file takes them apart; fourcat_post.go reads what networks sent to the
// browser, fourcat_row.go the columns that 4CAT makes of it.
//
// NDJSON has one item a line, as the network sent it, in an envelope:
//
//	{"source_platform": "weibo.com", "timestamp_collected": 1730637181000, "data": {...}, ...}
//
// or, as 4CAT itself keeps items, with the envelope inside the item, as
// "__import_meta". CSV has a row of column names, which differ by network, and
// a row an item.

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

const (
	maxLineBytes = 16 << 20 // an item with its comments and all sizes of its pictures
	maxColumns   = 500
	maxPlatforms = 50 // that are told apart when their posts are left out
)

// FourCAT takes apart a file that 4CAT or Zeeschuimer exported, NDJSON or CSV,
// as TelegramExport does: each gets {"platform", "collected", "data"} or
// {"platform", "columns"}. Items of platforms that are not read are left out,
// of which bad hears once a platform. name is that of the file; it tells the
// platform of a CSV file if nothing else does.
func FourCAT(name string, r io.Reader, each func(raw []byte) error, bad func(place string, err error)) error {
	x := fourCAT{name: strings.ToLower(filepath.Base(name)), each: each, bad: bad, left: map[string]int{}}
	in := bufio.NewReaderSize(r, streamBytes)
	if head, _ := in.Peek(3); bytes.Equal(head, []byte("\ufeff")) {
		_, _ = in.Discard(3)
	}
	first, err := firstByte(in)
	switch {
	case err == io.EOF:
		return errEmpty
	case err != nil:
		return err
	case first == '{':
		err = x.lines(in)
	case first == '[', first == '<':
		return fmt.Errorf("expected NDJSON or CSV of 4CAT, found a file that begins with %q", first)
	default:
		err = x.rows(in)
	}
	x.tellLeft()
	return err
}

// firstByte passes over space and gives what comes then.
func firstByte(in *bufio.Reader) (byte, error) {
	for {
		c, err := in.ReadByte()
		if err != nil {
			return 0, err
		}
		if c != ' ' && c != '\n' && c != '\r' && c != '\t' {
			return c, in.UnreadByte()
		}
	}
}

// A fourCAT is a file being taken apart.
type fourCAT struct {
	name string // of the file
	each func([]byte) error
	bad  func(string, error)
	left map[string]int // items of platforms that are not read
}

// A fourCATPost is what each gets of an item.
type fourCATPost struct {
	Platform  string            `json:"platform"`
	Collected int64             `json:"collected,omitzero"` // in milliseconds
	Data      json.RawMessage   `json:"data,omitempty"`
	Columns   map[string]string `json:"columns,omitempty"`
}

// platformOf gives the network of a host, or "" if it is not read.
func platformOf(host string) string {
	host = strings.ToLower(strings.TrimSpace(host))
	for _, p := range []struct{ host, platform string }{
		{"weibo.com", "weibo"}, {"weibo.cn", "weibo"}, {"tiktok.com", "tiktok"}, {"x.com", "x"}, {"twitter.com", "x"},
		{"instagram.com", "instagram"}, {"threads.net", "threads"}, {"threads.com", "threads"},
	} {
		if host == p.host || strings.HasSuffix(host, "."+p.host) {
			return p.platform
		}
	}
	return ""
}

func (x *fourCAT) leave(platform string) {
	platform = clip(oneLine(platform), 60)
	if _, ok := x.left[platform]; !ok && len(x.left) >= maxPlatforms {
		platform = "..."
	}
	x.left[platform]++
}

// tellLeft says once a platform that its items were left out.
func (x *fourCAT) tellLeft() {
	for _, platform := range slices.Sorted(maps.Keys(x.left)) {
		if platform == "" {
			x.bad(count(x.left[platform], "item"), errors.New("left out: nothing says which platform they are from"))
			continue
		}
		x.bad("platform "+platform, fmt.Errorf("%s left out: this platform is not read", count(x.left[platform], "item")))
	}
}

// lines reads NDJSON.
func (x *fourCAT) lines(in *bufio.Reader) error {
	var line []byte
	for number := 1; ; number++ {
		var err error
		line, err = readLine(in, line[:0])
		if len(bytes.TrimSpace(line)) > 0 {
			if err := x.line(number, line, err); err != nil {
				return err
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil && err != errTooLong {
			return fmt.Errorf("line %d: %w", number, err)
		}
	}
}

// readLine reads a line of at most maxLineBytes into room, and passes over the
// rest of a longer one.
func readLine(in *bufio.Reader, room []byte) ([]byte, error) {
	long := false
	for {
		part, err := in.ReadSlice('\n')
		if keep := min(len(part), maxLineBytes-len(room)); keep < len(part) {
			room, long = append(room, part[:keep]...), true
		} else {
			room = append(room, part...)
		}
		if err == bufio.ErrBufferFull {
			continue
		}
		if err == nil && long {
			err = errTooLong
		}
		return room, err
	}
}

// line reads one item of NDJSON. read is the error with which its line ended.
func (x *fourCAT) line(number int, line []byte, read error) error {
	place := fmt.Sprintf("line %d", number)
	if read == errTooLong {
		x.bad(place, fmt.Errorf("longer than %d bytes", maxLineBytes))
		return nil
	}
	var in struct {
		Platform  string          `json:"source_platform"`
		Collected flexibleNumber  `json:"timestamp_collected"`
		Data      json.RawMessage `json:"data"`
		Meta      *struct {
			Platform  string         `json:"source_platform"`
			Collected flexibleNumber `json:"timestamp_collected"`
		} `json:"__import_meta"`
	}
	line = bytes.ReplaceAll(bytes.TrimSpace(line), []byte{0}, nil)
	if err := json.Unmarshal(line, &in); err != nil {
		if read == io.EOF && !json.Valid(line) {
			return fmt.Errorf("the file ends too soon, within line %d: %w", number, err)
		}
		x.bad(place, err)
		return nil
	}
	if in.Meta != nil {
		in.Platform, in.Collected, in.Data = in.Meta.Platform, in.Meta.Collected, line
	}
	p := fourCATPost{Platform: platformOf(in.Platform), Collected: int64(in.Collected), Data: in.Data}
	switch {
	case p.Platform == "":
		x.leave(in.Platform)
		return nil
	case len(in.Data) == 0 || in.Data[0] != '{':
		x.bad(place, errors.New("an item without data"))
		return nil
	}
	return x.give(place, p)
}

// give hands on an item that can be read, and refuses one that cannot.
func (x *fourCAT) give(place string, p fourCATPost) error {
	if _, err := p.read(farFuture()); err != nil {
		x.bad(place, err)
		return nil
	}
	raw, err := json.Marshal(p)
	if err != nil {
		return fmt.Errorf("%s: %w", place, err)
	}
	return x.each(raw)
}

// farFuture is a time that bounds nothing.
func farFuture() time.Time { return time.Date(9998, 1, 1, 0, 0, 0, 0, time.UTC) }

// A flexibleNumber is a number, however it is written; what is none is 0.
type flexibleNumber int64

func (n *flexibleNumber) UnmarshalJSON(raw []byte) error {
	*n = flexibleNumber(node{json.Number(bytes.Trim(raw, `"`))}.whole())
	return nil
}

// rows reads CSV.
func (x *fourCAT) rows(in *bufio.Reader) error {
	bounded := &recordReader{r: in}
	c := csv.NewReader(bounded)
	c.FieldsPerRecord, c.ReuseRecord = -1, true
	c.Comma = separatorOf(in)
	header, err := c.Read()
	if err != nil {
		return fmt.Errorf("expected the columns of a CSV file of 4CAT: %w", err)
	}
	columns := columnsOf(header)
	if !slices.Contains(columns, "id") || !slices.Contains(columns, "body") || len(columns) > maxColumns {
		return fmt.Errorf("expected the columns of a CSV file of 4CAT (id, thread_id, timestamp, body, author, ...), found %q", clip(strings.Join(header, ", "), 200))
	}
	for line := 1; ; {
		bounded.begin()
		row, err := c.Read()
		switch wrong, ok := errors.AsType[*csv.ParseError](err); {
		case err == io.EOF:
			return nil
		case ok:
			x.bad(fmt.Sprintf("line %d", wrong.StartLine), wrong.Err)
			continue
		case err != nil:
			return fmt.Errorf("behind line %d: %w", line, err)
		}
		line, _ = c.FieldPos(0)
		if err := x.row(fmt.Sprintf("line %d", line), columns, row); err != nil {
			return err
		}
	}
}

// separatorOf tells what stands between the columns: a comma, unless a
// spreadsheet has saved the file.
func separatorOf(in *bufio.Reader) rune {
	head, _ := in.Peek(4096)
	head, _, _ = bytes.Cut(head, []byte("\n"))
	best := ','
	for _, c := range []byte{';', '\t'} {
		if bytes.Count(head, []byte{c}) > bytes.Count(head, []byte(",")) {
			best = rune(c)
		}
	}
	return best
}

// columnsOf gives the names of the columns, in lower case. A name that comes
// again is left empty.
func columnsOf(header []string) []string {
	columns := make([]string, len(header))
	for i, name := range header {
		name = strings.ToLower(strings.TrimSpace(strings.Trim(name, "\ufeff")))
		if name = columnName(name); !slices.Contains(columns[:i], name) {
			columns[i] = name
		}
	}
	return columns
}

// columnName gives the usual name of a column.
func columnName(name string) string {
	switch name {
	case "text", "content", "message", "caption", "desc":
		return "body"
	case "item_id", "post_id", "mid":
		return "id"
	}
	return name
}

func (x *fourCAT) row(place string, columns, row []string) error {
	if len(row) != len(columns) {
		x.bad(place, fmt.Errorf("%s where there should be %d", count(len(row), "column"), len(columns)))
		return nil
	}
	p := fourCATPost{Columns: map[string]string{}}
	for i, value := range row {
		if columns[i] != "" && value != "" {
			p.Columns[columns[i]] = strings.Clone(value)
		}
	}
	p.Platform = x.platformOfRow(p.Columns)
	if p.Platform == "" {
		x.leave(hostOf(linkOfRow(p.Columns)))
		return nil
	}
	return x.give(place, p)
}

// platformOfRow tells the platform of a row: by its address, by columns that
// only one platform has, or by the name of the file, which 4CAT begins with that
// of the platform.
func (x *fourCAT) platformOfRow(columns map[string]string) string {
	if link := linkOfRow(columns); link != "" {
		if p := platformOf(hostOf(link)); p != "" {
			return p
		}
		return ""
	}
	for _, name := range []string{"source_platform", "platform", "post_source_domain", "domain"} {
		if v := columns[name]; v != "" {
			if p := platformOf(cmp.Or(hostOf(v), v)); p != "" {
				return p
			}
		}
	}
	for _, p := range []string{"weibo", "tiktok", "twitter", "instagram", "threads"} {
		if strings.Contains(x.name, p) {
			return strings.ReplaceAll(p, "twitter", "x")
		}
	}
	if _, ok := columns["is_retweet"]; ok && columns["retweet_count"] != "" {
		return "x"
	}
	return ""
}

// linkOfRow gives the address of a row's post.
func linkOfRow(columns map[string]string) string {
	for _, name := range []string{"url", "post_url", "link", "tiktok_url", "tweet_url", "weibo_url", "permalink"} {
		if link := absolute(nil, columns[name]); link != "" {
			return link
		}
	}
	return ""
}

func hostOf(link string) string {
	u, err := url.Parse(link)
	if err != nil {
		return ""
	}
	return strings.ToLower(u.Hostname())
}

// queryOf gives a parameter of an address.
func queryOf(link, name string) string {
	u, err := url.Parse(link)
	if err != nil {
		return ""
	}
	return u.Query().Get(name)
}

// A recordReader keeps a quote that is never closed from taking the whole file
// for one row.
type recordReader struct {
	r    io.Reader
	read int // since the row began
}

func (b *recordReader) begin() { b.read = 0 }

func (b *recordReader) Read(p []byte) (int, error) {
	if b.read > maxLineBytes {
		return 0, fmt.Errorf("a row of more than %d bytes: a quote is not closed", maxLineBytes)
	}
	n, err := b.r.Read(p)
	b.read += n
	return n, err
}
