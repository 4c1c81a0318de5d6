package mapping

import "testing"

func TestIDsAndTimes(t *testing.T) {
	t.Parallel()
	if got := QueueID("queue-queue-1").TDMQ(); got != "cmqq-queue-1" {
		t.Errorf("got %s, want the same id under another name", got)
	}
	if got := TopicID("topic-1").TDMQ(); got != "cmqt-1" {
		t.Errorf("got %s, want the same id under another name", got)
	}
	if got := Time(1724918937).TDMQ(); got != 1724918937000 {
		t.Errorf("got %d, want milliseconds", got)
	}
}
