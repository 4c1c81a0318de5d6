package functions

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"runtime/debug"
	"time"
)

// maxBody holds a message of 1 MiB in JSON even if every byte is escaped to six.
const maxBody = 8 << 20

// New makes f a push subscriber. f runs once for each push, pushes run at the
// same time, and ctx ends when the server has hung up. nil answers 200, an error
// or a panic 500.
func New(f func(ctx context.Context, m Message) error, options ...Option) http.Handler {
	return newHandler(func(ctx context.Context, p push) error { return f(ctx, p.Message) }, options)
}

// An Option changes how a handler reads pushes and calls its function.
type Option func(*handler)

// Within ends the function's context after d. The function has to look at it;
// nothing is cut off. Without it, or with 0, the context ends with the request.
func Within(d time.Duration) Option { return func(h *handler) { h.within = d } }

// Limit refuses a body of more than n bytes with 413; without it the limit is 8 MiB.
func Limit(n int64) Option { return func(h *handler) { h.limit = n } }

// Log sends failures to l; without it they go to [slog.Default].
func Log(l *slog.Logger) Option { return func(h *handler) { h.log = l } }

// JSON takes pushes in the format JSON only, and answers 400 to others.
func JSON() Option { return func(h *handler) { h.format = "JSON" } }

// Simplified takes every body as the message's text.
func Simplified() Option { return func(h *handler) { h.format = "SIMPLIFIED" } }

// Drop marks err as one that another push will not cure: the push is answered
// with 200, so that the server does not repeat it, and err is logged. It may be
// wrapped further. Drop(nil) is nil.
func Drop(err error) error {
	if err == nil {
		return nil
	}
	return &dropped{err}
}

type dropped struct{ error }

func (d *dropped) Unwrap() error { return d.error }

type handler struct {
	call   func(context.Context, push) error
	events bool   // whether a body may be an SCF event
	format string // "JSON", "SIMPLIFIED", or "": look at each push
	limit  int64
	within time.Duration
	once   *once // nil: every push runs
	log    *slog.Logger
}

func newHandler(call func(context.Context, push) error, options []Option) *handler {
	h := &handler{call: call, limit: maxBody}
	for _, o := range options {
		o(h)
	}
	return h
}

func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		answer(w, http.StatusMethodNotAllowed)
		return
	}
	status := http.StatusOK
	if p, err := h.read(w, r); err != nil {
		status = h.refuse(r, err)
	} else if !h.done(r, p) {
		status = http.StatusInternalServerError
	}
	answer(w, status)
}

// read takes the body whole: only then does net/http notice that the server hangs up.
func (h *handler) read(w http.ResponseWriter, r *http.Request) (push, error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, h.limit))
	if err != nil {
		return push{}, err
	}
	return h.decode(r.Header, body)
}

// refuse logs a push that was not understood: for the server it is a failure
// like others, and the message will be lost in the end.
func (h *handler) refuse(r *http.Request, err error) (status int) {
	status = http.StatusBadRequest
	if large := (*http.MaxBytesError)(nil); errors.As(err, &large) {
		status = http.StatusRequestEntityTooLarge
	}
	h.logger().Error("push refused", "status", status, "error", err, "message", r.Header.Get("x-cmq-message-id"))
	return status
}

// done tells whether the server need not push p again.
func (h *handler) done(r *http.Request, p push) bool {
	run := func() bool { return h.run(r.Context(), p) }
	if h.once == nil || p.ID == "" {
		return run()
	}
	return h.once.do(r.Context(), keyOf(r.URL.RequestURI(), p.Message), run)
}

// run calls the function and logs what went wrong.
func (h *handler) run(ctx context.Context, p push) (done bool) {
	err := h.guarded(ctx, p)
	if err == nil {
		return true
	}
	log := h.logger().With("message", p.ID, "request", p.RequestID, "topic", p.Topic, "subscription", p.Subscription, "error", err)
	var drop *dropped
	var crash *panicked
	switch {
	case errors.As(err, &drop):
		log.Warn("push dropped")
		return true
	case errors.As(err, &crash):
		log.Error("function panicked", "stack", string(crash.stack))
	default:
		log.Error("function failed")
	}
	return false
}

// guarded turns a panic of the function into an error.
func (h *handler) guarded(ctx context.Context, p push) (err error) {
	defer func() {
		if value := recover(); value != nil {
			err = &panicked{value, debug.Stack()}
		}
	}()
	if h.within > 0 {
		limited, cancel := context.WithTimeout(ctx, h.within)
		defer cancel()
		ctx = limited
	}
	return h.call(ctx, p)
}

type panicked struct {
	value any
	stack []byte
}

func (p *panicked) Error() string { return fmt.Sprint(p.value) }

// logger asks late, so that a default set after New counts.
func (h *handler) logger() *slog.Logger { return cmp.Or(h.log, slog.Default()) }

// answer has words for people who look; the server reads the number only.
func answer(w http.ResponseWriter, status int) { http.Error(w, http.StatusText(status), status) }
