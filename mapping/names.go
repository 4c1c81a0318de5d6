package mapping

import (
	"crypto/rand"
	"encoding/base32"
	"strconv"
	"strings"
	"time"
)

// The names below are a public format (see doc.go): NATS programs use them.
const (
	streamPrefix   = "cmq-queue-"  // + key: the stream of a queue
	messageSubject = "cmq.queue."  // + key: its messages
	delaySubject   = "cmq.delay."  // + key + "." + msgId: its messages still in their delay
	consumerPrefix = "receivers-"  // + generation: the durable consumer that CMQ receivers share
	ledgerStream   = "cmq-ledger"  // what brokers tell each other about messages in flight
	ledgerSubject  = "cmq.ledger." // + key + "." + session

	headerID       = "Cmq-Message-Id"   // decimal msgId, where it is not derived from the sequence
	headerEnqueued = "Cmq-Enqueue-Time" // Unix ms of the send, where the stored time is another

	// Of dead letters:
	headerOrigin      = "Cmq-Origin-Queue"
	headerOriginTime  = "Cmq-Origin-Time"          // Unix ms when it came into that queue
	headerOriginCount = "Cmq-Origin-Dequeue-Count" // how often it was received there
	headerCause       = "Cmq-Dead-Letter"          // "count" or "age"
)

// Keys of a queue stream's metadata.
const (
	metaName       = "cmq.name"    // as its creator wrote it
	metaID         = "cmq.id"      // queueId
	metaSecret     = "cmq.secret"  // base64: authenticates receipt handles
	metaCreated    = "cmq.created" // Unix s
	metaModified   = "cmq.modified"
	metaAttributes = "cmq.attributes" // JSON: the wire's names and numbers
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

// key is the name's canonical form: names are one when their keys are. It is
// what streams and subjects are called by, so JetStream itself refuses a
// second queue whose name differs only in case.
func (n QueueName) key() string { return strings.ToLower(string(n)) }

// newGeneration numbers a queue's consumer. Later ones are greater; the
// greatest that exists is the one in force, so creating it is the one step
// that makes a rewind happen.
func newGeneration() uint64 { return uint64(time.Now().UnixNano()) }

func consumerName(generation uint64) string {
	return consumerPrefix + strconv.FormatUint(generation, 36)
}

// generationOf reads a consumer's name back; consumers of others are not ours.
func generationOf(consumer string) (uint64, bool) {
	text, ok := strings.CutPrefix(consumer, consumerPrefix)
	if !ok {
		return 0, false
	}
	g, err := strconv.ParseUint(text, 36, 64)
	return g, err == nil && g > 0
}

// randomText gives n random bytes as lower-case letters and digits.
func randomText(n int) string {
	b := make([]byte, n)
	rand.Read(b)
	return strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(b))
}
