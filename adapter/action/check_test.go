package action

import (
	"errors"
	"strings"
	"testing"

	"github.com/jetcmq/jetcmq/mapping"
)

// Check refuses what Call would refuse whatever the account holds.
func TestCheck(t *testing.T) {
	t.Parallel()
	for words, want := range map[string]error{
		"CreateQueue queueName=q":                                                                                nil,
		"CreateQueue":                                                                                            mapping.ErrMissing,
		"CreateQueue queueName=1":                                                                                mapping.ErrQueueName,
		"CreateQueue queueName=q rewindSeconds=345600":                                                           nil,
		"CreateQueue queueName=q rewindSeconds=345601":                                                           mapping.ErrRewindOverRetain,
		"CreateQueue queueName=q deadLetterPolicy::policy=0":                                                     mapping.ErrParameters,
		"SetQueueAttributes queueName=q rewindSeconds=345601":                                                    nil,
		"CreateTopic topicName=t filterType=3":                                                                   mapping.ErrOutOfRange,
		"Subscribe topicName=t subscriptionName=s protocol=queue endpoint=q":                                     nil,
		"Subscribe topicName=t subscriptionName=s protocol=queue endpoint=1":                                     mapping.ErrEndpointFormat,
		"Subscribe topicName=t subscriptionName=s protocol=http endpoint=q":                                      mapping.ErrEndpointFormat,
		"Subscribe topicName=t subscriptionName=s protocol=http endpoint=ftp://a/":                               mapping.ErrEndpointFormat,
		"Subscribe topicName=t subscriptionName=s protocol=http endpoint=http://a/\u3000":                        mapping.ErrEndpointBlank,
		"Subscribe topicName=t subscriptionName=s protocol=http endpoint=http://a/" + strings.Repeat("b", 491):   nil,
		"Subscribe topicName=t subscriptionName=s protocol=http endpoint=http://a/" + strings.Repeat("b", 492):   mapping.ErrEndpointFormat,
		"Subscribe topicName=t subscriptionName=s protocol=http endpoint=https://a?b notifyStrategy=NEVER_RETRY": mapping.ErrStrategy,
	} {
		name, rest, _ := strings.Cut(words, " ")
		p := Params{}
		for word := range strings.SplitSeq(rest, " ") {
			name, value, _ := strings.Cut(word, "=")
			p.Pairs = append(p.Pairs, Pair{name, value})
		}
		if got := Find(Legacy, name).Check(p); !errors.Is(got, want) {
			t.Errorf("%s: got %v, want %v", words, got, want)
		}
	}
}

func TestParametersCheck(t *testing.T) {
	t.Parallel()
	for _, p := range CreateQueue.Parameters(TDMQ) {
		switch p.Names[0] {
		case "MsgRetentionSeconds": // which is a pointer
			if err := p.Check("30"); err != nil {
				t.Errorf("got %v", err)
			}
			if err := p.Check("29"); !errors.Is(err, mapping.ErrOutOfRange) {
				t.Errorf("got %v, want out of range", err)
			}
		case "QueueName":
			if err := p.Check(""); !errors.Is(err, mapping.ErrQueueName) {
				t.Errorf("got %v, want a bad name", err)
			}
		}
	}
	if got := CreateQueue.Parameters(Legacy); len(got) != 12 {
		t.Errorf("got %d parameters in API 2.0, want 12", len(got))
	}
	if got := DescribeCmqQueues.Parameters(Legacy); got != nil {
		t.Errorf("got %v of an action that API 2.0 does not have", got)
	}
}
