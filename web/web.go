// Package web is the pages of Chorus: rendered on the server, readable and
// searchable without JavaScript, free of third-party origins, and safe with
// hostile texts, because what was collected is only ever a text node.
//
// A handler is a func(w, r) error; serve.go turns errors into status, log and
// page. A page is a struct built by a pure function from the request and what
// Sources gave, and rendered into a buffer. One file per page:
//
//	/                     overview.go    what was collected, which narratives, what was not seen
//	/search               search.go      box, filters, histogram, results; api.go gives the same as JSON
//	/doc/{id}             doc.go         text with marks, times, versions, evidence; tombstone.go, that it was removed
//	/narratives           narrative.go   the codebook with counts
//	/narrative/{id}       narrative.go   one narrative over time
//	/outlets              outlets.go     the registry with health
//	/outlet/{id}          outlets.go     one outlet and its feeds
//	/about                about.go       method and limits
//	/api/v1/search        api.go
//	/static/              static.go      assets, named by their content
//	/label                label.go       labelling of passages; a site of its own, see LabelHandler
//
// What pages share: marks.go (spans of a text become segments), passage.go
// (what to show of a long text), plain.go (text without controls), chart.go
// (bars and histograms), when.go (times), link.go (addresses).
package web

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"

	"chorus/corpus"
	"chorus/index"
)

// ErrNotReady says that a source cannot answer yet because the index is being
// rebuilt. Wrap it; the pages then say so, with status 503, and ask to return.
var ErrNotReady = errors.New("index is being rebuilt")

// ErrNotFound says that there is no such document, outlet, narrative or record.
var ErrNotFound = errors.New("not found")

// Sources is everything the pages ask for. All functions must be set, and may
// be called from several goroutines at once. The pages do not change what
// they are given.
type Sources struct {
	// Search answers a request. A cursor of another search is an error that
	// wraps index.ErrCursor; while there is no index, one that wraps ErrNotReady.
	Search func(ctx context.Context, r index.Request) (*index.Result, error)

	// Documents gives the documents with these sequence numbers, in the order
	// asked, missing ones left out.
	Documents func(ctx context.Context, seqs []corpus.Seq) ([]corpus.Document, error)

	// Versions gives all versions of a document, oldest first; none if the
	// document is not known.
	Versions func(ctx context.Context, id corpus.DocID) ([]corpus.Document, error)

	// Tombstone says how a document was removed. The error wraps ErrNotFound if
	// it was not.
	Tombstone func(ctx context.Context, id corpus.DocID) (corpus.Tombstone, error)

	// Relations gives what a document refers to, what refers to it, and the
	// samples of its counts.
	Relations func(ctx context.Context, id corpus.DocID) (corpus.Relations, error)

	// Record opens the gzip member that holds a WARC record, for download.
	Record func(ctx context.Context, ev corpus.Evidence) (io.ReadCloser, error)

	// Outlet gives the registry's entry of an outlet. It is called for every
	// hit and every facet value, so it must not block.
	Outlet func(id string) (corpus.Outlet, bool)

	// Outlets gives the whole registry with health, in the registry's order.
	Outlets func(ctx context.Context) ([]corpus.OutletStatus, error)

	// Coverage gives what is and what could not be seen.
	Coverage func(ctx context.Context) (corpus.Coverage, error)

	// Highlight gives the words of a query in a text, as byte offsets, and
	// HighlightTitle those in a title. lang is the document's ISO 639-1 code,
	// or "und".
	Highlight      func(text, lang string, q index.Query) []corpus.Span
	HighlightTitle func(title, lang string, q index.Query) []corpus.Span

	// Narratives is the codebook, in its order.
	Narratives []corpus.Narrative

	// Groups names the groups of the codebook by their letter. A group
	// without a name is shown by its letter alone.
	Groups map[string]string
}

// Options adjusts the pages. The zero value is useful.
type Options struct {
	Log      *slog.Logger // for failures; nil discards them
	Version  string       // of the program, shown at the foot of every page
	PageSize int          // hits per page; 0 means 20
}

// Handler serves all pages. The caller mounts what is not a page (/healthz,
// /metrics) beside it and sets the server's timeouts.
func Handler(s Sources, o Options) http.Handler {
	w := newSite(s, o)

	mux := http.NewServeMux()
	for pattern, h := range map[string]handler{
		"GET /":               w.missing,
		"GET /{$}":            w.overview,
		"GET /search":         w.search,
		"GET /doc/{id}":       w.doc,
		"GET /doc/{id}/warc":  w.record,
		"GET /narratives":     w.narratives,
		"GET /narrative/{id}": w.narrative,
		"GET /outlets":        w.outlets,
		"GET /outlet/{id}":    w.outlet,
		"GET /about":          w.about,
		"GET /api/v1/search":  w.searchAPI,
		"GET /static/{name}":  w.static,
		"GET /favicon.ico":    w.favicon,
	} {
		mux.Handle(pattern, w.serve(h))
	}
	return http.NewCrossOriginProtection().Handler(secure(mux))
}

// A site is what all handlers share. It is not changed after Handler made it.
type site struct {
	Sources
	Options
	assets    *assets
	templates *templates
	alone     bool // the page for labelling: there are no other pages
}

func newSite(s Sources, o Options) *site {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.PageSize <= 0 {
		o.PageSize = 20
	}
	assets := loadAssets()
	return &site{Sources: s, Options: o, assets: assets, templates: loadTemplates(assets)}
}

func (s *site) missing(http.ResponseWriter, *http.Request) error { return ErrNotFound }
