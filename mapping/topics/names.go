package topics

import (
	"strings"

	"github.com/jetcmq/jetcmq/mapping"
	"github.com/jetcmq/jetcmq/mapping/routing"
)

// The names below are a public format (see the package comment of mapping).
const (
	streamPrefix   = "cmq-topic-"        // + key: the stream of a topic
	subjectPrefix  = "cmq.topic."        // + key, + "." + words: its messages
	consumerPrefix = "subscription-"     // + key: the durable consumer of a subscription
	changeSubject  = "cmq.change.topic." // + key: tells other brokers that a subscription was changed

	headerTags       = "Cmq-Tags" // with ", " between them
	headerRoutingKey = "Cmq-Routing-Key"
)

// Keys of the metadata of a topic's stream and of a subscription's consumer.
const (
	metaName       = "cmq.name"    // as its creator wrote it
	metaID         = "cmq.id"      // topicId, subscriptionId
	metaCreated    = "cmq.created" // Unix s
	metaModified   = "cmq.modified"
	metaAttributes = "cmq.attributes"  // JSON: the wire's names and numbers
	metaCatchingUp = "cmq.catching-up" // "true" while the consumer has no filters for now
)

// words are what a message of the topic is filtered by.
func (s *settings) words(l mapping.Labels) []string {
	if s.filterType == mapping.FilterKey {
		return routing.SplitKey(l.RoutingKey)
	}
	return l.Tags
}

// subject is where a message with those labels is published.
func (s *settings) subject(l mapping.Labels) string {
	return s.base() + "." + routing.Tail(s.words(l))
}

func (s *settings) base() string { return subjectPrefix + s.key }

// labels reads back what a message was published with. Below the topic's own
// subject the words are tags or routing key, whichever the topic filters by,
// and a header has the other. On the topic's own subject, where only native
// programs publish, headers have both.
func (s *settings) labels(subject string, header func(string) string) mapping.Labels {
	l := mapping.Labels{RoutingKey: header(headerRoutingKey)}
	for _, tag := range strings.Split(header(headerTags), ",") {
		if tag = strings.TrimSpace(tag); tag != "" {
			l.Tags = append(l.Tags, tag)
		}
	}
	tail, ok := strings.CutPrefix(subject, s.base()+".")
	switch {
	case !ok:
	case s.filterType == mapping.FilterKey:
		l.RoutingKey = strings.Join(routing.Words(tail), ".")
	default:
		l.Tags = routing.Words(tail)
	}
	return l
}
