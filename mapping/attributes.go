package mapping

import (
	"strconv"
	"time"
)

// Limits of the queue service (vendor pages; where they differ, the wider).
const (
	MaxBatch     = 16                      // messages or handles in one call
	MaxBodySize  = 1 << 20                 // bytes of one message body, and of all bodies of a batch
	MaxDelay     = 6_048_000 * time.Second // 70 days; classic pages say 3,600 s, TDMQ's SDK 70 days
	MaxPolling   = 30 * time.Second        // longest wait of one receive
	MaxDLSources = 6                       // queues that may share one dead-letter queue
)

// QueueAttributes are what a queue is created with and what can be changed. A
// nil field was not said. Units are the wire's: seconds and bytes.
type QueueAttributes struct {
	MaxMessages       *int              `cmq:"maxMsgHeapNum" range:"1..1000000000" default:"100000000"`
	PollingWait       *int              `cmq:"pollingWaitSeconds" range:"0..30" default:"0"`
	VisibilityTimeout *int              `cmq:"visibilityTimeout" range:"1..43200" default:"30"`
	MaxMessageSize    *int              `cmq:"maxMsgSize" range:"1024..1048576" default:"65536" tdmq-default:"1048576"`
	Retention         *int              `cmq:"msgRetentionSeconds" range:"60..1296000" tdmq-range:"30..1296000" default:"345600"`
	Rewind            *int              `cmq:"rewindSeconds" range:"0..1296000" default:"0"`
	DeadLetter        *DeadLetterPolicy `cmq:"deadLetterPolicy"`
	QueueExtras

	Letters DeadLetterChange `cmq:"-"` // what is said of DeadLetter piece by piece
	Tags    []Tag            `cmq:"-"` // said when a queue is created, and never again
}

// QueueExtras are attributes that only API 3.0 knows. Nothing here acts on
// them: they are kept, and told as they were said.
type QueueExtras struct {
	Transaction       *Flag `v3:"Transaction"`
	TransactionPolicy `v3:"TransactionPolicy"`
	Trace             *bool `v3:"Trace"`
	RetentionSize     *int  `tdmq:"RetentionSizeInMB" range:"0..512000"`
}

// TransactionPolicy says how often the sender of a transaction would be asked.
type TransactionPolicy struct {
	FirstQuery *int `v3:"FirstQueryInterval" range:"0.."`
	MaxQueries *int `v3:"MaxQueryCount" range:"0.."`
}

// Flag is a switch that callers set by 0 or 1 and are told as false or true.
type Flag bool

// UnmarshalText reads 0, 1, false and true. Errors: ErrOutOfRange for other
// numbers, ErrWrongType for everything else.
func (f *Flag) UnmarshalText(text []byte) error {
	on, err := strconv.ParseBool(string(text))
	if _, number := strconv.Atoi(string(text)); err != nil && number == nil {
		return ErrOutOfRange
	} else if err != nil {
		return ErrWrongType
	}
	*f = Flag(on)
	return nil
}

// DefaultAttributes are those of a queue created with its name alone, by API
// 2.0 or product cmq.
func DefaultAttributes() QueueAttributes {
	n := func(i int) *int { return &i }
	return QueueAttributes{MaxMessages: n(100_000_000), PollingWait: n(0), VisibilityTimeout: n(30), MaxMessageSize: n(65_536),
		Retention: n(345_600), Rewind: n(0)}
}

// Over fills what a leaves unsaid from base.
func (a QueueAttributes) Over(base QueueAttributes) QueueAttributes {
	a.MaxMessages = either(a.MaxMessages, base.MaxMessages)
	a.PollingWait = either(a.PollingWait, base.PollingWait)
	a.VisibilityTimeout = either(a.VisibilityTimeout, base.VisibilityTimeout)
	a.MaxMessageSize = either(a.MaxMessageSize, base.MaxMessageSize)
	a.Retention = either(a.Retention, base.Retention)
	a.Rewind = either(a.Rewind, base.Rewind)
	a.Transaction = either(a.Transaction, base.Transaction)
	a.FirstQuery = either(a.FirstQuery, base.FirstQuery)
	a.MaxQueries = either(a.MaxQueries, base.MaxQueries)
	a.Trace = either(a.Trace, base.Trace)
	a.RetentionSize = either(a.RetentionSize, base.RetentionSize)
	if a.Tags == nil {
		a.Tags = base.Tags
	}
	if a.DeadLetter == nil {
		a.DeadLetter = a.Letters.over(base.DeadLetter)
	}
	a.Letters = DeadLetterChange{}
	if a.DeadLetter != nil && a.DeadLetter.None() {
		a.DeadLetter = nil
	}
	return a
}

// Binds tells whether a says anything of a dead-letter queue.
func (a QueueAttributes) Binds() bool {
	return a.DeadLetter != nil || a.Letters != (DeadLetterChange{})
}

func either[T any](said, base *T) *T {
	if said != nil {
		return said
	}
	return base
}

// Check refuses combinations that no single field's range can.
func (a QueueAttributes) Check() error {
	if *a.Rewind > *a.Retention {
		return ErrRewindOverRetain
	}
	if a.DeadLetter == nil {
		return nil
	}
	if err := a.DeadLetter.check(); err != nil {
		return err
	}
	if a.DeadLetter.Policy == ByAge && a.DeadLetter.MaxTimeToLive >= *a.Retention {
		return ErrParameters.Because("maxTimeToLive must be less than msgRetentionSeconds")
	}
	return nil
}

// Seconds is the duration a number of the wire stands for.
func Seconds(n *int) time.Duration { return time.Duration(*n) * time.Second }
