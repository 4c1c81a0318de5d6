package jetcmqtest

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// Call does any action. Each parameter is name=value as in CMQ's own pages.
func (s *Server) Call(action string, params ...string) Answer {
	s.t.Helper()
	answer, err := s.Client().Call(s.t.Context(), action, params...)
	if err != nil {
		s.t.Fatal(err)
	}
	return answer
}

// Refused does an action that must not succeed, and gives the server's error.
func (s *Server) Refused(action string, params ...string) *Error {
	s.t.Helper()
	answer, err := s.Client().Call(s.t.Context(), action, params...)
	var refused *Error
	if !errors.As(err, &refused) {
		s.t.Fatalf("%s %s: got %v and error %v, want to be refused", action, strings.Join(params, " "), answer, err)
	}
	return refused
}

// CreateQueue makes a queue with CMQ's defaults, but for what attributes say:
//
//	s.CreateQueue("orders", "visibilityTimeout=1", "rewindSeconds=60")
func (s *Server) CreateQueue(queue string, attributes ...string) {
	s.t.Helper()
	s.Call("CreateQueue", append([]string{"queueName=" + queue}, attributes...)...)
}

// CreateTopic makes a topic that filters by tags; with "filterType=2" it
// filters by routing keys.
func (s *Server) CreateTopic(topic string, attributes ...string) {
	s.t.Helper()
	s.Call("CreateTopic", append([]string{"topicName=" + topic}, attributes...)...)
}

// Subscribe makes a subscription. An endpoint with :// is pushed to, any other
// is the name of a queue:
//
//	s.Subscribe("news", "red", "orders", "filterTag.1=red")
//	s.Subscribe("news", "all", subscriber.URL("/news"), "notifyStrategy=BACKOFF_RETRY")
func (s *Server) Subscribe(topic, subscription, endpoint string, attributes ...string) {
	s.t.Helper()
	protocol := "queue"
	if strings.Contains(endpoint, "://") {
		protocol = "http"
	}
	s.Call("Subscribe", append([]string{"topicName=" + topic, "subscriptionName=" + subscription,
		"protocol=" + protocol, "endpoint=" + endpoint}, attributes...)...)
}

// Send sends a message and gives its msgId. Parameters are SendMessage's, such
// as "delaySeconds=5".
func (s *Server) Send(queue, body string, params ...string) (id string) {
	s.t.Helper()
	return s.Call("SendMessage", append([]string{"queueName=" + queue, "msgBody=" + body}, params...)...).Text("msgId")
}

// Publish publishes a message with tags and gives its msgId.
func (s *Server) Publish(topic, body string, tags ...string) (id string) {
	s.t.Helper()
	params := []string{"topicName=" + topic, "msgBody=" + body}
	for i, tag := range tags {
		params = append(params, fmt.Sprintf("msgTag.%d=%s", i+1, tag))
	}
	return s.Call("PublishMessage", params...).Text("msgId")
}

// PublishKey publishes a message with a routing key and gives its msgId.
func (s *Server) PublishKey(topic, body, routingKey string) (id string) {
	s.t.Helper()
	return s.Call("PublishMessage", "topicName="+topic, "msgBody="+body, "routingKey="+routingKey).Text("msgId")
}

// Receive waits for a message and holds it for the queue's visibility timeout.
func (s *Server) Receive(queue string) Message {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), s.service.options.patience)
	defer cancel()
	for {
		answer, err := s.Client().Call(ctx, "ReceiveMessage", "queueName="+queue, "pollingWaitSeconds=1")
		if err == nil {
			return received(answer)
		}
		var refused *Error
		if !errors.As(err, &refused) && ctx.Err() == nil || refused != nil && refused.Code != NoMessage {
			s.t.Fatal(err)
		}
		if ctx.Err() != nil {
			s.t.Fatalf("nothing could be received from %s within %v. %s", queue, s.service.options.patience, s.whatIsIn(queue))
		}
	}
}

// Delete deletes what Receive gave.
func (s *Server) Delete(queue string, m Message) {
	s.t.Helper()
	s.Call("DeleteMessage", "queueName="+queue, "receiptHandle="+m.ReceiptHandle)
}

// Take receives a message and deletes it.
func (s *Server) Take(queue string) Message {
	s.t.Helper()
	m := s.Receive(queue)
	s.Delete(queue, m)
	return m
}

// Clear drops all messages of a queue: waiting, received, delayed, and those
// that could be rewound.
func (s *Server) Clear(queue string) {
	s.t.Helper()
	s.Call("ClearQueue", "queueName="+queue)
}
