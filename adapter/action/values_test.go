package action

import (
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/jetcmq/jetcmq/adapter/action/fields"
	"github.com/jetcmq/jetcmq/mapping"
)

// bad is a value some parameter refuses, and the error it refuses it with.
type bad struct {
	value string
	err   *mapping.Error
}

// allBad are values that are refused with the same error.
func allBad(err *mapping.Error, values ...string) (list []bad) {
	for _, v := range values {
		list = append(list, bad{v, err})
	}
	return list
}

const tooLong = "99999999999999999999" // for 64 bits

var (
	illegalNames = []string{"1a", "-a", "_a", "a b", "a.b", "a*", "ä", " a", "a\n", strings.Repeat("a", 65)}
	notPlain     = []string{"a\nb", "\x00", "\t", "a\x1f", "\x7f", "a\xff"}
)

// badValues are wrong values of p, from its kind and its bounds.
func badValues(t testing.TB, p fields.Parameter) []bad {
	t.Helper()
	switch reflect.New(p.Kind).Interface().(type) {
	case *mapping.QueueName:
		return allBad(mapping.ErrQueueName, illegalNames...)
	case *mapping.TopicName:
		return allBad(mapping.ErrTopicName, illegalNames...)
	case *mapping.SubscriptionName:
		return allBad(mapping.ErrSubscriptionName, illegalNames...)
	case *mapping.DeadLetterPolicy:
		return allBad(mapping.ErrParameters, "x", "[]", `{"policy":0}`, `{"deadLetterQueue":"d"}`,
			`{"deadLetterQueue":"d","policy":0,"maxReceiveCount":0}`, `{"deadLetterQueue":"d","policy":0,"maxReceiveCount":1001}`,
			`{"deadLetterQueue":"d","policy":1,"maxTimeToLive":299}`, `{"deadLetterQueue":"d","policy":1,"maxTimeToLive":43201}`,
			`{"deadLetterQueue":"d","policy":2}`, `{"deadLetterQueue":"d","policy":"0"}`)
	case *string:
		return tooLongTexts(p)
	case *bool:
		return allBad(mapping.ErrWrongType, "x", "yes", "2", "-1", " true", "tRuE")
	case *mapping.Flag:
		return append(allBad(mapping.ErrOutOfRange, "2", "-1", "10"), allBad(mapping.ErrWrongType, "x", "yes", " 1")...)
	case *queryType:
		return allBad(mapping.ErrOutOfRange, "x", "Queue", "topics")
	case *body:
		return []bad{{"", mapping.ErrEmptyBody}, {"a\xffb", mapping.ErrParameters}}
	case *handle:
		return []bad{{"", mapping.ErrHandleFormat}}
	case *mapping.Protocol:
		return allBad(mapping.ErrProtocol, "https", "tcp", "queue ", "sms")
	case *mapping.Strategy:
		return allBad(mapping.ErrStrategy, "backoff_retry", "NEVER", " BACKOFF_RETRY")
	case *mapping.Format:
		return allBad(mapping.ErrFormat, "json", "XML", "SIMPLIFIED ")
	case *tag:
		return append(allBad(mapping.ErrOutOfRange, notPlain...), tooLongTexts(p)...)
	case *key:
		return append(allBad(mapping.ErrOutOfRange, append(notPlain, strings.Repeat("a", 65), strings.Repeat("界", 22), strings.Repeat(".", 65))...),
			allBad(mapping.ErrTooManyDelimiters, strings.Repeat(".", 16), strings.Repeat("a.", 32))...)
	case *endpoint:
		return allBad(mapping.ErrEndpointFormat, "", "http://h/\xff", strings.Repeat("e", 501), strings.Repeat("界", 501))
	default:
		return badNumbers(t, p)
	}
}

// tooLongTexts are texts beyond p's bounds, if it has any.
func tooLongTexts(p fields.Parameter) []bad {
	if p.Bounds == (fields.Bounds{}) {
		return nil
	}
	n := int(p.Bounds.Hi) + 1
	return allBad(mapping.ErrOutOfRange, strings.Repeat("a", n), strings.Repeat("界", n))
}

func badNumbers(t testing.TB, p fields.Parameter) (list []bad) {
	t.Helper()
	below, above := strconv.FormatInt(p.Bounds.Lo-1, 10), strconv.FormatUint(uint64(p.Bounds.Hi)+1, 10)
	switch reflect.New(p.Kind).Interface().(type) {
	case *wait:
	case *pageLimit:
		list = []bad{{below, mapping.ErrOutOfRange}}
	case *delay:
		list = allBad(mapping.ErrDelay, below, above, tooLong)
	case *unixTime:
		list = []bad{{below, mapping.ErrRewindTime}, {"-1", mapping.ErrRewindTime}, {tooLong, mapping.ErrOutOfRange}}
	case *int:
		list = allBad(mapping.ErrOutOfRange, below, above, tooLong, "-"+tooLong)
	default:
		t.Fatalf("no bad values are known for %s", p.Kind)
	}
	return append(list, allBad(mapping.ErrWrongType, "x", "1.5", "0x10", "1_0", " 1", "1 ", "\x01")...)
}

// goodValue is a value that p accepts.
func goodValue(p fields.Parameter) string {
	switch reflect.New(p.Kind).Interface().(type) {
	case *mapping.DeadLetterPolicy:
		return `{"deadLetterQueue":"d","policy":0,"maxReceiveCount":3}`
	case *mapping.Protocol:
		return "queue"
	case *queryType:
		return "topic"
	case *bool, *mapping.Flag:
		return "true"
	case *mapping.Strategy:
		return "BACKOFF_RETRY"
	case *mapping.Format:
		return "SIMPLIFIED"
	}
	if p.Kind.Kind() == reflect.String {
		return "abc"
	}
	return strconv.FormatInt(p.Bounds.Lo, 10)
}
