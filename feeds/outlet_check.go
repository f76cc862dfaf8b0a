package feeds

// This file says what a sound outlet is.

import (
	"fmt"
	"maps"
	"net"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/andybalholm/cascadia"
	"golang.org/x/net/idna"
	"golang.org/x/net/publicsuffix"
	"golang.org/x/text/language"

	"chorus/corpus"
)

// A FieldError says what is wrong with one field of an outlet.
type FieldError struct {
	Path string // as in the YAML: "feeds[0].url"
	Err  error
}

// Error is "feeds[0].url: ...".
func (e *FieldError) Error() string { return e.Path + ": " + e.Err.Error() }

// Unwrap gives the reason without the path.
func (e *FieldError) Unwrap() error { return e.Err }

func fieldErrorf(path, format string, args ...any) *FieldError {
	return &FieldError{path, fmt.Errorf(format, args...)}
}

var (
	outletIDForm = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
	hostForm     = regexp.MustCompile(`^([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z][a-z0-9-]*[a-z0-9]$`)

	ownerships = []string{"state", "party", "government", "state-affiliated", "private", "public", "independent"}

	// The types of the State Media Matrix: state-controlled, captured public,
	// captured private, and independent by who funds and manages.
	typologies = []string{"SC", "CaPu", "CaPr", "ISFM", "ISF", "ISM", "IP"}

	tiers = []corpus.Tier{corpus.TierWire, corpus.TierDaily, corpus.TierSlow}

	feedKinds = []corpus.FeedKind{corpus.FeedRSS, corpus.FeedSitemap, corpus.FeedList,
		corpus.FeedTelegram, corpus.FeedBluesky, corpus.FeedMastodon, corpus.FeedYouTube, corpus.FeedVK, corpus.FeedX}

	// handleForms holds the networks we know and what an account is called there.
	handleForms = map[string]*regexp.Regexp{
		"telegram":  regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]{3,31}$`),
		"x":         regexp.MustCompile(`^[A-Za-z0-9_]{1,15}$`),
		"youtube":   regexp.MustCompile(`^(UC[A-Za-z0-9_-]{22}|@[\pL\pN._-]{3,30})$`),
		"vk":        regexp.MustCompile(`^[a-z0-9][a-z0-9_.]{1,31}$`),
		"facebook":  regexp.MustCompile(`^[A-Za-z0-9.]{5,50}$`),
		"bluesky":   hostForm,
		"mastodon":  regexp.MustCompile(`^[A-Za-z0-9_]+@([a-z0-9-]+\.)+[a-z]{2,}$`),
		"weibo":     regexp.MustCompile(`^[A-Za-z0-9_]{3,32}$`),
		"rutube":    regexp.MustCompile(`^[A-Za-z0-9_]+$`),
		"ok":        regexp.MustCompile(`^[A-Za-z0-9_.]+$`),
		"instagram": regexp.MustCompile(`^[A-Za-z0-9_.]{1,30}$`),
		"tiktok":    regexp.MustCompile(`^[A-Za-z0-9_.]{2,24}$`),
	}
)

// CheckOutlet gives everything that is wrong with an outlet; nil means that it
// is sound. Each error is a *FieldError, in the order of the fields.
func CheckOutlet(o corpus.Outlet) []error {
	var c outletCheck
	c.outlet(o)
	return c.errs
}

// outletCheck collects what is wrong.
type outletCheck struct{ errs []error }

func (c *outletCheck) failf(path, format string, args ...any) {
	c.errs = append(c.errs, fieldErrorf(path, format, args...))
}

func (c *outletCheck) outlet(o corpus.Outlet) {
	c.name("id", o.ID)
	c.required("name", o.Name)
	oneOf(c, "bloc", o.Bloc, corpus.Blocs())
	if !isCountry(o.Country) {
		c.failf("country", "%q is not an ISO 3166-1 code of two letters", o.Country)
	}
	c.required("owner", o.Owner)
	c.name("family", o.Family)
	oneOf(c, "ownership", o.Ownership, ownerships)
	if o.Typology != "" {
		oneOf(c, "typology", o.Typology, typologies)
	}
	c.languages(o.Languages)
	c.hosts(o)
	if o.Home != "" {
		c.httpURL("home", o.Home)
	}
	seen := map[string]int{}
	for i, f := range o.Feeds {
		path := fmt.Sprintf("feeds[%d]", i)
		c.feed(path, f)
		if first, twice := seen[f.URL]; twice {
			c.failf(path+".url", "%q is also feeds[%d]", f.URL, first)
		} else {
			seen[f.URL] = i
		}
	}
	for _, network := range slices.Sorted(maps.Keys(o.Social)) {
		c.handle(network, o.Social[network])
	}
	oneOf(c, "tier", o.Tier, tiers)
	c.proxy(o.Proxy)
	if o.Article != nil {
		c.article(*o.Article)
	}
}

func (c *outletCheck) required(path, value string) {
	if strings.TrimSpace(value) == "" {
		c.failf(path, "missing")
	}
}

// name checks an id of ours.
func (c *outletCheck) name(path, value string) {
	switch {
	case value == "":
		c.failf(path, "missing")
	case !outletIDForm.MatchString(value):
		c.failf(path, "%q is not of lower-case letters, digits and single hyphens", value)
	}
}

func oneOf[T ~string](c *outletCheck, path string, value T, allowed []T) {
	if slices.Contains(allowed, value) {
		return
	}
	names := make([]string, len(allowed))
	for i, a := range allowed {
		names[i] = string(a)
	}
	if value == "" {
		c.failf(path, "missing: one of %s", strings.Join(names, ", "))
		return
	}
	c.failf(path, "%q is not one of %s", value, strings.Join(names, ", "))
}

// isCountry reports whether code is an ISO 3166-1 alpha-2 code in upper case,
// and not a mere alias of one, as UK is of GB.
func isCountry(code string) bool {
	r, err := language.ParseRegion(code)
	return err == nil && len(code) == 2 && r.IsCountry() && r.Canonicalize().String() == code
}

// isLanguage reports whether code is an ISO 639-1 code in lower case.
func isLanguage(code string) bool {
	b, err := language.ParseBase(code)
	return err == nil && len(code) == 2 && b.String() == code
}

func (c *outletCheck) languages(codes []string) {
	if len(codes) == 0 {
		c.failf("languages", "missing")
	}
	for i, code := range codes {
		path := fmt.Sprintf("languages[%d]", i)
		switch {
		case !isLanguage(code):
			c.failf(path, "%q is not an ISO 639-1 code of two letters", code)
		case slices.Contains(codes[:i], code):
			c.failf(path, "%q is there twice", code)
		}
	}
}

// hosts checks the hosts of an outlet. Only an outlet that lives on social
// networks alone has none.
func (c *outletCheck) hosts(o corpus.Outlet) {
	if len(o.Hosts) == 0 && len(o.Social) == 0 {
		c.failf("hosts", "missing: an outlet needs a host or a social account")
	}
	for i, h := range o.Hosts {
		path := fmt.Sprintf("hosts[%d]", i)
		switch {
		case !hostForm.MatchString(h):
			c.failf(path, "%q is not a host name in lower case, without scheme, port and path", h)
		case isRegistry(h):
			c.failf(path, "%q is a public suffix: it would take the hosts of everyone below it", h)
		case socialHosts[h] != "":
			c.failf(path, "%q is a social network: its accounts go under social", h)
		}
	}
}

// isRegistry reports whether names below h are given to all comers, as below
// com.cn or gov.cn.
func isRegistry(h string) bool {
	suffix, icann := publicsuffix.PublicSuffix(h)
	return icann && suffix == h
}

// plainHost takes port, case and a final dot from a host and writes it in ASCII.
func plainHost(host string) string {
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if ascii, err := idna.ToASCII(host); err == nil {
		return ascii
	}
	return host
}

func (c *outletCheck) httpURL(path, raw string) {
	u, err := url.Parse(raw)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Hostname() == "" {
		c.failf(path, "%q is not an http URL", raw)
	}
}

func (c *outletCheck) feed(path string, f corpus.Feed) {
	c.httpURL(path+".url", f.URL)
	oneOf(c, path+".kind", f.Kind, feedKinds)
	if f.Lang != "" && !isLanguage(f.Lang) {
		c.failf(path+".lang", "%q is not an ISO 639-1 code of two letters", f.Lang)
	}
	switch {
	case f.Kind == corpus.FeedList && f.List == nil:
		c.failf(path+".list", "missing: a feed of kind list needs a rule")
	case f.Kind != corpus.FeedList && f.List != nil:
		c.failf(path+".list", "only a feed of kind list has a rule")
	}
	if f.List != nil {
		c.list(path+".list", *f.List)
	}
	c.pattern(path+".include", f.Include)
	c.pattern(path+".exclude", f.Exclude)
	if f.MaxItems < 0 {
		c.failf(path+".max_items", "%d is negative", f.MaxItems)
	}
}

func (c *outletCheck) list(path string, r corpus.ListRule) {
	c.required(path+".link", r.Link)
	c.selector(path+".item", r.Item)
	c.selector(path+".link", r.Link)
	c.selector(path+".title", r.Title)
	c.selector(path+".date", r.Date)
	c.selector(path+".next", r.Next)
	if r.Item == "" && r.Title != "" {
		c.failf(path+".title", "is read inside an item: set item")
	}
	if r.Item == "" && r.Date != "" {
		c.failf(path+".date", "is read inside an item: set item")
	}
	switch {
	case r.Pages < 0:
		c.failf(path+".pages", "%d is negative", r.Pages)
	case r.Pages > 1 && r.Next == "":
		c.failf(path+".pages", "%d pages need a next link", r.Pages)
	}
}

// selector checks a CSS selector; an empty one is not set.
func (c *outletCheck) selector(path, s string) {
	if s == "" {
		return
	}
	if _, err := cascadia.ParseGroup(s); err != nil {
		c.failf(path, "%q is not a CSS selector: %w", s, err)
	}
}

// pattern checks a regular expression; an empty one is not set.
func (c *outletCheck) pattern(path, s string) {
	if _, err := regexp.Compile(s); err != nil {
		c.failf(path, "%w", err)
	}
}

func (c *outletCheck) handle(network, handle string) {
	path := "social." + network
	form, known := handleForms[network]
	switch {
	case !known:
		names := slices.Sorted(maps.Keys(handleForms))
		c.failf(path, "not a network we know: one of %s", strings.Join(names, ", "))
	case !form.MatchString(handle):
		c.failf(path, "%q is not the name of an account", handle)
	}
}

func (c *outletCheck) proxy(p string) {
	if p == "" || p == "direct" {
		return
	}
	u, err := url.Parse(p)
	// The value may hold a password, so the message does not.
	if err != nil || (u.Scheme != "socks5" && u.Scheme != "http") || u.Hostname() == "" {
		c.failf("proxy", `neither "direct" nor a socks5:// or http:// URL`)
	}
}

func (c *outletCheck) article(r corpus.ArticleRule) {
	c.selector("article.title", r.Title)
	c.selector("article.body", r.Body)
	c.selector("article.byline", r.Byline)
	c.selector("article.published", r.Published)
	for i, s := range r.Remove {
		c.selector(fmt.Sprintf("article.remove[%d]", i), s)
	}
}
