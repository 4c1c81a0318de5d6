package mapping

import (
	"errors"
	"fmt"
	"strings"
)

// Error is an answer the service gives on purpose: the caller did something it
// can understand and mend. Every other error is ours and is shown as
// ErrInternal.
type Error struct {
	Code   int    // number at the top of an API 2.0 answer
	Module int    // the number in brackets in front of the text
	V3     string // name in API 3.0
	Text   string // the service's own words, its typing errors included; %s stands for one thing
}

// The errors the queue service answers, some of them the topic service too. Numbers and texts are the vendor's.
var (
	ErrParameters       = &Error{4000, 10110, "InvalidParameterValue", "request parameters error"}
	ErrQueueName        = &Error{4000, 10020, "InvalidParameterValue", "queue name format error"}
	ErrEmptyBody        = &Error{4000, 10120, "InvalidParameterValue", "message body can't be empty"}
	ErrActionMissing    = &Error{4000, 10280, "InvalidAction", "action is not existed"}
	ErrKeyFormat        = &Error{4000, 10310, "InvalidParameter", "error: parameter %s key format error"}
	ErrNotRepeatable    = &Error{4000, 10330, "InvalidParameter", "parameter %s is NOT a repeatable parameter"}
	ErrOutOfRange       = &Error{4000, 10350, "InvalidParameterValue", "parameter %s value or length is out of range"}
	ErrWrongType        = &Error{4000, 10360, "InvalidParameter", "parameter %s error type"}
	ErrBatchSize        = &Error{4000, 10370, "InvalidParameterValue", "%s parameter batch size is out of range"}
	ErrListGap          = &Error{4000, 10380, "InvalidParameter", "%s parameter is not consequent"}
	ErrMissing          = &Error{4000, 10390, "MissingParameter", "lacked of required parameter %s"}
	ErrMethod           = &Error{4000, 10410, "UnsupportedProtocol", "unexpected http %s only GET or POST is supported"}
	ErrRequestSize      = &Error{4000, 10420, "RequestSizeLimitExceeded", "cannot parse %s, or request size is more than 1MB"}
	ErrHandleFormat     = &Error{4000, 10470, "InvalidParameterValue", "receiptHandle error"}
	ErrRewindTime       = &Error{4000, 10680, "InvalidParameterValue", "invalid rewind time, you can get the vaild range of that via GetQueueAttributes"} // sic
	ErrDelay            = &Error{4000, 10692, "InvalidParameterValue", "delay seconds is out of range"}
	ErrRewindOverRetain = &Error{4000, 10700, "InvalidParameterValue", "rewindSeconds cannot be greater than msgRetentionSeconds"}
	ErrSignature        = &Error{4100, 10030, "AuthFailure.SignatureFailure", "authentication failed"}
	ErrSecretID         = &Error{4100, 10270, "AuthFailure.SecretIdNotFound", "secret id is not existed"}
	ErrBodyTooLarge     = &Error{4400, 10230, "InvalidParameterValue", "exceed maximum message size"}
	ErrHeapFull         = &Error{4410, 10240, "LimitExceeded", "reach maximum retention number of message"}
	ErrThrottled        = &Error{4420, 10250, "RequestLimitExceeded", "qps throttling"}
	ErrHandle           = &Error{4430, 10260, "InvalidParameterValue", "receipt handle is invalid"}
	ErrNoQueue          = &Error{4440, 10100, "ResourceNotFound", "queue is not existed, or deleted"}
	ErrTooManyQueues    = &Error{4450, 10220, "LimitExceeded", "number of queues has reached the limit"}
	ErrQueueExists      = &Error{4460, 10210, "ResourceInUse.Queue", "queue is already existed"}
	ErrBatchTooLarge    = &Error{4470, 10300, "InvalidParameterValue", "total message size exceed 1MB"}
	ErrInternal         = &Error{6000, 10050, "InternalError", "server internal error"}
	ErrSendRefused      = &Error{6000, 10090, "FailedOperation", "send message failed"}
	ErrDeletePartly     = &Error{6010, 10150, "FailedOperation", "delete message partially failed"}
	ErrDeleteAll        = &Error{6020, 10290, "FailedOperation", "batch delete message failed"}
	ErrNoRewind         = &Error{6050, 10670, "FailedOperation", "your queue cannot be rewinded"}
	ErrNoMessage        = &Error{7000, 10200, "ResourceUnavailable", "no message"}
)

