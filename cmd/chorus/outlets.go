package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"chorus/corpus"
	"chorus/monitor"
	"chorus/store"
)

func (a *app) outletsCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "outlets",
		Short: "The outlets that are watched, with the health of each feed",
		Long: `The outlets that are watched, with their health:

  ok       read at the last poll, and not silent
  new      never polled
  silent   readable, but nothing new for unusually long
  failing  the last polls failed
  dead     failed for a week or more, or gone
  no-feed  there is no feed to read

--json prints one outlet a line: id, name, bloc, country, owner, family,
languages, hosts, feeds, tier, health and more. -v shows every feed.

Exit status: 0 done; 1 failed.`,
		RunE: func(c *cobra.Command, _ []string) error { return a.runOutlets(c.Context()) },
	}
	c.AddCommand(a.outletsCheckCommand())
	return c
}

func (a *app) runOutlets(ctx context.Context) error {
	c, err := a.config()
	if err != nil {
		return err
	}
	registry, err := monitor.Registry(c)
	if err != nil {
		return err
	}
	s, err := store.OpenExisting(ctx, c.Data)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	if s != nil {
		defer s.Close()
	}
	now := time.Now()
	outlets, err := monitor.OutletStatuses(ctx, s, registry, now)
	if err != nil {
		return err
	}
	if a.json {
		for _, o := range outlets {
			if err := a.printJSON(o); err != nil {
				return err
			}
		}
		return nil
	}
	a.printOutlets(outlets, now)
	return nil
}

func (a *app) printOutlets(outlets []corpus.OutletStatus, now time.Time) {
	name := max(20, a.columns()-60)
	fmt.Fprintf(a.out, "%s  %s  %s  %s  %6s  %s\n", fit("outlet", name), fit("bloc", 7), fit("lang", 8), fit("health", 7), "docs", "last new item")
	blocs := map[corpus.Bloc]int{}
	for _, o := range outlets {
		blocs[o.Bloc]++
		var last time.Time
		for _, f := range o.States {
			if f.NewItem.After(last) {
				last = f.NewItem
			}
		}
		fmt.Fprintf(a.out, "%s  %s  %s  %s  %6d  %s\n", fit(o.ID, name), fit(string(o.Bloc), 7), fit(strings.Join(o.Languages, ","), 8), fit(string(o.Health), 7), o.Documents, ago(last, now))
		for _, f := range o.States {
			if a.verbose || f.Fault != nil || f.Warning != "" {
				a.printFeed(f, now)
			}
		}
	}
	fmt.Fprintf(a.out, "%s: %d RU, %d CN, %d control; %s\n", plural(len(outlets), "outlet", "outlets"),
		blocs[corpus.BlocRU], blocs[corpus.BlocCN], blocs[corpus.BlocControl], strings.Join(healths(outlets), ", "))
}

// healths counts the outlets in each state, the most first.
func healths(outlets []corpus.OutletStatus) []string {
	counts := map[corpus.Health]int{}
	for _, o := range outlets {
		counts[o.Health]++
	}
	states := slices.SortedFunc(maps.Keys(counts), func(a, b corpus.Health) int {
		return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(a, b))
	})
	out := make([]string, len(states))
	for i, h := range states {
		out[i] = fmt.Sprintf("%d %s", counts[h], h)
	}
	return out
}

func (a *app) printFeed(f corpus.FeedStatus, now time.Time) {
	w := a.columns() - 4
	line := fmt.Sprintf("%s %s: %s", f.Kind, f.URL, f.Health)
	if !f.Polled.IsZero() {
		line += fmt.Sprintf(", polled %s, next %s", ago(f.Polled, now), ago(f.Due, now))
	}
	if !f.Verified {
		line += ", address not verified"
	}
	if f.Fault != nil {
		line += fmt.Sprintf("; %s, %s in a row", f.Fault, plural(f.Failures, "time", "times"))
	}
	if f.Warning != "" {
		line += "; " + f.Warning
	}
	for _, l := range wrap(clean(line), w) {
		fmt.Fprintln(a.out, "    "+l)
	}
}

func (a *app) outletsCheckCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "check [OUTLET...]",
		Short: "Ask every feed, and find feeds on the home pages",
		Long: `Ask each feed of the outlets (of all, or of those named) whether it can be
read, and look for further ones: in the home page (<link rel=alternate>), in
robots.txt (Sitemap), and at the usual places. Nothing is stored. What is found
is printed as YAML that can be put under outlets.define in config.yaml.

Exit status: 0 every outlet has a feed that can be read; 1 failed; 2 used
wrongly; 3 some have none; 130 interrupted.`,
		Args: cobra.ArbitraryArgs,
		RunE: func(c *cobra.Command, args []string) error { return a.runOutletsCheck(c.Context(), args) },
	}
}

func (a *app) runOutletsCheck(ctx context.Context, ids []string) error {
	c, err := a.config()
	if err != nil {
		return err
	}
	lost, n := 0, 0
	err = monitor.CheckOutlets(ctx, c, a.logger(c), ids, func(r monitor.OutletCheck) error {
		n++
		if !r.Readable() {
			lost++
		}
		if a.json {
			return a.printJSON(r)
		}
		a.printCheck(r)
		return nil
	})
	var unknown monitor.UnknownOutletError
	switch {
	case errors.As(err, &unknown):
		return usageError{err}
	case err != nil:
		return err
	case lost > 0:
		return partly{lost, n, "outlets have no feed that can be read"}
	}
	return nil
}

func (a *app) printCheck(r monitor.OutletCheck) {
	fmt.Fprintf(a.out, "%s\n", a.bold(r.Outlet))
	line := func(mark string, f monitor.FeedCheck) {
		text := fmt.Sprintf("%s %s %s", mark, f.Kind, f.URL)
		switch {
		case f.Fault != nil:
			text += ": " + f.Fault.String()
		case f.NewestItem.IsZero():
			text += fmt.Sprintf(": %d items", f.Items)
		default:
			text += fmt.Sprintf(": %d items, newest %s", f.Items, stamp(f.NewestItem))
		}
		for i, l := range wrap(clean(text), a.columns()-6) {
			fmt.Fprintf(a.out, "%s%s\n", strings.Repeat(" ", 2+2*min(i, 1)), l)
		}
	}
	for _, f := range r.Feeds {
		if f.Fault == nil {
			line("ok   ", f)
		} else {
			line("bad  ", f)
		}
	}
	for _, f := range r.Found {
		line("found", f)
	}
	if len(r.Feeds)+len(r.Found) == 0 {
		fmt.Fprintln(a.out, "  none: no feed is known and none was found")
	}
}
