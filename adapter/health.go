package adapter

import (
	"io"
	"net/http"
)

// isProbe tells a health check from a request to the API, which may come on
// this path, too, but has parameters.
func isProbe(r *http.Request) bool {
	return r.URL.Path == "/healthz" && r.URL.RawQuery == "" && r.ContentLength == 0 &&
		(r.Method == http.MethodGet || r.Method == http.MethodHead)
}

func answerProbe(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(http.StatusOK)
	_, _ = io.WriteString(w, "ok\n") // a probe that left needs no answer
}
