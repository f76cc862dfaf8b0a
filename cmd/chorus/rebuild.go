package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"chorus/monitor"
)

// rebuildFlags are those of chorus rebuild.
type rebuildFlags struct{ tagsOnly, indexOnly bool }

func (a *app) rebuildCommand() *cobra.Command {
	var f rebuildFlags
	c := &cobra.Command{
		Use:   "rebuild",
		Short: "Make documents and index again from the archive alone",
		Long: `Make documents, tags and index again from the archive alone, without the
network: after a better extractor, a new codebook, or a lost database. The old
database is replaced when the new one is whole.

--tags-only tags the kept documents again, after a new codebook, a narrative of
your own or a new model, and shows what changed. The tags of older classifier
versions are kept: "chorus narratives --compare VERSION" sets them beside the
new ones, month by month. (A whole rebuild forgets them.)

--index-only makes only the index again, from the database.

Exit status: 0 done; 1 failed; 3 done, but some records of the archive are
damaged and were left out (chorus verify names them); 130 interrupted, nothing
has changed.`,
		RunE: func(c *cobra.Command, _ []string) error { return a.runRebuild(c.Context(), f) },
	}
	c.Flags().BoolVar(&f.tagsOnly, "tags-only", false, "only the tags, of the documents in the database")
	c.Flags().BoolVar(&f.indexOnly, "index-only", false, "only the index, from the database")
	return c
}

type damaged struct{ n int }

func (d damaged) Error() string {
	return fmt.Sprintf("%s damaged (chorus verify names them)", plural(d.n, "record of the archive is", "records of the archive are"))
}

func (a *app) runRebuild(ctx context.Context, f rebuildFlags) (err error) {
	if f.tagsOnly && f.indexOnly {
		return usageError{errors.New("rebuild: --tags-only fills the index, too: leave --index-only out")}
	}
	m, err := a.openKept(ctx, "rebuild")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, m.Close()) }()
	start := time.Now()
	if f.tagsOnly {
		return a.retag(ctx, m)
	}
	if f.indexOnly {
		if err := m.Reindex(ctx); err != nil {
			return err
		}
		a.endProgress()
		took := time.Since(start)
		if a.json {
			return a.printJSON(struct {
				Took float64 `json:"seconds"`
			}{took.Seconds()})
		}
		fmt.Fprintf(a.out, "index filled again in %s\n", took.Round(100*time.Millisecond))
		return nil
	}
	s, err := m.Rebuild(ctx)
	a.endProgress()
	if err != nil {
		return err
	}
	took := time.Since(start)
	if err := a.printRebuilt(s, took); err != nil {
		return err
	}
	if len(s.Damaged) > 0 {
		return damaged{len(s.Damaged)}
	}
	return nil
}

// retag tags the kept documents again and says what changed.
func (a *app) retag(ctx context.Context, m *monitor.Monitor) error {
	start := time.Now()
	s, err := m.Retag(ctx)
	a.endProgress()
	if err != nil {
		return err
	}
	took := time.Since(start)
	if a.json {
		return a.printJSON(struct {
			monitor.RetagSummary
			Took float64 `json:"seconds"`
		}{s, took.Seconds()})
	}
	fmt.Fprintf(a.out, "%-28s %7s %7s %7s %7s\n", "narrative", "before", "now", "gained", "lost")
	for _, n := range s.Changes {
		fmt.Fprintf(a.out, "%-28s %7d %7d %7d %7d\n", clean(n.Narrative), n.Before, n.After, n.Gained, n.Lost)
	}
	_, err = fmt.Fprintf(a.out, "\n%s tagged again by %s, %d with a narrative, in %s\n",
		plural(s.Documents, "document version", "document versions"), s.Version, s.Tagged, took.Round(100*time.Millisecond))
	return err
}

func (a *app) printRebuilt(s monitor.RebuildSummary, took time.Duration) error {
	if a.json {
		return a.printJSON(struct {
			monitor.RebuildSummary
			Took float64 `json:"seconds"`
		}{s, took.Seconds()})
	}
	fmt.Fprintf(a.out, "captures   %6d\ndocuments  %6d versions, %d with a narrative\ntime       %6s, %.0f documents a second\n",
		s.Captures, s.Documents, s.Tagged, took.Round(100*time.Millisecond), float64(s.Documents)/took.Seconds())
	if s.Strange > 0 {
		fmt.Fprintf(a.out, "%s of an outlet that is not watched now\n", plural(s.Strange, "capture is", "captures are"))
	}
	for _, d := range s.Damaged {
		fmt.Fprintln(a.err, "chorus: damaged:", d)
	}
	return nil
}
