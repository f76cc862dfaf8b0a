package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"chorus/corpus"
)

// FeedStates gives what is known of every feed that was ever polled, by
// outlet and URL.
func (s *Store) FeedStates(ctx context.Context) ([]corpus.FeedState, error) {
	rows, err := s.read.QueryContext(ctx, "SELECT state, etag, last_modified FROM feeds ORDER BY outlet, url")
	if err != nil {
		return nil, fmt.Errorf("list feeds: %w", err)
	}
	defer rows.Close()
	var out []corpus.FeedState
	for rows.Next() {
		var raw, etag, modified string
		if err := rows.Scan(&raw, &etag, &modified); err != nil {
			return nil, fmt.Errorf("list feeds: %w", err)
		}
		f, err := decode[corpus.FeedState](raw)
		if err != nil {
			return nil, fmt.Errorf("list feeds: %w", err)
		}
		f.ETag, f.LastModified = etag, modified
		out = append(out, f)
	}
	return out, rows.Err()
}

func putFeed(ctx context.Context, tx *sql.Tx, f corpus.FeedState) error {
	raw, err := json.Marshal(f)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO feeds (outlet, url, due, etag, last_modified, state) VALUES (?, ?, ?, ?, ?, ?)
		ON CONFLICT (outlet, url) DO UPDATE SET due = excluded.due, etag = excluded.etag, last_modified = excluded.last_modified, state = excluded.state`,
		f.Outlet, f.URL, unix(f.Due), f.ETag, f.LastModified, string(raw))
	return err
}

// Losses gives what could not be had since a time, newest first, at most limit.
func (s *Store) Losses(ctx context.Context, since time.Time, limit int) ([]corpus.Loss, error) {
	rows, err := s.read.QueryContext(ctx, "SELECT outlet, url, feed, fault FROM faults WHERE at >= ? ORDER BY at DESC, rowid DESC LIMIT ?", unix(since), limit)
	if err != nil {
		return nil, fmt.Errorf("list faults: %w", err)
	}
	defer rows.Close()
	var out []corpus.Loss
	for rows.Next() {
		var l corpus.Loss
		var raw string
		if err := rows.Scan(&l.Outlet, &l.URL, &l.Feed, &raw); err != nil {
			return nil, fmt.Errorf("list faults: %w", err)
		}
		if l.Fault, err = decode[corpus.Fault](raw); err != nil {
			return nil, fmt.Errorf("list faults: %w", err)
		}
		out = append(out, l)
	}
	return out, rows.Err()
}

// ForgetLosses drops the faults from before a time and returns their number.
func (s *Store) ForgetLosses(ctx context.Context, before time.Time) (int64, error) {
	r, err := s.write.ExecContext(ctx, "DELETE FROM faults WHERE at < ?", unix(before))
	if err != nil {
		return 0, fmt.Errorf("forget faults: %w", err)
	}
	return r.RowsAffected()
}

func putLoss(ctx context.Context, tx *sql.Tx, l corpus.Loss) error {
	raw, err := json.Marshal(l.Fault)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, "INSERT INTO faults (at, outlet, url, feed, fault) VALUES (?, ?, ?, ?, ?)",
		unix(l.Fault.At), l.Outlet, l.URL, l.Feed, string(raw))
	return err
}

// decode reads JSON that this package wrote.
func decode[T any](raw string) (T, error) {
	var v T
	err := json.Unmarshal([]byte(raw), &v)
	return v, err
}
