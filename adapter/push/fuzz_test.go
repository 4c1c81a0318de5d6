package push

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/jetcmq/jetcmq/mapping"
)

// FuzzRequest gives the request anything that a message and an endpoint may
// hold. It must stay one request, to one path, with our headers and no others.
func FuzzRequest(f *testing.F) {
	f.Add("http://h/p?q=1", "body", "a", "1.2", "1")
	f.Add("https://h:1/ HTTP/1.1?x y", "", "a\r\nX: y", "\xff\x00", "\n")
	f.Add("http://[::1]:80/%2f/世?世", "<>", " ", "\u0085\u2028", "")
	ours := []string{"Content-Length", "Content-Type", "User-Agent", "X-Cmq-Message-Id", "X-Cmq-Message-Tag", "X-Cmq-Request-Id", "X-Cmq-Routing-Key"}
	f.Fuzz(func(t *testing.T, endpoint, body, tag, key, id string) {
		m := mapping.Push{Endpoint: endpoint, Format: mapping.FormatSimplified, Body: body, Tags: []string{tag}, RoutingKey: key, ID: id}
		sent, err := newRequest(t.Context(), m)
		if err != nil {
			return
		}
		var wire bytes.Buffer
		if err := sent.Write(&wire); err != nil {
			return // a host that no server could have
		}
		r := bufio.NewReader(&wire)
		got, err := http.ReadRequest(r)
		if err != nil {
			t.Fatalf("endpoint %q: %v", endpoint, err)
		}
		text, err := io.ReadAll(got.Body)
		if err != nil || string(text) != body {
			t.Errorf("got body %q and %v, want %q", text, err, body)
		}
		if rest, _ := io.ReadAll(r); len(rest) > 0 {
			t.Errorf("got %q behind the request", rest)
		}
		for name, values := range got.Header {
			if !slices.Contains(ours, name) || len(values) != 1 {
				t.Errorf("got header %s: %q", name, values)
			}
		}
		if got.Method != http.MethodPost || !strings.HasPrefix(got.RequestURI, "/") {
			t.Errorf("got %s %s", got.Method, got.RequestURI)
		}
	})
}
