package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"chorus/classify"
)

func (a *app) evalCommand() *cobra.Command {
	var agreement bool
	c := &cobra.Command{
		Use:   "eval GOLD.jsonl...",
		Short: "Measure the classifier against labelled passages",
		Long: `Tag labelled passages and compare: support, precision, recall and F1 per
narrative and language with 95 % intervals (bootstrap), micro and macro, with
and without stance; how well spans overlap, how far scores are off (calibration
error), and the mistakes that cost most, each with an example.

--agreement A B compares two coders instead of the classifier: Cohen's kappa per
narrative and language on the passages that both labelled.

Labels are JSON Lines, one passage a line, as the codebook describes them:

  {"id":"en-1","lang":"en","outlet_bloc":"RU","text":"...","tags":[{"narrative":
  "nato-expansion","stance":"asserts","start":12,"end":87}]}

start and end are byte offsets into text. A passage without tags is a negative.

Exit status: 0 done, whatever the figures; 1 a file cannot be read; 2 used
wrongly.`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if agreement {
				return a.runAgreement(args)
			}
			return a.runEval(c.Context(), args)
		},
	}
	c.Flags().BoolVar(&agreement, "agreement", false, "compare the labels of two files: Cohen's kappa")
	return c
}

func (a *app) runAgreement(files []string) error {
	if len(files) != 2 {
		return usageError{fmt.Errorf("eval: --agreement compares two files, not %d", len(files))}
	}
	tagger, err := a.tagger()
	if err != nil {
		return err
	}
	first, err := readExamples(files[:1])
	if err != nil {
		return err
	}
	second, err := readExamples(files[1:])
	if err != nil {
		return err
	}
	r, err := classify.Agree(first, second, tagger.Narratives())
	if err != nil {
		return fmt.Errorf("%s, %s: %w", files[0], files[1], err)
	}
	if a.json {
		return a.printJSON(r)
	}
	_, err = fmt.Fprint(a.out, r.String())
	return err
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
