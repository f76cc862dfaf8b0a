package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"chorus/corpus"
	"chorus/index"
	"chorus/index/local"
	"chorus/monitor"
	"chorus/store"
	"chorus/web"
)

type searchOptions struct {
	n      int
	sort   string
	facets bool
	cursor string
}

func (a *app) searchCommand() *cobra.Command {
	var o searchOptions
	c := &cobra.Command{
		Use:   "search [flags] QUERY",
		Short: "Search the documents",
		Long: `Search the documents. The language is that of the search box:

  words             all of them, in any form: sanction finds sanctions
  "a phrase"        these words in a row
  AND OR NOT ( )    in capitals; -word is NOT word
  sanct*            words that begin so, three letters at least
  field:value       outlet: family: bloc: country: lang: kind: narrative:
                    group: stance: author: title: after: before:
  is:edited         changed pages; is:deleted pages that are gone; is:old
                    replaced versions, too
  *                 everything

  chorus search 'narrative:nato-expansion stance:asserts bloc:RU after:2024-11'
  chorus search '(санкции OR 制裁) -lang:en'

--json prints one document a line: id, url, outlet, bloc, lang, kind,
published, seen, title, tags with spans, highlights. While "chorus run" has the
data folder, the question is put to it.

Exit status: 0 done, also if nothing was found; 1 failed; 2 a mistake in the
query or the flags.`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return a.runSearch(c.Context(), o, strings.Join(args, " "))
		},
	}
	c.Flags().IntVarP(&o.n, "n", "n", 10, "`number` of documents")
	c.Flags().StringVar(&o.sort, "sort", "score", "`order`: score or date")
	c.Flags().BoolVar(&o.facets, "facets", false, "count by bloc, narrative, outlet, language ...")
	c.Flags().StringVar(&o.cursor, "cursor", "", "go on after an earlier answer, with the `cursor` it gave")
	return c
}

// answer is a search answered, from the index or by a running server.
type answer struct {
	Total  int
	Hits   []web.Hit
	Facets map[index.Facet][]index.Count
	Next   string
}

func (a *app) runSearch(ctx context.Context, o searchOptions, text string) error {
	q, err := index.Parse(text)
	if err != nil {
		return usageError{pointAt(err)}
	}
	if o.n < 0 || o.n > 10000 {
		return usageError{errors.New("-n must lie between 0 and 10000")}
	}
	if o.sort != string(index.SortScore) && o.sort != string(index.SortDate) {
		return usageError{fmt.Errorf("--sort %s: the orders are score and date", o.sort)}
	}
	var ans *answer
	m, err := a.openKept(ctx, "search")
	var held *store.HeldError
	switch {
	case errors.As(err, &held) && held.Holder.Listen != "":
		ans, err = askServer(ctx, held.Holder.Listen, o, q)
	case err == nil:
		ans, err = askIndex(ctx, m, o, q)
		a.endProgress()
		err = errors.Join(err, m.Close())
	}
	if err != nil {
		return err
	}
	return a.printAnswer(o, ans)
}

// pointAt adds the query with a mark under the mistake.
func pointAt(err error) error {
	var s *index.SyntaxError
	if !errors.As(err, &s) {
		return err
	}
	return fmt.Errorf("%w\n  %s\n  %s^", err, s.Input, strings.Repeat(" ", max(0, fitColumn(s.Input, s.Column))))
}

// fitColumn is how many columns of a terminal stand before a character.
func fitColumn(s string, column int) int {
	runes := []rune(s)
	return widthOf(string(runes[:min(max(column-1, 0), len(runes))]))
}

// askIndex searches the index, after bringing it to the end of the journal:
// what ended before it was indexed is not to be missed, and nobody else does it.
func askIndex(ctx context.Context, m *monitor.Monitor, o searchOptions, q index.Query) (*answer, error) {
	if err := m.CatchUp(ctx); err != nil {
		return nil, err
	}
	r := index.Request{Query: q, Sort: index.Sort(o.sort), Size: o.n, Cursor: o.cursor}
	if o.facets {
		r.Facets = index.Facets()
	}
	res, err := m.Search(ctx, r)
	if err != nil {
		return nil, err
	}
	seqs := make([]corpus.Seq, len(res.Hits))
	for i, h := range res.Hits {
		seqs[i] = h.Seq
	}
	docs, err := m.Documents(ctx, seqs)
	if err != nil {
		return nil, err
	}
	ans := &answer{Total: res.Total, Facets: res.Facets, Next: res.Next}
	for i := range docs {
		outlet, _ := m.Outlet(docs[i].Item.Outlet)
		d := &docs[i]
		ans.Hits = append(ans.Hits, web.HitOf(d, outlet.Bloc,
			local.HighlightTitle(d.Title(), d.Article.Lang, q), local.Highlight(d.Article.Text, d.Article.Lang, q)))
	}
	return ans, nil
}

