package cluster

import (
	"fmt"
	"io"
	"net"
	"slices"
	"sync"
	"testing"
	"time"
)

// relay is the way from one server to another. It can be cut.
type relay struct {
	listener net.Listener
	target   string

	mu    sync.Mutex
	cut   bool
	conns []net.Conn
}

func newRelay(t *testing.T, target string) *relay {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &relay{listener: l, target: target}
	var done sync.WaitGroup
	done.Go(func() {
		for {
			from, err := l.Accept()
			if err != nil {
				return
			}
			done.Go(func() { r.carry(from) })
		}
	})
	t.Cleanup(func() {
		l.Close()
		r.set(true)
		done.Wait()
	})
	return r
}

func (r *relay) carry(from net.Conn) {
	defer from.Close()
	to, err := net.Dial("tcp", r.target)
	if err != nil {
		return
	}
	defer to.Close()
	r.mu.Lock()
	cut := r.cut
	r.conns = append(r.conns, from, to)
	r.mu.Unlock()
	if cut {
		return
	}
	var both sync.WaitGroup
	for _, way := range [][2]net.Conn{{from, to}, {to, from}} {
		both.Go(func() {
			_, _ = io.Copy(way[0], way[1]) // until either is closed
			way[0].Close()
		})
	}
	both.Wait()
}

// set cuts the way, or heals it.
func (r *relay) set(cut bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.cut = cut
	if cut {
		for _, one := range r.conns {
			one.Close()
		}
		r.conns = nil
	}
}

// relays puts one into each way between the servers, before they start.
func (c *cluster) relays() map[[2]*node]*relay {
	c.t.Helper()
	all := map[[2]*node]*relay{}
	for _, from := range c.nodes {
		routes := ""
		for _, to := range c.others(from) {
			r := newRelay(c.t, to.route)
			all[[2]*node{from, to}] = r
			routes += ",nats://" + r.listener.Addr().String()
		}
		// Nobody must hear of a way around the relays.
		from.args = append(from.args, "--routes", routes[1:], "--cluster_advertise", "127.0.0.1:1")
	}
	return all
}

// A leader is cut off from the others, with an adapter that talks to it alone.
// What it accepts is worth nothing, so nothing is answered with success; the
// adapter finds a server of the majority by itself.
func TestAMinorityIsLeft(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 3)
	ways := c.relays()
	for _, one := range c.nodes {
		one.start()
	}
	c.connect()
	l := newLoad(t, c.join("a"), c.join("b"))
	l.prepare()
	alone := c.nodes[slices.IndexFunc(c.nodes, func(one *node) bool {
		return l.adapters[0].said(`"msg":"connected to NATS","account":"default","server":"` + one.name + `"`)
	})]
	c.lead(alone, "cmq-queue-load", "cmq-topic-news")
	l.begin()
	cut := func(yes bool) {
		for ends, r := range ways {
			if ends[0] == alone || ends[1] == alone {
				r.set(yes)
			}
		}
	}
	began := time.Now()
	cut(true)
	l.recovers(began, fmt.Sprintf("%s is cut off", alone.name))
	cut(false)
	// The server gets what it missed in its own time, half a minute and more: nobody waits for that.
	l.end()
}
