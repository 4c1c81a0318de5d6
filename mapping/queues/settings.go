package queues

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/jetcmq/jetcmq/mapping"
)

// settings is one reading of a queue's configuration in JetStream. It is never
// changed, only replaced by a newer reading.
type settings struct {
	name     string
	id       string
	secret   []byte
	salt     uint64
	created  int64 // Unix s
	modified int64

	attributes mapping.QueueAttributes // complete
	visibility time.Duration
	memory     time.Duration         // how long JetStream remembers the ids of what is moved or copied here; 0 is the usual
	storage    jetstream.StorageType // as its creator chose it
	replicas   int
	generation uint64
	consumer   string
	metadata   map[string]string // as it was read
	source     jetstream.Stream
	receivers  jetstream.Consumer
}

const (
	// grace is how much later JetStream makes a message visible than its handle
	// dies: time for a delete that was sent just before to arrive.
	grace = 100 * time.Millisecond

	// JetStream remembers the ids of dead letters and of copies from topics
	// this long, so that one stored again after a crash is noticed. It reads
	// that much of the stream at its start, so other queues do not have it.
	letterMemory = 24 * time.Hour
	copyMemory   = 5 * time.Minute
	usualMemory  = time.Second

	// settled is how long what was deleted from a queue with a memory is kept:
	// a server that restarts remembers only what it still has.
	settled = 10 * time.Second
)

// streamConfig gives the stream of a queue. Everything a queue is stands in
// it; attributes that JetStream enforces itself (the retention) are derived
// from the same metadata in the same update.
func (b *Broker) streamConfig(key string, s settings) jetstream.StreamConfig {
	attributes, _ := json.Marshal(storedFrom(s.attributes)) // plain numbers and strings: cannot fail
	retention := mapping.Seconds(s.attributes.Retention)
	return jetstream.StreamConfig{
		Name:        streamPrefix + key,
		Description: "CMQ queue " + s.name,
		Subjects:    []string{messageSubject + key, delaySubject + key + ".*"},
		// A log with a cursor: see "Why a queue is a log" in ARCHITECTURE.md.
		Retention:          jetstream.LimitsPolicy,
		Storage:            s.storage,
		Replicas:           max(s.replicas, b.conn.Replicas),
		MaxAge:             retention,
		Duplicates:         min(retention, max(s.memory, usualMemory)),
		AllowDirect:        true,
		AllowMsgSchedules:  true,
		AllowMsgTTL:        true,
		AllowAtomicPublish: true,
		Metadata: map[string]string{
			metaName:       s.name,
			metaID:         s.id,
			metaSecret:     base64.StdEncoding.EncodeToString(s.secret),
			metaCreated:    strconv.FormatInt(s.created, 10),
			metaModified:   strconv.FormatInt(s.modified, 10),
			metaMemory:     strconv.Itoa(int(s.memory / time.Second)),
			metaAttributes: string(attributes),
		},
	}
}

// consumerConfig gives the consumer all CMQ receivers of a queue share.
func (s settings) consumerConfig(key string) jetstream.ConsumerConfig {
	return jetstream.ConsumerConfig{
		Durable:       s.consumer,
		FilterSubject: messageSubject + key,
		AckPolicy:     jetstream.AckExplicitPolicy,
		AckWait:       s.visibility + grace,
		MaxDeliver:    -1, // at a limit JetStream would keep a message without ever delivering it again
		MaxAckPending: -1,
		MaxWaiting:    1 << 20, // the default refuses the 513th waiting receiver
		Metadata:      map[string]string{metaName: s.name},
	}
}

