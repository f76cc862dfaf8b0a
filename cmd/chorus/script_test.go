package main

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"chorus/internal/testweb"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"chorus": func() { os.Exit(Main()) }})
}

// TestScripts runs testdata/script/*.txtar: the manual of every verb. The
// folder web in a script is a web, one file a page; $PROXY is the proxy
// through which it is reached.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(e *testscript.Env) error {
			w, err := folderWeb(filepath.Join(e.WorkDir, "web"))
			if err != nil {
				return err
			}
			ctx, stop := context.WithCancel(context.Background())
			e.Defer(stop)
			address, _, err := w.Serve(ctx)
			if err != nil {
				return err
			}
			e.Setenv("PROXY", "http://"+address)
			e.Setenv("NO_COLOR", "1")
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			// expand FILE: put the values of $NAMES into a file.
			"expand": func(ts *testscript.TestScript, _ bool, args []string) {
				for _, name := range args {
					path := ts.MkAbs(name)
					raw, err := os.ReadFile(path)
					ts.Check(err)
					ts.Check(os.WriteFile(path, []byte(os.Expand(string(raw), ts.Getenv)), 0o644))
				}
			},
			// lines FILE N: a file has so many lines.
			"lines": func(ts *testscript.TestScript, _ bool, args []string) {
				n := 0
				for _, c := range ts.ReadFile(args[0]) {
					if c == '\n' {
						n++
					}
				}
				if fmt.Sprint(n) != args[1] {
					ts.Fatalf("%s has %d lines, want %s", args[0], n, args[1])
				}
			},
			// flip FILE: damage a file in its middle.
			"flip": func(ts *testscript.TestScript, _ bool, args []string) {
				matches, err := filepath.Glob(ts.MkAbs(args[0]))
				ts.Check(err)
				if len(matches) != 1 {
					ts.Fatalf("%s is %d files", args[0], len(matches))
				}
				raw, err := os.ReadFile(matches[0])
				ts.Check(err)
				raw[len(raw)/2] ^= 0x55
				ts.Check(os.WriteFile(matches[0], raw, 0o644))
			},
		},
	})
}

func folderWeb(dir string) (*testweb.Web, error) {
	w := &testweb.Web{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if os.IsNotExist(err) || err == nil && d.IsDir() {
			return nil
		}
		if err != nil {
			return err
		}
		raw, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		w.AddText("http://"+filepath.ToSlash(rel), string(raw))
		return nil
	})
	return w, err
}
