package feeds

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"chorus/corpus"
)

// embedded gives the outlets that come with the program.
func embedded(t *testing.T) []corpus.Outlet {
	t.Helper()
	outlets, err := Outlets()
	if err != nil {
		t.Fatal(err)
	}
	return outlets
}

func embeddedRegistry(t *testing.T) *Registry {
	t.Helper()
	r, err := NewRegistry(embedded(t))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestOutletsCoverTheBlocs(t *testing.T) {
	count := map[corpus.Bloc]int{}
	for _, o := range embedded(t) {
		count[o.Bloc]++
	}
	for bloc, least := range map[corpus.Bloc]int{corpus.BlocRU: 85, corpus.BlocCN: 85, corpus.BlocControl: 16} {
		if count[bloc] < least {
			t.Errorf("%d outlets of bloc %s, want at least %d", count[bloc], bloc, least)
		}
	}
}

// The control bloc can tell what is the blocs' own doing in a language only if
// several of its outlets write in it.
func TestControlSpeaksTheLanguagesOfTheBlocs(t *testing.T) {
	count := map[string]int{}
	for _, o := range embedded(t) {
		if o.Bloc == corpus.BlocControl {
			for _, lang := range o.Languages {
				count[lang]++
			}
		}
	}
	for _, lang := range []string{"ru", "zh", "en", "es", "fr", "ar", "de"} {
		if count[lang] < 4 {
			t.Errorf("%d control outlets in %s, want at least 4", count[lang], lang)
		}
	}
}

func TestNoFamilyIsInTwoBlocs(t *testing.T) {
	bloc := map[string]corpus.Bloc{}
	for _, o := range embedded(t) {
		if b, ok := bloc[o.Family]; ok && b != o.Bloc {
			t.Errorf("family %s of outlet %s is in %s and %s", o.Family, o.ID, b, o.Bloc)
		}
		bloc[o.Family] = o.Bloc
	}
}

func TestTelegramHandlesNameChannels(t *testing.T) {
	channel := regexp.MustCompile(`^[A-Za-z]\w{3,31}$`)
	for _, o := range embedded(t) {
		handle := o.Social["telegram"]
		if handle == "" {
			continue
		}
		if !channel.MatchString(handle) || strings.HasSuffix(strings.ToLower(handle), "bot") {
			t.Errorf("outlet %s: telegram %q is not the name of a channel", o.ID, handle)
		}
	}
}

// TestAccountsSuffice counts the accounts that are followed unless config.yaml
// says otherwise: outlets that are disabled do not count.
func TestAccountsSuffice(t *testing.T) {
	outlets := embedded(t)
	all := func(corpus.Outlet) bool { return true }
	states := func(o corpus.Outlet) bool { return o.Ownership != "private" && o.Ownership != "independent" }
	family := func(name string) func(corpus.Outlet) bool {
		return func(o corpus.Outlet) bool { return o.Family == name }
	}
	for _, c := range []struct {
		what    string
		bloc    corpus.Bloc
		network string
		of      func(corpus.Outlet) bool
		least   int
	}{
		{"the Russian state", corpus.BlocRU, "telegram", states, 120},
		{"the occupation authorities", corpus.BlocRU, "telegram", family("occupation-authorities"), 6},
		{"Russian diplomats", corpus.BlocRU, "x", family("mid"), 60},
		{"Chinese diplomats", corpus.BlocCN, "x", family("mfa-cn"), 120},
		{"Xinhua", corpus.BlocCN, "x", family("xinhua"), 8},
		{"People's Daily", corpus.BlocCN, "x", family("peoples-daily"), 15},
		{"China Media Group", corpus.BlocCN, "x", family("cmg"), 30},
		{"China Daily", corpus.BlocCN, "x", family("chinadaily"), 8},
		{"the control bloc", corpus.BlocControl, "telegram", all, 10},
		{"the control bloc", corpus.BlocControl, "bluesky", all, 7},
		{"the control bloc", corpus.BlocControl, "x", all, 25},
	} {
		n := 0
		for _, o := range outlets {
			if o.Bloc == c.bloc && !o.Disabled && o.Social[c.network] != "" && c.of(o) {
				n++
			}
		}
		if n < c.least {
			t.Errorf("%d accounts of %s on %s, want at least %d", n, c.what, c.network, c.least)
		}
	}
}

// A channel id makes a feed, an @name does not: the control bloc is followed on
// YouTube only where the id is known.
func TestControlIsFollowedOnYouTube(t *testing.T) {
	for _, o := range embedded(t) {
		handle := o.Social["youtube"]
		if o.Bloc != corpus.BlocControl || handle == "" {
			continue
		}
		if !slices.ContainsFunc(Accounts(o), func(f corpus.Feed) bool { return f.Kind == corpus.FeedYouTube }) {
			t.Errorf("outlet %s: youtube %q makes no feed", o.ID, handle)
		}
	}
}

// An outlet without a host has no front page to fall back on.
func TestOutletsWithoutHostHaveAHome(t *testing.T) {
	for _, o := range embedded(t) {
		if len(o.Hosts) == 0 && o.Home == "" {
			t.Errorf("outlet %s has neither host nor home", o.ID)
		}
	}
}

// Nothing was verified from where this file was written.
func TestNoEmbeddedFeedClaimsToBeVerified(t *testing.T) {
	for _, o := range embedded(t) {
		for _, f := range o.Feeds {
			if f.Verified {
				t.Errorf("outlet %s: feed %s is marked verified", o.ID, f.URL)
			}
		}
	}
}

// A feed of an outlet lies on its own host, but for services known to serve
// the feeds of others: a slip of the pen would collect another outlet's items.
func TestFeedsLieOnTheirOutletsHosts(t *testing.T) {
	r := embeddedRegistry(t)
	for _, o := range r.All() {
		for _, f := range o.Feeds {
			owner, ok := r.ByURL(f.URL)
			if strings.HasPrefix(f.URL, "https://feeds.feedburner.com/") {
				continue
			}
			if !ok || owner.ID != o.ID && owner.Family != o.Family {
				t.Errorf("outlet %s: feed %s belongs to %q", o.ID, f.URL, owner.ID)
			}
		}
		if o.Home == "" {
			continue
		}
		if owner, ok := r.ByURL(o.Home); !ok || owner.ID != o.ID {
			t.Errorf("outlet %s: home %s belongs to %q", o.ID, o.Home, owner.ID)
		}
	}
}

func TestByHost(t *testing.T) {
	r := embeddedRegistry(t)
	for _, c := range []struct{ host, want string }{
		{"tass.ru", "tass"},
		{"TASS.RU.", "tass"},
		{"tass.ru:443", "tass"},
		{"nauka.tass.ru", "tass"},
		{"nottass.ru", ""},
		{"www.rt.com", "rt-en"},
		{"russian.rt.com", "rt-ru"},
		{"rzn.mk.ru", "mk"},
		{"en.kremlin.ru", "kremlin-en"},
		{"kremlin.ru", "kremlin"},
		{"Президент.рф", "kremlin"},
		{"www.he.xinhuanet.com", "xinhua"},
		{"french.xinhuanet.com", "xinhua-fr"},
		{"china.chinadaily.com.cn", "chinadaily-zh"},
		{"www.chinadaily.com.cn", "chinadaily"},
		{"mil.gmw.cn", "guangming"},
		{"www.gov.cn", "gov-cn"},
		{"english.www.gov.cn", "gov-cn-en"},
		{"www.cmse.gov.cn", "cmse"},
		{"unknown.gov.cn", ""},
		{"www.ukrinform.ru", "ukrinform"},
		{"paper.tywbw.com", "taiyuan-evening"},
		{"epaper.chinatibetnews.com", "tibet-news"},
		{"www.yzwb.net", "yangtse-evening"},
		{"www.henandaily.cn", "henan-daily"},
		{"news.dahe.cn", "dahe"},
		{"www.zsnews.cn", "zsnews"},
		{"www.bynr.gov.cn", "bynr-gov"},
		{"www.nmg.gov.cn", "nmg-gov"},
		{"www.jl.gov.cn", "jl-gov"},
		{"www.shanxi.gov.cn", "shanxi-gov"},
		{"sputniknews.com", "sputnik-en"},
		{"arabic.sputniknews.com", "sputnik-ar"},
		{"ura.news", "ura"},
		{"feeds.bbci.co.uk", "bbc"},
		{"", ""},
		{".", ""},
		{"[::1]:80", ""},
	} {
		if o, _ := r.ByHost(c.host); o.ID != c.want {
			t.Errorf("ByHost(%q) = %q, want %q", c.host, o.ID, c.want)
		}
	}
}

func TestByURLKnowsAccounts(t *testing.T) {
	r := embeddedRegistry(t)
	for _, c := range []struct{ url, want string }{
		{"https://t.me/rian_ru/273461", "ria"},
		{"https://t.me/s/RIAN_RU", "ria"},
		{"https://telegram.me/medvedev_telegram/5", "medvedev"},
		{"https://twitter.com/MFA_China/status/1", "mfa-cn"},
		{"https://x.com/zlj517", "zhao-lijian"},
		{"https://www.youtube.com/channel/UCpwvZwUam-URkxB7g4USKpg", "rt-en"},
		{"https://vk.com/tassagency", "tass"},
		{"https://x.com/mfa_russia/status/1", "mid-telegram-en"},
		{"https://x.com/MID_RF", "mid"},
		{"https://twitter.com/RUSEMBUSA/status/1", "ru-embassy-us"},
		{"https://t.me/s/PushilinDenis", "pushilin"},
		{"https://t.me/sledcom_press/1", "sledcom"},
		{"https://x.com/SpoxCHN_MaoNing/status/1", "mao-ning"},
		{"https://www.facebook.com/AmbassadeChine", "embassy-fr"},
		{"https://www.youtube.com/channel/UCknLrEdhRCp1aegoMqRaCZg", "dw"},
		{"https://t.me/no_such_channel", ""},
		{"https://t.me/", ""},
		{"https://tass.com/politics/1", "tass-en"},
		{"http://%zz", ""},
	} {
		if o, _ := r.ByURL(c.url); o.ID != c.want {
			t.Errorf("ByURL(%q) = %q, want %q", c.url, o.ID, c.want)
		}
	}
	if o, ok := r.ByHandle("telegram", "@Rian_Ru"); !ok || o.ID != "ria" {
		t.Errorf("ByHandle(telegram, @Rian_Ru) = %q, want ria", o.ID)
	}
}

func TestAllIsSortedAndTheCallersOwn(t *testing.T) {
	r := embeddedRegistry(t)
	all := r.All()
	for i := 1; i < len(all); i++ {
		if all[i-1].ID >= all[i].ID {
			t.Fatalf("All is not sorted: %q before %q", all[i-1].ID, all[i].ID)
		}
	}
	first := all[0].ID
	all[0] = corpus.Outlet{}
	if got := r.All()[0].ID; got != first {
		t.Errorf("writing to All's slice changed the registry: %q, want %q", got, first)
	}
	if o, ok := r.Outlet("tass"); !ok || o.Name != "TASS" {
		t.Errorf("Outlet(tass) = %+v, %v", o, ok)
	}
	if _, ok := r.Outlet("nobody"); ok {
		t.Error("Outlet(nobody) found one")
	}
}

// sound is an outlet with nothing wrong; edit makes another of it.
func sound(edit func(*corpus.Outlet)) corpus.Outlet {
	o := corpus.Outlet{
		ID: "riverpost", Name: "River Post", Bloc: corpus.BlocControl, Country: "CH", Owner: "River Post AG",
		Family: "riverpost", Ownership: "independent", Languages: []string{"en"}, Hosts: []string{"riverpost.example"},
		Tier: corpus.TierDaily,
	}
	if edit != nil {
		edit(&o)
	}
	return o
}

func TestNewRegistryRefusesSharedNames(t *testing.T) {
	a := sound(func(o *corpus.Outlet) { o.Social = map[string]string{"telegram": "riverpost", "x": "river"} })
	b := sound(func(o *corpus.Outlet) {
		o.Family, o.Hosts = "other", []string{"other.example", "riverpost.example"}
		o.Social = map[string]string{"telegram": "RiverPost", "x": "other"}
	})
	_, err := NewRegistry([]corpus.Outlet{a, b})
	want := `outlet riverpost: id: "riverpost" already belongs to outlet riverpost
outlet riverpost: hosts[1]: "riverpost.example" already belongs to outlet riverpost
outlet riverpost: social.telegram: "telegram/riverpost" already belongs to outlet riverpost`
	if err == nil || err.Error() != want {
		t.Errorf("NewRegistry said\n%v\nwant\n%s", err, want)
	}
}

func TestCheckOutlet(t *testing.T) {
	if errs := CheckOutlet(sound(nil)); errs != nil {
		t.Fatalf("CheckOutlet of a sound outlet: %v", errs)
	}
	list := func(r corpus.ListRule) func(*corpus.Outlet) {
		return func(o *corpus.Outlet) {
			o.Feeds = []corpus.Feed{{URL: "https://riverpost.example/", Kind: corpus.FeedList, List: &r}}
		}
	}
	feed := func(f corpus.Feed) func(*corpus.Outlet) {
		return func(o *corpus.Outlet) { o.Feeds = []corpus.Feed{f} }
	}
	const rss = "https://riverpost.example/rss"
	for _, c := range []struct {
		edit func(*corpus.Outlet)
		want string
	}{
		{func(o *corpus.Outlet) { o.ID = "River_Post" }, `id: "River_Post" is not of lower-case letters, digits and single hyphens`},
		{func(o *corpus.Outlet) { o.ID = "" }, `id: missing`},
		{func(o *corpus.Outlet) { o.Name = " " }, `name: missing`},
		{func(o *corpus.Outlet) { o.Bloc = "US" }, `bloc: "US" is not one of RU, CN, control`},
		{func(o *corpus.Outlet) { o.Country = "XX" }, `country: "XX" is not an ISO 3166-1 code of two letters`},
		{func(o *corpus.Outlet) { o.Country = "ch" }, `country: "ch" is not an ISO 3166-1 code of two letters`},
		{func(o *corpus.Outlet) { o.Country = "UK" }, `country: "UK" is not an ISO 3166-1 code of two letters`},
		{func(o *corpus.Outlet) { o.Family = "a--b" }, `family: "a--b" is not of lower-case letters, digits and single hyphens`},
		{func(o *corpus.Outlet) { o.Ownership = "" }, `ownership: missing: one of state, party, government, state-affiliated, private, public, independent`},
		{func(o *corpus.Outlet) { o.Typology = "XY" }, `typology: "XY" is not one of SC, CaPu, CaPr, ISFM, ISF, ISM, IP`},
		{func(o *corpus.Outlet) { o.Languages = nil }, `languages: missing`},
		{func(o *corpus.Outlet) { o.Languages = []string{"en", "eng"} }, `languages[1]: "eng" is not an ISO 639-1 code of two letters`},
		{func(o *corpus.Outlet) { o.Languages = []string{"en", "en"} }, `languages[1]: "en" is there twice`},
		{func(o *corpus.Outlet) { o.Hosts = nil }, `hosts: missing: an outlet needs a host or a social account`},
		{func(o *corpus.Outlet) { o.Hosts[0] = "https://a.example" }, `hosts[0]: "https://a.example" is not a host name in lower case, without scheme, port and path`},
		{func(o *corpus.Outlet) { o.Hosts[0] = "a.example:80" }, `hosts[0]: "a.example:80" is not a host name in lower case, without scheme, port and path`},
		{func(o *corpus.Outlet) { o.Hosts[0] = "A.example" }, `hosts[0]: "A.example" is not a host name in lower case, without scheme, port and path`},
		{func(o *corpus.Outlet) { o.Hosts[0] = "gov.cn" }, `hosts[0]: "gov.cn" is a public suffix: it would take the hosts of everyone below it`},
		{func(o *corpus.Outlet) { o.Hosts[0] = "t.me" }, `hosts[0]: "t.me" is a social network: its accounts go under social`},
		{func(o *corpus.Outlet) { o.Home = "riverpost.example" }, `home: "riverpost.example" is not an http URL`},
		{feed(corpus.Feed{URL: "htp://x", Kind: "rss"}), `feeds[0].url: "htp://x" is not an http URL`},
		{feed(corpus.Feed{URL: rss, Kind: "atom"}), `feeds[0].kind: "atom" is not one of rss, sitemap, list, telegram, bluesky, mastodon, youtube, vk, x`},
		{feed(corpus.Feed{URL: rss, Kind: "rss", Lang: "english"}), `feeds[0].lang: "english" is not an ISO 639-1 code of two letters`},
		{feed(corpus.Feed{URL: rss, Kind: "list"}), `feeds[0].list: missing: a feed of kind list needs a rule`},
		{feed(corpus.Feed{URL: rss, Kind: "rss", List: &corpus.ListRule{Link: "a"}}), `feeds[0].list: only a feed of kind list has a rule`},
		{feed(corpus.Feed{URL: rss, Kind: "rss", Include: "("}), "feeds[0].include: error parsing regexp: missing closing ): `(`"},
		{feed(corpus.Feed{URL: rss, Kind: "rss", Exclude: "a**"}), "feeds[0].exclude: error parsing regexp: invalid nested repetition operator: `**`"},
		{feed(corpus.Feed{URL: rss, Kind: "rss", MaxItems: -1}), `feeds[0].max_items: -1 is negative`},
		{func(o *corpus.Outlet) { o.Feeds = []corpus.Feed{{URL: rss, Kind: "rss"}, {URL: rss, Kind: "rss"}} }, `feeds[1].url: "https://riverpost.example/rss" is also feeds[0]`},
		{list(corpus.ListRule{}), `feeds[0].list.link: missing`},
		{list(corpus.ListRule{Link: "a["}), `feeds[0].list.link: "a[" is not a CSS selector: expected identifier, found EOF instead`},
		{list(corpus.ListRule{Item: "li", Link: "a", Title: ">"}), `feeds[0].list.title: ">" is not a CSS selector: expected identifier, found > instead`},
		{list(corpus.ListRule{Link: "a", Date: "time"}), `feeds[0].list.date: is read inside an item: set item`},
		{list(corpus.ListRule{Link: "a", Pages: 3}), `feeds[0].list.pages: 3 pages need a next link`},
		{func(o *corpus.Outlet) { o.Social = map[string]string{"myspace": "river"} }, `social.myspace: not a network we know: one of bluesky, facebook, instagram, mastodon, ok, rutube, telegram, tiktok, vk, weibo, x, youtube`},
		{func(o *corpus.Outlet) { o.Social = map[string]string{"telegram": "https://t.me/river"} }, `social.telegram: "https://t.me/river" is not the name of an account`},
		{func(o *corpus.Outlet) { o.Tier = "hourly" }, `tier: "hourly" is not one of wire, daily, slow`},
		{func(o *corpus.Outlet) { o.Proxy = "ftp://user:secret@proxy" }, `proxy: neither "direct" nor a socks5:// or http:// URL`},
		{func(o *corpus.Outlet) { o.Article = &corpus.ArticleRule{Remove: []string{"div", "::"}} }, `article.remove[1]: "::" is not a CSS selector: expected identifier, found EOF instead`},
	} {
		var got []string
		for _, err := range CheckOutlet(sound(c.edit)) {
			got = append(got, err.Error())
		}
		if diff := cmp.Diff([]string{c.want}, got); diff != "" {
			t.Errorf("CheckOutlet (-want +got):\n%s", diff)
		}
	}
}

func TestReadOutletsPlacesEveryMistake(t *testing.T) {
	const good = `outlets:
  - {id: a, name: A, bloc: RU, country: RU, owner: O, family: f, ownership: state, languages: [ru], hosts: [a.example], tier: daily}
`
	for _, c := range []struct{ name, yaml, want string }{
		{"empty", "", `x.yaml: no outlets`},
		{"empty list", "outlets: []\n", `x.yaml:1:1: no outlets`},
		{"unknown key at the top", "outlet: []\n", `x.yaml:1:1: unknown key "outlet": did you mean "outlets"?`},
		{"unknown key deep down", good + `  - id: b
    name: B
    bloc: CN
    country: CN
    owner: O
    family: f
    ownership: party
    langauges: [zh]
    languages: [zh]
    hosts: [b.example]
    feeds:
      - {url: "https://b.example/rss", kind: rss, verifeid: false}
    tier: daily
`, `x.yaml:10:5: outlets[1]: unknown key "langauges": did you mean "languages"?
x.yaml:14:51: outlets[1].feeds[0]: unknown key "verifeid": did you mean "verified"?`},
		{"values, clashes and what is missing", good + `  - id: a
    name: B
    bloc: China
    owner: O
    family: f
    ownership: party
    languages: [zh]
    hosts: [b.example, a.example]
    feeds:
      - url: htp://b.example/rss
        kind: list
    tier: [daily]
`, `x.yaml:3:5: outlets[1].country: "" is not an ISO 3166-1 code of two letters
x.yaml:3:9: outlets[1].id: "a" already belongs to outlet a
x.yaml:5:11: outlets[1].bloc: "China" is not one of RU, CN, control
x.yaml:10:24: outlets[1].hosts[1]: "a.example" already belongs to outlet a
x.yaml:12:9: outlets[1].feeds[0].list: missing: a feed of kind list needs a rule
x.yaml:12:14: outlets[1].feeds[0].url: "htp://b.example/rss" is not an http URL
x.yaml:14:11: outlets[1].tier: must be one value, not a list`},
		{"key there twice", strings.Replace(good, "name: A,", "name: A, name: B,", 1),
			`x.yaml:2:22: outlets[0]: key "name" stands here a second time, first in line 2`},
		{"not a list", "outlets: none\n", `x.yaml:1:10: outlets: must be a list, not "none"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := ReadOutlets("x.yaml", strings.NewReader(c.yaml))
			if err == nil {
				t.Fatal("ReadOutlets found nothing wrong")
			}
			if diff := cmp.Diff(c.want, err.Error()); diff != "" {
				t.Errorf("ReadOutlets (-want +got):\n%s", diff)
			}
		})
	}
	if got, err := ReadOutlets("x.yaml", strings.NewReader(good)); err != nil || len(got) != 1 || got[0].ID != "a" {
		t.Errorf("ReadOutlets of a sound file = %v, %v", got, err)
	}
	if _, err := ReadOutlets("x.yaml", strings.NewReader("outlets:\n\t- a")); err == nil || !strings.HasPrefix(err.Error(), "x.yaml:2:") {
		t.Errorf("ReadOutlets of broken YAML = %v, want a place in line 2", err)
	}
}

func TestMerge(t *testing.T) {
	a := sound(func(o *corpus.Outlet) {
		o.Feeds = []corpus.Feed{{URL: "https://riverpost.example/rss", Kind: "rss"}}
		o.Social = map[string]string{"x": "river"}
	})
	b := sound(func(o *corpus.Outlet) { o.ID = "lakepost" })
	base := []corpus.Outlet{a, b}
	over := []corpus.Outlet{
		{ID: "hillpost", Name: "Hill Post"},
		{ID: "riverpost", Tier: corpus.TierWire, Feeds: []corpus.Feed{}, Disabled: true},
		{ID: "hillpost", Country: "AT"},
	}
	want := []corpus.Outlet{a, b, {ID: "hillpost", Name: "Hill Post", Country: "AT"}}
	want[0].Tier, want[0].Feeds, want[0].Disabled = corpus.TierWire, []corpus.Feed{}, true
	if diff := cmp.Diff(want, Merge(base, over)); diff != "" {
		t.Errorf("Merge (-want +got):\n%s", diff)
	}
	if base[0].Tier != corpus.TierDaily || len(base[0].Feeds) != 1 {
		t.Error("Merge changed its argument")
	}
}

// listFeed gives the first feed of kind list of an embedded outlet.
func listFeed(t *testing.T, id string) corpus.Feed {
	t.Helper()
	o, ok := embeddedRegistry(t).Outlet(id)
	if !ok {
		t.Fatalf("no outlet %s", id)
	}
	for _, f := range o.Feeds {
		if f.Kind == corpus.FeedList {
			return f
		}
	}
	t.Fatalf("outlet %s has no list", id)
	return corpus.Feed{}
}

// sharedFile reads a file of the recorded pages, which lie beside the project.
func sharedFile(t *testing.T, name string) []byte {
	t.Helper()
	dir := os.Getenv("CHORUS_SHARED")
	if dir == "" {
		dir = filepath.Join("..", "..", "shared")
	}
	text, err := os.ReadFile(filepath.Join(dir, name))
	if os.IsNotExist(err) {
		t.Skip("the recorded pages are not here; set CHORUS_SHARED to their folder")
	}
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestKremlinRuleReadsTheRecordedListing(t *testing.T) {
	page := sharedFile(t, "web/pages/kremlin_list_page_10.html")
	capture := &corpus.Capture{URL: "http://en.kremlin.ru/events/president/news/page/10.html", Body: page}
	got, fault := Read(listFeed(t, "kremlin-en"), capture, time.Date(2020, 9, 1, 0, 0, 0, 0, time.UTC))
	if fault != nil {
		t.Fatal(fault)
	}
	if len(got.Items) != 20 {
		t.Errorf("%d items, want 20", len(got.Items))
	}
	address := regexp.MustCompile(`^http://en\.kremlin\.ru/events/president/news/\d+\.html$`)
	for _, item := range got.Items {
		if !address.MatchString(item.URL) || item.Title == "" || item.Published.Year() != 2020 {
			t.Errorf("item %q, %q, %v: want an article of 2020 with a title", item.URL, item.Title, item.Published)
		}
	}
	if want := "http://en.kremlin.ru/events/president/news/page/11.html"; got.Next != want {
		t.Errorf("next page %q, want %q", got.Next, want)
	}
}

// The front page rules know articles by their address: these are addresses as
// the sites form them, with others that stand beside them.
func TestFrontPageRulesTellArticlesFromTheRest(t *testing.T) {
	for _, c := range []struct{ id, yes, no string }{
		{"xinhua", "http://www.news.cn/world/20240105/0a1b2c3d4e5f60718293a4b5c6d7e8f9/c.html", "http://www.news.cn/world/"},
		{"xinhua", "http://www.xinhuanet.com/world/2019-12/10/c_1125327450.htm", "http://www.xinhuanet.com/video/"},
		{"people", "http://world.people.com.cn/n1/2024/0424/c1002-40222222.html", "http://www.people.com.cn/GB/index.html"},
		{"chinadaily-zh", "https://china.chinadaily.com.cn/a/202311/17/WS65571297a310d5acd876f404.html", "https://china.chinadaily.com.cn/5bd5639ca3101a87ca8ff636"},
		{"thepaper", "https://www.thepaper.cn/newsDetail_forward_5420361", "https://www.thepaper.cn/list_25457"},
		{"guancha", "https://www.guancha.cn/internation/2024_01_05_721111.shtml", "https://www.guancha.cn/mainnews/"},
		{"guangming", "https://politics.gmw.cn/2024-01/05/content_37071234.htm", "https://politics.gmw.cn/node_9840.htm"},
		{"cmse", "http://www.cmse.gov.cn/xwzx/zhxw/202101/t20210106_47506.html", "http://www.cmse.gov.cn/xwzx/zhxw/"},
		{"mfa-cn", "https://www.mfa.gov.cn/fyrbt_673021/jzhsl_673025/202401/t20240105_11219002.shtml", "https://www.mfa.gov.cn/fyrbt_673021/"},
		{"global-times", "https://www.globaltimes.cn/page/202401/1304890.shtml", "https://www.globaltimes.cn/china/"},
		{"kremlin-en", "http://en.kremlin.ru/events/president/news/62841", "http://en.kremlin.ru/events/president/news/page/2"},
	} {
		include := regexp.MustCompile(listFeed(t, c.id).Include)
		if !include.MatchString(c.yes) || include.MatchString(c.no) {
			t.Errorf("outlet %s: include %q takes %s: %v (want true), %s: %v (want false)",
				c.id, include, c.yes, include.MatchString(c.yes), c.no, include.MatchString(c.no))
		}
	}
}
