package process

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/jetcmq/jetcmq/adapter"
	"github.com/jetcmq/jetcmq/adapter/push"
	"github.com/jetcmq/jetcmq/mapping/account"
	"github.com/jetcmq/jetcmq/mapping/embedded"
	"github.com/jetcmq/jetcmq/mapping/jet"
	"github.com/jetcmq/jetcmq/mapping/queues"
	"github.com/jetcmq/jetcmq/mapping/topics"
)

// engine is what the API stands on: a broker for each account, and the NATS
// server below them if it is ours.
type engine struct {
	pusher   *push.Pusher                // to HTTP endpoints, for all accounts
	accounts map[string]*account.Account // by name
	inside   *embedded.Server            // nil with an external server
	url      string                      // for NATS clients, without passwords
	data     string
}

// open starts or reaches NATS, opens every account, and applies the seeds.
func open(ctx context.Context, c Config, log *slog.Logger) (*engine, error) {
	e := &engine{accounts: map[string]*account.Account{}}
	file, err := c.readSeeds()
	if err != nil {
		return nil, err
	}
	e.pusher, err = push.New(push.Config{Allow: c.PushAllow, Loopback: c.private(), Timeout: longestPush(c.TimeScale)})
	if err != nil {
		return nil, fmt.Errorf("JETCMQ_PUSH_ALLOW: %w", err)
	}
	if err := e.start(c, log); err != nil {
		return nil, err
	}
	err = e.openAccounts(ctx, c, log)
	if err == nil {
		err = e.seed(ctx, c, file, log)
	}
	if err != nil {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), c.StopTimeout)
		defer cancel()
		return nil, errors.Join(err, e.close(ctx))
	}
	return e, nil
}

func (e *engine) openAccounts(ctx context.Context, c Config, log *slog.Logger) error {
	for _, name := range c.accounts() {
		a, err := e.openAccount(ctx, c, name, log)
		if err != nil {
			return err
		}
		e.accounts[name] = a
	}
	return nil
}

// start runs the embedded server, unless there is an external one.
func (e *engine) start(c Config, log *slog.Logger) (err error) {
	if c.NATSURL != "" {
		e.url = jet.Config{URL: c.NATSURL}.Address()
		e.data = "in the NATS server"
		return nil
	}
	levels := map[string]embedded.Sync{"memory": embedded.Memory, "process": embedded.SyncEverySecond, "power": embedded.SyncAlways}
	s := embedded.Config{Dir: c.DataDir, Addr: c.NATSAddr, Open: len(c.credentials) == 0, Sync: levels[c.Durability], Log: log}
	for _, name := range c.accounts() {
		s.Accounts = append(s.Accounts, embedded.Account{Name: name, Users: c.users(name)})
	}
	if s.Sync == embedded.Memory {
		s.Dir = "" // a file store of an earlier run has no business in it
	}
	if e.inside, err = embedded.Start(s); err != nil {
		return explainStart(err, c)
	}
	e.url, e.data = e.inside.URL(), e.inside.Dir()
	if s.Sync == embedded.Memory {
		e.data = "in memory, gone at the end"
	}
	return nil
}

// users lets the callers of an account in as NATS clients too.
func (c *Config) users(account string) (all []embedded.User) {
	for _, one := range c.credentials {
		if one.account == account {
			all = append(all, embedded.User{Name: one.id, Password: one.key})
		}
	}
	return all
}

func explainStart(err error, c Config) error {
	switch {
	case errors.Is(err, embedded.ErrDirInUse):
		return fmt.Errorf("JETCMQ_DATA_DIR: %w; stop that one, choose another directory, or join it by JETCMQ_NATS_URL", err)
	case errors.Is(err, embedded.ErrAddr):
		return fmt.Errorf("JETCMQ_NATS_ADDR=%s: %w; choose another address, or off", c.NATSAddr, err)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("JETCMQ_DATA_DIR=%s: %w; give that directory to the user %d, who runs this", c.DataDir, err, os.Getuid())
	}
	return err
}

