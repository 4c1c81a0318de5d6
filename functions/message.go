package functions

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"
)

// Message is what a publisher sent, and how it came here. A push in the format
// SIMPLIFIED does not say Topic, Subscription, Owner and Published.
type Message struct {
	Body         string
	ID           string    // the publish's msgId, the same in every attempt
	RequestID    string    // the push's own id, another in every attempt
	Topic        string    // topicName
	Subscription string    // subscriptionName
	Owner        int64     // topicOwner, the account's number
	Tags         []string  // msgTag in the order published; nil without
	RoutingKey   string    // extension of JetCMQ; CMQ itself does not push it
	Published    time.Time // UTC; the zero time if unknown
}

// push is one request's message.
type push struct {
	Message
	event []byte // instead of a message: an SCF event, as it came
}

// decode reads a push in the format that the handler expects.
func (h *handler) decode(header http.Header, body []byte) (push, error) {
	id := header.Get("x-cmq-message-id")
	text := Message{
		Body:       string(body),
		ID:         id,
		RequestID:  header.Get("x-cmq-request-id"),
		Tags:       splitTags(header.Get("x-cmq-message-tag")),
		RoutingKey: header.Get("x-cmq-routing-key"),
	}
	if h.format == "SIMPLIFIED" {
		return push{Message: text}, nil
	}
	if m, ok := text.open(); ok && (id == m.ID || id == "" || h.format == "JSON") {
		return push{Message: m}, nil
	}
	if h.format == "JSON" {
		return push{}, errors.New("not a push in the format JSON")
	}
	p := push{Message: text}
	// A server says the id; an event without it is replayed by hand.
	var e Event
	if h.events && id == "" && json.Unmarshal(body, &e) == nil && len(e.Records) > 0 && e.Records[0].CMQ.MsgID != "" {
		p.event = body
	}
	return p, nil
}

// open reads the text as a push in the format JSON and tells whether it is one.
func (m Message) open() (Message, bool) {
	// json.Number takes 1 and "1": the vendor's page types TopicOwner a string
	// and shows a number.
	var in struct {
		Owner        *json.Number `json:"TopicOwner"`
		Topic        *string      `json:"topicName"`
		Subscription *string      `json:"subscriptionName"`
		ID           *string      `json:"msgId"`
		Body         *string      `json:"msgBody"`
		Published    json.Number  `json:"publishTime"`
	}
	if json.Unmarshal([]byte(m.Body), &in) != nil ||
		in.Owner == nil || in.Topic == nil || in.Subscription == nil || in.ID == nil || in.Body == nil {
		return m, false
	}
	var err error
	m.Owner, err = in.Owner.Int64()
	m.Topic, m.Subscription, m.ID, m.Body = *in.Topic, *in.Subscription, *in.ID, *in.Body
	if s, bad := in.Published.Int64(); bad == nil && s > 0 {
		m.Published = time.Unix(s, 0).UTC()
	}
	return m, err == nil
}

// splitTags is lenient about the blank that CMQ puts behind each comma.
func splitTags(joined string) (tags []string) {
	for tag := range strings.SplitSeq(joined, ",") {
		if tag = strings.TrimSpace(tag); tag != "" {
			tags = append(tags, tag)
		}
	}
	return tags
}
