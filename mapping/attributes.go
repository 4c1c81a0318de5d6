package mapping

import (
	"bytes"
	"encoding/json"
	"fmt"
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

// QueueAttributes are what CreateQueue and SetQueueAttributes accept. A nil
// field was not said. Units are the wire's: seconds and bytes.
type QueueAttributes struct {
	MaxMessages       *int              `cmq:"maxMsgHeapNum" range:"1..1000000000"`
	PollingWait       *int              `cmq:"pollingWaitSeconds" range:"0..30"`
	VisibilityTimeout *int              `cmq:"visibilityTimeout" range:"1..43200"`
	MaxMessageSize    *int              `cmq:"maxMsgSize" range:"1024..1048576"`
	Retention         *int              `cmq:"msgRetentionSeconds" range:"60..1296000"`
	Rewind            *int              `cmq:"rewindSeconds" range:"0..1296000"`
	DeadLetter        *DeadLetterPolicy `cmq:"deadLetterPolicy"`
}

// DefaultAttributes are those of a queue created with its name alone.
func DefaultAttributes() QueueAttributes {
	n := func(i int) *int { return &i }
	return QueueAttributes{n(100_000_000), n(0), n(30), n(65_536), n(345_600), n(0), nil}
}

// Over fills what a leaves unsaid from base.
func (a QueueAttributes) Over(base QueueAttributes) QueueAttributes {
	pick := func(a, b *int) *int {
		if a != nil {
			return a
		}
		return b
	}
	a.MaxMessages = pick(a.MaxMessages, base.MaxMessages)
	a.PollingWait = pick(a.PollingWait, base.PollingWait)
	a.VisibilityTimeout = pick(a.VisibilityTimeout, base.VisibilityTimeout)
	a.MaxMessageSize = pick(a.MaxMessageSize, base.MaxMessageSize)
	a.Retention = pick(a.Retention, base.Retention)
	a.Rewind = pick(a.Rewind, base.Rewind)
	if a.DeadLetter == nil {
		a.DeadLetter = base.DeadLetter
	}
	if a.DeadLetter != nil && a.DeadLetter.None() {
		a.DeadLetter = nil
	}
	return a
}

// Check refuses combinations that no single field's range can.
func (a QueueAttributes) Check() error {
	if *a.Rewind > *a.Retention {
		return ErrRewindOverRetain
	}
	if d := a.DeadLetter; d != nil && d.Policy == ByAge && d.MaxTimeToLive >= *a.Retention {
		return ErrParameters.Because("maxTimeToLive must be less than msgRetentionSeconds")
	}
	return nil
}

// Policies of a dead-letter binding.
const (
	ByCount = 0 // received too often without being deleted
	ByAge   = 1 // lived too long
)

// DeadLetterPolicy binds a queue to the queue its unprocessable messages move
// to. On the wire it is JSON in a string; an empty string or {} unbinds.
type DeadLetterPolicy struct {
	Queue           string `json:"deadLetterQueue"`           // in: a queue's name; out: its id
	ID              string `json:"-"`                         // of that queue; the broker fills it
	Policy          int    `json:"policy"`                    // ByCount or ByAge
	MaxReceiveCount int    `json:"maxReceiveCount,omitempty"` // 1..1000, for ByCount
	MaxTimeToLive   int    `json:"maxTimeToLive,omitempty"`   // seconds, 300..43200, for ByAge
}

// None tells whether the policy says "no dead-letter queue".
func (p DeadLetterPolicy) None() bool { return p.Queue == "" }

// UnmarshalText reads the wire form and checks its ranges. Errors are
// ErrParameters with a sentence: the vendor documents no codes for them.
func (p *DeadLetterPolicy) UnmarshalText(text []byte) error {
	*p = DeadLetterPolicy{}
	text = bytes.TrimSpace(text)
	if len(text) == 0 {
		return nil
	}
	var in struct {
		Queue           *string `json:"deadLetterQueue"`
		Policy          *int    `json:"policy"`
		MaxReceiveCount *int    `json:"maxReceiveCount"`
		MaxTimeToLive   *int    `json:"maxTimeToLive"`
	}
	if err := json.Unmarshal(text, &in); err != nil {
		return ErrParameters.Because("deadLetterPolicy is not the JSON text of a policy")
	}
	if in.Queue == nil && in.Policy == nil && in.MaxReceiveCount == nil && in.MaxTimeToLive == nil {
		return nil
	}
	if in.Queue == nil || in.Policy == nil {
		return ErrParameters.Because("deadLetterPolicy needs deadLetterQueue and policy")
	}
	p.Queue, p.Policy = *in.Queue, *in.Policy
	switch p.Policy {
	case ByCount:
		if in.MaxReceiveCount == nil || *in.MaxReceiveCount < 1 || *in.MaxReceiveCount > 1000 {
			return ErrParameters.Because("policy 0 needs maxReceiveCount between 1 and 1000")
		}
		p.MaxReceiveCount = *in.MaxReceiveCount
	case ByAge:
		if in.MaxTimeToLive == nil || *in.MaxTimeToLive < 300 || *in.MaxTimeToLive > 43200 {
			return ErrParameters.Because("policy 1 needs maxTimeToLive between 300 and 43200")
		}
		p.MaxTimeToLive = *in.MaxTimeToLive
	default:
		return ErrParameters.Because(fmt.Sprintf("policy is 0 or 1, not %d", p.Policy))
	}
	return nil
}

// MarshalText gives the wire form.
func (p DeadLetterPolicy) MarshalText() ([]byte, error) {
	type plain DeadLetterPolicy
	return json.Marshal(plain(p))
}

// Seconds is the duration a number of the wire stands for.
func Seconds(n *int) time.Duration { return time.Duration(*n) * time.Second }
