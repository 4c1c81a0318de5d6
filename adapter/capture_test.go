package adapter

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"os"
	"path"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/jetcmq/jetcmq/adapter/action"
	"github.com/jetcmq/jetcmq/mapping"
)

// capture is one recorded request.
type capture struct {
	name, action string
	api          action.API
	head, body   []byte // head ends before the empty line
	refused      bool   // no way to sign explains its signature
}

// recorded is when API 3.0's were, to a minute.
const recorded = 1795403320

var contentLength = regexp.MustCompile(`(?i)content-length: (\d+)`)

func captures(t *testing.T) []capture {
	t.Helper()
	var list []capture
	dir := os.DirFS("testdata/captures")
	names, err := fs.Glob(dir, "*/*.txt")
	if err != nil || len(names) < 250 {
		t.Fatal(len(names), err)
	}
	for _, name := range names {
		text, err := fs.ReadFile(dir, name)
		if err != nil {
			t.Fatal(err)
		}
		head, rest, ok := bytes.Cut(text, []byte("\r\n\r\n"))
		if !ok {
			t.Fatalf("%s: no end of headers", name)
		}
		length := 0
		if found := contentLength.FindSubmatch(head); found != nil {
			length, _ = strconv.Atoi(string(found[1]))
		}
		file, api := path.Base(name), action.Legacy
		if after, ok := strings.CutPrefix(file, "cmq."); ok {
			file, api = after, action.CMQ
		} else if after, ok := strings.CutPrefix(file, "tdmq."); ok {
			file, api = after, action.TDMQ
		}
		act, _, _ := strings.Cut(file, ".")
		act, _, _ = strings.Cut(act, "-")
		list = append(list, capture{name, act, api, head, rest[:length], bytes.Contains(rest, []byte("no signing variant"))})
	}
	return list
}

// request is the bytes that were sent, with more at the end of the parameters.
func (c capture) request(more string) []byte {
	head := contentLength.ReplaceAll(c.head, strconv.AppendInt([]byte("Content-Length: "), int64(len(c.body)+len(more)), 10))
	if len(c.body) == 0 {
		head, more = bytes.Replace(c.head, []byte(" HTTP/1.1"), []byte(more+" HTTP/1.1"), 1), ""
	}
	return bytes.Join([][]byte{head, []byte("\r\n\r\n"), c.body, []byte(more)}, nil)
}

// more is what changes a request, and leaves it readable.
func (c capture) more() string {
	if bytes.HasPrefix(c.body, []byte("{")) {
		return " "
	}
	return "&more=1"
}

// TestCaptures replays what real SDKs sent: it is read, its signature holds,
// it reaches the action that was called, and that understands all of it. One
// more parameter, which nobody signed, and it goes nowhere.
func TestCaptures(t *testing.T) {
	t.Parallel()
	var called atomic.Value
	a := at(wire(Config{Keys: keys()}, func(_ context.Context, name string, p action.Params) (action.Answer, error) {
		called.Store(fmt.Sprintf("%s of API %d", name, p.API))
		return action.Answer{}, bind(name, p)
	}), recorded)
	addr := serve(t, a)
	for _, c := range captures(t) {
		called.Store("")
		answer, err := dial(t, addr).do(c.request(""))
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if code := outcome(t, c.api, answer); c.refused != (code == "4100") || c.refused == (code == "0") {
			t.Errorf("%s: got %s", c.name, answer)
			continue
		}
		if got, want := called.Load().(string), fmt.Sprintf("%s of API %d", c.action, c.api); !c.refused && !strings.EqualFold(got, want) {
			t.Errorf("%s: got action %q, want %q", c.name, got, want)
		}
		answer, err = dial(t, addr).do(c.request(c.more()))
		if code := outcome(t, c.api, answer); err != nil || code != "4100" && code != errSigned.V3 {
			t.Errorf("%s, changed: got %s, %v", c.name, answer, err)
		}
	}
}

// outcome is an answer's code; 0 is success.
func outcome(t *testing.T, api action.API, answer []byte) string {
	t.Helper()
	if api == action.Legacy {
		return strconv.Itoa(parse(t, answer).Code)
	}
	return or(parse3(t, answer).Error.Code, "0")
}

// bind has an action read its parameters. It has no account to go on with: what
// it understood, it fails over in a way of its own.
func bind(name string, p action.Params) (err error) {
	act := action.Find(p.API, name)
	if act == nil {
		return mapping.ErrActionMissing
	}
	defer func() {
		if over := recover(); over != nil && !strings.Contains(fmt.Sprint(over), "nil pointer") {
			err = fmt.Errorf("%v", over)
		}
	}()
	_, err = act.Call(context.Background(), nil, p)
	return err
}
