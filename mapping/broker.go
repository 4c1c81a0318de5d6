package mapping

import (
	"context"
	"time"
)

// Broker speaks for one account: its queues live in one NATS account.
type Broker struct{}

// QueueRef names a queue in a list.
type QueueRef struct {
	ID   string `cmq:"queueId"`
	Name string `cmq:"queueName"`
}

// QueueDescription is all that is known of a queue. Times are Unix seconds.
type QueueDescription struct {
	QueueRef
	QueueAttributes       // every field said, except DeadLetter when unbound; DeadLetter.Queue is the id
	Created         int64 `cmq:"createTime"`
	Modified        int64 `cmq:"lastModifyTime"`
	Active          int64 `cmq:"activeMsgNum"`
	Inactive        int64 `cmq:"inactiveMsgNum"`
	Delayed         int64 `cmq:"delayMsgNum"`
	Rewindable      int64 `cmq:"rewindmsgNum,rewindMsgNum"` // each spelling has SDKs that need it
	MinMessageTime  int64 `cmq:"minMsgTime"`
}

// Message is one delivery of one message. Times are Unix seconds.
type Message struct {
	Body          string `cmq:"msgBody"`
	ID            string `cmq:"msgId"`
	Handle        string `cmq:"receiptHandle"`
	Enqueued      int64  `cmq:"enqueueTime"`
	NextVisible   int64  `cmq:"nextVisibleTime"`
	FirstDequeued int64  `cmq:"firstDequeueTime"`
	Dequeues      int    `cmq:"dequeueCount"`
}

func (b *Broker) CreateQueue(ctx context.Context, name QueueName, a QueueAttributes) (id string, err error) {
	return "", ErrInternal
}
func (b *Broker) Queues(ctx context.Context, search string, offset, limit int) (total int, page []QueueRef, err error) {
	return 0, nil, ErrInternal
}
func (b *Broker) DescribeQueue(ctx context.Context, name QueueName) (QueueDescription, error) {
	return QueueDescription{}, ErrInternal
}
func (b *Broker) SetQueue(ctx context.Context, name QueueName, a QueueAttributes) (QueueDescription, error) {
	return QueueDescription{}, ErrInternal
}
func (b *Broker) DeleteQueue(ctx context.Context, name QueueName) error { return ErrInternal }
func (b *Broker) RewindQueue(ctx context.Context, name QueueName, start time.Time) error {
	return ErrInternal
}
func (b *Broker) ClearQueue(ctx context.Context, name QueueName) error         { return ErrInternal }
func (b *Broker) UnbindDeadLetter(ctx context.Context, source QueueName) error { return ErrInternal }
func (b *Broker) DeadLetterSources(ctx context.Context, name QueueName, search string, offset, limit int) (total int, page []QueueRef, err error) {
	return 0, nil, ErrInternal
}

// Send stores one message and returns its id once JetStream has acknowledged it.
func (b *Broker) Send(ctx context.Context, name QueueName, body string, delay time.Duration) (id string, err error) {
	return "", ErrInternal
}

// SendBatch stores all bodies or none.
func (b *Broker) SendBatch(ctx context.Context, name QueueName, bodies []string, delay time.Duration) (ids []string, err error) {
	return nil, ErrInternal
}

// Receive hands out up to most messages, waiting up to wait for the first; a
// negative wait means the queue's own. Without any it is ErrNoMessage.
// The end of ctx ends the wait.
func (b *Broker) Receive(ctx context.Context, name QueueName, most int, wait time.Duration) ([]Message, error) {
	return nil, ErrInternal
}

// Return makes messages visible again at once: their receiver went away before it got them.
func (b *Broker) Return(name QueueName, ms []Message) {}

// Delete removes the message whose delivery handle names.
func (b *Broker) Delete(ctx context.Context, name QueueName, handle string) error { return ErrInternal }

// DeleteBatch deletes each; the result has one error (or nil) a handle. The error is for the call as a whole.
func (b *Broker) DeleteBatch(ctx context.Context, name QueueName, handles []string) ([]error, error) {
	return nil, ErrInternal
}

// EndPolls makes every waiting Receive, and all later ones, answer without waiting. It is for shutdown.
func (b *Broker) EndPolls() {}
