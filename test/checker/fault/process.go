package fault

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/jetcmq/jetcmq/test/checker/stand"
)

// process is what happens to processes.
var process = []Fault{{
	Name: "kill",
	Doc:  "kill -9 of the adapter with NATS inside, which is started again at once",
	Open: stand.Embedded,
	Strike: func(ctx context.Context, s *stand.Stand) error {
		return kill(ctx, 0, s.Adapters[0])
	},
	Calm: time.Second,
}, {
	Name: "pause",
	Doc:  "the adapter with NATS inside is held (SIGSTOP) for 1 to 20 s",
	Open: stand.Embedded,
	Strike: func(ctx context.Context, s *stand.Stand) error {
		return pause(ctx, between(time.Second, 20*time.Second), s.Adapters[0])
	},
	Calm: 2 * time.Second,
}, {
	Name: "kill-server",
	Doc:  "kill -9 of the only NATS server, away for up to 3 s; two adapters stay",
	Open: stand.External,
	Strike: func(ctx context.Context, s *stand.Stand) error {
		return kill(ctx, between(30*time.Millisecond, 3*time.Second), s.Nodes[0])
	},
	Calm: 2 * time.Second,
}, {
	Name: "kill-adapter",
	Doc:  "kill -9 of one of two adapters on one NATS server, away for up to 3 s",
	Open: stand.External,
	Strike: func(ctx context.Context, s *stand.Stand) error {
		return kill(ctx, between(30*time.Millisecond, 3*time.Second), oneOf(s.Adapters))
	},
	Calm: 2 * time.Second,
}, {
	Name: "kill-node",
	Doc:  "kill -9 of one of three NATS nodes, away for 1 to 5 s",
	Open: stand.Cluster,
	Strike: func(ctx context.Context, s *stand.Stand) error {
		return kill(ctx, between(time.Second, 5*time.Second), oneOf(s.Nodes))
	},
	Calm: 3 * time.Second,
}, {
	Name: "kill-majority",
	Doc:  "kill -9 of two of three NATS nodes at once, away for 1 to 5 s",
	Open: stand.Cluster,
	Strike: func(ctx context.Context, s *stand.Stand) error {
		i := rand.IntN(len(s.Nodes))
		return kill(ctx, between(time.Second, 5*time.Second), slices.Delete(slices.Clone(s.Nodes), i, i+1)...)
	},
	Calm: 5 * time.Second,
}, {
	Name: "pause-node",
	Doc:  "one of three NATS nodes is held (SIGSTOP) for 1 to 20 s",
	Open: stand.Cluster,
	Strike: func(ctx context.Context, s *stand.Stand) error {
		return pause(ctx, between(time.Second, 20*time.Second), oneOf(s.Nodes))
	},
	Calm: 3 * time.Second,
}, {
	Name: "rolling-restart",
	Doc:  "both adapters of a cluster are restarted in order (SIGTERM), one after the other",
	Open: stand.Cluster,
	Strike: func(ctx context.Context, s *stand.Stand) error {
		return restart(ctx, s.Adapters, s.WaitReady)
	},
	Calm: 2 * time.Second,
}, {
	Name: "rolling-nodes",
	Doc:  "all three NATS nodes are restarted in order (SIGTERM), one after the other",
	Open: stand.Cluster,
	Strike: func(ctx context.Context, s *stand.Stand) error {
		return restart(ctx, s.Nodes, s.WaitNodes)
	},
	Calm: 3 * time.Second,
}}

// kill ends the victims at the same moment and starts them again after a while.
func kill(ctx context.Context, while time.Duration, victims ...*stand.Process) error {
	for _, p := range victims {
		p.Kill()
	}
	wait(ctx, while)
	var errs []error
	for _, p := range victims {
		errs = append(errs, p.Start(context.WithoutCancel(ctx)))
	}
	return errors.Join(errs...)
}

func pause(ctx context.Context, while time.Duration, p *stand.Process) error {
	if err := p.Pause(); err != nil {
		return err
	}
	wait(ctx, while)
	return p.Resume()
}

// restart stops and starts all, the next one when the one before is well again.
func restart(ctx context.Context, all []*stand.Process, well func(context.Context) error) error {
	for _, p := range all {
		stopped := p.Stop(ctx)
		started := p.Start(context.WithoutCancel(ctx))
		if err := errors.Join(stopped, started); err != nil {
			return err
		}
		if err := well(ctx); err != nil {
			return err
		}
	}
	return nil
}
