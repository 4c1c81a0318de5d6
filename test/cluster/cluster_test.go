// Package cluster runs several adapters on a cluster of NATS servers, all of
// them processes of their own, and lets some of them die.
package cluster

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// cluster is three NATS servers.
type cluster struct {
	t     *testing.T
	nodes []*node
	url   string
	nc    *nats.Conn
	js    jetstream.JetStream
}

type node struct {
	*process
	dir   string
	url   string
	route string // host:port
}

// newCluster makes a cluster of n servers and starts none.
func newCluster(t *testing.T, n int) *cluster {
	t.Helper()
	c := &cluster{t: t}
	ports := freePorts(t, 2*n)
	var routes, urls []string
	for i := range n {
		routes = append(routes, fmt.Sprintf("nats://127.0.0.1:%d", ports[n+i]))
		urls = append(urls, fmt.Sprintf("nats://127.0.0.1:%d", ports[i]))
	}
	for i := range n {
		one := &node{dir: t.TempDir(), url: urls[i], route: strings.TrimPrefix(routes[i], "nats://")}
		args := []string{"nats", "-n", fmt.Sprintf("n%d", i+1), "-a", "127.0.0.1", "-p", fmt.Sprint(ports[i]), "-sd", one.dir}
		if n > 1 {
			args = append(args, "--cluster_name", "c", "--cluster", routes[i], "--routes", strings.Join(routes, ","))
		}
		one.process = newProcess(t, fmt.Sprintf("n%d", i+1), args, nil)
		c.nodes = append(c.nodes, one)
	}
	c.url = strings.Join(urls, ",")
	return c
}

// startCluster is newCluster with all of them up.
func startCluster(t *testing.T, n int) *cluster {
	t.Helper()
	c := newCluster(t, n)
	for _, one := range c.nodes {
		one.start()
	}
	c.connect()
	return c
}

// connect makes the test a NATS client.
func (c *cluster) connect() {
	c.t.Helper()
	var err error
	c.nc, err = nats.Connect(c.url, nats.RetryOnFailedConnect(true), nats.MaxReconnects(-1), nats.ReconnectWait(50*time.Millisecond),
		nats.PingInterval(time.Second), nats.Timeout(time.Second))
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(c.nc.Close)
	if c.js, err = jetstream.New(c.nc, jetstream.WithDefaultTimeout(time.Second)); err != nil {
		c.t.Fatal(err)
	}
	c.ready()
}

// ready waits until JetStream has a leader.
func (c *cluster) ready() {
	c.t.Helper()
	took := eventually(c.t, "JetStream has a leader", func() bool {
		_, err := c.js.AccountInfo(c.t.Context())
		return err == nil
	})
	c.t.Log("JetStream has a leader after", took.Round(time.Millisecond))
}

// leader is the server that leads a stream, or one of its consumers.
func (c *cluster) leader(stream, consumer string) *node {
	c.t.Helper()
	var name string
	eventually(c.t, "a leader of "+stream+" "+consumer, func() bool {
		s, err := c.js.Stream(c.t.Context(), stream)
		if err != nil || s.CachedInfo().Cluster == nil {
			return false
		}
		name = s.CachedInfo().Cluster.Leader
		if consumer == "" {
			return name != ""
		}
		for info := range s.ListConsumers(c.t.Context()).Info() {
			if strings.HasPrefix(info.Name, consumer) && info.Cluster != nil {
				name = info.Cluster.Leader
				return name != ""
			}
		}
		return false
	})
	return c.named(name)
}

// lead has a server become the leader of streams.
func (c *cluster) lead(one *node, streams ...string) {
	c.t.Helper()
	for _, stream := range streams {
		eventually(c.t, one.name+" leads "+stream, func() bool {
			if c.leader(stream, "") == one {
				return true
			}
			_, err := c.nc.Request("$JS.API.STREAM.LEADER.STEPDOWN."+stream, []byte(`{"placement":{"preferred":"`+one.name+`"}}`), time.Second)
			return err == nil && c.leader(stream, "") == one
		})
	}
}

func (c *cluster) named(name string) *node {
	c.t.Helper()
	for _, one := range c.nodes {
		if one.name == name {
			return one
		}
	}
	c.t.Fatalf("no server %q", name)
	return nil
}

// others are the servers besides one.
func (c *cluster) others(not *node) (all []*node) {
	for _, one := range c.nodes {
		if one != not {
			all = append(all, one)
		}
	}
	return all
}

// waiting returns when n receives wait at a stream.
func (c *cluster) waiting(stream string, n int) {
	c.t.Helper()
	seen := 0 // a receive that only looks what is there waits for a moment, too
	eventually(c.t, "receives wait at "+stream, func() bool {
		s, err := c.js.Stream(c.t.Context(), stream)
		if err != nil {
			return false
		}
		sum := 0
		for info := range s.ListConsumers(c.t.Context()).Info() {
			sum += info.NumWaiting
		}
		if seen++; sum < n {
			seen = 0
		}
		return seen == 2
	})
}
