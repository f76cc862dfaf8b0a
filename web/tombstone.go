package web

import (
	"context"
	"errors"
	"fmt"

	"chorus/corpus"
)

// A removal is why a document is not shown: it was removed.
type removal struct {
	tombstone corpus.Tombstone
	outlet    string // its name, or its id if nobody knows it any more
}

func (e *removal) Error() string {
	return fmt.Sprintf("document %s was removed on %s", e.tombstone.ID, e.tombstone.At.Format("2 January 2006"))
}

// text says what was removed, when and why.
func (e *removal) text() string {
	t := e.tombstone
	versions := "all its versions"
	if t.Versions == 1 {
		versions = "its one version"
	} else if t.Versions > 1 {
		versions = fmt.Sprintf("all its %d versions", t.Versions)
	}
	kind := string(t.Kind)
	if kind == "" {
		kind = "document"
	}
	text := fmt.Sprintf("This was %s %s of %s. It was removed on %s, with %s and the evidence of them", article(kind), kind, e.outlet, t.At.UTC().Format("2 January 2006 at 15:04 UTC"), versions)
	if t.Cause == corpus.CauseRetention {
		text += ", because the time for which such documents are kept was over."
	} else {
		text += ", by a takedown."
	}
	if t.Reason != "" && t.Cause == corpus.CauseTakedown {
		text += " The reason given: " + plain(t.Reason) + "."
	}
	return text + " It is not collected again."
}

func article(noun string) string {
	if noun[0] == 'a' {
		return "an"
	}
	return "a"
}

// removed is the error for a document that is not there: a removal if it once
// was, else ErrNotFound.
func (s *site) removed(ctx context.Context, id corpus.DocID) error {
	t, err := s.Tombstone(ctx, id)
	switch {
	case errors.Is(err, ErrNotFound):
		return ErrNotFound
	case err != nil:
		return fmt.Errorf("tombstone of document %s: %w", id, err)
	}
	gone := &removal{tombstone: t, outlet: t.Outlet}
	if o, ok := s.Outlet(t.Outlet); ok {
		gone.outlet = o.Name
	}
	return gone
}
