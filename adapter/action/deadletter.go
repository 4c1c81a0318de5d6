package action

import (
	"context"
	"encoding/json"

	"github.com/jetcmq/jetcmq/mapping"
	"github.com/jetcmq/jetcmq/mapping/account"
)

// deadLetterPieces is a dead-letter policy in separate parameters, as a
// community Go client sends it instead of the JSON text, or next to it.
type deadLetterPieces struct {
	PolicyQueue           *string `cmq:"deadLetterPolicy::deadLetterQueue" json:"deadLetterQueue,omitempty"`
	PolicyKind            *int    `cmq:"deadLetterPolicy::policy" range:"0..1" json:"policy,omitempty"`
	PolicyMaxReceiveCount *int    `cmq:"deadLetterPolicy::maxReceiveCount" range:"0.." json:"maxReceiveCount,omitempty"`
	PolicyMaxTimeToLive   *int    `cmq:"deadLetterPolicy::maxTimeToLive" range:"0.." json:"maxTimeToLive,omitempty"`
}

// policy puts the pieces together, under the rules of the JSON text. It is nil
// if there are none.
func (d deadLetterPieces) policy() (*mapping.DeadLetterPolicy, error) {
	if d == (deadLetterPieces{}) {
		return nil, nil
	}
	text, err := json.Marshal(d)
	if err != nil {
		return nil, err
	}
	p := new(mapping.DeadLetterPolicy)
	return p, p.UnmarshalText(text)
}

var UnbindDeadLetter = define(Action{
	Name:   "UnbindDeadLetter",
	CMQ:    "UnbindDeadLetter",
	TDMQ:   "UnbindCmqDeadLetter",
	Doc:    "Ends a queue's use of a dead-letter queue. Messages already moved stay where they are.",
	Errors: []*mapping.Error{mapping.ErrNoQueue},
}, func(ctx context.Context, a *account.Account, in struct {
	Source mapping.QueueName `cmq:"queueName" tdmq:"SourceQueueName"`
}) (struct{}, error) {
	return struct{}{}, a.Queues.UnbindDeadLetter(ctx, in.Source)
})

var ListDeadLetterSourceQueues = define(Action{
	Name:   "ListDeadLetterSourceQueues",
	CMQ:    "DescribeDeadLetterSourceQueues",
	TDMQ:   "DescribeCmqDeadLetterSourceQueues",
	Doc:    "Lists by name, a page at a time, the queues whose dead letters go to a queue.",
	Errors: []*mapping.Error{mapping.ErrNoQueue},
}, func(ctx context.Context, a *account.Account, in struct {
	Queue   mapping.QueueName `cmq:"deadLetterQueueName"`
	Search  string            `cmq:"searchWord" v3:"-" tdmq:"SourceQueueName" default:""`
	Filters wordFilters       `v3:"Filters" tdmq:"-" default:""`
	page
}) (out queueList, err error) {
	search := in.Search + in.Filters.word("SourceQueueName")
	out.Total, out.Queues, err = a.Queues.DeadLetterSources(ctx, in.Queue, search, in.Offset, int(in.Limit))
	return out, err
})
