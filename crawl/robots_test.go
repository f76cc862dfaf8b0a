package crawl

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"
)

// TestRobotsFollowsTheStandard has one line per claim: the file, the path, and
// whether Chorus may fetch it.
func TestRobotsFollowsTheStandard(t *testing.T) {
	const all = "User-agent: *\n"
	cases := []struct {
		file, path string
		want       bool
	}{
		// RFC 9309, 2.2.1: which group is ours.
		{"", "/a", true},
		{all + "Disallow: /", "/a", false},
		{"User-agent: chorus\nDisallow: /", "/a", false},
		{"User-agent: CHORUS\nDisallow: /", "/a", false},
		{"User-agent: Chorus/2.1\nDisallow: /", "/a", false},
		{"User-agent: Chorus bot\nDisallow: /", "/a", false},
		{"User-agent: ChorusBot\nDisallow: /", "/a", true},
		{"User-agent: Cho\nDisallow: /", "/a", true},
		{"User-agent: other\nDisallow: /", "/a", true},
		{all + "Disallow: /\n\nUser-agent: Chorus\nAllow: /", "/a", true},
		{"User-agent: Chorus\nAllow: /\n\n" + all + "Disallow: /", "/a", true},
		{"User-agent: Chorus\n\n" + all + "Disallow: /", "/a", false}, // no rule between: one group
		{"User-agent: Chorus\nDisallow:\n\n" + all + "Disallow: /", "/a", true},
		{"User-agent: a\nUser-agent: Chorus\nUser-agent: b\nDisallow: /x", "/x", false},
		{"User-agent: Chorus\nDisallow: /x\nUser-agent: b\nDisallow: /y", "/y", true},
		{"User-agent: Chorus\nDisallow: /x\n\nUser-agent: b\nDisallow: /z\n\nUser-agent: chorus\nDisallow: /y", "/y", false},
		{"User-agent: Chorus\nDisallow: /x\n\nUser-agent: b\nDisallow: /z\n\nUser-agent: chorus\nDisallow: /y", "/x", false},
		{all + "Disallow: /x\n\n" + all + "Disallow: /y", "/x", false},
		{all + "Disallow: /x\n\n" + all + "Disallow: /y", "/y", false},
		{"User-agent: * bots\nDisallow: /", "/a", false},
		{"User-agent: *bots\nDisallow: /", "/a", true},
		{"User-agent: Chorus\nSitemap: https://a.example/s.xml\nUser-agent: b\nDisallow: /", "/a", false},
		{"User-agent: b\nCrawl-delay: 3\nUser-agent: Chorus\nDisallow: /", "/a", false},
		{"Disallow: /\nUser-agent: Chorus\nDisallow: /b", "/a", true}, // before any group

		// 2.2.2: which rule decides.
		{all + "Disallow: /a", "/a", false},
		{all + "Disallow: /a", "/ab/c", false},
		{all + "Disallow: /a", "/A", true},
		{all + "Disallow: /a", "/b/a", true},
		{all + "Disallow: /a/", "/a", true},
		{all + "Disallow:", "/a", true},
		{all + "Disallow: /\nAllow: /a", "/a", true},
		{all + "Allow: /a\nDisallow: /", "/b", false},
		{all + "Allow: /a\nDisallow: /a/b", "/a/b", false},
		{all + "Allow: /a/b\nDisallow: /a", "/a/b/c", true},
		{all + "Disallow: /a\nAllow: /a", "/a", true},
		{all + "Allow: /a\nDisallow: /a", "/a", true},
		{all + "Disallow: /\nAllow: /$", "/", true},
		{all + "Disallow: /\nAllow: /$", "/a", false},
		{all + "Allow:\nDisallow: /a", "/a", false},
		{all + "Disallow: /", "/robots.txt", true},
		{all + "Disallow: /robots.txt", "/robots.txt", true},

		// 2.2.3: special characters.
		{all + "Disallow: /*.gif$", "/x/y.gif", false},
		{all + "Disallow: /*.gif$", "/y.gif?size=1", true},
		{all + "Disallow: /*.gif", "/y.gif?size=1", false},
		{all + "Disallow: *.gif", "/y.gif", false},
		{all + "Disallow: /a*b*c", "/a-b-b-c-d", false},
		{all + "Disallow: /a*b*c", "/a-c-b", true},
		{all + "Disallow: /a*b$", "/a-b-b", false},
		{all + "Disallow: /a**b", "/ab", false},
		{all + "Disallow: /a*$", "/a/anything", false},
		{all + "Disallow: /*?", "/a?b=1", false},
		{all + "Disallow: /*?", "/a", true},
		{all + "Disallow: /a$b", "/a$b", false},
		{all + "Disallow: /a$b", "/a", true},
		{all + "Disallow: /a%24", "/a$", false},
		{all + "Disallow: /a%2A", "/a*", false},
		{all + "Disallow: /a%2Ab", "/acb", true},
		{all + "Disallow: /a$$", "/a$", false},
		{all + "Allow: /page\nDisallow: /*.htm", "/page.htm", false}, // as long or longer in octets
		{all + "Allow: /p\nDisallow: /", "/page", true},
		{all + "Allow: /folder\nDisallow: /folder", "/folder/page", true},
		{all + "Allow: /$\nDisallow: /", "/page.htm", false},
		{all + "Disallow: /a?x=*&y", "/a?x=1&y=2", false},

		// 2.2.2: percent-encoding.
		{all + "Disallow: /новости", "/%D0%BD%D0%BE%D0%B2%D0%BE%D1%81%D1%82%D0%B8/1", false},
		{all + "Disallow: /%D0%BD%D0%BE", "/но", false},
		{all + "Disallow: /%d0%bd", "/%D0%BD", false},
		{all + "Disallow: /新闻/", "/新闻/a.html", false},
		{all + "Disallow: /a%62c", "/abc", false},
		{all + "Disallow: /abc", "/a%62c", false},
		{all + "Disallow: /a%2fb", "/a/b", true},
		{all + "Disallow: /a/b", "/a%2Fb", true},
		{all + "Disallow: /a%2Fb", "/a%2fb", false},
		{all + "Disallow: /%7Euser", "/~user/x", false},
		{all + "Disallow: /100%", "/100%25", false},
		{all + "Disallow: /100%$", "/100%25off", true},

		// 2.2: the lines.
		{"\xef\xbb\xbf" + all + "Disallow: /", "/a", false},
		{"user-agent:*\r\ndisallow:/a\r\n", "/a", false},
		{"USER-AGENT: *\rDISALLOW: /a\r", "/a", false},
		{all + "Disallow: /a # not this\n", "/a", false},
		{all + "Disallow: /a#b\n", "/a", false},
		{"# hello\n" + all + "\n\n# more\nDisallow: /a", "/a", false},
		{"  User-agent : *  \n  Disallow : /a  ", "/a", false},
		{"User-agent *\nDisallow /a", "/a", false},
		{"Useragent: *\nDissallow: /a", "/a", false},
		{all + "Noindex: /a\nnonsense\n::\nDisallow: /b", "/a", true},
		{all + "Noindex: /a\nnonsense\n::\nDisallow: /b", "/b", false},
		{"<!doctype html><html><body>Not found: sorry</body></html>", "/a", true},
		{all + "Crawl-delay: soon\nDisallow: /a", "/a", false},
		{all + "Disallow: " + strings.Repeat("/a", 9000) + "\nDisallow: /b", "/b", false},
		{strings.Repeat("#", robotsBytes) + "\n" + all + "Disallow: /", "/a", true}, // 2.5: beyond the limit
	}
	for _, c := range cases {
		u, err := url.Parse("https://outlet.example" + c.path)
		if err != nil {
			t.Fatal(err)
		}
		if got, line := parseRobots([]byte(c.file), ProductToken).allows(u); got != c.want {
			t.Errorf("robots %.80q: %s allowed = %v (%s), want %v", c.file, c.path, got, line, c.want)
		}
	}
}

