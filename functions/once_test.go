package functions_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/jetcmq/jetcmq/functions"
)

// A row is pushed in order, to a function that remembers two messages.
func TestOnce(t *testing.T) {
	t.Parallel()
	runs, fail := 0, false
	h := functions.New(func(_ context.Context, m functions.Message) error {
		runs++
		switch {
		case m.Body == "drop":
			return functions.Drop(errors.New("never"))
		case fail:
			return errors.New("not now")
		}
		return nil
	}, functions.Once(2), quiet())
	named := func(topic, sub string) string {
		return strings.NewReplacer("MyTopic", topic, "mysubscription", sub, "6942316962", "1").Replace(pushed)
	}
	for i, c := range []struct {
		path, id, body string
		fail, run      bool
	}{
		{"/h", "1", "x", true, true},
		{"/h", "1", "x", false, true}, // the first had failed
		{"/h", "1", "x", true, false}, // now it had not
		{"/h", "2", "x", false, true},
		{"/h", "1", "x", true, false},
		{"/h", "3", "x", false, true}, // forgets 2, which was used longest ago
		{"/h", "1", "x", true, false},
		{"/h", "2", "x", false, true},
		{"/h", "", "x", false, true}, // by hand
		{"/h", "", "x", false, true},
		{"/h", "4", "drop", false, true},
		{"/h", "4", "drop", false, false},
		{"/h?from=a", "5", "x", false, true}, // two endpoints
		{"/h?from=b", "5", "x", false, true},
		{"/h?from=a", "5", "x", false, false},
		{"/h", "1", named("a", "s"), false, true},
		{"/h", "1", named("b", "s"), false, true},
		{"/h", "1", named("b", "t"), false, true},
		{"/h", "1", named("b", "t"), true, false},
		{"/h", "1", named("b", "s"), true, false},
		{"/h", "1", named(`b" "s`, ""), false, true},
	} {
		before := runs
		fail = c.fail
		status := send(t, h, c.path, c.body, "x-cmq-message-id", c.id).Code
		if want := c.fail && c.run; (runs > before) != c.run || (status != 200) != want {
			t.Errorf("push %d: got %d runs and %d, want run %v", i, runs-before, status, c.run)
		}
	}
}

func TestOnceOff(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, -1} {
		runs := 0
		h := functions.New(func(context.Context, functions.Message) error {
			runs++
			return nil
		}, functions.Once(5), functions.Once(n))
		post(t, h, "x", "x-cmq-message-id", "1")
		post(t, h, "x", "x-cmq-message-id", "1")
		if runs != 2 {
			t.Errorf("Once(%d): got %d runs, want 2", n, runs)
		}
	}
}

// Of many duplicates at once one runs at a time; when it fails, another takes
// over, and the first success answers for all that still wait.
func TestOnceConcurrently(t *testing.T) {
	t.Parallel()
	const pushes, failures = 50, 3
	var runs, running atomic.Int32
	h := functions.New(func(context.Context, functions.Message) error {
		if running.Add(1) != 1 {
			t.Error("two duplicates run together")
		}
		defer running.Add(-1)
		if n := runs.Add(1); n <= failures {
			return fmt.Errorf("failure %d", n)
		}
		return nil
	}, functions.Once(10), quiet())
	var status [600]atomic.Int32
	var all sync.WaitGroup
	for range pushes {
		all.Go(func() { status[post(t, h, "x", "x-cmq-message-id", "1")].Add(1) })
	}
	all.Wait()
	if got := runs.Load(); got != failures+1 {
		t.Errorf("got %d runs, want %d", got, failures+1)
	}
	if ok, bad := status[200].Load(), status[500].Load(); ok != pushes-failures || bad != failures {
		t.Errorf("got %d times 200 and %d times 500, want %d and %d", ok, bad, pushes-failures, failures)
	}
}

// Different messages do not wait for each other.
func TestOnceLetsOthersRun(t *testing.T) {
	t.Parallel()
	var together sync.WaitGroup
	together.Add(2)
	h := functions.New(func(context.Context, functions.Message) error {
		together.Done()
		together.Wait()
		return nil
	}, functions.Once(1))
	var all sync.WaitGroup
	for _, id := range []string{"1", "2"} {
		all.Go(func() {
			if got := post(t, h, "x", "x-cmq-message-id", id); got != 200 {
				t.Errorf("got %d", got)
			}
		})
	}
	all.Wait()
}

// A duplicate that waits gives up when its server hangs up, and does not run.
func TestOnceWaitEnds(t *testing.T) {
	t.Parallel()
	started, release := make(chan struct{}), make(chan struct{})
	h := functions.New(func(context.Context, functions.Message) error {
		close(started) // a second run would panic and answer 500
		<-release
		return nil
	}, functions.Once(1), quiet())
	first := make(chan int, 1)
	go func() { first <- post(t, h, "x", "x-cmq-message-id", "1") }()
	<-started
	ctx, hangUp := context.WithCancel(t.Context())
	hangUp()
	r := httptest.NewRequest(http.MethodPost, "/hello", strings.NewReader("x")).WithContext(ctx)
	r.Header.Set("x-cmq-message-id", "1")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if w.Code != 500 {
		t.Errorf("got %d for the second, want 500", w.Code)
	}
	close(release)
	if got := <-first; got != 200 {
		t.Errorf("got %d for the first, want 200", got)
	}
	if got := post(t, h, "x", "x-cmq-message-id", "1"); got != 200 {
		t.Errorf("got %d afterwards, want 200", got)
	}
}

// What failed by a panic may run again.
func TestOnceAfterPanic(t *testing.T) {
	t.Parallel()
	runs := 0
	h := functions.New(func(context.Context, functions.Message) error {
		if runs++; runs == 1 {
			panic("first")
		}
		return nil
	}, functions.Once(1), quiet())
	for i, want := range []int{500, 200, 200} {
		if got := post(t, h, "x", "x-cmq-message-id", "1"); got != want {
			t.Errorf("push %d: got %d, want %d", i, got, want)
		}
	}
	if runs != 2 {
		t.Errorf("got %d runs, want 2", runs)
	}
}
