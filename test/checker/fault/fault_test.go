package fault

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/jetcmq/jetcmq/test/checker/stand"
)

var (
	binary string
	// direct uses no proxy, and no connection that may have been killed.
	direct = http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
)

func TestMain(m *testing.M) { os.Exit(run(m)) }

// run builds the program once for all tests.
func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "jetcmq-fault-*")
	if err == nil {
		defer os.RemoveAll(dir)
		binary, err = stand.Build(context.Background(), dir)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

// Every service is well through each of its adapters, stands one strike of each
// fault, and is well again with what it was given before.
func TestEveryFaultHeals(t *testing.T) {
	t.Parallel()
	for _, f := range All {
		t.Run(f.Name, func(t *testing.T) {
			t.Parallel()
			heals(t, f)
		})
	}
}

func heals(t *testing.T, f Fault) {
	ctx, cancel := context.WithTimeout(t.Context(), 80*time.Second)
	defer cancel()
	s := opened(t, ctx, f)
	create := url.Values{"Action": {"CreateQueue"}, "visibilityTimeout": {"5"}}
	must(t, ctx, s.Endpoints[0], create)
	serve(t, ctx, s, "before")
	must(t, ctx, s.Endpoints[0], url.Values{"Action": {"SendMessage"}, "msgBody": {"kept"}})
	if err := f.Strike(ctx, s); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	if err := s.WaitReady(ctx); err != nil {
		t.Fatal(err)
	}
	t.Logf("ready %v after the fault was healed", time.Since(began).Round(time.Millisecond))
	if f.Loss == 0 {
		take(t, ctx, s.Endpoints[0], "kept")
	} else { // the queue itself may be too young
		_, err := call(ctx, s.Endpoints[0], create)
		t.Log("lost with all that was young, unless it is refused:", err)
	}
	serve(t, ctx, s, "after")
}

// opened is the service that is to suffer, once it is well.
func opened(t *testing.T, ctx context.Context, f Fault) *stand.Stand {
	s, err := f.Open(ctx, stand.Options{Binary: binary, Dir: t.TempDir()})
	if errors.Is(err, errors.ErrUnsupported) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { end(t, s) })
	if err := s.WaitReady(ctx); err != nil {
		t.Fatal(err)
	}
	return s
}

func end(t *testing.T, s *stand.Stand) {
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if !t.Failed() {
		return
	}
	for _, p := range append(s.Adapters, s.Nodes...) {
		t.Logf("%s said:\n%s", p.Name, p.Log())
	}
}

// serve sends a message through each adapter, and takes it at the next.
func serve(t *testing.T, ctx context.Context, s *stand.Stand, text string) {
	t.Helper()
	for i, at := range s.Endpoints {
		body := fmt.Sprintf("%s %d", text, i)
		must(t, ctx, at, url.Values{"Action": {"SendMessage"}, "msgBody": {body}})
		take(t, ctx, s.Endpoints[(i+1)%len(s.Endpoints)], body)
	}
}

// take receives and deletes messages until the one that is wanted comes. Others
// are ones whose delete was the last thing that a killed server heard.
func take(t *testing.T, ctx context.Context, endpoint, want string) {
	t.Helper()
	for {
		got := must(t, ctx, endpoint, url.Values{"Action": {"ReceiveMessage"}, "pollingWaitSeconds": {"5"}})
		handle, _ := got["receiptHandle"].(string)
		must(t, ctx, endpoint, url.Values{"Action": {"DeleteMessage"}, "receiptHandle": {handle}})
		if got["msgBody"] == want {
			return
		}
		t.Logf("%v came again instead of %s", got["msgBody"], want)
	}
}

// must makes a call on the queue of the test, as often as it takes: an adapter
// that has said it is ready may be a moment late with one queue.
func must(t *testing.T, ctx context.Context, endpoint string, params url.Values) map[string]any {
	t.Helper()
	began := time.Now()
	for tries := 1; ; tries++ {
		answer, err := call(ctx, endpoint, params)
		if err == nil {
			if tries > 1 {
				t.Logf("%s at %s worked after %d calls in %v", params.Get("Action"), endpoint, tries, time.Since(began))
			}
			return answer
		}
		if time.Since(began) > 20*time.Second || ctx.Err() != nil {
			t.Fatalf("%s at %s, call %d: %v", params.Get("Action"), endpoint, tries, err)
		}
		wait(ctx, 100*time.Millisecond)
	}
}

func call(ctx context.Context, endpoint string, params url.Values) (map[string]any, error) {
	params.Set("queueName", "q")
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, endpoint+"/v2/index.php", strings.NewReader(params.Encode()))
	if err != nil {
		return nil, err
	}
	reply, err := direct.Do(r)
	if err != nil {
		return nil, err
	}
	defer reply.Body.Close()
	answer := map[string]any{}
	if err := json.NewDecoder(reply.Body).Decode(&answer); err != nil {
		return nil, err
	}
	if answer["code"] != 0.0 {
		return nil, fmt.Errorf("code %v: %v", answer["code"], answer["message"])
	}
	return answer, nil
}
