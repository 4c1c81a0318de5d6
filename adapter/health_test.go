package adapter

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
)

func TestProbes(t *testing.T) {
	t.Parallel()
	wrong := errors.New("account default: JetStream takes no write")
	for _, c := range []struct {
		path   string
		ready  error
		status int
		text   string
	}{
		{"/healthz", nil, 200, "ok\n"},
		{"/healthz", wrong, 200, "ok\n"},
		{"/readyz", nil, 200, "ok\n"},
		{"/readyz", wrong, 503, wrong.Error() + "\n"},
	} {
		h := Probes(wire(Config{Keys: keys()}, noop), func(context.Context) error { return c.ready })
		for _, method := range []string{http.MethodGet, http.MethodHead} {
			w := httptest.NewRecorder()
			h.ServeHTTP(w, httptest.NewRequest(method, c.path, nil))
			if w.Code != c.status || w.Body.String() != c.text {
				t.Errorf("%s %s: got %d %q, want %d %q", method, c.path, w.Code, w.Body, c.status, c.text)
			}
		}
		wantReply(t, "POST", ask(t, h, httptest.NewRequest(http.MethodPost, c.path, nil)), 4000, "(10390)lacked of required parameter Action")
	}
}
