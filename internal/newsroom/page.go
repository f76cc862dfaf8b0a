package newsroom

import (
	"bytes"
	"embed"
	"fmt"
	"hash/fnv"
	"html/template"
	"net/http"
	"strings"
	"sync"
	"time"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/simplifiedchinese"

	"chorus/internal/testweb"
)

// Pages come in four styles, one for a site: 0 says what it is in JSON-LD and
// OpenGraph, 1 in meta and microdata, 2 in a time element only, and 3 in
// nothing but its words, in the manner of Chinese portals.
//
//go:embed pages/*.html
var pageFiles embed.FS

var pageTemplates = sync.OnceValue(func() *template.Template {
	return template.Must(template.ParseFS(pageFiles, "pages/*.html"))
})

// A link is an address and what it is called.
type link struct{ URL, Title string }

// A headline is an entry of a list page.
type headline struct {
	link
	ISO, Printed string
}

// siteWords are the words of a site's furniture.
type siteWords struct {
	Home, News, Related, Popular, Share, Rights, About, Cookies, Advert, Subscribe, Editor string
	sections                                                                               []string
}

var furniture = [tongues]siteWords{
	ru: {"Главная", "Новости", "Читайте также", "Популярное", "Поделиться", "Все права защищены", "О редакции",
		"Мы используем файлы cookie.", "Реклама", "Подпишитесь на рассылку", "Редактор: ",
		[]string{"Политика", "Экономика", "Общество", "Спорт"}},
	zh: {"首页", "新闻", "相关阅读", "热门排行", "分享", "版权所有 未经授权不得转载", "关于我们",
		"本网站使用cookie。", "广告", "订阅邮件", "责任编辑：",
		[]string{"时政", "财经", "社会", "体育"}},
	en: {"Home", "News", "Read more", "Most read", "Share", "All rights reserved", "About us",
		"We use cookies.", "Advertisement", "Subscribe to our newsletter", "Editor: ",
		[]string{"Politics", "Business", "Society", "Sport"}},
	es: {"Inicio", "Noticias", "Lea también", "Lo más leído", "Compartir", "Todos los derechos reservados", "Quiénes somos",
		"Utilizamos cookies.", "Publicidad", "Suscríbase al boletín", "Editor: ",
		[]string{"Política", "Economía", "Sociedad", "Deportes"}},
}

// A site is what all pages of an outlet share.
type site struct {
	Lang, Charset, Site string
	Year                int
	Words               siteWords
	Sections            []link
}

func (d *desk) site(now time.Time) site {
	s := site{Lang: d.tongue.String(), Charset: d.charset, Site: d.Native, Year: now.Year(), Words: furniture[d.tongue]}
	for i, name := range s.Words.sections {
		s.Sections = append(s.Sections, link{fmt.Sprintf("/section/%d", i+1), name})
	}
	return s
}

// An articlePage fills the templates of articles.
type articlePage struct {
	site
	URL, Title, Author, Lead    string
	ISO, Printed, Day, Modified string
	Paragraphs                  []string
	Tail                        bool // the credit stands in a line of its own
	TailText, TailName, TailURL string
	LD                          map[string]any
	Related                     []link
}

// page gives an article's page at a time.
func (a *Article) page(now time.Time) articlePage {
	d, x := a.desk, a.at(now)
	local := a.claimed()
	p := articlePage{
		site: d.site(now), URL: a.URL, Title: a.titleOf(x), Paragraphs: a.paragraphs(x),
		ISO: local.Format(time.RFC3339), Printed: printed(a.tongue, local), Day: local.Format("2006-01-02"),
		Author: d.author(a),
	}
	p.Lead = p.Paragraphs[0]
	if x == a.changed {
		p.Modified = a.Edited.In(d.zone()).Format(time.RFC3339)
	}
	if p.Tail = a.CreditForm == CreditTail; p.Tail {
		p.Paragraphs = p.Paragraphs[:len(p.Paragraphs)-1]
		p.TailName = a.credited.known[a.tongue]
		p.TailText = strings.TrimSuffix(creditTail(a.tongue, a.credited), p.TailName)
		if a.number%2 == 0 {
			p.TailURL = a.Origin
		}
	}
	if d.style == 0 {
		p.LD = map[string]any{
			"@context": "https://schema.org", "@type": "NewsArticle", "headline": p.Title, "datePublished": p.ISO,
			"mainEntityOfPage": a.URL, "author": map[string]string{"@type": "Person", "name": p.Author},
			"publisher": map[string]string{"@type": "Organization", "name": d.Native},
		}
		if p.Modified != "" {
			p.LD["dateModified"] = p.Modified
		}
	}
	p.Related = d.related(a, now)
	return p
}

