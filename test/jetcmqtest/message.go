package jetcmqtest

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// State is what can become of a message next, in the words of CMQ's counters.
type State string

const (
	Active   State = "active"   // can be received
	Inactive State = "inactive" // received, and hidden until its visibility timeout ends
	Delayed  State = "delayed"  // sent with delaySeconds, and not yet to be had
	Deleted  State = "deleted"  // only WaitFor shows it, of what came and went while it waited
)

// Message is a message in a queue, or as it was received.
type Message struct {
	ID            string // msgId
	Body          string // msgBody
	State         State
	EnqueueTime   time.Time // when it was sent, to the second if it was received
	DequeueCount  int       // how often it was received
	ReceiptHandle string    // of a received one

	// What looking into a queue tells, and receiving does not.

	Topic      string   // where it was published, if it was
	TopicID    string   // the msgId that its publisher was told
	Tags       []string // that it was published with
	RoutingKey string
	DeadFrom   string // the queue it died in, if it is a dead letter

	seq uint64 // its place in the queue's stream
}

// received reads the answer of ReceiveMessage.
func received(a Answer) Message {
	number := func(name string) int64 {
		n, _ := strconv.ParseInt(a.Text(name), 10, 64)
		return n
	}
	return Message{
		ID:            a.Text("msgId"),
		Body:          a.Text("msgBody"),
		State:         Inactive,
		EnqueueTime:   time.Unix(number("enqueueTime"), 0),
		DequeueCount:  int(number("dequeueCount")),
		ReceiptHandle: a.Text("receiptHandle"),
	}
}

// String is one line for the reader of a failed test.
func (m Message) String() string {
	const most = 200
	body := strconv.Quote(m.Body)
	if len(body) > most {
		body = fmt.Sprintf("%.*s… (%d bytes)", most, body, len(m.Body))
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s", m.State, body)
	for _, part := range []struct{ name, value string }{
		{"msgId", m.ID}, {"topic", m.Topic}, {"tags", strings.Join(m.Tags, ",")},
		{"routingKey", m.RoutingKey}, {"died in", m.DeadFrom},
	} {
		if part.value != "" {
			fmt.Fprintf(&b, " %s=%s", part.name, part.value)
		}
	}
	if m.DequeueCount > 0 {
		fmt.Fprintf(&b, " dequeueCount=%d", m.DequeueCount)
	}
	return b.String()
}

// Match chooses messages. Any Go function does.
type Match func(Message) bool

// Any is every message.
func Any(Message) bool { return true }

// Body chooses messages with that body.
func Body(body string) Match { return func(m Message) bool { return m.Body == body } }

// Containing chooses messages with that text in their body.
func Containing(text string) Match {
	return func(m Message) bool { return strings.Contains(m.Body, text) }
}
