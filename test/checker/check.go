package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"

	"github.com/jetcmq/jetcmq/test/checker/judge"
	"github.com/jetcmq/jetcmq/test/checker/stand"
)

// result is what became of one job.
type result struct {
	judge.Verdict
	err     error // why there is no verdict; errors.ErrUnsupported: it cannot be made here
	history string
}

// wrong tells whether something is.
func (r result) wrong() bool { return r.err != nil && !r.skipped() || len(r.Violations) > 0 }

func (r result) skipped() bool { return errors.Is(r.err, errors.ErrUnsupported) }

// complain says what is wrong, the first of it.
func (r result) complain(log io.Writer) error {
	switch {
	case r.skipped():
		fmt.Fprintf(log, "%s: skipped: %v\n", r.Name, r.err)
	case r.err != nil:
		fmt.Fprintf(log, "%s: %v\n", r.Name, r.err)
	}
	const most = 20
	for i, v := range r.Violations {
		if i == most {
			fmt.Fprintf(log, "%s: and %d more\n", r.Name, len(r.Violations)-most)
			break
		}
		fmt.Fprintf(log, "%s: %s\n", r.Name, v)
	}
	if !r.wrong() {
		return nil
	}
	fmt.Fprintf(log, "%s: the history is in %s\n", r.Name, r.history)
	return errWrong
}

// check does all jobs and shows what became of them.
func (o options) check(ctx context.Context, jobs []job, out, log io.Writer) (err error) {
	dir, err := os.MkdirTemp("", "jetcmq-checker-*")
	if err != nil {
		return err
	}
	defer func() {
		if err == nil && !o.keep {
			os.RemoveAll(dir)
		} else {
			fmt.Fprintln(log, "data, logs and histories are in", dir)
		}
	}()
	binary, err := stand.Build(ctx, dir)
	if err != nil {
		return err
	}
	results := o.doAll(ctx, jobs, stand.Options{Binary: binary, Dir: dir}, log)
	text := table(results) + "\n" + caption(binary)
	fmt.Fprint(out, text)
	for _, r := range results {
		err = errors.Join(err, r.complain(log))
	}
	if o.out != "" {
		err = errors.Join(err, os.WriteFile(o.out, []byte(text), 0o644))
	}
	return errors.Join(err, ctx.Err())
}

// doAll does the jobs, some of them side by side.
func (o options) doAll(ctx context.Context, jobs []job, at stand.Options, log io.Writer) []result {
	results, running := make([]result, len(jobs)), make(chan struct{}, o.width())
	show := newProgress(log)
	defer show.end()
	var all sync.WaitGroup
	for i, j := range jobs {
		all.Go(func() {
			running <- struct{}{}
			defer func() { <-running }()
			own := at
			own.Dir = filepath.Join(at.Dir, j.Name)
			results[i] = newRun(j, own, o.rate).do(ctx, show)
		})
	}
	all.Wait()
	return results
}