// related are links to the five articles before this one.
func (d *desk) related(a *Article, now time.Time) []link {
	var out []link
	for i := len(d.articles) - 1; i >= 0 && len(out) < 5; i-- {
		if b := d.articles[i]; b.number < a.number && b.shownAt(now) {
			out = append(out, link{b.URL, b.Title()})
		}
	}
	return out
}

// author is one of the desk's few reporters.
func (d *desk) author(a *Article) string {
	country := [tongues]string{ru: "ru", zh: "cn", en: "we", es: "es"}[d.tongue]
	g := a.world.grammar
	first, last := g.tables["first-"+country], g.tables["last-"+country]
	h := fnv.New64a()
	h.Write([]byte(d.ID))
	n := mix(h.Sum64(), uint64(a.number%4))
	f := &first[n%uint64(len(first))]
	return person{f, &last[(n>>16)%uint64(len(last))], f.woman, country == "cn"}.name(d.tongue)
}

// printed is a time of publication as a page prints it.
func printed(t tongue, local time.Time) string {
	clock := local.Format("15:04")
	switch t {
	case ru:
		return fmt.Sprintf("%d %s %d, %s", local.Day(), months[ru][local.Month()-1], local.Year(), clock)
	case zh:
		return local.Format("2006年01月02日 15:04")
	case es:
		return fmt.Sprintf("%d de %s de %d, %s", local.Day(), months[es][local.Month()-1], local.Year(), clock)
	}
	return local.Format("January 2, 2006 15:04")
}

// encode puts a page into the desk's charset; what it lacks becomes a
// character reference.
func (d *desk) encode(page []byte) ([]byte, error) {
	var e encoding.Encoding
	switch d.charset {
	case "windows-1251":
		e = charmap.Windows1251
	case "gb18030":
		e = simplifiedchinese.GB18030
	default:
		return page, nil
	}
	return encoding.HTMLEscapeUnsupported(e.NewEncoder()).Bytes(page)
}

// html renders a template in the desk's charset.
func (d *desk) html(name string, data any) ([]byte, error) {
	var b bytes.Buffer
	if err := pageTemplates().ExecuteTemplate(&b, name, data); err != nil {
		return nil, fmt.Errorf("render %s of %s: %w", name, d.ID, err)
	}
	return d.encode(b.Bytes())
}

// serve answers with what write gives, or as an outlet that is down.
func (w *World) serve(d *desk, contentType string, write func(now time.Time) ([]byte, error)) testweb.Page {
	return testweb.Page{Handler: http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		now := w.clock()
		if w.down(d.ID, now) {
			http.Error(rw, "down for maintenance", http.StatusServiceUnavailable)
			return
		}
		body, err := write(now)
		switch {
		case err != nil:
			http.Error(rw, err.Error(), http.StatusInternalServerError)
			return
		case body == nil:
			http.NotFound(rw, r)
			return
		}
		answer(rw, r, contentType, body)
	})}
}

// answer sends a body with an ETag, or 304 to whoever has it.
func answer(rw http.ResponseWriter, r *http.Request, contentType string, body []byte) {
	h := fnv.New64a()
	h.Write(body)
	tag := fmt.Sprintf(`"%016x"`, h.Sum64())
	rw.Header().Set("Content-Type", contentType)
	rw.Header().Set("ETag", tag)
	if r.Header.Get("If-None-Match") == tag {
		rw.WriteHeader(http.StatusNotModified)
		return
	}
	rw.Write(body)
}

// publish puts every page on the web.
func (w *World) publish() {
	for _, d := range w.desks {
		w.Web.Add(d.Home, w.serve(d, "text/html", func(now time.Time) ([]byte, error) { return d.front(now, 30) }))
		robots := "User-agent: *\nDisallow: /search\n"
		if d.format == formatSitemap {
			robots += "Sitemap: " + d.Feeds[0].URL + "\n"
		}
		w.Web.Add(d.Home+"robots.txt", testweb.Page{Body: []byte(robots)})
		contentType, write := w.feedOf(d)
		w.Web.Add(d.Feeds[0].URL, w.serve(d, contentType, write))
		for _, a := range d.articles {
			w.Web.Add(a.URL, w.serve(d, d.contentType(), func(now time.Time) ([]byte, error) {
				if !a.shownAt(now) {
					return nil, nil
				}
				return d.html(fmt.Sprintf("style%d.html", d.style), a.page(now))
			}))
		}
	}
}

// contentType names the charset on half of the sites; the others leave it to
// the page.
func (d *desk) contentType() string {
	if d.style%2 == 0 {
		return "text/html; charset=" + d.charset
	}
	return "text/html"
}
