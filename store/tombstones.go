package store

// Documents that were removed, and what stays of them: a tombstone.

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"chorus/corpus"
)

// Plot says what a takedown of a document would remove: its tombstone but for
// the time, the cause and the reason. It returns ErrNotFound if there is no
// such document.
func (s *Store) Plot(ctx context.Context, id corpus.DocID) (corpus.Tombstone, error) {
	versions, err := s.Versions(ctx, id)
	if err != nil {
		return corpus.Tombstone{}, err
	}
	if len(versions) == 0 {
		return corpus.Tombstone{}, fmt.Errorf("document %s: %w", id, ErrNotFound)
	}
	last := &versions[len(versions)-1]
	t := corpus.Tombstone{ID: id, Outlet: last.Item.Outlet, Kind: last.Article.Kind, Versions: len(versions), Since: last.Seen()}
	for i := range versions {
		meetPage(&t, versions[i].Item, versions[i].Evidence.Fetched)
	}
	rows, err := s.read.QueryContext(ctx, "SELECT item FROM frontier WHERE doc <> '' AND doc = ?1 UNION SELECT item FROM frontier WHERE id = ?1", id)
	if err != nil {
		return t, fmt.Errorf("pages of %s: %w", id, err)
	}
	defer rows.Close()
	for rows.Next() {
		var raw string
		if err := rows.Scan(&raw); err != nil {
			return t, fmt.Errorf("pages of %s: %w", id, err)
		}
		item, err := decode[corpus.Item](raw)
		if err != nil {
			return t, fmt.Errorf("pages of %s: %w", id, err)
		}
		meetPage(&t, item, time.Time{})
	}
	return t, rows.Err()
}

// meetPage takes in an item of a page that led to the document.
func meetPage(t *corpus.Tombstone, item corpus.Item, fetched time.Time) {
	for _, at := range []time.Time{item.Seen, fetched} {
		if !at.IsZero() && at.Before(t.Since) {
			t.Since = at
		}
	}
	if !slices.Contains(t.Pages, item.URL) {
		t.Pages = append(t.Pages, item.URL)
	}
}

