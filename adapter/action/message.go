package action

import (
	"context"
	"time"
	"unicode/utf8"

	"github.com/jetcmq/jetcmq/adapter/action/fields"
	"github.com/jetcmq/jetcmq/mapping"
	"github.com/jetcmq/jetcmq/mapping/account"
)

// body is a message's text. What is not UTF-8 is refused rather than stored:
// an answer in JSON could not give it back. How long it may be is the queue's
// to say.
type body string

func (b *body) Check() error {
	if *b == "" {
		return mapping.ErrEmptyBody
	}
	if !utf8.ValidString(string(*b)) {
		return mapping.ErrParameters.Because("the message is not UTF-8; send binary data as base64")
	}
	return nil
}

// delay is how many seconds a message stays hidden after it was sent.
type delay int64

func (delay) Outside(int64, fields.Bounds) (int64, error) { return 0, mapping.ErrDelay }

func (d delay) duration() time.Duration { return time.Duration(d) * time.Second }

// wait is how many seconds a receive may take; below zero it is the queue's
// pollingWaitSeconds. Java SDKs from 1.0.6 on send 30000.
type wait int64

func (wait) Outside(n int64, of fields.Bounds) (int64, error) {
	if n < of.Lo {
		return -1, nil
	}
	return of.Hi, nil
}

func (w wait) duration() time.Duration { return time.Duration(w) * time.Second }

// handle is a receiptHandle as a receiver gives it back.
type handle string

func (h *handle) Check() error {
	if *h == "" {
		return mapping.ErrHandleFormat
	}
	return nil
}

var SendMessage = define(Action{
	Name:   "SendMessage",
	TDMQ:   "SendCmqMsg",
	Doc:    "Puts one message into a queue. It is stored when the answer comes.",
	Errors: []*mapping.Error{mapping.ErrNoQueue, mapping.ErrBodyTooLarge, mapping.ErrHeapFull, mapping.ErrSendRefused},
}, func(ctx context.Context, a *account.Account, in struct {
	Queue mapping.QueueName `cmq:"queueName"`
	Body  body              `cmq:"msgBody" v3:"MsgContent"`
	Delay delay             `cmq:"delaySeconds" range:"0..6048000" default:"0"`
}) (out struct {
	ID string `cmq:"msgId"`
	OK bool   `v3:"Result"`
}, err error) {
	out.ID, err = a.Queues.Send(ctx, in.Queue, string(in.Body), in.Delay.duration())
	out.OK = err == nil
	return out, err
})

// sent is one message of a batch that was sent.
type sent struct {
	ID string `cmq:"msgId"`
}

var BatchSendMessage = define(Action{
	Name: "BatchSendMessage",
	Doc:  "Puts up to 16 messages into a queue, all or none, under one delay. Ids are answered in the order of the bodies.",
	Errors: []*mapping.Error{mapping.ErrNoQueue, mapping.ErrBatchTooLarge, mapping.ErrBodyTooLarge,
		mapping.ErrHeapFull, mapping.ErrSendRefused},
}, func(ctx context.Context, a *account.Account, in struct {
	Queue  mapping.QueueName `cmq:"queueName"`
	Bodies []body            `cmq:"msgBody"`
	Delay  delay             `cmq:"delaySeconds" range:"0..6048000" default:"0"`
}) (out struct {
	Messages []sent `cmq:"msgList"`
}, err error) {
	bodies := texts(in.Bodies)
	if size(bodies) > mapping.MaxBodySize {
		return out, mapping.ErrBatchTooLarge
	}
	ids, err := a.Queues.SendBatch(ctx, in.Queue, bodies, in.Delay.duration())
	for _, id := range ids {
		out.Messages = append(out.Messages, sent{id})
	}
	return out, err
})

func texts[T ~string](list []T) []string {
	all := make([]string, len(list))
	for i, t := range list {
		all[i] = string(t)
	}
	return all
}

func size(bodies []string) (sum int) {
	for _, b := range bodies {
		sum += len(b)
	}
	return sum
}

// handedOut is the part of an answer that knows how to take its messages back.
type handedOut struct{ giveBack func() }

func (h handedOut) undelivered() func() { return h.giveBack }

