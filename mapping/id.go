package mapping

import (
	"crypto/rand"
	"encoding/binary"
	"strconv"
	"strings"
)

// MessageID gives the msgId of the message with that sequence. It is a mixing
// one-to-one function, so ids are unique within a queue or topic without costing a
// header, and salt keeps these apart: two messages of an account share an id with a chance of one in 2^63.
func MessageID(seq, salt uint64) string {
	const mask = 1<<63 - 1
	x := (seq ^ salt) & mask
	x = x * 0x9E3779B97F4A7C15 & mask
	x ^= x >> 32
	x = x * 0xD6E8FEB86659FD93 & mask
	x ^= x >> 29
	return strconv.FormatUint(x, 10)
}

// NewMessageID gives a random msgId for a message whose sequence is not yet known.
func NewMessageID() string {
	var b [8]byte
	rand.Read(b[:])
	return strconv.FormatUint(binary.BigEndian.Uint64(b[:])>>1, 10)
}

// ValidMessageID tells whether a header may stand as msgId: decimal digits, 19 at most.
func ValidMessageID(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return len(s) > 0 && len(s) <= 19
}

// QueueID is a queue's id, queue-…; product tdmq writes the same one cmqq-….
type QueueID string

// TDMQ is the id as product tdmq writes it.
func (id QueueID) TDMQ() string { return "cmqq-" + strings.TrimPrefix(string(id), "queue-") }

// TopicID is a topic's id, topic-…; product tdmq writes the same one cmqt-….
type TopicID string

// TDMQ is the id as product tdmq writes it.
func (id TopicID) TDMQ() string { return "cmqt-" + strings.TrimPrefix(string(id), "topic-") }
