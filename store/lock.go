package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"time"
)

// A Holder is the process that has the data folder for writing.
type Holder struct {
	PID    int       `json:"pid"`
	Host   string    `json:"host"`
	Verb   string    `json:"verb"`
	Listen string    `json:"listen,omitempty"` // address of its pages, if it serves them
	Since  time.Time `json:"since"`
}

// String names the holder for people.
func (h Holder) String() string {
	s := fmt.Sprintf("chorus %s, process %d on %s, since %s", h.Verb, h.PID, h.Host, h.Since.Format(time.RFC3339))
	if h.Listen != "" {
		s += ", serving http://" + h.Listen
	}
	return s
}

// A HeldError is returned by Acquire when another process has the folder.
type HeldError struct {
	Dir    string
	Holder Holder // zero if it left no word
}

// Error says who holds the folder and what to do.
func (e *HeldError) Error() string {
	who := "another chorus process"
	if e.Holder.PID != 0 {
		who = e.Holder.String()
	}
	return fmt.Sprintf("data folder %s is held by %s: stop that one, or name another folder with --data", e.Dir, who)
}

// A Lock keeps all other writers out of a data folder. The operating system
// releases it when the process ends, however it ends.
type Lock struct {
	db   *sql.DB
	conn *sql.Conn
	dir  string
	me   Holder
}

// Acquire takes the lock of a data folder, which is made if need be. If
// another process has it the error is a *HeldError.
func Acquire(ctx context.Context, dir, verb string) (*Lock, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("lock data folder: %w", err)
	}
	// SQLite's own file lock is portable and ends with the process.
	db, err := sql.Open("sqlite", address(filepath.Join(dir, "lock.db"), url.Values{"_pragma": {"busy_timeout(0)", "journal_mode(delete)"}}))
	if err != nil {
		return nil, fmt.Errorf("lock data folder: %w", err)
	}
	conn, err := db.Conn(ctx)
	if err == nil {
		_, err = conn.ExecContext(ctx, "BEGIN EXCLUSIVE")
	}
	if err != nil {
		db.Close()
		if held(err) {
			h, _ := HolderOf(dir)
			return nil, &HeldError{Dir: dir, Holder: h}
		}
		return nil, fmt.Errorf("lock data folder %s: %w", dir, err)
	}
	host, _ := os.Hostname()
	l := &Lock{db: db, conn: conn, dir: dir, me: Holder{PID: os.Getpid(), Host: host, Verb: verb, Since: time.Now().UTC().Truncate(time.Second)}}
	if err := l.note(); err != nil {
		l.Release()
		return nil, err
	}
	return l, nil
}

// held reports whether SQLite says that someone else has the file (SQLITE_BUSY).
func held(err error) bool {
	var coded interface{ Code() int }
	return errors.As(err, &coded) && coded.Code()&0xff == 5
}

// Listening notes the address at which the holder serves its pages.
func (l *Lock) Listening(address string) error {
	l.me.Listen = address
	return l.note()
}

func (l *Lock) note() error {
	raw, err := json.Marshal(l.me)
	if err != nil {
		return err
	}
	path := filepath.Join(l.dir, "holder.json")
	if err := os.WriteFile(path+".new", raw, 0o644); err != nil {
		return fmt.Errorf("note holder of data folder: %w", err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		return fmt.Errorf("note holder of data folder: %w", err)
	}
	return nil
}

// Release gives the folder up.
func (l *Lock) Release() error {
	os.Remove(filepath.Join(l.dir, "holder.json"))
	return errors.Join(l.conn.Close(), l.db.Close())
}

// HolderOf reads who last said that it holds a data folder. The process may
// have ended since without taking its word back.
func HolderOf(dir string) (Holder, bool) {
	raw, err := os.ReadFile(filepath.Join(dir, "holder.json"))
	if err != nil {
		return Holder{}, false
	}
	var h Holder
	return h, json.Unmarshal(raw, &h) == nil
}
