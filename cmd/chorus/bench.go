package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"

	"github.com/spf13/cobra"

	"chorus/internal/bench"
)

func (a *app) benchCommand() *cobra.Command {
	o := bench.Options{}
	c := &cobra.Command{
		Use:   "bench",
		Short: "The project's own figures on this machine, as JSON",
		Long: `Measure the whole program on this machine and print the figures as one JSON
object: a synthetic web on loopback is collected without politeness delay, all
is made again from the archive, a larger corpus is loaded, and search screens
(twenty hits, eight facets, a histogram) are asked for. 100 000 documents take
some minutes. A temporary folder is used; the data folder is not touched.

Exit status: 0 done; 1 failed; 2 used wrongly; 130 interrupted.`,
		RunE: func(c *cobra.Command, _ []string) error { return a.runBench(c.Context(), o) },
	}
	c.Flags().IntVar(&o.Hosts, "hosts", 50, "`number` of sites of the web")
	c.Flags().IntVar(&o.Pages, "pages", 2000, "`number` of pages to collect, about")
	c.Flags().IntVar(&o.Documents, "documents", 20000, "`number` of documents to load")
	c.Flags().IntVar(&o.Searches, "searches", 200, "`number` of screens to ask for")
	return c
}

func (a *app) runBench(ctx context.Context, o bench.Options) (err error) {
	if o.Hosts < 1 || o.Pages < 1 || o.Documents < 0 || o.Searches < 0 {
		return usageError{errors.New("hosts and pages must be at least 1, documents and searches 0")}
	}
	if o.Config, err = a.config(); err != nil {
		return err
	}
	if o.Dir, err = os.MkdirTemp("", "chorus-bench-"); err != nil {
		return fmt.Errorf("bench: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(o.Dir)) }()
	o.Log, o.Progress = slog.New(slog.NewTextHandler(io.Discard, nil)), a.progress()
	if a.verbose {
		o.Log = a.logger(o.Config)
	}
	r, err := bench.Run(ctx, o)
	a.endProgress()
	if err != nil {
		return err
	}
	return a.printJSON(r)
}