// serverPage is how many hits a server gives at a time.
const serverPage = 100

// askServer puts the question to the process that has the data folder.
func askServer(ctx context.Context, address string, o searchOptions, q index.Query) (*answer, error) {
	ans := &answer{}
	for cursor := o.cursor; ; cursor = ans.Next {
		size := min(serverPage, o.n-len(ans.Hits))
		v := url.Values{"q": {q.String()}, "sort": {o.sort}, "size": {strconv.Itoa(size)}}
		if cursor != "" {
			v.Set("cursor", cursor)
		}
		var page answer
		if err := getJSON(ctx, "http://"+address+"/api/v1/search?"+v.Encode(), &page); err != nil {
			return nil, fmt.Errorf("ask the chorus that has the data folder: %w", err)
		}
		ans.Total, ans.Next = page.Total, page.Next
		ans.Hits = append(ans.Hits, page.Hits...)
		if ans.Facets == nil && o.facets {
			ans.Facets = page.Facets
		}
		if page.Next == "" || len(ans.Hits) >= o.n || len(page.Hits) == 0 {
			return ans, nil
		}
	}
}

func getJSON(ctx context.Context, address string, v any) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, 64<<20))
	if err != nil {
		return err
	}
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", res.Status, clean(string(body[:min(len(body), 300)])))
	}
	return json.Unmarshal(body, v)
}

func (a *app) printAnswer(o searchOptions, ans *answer) error {
	if a.json {
		for _, h := range ans.Hits {
			if err := a.printJSON(h); err != nil {
				return err
			}
		}
		return nil
	}
	for i, h := range ans.Hits {
		a.printHit(i+1, h)
	}
	switch {
	case ans.Total == 0:
		fmt.Fprintln(a.out, "Nothing found. Fewer words or filters find more; chorus search --help explains the language.")
	case ans.Next != "" && o.n > 0:
		fmt.Fprintf(a.out, "%s; go on with\n--cursor %s\n", plural(ans.Total, "document", "documents"), ans.Next)
	default:
		fmt.Fprintln(a.out, plural(ans.Total, "document", "documents"))
	}
	for _, f := range index.Facets() {
		if counts := ans.Facets[f]; len(counts) > 0 {
			a.printFacet(string(f), counts)
		}
	}
	return nil
}

func (a *app) printHit(n int, h web.Hit) {
	w := a.columns()
	what := h.Lang
	if h.Kind != corpus.KindArticle {
		what += " " + string(h.Kind)
	}
	fmt.Fprintf(a.out, "%3d  %s  %s  %s  %s\n", n, fit(claimed(h.Published), 20), fit(string(h.Bloc), 7), fit(h.Outlet, 22), what)
	for _, line := range wrap(clean(h.Title), w-5) {
		fmt.Fprintln(a.out, "     "+a.bold(line))
	}
	shown := 0
	for _, p := range h.Highlights {
		if p.Field == "text" && shown < 2 {
			a.printPassage(p, w-7)
			shown++
		}
	}
	var tags []string
	for _, t := range h.Tags {
		tags = append(tags, fmt.Sprintf("%s %s %.2f", t.Narrative, t.Stance, t.Score))
	}
	if len(tags) > 0 {
		for _, line := range wrap(strings.Join(tags, " · "), w-7) {
			fmt.Fprintln(a.out, "     # "+line)
		}
	}
	fmt.Fprintf(a.out, "     %s  %s\n\n", h.ID[:12], clean(h.URL))
}

// printPassage prints a passage with the words of the query marked.
func (a *app) printPassage(p web.Highlight, columns int) {
	text := clean(mark(p.Text, p.Spans))
	if p.Start > 0 {
		text = "… " + text
	}
	if !strings.HasSuffix(text, ".") && !strings.HasSuffix(text, "。") {
		text += " …"
	}
	for _, line := range showMarks(wrap(text, columns), a.styled()) {
		fmt.Fprintln(a.out, "     | "+line)
	}
}

func (a *app) printFacet(name string, counts []index.Count) {
	fmt.Fprintf(a.out, "\n%s\n", a.bold(name))
	for _, c := range counts {
		fmt.Fprintf(a.out, "  %8d  %s\n", c.N, c.Value)
	}
}
