package main

import (
	"context"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"chorus/classify"
)

// trainFlags are those of chorus train.
type trainFlags struct {
	out  string
	seen []string
}

func (a *app) trainCommand() *cobra.Command {
	var f trainFlags
	c := &cobra.Command{
		Use:   "train GOLD.jsonl... --out FILE",
		Short: "Train the classifier's model on labelled passages",
		Long: `Train the model that judges what the codebook finds, on labelled passages as
chorus eval reads them, and write it to FILE. Every fifth passage is kept aside,
by a hash of its text; the table printed is of these. Equal input gives an equal
file. It takes a minute or two.

Passages that the cues were revised on are given with --seen: they teach the
words of a claim, but not how far to trust a cue.

The program carries its model in classify/model.bin.gz: write it there and
build.

Exit status: 0 done; 1 a file cannot be read or written, or a label names no
narrative; 2 used wrongly.`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error { return a.runTrain(c.Context(), args, f) },
	}
	c.Flags().StringVar(&f.out, "out", "", "`file` to write the model to")
	c.Flags().StringArrayVar(&f.seen, "seen", nil, "passages in `file` that the cues were revised on")
	return c
}

func (a *app) runTrain(_ context.Context, files []string, f trainFlags) error {
	if f.out == "" {
		return usageError{fmt.Errorf("train: --out is missing: name the file to write the model to")}
	}
	examples, err := readExamples(files)
	if err != nil {
		return err
	}
	seen, err := readExamples(f.seen)
	if err != nil {
		return err
	}
	m, rep, err := classify.Train(examples, classify.TrainOptions{Seen: seen})
	if err != nil {
		return err
	}
	if err := writeModel(f.out, m); err != nil {
		return err
	}
	if a.json {
		return a.printJSON(rep)
	}
	_, err = fmt.Fprint(a.out, rep.String())
	return err
}

// readExamples reads labelled passages from files.
func readExamples(files []string) ([]classify.Example, error) {
	var examples []classify.Example
	for _, name := range files {
		f, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		some, err := classify.ReadExamples(f)
		f.Close()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		examples = append(examples, some...)
	}
	return examples, nil
}

// writeModel writes a model whole or not at all.
func writeModel(name string, m *classify.Model) error {
	f, err := os.Create(name + ".part")
	if err != nil {
		return err
	}
	_, err = m.WriteTo(f)
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		os.Remove(f.Name())
		return err
	}
	return os.Rename(f.Name(), name)
}
