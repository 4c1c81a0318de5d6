package jet

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// beside opens one more connection to the account of c.
func beside(t *testing.T, c *Conn) *Conn {
	t.Helper()
	other, err := Open(c.Config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { other.Close(context.Background()) })
	return other
}

func TestAloneIsOneAtATimeInAllProcesses(t *testing.T) {
	t.Parallel()
	c := newConn(t)
	c.CallTimeout = time.Minute
	conns := []*Conn{c, beside(t, c), beside(t, c)}
	var inside, done atomic.Int32
	var all sync.WaitGroup
	for i := range 30 {
		all.Go(func() {
			err := conns[i%3].Alone(t.Context(), "s", func(context.Context) error {
				if n := inside.Add(1); n != 1 {
					t.Errorf("%d at once", n)
				}
				time.Sleep(time.Millisecond) // long enough for another to come in
				inside.Add(-1)
				done.Add(1)
				return nil
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if done.Load() != 30 {
		t.Errorf("%d of 30 had their turn", done.Load())
	}
}

func TestAloneNamesAreIndependent(t *testing.T) {
	t.Parallel()
	c := newConn(t)
	err := c.Alone(t.Context(), "a", func(ctx context.Context) error {
		return c.Alone(ctx, "b", func(context.Context) error { return nil })
	})
	if err != nil {
		t.Error(err)
	}
}

// Who failed for a known reason gives the turn back at once; after a lost
// answer, or a death, it ends by itself.
func TestAloneAfterAFailure(t *testing.T) {
	t.Parallel()
	c := newConn(t)
	c.CallTimeout = 400 * time.Millisecond
	refused := errors.New("refused")
	if err := c.Alone(t.Context(), "s", func(context.Context) error { return refused }); !errors.Is(err, refused) {
		t.Errorf("got %v, want what the function said", err)
	}
	nothing := func(context.Context) error { return nil }
	if err := c.Alone(t.Context(), "s", nothing); err != nil {
		t.Errorf("after a refusal: %v", err)
	}
	if err := c.Alone(t.Context(), "s", func(context.Context) error { return context.DeadlineExceeded }); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want what the function said", err)
	}
	if err := c.Alone(t.Context(), "s", nothing); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("right after a lost answer: %v, want to have waited in vain", err)
	}
	end := time.Now().Add(time.Minute)
	for c.Alone(t.Context(), "s", nothing) != nil {
		if time.Now().After(end) {
			t.Fatal("the turn does not end")
		}
	}
}

func TestAloneMakesWhatItNeeds(t *testing.T) {
	t.Parallel()
	c := newConn(t)
	c.CallTimeout = time.Minute
	for range 2 {
		if err := c.Alone(t.Context(), "s", func(context.Context) error { return nil }); err != nil {
			t.Fatal(err)
		}
		if err := c.JS.DeleteStream(t.Context(), turnStream); err != nil && !errors.Is(err, jetstream.ErrStreamNotFound) {
			t.Fatal(err)
		}
	}
}

// An account may have no memory to keep streams in.
func TestAloneWithoutMemory(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "nats.conf")
	conf := fmt.Sprintf(`
		listen: 127.0.0.1:-1
		jetstream { store_dir: %q }
		accounts { a { jetstream { max_mem: 0, max_file: 100M }, users [{ user: a, password: a }] } }`, t.TempDir())
	if err := os.WriteFile(file, []byte(conf), 0o600); err != nil {
		t.Fatal(err)
	}
	options, err := server.ProcessConfigFile(file)
	if err != nil {
		t.Fatal(err)
	}
	s, err := server.NewServer(options)
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	t.Cleanup(func() { s.Shutdown(); s.WaitForShutdown() })
	if !s.ReadyForConnections(time.Minute) {
		t.Fatal("the server does not start")
	}
	c, err := Open(Config{URL: s.ClientURL(), User: "a", Password: "a", CallTimeout: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close(context.Background()) })
	if err := c.Alone(t.Context(), "s", func(context.Context) error { return nil }); err != nil {
		t.Error(err)
	}
}

// A caller who goes away while he waits for JetStream leaves no turn behind.
func TestAloneOfWhoGoesAway(t *testing.T) {
	t.Parallel()
	c := newConn(t)
	c.CallTimeout = time.Minute
	for i := range 100 {
		name := fmt.Sprint("n", i)
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Duration(i)*3*time.Microsecond, cancel)
		if err := c.Alone(ctx, name, func(ctx context.Context) error { return ctx.Err() }); err != nil {
			t.Fatal(err)
		}
		cancel()
		began := time.Now()
		if _, err := c.takeTurn(t.Context(), name); err != nil || time.Since(began) > 30*time.Second { // it would last a minute
			t.Fatalf("the next one waited %v: %v", time.Since(began), err)
		}
	}
}

// Where somebody listens to everything JetStream does not say that the stream is
// missing: it says nothing.
func TestAloneIsRestoredThoughNobodySaysItIsMissing(t *testing.T) {
	t.Parallel()
	c := newConn(t)
	c.CallTimeout = 300 * time.Millisecond
	other := beside(t, c)
	if _, err := other.NC.Subscribe(">", func(*nats.Msg) {}); err != nil {
		t.Fatal(err)
	}
	if err := other.NC.Flush(); err != nil {
		t.Fatal(err)
	}
	end := time.Now().Add(time.Minute)
	for c.Alone(t.Context(), "s", func(context.Context) error { return nil }) != nil {
		if time.Now().After(end) {
			t.Fatal("it stays missing")
		}
	}
}
