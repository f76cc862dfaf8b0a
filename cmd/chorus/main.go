// Chorus is a monitor of influence operations: it collects from Russian and
// Chinese state outlets and a control group, keeps the evidence, tags
// narratives, and serves a search.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"chorus"
	"chorus/classify"
	"chorus/config"
	"chorus/monitor"
)

// version is set by the Makefile.
var version = "dev"

// Exit statuses, as every verb's help tells them.
const (
	exitFailed      = 1
	exitUsage       = 2
	exitPartly      = 3 // done, but not whole: some outlets could not be read, say
	exitInterrupted = 130
)

func main() {
	os.Exit(Main())
}

// Main runs the program and returns its exit status.
func Main() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	a := &app{in: os.Stdin, out: os.Stdout, err: os.Stderr}
	// The first signal finishes what is in hand, the second ends the program.
	forget := context.AfterFunc(ctx, func() {
		stop()
		if _, ok := terminal(a.err); ok {
			fmt.Fprintln(a.err, "\nchorus: finishing what is in hand; once more ends at once")
		}
	})
	defer forget()
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

// partly is returned by a verb that did its job, but not for all.
type partly struct {
	lost, of int
	what     string // is true of the lost ones: "feeds could not be read"
}

func (p partly) Error() string {
	if p.lost == p.of && p.of > 1 {
		return fmt.Sprintf("all %d %s: is there a way to the network?", p.of, p.what)
	}
	return fmt.Sprintf("%d of %d %s", p.lost, p.of, p.what)
}

func (a *app) run(ctx context.Context, args []string) int {
	root := a.command()
	root.SetArgs(args)
	root.SetIn(a.in)
	root.SetOut(a.out)
	root.SetErr(a.err)
	return a.status(ctx, root.ExecuteContext(ctx))
}

// status says what went wrong, if anything did, and gives the exit status.
func (a *app) status(ctx context.Context, err error) int {
	var usage usageError
	var part partly
	var lost damaged
	var left incomplete
	switch {
	case err == nil:
		return 0
	case errors.As(err, &part), errors.As(err, &lost), errors.As(err, &left):
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
		Args:          cobra.ArbitraryArgs, // so that RunE is asked about a verb that is not known
		RunE:          noSuchVerb,
	}
	root.SetVersionTemplate("chorus {{.Version}}\n")
	f := root.PersistentFlags()
	f.StringVar(&a.configFile, "config", "", "configuration `file` (default ./config.yaml, else built in)")
	f.StringVar(&a.dataDir, "data", "", "`folder` where everything is kept (default: as configured)")
	f.BoolVar(&a.json, "json", false, "print JSON, one object a line")
	f.BoolVarP(&a.verbose, "verbose", "v", false, "log what happens to single feeds and pages")
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		var bad *pflag.InvalidValueError
		if errors.As(err, &bad) {
			err = fmt.Errorf("--%s %q is not of type %s", bad.GetFlag().Name, bad.GetValue(), bad.GetFlag().Value.Type())
		}
		return usageError{fmt.Errorf("%w (%s --help shows the flags)", err, c.CommandPath())}
	})
	root.AddCommand(
		a.runCommand(), a.searchCommand(), a.showCommand(), a.classifyCommand(), a.labelCommand(), a.evalCommand(), a.trainCommand(),
		a.narrativesCommand(), a.outletsCommand(), a.importCommand(), a.rebuildCommand(), a.verifyCommand(), a.takedownCommand(), a.benchCommand(),
	)
	for _, c := range root.Commands() {
		wrapArgs(c)
	}
	return root
}

// noSuchVerb answers a call without a verb, or with one that is not known.
func noSuchVerb(root *cobra.Command, args []string) error {
	if len(args) == 0 {
		return root.Help()
	}
	hint := "chorus --help lists them"
	root.SuggestionsMinimumDistance = 2
	if near := root.SuggestionsFor(args[0]); len(near) > 0 {
		hint = "did you mean " + strings.Join(near, " or ") + "?"
	}
	return usageError{fmt.Errorf("there is no verb %q (%s)", args[0], hint)}
}

// wrapArgs makes a wrong number of arguments a mistake in usage.
func wrapArgs(c *cobra.Command) {
	check := c.Args
	if check == nil {
		check = cobra.NoArgs
	}
	c.Args = func(c *cobra.Command, args []string) error {
		err := check(c, args)
		switch {
		case err == nil:
			return nil
		case !c.HasSubCommands():
			err = fmt.Errorf("wrong number of arguments: it is chorus %s", c.Use)
		}
		return usageError{fmt.Errorf("%w (%s --help shows how)", err, c.CommandPath())}
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

// tagger is the classifier that the configuration asks for.
func (a *app) tagger() (*classify.Classifier, error) {
	c, err := a.config()
	if err != nil {
		return nil, err
	}
	return monitor.Tagger(c)
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

// openKept is open for a verb that only makes sense where something is kept:
// it makes no new data folder out of a name mistyped.
func (a *app) openKept(ctx context.Context, verb string) (*monitor.Monitor, error) {
	c, err := a.config()
	if err != nil {
		return nil, err
	}
	if entries, err := os.ReadDir(c.Data); errors.Is(err, fs.ErrNotExist) || err == nil && len(entries) == 0 {
		return nil, nothingYet(c.Data)
	}
	return a.open(ctx, verb)
}

func nothingYet(data string) error {
	return fmt.Errorf("there is nothing in %s yet: chorus run collects", data)
}

// open opens the data folder for a verb.
func (a *app) open(ctx context.Context, verb string) (*monitor.Monitor, error) {
	c, err := a.config()
	if err != nil {
		return nil, err
	}
	return monitor.Open(ctx, monitor.Options{Config: c, Verb: verb, Log: a.logger(c), Progress: a.progress(), Getenv: os.Getenv})
}
