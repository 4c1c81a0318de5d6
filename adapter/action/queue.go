package action

import (
	"context"
	"time"

	"github.com/jetcmq/jetcmq/adapter/action/fields"
	"github.com/jetcmq/jetcmq/mapping"
	"github.com/jetcmq/jetcmq/mapping/account"
)

// queueSettings are all that a queue can be created with and that can be
// changed. API 2.0 and API 3.0 say the dead-letter policy in ways of their own.
type queueSettings struct {
	mapping.QueueAttributes
	mapping.DeadLetterChange
	deadLetterPieces `v3:"-"`
}

func (s queueSettings) attributes() (mapping.QueueAttributes, error) {
	var err error
	if s.DeadLetter == nil {
		s.DeadLetter, err = s.policy()
	}
	s.Letters = s.DeadLetterChange
	return s.QueueAttributes, err
}

// newQueue is what a queue is created with.
type newQueue struct{ queueSettings }

// judge refuses settings that no queue can have together.
func (n newQueue) judge() error {
	attributes, err := n.attributes()
	if err != nil {
		return err
	}
	return attributes.Over(mapping.DefaultAttributes()).Check()
}

// tags are those of a queue's or topic's owner.
type tags []mapping.Tag

func (tags) Most() (int, error) { return mapping.MaxResourceTags, mapping.ErrBatchSize }

var CreateQueue = define(Action{
	Name: "CreateQueue",
	CMQ:  "CreateQueue",
	TDMQ: "CreateCmqQueue",
	Doc: "Creates a queue. A name that is taken is an error even if all attributes agree; " +
		"names that differ only in case are the same name.",
	Errors: []*mapping.Error{mapping.ErrQueueExists, mapping.ErrTooManyQueues, mapping.ErrRewindOverRetain,
		mapping.ErrParameters, mapping.ErrNoQueue},
}, func(ctx context.Context, a *account.Account, in struct {
	Queue mapping.QueueName `cmq:"queueName"`
	newQueue
	Tags tags `tdmq:"Tags" default:""`
}) (out struct {
	ID mapping.QueueID `cmq:"queueId"`
}, err error) {
	attributes, err := in.attributes()
	if err != nil {
		return out, err
	}
	attributes.Tags = in.Tags
	id, err := a.Queues.CreateQueue(ctx, in.Queue, attributes)
	out.ID = mapping.QueueID(id)
	return out, err
})

var ListQueue = define(Action{
	Name: "ListQueue",
	Doc:  "Lists the account's queues by name, a page at a time. API 3.0 describes what it lists: DescribeCmqQueues, DescribeQueueDetail.",
}, func(ctx context.Context, a *account.Account, in struct {
	Search string `cmq:"searchWord" default:""`
	page
}) (out queueList, err error) {
	out.Total, out.Queues, err = a.Queues.Queues(ctx, in.Search, in.Offset, int(in.Limit))
	return out, err
})

var DescribeCmqQueues = define(Action{
	TDMQ: "DescribeCmqQueues",
	Doc: "Describes the account's queues, a page at a time: the one of the very name first, then by name. " +
		"A queue is listed if everything agrees that is asked for.",
}, func(ctx context.Context, a *account.Account, in struct {
	Part  string                      `v3:"QueueName" default:""`
	Names nameList[mapping.QueueName] `v3:"QueueNameList" default:""`
	tagFilters
	page
}) (out struct {
	Total  int           `v3:"TotalCount"`
	Queues []queueDetail `v3:"QueueList"`
}, err error) {
	l := mapping.Lookup{Part: in.Part, Names: texts(in.Names), Tags: in.tags()}
	out.Total, out.Queues, err = queueDetails(ctx, a, l, in.page)
	return out, err
})

var DescribeQueueDetail = define(Action{
	CMQ: "DescribeQueueDetail",
	Doc: "Describes the account's queues by name, a page at a time. Filters know QueueName, with one part of the name; " +
		"a queue is listed if everything agrees that is asked for.",
}, func(ctx context.Context, a *account.Account, in struct {
	Queue   *mapping.QueueName `v3:"QueueName"`
	Filters wordFilters        `v3:"Filters" default:""`
	TagKey  string             `v3:"TagKey" default:""`
	page
}) (out struct {
	Total  int           `v3:"TotalCount"`
	Queues []queueDetail `v3:"QueueSet"`
}, err error) {
	l := mapping.Lookup{Part: in.Filters.word("QueueName"), Names: exactly(in.Queue), Tags: havingTag(in.TagKey)}
	out.Total, out.Queues, err = queueDetails(ctx, a, l, in.page)
	return out, err
})

var GetQueueAttributes = define(Action{
	Name:   "GetQueueAttributes",
	TDMQ:   "DescribeCmqQueueDetail",
	Doc:    "Tells how a queue is set up and what is in it. (Product cmq's DescribeQueueDetail is a list.)",
	Errors: []*mapping.Error{mapping.ErrNoQueue},
}, func(ctx context.Context, a *account.Account, in struct {
	Queue mapping.QueueName `cmq:"queueName"`
}) (out struct {
	queueDetail `v3:"QueueDescribe"`
}, err error) {
	d, err := a.Queues.DescribeQueue(ctx, in.Queue)
	if err != nil {
		return out, err
	}
	out.queueDetail = detailOfQueue(a, d)
	return out, nil
})

var SetQueueAttributes = define(Action{
	Name: "SetQueueAttributes",
	CMQ:  "ModifyQueueAttribute",
	TDMQ: "ModifyCmqQueueAttribute",
	Doc: "Changes those attributes of a queue that are sent. API 2.0 answers all of them as they are then; there " +
		"an empty deadLetterPolicy, or {}, unbinds the dead-letter queue.",
	Errors: []*mapping.Error{mapping.ErrNoQueue, mapping.ErrRewindOverRetain, mapping.ErrParameters},
}, func(ctx context.Context, a *account.Account, in struct {
	Queue         mapping.QueueName `cmq:"queueName"`
	queueSettings `absent:"unchanged"`
}) (out struct {
	ID                      mapping.QueueID `cmq:"queueId" v3:"-"`
	mapping.QueueAttributes `v3:"-"`
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
	CMQ:    "DeleteQueue",
	TDMQ:   "DeleteCmqQueue",
	Doc:    "Deletes a queue with all its messages. A queue that others use for their dead letters must be unbound first.",
	Errors: []*mapping.Error{mapping.ErrNoQueue, mapping.ErrParameters.Named("FailedOperation")},
}, func(ctx context.Context, a *account.Account, in struct {
	Queue mapping.QueueName `cmq:"queueName"`
}) (struct{}, error) {
	return struct{}{}, a.Queues.DeleteQueue(ctx, in.Queue)
})

var ClearQueue = define(Action{
	Name:   "ClearQueue",
	CMQ:    "ClearQueue",
	TDMQ:   "ClearCmqQueue",
	Doc:    "Drops all messages of a queue: waiting, in flight, delayed and rewindable ones.",
	Errors: []*mapping.Error{mapping.ErrNoQueue},
}, func(ctx context.Context, a *account.Account, in struct {
	Queue mapping.QueueName `cmq:"queueName"`
}) (struct{}, error) {
	return struct{}{}, a.Queues.ClearQueue(ctx, in.Queue)
})

var RewindQueue = define(Action{
	Name: "RewindQueue",
	CMQ:  "RewindQueue",
	TDMQ: "RewindCmqQueue",
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

func (unixTime) Outside(n int64, _ fields.Bounds) (int64, error) {
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
