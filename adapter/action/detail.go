package action

import (
	"context"
	"strconv"
	"time"

	"github.com/jetcmq/jetcmq/mapping"
	"github.com/jetcmq/jetcmq/mapping/account"
)

// What descriptions tell of every queue and topic alike. Nothing is throttled
// or limited by these numbers, which are the vendor's, and there are no users
// below an account.
const (
	creator     = 100000000001
	bandwidth   = 52_428_800
	unacked     = 100_000
	backlog     = 10 << 30
	notMigrated = 4
	running     = 1
	newestKind  = 1
)

// place is where TDMQ says that a queue or topic is.
type place struct {
	Tenant    string `tdmq:"TenantId"`
	Namespace string `tdmq:"NamespaceName"`
	Status    int    `tdmq:"Status"`
}

func placeOf(a *account.Account, namespace string) place {
	return place{"cmq-" + strconv.FormatInt(a.Topics.Owner(), 10), namespace, running}
}

// queueDetail is a queue as API 3.0 tells of it, or API 2.0.
type queueDetail struct {
	mapping.QueueDescription
	QPS       int   `v3:"Qps"`
	Bandwidth int   `v3:"Bps"`
	MaxDelay  int   `v3:"MaxDelaySeconds"`
	Creator   int64 `v3:"CreateUin"`
	Migrate   int   `v3:"Migrate" tdmq:"-"`
	Unacked   int   `tdmq:"MaxUnackedMsgNum"`
	Backlog   int   `tdmq:"MaxMsgBacklogSize"`
	place
}

func detailOfQueue(a *account.Account, d mapping.QueueDescription) queueDetail {
	return queueDetail{d, mapping.TopicsQPS, bandwidth, int(mapping.MaxDelay / time.Second), creator, notMigrated, unacked, backlog,
		placeOf(a, "CMQ_QUEUE-"+d.Name)}
}

func queueDetails(ctx context.Context, a *account.Account, l mapping.Lookup, p page) (total int, all []queueDetail, err error) {
	total, queues, err := a.Queues.DescribeQueues(ctx, l, p.Offset, int(p.Limit))
	for _, d := range queues {
		all = append(all, detailOfQueue(a, d))
	}
	return total, all, err
}

// topicDetail is a topic as API 3.0 tells of it, or API 2.0.
type topicDetail struct {
	mapping.TopicDescription
	Creator int64    `cmq:"createUin"`
	QPS     int      `cmq:"qps"`
	Legacy  []string `cmq:"tags" v3:"-"`
	Migrate int      `v3:"Migrate" tdmq:"-"`
	Kind    int      `tdmq:"BrokerType"`
	place
}

func detailOfTopic(a *account.Account, d mapping.TopicDescription) topicDetail {
	return topicDetail{d, creator, mapping.TopicsQPS, nil, notMigrated, newestKind, placeOf(a, "CMQ_TOPIC-"+d.Name)}
}

func topicDetails(ctx context.Context, a *account.Account, l mapping.Lookup, p page) (total int, all []topicDetail, err error) {
	total, topics, err := a.Topics.DescribeTopics(ctx, l, p.Offset, int(p.Limit))
	for _, d := range topics {
		all = append(all, detailOfTopic(a, d))
	}
	return total, all, err
}
