package topics_test

import (
	"testing"

	"github.com/jetcmq/jetcmq/mapping"
	"github.com/jetcmq/jetcmq/mapping/topics"
)

func TestACopyForEachQueueThatWantsIt(t *testing.T) {
	w := start(t, topics.Config{})
	w.topic("news", mapping.FilterTag)
	w.toQueue("news", "red", mapping.Subscription{FilterTags: []string{"red"}})
	w.toQueue("news", "blue", mapping.Subscription{FilterTags: []string{"blue", "green"}})
	w.toQueue("news", "all", mapping.Subscription{})
	w.publish("news", mapping.Labels{Tags: []string{"red"}}, "r")
	w.publish("news", mapping.Labels{Tags: []string{"green", "red"}}, "gr1", "gr2")
	w.publish("news", mapping.Labels{}, "none")
	w.bodies("red", 3)
	w.bodies("blue", 2)
	w.bodies("all", 4)
}

// A message that was published while the filter let it through could be
// dropped by the next filter; and JetStream tells a consumer without filters,
// if it had some, of nothing any more.
func TestANewFilterHoldsFromTheNextPublishOn(t *testing.T) {
	w := start(t, topics.Config{})
	w.topic("t", mapping.FilterTag)
	w.toQueue("t", "q", mapping.Subscription{FilterTags: []string{"d"}})
	w.publish("t", mapping.Labels{Tags: []string{"d"}}, "one")
	if err := w.SetSubscription(ctx, "t", "q", mapping.SubscriptionChange{FilterTags: []string{"c"}}); err != nil {
		t.Fatal(err)
	}
	w.publish("t", mapping.Labels{Tags: []string{"c"}}, "two")
	if err := w.ClearFilterTags(ctx, "t", "q"); err != nil {
		t.Fatal(err)
	}
	w.publish("t", mapping.Labels{}, "three")
	w.publish("t", mapping.Labels{Tags: []string{"z"}}, "four")
	w.bodies("q", 4)
}
