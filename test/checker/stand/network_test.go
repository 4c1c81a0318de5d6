package stand

import (
	"context"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// A node that is cut off is out of reach of exactly those that it is cut off
// from, until it is joined again.
func TestCuts(t *testing.T) {
	t.Parallel()
	s := opened(t, Apart)
	node := s.Nodes[1]
	for _, c := range []struct {
		name               string
		cut                func(context.Context, *Process) error
		toNodes, toAdapter bool
	}{
		{"Separate", s.Separate, false, true},
		{"Isolate", s.Isolate, false, false},
	} {
		reach(t, s, c.name+", before", true, true)
		if err := c.cut(t.Context(), node); err != nil {
			t.Fatal(err)
		}
		reach(t, s, c.name, c.toNodes, c.toAdapter)
		if err := s.Join(t.Context(), node); err != nil {
			t.Fatal(err)
		}
		reach(t, s, c.name+", healed", true, true)
	}
}

// reach sends packets from the first node and the first adapter to the second
// node, and the other way, and from node to node beside it.
func reach(t *testing.T, s *Stand, name string, nodes, adapter bool) {
	t.Helper()
	sites := s.network.sites
	for _, way := range []struct {
		from, to int
		want     bool
	}{{0, 1, nodes}, {1, 2, nodes}, {3, 1, adapter}, {1, 3, adapter}, {0, 2, true}, {3, 0, true}} {
		if got := connects(t, sites[way.from], sites[way.to].host); got != way.want {
			t.Errorf("%s: machine %d reaches %d: got %v, want %v", name, way.from, way.to, got, way.want)
		}
	}
}

// connects tells whether a connection can be made from a namespace, to a port
// where nobody listens: a refusal is an answer.
func connects(t *testing.T, from site, to string) bool {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 1500*time.Millisecond)
	defer cancel()
	c := exec.CommandContext(ctx, "ip", "netns", "exec", from.space, "bash", "-c", "exec </dev/tcp/"+to+"/9")
	text, err := c.CombinedOutput()
	return err == nil || strings.Contains(string(text), "refused")
}
