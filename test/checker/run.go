package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jetcmq/jetcmq/test/checker/history"
	"github.com/jetcmq/jetcmq/test/checker/load"
	"github.com/jetcmq/jetcmq/test/checker/stand"
)

// rules are what the documents say. What is in flight over a restart may be visible
// again a second too soon, because JetStream writes down whole seconds.
func (j job) rules() *history.Rules {
	return &history.Rules{Forget: cmp.Or(j.Forget, time.Second), Round: time.Second, Loss: j.Loss}
}

// How long a service may take to start, and to be well again.
const startTime, healTime = time.Minute, 2 * time.Minute

// run is one job being done.
type run struct {
	job
	options  stand.Options
	rate     int
	embedded atomic.Bool // NATS is inside the adapters

	log     *history.Log
	stand   *stand.Stand
	clients atomic.Pointer[load.Clients]

	cycles atomic.Int64
	phase  atomic.Value // string
	began  time.Time
}

func newRun(j job, o stand.Options, rate int) *run {
	r := &run{job: j, options: o, rate: rate}
	r.options.Watch = r.watch
	// Copies of what was published are tried again soon, so that all have come
	// soon after the last strike.
	r.options.Environ = append(r.options.Environ, "JETCMQ_TIME_SCALE=0.1")
	return r
}

// do does all of it, from the empty directory to the verdict.
func (r *run) do(ctx context.Context, show *progress) (got result) {
	name := filepath.Join(r.options.Dir, "history.jsonl")
	got.history, got.Name = name, r.Name
	if got.err = os.MkdirAll(r.options.Dir, 0o700); got.err != nil {
		return got
	}
	file, err := os.Create(name)
	if err != nil {
		got.err = err
		return got
	}
	defer file.Close()
	r.log = history.NewLog(file)
	r.log.Add(history.Op{Kind: history.Begin, Why: r.Name, Rules: r.rules()})
	got.err = r.live(ctx, show)
	if err := errors.Join(got.err, r.log.Close()); err != nil {
		got.err = err
		return got
	}
	if got.Verdict, got.err = readAndJudge(name); got.Acknowledged == 0 && got.err == nil {
		got.err = errors.New("no message was acknowledged: this proves nothing")
	}
	return got
}

// live runs the service, and all that is done to it and with it.
func (r *run) live(ctx context.Context, show *progress) (err error) {
	r.began = time.Now()
	r.enter("start")
	defer show.add(r)()
	starting, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	o := r.options
	o.Dir = filepath.Join(o.Dir, "stand")
	if r.stand, err = r.Open(starting, o); err != nil {
		return fmt.Errorf("start: %w", err)
	}
	defer func() { err = errors.Join(err, r.stand.Close()) }()
	r.embedded.Store(len(r.stand.Nodes) == 0)
	if err := r.stand.WaitReady(starting); err != nil {
		return fmt.Errorf("start: %w", err)
	}
	c := load.New(load.Config{Endpoints: r.stand.Endpoints, Log: r.log, Rate: r.rate})
	defer c.Close()
	if err := c.Prepare(starting); err != nil {
		return err
	}
	r.clients.Store(c)
	if err := r.suffer(ctx, c); err != nil {
		return err
	}
	return r.rest(ctx, c)
}

// suffer has the clients work while the fault strikes, and some time longer.
func (r *run) suffer(ctx context.Context, c *load.Clients) error {
	working, stop := context.WithCancel(ctx)
	defer stop()
	r.enter(history.Load)
	var work sync.WaitGroup
	work.Go(func() { c.Work(working) })
	err := r.strike(ctx)
	if err == nil {
		healing, cancel := context.WithTimeout(ctx, healTime)
		defer cancel()
		err = r.stand.WaitReady(healing)
		r.pause(ctx, 2*time.Second)
	}
	r.enter(history.Stop)
	stop()
	work.Wait()
	return err
}

// strike strikes as often and as long as it should.
func (r *run) strike(ctx context.Context) error {
	began := time.Now()
	for ctx.Err() == nil && (int(r.cycles.Load()) < r.job.cycles || time.Since(began) < r.length) {
		r.pause(ctx, r.Calm/2+rand.N(r.Calm+1))
		from := r.log.Now()
		if err := r.Strike(ctx, r.stand); err != nil {
			return fmt.Errorf("strike %d: %w", r.cycles.Load()+1, err)
		}
		r.log.Add(history.Op{Kind: history.Strike, Why: r.Name, Invoked: from})
		r.cycles.Add(1)
	}
	return ctx.Err()
}

// rest is everything after the last strike: it ends with empty queues.
func (r *run) rest(ctx context.Context, c *load.Clients) error {
	r.enter("settle")
	c.Settle(ctx)
	r.enter(history.Quiet)
	c.Count(ctx)
	r.enter(history.Drain)
	c.Drain(ctx)
	r.enter(history.Silent)
	c.Listen(ctx)
	c.Count(ctx)
	if ctx.Err() == nil {
		r.enter(history.End)
	}
	return ctx.Err()
}

func (r *run) enter(phase string) {
	r.phase.Store(phase)
	r.log.Phase(phase)
}

// watch writes down what is done to a process, from its beginning to its end.
// Only those that have NATS inside hold messages.
func (r *run) watch(event string) (over func()) {
	from := r.log.Now()
	return func() {
		holds := r.embedded.Load() || !strings.Contains(event, "adapter")
		r.log.Add(history.Op{Kind: history.Event, Why: event, Invoked: from, Holds: holds})
	}
}

func (r *run) pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}
