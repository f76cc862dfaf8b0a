package opinion

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"path/filepath"
	"strings"
	"unicode"
)

// FromEnv reads the options from the environment and puts the answers into the
// folder "opinions" of the data folder. It reports false if no endpoint is
// named, whatever else is set.
//
//	CHORUS_OPINION_URL       base of the API, such as http://127.0.0.1:11434/v1
//	CHORUS_OPINION_MODEL     as the endpoint names it
//	CHORUS_OPINION_KEY       if the endpoint wants one
//	CHORUS_OPINION_INSECURE  1: a URL that is neither https nor loopback is allowed
func FromEnv(getenv func(string) string, dataFolder string) (Options, bool, error) {
	env := func(name string) string { return strings.TrimSpace(getenv("CHORUS_OPINION_" + name)) }
	o := Options{
		URL:      env("URL"),
		Model:    env("MODEL"),
		Key:      env("KEY"),
		Folder:   filepath.Join(dataFolder, "opinions"),
		Insecure: env("INSECURE") == "1",
	}
	if o.URL == "" {
		return Options{}, false, nil
	}
	var errs []error
	if v := env("INSECURE"); v != "" && v != "0" && v != "1" {
		errs = append(errs, fmt.Errorf("CHORUS_OPINION_INSECURE is %q, not 1 or 0", v))
	}
	if err := errors.Join(append(errs, o.check())...); err != nil {
		return Options{}, false, fmt.Errorf("read CHORUS_OPINION_*: %w", err)
	}
	return o, true, nil
}

// check finds everything that is wrong with the options.
func (o Options) check() error {
	errs := []error{checkURL(o.URL, o.Insecure)}
	if o.Model == "" {
		errs = append(errs, errors.New("no model is named (CHORUS_OPINION_MODEL)"))
	}
	if strings.ContainsFunc(o.Key, func(r rune) bool { return unicode.IsControl(r) || unicode.IsSpace(r) }) {
		errs = append(errs, errors.New("the key has spaces or control characters in it (CHORUS_OPINION_KEY)"))
	}
	if o.Folder == "" {
		errs = append(errs, errors.New("no folder for answers is named"))
	}
	if o.Timeout < 0 || o.InFlight < 0 || o.PerDay < 0 {
		errs = append(errs, errors.New("timeout, calls in flight and calls a day must not be negative"))
	}
	return errors.Join(errs...)
}

// checkURL refuses what is no base of an API, and any over which the passages
// and the key would travel in the open. The messages show no password.
func checkURL(raw string, insecure bool) error {
	u, err := url.Parse(raw)
	if err != nil {
		var parse *url.Error
		if errors.As(err, &parse) {
			err = parse.Err // without the URL, which may have a password in it
		}
		return fmt.Errorf("read URL (CHORUS_OPINION_URL): %w", err)
	}
	switch {
	case u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "":
		return fmt.Errorf("%q is not an http URL (CHORUS_OPINION_URL)", u.Redacted())
	case u.User != nil:
		return fmt.Errorf("%q has a user in it: set the key by CHORUS_OPINION_KEY", u.Redacted())
	case u.RawQuery != "" || u.Fragment != "":
		return fmt.Errorf("%q has more than a path: want the base of an API, such as http://127.0.0.1:11434/v1", u.Redacted())
	case u.Scheme == "http" && !loopback(u.Hostname()) && !insecure:
		return fmt.Errorf("%q is neither https nor loopback: passages and key would travel in the open (CHORUS_OPINION_INSECURE=1 allows it)", u.Redacted())
	}
	return nil
}

func loopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return strings.EqualFold(host, "localhost") || err == nil && addr.IsLoopback()
}

// endpointOf is where completions are asked for, given a base that was checked.
func endpointOf(base string) string {
	return strings.TrimRight(base, "/") + "/chat/completions"
}

// shown is a URL as it may be logged.
func shown(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return "an unreadable URL"
	}
	return u.Redacted()
}
