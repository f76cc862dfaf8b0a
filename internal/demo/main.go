// Demo shows Chorus at work without a network. It serves a web on loopback,
// as an HTTP proxy under the real names: the recorded one that may lie beside
// the project, else a synthetic one. Then it lets the chorus program collect
// it with a configuration of its own, reports what came of it, and leaves the
// pages running to look at.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"go.yaml.in/yaml/v4"

	"chorus/corpus"
	"chorus/feeds"
	"chorus/internal/newsroom"
	"chorus/internal/testweb"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	d := demo{}
	flag.StringVar(&d.chorus, "chorus", "bin/chorus", "the `program`")
	flag.StringVar(&d.dir, "dir", "demo-data", "`folder` for the configuration and the data; it is emptied")
	flag.StringVar(&d.listen, "listen", "127.0.0.1:8080", "`address` of the pages")
	flag.BoolVar(&d.once, "once", false, "end after the report")
	flag.BoolVar(&d.synthetic, "synthetic", false, "the synthetic web, even if a recorded one is there")
	flag.Parse()
	if err := d.run(ctx); err != nil && ctx.Err() == nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

type demo struct {
	chorus, dir, listen string
	once, synthetic     bool
}

// show is a web to collect, and what to ask of it.
type show struct {
	web      *testweb.Web
	outlets  []corpus.Outlet
	pages    int
	searches []string
}

func (d *demo) run(ctx context.Context) error {
	s, err := d.show()
	if err != nil {
		return err
	}
	address, _, err := s.web.Serve(ctx)
	if err != nil {
		return err
	}
	if err := d.prepare(s, address); err != nil {
		return err
	}
	fmt.Printf("%d outlets, %d pages on a web at %s\n\n", len(s.outlets), s.pages, address)
	start := time.Now()
	// Some feeds or pages may be lost by intent: status 3 is no failure here.
	if err := d.call(ctx, "run", "--once"); err != nil && exitCode(err) != 3 {
		return err
	}
	fmt.Printf("whole run  %s\n", time.Since(start).Round(100*time.Millisecond))
	if err := d.report(ctx); err != nil {
		return err
	}
	for _, q := range s.searches {
		fmt.Printf("\n$ chorus search -n 3 '%s'\n", q)
		if err := d.call(ctx, "search", "-n", "3", q); err != nil {
			return err
		}
	}
	if d.once {
		return nil
	}
	fmt.Println()
	return d.call(ctx, "run", "--offline", "--listen", d.listen)
}

func exitCode(err error) int {
	var e *exec.ExitError
	if errors.As(err, &e) {
		return e.ExitCode()
	}
	return -1
}

// show picks the web.
func (d *demo) show() (*show, error) {
	if shared, ok := testweb.Shared(); ok && !d.synthetic {
		return recorded(filepath.Join(shared, "web"))
	}
	fmt.Println("no recorded web: the synthetic one is shown")
	now := time.Now()
	w := newsroom.New(newsroom.Options{Seed: 1, From: now.AddDate(0, 0, -14), To: now})
	return &show{web: w.Web, outlets: w.Outlets, pages: len(w.Truth.Articles), searches: []string{
		"narrative:nato-expansion stance:asserts", "bloc:RU санкции", "bloc:CN 制裁", "bloc:control grain", "stance:rebuts -lang:en",
	}}, nil
}

func recorded(dir string) (*show, error) {
	outlets, err := feeds.Outlets()
	if err != nil {
		return nil, err
	}
	registry, err := feeds.NewRegistry(outlets)
	if err != nil {
		return nil, err
	}
	r, err := testweb.Recorded(dir, registry.ByHost)
	if err != nil {
		return nil, err
	}
	return &show{web: r.Web, outlets: r.Outlets, pages: r.Pages, searches: []string{
		`"strategic stability"`, "присяжные оправдали", "空间站", "narrative:wwii-memory stance:asserts", "lang:es",
	}}, nil
}

// prepare writes the configuration. It alone makes the program collect from
// this web instead of the real one.
func (d *demo) prepare(s *show, address string) error {
	if err := os.RemoveAll(d.dir); err != nil {
		return err
	}
	if err := os.MkdirAll(d.dir, 0o755); err != nil {
		return err
	}
	raw, err := yaml.Marshal(map[string]any{
		"data": filepath.Join(d.dir, "data"),
		"collect": map[string]any{
			"proxy": "http://" + address, "host_delay": "0s",
			"user_agent": "Chorus/demo (+%contact%)",
		},
		"outlets": map[string]any{"builtin": false, "define": s.outlets},
		"social":  map[string]any{"networks": []string{}}, // no network is in this web
	})
	if err != nil {
		return err
	}
	return os.WriteFile(d.config(), raw, 0o644)
}

func (d *demo) config() string { return filepath.Join(d.dir, "config.yaml") }

func (d *demo) command(ctx context.Context, args ...string) *exec.Cmd {
	c := exec.CommandContext(ctx, d.chorus, append([]string{"--config", d.config()}, args...)...)
	c.Cancel = func() error { return c.Process.Signal(syscall.SIGTERM) }
	c.WaitDelay = 12 * time.Second
	c.Stderr = os.Stderr
	return c
}

func (d *demo) call(ctx context.Context, args ...string) error {
	c := d.command(ctx, args...)
	c.Stdout = os.Stdout
	return c.Run()
}

// report counts what is there: extractors, languages, tags, sizes.
func (d *demo) report(ctx context.Context) error {
	c := d.command(ctx, "search", "-n", "10000", "--json", "*")
	out, err := c.Output()
	if err != nil {
		return fmt.Errorf("search everything: %w", err)
	}
	langs, narratives := map[string]int{}, map[string]int{}
	documents, tagged := 0, 0
	for line := range bytes.Lines(out) {
		var hit struct {
			Lang string
			Tags []corpus.Tag
		}
		if err := json.Unmarshal(line, &hit); err != nil {
			return err
		}
		documents++
		langs[hit.Lang]++
		if len(hit.Tags) > 0 {
			tagged++
		}
		for _, t := range hit.Tags {
			narratives[t.Narrative]++
		}
	}
	fmt.Printf("documents  %d, %d with a narrative\nlanguages  %v\nnarratives %v\n", documents, tagged, langs, narratives)
	for _, part := range []string{"archive", "index", "chorus.db"} {
		fmt.Printf("%-10s %s\n", part, size(filepath.Join(d.dir, "data", part)))
	}
	return nil
}

// size is how much room a file or folder takes.
func size(path string) string {
	var n int64
	err := filepath.WalkDir(path, func(_ string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		info, err := e.Info()
		if err == nil {
			n += info.Size()
		}
		return err
	})
	if err != nil {
		return strings.TrimSpace(err.Error())
	}
	return fmt.Sprintf("%.1f MB", float64(n)/1e6)
}
