package monitor

import (
	"context"
	"fmt"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"chorus/corpus"
)

func unreachable(host string) *corpus.Capture {
	return &corpus.Capture{URL: "http://" + host + "/", Fault: &corpus.Fault{Class: corpus.FaultDNS}}
}

func answered(host string) *corpus.Capture {
	return &corpus.Capture{URL: "http://" + host + "/", Exchanges: []corpus.Exchange{{Role: corpus.RolePage, URL: "http://" + host + "/", Status: 503}}}
}

func TestNetworkIsDownWhenNobodyAnswers(t *testing.T) {
	var n network
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for range downAfter {
		n.saw(unreachable("one.example"), at)
	}
	if !n.downSince().IsZero() {
		t.Error("one site alone is no outage")
	}
	for i := range downAfter {
		n.saw(unreachable(fmt.Sprintf("s%d.example", i)), at.Add(time.Second))
	}
	if got := n.downSince(); !got.Equal(at) {
		t.Errorf("down since %v, want %v", got, at)
	}
	if n.outage(at.Add(outageAfter - 1)) {
		t.Error("an outage before its time")
	}
	if !n.outage(at.Add(outageAfter)) {
		t.Error("no outage after a minute without answers")
	}
	n.saw(answered("one.example"), at.Add(time.Hour))
	if !n.downSince().IsZero() {
		t.Error("still down after an answer, bad as it was")
	}
}

func TestOutageIsNotHeldAgainstTheOutlets(t *testing.T) {
	s := watchRiver(t)
	s.cfg.Collect.Proxy = "http://127.0.0.1:1" // nobody is there
	s.with(func(m *Monitor) {
		for i := range downAfter {
			m.network.saw(unreachable(fmt.Sprintf("s%d.example", i)), time.Now().Add(-2*outageAfter))
		}
		r := m.newRound()
		r.forever = true
		if err := r.run(t.Context(), func(ctx context.Context) error {
			var g errgroup.Group
			g.SetLimit(4)
			for range 3 {
				if err := r.pollDue(ctx, &g); err != nil {
					return err
				}
				if err := g.Wait(); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		states, err := m.store.FeedStates(t.Context())
		if err != nil || len(states) != 0 {
			t.Errorf("feeds have a record of the outage: %+v, %v", states, err)
		}
		if r.probes != 3 {
			t.Errorf("%d probes, want one at each tick", r.probes)
		}
	})
}
