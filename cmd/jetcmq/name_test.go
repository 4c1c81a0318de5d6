package main

import (
	"slices"
	"testing"
)

func TestArguments(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ args, want []string }{
		{nil, nil},
		{[]string{"/jetcmq"}, nil},
		{[]string{"jetcmq", "health", "--ready"}, []string{"health", "--ready"}},
		{[]string{"/nats-server", "-p", "1"}, []string{"nats", "-p", "1"}},
		{[]string{"nats-server"}, []string{"nats"}},
		{[]string{"./nats-server.exe"}, []string{"nats"}},
		{[]string{"/nats-server/jetcmq"}, nil},
	} {
		if got := arguments(c.args); !slices.Equal(got, c.want) {
			t.Errorf("%q: got %q, want %q", c.args, got, c.want)
		}
	}
}
