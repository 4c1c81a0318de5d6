package embedded_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/jetcmq/jetcmq/mapping/embedded"
)

func ExampleStart() {
	s, err := embedded.Start(embedded.Config{Sync: embedded.Memory})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer s.Stop(context.Background())
	door, _ := s.InProcess("default")
	nc, err := nats.Connect("", nats.InProcessServer(door), nats.UserInfo(door.User, door.Password))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer nc.Close()
	fmt.Println(nc.IsConnected(), s.URL() == "")
	// Output: true true
}

func start(t testing.TB, c embedded.Config) *embedded.Server {
	t.Helper()
	if c.Dir == "" {
		c.Dir = t.TempDir()
	}
	s, err := embedded.Start(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(t, s) })
	return s
}

func stop(t testing.TB, s *embedded.Server) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if err := s.Stop(ctx); err != nil {
		t.Error(err)
	}
}

// enter connects through the door of an account.
func enter(t testing.TB, s *embedded.Server, account string) jetstream.JetStream {
	t.Helper()
	door, err := s.InProcess(account)
	if err != nil {
		t.Fatal(err)
	}
	nc, err := nats.Connect("", nats.InProcessServer(door), nats.UserInfo(door.User, door.Password))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	return js
}

func store(t testing.TB, js jetstream.JetStream, stream, body string) {
	t.Helper()
	_, err := js.CreateOrUpdateStream(t.Context(), jetstream.StreamConfig{Name: stream, Subjects: []string{stream + ".>"}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := js.Publish(t.Context(), stream+".x", []byte(body)); err != nil {
		t.Fatal(err)
	}
}

func load(t testing.TB, js jetstream.JetStream, stream string) string {
	t.Helper()
	s, err := js.Stream(t.Context(), stream)
	if err != nil {
		return err.Error()
	}
	m, err := s.GetMsg(t.Context(), 1)
	if err != nil {
		return err.Error()
	}
	return string(m.Data)
}

func TestDataSurvivesRestart(t *testing.T) {
	t.Parallel()
	for name, sync := range map[string]embedded.Sync{"second": embedded.SyncEverySecond, "always": embedded.SyncAlways} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := embedded.Config{Dir: t.TempDir(), Sync: sync}
			s := start(t, c)
			store(t, enter(t, s, "default"), "Q", "hello")
			stop(t, s)
			if got := load(t, enter(t, start(t, c), "default"), "Q"); got != "hello" {
				t.Errorf("after the restart got %q, want hello", got)
			}
		})
	}
}

func TestAccountsAreSeparate(t *testing.T) {
	t.Parallel()
	c := embedded.Config{Dir: t.TempDir(), Accounts: []embedded.Account{{Name: "a"}, {Name: "b"}}}
	s := start(t, c)
	store(t, enter(t, s, "a"), "Q", "of a")
	if got, want := load(t, enter(t, s, "b"), "Q"), jetstream.ErrStreamNotFound.Error(); got != want {
		t.Errorf("b sees %q, want %q", got, want)
	}
	store(t, enter(t, s, "b"), "Q", "of b")
	stop(t, s)
	s = start(t, c)
	for _, name := range []string{"a", "b"} {
		if got, want := load(t, enter(t, s, name), "Q"), "of "+name; got != want {
			t.Errorf("%s sees %q, want %q", name, got, want)
		}
	}
	if _, err := s.InProcess("c"); err == nil {
		t.Error("an unknown account has a door")
	}
}

func TestPayloadOfOneMiBWithHeaders(t *testing.T) {
	t.Parallel()
	js := enter(t, start(t, embedded.Config{}), "default")
	body := strings.Repeat("x", 1<<20)
	store(t, js, "Q", body)
	if got := load(t, js, "Q"); got != body {
		t.Errorf("got %d bytes, want %d", len(got), len(body))
	}
}

