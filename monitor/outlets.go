package monitor

// Which outlets are watched: the built-in ones and those of the
// configuration, less what it leaves out.

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"chorus/config"
	"chorus/corpus"
	"chorus/feeds"
)

// Registry gives the outlets that a configuration asks for. Disabled ones are
// among them, so that pages are known as theirs, but are never asked.
func Registry(c *config.Config) (*feeds.Registry, error) {
	var all []corpus.Outlet
	if c.Outlets.Builtin {
		var err error
		if all, err = feeds.Outlets(); err != nil {
			return nil, err
		}
	}
	all = feeds.Merge(all, c.Outlets.Define)
	errs := definedSoundly(c, all)
	errs = append(errs, unknownChoices(c, all)...)
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	all = slices.DeleteFunc(all, func(o corpus.Outlet) bool {
		return len(c.Outlets.Only) > 0 && !chosen(o, c.Outlets.Only) || chosen(o, c.Outlets.Except)
	})
	return feeds.NewRegistry(withAccounts(all, c.Social))
}

// withAccounts gives the outlets with their accounts on networks as feeds. What
// was once collected from an account that needs no token stays explained though
// its network is no longer asked.
func withAccounts(all []corpus.Outlet, social config.Social) []corpus.Outlet {
	out := slices.Clone(all)
	for i, o := range out {
		accounts := slices.DeleteFunc(feeds.Accounts(o), func(f corpus.Feed) bool { return f.Kind.TokenName() != "" && !social.Asks(f.Kind) })
		if len(accounts) > 0 {
			out[i].Feeds = slices.Concat(o.Feeds, accounts)
		}
	}
	return out
}

// definedSoundly checks the outlets of the configuration after they were laid
// over ours, and reports each mistake at its place in the file.
func definedSoundly(c *config.Config, all []corpus.Outlet) (errs []error) {
	for i, d := range c.Outlets.Define {
		at := slices.IndexFunc(all, func(o corpus.Outlet) bool { return o.ID == d.ID })
		if at < 0 {
			continue // cannot be: Merge adds it
		}
		for _, err := range feeds.CheckOutlet(all[at]) {
			path, reason := fmt.Sprintf("outlets.define[%d]", i), err
			var fe *feeds.FieldError
			if errors.As(err, &fe) {
				path, reason = path+"."+fe.Path, fe.Err
			}
			errs = append(errs, c.Problem(path, "%v", reason))
		}
	}
	return errs
}

// unknownChoices reports choices that match no outlet: most likely a slip.
func unknownChoices(c *config.Config, all []corpus.Outlet) (errs []error) {
	check := func(path string, choices []string) {
		for i, choice := range choices {
			if !slices.ContainsFunc(all, func(o corpus.Outlet) bool { return chosen(o, []string{choice}) }) {
				errs = append(errs, c.Problem(fmt.Sprintf("%s[%d]", path, i), "no outlet is %q: give an id, or family:, bloc:, country: or lang: and a value (chorus outlets lists them)", choice))
			}
		}
	}
	check("outlets.only", c.Outlets.Only)
	check("outlets.except", c.Outlets.Except)
	return errs
}

// chosen reports whether one of the choices names the outlet.
func chosen(o corpus.Outlet, choices []string) bool {
	return slices.ContainsFunc(choices, func(choice string) bool {
		field, value, ok := strings.Cut(choice, ":")
		if !ok {
			return o.ID == choice
		}
		switch strings.TrimSpace(field) {
		case "family":
			return o.Family == strings.TrimSpace(value)
		case "bloc":
			return strings.EqualFold(string(o.Bloc), strings.TrimSpace(value))
		case "country":
			return strings.EqualFold(o.Country, strings.TrimSpace(value))
		case "lang":
			return slices.Contains(o.Languages, strings.TrimSpace(value))
		}
		return false
	})
}
