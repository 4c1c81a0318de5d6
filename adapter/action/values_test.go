package action

import (
	"reflect"
	"strconv"
	"strings"
	"testing"

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
func badValues(t testing.TB, p parameter) []bad {
	t.Helper()
	switch reflect.New(p.kind).Interface().(type) {
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
		return nil
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
		return append(allBad(mapping.ErrOutOfRange, notPlain...),
			allBad(mapping.ErrOutOfRange, strings.Repeat("a", 17), strings.Repeat("界", 17))...)
	case *key:
		return append(allBad(mapping.ErrOutOfRange, append(notPlain, strings.Repeat("a", 65), strings.Repeat("界", 22), strings.Repeat(".", 65))...),
			allBad(mapping.ErrTooManyDelimiters, strings.Repeat(".", 16), strings.Repeat("a.", 32))...)
	case *endpoint:
		return allBad(mapping.ErrEndpointFormat, "", "http://h/\xff", strings.Repeat("e", 501), strings.Repeat("界", 501))
	default:
		return badNumbers(t, p)
	}
}

func badNumbers(t testing.TB, p parameter) (list []bad) {
	t.Helper()
	below, above := strconv.FormatInt(p.bounds.lo-1, 10), strconv.FormatUint(uint64(p.bounds.hi)+1, 10)
	switch reflect.New(p.kind).Interface().(type) {
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
		t.Fatalf("no bad values are known for %s", p.kind)
	}
	return append(list, allBad(mapping.ErrNotANumber, "x", "1.5", "0x10", "1_0", " 1", "1 ", "\x01")...)
}

// goodValue is a value that p accepts.
func goodValue(p parameter) string {
	switch reflect.New(p.kind).Interface().(type) {
	case *mapping.DeadLetterPolicy:
		return `{"deadLetterQueue":"d","policy":0,"maxReceiveCount":3}`
	case *mapping.Protocol:
		return "queue"
	case *mapping.Strategy:
		return "BACKOFF_RETRY"
	case *mapping.Format:
		return "SIMPLIFIED"
	}
	if p.kind.Kind() == reflect.String {
		return "abc"
	}
	return strconv.FormatInt(p.bounds.lo, 10)
}
