package action

import (
	"context"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/jetcmq/jetcmq/mapping"
	"github.com/jetcmq/jetcmq/mapping/account"
)

func TestFind(t *testing.T) {
	t.Parallel()
	for _, v := range verbs() {
		name := v.name(v.api)
		for _, name := range []string{name, strings.ToLower(name), strings.ToUpper(name)} {
			if got := Find(v.api, name); got != v.Action {
				t.Errorf("%s: got %v, want %s", name, got, v)
			}
		}
	}
	for api := range API(apis) {
		for _, name := range []string{"", "SendMessages", "SendMessage ", "ChangeMessageVisibility", "ReceiveMsg"} {
			if got := Find(api, name); got != nil {
				t.Errorf("%d %q: got %v, want nothing", api, name, got)
			}
		}
	}
	if got := Find(TDMQ, "SendMessage"); got != nil {
		t.Errorf("product tdmq: got %v, want nothing", got)
	}
	if got := Find(TDMQ, "CreateTopic"); got != nil {
		t.Errorf("Pulsar's CreateTopic: got %v, want nothing", got)
	}
}

func TestEveryAction(t *testing.T) {
	t.Parallel()
	for api, names := range map[API]string{
		Legacy: `CreateTopic SetTopicAttributes GetTopicAttributes ListTopic DeleteTopic
			PublishMessage BatchPublishMessage Subscribe Unsubscribe SetSubscriptionAttributes GetSubscriptionAttributes
			ListSubscriptionByTopic ClearSubscriptionFilterTags QueryTopicRoute
			CreateQueue ListQueue GetQueueAttributes SetQueueAttributes DeleteQueue
			RewindQueue ClearQueue UnbindDeadLetter ListDeadLetterSourceQueues QueryQueueRoute SendMessage
			BatchSendMessage ReceiveMessage BatchReceiveMessage DeleteMessage BatchDeleteMessage`,
		CMQ: `CreateQueue ModifyQueueAttribute DeleteQueue ClearQueue RewindQueue DescribeQueueDetail
			UnbindDeadLetter DescribeDeadLetterSourceQueues
			CreateTopic ModifyTopicAttribute DeleteTopic DescribeTopicDetail
			CreateSubscribe DeleteSubscribe ModifySubscriptionAttribute ClearSubscriptionFilterTags DescribeSubscriptionDetail`,
		TDMQ: `CreateCmqQueue DescribeCmqQueues DescribeCmqQueueDetail ModifyCmqQueueAttribute DeleteCmqQueue ClearCmqQueue
			RewindCmqQueue UnbindCmqDeadLetter DescribeCmqDeadLetterSourceQueues SendCmqMsg
			CreateCmqTopic DescribeCmqTopics DescribeCmqTopicDetail ModifyCmqTopicAttribute DeleteCmqTopic
			CreateCmqSubscribe DescribeCmqSubscriptionDetail ModifyCmqSubscriptionAttribute
			ClearCmqSubscriptionFilterTags DeleteCmqSubscribe PublishCmqMsg`,
	} {
		want := strings.Fields(names)
		for _, name := range want {
			if Find(api, name) == nil {
				t.Errorf("%d: %s is not declared", api, name)
			}
		}
		var got []string
		for _, v := range verbs() {
			if v.api == api {
				got = append(got, v.name(api))
			}
		}
		if len(got) != len(want) {
			t.Errorf("%d: got %d actions, %s; want %d", api, len(got), got, len(want))
		}
	}
	if Find(Legacy, "ClearSUbscriptionFIlterTags") == nil { // sic: the Java SDK
		t.Error("ClearSUbscriptionFIlterTags is not found")
	}
}

