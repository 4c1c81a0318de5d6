package mapping

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// Policies of a dead-letter binding.
const (
	ByCount = 0 // received too often without being deleted
	ByAge   = 1 // lived too long
)

// usualReceiveCount holds where API 3.0 names a dead-letter queue and nothing
// else; the vendor's Terraform provider sends it, its pages tell no number.
const usualReceiveCount = 50

// DeadLetterPolicy binds a queue to the queue its unprocessable messages move
// to. API 2.0 has it as JSON in a text, in which deadLetterQueue is a name when
// it comes in and an id when it goes out; an empty text or {} unbinds. API 3.0
// tells it as an object.
type DeadLetterPolicy struct {
	Queue           QueueName `v3:"DeadLetterQueueName" tdmq:"DeadLetterQueue"`
	ID              QueueID   `v3:"DeadLetterQueue" tdmq:"-"` // of that queue; the broker fills it
	Policy          int       `v3:"Policy"`                   // ByCount or ByAge
	MaxReceiveCount int       `v3:"MaxReceiveCount"`          // 1..1000, for ByCount
	MaxTimeToLive   int       `v3:"MaxTimeToLive"`            // seconds, 300..43200, for ByAge
}

// None tells whether the policy says "no dead-letter queue".
func (p DeadLetterPolicy) None() bool { return p.Queue == "" }

// check refuses numbers that the policy needs and cannot use.
func (p DeadLetterPolicy) check() error {
	switch {
	case p.Policy == ByCount && (p.MaxReceiveCount < 1 || p.MaxReceiveCount > 1000):
		return ErrParameters.Because("policy 0 needs maxReceiveCount between 1 and 1000")
	case p.Policy == ByAge && (p.MaxTimeToLive < 300 || p.MaxTimeToLive > 43200):
		return ErrParameters.Because("policy 1 needs maxTimeToLive between 300 and 43200")
	case p.Policy != ByCount && p.Policy != ByAge:
		return ErrParameters.Because(fmt.Sprintf("policy is 0 or 1, not %d", p.Policy))
	}
	return nil
}

// UnmarshalText reads the form of API 2.0 and checks its ranges. Errors are
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
	p.Queue, p.Policy = QueueName(*in.Queue), *in.Policy
	if in.MaxReceiveCount != nil && p.Policy == ByCount {
		p.MaxReceiveCount = *in.MaxReceiveCount
	}
	if in.MaxTimeToLive != nil && p.Policy == ByAge {
		p.MaxTimeToLive = *in.MaxTimeToLive
	}
	return p.check()
}

// MarshalText gives the form of API 2.0.
func (p DeadLetterPolicy) MarshalText() ([]byte, error) {
	return json.Marshal(struct {
		Queue           QueueID `json:"deadLetterQueue"`
		Policy          int     `json:"policy"`
		MaxReceiveCount int     `json:"maxReceiveCount,omitempty"`
		MaxTimeToLive   int     `json:"maxTimeToLive,omitempty"`
	}{p.ID, p.Policy, p.MaxReceiveCount, p.MaxTimeToLive})
}

// DeadLetterChange is what API 3.0 says of a dead-letter policy: each piece in a
// parameter of its own, nil if not said. Without a queue's name the numbers are
// those of the policy in force; where there is none they mean nothing, since
// Terraform sends them always.
type DeadLetterChange struct {
	Queue           *QueueName `v3:"DeadLetterQueueName"`
	Policy          *int       `v3:"Policy" range:"0..1"`
	MaxReceiveCount *int       `v3:"MaxReceiveCount" range:"0.."`
	MaxTimeToLive   *int       `v3:"MaxTimeToLive" range:"0.."`
}

// over gives the policy that the change makes of the one in force, which is nil
// if there is none. The number that the policy does not use is kept, too, to be
// told as it was said.
func (c DeadLetterChange) over(inForce *DeadLetterPolicy) *DeadLetterPolicy {
	if c == (DeadLetterChange{}) || c.Queue == nil && inForce == nil {
		return inForce
	}
	p := DeadLetterPolicy{MaxReceiveCount: usualReceiveCount}
	if inForce != nil {
		p = *inForce
	}
	if c.Queue != nil {
		p.Queue = *c.Queue
	}
	for _, n := range []struct{ to, said *int }{
		{&p.Policy, c.Policy}, {&p.MaxReceiveCount, c.MaxReceiveCount}, {&p.MaxTimeToLive, c.MaxTimeToLive}} {
		if n.said != nil {
			*n.to = *n.said
		}
	}
	return &p
}
