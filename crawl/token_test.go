package crawl

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
)

func TestTokenIsSentAndNotKept(t *testing.T) {
	var sent, elsewhere string
	other := newWeb(t, map[string]http.HandlerFunc{"/": func(w http.ResponseWriter, r *http.Request) { elsewhere = r.Header.Get("Authorization") }})
	w := newWeb(t, map[string]http.HandlerFunc{
		"/robots.txt": func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("User-agent: *\nDisallow: /")) },
		"/api": func(w http.ResponseWriter, r *http.Request) {
			sent = r.Header.Get("Authorization")
			w.Write([]byte("{}"))
		},
		"/away": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, strings.Replace(other.URL, "127.0.0.1", "127.0.0.2", 1)+"/", http.StatusFound)
		},
	})
	c := newCrawler(t, Options{})
	capture, err := c.Fetch(context.Background(), Request{URL: w.URL + "/api", API: true, Token: "s3cret"})
	if err != nil || capture.Fault != nil {
		t.Fatal(err, capture.Fault)
	}
	if sent != "Bearer s3cret" || w.hits("/robots.txt") != 0 {
		t.Errorf("the server saw %q, and was asked for robots.txt %d times", sent, w.hits("/robots.txt"))
	}
	raw, err := json.Marshal(capture)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(raw), "s3cret") || capture.Answer().Request.Get("Authorization") == "" {
		t.Errorf("the capture keeps the token, or not that there was one: %s", raw)
	}
	if capture, err = c.Fetch(context.Background(), Request{URL: w.URL + "/api"}); err != nil || capture.Fault == nil {
		t.Errorf("without API, robots.txt was not obeyed: %v %v", err, capture)
	}
	if _, err = c.Fetch(context.Background(), Request{URL: w.URL + "/away", API: true, Token: "s3cret"}); err != nil || strings.Contains(elsewhere, "s3cret") {
		t.Errorf("another host was told the token: %q %v", elsewhere, err)
	}
}
