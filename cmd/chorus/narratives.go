package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"chorus/corpus"
	"chorus/monitor"
	"chorus/store"
)

// narrativesFlags are those of chorus narratives.
type narrativesFlags struct {
	versions bool
	examples bool
	compare  string
	months   bool
}

func (a *app) narrativesCommand() *cobra.Command {
	var f narrativesFlags
	c := &cobra.Command{
		Use:   "narratives",
		Short: "The codebook: every narrative and its definition",
		Long: `The codebook: every narrative with its group and definition, those of your own
folder included (narratives.folder in config.yaml).

--examples tags the examples in your files and says which come out otherwise
than they should; then the status is 1.

--versions lists the classifier versions whose tags are kept. --compare VERSION
(its first characters are enough) counts the documents that carried each
narrative by that version and those that carry it now, asserted or reported;
--months does so month by month. Only documents that both have seen count.

Exit status: 0 done; 1 the codebook cannot be read, or there is no such version,
or an example fails; 2 used wrongly.`,
		RunE: func(c *cobra.Command, _ []string) error {
			switch {
			case f.versions && f.compare != "":
				return usageError{errors.New("narratives: --versions lists what --compare can be given: use one of them")}
			case f.examples:
				return a.runExamples()
			case f.versions:
				return a.runTagVersions(c.Context())
			case f.compare != "":
				return a.runCompareTags(c.Context(), f)
			case f.months:
				return usageError{errors.New("narratives: --months needs --compare VERSION (--versions lists them)")}
			}
			return a.runNarratives()
		},
	}
	c.Flags().BoolVar(&f.examples, "examples", false, "try the examples of your own narratives")
	c.Flags().BoolVar(&f.versions, "versions", false, "list the classifier versions whose tags are kept")
	c.Flags().StringVar(&f.compare, "compare", "", "set the tags of an older `version` beside those in force")
	c.Flags().BoolVar(&f.months, "months", false, "compare by month")
	return c
}

// runExamples tags the examples of the codebook and compares.
func (a *app) runExamples() error {
	tagger, err := a.tagger()
	if err != nil {
		return err
	}
	tried := tagger.TryExamples()
	wrong := 0
	for _, t := range tried {
		if !t.Right {
			wrong++
		}
		if a.json {
			if err := a.printJSON(t); err != nil {
				return err
			}
			continue
		}
		if t.Right {
			continue
		}
		fmt.Fprintf(a.out, "%s: %s: want %s, got %s\n", t.Place, t.Narrative, t.Want, stancesOf(t.Got))
		for _, line := range wrap(clean(t.Text), a.columns()-4) {
			fmt.Fprintln(a.out, "    "+line)
		}
	}
	if wrong > 0 {
		return fmt.Errorf("%d of %s not tagged as they should be: revise the cues or the examples", wrong, plural(len(tried), "example is", "examples are"))
	}
	if !a.json {
		fmt.Fprintf(a.out, "%s tagged as they should be\n", plural(len(tried), "example is", "examples are"))
	}
	return nil
}

// stancesOf names the stances of tags.
func stancesOf(tags []corpus.Tag) string {
	if len(tags) == 0 {
		return "none"
	}
	var out []string
	for _, t := range tags {
		out = append(out, string(t.Stance))
	}
	return strings.Join(out, ", ")
}

// withTagVersions opens the data folder and calls do with the classifier
// versions whose tags are kept.
func (a *app) withTagVersions(ctx context.Context, do func(*monitor.Monitor, []store.TagVersion) error) (err error) {
	m, err := a.openKept(ctx, "narratives")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, m.Close()) }()
	versions, err := m.TagVersions(ctx)
	if err != nil {
		return err
	}
	return do(m, versions)
}

func (a *app) runTagVersions(ctx context.Context) error {
	return a.withTagVersions(ctx, func(_ *monitor.Monitor, versions []store.TagVersion) error {
		head := fmt.Sprintf("%-28s %10s %10s %10s", "classifier", "documents", "tagged", "in force")
		return printRows(a, head, versions, func(v store.TagVersion) string {
			return fmt.Sprintf("%-28s %10d %10d %10d", clean(v.Version), v.Documents, v.Tagged, v.InForce)
		})
	})
}

func (a *app) runCompareTags(ctx context.Context, f narrativesFlags) error {
	return a.withTagVersions(ctx, func(m *monitor.Monitor, versions []store.TagVersion) error {
		version, err := versionLike(versions, f.compare)
		if err != nil {
			return err
		}
		changes, err := m.CompareTags(ctx, version)
		if err != nil {
			return err
		}
		if !f.months {
			changes = wholeTime(changes)
		}
		head := fmt.Sprintf("%-28s %-8s %7s %7s %7s %7s", "narrative", "month", "before", "now", "gained", "lost")
		return printRows(a, head, changes, func(c store.TagChange) string {
			month := "all"
			if f.months {
				month = c.Month.Format("2006-01")
			}
			return fmt.Sprintf("%-28s %-8s %7d %7d %7d %7d", clean(c.Narrative), month, c.Before, c.After, c.Gained, c.Lost)
		})
	})
}

// printRows prints a table, or one JSON object a row.
func printRows[T any](a *app, head string, rows []T, line func(T) string) error {
	if !a.json {
		fmt.Fprintln(a.out, head)
	}
	for _, r := range rows {
		if !a.json {
			fmt.Fprintln(a.out, line(r))
			continue
		}
		if err := a.printJSON(r); err != nil {
			return err
		}
	}
	return nil
}

// versionLike finds the version that begins so.
func versionLike(versions []store.TagVersion, prefix string) (string, error) {
	var found []string
	for _, v := range versions {
		if v.Version == prefix {
			return prefix, nil
		}
		if strings.HasPrefix(v.Version, prefix) {
			found = append(found, v.Version)
		}
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		return "", fmt.Errorf("no tags of a classifier version %q are kept (chorus narratives --versions lists them)", prefix)
	}
	return "", fmt.Errorf("several classifier versions begin with %q: %s", prefix, strings.Join(found, ", "))
}

// wholeTime adds up the months of each narrative.
func wholeTime(changes []store.TagChange) []store.TagChange {
	var out []store.TagChange
	for _, c := range changes {
		i := slices.IndexFunc(out, func(o store.TagChange) bool { return o.Narrative == c.Narrative })
		if i < 0 {
			c.Month = time.Time{}
			out = append(out, c)
			continue
		}
		o := &out[i]
		o.Before, o.After, o.Gained, o.Lost = o.Before+c.Before, o.After+c.After, o.Gained+c.Gained, o.Lost+c.Lost
	}
	return out
}

func (a *app) runNarratives() error {
	tagger, err := a.tagger()
	if err != nil {
		return err
	}
	group, names := "", groups()
	for _, n := range tagger.Narratives() {
		if a.json {
			if err := a.printJSON(n); err != nil {
				return err
			}
			continue
		}
		if n.Group != group {
			group = n.Group
			fmt.Fprintf(a.out, "%s  %s\n\n", group, names[group])
		}
		fmt.Fprintf(a.out, "   %s  %s\n", a.bold(n.ID), n.Name)
		for _, line := range wrap(clean(n.Definition), a.columns()-6) {
			fmt.Fprintln(a.out, "      "+line)
		}
		fmt.Fprintln(a.out)
	}
	if !a.json {
		fmt.Fprintf(a.out, "classifier %s\n", tagger.Version())
	}
	return nil
}
