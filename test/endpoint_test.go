package test

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// endpoint is a subscriber's web server. It remembers what is pushed to it.
type endpoint struct {
	server *httptest.Server

	mu     sync.Mutex
	pushes map[string][]map[string]any // by path
	status map[string][]int            // what to answer, in this order; the last again and again
}

func newEndpoint(t *testing.T, l net.Listener) *endpoint {
	e := &endpoint{pushes: map[string][]map[string]any{}, status: map[string][]int{}}
	e.server = &httptest.Server{Listener: l, Config: &http.Server{Handler: e}}
	e.server.Start()
	t.Cleanup(e.server.Close)
	return e
}

func (e *endpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	push := map[string]any{}
	_ = json.Unmarshal(body, &push) // SIMPLIFIED is not JSON
	push["body"], push["method"], push["query"] = string(body), r.Method, r.URL.RawQuery
	push["length"] = r.ContentLength
	for name, values := range r.Header {
		push[strings.ToLower(name)] = values[0]
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	path := r.URL.Path
	e.pushes[path] = append(e.pushes[path], push)
	status := http.StatusOK
	if all := e.status[path]; len(all) > 0 {
		status = all[0]
		if len(all) > 1 {
			e.status[path] = all[1:]
		}
	}
	w.WriteHeader(status)
}

// do does one of
//
//	answers <path> <status>...   from now on, the last again and again
//	push <path> <n>              the answer is what the nth push looked like:
//	                             its members, headers (lower-case), body, method, query, length
//	pushes <path>                the answer has the number of pushes as n
func (e *endpoint) do(words []string) (answer, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(words) < 2 {
		return answer{}, fmt.Errorf("endpoint has no %q", words)
	}
	path := words[1]
	switch {
	case words[0] == "answers" && len(words) > 2:
		var all []int
		for _, w := range words[2:] {
			n, err := strconv.Atoi(w)
			if err != nil {
				return answer{}, err
			}
			all = append(all, n)
		}
		e.status[path] = all
		return answerOf(map[string]any{}, nil)
	case words[0] == "push" && len(words) == 3:
		n, err := strconv.Atoi(words[2])
		if err != nil {
			return answer{}, err
		}
		if n > len(e.pushes[path]) {
			return answer{}, fmt.Errorf("there were %d pushes to %s", len(e.pushes[path]), path)
		}
		return answerOf(e.pushes[path][n-1], nil)
	case words[0] == "pushes" && len(words) == 2:
		return answerOf(map[string]any{"n": len(e.pushes[path])}, nil)
	}
	return answer{}, fmt.Errorf("endpoint has no %q", words)
}
