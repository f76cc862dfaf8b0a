package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"chorus/corpus"
)

// pack writes a document without what the columns hold.
func (s *Store) pack(d *corpus.Document) ([]byte, error) {
	c := *d
	c.Tags, c.Judge, c.Seq, c.Replaced, c.Deleted = nil, "", 0, 0, time.Time{}
	raw, err := json.Marshal(c)
	if err != nil {
		return nil, err
	}
	return s.zip.EncodeAll(raw, nil), nil
}

// columns are what scan reads.
const columns = "d.seq, d.replaced, d.deleted, d.tagged, d.body, coalesce(t.tags, '[]')"

const fromDocuments = " FROM documents d LEFT JOIN tags t ON t.seq = d.seq AND t.version = d.tagged "

func (s *Store) scan(rows *sql.Rows, more ...any) (corpus.Document, error) {
	var d corpus.Document
	var seq, replaced, deleted int64
	var body []byte
	var judge, tags string
	if err := rows.Scan(append([]any{&seq, &replaced, &deleted, &judge, &body, &tags}, more...)...); err != nil {
		return d, err
	}
	if body == nil { // an entry of the journal whose document is no more
		return corpus.Document{Seq: corpus.Seq(seq)}, nil
	}
	raw, err := s.unzip.DecodeAll(body, nil)
	if err != nil {
		return d, fmt.Errorf("document %d: %w", seq, err)
	}
	if err := json.Unmarshal(raw, &d); err != nil {
		return d, fmt.Errorf("document %d: %w", seq, err)
	}
	if err := json.Unmarshal([]byte(tags), &d.Tags); err != nil {
		return d, fmt.Errorf("tags of document %d: %w", seq, err)
	}
	d.Judge, d.Seq, d.Replaced, d.Deleted = judge, corpus.Seq(seq), corpus.Seq(replaced), fromUnix(deleted)
	return d, nil
}

func (s *Store) query(ctx context.Context, rest string, args ...any) ([]corpus.Document, error) {
	rows, err := s.read.QueryContext(ctx, "SELECT "+columns+fromDocuments+rest, args...)
	if err != nil {
		return nil, fmt.Errorf("read documents: %w", err)
	}
	defer rows.Close()
	var out []corpus.Document
	for rows.Next() {
		d, err := s.scan(rows)
		if err != nil {
			return nil, fmt.Errorf("read documents: %w", err)
		}
		out = append(out, d)
	}
	return out, rows.Err()
}

// Documents gives the documents with these numbers, in the order asked.
// Numbers that do not exist are left out.
func (s *Store) Documents(ctx context.Context, seqs []corpus.Seq) ([]corpus.Document, error) {
	if len(seqs) == 0 {
		return nil, nil
	}
	bySeq := make(map[corpus.Seq]corpus.Document, len(seqs))
	for chunk := range slices.Chunk(seqs, 500) {
		args := make([]any, len(chunk))
		for i, n := range chunk {
			args[i] = int64(n)
		}
		docs, err := s.query(ctx, "WHERE d.seq IN (?"+strings.Repeat(",?", len(chunk)-1)+")", args...)
		if err != nil {
			return nil, err
		}
		for _, d := range docs {
			bySeq[d.Seq] = d
		}
	}
	out := make([]corpus.Document, 0, len(seqs))
	for _, n := range seqs {
		if d, ok := bySeq[n]; ok {
			out = append(out, d)
		}
	}
	return out, nil
}

// Versions gives all versions of a document, the oldest first; none if the
// document is not known.
func (s *Store) Versions(ctx context.Context, id corpus.DocID) ([]corpus.Document, error) {
	return s.query(ctx, "WHERE d.id = ? ORDER BY d.edit", string(id))
}

