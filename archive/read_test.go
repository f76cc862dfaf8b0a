package archive

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// crlf makes the text of records readable in this file.
func crlf(s string) string { return strings.ReplaceAll(s, "\n", "\r\n") }

// record makes the text of a record as other tools write it.
func record(version string, head string, block string) string {
	return crlf(version+"\n"+head+fmt.Sprintf("Content-Length: %d\n\n", len(block))) + block + "\r\n\r\n"
}

// foreign is a small file as wget writes it: WARC 1.0, the request first, URLs
// in angle brackets, a chunked body.
func foreign() []string {
	return []string{
		record("WARC/1.0", "WARC-Type: warcinfo\nWARC-Record-ID: <urn:uuid:1>\nWARC-Date: 2020-01-02T03:04:05Z\n", "software: Wget\r\n"),
		record("WARC/1.0", "WARC-Type: request\nWARC-Record-ID: <urn:uuid:2>\nWARC-Target-URI: <http://delta.example/a>\nWARC-Date: 2020-01-02T03:04:05Z\n",
			crlf("GET /a HTTP/1.1\nHost: delta.example\n\n")),
		record("WARC/1.0", "warc-type: response\nWARC-Record-ID: <urn:uuid:3>\nWARC-Concurrent-To: <urn:uuid:2>\nWARC-Target-URI: <http://delta.example/a>\nWARC-Date: 2020-01-02T03:04:05Z\nWARC-IP-Address: 192.0.2.7\n",
			crlf("HTTP/1.1 200 OK\nTransfer-Encoding: chunked\nContent-Type: text/plain\n\n5\nhello\n6\n world\n0\n\n")),
		record("WARC/1.0", "WARC-Type: response\nWARC-Record-ID: <urn:uuid:4>\nWARC-Target-URI: dns:delta.example\nWARC-Date: 2020-01-02T03:04:05Z\n", "20200102030405\ndelta.example. A 192.0.2.7\n"),
		record("WARC/1.1", "WARC-Type: response\nWARC-Record-ID: <urn:uuid:5>\nWARC-Target-URI: http://delta.example/b\nX-Folded: one\n two\nWARC-Date: 2020-01-02T03:04:05.678Z\n",
			"HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\nnot chunked at all"), // bare line feeds
		record("WARC/1.0", "WARC-Type: revisit\nWARC-Record-ID: <urn:uuid:6>\nWARC-Refers-To: <urn:uuid:3>\nWARC-Target-URI: http://delta.example/a\nWARC-Date: 2020-01-02T03:04:06Z\n",
			crlf("HTTP/1.1 200 OK\n\n")),
	}
}

func perRecord(records []string) []byte {
	var b bytes.Buffer
	for _, r := range records {
		b.Write(packed(r))
	}
	return b.Bytes()
}

func ids(t *testing.T, r io.Reader) ([]string, error) {
	t.Helper()
	var got []string
	err := Read(r, func(rec *Record) error {
		got = append(got, rec.ID())
		return nil
	})
	return got, err
}

func TestReadTakesEveryPacking(t *testing.T) {
	all := strings.Join(foreign(), "")
	want := []string{"urn:uuid:1", "urn:uuid:2", "urn:uuid:3", "urn:uuid:4", "urn:uuid:5", "urn:uuid:6"}
	for name, file := range map[string][]byte{
		"not packed":            []byte(all),
		"packed as a whole":     packed(all),
		"packed by record":      perRecord(foreign()),
		"no empty lines at end": []byte(strings.TrimRight(all, "\r\n") + "\r\n\r\n"),
	} {
		got, err := ids(t, bytes.NewReader(file))
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%s: %v %s", name, err, diff)
		}
	}
	if got, err := ids(t, strings.NewReader("")); err != nil || got != nil {
		t.Errorf("empty file: %v, %v", got, err)
	}
	for _, s := range []string{"PK\x03\x04", "<html>", "WARC/0.17\r\n\r\n", "W"} {
		if _, err := ids(t, strings.NewReader(s)); err == nil {
			t.Errorf("%q: no error", s)
		}
	}
}

