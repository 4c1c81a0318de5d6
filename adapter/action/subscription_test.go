package action

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/jetcmq/jetcmq/mapping"
)

// subscribing is a Subscribe to which nothing optional was said.
func subscribing(more ...Pair) []Pair {
	return append([]Pair{{"topicName", "t"}, {"subscriptionName", "s"}, {"protocol", "queue"}, {"endpoint", "q"}}, more...)
}

func TestSubscribeReads(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("界", mapping.MaxEndpoint)
	for _, test := range []struct {
		why   string
		pairs []Pair
		want  string
	}{
		{"defaults", subscribing(), "{{t s} {queue q EXPONENTIAL_DECAY_RETRY JSON {[] []}}}"},
		{"empty is absent", subscribing(Pair{"notifyStrategy", ""}, Pair{"notifyContentFormat", ""}), "{{t s} {queue q EXPONENTIAL_DECAY_RETRY JSON {[] []}}}"},
		{"all", subscribing(Pair{"notifyStrategy", "BACKOFF_RETRY"}, Pair{"notifyContentFormat", "SIMPLIFIED"},
			Pair{"filterTag.1", "a"}, Pair{"bindingKey.0", "#.b"}), "{{t s} {queue q BACKOFF_RETRY SIMPLIFIED {[a] [#.b]}}}"},
		{"PHP's spelling", subscribing(Pair{"bindindKey.1", "a.*"}, Pair{"bindindKey.2", "b"}), "{{t s} {queue q EXPONENTIAL_DECAY_RETRY JSON {[] [a.* b]}}}"},
		{"blanks behind names", subscribing(Pair{"filterTag.1 ", "a"}), "{{t s} {queue q EXPONENTIAL_DECAY_RETRY JSON {[a] []}}}"},
		{"a protocol in capitals", []Pair{{"topicName", "t"}, {"subscriptionName", "s"}, {"protocol", "HTTP"}, {"endpoint", long}},
			"{{t s} {http " + long + " EXPONENTIAL_DECAY_RETRY JSON {[] []}}}"},
	} {
		t.Run(test.why, func(t *testing.T) {
			t.Parallel()
			if got := fmt.Sprint(bound(t, Subscribe, test.pairs...)); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

func TestFilters(t *testing.T) {
	t.Parallel()
	got := said[filters](t, Pair{"filterTag.0", "b"}, Pair{"filterTag.1", ""}, Pair{"filterTag.2", "a"}, Pair{"filterTag.3", "b"},
		Pair{"bindingKey.1", longKey}, Pair{"bindingKey.2", wordyKey}, Pair{"bindingKey.3", ""})
	if tags, want := distinct(got.Tags), []string{"b", "a"}; !reflect.DeepEqual(tags, want) {
		t.Errorf("tags: got %q, want %q", tags, want)
	}
	if keys, want := distinct(got.Keys), []string{longKey, wordyKey}; !reflect.DeepEqual(keys, want) {
		t.Errorf("keys: got %q, want %q", keys, want)
	}
	got = said[filters](t, Pair{"filterTag.0", ""}, Pair{"bindingKey.1", ""})
	if tags, keys := distinct(got.Tags), distinct(got.Keys); tags != nil || keys != nil {
		t.Errorf("empty ones: got %q, %q, want nothing said", tags, keys)
	}
}

func TestSubscribeRefuses(t *testing.T) {
	t.Parallel()
	six := func(name string) (list []Pair) {
		for i := range mapping.MaxTags + 1 {
			list = append(list, Pair{fmt.Sprint(name, ".", i), "a"})
		}
		return list
	}
	for _, test := range []struct {
		pairs []Pair
		want  *mapping.Error
	}{
		{six("filterTag"), mapping.ErrTooManyFilterTags},
		{six("bindingKey"), mapping.ErrTooManyBindingKeys},
		{six("bindindKey"), mapping.ErrTooManyBindingKeys},
		{[]Pair{{"filterTag.1", longTag + "x"}}, mapping.ErrOutOfRange.Of("filterTag")},
		{[]Pair{{"bindingKey.1", longKey + "x"}}, mapping.ErrOutOfRange.Of("bindingKey")},
		{[]Pair{{"bindindKey.1", longKey + "x"}}, mapping.ErrOutOfRange.Of("bindingKey")},
		{[]Pair{{"bindingKey.1", wordyKey + ".#"}}, mapping.ErrTooManyDelimiters},
		{[]Pair{{"bindingKey.0", "a"}, {"bindingKey.2", "b"}}, mapping.ErrListGap.Of("bindingKey")},
		{[]Pair{{"notifyStrategy", "LINEAR"}}, mapping.ErrStrategy},
		{[]Pair{{"notifyContentFormat", "XML"}}, mapping.ErrFormat},
		{[]Pair{{"notifyStrategy.0", "BACKOFF_RETRY"}}, mapping.ErrNotRepeatable.Of("notifyStrategy")},
	} {
		for _, a := range []*Action{Subscribe, SetSubscriptionAttributes} {
			pairs := subscribing(test.pairs...)
			refuses(t, a, pairs, test.want)
			if _, err := a.Call(t.Context(), nil, Params{Pairs: pairs}); err.Error() != test.want.Error() {
				t.Errorf("%s %q: got %q, want %q", a.Name, test.pairs, err, test.want)
			}
		}
	}
	names := []Pair{{"topicName", "t"}, {"subscriptionName", "s"}}
	refuses(t, Subscribe, append(names, Pair{"protocol", ""}, Pair{"endpoint", "q"}), mapping.ErrMissing.Of("protocol"))
	refuses(t, Subscribe, append(names, Pair{"protocol", "mail"}, Pair{"endpoint", ""}), mapping.ErrProtocol)
	refuses(t, Subscribe, append(names, Pair{"protocol", "queue"}, Pair{"endpoint", ""}), mapping.ErrEndpointFormat)
}

// What is not said of a subscription stays, and PHP's SDK says too much.
func TestSetSubscriptionReads(t *testing.T) {
	t.Parallel()
	in := bound(t, SetSubscriptionAttributes, subscribing(Pair{"notifyStrategy", ""}, Pair{"notifyContentFormat", ""})...)
	if got, want := fmt.Sprint(in), "{{t s} <nil> <nil> {[] []}}"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	in = bound(t, SetSubscriptionAttributes, Pair{"topicName", "t"}, Pair{"subscriptionName ", "s"}, Pair{"notifyStrategy", "BACKOFF_RETRY"},
		Pair{"notifyContentFormat", "JSON"}, Pair{"filterTag.1", "a"})
	strategy, format := in.FieldByName("Strategy").Elem(), in.FieldByName("Format").Elem()
	if strategy.String() != "BACKOFF_RETRY" || format.String() != "JSON" {
		t.Errorf("got %s, %s, want what was sent", strategy, format)
	}
}

// SDKs of different languages read different spellings, and fail without theirs.
func TestTopicAnswers(t *testing.T) {
	t.Parallel()
	for a, want := range map[*Action]string{
		CreateTopic:        "topicId",
		GetTopicAttributes: "topicId topicName msgCount maxMsgSize msgRetentionSeconds filterType createTime lastModifyTime createUin qps tags",
		Subscribe:          "subscriptionId",
		GetSubscriptionAttributes: "subscriptionId subscriptionName protocol protocal endpoint topicOwner msgCount notifyStrategy " +
			"notifyContentFormat filterTag filterTags bindingKey bindindKey createTime lastModifyTime",
	} {
		var names []string
		for _, m := range a.out[Legacy] {
			names = append(names, m.Name)
		}
		if got := strings.Join(names, " "); got != want {
			t.Errorf("%s: got %s, want %s", a.Name, got, want)
		}
	}
	got := encoded(Legacy, mapping.SubscriptionDescription{SubscriptionRef: mapping.SubscriptionRef{ID: "subsc-1", Name: "s", Protocol: "http", Endpoint: "http://h/?a=1&b"},
		Owner: 1250000000, Messages: 7, Strategy: mapping.BackoffRetry, Format: mapping.FormatJSON, BindingKeys: []string{"a.*", "#"}, Created: 1, Modified: 2})
	want := `"subscriptionId":"subsc-1","subscriptionName":"s","protocol":"http","protocal":"http","endpoint":"http://h/?a=1&b",` +
		`"topicOwner":"1250000000","msgCount":7,"notifyStrategy":"BACKOFF_RETRY","notifyContentFormat":"JSON","filterTag":[],"filterTags":[],` +
		`"bindingKey":["a.*","#"],"bindindKey":["a.*","#"],"createTime":1,"lastModifyTime":2`
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
