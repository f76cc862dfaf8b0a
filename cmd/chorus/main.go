// Chorus is a monitor of influence operations: it collects from Russian and
// Chinese state outlets and a control group, keeps the evidence, tags
// narratives, and serves a search.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"chorus"
	"chorus/config"
	"chorus/monitor"
)

// version is set by the Makefile.
var version = "dev"

// Exit statuses, as every verb's help tells them.
const (
	exitFailed      = 1
	exitUsage       = 2
	exitPartly      = 3 // done, but some outlets could not be read
	exitInterrupted = 130
)

func main() {
	os.Exit(Main())
}

// Main runs the program and returns its exit status.
func Main() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	// The first signal finishes what is in hand, the second ends the program.
	context.AfterFunc(ctx, stop)
	a := &app{in: os.Stdin, out: os.Stdout, err: os.Stderr}
	return a.run(ctx, os.Args[1:])
}

// app is what all verbs share.
type app struct {
	in       io.Reader
	out, err io.Writer

	configFile string
	dataDir    string
	json       bool
	verbose    bool
}

// usageError is a mistake in how a verb was called.
type usageError struct{ error }

// partly is returned by a verb that did its job, but not for all outlets.
type partly struct{ lost, of int }

func (p partly) Error() string {
	return fmt.Sprintf("%d of %d feeds could not be read (chorus outlets shows why)", p.lost, p.of)
}

func (a *app) run(ctx context.Context, args []string) int {
	root := a.command()
	root.SetArgs(args)
	root.SetIn(a.in)
	root.SetOut(a.out)
	root.SetErr(a.err)
	err := root.ExecuteContext(ctx)
	var usage usageError
	var part partly
	switch {
	case err == nil:
		return 0
	case errors.As(err, &part):
		fmt.Fprintln(a.err, "chorus:", err)
		return exitPartly
	case ctx.Err() != nil && errors.Is(err, context.Canceled):
		fmt.Fprintln(a.err, "chorus: interrupted; what was collected is kept")
		return exitInterrupted
	case errors.As(err, &usage):
		fmt.Fprintln(a.err, "chorus:", err)
		return exitUsage
	}
	fmt.Fprintln(a.err, "chorus:", err)
	return exitFailed
}

func (a *app) command() *cobra.Command {
	root := &cobra.Command{
		Use:   "chorus",
		Short: "A monitor of influence operations",
		Long: `Chorus watches Russian and Chinese state outlets and a control group of
independent ones: it collects what they publish, keeps the bytes as evidence,
tags narratives with the words that carry them, and makes all of it searchable.

Begin with "chorus run", then open http://127.0.0.1:8080.

Exit status: 0 done; 1 failed; 2 used wrongly; 3 done, but some outlets could
not be read; 130 interrupted.`,
		Version:       version,
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.SetVersionTemplate("chorus {{.Version}}\n")
	f := root.PersistentFlags()
	f.StringVar(&a.configFile, "config", "", "configuration `file` (default: config.yaml in the working folder, else the built-in one)")
	f.StringVar(&a.dataDir, "data", "", "`folder` where everything is kept, in place of the configured one")
	f.BoolVar(&a.json, "json", false, "print JSON, one object a line")
	f.BoolVarP(&a.verbose, "verbose", "v", false, "log what happens to single feeds and pages")
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return usageError{fmt.Errorf("%w (chorus %s --help shows the flags)", err, c.Name())}
	})
	root.AddCommand(
		a.runCommand(), a.searchCommand(), a.showCommand(), a.classifyCommand(), a.evalCommand(),
		a.narrativesCommand(), a.outletsCommand(), a.importCommand(), a.rebuildCommand(), a.verifyCommand(), a.benchCommand(),
	)
	for _, c := range root.Commands() {
		wrapArgs(c)
	}
	return root
}

// wrapArgs makes a wrong number of arguments a mistake in usage.
func wrapArgs(c *cobra.Command) {
	check := c.Args
	if check == nil {
		check = cobra.NoArgs
	}
	c.Args = func(c *cobra.Command, args []string) error {
		if err := check(c, args); err != nil {
			return usageError{fmt.Errorf("%w (chorus %s --help shows how)", err, c.Name())}
		}
		return nil
	}
	for _, sub := range c.Commands() {
		wrapArgs(sub)
	}
}

// config reads the configuration with the flags laid over it.
func (a *app) config() (*config.Config, error) {
	c, _, err := config.Load(a.configFile, chorus.Config)
	if err != nil && c != nil {
		// Mistakes in outlets show only where it is known what an outlet is.
		_, more := monitor.Registry(c)
		err = errors.Join(err, more)
	}
	if err != nil {
		return nil, err
	}
	if a.dataDir != "" {
		c.Data = a.dataDir
	}
	return c, nil
}

func (a *app) logger(c *config.Config) *slog.Logger {
	o := &slog.HandlerOptions{Level: c.Log.Level}
	if a.verbose {
		o.Level = slog.LevelDebug
	}
	if c.Log.Format == "json" {
		return slog.New(slog.NewJSONHandler(a.err, o))
	}
	return slog.New(slog.NewTextHandler(a.err, o))
}

// open opens the data folder for a verb.
func (a *app) open(ctx context.Context, verb string) (*monitor.Monitor, error) {
	c, err := a.config()
	if err != nil {
		return nil, err
	}
	return monitor.Open(ctx, monitor.Options{Config: c, Verb: verb, Log: a.logger(c), Progress: a.progress()})
}
