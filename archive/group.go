package archive

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"chorus/corpus"
	"chorus/internal/body"
)

// maxBodyBytes bounds what the body of a capture of another writer unpacks to.
const maxBodyBytes = 64 << 20

// A group is the records of one capture, as far as they can be read.
type group struct {
	file    string
	records []*Record // in order of writing, without meta
	meta    *Record   // nil if it is damaged or missing
	facts   facts
	given   []byte // what the caller of Append gave
	damage  []Damage
	end     int64 // of the last record
}

// A grouper makes groups of the records of one segment.
type grouper struct {
	file    string
	records []*Record
	damage  []Damage
	foreign bool // by another writer, who knows no metadata records of ours
	emit    func(*group) error
}

// add takes the next record of the segment, or damage in place of one, or both.
func (g *grouper) add(rec *Record, d *Damage) error {
	if d != nil {
		g.damage = append(g.damage, *d)
		return nil // a record with a wrong digest is as good as none
	}
	switch rec.Type() {
	case typeWarcinfo:
		return g.flush()
	case typeMetadata:
		return g.close(rec)
	}
	g.records = append(g.records, rec)
	return nil
}

// close ends a group with its metadata record. Records that it does not name
// belong to a capture whose own metadata record is damaged.
func (g *grouper) close(meta *Record) error {
	mine := &group{file: g.file, meta: meta, end: meta.Offset + meta.Length}
	if err := mine.readMeta(); err != nil {
		g.damage = append(g.damage, Damage{
			File: g.file, Offset: meta.Offset, Length: meta.Length, RecordID: meta.ID(), Reason: err.Error(),
		})
		return nil
	}
	named := make(map[string]bool)
	for _, x := range mine.facts.Exchanges {
		named[x.Response], named[x.Request] = true, true
	}
	var strangers []*Record
	for _, rec := range g.records {
		if named[rec.ID()] {
			mine.records = append(mine.records, rec)
		} else {
			strangers = append(strangers, rec)
		}
	}
	var earlier []Damage
	for _, d := range g.damage {
		if d.Offset < meta.Offset-mine.facts.Before {
			earlier = append(earlier, d)
		} else {
			mine.damage = append(mine.damage, d)
		}
	}
	if len(mine.damage) == 0 { // else it has been said already
		for _, id := range mine.missing() {
			mine.damage = append(mine.damage, Damage{
				File: g.file, Offset: meta.Offset, Length: meta.Length, RecordID: meta.ID(),
				Reason: fmt.Sprintf("record %s of this capture is missing", id),
			})
		}
	}
	g.records, g.damage = strangers, earlier
	if err := g.flush(); err != nil {
		return err
	}
	return g.emit(mine)
}

// flush emits what no metadata record has claimed.
func (g *grouper) flush() error {
	if len(g.records) == 0 && len(g.damage) == 0 {
		return nil
	}
	lost := &group{file: g.file, records: g.records, damage: g.damage}
	for _, rec := range lost.records {
		lost.end = max(lost.end, rec.Offset+rec.Length)
	}
	for _, d := range lost.damage {
		lost.end = max(lost.end, d.Offset+d.Length)
	}
	if len(lost.damage) == 0 && !g.foreign {
		first := lost.records[0]
		lost.damage = []Damage{{
			File: g.file, Offset: first.Offset, Length: lost.end - first.Offset, RecordID: first.ID(),
			Reason: "the capture has no metadata record",
		}}
	}
	g.records, g.damage = nil, nil
	return g.emit(lost)
}

// readMeta takes the metadata record apart.
func (g *group) readMeta() error {
	var content struct {
		Chorus *facts          `json:"chorus"`
		Meta   json.RawMessage `json:"meta"`
	}
	if err := json.Unmarshal(g.meta.Block, &content); err != nil {
		return fmt.Errorf("metadata of %s: %w", g.meta.ID(), err)
	}
	if content.Chorus == nil {
		return fmt.Errorf("metadata of %s is not of Chorus", g.meta.ID())
	}
	g.facts, g.given = *content.Chorus, content.Meta
	return nil
}

// find is the record with an id, or nil.
func (g *group) find(id string) *Record {
	for _, rec := range g.records {
		if rec.ID() == id {
			return rec
		}
	}
	return nil
}

// missing lists the records that the metadata names and that are not there.
func (g *group) missing() []string {
	var ids []string
	for _, x := range g.facts.Exchanges {
		for _, id := range []string{x.Response, x.Request} {
			if id != "" && g.find(id) == nil {
				ids = append(ids, id)
			}
		}
	}
	return ids
}

// payloads fetches the record that a revisit refers to.
type payloads func(revisit *Record) (*Record, error)

