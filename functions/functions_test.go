package functions_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/jetcmq/jetcmq/functions"
)

// quiet keeps expected failures out of the test's output.
func quiet() functions.Option { return functions.Log(slog.New(slog.DiscardHandler)) }

// post sends a body as a server's push does and returns the answer's status.
func post(t *testing.T, h http.Handler, body string, header ...string) int {
	t.Helper()
	return send(t, h, "/hello", body, header...).Code
}

func send(t *testing.T, h http.Handler, path, body string, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(body))
	r.Header.Set("Content-Type", "text/plain")
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestAnswers(t *testing.T) {
	t.Parallel()
	bad := errors.New("secret detail")
	for name, c := range map[string]struct {
		f    func(context.Context, functions.Message) error
		want int
		log  string // what the log has to say
	}{
		"nil":          {func(context.Context, functions.Message) error { return nil }, 200, ""},
		"error":        {func(context.Context, functions.Message) error { return bad }, 500, "level=ERROR msg=\"function failed\""},
		"drop":         {func(context.Context, functions.Message) error { return functions.Drop(bad) }, 200, "level=WARN msg=\"push dropped\""},
		"wrapped drop": {func(context.Context, functions.Message) error { return fmt.Errorf("a: %w", functions.Drop(bad)) }, 200, "error=\"a: secret detail\""},
		"drop nil":     {func(context.Context, functions.Message) error { return functions.Drop(nil) }, 200, ""},
		"panic":        {func(context.Context, functions.Message) error { panic(bad) }, 500, "functions_test.TestAnswers"},
		"panic nil":    {func(context.Context, functions.Message) error { panic(nil) }, 500, "level=ERROR msg=\"function panicked\""},
		"abort":        {func(context.Context, functions.Message) error { panic(http.ErrAbortHandler) }, 500, "stack="},
		"no function":  {nil, 500, "nil pointer"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var log bytes.Buffer
			h := functions.New(c.f, functions.Log(slog.New(slog.NewTextHandler(&log, nil))))
			got := send(t, h, "/", "hi", "x-cmq-message-id", "77", "x-cmq-request-id", "88")
			if got.Code != c.want {
				t.Errorf("got status %d, want %d", got.Code, c.want)
			}
			if strings.Contains(got.Body.String(), "secret") {
				t.Errorf("the caller was told %q", got.Body)
			}
			if c.log == "" && log.Len() > 0 || !strings.Contains(log.String(), c.log) {
				t.Errorf("got log %q, want %q in it", &log, c.log)
			}
			if c.log != "" && !strings.Contains(log.String(), "message=77 request=88") {
				t.Errorf("got log %q without the ids", &log)
			}
		})
	}
}

func TestDropKeepsItsError(t *testing.T) {
	t.Parallel()
	err := functions.Drop(io.EOF)
	if !errors.Is(err, io.EOF) || err.Error() != "EOF" {
		t.Errorf("got %v, want EOF", err)
	}
}

func TestOnlyPost(t *testing.T) {
	t.Parallel()
	h := functions.New(func(context.Context, functions.Message) error {
		t.Error("called")
		return nil
	})
	for _, method := range []string{"GET", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH", "post"} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(method, "/", nil))
		if w.Code != http.StatusMethodNotAllowed || w.Header().Get("Allow") != "POST" {
			t.Errorf("%s: got %d, Allow %q", method, w.Code, w.Header().Get("Allow"))
		}
	}
}

func TestLimit(t *testing.T) {
	t.Parallel()
	var got int
	f := func(_ context.Context, m functions.Message) error {
		got = len(m.Body)
		return nil
	}
	const megabyte = 1 << 20
	worst := strings.Replace(pushed, "test message", strings.Repeat(`\u0007`, megabyte), 1)
	for _, c := range []struct {
		name, body   string
		options      []functions.Option
		status, size int
	}{
		{"a message of 1 MiB, every byte escaped", worst, nil, 200, megabyte},
		{"the default", strings.Repeat("x", 8*megabyte), nil, 200, 8 * megabyte},
		{"more than the default", strings.Repeat("x", 8*megabyte+1), nil, 413, 0},
		{"an own limit", "12345", []functions.Option{functions.Limit(5)}, 200, 5},
		{"more than it", "123456", []functions.Option{functions.Limit(5)}, 413, 0},
	} {
		got = 0
		status := post(t, functions.New(f, append(c.options, quiet())...), c.body)
		if status != c.status || got != c.size {
			t.Errorf("%s: got %d with %d bytes, want %d with %d", c.name, status, got, c.status, c.size)
		}
	}
}

func TestBrokenBody(t *testing.T) {
	t.Parallel()
	h := functions.New(func(context.Context, functions.Message) error {
		t.Error("called")
		return nil
	}, quiet())
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/", io.MultiReader(strings.NewReader("half"), broken{})))
	if w.Code != http.StatusBadRequest {
		t.Errorf("got %d, want 400", w.Code)
	}
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func TestWithin(t *testing.T) {
	t.Parallel()
	f := func(ctx context.Context, _ functions.Message) error {
		<-ctx.Done()
		return ctx.Err()
	}
	if got := post(t, functions.New(f, functions.Within(time.Millisecond), quiet()), "x"); got != 500 {
		t.Errorf("got %d, want 500", got)
	}
	limit := func(ctx context.Context, _ functions.Message) error {
		if _, ok := ctx.Deadline(); ok {
			return errors.New("a limit that nobody asked for")
		}
		return nil
	}
	if got := post(t, functions.New(limit, functions.Within(0), quiet()), "x"); got != 200 {
		t.Errorf("got %d without a limit, want 200", got)
	}
}

// A server that gives up ends the function's context.
func TestHangUp(t *testing.T) {
	t.Parallel()
	started, ended := make(chan struct{}), make(chan error, 1)
	server := httptest.NewServer(functions.New(func(ctx context.Context, _ functions.Message) error {
		close(started)
		<-ctx.Done()
		ended <- ctx.Err()
		return ctx.Err()
	}, quiet()))
	t.Cleanup(server.Close)
	ctx, hangUp := context.WithCancel(t.Context())
	defer hangUp()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, server.URL, strings.NewReader("hi"))
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		<-started
		hangUp()
	}()
	if resp, err := server.Client().Do(r); err == nil {
		resp.Body.Close()
		t.Fatalf("got %s, want a request that was given up", resp.Status)
	}
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want a canceled context", err)
	}
}

// Nothing a function does takes the server down.
func TestServerSurvives(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(functions.New(func(_ context.Context, m functions.Message) error {
		switch m.Body {
		case "panic":
			panic("on purpose")
		case "goexit":
			runtime.Goexit()
		}
		return nil
	}, quiet(), functions.Once(1)))
	t.Cleanup(server.Close)
	for _, c := range []struct {
		body string
		want int // 0: no answer
	}{{"panic", 500}, {"goexit", 0}, {"fine", 200}} {
		r, err := http.NewRequest(http.MethodPost, server.URL, strings.NewReader(c.body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("x-cmq-message-id", "1")
		resp, err := server.Client().Do(r)
		got := 0
		if err == nil {
			got = resp.StatusCode
			resp.Body.Close()
		}
		if got != c.want {
			t.Errorf("%s: got %d, want %d", c.body, got, c.want)
		}
	}
}

func BenchmarkPush(b *testing.B) {
	h := functions.New(func(context.Context, functions.Message) error { return nil }, functions.Once(1000))
	b.ReportAllocs()
	for b.Loop() {
		r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(pushed))
		r.Header.Set("x-cmq-message-id", "6942316962")
		h.ServeHTTP(httptest.NewRecorder(), r)
	}
}
