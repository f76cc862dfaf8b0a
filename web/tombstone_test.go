package web

import (
	"strings"
	"testing"
	"time"

	"chorus/corpus"
)

func TestRemovedDocumentAnswersGone(t *testing.T) {
	w := newWorld(time.Now(), 3)
	at := time.Date(2026, 11, 24, 9, 30, 0, 0, time.UTC)
	id := corpus.DocID(strings.Repeat("ab", 32))
	old := corpus.DocID(strings.Repeat("cd", 32))
	w.graves = map[corpus.DocID]corpus.Tombstone{
		id:  {ID: id, At: at, Cause: corpus.CauseTakedown, Reason: "asked by <b>a court</b>", Outlet: w.docs[0].Item.Outlet, Kind: corpus.KindArticle, Versions: 2},
		old: {ID: old, At: at, Cause: corpus.CauseRetention, Reason: "retention.post: 720h", Outlet: "forgotten", Kind: corpus.KindPost, Versions: 1},
	}
	h := Handler(w.sources(), Options{})
	for path, want := range map[string][]string{
		"/doc/" + string(id):           {"This document was removed", "This was an article of ", "24 November 2026 at 09:30 UTC", "all its 2 versions", "by a takedown", "asked by &lt;b&gt;a court&lt;/b&gt;"},
		"/doc/" + string(id) + "/warc": {"This document was removed"},
		"/doc/" + string(old):          {"This was a post of forgotten", "its one version", "time for which such documents are kept was over"},
	} {
		r := get(t, h, path)
		wantStatus(t, r, 410)
		for _, words := range want {
			if !strings.Contains(r.Body.String(), words) {
				t.Errorf("%s does not say %q:\n%s", path, words, r.Body)
			}
		}
	}
}