// Resolve finds the document whose id begins with a prefix of at least six
// characters, also one that was removed. It returns ErrNotFound if there is none or more than one.
func (s *Store) Resolve(ctx context.Context, prefix string) (corpus.DocID, error) {
	prefix = strings.ToLower(prefix)
	if len(prefix) < 6 || strings.Trim(prefix, "0123456789abcdef") != "" {
		return "", fmt.Errorf("document %q: %w: an id has 64 hexadecimal digits; the first six are enough", prefix, ErrNotFound)
	}
	rows, err := s.read.QueryContext(ctx, "SELECT id FROM documents WHERE id >= ?1 AND id < ?2 UNION SELECT id FROM tombstones WHERE id >= ?1 AND id < ?2 LIMIT 2", prefix, prefix+"g")
	if err != nil {
		return "", fmt.Errorf("find document: %w", err)
	}
	defer rows.Close()
	var ids []corpus.DocID
	for rows.Next() {
		var id corpus.DocID
		if err := rows.Scan(&id); err != nil {
			return "", fmt.Errorf("find document: %w", err)
		}
		ids = append(ids, id)
	}
	switch len(ids) {
	case 1:
		return ids[0], rows.Err()
	case 0:
		return "", fmt.Errorf("document %s: %w", prefix, ErrNotFound)
	}
	return "", fmt.Errorf("document %s: %w: several begin so, give more digits", prefix, ErrNotFound)
}

// Each calls fn with every document version in order of arrival. fn ends the
// walk by returning an error, which Each returns.
func (s *Store) Each(ctx context.Context, fn func(corpus.Document) error) error {
	for last := corpus.Seq(0); ; {
		docs, err := s.query(ctx, "WHERE d.seq > ? ORDER BY d.seq LIMIT 200", int64(last))
		if err != nil || len(docs) == 0 {
			return err
		}
		for _, d := range docs {
			last = d.Seq
			if err := fn(d); err != nil {
				return err
			}
		}
	}
}

// A Change is one entry of the journal.
type Change struct {
	N        corpus.Seq // place in the journal: what a follower remembers
	Marked   bool       // only Replaced, Deleted or Tags changed, the text did not
	Removed  bool       // the document is no more; of it only Seq is given
	Document corpus.Document
}

// Changes gives the entries of the journal after n, at most limit, in order.
// The documents are as they are now, not as they were at the entry. Of one that
// was removed since there is only that.
func (s *Store) Changes(ctx context.Context, after corpus.Seq, limit int) ([]Change, error) {
	out, err := s.changes(ctx, after, limit)
	if err != nil {
		return nil, fmt.Errorf("read journal: %w", err)
	}
	return out, nil
}

func (s *Store) changes(ctx context.Context, after corpus.Seq, limit int) ([]Change, error) {
	rows, err := s.read.QueryContext(ctx, `SELECT j.seq, coalesce(d.replaced, 0), coalesce(d.deleted, 0), coalesce(d.tagged, ''), d.body, coalesce(t.tags, '[]'), j.n, j.op
		FROM journal j LEFT JOIN documents d ON d.seq = j.seq LEFT JOIN tags t ON t.seq = d.seq AND t.version = d.tagged
		WHERE j.n > ? AND (d.seq IS NOT NULL OR j.op = ?) ORDER BY j.n LIMIT ?`, int64(after), opRemoved, limit)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []Change
	for rows.Next() {
		var n int64
		var op int
		d, err := s.scan(rows, &n, &op)
		if err != nil {
			return nil, err
		}
		out = append(out, Change{N: corpus.Seq(n), Marked: op == opMarked || op == opTagged, Removed: op == opRemoved, Document: d})
	}
	return out, rows.Err()
}

// JournalEnd is the place of the last entry of the journal, 0 if it is empty.
func (s *Store) JournalEnd(ctx context.Context) (corpus.Seq, error) {
	var n int64
	if err := s.read.QueryRowContext(ctx, "SELECT coalesce(max(n), 0) FROM journal").Scan(&n); err != nil {
		return 0, fmt.Errorf("read journal: %w", err)
	}
	return corpus.Seq(n), nil
}

// A Volume says how much there is of one outlet.
type Volume struct {
	Documents int       // versions in force
	Last      time.Time // published time of the newest
}

// Volumes counts the documents in force by outlet.
func (s *Store) Volumes(ctx context.Context) (map[string]Volume, error) {
	rows, err := s.read.QueryContext(ctx, "SELECT outlet, count(*), max(published) FROM documents WHERE replaced = 0 GROUP BY outlet")
	if err != nil {
		return nil, fmt.Errorf("count documents: %w", err)
	}
	defer rows.Close()
	out := map[string]Volume{}
	for rows.Next() {
		var outlet string
		var v Volume
		var last int64
		if err := rows.Scan(&outlet, &v.Documents, &last); err != nil {
			return nil, fmt.Errorf("count documents: %w", err)
		}
		v.Last = fromUnix(last)
		out[outlet] = v
	}
	return out, rows.Err()
}
