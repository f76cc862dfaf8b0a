package newsroom

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"chorus/corpus"
)

// A format is how an outlet tells what is new.
type format int

const (
	formatRSS format = iota
	formatAtom
	formatJSON
	formatSitemap
	formatList
)

// A place is where an outlet sits: as a dateline names it, and its clock.
type place struct {
	names [tongues]string
	hours int // ahead of UTC
}

var (
	moscow      = place{[tongues]string{"МОСКВА", "莫斯科", "MOSCOW", "MOSCÚ"}, 3}
	petersburg  = place{[tongues]string{"САНКТ-ПЕТЕРБУРГ", "圣彼得堡", "ST. PETERSBURG", "SAN PETERSBURGO"}, 3}
	vladivostok = place{[tongues]string{"ВЛАДИВОСТОК", "符拉迪沃斯托克", "VLADIVOSTOK", "VLADIVOSTOK"}, 10}
	beijing     = place{[tongues]string{"ПЕКИН", "北京", "BEIJING", "PEKÍN"}, 8}
	shanghai    = place{[tongues]string{"ШАНХАЙ", "上海", "SHANGHAI", "SHANGHÁI"}, 8}
	london      = place{[tongues]string{"ЛОНДОН", "伦敦", "LONDON", "LONDRES"}, 0}
	riga        = place{[tongues]string{"РИГА", "里加", "RIGA", "RIGA"}, 2}
	singapore   = place{[tongues]string{"СИНГАПУР", "新加坡", "SINGAPORE", "SINGAPUR"}, 8}
	buenosAires = place{[tongues]string{"БУЭНОС-АЙРЕС", "布宜诺斯艾利斯", "BUENOS AIRES", "BUENOS AIRES"}, -3}
	toronto     = place{[tongues]string{"ТОРОНТО", "多伦多", "TORONTO", "TORONTO"}, -5}
)

// A desk is an outlet with all that makes its newsroom what it is.
type desk struct {
	corpus.Outlet
	tongue  tongue
	known   [tongues]string // what others call it when they credit it
	seat    place
	opens   int     // local hour; a wire never closes
	closes  int     // local hour
	weight  float64 // articles, against the mean outlet
	format  format
	style   int    // of its pages, see page.go
	charset string // "utf-8", "windows-1251" or "gb18030"

	articles []*Article // by time
}

// zone is the desk's clock.
func (d *desk) zone() *time.Location {
	return time.FixedZone(fmt.Sprintf("UTC%+d", d.seat.hours), d.seat.hours*3600)
}

// A house is one row of the list of invented outlets.
type house struct {
	id, name, native string
	bloc             corpus.Bloc
	country, family  string
	ownership        string
	tongue           tongue
	seat             place
	tier             corpus.Tier
	opens, closes    int
	weight           float64
	format           format
	style            int
	charset          string
}

