package load

import (
	"context"
	"math/rand/v2"
	"strconv"
	"time"

	"github.com/jetcmq/jetcmq/test/checker/history"
)

// sender sends, and publishes, at its share of the rate.
type sender struct {
	*Clients
	client int
}

func newSender(c *Clients, client int) *sender { return &sender{c, client} }

// batch is some messages that are always sent together.
type batch struct {
	queue   string
	numbers []int
	delay   time.Duration
}

// meanBatch is how many messages a batch has on average, see next.
const meanBatch = 4

func (s *sender) work(ctx context.Context) {
	mean := time.Second * senders * meanBatch / time.Duration(s.rate)
	for pause(ctx, rand.N(2*mean)) {
		b := s.next()
		o := s.send(ctx, b)
		// What may have been sent is sent again, sometimes: users do so. The
		// judge knows by the number.
		for tries := 0; o == history.Unknown && tries < 2 && rand.N(2) == 0; tries++ {
			o = s.send(ctx, b)
		}
	}
}

// next makes up a batch: two in three are single messages, one in four is delayed.
func (s *sender) next() batch {
	b := batch{queue: queues[rand.N(len(queues))]}
	n := 1
	if rand.N(3) == 0 {
		n = 2 + rand.N(15)
	}
	if b.queue != topicQueue && rand.N(4) == 0 {
		b.delay = time.Duration(1+rand.N(int(MaxDelay/time.Second))) * time.Second
	}
	last := int(s.numbers.Add(int64(n)))
	for i := range n {
		b.numbers = append(b.numbers, last-n+i)
	}
	return b
}

// send makes one call, which ends in order also when ctx does.
func (s *sender) send(ctx context.Context, b batch) history.Outcome {
	kind, server := history.Send, s.server()
	if b.queue == topicQueue {
		kind = history.Publish
	}
	action, pairs := request(b)
	began := s.log.Now()
	a, err := s.call(context.WithoutCancel(ctx), server, action, pairs...)
	op := history.Op{Kind: kind, Client: s.client, Server: server, Queue: b.queue, Invoked: began, Outcome: outcome(a, err), Code: a.Code,
		Why: why(a, err), Numbers: b.numbers, Delay: b.delay}
	if op.Outcome == history.OK {
		op.IDs = ids(a)
		s.Sent.Add(int64(len(b.numbers)))
	}
	s.log.Add(op)
	return op.Outcome
}

// request is the action and the parameters that send b.
func request(b batch) (action string, pairs []string) {
	single, many := "SendMessage", "BatchSendMessage"
	pairs = []string{"queueName", b.queue, "delaySeconds", seconds(b.delay)}
	if b.queue == topicQueue {
		single, many = "PublishMessage", "BatchPublishMessage"
		pairs = []string{"topicName", topic}
	}
	if len(b.numbers) == 1 {
		return single, append(pairs, "msgBody", body(b.numbers[0]))
	}
	for i, n := range b.numbers {
		pairs = append(pairs, "msgBody."+strconv.Itoa(i+1), body(n))
	}
	return many, pairs
}

func ids(a answer) []string {
	if a.MsgID != "" {
		return []string{a.MsgID}
	}
	all := make([]string, len(a.MsgList))
	for i, m := range a.MsgList {
		all[i] = m.MsgID
	}
	return all
}
