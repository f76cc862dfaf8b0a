package main

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"chorus/monitor"
)

func (a *app) importCommand() *cobra.Command {
	var form string
	c := &cobra.Command{
		Use:   "import FILE...",
		Short: "Take documents and posts from files",
		Long: `Take documents from files, through the same stages as what the network brings:
they get evidence, tags and a place in the index. "-" is standard input.

  .warc, .warc.gz   the pages of a WARC file, of this or another program
  .jsonl            one document a line: url, outlet (an id, or a host), kind
                    (article, post, transcript), title, text, published (RFC
                    3339), and if known seen, lang, author, links, forward_of,
                    credits; other keys are kept as extra
  result.json       an export of Telegram Desktop in JSON, of one chat or of
                    the whole account
  .ndjson, .csv     an export of 4CAT or Zeeschuimer: Weibo, TikTok, X, ...

What a file is shows its name and its beginning; --format says it where they
do not. Names of persons in posts become pseudonyms (privacy.authors in
config.yaml).

What is there already is not taken twice. A line that cannot be taken is named
and left out.

Exit status: 0 done; 1 failed, or some lines or records could not be taken;
2 used wrongly; 130 interrupted.`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error { return a.runImport(c.Context(), args, form) },
	}
	c.Flags().StringVar(&form, "format", "", "of all files: "+strings.Join(importForms, ", "))
	return c
}

// The forms of files.
const (
	formLines    = "jsonl"
	formWARC     = "warc"
	formTelegram = "telegram"
	formFourCAT  = "4cat"
)

var importForms = []string{formLines, formWARC, formTelegram, formFourCAT}

func (a *app) runImport(ctx context.Context, files []string, form string) (err error) {
	if form != "" && !slices.Contains(importForms, form) {
		return usageError{fmt.Errorf("--format %s: the formats are %s", form, strings.Join(importForms, ", "))}
	}
	m, err := a.open(ctx, "import")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, m.Close()) }()
	var errs []error
	for _, name := range files {
		if err := a.importFile(ctx, m, name, form); err != nil {
			errs = append(errs, err)
		}
		if ctx.Err() != nil {
			break
		}
	}
	return errors.Join(errs...)
}

// shownProblems is how many lines that cannot be taken are named.
const shownProblems = 10

func (a *app) importFile(ctx context.Context, m *monitor.Monitor, name, form string) error {
	in := a.in
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return fmt.Errorf("import: %w", err)
		}
		defer f.Close()
		in = f
	}
	r := bufio.NewReaderSize(in, 64<<10)
	take := m.ImportLines
	switch cmp.Or(form, formOf(name, r)) {
	case formWARC:
		take = m.ImportWARC
	case formTelegram:
		take = m.ImportTelegram
	case formFourCAT:
		take = m.Import4CAT
	}
	problems := 0
	s, err := take(ctx, name, r, func(problem error) {
		if problems++; problems <= shownProblems {
			a.endProgress()
			fmt.Fprintln(a.err, "chorus:", problem)
		}
	})
	a.endProgress()
	slices.Sort(s.Unknown)
	if a.json {
		if err := a.printJSON(s); err != nil {
			return err
		}
	} else {
		fmt.Fprintf(a.out, "%s: %d read, %s new or changed, %d with a narrative, %d left out\n", name, s.Read, plural(s.Documents, "document", "documents"), s.Tagged, s.Bad)
	}
	if s.Removed > 0 {
		fmt.Fprintf(a.err, "chorus: %s of documents that were removed: not taken again\n", plural(s.Removed, "line or record is", "lines or records are"))
	}
	if len(s.Unknown) > 0 {
		shown := s.Unknown[:min(len(s.Unknown), shownProblems)]
		fmt.Fprintf(a.err, "chorus: %s not in the registry, so documents have no bloc: %s\n", plural(len(s.Unknown), "outlet is", "outlets are"), strings.Join(shown, ", "))
	}
	if err == nil && s.Bad > 0 {
		err = fmt.Errorf("%s: %s could not be taken", name, plural(s.Bad, "line or record", "lines or records"))
	}
	return err
}

// formOf tells the form of a file by its name, or by its beginning.
func formOf(name string, r *bufio.Reader) string {
	base := strings.ToLower(filepath.Base(name))
	switch {
	case strings.HasSuffix(base, ".warc"), strings.HasSuffix(base, ".warc.gz"):
		return formWARC
	case strings.HasSuffix(base, ".csv"):
		return formFourCAT
	}
	head, _ := r.Peek(4096)
	head = bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\ufeff")), " \t\r\n")
	switch line, _, _ := bytes.Cut(head, []byte("\n")); {
	case bytes.HasPrefix(head, []byte("WARC/")), bytes.HasPrefix(head, []byte{0x1f, 0x8b}):
		return formWARC
	case bytes.Contains(line, []byte(`"source_platform"`)), bytes.Contains(line, []byte(`"item_id"`)):
		return formFourCAT
	case strings.HasSuffix(base, ".json"), bytes.Equal(bytes.TrimSpace(line), []byte("{")): // lines begin and end on one line
		return formTelegram
	}
	return formLines
}
