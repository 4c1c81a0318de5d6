package queues

import (
	"context"
	"strconv"
	"strings"

	"github.com/nats-io/nats.go"

	"github.com/jetcmq/jetcmq/mapping"
)

// Copy is a topic's message on its way into a queue.
type Copy struct {
	Once      string // two copies with the same text, within five minutes, are one
	Topic     string
	ID        string // the msgId its publisher was told
	Published int64  // Unix ms
	Labels    mapping.Labels
	Body      []byte
	Header    nats.Header // of the message in the topic; JetStream's own are left out
}

// Expect tells whether the queue is there, and makes it ready for copies.
func (b *Broker) Expect(ctx context.Context, name mapping.QueueName) error {
	q, err := b.queue(ctx, name)
	if err != nil || q.now().memory >= copyMemory {
		return err
	}
	return b.lengthenMemory(ctx, q.key, copyMemory)
}

// Copy stores a topic's message as if somebody had sent its body, with where it
// comes from in headers. Errors are those of Send.
func (b *Broker) Copy(ctx context.Context, name mapping.QueueName, c Copy) error {
	if err := b.Expect(ctx, name); err != nil {
		return err
	}
	q, err := b.queue(ctx, name)
	if err != nil {
		return err
	}
	return q.admit(ctx, []string{string(c.Body)}, 0, func(ctx context.Context) error {
		_, err := q.publish(ctx, []*nats.Msg{c.message(q.key)})
		return err
	})
}

func (c Copy) message(key string) *nats.Msg {
	m := &nats.Msg{Subject: messageSubject + key, Data: c.Body, Header: nats.Header{
		nats.MsgIdHdr:   {c.Once},
		headerTopic:     {c.Topic},
		headerTopicID:   {c.ID},
		headerTopicTime: {strconv.FormatInt(c.Published, 10)},
	}}
	for name, values := range c.Header {
		if _, ours := m.Header[name]; !ours && !strings.HasPrefix(name, "Nats-") && name != headerID { // JetStream would act on its own
			m.Header[name] = values
		}
	}
	if len(c.Labels.Tags) > 0 {
		m.Header[headerTags] = []string{strings.Join(c.Labels.Tags, ", ")}
	}
	if c.Labels.RoutingKey != "" {
		m.Header[headerRoutingKey] = []string{c.Labels.RoutingKey}
	}
	return m
}
