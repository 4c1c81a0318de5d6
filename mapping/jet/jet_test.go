package jet

import (
	"context"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/jetcmq/jetcmq/mapping/embedded"
)

// newConn connects to an engine of its own.
func newConn(t *testing.T) *Conn {
	t.Helper()
	ctx := context.Background()
	s, err := embedded.Start(embedded.Config{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Stop(ctx); err != nil {
			t.Error(err)
		}
	})
	door, err := s.InProcess("default")
	if err != nil {
		t.Fatal(err)
	}
	c, err := Open(Config{InProcess: door, User: door.User, Password: door.Password})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close(ctx) })
	if _, err := c.JS.CreateStream(ctx, jetstream.StreamConfig{Name: "s", Subjects: []string{"s"}, AllowAtomicPublish: true}); err != nil {
		t.Fatal(err)
	}
	return c
}

func TestReadAck(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]uint64{
		`{"stream":"cmq-queue-q","seq":17}`:                         17,
		`{"stream":"s", "domain":"hub", "seq":1, "duplicate":true}`: 1,
		`{"stream":"s","seq":5700,"batch":"x","count":16}`:          5700,
	} {
		if got, err := readAck([]byte(text)); err != nil || got != want {
			t.Errorf("%s: got %d, %v, want %d", text, got, err, want)
		}
	}
	for _, text := range []string{"", "x", "{}", `{"error":{"code":503,"err_code":10077,"description":"maximum messages exceeded"},"stream":"s","seq":0}`} {
		if _, err := readAck([]byte(text)); err == nil {
			t.Errorf("%s: got no error", text)
		}
	}
}

// Every burst of receivers left its subscriptions behind for ever.
func TestABurstOfReceiversLeavesFewSubscriptions(t *testing.T) {
	t.Parallel()
	c := newConn(t)
	before := c.NC.NumSubscriptions()
	var burst []*slot
	for range maxFree + 100 {
		s, err := c.slots.take()
		if err != nil {
			t.Fatal(err)
		}
		burst = append(burst, s)
	}
	for _, s := range burst {
		c.slots.put(s)
	}
	if got := c.NC.NumSubscriptions(); got > before+maxFree {
		t.Errorf("got %d subscriptions, there were %d before", got, before)
	}
}

// A delivery that came late was taken for one of the consumer which the next
// pull on the same slot asked, and acknowledged by whoever got it.
func TestADeliveryOfAnotherConsumerIsHandedBack(t *testing.T) {
	t.Parallel()
	c, ctx := newConn(t), context.Background()
	for _, name := range []string{"mine", "other"} {
		_, err := c.JS.CreateConsumer(ctx, "s", jetstream.ConsumerConfig{Durable: name, AckPolicy: jetstream.AckExplicitPolicy})
		if err != nil {
			t.Fatal(err)
		}
	}
	if _, err := c.Publish(ctx, nats.NewMsg("s")); err != nil {
		t.Fatal(err)
	}
	next := func(consumer string, late ...*nats.Msg) *nats.Msg {
		p, err := c.Stream("s", consumer, 1, 5*time.Second)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range late {
			p.slot.in <- m
		}
		m, err := p.Next(ctx)
		if m == nil || err != nil {
			t.Fatalf("consumer %s: %v, %v", consumer, m, err)
		}
		p.Release(ctx, func(*nats.Msg) {})
		return m
	}
	late := next("other")
	meta, err := next("mine", late).Metadata()
	if err != nil || meta.Consumer != "mine" {
		t.Errorf("got a delivery of %+v, %v, want of mine", meta, err)
	}
	meta, err = next("other").Metadata() // long before its ack wait of 30 s is over
	if err != nil || meta.Consumer != "other" || meta.NumDelivered != 2 {
		t.Errorf("got a delivery of %+v, %v, want the second of other", meta, err)
	}
	ask, err := c.Ask("nobody", nil, 1)
	if err != nil {
		t.Fatal(err)
	}
	ask.slot.in <- late
	if m, err := ask.Next(ctx); m != nil || err != nats.ErrNoResponders {
		t.Errorf("another question was answered by %v, %v", m, err)
	}
}

// A batch went by the patience of the sender who happened to be its first.
func TestASenderWhoGivesUpFailsNobodyElse(t *testing.T) {
	t.Parallel()
	c := newConn(t)
	gone, giveUp := context.WithCancel(context.Background())
	giveUp()
	var batch []*entry
	for _, ctx := range []context.Context{gone, context.Background()} {
		batch = append(batch, &entry{ctx: ctx, ms: []*nats.Msg{nats.NewMsg("s")}, result: make(chan error, 1)})
	}
	c.NewGroup().commit(batch)
	if err := <-batch[1].result; err != nil {
		t.Errorf("the other sender: %v", err)
	}
}

// What a former leader delivers late, in answer to a pull that another leader had
// answered, was taken for an answer to the next pull.
func TestNoPullHearsAnotherErasAnswers(t *testing.T) {
	t.Parallel()
	c := newConn(t)
	ctx := t.Context()
	if _, err := c.JS.CreateConsumer(ctx, "s", jetstream.ConsumerConfig{Durable: "d", AckPolicy: jetstream.AckExplicitPolicy}); err != nil {
		t.Fatal(err)
	}
	native, err := nats.Connect("", nats.InProcessServer(c.InProcess), nats.UserInfo(c.User, c.Password))
	if err != nil {
		t.Fatal(err)
	}
	defer native.Close()
	pull := func() *Pull {
		t.Helper()
		p, err := c.Pull("s", "d", 1, 0)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	end := func(p *Pull) {
		t.Helper()
		if m, err := p.Next(ctx); m != nil || err != nil {
			t.Fatalf("got %v, %v from an empty stream", m, err)
		}
		p.Release(ctx, func(*nats.Msg) { t.Error("a stray message") })
	}
	free, under := pull(), pull()
	end(free)
	c.slots.renew()
	end(under)
	for _, former := range []*Pull{free, under} {
		late := &nats.Msg{Subject: former.slot.prefix + "late", Reply: "to.be.acknowledged", Data: []byte("late")}
		if err := native.PublishMsg(late); err != nil {
			t.Fatal(err)
		}
	}
	if err := native.Flush(); err != nil {
		t.Fatal(err)
	}
	end(pull())
	end(pull())
}
