package push

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/jetcmq/jetcmq/mapping"
)

// agent is what CMQ calls itself.
const agent = "Qcloud Notification Service Agent"

// newRequest makes the request of an attempt as CMQ makes it: a length and never
// chunks, text/plain for JSON too, names of headers in lower case.
// x-cmq-routing-key is ours; CMQ has no header for it.
func newRequest(ctx context.Context, m mapping.Push) (*http.Request, error) {
	u, err := parseEndpoint(m.Endpoint)
	if err != nil {
		return nil, err
	}
	body, err := content(m)
	if err != nil {
		return nil, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "/", body)
	if err != nil {
		return nil, fmt.Errorf("make the request: %w", err)
	}
	r.URL, r.Host = u, u.Host
	// Assigned, because Set would write X-Cmq-Request-Id.
	r.Header = http.Header{
		"Content-Type":     {"text/plain"},
		"User-Agent":       {agent},
		"x-cmq-request-id": {strconv.FormatInt(rand.Int64(), 10)},
		"x-cmq-message-id": {headerValue(m.ID)},
		// Without a value it is not sent. It lets net/http send again when a
		// connection that was kept from an earlier push turns out to be dead: that
		// says nothing about the endpoint, and pushes are at least once anyway.
		"Idempotency-Key": nil,
	}
	if len(m.Tags) > 0 {
		r.Header["x-cmq-message-tag"] = []string{headerValue(strings.Join(m.Tags, ", "))}
	}
	if m.RoutingKey != "" {
		r.Header["x-cmq-routing-key"] = []string{headerValue(m.RoutingKey)}
	}
	return r, nil
}

// notification is the body in JSON: names, their case and order are CMQ's.
type notification struct {
	Owner        int64  `json:"TopicOwner"` // sic: a number, and a capital
	Topic        string `json:"topicName"`
	Subscription string `json:"subscriptionName"`
	ID           string `json:"msgId"`
	Body         string `json:"msgBody"`
	Published    int64  `json:"publishTime"`
}

// content is the body. Its type tells net/http the length, and how to send it
// again.
func content(m mapping.Push) (io.Reader, error) {
	if m.Format == mapping.FormatSimplified {
		return strings.NewReader(m.Body), nil
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(notification{m.Owner, m.Topic, m.Subscription, m.ID, m.Body, m.Published}); err != nil {
		return nil, fmt.Errorf("encode the notification: %w", err)
	}
	b.Truncate(b.Len() - 1) // Encode ends with a newline
	return &b, nil
}

// headerValue writes control characters, and bytes that are not UTF-8, like %0A.
// All else stays as it is, a % too: that keeps a header whole and readable, and
// is not meant to be undone.
func headerValue(s string) string { return percent(s, unicode.IsControl) }

// percent writes each byte of a rune that is not wanted, or is no UTF-8, as %XX.
func percent(s string, unwanted func(rune) bool) string {
	const hex = "0123456789ABCDEF"
	if utf8.ValidString(s) && !strings.ContainsFunc(s, unwanted) {
		return s
	}
	var b strings.Builder
	for len(s) > 0 {
		r, size := utf8.DecodeRuneInString(s)
		if (r == utf8.RuneError && size == 1) || unwanted(r) {
			for i := range size {
				b.Write([]byte{'%', hex[s[i]>>4], hex[s[i]&15]})
			}
		} else {
			b.WriteString(s[:size])
		}
		s = s[size:]
	}
	return b.String()
}
