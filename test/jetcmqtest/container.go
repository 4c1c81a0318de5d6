package jetcmqtest

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"github.com/moby/moby/api/types/container"
	"github.com/testcontainers/testcontainers-go"
	"github.com/testcontainers/testcontainers-go/wait"
)

const (
	apiPort   = "8080/tcp"
	natsPort  = "4222/tcp"
	seedsFile = "/seeds.yaml"

	// hostName is by what name a container reaches the machine it runs on.
	// testcontainers' own way, a tunnel, needs another image.
	hostName = "host.docker.internal"
)

// Container is a server in a container.
type Container struct {
	testcontainers.Container
	options options
}

// Run starts img, an image of JetCMQ, and returns when it is ready. It takes
// the options of this package and customizers of testcontainers.
func Run(ctx context.Context, img string, opts ...testcontainers.ContainerCustomizer) (*Container, error) {
	var ours []Option
	for _, opt := range opts {
		if o, ok := opt.(Option); ok {
			ours = append(ours, o)
		}
	}
	o, err := newOptions(ours)
	if err != nil {
		return nil, err
	}
	return run(ctx, img, o, opts...)
}

func run(ctx context.Context, img string, o options, opts ...testcontainers.ContainerCustomizer) (*Container, error) {
	env := o.environ(hostName)
	env["JETCMQ_ADDR"], env["JETCMQ_NATS_ADDR"] = "0.0.0.0:8080", "0.0.0.0:4222"
	module := []testcontainers.ContainerCustomizer{
		testcontainers.WithExposedPorts(apiPort, natsPort),
		testcontainers.WithHostConfigModifier(func(c *container.HostConfig) {
			c.ExtraHosts = append(c.ExtraHosts, hostName+":host-gateway")
		}),
		testcontainers.WithWaitStrategy(wait.ForHTTP("/readyz").WithPort(apiPort).WithPollInterval(20 * time.Millisecond)),
	}
	if len(o.seeds) > 0 {
		env["JETCMQ_SEEDS"] = seedsFile
		module = append(module, testcontainers.WithFiles(testcontainers.ContainerFile{
			Reader: bytes.NewReader(o.seeds), ContainerFilePath: seedsFile, FileMode: 0o644,
		}))
	}
	module = append(module, testcontainers.WithEnv(env))
	module = append(module, o.container...)
	ctr, err := testcontainers.Run(ctx, img, append(module, opts...)...)
	var c *Container
	if ctr != nil {
		c = &Container{Container: ctr, options: o}
	}
	if err != nil {
		return c, fmt.Errorf("run jetcmq: %w", err)
	}
	return c, nil
}

// CMQEndpoint is what CMQ clients of this machine put into their SDK. (Endpoint
// is testcontainers', for any port.)
func (c *Container) CMQEndpoint(ctx context.Context) (string, error) {
	return c.PortEndpoint(ctx, apiPort, "http")
}

// NATSURL is where NATS programs of this machine find the same data, with the
// first credentials in it.
func (c *Container) NATSURL(ctx context.Context) (string, error) {
	if c.options.natsHere != "" {
		return c.options.natsHere, nil
	}
	url, err := c.PortEndpoint(ctx, natsPort, "nats")
	if err != nil {
		return "", err
	}
	return withUser(url, c.options.first()), nil
}

// Credentials are the callers the server lets in; none means anybody.
func (c *Container) Credentials() []Credentials { return c.options.credentials }

// Client calls the server as its first credentials.
func (c *Container) Client(ctx context.Context) (*Client, error) {
	endpoint, err := c.CMQEndpoint(ctx)
	return &Client{Endpoint: endpoint, Credentials: c.options.first()}, err
}
