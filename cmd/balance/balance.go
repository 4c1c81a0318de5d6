// Package balance spreads TCP connections over servers, as one address for
// several adapters. It prefers servers whose /readyz answers 200, and does not
// look into what it copies: signatures, paths and TLS arrive as they were sent.
package balance

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"sync"
	"time"
)

// Config says what goes where.
type Config struct {
	Listen []string      // where clients connect, each host:port
	To     []string      // the servers, each host:port; names are resolved for each connection
	Max    int           // connections at a time; what comes beyond is closed at once
	Grace  time.Duration // how long a stop waits for answers under way
	Log    *slog.Logger
}

const (
	dialTime    = 2 * time.Second // little, because there are others to try
	acceptPause = 50 * time.Millisecond
	drainEvery  = 50 * time.Millisecond
)

type balancer struct {
	Config
	servers []*server

	mu    sync.Mutex
	pairs map[*pair]bool
	serve sync.WaitGroup // of pairs
}

// Run balances until ctx ends, then lets answers under way arrive. It calls
// ready once, with the addresses it listens on.
func Run(ctx context.Context, c Config, ready func([]net.Addr)) error {
	if err := c.check(); err != nil {
		return err
	}
	listeners, err := listen(c.Listen)
	if err != nil {
		return err
	}
	b := &balancer{Config: c, pairs: map[*pair]bool{}}
	var loops sync.WaitGroup
	for _, address := range c.To {
		s := &server{address: address, log: c.Log.With("server", address)}
		b.servers = append(b.servers, s)
		loops.Go(func() { s.watch(ctx, func() { b.cut(s) }) })
	}
	var addresses []net.Addr
	for _, l := range listeners {
		addresses = append(addresses, l.Addr())
		loops.Go(func() { b.accept(l) })
	}
	ready(addresses)
	<-ctx.Done()
	for _, l := range listeners {
		l.Close()
	}
	loops.Wait()
	b.drain()
	return nil
}

// check finds what would be noticed only by the clients.
func (c *Config) check() error {
	if len(c.To) == 0 {
		return errors.New("balance: name a server at least")
	}
	for _, address := range c.To {
		if host, port, err := net.SplitHostPort(address); err != nil || host == "" || port == "" {
			return fmt.Errorf("balance: server %q is not like host:port", address)
		}
	}
	if c.Max < 1 {
		return fmt.Errorf("balance: %d connections at a time are none", c.Max)
	}
	return nil
}

func listen(addresses []string) (all []net.Listener, err error) {
	for _, address := range addresses {
		l, err := net.Listen("tcp", address)
		if err != nil {
			for _, l := range all {
				l.Close()
			}
			return nil, fmt.Errorf("balance: %w", err)
		}
		all = append(all, l)
	}
	return all, nil
}

func (b *balancer) accept(l net.Listener) {
	for {
		client, err := l.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil { // such as too many open files, which passes
			b.Log.Warn("accept", "error", err)
			time.Sleep(acceptPause)
			continue
		}
		b.take(client.(*net.TCPConn))
	}
}

// take serves a client beside the others.
func (b *balancer) take(client *net.TCPConn) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.pairs) >= b.Max {
		client.Close()
		return
	}
	p := &pair{client: client}
	b.pairs[p] = true
	b.serve.Go(func() {
		b.connect(p)
		p.close()
		b.mu.Lock()
		defer b.mu.Unlock()
		delete(b.pairs, p)
	})
}

// connect finds a server for the client, and copies until both are done.
func (b *balancer) connect(p *pair) {
	for _, s := range b.candidates() {
		conn, err := net.DialTimeout("tcp", s.address, dialTime)
		if err != nil {
			s.tell(err)
			continue
		}
		s.pairs.Add(1)
		defer s.pairs.Add(-1)
		if p.join(s, conn.(*net.TCPConn)) {
			p.copy()
		}
		return
	}
}

// candidates are all servers: those that are ready first, and of equal ones
// those with fewer connections. Where none is ready, one that answers with an
// error still serves a client better than none.
func (b *balancer) candidates() []*server {
	all := slices.Clone(b.servers)
	slices.SortStableFunc(all, func(x, y *server) int {
		return cmp.Or(cmp.Compare(x.rank(), y.rank()), cmp.Compare(x.pairs.Load(), y.pairs.Load()))
	})
	return all
}

// cut ends the connections of a server that says nothing any more, so that
// their clients come again and reach another.
func (b *balancer) cut(s *server) {
	b.closeWhere(func(p *pair) bool { return p.server() == s })
}

// drain ends connections as soon as nobody waits for an answer on them, and at
// the end of the grace all others.
func (b *balancer) drain() {
	tick := time.NewTicker(drainEvery)
	defer tick.Stop()
	for end := time.Now().Add(b.Grace); time.Now().Before(end); <-tick.C {
		if b.closeWhere((*pair).quiet) == 0 {
			break
		}
	}
	b.closeWhere(func(*pair) bool { return true })
	b.serve.Wait()
}

// closeWhere tells how many connections there were.
func (b *balancer) closeWhere(which func(*pair) bool) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	for p := range b.pairs {
		if which(p) {
			p.close()
		}
	}
	return len(b.pairs)
}
