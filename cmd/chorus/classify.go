package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"chorus/classify"
	"chorus/corpus"
)

func (a *app) classifyCommand() *cobra.Command {
	var explain bool
	c := &cobra.Command{
		Use:   "classify [FILE...]",
		Short: "Tag texts; nothing is stored",
		Long: `Tag texts with narratives: each FILE, or standard input. A .jsonl file holds one
text a line, as an object with "text" and, if known, "title", "lang" and
"outlet_bloc"; --json answers one line for each, the object it was with "tags".
Any other file is one text.

--explain says why: for each passage the probability and what it has to reach,
the cues that fired and the words they matched, the words that weigh most, and
the signs of its stance; also for passages that came close and were not tagged.

Exit status: 0 done; 1 failed; 2 used wrongly.`,
		Args: cobra.ArbitraryArgs,
		RunE: func(c *cobra.Command, args []string) error {
			return a.runClassify(c.Context(), args, explain)
		},
	}
	c.Flags().BoolVar(&explain, "explain", false, "say what speaks for each tag, given or nearly given")
	return c
}

func (a *app) runClassify(ctx context.Context, files []string, explain bool) error {
	tagger, err := a.tagger()
	if err != nil {
		return err
	}
	if len(files) == 0 {
		return a.classifyFrom(ctx, tagger, "standard input", a.in, explain)
	}
	for _, name := range files {
		f, err := os.Open(name)
		if err != nil {
			return err
		}
		err = a.classifyFrom(ctx, tagger, name, f, explain)
		f.Close()
		if err != nil {
			return err
		}
	}
	return nil
}

// classifyFrom tags one file. Standard input is JSON Lines if it begins so.
func (a *app) classifyFrom(ctx context.Context, tagger *classify.Classifier, name string, r io.Reader, explain bool) error {
	b := bufio.NewReaderSize(r, 1<<20)
	if !isLines(name, b) {
		text, err := io.ReadAll(b)
		if err != nil {
			return fmt.Errorf("read %s: %w", name, err)
		}
		return a.printClassified(tagger, map[string]any{"file": name}, classify.Input{Text: string(text)}, explain)
	}
	return eachLine(ctx, name, b, func(raw []byte) error {
		var in struct {
			Text, Title, Lang string
			Bloc              corpus.Bloc `json:"outlet_bloc"`
		}
		object, err := objectOf(raw)
		if err != nil {
			return err
		}
		if err := json.Unmarshal(raw, &in); err != nil {
			return err
		}
		if _, ok := object["text"]; !ok {
			return errors.New(`no "text"`)
		}
		return a.printClassified(tagger, object, classify.Input{Title: in.Title, Text: in.Text, Lang: in.Lang, Bloc: in.Bloc}, explain)
	})
}

// objectOf reads an object whose numbers are to stay as they are written.
func objectOf(raw []byte) (map[string]any, error) {
	object := map[string]any{}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	if err := d.Decode(&object); err != nil {
		return nil, err
	}
	return object, nil
}

func isLines(name string, b *bufio.Reader) bool {
	switch strings.ToLower(filepath.Ext(name)) {
	case ".jsonl", ".ndjson":
		return true
	case ".txt":
		return false
	}
	head, _ := b.Peek(512) // what there is is enough
	return bytes.HasPrefix(bytes.TrimSpace(head), []byte("{"))
}

// eachLine calls fn for each line that is not blank; an error of fn gets the
// name and the number of the line.
func eachLine(ctx context.Context, name string, r *bufio.Reader, fn func([]byte) error) error {
	for n := 1; ; n++ {
		line, err := r.ReadBytes('\n')
		if err != nil && err != io.EOF {
			return fmt.Errorf("read %s: %w", name, err)
		}
		if line = bytes.TrimSpace(line); len(line) > 0 {
			if ferr := fn(line); ferr != nil {
				return fmt.Errorf("%s line %d: %w", name, n, ferr)
			}
		}
		if err == io.EOF || ctx.Err() != nil {
			return ctx.Err()
		}
	}
}

func (a *app) printClassified(tagger *classify.Classifier, object map[string]any, in classify.Input, explain bool) error {
	tags := tagger.Tags(in)
	if a.json {
		if tags == nil {
			tags = []corpus.Tag{}
		}
		object["tags"] = tags
		if explain {
			object["explanations"] = tagger.Explain(in)
		}
		return a.printJSON(object)
	}
	name := in.Title
	for _, key := range []string{"id", "url", "file"} {
		if v, ok := object[key].(string); ok && name == "" {
			name = v
		}
	}
	switch {
	case len(tags) == 0:
		fmt.Fprintf(a.out, "%s: no narrative\n", clean(name))
	case explain:
		fmt.Fprintf(a.out, "%s:\n", clean(name))
	default:
		fmt.Fprintf(a.out, "%s:\n", clean(name))
		a.printTags(tags, in.Text, a.columns())
	}
	if explain {
		a.printExplanations(tagger.Explain(in), in)
	}
	return nil
}

// printExplanations says of each passage what speaks for its tag.
func (a *app) printExplanations(all []classify.Explanation, in classify.Input) {
	for _, x := range all {
		verdict := "not tagged: " + x.Why
		if x.Tagged {
			verdict = "tagged, " + string(x.Stance)
		}
		fmt.Fprintf(a.out, "\n  %s  %s\n", a.bold(x.Narrative), verdict)
		if x.Threshold > 0 {
			fmt.Fprintf(a.out, "    probability %.2f of %.2f needed, words %+.2f\n", x.Probability, x.Threshold, x.Margin)
		}
		text, place := in.Text, ""
		if x.Title {
			text, place = in.Title, "(title) "
		}
		for _, line := range wrap(place+clean(text[x.Span.Start:x.Span.End]), a.columns()-6) {
			fmt.Fprintln(a.out, "      "+line)
		}
		for _, c := range x.Cues {
			a.printEvidence("cue", c)
		}
		if len(x.Words) > 0 {
			words := make([]string, len(x.Words))
			for i, w := range x.Words {
				words[i] = fmt.Sprintf("%s %+.2f", clean(w.Word), w.Weight)
			}
			for i, line := range wrap(strings.Join(words, ", "), a.columns()-12) {
				fmt.Fprintf(a.out, "    %-7s %s\n", []string{"words", ""}[min(i, 1)], line)
			}
		}
		for _, s := range x.Signals {
			a.printEvidence("stance", s)
		}
	}
}

// printEvidence prints a pattern, cut to the line, and what it matched.
func (a *app) printEvidence(what string, e classify.Evidence) {
	head := fmt.Sprintf("    %-7s %-8s %q by ", what, e.Kind, clean(e.Text))
	room := max(a.columns()-widthOf(head), 20)
	fmt.Fprintln(a.out, head+strings.TrimRight(fit(clean(e.Pattern), room), " "))
}
