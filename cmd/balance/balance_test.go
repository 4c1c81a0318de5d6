package balance

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// adapterLike answers with its name, and /readyz as told.
type adapterLike struct {
	*httptest.Server
	ready atomic.Bool
}

func newAdapter(t *testing.T, name string) *adapterLike {
	t.Helper()
	a := &adapterLike{}
	a.ready.Store(true)
	a.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/readyz" && !a.ready.Load() {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		fmt.Fprint(w, name)
	}))
	t.Cleanup(a.Close)
	return a
}

func (a *adapterLike) address() string { return a.Listener.Addr().String() }

// run balances until the test ends, or stop is called, which waits for the end.
func run(t *testing.T, limit int, to ...string) (address string, stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	c := Config{Listen: []string{"127.0.0.1:0"}, To: to, Max: limit, Grace: 20 * time.Second, Log: slog.New(slog.DiscardHandler)}
	at, ended := make(chan net.Addr, 1), make(chan error, 1)
	go func() { ended <- Run(ctx, c, func(all []net.Addr) { at <- all[0] }) }()
	stop = func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		ended <- nil
	}
	t.Cleanup(stop)
	select {
	case a := <-at:
		return a.String(), stop
	case err := <-ended:
		ended <- nil
		t.Fatal(err)
		return "", nil
	}
}

// ask makes a request by a connection of its own.
func ask(address string) (string, error) {
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 10 * time.Second}
	answer, err := client.Get("http://" + address)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	return string(text), err
}

// eventually asks until ten answers in a row are as wanted.
func eventually(t *testing.T, address string, want func(name string) bool) {
	t.Helper()
	for row, end := 0, time.Now().Add(15*time.Second); row < 10; row++ {
		name, err := ask(address)
		if err != nil {
			t.Fatal(err)
		}
		if !want(name) {
			if row = -1; time.Now().After(end) {
				t.Fatalf("still answered by %s", name)
			}
		}
	}
}

func TestOnlyTheReadyAreUsed(t *testing.T) {
	t.Parallel()
	a, b := newAdapter(t, "a"), newAdapter(t, "b")
	address, _ := run(t, 10, a.address(), b.address())
	a.ready.Store(false)
	eventually(t, address, func(name string) bool { return name == "b" })
	a.ready.Store(true)
	b.ready.Store(false)
	eventually(t, address, func(name string) bool { return name == "a" })
	a.ready.Store(false)
	eventually(t, address, func(name string) bool { return name == "a" || name == "b" })
}

func TestConnectionsAreSpread(t *testing.T) {
	t.Parallel()
	a, b := newAdapter(t, "a"), newAdapter(t, "b")
	address, _ := run(t, 100, a.address(), b.address())
	got := map[string]int{}
	for range 20 { // each keeps its connection
		client := http.Client{Transport: &http.Transport{}}
		defer client.CloseIdleConnections()
		answer, err := client.Get("http://" + address)
		if err != nil {
			t.Fatal(err)
		}
		name, _ := io.ReadAll(answer.Body)
		answer.Body.Close()
		got[string(name)]++
	}
	if got["a"] < 5 || got["b"] < 5 {
		t.Errorf("got %v, want about ten each", got)
	}
}

// No client notices a server that dies between two connections, not even in the
// second before the next look.
func TestTheDeadAreSkipped(t *testing.T) {
	t.Parallel()
	a, b := newAdapter(t, "a"), newAdapter(t, "b")
	address, _ := run(t, 10, a.address(), b.address())
	eventually(t, address, func(string) bool { return true })
	a.Close()
	for range 20 {
		if name, err := ask(address); name != "b" {
			t.Fatalf("got %q and %v, want b", name, err)
		}
	}
}

func TestBytesArriveAsSentAndHalfClosed(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() { // answers when its client has said all
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			all, _ := io.ReadAll(c)
			_, _ = fmt.Fprintf(c, "%d: %s", len(all), strings.ToUpper(string(all)))
			c.Close()
		}
	}()
	address, _ := run(t, 10, l.Addr().String())
	c := dial(t, address)
	text := strings.Repeat("hello ", 100_000)
	if _, err := io.WriteString(c, text); err != nil {
		t.Fatal(err)
	}
	if err := c.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(c)
	if want := fmt.Sprintf("%d: %s", len(text), strings.ToUpper(text)); err != nil || string(got) != want {
		t.Errorf("got %d bytes and %v, want %d", len(got), err, len(want))
	}
}