// Bury removes documents with all that was made of them and puts their
// tombstones, all or nothing. The journal tells its followers. Their pages are
// never due again, and nothing will be committed for them any more. What was
// removed is overwritten in the file, see Scrub.
//
// The tombstones are pending until the archive is known to hold nothing of the
// documents either: see Pending and Commit.
func (s *Store) Bury(ctx context.Context, tombstones []corpus.Tombstone) error {
	err := s.inTx(ctx, func(tx *sql.Tx) error {
		for i := range tombstones {
			if err := bury(ctx, tx, &tombstones[i], true); err != nil {
				return fmt.Errorf("%s: %w", tombstones[i].ID, err)
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("remove documents: %w", err)
	}
	return nil
}

func bury(ctx context.Context, tx *sql.Tx, t *corpus.Tombstone, pending bool) error {
	seqs, err := versionsOf(ctx, tx, t.ID)
	if err != nil {
		return err
	}
	for _, seq := range seqs {
		if _, err := tx.ExecContext(ctx, "DELETE FROM tags WHERE seq = ?", seq); err != nil {
			return err
		}
		if err := note(ctx, tx, seq, opRemoved); err != nil {
			return err
		}
	}
	for _, table := range []string{"documents", "counts", "edges"} {
		if _, err := tx.ExecContext(ctx, "DELETE FROM "+table+" WHERE id = ?", t.ID); err != nil {
			return err
		}
	}
	// A second tombstone, of a rebuild say, adds nothing but its pages.
	_, err = tx.ExecContext(ctx, `INSERT INTO tombstones (id, at, reason, outlet, kind, versions, cause, since, pending) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (id) DO UPDATE SET pending = excluded.pending`,
		t.ID, unix(t.At), t.Reason, t.Outlet, string(t.Kind), t.Versions, string(t.Cause), unix(t.Since), pending)
	if err != nil {
		return err
	}
	for _, address := range t.Pages {
		if err := buryPage(ctx, tx, t, address); err != nil {
			return err
		}
	}
	return nil
}

func versionsOf(ctx context.Context, tx *sql.Tx, id corpus.DocID) ([]corpus.Seq, error) {
	rows, err := tx.QueryContext(ctx, "SELECT seq FROM documents WHERE id = ? ORDER BY seq", id)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []corpus.Seq
	for rows.Next() {
		var seq corpus.Seq
		if err := rows.Scan(&seq); err != nil {
			return nil, err
		}
		out = append(out, seq)
	}
	return out, rows.Err()
}

// buryPage closes a page for ever; of its item stays the address.
func buryPage(ctx context.Context, tx *sql.Tx, t *corpus.Tombstone, address string) error {
	page, err := corpus.IDOf(address)
	if err != nil {
		return nil // no feed can bring it either
	}
	if _, err := tx.ExecContext(ctx, "INSERT INTO tombstone_pages (page, url, id) VALUES (?, ?, ?) ON CONFLICT DO NOTHING", page, address, t.ID); err != nil {
		return err
	}
	item, err := json.Marshal(corpus.Item{Outlet: t.Outlet, URL: address, Seen: t.Since})
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO frontier (id, url, host, item, state) VALUES (?1, ?2, '', ?3, 'done')
		ON CONFLICT (id) DO UPDATE SET item = ?3, state = 'done', due = 0, lease = 0, doc = '', fault = NULL`, page, address, string(item))
	return err
}

// buried reports whether a page or document was removed.
func buried(ctx context.Context, tx *sql.Tx, page, doc corpus.DocID) (bool, error) {
	var one int
	err := tx.QueryRowContext(ctx, "SELECT 1 FROM tombstone_pages WHERE page = ?1 UNION ALL SELECT 1 FROM tombstones WHERE id IN (?1, ?2) LIMIT 1", page, doc).Scan(&one)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, err
}

// Buried tells which of the pages or documents were removed.
func (s *Store) Buried(ctx context.Context, ids []corpus.DocID) (map[corpus.DocID]bool, error) {
	var any int
	if err := s.read.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM tombstones)").Scan(&any); err != nil {
		return nil, fmt.Errorf("look up tombstones: %w", err)
	}
	if any == 0 {
		return nil, nil
	}
	q, err := s.read.PrepareContext(ctx, "SELECT 1 FROM tombstone_pages WHERE page = ?1 UNION ALL SELECT 1 FROM tombstones WHERE id = ?1 LIMIT 1")
	if err != nil {
		return nil, fmt.Errorf("look up tombstones: %w", err)
	}
	defer q.Close()
	found := map[corpus.DocID]bool{}
	for _, id := range ids {
		var one int
		switch err := q.QueryRowContext(ctx, id).Scan(&one); {
		case err == nil:
			found[id] = true
		case !errors.Is(err, sql.ErrNoRows):
			return nil, fmt.Errorf("look up tombstones: %w", err)
		}
	}
	return found, nil
}

// Tombstone gives the tombstone of a document, or of the document that a page
// with this id led to. It returns ErrNotFound if there is none.
func (s *Store) Tombstone(ctx context.Context, id corpus.DocID) (corpus.Tombstone, error) {
	all, err := s.tombstones(ctx, "WHERE t.id = ?1 OR t.id = (SELECT id FROM tombstone_pages WHERE page = ?1)", id)
	if err != nil {
		return corpus.Tombstone{}, err
	}
	if len(all) == 0 {
		return corpus.Tombstone{}, fmt.Errorf("tombstone of %s: %w", id, ErrNotFound)
	}
	return all[0], nil
}

// Tombstones gives all tombstones, the oldest first.
func (s *Store) Tombstones(ctx context.Context) ([]corpus.Tombstone, error) {
	return s.tombstones(ctx, "")
}

// Pending gives the tombstones of documents of which the archive may still
// hold something.
func (s *Store) Pending(ctx context.Context) ([]corpus.Tombstone, error) {
	return s.tombstones(ctx, "WHERE t.pending")
}

func (s *Store) tombstones(ctx context.Context, where string, args ...any) ([]corpus.Tombstone, error) {
	rows, err := s.read.QueryContext(ctx, `SELECT t.id, t.at, t.reason, t.outlet, t.kind, t.versions, t.cause, t.since,
		(SELECT json_group_array(p.url) FROM (SELECT url FROM tombstone_pages WHERE id = t.id ORDER BY url) p)
		FROM tombstones t `+where+" ORDER BY t.at, t.id", args...)
	if err != nil {
		return nil, fmt.Errorf("read tombstones: %w", err)
	}
	defer rows.Close()
	var out []corpus.Tombstone
	for rows.Next() {
		var t corpus.Tombstone
		var at, since int64
		var pages string
		if err := rows.Scan(&t.ID, &at, &t.Reason, &t.Outlet, &t.Kind, &t.Versions, &t.Cause, &since, &pages); err != nil {
			return nil, fmt.Errorf("read tombstones: %w", err)
		}
		t.At, t.Since = fromUnix(at), fromUnix(since)
		if t.Pages, err = decode[[]string](pages); err != nil {
			return nil, fmt.Errorf("read tombstones: %w", err)
		}
		out = append(out, t)
	}
	return out, rows.Err()
}

// Idle gives documents whose pages were last fetched before a time, in order of
// their ids: at most limit, after the one given.
func (s *Store) Idle(ctx context.Context, before time.Time, after corpus.DocID, limit int) ([]corpus.DocID, error) {
	rows, err := s.read.QueryContext(ctx, "SELECT doc FROM frontier WHERE doc <> '' AND doc > ? GROUP BY doc HAVING max(fetched) < ? ORDER BY doc LIMIT ?", after, unix(before), limit)
	if err != nil {
		return nil, fmt.Errorf("find old documents: %w", err)
	}
	defer rows.Close()
	var out []corpus.DocID
	for rows.Next() {
		var id corpus.DocID
		if err := rows.Scan(&id); err != nil {
			return nil, fmt.Errorf("find old documents: %w", err)
		}
		out = append(out, id)
	}
	return out, rows.Err()
}

// Fetched is when a page of a document was last had.
func (s *Store) Fetched(ctx context.Context, id corpus.DocID) (time.Time, error) {
	var at int64
	if err := s.read.QueryRowContext(ctx, "SELECT coalesce(max(fetched), 0) FROM frontier WHERE doc <> '' AND doc = ?", id).Scan(&at); err != nil {
		return time.Time{}, fmt.Errorf("when %s was fetched: %w", id, err)
	}
	return fromUnix(at), nil
}

// Scrub makes the file forget what was deleted: the connection that writes
// overwrites it, and here the log of writes is brought into the file and cut.
// While another process reads, the log cannot be cut; that is then done when
// the store is closed.
func (s *Store) Scrub(ctx context.Context) error {
	if _, err := s.write.ExecContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)"); err != nil {
		return fmt.Errorf("scrub store: %w", err)
	}
	return nil
}