func TestReadGivesOffsetsOfRecords(t *testing.T) {
	file := perRecord(foreign())
	err := Read(bytes.NewReader(file), func(rec *Record) error {
		alone := file[rec.Offset : rec.Offset+rec.Length]
		got, err := ids(t, bytes.NewReader(alone))
		if err != nil || len(got) != 1 || got[0] != rec.ID() {
			t.Errorf("at %d is %v (%v), want %s", rec.Offset, got, err, rec.ID())
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestReadOfACutFileGivesAllBefore(t *testing.T) {
	parts := foreign()
	last := parts[len(parts)-1]
	for name, file := range map[string][]byte{
		"not packed":        []byte(strings.Join(parts, "")),
		"packed as a whole": packed(strings.Join(parts, "")),
		"packed by record":  perRecord(parts),
	} {
		cut := file[:len(file)-len(packed(last))/2]
		if name == "not packed" {
			cut = file[:len(file)-len(last)/2]
		}
		got, err := ids(t, bytes.NewReader(cut))
		if !errors.Is(err, io.ErrUnexpectedEOF) || !strings.Contains(fmt.Sprint(err), "byte ") {
			t.Errorf("%s: error %v, want one that says cut off and where", name, err)
		}
		if name != "packed as a whole" && len(got) != len(parts)-1 {
			t.Errorf("%s: %d records before the cut, want %d", name, len(got), len(parts)-1)
		}
	}
}

func TestReadStopsWithTheErrorOfItsFunction(t *testing.T) {
	stop := errors.New("stop")
	if err := Read(bytes.NewReader(perRecord(foreign())), func(*Record) error { return stop }); err != stop {
		t.Errorf("Read = %v, want %v", err, stop)
	}
}

func TestCapturesOfAnotherWriter(t *testing.T) {
	var got []Entry
	err := Captures(bytes.NewReader(perRecord(foreign())), func(e Entry) error {
		got = append(got, e)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != 3 {
		t.Fatalf("%d captures, want 3", len(got))
	}
	a := got[0].Capture
	if a.URL != "http://delta.example/a" || string(a.Body) != "hello world" || a.Status() != 200 || a.Answer().Method != "GET" ||
		a.Answer().Request.Get("Host") != "delta.example" || !a.Fetched.Equal(time.Date(2020, 1, 2, 3, 4, 5, 0, time.UTC)) ||
		a.Answer().Response.Get("Transfer-Encoding") != "" {
		t.Errorf("chunked: %+v", a)
	}
	if b := got[1].Capture; string(b.Body) != "not chunked at all" {
		t.Errorf("said to be chunked: body %q", b.Body)
	}
	if e := got[2]; e.Capture != nil || len(e.Damage) != 1 || !strings.Contains(e.Damage[0].Reason, "urn:uuid:3") {
		t.Errorf("revisit: %+v, want a damage that names the record", e)
	}
}

func TestCapturesOfOurOwn(t *testing.T) {
	dir := t.TempDir()
	a := mustOpen(t, dir, nil, Options{})
	want := fill(t, a, 10)
	names, _ := segments(dir)
	f, err := os.Open(filepath.Join(dir, names[0]))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	n := 0
	err = Captures(f, func(e Entry) error {
		if diff := cmp.Diff(want[n], e.Capture, sameCapture); diff != "" || number(e) != n {
			t.Errorf("capture %d, meta %s:\n%s", n, e.Meta, diff)
		}
		n++
		return nil
	})
	if err != nil || n != len(want) {
		t.Errorf("%d captures, %v; want %d", n, err, len(want))
	}
}

func TestCheckKnowsBothFormsOfDigests(t *testing.T) {
	const block = "HTTP/1.1 200 OK\r\n\r\nhello"
	for _, d := range []struct {
		digest string
		ok     bool
	}{
		{"sha1:VL2MMHO4YXUKFWV63YHTWSBM3GXKSQ2N", true},                                    // "hello", base32
		{"sha1:aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d", true},                            // hexadecimal
		{"sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824", true},  //
		{"sha-256:2CF24DBA5FB0A30E26E83B2AC5B9E29E1B161E5C1FA7425E73043362938B9824", true}, //
		{"md5:5d41402abc4b2a76b9719d911017c592", true},                                     //
		{"blake3:00", true}, // not known
		{"sha1:VL2MMHO4YXUKFWV63YHTWSBM3GXKSQ2A", false},                                   //
		{"sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9825", false}, //
		{"sha256:", false}, //
	} {
		text := record("WARC/1.1", "WARC-Type: response\nWARC-Target-URI: http://delta.example/\nWARC-Payload-Digest: "+d.digest+"\n", block)
		err := Read(strings.NewReader(text), func(rec *Record) error { return rec.Check() })
		if (err == nil) != d.ok {
			t.Errorf("Check with %s = %v, want ok %v", d.digest, err, d.ok)
		}
	}
}

func TestReadDoesNotBelieveLengths(t *testing.T) {
	for _, s := range []string{
		"WARC/1.1\r\nContent-Length: 99999999999999\r\n\r\nshort",
		"WARC/1.1\r\nContent-Length: -1\r\n\r\n",
		"WARC/1.1\r\nContent-Length: 1e3\r\n\r\n",
		"WARC/1.1\r\nWARC-Type: response\r\n\r\n",
		"WARC/1.1\r\n" + strings.Repeat("A: b\r\n", maxHeadBytes/6+1) + "\r\n",
		"WARC/1.1\r\nno colon\r\n\r\n",
	} {
		if _, err := ids(t, strings.NewReader(s)); err == nil {
			t.Errorf("%s: no error", clip(s))
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(strings.Join(foreign(), "")))
	f.Add(perRecord(foreign()))
	f.Add(packed(strings.Join(foreign(), "")))
	f.Add([]byte("WARC/1.1\r\n folded\r\nContent-Length: 0\r\n\r\n\r\n\r\n"))
	f.Add([]byte(record("WARC/1.1", "WARC-Type: response\nWARC-Target-URI: http://a/\n", "HTTP/1.1 200\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffff\r\n")))
	f.Add([]byte("\x1f\x8b\x08\x04\x00\x00\x00\x00\x00\x00\x05\x00")) // cut off in the header of a gzip member, which is no clean end
	f.Fuzz(func(t *testing.T, b []byte) {
		records := 0
		err := Read(bytes.NewReader(b), func(rec *Record) error {
			records++
			if rec.Length < 0 || rec.Offset < 0 {
				t.Errorf("record at %d of %d bytes", rec.Offset, rec.Length)
			}
			rec.Check()
			rec.Exchange()
			return nil
		})
		entries := 0
		if captureErr := Captures(bytes.NewReader(b), func(e Entry) error {
			entries++
			if e.Capture == nil && len(e.Damage) == 0 {
				t.Error("neither capture nor damage")
			}
			return nil
		}); (err == nil) != (captureErr == nil) {
			t.Errorf("Read: %v, Captures: %v", err, captureErr)
		}
		if entries > records {
			t.Errorf("%d captures in %d records", entries, records)
		}
		// As a segment, whatever it holds, each byte is read or reported.
		var end int64
		err = scanReader(t.Context(), bytes.NewReader(b), Position{}, func(rec *Record, d *Damage) error {
			at, n := int64(0), int64(0)
			if d != nil {
				at, n = d.Offset, d.Length
			} else {
				at, n = rec.Offset, rec.Length
			}
			if at != end || n <= 0 {
				t.Fatalf("%d bytes at %d, want what begins at %d", n, at, end)
			}
			end += n
			return nil
		})
		if err != nil || end != int64(len(b)) {
			t.Errorf("scan ended at %d of %d: %v", end, len(b), err)
		}
	})
}