func dial(t *testing.T, address string) *net.TCPConn {
	t.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	if err := c.SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return c.(*net.TCPConn)
}

func TestConnectionsAreBounded(t *testing.T) {
	t.Parallel()
	a := newAdapter(t, "a")
	address, _ := run(t, 2, a.address())
	for range 2 {
		c := dial(t, address)
		if _, err := fmt.Fprint(c, "GET / HTTP/1.1\r\nHost: a\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Read(make([]byte, 1)); err != nil {
			t.Fatal(err)
		}
	}
	if n, err := dial(t, address).Read(make([]byte, 1)); n > 0 || err == nil {
		t.Errorf("the third connection got %d bytes and %v, want it closed", n, err)
	}
}

func TestStopLetsAnswersArrive(t *testing.T) {
	t.Parallel()
	arrived, answer := make(chan bool), make(chan bool)
	slow := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/readyz" {
			arrived <- true
			<-answer
			fmt.Fprint(w, "late")
		}
	}))
	defer slow.Close()
	address, stop := run(t, 10, slow.Listener.Addr().String())
	idle := dial(t, address)
	got := make(chan string)
	go func() {
		name, err := ask(address)
		got <- fmt.Sprint(name, err)
	}()
	<-arrived
	stopped := make(chan bool)
	go func() { stop(); close(stopped) }()
	if _, err := idle.Read(make([]byte, 1)); err == nil || errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("an idle connection got %v, want it closed", err)
	}
	close(answer)
	if name := <-got; name != "late<nil>" {
		t.Errorf("got %s, want the answer", name)
	}
	select {
	case <-stopped:
	case <-time.After(10 * time.Second):
		t.Error("it waits on, for nobody")
	}
}

func TestStopWaitsForSlowReaders(t *testing.T) {
	t.Parallel()
	text := strings.Repeat("x", 32<<20) // more than the buffers of the connections
	big := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, text) }))
	defer big.Close()
	address, stop := run(t, 10, big.Listener.Addr().String())
	c := dial(t, address)
	if _, err := fmt.Fprint(c, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	stopped := make(chan bool)
	go func() { stop(); close(stopped) }()
	select {
	case <-stopped:
		t.Error("it stopped in the middle of an answer")
	case <-time.After(5 * quietTime):
	}
	if n, err := io.Copy(io.Discard, c); err != nil || n < int64(len(text)) {
		t.Errorf("got %d bytes and %v, want %d and more", n, err, len(text))
	}
	<-stopped
}

// A stopped process keeps its connections open and answers nothing.
func TestTheSilentAreCut(t *testing.T) {
	t.Parallel()
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	address, _ := run(t, 10, silent.Addr().String())
	for range 2 { // the second comes when it is known to be silent
		c := dial(t, address)
		if _, err := fmt.Fprint(c, "GET / HTTP/1.1\r\nHost: a\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		var late net.Error
		if _, err := c.Read(make([]byte, 1)); err == nil || errors.As(err, &late) && late.Timeout() {
			t.Errorf("got %v, want the connection closed", err)
		}
	}
}

func TestFaultsAtStart(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]Config{
		"no server":      {Listen: []string{"127.0.0.1:0"}, Max: 1},
		"bad address":    {Listen: []string{"127.0.0.1:0", "127.0.0.1:x"}, To: []string{"127.0.0.1:1"}, Max: 1},
		"no port":        {Listen: []string{"127.0.0.1:0"}, To: []string{"127.0.0.1:1", "adapter-2"}, Max: 1},
		"a URL":          {Listen: []string{"127.0.0.1:0"}, To: []string{"http://127.0.0.1:1"}, Max: 1},
		"no connections": {Listen: []string{"127.0.0.1:0"}, To: []string{"127.0.0.1:1"}},
	} {
		c.Log = slog.New(slog.DiscardHandler)
		ctx, cancel := context.WithCancel(t.Context())
		if err := Run(ctx, c, func([]net.Addr) { cancel() }); err == nil || !strings.HasPrefix(err.Error(), "balance: ") {
			t.Errorf("%s: got %v, want an error", name, err)
		}
		cancel()
	}
}
