package extract

import (
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"chorus/extract/lang"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

func countLetters(s string) int { return lang.Letters(s) }

// maxCredits bounds the source lines that are kept of one page.
const maxCredits = 5

// creditLines are the forms of a source line; the match is kept as printed.
var creditLines = []*regexp.Regexp{
	regexp.MustCompile(`(?:文章|新闻|信息|稿件|本文|原文|消息|内容)?(?:来源|稿源|來源|出处)(?:于)?\s*[:：]\s*[^\s|｜:：,，。；;【】\[\]（）()]{2,30}`),
	regexp.MustCompile(`^(?:Источник|Источники|Первоисточник|По материалам|Джерело)\s*[:—–]\s*.{2,80}$`),
	regexp.MustCompile(`(?i)^(?:Sources?|Fuentes?|Quelle|Fonte)\s*:\s*.{2,80}$`),
	regexp.MustCompile(`^(?:المصدر|منبع)\s*:\s*.{2,80}$`),
}

// creditWord is in every source line; most pages of some outlets have none.
var creditWord = regexp.MustCompile(`来源|稿源|來源|出处|Источник|Первоисточник|По материалам|Джерело|[Ss]ource|SOURCE|[Ff]uente|FUENTE|[Qq]uelle|[Ff]onte|المصدر|منبع`)

// sourceMeta are the names under which pages say where a text comes from.
var sourceMeta = []string{"source", "contentsource", "article:source", "mediaid", "original-source", "syndication-source", "dc.source", "dcterms.source"}

// credits gives the lines that say whom the text was taken from, as printed.
func (p *page) credits(m *claims, paras []paragraph) []string {
	var list []string
	add := func(s string) {
		if s = strings.TrimSpace(s); s != "" && utf8.RuneCountInString(s) <= 100 && hasLetter(s) && len(list) < maxCredits &&
			!slices.ContainsFunc(list, func(t string) bool {
				return strings.Contains(squash(t), squash(s)) || strings.HasPrefix(squash(s), squash(t))
			}) {
			list = append(list, s)
		}
	}
	walk(p.doc, func(n *html.Node) bool {
		switch {
		case len(list) >= maxCredits || !p.credit:
			return false
		case n.DataAtom == atom.Script || n.DataAtom == atom.Style || n.DataAtom == atom.Head || n.DataAtom == atom.Footer || n.DataAtom == atom.Aside:
			return false
		case n.Type == html.ElementNode && blockOrSpan(n.DataAtom):
			if line := creditIn(shortText(n, 120)); line != "" {
				add(creditIn(shortText(tightest(n), 120)))
				return false
			}
		}
		return true
	})
	for _, para := range paras {
		if utf8.RuneCountInString(para.text) <= 120 {
			add(creditIn(para.text))
		}
	}
	for _, name := range sourceMeta {
		for _, v := range m.meta[name] {
			if !strings.Contains(v, "://") && utf8.RuneCountInString(v) > 2 {
				add(v)
			}
		}
	}
	return list
}

// tightest gives the innermost element at or below n that has the source line.
func tightest(n *html.Node) *html.Node {
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		if c.Type == html.ElementNode && creditIn(shortText(c, 120)) != "" {
			return tightest(c)
		}
	}
	return n
}

// shortText gives the text below a node, or "" if it is longer than most runes.
func shortText(n *html.Node, most int) string {
	size := 0
	walk(n, func(n *html.Node) bool {
		if n.Type == html.TextNode {
			size += len(strings.TrimSpace(n.Data))
		}
		return size <= 4*most
	})
	if size == 0 || size > 4*most {
		return ""
	}
	if s := innerText(n); utf8.RuneCountInString(s) <= most {
		return s
	}
	return ""
}

func creditIn(s string) string {
	if !strings.ContainsAny(s, ":：—–于") {
		return ""
	}
	for _, re := range creditLines {
		if m := re.FindString(s); m != "" {
			if at := afterSource.FindStringIndex(m); at != nil {
				m = strings.TrimSpace(m[:at[0]])
			}
			return m
		}
	}
	return ""
}

// afterSource is what follows the name of a source without a blank, where a
// page sets both side by side.
var afterSource = regexp.MustCompile(`(?:小|大|中)?字号|字体|作者|责任?编辑|编辑|时间|发布|浏览|分享|打印|纠错|评论|点击|阅读|\d{4}[-年]`)