func TestRobotsTellsTheDecidingLine(t *testing.T) {
	r := parseRobots([]byte("User-agent: *\nDisallow: /a\nDisallow: /a*/новости # why\n"), ProductToken)
	u := &url.URL{Path: "/a/новости"}
	if ok, line := r.allows(u); ok || line != "Disallow: /a*/новости" {
		t.Errorf("allows = %v, %q", ok, line)
	}
}

func TestRobotsReadsCrawlDelay(t *testing.T) {
	cases := []struct {
		file string
		want time.Duration
	}{
		{"User-agent: *\nCrawl-delay: 2.5", 2500 * time.Millisecond},
		{"User-agent: *\nCrawl-delay: 100000", time.Minute},
		{"User-agent: *\nCrawl-delay: 1e300", time.Minute},
		{"User-agent: *\nCrawl-delay: -3", 0},
		{"User-agent: *\nCrawl-delay: NaN", 0},
		{"User-agent: *\nCrawl-delay: Inf", 0},
		{"User-agent: *\nCrawl-delay: 9\n\nUser-agent: Chorus\nDisallow:", 0},
		{"User-agent: *\nDisallow: /\n\nUser-agent: Chorus\nCrawl-delay: 4", 4 * time.Second},
	}
	for _, c := range cases {
		if got := parseRobots([]byte(c.file), ProductToken).delay; got != c.want {
			t.Errorf("delay of %q = %v, want %v", c.file, got, c.want)
		}
	}
}

