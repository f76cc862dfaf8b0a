package monitor

// The recorded web: a real site with its listings and single pages of many
// outlets, collected by configuration alone.

import (
	"path/filepath"
	"strings"
	"testing"

	"chorus/feeds"
	"chorus/internal/testweb"
)

func TestRecordedWebIsCollectedWhole(t *testing.T) {
	dir, ok := testweb.Shared()
	if !ok {
		t.Skip("no recorded web beside the project: set CHORUS_SHARED to its folder")
	}
	outlets, err := feeds.Outlets()
	if err != nil {
		t.Fatal(err)
	}
	registry, err := feeds.NewRegistry(outlets)
	if err != nil {
		t.Fatal(err)
	}
	rec, err := testweb.Recorded(filepath.Join(dir, "web"), registry.ByHost)
	if err != nil {
		t.Fatal(err)
	}
	s := watch(t, rec.Web, rec.Outlets)
	s.cfg.Social.Networks = nil // no network is in this web
	s.with(func(m *Monitor) {
		sum, err := m.Once(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%d pages in %v: %+v", rec.Pages, sum.Took, sum)
		if sum.Pages != rec.Pages || sum.PagesLost != 0 || sum.FeedsLost != 0 || sum.Documents != rec.Pages {
			t.Errorf("summary %+v, want all of %d pages", sum, rec.Pages)
		}
		langs, empty := map[string]int{}, 0
		for _, d := range documents(t, m) {
			langs[d.Article.Lang]++
			if d.Article.Text == "" {
				empty++
				t.Logf("no text: %s (%s)", d.URL(), d.Fault)
			}
			if d.Article.Title == "" {
				t.Errorf("no title: %s", d.URL())
			}
			for _, tag := range d.Tags {
				for _, sp := range tag.Spans {
					if sp.Start < 0 || sp.End > len(d.Article.Text) || sp.Start >= sp.End {
						t.Errorf("%s: span %v of %s lies outside of the text", d.URL(), sp, tag.Narrative)
					}
				}
			}
		}
		t.Logf("languages %v, %d without text", langs, empty)
		if empty > rec.Pages/100 {
			t.Errorf("%d of %d pages brought no text", empty, rec.Pages)
		}
		for query, part := range map[string]string{
			`"strategic stability"`: "en.kremlin.ru/",
			"присяжные оправдали":   "www.mk.ru/social/2020/12/29/",
			"присяжных":             "www.mk.ru/social/2020/12/29/", // another form of the word
			"空间站":                   "www.cmse.gov.cn/",
			"lang:es medida":        "www.granma.cu/",
			"outlet:kremlin-en after:2020-07-01 before:2020-08-01 trump": "en.kremlin.ru/",
		} {
			found := strings.Join(search(t, m, query), " ")
			if !strings.Contains(found, part) {
				t.Errorf("search %s found %q, want a page of %s", query, found, part)
			}
		}
	})
	if n := rec.Web.Crowded(); n != 0 {
		t.Errorf("a site had two requests at a time %d times", n)
	}
	if n := rec.Web.Requests("http://en.kremlin.ru/robots.txt"); n != 1 {
		t.Errorf("robots.txt of the site was asked for %d times, want once", n)
	}
}
