package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jetcmq/jetcmq/test/checker/fault"
)

// job is one fault, and how much of it: both must be reached.
type job struct {
	fault.Fault
	cycles int
	length time.Duration
}

// brief is a job of the short form, thorough one of the long form.
const (
	briefCycles, briefLength       = 1, 6 * time.Second
	thoroughCycles, thoroughLength = 5, 90 * time.Second
)

// demands is what the long form wants above what is thorough.
var demands = map[string]job{
	"kill":      {cycles: 110},
	"kill-node": {length: 20 * time.Minute},
}

// plan is what the command line asks for.
func (o options) plan() ([]job, error) {
	chosen, err := choose(o.faults)
	if err != nil {
		return nil, err
	}
	var jobs []job
	for _, f := range chosen {
		j := job{f, briefCycles, briefLength}
		if o.long {
			d := demands[f.Name]
			j = job{f, max(d.cycles, thoroughCycles), max(d.length, thoroughLength)}
		}
		if o.cycles > 0 || o.length > 0 {
			j.cycles, j.length = max(o.cycles, 1), o.length
		}
		jobs = append(jobs, j)
	}
	return jobs, nil
}

// choose finds faults by their names, separated by commas.
func choose(names string) ([]fault.Fault, error) {
	if names == "" {
		return fault.All, nil
	}
	var chosen []fault.Fault
	for name := range strings.SplitSeq(names, ",") {
		i := slices.IndexFunc(fault.All, func(f fault.Fault) bool { return f.Name == strings.TrimSpace(name) })
		if i < 0 {
			return nil, fmt.Errorf("there is no fault %q: see -list", name)
		}
		chosen = append(chosen, fault.All[i])
	}
	return chosen, nil
}

// width is how many jobs to do side by side.
func (o options) width() int {
	switch {
	case o.parallel > 0:
		return o.parallel
	case o.long:
		return 1
	}
	return 4
}
