package crawl

import (
	"bytes"
	"math"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// robotsBytes is how much of a robots.txt is read (RFC 9309, 2.5: at least 500
// kibibytes).
const robotsBytes = 500 << 10

// A robots is what a robots.txt says to one crawler (RFC 9309). The zero value
// allows everything.
type robots struct {
	rules []rule
	delay time.Duration // Crawl-delay, 0 if there is none
}

// A rule is one Allow or Disallow line.
type rule struct {
	allow   bool
	pattern string // normalised
	line    string // as written, for people
}

// allows reports whether the URL may be fetched, and the line that decides:
// the one with the longest pattern that matches, Allow before Disallow (2.2.2).
func (r robots) allows(u *url.URL) (ok bool, line string) {
	path := robotsPath(u)
	if path == "/robots.txt" {
		return true, ""
	}
	best := rule{allow: true}
	for _, rule := range r.rules {
		longer := len(rule.pattern) > len(best.pattern)
		tie := len(rule.pattern) == len(best.pattern) && rule.allow
		if (longer || tie) && matches(rule.pattern, path) {
			best = rule
		}
	}
	return best.allow, best.line
}

// robotsPath is path and query of a URL in the form that patterns have, with
// the characters that are special in patterns escaped.
func robotsPath(u *url.URL) string {
	path := u.EscapedPath()
	if path == "" {
		path = "/"
	}
	if u.RawQuery != "" || u.ForceQuery {
		path += "?" + u.RawQuery
	}
	return robotsEscapes.Replace(normalise(path))
}

var robotsEscapes = strings.NewReplacer("*", "%2A", "$", "%24")

// matches reports whether a pattern matches a beginning of path, or all of it
// if the pattern ends in $. Every * matches any number of characters.
func matches(pattern, path string) bool {
	pattern, whole := strings.CutSuffix(pattern, "$")
	head, rest, wild := strings.Cut(pattern, "*")
	if !strings.HasPrefix(path, head) {
		return false
	}
	path = path[len(head):]
	for wild {
		var part string
		part, rest, wild = strings.Cut(rest, "*")
		if !wild && whole {
			return strings.HasSuffix(path, part)
		}
		// The first place is as good as any, since what follows is free to move.
		i := strings.Index(path, part)
		if i < 0 {
			return false
		}
		path = path[i+len(part):]
	}
	return !whole || path == ""
}

// normalise writes percent-escapes so that equal octets look equal (2.2.2):
// unreserved characters plain, all else that is escaped in upper case, octets
// beyond ASCII and a % that escapes nothing escaped.
func normalise(s string) string {
	plain := true
	for i := 0; i < len(s) && plain; i++ {
		plain = s[i] != '%' && s[i] > ' ' && s[i] < 0x7f
	}
	if plain {
		return s
	}
	var out strings.Builder
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c == '%' && i+2 < len(s) {
			if n, err := strconv.ParseUint(s[i+1:i+3], 16, 8); err == nil {
				writeOctet(&out, byte(n), unreserved(byte(n)))
				i += 2
				continue
			}
		}
		writeOctet(&out, c, c > ' ' && c < 0x7f && c != '%')
	}
	return out.String()
}

func writeOctet(out *strings.Builder, c byte, plain bool) {
	if plain {
		out.WriteByte(c)
		return
	}
	const hex = "0123456789ABCDEF"
	out.Write([]byte{'%', hex[c>>4], hex[c&15]})
}

// unreserved is RFC 3986, 2.3.
func unreserved(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("-._~", c) >= 0
}

// parseRobots reads a robots.txt for the crawler with a product token. The
// groups that name the token are one; if there is none, the groups for * are
// (2.2.1). Lines that make no sense are passed over, as are rules before the
// first User-agent.
func parseRobots(text []byte, token string) robots {
	text = bytes.TrimPrefix(text, []byte("\xef\xbb\xbf"))
	text = text[:min(len(text), robotsBytes)]
	var ours, others robots
	var named, forUs, forAll, inRules bool
	for line := range bytes.FieldsFuncSeq(text, func(r rune) bool { return r == '\n' || r == '\r' }) {
		key, value := splitLine(string(line))
		switch key {
		case "user-agent":
			if inRules {
				forUs, forAll, inRules = false, false, false
			}
			if agent(value) == "*" {
				forAll = true
			} else if strings.EqualFold(agent(value), token) {
				forUs, named = true, true
			}
		case "allow", "disallow", "crawl-delay":
			// Only rules end the list of agents (2.2.1); a delay does not.
			inRules = inRules || key != "crawl-delay"
			if forUs {
				ours.add(key, value)
			}
			if forAll {
				others.add(key, value)
			}
		}
	}
	if named {
		return ours
	}
	return others
}

// add takes one line of a group in.
func (r *robots) add(key, value string) {
	if key == "crawl-delay" {
		seconds, err := strconv.ParseFloat(value, 64)
		if err == nil && seconds > 0 && !math.IsInf(seconds, 0) {
			r.delay = max(r.delay, time.Duration(min(seconds, maxDelay.Seconds())*float64(time.Second)))
		}
		return
	}
	if value == "" { // 2.2.2: an empty Disallow allows all
		return
	}
	line := "Disallow: " + value
	if key == "allow" {
		line = "Allow: " + value
	}
	pattern := normalise(value)
	if head, ok := strings.CutSuffix(pattern, "$"); ok {
		pattern = strings.ReplaceAll(head, "$", "%24") + "$"
	} else {
		pattern = strings.ReplaceAll(pattern, "$", "%24")
	}
	r.rules = append(r.rules, rule{allow: key == "allow", pattern: pattern, line: line})
}

// splitLine gives the lower-case key and the value of a line, without comment.
// The colon may be missing, and the common misspellings are understood.
func splitLine(line string) (key, value string) {
	line, _, _ = strings.Cut(line, "#")
	key, value, ok := strings.Cut(line, ":")
	if !ok {
		if f := strings.Fields(line); len(f) == 2 {
			key, value = f[0], f[1]
		}
	}
	key = strings.ToLower(strings.TrimSpace(key))
	switch key {
	case "useragent", "user agent":
		key = "user-agent"
	case "dissallow", "dissalow", "disalow", "diasllow", "disallaw":
		key = "disallow"
	case "crawldelay", "crawl delay":
		key = "crawl-delay"
	}
	return key, strings.TrimSpace(value)
}

// agent is the product token at the start of a User-agent value, or "*".
func agent(value string) string {
	if value == "*" || strings.HasPrefix(value, "* ") || strings.HasPrefix(value, "*\t") {
		return "*"
	}
	end := strings.IndexFunc(value, func(r rune) bool {
		return !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || r == '_' || r == '-')
	})
	if end < 0 {
		return value
	}
	return value[:end]
}
