package action

import (
	"context"
	"time"

	"github.com/jetcmq/jetcmq/mapping"
	"github.com/jetcmq/jetcmq/mapping/account"
)

// queueSettings are all that CreateQueue and SetQueueAttributes can be told.
type queueSettings struct {
	mapping.QueueAttributes
	deadLetterPieces
}

func (s queueSettings) attributes() (mapping.QueueAttributes, error) {
	var err error
	if s.DeadLetter == nil {
		s.DeadLetter, err = s.policy()
	}
	return s.QueueAttributes, err
}

// page chooses a part of a list.
type page struct {
	Offset int       `cmq:"offset" range:"0.." default:"0"`
	Limit  pageLimit `cmq:"limit" range:"0..50" default:"20"`
}

// pageLimit is the length of a page; asking for more than the longest gives that.
type pageLimit int

func (pageLimit) outside(n int64, of bounds) (int64, error) {
	if n < of.lo {
		return 0, mapping.ErrOutOfRange
	}
	return of.hi, nil
}

// queueList is a page of queues and how many there are in all.
type queueList struct {
	Total  int                `cmq:"totalCount"`
	Queues []mapping.QueueRef `cmq:"queueList"`
}

var CreateQueue = define(Action{
	Name: "CreateQueue",
	Doc: "Creates a queue. A name that is taken is an error even if all attributes agree; " +
		"names that differ only in case are the same name.",
	Errors: []*mapping.Error{mapping.ErrQueueExists, mapping.ErrTooManyQueues, mapping.ErrRewindOverRetain,
		mapping.ErrParameters, mapping.ErrNoQueue},
}, func(ctx context.Context, a *account.Account, in struct {
	Queue mapping.QueueName `cmq:"queueName"`
	queueSettings
}) (out struct {
	ID string `cmq:"queueId"`
}, err error) {
	attributes, err := in.attributes()
	if err != nil {
		return out, err
	}
	out.ID, err = a.Queues.CreateQueue(ctx, in.Queue, attributes)
	return out, err
})

var ListQueue = define(Action{
	Name: "ListQueue",
	Doc:  "Lists the account's queues by name, a page at a time.",
}, func(ctx context.Context, a *account.Account, in struct {
	Search string `cmq:"searchWord" default:""`
	page
}) (out queueList, err error) {
	out.Total, out.Queues, err = a.Queues.Queues(ctx, in.Search, in.Offset, int(in.Limit))
	return out, err
})

var GetQueueAttributes = define(Action{
	Name:   "GetQueueAttributes",
	Doc:    "Tells how a queue is set up and what is in it.",
	Errors: []*mapping.Error{mapping.ErrNoQueue},
}, func(ctx context.Context, a *account.Account, in struct {
	Queue mapping.QueueName `cmq:"queueName"`
}) (mapping.QueueDescription, error) {
	return a.Queues.DescribeQueue(ctx, in.Queue)
})

var SetQueueAttributes = define(Action{
	Name: "SetQueueAttributes",
	Doc: "Changes those attributes of a queue that are sent, and answers all of them as they are then. " +
		"An empty deadLetterPolicy, or {}, unbinds the dead-letter queue.",
	Errors: []*mapping.Error{mapping.ErrNoQueue, mapping.ErrRewindOverRetain, mapping.ErrParameters},
}, func(ctx context.Context, a *account.Account, in struct {
	Queue mapping.QueueName `cmq:"queueName"`
	queueSettings
}) (out struct {
	ID string `cmq:"queueId"`
	mapping.QueueAttributes
}, err error) {
	attributes, err := in.attributes()
	if err != nil {
		return out, err
	}
	queue, err := a.Queues.SetQueue(ctx, in.Queue, attributes)
	out.ID, out.QueueAttributes = queue.ID, queue.QueueAttributes
	return out, err
})

var DeleteQueue = define(Action{
	Name:   "DeleteQueue",
	Doc:    "Deletes a queue with all its messages. A queue that others use for their dead letters must be unbound first.",
	Errors: []*mapping.Error{mapping.ErrNoQueue, mapping.ErrParameters},
}, func(ctx context.Context, a *account.Account, in struct {
	Queue mapping.QueueName `cmq:"queueName"`
}) (struct{}, error) {
	return struct{}{}, a.Queues.DeleteQueue(ctx, in.Queue)
})

var ClearQueue = define(Action{
	Name:   "ClearQueue",
	Doc:    "Drops all messages of a queue: waiting, in flight, delayed and rewindable ones.",
	Errors: []*mapping.Error{mapping.ErrNoQueue},
}, func(ctx context.Context, a *account.Account, in struct {
	Queue mapping.QueueName `cmq:"queueName"`
}) (struct{}, error) {
	return struct{}{}, a.Queues.ClearQueue(ctx, in.Queue)
})

var RewindQueue = define(Action{
	Name: "RewindQueue",
	Doc: "Delivers again every message sent at or after a time, deleted ones included, as far back as rewindSeconds reaches. " +
		"The time is read as seconds, milliseconds, microseconds or nanoseconds by its magnitude.",
	Errors: []*mapping.Error{mapping.ErrNoQueue, mapping.ErrNoRewind, mapping.ErrRewindTime},
}, func(ctx context.Context, a *account.Account, in struct {
	Queue mapping.QueueName `cmq:"queueName"`
	Start unixTime          `cmq:"startConsumeTime" range:"1.."`
}) (struct{}, error) {
	return struct{}{}, a.Queues.RewindQueue(ctx, in.Queue, in.Start.time())
})

// unixTime is a time since 1970 in whatever unit its magnitude suggests: the
// vendor page says seconds, its API 3.0 sample shows milliseconds, and the
// venuses SDK sends nanoseconds.
type unixTime int64

func (unixTime) outside(n int64, _ bounds) (int64, error) {
	if n > 0 {
		return 0, mapping.ErrOutOfRange
	}
	return 0, mapping.ErrRewindTime
}

func (t unixTime) time() time.Time {
	switch n := int64(t); {
	case n >= 1e17:
		return time.Unix(0, n)
	case n >= 1e14:
		return time.UnixMicro(n)
	case n >= 1e11:
		return time.UnixMilli(n)
	default:
		return time.Unix(n, 0)
	}
}

var QueryQueueRoute = define(Action{
	Name: "QueryQueueRoute",
	Doc: "Lists the TCP gateways of a queue, of which there are none: CMQ's TCP protocol is not served. " +
		"It tells whether a queue exists.",
	Errors: []*mapping.Error{mapping.ErrNoQueue},
}, func(ctx context.Context, a *account.Account, in struct {
	Queue mapping.QueueName `cmq:"queueName"`
}) (out struct {
	Addresses []string `cmq:"addr"`
}, err error) {
	_, err = a.Queues.DescribeQueue(ctx, in.Queue)
	return out, err
})
