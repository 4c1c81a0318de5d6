package topics

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/jetcmq/jetcmq/mapping"
	"github.com/jetcmq/jetcmq/mapping/routing"
)

// settings is what a topic is, as its stream says.
type settings struct {
	key        string
	name       string
	id         string
	salt       uint64
	created    int64 // Unix s
	modified   int64
	maxSize    int
	filterType int
	retention  int // s
	trace      *bool
	tags       []mapping.Tag
	source     jetstream.StreamConfig
}

// storedTopic is the form of the metadata: the wire's names and numbers.
type storedTopic struct {
	MaxMessageSize int `json:"maxMsgSize"`
	FilterType     int `json:"filterType"`
	Retention      int `json:"msgRetentionSeconds"`

	// Of API 3.0, without meaning here.
	Trace *bool         `json:"trace,omitempty"`
	Tags  []mapping.Tag `json:"tags,omitempty"`
}

// streamConfig gives the stream of a topic.
func (b *Broker) streamConfig(s settings) jetstream.StreamConfig {
	attributes, _ := json.Marshal(storedTopic{s.maxSize, s.filterType, s.retention, s.trace, s.tags}) // numbers and texts: cannot fail
	c := s.source
	c.Replicas = max(c.Replicas, b.conn.Replicas)
	c.Name = streamPrefix + s.key
	c.Description = "CMQ topic " + s.name
	c.Subjects = []string{s.base(), s.base() + ".>"}
	// A log that its subscriptions read at their own pace: see "Topics" in
	// ARCHITECTURE.md for why it is not interest retention.
	c.Retention = jetstream.LimitsPolicy
	if c.FirstSeq == 0 {
		// Acknowledgements are matched by sequence: those of a former topic of
		// this name must mean nothing here.
		c.FirstSeq = uint64(time.Now().UnixMicro())
	}
	c.MaxAge = time.Duration(s.retention) * time.Second
	c.Duplicates = min(c.MaxAge, time.Second) // ids of native publishers only
	c.AllowDirect = true
	c.AllowAtomicPublish = true
	c.Metadata = metadata(s.name, s.id, s.created, s.modified, attributes)
	return c
}

func metadata(name, id string, created, modified int64, attributes []byte) map[string]string {
	return map[string]string{
		metaName:       name,
		metaID:         id,
		metaCreated:    strconv.FormatInt(created, 10),
		metaModified:   strconv.FormatInt(modified, 10),
		metaAttributes: string(attributes),
	}
}

// readSettings reads a stream's configuration back.
func readSettings(c jetstream.StreamConfig) (settings, error) {
	s := settings{key: strings.TrimPrefix(c.Name, streamPrefix), name: c.Metadata[metaName], id: c.Metadata[metaID], source: c}
	stored := storedTopic{MaxMessageSize: defaultMaxSize, FilterType: mapping.FilterTag, Retention: mapping.TopicRetention}
	if err := json.Unmarshal([]byte(c.Metadata[metaAttributes]), &stored); err != nil {
		return s, fmt.Errorf("stream %s: metadata %s: %w", c.Name, metaAttributes, err)
	}
	s.maxSize, s.filterType, s.retention = stored.MaxMessageSize, stored.FilterType, stored.Retention
	s.trace, s.tags = stored.Trace, stored.Tags
	s.created, _ = strconv.ParseInt(c.Metadata[metaCreated], 10, 64)
	s.modified, _ = strconv.ParseInt(c.Metadata[metaModified], 10, 64)
	sum := sha256.Sum256([]byte(s.id))
	s.salt = binary.BigEndian.Uint64(sum[:])
	return s, nil
}

const defaultMaxSize = 65_536

// subscription is what a subscription is, as its consumer says. It is never
// changed, only replaced by a newer reading.
type subscription struct {
	key      string
	name     string
	id       string
	created  int64 // Unix s
	modified int64
	storedSubscription
	catchingUp bool // its consumer does not filter for now, see pump.pace
	consumer   jetstream.ConsumerConfig
}

// storedSubscription is the form of the metadata.
type storedSubscription struct {
	Protocol mapping.Protocol `json:"protocol"`
	Endpoint string           `json:"endpoint"`
	Strategy mapping.Strategy `json:"notifyStrategy"`
	Format   mapping.Format   `json:"notifyContentFormat"`
	filter
	// Former filters, oldest first: what was published while one was in force
	// goes by it. They are forgotten when all that is delivered.
	Former []formerFilter `json:"former,omitempty"`
}

// filter is what a subscription wants.
type filter struct {
	FilterTags  []string        `json:"filterTag,omitempty"`
	BindingKeys []string        `json:"bindingKey,omitempty"`
	match       routing.Matcher // of BindingKeys
}

