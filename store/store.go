// Package store is the journal of Chorus: what was made of the captures, in
// order of arrival, and what is still to be done. It is one SQLite file in
// the data folder.
//
//	chorus.db       feeds, frontier, documents, tags, tombstones, journal (migrations/*.sql)
//	lock.db         held exclusively by the one process that writes
//	holder.json     who that is, for people and for the command line
//
// Everything is committed with synchronous=FULL: what a method has returned
// from survives a power cut. One connection writes, several read; a Store may
// be used from any number of goroutines. What is deleted is overwritten in the
// file.
package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/klauspost/compress/zstd"
	"github.com/pressly/goose/v3"
	_ "modernc.org/sqlite" // the driver "sqlite"

	"chorus/corpus"
)

//go:embed migrations/*.sql
var migrations embed.FS

// File is the name of the database in the data folder.
const File = "chorus.db"

// ErrNotFound is returned when a named thing is not in the store.
var ErrNotFound = errors.New("not found")

// A Store is an open journal.
type Store struct {
	write *sql.DB // one connection
	read  *sql.DB
	zip   *zstd.Encoder
	unzip *zstd.Decoder
	path  string
}

// Open opens the store in a data folder, and makes both if need be. It does
// not take the lock: see Lock.
func Open(ctx context.Context, dir string) (*Store, error) {
	return OpenFile(ctx, filepath.Join(dir, File))
}

// OpenExisting opens the store in a data folder only if there is one; if not
// it returns ErrNotFound.
func OpenExisting(ctx context.Context, dir string) (*Store, error) {
	path := filepath.Join(dir, File)
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("open store %s: %w", path, ErrNotFound)
	}
	return OpenFile(ctx, path)
}

// OpenFile is Open for a database of another name.
func OpenFile(ctx context.Context, path string) (*Store, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}
	s := &Store{path: path}
	var err error
	if s.write, err = connect(path, 1, "rwc"); err != nil {
		return nil, fmt.Errorf("open store %s: %w", path, err)
	}
	if err := migrate(ctx, s.write); err != nil {
		s.write.Close()
		return nil, fmt.Errorf("open store %s: %w", path, err)
	}
	if s.read, err = connect(path, 4, "rw"); err != nil {
		s.write.Close()
		return nil, fmt.Errorf("open store %s: %w", path, err)
	}
	// Errors are impossible with these options; both are safe for concurrent use.
	s.zip, _ = zstd.NewWriter(nil, zstd.WithEncoderConcurrency(2))
	s.unzip, _ = zstd.NewReader(nil, zstd.WithDecoderConcurrency(2), zstd.WithDecoderMaxMemory(256<<20))
	return s, nil
}

func connect(path string, conns int, mode string) (*sql.DB, error) {
	db, err := sql.Open("sqlite", address(path, url.Values{
		"mode":    {mode},
		"_txlock": {"immediate"},
		"_pragma": {"busy_timeout(10000)", "journal_mode(wal)", "journal_size_limit(67108864)", "synchronous(full)", "cache_size(-32000)", "secure_delete(on)"},
	}))
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(conns)
	db.SetMaxIdleConns(conns)
	if err := db.Ping(); err != nil {
		db.Close()
		return nil, err
	}
	return db, nil
}

// address is a file as SQLite's driver wants it, whatever is in its name.
func address(path string, options url.Values) string {
	return "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + options.Encode()
}

func migrate(ctx context.Context, db *sql.DB) error {
	sub, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	p, err := goose.NewProvider(goose.DialectSQLite3, db, sub)
	if err != nil {
		return err
	}
	_, err = p.Up(ctx)
	return err
}

// Close ends all use of the store. What was committed stays.
func (s *Store) Close() error {
	s.unzip.Close()
	return errors.Join(s.read.Close(), s.zip.Close(), s.write.Close())
}

// Path is the file the store lives in.
func (s *Store) Path() string { return s.path }

// Check asks SQLite whether the file is sound; it reads all of it.
func (s *Store) Check(ctx context.Context) error {
	var word string
	if err := s.read.QueryRowContext(ctx, "PRAGMA quick_check(1)").Scan(&word); err != nil {
		return fmt.Errorf("check store: %w", err)
	}
	if word != "ok" {
		return fmt.Errorf("check store %s: %s", s.path, word)
	}
	return nil
}

// inTx runs fn in one write transaction.
func (s *Store) inTx(ctx context.Context, fn func(*sql.Tx) error) error {
	tx, err := s.write.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // after a commit it does nothing
	if err := fn(tx); err != nil {
		return err
	}
	return tx.Commit()
}

// Fact gives a named value that SetFact has kept, "" if there is none.
func (s *Store) Fact(ctx context.Context, name string) (string, error) {
	var v string
	err := s.read.QueryRowContext(ctx, "SELECT value FROM facts WHERE name = ?", name).Scan(&v)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return v, err
}

// SetFact keeps a small named value, such as the time of the last round.
func (s *Store) SetFact(ctx context.Context, name, value string) error {
	_, err := s.write.ExecContext(ctx, "INSERT INTO facts (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value", name, value)
	if err != nil {
		return fmt.Errorf("set fact %s: %w", name, err)
	}
	return nil
}

// unix is t in seconds, 0 for the zero time.
func unix(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.Unix()
}

// fromUnix undoes unix.
func fromUnix(n int64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return time.Unix(n, 0).UTC()
}

// An Extent says how many bytes of an archive segment are committed.
type Extent struct {
	File  string
	Bytes int64
}

// Extents lists the committed length of every archive segment, by name.
func (s *Store) Extents(ctx context.Context) ([]Extent, error) {
	rows, err := s.read.QueryContext(ctx, "SELECT file, bytes FROM segments ORDER BY file")
	if err != nil {
		return nil, fmt.Errorf("list segments: %w", err)
	}
	defer rows.Close()
	var out []Extent
	for rows.Next() {
		var e Extent
		if err := rows.Scan(&e.File, &e.Bytes); err != nil {
			return nil, fmt.Errorf("list segments: %w", err)
		}
		out = append(out, e)
	}
	return out, rows.Err()
}

// Captured gives the last evidence of an address that answered with a body.
func (s *Store) Captured(ctx context.Context, address string) (corpus.Evidence, bool) {
	id, err := corpus.IDOf(address)
	if err != nil {
		return corpus.Evidence{}, false
	}
	var raw string
	if err := s.read.QueryRowContext(ctx, "SELECT evidence FROM captures WHERE id = ?", id).Scan(&raw); err != nil {
		return corpus.Evidence{}, false
	}
	ev, err := decode[corpus.Evidence](raw)
	return ev, err == nil
}
