package stand

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Options say what to run.
type Options struct {
	Binary  string   // cmd/jetcmq, as Build makes it
	Dir     string   // for all data and logs; made if absent, left behind by Close
	Environ []string // more settings for the adapters; they outdo the stand's own

	// Watch, if not nil, is called when something begins to be done to a process,
	// such as "kill node-1", and what it returns when that is done.
	Watch func(event string) (over func())
}

// Stand is a running service. Addresses and data stay the same whatever happens
// to its processes.
type Stand struct {
	Endpoints []string   // http base URLs of the adapters
	NATS      []string   // nats URLs of the servers, for native clients
	Adapters  []*Process // in the order of Endpoints
	Nodes     []*Process // NATS servers; none if NATS is inside the adapter
	Dir       string     // where all data is

	options  Options
	atClose  []func() error
	monitors []string // http base URLs of the nodes' own state, in their order
	taken    []string // addresses on loopback
	network  *network // nil if all run on this machine's loopback
}

// Build makes the program in dir, as its users do.
func Build(ctx context.Context, dir string) (binary string, err error) {
	binary = filepath.Join(dir, "jetcmq")
	c := exec.CommandContext(ctx, "go", "build", "-o", binary, "github.com/jetcmq/jetcmq/cmd/jetcmq")
	if text, err := c.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build the program: %w\n%s", err, text)
	}
	return binary, nil
}

// Embedded is one adapter with NATS inside.
func Embedded(ctx context.Context, o Options) (*Stand, error) {
	return open(o, func(s *Stand) error {
		addr, err := s.addr(loopback, natsPort)
		if err != nil {
			return err
		}
		s.NATS = []string{"nats://" + addr}
		return s.startAdapters(ctx, []site{loopback}, "JETCMQ_NATS_ADDR="+addr, "JETCMQ_DATA_DIR="+filepath.Join(o.Dir, "data"))
	})
}

// External is one NATS server and two adapters.
func External(ctx context.Context, o Options) (*Stand, error) {
	return open(o, func(s *Stand) error {
		if err := s.startNodes(ctx, []site{loopback}); err != nil {
			return err
		}
		return s.startAdapters(ctx, []site{loopback, loopback}, "JETCMQ_NATS_URL="+s.NATS[0])
	})
}

// Cluster is three NATS servers that replicate everything, and two adapters that
// know all three. Each process has a machine of its own, as in Apart, if this
// process may make them.
func Cluster(ctx context.Context, o Options) (*Stand, error) {
	s, err := Apart(ctx, o)
	if !errors.Is(err, errors.ErrUnsupported) {
		return s, err
	}
	return open(o, func(s *Stand) error {
		return s.startCluster(ctx, []site{loopback, loopback, loopback, loopback, loopback})
	})
}

// Apart is Cluster in a network that can be cut. The error wraps
// errors.ErrUnsupported where this process may not make one.
func Apart(ctx context.Context, o Options) (*Stand, error) {
	return open(o, func(s *Stand) (err error) {
		if s.network, err = newNetwork(ctx, 5); err != nil {
			return err
		}
		return s.startCluster(ctx, s.network.sites)
	})
}

func (s *Stand) startCluster(ctx context.Context, sites []site) error {
	if err := s.startNodes(ctx, sites[:3]); err != nil {
		return err
	}
	return s.startAdapters(ctx, sites[3:], "JETCMQ_REPLICAS=3", "JETCMQ_NATS_URL="+strings.Join(s.NATS, ","))
}

// open makes a stand of what set starts, or leaves nothing running.
func open(o Options, set func(*Stand) error) (*Stand, error) {
	s := &Stand{Dir: o.Dir, options: o}
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return nil, err
	}
	if err := set(s); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// AtClose has Close call f once all processes have ended.
func (s *Stand) AtClose(f func() error) { s.atClose = append(s.atClose, f) }

// Watched tells who watches that something begins to be done; what it returns
// tells that it is done.
func (s *Stand) Watched(event string) (over func()) {
	if s.options.Watch == nil {
		return func() {}
	}
	return s.options.Watch(event)
}

// WaitReady waits until every adapter says that it can serve. It is an error if
// one has ended.
func (s *Stand) WaitReady(ctx context.Context) error {
	for i, p := range s.Adapters {
		if err := waitOK(ctx, s.Endpoints[i]+"/readyz", p); err != nil {
			return err
		}
	}
	return nil
}

// waitOK asks until the answer is 200.
func waitOK(ctx context.Context, url string, p *Process) error {
	for {
		answer, err := get(ctx, url)
		if err == nil {
			return nil
		}
		if !p.Running() {
			return fmt.Errorf("%s has ended, and said:\n%s", p.Name, p.Log())
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-ctx.Done():
			return fmt.Errorf("%s is not ready in time: %w: %s\n%s", p.Name, err, answer, p.Log())
		}
	}
}

// direct goes to the stand's own addresses without the proxy that the
// environment may name.
var direct = http.Client{Transport: &http.Transport{DisableKeepAlives: true}}

// get reads a page that should be there at once; anything but 200 is an error.
func get(ctx context.Context, url string) (text string, err error) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return "", err
	}
	answer, err := direct.Do(r)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, 16<<20))
	if err == nil && answer.StatusCode != http.StatusOK {
		err = errors.New(answer.Status)
	}
	return string(body), err
}

// Close ends every process and removes their network. The data stays.
func (s *Stand) Close() error {
	for _, p := range slices.Concat(s.Adapters, s.Nodes) {
		p.Kill()
	}
	var errs []error
	for _, f := range s.atClose {
		errs = append(errs, f())
	}
	if s.network != nil {
		errs = append(errs, s.network.remove())
	}
	return errors.Join(errs...)
}
