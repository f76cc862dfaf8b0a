package main

import (
	"context"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"chorus/classify"
	"chorus/monitor"
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
	c, err := a.config()
	if err != nil {
		return err
	}
	tagger, err := monitor.Tagger(c)
	if err != nil {
		return err
	}
	var examples []classify.Example
	for _, name := range files {
		f, err := os.Open(name)
		if err != nil {
			return err
		}
		some, err := classify.ReadExamples(f)
		f.Close()
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		examples = append(examples, some...)
	}
	r := classify.Evaluate(examples, tagger)
	if a.json {
		return a.printJSON(r)
	}
	_, err = fmt.Fprint(a.out, r.String())
	return err
}