func TestClientsOfOtherProcesses(t *testing.T) {
	t.Parallel()
	accounts := []embedded.Account{
		{Name: "a", Users: []embedded.User{{Name: "ann", Password: "secret"}}},
		{Name: "b", Users: []embedded.User{{Name: "bob", Password: "hidden"}}},
	}
	for _, c := range []struct {
		name       string
		open       bool
		user, pass string
		want       string // the stream's first message, or the error
	}{
		{"right password", false, "ann", "secret", "of a"},
		{"other account", false, "bob", "hidden", jetstream.ErrStreamNotFound.Error()},
		{"wrong password", false, "ann", "hidden", nats.ErrAuthorization.Error()},
		{"no password", false, "", "", nats.ErrAuthorization.Error()},
		{"no password, open", true, "", "", "of a"},
		{"wrong password, open", true, "ann", "hidden", nats.ErrAuthorization.Error()},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := start(t, embedded.Config{Addr: "127.0.0.1:0", Accounts: accounts, Open: c.open, Log: slog.New(slog.DiscardHandler)})
			store(t, enter(t, s, "a"), "Q", "of a")
			if got := loadByTCP(t, s.URL(), c.user, c.pass); !strings.EqualFold(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func loadByTCP(t *testing.T, url, user, password string) string {
	t.Helper()
	nc, err := nats.Connect(url, nats.UserInfo(user, password))
	if err != nil {
		return err.Error()
	}
	defer nc.Close()
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	return load(t, js, "Q")
}

func TestURL(t *testing.T) {
	t.Parallel()
	for addr, want := range map[string]string{"": "", "off": "", "127.0.0.1:0": "nats://127.0.0.1:", ":0": "nats://127.0.0.1:", "0.0.0.0:0": "nats://127.0.0.1:"} {
		got := start(t, embedded.Config{Addr: addr}).URL()
		if !strings.HasPrefix(got, want) || (got == "") != (want == "") || strings.HasSuffix(got, ":0") {
			t.Errorf("%q: got URL %q, want %q and a port", addr, got, want)
		}
	}
}

func TestLock(t *testing.T) {
	t.Parallel()
	c := embedded.Config{Dir: t.TempDir()}
	s := start(t, c)
	_, err := embedded.Start(c)
	if !errors.Is(err, embedded.ErrDirInUse) || !strings.Contains(err.Error(), s.Dir()) {
		t.Errorf("second start: got %v, want ErrDirInUse with %s", err, s.Dir())
	}
	stop(t, s)
	stop(t, s) // harmless
	start(t, c)
}

func TestStartRefuses(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { taken.Close() }) // not defer: the cases run later
	broken := t.TempDir()
	if err := os.WriteFile(filepath.Join(broken, "jetstream"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	user := []embedded.User{{Name: "u", Password: "p"}}
	for _, c := range []struct {
		name   string
		config embedded.Config
		want   string
	}{
		{"no directory", embedded.Config{}, "data directory is needed"},
		{"address taken", embedded.Config{Dir: t.TempDir(), Addr: taken.Addr().String()}, embedded.ErrAddr.Error()},
		{"address without port", embedded.Config{Dir: t.TempDir(), Addr: "127.0.0.1"}, embedded.ErrAddr.Error()},
		{"bad account", embedded.Config{Dir: t.TempDir(), Accounts: []embedded.Account{{Name: "../x"}}}, `"../x"`},
		{"account twice", embedded.Config{Dir: t.TempDir(), Accounts: []embedded.Account{{Name: "a"}, {Name: "a"}}}, "twice"},
		{"user twice", embedded.Config{Dir: t.TempDir(), Accounts: []embedded.Account{{Name: "a", Users: user}, {Name: "b", Users: user}}}, "twice"},
		{"directory is broken", embedded.Config{Dir: broken}, "start the NATS server"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s, err := embedded.Start(c.config)
			if err == nil {
				stop(t, s)
			}
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want an error with %q", err, c.want)
			}
		})
	}
}

func TestQuietLog(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	s := start(t, embedded.Config{Addr: "127.0.0.1:0", Log: slog.New(slog.NewTextHandler(&out, nil))})
	store(t, enter(t, s, "default"), "Q", "hello")
	stop(t, s)
	if out.Len() > 0 {
		t.Errorf("the log has %s, want nothing", &out)
	}
}

func TestMemoryLeavesNothing(t *testing.T) {
	t.Parallel()
	s, err := embedded.Start(embedded.Config{Sync: embedded.Memory})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.Free(); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("free space: got error %v, want ErrUnsupported", err)
	}
	stop(t, s)
	if _, err := os.Stat(s.Dir()); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%s is still there: %v", s.Dir(), err)
	}
}

func TestFree(t *testing.T) {
	t.Parallel()
	free, total, err := start(t, embedded.Config{}).Free()
	if errors.Is(err, errors.ErrUnsupported) {
		t.Skip(err)
	}
	if err != nil || free <= 0 || total < free {
		t.Errorf("got %d of %d free, error %v", free, total, err)
	}
}

func TestStopHasADeadline(t *testing.T) {
	t.Parallel()
	s := start(t, embedded.Config{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Stop(ctx); err != nil && !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want nil or the context's error", err)
	}
}

func BenchmarkStart(b *testing.B) {
	for b.Loop() {
		b.StopTimer()
		dir := b.TempDir()
		b.StartTimer()
		s, err := embedded.Start(embedded.Config{Dir: dir, Addr: "127.0.0.1:0"})
		if err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		stop(b, s)
		b.StartTimer()
	}
}
