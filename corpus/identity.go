package corpus

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/url"
	"path"
	"slices"
	"strings"
	"unicode"
)

// Canonical gives the form of an http(s) URL that decides its identity. Two
// addresses with the same canonical form are one page. It
//   - takes http and https for the same, and writes https,
//   - lowers scheme and host and drops the default port and a final dot,
//   - drops user, fragment and the parameters that only track a reader,
//   - sorts the remaining parameters, keeping repeated ones in order,
//   - resolves dot segments and drops a final slash, except of the root,
//   - writes percent-escapes in their shortest, upper-case form.
//
// It fails on any other scheme, and on a URL without host.
func Canonical(raw string) (string, error) {
	u, err := url.Parse(strings.TrimSpace(raw))
	if err != nil {
		return "", fmt.Errorf("canonical form: %w", err)
	}
	scheme := strings.ToLower(u.Scheme)
	if scheme != "http" && scheme != "https" {
		return "", fmt.Errorf("canonical form of %q: not an http URL", raw)
	}
	host := strings.TrimSuffix(strings.ToLower(u.Hostname()), ".")
	if host == "" {
		return "", fmt.Errorf("canonical form of %q: no host", raw)
	}
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	if p := u.Port(); p != "" && p != "80" && p != "443" {
		host += ":" + p
	}
	out := url.URL{Scheme: "https", Host: host, Path: cleanPath(u.Path), RawQuery: cleanQuery(u.RawQuery)}
	return out.String(), nil
}

// IDOf gives the id of the document at a URL. The URL must be http(s).
func IDOf(raw string) (DocID, error) {
	c, err := Canonical(raw)
	if err != nil {
		return "", err
	}
	return idOfCanonical(c), nil
}

func idOfCanonical(canonical string) DocID {
	sum := sha256.Sum256([]byte(canonical))
	return DocID(hex.EncodeToString(sum[:]))
}

func cleanPath(p string) string {
	if p == "" {
		return "/"
	}
	p = path.Clean("/" + p)
	return p
}

func cleanQuery(raw string) string {
	if raw == "" {
		return ""
	}
	var keep []string
	for part := range strings.SplitSeq(raw, "&") {
		name, _, _ := strings.Cut(part, "=")
		if part == "" || tracks(strings.ToLower(name)) {
			continue
		}
		keep = append(keep, part)
	}
	slices.SortStableFunc(keep, func(a, b string) int {
		an, _, _ := strings.Cut(a, "=")
		bn, _, _ := strings.Cut(b, "=")
		return strings.Compare(an, bn)
	})
	return strings.Join(keep, "&")
}

// tracks reports whether a query parameter says only where a reader came from.
func tracks(name string) bool {
	if strings.HasPrefix(name, "utm_") || strings.HasPrefix(name, "mtm_") || strings.HasPrefix(name, "pk_") {
		return true
	}
	switch name {
	case "fbclid", "gclid", "yclid", "ysclid", "dclid", "msclkid", "twclid", "igshid", "mc_cid", "mc_eid",
		"_openstat", "from_rss", "spm", "at_medium", "at_campaign", "ncid", "cmpid", "ocid", "wt.mc_id":
		return true
	}
	return false
}

// VersionOf gives the content hash of an article: the hexadecimal SHA-256 of
// its title and text with every run of space taken as one. Two captures with
// the same hash are the same version of a page.
func VersionOf(a *Article) string {
	h := sha256.New()
	h.Write([]byte(squeeze(a.Title)))
	h.Write([]byte{0})
	h.Write([]byte(squeeze(a.Text)))
	return hex.EncodeToString(h.Sum(nil))
}

func squeeze(s string) string {
	return strings.Join(strings.FieldsFunc(s, unicode.IsSpace), " ")
}
