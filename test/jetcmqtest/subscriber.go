package jetcmqtest

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"

	"github.com/jetcmq/jetcmq/functions"
)

// Subscriber is a web server that pushes go to. It answers 200 unless told
// otherwise, and remembers every push.
type Subscriber struct {
	server *Server
	*inbox
}

type inbox struct {
	web *httptest.Server

	mu      sync.Mutex
	pushes  []Push
	answers map[string][]int
}

// Push is a message as it was pushed.
type Push struct {
	functions.Message // what it says, in either notifyContentFormat
	Path              string
	Status            int // what the subscriber answered
	Header            http.Header
	Raw               string // the request's body
}

// String is one line for the reader of a failed test.
func (p Push) String() string {
	return fmt.Sprintf("%s %q msgId=%s tags=%s answered %d", p.Path, p.Body, p.ID, strings.Join(p.Tags, ","), p.Status)
}

// Subscriber starts a web server that lasts as long as the test, where the
// server reaches it:
//
//	web := s.Subscriber()
//	s.Subscribe("news", "web", web.URL("/news"))
func (s *Server) Subscriber() *Subscriber {
	s.t.Helper()
	i := &inbox{answers: map[string][]int{}}
	i.web = &httptest.Server{Listener: s.Listen(), Config: &http.Server{Handler: i}}
	i.web.Start()
	s.t.Cleanup(i.web.Close)
	return &Subscriber{s, i}
}

// For is the same subscriber for another test, such as a subtest: s says which.
func (w *Subscriber) For(s *Server) *Subscriber { return &Subscriber{s, w.inbox} }

// URL is the endpoint for a subscription whose pushes shall go to path.
func (w *Subscriber) URL(path string) string {
	return w.server.PushURL(w.web.Listener.Addr(), path)
}

// Answer has the next pushes to path answered by these statuses, one after the
// other; the last is for all further ones.
func (w *Subscriber) Answer(path string, statuses ...int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.answers[path] = statuses
}

// ServeHTTP takes a push.
func (i *inbox) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	raw, err := io.ReadAll(io.LimitReader(r.Body, 4<<20))
	if err != nil {
		return
	}
	p := Push{Path: r.URL.Path, Header: r.Header, Raw: string(raw), Status: http.StatusOK}
	r.Body = io.NopCloser(bytes.NewReader(raw))
	functions.New(func(_ context.Context, m functions.Message) error {
		p.Message = m
		return nil
	}).ServeHTTP(httptest.NewRecorder(), r)
	i.mu.Lock()
	defer i.mu.Unlock()
	if all := i.answers[p.Path]; len(all) > 0 {
		p.Status = all[0]
		i.answers[p.Path] = all[min(1, len(all)-1):]
	}
	i.pushes = append(i.pushes, p)
	rw.WriteHeader(p.Status)
}

// Pushes is all that was pushed until now.
func (w *Subscriber) Pushes() []Push {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.pushes)
}

// WaitFor waits for a push that matches, and finds those of before, too.
func (w *Subscriber) WaitFor(match func(Push) bool) (found Push) {
	s := w.server
	s.t.Helper()
	ok, _ := s.until(func(context.Context) (bool, error) {
		all := w.Pushes()
		i := slices.IndexFunc(all, match)
		if i >= 0 {
			found = all[i]
		}
		return i >= 0, nil
	})
	if !ok {
		s.t.Fatalf("no such push within %v. %s", s.service.options.patience, list("Pushed", w.Pushes()))
	}
	return found
}

// ExpectNone fails if anything that matches was pushed, once all that was
// published before is delivered or dropped.
func (w *Subscriber) ExpectNone(match func(Push) bool) {
	s := w.server
	s.t.Helper()
	s.Settle()
	if i := slices.IndexFunc(w.Pushes(), match); i >= 0 {
		s.t.Fatalf("this should not have been pushed:\n\t%v\n%s", w.Pushes()[i], list("Pushed", w.Pushes()))
	}
}
