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
