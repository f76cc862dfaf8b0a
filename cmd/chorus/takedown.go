package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"chorus/corpus"
	"chorus/monitor"
)

// takedownFlags are those of chorus takedown.
type takedownFlags struct {
	reason string
	yes    bool
}

func (a *app) takedownCommand() *cobra.Command {
	var f takedownFlags
	c := &cobra.Command{
		Use:   "takedown ID",
		Short: "Remove a document for ever, and leave a tombstone",
		Long: `Remove a document, all its versions, from archive, database and index. Its id,
the first six digits of it, or its URL name it. What is left is a tombstone:
that there was a document, its address, outlet and kind, when it was removed and
why. Its page shows that, "chorus show" says it, and it is never collected or
imported again; a rebuild keeps it out, too.

In the archive the captures of its page keep their place and lose their content;
of a capture of a feed only what it said of the document is cut out. What others
wrote of it stays: a post that quotes it, a page of another address with the
same words. Backups and what was exported before are not touched.

It asks before it begins, unless --yes is given. There is no way back.

Exit status: 0 done; 1 failed, or no such document; 2 used wrongly; 3 done, but
something of it could not be taken out of the archive; 130 interrupted: if it
had begun, the next start goes on with it.`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error { return a.runTakedown(c.Context(), args[0], f) },
	}
	c.Flags().StringVar(&f.reason, "reason", "", "why, in one line; whoever asks for the document reads it")
	c.Flags().BoolVar(&f.yes, "yes", false, "do not ask")
	return c
}

func (a *app) runTakedown(ctx context.Context, name string, f takedownFlags) (err error) {
	if strings.ContainsAny(f.reason, "\r\n") || len(f.reason) > 500 {
		return usageError{errors.New("takedown: --reason must be one line of at most 500 bytes")}
	}
	m, err := a.openKept(ctx, "takedown")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, m.Close()) }()
	id, err := documentID(ctx, name, m.Resolve)
	if err != nil {
		return err
	}
	t, err := m.Plot(ctx, id)
	if err != nil {
		return err
	}
	if !f.yes {
		if err := a.confirmTakedown(t); err != nil {
			return err
		}
	}
	sum, err := m.Takedown(ctx, id, strings.TrimSpace(f.reason))
	a.endProgress()
	if err != nil {
		return err
	}
	return a.printTakedown(sum)
}

// documentID finds the id of a document that is named by its URL or by the first
// digits of its id.
func documentID(ctx context.Context, name string, resolve func(context.Context, string) (corpus.DocID, error)) (corpus.DocID, error) {
	if !strings.Contains(name, "://") {
		return resolve(ctx, name)
	}
	id, err := corpus.IDOf(name)
	if err != nil {
		return "", usageError{err}
	}
	return id, nil
}

// confirmTakedown asks, and returns an error unless the answer is yes.
func (a *app) confirmTakedown(t corpus.Tombstone) error {
	fmt.Fprintf(a.err, "Remove %s of %s, %s, for ever?\n", string(t.Kind), clean(t.Outlet), plural(t.Versions, "version", "versions"))
	for _, page := range t.Pages {
		fmt.Fprintln(a.err, "  "+clean(page))
	}
	fmt.Fprint(a.err, "Type yes: ")
	answer, _ := bufio.NewReader(a.in).ReadString('\n') // no answer is no
	if strings.TrimSpace(answer) != "yes" {
		return errors.New("nothing was removed (--yes removes without asking)")
	}
	return nil
}

func (a *app) printTakedown(sum monitor.TakedownSummary) error {
	if a.json {
		if err := a.printJSON(sum); err != nil {
			return err
		}
	} else {
		fmt.Fprintf(a.out, "removed %s of %s, %s; %s of the archive redacted\n", sum.Tombstone.ID[:12], clean(sum.Tombstone.Outlet),
			plural(sum.Tombstone.Versions, "version", "versions"), plural(sum.Captures, "capture", "captures"))
	}
	if len(sum.Left) == 0 {
		return nil
	}
	for _, address := range sum.Left {
		fmt.Fprintln(a.err, "chorus: still in the archive, in a capture of", clean(address))
	}
	return incomplete{len(sum.Left)}
}

// incomplete is returned when a takedown was done but for some captures.
type incomplete struct{ n int }

func (e incomplete) Error() string {
	return plural(e.n, "address has", "addresses have") + " captures that could not be redacted: other documents need them, or the place of the document in them was not found"
}

// removedError says of a document that is asked for that it was removed.
func removedError(t corpus.Tombstone) error {
	why := ""
	if t.Reason != "" {
		why = ": " + clean(t.Reason)
	}
	return fmt.Errorf("document %.12s, %s of %s, was removed on %s (%s%s)", string(t.ID), string(t.Kind), clean(t.Outlet), t.At.UTC().Format(time.RFC3339), string(t.Cause), why)
}
