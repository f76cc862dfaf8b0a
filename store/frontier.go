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

// The states of a page in the frontier.
const (
	Pending = "pending" // not fetched yet, or to be tried again
	Leased  = "leased"  // being fetched
	Done    = "done"    // fetched; looked at again when it is due
	Failed  = "failed"  // given up
)

// A Lease is the right to fetch one page, until it ends or the page is committed.
type Lease struct {
	Page     corpus.DocID // id of the item's URL
	Item     corpus.Item
	Host     string
	Attempts int // fetches since the last good one, this one included
	Visits   int // good fetches so far
}

// released makes a leased page what it was before.
const released = "lease = 0, attempts = max(0, attempts - 1), state = CASE WHEN visits > 0 THEN 'done' ELSE 'pending' END"

// Release frees all leases. Only the holder of the lock may call it, at
// start: whoever had them is gone.
func (s *Store) Release(ctx context.Context) error {
	_, err := s.write.ExecContext(ctx, "UPDATE frontier SET "+released+" WHERE state = 'leased'")
	if err != nil {
		return fmt.Errorf("release leases: %w", err)
	}
	return nil
}

// Claim leases pages that are due, oldest first: at most perHost of each host
// for which busy is false, and at most limit in all.
func (s *Store) Claim(ctx context.Context, now, until time.Time, perHost, limit int, busy func(host string) bool) ([]Lease, error) {
	hosts, err := s.dueHosts(ctx, now)
	if err != nil {
		return nil, fmt.Errorf("claim pages: %w", err)
	}
	var out []Lease
	err = s.inTx(ctx, func(tx *sql.Tx) error {
		for _, host := range hosts {
			if busy(host) {
				continue
			}
			n := min(perHost, limit-len(out))
			if n <= 0 {
				return nil
			}
			leases, err := claimHost(ctx, tx, host, now, until, n)
			if err != nil {
				return err
			}
			out = append(out, leases...)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("claim pages: %w", err)
	}
	return out, nil
}

func claimHost(ctx context.Context, tx *sql.Tx, host string, now, until time.Time, n int) ([]Lease, error) {
	rows, err := tx.QueryContext(ctx, `UPDATE frontier SET state = 'leased', lease = ?, attempts = attempts + 1
		WHERE id IN (SELECT id FROM frontier WHERE host = ? AND due > 0 AND due <= ? AND lease <= ? ORDER BY due LIMIT ?)
		RETURNING id, host, item, attempts, visits`, unix(until), host, unix(now), unix(now), n)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []Lease
	for rows.Next() {
		var l Lease
		var raw string
		if err := rows.Scan(&l.Page, &l.Host, &raw, &l.Attempts, &l.Visits); err != nil {
			return nil, err
		}
		if l.Item, err = decode[corpus.Item](raw); err != nil {
			return nil, err
		}
		out = append(out, l)
	}
	return out, rows.Err()
}

// dueHosts lists the hosts that have something due, the longest waiting
// first. It skips through the index from host to host.
func (s *Store) dueHosts(ctx context.Context, now time.Time) ([]string, error) {
	rows, err := s.read.QueryContext(ctx, `WITH RECURSIVE h(host) AS (
			SELECT min(host) FROM frontier WHERE due > 0
			UNION ALL
			SELECT (SELECT min(host) FROM frontier WHERE due > 0 AND host > h.host) FROM h WHERE h.host IS NOT NULL)
		SELECT host FROM (SELECT host, (SELECT min(due) FROM frontier f WHERE f.host = h.host AND due > 0) AS first FROM h WHERE host IS NOT NULL)
		WHERE first <= ? ORDER BY first, host`, unix(now))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []string
	for rows.Next() {
		var h string
		if err := rows.Scan(&h); err != nil {
			return nil, err
		}
		out = append(out, h)
	}
	return out, rows.Err()
}

// Unlease gives pages back that were claimed but not fetched, as if they had
// never been claimed.
func (s *Store) Unlease(ctx context.Context, leases []Lease) error {
	err := s.inTx(ctx, func(tx *sql.Tx) error {
		for _, l := range leases {
			if _, err := tx.ExecContext(ctx, "UPDATE frontier SET "+released+" WHERE id = ? AND state = 'leased'", l.Page); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("give pages back: %w", err)
	}
	return nil
}

// Known tells which of the pages are in the frontier already.
func (s *Store) Known(ctx context.Context, pages []corpus.DocID) (map[corpus.DocID]bool, error) {
	known := make(map[corpus.DocID]bool, len(pages))
	q, err := s.read.PrepareContext(ctx, "SELECT 1 FROM frontier WHERE id = ?")
	if err != nil {
		return nil, fmt.Errorf("look up pages: %w", err)
	}
	defer q.Close()
	for _, p := range pages {
		var one int
		switch err := q.QueryRowContext(ctx, p).Scan(&one); {
		case err == nil:
			known[p] = true
		case !errors.Is(err, sql.ErrNoRows):
			return nil, fmt.Errorf("look up pages: %w", err)
		}
	}
	return known, nil
}

// FrontierCounts gives the number of pages in each state but Done: those are
// nearly all, and take long to count.
func (s *Store) FrontierCounts(ctx context.Context) (map[string]int, error) {
	rows, err := s.read.QueryContext(ctx, "SELECT state, count(*) FROM frontier WHERE state IN ('pending', 'leased', 'failed') GROUP BY state")
	if err != nil {
		return nil, fmt.Errorf("count pages: %w", err)
	}
	defer rows.Close()
	out := map[string]int{}
	for rows.Next() {
		var state string
		var n int
		if err := rows.Scan(&state, &n); err != nil {
			return nil, fmt.Errorf("count pages: %w", err)
		}
		out[state] = n
	}
	return out, rows.Err()
}

// A Discovery is an item that a feed brought, on its way into the frontier.
type Discovery struct {
	Page corpus.DocID
	Host string
	Item corpus.Item
}

// putItem adds a page, or, if the feed says that it changed since we fetched
// it, makes it due again. Some feeds say so of all pages all the time: with n
// good fetches the next one comes at least n² quarters of an hour after the last.
// A page of a document that was removed is left alone.
func putItem(ctx context.Context, tx *sql.Tx, d Discovery, now time.Time) error {
	if gone, err := buried(ctx, tx, d.Page, d.Page); err != nil || gone {
		return err
	}
	raw, err := json.Marshal(d.Item)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO frontier (id, url, host, item, due) VALUES (?1, ?2, ?3, ?4, ?5)
		ON CONFLICT (id) DO UPDATE SET due = CASE WHEN due > 0 THEN min(due, max(?5, fetched + 900 * visits * visits)) ELSE max(?5, fetched + 900 * visits * visits) END
			WHERE ?6 > fetched AND fetched > 0 AND state = 'done'`,
		d.Page, d.Item.URL, d.Host, string(raw), unix(now), unix(d.Item.Updated))
	return err
}
