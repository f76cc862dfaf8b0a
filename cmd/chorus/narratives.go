package main

import (
	"fmt"

	"github.com/spf13/cobra"
)

func (a *app) narrativesCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "narratives",
		Short: "The codebook: every narrative and its definition",
		Long: `The codebook: every narrative with its group and definition, those of your own
folder included (narratives.folder in config.yaml).

Exit status: 0 done; 1 the codebook cannot be read.`,
		RunE: func(*cobra.Command, []string) error { return a.runNarratives() },
	}
}

func (a *app) runNarratives() error {
	tagger, err := a.tagger()
	if err != nil {
		return err
	}
	group, names := "", groups()
	for _, n := range tagger.Narratives() {
		if a.json {
			if err := a.printJSON(n); err != nil {
				return err
			}
			continue
		}
		if n.Group != group {
			group = n.Group
			fmt.Fprintf(a.out, "%s  %s\n\n", group, names[group])
		}
		fmt.Fprintf(a.out, "   %s  %s\n", a.bold(n.ID), n.Name)
		for _, line := range wrap(clean(n.Definition), a.columns()-6) {
			fmt.Fprintln(a.out, "      "+line)
		}
		fmt.Fprintln(a.out)
	}
	if !a.json {
		fmt.Fprintf(a.out, "classifier %s\n", tagger.Version())
	}
	return nil
}