// formerFilter was in force up to a sequence.
type formerFilter struct {
	Until uint64 `json:"until"`
	filter
}

const (
	// maxTrying bounds the messages of one subscription that are under way or
	// wait for their next attempt. More wait in the stream, where they cost
	// nothing, until some of these are through.
	maxTrying = 10_000
	// queueWait is how long after the death of a broker others wait before
	// they take over its copies to queues; for pushes the time of an attempt
	// comes on top.
	queueWait = 5 * time.Second
)

// ackWait is what JetStream gives an attempt.
func (b *Broker) ackWait(p mapping.Protocol) time.Duration {
	if p == mapping.ProtocolHTTP {
		return queueWait + b.pushTimeout()
	}
	return queueWait
}

// consumerConfig gives the consumer of a subscription: new, or changed if it
// has one.
func (b *Broker) consumerConfig(t *settings, s subscription) jetstream.ConsumerConfig {
	attributes, _ := json.Marshal(s.storedSubscription) // texts: cannot fail
	c := s.consumer
	if c.Durable == "" {
		c = jetstream.ConsumerConfig{
			Durable:       consumerPrefix + s.key,
			DeliverPolicy: jetstream.DeliverNewPolicy,
			AckPolicy:     jetstream.AckExplicitPolicy,
			MaxDeliver:    -1, // at a limit JetStream would keep a message without ever delivering it again
			MaxAckPending: maxTrying,
			MaxWaiting:    10_000, // brokers that serve the account
		}
	}
	c.AckWait = max(c.AckWait, b.ackWait(s.Protocol))
	c.Description = "CMQ subscription " + s.name
	c.FilterSubject, c.FilterSubjects = "", s.subjects(t)
	c.Metadata = metadata(s.name, s.id, s.created, s.modified, attributes)
	if s.catchingUp {
		c.Metadata[metaCatchingUp] = "true"
	}
	if s.catchingUp || len(s.Former) > 0 {
		c.FilterSubjects = []string{everything}
	}
	return c
}

// place is what the log may tell of the endpoint: path and query of a URL are
// where subscribers keep a secret.
func (s *subscription) place() string {
	if u, err := url.Parse(s.Endpoint); s.Protocol == mapping.ProtocolHTTP && err == nil {
		return u.Scheme + "://" + u.Host
	}
	return s.Endpoint
}

// everything is a filter that all messages of a topic meet. No filter at all
// would do for a new consumer, but one that loses its filters is not told of new
// messages any more (seen with nats-server 2.15).
const everything = ">"

// subjects are what the consumer of a subscription filters by.
// The topic's own subject is always among them: there, headers of native
// publishers decide.
func (s *subscription) subjects(t *settings) []string {
	var tails []string
	if t.filterType == mapping.FilterKey {
		tails, _ = routing.KeySubjects(s.BindingKeys)
	} else {
		tails = routing.TagSubjects(s.FilterTags)
	}
	if len(tails) == 0 {
		return []string{everything}
	}
	all := []string{t.base()}
	for _, tail := range tails {
		all = append(all, t.base()+"."+tail)
	}
	return all
}

// wants tells whether a message with those labels is for the subscription, by
// the filter that was in force when it was published.
func (s *subscription) wants(t *settings, seq uint64, l mapping.Labels) bool {
	for _, f := range s.Former {
		if seq <= f.Until {
			return f.passes(t, l)
		}
	}
	return s.passes(t, l)
}

func (f *filter) passes(t *settings, l mapping.Labels) bool {
	if t.filterType == mapping.FilterKey {
		return f.match.Match(routing.SplitKey(l.RoutingKey))
	}
	return routing.MatchTags(f.FilterTags, l.Tags)
}

func (f *filter) equal(g *filter) bool {
	return slices.Equal(f.FilterTags, g.FilterTags) && slices.Equal(f.BindingKeys, g.BindingKeys)
}

// readSubscription reads a consumer's configuration back; false tells that it
// is not one of ours.
func readSubscription(c jetstream.ConsumerConfig) (*subscription, bool) {
	key, ours := strings.CutPrefix(c.Durable, consumerPrefix)
	s := &subscription{key: key, name: c.Metadata[metaName], id: c.Metadata[metaID], consumer: c}
	if !ours || json.Unmarshal([]byte(c.Metadata[metaAttributes]), &s.storedSubscription) != nil {
		return nil, false
	}
	s.created, _ = strconv.ParseInt(c.Metadata[metaCreated], 10, 64)
	s.modified, _ = strconv.ParseInt(c.Metadata[metaModified], 10, 64)
	s.match = routing.Compile(s.BindingKeys)
	for i := range s.Former {
		s.Former[i].match = routing.Compile(s.Former[i].BindingKeys)
	}
	s.catchingUp = c.Metadata[metaCatchingUp] != ""
	return s, true
}
