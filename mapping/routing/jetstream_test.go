package routing_test

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jetcmq/jetcmq/mapping/embedded"
	"github.com/jetcmq/jetcmq/mapping/routing"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

const prefix = "cmq.topic.t."

// topic is a stream of a real JetStream, with messages whose bodies are their tails.
type topic struct {
	*testing.T
	js     jetstream.JetStream
	stream jetstream.Stream
}

func newTopic(t *testing.T, messages [][]string) topic {
	t.Helper()
	s, err := embedded.Start(embedded.Config{Dir: t.TempDir(), Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		if err := s.Stop(ctx); err != nil {
			t.Error(err)
		}
	})
	door, err := s.InProcess("default")
	if err != nil {
		t.Fatal(err)
	}
	nc, err := nats.Connect("", nats.InProcessServer(door), nats.UserInfo(door.User, door.Password))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	stream, err := js.CreateStream(t.Context(), jetstream.StreamConfig{Name: "t", Subjects: []string{prefix + ">"}})
	if err != nil {
		t.Fatal(err)
	}
	for _, words := range messages {
		tail := routing.Tail(words)
		if _, err := js.Publish(t.Context(), prefix+tail, []byte(tail)); err != nil {
			t.Fatalf("publish %q: %v", tail, err)
		}
	}
	return topic{t, js, stream}
}

// arrive gives the words of the messages that pass the filters.
func (t topic) arrive(subjects []string) [][]string {
	t.Helper()
	var filters []string
	for _, s := range subjects {
		filters = append(filters, prefix+s)
	}
	c, err := t.stream.CreateConsumer(t.Context(), jetstream.ConsumerConfig{
		FilterSubjects: filters, AckPolicy: jetstream.AckNonePolicy, MemoryStorage: true,
	})
	if err != nil {
		t.Fatalf("filters %q: %v", filters, err)
	}
	pending := int(c.CachedInfo().NumPending)
	batch, err := c.FetchNoWait(pending + 1)
	if err != nil {
		t.Fatal(err)
	}
	var words [][]string
	for m := range batch.Messages() {
		tail := strings.TrimPrefix(m.Subject(), prefix)
		if tail != string(m.Data()) {
			t.Errorf("tail %q arrives as %q", m.Data(), tail)
		}
		words = append(words, routing.Words(tail))
	}
	if err := batch.Error(); err != nil || len(words) != pending {
		t.Errorf("filters %q: %d messages arrive, %d were pending: %v", filters, len(words), pending, err)
	}
	if err := t.stream.DeleteConsumer(t.Context(), c.CachedInfo().Name); err != nil {
		t.Error(err)
	}
	return words
}

func filtered(messages [][]string, want func(words []string) bool) (passed [][]string) {
	for _, m := range messages {
		if want(m) {
			passed = append(passed, m)
		}
	}
	return passed
}

func same(a, b [][]string) bool {
	return slices.EqualFunc(a, b, slices.Equal)
}

func TestJetStreamRoutesByKey(t *testing.T) {
	t.Parallel()
	d := dice{rand.New(rand.NewPCG(4, 2))}
	messages := [][]string{nil}
	for range 300 {
		messages = append(messages, d.key(d.keys()))
	}
	topic := newTopic(t, messages)
	sets := [][]string{{"#.a.#", "#.b.#", "#.c.#", "#.d.#", "#.e.#"}, hard, {""}, {"#"}, {"*"}}
	for range pairs / 2500 { // hundreds
		sets = append(sets, d.keys())
	}
	exacts := 0
	for _, keys := range sets {
		subjects, exact := routing.KeySubjects(keys)
		got, match := topic.arrive(subjects), routing.Compile(keys).Match
		if exact {
			exacts++
		} else {
			got = filtered(got, match)
		}
		if want := filtered(messages, match); !same(got, want) {
			t.Errorf("binding keys %q as %q, exact %v: got %q, want %q", keys, subjects, exact, got, want)
		}
	}
	t.Logf("%d consumers, %d of them without a matcher behind", len(sets), exacts)
}

func TestJetStreamRoutesByTag(t *testing.T) {
	t.Parallel()
	long := slices.Repeat([]string{strings.Repeat("\uFFFD", 64)}, routing.MaxTags)
	for i := range long {
		long[i] = fmt.Sprint(i) + long[i][len(fmt.Sprint(i)):] // cuts a character: not UTF-8
	}
	messages := [][]string{nil, long, slices.Clone(long[2:])}
	tags := []string{"apple", "1.5%", "*", ">", "a b", "*b", "颜色", "\xff", "del\x7f", "nul\x00", "\uFFFD", "a>", "%", "%25", long[3]}
	d := dice{rand.New(rand.NewPCG(4, 3))}
	some := func() []string {
		picked := make([]string, 1+d.IntN(routing.MaxTags))
		for i, at := range d.Perm(len(tags))[:len(picked)] {
			picked[i] = tags[at]
		}
		return picked
	}
	for range 200 {
		messages = append(messages, some())
	}
	topic := newTopic(t, messages)
	filters := [][]string{nil, tags[:5], tags[5:10], tags[10:]}
	for range pairs / 10_000 {
		filters = append(filters, some())
	}
	for _, filter := range filters {
		want := filtered(messages, func(tags []string) bool { return routing.MatchTags(filter, tags) })
		if got := topic.arrive(routing.TagSubjects(filter)); !same(got, want) {
			t.Errorf("filter tags %q: got %q, want %q", filter, got, want)
		}
	}
}
