package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"chorus/corpus"
	"chorus/index"
	"chorus/index/local"
	"chorus/monitor"
	"chorus/store"
	"chorus/web"
)

// sources gives the pages what they ask for.
func sources(m *monitor.Monitor, offline bool) web.Sources {
	return web.Sources{
		Search: func(ctx context.Context, r index.Request) (*index.Result, error) {
			res, err := m.Search(ctx, r)
			if errors.Is(err, monitor.ErrFilling) {
				err = fmt.Errorf("%w: %w", web.ErrNotReady, err)
			}
			return res, err
		},
		Documents: m.Documents,
		Versions:  m.Versions,
		Relations: m.Relations,
		Tombstone: func(ctx context.Context, id corpus.DocID) (corpus.Tombstone, error) {
			t, err := m.Tombstone(ctx, id)
			if errors.Is(err, store.ErrNotFound) {
				err = web.ErrNotFound
			}
			return t, err
		},
		Record:    func(_ context.Context, ev corpus.Evidence) (io.ReadCloser, error) { return m.Record(ev) },
		Outlet:    m.Outlet,
		Outlets:   m.Outlets,
		Coverage:  func(ctx context.Context) (corpus.Coverage, error) { return m.Coverage(ctx, offline) },
		Highlight: local.Highlight, HighlightTitle: local.HighlightTitle,
		Narratives: m.Narratives(),
		Groups:     groups(),
	}
}

// groups names the groups of the codebook.
func groups() map[string]string {
	return map[string]string{
		"A": "Who is to blame",
		"B": "Ukraine",
		"C": "The West in decline",
		"D": "Us, the righteous",
		"E": "Fear and memory",
	}
}
