package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"chorus/corpus"
	"chorus/store"
)

func (a *app) showCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "show ID",
		Short: "Show one document: text, tags, times, versions, evidence",
		Long: `Show one document with its tags and the words that earned them, its times, its
versions, and where its evidence is. The first six digits of the id are enough;
a URL does as well. --json prints all versions, one a line, the oldest first. Of
a document that was removed it says so, when and why.

Exit status: 0 done; 1 failed, or no such document (any more); 2 used wrongly.`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error { return a.runShow(c.Context(), args[0]) },
	}
}

func (a *app) runShow(ctx context.Context, name string) error {
	s, err := a.readStore(ctx)
	if err != nil {
		return err
	}
	defer s.Close()
	id, err := documentID(ctx, name, s.Resolve)
	if err != nil {
		return err
	}
	versions, err := s.Versions(ctx, id)
	if err != nil {
		return err
	}
	if len(versions) == 0 {
		if t, err := s.Tombstone(ctx, id); err == nil {
			return removedError(t)
		}
		return fmt.Errorf("document %s: %w", name, store.ErrNotFound)
	}
	if a.json {
		for _, d := range versions {
			if err := a.printJSON(d); err != nil {
				return err
			}
		}
		return nil
	}
	relations, err := s.Relations(ctx, id)
	if err != nil {
		return err
	}
	a.printDocument(versions, relations)
	return nil
}

// readStore opens the store for reading; that needs no lock, and goes on
// beside a running Chorus.
func (a *app) readStore(ctx context.Context) (*store.Store, error) {
	c, err := a.config()
	if err != nil {
		return nil, err
	}
	s, err := store.OpenExisting(ctx, c.Data)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nothingYet(c.Data)
	}
	return s, err
}

func (a *app) printDocument(versions []corpus.Document, relations corpus.Relations) {
	d := versions[len(versions)-1]
	w := a.columns()
	for _, line := range wrap(clean(d.Title()), w) {
		fmt.Fprintln(a.out, a.bold(line))
	}
	row := func(name, value string) {
		if value == "" {
			return
		}
		for i, line := range wrap(clean(value), w-12) {
			if i > 0 {
				name = ""
			}
			fmt.Fprintf(a.out, "%s %s\n", fit(name, 11), line)
		}
	}
	row("url", d.URL())
	row("outlet", d.Item.Outlet)
	row("byline", d.Article.Byline)
	row("kind", string(d.Article.Kind)+", "+d.Article.Lang)
	if p := d.Article.Post; p != nil {
		for _, line := range postRows(p, relations) {
			row(line[0], line[1])
		}
	}
	row("dateline", d.Article.Dateline)
	row("credits", strings.Join(d.Article.Credits, "; "))
	if !d.Article.Published.IsZero() {
		row("published", claimed(d.Article.Published)+", says the page ("+d.Article.PublishedFrom+")")
	}
	if !d.Item.Published.IsZero() {
		row("", claimed(d.Item.Published)+", says the feed")
	}
	switch {
	case d.Item.Feed == "":
		row("seen", stamp(d.Item.Seen)+" UTC, says the import")
	case d.Item.Absent.IsZero():
		row("seen", stamp(d.Item.Seen)+" UTC, at the first poll of its feed")
	default:
		row("seen", "after "+stamp(d.Item.Absent)+" and not after "+stamp(d.Item.Seen)+" UTC")
	}
	row("fetched", stamp(d.Evidence.Fetched)+" UTC")
	if !d.Deleted.IsZero() {
		row("gone", stamp(d.Deleted)+" UTC: the page was found deleted")
	}
	row("evidence", fmt.Sprintf("%s, byte %d, %d bytes, %s", d.Evidence.File, d.Evidence.Offset, d.Evidence.Length, d.Evidence.RecordID))
	row("", d.Evidence.Digest)
	row("read by", d.Article.Extractor+", "+d.Article.Charset)
	if d.Fault != nil {
		row("fault", d.Fault.String())
	}
	for _, v := range versions {
		row("version", fmt.Sprintf("%d of %s, fetched %s, %d bytes of text", v.Edit+1, v.Version[:12], stamp(v.Evidence.Fetched), len(v.Article.Text)))
	}
	fmt.Fprintln(a.out)
	if len(d.Tags) > 0 {
		a.printTags(d.Tags, d.Article.Text, w)
		fmt.Fprintln(a.out)
	}
	for para := range strings.SplitSeq(d.Article.Text, "\n\n") {
		for _, line := range wrap(clean(para), w) {
			fmt.Fprintln(a.out, line)
		}
		fmt.Fprintln(a.out)
	}
}

// printTags prints tags with the passages that earned them.
func (a *app) printTags(tags []corpus.Tag, text string, w int) {
	for _, t := range tags {
		fmt.Fprintf(a.out, "# %s %s %.2f (%s)\n", a.bold(t.Narrative), t.Stance, t.Score, t.Version)
		for _, s := range t.Spans {
			if s.Start < 0 || s.End > len(text) || s.Start > s.End {
				continue
			}
			for i, line := range wrap(clean(text[s.Start:s.End]), w-8) {
				mark := "  "
				if i == 0 {
					mark = "| "
				}
				fmt.Fprintf(a.out, "    %s%s\n", mark, line)
			}
		}
		for _, line := range wrap(clean(earnedBy(t)), w-6) {
			fmt.Fprintf(a.out, "    %s\n", line)
		}
	}
}

// earnedBy names the words that earned a tag. Tags of older versions of the
// classifier have none, but name their cues.
func earnedBy(t corpus.Tag) string {
	if len(t.Words) == 0 {
		return "by the cues: " + strings.Join(t.Cues, ", ")
	}
	return "by the words: " + strings.Join(t.Words, " · ")
}
