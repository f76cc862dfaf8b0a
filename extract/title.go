package extract

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"chorus/corpus"
)

func isLetter(r rune) bool { return unicode.IsLetter(r) }

// title gives the title of the article. Its candidates, in order, are the
// headline of the JSON-LD, OpenGraph, microdata, other meta, the first h1, and
// the title element; all without the name of the site. The first one that
// another candidate confirms wins: sites put their own name into one of them,
// or a related article's headline.
func (p *page) title(m *claims, item corpus.Item) string {
	if rule := p.outlet.Article; rule != nil && rule.Title != "" {
		for _, n := range find(p.doc, rule.Title) {
			if s := innerText(n); s != "" {
				return s
			}
		}
	}
	list := []string{m.ld.headline, m.value("og:title"), m.value("headline"), m.value("articletitle", "weibo:article:title", "twitter:title", "dc.title", "sailthru.title", "parsely-title", "title")}
	list = append(list, m.h1[:min(len(m.h1), 3)]...)
	list = append(list, m.head)
	for i := range list {
		list[i] = stripSite(withoutTags(list[i]), list, m.siteNames)
	}
	list = slices.DeleteFunc(list, func(s string) bool {
		return squash(s) == "" || slices.ContainsFunc(m.siteNames, func(site string) bool { return squash(site) == squash(s) })
	})
	feed := stripSite(tidy(item.Title), list, m.siteNames)
	if len(list) == 0 {
		// A home page is called as its site is.
		return cmp.Or(feed, withoutTags(m.head))
	}
	for i, s := range list {
		for j, other := range append(list, feed) {
			if i != j && agrees(s, other) {
				return longer(s, list)
			}
		}
	}
	return list[0]
}

var tag = regexp.MustCompile(`</?[a-zA-Z][^<>]*>`)

// withoutTags takes markup out of a title: some pages have it in their meta.
func withoutTags(s string) string { return tidy(tag.ReplaceAllString(s, " ")) }

// agrees reports whether two titles say the same, one perhaps cut or extended.
func agrees(a, b string) bool {
	a, b = squash(a), squash(b)
	if len(a) > len(b) {
		a, b = b, a
	}
	return len(a) > 0 && (a == b || utf8.RuneCountInString(a) >= 6 && strings.Contains(b, a))
}

// longer completes a title that was cut with an ellipsis.
func longer(s string, list []string) string {
	stem, cut := strings.CutSuffix(s, "...")
	if !cut {
		stem, cut = strings.CutSuffix(s, "…")
	}
	if !cut {
		return s
	}
	for _, other := range list {
		if len(other) > len(s) && strings.HasPrefix(other, strings.TrimSpace(stem)) {
			return other
		}
	}
	return s
}

// separator is what stands between a headline and the name of the site.
var separator = regexp.MustCompile(`\s*(?:\s[-–—|:•·»/]{1,2}\s|\s::\s|[|_｜]+|--+|——|\s[-–—]|[-–—]\s)\s*|-`)

// stripSite takes the name of the site off the end or the beginning of a title.
// If another title is what remains, that decides; else the names of the site.
func stripSite(title string, others, siteNames []string) string {
	for range 3 {
		cut := stripOnce(title, others, siteNames)
		if cut == title {
			break
		}
		title = cut
	}
	return title
}

func stripOnce(title string, others, siteNames []string) string {
	marks := separator.FindAllStringIndex(title, -1)
	for _, at := range slices.Backward(marks) {
		head, tail := strings.TrimSpace(title[:at[0]]), strings.TrimSpace(title[at[1]:])
		if utf8.RuneCountInString(head) < 4 {
			continue
		}
		if tail == "" || isSiteName(tail, siteNames) || slices.ContainsFunc(others, func(o string) bool { return squash(o) == squash(head) }) {
			return head
		}
		// What follows the last bar or underscore is no part of a headline.
		bar := title[at[0]:at[1]]
		if strings.ContainsAny(bar, "|_｜") && utf8.RuneCountInString(tail) <= 40 && utf8.RuneCountInString(tail) < utf8.RuneCountInString(head) {
			return head
		}
	}
	if len(marks) > 0 {
		at := marks[0]
		head, tail := strings.TrimSpace(title[:at[0]]), strings.TrimSpace(title[at[1]:])
		if utf8.RuneCountInString(tail) >= 8 && slices.ContainsFunc(siteNames, func(s string) bool { return squash(s) == squash(head) }) {
			return tail
		}
	}
	return title
}

// siteWords end the names of Chinese and Russian outlets.
var siteWords = regexp.MustCompile(`(?:网|网站|在线|日报|晚报|早报|时报|新闻|频道|客户端|电视台|门户|门户网站|通讯社|新闻网|人民政府|外交部|国防部|中国)$|^(?:РИА Новости|ТАСС|Интерфакс|Известия|Коммерсантъ?|Газета\.?Ru|RT на русском|Российская газета)`)

// isSiteName reports whether the end of a title names the site.
func isSiteName(s string, siteNames []string) bool {
	n := utf8.RuneCountInString(s)
	if n > 60 {
		return false
	}
	if n <= 16 && siteWords.MatchString(s) {
		return true
	}
	flat := squash(s)
	for _, name := range siteNames {
		name = squash(name)
		switch size := utf8.RuneCountInString(name); {
		case name == flat:
			return true
		case size >= 3 && strings.HasPrefix(flat, name) && n <= 40, size >= 4 && strings.Contains(flat, name) && n <= 40:
			return true
		case size >= 2 && size < 4 && slices.Contains(strings.FieldsFunc(strings.ToLower(s), notWord), name) && n <= 30:
			return true
		}
	}
	return false
}

func notWord(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }
