package topics_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jetcmq/jetcmq/mapping"
	"github.com/jetcmq/jetcmq/mapping/topics"
)

func (b *broker) set(t *testing.T, topic mapping.TopicName, name mapping.SubscriptionName, c mapping.SubscriptionChange) {
	t.Helper()
	if err := b.SetSubscription(ctx, topic, name, c); err != nil {
		t.Fatal(err)
	}
}

// two gives a world with a second broker, both delivering to n.
func two(t *testing.T, n *web) (*world, []*broker) {
	t.Helper()
	w := start(t, topics.Config{Deliver: n.deliver})
	return w, []*broker{w.broker, w.join(topics.Config{Deliver: n.deliver})}
}

// A change that was answered holds for all that is published afterwards,
// whichever broker delivers it.
func TestAChangeHoldsForTheNextMessage(t *testing.T) {
	n := newWeb()
	n.put("http://web", takes)
	w, all := two(t, n)
	w.topic("news", mapping.FilterTag)
	w.toWeb("news", "web", mapping.Subscription{})
	formats := []mapping.Format{mapping.FormatSimplified, mapping.FormatJSON}
	for i := range 40 {
		all[i/2%2].set(t, "news", "web", mapping.SubscriptionChange{Format: &formats[i%2]})
		for k, b := range all {
			b.accepted(t, "news", mapping.Labels{}, fmt.Sprint(i%2, k, i))
		}
		n.awaitAll(t, "http://web", 2*i+2)
	}
	w.done("news")
	for _, v := range n.visits("http://web") {
		if want := formats[v.Body[0]-'0']; v.Format != want {
			t.Errorf("%s was pushed as %s, want %s", v.Body, v.Format, want)
		}
	}
	if got := n.count("http://web"); got != 80 {
		t.Errorf("got %d pushes, want 80", got)
	}
}

// What matches a filter that is in force comes, though a broker that still goes
// by the former one gets it from JetStream.
func TestAChangedFilterLosesNothing(t *testing.T) {
	n := newWeb()
	n.put("http://web", takes)
	w, all := two(t, n)
	w.topic("news", mapping.FilterKey)
	w.toWeb("news", "web", mapping.Subscription{BindingKeys: []string{"a.*"}})
	w.toQueue("news", "all", mapping.Subscription{BindingKeys: []string{"#"}}) // nothing is refused
	stop, noise := make(chan struct{}), sync.WaitGroup{}
	end := sync.OnceFunc(func() { close(stop); noise.Wait() })
	defer end()
	for i, b := range all {
		noise.Go(func() { // native filters let a. through as well: the brokers have to look
			tick := time.NewTicker(5 * time.Millisecond)
			defer tick.Stop()
			for k := 0; ; k++ {
				select {
				case <-stop:
					return
				case <-tick.C:
					b.accepted(t, "news", mapping.Labels{RoutingKey: []string{"a.", "b."}[k%2]}, fmt.Sprint("noise ", i, k))
				}
			}
		})
	}
	var want []string
	for i := range 20 {
		tag := string(rune('a' + i%2))
		all[i/2%2].set(t, "news", "web", mapping.SubscriptionChange{BindingKeys: []string{tag + ".*"}})
		for k, b := range all {
			body := fmt.Sprint(tag, i, k)
			b.accepted(t, "news", mapping.Labels{RoutingKey: tag + ".x"}, body)
			want = append(want, body)
		}
		for _, body := range want[2*i:] {
			n.await(t, "http://web", body, 1)
		}
	}
	end()
	w.pending("news", "web", 0)
	got := n.bodies("http://web")
	for _, body := range want {
		if got[body] != 1 {
			t.Errorf("%s came %d times", body, got[body])
		}
		delete(got, body)
	}
	if len(got) > 0 {
		t.Errorf("got %v beyond that", slices.Sorted(maps.Keys(got)))
	}
}

// Messages go by the filter that was in force when they were published, however
// late they are delivered.
func TestABacklogGoesByItsOwnFilter(t *testing.T) {
	n := newWeb()
	n.put("http://web", fails)
	c := topics.Config{Deliver: n.deliver, TimeScale: 0.02}
	w := start(t, c)
	w.join(c)
	w.topic("news", mapping.FilterTag)
	w.toWeb("news", "web", mapping.Subscription{FilterTags: []string{"red", "blue"}})
	for i := range 20 {
		w.publish("news", mapping.Labels{Tags: []string{[]string{"red", "blue"}[i%2]}}, fmt.Sprint(i))
	}
	n.awaitAll(t, "http://web", 20)
	w.set(t, "news", "web", mapping.SubscriptionChange{FilterTags: []string{"blue"}})
	changed := time.Now()
	if _, err := w.Publish(ctx, "news", []string{"no"}, mapping.Labels{Tags: []string{"red"}}); !errors.Is(err, mapping.ErrNoMatch) {
		t.Errorf("what the new filter does not want: %v", err)
	}
	n.put("http://web", takes)
	w.done("news")
	late := map[string]bool{}
	for _, v := range n.visits("http://web") {
		if v.at.After(changed) {
			late[v.Body] = true
		}
	}
	if len(late) != 20 || late["no"] {
		t.Errorf("after the change came %v, want what waited", late)
	}
	if err := w.ClearFilterTags(ctx, "news", "web"); err != nil {
		t.Fatal(err)
	}
	w.publish("news", mapping.Labels{Tags: []string{"green"}}, "green")
	n.await(t, "http://web", "green", 1)
}

// A subscription that is made anew has nothing of the former one: neither what
// this had still to get, nor its endpoint.
func TestASubscriptionMadeAnewIsAnother(t *testing.T) {
	n := newWeb()
	w, all := two(t, n)
	w.topic("news", mapping.FilterTag)
	for i := range 20 {
		url := fmt.Sprint("http://web/", i)
		n.put(url, []mapping.Deliver{takes, fails}[i%2])
		b := all[i/2%2]
		if _, err := b.Subscribe(ctx, "news", "sub", mapping.Subscription{Protocol: mapping.ProtocolHTTP, Endpoint: url,
			Strategy: mapping.ExponentialDecayRetry, Format: mapping.FormatJSON}); err != nil {
			t.Fatal(err)
		}
		var publishers sync.WaitGroup
		for _, b := range all {
			publishers.Go(func() {
				for k := range 10 {
					b.accepted(t, "news", red(), fmt.Sprint(i, ".", k))
				}
			})
		}
		publishers.Wait()
		if i%2 == 0 {
			n.awaitAll(t, url, 20)
		}
		b.unsubscribe(t, "news", "sub")
	}
	for i := range 20 {
		url := fmt.Sprint("http://web/", i)
		for body, times := range n.bodies(url) {
			if of, _, _ := strings.Cut(body, "."); of != fmt.Sprint(i) {
				t.Errorf("%s came to %s", body, url)
			} else if i%2 == 0 && times != 2 {
				t.Errorf("%s came %d times to %s, want one from each publisher", body, times, url)
			}
		}
	}
}

func TestDeleteTopic(t *testing.T) {
	w := start(t, topics.Config{})
	other := w.join(topics.Config{})
	for i := range 10 {
		filterType := []int{mapping.FilterTag, mapping.FilterKey}[i%2]
		w.topic("news", filterType)
		if _, err := other.CreateTopic(ctx, "NEWS", mapping.TopicAttributes{}); !errors.Is(err, mapping.ErrTopicExists) {
			t.Errorf("a name that differs in case: got %v", err)
		}
		w.toQueue("news", "q", mapping.Subscription{FilterTags: []string{"red"}, BindingKeys: []string{"*.blue"}})
		if err := other.DeleteTopic(ctx, "news"); !errors.Is(err, mapping.ErrTopicInUse) {
			t.Errorf("delete with a subscription: got %v", err)
		}
		right, wrong := mapping.Labels{Tags: []string{"red"}, RoutingKey: "red"}, mapping.Labels{Tags: []string{"blue"}, RoutingKey: "a.blue"}
		if filterType == mapping.FilterKey {
			right, wrong = wrong, right
		}
		for k, b := range []*broker{w.broker, other} {
			b.catchUp(t)
			b.refused(t, "news", wrong, mapping.ErrNoMatch)
			b.accepted(t, "news", right, fmt.Sprint(i, k))
		}
		w.exactly("q", fmt.Sprint(i, 0), fmt.Sprint(i, 1))
		other.unsubscribe(t, "News", "Q")
		if err := other.DeleteTopic(ctx, "News"); err != nil {
			t.Fatal(err)
		}
		w.catchUp(t)
		w.refused(t, "news", right, mapping.ErrNoTopic)
	}
	for what, err := range map[string]error{
		"delete": w.DeleteTopic(ctx, "news"), "set": w.SetTopic(ctx, "news", mapping.TopicAttributes{}), "unsubscribe": w.Unsubscribe(ctx, "news", "q"),
		"set subscription": w.SetSubscription(ctx, "news", "q", mapping.SubscriptionChange{}), "clear": w.ClearFilterTags(ctx, "news", "q"),
	} {
		if !errors.Is(err, mapping.ErrNoTopic) {
			t.Errorf("%s: got %v, want %v", what, err, mapping.ErrNoTopic)
		}
	}
}

// A push that began before its topic was deleted must not count for a message
// of the topic that then gets the name.
func TestAnOldPushAcknowledgesNothingNew(t *testing.T) {
	n, old, release := newWeb(), make(chan struct{}, 1), make(chan struct{})
	w := start(t, topics.Config{Deliver: n.deliver, TimeScale: 0.1})
	tries := 0
	n.put("http://sub", func(ctx context.Context, p mapping.Push) error {
		if p.Body == "old" {
			old <- struct{}{}
			<-release
			return nil
		}
		if tries++; tries == 1 {
			close(release)
			return fails(ctx, p)
		}
		return nil
	})
	for _, body := range []string{"old", "new"} {
		w.topic("news", mapping.FilterTag)
		w.toWeb("news", "sub", mapping.Subscription{})
		w.publish("news", mapping.Labels{}, body)
		if body == "old" {
			<-old
			w.unsubscribe(t, "news", "sub")
			if err := w.DeleteTopic(ctx, "news"); err != nil {
				t.Fatal(err)
			}
		}
	}
	n.await(t, "http://sub", "new", 2)
	w.done("news")
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
	w.exactly("q", "one", "two", "three", "four")
}

// Nobody's change is lost because somebody else, in another process, changes
// something else of the same subscription or topic at the same time.
func TestChangesAtOnceAreAllMade(t *testing.T) {
	n := newWeb()
	n.put("http://web", takes)
	w, all := two(t, n)
	w.topic("news", mapping.FilterTag)
	w.toWeb("news", "web", mapping.Subscription{})
	for i := range 30 {
		format := []mapping.Format{mapping.FormatSimplified, mapping.FormatJSON}[i%2]
		tag, size, retention := fmt.Sprint(i), 2000+i, 100+i
		var changes sync.WaitGroup
		changes.Go(func() { all[0].set(t, "news", "web", mapping.SubscriptionChange{Format: &format}) })
		changes.Go(func() { all[1].set(t, "news", "web", mapping.SubscriptionChange{FilterTags: []string{tag}}) })
		for k, a := range []mapping.TopicAttributes{{MaxMessageSize: &size}, {Retention: &retention}} {
			changes.Go(func() {
				if err := all[k].SetTopic(ctx, "news", a); err != nil {
					t.Error(err)
				}
			})
		}
		changes.Wait()
		for _, b := range all {
			s, err := b.DescribeSubscription(ctx, "news", "web")
			if err != nil {
				t.Fatal(err)
			}
			if s.Format != format || !slices.Equal(s.FilterTags, []string{tag}) {
				t.Errorf("round %d: got %s and %v, want %s and %s", i, s.Format, s.FilterTags, format, tag)
			}
			d, err := b.DescribeTopic(ctx, "news")
			if err != nil {
				t.Fatal(err)
			}
			if d.MaxMessageSize != size || d.Retention != retention {
				t.Errorf("round %d: got %d B, %d s, want %d and %d", i, d.MaxMessageSize, d.Retention, size, retention)
			}
		}
	}
}

// What changes a topic or its subscriptions waits for the topic's turn;
// publishing does not.
func TestChangesWaitForTheirTurn(t *testing.T) {
	n := newWeb()
	n.put("http://web", takes)
	w, all := two(t, n)
	w.topic("news", mapping.FilterTag)
	w.toWeb("news", "first", mapping.Subscription{})
	size, format := 2000, mapping.FormatSimplified
	for _, c := range []struct {
		what   string
		change func() error
	}{
		{"SetTopic", func() error { return w.SetTopic(ctx, "news", mapping.TopicAttributes{MaxMessageSize: &size}) }},
		{"Subscribe", func() error {
			_, err := w.Subscribe(ctx, "news", "web", mapping.Subscription{Protocol: mapping.ProtocolHTTP, Endpoint: "http://web",
				Strategy: mapping.BackoffRetry, Format: mapping.FormatJSON})
			return err
		}},
		{"SetSubscription", func() error {
			return w.SetSubscription(ctx, "news", "web", mapping.SubscriptionChange{Format: &format})
		}},
		{"ClearFilterTags", func() error { return w.ClearFilterTags(ctx, "news", "web") }},
		{"Unsubscribe", func() error { return w.Unsubscribe(ctx, "news", "web") }},
		{"the last Unsubscribe", func() error { return w.Unsubscribe(ctx, "news", "first") }},
		{"DeleteTopic", func() error { return w.DeleteTopic(ctx, "news") }},
	} {
		done := make(chan error, 1)
		err := all[1].conn.Alone(ctx, "cmq-topic-news", func(context.Context) error {
			go func() { done <- c.change() }()
			select {
			case err := <-done:
				t.Errorf("%s did not wait: %v", c.what, err)
				done <- err
			case <-time.After(100 * time.Millisecond):
			}
			if c.what != "DeleteTopic" { // nobody would get it
				w.accepted(t, "news", mapping.Labels{}, c.what)
			}
			return nil
		})
		if err = errors.Join(err, <-done); err != nil {
			t.Errorf("%s: %v", c.what, err)
		}
	}
}

// Who is told that a change was made finds it made, whichever server he asks.
func TestAChangeIsSeenEverywhereAtOnce(t *testing.T) {
	n := newWeb()
	w, all := two(t, n)
	here, there := all[0], all[1]
	w.topic("news", mapping.FilterTag)
	w.toWeb("news", "web", mapping.Subscription{})
	formats := []mapping.Format{mapping.FormatSimplified, mapping.FormatJSON}
	for i := range 60 {
		if _, err := here.DescribeTopic(ctx, "news"); err != nil {
			t.Fatal(err)
		}
		size := 2000 + i
		if err := there.SetTopic(ctx, "news", mapping.TopicAttributes{MaxMessageSize: &size}); err != nil {
			t.Fatal(err)
		}
		topic, err := here.DescribeTopic(ctx, "news")
		if err != nil || topic.MaxMessageSize != size {
			t.Fatalf("got %+v, %v, want %d bytes", topic, err, size)
		}
		there.set(t, "news", "web", mapping.SubscriptionChange{Format: &formats[i%2]})
		sub, err := here.DescribeSubscription(ctx, "news", "web")
		if err != nil || sub.Format != formats[i%2] {
			t.Fatalf("got %+v, %v, want %v", sub, err, formats[i%2])
		}
		if err := there.Unsubscribe(ctx, "news", "web"); err != nil {
			t.Fatal(err)
		}
		if got, _, err := here.Subscriptions(ctx, "news", "", 0, 20); err != nil || got != 0 {
			t.Fatalf("got %d subscriptions, %v, want none", got, err)
		}
		if topic, err := here.DescribeTopic(ctx, "news"); err != nil || topic.Subscriptions != 0 {
			t.Fatalf("got %+v, %v, want no subscription", topic, err)
		}
		w.toWeb("news", "web", mapping.Subscription{})
	}
}
