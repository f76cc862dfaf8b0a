package index

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

var (
	relativeTime = regexp.MustCompile(`^(\d{1,4})([hdwmy])$`)
	langTag      = regexp.MustCompile(`^[a-z]{2,3}$`)
	countryCode  = regexp.MustCompile(`^[A-Z]{2}$`)
)

// Canonical gives the spelling of a field's value that Parse would give, or an
// error if the field does not exist or cannot have the value.
func Canonical(field, value string) (string, error) {
	v, problem := canonical(field, value)
	if problem != "" {
		return "", fmt.Errorf("%s", problem)
	}
	return v, nil
}

// canonical gives the value, or says what is wrong with it.
func canonical(field, value string) (v, problem string) {
	if value == "" {
		return "", "nothing stands after " + field + ":"
	}
	if known := closed(field); known != nil {
		i := slices.IndexFunc(known, func(k string) bool { return strings.EqualFold(k, value) })
		if i < 0 {
			return "", fmt.Sprintf("%s: is one of %s, not %q", field, strings.Join(known, ", "), value)
		}
		return known[i], ""
	}
	switch field {
	case FieldOutlet, FieldFamily, FieldNarrative:
		return strings.ToLower(value), ""
	case FieldGroup:
		return strings.ToUpper(value), ""
	case FieldLang:
		base, _, _ := strings.Cut(strings.ToLower(value), "-")
		if !langTag.MatchString(base) {
			return "", fmt.Sprintf("%q is not a language code such as ru or zh", value)
		}
		return base, ""
	case FieldCountry:
		if v = strings.ToUpper(value); !countryCode.MatchString(v) {
			return "", fmt.Sprintf("%q is not a country code such as RU or CN", value)
		}
		return v, ""
	case FieldAfter, FieldBefore:
		v = strings.ToLower(value)
		if !relativeTime.MatchString(v) {
			v = strings.ToUpper(value) // the T and the Z of RFC 3339
		}
		if _, err := Time(v, time.Time{}); err != nil {
			return "", fmt.Sprintf("%q is no time: write 2024, 2024-03, 2024-03-15, 2024-03-15T10:00:00Z, or 24h, 7d, 2w, 3m, 1y for that long before now", value)
		}
		return v, ""
	case FieldAuthor, FieldTitle:
		return value, ""
	}
	return "", fmt.Sprintf("unknown field %q", field)
}

// Time gives the instant that a value of after: or before: stands for: the
// beginning of a year, month or day in UTC, an RFC 3339 time, or so many
// hours, days, weeks, months or years before now ("24h", "7d", "2w", "3m",
// "1y"). A document matches after: from that instant on, before: up to it
// without it.
func Time(value string, now time.Time) (time.Time, error) {
	if m := relativeTime.FindStringSubmatch(value); m != nil {
		n, _ := strconv.Atoi(m[1])
		switch m[2] {
		case "h":
			return now.UTC().Add(-time.Duration(n) * time.Hour), nil
		case "d":
			return now.UTC().AddDate(0, 0, -n), nil
		case "w":
			return now.UTC().AddDate(0, 0, -7*n), nil
		case "m":
			return now.UTC().AddDate(0, -n, 0), nil
		}
		return now.UTC().AddDate(-n, 0, 0), nil
	}
	for _, layout := range []string{"2006", "2006-01", "2006-01-02", time.RFC3339} {
		if t, err := time.Parse(layout, value); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, fmt.Errorf("%q is not a time", value)
}
