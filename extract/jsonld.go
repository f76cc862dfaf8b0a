package extract

import (
	"encoding/json"
	"regexp"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// A ldArticle is what one JSON-LD object of a page says about an article.
type ldArticle struct {
	kind      string // its schema.org type
	headline  string
	body      string
	published string
	modified  string
	section   string
	url       string
	authors   []string
	publisher string
}

// jsonLD reads the JSON-LD of a page and gives its article, or the page itself
// if there is no article, or nil.
func (p *page) jsonLD() *ldArticle {
	var found []ldArticle
	walk(p.doc, func(n *html.Node) bool {
		if n.DataAtom == atom.Script && strings.Contains(strings.ToLower(attr(n, "type")), "ld+json") && n.FirstChild != nil {
			found = append(found, readLD(n.FirstChild.Data)...)
		}
		return true
	})
	return p.bestLD(found)
}

// bestLD picks the object that is about this page: the one with its address,
// else the first of an article type, else a WebPage.
func (p *page) bestLD(found []ldArticle) *ldArticle {
	var best *ldArticle
	points := 0
	for i := range found {
		a := &found[i]
		n := 0
		if strings.HasSuffix(a.kind, "Article") || strings.HasSuffix(a.kind, "Posting") || a.kind == "Report" {
			n += 4
		}
		if a.headline != "" {
			n++
		}
		if a.published != "" {
			n++
		}
		if a.url != "" && p.url.Path != "" && p.url.Path != "/" && strings.TrimSuffix(parseURL(a.url).Path, "/") == strings.TrimSuffix(p.url.Path, "/") {
			n += 4
		}
		if n > points {
			best, points = a, n
		}
	}
	return best
}

// readLD reads one JSON-LD script. Broken JSON, which is common, is mended if
// it can be, and else searched for the few strings that matter.
func readLD(text string) []ldArticle {
	text = strings.TrimSpace(text)
	for _, junk := range []string{"<!--", "//<![CDATA[", "<![CDATA["} {
		text = strings.TrimPrefix(text, junk)
	}
	for _, junk := range []string{";", "//]]>", "]]>", "-->"} {
		text = strings.TrimSuffix(strings.TrimSpace(text), junk)
	}
	var v any
	if json.Unmarshal([]byte(text), &v) != nil && json.Unmarshal([]byte(mendJSON(text)), &v) != nil {
		return scrapeLD(text)
	}
	var found []ldArticle
	collectLD(v, 0, &found)
	return found
}

var trailingComma = regexp.MustCompile(`,(\s*[}\]])`)

// mendJSON escapes control characters inside strings, quotes stray backslashes
// and drops commas before a closing bracket.
func mendJSON(text string) string {
	var b strings.Builder
	quoted := false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '"':
			quoted = !quoted
			b.WriteByte(c)
		case quoted && c == '\n':
			b.WriteString(`\n`)
		case quoted && c < 0x20:
			b.WriteByte(' ')
		case quoted && c == '\\' && i+1 < len(text) && strings.IndexByte(`"\/bfnrtu`, text[i+1]) >= 0:
			b.WriteString(text[i : i+2])
			i++
		case quoted && c == '\\':
			b.WriteString(`\\`)
		default:
			b.WriteByte(c)
		}
	}
	return trailingComma.ReplaceAllString(b.String(), "$1")
}

var scraped = regexp.MustCompile(`"(@type|headline|datePublished|dateModified|articleSection)"\s*:\s*"((?:[^"\\\n]|\\.)*)"`)

// scrapeLD reads single strings out of JSON that does not parse.
func scrapeLD(text string) []ldArticle {
	var a ldArticle
	for _, m := range scraped.FindAllStringSubmatch(text, -1) {
		var s string
		if json.Unmarshal([]byte(`"`+m[2]+`"`), &s) != nil {
			continue
		}
		for name, field := range map[string]*string{"headline": &a.headline, "datePublished": &a.published, "dateModified": &a.modified, "articleSection": &a.section} {
			if m[1] == name && *field == "" {
				*field = s
			}
		}
		if m[1] == "@type" && strings.HasSuffix(s, "Article") {
			a.kind = s
		}
	}
	if a.kind == "" {
		return nil
	}
	return []ldArticle{a}
}

// maxLDDepth is how deep objects are searched for articles.
const maxLDDepth = 6

// collectLD finds the articles and pages in a JSON-LD value.
func collectLD(v any, depth int, found *[]ldArticle) {
	if depth > maxLDDepth || len(*found) > 100 {
		return
	}
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			collectLD(e, depth+1, found)
		}
	case map[string]any:
		if kind := ldKind(v["@type"]); kind != "" {
			*found = append(*found, ldFrom(kind, v))
		}
		for _, key := range []string{"@graph", "mainEntity", "hasPart", "mainEntityOfPage"} {
			collectLD(v[key], depth+1, found)
		}
	}
}

// ldKind gives the first type that is about a page.
func ldKind(v any) string {
	for _, t := range ldStrings(v) {
		t = t[strings.LastIndexAny(t, "/:")+1:]
		if strings.HasSuffix(t, "Article") || strings.HasSuffix(t, "Posting") || t == "Report" || t == "WebPage" || t == "VideoObject" || t == "ItemPage" {
			return t
		}
	}
	return ""
}

func ldFrom(kind string, v map[string]any) ldArticle {
	a := ldArticle{
		kind:      kind,
		headline:  plainLD(v["headline"]),
		body:      ldText(v["articleBody"]),
		published: plainLD(v["datePublished"]),
		modified:  plainLD(v["dateModified"]),
		section:   plainLD(v["articleSection"]),
		url:       ldURL(v),
		publisher: strings.Join(ldNames(v["publisher"]), ", "),
		authors:   ldNames(v["author"]),
	}
	if a.headline == "" && kind != "WebPage" {
		a.headline = plainLD(v["name"])
	}
	if a.published == "" {
		a.published = plainLD(v["uploadDate"])
	}
	if a.published == "" && kind != "WebPage" {
		a.published = plainLD(v["dateCreated"])
	}
	return a
}

func ldURL(v map[string]any) string {
	for _, key := range []string{"url", "mainEntityOfPage", "@id"} {
		switch u := v[key].(type) {
		case string:
			return u
		case map[string]any:
			if id, ok := u["@id"].(string); ok {
				return id
			}
		}
	}
	return ""
}

// ldStrings gives the strings of a value that may be one or a list.
func ldStrings(v any) []string {
	switch v := v.(type) {
	case string:
		return []string{v}
	case []any:
		var list []string
		for _, e := range v {
			list = append(list, ldStrings(e)...)
		}
		return list
	case map[string]any:
		return ldStrings(v["@value"])
	}
	return nil
}

func plainLD(v any) string {
	for _, s := range ldStrings(v) {
		if s = tidy(unescape(s)); s != "" {
			return s
		}
	}
	return ""
}

// ldText gives a body with its line breaks kept.
func ldText(v any) string {
	return strings.Join(ldStrings(v), "\n")
}

// ldNames gives the names of persons or organisations.
func ldNames(v any) []string {
	switch v := v.(type) {
	case string:
		return []string{tidy(unescape(v))}
	case []any:
		var list []string
		for _, e := range v {
			list = append(list, ldNames(e)...)
		}
		return list
	case map[string]any:
		if name := plainLD(v["name"]); name != "" {
			return []string{name}
		}
	}
	return nil
}

// unescape undoes entities, which some sites leave in their JSON and meta twice.
func unescape(s string) string {
	if strings.Contains(s, "&") {
		s = html.UnescapeString(html.UnescapeString(s))
	}
	return s
}
