package feeds

import (
	"testing"

	"chorus/corpus"
)

func TestReadExplainsAnErrorInTheWordsOfTheNetwork(t *testing.T) {
	for _, c := range []struct {
		kind   corpus.FeedKind
		status int
		class  corpus.FaultClass // by the status alone
		body   string
		want   corpus.FaultClass
	}{
		{corpus.FeedBluesky, 400, corpus.FaultStatus, `{"error":"InvalidRequest","message":"Profile not found"}`, corpus.FaultGone},
		{corpus.FeedBluesky, 400, corpus.FaultStatus, `{"error":"AccountTakedown","message":"Account has been suspended"}`, corpus.FaultDenied},
		{corpus.FeedBluesky, 502, corpus.FaultServer, `<html>Bad gateway</html>`, corpus.FaultServer},
		{corpus.FeedX, 429, corpus.FaultThrottled, `{"title":"UsageCapExceeded"}`, corpus.FaultThrottled},
		{corpus.FeedMastodon, 401, corpus.FaultDenied, `{"error":"This method requires an authenticated user"}`, corpus.FaultDenied},
		{corpus.FeedTelegram, 404, corpus.FaultGone, `x`, corpus.FaultGone},
	} {
		capture := answer("https://a.example/", "", []byte(c.body))
		capture.Exchanges[0].Status = c.status
		capture.Fault = &corpus.Fault{Class: c.class, Reason: "by its status", Status: c.status, At: noon}
		r, fault := Read(corpus.Feed{URL: "https://a.example/", Kind: c.kind}, capture, noon)
		if fault == nil || fault.Class != c.want || fault.Status != c.status || len(r.Posts) > 0 {
			t.Errorf("%s %d %s: fault %v, want class %s", c.kind, c.status, c.body, fault, c.want)
		}
	}
}
