package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"chorus/classify"
)

func (a *app) evalCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "eval GOLD.jsonl...",
		Short: "Measure the classifier against labelled passages",
		Long: `Tag labelled passages and compare: precision, recall and F1 per narrative and
language, micro and macro, with and without stance, and how well spans overlap.
Labels are JSON Lines, one passage a line, as the codebook describes them:

  {"id":"en-1","lang":"en","outlet_bloc":"RU","text":"...","tags":[{"narrative":
  "nato-expansion","stance":"asserts","start":12,"end":87}]}

start and end are byte offsets into text. A passage without tags is a negative.

Exit status: 0 done, whatever the figures; 1 a file cannot be read; 2 used
wrongly.`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error { return a.runEval(c.Context(), args) },
	}
}

func (a *app) runEval(_ context.Context, files []string) error {
	tagger, err := a.tagger()
	if err != nil {
		return err
	}
	examples, err := readExamples(files)
	if err != nil {
		return err
	}
	r := classify.Evaluate(examples, tagger)
	if a.json {
		return a.printJSON(r)
	}
	_, err = fmt.Fprint(a.out, r.String())
	return err
}
