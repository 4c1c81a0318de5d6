package test

import (
	"context"
	"io"
	"net"
	"net/http"
	"sync"
	"time"
)

// departing is a client that can go away and knows when the service has
// noticed: the service closes the connection then, too.
type departing struct {
	http.Client
	open sync.WaitGroup // connections
}

func newDeparting() *departing {
	d := &departing{}
	d.Transport = &http.Transport{DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
		c, err := new(net.Dialer).DialContext(ctx, network, address)
		if err != nil {
			return nil, err
		}
		d.open.Add(1)
		return &halfClosing{TCPConn: c.(*net.TCPConn), closed: sync.OnceFunc(d.open.Done)}, nil
	}}
	return d
}

// gone returns when the service has noticed that nobody is there any more.
func (d *departing) gone() {
	d.CloseIdleConnections()
	d.open.Wait()
}

// halfClosing says good-bye and waits for the other side's.
type halfClosing struct {
	*net.TCPConn
	closed func()
}

func (c *halfClosing) Close() error {
	defer c.closed()
	if c.CloseWrite() == nil && c.SetReadDeadline(time.Now().Add(10*time.Second)) == nil {
		_, _ = io.Copy(io.Discard, c.TCPConn)
	}
	return c.TCPConn.Close()
}
