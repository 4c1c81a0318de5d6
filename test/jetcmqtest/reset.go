package jetcmqtest

import (
	"fmt"
	"slices"
)

// Reset deletes all topics, subscriptions and queues of the caller's account.
// What WithSeeds made comes back with Restart.
func (s *Server) Reset() {
	s.t.Helper()
	for _, topic := range s.names("ListTopic", "topicList", "topicName") {
		for _, name := range s.names("ListSubscriptionByTopic", "subscriptionList", "subscriptionName", "topicName="+topic) {
			s.Call("Unsubscribe", "topicName="+topic, "subscriptionName="+name)
		}
		s.Call("DeleteTopic", "topicName="+topic)
	}
	queues := s.names("ListQueue", "queueList", "queueName")
	used := slices.DeleteFunc(queues, func(queue string) bool {
		_, err := s.Client().Call(s.t.Context(), "DeleteQueue", "queueName="+queue)
		return err == nil
	})
	for _, queue := range used { // as dead-letter queues, until now
		s.Call("DeleteQueue", "queueName="+queue)
	}
}

// names lists all there is of a kind, page by page.
func (s *Server) names(action, list, member string, params ...string) (names []string) {
	s.t.Helper()
	for {
		answer := s.Call(action, append(params, fmt.Sprintf("offset=%d", len(names)), "limit=50")...)
		page, _ := answer[list].([]any)
		for _, one := range page {
			if entry, ok := one.(map[string]any); ok {
				names = append(names, Answer(entry).Text(member))
			}
		}
		if len(page) < 50 {
			return names
		}
	}
}
