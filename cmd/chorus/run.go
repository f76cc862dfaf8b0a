package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"chorus/monitor"
	"chorus/web"
)

type runOptions struct {
	once, offline bool
	listen        string
}

func (a *app) runCommand() *cobra.Command {
	var o runOptions
	c := &cobra.Command{
		Use:   "run",
		Short: "Collect on schedule, tag, index, and serve the pages",
		Long: `Collect from the outlets on schedule, keep the evidence, tag, index, and
serve the pages until the program is told to end (SIGTERM, Ctrl-C): then it
finishes what is in hand, within ten seconds.

--once makes one round over all feeds and pages that are due, brings the index
up to date and ends, without serving pages. --offline serves what is there and
collects nothing.

Exit status: 0 done; 1 failed; 2 used wrongly; 3 the round is done, but some
feeds could not be read; 130 the round was interrupted.`,
		RunE: func(c *cobra.Command, _ []string) error {
			if o.once && o.offline {
				return usageError{errors.New("--once collects and --offline does not: choose one")}
			}
			return a.runRun(c.Context(), o)
		},
	}
	c.Flags().BoolVar(&o.once, "once", false, "one round over everything that is due, then end")
	c.Flags().BoolVar(&o.offline, "offline", false, "serve only, collect nothing")
	c.Flags().StringVar(&o.listen, "listen", "", "`address` of the pages, in place of the configured one")
	return c
}

func (a *app) runRun(ctx context.Context, o runOptions) (err error) {
	verb := "run"
	if o.once {
		verb = "run --once"
	}
	m, err := a.open(ctx, verb)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, m.Close()) }()
	if o.once {
		return a.runOnce(ctx, m)
	}
	c, err := a.config()
	if err != nil {
		return err
	}
	if o.listen == "" {
		o.listen = c.Server.Listen
	}
	l, err := net.Listen("tcp", o.listen)
	if err != nil {
		return fmt.Errorf("serve pages: %w (--listen names another address)", err)
	}
	if err := m.Listening(l.Addr().String()); err != nil {
		l.Close()
		return err
	}
	fmt.Fprintf(a.err, "chorus: pages at http://%s\n", l.Addr())
	g, gctx := errgroup.WithContext(ctx)
	g.Go(func() error { return serve(gctx, l, a.handler(m, o.offline)) })
	g.Go(func() error {
		if o.offline {
			return m.Serve(gctx)
		}
		return m.Run(gctx)
	})
	return g.Wait()
}

func (a *app) runOnce(ctx context.Context, m *monitor.Monitor) error {
	s, err := m.Once(ctx)
	a.endProgress()
	if a.json {
		if err := a.printJSON(s); err != nil {
			return err
		}
	} else {
		fmt.Fprintf(a.out, "feeds      %6d polled, %d could not be read, %d new items\n", s.Feeds, s.FeedsLost, s.Items)
		fmt.Fprintf(a.out, "pages      %6d fetched, %d could not be had\n", s.Pages, s.PagesLost)
		fmt.Fprintf(a.out, "documents  %6d new or changed, %d with a narrative\n", s.Documents, s.Tagged)
		fmt.Fprintf(a.out, "time       %6s\n", s.Took.Round(100*time.Millisecond))
	}
	if err != nil {
		return err
	}
	if s.FeedsLost > 0 {
		return partly{s.FeedsLost, s.Feeds, "feeds could not be read (chorus outlets shows why)"}
	}
	return nil
}

// handler is all that is served at one address.
func (a *app) handler(m *monitor.Monitor, offline bool) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", web.Handler(sources(m, offline), web.Options{Log: m.Log(), Version: version}))
	mux.Handle("GET /metrics", promhttp.HandlerFor(m.Metrics(), promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, r *http.Request) { healthz(w, r, m) })
	return mux
}

// healthz answers 200 if the store can be read and the index searched.
func healthz(w http.ResponseWriter, r *http.Request, m *monitor.Monitor) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	if err := m.Healthy(r.Context()); err != nil {
		w.WriteHeader(http.StatusServiceUnavailable)
		fmt.Fprintln(w, err)
		return
	}
	fmt.Fprintln(w, "ok")
}

// serve answers requests until ctx ends, and gives those in hand three seconds.
func serve(ctx context.Context, l net.Listener, h http.Handler) error {
	s := &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       30 * time.Second,
		WriteTimeout:      2 * time.Minute,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
	}
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(l) }()
	select {
	case err := <-ended:
		return fmt.Errorf("serve pages: %w", err)
	case <-ctx.Done():
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 3*time.Second)
	defer cancel()
	if err := s.Shutdown(last); err != nil {
		return s.Close()
	}
	return nil
}
