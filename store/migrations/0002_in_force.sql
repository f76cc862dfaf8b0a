-- +goose Up

-- Counts of documents in force by outlet are asked for by every page.
CREATE INDEX documents_in_force ON documents (outlet, published, replaced) WHERE replaced = 0;
DROP INDEX documents_outlet;
DROP INDEX documents_published;

-- +goose Down
CREATE INDEX documents_outlet ON documents (outlet, published);
CREATE INDEX documents_published ON documents (published);
DROP INDEX documents_in_force;