var ReceiveMessage = define(Action{
	Name: "ReceiveMessage",
	Doc: "Hands out one message and hides it from other receivers for the queue's visibilityTimeout. " +
		"Without any it waits, and answers 7000 at the end of the wait. " +
		"A wait above 30 seconds counts as 30, a negative one as absent.",
	Errors: []*mapping.Error{mapping.ErrNoMessage, mapping.ErrNoQueue},
}, func(ctx context.Context, a *account.Account, in struct {
	Queue mapping.QueueName `cmq:"queueName"`
	Wait  wait              `cmq:"pollingWaitSeconds" range:"0..30" default:"-1"`
}) (out struct {
	mapping.Message
	handedOut
}, err error) {
	messages, err := a.Queues.Receive(ctx, in.Queue, 1, in.Wait.duration())
	if err != nil {
		return out, err
	}
	out.Message = messages[0]
	out.giveBack = func() { a.Queues.Return(in.Queue, messages) }
	return out, nil
})

var BatchReceiveMessage = define(Action{
	Name: "BatchReceiveMessage",
	Doc: "Hands out up to 16 messages as ReceiveMessage hands out one. " +
		"It never waits to fill the batch: as soon as there are any, they are the answer.",
	Errors: []*mapping.Error{mapping.ErrNoMessage, mapping.ErrNoQueue},
}, func(ctx context.Context, a *account.Account, in struct {
	Queue mapping.QueueName `cmq:"queueName"`
	Most  int               `cmq:"numOfMsg" range:"1..16"`
	Wait  wait              `cmq:"pollingWaitSeconds" range:"0..30" default:"-1"`
}) (out struct {
	Messages []mapping.Message `cmq:"msgInfoList"`
	handedOut
}, err error) {
	messages, err := a.Queues.Receive(ctx, in.Queue, in.Most, in.Wait.duration())
	out.Messages = messages
	out.giveBack = func() { a.Queues.Return(in.Queue, messages) }
	return out, err
})

var DeleteMessage = define(Action{
	Name: "DeleteMessage",
	Doc: "Deletes a message that was received. Only the handle of its latest delivery counts, " +
		"only once, and only before nextVisibleTime.",
	Errors: []*mapping.Error{mapping.ErrHandle, mapping.ErrNoQueue},
}, func(ctx context.Context, a *account.Account, in struct {
	Queue  mapping.QueueName `cmq:"queueName"`
	Handle handle            `cmq:"receiptHandle"`
}) (struct{}, error) {
	return struct{}{}, a.Queues.Delete(ctx, in.Queue, string(in.Handle))
})

var BatchDeleteMessage = define(Action{
	Name: "BatchDeleteMessage",
	Doc: "Deletes up to 16 messages, each as DeleteMessage would. " +
		"If some or all fail, the error comes with errorList, which has one entry a failure.",
	Errors:  []*mapping.Error{mapping.ErrDeletePartly, mapping.ErrDeleteAll, mapping.ErrNoQueue},
	Partial: true,
}, func(ctx context.Context, a *account.Account, in struct {
	Queue   mapping.QueueName `cmq:"queueName"`
	Handles []handle          `cmq:"receiptHandle"`
}) (out struct {
	Failures []failure `cmq:"errorList" absent:"empty"`
}, err error) {
	handles := texts(in.Handles)
	errs, err := a.Queues.DeleteBatch(ctx, in.Queue, handles)
	if err != nil {
		return out, err
	}
	out.Failures, err = failures(handles, errs)
	return out, err
})

// failure is one handle that could not be used.
type failure struct {
	Code    int    `cmq:"code"`
	Message string `cmq:"message"`
	Handle  string `cmq:"receiptHandle"`
}

// failures lists the handles that have an error, and sums them up in one.
func failures(handles []string, errs []error) (list []failure, err error) {
	for i, err := range errs {
		if err != nil {
			e := mapping.Reply(err)
			list = append(list, failure{e.Code, e.Error(), handles[i]})
		}
	}
	switch len(list) {
	case 0:
		return nil, nil
	case len(handles):
		return list, mapping.ErrDeleteAll
	default:
		return list, mapping.ErrDeletePartly
	}
}
