package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"chorus/corpus"
)

// Retag puts other tags in force for documents, all by the classifier version
// given. The old ones are kept under theirs.
func (s *Store) Retag(ctx context.Context, version string, tags map[corpus.Seq][]corpus.Tag) error {
	err := s.inTx(ctx, func(tx *sql.Tx) error {
		for seq, t := range tags {
			// A document without tags has no row: it gets one for what it was
			// judged by, so that "none" can be told from "never asked".
			if _, err := tx.ExecContext(ctx, "INSERT OR IGNORE INTO tags (seq, version, tags) SELECT seq, tagged, '[]' FROM documents WHERE seq = ? AND tagged NOT IN ('', ?)", seq, version); err != nil {
				return err
			}
			if t == nil {
				t = []corpus.Tag{}
			}
			if _, err := tx.ExecContext(ctx, "UPDATE documents SET tagged = ? WHERE seq = ?", version, seq); err != nil {
				return err
			}
			if err := putTags(ctx, tx, seq, version, t); err != nil {
				return err
			}
			if err := note(ctx, tx, seq, opTagged); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("retag: %w", err)
	}
	return nil
}

// A TagVersion says how many documents have tags by one classifier version.
type TagVersion struct {
	Version   string `json:"version"`
	Documents int    `json:"documents"` // versions of documents that it judged
	Tagged    int    `json:"tagged"`    // of these, how many it gave a tag
	InForce   int    `json:"in_force"`  // of these, how many nothing newer has judged
}

// TagVersions lists the classifier versions whose tags are kept, that with most
// in force last.
func (s *Store) TagVersions(ctx context.Context) ([]TagVersion, error) {
	rows, err := s.read.QueryContext(ctx, `
		WITH judged AS (
			SELECT seq, version, tags <> '[]' AS some FROM tags
			UNION SELECT seq, tagged, 0 FROM documents d WHERE tagged <> '' AND NOT EXISTS (SELECT 1 FROM tags t WHERE t.seq = d.seq AND t.version = d.tagged))
		SELECT j.version, count(*), sum(some), sum(j.version = d.tagged) AS force
		FROM judged j JOIN documents d ON d.seq = j.seq GROUP BY j.version ORDER BY force, j.version`)
	if err != nil {
		return nil, fmt.Errorf("read tag versions: %w", err)
	}
	defer rows.Close()
	var out []TagVersion
	for rows.Next() {
		var v TagVersion
		if err := rows.Scan(&v.Version, &v.Documents, &v.Tagged, &v.InForce); err != nil {
			return nil, fmt.Errorf("read tag versions: %w", err)
		}
		out = append(out, v)
	}
	return out, rows.Err()
}

// A TagChange is how many documents of a month carry a narrative by an older
// classifier version and by the tags in force.
type TagChange struct {
	Narrative string    `json:"narrative"`
	Month     time.Time `json:"month"` // its first day; zero: undated
	Before    int       `json:"before"`
	After     int       `json:"after"`
	Gained    int       `json:"gained"` // carry it now, did not then
	Lost      int       `json:"lost"`   // carried it then, do not now
}

// CompareTags counts the documents in force that carry each narrative, by an
// older classifier version and now, by the month they were published in. A
// document carries a narrative if a tag asserts or reports it. Documents that the
// version never judged are left out.
func (s *Store) CompareTags(ctx context.Context, version string) ([]TagChange, error) {
	rows, err := s.read.QueryContext(ctx, `
		WITH seen AS (SELECT seq, tagged, published FROM documents d
			WHERE replaced = 0 AND (tagged = ?1 OR EXISTS (SELECT 1 FROM tags t WHERE t.seq = d.seq AND t.version = ?1))),
		sides AS (
			SELECT seen.seq, published, 0 AS side, tags FROM seen JOIN tags t ON t.seq = seen.seq AND t.version = ?1
			UNION ALL
			SELECT seen.seq, published, 1, tags FROM seen JOIN tags t ON t.seq = seen.seq AND t.version = seen.tagged),
		carried AS (
			SELECT seq, published, json_extract(j.value, '$.narrative') AS narrative, max(side = 0) AS old, max(side = 1) AS new
			FROM sides, json_each(sides.tags) j WHERE json_extract(j.value, '$.stance') IN (?2, ?3)
			GROUP BY seq, narrative)
		SELECT narrative, CASE published WHEN 0 THEN '' ELSE strftime('%Y-%m', published, 'unixepoch') END AS month,
			sum(old), sum(new), sum(new AND NOT old), sum(old AND NOT new)
		FROM carried GROUP BY narrative, month ORDER BY narrative, month`, version, corpus.StanceAsserts, corpus.StanceReports)
	if err != nil {
		return nil, fmt.Errorf("compare tags: %w", err)
	}
	defer rows.Close()
	var out []TagChange
	for rows.Next() {
		var c TagChange
		var month string
		if err := rows.Scan(&c.Narrative, &month, &c.Before, &c.After, &c.Gained, &c.Lost); err != nil {
			return nil, fmt.Errorf("compare tags: %w", err)
		}
		if month != "" {
			if c.Month, err = time.Parse("2006-01", month); err != nil {
				return nil, fmt.Errorf("compare tags: %w", err)
			}
		}
		out = append(out, c)
	}
	return out, rows.Err()
}

// Count gives the number of documents, all their versions counted.
func (s *Store) Count(ctx context.Context) (int, error) {
	var n int
	if err := s.read.QueryRowContext(ctx, "SELECT count(*) FROM documents").Scan(&n); err != nil {
		return 0, fmt.Errorf("count documents: %w", err)
	}
	return n, nil
}
