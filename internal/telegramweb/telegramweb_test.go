package telegramweb

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

func get(t *testing.T, s *Site, address string) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	s.ServeHTTP(w, httptest.NewRequest(http.MethodGet, address, nil))
	return w
}

var dataPost = regexp.MustCompile(`data-post="river/(\d+)"`)

func ids(page string) []string {
	var out []string
	for _, m := range dataPost.FindAllStringSubmatch(page, -1) {
		out = append(out, m[1])
	}
	return out
}

func river(posts int) Channel {
	c := Channel{Name: "river", Title: "River Post"}
	for i := posts; i > 0; i-- {
		c.Posts = append(c.Posts, Post{ID: int64(i), Date: time.Unix(int64(i), 0), Text: fmt.Sprint("Post ", i)})
	}
	return c
}

func TestPagesLeadBackToTheFirstPost(t *testing.T) {
	s := New(river(45))
	for _, c := range []struct{ query, first, last, prev, next string }{
		{"", "26", "45", "/s/river?before=26", ""},
		{"?before=26", "6", "25", "/s/river?before=6", "/s/river?after=25"},
		{"?before=6", "1", "5", "", "/s/river?after=5"},
		{"?after=25", "26", "45", "/s/river?before=26", ""},
	} {
		page := get(t, s, "https://t.me/s/river"+c.query).Body.String()
		shown := ids(page)
		if len(shown) == 0 || shown[0] != c.first || shown[len(shown)-1] != c.last {
			t.Errorf("%q shows %v, want %s to %s", c.query, shown, c.first, c.last)
		}
		for rel, want := range map[string]string{"prev": c.prev, "next": c.next} {
			link := fmt.Sprintf(`<link rel="%s" href="%s">`, rel, want)
			if want == "" && strings.Contains(page, `rel="`+rel+`"`) || want != "" && !strings.Contains(page, link) {
				t.Errorf("%q has no %s, or one where none is", c.query, link)
			}
		}
	}
	if page := get(t, s, "https://t.me/s/river?before=1").Body.String(); len(ids(page)) > 0 || !strings.Contains(page, "tme_no_messages_found") {
		t.Errorf("before the first post: %v", ids(page))
	}
}

func TestNamesWithoutAPreviewRedirect(t *testing.T) {
	s := New(Channel{Name: "shut", Title: "Shut", Kind: NoPreview, Members: 7})
	for _, name := range []string{"shut", "nobody"} {
		w := get(t, s, "https://t.me/s/"+name)
		if got := w.Header().Get("Location"); w.Code != http.StatusFound || got != "/"+name {
			t.Errorf("/s/%s answers %d to %q, want a redirect", name, w.Code, got)
		}
	}
	if page := get(t, s, "https://t.me/shut").Body.String(); !strings.Contains(page, "7 subscribers") {
		t.Errorf("the page of a channel says %s", page)
	}
	if page := get(t, s, "https://t.me/nobody").Body.String(); strings.Contains(page, "tgme_page_extra") || !strings.Contains(page, "you can contact") {
		t.Errorf("the page of nobody says %s", page)
	}
}

func TestMarkupEscapesAndLinks(t *testing.T) {
	got := linked("a <b> & https://river.example/?a=1&b=2. #bridge (@river_post)")
	want := `a &lt;b&gt; &amp; <a href="https://river.example/?a=1&amp;b=2" target="_blank" rel="noopener">https://river.example/?a=1&amp;b=2</a>. ` +
		`<a href="?q=%23bridge">#bridge</a> (<a href="https://t.me/river_post" target="_blank">@river_post</a>)`
	if got != want {
		t.Errorf("linked = %s, want %s", got, want)
	}
	if got, want := Links("see http://river.example/a, #b"), []string{"http://river.example/a"}; !slices.Equal(got, want) {
		t.Errorf("Links = %q, want %q", got, want)
	}
}

func TestRounded(t *testing.T) {
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1K", 1250: "1.2K", 12_345: "12.3K", 1_200_000: "1.2M"} {
		if got := rounded(n); got != want {
			t.Errorf("rounded(%d) = %q, want %q", n, got, want)
		}
	}
}