// readSettings reads a stream's configuration back. The consumer's part is the
// caller's to fill.
func readSettings(c jetstream.StreamConfig) (s settings, err error) {
	m := c.Metadata
	s.metadata = m
	s.name, s.id = m[metaName], m[metaID]
	if s.secret, err = base64.StdEncoding.DecodeString(m[metaSecret]); err != nil || len(s.secret) != secretLength {
		return s, fmt.Errorf("stream %s: metadata %s is damaged", c.Name, metaSecret)
	}
	s.salt = binary.BigEndian.Uint64(s.secret)
	s.created, _ = strconv.ParseInt(m[metaCreated], 10, 64)
	s.modified, _ = strconv.ParseInt(m[metaModified], 10, 64)
	var stored storedAttributes
	if err := json.Unmarshal([]byte(m[metaAttributes]), &stored); err != nil {
		return s, fmt.Errorf("stream %s: metadata %s: %w", c.Name, metaAttributes, err)
	}
	s.attributes = stored.attributes()
	s.visibility = mapping.Seconds(s.attributes.VisibilityTimeout)
	s.storage, s.replicas = c.Storage, c.Replicas
	memory, err := strconv.Atoi(m[metaMemory])
	s.memory = time.Duration(memory) * time.Second
	if err != nil && c.Duplicates > usualMemory { // written before there was a choice
		s.memory = letterMemory
	}
	return s, nil
}

// storedAttributes is the metadata's form: the wire's names and numbers.
type storedAttributes struct {
	MaxMessages       *int              `json:"maxMsgHeapNum"`
	PollingWait       *int              `json:"pollingWaitSeconds"`
	VisibilityTimeout *int              `json:"visibilityTimeout"`
	MaxMessageSize    *int              `json:"maxMsgSize"`
	Retention         *int              `json:"msgRetentionSeconds"`
	Rewind            *int              `json:"rewindSeconds"`
	DeadLetter        *storedDeadLetter `json:"deadLetterPolicy,omitempty"`

	// Of API 3.0, without meaning here.
	Transaction   *bool         `json:"transaction,omitempty"`
	FirstQuery    *int          `json:"firstQueryInterval,omitempty"`
	MaxQueries    *int          `json:"maxQueryCount,omitempty"`
	Trace         *bool         `json:"trace,omitempty"`
	RetentionSize *int          `json:"retentionSizeInMB,omitempty"`
	Tags          []mapping.Tag `json:"tags,omitempty"`
}

type storedDeadLetter struct {
	Queue           mapping.QueueName `json:"deadLetterQueue"` // as its creator wrote it
	ID              mapping.QueueID   `json:"deadLetterQueueId"`
	Policy          int               `json:"policy"`
	MaxReceiveCount int               `json:"maxReceiveCount,omitempty"`
	MaxTimeToLive   int               `json:"maxTimeToLive,omitempty"`
}

func storedFrom(a mapping.QueueAttributes) storedAttributes {
	return storedAttributes{a.MaxMessages, a.PollingWait, a.VisibilityTimeout, a.MaxMessageSize, a.Retention, a.Rewind,
		(*storedDeadLetter)(a.DeadLetter), (*bool)(a.Transaction), a.FirstQuery, a.MaxQueries, a.Trace, a.RetentionSize, a.Tags}
}

// attributes completes what is stored, so that metadata written by an older
// release, or by hand, serves too.
func (s storedAttributes) attributes() mapping.QueueAttributes {
	return mapping.QueueAttributes{
		MaxMessages:       s.MaxMessages,
		PollingWait:       s.PollingWait,
		VisibilityTimeout: s.VisibilityTimeout,
		MaxMessageSize:    s.MaxMessageSize,
		Retention:         s.Retention,
		Rewind:            s.Rewind,
		DeadLetter:        (*mapping.DeadLetterPolicy)(s.DeadLetter),
		QueueExtras: mapping.QueueExtras{
			Transaction:       (*mapping.Flag)(s.Transaction),
			TransactionPolicy: mapping.TransactionPolicy{FirstQuery: s.FirstQuery, MaxQueries: s.MaxQueries},
			Trace:             s.Trace,
			RetentionSize:     s.RetentionSize,
		},
		Tags: s.Tags,
	}.Over(mapping.DefaultAttributes())
}