// houses are in such an order that the first twenty, or ten, are a fair world.
var houses = []house{
	{"volna", "Volna News Agency", "Информационное агентство «Волна»", corpus.BlocRU, "RU", "volna", "state", ru, moscow, corpus.TierWire, 0, 24, 2.2, formatRSS, 0, "utf-8"},
	{"jiangling", "Jiangling News Agency", "江陵通讯社", corpus.BlocCN, "CN", "jiangling", "state", zh, beijing, corpus.TierWire, 0, 24, 2.2, formatSitemap, 3, "utf-8"},
	{"meridian", "Meridian Wire", "Meridian Wire", corpus.BlocControl, "GB", "meridian", "independent", en, london, corpus.TierWire, 0, 24, 2, formatRSS, 0, "utf-8"},
	{"severny-vestnik", "Northern Herald", "Северный вестник", corpus.BlocRU, "RU", "granit", "state-affiliated", ru, petersburg, corpus.TierDaily, 8, 20, .8, formatList, 1, "windows-1251"},
	{"donghai", "Donghai Daily", "东海日报", corpus.BlocCN, "CN", "donghai", "party", zh, shanghai, corpus.TierDaily, 6, 22, 1, formatList, 3, "gb18030"},
	{"meridian-ru", "Meridian Russian Service", "Меридиан", corpus.BlocControl, "GB", "meridian", "independent", ru, london, corpus.TierDaily, 5, 19, .8, formatAtom, 0, "utf-8"},
	{"volna-en", "Volna English", "Volna English", corpus.BlocRU, "RU", "volna", "state", en, moscow, corpus.TierWire, 0, 24, 1.2, formatAtom, 1, "utf-8"},
	{"jiangling-en", "Jiangling English", "Jiangling English", corpus.BlocCN, "CN", "jiangling", "state", en, beijing, corpus.TierWire, 0, 24, 1.2, formatRSS, 2, "utf-8"},
	{"lanzhu", "Blue Candle News", "蓝烛新闻", corpus.BlocControl, "SG", "lanzhu", "independent", zh, singapore, corpus.TierDaily, 7, 23, .8, formatSitemap, 1, "utf-8"},
	{"granit", "Granit TV", "Телеканал «Гранит»", corpus.BlocRU, "RU", "granit", "state", ru, moscow, corpus.TierDaily, 6, 24, 1.2, formatSitemap, 2, "utf-8"},
	{"donghai-global", "Donghai Global", "Donghai Global", corpus.BlocCN, "CN", "donghai", "party", en, shanghai, corpus.TierDaily, 7, 22, .9, formatJSON, 0, "utf-8"},
	{"halcyon", "Halcyon Broadcasting", "Halcyon Broadcasting", corpus.BlocControl, "CA", "halcyon", "public", en, toronto, corpus.TierDaily, 6, 23, 1, formatSitemap, 2, "utf-8"},
	{"volna-zh", "Volna Chinese", "波涛通讯社中文网", corpus.BlocRU, "RU", "volna", "state", zh, moscow, corpus.TierDaily, 4, 20, .7, formatRSS, 3, "utf-8"},
	{"jiangling-ru", "Jiangling Russian", "Цзянлин", corpus.BlocCN, "CN", "jiangling", "state", ru, beijing, corpus.TierDaily, 7, 21, .7, formatAtom, 1, "utf-8"},
	{"otkryty-obzor", "Open Review", "Открытый обзор", corpus.BlocControl, "LV", "otkryty", "independent", ru, riga, corpus.TierDaily, 7, 22, .7, formatList, 0, "utf-8"},
	{"granit-world", "Granit World", "Granit World", corpus.BlocRU, "RU", "granit", "state", en, moscow, corpus.TierDaily, 7, 23, .9, formatJSON, 2, "utf-8"},
	{"yunhe", "Yunhe Television", "云河电视", corpus.BlocCN, "CN", "yunhe", "state", zh, beijing, corpus.TierDaily, 6, 24, 1, formatRSS, 2, "utf-8"},
	{"sotavento", "Sotavento", "Sotavento", corpus.BlocControl, "AR", "sotavento", "private", es, buenosAires, corpus.TierDaily, 7, 22, .7, formatRSS, 1, "utf-8"},
	{"volna-es", "Volna Español", "Volna en español", corpus.BlocRU, "RU", "volna", "state", es, moscow, corpus.TierDaily, 10, 24, .6, formatAtom, 0, "utf-8"},
	{"yunhe-es", "Yunhe Español", "Yunhe en español", corpus.BlocCN, "CN", "yunhe", "state", es, beijing, corpus.TierDaily, 8, 23, .6, formatSitemap, 0, "utf-8"},
	{"rubezh", "Rubezh", "Рубеж", corpus.BlocRU, "RU", "rubezh", "private", ru, vladivostok, corpus.TierSlow, 8, 20, .6, formatRSS, 2, "utf-8"},
	{"tianwang", "Skywatch Net", "天望网", corpus.BlocCN, "CN", "donghai", "state-affiliated", zh, shanghai, corpus.TierSlow, 8, 21, .6, formatRSS, 0, "utf-8"},
	{"harbour-post", "Harbour Post", "Harbour Post", corpus.BlocControl, "GB", "harbour", "private", en, london, corpus.TierDaily, 6, 22, .9, formatList, 1, "utf-8"},
}

// knownAs is what families are called in each language; others go by their name.
var knownAs = map[string][tongues]string{
	"volna":     {"Волна", "波涛社", "Volna", "Volna"},
	"jiangling": {"Цзянлин", "江陵社", "Jiangling", "Jiangling"},
	"meridian":  {"Меридиан", "子午线通讯社", "Meridian", "Meridian"},
	"granit":    {"Гранит", "花岗岩电视台", "Granit", "Granit"},
	"donghai":   {"Дунхай жибао", "东海日报", "Donghai Daily", "Donghai"},
	"yunhe":     {"Юньхэ", "云河电视", "Yunhe TV", "Yunhe"},
	"lanzhu":    {"Ланьчжу", "蓝烛新闻", "Blue Candle News", "Lanzhu"},
	"halcyon":   {"Хальсион", "翠鸟广播公司", "Halcyon", "Halcyon"},
	"otkryty":   {"Открытый обзор", "公开评论网", "Open Review", "Otkryty Obzor"},
	"sotavento": {"Сотавенто", "背风报", "Sotavento", "Sotavento"},
	"rubezh":    {"Рубеж", "边界网", "Rubezh", "Rubezh"},
	"harbour":   {"Харбор пост", "港口邮报", "Harbour Post", "Harbour Post"},
}

