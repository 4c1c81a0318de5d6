package stand

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
)

// Leader is the node that leads the cluster or, as likely, one of its streams.
func (s *Stand) Leader(ctx context.Context) (*Process, error) {
	var errs []error
	for _, i := range rand.Perm(len(s.Nodes)) {
		names, err := leaders(ctx, s.monitors[i])
		if err != nil {
			errs = append(errs, err)
			continue
		}
		name := names[rand.IntN(len(names))]
		if k := slices.IndexFunc(s.Nodes, func(p *Process) bool { return p.Name == name }); k >= 0 {
			return s.Nodes[k], nil
		}
	}
	return nil, fmt.Errorf("no node knows a leader: %w", errors.Join(errs...))
}

// leaders asks a node who leads the cluster, and who each stream.
func leaders(ctx context.Context, monitor string) ([]string, error) {
	type group struct{ Leader string }
	var state struct {
		Meta     group `json:"meta_cluster"`
		Accounts []struct {
			Streams []struct{ Cluster group } `json:"stream_detail"`
		} `json:"account_details"`
	}
	text, err := get(ctx, monitor+"/jsz?accounts=1&streams=1")
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal([]byte(text), &state); err != nil {
		return nil, err
	}
	names := []string{state.Meta.Leader}
	for _, a := range state.Accounts {
		for _, stream := range a.Streams {
			names = append(names, stream.Cluster.Leader)
		}
	}
	return names, nil
}
