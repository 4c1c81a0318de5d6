package push_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"regexp"
	"strings"
	"testing"

	"github.com/jetcmq/jetcmq/mapping"
)

var requestID = regexp.MustCompile(`\r\nx-cmq-request-id: ([0-9]+)\r\n`)

// capture delivers m and gives the bytes that the endpoint saw, with N for the
// request's id.
func capture(t *testing.T, m mapping.Push, path string) string {
	t.Helper()
	seen := make(chan string, 1)
	endpoint := conversation(t, func(_ int, c net.Conn, r *bufio.Reader) {
		var raw strings.Builder
		hear(bufio.NewReader(io.TeeReader(r, &raw)))
		_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
		seen <- raw.String()
	})
	m.Endpoint = endpoint + path
	if err := local(t, 0).Deliver(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	raw := strings.ReplaceAll(<-seen, strings.TrimPrefix(endpoint, "http://"), "HOST")
	if !requestID.MatchString(raw) {
		t.Errorf("no request id of digits in %q", raw)
	}
	return requestID.ReplaceAllString(raw, "\r\nx-cmq-request-id: N\r\n")
}

func wantRaw(t *testing.T, got string, lines ...string) {
	t.Helper()
	if want := strings.Join(lines, "\r\n"); got != want {
		t.Errorf("got\n%q\nwant\n%q", got, want)
	}
}

func TestJSONRequest(t *testing.T) {
	t.Parallel()
	m := message("")
	m.Tags, m.RoutingKey = []string{"a", "b"}, "1.test.0"
	wantRaw(t, capture(t, m, "/hook?x=1&y=%20"),
		"POST /hook?x=1&y=%20 HTTP/1.1",
		"Host: HOST",
		"User-Agent: Qcloud Notification Service Agent",
		"Content-Length: 151",
		"Content-Type: text/plain",
		"x-cmq-message-id: 6942316962",
		"x-cmq-message-tag: a, b",
		"x-cmq-request-id: N",
		"x-cmq-routing-key: 1.test.0",
		"",
		`{"TopicOwner":100015036,"topicName":"MyTopic","subscriptionName":"mysubscription","msgId":"6942316962","msgBody":"test message","publishTime":11203432}`)
}

func TestSimplifiedRequest(t *testing.T) {
	t.Parallel()
	for _, body := range []string{"test message", "", "<&>\r\n\x00\xff", strings.Repeat("世", 100_000)} {
		m := message("")
		m.Format, m.Body = mapping.FormatSimplified, body
		wantRaw(t, capture(t, m, ""),
			"POST / HTTP/1.1",
			"Host: HOST",
			"User-Agent: Qcloud Notification Service Agent",
			fmt.Sprintf("Content-Length: %d", len(body)),
			"Content-Type: text/plain",
			"x-cmq-message-id: 6942316962",
			"x-cmq-request-id: N",
			"",
			body)
	}
}

func TestJSONBody(t *testing.T) {
	t.Parallel()
	for body, quoted := range map[string]string{
		`<a href="x">&</a>`: `"<a href=\"x\">&</a>"`,
		"世界 \u00e9 😀":       `"世界 é 😀"`,
		"a\nb\r\t\\/\x01":   `"a\nb\r\t\\/\u0001"`,
		"":                  `""`,
		"\xff":              `"\ufffd"`,
	} {
		m := message("")
		m.Body = body
		raw := capture(t, m, "/")
		_, got, _ := strings.Cut(raw, "\r\n\r\n")
		want := `{"TopicOwner":100015036,"topicName":"MyTopic","subscriptionName":"mysubscription","msgId":"6942316962","msgBody":` + quoted + `,"publishTime":11203432}`
		if got != want || !json.Valid([]byte(got)) {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

// TestHeaderValues keeps tags, which may hold anything, within their header.
func TestHeaderValues(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		tags []string
		want string
	}{
		{[]string{"a"}, "a"},
		{[]string{"a", "b", "a"}, "a, b, a"},
		{[]string{"红色", "é"}, "红色, é"},
		{[]string{"100%", "%0A", "a,b;c=\"d\""}, "100%, %0A, a,b;c=\"d\""},
		{[]string{"a\r\nX-Injected: 1\r\n\r\n", "b\nc"}, "a%0D%0AX-Injected: 1%0D%0A%0D%0A, b%0Ac"},
		{[]string{"\x00\x1f\x7f\t"}, "%00%1F%7F%09"},
		{[]string{"\xff\xfe", "\u0085"}, "%FF%FE, %C2%85"},
	} {
		m := message("")
		m.Tags = c.tags
		m.RoutingKey = strings.Join(c.tags, ", ")
		m.ID = m.RoutingKey
		raw := capture(t, m, "/")
		for _, name := range []string{"x-cmq-message-tag", "x-cmq-routing-key", "x-cmq-message-id"} {
			if line := "\r\n" + name + ": " + c.want + "\r\n"; !strings.Contains(raw, line) {
				t.Errorf("tags %q: got %q, want in it %q", c.tags, raw, line)
			}
		}
		head, _, _ := strings.Cut(raw, "\r\n\r\n")
		if got := strings.Count(head, "\r\n"); got != 8 || strings.Count(head, "\n") != 8 {
			t.Errorf("tags %q: got %d header lines, want 8: %q", c.tags, got, head)
		}
	}
}

func TestRequestLine(t *testing.T) {
	t.Parallel()
	for path, target := range map[string]string{
		"":                        "/",
		"?":                       "/?",
		"?a=b":                    "/?a=b",
		"/a b":                    "/a%20b",
		"/%41%2f/世":               "/%41%2f/%E4%B8%96",
		"//evil.example/x":        "//evil.example/x",
		"/x?a=b c HTTP/1.1":       "/x?a=b%20c%20HTTP/1.1",
		"/x?a=世&b=\xff":           "/x?a=%E4%B8%96&b=%FF",
		"/x?u=http://h/&v=%0d%0a": "/x?u=http://h/&v=%0d%0a",
		"/x#fragment":             "/x",
		"/x?a#b?c":                "/x?a",
		"/../a/./b":               "/../a/./b",
	} {
		got, _, _ := strings.Cut(capture(t, message(""), path), "\r\n")
		if want := "POST " + target + " HTTP/1.1"; got != want {
			t.Errorf("endpoint's path %q: got %q, want %q", path, got, want)
		}
	}
}

func TestFreshRequestID(t *testing.T) {
	t.Parallel()
	ids := make(chan string, 100)
	endpoint := conversation(t, func(_ int, c net.Conn, r *bufio.Reader) {
		for {
			var raw strings.Builder
			// Nothing is ahead of the request, so no other can be swallowed.
			if !hear(bufio.NewReader(io.TeeReader(r, &raw))) {
				return
			}
			ids <- requestID.FindString(raw.String())
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
		}
	})
	seen := map[string]bool{}
	p := local(t, 0)
	for range cap(ids) {
		want(t, p, endpoint, "")
		seen[<-ids] = true
	}
	if len(seen) != cap(ids) || seen[""] {
		t.Errorf("got %d different ids, want %d", len(seen), cap(ids))
	}
}
