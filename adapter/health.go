package adapter

import (
	"context"
	"io"
	"net/http"
	"strings"
)

// Probes answers GET and HEAD of /healthz and /readyz, and leaves all other
// requests to next.
//
// /healthz is 200 as long as the process answers at all. /readyz is 200 while
// ready returns nil, and 503 with the error's text otherwise. Requests to the
// API may come on these paths, too; they have parameters.
func Probes(next http.Handler, ready func(context.Context) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case isProbe(r, "/healthz"):
			answerProbe(w, nil)
		case isProbe(r, "/readyz"):
			answerProbe(w, ready(r.Context()))
		default:
			next.ServeHTTP(w, r)
		}
	})
}

func isProbe(r *http.Request, path string) bool {
	return r.URL.Path == path && r.URL.RawQuery == "" && r.ContentLength == 0 &&
		(r.Method == http.MethodGet || r.Method == http.MethodHead)
}

func answerProbe(w http.ResponseWriter, err error) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	status, text := http.StatusOK, "ok"
	if err != nil {
		status, text = http.StatusServiceUnavailable, strings.TrimSpace(err.Error())
	}
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text+"\n") // a probe that left needs no answer
}
