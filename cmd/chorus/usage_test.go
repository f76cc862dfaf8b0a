package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestMistakesAreToldWithTheirStatus(t *testing.T) {
	dir := t.TempDir()
	for _, c := range []struct {
		args   string
		status int
		said   string
	}{
		{"serach nato", 2, `there is no verb "serach" (did you mean search?)`},
		{"collect", 2, `there is no verb "collect" (chorus --help lists them)`},
		{"--nope", 2, "unknown flag: --nope (chorus --help shows the flags)"},
		{"search -n many nato", 2, `--n "many" is not of type int (chorus search --help shows the flags)`},
		{"search", 2, "wrong number of arguments: it is chorus search [flags] QUERY"},
		{"show a b", 2, "wrong number of arguments: it is chorus show ID"},
		{"outlets chekc", 2, `unknown command "chekc" for "chorus outlets"`},
		{"search --sort up nato", 2, "--sort up: the orders are score and date"},
		{"search (nato", 2, "(nato\n  ^"},
		{"run --once --offline", 2, "choose one"},
		{"show abcdef", 1, "there is nothing in " + dir + "/none yet"},
		{"search nato", 1, "there is nothing in " + dir + "/none yet"},
		{"verify", 1, "there is nothing in " + dir + "/none yet"},
		{"rebuild", 1, "there is nothing in " + dir + "/none yet"},
	} {
		var stdout, stderr bytes.Buffer
		a := &app{in: strings.NewReader(""), out: &stdout, err: &stderr}
		status := a.run(t.Context(), append([]string{"--data", filepath.Join(dir, "none")}, strings.Fields(c.args)...))
		if status != c.status || !strings.Contains(stderr.String(), c.said) {
			t.Errorf("chorus %s: status %d, %q, want %d, %q", c.args, status, stderr.String(), c.status, c.said)
		}
		if stdout.Len() > 0 {
			t.Errorf("chorus %s: a mistake is on standard output: %q", c.args, stdout.String())
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "none")); err == nil {
		t.Error("a data folder was made by a verb that only reads")
	}
}

func TestStatusOfWhatIsDoneButNotWhole(t *testing.T) {
	for _, c := range []struct {
		err  error
		said string
	}{
		{partly{2, 5, "feeds were lost"}, "2 of 5 feeds were lost"},
		{partly{5, 5, "feeds were lost"}, "all 5 feeds were lost: is there a way to the network?"},
		{damaged{1}, "1 record of the archive is damaged"},
		{fmt.Errorf("rebuild: %w", damaged{3}), "3 records of the archive are damaged"},
	} {
		var stderr bytes.Buffer
		a := &app{err: &stderr}
		if got := a.status(t.Context(), c.err); got != 3 || !strings.Contains(stderr.String(), c.said) {
			t.Errorf("status of %v = %d, %q, want 3, %q", c.err, got, stderr.String(), c.said)
		}
	}
}

func TestHelpFitsATerminal(t *testing.T) {
	var verbs func(args []string)
	verbs = func(args []string) {
		var stdout bytes.Buffer
		a := &app{out: &stdout, err: &stdout}
		if status := a.run(t.Context(), append(args, "--help")); status != 0 {
			t.Fatalf("chorus %v --help: status %d", args, status)
		}
		for line := range strings.Lines(stdout.String()) {
			if n := widthOf(strings.TrimRight(line, "\n")); n > 80 {
				t.Errorf("chorus %v --help has a line of %d columns: %s", args, n, line)
			}
		}
	}
	verbs(nil)
	verbs([]string{"outlets", "check"})
	for _, c := range (&app{}).command().Commands() {
		verbs([]string{c.Name()})
	}
}
