-- +goose Up

-- What is known of the polling of each feed. state is corpus.FeedState as JSON.
CREATE TABLE feeds (
	outlet        TEXT    NOT NULL,
	url           TEXT    NOT NULL,
	due           INTEGER NOT NULL,            -- unix seconds
	etag          TEXT    NOT NULL DEFAULT '',
	last_modified TEXT    NOT NULL DEFAULT '',
	state         TEXT    NOT NULL,
	PRIMARY KEY (outlet, url)
) WITHOUT ROWID;

-- The pages to fetch, one row a page for ever: pending, leased, done, failed.
CREATE TABLE frontier (
	id       TEXT    PRIMARY KEY,              -- corpus.DocID of url
	url      TEXT    NOT NULL,
	host     TEXT    NOT NULL,                 -- registrable domain: what politeness counts by
	item     TEXT    NOT NULL,                 -- corpus.Item as JSON
	state    TEXT    NOT NULL DEFAULT 'pending',
	due      INTEGER NOT NULL DEFAULT 0,       -- unix seconds; 0: nothing to do
	lease    INTEGER NOT NULL DEFAULT 0,       -- leased until, unix seconds; 0: free
	attempts INTEGER NOT NULL DEFAULT 0,       -- fetches since the last good one
	visits   INTEGER NOT NULL DEFAULT 0,       -- good fetches
	fetched  INTEGER NOT NULL DEFAULT 0,       -- last good fetch, unix seconds
	doc      TEXT    NOT NULL DEFAULT '',      -- corpus.DocID of the document made of it
	fault    TEXT                              -- of the last fetch, corpus.Fault as JSON
) WITHOUT ROWID;
CREATE INDEX frontier_host_due ON frontier (host, due) WHERE due > 0;
CREATE INDEX frontier_state ON frontier (state);

-- The last evidence of each address that answered: what a revisit record refers to.
CREATE TABLE captures (
	id       TEXT PRIMARY KEY,                 -- corpus.DocID of the address
	evidence TEXT NOT NULL                     -- corpus.Evidence as JSON
) WITHOUT ROWID;

-- How far each archive segment is committed. What lies behind is cut at start.
CREATE TABLE segments (
	file  TEXT PRIMARY KEY,
	bytes INTEGER NOT NULL
) WITHOUT ROWID;

-- One row a version of a page, in order of arrival.
CREATE TABLE documents (
	seq       INTEGER PRIMARY KEY AUTOINCREMENT,
	id        TEXT    NOT NULL,
	edit      INTEGER NOT NULL,                -- 0, 1, 2, ... within id
	page      TEXT    NOT NULL,                -- frontier.id it was made from
	version   TEXT    NOT NULL,
	outlet    TEXT    NOT NULL,
	published INTEGER NOT NULL,
	replaced  INTEGER NOT NULL DEFAULT 0,      -- seq of the next version
	deleted   INTEGER NOT NULL DEFAULT 0,      -- unix seconds
	tagged    TEXT    NOT NULL DEFAULT '',     -- classifier version whose tags are in force
	body      BLOB    NOT NULL                 -- corpus.Document without tags, JSON in a zstd frame
);
CREATE UNIQUE INDEX documents_id ON documents (id, edit);
CREATE INDEX documents_outlet ON documents (outlet, published);
CREATE INDEX documents_published ON documents (published);

-- Tags by document and classifier version; old ones are kept for comparison.
CREATE TABLE tags (
	seq     INTEGER NOT NULL,
	version TEXT    NOT NULL,
	tags    TEXT    NOT NULL,                  -- []corpus.Tag as JSON
	PRIMARY KEY (seq, version)
) WITHOUT ROWID;

-- What happened to documents, in order. Followers (the index) keep the last n they took.
CREATE TABLE journal (
	n   INTEGER PRIMARY KEY AUTOINCREMENT,
	seq INTEGER NOT NULL,
	op  INTEGER NOT NULL                       -- 1 new, 2 marked (replaced, deleted), 3 tagged anew
);

-- What could not be had, for the coverage ledger.
CREATE TABLE faults (
	at     INTEGER NOT NULL,
	outlet TEXT    NOT NULL,
	url    TEXT    NOT NULL,
	feed   INTEGER NOT NULL,                   -- 1: url is a feed
	fault  TEXT    NOT NULL
);
CREATE INDEX faults_at ON faults (at);

CREATE TABLE facts (
	name  TEXT PRIMARY KEY,
	value TEXT NOT NULL
) WITHOUT ROWID;

-- +goose Down
DROP TABLE facts; DROP TABLE faults; DROP TABLE journal; DROP TABLE tags; DROP TABLE documents;
DROP TABLE segments; DROP TABLE captures; DROP TABLE frontier; DROP TABLE feeds;
