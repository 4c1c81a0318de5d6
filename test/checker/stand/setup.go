package stand

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// The ports of processes that have an address for themselves.
const (
	httpPort    = 8080
	natsPort    = 4222
	routePort   = 6222
	monitorPort = 8222
)

// site is where a process runs: at an address of this machine, or in a network
// namespace of its own.
type site struct {
	host  string
	space string // the namespace's name, or ""
}

var loopback = site{host: "127.0.0.1"}

// addr is an address for a process at a site. On loopback it has a port that is
// free now, below those that systems give to outgoing connections, so that nobody
// takes it while the process is down.
func (s *Stand) addr(at site, usual int) (string, error) {
	if at.space != "" {
		return net.JoinHostPort(at.host, strconv.Itoa(usual)), nil
	}
	for range 100 {
		addr := net.JoinHostPort(at.host, strconv.Itoa(10000+rand.IntN(20000)))
		if slices.Contains(s.taken, addr) {
			continue
		}
		if l, err := net.Listen("tcp", addr); err == nil {
			s.taken = append(s.taken, addr)
			return addr, l.Close()
		}
	}
	return "", errors.New("no free port found")
}

// process starts the program with args here.
func (s *Stand) process(ctx context.Context, name string, at site, args, environ []string) (*Process, error) {
	argv := append([]string{s.options.Binary}, args...)
	if at.space != "" {
		argv = append([]string{"ip", "netns", "exec", at.space}, argv...)
	}
	p := &Process{
		Name:    name,
		argv:    argv,
		environ: append([]string{"PATH=" + os.Getenv("PATH")}, environ...),
		log:     filepath.Join(s.Dir, name+".log"),
		watch:   s.options.Watch,
	}
	return p, p.Start(ctx)
}

// startAdapters starts one in each place.
func (s *Stand) startAdapters(ctx context.Context, sites []site, environ ...string) error {
	for i, at := range sites {
		addr, err := s.addr(at, httpPort)
		if err != nil {
			return err
		}
		own := append([]string{"JETCMQ_ADDR=" + addr, "JETCMQ_LOG_FORMAT=json"}, environ...)
		if at.space != "" {
			own = append(own, s.network.settings()...)
		}
		p, err := s.process(ctx, fmt.Sprintf("adapter-%d", i+1), at, nil, append(own, s.options.Environ...))
		if err != nil {
			return err
		}
		s.Adapters, s.Endpoints = append(s.Adapters, p), append(s.Endpoints, "http://"+addr)
	}
	return nil
}

// server is a NATS server's addresses.
type server struct{ client, route, monitor string }

func (s *Stand) server(at site) (n server, err error) {
	var errs [3]error
	n.client, errs[0] = s.addr(at, natsPort)
	n.route, errs[1] = s.addr(at, routePort)
	n.monitor, errs[2] = s.addr(at, monitorPort)
	return n, errors.Join(errs[:]...)
}

// startNodes starts a NATS server in each place, as a cluster if they are
// several, and waits until their JetStream works.
func (s *Stand) startNodes(ctx context.Context, sites []site) error {
	var servers []server
	var routes []string
	for _, at := range sites {
		n, err := s.server(at)
		if err != nil {
			return err
		}
		servers, routes = append(servers, n), append(routes, "nats://"+n.route)
	}
	for i, n := range servers {
		name := fmt.Sprintf("node-%d", i+1)
		args := n.arguments(name, filepath.Join(s.Dir, name))
		if len(servers) > 1 {
			args = append(args, "--cluster_name", "stand", "--cluster", routes[i], "--routes", strings.Join(routes, ","))
		}
		p, err := s.process(ctx, name, sites[i], args, nil)
		if err != nil {
			return err
		}
		s.Nodes, s.NATS, s.monitors = append(s.Nodes, p), append(s.NATS, "nats://"+n.client), append(s.monitors, "http://"+n.monitor)
	}
	return s.WaitNodes(ctx)
}

func (n server) arguments(name, dir string) []string {
	host, port, _ := net.SplitHostPort(n.client)
	_, monitor, _ := net.SplitHostPort(n.monitor)
	return []string{"nats", "-n", name, "-a", host, "-p", port, "-m", monitor, "-sd", dir}
}

// WaitNodes waits until every NATS server is well: in a cluster it hears the
// leader, and has all that the others have.
func (s *Stand) WaitNodes(ctx context.Context) error {
	for i, p := range s.Nodes {
		if err := waitOK(ctx, s.monitors[i]+"/healthz", p); err != nil {
			return err
		}
	}
	return nil
}
