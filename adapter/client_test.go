package adapter

import (
	"bufio"
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"hash"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sort"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jetcmq/jetcmq/adapter/action"
	"github.com/jetcmq/jetcmq/mapping/account"
)

const (
	testID     = "AKIDtestid0000000000000000000000001"
	testSecret = "testkey0000000000000000000000001"
)

// keys are the key pairs of the vectors and of the captures.
func keys() map[string]Key {
	return map[string]Key{testID: {Secret: testSecret}, "AKIDholdoutdummy": {Secret: "holdoutsecretdummy"}, "AKIDEXAMPLE": {Secret: "SecretKeyExample"}}
}

// at stops a's clock.
func at(a *Adapter, seconds int64) *Adapter {
	a.now = func() time.Time { return time.Unix(seconds, 0) }
	return a
}

// wire returns an Adapter that finds every action and answers with outcome:
// what is before the actions, and nothing behind it.
func wire(c Config, outcome func(ctx context.Context, name string, p action.Params) (action.Answer, error)) *Adapter {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	a := New(c)
	a.find = func(_ action.API, name string) *action.Action { return &action.Action{Name: name} }
	a.call = func(act *action.Action, ctx context.Context, _ *account.Account, p action.Params) (action.Answer, error) {
		return outcome(ctx, act.Name, p)
	}
	return a
}

// noop answers nothing and no error.
func noop(context.Context, string, action.Params) (action.Answer, error) {
	return action.Answer{}, nil
}

// serve starts a real server for h and returns its address.
func serve(t testing.TB, h http.Handler) string {
	t.Helper()
	s := httptest.NewUnstartedServer(h)
	s.Config = NewServer(h, slog.New(slog.DiscardHandler))
	s.Start()
	t.Cleanup(s.Close)
	return s.Listener.Addr().String()
}

// signed completes params with the common ones and their signature, by a code
// of its own: sort, join, HMAC.
func signed(method, host, path string, params map[string]string) url.Values {
	all := map[string]string{"SecretId": testID, "Timestamp": "1700000000", "Nonce": "4321"}
	for name, value := range params {
		all[name] = value
	}
	names := make([]string, 0, len(all))
	for name := range all {
		names = append(names, name)
	}
	sort.Strings(names)
	form := url.Values{}
	pieces := make([]string, len(names))
	for i, name := range names {
		pieces[i] = strings.ReplaceAll(name, "_", ".") + "=" + all[name]
		form.Set(name, all[name])
	}
	form.Set("Signature", sign(all["SignatureMethod"], method+host+path+"?"+strings.Join(pieces, "&")))
	return form
}

func sign(method, text string) string {
	h := func() hash.Hash { return sha1.New() }
	if strings.HasSuffix(strings.ToLower(method), "sha256") {
		h = sha256.New
	}
	mac := hmac.New(h, []byte(testSecret))
	io.WriteString(mac, text)
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// post is the bytes of a POST without a Content-Type.
func post(host, path, body string) []byte {
	return fmt.Appendf(nil, "POST %s HTTP/1.1\r\nHost: %s\r\nContent-Length: %d\r\n\r\n%s", path, host, len(body), body)
}

// client is one kept connection that costs a benchmark little.
type client struct {
	conn net.Conn
	r    *bufio.Reader
	body []byte
}

func dial(t testing.TB, addr string) *client {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return &client{conn: conn, r: bufio.NewReader(conn)}
}

// do sends a request and returns the body of its answer, which is overwritten by the next.
func (c *client) do(request []byte) ([]byte, error) {
	if _, err := c.conn.Write(request); err != nil {
		return nil, err
	}
	length := -1
	for line := 0; ; line++ {
		text, err := c.r.ReadSlice('\n')
		if err != nil {
			return nil, err
		}
		if line == 0 && !bytes.Contains(text, []byte(" 200 ")) {
			return nil, fmt.Errorf("got status line %q", text)
		}
		if value, ok := bytes.CutPrefix(text, []byte("Content-Length: ")); ok {
			if length, err = strconv.Atoi(string(bytes.TrimSpace(value))); err != nil {
				return nil, err
			}
		}
		if len(text) == 2 {
			break
		}
	}
	if length < 0 {
		return nil, fmt.Errorf("got no Content-Length")
	}
	if cap(c.body) < length {
		c.body = make([]byte, length)
	}
	c.body = c.body[:length]
	_, err := io.ReadFull(c.r, c.body)
	return c.body, err
}
