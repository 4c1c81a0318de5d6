package mapping

import (
	"crypto/rand"
	"encoding/base32"
	"strings"
)

// QueueName is a queue's name as its creator wrote it: a letter, then letters,
// digits, '-' and '_', 64 at most. Names that differ only in case are one name.
type QueueName string

// UnmarshalText accepts a legal name and refuses every other with ErrQueueName.
func (n *QueueName) UnmarshalText(text []byte) error {
	if !legalName(string(text)) {
		return ErrQueueName
	}
	*n = QueueName(text)
	return nil
}

// TopicName is a topic's name; what holds for a QueueName holds for it.
type TopicName string

// UnmarshalText accepts a legal name and refuses every other with ErrTopicName.
func (n *TopicName) UnmarshalText(text []byte) error {
	if !legalName(string(text)) {
		return ErrTopicName
	}
	*n = TopicName(text)
	return nil
}

// Key is the name's canonical form.
func (n TopicName) Key() string { return strings.ToLower(string(n)) }

// SubscriptionName is a subscription's name, unique within its topic; what
// holds for a QueueName holds for it.
type SubscriptionName string

// UnmarshalText accepts a legal name and refuses every other with
// ErrSubscriptionName.
func (n *SubscriptionName) UnmarshalText(text []byte) error {
	if !legalName(string(text)) {
		return ErrSubscriptionName
	}
	*n = SubscriptionName(text)
	return nil
}

// Key is the name's canonical form.
func (n SubscriptionName) Key() string { return strings.ToLower(string(n)) }

func legalName(s string) bool {
	if len(s) == 0 || len(s) > 64 {
		return false
	}
	for i := 0; i < len(s); i++ {
		c := s[i]
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
		if !letter && (i == 0 || !(c >= '0' && c <= '9' || c == '-' || c == '_')) {
			return false
		}
	}
	return true
}

// Key is the name's canonical form: names are one when their keys are. It is
// what streams and subjects are called by, so JetStream itself refuses a
// second queue whose name differs only in case.
func (n QueueName) Key() string { return strings.ToLower(string(n)) }

// RandomText gives n random bytes as lower-case letters and digits.
func RandomText(n int) string {
	b := make([]byte, n)
	rand.Read(b)
	return strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(b))
}
