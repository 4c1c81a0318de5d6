// Package embedded runs a NATS server with JetStream inside this process, so
// that nobody has to install one.
//
// It knows nothing of CMQ. A Server has one or more accounts that cannot see
// each other; this process enters an account through its Door, without any
// network, and NATS clients of other processes may come in by TCP:
//
//	s, err := embedded.Start(embedded.Config{Dir: "data", Addr: "127.0.0.1:4222"})
//	door, err := s.InProcess("default")
//	nc, err := nats.Connect("", nats.InProcessServer(door), nats.UserInfo(door.User, door.Password))
//
// The directory keeps everything: a server started on it again serves the same
// streams, consumers and messages. Every stream costs an open file, and the Go
// runtime raises the soft limit of open files to the hard one by itself; a
// server with thousands of streams needs a hard limit to match.
package embedded

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/gofrs/flock"
	"github.com/nats-io/nats-server/v2/server"
)

// Errors that Start wraps, for callers who want to name their own setting.
var (
	ErrDirInUse = errors.New("another process is using the data directory")
	ErrAddr     = errors.New("cannot listen for NATS clients")
)

// Sync says when what was stored is safe from a power cut. What was stored is
// safe from the end of this process at every level but Memory.
type Sync int

const (
	SyncEverySecond Sync = iota // at least once a second
	SyncAlways                  // before the sender gets its answer
	Memory                      // never; for streams in memory, which end with the process
)

// Config says how to run a Server. The zero value and a Dir are enough.
type Config struct {
	Dir        string // where the data lives; may be empty with Memory
	Addr       string // host:port for NATS clients; "" or "off" for none, port 0 for any free one
	Accounts   []Account
	Open       bool // NATS clients without a password get the first account
	Sync       Sync
	MaxPayload int32        // of one NATS message, DefaultMaxPayload if 0
	Log        *slog.Logger // slog.Default() if nil
}

// DefaultMaxPayload is room for a message body of 1 MiB with its headers. The
// server's own default is 1 MiB for both together.
const DefaultMaxPayload = 2 << 20

// Server is a running NATS server.
type Server struct {
	nats     *server.Server
	dir      string
	memory   bool
	lock     *flock.Flock
	discard  string // a temporary directory to remove at the end, or ""
	doors    map[string]Door
	ends     func() // of what runs beside the server
	stopping sync.Once
	stopped  chan struct{}
}

// Start runs a server and returns when it is ready for connections. Without
// accounts it has a single open one, "default".
func Start(c Config) (*Server, error) {
	s := &Server{doors: map[string]Door{}, stopped: make(chan struct{}), memory: c.Sync == Memory}
	if err := s.openDir(c.Dir); err != nil {
		return nil, err
	}
	if err := s.start(c); err != nil {
		s.closeDir()
		return nil, err
	}
	return s, nil
}

// start comes back when all streams are loaded, so nobody sees half of them. A
// failure on the way reaches only the server's log.
func (s *Server) start(c Config) error {
	if err := probe(&c); err != nil {
		return err
	}
	options, err := s.options(c)
	if err != nil {
		return err
	}
	if s.nats, err = server.NewServer(options); err != nil {
		return fmt.Errorf("make the NATS server: %w", err)
	}
	log := newLog(c.Log)
	if err := mend(s.dir, log.to); err != nil {
		return fmt.Errorf("mend the data directory: %w", err)
	}
	s.nats.SetLoggerV2(log, log.debug(), false, false)
	s.nats.Start()
	if err := log.started(); err != nil {
		s.nats.Shutdown()
		s.nats.WaitForShutdown()
		return fmt.Errorf("start the NATS server: %w", err)
	}
	s.ends = func() {}
	if c.Sync == SyncEverySecond {
		s.ends = describe(s.dir, log.to)
	}
	return nil
}

// probe tells whether the address can be listened on, because the server
// itself tells that only to its log, and after loading all data.
func probe(c *Config) error {
	if c.Addr == "off" {
		c.Addr = ""
	}
	if c.Addr == "" {
		return nil
	}
	l, err := net.Listen("tcp", c.Addr)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrAddr, err)
	}
	return l.Close()
}

// openDir makes the data directory and locks it: two servers writing the same
// files would destroy them.
func (s *Server) openDir(dir string) (err error) {
	if dir == "" && !s.memory {
		return errors.New("a data directory is needed unless messages live in memory")
	}
	if dir == "" {
		if dir, err = os.MkdirTemp("", "jetcmq-"); err != nil {
			return fmt.Errorf("make a temporary directory: %w", err)
		}
		s.discard = dir
	}
	if s.dir, err = filepath.Abs(dir); err != nil {
		return err
	}
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return fmt.Errorf("make the data directory: %w", err)
	}
	s.lock = flock.New(filepath.Join(s.dir, "jetcmq.lock"))
	switch held, err := s.lock.TryLock(); {
	case err != nil:
		return fmt.Errorf("lock the data directory: %w", err)
	case !held:
		return fmt.Errorf("%w: %s", ErrDirInUse, s.dir)
	}
	return nil
}

// closeDir leaves the lock file where it is: removing it would let a third
// process lock a new file of that name while a second one holds the old.
func (s *Server) closeDir() {
	s.lock.Unlock()
	if s.discard != "" {
		os.RemoveAll(s.discard)
	}
}

// Dir is the absolute path of the data directory.
func (s *Server) Dir() string { return s.dir }

// URL is where NATS clients of other processes connect, or "" if nowhere.
func (s *Server) URL() string {
	addr, ok := s.nats.Addr().(*net.TCPAddr)
	if !ok {
		return ""
	}
	host := addr.IP.String()
	if addr.IP.IsUnspecified() {
		host = "127.0.0.1"
	}
	return "nats://" + net.JoinHostPort(host, fmt.Sprint(addr.Port))
}

// Stop shuts the server down and releases the directory. The server takes 10 ms
// a consumer, one after the other: 10 s for a thousand. When ctx ends first
// it returns with the shutdown still under way: what was acknowledged is safe,
// but the directory stays locked until it is over.
func (s *Server) Stop(ctx context.Context) error {
	began := time.Now()
	s.stopping.Do(func() { go s.stop() })
	select {
	case <-s.stopped:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("the NATS server has not stopped after %s: %w", time.Since(began).Round(time.Millisecond), ctx.Err())
	}
}

// settle is how long a server is left alone before it shuts down. JetStream
// writes the state of consumers about ten times a second, beside the shutdown
// too: one begun just before may overwrite the last one with an older.
const settle = 150 * time.Millisecond

func (s *Server) stop() {
	defer close(s.stopped)
	if !s.memory {
		time.Sleep(settle)
	}
	s.nats.Shutdown()
	s.nats.WaitForShutdown()
	s.ends()
	s.closeDir()
}