const (
	monthNames = `(?:янв|фев|мар|апр|ма[йя]|июн|июл|авг|сен|окт|ноя|дек|Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec|ene|abr|ago|dic|janv|févr|mars|avr|mai|juin|juil|août|déc)[\p{L}]*\.?`
	russianDay = `\d{1,2} ` + monthNames + `(?: \d{4}(?: года| г\.)?)?`
	englishDay = monthNames + ` \d{1,2}(?:, \d{4})?`
)

// datelines are the forms of the line that opens a wire story.
var datelines = []*regexp.Regexp{
	regexp.MustCompile(`^(?:【[^】]{2,20}】)?[\p{Han}、/]{2,20}?(?:\d{4}年)?\d{1,2}月\d{1,2}日(?:[上下]午|晚)?(?:专?电|讯|综合报道)(?:\s?（[^）]{1,40}）|\s?\([^)]{1,40}\))?`),
	regexp.MustCompile(`^(?:[\p{Lu}\-’' ,]{3,40}?|\p{Lu}[\p{Ll}\-]{2,20}\.)(?: ?[/(][^/)]{1,30}[/)])?[,.]? (?:` + russianDay + `|` + englishDay + `)\.?(?: ?[/(][^/)]{2,40}[/)]\.?)?(?: ?[-–—]{1,2}(?: \p{Lu}\p{L}*(?: \p{Lu}\p{L}*){0,2}[.,])?)?`),
	regexp.MustCompile(`^\p{Lu}[\p{Lu}\-’' ,.]{2,40} \((?:Sputnik|Xinhua|Reuters|AP|TASS|CNS|ECNS|APP|IRNA|Prensa Latina)\) ?[-–—]{1,2}`),
}

// dateline gives the dateline of the text, as printed.
func dateline(paras []paragraph) string {
	for _, p := range paras[:min(len(paras), 3)] {
		for _, re := range datelines {
			if m := re.FindString(p.text); m != "" {
				return strings.TrimSpace(m)
			}
		}
	}
	return ""
}

var bylines = []*regexp.Regexp{
	regexp.MustCompile(`(?:^|[\s|（(【])(?:作者|撰文|文)\s*[:：/|]\s*([\p{Han}·]{2,15}(?:[ 、，][\p{Han}·]{2,10}){0,4})`),
	regexp.MustCompile(`(?:本报|新华社|人民网|本网|中新社|中新网|记者站)?记者\s?[:：]?\s?([\p{Han}·]{2,4}(?:[ 、\x{3000}][\p{Han}·]{2,4}){0,4})(?:[）)】]|$)`),
	regexp.MustCompile(`^(?:Автор|Авторы|Текст)\s*:\s*(\p{Lu}[\p{L}. ,\-]{3,60})$`),
	regexp.MustCompile(`^By (\p{Lu}[\p{L}'’.\-]+(?: \p{Lu}[\p{L}'’.\-]+){1,3})$`),
}

// bylineBox is in the class of boxes that print the author.
var bylineBox = regexp.MustCompile(`(?i)(?:^|[\s_-])(?:byline|author|author[_-]?name|article__author|post-author)(?:$|[\s_-])`)

// printedByline reads the author where the page prints it: in a box that says
// so, or in a line of the text that does.
func (p *page) printedByline(paras []paragraph) string {
	var names []string
	walk(p.doc, func(n *html.Node) bool {
		if n.Type != html.ElementNode || len(names) > 0 {
			return len(names) == 0
		}
		if n.DataAtom == atom.Script || n.DataAtom == atom.Style || n.DataAtom == atom.Footer || n.DataAtom == atom.Aside || n.DataAtom == atom.Nav {
			return false
		}
		if attr(n, "rel") == "author" || bylineBox.MatchString(attr(n, "class")) {
			s := shortText(n, 60)
			if a := first(n, func(n *html.Node) bool { return n.DataAtom == atom.A }); a != nil && s != "" {
				s = firstOf(innerText(a), s)
			}
			if s != "" && !strings.ContainsAny(s, "0123456789") {
				names = append(names, s)
			}
		}
		return true
	})
	if s := joinNames(names, nil); s != "" {
		for _, re := range bylines[:1] {
			if m := re.FindStringSubmatch(s); m != nil {
				return m[1]
			}
		}
		return s
	}
	ends := append(slices.Clone(paras[:min(len(paras), 4)]), paras[max(0, len(paras)-3):]...)
	for _, para := range ends {
		for _, re := range bylines {
			if m := re.FindStringSubmatch(head(para.text, 200)); m != nil {
				return strings.TrimSpace(m[1])
			}
		}
	}
	return ""
}

// head gives the first runes of a text.
func head(s string, most int) string {
	n := 0
	for i := range s {
		if n == most {
			return s[:i]
		}
		n++
	}
	return s
}
