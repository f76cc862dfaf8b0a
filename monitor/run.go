package monitor

// Running for years: the schedules.

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/robfig/cron/v3"
	"golang.org/x/sync/errgroup"

	"chorus/index/local"
)

// factRound is when feeds were last looked at.
const factRound = "last round"

// Run collects on schedule and keeps the index up to date until ctx ends,
// then finishes what is in hand; that takes less than ten seconds.
func (m *Monitor) Run(ctx context.Context) error {
	var g errgroup.Group
	following, stopFollowing := context.WithCancel(context.WithoutCancel(ctx))
	g.Go(func() error { return m.follow(following) })
	g.Go(func() error {
		defer stopFollowing()
		return m.collectOnSchedule(ctx)
	})
	err := g.Wait()
	m.lastCatchUp(ctx)
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// lastCatchUp brings the index up to date as far as there is time before the
// end; the next start goes on from there.
func (m *Monitor) lastCatchUp(ctx context.Context) {
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer cancel()
	if err := m.CatchUp(last); err != nil && last.Err() == nil {
		m.log.Error("index could not follow the journal", "err", err)
	}
}

// Serve keeps the index up to date until ctx ends, and collects nothing.
func (m *Monitor) Serve(ctx context.Context) error { return m.follow(ctx) }

func (m *Monitor) collectOnSchedule(ctx context.Context) error {
	r := m.newRound()
	r.forever = true
	return r.run(ctx, func(ctx context.Context) error {
		var polls, pages errgroup.Group
		polls.SetLimit(m.cfg.Collect.Workers)
		pages.SetLimit(m.cfg.Collect.Workers)
		c := m.schedule(ctx, func() error { return r.pollDue(ctx, &polls) })
		c.Start()
		err := r.fetchPages(ctx, &pages)
		<-c.Stop().Done()
		return errors.Join(err, polls.Wait(), pages.Wait())
	})
}

// schedule sets the clock for everything that happens by itself. A job that
// panics is logged; one that still runs when it is due again is left to run.
func (m *Monitor) schedule(ctx context.Context, poll func() error) *cron.Cron {
	logger := cronLog{m.log}
	c := cron.New(cron.WithLocation(time.UTC), cron.WithLogger(logger), cron.WithChain(cron.Recover(logger), cron.SkipIfStillRunning(logger)))
	job := func(name string, plan cron.Schedule, do func() error) {
		if plan == nil {
			return
		}
		c.Schedule(plan, cron.FuncJob(func() {
			if err := do(); err != nil && ctx.Err() == nil {
				m.log.Error("scheduled job failed", "job", name, "err", err)
			}
		}))
	}
	round := func() error {
		if err := m.store.SetFact(ctx, factRound, m.now().UTC().Format(time.RFC3339)); err != nil {
			return err
		}
		return poll()
	}
	job("poll", now{m.cfg.Schedule.Poll.Plan, new(bool)}, round)
	job("housekeeping", m.cfg.Schedule.Housekeeping.Plan, func() error { return m.housekeep(ctx) })
	job("verify", m.cfg.Schedule.Verify.Plan, func() error {
		report, err := m.Verify(ctx)
		if err == nil && !report.Sound() {
			return fmt.Errorf("the evidence is damaged: %d faults; run chorus verify", report.Faults())
		}
		return err
	})
	return c
}

// now is a schedule that begins at once.
type now struct {
	cron.Schedule
	begun *bool
}

// Next is the plan's, but for the first time.
func (n now) Next(t time.Time) time.Time {
	if !*n.begun {
		*n.begun = true
		return t.Add(time.Millisecond)
	}
	return n.Schedule.Next(t)
}

func (m *Monitor) housekeep(ctx context.Context) error {
	n, err := m.store.ForgetLosses(ctx, m.now().Add(-m.cfg.Schedule.KeepFaults))
	if err != nil {
		return err
	}
	if n > 0 {
		m.log.Info("old faults forgotten", "n", n)
	}
	if err := m.retire(ctx); err != nil {
		return fmt.Errorf("retention: %w", err)
	}
	// What was published two months ago seldom changes any more.
	return m.withIndex(func(x *local.Index) error { return x.Seal(ctx, m.now().AddDate(0, -2, 0)) })
}

// cronLog hands cron's messages to ours.
type cronLog struct {
	log interface {
		Debug(string, ...any)
		Error(string, ...any)
	}
}

// Info is for messages of no interest to an operator.
func (l cronLog) Info(msg string, kv ...any) { l.log.Debug("cron: "+msg, kv...) }

// Error is for a job that panicked.
func (l cronLog) Error(err error, msg string, kv ...any) {
	l.log.Error("cron: "+msg, append(kv, "err", err)...)
}
