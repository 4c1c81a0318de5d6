package compose

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// caller is a CMQ client that does not give up.
type caller struct{ endpoint string }

type answer struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
	ID      string `json:"msgId"`
	Body    string `json:"msgBody"`
	Handle  string `json:"receiptHandle"`
}

// What CMQ answers to a receive that finds nothing, and to a handle that is no
// longer good: of a delete that was repeated, for one.
const noMessage, badHandle = 7000, 4430

// patience is longer than a call takes that waits three seconds.
var client = &http.Client{Timeout: 6 * time.Second}

// call makes a call once. Parameters are name=value.
func (c *caller) call(ctx context.Context, action string, params ...string) (a answer, err error) {
	form := url.Values{"Action": {action}}
	for _, p := range params {
		name, value, _ := strings.Cut(p, "=")
		form.Set(name, value)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.endpoint, strings.NewReader(form.Encode()))
	if err != nil {
		return a, err
	}
	reply, err := client.Do(r)
	if err != nil {
		return a, err
	}
	defer reply.Body.Close()
	if err := json.NewDecoder(reply.Body).Decode(&a); err != nil {
		return a, fmt.Errorf("%s: %s: %w", action, reply.Status, err)
	}
	return a, nil
}

// insist repeats a call until it succeeds or answers one of these codes.
func (c *caller) insist(ctx context.Context, codes []int, action string, params ...string) (answer, error) {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		a, err := c.call(ctx, action, params...)
		if err == nil {
			for _, ok := range append(codes, 0) {
				if a.Code == ok {
					return a, nil
				}
			}
		}
		select {
		case <-ctx.Done():
			return a, fmt.Errorf("%s: last answered %d %s, %v: %w", action, a.Code, a.Message, err, ctx.Err())
		case <-tick.C:
		}
	}
}

// must makes a call, within half a minute.
func (c *caller) must(t *testing.T, action string, params ...string) answer {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	a, err := c.insist(ctx, nil, action, params...)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func (c *caller) probe(ctx context.Context) (status int, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, c.endpoint+"/readyz", nil)
	if err != nil {
		return 0, err
	}
	reply, err := client.Do(r)
	if err != nil {
		return 0, err
	}
	return reply.StatusCode, reply.Body.Close()
}
