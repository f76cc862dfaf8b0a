-- +goose Up

-- How often a post was seen and answered, sampled more and more seldom as it ages.
CREATE TABLE counts (
	id     TEXT    NOT NULL,                   -- corpus.DocID of the post
	at     INTEGER NOT NULL,                   -- unix seconds
	counts TEXT    NOT NULL,                   -- corpus.Counts as JSON
	PRIMARY KEY (id, at)
) WITHOUT ROWID;

-- What posts refer to, whether we have it or not.
CREATE TABLE edges (
	id     TEXT NOT NULL,                      -- corpus.DocID of the post
	kind   TEXT NOT NULL,                      -- forward, reply, quote, link
	target TEXT NOT NULL,                      -- corpus.DocID of what it refers to
	PRIMARY KEY (id, kind, target)
) WITHOUT ROWID;
CREATE INDEX edges_target ON edges (target, kind);

-- +goose Down
DROP TABLE edges;
DROP TABLE counts;
