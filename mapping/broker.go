package mapping

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Durability says what an acknowledged message survives.
type Durability int

const (
	Process Durability = iota // a kill of the process at any moment (files, synced every second)
	Power                     // a power cut as well (synced before the answer)
	Memory                    // nothing: for tests
)

// Config tells a Broker where its account lives and how it may behave.
type Config struct {
	// URL is the NATS address, a comma list for a cluster. InProcess, when
	// set, is used instead: an embedded server's door.
	URL       string
	InProcess interface{ InProcessConn() (net.Conn, error) }

	// How the account is entered; empty fields are not used.
	User, Password    string
	Token             string
	CredsFile         string // a NATS .creds file
	NKeyFile          string // a file with an nkey seed
	CAFile            string // PEM; the server's certificate must come from it
	CertFile, KeyFile string // PEM; the client's own certificate

	Durability Durability
	Replicas   int // of each stream; 0 = 1

	MaxQueues   int           // queues in the account; 0 = 1000, the vendor's limit
	PollMargin  time.Duration // how long before its end an empty poll answers; negative = at the end, 0 = 150 ms
	CallTimeout time.Duration // longest wait for JetStream in one call; 0 = 2.5 s, below the most impatient Go SDK's 3 s

	// DiskFree tells the bytes free where JetStream stores, for an embedded
	// server. Sends are refused while fewer than DiskReserve are: a disk that
	// is truly full breaks the engine and loses acknowledged messages.
	DiskFree    func() (int64, error)
	DiskReserve int64

	Log *slog.Logger // nil = discarded
}

// Broker speaks for one account: its queues live in one NATS account. All
// methods may be used at once. Any number of brokers, in any number of
// processes, may serve one account: what they share lives in JetStream.
type Broker struct {
	conf    Config
	log     *slog.Logger
	nc      *nats.Conn
	js      jetstream.JetStream
	inbox   *inbox
	slots   slots
	session string // names this broker in handles and in the ledger

	mu     sync.RWMutex
	queues map[string]*queue // by key; only those used since the start

	first      chan struct{} // holds one while a queue is read for the first time
	setup      sync.Mutex    // one change of a queue's configuration at a time
	pollsEnded chan struct{}
	endPolls   sync.Once
	lostAt     atomic.Int64 // Unix ms of the last loss of the connection
	disk       diskGuard

	life context.Context // ends with Close
	stop context.CancelFunc
	done sync.WaitGroup // what Close waits for
}

// Open connects to the account and makes what the service needs there. It
// fails when NATS cannot be reached or JetStream is off.
func Open(ctx context.Context, c Config) (*Broker, error) {
	b := &Broker{conf: c.withDefaults(), queues: map[string]*queue{}, pollsEnded: make(chan struct{}), first: make(chan struct{}, 1)}
	b.log = b.conf.Log
	b.session = newSession()
	b.life, b.stop = context.WithCancel(context.Background())
	b.disk = diskGuard{free: c.DiskFree, reserve: c.DiskReserve}
	if err := b.connect(); err != nil {
		return nil, err
	}
	if err := b.prepare(ctx); err != nil {
		b.nc.Close()
		return nil, err
	}
	b.done.Go(b.keep)
	return b, nil
}

func (c Config) withDefaults() Config {
	if c.Replicas == 0 {
		c.Replicas = 1
	}
	if c.MaxQueues == 0 {
		c.MaxQueues = 1000
	}
	if c.PollMargin == 0 {
		c.PollMargin = 150 * time.Millisecond
	}
	c.PollMargin = max(c.PollMargin, 0)
	if c.CallTimeout == 0 {
		c.CallTimeout = 2500 * time.Millisecond
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return c
}

// Address is the URL without users and passwords, fit to be shown.
func (c Config) Address() string {
	all := strings.Split(c.URL, ",")
	for i, url := range all {
		scheme, rest, ok := strings.Cut(strings.TrimSpace(url), "://")
		if !ok {
			scheme, rest = "nats", scheme
		}
		all[i] = scheme + "://" + rest[strings.LastIndex(rest, "@")+1:]
	}
	return strings.Join(all, ",")
}

func (b *Broker) connect() error {
	opts := []nats.Option{
		nats.Name("jetcmq " + b.session),
		nats.MaxReconnects(-1),
		nats.ReconnectWait(100 * time.Millisecond),
		nats.ReconnectJitter(50*time.Millisecond, 50*time.Millisecond),
		// A call made while the connection is down fails at once rather than
		// being sent later, when its caller has long given up.
		nats.ReconnectBufSize(-1),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) {
			b.log.Warn("nats", "error", err)
		}),
		nats.ReconnectHandler(func(*nats.Conn) { b.reconnected() }),
	}
	opts, err := b.conf.credentials(opts)
	if err != nil {
		return err
	}
	nc, err := nats.Connect(b.conf.URL, opts...)
	if err != nil {
		return fmt.Errorf("connect to NATS at %s: %w", b.conf.Address(), err)
	}
	b.nc = nc
	if b.js, err = jetstream.New(nc, jetstream.WithDefaultTimeout(b.conf.CallTimeout)); err != nil {
		return err
	}
	b.slots.nc = nc
	if b.inbox, err = openInbox(nc); err != nil {
		return err
	}
	nc.SetDisconnectErrHandler(func(_ *nats.Conn, err error) {
		b.lostAt.Store(time.Now().UnixMilli())
		b.inbox.lost()
		if err != nil {
			b.log.Warn("connection to NATS lost, reconnecting", "error", err)
		}
	})
	return nil
}