// newDesks gives the first n outlets: the houses, then regional papers made up
// as they are needed, in turn for each bloc.
func newDesks(n int, r *rand.Rand) []*desk {
	var out []*desk
	for i := range n {
		if i < len(houses) {
			out = append(out, newDesk(houses[i]))
		} else {
			out = append(out, newDesk(regional(i-len(houses), r)))
		}
	}
	var sum float64
	for _, d := range out {
		sum += d.weight
	}
	for _, d := range out {
		d.weight *= float64(n) / sum
	}
	return out
}

func newDesk(h house) *desk {
	host := h.id + ".example"
	d := &desk{
		Outlet: corpus.Outlet{
			ID: h.id, Name: h.name, Native: h.native, Bloc: h.bloc, Country: h.country,
			Owner: h.name, Family: h.family, Ownership: h.ownership,
			Languages: []string{h.tongue.String()}, Hosts: []string{host}, Home: "http://" + host + "/", Tier: h.tier,
		},
		tongue: h.tongue, seat: h.seat, opens: h.opens, closes: h.closes,
		weight: h.weight, format: h.format, style: h.style, charset: h.charset,
	}
	var ok bool
	if d.known, ok = knownAs[h.family]; !ok {
		d.known = [tongues]string{h.native, h.native, h.name, h.name}
	}
	for _, other := range houses { // the owner is the first house of the family
		if other.family == h.family {
			d.Owner = other.name
			break
		}
	}
	d.Feeds = []corpus.Feed{d.feed()}
	return d
}

// feed is the one feed of the desk.
func (d *desk) feed() corpus.Feed {
	f := corpus.Feed{Kind: corpus.FeedRSS, Lang: d.tongue.String(), Verified: true}
	path := ""
	switch d.format {
	case formatRSS:
		path = "rss.xml"
	case formatAtom:
		path = "atom.xml"
	case formatJSON:
		path = "feed.json"
	case formatSitemap:
		path, f.Kind = "sitemap-news.xml", corpus.FeedSitemap
	case formatList:
		path, f.Kind = "news/", corpus.FeedList
		f.List = &corpus.ListRule{Item: "ul.news-list > li", Link: "a.headline", Date: "time"}
	}
	f.URL = d.Home + path
	return f
}

// regional makes up a regional paper.
func regional(i int, r *rand.Rand) house {
	kinds := []house{
		{bloc: corpus.BlocRU, country: "RU", ownership: "state-affiliated", tongue: ru, seat: moscow},
		{bloc: corpus.BlocCN, country: "CN", ownership: "party", tongue: zh, seat: beijing},
		{bloc: corpus.BlocControl, country: "GB", ownership: "private", tongue: en, seat: london},
	}
	titles := [tongues][]string{
		ru: {"Вестник", "Курьер", "Хроника", "Маяк", "Голос"},
		zh: {"晚报", "时报", "新闻网", "早报", "观察"},
		en: {"Courier", "Chronicle", "Beacon", "Observer", "Gazette"},
	}
	h := kinds[i%len(kinds)]
	cities := theGrammar().tables["city"]
	city := cities[(i/len(kinds))%len(cities)]
	title := (i/len(kinds) + i/len(kinds)/len(cities)) % 5
	place := city.forms[en][0].man
	h.id = strings.ToLower(strings.NewReplacer(" ", "-", "'", "").Replace(place + " " + titles[en][title]))
	if n := i / (len(kinds) * len(cities)); n > 0 {
		h.id += fmt.Sprint("-", n+1)
	}
	h.id += []string{"-ru", "-cn", ""}[i%len(kinds)]
	h.name = place + " " + titles[en][title]
	h.native = h.name
	switch h.tongue {
	case ru:
		h.native = titles[ru][title] + " (" + city.forms[ru][0].man + ")"
	case zh:
		h.native = city.forms[zh][0].man + titles[zh][title]
	}
	h.family, h.tier = h.id, corpus.TierDaily
	h.opens, h.closes = 6+r.IntN(3), 19+r.IntN(5)
	h.weight = .4 + r.Float64()
	h.format, h.style, h.charset = format(r.IntN(5)), r.IntN(4), "utf-8"
	return h
}
