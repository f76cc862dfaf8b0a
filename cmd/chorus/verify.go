package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"
)

func (a *app) verifyCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "verify",
		Short: "Prove that the evidence is whole",
		Long: `Read the whole archive again and name every record that is damaged; check that
the evidence of each document is where the database says, with the digest it
says; check the database and the index.

Exit status: 0 all is whole; 1 something is damaged, or failed; 130 interrupted.`,
		RunE: func(c *cobra.Command, _ []string) error { return a.runVerify(c.Context()) },
	}
}

func (a *app) runVerify(ctx context.Context) (err error) {
	m, err := a.openKept(ctx, "verify")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, m.Close()) }()
	r, err := m.Verify(ctx)
	a.endProgress()
	if err != nil {
		return err
	}
	if a.json {
		if err := a.printJSON(r); err != nil {
			return err
		}
	} else {
		fmt.Fprintf(a.out, "archive    %s in %s, %s, %d damaged\n", plural(r.Archive.Records, "record", "records"),
			plural(r.Archive.Segments, "file", "files"), plural(r.Archive.Bytes, "byte", "bytes"), len(r.Archive.Damaged))
		fmt.Fprintf(a.out, "documents  %s, %d without evidence\n", plural(r.Checked, "version", "versions"), len(r.Orphans))
		for _, d := range r.Archive.Damaged {
			fmt.Fprintln(a.out, "damaged:", d)
		}
		for _, o := range r.Orphans {
			fmt.Fprintf(a.out, "without evidence: %s %s: %s byte %d: %s\n", o.ID[:12], clean(o.URL), o.File, o.Offset, o.Reason)
		}
		if r.Store != "" {
			fmt.Fprintln(a.out, "database:", r.Store)
		}
		if r.Index != "" {
			fmt.Fprintln(a.out, "index:", r.Index, "(chorus rebuild --index-only makes it again)")
		}
	}
	if !r.Sound() {
		return errors.New(plural(r.Faults(), "thing is", "things are") + " damaged")
	}
	return nil
}
