package store

// What is special to posts: the edges to what they refer to, and the series of
// their counts.

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"chorus/corpus"
)

// An EdgeKind says how a post refers to another document.
type EdgeKind string

// The kinds of edge.
const (
	EdgeForward EdgeKind = "forward"
	EdgeReply   EdgeKind = "reply"
	EdgeQuote   EdgeKind = "quote"
	EdgeLink    EdgeKind = "link"
)

// An Edge is a reference from a post to a document, which we may not have.
type Edge struct {
	From corpus.DocID `json:"from"`
	Kind EdgeKind     `json:"kind"`
	To   corpus.DocID `json:"to"`
}

// mostEdges bounds the links of a post that are kept as edges.
const mostEdges = 200

// edgesOf lists what a post refers to, each once.
func edgesOf(d *corpus.Document) []Edge {
	if d.Article.Kind != corpus.KindPost {
		return nil
	}
	var out []Edge
	seen := map[Edge]bool{}
	add := func(kind EdgeKind, url string) {
		to, err := corpus.IDOf(url)
		e := Edge{d.ID, kind, to}
		if err == nil && to != d.ID && !seen[e] && len(out) < mostEdges {
			seen[e] = true
			out = append(out, e)
		}
	}
	add(EdgeForward, d.Item.ForwardOf)
	if p := d.Article.Post; p != nil {
		for kind, o := range map[EdgeKind]*corpus.Origin{EdgeForward: p.Forward, EdgeReply: p.Reply, EdgeQuote: p.Quote} {
			if o != nil {
				add(kind, o.URL)
			}
		}
		for _, m := range p.Media {
			if m.Kind == corpus.MediaLink {
				add(EdgeLink, m.URL)
			}
		}
	}
	for _, l := range d.Article.Links {
		add(EdgeLink, l.URL)
	}
	return out
}

func putEdges(ctx context.Context, tx *sql.Tx, d *corpus.Document) error {
	for _, e := range edgesOf(d) {
		if _, err := tx.ExecContext(ctx, "INSERT INTO edges (id, kind, target) VALUES (?, ?, ?) ON CONFLICT DO NOTHING", e.From, e.Kind, e.To); err != nil {
			return err
		}
	}
	return nil
}

// The counts of a post are sampled when a tenth of its age has passed since
// the last sample, but not more often than that.
const (
	sampleShare = 10
	leastSample = 10 * time.Minute
)

// putCounts adds a sample to the series of a post, if it is time for one and
// the counts have changed.
func putCounts(ctx context.Context, tx *sql.Tx, d *corpus.Document) error {
	p := d.Article.Post
	if p == nil || !p.Counts.Known() || p.Counts.At.IsZero() {
		return nil
	}
	var at int64
	var raw string
	err := tx.QueryRowContext(ctx, "SELECT at, counts FROM counts WHERE id = ? ORDER BY at DESC LIMIT 1", d.ID).Scan(&at, &raw)
	switch {
	case errors.Is(err, sql.ErrNoRows):
	case err != nil:
		return err
	default:
		last := fromUnix(at)
		if p.Counts.At.Sub(last) < max(leastSample, last.Sub(d.Published())/sampleShare) {
			return nil
		}
		var before corpus.Counts
		if err := json.Unmarshal([]byte(raw), &before); err != nil {
			return err
		}
		if sameCounts(before, p.Counts) {
			return nil
		}
	}
	now, err := json.Marshal(p.Counts)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, "INSERT INTO counts (id, at, counts) VALUES (?, ?, ?) ON CONFLICT DO NOTHING", d.ID, unix(p.Counts.At), string(now))
	return err
}

func sameCounts(a, b corpus.Counts) bool {
	a.At, b.At = time.Time{}, time.Time{}
	x, _ := json.Marshal(a)
	y, _ := json.Marshal(b)
	return string(x) == string(y)
}

// Counts gives the samples of a post's counts, the oldest first.
func (s *Store) Counts(ctx context.Context, id corpus.DocID) ([]corpus.Counts, error) {
	rows, err := s.read.QueryContext(ctx, "SELECT counts FROM counts WHERE id = ? ORDER BY at", id)
	if err != nil {
		return nil, fmt.Errorf("counts of %s: %w", id, err)
	}
	defer rows.Close()
	var out []corpus.Counts
	for rows.Next() {
		var raw string
		var c corpus.Counts
		if err := rows.Scan(&raw); err != nil {
			return nil, fmt.Errorf("counts of %s: %w", id, err)
		}
		if err := json.Unmarshal([]byte(raw), &c); err != nil {
			return nil, fmt.Errorf("counts of %s: %w", id, err)
		}
		out = append(out, c)
	}
	return out, rows.Err()
}

// keepSeen gives a post that was seen before the times of its first sight:
// the page that shows it now says nothing about them.
func keepSeen(ctx context.Context, tx *sql.Tx, page corpus.DocID, d *corpus.Document) error {
	var raw string
	err := tx.QueryRowContext(ctx, "SELECT item FROM frontier WHERE id = ?", page).Scan(&raw)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	var item corpus.Item
	if err := json.Unmarshal([]byte(raw), &item); err != nil {
		return err
	}
	d.Item.Seen, d.Item.Absent = item.Seen, item.Absent
	return nil
}

// mostRelations bounds the documents of each side that Relations gives.
const mostRelations = 50

// Relations gives the documents that a document refers to and those that refer
// to it, as far as we have them, and the samples of its counts.
func (s *Store) Relations(ctx context.Context, id corpus.DocID) (corpus.Relations, error) {
	var r corpus.Relations
	var err error
	if r.To, err = s.related(ctx, "e.target", "e.id = ?", id); err == nil {
		r.From, err = s.related(ctx, "e.id", "e.target = ?", id)
	}
	if err != nil {
		return r, fmt.Errorf("relations of %s: %w", id, err)
	}
	if len(r.From) == mostRelations {
		var all int
		if err := s.read.QueryRowContext(ctx, "SELECT count(*) FROM edges WHERE target = ?", id).Scan(&all); err != nil {
			return r, fmt.Errorf("relations of %s: %w", id, err)
		}
		r.More = all - mostRelations
	}
	r.Counts, err = s.Counts(ctx, id)
	return r, err
}

// related gives the documents in force at the other end of some edges.
func (s *Store) related(ctx context.Context, end, where string, id corpus.DocID) ([]corpus.Relation, error) {
	rows, err := s.read.QueryContext(ctx, "SELECT "+columns+", e.kind FROM edges e JOIN documents d ON d.id = "+end+" AND d.replaced = 0 LEFT JOIN tags t ON t.seq = d.seq AND t.version = d.tagged WHERE "+where+
		" ORDER BY d.published, d.seq LIMIT ?", id, mostRelations)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []corpus.Relation
	for rows.Next() {
		var kind string
		d, err := s.scan(rows, &kind)
		if err != nil {
			return nil, err
		}
		out = append(out, corpus.Relation{Kind: kind, Document: d})
	}
	return out, rows.Err()
}