func (e *engine) openAccount(ctx context.Context, c Config, name string, log *slog.Logger) (*account.Account, error) {
	levels := map[string]jet.Durability{"memory": jet.Memory, "process": jet.Process, "power": jet.Power}
	m := account.Config{
		Config: jet.Config{Durability: levels[c.Durability], Replicas: c.Replicas, CallTimeout: c.CallTimeout, Log: log.With("account", name)},
		Queues: queues.Config{Max: c.MaxQueues, PollMargin: c.PollMargin},
		Topics: topics.Config{
			Max:              c.MaxTopics,
			MaxSubscriptions: c.MaxSubscriptions,
			Owner:            c.AppID,
			AcceptUnrouted:   c.PublishUnrouted == "accept",
			Deliver:          e.pusher.Deliver,
			CheckEndpoint:    e.pusher.Check,
			Pushes:           c.PushConcurrency,
			TimeScale:        c.TimeScale,
		},
	}
	if c.PollMargin == 0 {
		m.Queues.PollMargin = -1 // its zero means the default
	}
	if e.inside == nil {
		m.URL, m.User, m.Password, m.Token = c.NATSURL, c.NATSUser, c.NATSPassword, c.NATSToken
		m.CredsFile, m.NKeyFile = c.credsFile(name), c.NATSNKey
		m.CAFile, m.CertFile, m.KeyFile = c.NATSCA, c.NATSCert, c.NATSKey
	} else if err := e.enter(&m.Config, c, name); err != nil {
		return nil, err
	}
	if e.inside != nil {
		return account.Open(ctx, m)
	}
	a, err := patiently(ctx, m)
	if err != nil {
		return nil, fmt.Errorf("JETCMQ_NATS_URL: account %s: %w", name, err)
	}
	return a, nil
}

// patiently opens an account at an external NATS, which may be started at the
// same time as we are, and take longer.
func patiently(ctx context.Context, c account.Config) (*account.Account, error) {
	var told time.Time
	for {
		a, err := account.Open(ctx, c)
		if err == nil || !jet.NotYet(err) {
			return a, err
		}
		if time.Since(told) > tellEvery {
			c.Log.Warn("waiting for NATS", "error", err)
			told = time.Now()
		}
		if jet.Pause(ctx, retryEvery) != nil {
			return nil, err
		}
	}
}

const (
	retryEvery = 500 * time.Millisecond
	tellEvery  = 10 * time.Second
)

// enter points m to the door of the embedded server, and to its disk.
func (e *engine) enter(m *jet.Config, c Config, name string) error {
	door, err := e.inside.InProcess(name)
	if err != nil {
		return err
	}
	m.InProcess, m.User, m.Password = door, door.User, door.Password
	if _, _, err := e.inside.Free(); err == nil && c.DiskReserve > 0 {
		m.DiskReserve = int64(c.DiskReserve)
		m.DiskFree = func() (int64, error) {
			free, _, err := e.inside.Free()
			return free, err
		}
	}
	return nil
}

// adapter makes the HTTP side over the accounts.
func (e *engine) adapter(c Config, log *slog.Logger) *adapter.Adapter {
	a := adapter.Config{
		Hosts:          c.SignedHosts,
		TrustForwarded: c.TrustForwardedHost,
		Skew:           c.ClockSkew,
		MaxBody:        int64(c.MaxBody),
		MaxCalls:       c.MaxCalls,
		Log:            log,
	}
	if len(c.credentials) == 0 {
		a.Account = e.accounts[defaultAccount]
		return adapter.New(a)
	}
	a.Keys = map[string]adapter.Key{}
	for _, one := range c.credentials {
		a.Keys[one.id] = adapter.Key{Secret: one.key, Account: e.accounts[one.account]}
	}
	return adapter.New(a)
}

func (e *engine) endPolls() {
	for _, a := range e.accounts {
		a.EndPolls()
	}
}

// close closes the accounts side by side, so that none delivers on while it
// waits for another's endpoints, and with time left for the NATS server.
func (e *engine) close(ctx context.Context) error {
	brief, cancel := mostOf(ctx)
	defer cancel()
	var accounts sync.WaitGroup
	for _, a := range e.accounts {
		accounts.Go(func() { a.Close(brief) })
	}
	accounts.Wait()
	e.pusher.Close()
	if e.inside != nil {
		return e.inside.Stop(ctx)
	}
	return nil
}

// mostOf is two thirds of the time that ctx leaves.
func mostOf(ctx context.Context) (context.Context, context.CancelFunc) {
	end, limited := ctx.Deadline()
	if !limited {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, time.Until(end)*2/3)
}

// longestPush is CMQ's limit, also where JETCMQ_TIME_SCALE lengthens it. What
// shortens it is the topics' to keep.
func longestPush(scale float64) time.Duration {
	return time.Duration(float64(15*time.Second) * max(1, scale))
}
