package action

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jetcmq/jetcmq/mapping"
	"github.com/jetcmq/jetcmq/mapping/account"
	"github.com/jetcmq/jetcmq/mapping/embedded"
	"github.com/jetcmq/jetcmq/mapping/jet"
)

// user calls actions of an account of their own, on a real engine.
type user struct {
	t       *testing.T
	account *account.Account
}

func newUser(t *testing.T) user {
	t.Helper()
	server, err := embedded.Start(embedded.Config{Sync: embedded.Memory})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Stop(context.Background()) })
	door, err := server.InProcess("default")
	if err != nil {
		t.Fatal(err)
	}
	a, err := account.Open(t.Context(), account.Config{Config: jet.Config{InProcess: door, User: door.User, Password: door.Password,
		Log: slog.New(slog.NewTextHandler(io.Discard, nil))}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		a.Close(ctx)
	})
	return user{t, a}
}

// call gives the answer's JSON object, or the name of the error in API 3.0 and
// its text. Parameters are written name=value.
func (u user) call(api API, name string, parameters ...string) (answer any, code, text string) {
	u.t.Helper()
	a := Find(api, name)
	if a == nil {
		u.t.Fatalf("no action %s", name)
	}
	p := Params{API: api}
	for _, parameter := range parameters {
		name, value, _ := strings.Cut(parameter, "=")
		p.Pairs = append(p.Pairs, Pair{name, value})
	}
	got, err := a.Call(u.t.Context(), u.account, p)
	if err != nil {
		if e := new(mapping.Error); !errors.As(err, &e) {
			u.t.Fatalf("%s %q: %v", name, parameters, err)
		}
		return nil, a.Code3(mapping.Reply(err)), err.Error()
	}
	d := json.NewDecoder(strings.NewReader("{" + string(got.Fields) + "}"))
	d.UseNumber()
	if err := d.Decode(&answer); err != nil {
		u.t.Fatalf("%s %q: %v in %s", name, parameters, err, got.Fields)
	}
	return answer, "", ""
}

// does calls an action that succeeds.
func (u user) does(api API, name string, parameters ...string) reply {
	u.t.Helper()
	answer, code, text := u.call(api, name, parameters...)
	if code != "" {
		u.t.Fatalf("%s %q: got %s %s, want success", name, parameters, code, text)
	}
	return reply{u.t, name, answer}
}

// fails calls an action that fails with that code, and a text with that module.
func (u user) fails(api API, code string, module int, name string, parameters ...string) {
	u.t.Helper()
	answer, got, text := u.call(api, name, parameters...)
	if got != code || !strings.HasPrefix(text, fmt.Sprintf("(%d)", module)) {
		u.t.Errorf("%s %q: got %v, %s %s, want %s (%d)", name, parameters, answer, got, text, code, module)
	}
}

// reply is an answer.
type reply struct {
	t      *testing.T
	name   string
	answer any
}

// find gives what stands under names with dots between them; numbers are places
// in lists, and length is how long one is.
func (r reply) find(path string) (v any, ok bool) {
	v = r.answer
	for name := range strings.SplitSeq(path, ".") {
		switch within := v.(type) {
		case map[string]any:
			if v, ok = within[name]; !ok {
				return nil, false
			}
		case []any:
			if name == "length" {
				return len(within), true
			}
			i, err := strconv.Atoi(name)
			if err != nil || i >= len(within) {
				return nil, false
			}
			v = within[i]
		default:
			return nil, false
		}
	}
	return v, true
}

// at is what stands there as text, or "absent".
func (r reply) at(path string) string {
	v, ok := r.find(path)
	if !ok {
		return "absent"
	}
	if text, ok := v.(string); ok {
		return text
	}
	text, err := json.Marshal(v)
	if err != nil {
		r.t.Fatal(err)
	}
	return string(text)
}

// has checks values, written path=value.
func (r reply) has(want ...string) {
	r.t.Helper()
	for _, w := range want {
		path, value, _ := strings.Cut(w, "=")
		if got := r.at(path); got != value {
			r.t.Errorf("%s: got %s=%s, want %s", r.name, path, got, value)
		}
	}
}

// hasOnly checks the names of the members that an object has.
func (r reply) hasOnly(path, want string) {
	r.t.Helper()
	v, _ := r.find(path)
	members, _ := v.(map[string]any)
	names := strings.Fields(want)
	for _, name := range names {
		if _, ok := members[name]; !ok {
			r.t.Errorf("%s: %s has no %s", r.name, path, name)
		}
	}
	if len(members) != len(names) {
		r.t.Errorf("%s: %s has %d members, want %d: %v", r.name, path, len(members), len(names), members)
	}
}
