package queues_test

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/jetcmq/jetcmq/mapping"
	"github.com/jetcmq/jetcmq/mapping/embedded"
	"github.com/jetcmq/jetcmq/mapping/jet"
	"github.com/jetcmq/jetcmq/mapping/queues"
)

var ctx = context.Background()

// config is all that a broker can be told.
type config struct {
	jet.Config
	queues queues.Config
}

// broker is a broker with a connection of its own, as another process has one.
type broker struct {
	*queues.Broker
	conn *jet.Conn
}

func open(c config) (*broker, error) {
	conn, err := jet.Open(c.Config)
	if err != nil {
		return nil, err
	}
	b, err := queues.Open(ctx, conn, c.queues)
	if err != nil {
		conn.Close(ctx)
		return nil, err
	}
	return &broker{b, conn}, nil
}

func (b *broker) Close(ctx context.Context) {
	b.Broker.Close(ctx)
	b.conn.Close(ctx)
}

// account is a real engine with brokers on it.
type account struct {
	t      *testing.T
	server *embedded.Server
	door   embedded.Door
	*broker
}

// newAccount starts an engine on a directory of the test.
func newAccount(t *testing.T, adjust ...func(*config)) *account {
	t.Helper()
	t.Parallel()
	return startAccount(t, t.TempDir(), adjust...)
}

func startAccount(t *testing.T, dir string, adjust ...func(*config)) *account {
	t.Helper()
	s, err := embedded.Start(embedded.Config{Dir: dir, Log: testLog()})
	if err != nil {
		t.Fatal(err)
	}
	door, err := s.InProcess("default")
	if err != nil {
		t.Fatal(err)
	}
	a := &account{t: t, server: s, door: door}
	t.Cleanup(func() { // after the brokers have closed
		stop, cancel := context.WithTimeout(ctx, 20*time.Second)
		defer cancel()
		if err := s.Stop(stop); err != nil {
			t.Error(err)
		}
	})
	a.broker = a.join(adjust...)
	return a
}

// broker opens one more broker on the account, as another process would.
func (a *account) join(adjust ...func(*config)) *broker {
	a.t.Helper()
	c := config{Config: jet.Config{InProcess: a.door, User: a.door.User, Password: a.door.Password, CallTimeout: patience, Log: testLog()}}
	for _, f := range adjust {
		f(&c)
	}
	b, err := open(c)
	if err != nil {
		a.t.Fatal(err)
	}
	a.t.Cleanup(func() { b.Close(ctx) })
	return b
}

// restart stops the engine and the broker in order and starts both again.
func (a *account) restart() {
	a.t.Helper()
	dir := a.server.Dir()
	a.broker.Close(ctx)
	if err := a.server.Stop(ctx); err != nil {
		a.t.Fatal(err)
	}
	b := startAccount(a.t, dir)
	a.server, a.door, a.broker = b.server, b.door, b.broker
}

// native connects as a NATS program of the account does.
func (a *account) native() (*nats.Conn, jetstream.JetStream) {
	a.t.Helper()
	nc, err := nats.Connect("", nats.InProcessServer(a.door), nats.UserInfo(a.door.User, a.door.Password))
	if err != nil {
		a.t.Fatal(err)
	}
	a.t.Cleanup(nc.Close)
	js, err := jetstream.New(nc)
	if err != nil {
		a.t.Fatal(err)
	}
	return nc, js
}

func testLog() *slog.Logger {
	level := slog.LevelError
	if os.Getenv("TEST_LOG") != "" {
		level = slog.LevelDebug
	}
	return slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: level}))
}

func num(n int) *int { return &n }

// quick is a queue whose messages come back after a second.
var quick = mapping.QueueAttributes{VisibilityTimeout: num(1)}

func (a *account) create(name mapping.QueueName, attributes mapping.QueueAttributes) {
	a.t.Helper()
	if _, err := a.CreateQueue(ctx, name, attributes); err != nil {
		a.t.Fatalf("create %s: %v", name, err)
	}
}

func (a *account) send(name mapping.QueueName, bodies ...string) []string {
	a.t.Helper()
	var ids []string
	for _, body := range bodies {
		id, err := a.Send(ctx, name, body, 0)
		if err != nil {
			a.t.Fatalf("send to %s: %v", name, err)
		}
		ids = append(ids, id)
	}
	return ids
}

// receive wants one message within wait.
func (a *account) receive(name mapping.QueueName, wait time.Duration) mapping.Message {
	a.t.Helper()
	ms, err := a.Receive(ctx, name, 1, wait)
	if err != nil {
		a.t.Fatalf("receive from %s: %v", name, err)
	}
	return ms[0]
}

// none wants nothing to be there.
func (a *account) none(name mapping.QueueName, wait time.Duration) {
	a.t.Helper()
	ms, err := a.Receive(ctx, name, 1, wait)
	if !errors.Is(err, mapping.ErrNoMessage) {
		a.t.Fatalf("receive from %s: got %v, %v, want no message", name, ms, err)
	}
}

func (a *account) delete(name mapping.QueueName, handle string) {
	a.t.Helper()
	if err := a.Delete(ctx, name, handle); err != nil {
		a.t.Fatalf("delete from %s: %v", name, err)
	}
}

// refused wants a handle to be dead.
func (a *account) refused(name mapping.QueueName, handle, why string) {
	a.t.Helper()
	if err := a.Delete(ctx, name, handle); !errors.Is(err, mapping.ErrHandle) {
		a.t.Errorf("delete with %s: got %v, want %v", why, err, mapping.ErrHandle)
	}
}

func (a *account) describe(name mapping.QueueName) mapping.QueueDescription {
	a.t.Helper()
	d, err := a.DescribeQueue(ctx, name)
	if err != nil {
		a.t.Fatalf("describe %s: %v", name, err)
	}
	return d
}

// counts wants a queue's counters to become what is said, soon.
func (a *account) counts(name mapping.QueueName, active, inactive, delayed, rewindable int64) {
	a.t.Helper()
	var d mapping.QueueDescription
	eventually(a.t, func() bool {
		d = a.describe(name)
		return d.Active == active && d.Inactive == inactive && d.Delayed == delayed && d.Rewindable == rewindable
	}, func() string {
		return "counters of " + string(name) + ": got active, inactive, delayed, rewindable " +
			join(d.Active, d.Inactive, d.Delayed, d.Rewindable) + ", want " + join(active, inactive, delayed, rewindable)
	})
}

func join(ns ...int64) (s string) {
	for _, n := range ns {
		s += strconv.FormatInt(n, 10) + " "
	}
	return s
}

// patience is for what has no limit of its own; the machine may be busy.
const patience = time.Minute

// eventually waits for a condition.
func eventually(t *testing.T, ok func() bool, otherwise func() string) {
	t.Helper()
	deadline := time.Now().Add(patience)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatal(otherwise())
		}
		<-tick.C
	}
}