// FuzzRobots holds the matcher against a slow one that is obviously right.
func FuzzRobots(f *testing.F) {
	f.Add("User-agent: *\nDisallow: /a*b$\nAllow: /", "/a%2Fb?x=$")
	f.Add("user-agent: chorus\rdisallow: *.gif$\nallow: /$", "/x.gif")
	f.Add("\xef\xbb\xbfUser-agent: *\nDisallow: /%zz%4", "/%25")
	f.Add("User-agent: *\nDisallow: /**$$", "/$")
	f.Fuzz(func(t *testing.T, file, path string) {
		u, err := url.Parse("http://outlet.example/" + path)
		if err != nil {
			return
		}
		r := parseRobots([]byte(file), ProductToken)
		got, _ := r.allows(u)
		if want := slowAllows(r, u); got != want {
			t.Errorf("robots %q: %q allowed = %v, want %v", file, path, got, want)
		}
	})
}

func slowAllows(r robots, u *url.URL) bool {
	path := robotsPath(u)
	if path == "/robots.txt" {
		return true
	}
	allow, longest := true, 0
	for _, rule := range r.rules {
		pattern, whole := strings.CutSuffix(rule.pattern, "$")
		expr := `(?s)^` + strings.ReplaceAll(regexp.QuoteMeta(pattern), `\*`, `.*`)
		if whole {
			expr += `$`
		}
		re, err := regexp.Compile(expr)
		if err != nil || !re.MatchString(path) {
			continue
		}
		n := len(rule.pattern)
		if n > longest {
			allow, longest = rule.allow, n
		} else if n == longest && rule.allow {
			allow = true
		}
	}
	return allow
}

func BenchmarkRobots(b *testing.B) {
	var file strings.Builder
	for i := range 100 {
		fmt.Fprintf(&file, "User-agent: bot%d\nDisallow: /\n\n", i)
	}
	file.WriteString("User-agent: *\n")
	for i := range 100 {
		fmt.Fprintf(&file, "Disallow: /section%d/*/print$\nAllow: /section%d/\n", i, i)
	}
	u, _ := url.Parse("https://outlet.example/section77/2026/11/24/a-bridge-opens.html")
	b.Run("parse", func(b *testing.B) {
		for b.Loop() {
			parseRobots([]byte(file.String()), ProductToken)
		}
	})
	b.Run("match", func(b *testing.B) {
		r := parseRobots([]byte(file.String()), ProductToken)
		for b.Loop() {
			r.allows(u)
		}
	})
}
