package extract

import (
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// Lines that are furniture wherever they stand. Each pattern must match a whole
// short paragraph: a sentence of the article that speaks of sharing stays.
var furniture = []*regexp.Regexp{
	// Chinese: editors, corrections, sharing, printing, font size, QR codes.
	regexp.MustCompile(`^[【\[（(]?\s*(?:责任编辑|责编|编辑|校对|审核|编审|监制|值班编辑|值班主任|主编|终审|初审|复审|网络编辑|来源|作者|稿源)\s*[:：].{0,60}$`),
	regexp.MustCompile(`^[【\[（(]?\s*(?:纠错|我要纠错|返回顶部|返回首页|回到顶部|打印(?:本页|本文)?|关闭(?:窗口|本页)?|收藏|点赞|分享(?:到|至|让更多人看到)?|扫一扫.{0,30}|微信扫.{0,20}|扫描二维码.{0,20}|长按.{0,20}二维码.{0,10}|字号|字体|大\s*中\s*小|上一篇.{0,60}|下一篇.{0,60}|更多精彩.{0,30}|点击(?:进入|查看|阅读).{0,20}|未经授权.{0,40}|版权(?:所有|声明).{0,60}|免责声明.{0,80}|举报邮箱.{0,60}|网站声明.{0,40})\s*[】\]）)]?$`),
	regexp.MustCompile(`^(?:分享到|分享|字号|字体)[\s:：].{0,40}$`),
	regexp.MustCompile(`^(?:【[^】]{1,8}】\s*){2,}$`),
	// Russian.
	regexp.MustCompile(`(?i)^(?:поделиться.{0,40}|подпис(?:ывайтесь|аться|ка).{0,100}|читайте нас.{0,60}|распечатать|версия для печати|нашли ошибку.{0,80}|заметили ошибку.{0,120}|выделите.{0,60}ctrl.{0,20}|комментари(?:и|ев).{0,30}|оставить комментарий|фото\s*:.{0,80}|©.{0,80}|теги?\s*:.{0,120}|реклама|все новости.{0,30}|следите за .{0,80}(?:telegram|телеграм|дзен|max).{0,40})$`),
	// English and others.
	regexp.MustCompile(`(?i)^(?:share(?: this)?(?: (?:article|story|on|via).{0,40})?|subscribe.{0,80}|sign up (?:for|to) .{0,80}|follow us.{0,80}|advertis?ement|print(?: this)?(?: (?:article|page|friendly))?|e-?mail this.{0,30}|comments?(?: \(\d+\))?|leave a (?:comment|reply)|tags?:.{0,120}|©.{0,100}|copyright ©?.{0,100}|all rights reserved.{0,60}|back to top|like this story\?.{0,80}|you can share this story on social media:?|click here to .{0,60}|compart(?:ir|e).{0,40}|partager.{0,40}|editor:.{0,40}|web editor:.{0,60}|editors?: .{0,60})$`),
	regexp.MustCompile(`(?i)^(?:https?://|www\.)\S+$`),
	regexp.MustCompile(`(?i)^.{0,80}(?:(?:enable|turn on|requires?|activez|включите|активируйте) (?:the )?javascript|javascript (?:is )?(?:disabled|required|отключ)).{0,80}$`),
	regexp.MustCompile(`(?i)^(?:just a moment\.{0,3}|checking your browser.{0,80}|ddos protection by.{0,40}|performance & security by.{0,40}|verify(?:ing)? (?:that )?you are (?:a )?human.{0,80}|please wait while .{0,100}|ray id:.{0,60})$`),
	regexp.MustCompile(`^(?:انتهای پیام.{0,20}|کد خبر.{0,30})$`),
	regexp.MustCompile(`^(?:\+\d|图集|[（(]?原标?题[:：为].*|[（(]?(?:本文来自|更多).*请(?:下载|关注|搜索).*)$`),
}

// legal begins the imprint of a site, which is all that an extractor finds on a
// page without text.
var legal = regexp.MustCompile(`(?i)^(?:зарегистрировано федеральной|свидетельство о регистрации|сетевое издание|учредитель\s*[:—–-]|главный редактор\s*[:—–-]|адрес редакции|все права (?:на материалы|защищены)|(?:полное или частичное )?(?:использование|копирование|перепечатка) материалов|при (?:полном или частичном )?(?:использовании|цитировании) материалов|для читателей: в россии признан|признаны террористическими|настоящий ресурс может содержать|сми зарегистрировано|all rights reserved|copyright ©|©\s*\d{4}|版权所有|互联网新闻信息服务许可证|信息网络传播视听节目许可证|违法和不良信息举报|主办单位[:：]|网站标识码|[\p{Han}]?icp[备证])`)

// relatedHead heads a list of other articles.
var relatedHead = regexp.MustCompile(`(?i)^[【\[]?\s*(?:相关(?:新闻|阅读|报道|链接|文章|推荐|专题|稿件|文档|信息|附件)|延伸阅读|推荐阅读|热点推荐|热门推荐|新闻链接|猜你喜欢|最新(?:新闻|评论)|网友评论|热门评论|更多(?:新闻|阅读)|читайте также|читать также|по теме|смотрите также|ещё по теме|еще по теме|материалы по теме|новости по теме|похожие материалы|другие новости|главное сегодня|read (?:more|also|next)|related(?: (?:articles?|stories|news|links|content|coverage))?|see also|more (?:on this|from|stories).{0,30}|recommended|most read|lea también|lee también|a lire aussi|à lire aussi|lire aussi|lesen sie auch|читайте ещё)\s*[】\]]?\s*[:：>»]*$`)

// relatedLine is one such article in a line of its own.
var relatedLine = regexp.MustCompile(`(?i)^(?:читайте также|читать также|смотрите также|read more|read also|see also|lea también|lire aussi|延伸阅读|相关阅读|相关新闻|相关报道)\s*[:：]\s*.{1,200}$`)

// mostFurniture is the longest paragraph that can be furniture, in runes.
const mostFurniture = 160

// clean drops from the paragraphs what is not of the article: the title said
// again, the line of date and source below it, furniture, lists of other
// articles, and links at the end.
func (p *page) clean(paras []paragraph, title string) []paragraph {
	paras = withoutTitle(paras, title)
	paras = p.withoutInfo(paras)
	kept := make([]paragraph, 0, len(paras))
	for i := 0; i < len(paras); i++ {
		q := paras[i]
		switch {
		case isFurniture(q.text) || isRelated(q):
			continue
		case relatedHead.MatchString(q.text):
			// Skip the links that it heads; what else follows is the article's.
			for i+1 < len(paras) && mostlyLinks(paras[i+1]) {
				i++
			}
			continue
		case len(kept) > 0 && kept[len(kept)-1].text == q.text && q.letters > 10:
			continue
		}
		kept = append(kept, q)
	}
	return withoutTail(kept)
}

// withoutTail drops links to other articles at the end, and lists of them with
// their dates, with the line that heads them.
func withoutTail(paras []paragraph) []paragraph {
	n := len(paras)
	for n > 1 && isTeaser(paras[n-1]) {
		n--
	}
	pairs := 0
	for i := n; i > 2 && bareDate.MatchString(paras[i-1].text) && utf8.RuneCountInString(paras[i-2].text) <= 60; i -= 2 {
		pairs++
	}
	if pairs > 1 {
		n -= 2 * pairs
	}
	if n < len(paras) && n > 1 && utf8.RuneCountInString(paras[n-1].text) <= 20 && !endsSentence(paras[n-1].text) {
		n--
	}
	return paras[:n]
}

// isTeaser reports whether a paragraph is the link to another article, perhaps
// with its date and section.
func isTeaser(p paragraph) bool {
	if mostlyLinks(p) && !endsSentence(p.text) {
		return true
	}
	return 2*p.linked >= p.letters && p.linked > 0 && teaserDate.MatchString(p.text)
}

var bareDate = regexp.MustCompile(`^[\d\s./:年月日-]{4,20}$`)

var teaserDate = regexp.MustCompile(`\d{1,4}[-./]\d{1,2}[-./]\d{1,4}$|\d{1,2}:\d{2}$`)

func mostlyLinks(p paragraph) bool { return p.letters > 0 && 5*p.linked >= 4*p.letters }

func isRelated(p paragraph) bool {
	return relatedLine.MatchString(p.text) && (2*p.linked >= p.letters || utf8.RuneCountInString(p.text) <= mostFurniture)
}

func isFurniture(s string) bool {
	if !hasLetter(s) && !strings.ContainsAny(s, "0123456789") {
		return true
	}
	if legal.MatchString(s) {
		return true
	}
	return utf8.RuneCountInString(s) <= mostFurniture && slices.ContainsFunc(furniture, func(re *regexp.Regexp) bool { return re.MatchString(s) })
}

// withoutTitle drops the title where the text begins by saying it again.
func withoutTitle(paras []paragraph, title string) []paragraph {
	flat := squash(title)
	if flat == "" {
		return paras
	}
	for i := range min(len(paras), 4) {
		s := squash(paras[i].text)
		if s == flat || paras[i].heading && len(s) > 12 && (strings.Contains(flat, s) || strings.Contains(s, flat)) && len(s) < 2*len(flat) {
			return slices.Delete(slices.Clone(paras), i, i+1)
		}
	}
	return paras
}

// withoutByline drops the byline where it stands alone at the beginning.
func withoutByline(paras []paragraph, byline string) []paragraph {
	flat := squash(byline)
	for i := range min(len(paras), 3) {
		if s := squash(paras[i].text); len(paras) > 1 && flat != "" && (s == flat || s == "by"+flat || s == "автор"+flat) {
			return slices.Delete(slices.Clone(paras), i, i+1)
		}
	}
	return paras
}

// withoutInfo drops, near the beginning, short lines that hold little but a
// date or a source: "2024年04月24日08:27 | 来源：人民网".
func (p *page) withoutInfo(paras []paragraph) []paragraph {
	kept := slices.Clone(paras[:0:0])
	for i, q := range paras {
		if i < 6 && utf8.RuneCountInString(q.text) <= 90 && p.isInfo(q.text) {
			continue
		}
		kept = append(kept, q)
	}
	return kept
}

// infoWords are what stands beside date and source in such a line.
var infoWords = regexp.MustCompile(`(?i)发布时间|发表时间|更新时间|发布日期|时间|日期|来源|作者|编辑|浏览次数|阅读量?|点击|字号|字体|分享|评论|打印|收藏|星期[一二三四五六日]|posted|published|updated|source|editor|обновлено|опубликовано|просмотров|[0-9]+|\b(?:mon|tues?|wed|wednes|thu|thurs|fri|sat|satur|sun)(?:day)?\b|大|中|小|年|月|日`)

func (p *page) isInfo(s string) bool {
	dated := p.parse(s, "text").time
	credit := creditIn(s)
	if dated.IsZero() && credit == "" || endsSentence(s) && countLetters(s) > 30 {
		return false
	}
	rest := infoWords.ReplaceAllString(strings.ReplaceAll(s, credit, ""), "")
	return countLetters(rest) <= 14
}
