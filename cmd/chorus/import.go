package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"chorus/monitor"
)

func (a *app) importCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "import FILE...",
		Short: "Take documents from JSON Lines and WARC files",
		Long: `Take documents from files, through the same stages as what the network brings:
they get evidence, tags and a place in the index. "-" is standard input.

  .warc, .warc.gz   the pages of a WARC file, of this or another program
  .jsonl            one document a line: url, outlet (an id, or a host), kind
                    (article, post, transcript), title, text, published (RFC
                    3339), and if known seen, lang, author, links, forward_of,
                    credits; other keys are kept as extra

What is there already is not taken twice. A line that cannot be taken is named
and left out.

Exit status: 0 done; 1 failed, or some lines or records could not be taken;
2 used wrongly; 130 interrupted.`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error { return a.runImport(c.Context(), args) },
	}
}

func (a *app) runImport(ctx context.Context, files []string) (err error) {
	m, err := a.open(ctx, "import")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, m.Close()) }()
	var errs []error
	for _, name := range files {
		if err := a.importFile(ctx, m, name); err != nil {
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

func (a *app) importFile(ctx context.Context, m *monitor.Monitor, name string) error {
	in := a.in
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return fmt.Errorf("import: %w", err)
		}
		defer f.Close()
		in = f
	}
	take, r := m.ImportLines, bufio.NewReaderSize(in, 64<<10)
	if isWARC(name, r) {
		take = m.ImportWARC
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
	if len(s.Unknown) > 0 {
		shown := s.Unknown[:min(len(s.Unknown), shownProblems)]
		fmt.Fprintf(a.err, "chorus: %s not in the registry, so documents have no bloc: %s\n", plural(len(s.Unknown), "outlet is", "outlets are"), strings.Join(shown, ", "))
	}
	if err == nil && s.Bad > 0 {
		err = fmt.Errorf("%s: %s could not be taken", name, plural(s.Bad, "line or record", "lines or records"))
	}
	return err
}

// isWARC tells a WARC file by its name, or by its first bytes.
func isWARC(name string, r *bufio.Reader) bool {
	base := strings.ToLower(filepath.Base(name))
	if strings.HasSuffix(base, ".warc") || strings.HasSuffix(base, ".warc.gz") {
		return true
	}
	if strings.HasSuffix(base, ".jsonl") || strings.HasSuffix(base, ".ndjson") {
		return false
	}
	head, err := r.Peek(5)
	return (err == nil || err == io.EOF) && (bytes.HasPrefix(head, []byte("WARC/")) || bytes.HasPrefix(head, []byte{0x1f, 0x8b}))
}
