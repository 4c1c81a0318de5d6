package jetcmqtest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/jetcmq/jetcmq/cmd/process"
)

// inProcess runs the server as goroutines of the test.
type inProcess struct {
	options options
	dir     string
	at      place  // from the first start on
	addr    string // of the HTTP side, likewise
	cancel  context.CancelFunc
	ended   chan error // nil while it does not run
}

const loopback = "127.0.0.1"

func (e *inProcess) start(ctx context.Context) (place, error) {
	if err := e.makeDir(); err != nil {
		return place{}, err
	}
	c, err := e.config()
	if err != nil {
		return place{}, err
	}
	life, cancel := context.WithCancel(context.WithoutCancel(ctx))
	ready, ended := make(chan process.Place, 1), make(chan error, 1)
	go func() {
		ended <- process.Run(life, c, process.NewLog(c, e.options.log), func(p process.Place) { ready <- p })
	}()
	e.cancel, e.ended = cancel, ended
	select {
	case err := <-ended:
		cancel()
		e.ended = nil
		return place{}, err
	case p := <-ready:
		e.at, e.addr = place{p.Endpoint, p.NATS, loopback}, p.Addr.String()
		return e.at, nil
	case <-ctx.Done():
		return place{}, ctx.Err()
	case <-time.After(e.longestStart()):
		return place{}, fmt.Errorf("it is not ready within %v%s", e.longestStart(), e.suspicion())
	}
}

// longestStart bounds what would wait forever, as a server does for its NATS
// server. It is a minute if nothing is said, as for containers.
func (e *inProcess) longestStart() time.Duration { return 6 * e.options.patience }

func (e *inProcess) suspicion() string {
	if e.options.natsHere == "" {
		return ""
	}
	return ": does the NATS server of WithNATS answer, and has it JetStream?"
}

func (e *inProcess) makeDir() (err error) {
	if e.dir != "" {
		return nil
	}
	if e.dir = e.options.dir; e.dir == "" {
		e.dir, err = os.MkdirTemp("", "jetcmqtest")
	}
	return err
}

// config reads the settings as the program does, but from nowhere else than
// the options. The first start takes free ports, later ones the same again.
func (e *inProcess) config() (process.Config, error) {
	values := e.options.environ(loopback)
	values["JETCMQ_ADDR"], values["JETCMQ_NATS_ADDR"] = loopback+":0", loopback+":0"
	if e.addr != "" {
		values["JETCMQ_ADDR"] = e.addr
		if u, err := url.Parse(e.at.nats); err == nil && e.options.natsHere == "" {
			values["JETCMQ_NATS_ADDR"] = u.Host
		}
	}
	values["JETCMQ_DATA_DIR"] = filepath.Join(e.dir, "data")
	var environ []string
	for name, value := range values {
		environ = append(environ, name+"="+value)
	}
	c, err := process.Load(environ)
	if len(e.options.seeds) > 0 {
		c = c.WithSeeds(e.options.seeds)
	}
	return c, err
}

func (e *inProcess) stop(ctx context.Context) error {
	if e.ended == nil {
		return nil
	}
	e.cancel()
	select {
	case err := <-e.ended:
		e.ended = nil
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (e *inProcess) end(ctx context.Context) error {
	err := e.stop(ctx)
	if e.dir != "" && e.dir != e.options.dir {
		err = errors.Join(err, os.RemoveAll(e.dir))
	}
	return err
}

func (e *inProcess) listen(ctx context.Context) (net.Listener, error) {
	var c net.ListenConfig
	return c.Listen(ctx, "tcp", loopback+":0")
}

func (e *inProcess) logs(context.Context) string { return "" }