// One number can have another name in API 3.0 where another action fails with it.
func TestCode3(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		api  API
		name string
		err  *mapping.Error
		want string
	}{
		{TDMQ, "DescribeCmqQueueDetail", mapping.ErrNoQueue, "ResourceNotFound"},
		{TDMQ, "SendCmqMsg", mapping.ErrNoQueue, "ResourceNotFound"},
		{TDMQ, "SendCmqMsg", mapping.ErrSendRefused.Because("the disk is full"), "FailedOperation"},
		{TDMQ, "SendCmqMsg", mapping.ErrHeapFull, "LimitExceeded"},
		{TDMQ, "SendCmqMsg", mapping.ErrBodyTooLarge, "InvalidParameterValue"},
		{TDMQ, "SendCmqMsg", mapping.ErrDelay, "InvalidParameterValue"},
		{TDMQ, "SendCmqMsg", mapping.ErrInternal, "InternalError"},
		{TDMQ, "DescribeCmqTopicDetail", mapping.ErrNoTopic, "ResourceNotFound"},
		{TDMQ, "PublishCmqMsg", mapping.ErrNoTopic, "ResourceNotFound"},
		{TDMQ, "PublishCmqMsg", mapping.ErrNoSubscribers, "FailedOperation"},
		{TDMQ, "PublishCmqMsg", mapping.ErrNoMatch, "FailedOperation"},
		{TDMQ, "DeleteCmqTopic", mapping.ErrNoTopic, "ResourceNotFound.Topic"},
		{TDMQ, "ModifyCmqTopicAttribute", mapping.ErrNoTopic, "ResourceNotFound.Topic"},
		{TDMQ, "CreateCmqSubscribe", mapping.ErrNoTopic, "ResourceNotFound.Topic"},
		{TDMQ, "DeleteCmqSubscribe", mapping.ErrNoSubscription, "ResourceNotFound"},
		{TDMQ, "DeleteCmqTopic", mapping.ErrTopicInUse, "FailedOperation"},
		{TDMQ, "DeleteCmqQueue", mapping.ErrParameters.Because("it is in use"), "FailedOperation"},
		{TDMQ, "CreateCmqQueue", mapping.ErrParameters.Because("policy 0 needs a number"), "InvalidParameterValue"},
		{TDMQ, "CreateCmqQueue", mapping.ErrQueueExists, "ResourceInUse.Queue"},
		{CMQ, "CreateQueue", mapping.ErrTooManyQueues, "LimitExceeded"},
		{CMQ, "CreateTopic", mapping.ErrTopicExists, "ResourceInUse.Topic"},
		{CMQ, "CreateTopic", mapping.ErrTooManyTopics, "LimitExceeded.Topics"},
		{CMQ, "CreateSubscribe", mapping.ErrSubscriptionExists, "ResourceInUse.Subscription"},
		{CMQ, "RewindQueue", mapping.ErrNoRewind, "FailedOperation"},
		{CMQ, "RewindQueue", mapping.ErrWrongType.Of("StartConsumeTime"), "InvalidParameter"},
		{CMQ, "RewindQueue", mapping.ErrMissing.Of("QueueName"), "MissingParameter"},
		{CMQ, "NoSuchAction", mapping.ErrActionMissing, "InvalidAction"},
	} {
		if got := Find(test.api, test.name).Code3(test.err); got != test.want {
			t.Errorf("%s: %v: got %s, want %s", test.name, test.err, got, test.want)
		}
	}
}

// An error alone says nothing else, unless the action declares that it does.
func TestCallAnswers(t *testing.T) {
	t.Parallel()
	type out struct {
		ID string `cmq:"msgId"`
		handedOut
	}
	returned := false
	do := func(context.Context, *account.Account, struct{}) (out, error) {
		return out{"1", handedOut{func() { returned = true }}}, mapping.ErrNoQueue
	}
	answer, err := compile(Action{Name: "X"}, do).Call(t.Context(), nil, Params{})
	if !errors.Is(err, mapping.ErrNoQueue) || answer.Fields != nil || answer.Undelivered != nil {
		t.Errorf("error: got %q, %v, want the error only", answer.Fields, err)
	}
	answer, err = compile(Action{Name: "X", Partial: true}, do).Call(t.Context(), nil, Params{})
	if got := string(answer.Fields); !errors.Is(err, mapping.ErrNoQueue) || got != `"msgId":"1"` {
		t.Errorf("partial error: got %s, %v, want both", got, err)
	}
	if answer.Undelivered(); !returned {
		t.Error("Undelivered did not give the messages back")
	}
}

