package jet

import (
	"context"
	"errors"
	"io"
	"net"
	"slices"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

const (
	// A server that hangs, or whose machine has gone, closes no connection.
	pingEvery = time.Second
	maxPings  = 3 // unanswered

	// A server that is cut off from the others answers pings, and for a while
	// questions, but stores nothing. After so long the next server is tried:
	// longer than an election takes (4 to 9 s), because each change of the
	// server gives up what is under way.
	watchEvery = 2 * time.Second
	cutOff     = 12 * time.Second
)

// Watch changes to another server of the cluster when write, which stores
// something small, has not succeeded for a while.
func (c *Conn) Watch(write func(context.Context) error) {
	if c.InProcess != nil {
		return
	}
	c.watching.Go(func() {
		last := time.Now() // that it succeeded, or a server was tried
		for Pause(c.life, watchEvery) == nil {
			switch {
			case !c.Connected() || len(c.NC.Servers()) == 1 || write(c.life) == nil:
				last = time.Now()
			case time.Since(last) > cutOff && c.life.Err() == nil:
				c.leave()
				last = time.Now()
			}
		}
	})
}

// leave goes to the next server.
func (c *Conn) leave() {
	c.Log.Warn("JetStream stores nothing through this NATS server, trying another", "server", c.NC.ConnectedServerName())
	if err := c.NC.ForceReconnect(); err != nil {
		c.Log.Debug("change the NATS server", "error", err)
	}
}

// Between tells whether err is what a cluster says between two leaders, so that
// the same call may succeed a moment later. What it says so of was not done.
func Between(err error) bool {
	if errors.Is(err, nats.ErrNoResponders) || errors.Is(err, jetstream.ErrNoStreamResponse) || errors.Is(err, ErrUnsettled) {
		return true
	}
	var refused *jetstream.APIError
	return errors.As(err, &refused) && slices.Contains([]jetstream.ErrorCode{clusterNotAvailable, incompleteBatch}, refused.ErrorCode)
}

// NotYet tells whether opening failed for a reason that may go away by itself:
// NATS does not answer, or is a cluster that is still gathering. Credentials
// that are wrong, a certificate that does not fit, or JetStream that is off are
// no such reasons.
func NotYet(err error) bool {
	var network net.Error
	var refused *jetstream.APIError
	switch {
	case errors.Is(err, nats.ErrNoResponders):
		return false
	case errors.As(err, &refused):
		return slices.Contains([]jetstream.ErrorCode{clusterNotAvailable, noPeers, noResources}, refused.ErrorCode)
	case errors.As(err, &network):
		return true
	}
	return slices.ContainsFunc([]error{nats.ErrNoServers, nats.ErrTimeout, nats.ErrConnectionClosed, nats.ErrDisconnected,
		nats.ErrReconnectBufExceeded, ErrNotConnected, context.DeadlineExceeded, io.EOF},
		func(one error) bool { return errors.Is(err, one) })
}

// Lost tells whether JetStream did not answer, or has no leader. Of what it did
// not answer nobody knows whether it was done.
func Lost(err error) bool { return errors.Is(err, context.DeadlineExceeded) || Between(err) }

const (
	noPeers             = 10005 // "no suitable peers for placement"
	clusterNotAvailable = 10008 // "JetStream system temporarily unavailable"
	noResources         = 10023 // "insufficient resources"
	noMessage           = 10037 // "no message found"
	incompleteBatch     = 10176 // its beginning went to the former leader
)