// entry makes a capture of the group.
func (g *group) entry(fetch payloads) Entry {
	e := Entry{Meta: g.given, Next: Position{File: g.file, Offset: g.end}, Damage: g.damage}
	if g.meta == nil {
		g.infer()
	}
	c := &corpus.Capture{URL: g.facts.URL, Fetched: g.facts.Fetched, Duration: g.facts.Duration, Fault: g.facts.Fault}
	lost := g.meta == nil && len(g.facts.Exchanges) == 0
	for _, xf := range g.facts.Exchanges {
		rec := g.find(xf.Response)
		if rec == nil {
			lost = lost || xf.Role.Answers()
			continue
		}
		x, err := g.exchange(rec, xf, fetch)
		if err != nil {
			e.Damage = append(e.Damage, Damage{
				File: g.file, Offset: rec.Offset, Length: rec.Length, RecordID: rec.ID(), Reason: err.Error(),
			})
			lost = lost || xf.Role.Answers()
			continue
		}
		c.Exchanges = append(c.Exchanges, x)
		if xf.Role.Answers() {
			e.Evidence = corpus.Evidence{
				File: g.file, Offset: rec.Offset, Length: rec.Length, RecordID: rec.ID(), Digest: cmp.Or(xf.Was, xf.Digest),
				Revisit: rec.Type() == typeRevisit, URL: x.URL, Status: x.Status, Fetched: x.Started.Truncate(time.Second),
			}
		}
	}
	if lost {
		e.Evidence = corpus.Evidence{}
		return e
	}
	g.setBody(c)
	e.Capture = c
	if e.Evidence.RecordID == "" && g.meta != nil {
		e.Evidence = corpus.Evidence{
			File: g.file, Offset: g.meta.Offset, Length: g.meta.Length, RecordID: g.meta.ID(),
			URL: c.URL, Fetched: c.Fetched.Truncate(time.Second),
		}
	}
	return e
}

// exchange makes one exchange of its records and facts.
func (g *group) exchange(rec *Record, f exchangeFacts, fetch payloads) (corpus.Exchange, error) {
	x, err := rec.Exchange()
	if err != nil {
		return x, err
	}
	if rec.Type() == typeRevisit && x.Status != http.StatusNotModified {
		original, err := fetch(rec)
		if err != nil {
			return x, err
		}
		from, err := original.Exchange()
		if err != nil {
			return x, err
		}
		x.Body = from.Body
		if got := digest(x.Body); got != f.Digest {
			return x, fmt.Errorf("revisit %s: payload of %s is %s, want %s", rec.ID(), original.ID(), got, f.Digest)
		}
	}
	x.Role, x.Truncated, x.Remote, x.Proxied = f.Role, f.Truncated, f.Remote, f.Proxied
	if f.Proto != "" {
		x.Proto = f.Proto
	}
	if request := g.find(f.Request); request != nil {
		request.addRequest(&x)
	}
	return x, nil
}

// infer finds out what it can of a capture without facts: its last response
// is taken for the page, the others for redirects.
func (g *group) infer() {
	for _, rec := range g.records {
		if t := rec.Type(); t != typeResponse && t != typeRevisit && t != typeResource {
			continue
		}
		x := exchangeFacts{
			Role: corpus.RoleRedirect, Response: rec.ID(), Digest: rec.Header.Get("WARC-Payload-Digest"),
			Remote: rec.Header.Get("WARC-IP-Address"), Truncated: rec.Header.Get("WARC-Truncated"),
		}
		if rec.Type() == typeResource {
			x.Role = corpus.RoleResource
		}
		if request := g.requestOf(rec); request != nil {
			x.Request = request.ID()
		}
		g.facts.URL, g.facts.Fetched = rec.URL(), rec.Date()
		g.facts.Exchanges = append(g.facts.Exchanges, x)
	}
	if n := len(g.facts.Exchanges); n > 0 && g.facts.Exchanges[n-1].Role == corpus.RoleRedirect {
		g.facts.Exchanges[n-1].Role = corpus.RolePage
	}
}

// requestOf is the request that a response answers, or nil. Some writers link
// the two from this side, some from the other, some by the URL alone.
func (g *group) requestOf(response *Record) *Record {
	for _, rec := range g.records {
		if rec.Type() == typeRequest && (concurrent(rec, response) || concurrent(response, rec)) {
			return rec
		}
	}
	for _, rec := range g.records {
		if rec.Type() == typeRequest && rec.URL() == response.URL() {
			return rec
		}
	}
	return nil
}

// concurrent reports whether a says that it belongs to b.
func concurrent(a, b *Record) bool {
	for _, id := range a.Header.Values("WARC-Concurrent-To") {
		if bare(id) == b.ID() {
			return true
		}
	}
	return false
}

// setBody undoes the content encoding of the answer as far as the fetch did.
// Whatever went wrong then is in the fault already.
func (g *group) setBody(c *corpus.Capture) {
	a := c.Answer()
	if a == nil {
		return
	}
	limit := int64(maxBodyBytes)
	if g.meta != nil {
		if g.facts.BodyBytes == nil {
			return
		}
		limit = *g.facts.BodyBytes
	}
	if len(a.Body) == 0 || limit == 0 {
		c.Body = []byte{}
		return
	}
	c.Body, _, _ = body.Decompress(a.Response.Get("Content-Encoding"), a.Body, limit)
}
