package store

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"chorus/corpus"
)

const (
	benchHosts = 400
	benchPages = 200_000
)

// large fills a store with 200,000 pages on 400 hosts: one in ten is due, one
// in four has a document.
func large(b *testing.B) *Store {
	b.Helper()
	s, err := Open(b.Context(), b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { s.Close() })
	text := strings.Repeat("The harbour office says that the boats left at dawn. ", 40)
	for from := 0; from < benchPages; from += 2000 {
		var batch Batch
		p := Poll{State: corpus.FeedState{Outlet: "riverpost", URL: "https://river.example/rss"}, At: noon.Add(time.Hour)}
		for i := from; i < from+2000; i++ {
			d := benchPage(i)
			switch {
			case i/benchHosts%10 == 0:
				p.Items = append(p.Items, d)
			case i/benchHosts%4 == 0:
				v := visit(d.Item.URL, fmt.Sprint(i, text), noon.Add(time.Duration(i)*time.Second))
				v.Host, v.Due, v.Document.Item.Outlet = d.Host, noon.Add(48*time.Hour), fmt.Sprintf("outlet%d", i%benchHosts)
				batch.Visits = append(batch.Visits, v)
			default:
				batch.Visits = append(batch.Visits, &Visit{Page: d.Page, Host: d.Host, Item: d.Item, Fetched: noon, State: Done})
			}
		}
		batch.Polls = append(batch.Polls, p)
		if err := s.Commit(b.Context(), &batch); err != nil {
			b.Fatal(err)
		}
	}
	return s
}

func benchPage(i int) Discovery {
	host := fmt.Sprintf("site%d.example", i%benchHosts)
	return discovery(fmt.Sprintf("https://%s/%d", host, i), host)
}

func BenchmarkLarge(b *testing.B) {
	s := large(b)
	ctx := b.Context()
	later := noon.Add(2 * time.Hour)
	run := func(name string, do func(i int) error) {
		b.Run(name, func(b *testing.B) {
			for i := 0; b.Loop(); i++ {
				if err := do(i); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	run("Claim/512", func(int) error {
		leases, err := s.Claim(ctx, later, later.Add(time.Minute), 8, 512, free)
		if err == nil && len(leases) != 512 {
			err = fmt.Errorf("claimed %d", len(leases))
		}
		later = later.Add(2 * time.Minute) // all leases have ended
		return err
	})
	run("Claim/8", func(int) error {
		_, err := s.Claim(ctx, later, later.Add(time.Minute), 8, 8, free)
		later = later.Add(2 * time.Minute)
		return err
	})
	run("Claim/busy", func(int) error {
		_, err := s.Claim(ctx, later, later, 8, 512, func(string) bool { return true })
		return err
	})
	ids := make([]corpus.DocID, 500)
	run("Known/500", func(i int) error {
		for j := range ids {
			ids[j] = benchPage(i*500 + j*7).Page
		}
		_, err := s.Known(ctx, ids)
		return err
	})
	run("Commit/64", func(i int) error {
		var batch Batch
		for j := range 64 {
			v := visit(fmt.Sprintf("https://new.example/%d/%d", i, j), strings.Repeat("The boats left at dawn. ", 100), noon)
			batch.Visits = append(batch.Visits, v)
			batch.Captured = append(batch.Captured, corpus.Evidence{URL: v.Item.URL, Digest: "sha256:"})
		}
		return s.Commit(ctx, &batch)
	})
	run("Changes/500", func(i int) error {
		_, err := s.Changes(ctx, corpus.Seq(i*500%20_000), 500)
		return err
	})
	run("FrontierCounts", func(int) error { _, err := s.FrontierCounts(ctx); return err })
	run("Volumes", func(int) error { _, err := s.Volumes(ctx); return err })
	run("JournalEnd", func(int) error { _, err := s.JournalEnd(ctx); return err })
	run("Losses", func(int) error { _, err := s.Losses(ctx, noon, 50); return err })
	run("Release", func(int) error { return s.Release(ctx) })
}
