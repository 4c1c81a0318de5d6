package stand

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// nowhere is a hardware address that no machine has.
const nowhere = "02:00:00:00:00:00"

// Isolate pulls the cable of a node: neither nodes nor adapters reach it. Join
// puts it back.
func (s *Stand) Isolate(ctx context.Context, node *Process) error {
	i, err := s.machine(node)
	if err != nil {
		return err
	}
	defer node.watched("partition")()
	return ip(ctx, fmt.Sprintf("-n %s link set %s down", s.network.hub, port(i)))
}

// Separate cuts a node from the other nodes; adapters still reach it. What is
// sent is lost without a word, both ways, because each side looks for the other
// where nobody is. Join heals it.
func (s *Stand) Separate(ctx context.Context, node *Process) error {
	defer node.watched("partition")()
	return s.between(ctx, node, "-n %s neigh replace %s lladdr "+nowhere+" dev eth0 nud permanent")
}

// Join heals what Isolate or Separate did, and waits until the nodes hear each
// other again: connections that have lost packets for long do not try often.
func (s *Stand) Join(ctx context.Context, node *Process) error {
	i, err := s.machine(node)
	if err != nil {
		return err
	}
	defer node.watched("heal")()
	if err := ip(ctx, fmt.Sprintf("-n %s link set %s up", s.network.hub, port(i))); err != nil {
		return err
	}
	if err := s.between(ctx, node, "-n %s neigh flush to %s dev eth0 nud all"); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	return s.WaitNodes(ctx)
}

// between runs a command at the node and at every other for the address of the
// other side.
func (s *Stand) between(ctx context.Context, node *Process, command string) error {
	i, err := s.machine(node)
	if err != nil {
		return err
	}
	here := s.network.sites[i]
	for k, there := range s.network.sites[:len(s.Nodes)] {
		if k == i {
			continue
		}
		err := ip(ctx, fmt.Sprintf(command, here.space, there.host), fmt.Sprintf(command, there.space, here.host))
		if err != nil {
			return err
		}
	}
	return nil
}

// machine is the number of a node's machine.
func (s *Stand) machine(node *Process) (int, error) {
	i := slices.Index(s.Nodes, node)
	if i < 0 || s.network == nil {
		return 0, fmt.Errorf("%s has no machine of its own", node.Name)
	}
	return i, nil
}
