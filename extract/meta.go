package extract

import (
	"net/url"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
	"golang.org/x/net/publicsuffix"
)

// claims are what a page says about itself.
type claims struct {
	ld        *ldArticle
	meta      map[string][]string // values by lower-case name, property or itemprop
	head      string              // the title element
	h1        []string            // in order
	siteNames []string            // as the page, the registry and the host have it
	byline    string
	section   string
	canonical string
	modified  claim
	body      string // articleBody of the JSON-LD
	lead      string // description of the page
}

// claims reads head and microdata of the page.
func (p *page) claims() *claims {
	m := &claims{meta: map[string][]string{}, ld: p.jsonLD()}
	if m.ld == nil {
		m.ld = &ldArticle{}
	}
	links := map[string]string{}
	walk(p.doc, func(n *html.Node) bool {
		switch n.DataAtom {
		case atom.Meta:
			m.addMeta(n)
		case atom.Title:
			if m.head == "" && !within(n, atom.Svg) {
				m.head = innerText(n)
			}
		case atom.H1:
			if s := innerText(n); s != "" {
				m.h1 = append(m.h1, s)
			}
		case atom.Link:
			for _, rel := range strings.Fields(strings.ToLower(attr(n, "rel"))) {
				if links[rel] == "" {
					links[rel] = attr(n, "href")
				}
			}
		}
		if n.Type == html.ElementNode && n.DataAtom != atom.Meta {
			m.addItemprop(n)
		}
		return true
	})
	m.siteNames = p.siteNames(m)
	m.section = firstOf(m.ld.section, m.value("article:section", "articlesection", "section", "channel", "columnname"))
	m.lead = firstOf(m.value("og:description"), m.value("description"), m.value("twitter:description"))
	m.canonical = p.canonical(links["canonical"], m.value("og:url"))
	m.byline = p.byline(m)
	m.modified = p.modified(m)
	m.body = m.ld.body
	return m
}

func (m *claims) addMeta(n *html.Node) {
	content := tidy(unescape(attr(n, "content")))
	if content == "" {
		return
	}
	for _, key := range []string{"name", "property", "itemprop", "http-equiv"} {
		if name := strings.ToLower(strings.TrimSpace(attr(n, key))); name != "" {
			m.meta[name] = append(m.meta[name], content)
		}
	}
}

// itemprops are the microdata that are read.
var itemprops = []string{"headline", "datepublished", "datemodified", "author", "articlesection"}

func (m *claims) addItemprop(n *html.Node) {
	prop := strings.ToLower(attr(n, "itemprop"))
	if prop == "" {
		return
	}
	for _, name := range strings.Fields(prop) {
		if !slices.Contains(itemprops, name) {
			continue
		}
		value := firstOf(attr(n, "content"), attr(n, "datetime"))
		if value == "" && name == "author" {
			value = nameIn(n)
		}
		if value == "" {
			value = innerText(n)
		}
		if value = tidy(value); value != "" && len(value) < 500 {
			m.meta[name] = append(m.meta[name], value)
		}
	}
}

// nameIn gives the itemprop "name" below a node.
func nameIn(n *html.Node) string {
	named := first(n, func(n *html.Node) bool { return strings.ToLower(attr(n, "itemprop")) == "name" })
	if named == nil {
		return ""
	}
	return firstOf(attr(named, "content"), innerText(named))
}

// value gives the first value of the first of the names that has one.
func (m *claims) value(names ...string) string {
	for _, name := range names {
		for _, v := range m.meta[name] {
			return v
		}
	}
	return ""
}

// challenge is the title of a page that a guard puts before the site.
var challenge = regexp.MustCompile(`(?i)^(?:just a moment|checking your browser|attention required|ddos-guard|access denied|are you a robot|verify you are human|security check|один момент|проверка браузера|доступ ограничен|вы не робот|please wait)\b.{0,40}$|^(?:安全验证|访问验证|百度安全验证|人机验证)`)

// isChallenge reports whether the page asks its reader to prove to be human.
func isChallenge(m *claims) bool {
	return challenge.MatchString(m.head) && m.ld.headline == "" && m.value("og:title", "article:published_time") == ""
}

// siteNames are the names that a page title may end with.
func (p *page) siteNames(m *claims) []string {
	names := []string{m.value("og:site_name", "application-name"), m.ld.publisher, p.outlet.Name, p.outlet.Native, p.outlet.ID}
	if label := hostLabel(p.url); label != "" {
		names = append(names, label)
	}
	names = slices.DeleteFunc(names, func(s string) bool { return squash(s) == "" })
	return names
}

