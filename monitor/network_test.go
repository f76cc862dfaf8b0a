package monitor

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"chorus/corpus"
)

func TestNetworkIsDownWhenManySitesInARowDoNotAnswer(t *testing.T) {
	noon := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	silent := func(site int, class corpus.FaultClass) *corpus.Capture {
		return &corpus.Capture{URL: fmt.Sprintf("https://www.site%d.example/", site), Fault: &corpus.Fault{Class: class}}
	}
	answer := &corpus.Capture{URL: "https://site9.example/", Exchanges: []corpus.Exchange{{Role: corpus.RolePage, Status: 500}}, Fault: &corpus.Fault{Class: corpus.FaultServer}}
	var n network
	for range 2 * downAfter {
		n.saw(silent(0, corpus.FaultTimeout), noon) // one site, however often
	}
	for i := range downAfter {
		n.saw(silent(i, corpus.FaultRobots), noon) // that is not the network
	}
	if !n.downSince().IsZero() {
		t.Error("the network is down for one silent site")
	}
	for i := range downAfter {
		n.saw(silent(i, corpus.FaultDNS), noon.Add(time.Duration(i)*time.Minute))
	}
	if got := n.downSince(); !got.Equal(noon) {
		t.Errorf("down since %v, want when the first site fell silent", got)
	}
	n.saw(answer, noon.Add(time.Hour))
	if !n.downSince().IsZero() {
		t.Error("the network is down though a site answered")
	}
}

func TestCoverageCountsDocumentsOfUnwatchedOutlets(t *testing.T) {
	s := watchRiver(t)
	s.with(func(m *Monitor) {
		importLines(t, m, strings.NewReader(someLines(3)))
		cov, err := m.Coverage(t.Context(), false)
		if err != nil || cov.Documents != 3 {
			t.Errorf("coverage counts %d documents, %v; want the 3 imported ones", cov.Documents, err)
		}
	})
}
