package monitor

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"chorus/store"
)

// metrics is what /metrics tells.
type metrics struct {
	registry  *prometheus.Registry
	pages     *prometheus.CounterVec // by fault class; "" is had
	polls     *prometheus.CounterVec // the same for feeds
	documents *prometheus.CounterVec // by outlet
	tags      *prometheus.CounterVec // by narrative
	commits   prometheus.Histogram
	index     prometheus.Counter
	indexing  prometheus.Histogram
}

func newMetrics(m *Monitor) *metrics {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "chorus", Name: name, Help: help}, labels)
	}
	x := &metrics{
		registry:  prometheus.NewRegistry(),
		pages:     counter("pages_total", "Pages fetched, by fault class; an empty class is a page that was had.", "fault"),
		polls:     counter("polls_total", "Feeds polled, by fault class; an empty class is a feed that was read.", "fault"),
		documents: counter("documents_total", "New documents and new versions, by outlet.", "outlet"),
		tags:      counter("tags_total", "Tags given to new documents, by narrative.", "narrative"),
		commits:   prometheus.NewHistogram(prometheus.HistogramOpts{Namespace: "chorus", Name: "commit_seconds", Help: "Time to make a batch durable.", Buckets: prometheus.ExponentialBuckets(0.002, 2, 12)}),
		index:     prometheus.NewCounter(prometheus.CounterOpts{Namespace: "chorus", Name: "indexed_total", Help: "Document versions put into the index."}),
		indexing:  prometheus.NewHistogram(prometheus.HistogramOpts{Namespace: "chorus", Name: "index_seconds", Help: "Time to put a batch into the index.", Buckets: prometheus.ExponentialBuckets(0.002, 2, 14)}),
	}
	down := prometheus.NewGaugeFunc(prometheus.GaugeOpts{Namespace: "chorus", Name: "network_down", Help: "1 if no site answers any more."}, func() float64 {
		if m.network.downSince().IsZero() {
			return 0
		}
		return 1
	})
	x.registry.MustRegister(x.pages, x.polls, x.documents, x.tags, x.commits, x.index, x.indexing, down)
	return x
}

// Metrics is what the program counts, for a /metrics page.
func (m *Monitor) Metrics() *prometheus.Registry { return m.metrics.registry }

func (x *metrics) committed(b *store.Batch, took time.Duration) {
	x.commits.Observe(took.Seconds())
	for _, p := range b.Polls {
		class := ""
		if p.State.Fault != nil {
			class = string(p.State.Fault.Class)
		}
		x.polls.WithLabelValues(class).Inc()
	}
	for _, v := range b.Visits {
		class := ""
		if v.Fault != nil {
			class = string(v.Fault.Class)
		}
		x.pages.WithLabelValues(class).Inc()
		if !v.Added {
			continue
		}
		x.documents.WithLabelValues(v.Item.Outlet).Inc()
		for _, t := range v.Document.Tags {
			x.tags.WithLabelValues(t.Narrative).Inc()
		}
	}
}

func (x *metrics) indexed(n int, took time.Duration) {
	x.index.Add(float64(n))
	x.indexing.Observe(took.Seconds())
}
