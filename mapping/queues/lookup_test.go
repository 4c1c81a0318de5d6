package queues_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/jetcmq/jetcmq/mapping"
)

// What only API 3.0 says is kept in JetStream, and every broker tells it.
func TestExtrasAreKept(t *testing.T) {
	a := newAccount(t)
	on, yes := true, mapping.Flag(true)
	extras := mapping.QueueExtras{Transaction: &yes, TransactionPolicy: mapping.TransactionPolicy{FirstQuery: num(0), MaxQueries: num(5)},
		Trace: &on, RetentionSize: num(10240)}
	tags := []mapping.Tag{{Key: "k", Value: "<v>"}, {Key: "other"}}
	a.create("Dead", mapping.QueueAttributes{})
	a.create("q", mapping.QueueAttributes{QueueExtras: extras, Tags: tags,
		DeadLetter: &mapping.DeadLetterPolicy{Queue: "dEAD", Policy: mapping.ByAge, MaxReceiveCount: 7, MaxTimeToLive: 300}})
	b := a.join()
	want := a.describe("q")
	if !reflect.DeepEqual(want.QueueExtras, extras) || !reflect.DeepEqual(want.Tags, tags) {
		t.Errorf("got %+v, %v, want what was said", want.QueueExtras, want.Tags)
	}
	if d := want.DeadLetter; d == nil || d.Queue != "Dead" || d.ID != a.describe("Dead").ID || d.MaxReceiveCount != 7 || d.MaxTimeToLive != 300 {
		t.Errorf("got policy %+v, want that said, of the queue as it was created", d)
	}
	if got, err := b.DescribeQueue(ctx, "Q"); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("the other broker: got %+v, %v, want %+v", got, err, want)
	}
	a.restart()
	if got := a.describe("q"); !reflect.DeepEqual(got, want) {
		t.Errorf("after a restart: got %+v, want %+v", got, want)
	}
	off := false
	if _, err := a.SetQueue(ctx, "q", mapping.QueueAttributes{QueueExtras: mapping.QueueExtras{Trace: &off}}); err != nil {
		t.Fatal(err)
	}
	want.Trace = &off
	got := a.describe("q")
	if got.Modified = want.Modified; !reflect.DeepEqual(got, want) {
		t.Errorf("with another trace: got %+v, want %+v", got, want)
	}
}

// Earlier, only the key of a dead-letter queue was kept, and no extras.
func TestEarlierAttributes(t *testing.T) {
	a := newAccount(t)
	a.create("Dead", mapping.QueueAttributes{})
	a.create("q", mapping.QueueAttributes{DeadLetter: &mapping.DeadLetterPolicy{Queue: "Dead", MaxReceiveCount: 3}})
	want := a.describe("q")
	_, js := a.native()
	stream, err := js.Stream(ctx, "cmq-queue-q")
	if err != nil {
		t.Fatal(err)
	}
	c := stream.CachedInfo().Config
	c.Metadata["cmq.attributes"] = fmt.Sprintf(`{"maxMsgHeapNum":100000000,"pollingWaitSeconds":0,"visibilityTimeout":30,"maxMsgSize":65536,`+
		`"msgRetentionSeconds":345600,"rewindSeconds":0,"deadLetterPolicy":{"deadLetterQueue":"dead","deadLetterQueueId":%q,"policy":0,"maxReceiveCount":3}}`,
		want.DeadLetter.ID)
	if _, err := js.UpdateStream(ctx, c); err != nil {
		t.Fatal(err)
	}
	want.DeadLetter.Queue = "dead"
	got, err := a.join().DescribeQueue(ctx, "q")
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
	eventually(t, func() bool {
		d := a.describe("Dead")
		return len(d.Sources) == 1 && d.Sources[0].Name == "q"
	}, func() string { return "the dead-letter queue does not know its source" })
}

func TestDescribeQueues(t *testing.T) {
	a := newAccount(t)
	for _, name := range []mapping.QueueName{"c", "b", "abc", "B2"} {
		a.create(name, mapping.QueueAttributes{})
	}
	a.create("dead", mapping.QueueAttributes{})
	for _, name := range []mapping.QueueName{"c", "b"} {
		if _, err := a.SetQueue(ctx, name, dying(1)); err != nil {
			t.Fatal(err)
		}
	}
	a.send("b", "x", "y")
	names := func(l mapping.Lookup, offset, limit int) string {
		total, page, err := a.join().DescribeQueues(ctx, l, offset, limit)
		if err != nil {
			t.Fatal(err)
		}
		all := []string{fmt.Sprint(total)}
		for _, d := range page {
			all = append(all, d.Name)
			if want := a.describe(mapping.QueueName(d.Name)); !reflect.DeepEqual(d, want) {
				t.Errorf("got %+v in a list, want %+v", d, want)
			}
		}
		return strings.Join(all, " ")
	}
	for _, test := range []struct {
		l             mapping.Lookup
		offset, limit int
		want          string
	}{
		{mapping.Lookup{}, 0, 50, "5 B2 abc b c dead"},
		{mapping.Lookup{Part: "b"}, 0, 50, "2 b abc"},
		{mapping.Lookup{}, 1, 2, "5 abc b"},
		{mapping.Lookup{}, 4, 50, "5 dead"},
		{mapping.Lookup{}, 5, 50, "5"},
		{mapping.Lookup{}, 50, 50, "5"},
		{mapping.Lookup{}, 0, 0, "5"},
		{mapping.Lookup{Part: "x"}, 0, 50, "0"},
	} {
		if got := names(test.l, test.offset, test.limit); got != test.want {
			t.Errorf("%+v from %d, %d: got %s, want %s", test.l, test.offset, test.limit, got, test.want)
		}
	}
	if d := a.describe("dead"); len(d.Sources) != 2 || d.Sources[0].Name != "b" || d.Sources[1].Name != "c" {
		t.Errorf("got sources %v, want b and c", d.Sources)
	}
}
