package seeds

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/jetcmq/jetcmq/adapter/action"
	"github.com/jetcmq/jetcmq/mapping/account"
)

// Call calls an action of API 3.0, product tdmq, for one account, and gives the
// answer's JSON object.
type Call func(ctx context.Context, name string, in []action.Pair) ([]byte, error)

// Inside calls the actions in this process.
func Inside(a *account.Account) Call {
	return func(ctx context.Context, name string, in []action.Pair) ([]byte, error) {
		answer, err := action.Find(widest, name).Call(ctx, a, action.Params{API: widest, Pairs: in})
		return slices.Concat([]byte("{"), answer.Fields, []byte("}")), err
	}
}

// listing is an action that describes all of a kind, a page at a time.
type listing struct {
	*kind
	action string
	member string // of the answer, with the page
}

var (
	describeQueues        = listing{queues, action.DescribeCmqQueues.TDMQ, "QueueList"}
	describeTopics        = listing{topics, action.DescribeCmqTopics.TDMQ, "TopicList"}
	describeSubscriptions = listing{subscriptions, action.DescribeSubscriptionDetail.TDMQ, "SubscriptionSet"}
)

// described is one resource of a list.
type described struct {
	name string
	state
}

const pageLength = 50

// all lists everything, by name. What is made or deleted meanwhile may be there
// or not.
func (l listing) all(ctx context.Context, call Call, in ...action.Pair) (found []described, err error) {
	for offset := 0; ; offset += pageLength {
		total, page, err := l.page(ctx, call, offset, pageLength, in)
		if err != nil {
			return nil, err
		}
		found = append(found, page...)
		if offset+pageLength >= total {
			return found, nil
		}
	}
}

func (l listing) total(ctx context.Context, call Call) (int, error) {
	total, _, err := l.page(ctx, call, 0, 1, nil)
	return total, err
}

func (l listing) page(ctx context.Context, call Call, offset, limit int, in []action.Pair) (total int, page []described, err error) {
	in = append(slices.Clone(in), action.Pair{Name: "Offset", Value: strconv.Itoa(offset)}, action.Pair{Name: "Limit", Value: strconv.Itoa(limit)})
	answer, err := call(ctx, l.action, in)
	if err != nil {
		return 0, nil, fmt.Errorf("list %ss: %w", l.noun, err)
	}
	object, err := decode(answer)
	if err != nil {
		return 0, nil, fmt.Errorf("list %ss: %w", l.noun, err)
	}
	count, _ := object["TotalCount"].(json.Number)
	n, err := count.Int64()
	elements, ok := object[l.member].([]any)
	if err != nil || !ok {
		return 0, nil, fmt.Errorf("list %ss: this is no answer of JetCMQ", l.noun)
	}
	for _, e := range elements {
		if one, ok := e.(map[string]any); ok {
			page = append(page, described{fmt.Sprint(one[l.parameter]), l.state(one)})
		}
	}
	return int(n), page, nil
}

// look reads what there is of a resource.
func (w *work) look(ctx context.Context, r *resource) (state, error) {
	if r.of != nil {
		all, err := w.subscriptionsOf(ctx, r.of)
		return all[key(r.name)], err
	}
	describe, member := action.GetQueueAttributes, "QueueDescribe"
	if r.kind == topics {
		describe, member = action.GetTopicAttributes, "TopicDescribe"
	}
	answer, err := w.call(ctx, describe.TDMQ, r.naming())
	if errors.Is(err, r.missing) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", r.noun, r.name, err)
	}
	object, err := decode(answer)
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", r.noun, r.name, err)
	}
	one, _ := object[member].(map[string]any)
	return r.state(one), nil
}

// subscriptionsOf reads those of a topic, by key; none if there is no such topic.
func (w *work) subscriptionsOf(ctx context.Context, t *resource) (map[string]state, error) {
	found, err := describeSubscriptions.all(ctx, w.call, t.naming()...)
	all := map[string]state{}
	for _, s := range found {
		all[key(s.name)] = s.state
	}
	return all, err
}