// credentials adds to opts how the account is entered.
func (c Config) credentials(opts []nats.Option) ([]nats.Option, error) {
	add := func(o nats.Option) { opts = append(opts, o) }
	if c.InProcess != nil {
		add(nats.InProcessServer(c.InProcess))
	}
	if c.User != "" {
		add(nats.UserInfo(c.User, c.Password))
	}
	if c.Token != "" {
		add(nats.Token(c.Token))
	}
	if c.CredsFile != "" {
		add(nats.UserCredentials(c.CredsFile))
	}
	if c.NKeyFile != "" {
		o, err := nats.NkeyOptionFromSeed(c.NKeyFile)
		if err != nil {
			return nil, fmt.Errorf("read nkey %s: %w", c.NKeyFile, err)
		}
		add(o)
	}
	if c.CAFile != "" {
		add(nats.RootCAs(c.CAFile))
	}
	if c.CertFile != "" {
		add(nats.ClientCert(c.CertFile, c.KeyFile))
	}
	return opts, nil
}

// prepare makes the account's ledger and listens for changes that other
// brokers make.
func (b *Broker) prepare(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	if err := b.openLedger(ctx); err != nil {
		return fmt.Errorf("open JetStream of the account: %w", err)
	}
	for _, subject := range []string{
		"$JS.EVENT.ADVISORY.STREAM.UPDATED.*", "$JS.EVENT.ADVISORY.STREAM.DELETED.*",
		"$JS.EVENT.ADVISORY.CONSUMER.CREATED.*.*", "$JS.EVENT.ADVISORY.CONSUMER.DELETED.*.*",
	} {
		if _, err := b.nc.Subscribe(subject, b.changed); err != nil {
			return fmt.Errorf("listen for changes: %w", err)
		}
	}
	return nil
}

// changed marks the queue an advisory speaks of, so that its next use reads it anew.
func (b *Broker) changed(m *nats.Msg) {
	const before = 5 // tokens in front of the stream's name
	tokens := strings.Split(m.Subject, ".")
	if len(tokens) <= before {
		return
	}
	key, ok := strings.CutPrefix(tokens[before], streamPrefix)
	if !ok {
		return
	}
	if q := b.known(key); q != nil {
		q.stale.Store(true)
	}
}

// reconnected forgets what the old connection owed us.
func (b *Broker) reconnected() {
	b.log.Info("connection to NATS is back")
	for _, q := range b.used() {
		q.stale.Store(true)
		q.line.reset()
		q.leases.doubt(b.lostAt.Load())
	}
}

// used lists the queues in use here.
func (b *Broker) used() []*queue {
	b.mu.RLock()
	defer b.mu.RUnlock()
	all := make([]*queue, 0, len(b.queues))
	for _, q := range b.queues {
		all = append(all, q)
	}
	return all
}

// EndPolls makes every waiting Receive, and all later ones, answer without
// waiting. It is for shutdown.
func (b *Broker) EndPolls() { b.endPolls.Do(func() { close(b.pollsEnded) }) }

// Close ends the polls, writes down what other brokers need to know and leaves.
func (b *Broker) Close(ctx context.Context) error {
	b.EndPolls()
	b.stop()
	b.done.Wait()
	for _, q := range b.used() {
		q.record(ctx)
	}
	return b.leave(ctx)
}

// leave closes the connection after what is on its way has been handed back.
func (b *Broker) leave(ctx context.Context) error {
	closed := make(chan struct{})
	b.nc.SetClosedHandler(func(*nats.Conn) { close(closed) })
	if err := b.nc.Drain(); err != nil {
		b.nc.Close() // not connected: nothing is on its way
		return nil
	}
	ctx, cancel := b.within(ctx)
	defer cancel()
	select {
	case <-closed:
	case <-ctx.Done():
		b.nc.Close()
	}
	return nil
}

// within bounds a call to JetStream by the configured patience.
func (b *Broker) within(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, b.conf.CallTimeout)
}
