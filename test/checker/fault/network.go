package fault

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/jetcmq/jetcmq/test/checker/stand"
)

// network is what happens between processes.
var network = []Fault{{
	Name: "partition-node",
	Doc:  "one of three NATS nodes is cut off from the other nodes or from everybody, for 1 to 20 s",
	Open: stand.Apart,
	Strike: func(ctx context.Context, s *stand.Stand) error {
		return cut(ctx, s, oneOf(s.Nodes))
	},
	Calm: 5 * time.Second,
}, {
	Name: "partition-leader",
	Doc:  "the NATS node that leads the cluster or a stream is cut off from the other nodes or from everybody, for 1 to 20 s",
	Open: stand.Apart,
	Strike: func(ctx context.Context, s *stand.Stand) error {
		leader, err := s.Leader(ctx)
		if err != nil {
			return err
		}
		return cut(ctx, s, leader)
	},
	Calm: 5 * time.Second,
}}

// cut separates a node from the others or, as likely, from everybody.
func cut(ctx context.Context, s *stand.Stand, node *stand.Process) error {
	off := s.Separate
	if rand.IntN(2) == 0 {
		off = s.Isolate
	}
	err := off(ctx, node)
	if err == nil {
		wait(ctx, between(time.Second, 20*time.Second))
	}
	return errors.Join(err, s.Join(context.WithoutCancel(ctx), node))
}
