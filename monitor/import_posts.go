package monitor

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"chorus/corpus"
	"chorus/feeds"
)

// ImportTelegram takes posts from the result.json of Telegram Desktop, of one
// chat or a whole account, as ImportLines takes documents. If the file ends
// too soon, what stands before is taken.
func (m *Monitor) ImportTelegram(ctx context.Context, name string, r io.Reader, bad func(error)) (ImportSummary, error) {
	return m.importPosts(ctx, name, feeds.TypeTelegramExport, bad, func(each func([]byte) error, bad func(string, error)) error {
		return feeds.TelegramExport(r, each, bad)
	})
}

// Import4CAT takes posts from a file that 4CAT or Zeeschuimer exported, NDJSON
// or CSV, as ImportLines takes documents.
func (m *Monitor) Import4CAT(ctx context.Context, name string, r io.Reader, bad func(error)) (ImportSummary, error) {
	return m.importPosts(ctx, name, feeds.TypeFourCAT, bad, func(each func([]byte) error, bad func(string, error)) error {
		return feeds.FourCAT(name, r, each, bad)
	})
}

// importPosts takes the posts that split finds.
func (m *Monitor) importPosts(ctx context.Context, name, mediaType string, bad func(error), split func(each func([]byte) error, bad func(string, error)) error) (ImportSummary, error) {
	i := m.newImporter(name, bad)
	now := m.now().UTC().Truncate(time.Second)
	work := i.work(ctx)
	refuse := func(place string, err error) {
		if errors.Is(err, feeds.ErrPrivate) { // as it should be: the file is taken all the same
			bad(&LineError{File: name, Err: fmt.Errorf("%s: %w", place, err)})
			return
		}
		i.refuse(0, fmt.Errorf("%s: %w", place, err))
	}
	err := split(func(raw []byte) error {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		c, item, err := i.post(mediaType, bytes.Clone(raw), now)
		if err != nil {
			refuse(cmp.Or(item.URL, "a post"), err)
			return nil
		}
		return work.add(taken{c, item})
	}, refuse)
	if err != nil && ctx.Err() == nil {
		err = &LineError{File: name, Err: err}
	}
	return i.end(ctx, errors.Join(err, work.flush()))
}

// post turns a post of a file into a capture of it and its item.
func (i *importer) post(mediaType string, raw []byte, now time.Time) (*corpus.Capture, corpus.Item, error) {
	x, err := feeds.ImportedPost(mediaType, raw, now)
	if err != nil {
		return nil, x.Item, err
	}
	i.privacy.hide(&x, i.registry)
	if _, err := corpus.IDOf(x.Item.URL); err != nil {
		return nil, x.Item, err
	}
	x.Item.Seen = now
	x.Item.Outlet = i.account(&x)
	return &corpus.Capture{
		URL: x.Item.URL, Body: raw, Fetched: now,
		Exchanges: []corpus.Exchange{{
			Role: corpus.RoleResource, URL: x.Item.URL, Status: http.StatusOK, Body: raw, Started: now,
			Response: http.Header{"Content-Type": {mediaType}},
		}},
	}, x.Item, nil
}

// account finds the outlet of a post: that of its account, or else the network.
func (i *importer) account(x *feeds.Post) string {
	if o, ok := i.registry.ByHandle(x.Article.Post.Network, x.Article.Post.Account); ok {
		return o.ID
	}
	if o, ok := i.registry.ByURL(x.Item.URL); ok {
		return o.ID
	}
	name := x.Article.Post.Network
	if isChannel(x.Article.Post.Network, x.Article.Post.Account, x.Item.URL) && !strings.HasPrefix(x.Article.Post.Account, aliasPrefix) && x.Article.Post.Account != "" {
		name = "t.me/" + strings.ToLower(x.Article.Post.Account)
	}
	i.unknown[name] = true
	return name
}

// postTypes are the media types of single posts of imported files.
var postTypes = []string{feeds.TypeTelegramExport, feeds.TypeFourCAT}

// isImportedPost reports whether an answer is a post of an imported file. No
// server can send one, whatever media type it claims.
func isImportedPost(a *corpus.Exchange) bool {
	return a.Role == corpus.RoleResource && slices.Contains(postTypes, a.Response.Get("Content-Type"))
}

// importedPost reads the post of an imported file again, or reports that the
// capture is of something else.
func (m *Monitor) importedPost(item corpus.Item, c *corpus.Capture, outlet corpus.Outlet) (*corpus.Document, bool) {
	a := c.Answer()
	if a == nil || !isImportedPost(a) {
		return nil, false
	}
	x, err := feeds.ImportedPost(a.Response.Get("Content-Type"), c.Body, c.Fetched)
	if err != nil {
		return nil, true
	}
	x.Item.Outlet, x.Item.Seen = item.Outlet, item.Seen
	d := m.postDocument(x, outlet)
	d.ID, _ = corpus.IDOf(d.Item.URL)
	return d, true
}
