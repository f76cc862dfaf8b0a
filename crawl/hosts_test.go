package crawl

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestSiteIsTheRegistrableDomain(t *testing.T) {
	for raw, want := range map[string]string{
		"https://www.outlet.ru/a":         "outlet.ru",
		"https://News.Outlet.RU.:8443":    "outlet.ru",
		"https://a.b.outlet.com.cn":       "outlet.com.cn",
		"https://channel.blogspot.com":    "channel.blogspot.com",
		"https://com.cn":                  "com.cn",
		"http://127.0.0.1:8080/":          "127.0.0.1:8080",
		"http://127.0.0.1/":               "127.0.0.1:80",
		"https://[2606:4700::1]/":         "[2606:4700::1]:443",
		"http://localhost:81/":            "localhost:81",
		"https://xn--80ak6aa92e.xn--p1ai": "xn--80ak6aa92e.xn--p1ai",
	} {
		if got := site(mustURL(t, raw)); got != want {
			t.Errorf("site(%s) = %q, want %q", raw, got, want)
		}
	}
}

func TestHostsGiveOneRequestAtATimeInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHosts()
		start := time.Now()
		var mu sync.Mutex
		var got []string
		var inFlight, most int
		var all sync.WaitGroup
		for i := range 4 {
			all.Go(func() {
				time.Sleep(time.Duration(i) * time.Millisecond) // the order of arrival
				release, err := h.take(t.Context(), "outlet.example", 2*time.Second)
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				inFlight++
				most = max(most, inFlight)
				got = append(got, fmt.Sprintf("%d at %v", i, time.Since(start)))
				mu.Unlock()
				time.Sleep(time.Second) // the request
				mu.Lock()
				inFlight--
				mu.Unlock()
				release()
			})
		}
		all.Go(func() { // another site does not wait
			release, err := h.take(t.Context(), "other.example", 2*time.Second)
			if err != nil || time.Since(start) > 0 {
				t.Errorf("the other site waited %v, %v", time.Since(start), err)
				return
			}
			release()
		})
		all.Wait()
		want := []string{"0 at 0s", "1 at 3s", "2 at 6s", "3 at 9s"}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		if most != 1 {
			t.Errorf("%d requests at once", most)
		}
	})
}

func TestHostsLetWaitersGo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHosts()
		release, err := h.take(t.Context(), "outlet.example", time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		var all sync.WaitGroup
		all.Go(func() { // gives up in the queue
			if _, err := h.take(ctx, "outlet.example", 0); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("take = %v", err)
			}
		})
		all.Wait()
		release()
		all.Go(func() { // gives up in the delay
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			if _, err := h.take(ctx, "outlet.example", time.Minute); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("take = %v", err)
			}
		})
		all.Wait()
		start := time.Now()
		release, err = h.take(t.Context(), "outlet.example", time.Minute)
		if err != nil || time.Since(start) != 59*time.Second {
			t.Errorf("the next waited %v, %v, want 59s", time.Since(start), err)
		}
		release()
	})
}

func TestHostsForgetIdleSites(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHosts()
		for i := range 10_000 {
			release, err := h.take(t.Context(), fmt.Sprintf("outlet%d.example", i), time.Second)
			if err != nil {
				t.Fatal(err)
			}
			time.Sleep(10 * time.Millisecond)
			release()
		}
		if n := len(h.turns); n > 1100 {
			t.Errorf("%d turns kept", n)
		}
	})
}