func TestBatchTooLarge(t *testing.T) {
	t.Parallel()
	half := strings.Repeat("x", mapping.MaxBodySize/2)
	bodies := []Pair{{"msgBody.0", half}, {"msgBody.1", half}, {"msgBody.2", "x"}}
	refuses(t, BatchSendMessage, append(bodies, Pair{"queueName", "q"}), mapping.ErrBatchTooLarge)
	refuses(t, BatchPublishMessage, append(bodies, Pair{"topicName", "t"}), mapping.ErrBatchTooLarge)
	if got := size([]string{half, half}); got > mapping.MaxBodySize {
		t.Errorf("got %d, want a batch of just %d to pass", got, mapping.MaxBodySize)
	}
}

func TestFailures(t *testing.T) {
	t.Parallel()
	bad := failure{4430, "(10260)receipt handle is invalid", "b"}
	ours := failure{6000, "(10050)server internal error", "c"}
	for _, test := range []struct {
		why  string
		errs []error
		want []failure
		err  error
	}{
		{"none", []error{nil, nil, nil}, nil, nil},
		{"one", []error{nil, mapping.ErrHandle, nil}, []failure{bad}, mapping.ErrDeletePartly},
		{"two kinds", []error{nil, mapping.ErrHandle, errors.New("no responders")}, []failure{bad, ours}, mapping.ErrDeletePartly},
		{"all", []error{mapping.ErrHandle, mapping.ErrHandle, mapping.ErrHandle},
			[]failure{{4430, bad.Message, "a"}, bad, {4430, bad.Message, "c"}}, mapping.ErrDeleteAll},
	} {
		t.Run(test.why, func(t *testing.T) {
			t.Parallel()
			got, err := failures([]string{"a", "b", "c"}, test.errs)
			if !reflect.DeepEqual(got, test.want) || !errors.Is(err, test.err) {
				t.Errorf("got %v, %v, want %v, %v", got, err, test.want, test.err)
			}
		})
	}
}

func TestUnixTime(t *testing.T) {
	t.Parallel()
	want := time.Unix(1462351990, 0)
	for _, n := range []int64{1462351990, 1462351990_000, 1462351990_000_000, 1462351990_000_000_000} {
		if got := unixTime(n).time(); !got.Equal(want) {
			t.Errorf("%d: got %v, want %v", n, got, want)
		}
	}
	if got := unixTime(1).time(); got.Unix() != 1 {
		t.Errorf("1: got %v, want a second after 1970", got)
	}
}

func TestDeadLetterPieces(t *testing.T) {
	t.Parallel()
	const prefix = "deadLetterPolicy::"
	settings := func(pairs ...Pair) (*mapping.DeadLetterPolicy, error) {
		a, err := said[queueSettings](t, pairs...).attributes()
		return a.DeadLetter, err
	}
	pieces := []Pair{{prefix + "deadLetterQueue", "dead"}, {prefix + "policy", "1"}, {prefix + "maxTimeToLive", "300"},
		{prefix + "maxReceiveCount", "0"}}
	got, err := settings(pieces...)
	want := mapping.DeadLetterPolicy{Queue: "dead", Policy: mapping.ByAge, MaxTimeToLive: 300}
	if err != nil || got == nil || *got != want {
		t.Errorf("pieces: got %v, %v, want %v", got, err, want)
	}
	got, err = settings(append(pieces, Pair{"deadLetterPolicy", `{"deadLetterQueue":"other","policy":0,"maxReceiveCount":9}`})...)
	if err != nil || got == nil || got.Queue != "other" {
		t.Errorf("both: got %v, %v, want the JSON text to count", got, err)
	}
	if got, err := settings(); err != nil || got != nil {
		t.Errorf("neither: got %v, %v, want nothing said", got, err)
	}
	for _, empty := range []string{"", "{}"} {
		if got, err := settings(Pair{"deadLetterPolicy", empty}); err != nil || got == nil || !got.None() {
			t.Errorf("%q: got %v, %v, want no queue said", empty, got, err)
		}
	}
	if _, err := settings(pieces[:2]...); !errors.Is(err, mapping.ErrParameters) {
		t.Errorf("too few: got %v, want %v", err, mapping.ErrParameters)
	}
}
