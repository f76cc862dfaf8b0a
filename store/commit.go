package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"chorus/corpus"
)

// A Poll is what came of polling one feed.
type Poll struct {
	State corpus.FeedState
	Items []Discovery
	At    time.Time
}

// A Visit is what came of fetching one page.
type Visit struct {
	Page     corpus.DocID
	Host     string
	Item     corpus.Item
	Fetched  time.Time
	State    string           // Pending, Done or Failed
	Due      time.Time        // when to look again; zero: never
	Fault    *corpus.Fault    // nil if the page was had
	Document *corpus.Document // nil if there is none; Commit sets its Seq, Edit and Replaced
	Gone     bool             // the server says that the page is gone
	Added    bool             // set by Commit: the document is new, or a new version
}

// A Batch is what one transaction commits. The evidence must be on disk
// already: Extents says how far.
type Batch struct {
	Extents  []Extent
	Captured []corpus.Evidence // last answers by address, for later revisit records
	Polls    []Poll
	Visits   []*Visit
	Losses   []corpus.Loss
	Buried   []corpus.Tombstone // of documents of which the archive holds nothing any more
}

// Commit makes a batch durable, all or nothing.
//
// A document whose text is that of the version in force adds nothing; one
// with another text becomes a new version and marks the old one as replaced.
// A page that answers for another page's document (an AMP twin with the same
// canonical URL) adds nothing either: the first address that brought a
// document goes on to speak for it. Of a document that has a tombstone, and of
// the pages that led to it, nothing is kept.
func (s *Store) Commit(ctx context.Context, b *Batch) error {
	err := s.inTx(ctx, func(tx *sql.Tx) error {
		for _, e := range b.Extents {
			if _, err := tx.ExecContext(ctx, "INSERT INTO segments (file, bytes) VALUES (?, ?) ON CONFLICT (file) DO UPDATE SET bytes = excluded.bytes", e.File, e.Bytes); err != nil {
				return err
			}
		}
		for _, ev := range b.Captured {
			if err := putCaptured(ctx, tx, ev); err != nil {
				return err
			}
		}
		for _, p := range b.Polls {
			if err := putFeed(ctx, tx, p.State); err != nil {
				return err
			}
			for _, d := range p.Items {
				if err := putItem(ctx, tx, d, p.At); err != nil {
					return err
				}
			}
		}
		for _, v := range b.Visits {
			if err := s.putVisit(ctx, tx, v); err != nil {
				return fmt.Errorf("%s: %w", v.Item.URL, err)
			}
		}
		for _, l := range b.Losses {
			if err := putLoss(ctx, tx, l); err != nil {
				return err
			}
		}
		for i := range b.Buried {
			if err := bury(ctx, tx, &b.Buried[i], false); err != nil {
				return fmt.Errorf("tombstone of %s: %w", b.Buried[i].ID, err)
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}

func putCaptured(ctx context.Context, tx *sql.Tx, ev corpus.Evidence) error {
	id, err := corpus.IDOf(ev.URL)
	if err != nil {
		return nil // an address without identity is never asked for again
	}
	raw, err := json.Marshal(ev)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, "INSERT INTO captures (id, evidence) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET evidence = excluded.evidence", id, string(raw))
	return err
}

func (s *Store) putVisit(ctx context.Context, tx *sql.Tx, v *Visit) error {
	doc := corpus.DocID("")
	if v.Document != nil {
		doc = v.Document.ID
	}
	if gone, err := buried(ctx, tx, v.Page, doc); err != nil || gone {
		return err
	}
	if v.Document != nil {
		if v.Document.Article.Post != nil {
			if err := keepSeen(ctx, tx, v.Page, v.Document); err != nil {
				return err
			}
			if err := putCounts(ctx, tx, v.Document); err != nil {
				return err
			}
		}
		var err error
		if v.Added, err = s.putDocument(ctx, tx, v.Page, v.Document); err != nil {
			return err
		}
	}
	if v.Gone {
		if err := markGone(ctx, tx, v.Page, v.Fetched); err != nil {
			return err
		}
	}
	item, err := json.Marshal(v.Item)
	if err != nil {
		return err
	}
	var fault sql.NullString
	if v.Fault != nil {
		raw, err := json.Marshal(v.Fault)
		if err != nil {
			return err
		}
		fault = sql.NullString{String: string(raw), Valid: true}
	}
	good := v.State == Done
	_, err = tx.ExecContext(ctx, `INSERT INTO frontier (id, url, host, item, state, due, attempts, visits, fetched, doc, fault)
		VALUES (?1, ?2, ?3, ?4, ?5, ?6, CASE WHEN ?7 THEN 0 ELSE 1 END, CASE WHEN ?7 THEN 1 ELSE 0 END, CASE WHEN ?7 THEN ?8 ELSE 0 END, ?9, ?10)
		ON CONFLICT (id) DO UPDATE SET state = ?5, due = ?6, lease = 0, fault = ?10,
			attempts = CASE WHEN ?7 THEN 0 ELSE attempts END,
			visits   = CASE WHEN ?7 THEN visits + 1 ELSE visits END,
			fetched  = CASE WHEN ?7 THEN ?8 ELSE fetched END,
			doc      = CASE WHEN ?9 <> '' THEN ?9 ELSE doc END`,
		v.Page, v.Item.URL, v.Host, string(item), v.State, unix(v.Due), good, unix(v.Fetched), doc, fault)
	return err
}

// The operations of the journal.
const (
	opNew     = 1
	opMarked  = 2
	opTagged  = 3
	opRemoved = 4
)

func note(ctx context.Context, tx *sql.Tx, seq corpus.Seq, op int) error {
	_, err := tx.ExecContext(ctx, "INSERT INTO journal (seq, op) VALUES (?, ?)", seq, op)
	return err
}

// putDocument adds a document unless its text is in force already.
func (s *Store) putDocument(ctx context.Context, tx *sql.Tx, page corpus.DocID, d *corpus.Document) (added bool, err error) {
	var prev struct {
		seq     corpus.Seq
		edit    int
		version string
		page    corpus.DocID
		deleted int64
	}
	err = tx.QueryRowContext(ctx, "SELECT seq, edit, version, page, deleted FROM documents WHERE id = ? ORDER BY edit DESC LIMIT 1", d.ID).
		Scan(&prev.seq, &prev.edit, &prev.version, &prev.page, &prev.deleted)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return true, s.insertDocument(ctx, tx, page, d)
	case err != nil:
		return false, err
	case prev.page != page:
		return false, nil
	case prev.version == d.Version:
		d.Seq, d.Edit = prev.seq, prev.edit
		if prev.deleted == 0 {
			return false, nil
		}
		if _, err := tx.ExecContext(ctx, "UPDATE documents SET deleted = 0 WHERE seq = ?", prev.seq); err != nil {
			return false, err
		}
		return false, note(ctx, tx, prev.seq, opMarked)
	}
	d.Edit = prev.edit + 1
	if err := s.insertDocument(ctx, tx, page, d); err != nil {
		return false, err
	}
	if _, err := tx.ExecContext(ctx, "UPDATE documents SET replaced = ? WHERE seq = ?", d.Seq, prev.seq); err != nil {
		return false, err
	}
	return true, note(ctx, tx, prev.seq, opMarked)
}

func (s *Store) insertDocument(ctx context.Context, tx *sql.Tx, page corpus.DocID, d *corpus.Document) error {
	body, err := s.pack(d)
	if err != nil {
		return err
	}
	r, err := tx.ExecContext(ctx, "INSERT INTO documents (id, edit, page, version, outlet, published, tagged, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
		d.ID, d.Edit, page, d.Version, d.Item.Outlet, unix(d.Published()), d.Judge, body)
	if err != nil {
		return err
	}
	seq, err := r.LastInsertId()
	if err != nil {
		return err
	}
	d.Seq = corpus.Seq(seq)
	if err := putEdges(ctx, tx, d); err != nil {
		return err
	}
	if len(d.Tags) > 0 {
		if err := putTags(ctx, tx, d.Seq, d.Judge, d.Tags); err != nil {
			return err
		}
	}
	return note(ctx, tx, d.Seq, opNew)
}

func putTags(ctx context.Context, tx *sql.Tx, seq corpus.Seq, version string, tags []corpus.Tag) error {
	raw, err := json.Marshal(tags)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, "INSERT INTO tags (seq, version, tags) VALUES (?, ?, ?) ON CONFLICT (seq, version) DO UPDATE SET tags = excluded.tags", seq, version, string(raw))
	return err
}

// markGone notes that the page of a document was found gone, the first time it was.
func markGone(ctx context.Context, tx *sql.Tx, page corpus.DocID, at time.Time) error {
	var seq corpus.Seq
	err := tx.QueryRowContext(ctx, `SELECT d.seq FROM frontier f JOIN documents d ON d.id = f.doc AND d.page = f.id
		WHERE f.id = ? AND d.replaced = 0 AND d.deleted = 0`, page).Scan(&seq)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, "UPDATE documents SET deleted = ? WHERE seq = ?", unix(at), seq); err != nil {
		return err
	}
	return note(ctx, tx, seq, opMarked)
}
