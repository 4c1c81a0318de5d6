package jet

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Conn is the way into one account. All methods may be used at once.
type Conn struct {
	Config // with defaults
	NC     *nats.Conn
	JS     jetstream.JetStream

	inbox *inbox
	slots slots
	disk  diskGuard
	done  sync.WaitGroup // what Close waits for

	life     context.Context // ends with Close
	stop     context.CancelFunc
	watching sync.WaitGroup

	replicating sync.Mutex
	line        line // of those who want to be alone

	lostAt atomic.Int64 // Unix ms of the last loss of the connection
	mu     sync.Mutex
	back   []func(lost int64)
}

// ErrNotConnected tells that NATS cannot be reached at the moment.
var ErrNotConnected = errors.New("not connected to NATS")

// Open connects. It fails when NATS cannot be reached; a connection lost later
// is made anew by itself.
func Open(config Config) (*Conn, error) {
	c := &Conn{Config: config.withDefaults()}
	c.life, c.stop = context.WithCancel(context.Background())
	c.disk = diskGuard{free: c.DiskFree, reserve: c.DiskReserve}
	opts, err := c.credentials([]nats.Option{
		nats.Name("jetcmq"),
		nats.MaxReconnects(-1),
		// A server that starts may know its accounts later than its clients come.
		nats.IgnoreAuthErrorAbort(),
		nats.ReconnectWait(100 * time.Millisecond),
		nats.ReconnectJitter(50*time.Millisecond, 50*time.Millisecond),
		// A call made while the connection is down fails at once rather than
		// being sent later, when its caller has long given up.
		nats.ReconnectBufSize(-1),
		nats.NoEcho(), // what brokers tell each other is not for themselves
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) {
			c.Log.Warn("nats", "error", err)
		}),
		nats.ReconnectHandler(func(*nats.Conn) { c.reconnected() }),
	})
	if err != nil {
		return nil, err
	}
	if c.InProcess == nil {
		opts = append(opts, nats.PingInterval(pingEvery), nats.MaxPingsOutstanding(maxPings))
	}
	if c.NC, err = nats.Connect(c.URL, opts...); err != nil {
		return nil, fmt.Errorf("connect to NATS at %s: %w", c.Address(), err)
	}
	if err := c.equip(); err != nil {
		c.NC.Close()
		return nil, err
	}
	c.Log.Debug("connected to NATS", "server", c.NC.ConnectedServerName())
	return c, nil
}

func (c *Conn) equip() (err error) {
	if c.JS, err = jetstream.New(c.NC, jetstream.WithDefaultTimeout(c.CallTimeout)); err != nil {
		return err
	}
	c.slots.nc = c.NC
	if c.inbox, err = openInbox(c.NC); err != nil {
		return err
	}
	c.NC.SetDisconnectErrHandler(func(_ *nats.Conn, err error) {
		c.lostAt.Store(time.Now().UnixMilli())
		c.inbox.lost()
		if err != nil {
			c.Log.Warn("connection to NATS lost, reconnecting", "error", err)
		}
	})
	return nil
}

// OnReconnect has f called after each reconnect; lost is when the connection
// went, in Unix ms. It is for the time before the Conn is used.
func (c *Conn) OnReconnect(f func(lost int64)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.back = append(c.back, f)
}

func (c *Conn) reconnected() {
	c.Log.Info("connection to NATS is back", "server", c.NC.ConnectedServerName())
	c.mu.Lock()
	back := c.back
	c.mu.Unlock()
	for _, f := range back {
		f(c.lostAt.Load())
	}
}

// Connected tells whether NATS can be reached.
func (c *Conn) Connected() bool { return c.NC.IsConnected() }

// Within bounds a call to JetStream by the configured patience.
func (c *Conn) Within(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, c.CallTimeout)
}

// Through is Within for what must not stop half way because its caller goes
// away. A limit that was set before still holds.
func (c *Conn) Through(ctx context.Context) (context.Context, context.CancelFunc) {
	lasting := context.WithoutCancel(ctx)
	if end, limited := ctx.Deadline(); limited {
		return context.WithDeadline(lasting, end)
	}
	return c.Within(lasting)
}

// Refuse tells why bodies should not be stored now; an empty text is no reason.
// What it lets through is taken from the room left on the disk.
func (c *Conn) Refuse(bodies []string) (why string) {
	const headers = 2048 // what headers of ours may take in a message
	size := 0
	for _, body := range bodies {
		// An external server at its default max_payload refuses the largest
		// message there is, by cutting the connection.
		if int64(len(body)+headers) > c.NC.MaxPayload() {
			return "larger than the NATS server takes, set its max_payload to 2MB"
		}
		size += len(body)
	}
	if !c.disk.take(size) {
		return "the disk is nearly full, delete messages or make room"
	}
	return ""
}

// Close closes the connection after what is on its way has been handed back.
func (c *Conn) Close(ctx context.Context) {
	c.stop()
	c.watching.Wait()
	c.done.Wait()
	closed := make(chan struct{})
	c.NC.SetClosedHandler(func(*nats.Conn) { close(closed) })
	if err := c.NC.Drain(); err != nil {
		c.NC.Close() // not connected: nothing is on its way
		return
	}
	ctx, cancel := c.Within(ctx)
	defer cancel()
	select {
	case <-closed:
	case <-ctx.Done():
		c.NC.Close()
	}
}

// Pause waits, unless ctx ends first.
func Pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
