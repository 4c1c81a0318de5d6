package jetcmqtest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/network"
	"github.com/testcontainers/testcontainers-go"
	"github.com/testcontainers/testcontainers-go/log"
)

// inContainer runs the server from an image.
type inContainer struct {
	options   options
	container *Container
	at        place
	stopped   bool
}

// tries is how often a start may meet a port that somebody else took between
// our choice and Docker's.
const tries = 5

func (e *inContainer) start(ctx context.Context) (place, error) {
	if e.container != nil {
		if !e.stopped {
			return e.at, nil
		}
		e.stopped = false
		return e.at, e.container.Start(ctx)
	}
	for i := range tries {
		err := e.create(ctx)
		if err == nil {
			break
		}
		if i == tries-1 || !strings.Contains(err.Error(), "port is already allocated") && !strings.Contains(err.Error(), "address already in use") {
			return place{}, fmt.Errorf("%w\n%s", err, e.logs(ctx))
		}
		if err := e.end(ctx); err != nil {
			return place{}, err
		}
	}
	return e.find(ctx)
}

// create makes a container whose ports outlive a restart, which ports of
// Docker's choice do not.
func (e *inContainer) create(ctx context.Context) (err error) {
	ports, err := freePorts(2)
	if err != nil {
		return err
	}
	bindings := network.PortMap{}
	for i, inside := range []string{apiPort, natsPort} {
		bindings[network.MustParsePort(inside)] = []network.PortBinding{{HostPort: strconv.Itoa(ports[i])}}
	}
	e.container, err = run(ctx, e.options.image, e.options, testcontainers.WithLogger(log.NewNoopLogger()),
		testcontainers.WithHostConfigModifier(func(c *container.HostConfig) { c.PortBindings = bindings }))
	return err
}

// freePorts finds ports that nobody uses now.
func freePorts(n int) (ports []int, err error) {
	for range n {
		l, err := net.Listen("tcp", ":0")
		if err != nil {
			return nil, err
		}
		defer l.Close() // all at the end, so that they differ
		ports = append(ports, l.Addr().(*net.TCPAddr).Port)
	}
	return ports, nil
}

func (e *inContainer) find(ctx context.Context) (place, error) {
	endpoint, err := e.container.CMQEndpoint(ctx)
	if err != nil {
		return place{}, err
	}
	address, err := e.container.NATSURL(ctx)
	if err != nil {
		return place{}, err
	}
	e.at = place{endpoint, address, hostName}
	return e.at, nil
}

func (e *inContainer) stop(ctx context.Context) error {
	if e.container == nil || e.stopped {
		return nil
	}
	e.stopped = true
	timeout := stopTimeout
	return e.container.Stop(ctx, &timeout)
}

// end is forceful: nobody needs the data.
func (e *inContainer) end(ctx context.Context) error {
	c := e.container
	e.container = nil
	if c == nil {
		return nil
	}
	return c.Terminate(ctx, testcontainers.StopTimeout(0))
}

// listen takes the address by which containers reach this machine, so that
// nobody else can. Where Docker runs in a machine of its own, none of ours is
// that, and all will do.
func (e *inContainer) listen(ctx context.Context) (net.Listener, error) {
	var c net.ListenConfig
	return c.Listen(ctx, "tcp", net.JoinHostPort(bridge(), "0"))
}

// bridge is this machine's address in Docker's default network, which is what
// host-gateway means; "" if it has none.
func bridge() string {
	docker, err := net.InterfaceByName("docker0")
	if err != nil {
		return ""
	}
	addresses, err := docker.Addrs()
	if err != nil {
		return ""
	}
	for _, a := range addresses {
		if network, ok := a.(*net.IPNet); ok && network.IP.To4() != nil {
			return network.IP.String()
		}
	}
	return ""
}

func (e *inContainer) logs(ctx context.Context) string {
	if e.container == nil {
		return ""
	}
	r, err := e.container.Logs(ctx)
	if err != nil {
		return err.Error()
	}
	defer r.Close()
	text, err := io.ReadAll(io.LimitReader(r, 1<<20))
	return string(text) + errorText(err)
}

func errorText(err error) string {
	if err == nil || errors.Is(err, io.EOF) {
		return ""
	}
	return err.Error()
}
