package web

import (
	"net/http"
	"os"
	"testing"
	"time"

	"chorus/corpus"
)

// TestPreview serves the pages of a world on loopback, to be looked at, until
// it is stopped:
//
//	CHORUS_PREVIEW=127.0.0.1:8099 go test ./web -run TestPreview -timeout 0
func TestPreview(t *testing.T) {
	addr := os.Getenv("CHORUS_PREVIEW")
	if addr == "" {
		t.Skip("set CHORUS_PREVIEW to an address to look at the pages")
	}
	w := newWorld(time.Now(), 60)
	empty := &world{now: w.now, outlets: w.outlets, coverage: corpus.Coverage{Collector: corpus.CollectorDown, Since: w.now.Add(-time.Hour), Outlets: map[corpus.Health]int{corpus.HealthNew: 10}}}
	rebuilding := newWorld(w.now, 5)
	rebuilding.notReady = true

	mux := http.NewServeMux()
	mux.Handle("/", Handler(w.sources(), Options{Version: "preview"}))
	for prefix, x := range map[string]*world{"/empty": empty, "/rebuilding": rebuilding} {
		mux.Handle(prefix+"/", http.StripPrefix(prefix, Handler(x.sources(), Options{Version: "preview"})))
	}
	t.Logf("http://%s/, /empty/ and /rebuilding/", addr)
	t.Fatal(http.ListenAndServe(addr, mux))
}
