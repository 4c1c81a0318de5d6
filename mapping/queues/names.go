package queues

import (
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

	// Of copies from topics:
	headerTopic      = "Cmq-Origin-Topic"
	headerTopicID    = "Cmq-Origin-Message-Id"   // the msgId that its publisher was told
	headerTopicTime  = "Cmq-Origin-Publish-Time" // Unix ms
	headerTags       = "Cmq-Tags"                // with ", " between them
	headerRoutingKey = "Cmq-Routing-Key"

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
	metaMemory     = "cmq.memory"     // seconds that ids of dead letters or copies are remembered
	metaAttributes = "cmq.attributes" // JSON: the wire's names and numbers
)

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
