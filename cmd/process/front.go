package process

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jetcmq/jetcmq/adapter"
)

// front is what the listener serves: probes from the first moment, calls as
// soon as there is an engine to answer them.
type front struct {
	calls   atomic.Pointer[http.Handler] // nil while the engine is not open
	closing atomic.Bool

	mu     sync.Mutex // one look at a time
	engine *engine
	looked time.Time
	found  error
}

// lookEvery bounds how often probes make the engine write.
const lookEvery = 250 * time.Millisecond

var (
	errStarting = errors.New("starting")
	errStopping = errors.New("stopping")
)

func newFront() *front { return &front{} }

func (f *front) handler() http.Handler {
	return adapter.Probes(http.HandlerFunc(f.serve), f.ready)
}

// serve answers calls that come too early like a server that is not there yet:
// SDKs take that for a broken connection, not for a result.
func (f *front) serve(w http.ResponseWriter, r *http.Request) {
	calls := f.calls.Load()
	if calls == nil {
		w.Header().Set("Retry-After", "1")
		http.Error(w, errStarting.Error(), http.StatusServiceUnavailable)
		return
	}
	(*calls).ServeHTTP(w, r)
}

// open lets calls in.
func (f *front) open(e *engine, calls http.Handler) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.engine = e
	f.calls.Store(&calls)
}

// close makes it not ready for good, so that balancers send others elsewhere.
func (f *front) close() { f.closing.Store(true) }

// ready tells why calls would not be served well, one line a reason.
func (f *front) ready(ctx context.Context) error {
	if f.closing.Load() {
		return errStopping
	}
	if f.calls.Load() == nil {
		return errStarting
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if time.Since(f.looked) >= lookEvery {
		// Not the prober's context: the next prober is told the result, too.
		f.found = f.engine.ready(context.WithoutCancel(ctx))
		f.looked = time.Now()
	}
	return f.found
}

// ready asks all accounts at once.
func (e *engine) ready(ctx context.Context) error {
	var all sync.WaitGroup
	faults := make(chan error, len(e.accounts))
	for name, a := range e.accounts {
		all.Go(func() {
			if err := a.Ready(ctx); err != nil {
				faults <- fmt.Errorf("account %s: %w", name, err)
			}
		})
	}
	all.Wait()
	close(faults)
	var found []error
	for err := range faults {
		found = append(found, err)
	}
	slices.SortFunc(found, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return errors.Join(found...)
}