// The errors only the topic service answers.
var (
	ErrTooManyFilterTags    = &Error{4000, 10490, "InvalidParameterValue", "number of filterTag exceed limit"}
	ErrEndpointFormat       = &Error{4000, 10500, "InvalidParameterValue", "endpoint format error"}
	ErrProtocol             = &Error{4000, 10510, "InvalidParameterValue", "undefined protocol"}
	ErrStrategy             = &Error{4000, 10520, "InvalidParameterValue", "undefined notify retry stragety"} // sic
	ErrFormat               = &Error{4000, 10530, "InvalidParameterValue", "undefined notify content format"}
	ErrTopicInUse           = &Error{4000, 10540, "FailedOperation", "there exists subscriptions under this topic, please unsubscribe all of them before DeleteTopic"}
	ErrTopicName            = &Error{4000, 10590, "InvalidParameterValue", "topic name format error"}
	ErrSubscriptionName     = &Error{4000, 10590, "InvalidParameterValue", "subscription name format error"}
	ErrEndpoint             = &Error{4000, 10630, "InvalidParameterValue", "illegal endpoint"}
	ErrTooManyBindingKeys   = &Error{4000, 10680, "InvalidParameterValue", "too many bindingKey"}
	ErrTooManyDelimiters    = &Error{4000, 10691, "InvalidParameterValue", "too many delimeters"} // sic
	ErrNoBindingKey         = &Error{4000, 10710, "MissingParameter", "parameters lack of bindingKey"}
	ErrTooManyTags          = &Error{4000, 10720, "InvalidParameterValue", "too many msgTag"}
	ErrNoTopic              = &Error{4440, 10600, "ResourceNotFound.Topic", "topic is not existed, or deleted"}
	ErrNoSubscription       = &Error{4440, 10560, "ResourceNotFound", "subscription is not existed"}
	ErrTooManyTopics        = &Error{4450, 10610, "LimitExceeded.Topics", "number of topics has reached the limit"}
	ErrTopicExists          = &Error{4460, 10550, "ResourceInUse.Topic", "topic is already existed"}
	ErrSubscriptionExists   = &Error{4490, 10470, "ResourceInUse.Subscription", "subscribtion is already existed"} // sic
	ErrTooManySubscriptions = &Error{4500, 10480, "LimitExceeded", "number of subscription has reached the limit"}
	ErrEndpointBlank        = &Error{4510, 10570, "InvalidParameterValue", "url connot contain any blank characters"} // sic
	ErrNoSubscribers        = &Error{6030, 10650, "FailedOperation", "topic has no subscription, please create a subscription before publishing message"}
	ErrNoMatch              = &Error{6030, 10730, "FailedOperation", "no bindingKey or filterTag matches the routingKey or msgTag"}
)

// Error gives the text as API 2.0 writes it: the module in brackets, then the words.
func (e *Error) Error() string { return fmt.Sprintf("(%d)%s", e.Module, e.Text) }

// Is holds two errors equal when code and module are.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Code == e.Code && t.Module == e.Module
}

// Of returns a copy that speaks of thing, a parameter's or action's name.
func (e *Error) Of(thing string) *Error {
	c := *e
	c.Text = strings.Replace(e.Text, "%s", thing, 1)
	return &c
}

// Because returns a copy with an explanation behind the service's own words,
// for failures of which the vendor documents a code but no text.
func (e *Error) Because(why string) *Error {
	c := *e
	c.Text += ": " + why
	return &c
}

// Named returns a copy that has another name in API 3.0: an action's own, where
// the vendor does not name an error alike everywhere.
func (e *Error) Named(v3 string) *Error {
	c := *e
	c.V3 = v3
	return &c
}

// Reply is the one place that decides what a caller gets to see of err: its
// own Error, or ErrInternal for everything that is not the caller's business.
func Reply(err error) *Error {
	var e *Error
	if errors.As(err, &e) && e != nil {
		return e
	}
	return ErrInternal
}