// hostLabel gives the telling part of a host: "rt" of www.rt.com.
func hostLabel(u *url.URL) string {
	site, err := publicsuffix.EffectiveTLDPlusOne(u.Hostname())
	if err != nil {
		return ""
	}
	label, _, _ := strings.Cut(site, ".")
	return label
}

// canonical gives the first address that the page claims for itself, if it is
// on the same site. A page that names the front page as its canonical address
// is misconfigured: following it would make all its pages one.
func (p *page) canonical(claimed ...string) string {
	for _, c := range claimed {
		if strings.TrimSpace(c) == "" {
			continue
		}
		abs, err := p.absolute(c)
		if err != nil {
			continue
		}
		u := parseURL(abs)
		if isRoot(u) && !isRoot(p.url) || !p.sameSite(u) {
			continue
		}
		return abs
	}
	return ""
}

func isRoot(u *url.URL) bool { return strings.Trim(u.Path, "/") == "" && u.RawQuery == "" }

// sameSite reports whether an address belongs to the site of the page or to
// its outlet.
func (p *page) sameSite(u *url.URL) bool {
	host := strings.ToLower(u.Hostname())
	for _, h := range p.outlet.Hosts {
		if host == h || strings.HasSuffix(host, "."+h) {
			return true
		}
	}
	if host == strings.ToLower(p.url.Hostname()) {
		return true
	}
	a, err := publicsuffix.EffectiveTLDPlusOne(host)
	if err != nil {
		return false
	}
	b, err := publicsuffix.EffectiveTLDPlusOne(strings.ToLower(p.url.Hostname()))
	return err == nil && a == b
}

// byline gives the authors whom the page names in its data.
func (p *page) byline(m *claims) string {
	if rule := p.outlet.Article; rule != nil && rule.Byline != "" {
		var names []string
		for _, n := range find(p.doc, rule.Byline) {
			names = append(names, innerText(n))
		}
		if s := joinNames(names, nil); s != "" {
			return s
		}
	}
	lists := [][]string{m.ld.authors, m.meta["author"], m.meta["article:author"], m.meta["authors"], m.meta["dc.creator"], m.meta["dcterms.creator"], m.meta["byl"], m.meta["parsely-author"], m.meta["sailthru.author"], m.meta["mediator_author"]}
	for _, list := range lists {
		if s := joinNames(list, m.siteNames); s != "" {
			return s
		}
	}
	return ""
}

// joinNames joins what looks like names of people, each once. Addresses,
// numbers and the site's own name are no bylines.
func joinNames(list, siteNames []string) string {
	var names []string
	for _, s := range list {
		s = withoutTags(unescape(s))
		s = before(before(s, "©"), "(c)")
		for _, prefix := range []string{"By ", "by ", "BY ", "By: ", "Por ", "Par ", "Автор: ", "Автор ", "Текст: ", "作者：", "作者:"} {
			s = strings.TrimSpace(strings.TrimPrefix(s, prefix))
		}
		if name, site, ok := strings.Cut(s, ". "); ok && isSiteName(site, siteNames) {
			s = name
		}
		s = strings.Trim(s, " ,;|·")
		if photo.MatchString(s) {
			continue
		}
		if s == "" || len([]rune(s)) > 120 || longHan.MatchString(s) || strings.Contains(s, "://") || strings.Contains(s, "@") || !hasLetter(s) || slices.Contains(names, s) {
			continue
		}
		if slices.ContainsFunc(siteNames, func(site string) bool { return squash(site) == squash(s) }) {
			continue
		}
		if generic := squash(s); generic == "admin" || generic == "editor" || generic == "unknown" || generic == "none" || generic == "null" || generic == "undefined" {
			continue
		}
		names = append(names, s)
	}
	return strings.Join(names, ", ")
}

// longHan is too long for a Chinese name: a name with its office, run together.
var longHan = regexp.MustCompile(`^[\p{Han}·]{13,}$`)

// photo begins a credit of a picture, which some pages file under author.
var photo = regexp.MustCompile(`(?i)^(?:фото|photo|foto|图|摄影|图片)`)

func hasLetter(s string) bool {
	return strings.ContainsFunc(s, isLetter)
}

func within(n *html.Node, a atom.Atom) bool {
	for n = n.Parent; n != nil; n = n.Parent {
		if n.DataAtom == a {
			return true
		}
	}
	return false
}

func firstOf(list ...string) string {
	for _, s := range list {
		if s != "" {
			return s
		}
	}
	return ""
}
