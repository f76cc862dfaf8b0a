package archive

import (
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"chorus/corpus"
)

func TestResourceComesBackAsItWasGiven(t *testing.T) {
	dir := t.TempDir()
	a, err := Open(dir, nil, Options{})
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	line := []byte(`{"url":"https://river.example/1","text":"ждать осталось недолго"}`)
	want := &corpus.Capture{URL: "https://river.example/1", Fetched: at, Body: line, Exchanges: []corpus.Exchange{{
		Role: corpus.RoleResource, URL: "https://river.example/1", Status: http.StatusOK, Started: at, Body: line,
		Response: http.Header{"Content-Type": {"application/x-line+json"}},
	}}}
	ev, err := a.Append(want, []byte(`{"a":1}`), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.Sync(); err != nil {
		t.Fatal(err)
	}
	got, meta, err := a.Load(ev)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" || string(meta) != `{"a":1}` {
		t.Errorf("meta %s, capture (-want +got):\n%s", meta, diff)
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	r, err := Verify(t.Context(), dir, 1, nil)
	if err != nil || len(r.Damaged) != 0 || r.Captures != 1 {
		t.Errorf("Verify = %+v, %v; want one sound capture", r, err)
	}
}
