-- +goose Up

-- Documents that were removed, for ever. at is unix seconds; pending says that
-- the archive may still hold their bytes.
CREATE TABLE tombstones (
	id       TEXT    PRIMARY KEY,              -- corpus.DocID
	at       INTEGER NOT NULL,
	reason   TEXT    NOT NULL,
	outlet   TEXT    NOT NULL,
	kind     TEXT    NOT NULL,
	versions INTEGER NOT NULL,
	cause    TEXT    NOT NULL,                 -- takedown or retention
	since    INTEGER NOT NULL,                 -- nothing from before it can be of the document, unix seconds
	pending  INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX tombstones_pending ON tombstones (at) WHERE pending;

-- The pages that led to them: never fetched again.
CREATE TABLE tombstone_pages (
	page TEXT PRIMARY KEY,                     -- corpus.DocID of url
	url  TEXT NOT NULL,
	id   TEXT NOT NULL                         -- tombstones.id
) WITHOUT ROWID;
CREATE INDEX tombstone_pages_id ON tombstone_pages (id);

-- Pages by what they led to: a takedown asks for all of them.
CREATE INDEX frontier_doc ON frontier (doc) WHERE doc <> '';

-- +goose Down
DROP INDEX frontier_doc;
DROP TABLE tombstone_pages;
DROP TABLE tombstones;
