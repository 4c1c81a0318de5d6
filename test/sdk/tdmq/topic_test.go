package sdk

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	tdmq "github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/tdmq/v20200217"

	"github.com/jetcmq/jetcmq/test/sdk/check"
)

func topic(name string) string { return fmt.Sprintf(`{"TopicName":%q}`, name) }

func createTopic(t *testing.T, c *tdmq.Client, params string) {
	t.Helper()
	if id := *check.Must(t, c.CreateCmqTopic, tdmq.NewCreateCmqTopicRequest(), params).Response.TopicId; !strings.HasPrefix(id, "cmqt-") {
		t.Errorf("got id %s", id)
	}
}

// describeTopic gives a topic without what is different each time, which it checked.
func describeTopic(t *testing.T, c *tdmq.Client, name string) tdmq.CmqTopic {
	t.Helper()
	d := check.Must(t, c.DescribeCmqTopicDetail, tdmq.NewDescribeCmqTopicDetailRequest(), topic(name)).Response.TopicDescribe
	if d == nil || d.TopicId == nil || !strings.HasPrefix(*d.TopicId, "cmqt-") {
		t.Fatalf("got %s", check.Spell(d))
	}
	recent(t, "CreateTime", d.CreateTime)
	recent(t, "LastModifyTime", d.LastModifyTime)
	d.TopicId, d.CreateTime, d.LastModifyTime = nil, nil, nil
	return *d
}

// fixedTopic is what is told of every topic that nothing waits in.
const fixedTopic = `{"Qps":5000,"MsgCount":0,"CreateUin":100000000001,"Tags":[],"TenantId":"cmq-1250000000"}`

func TestTopic(t *testing.T) {
	t.Parallel()
	c := client(t)
	createTopic(t, c, topic("news"))
	told := with(fixedTopic, `{"TopicName":"news","NamespaceName":"CMQ_TOPIC-news","MsgRetentionSeconds":86400,"MaxMsgSize":1048576,"FilterType":1}`)
	check.Equal(t, "defaults", describeTopic(t, c, "news"), told)
	const said = `{"TopicName":"keys","MaxMsgSize":1024,"FilterType":2,"MsgRetentionSeconds":60,"Trace":true}`
	createTopic(t, c, said)
	check.Equal(t, "as created", describeTopic(t, c, "keys"), with(with(fixedTopic, said), `{"NamespaceName":"CMQ_TOPIC-keys"}`))

	const changes = `{"MaxMsgSize":2048,"MsgRetentionSeconds":120,"Trace":false}`
	check.Must(t, c.ModifyCmqTopicAttribute, tdmq.NewModifyCmqTopicAttributeRequest(), with(topic("news"), changes))
	check.Equal(t, "changed", describeTopic(t, c, "news"), with(told, changes))
	for _, name := range []string{"news", "keys"} {
		check.Must(t, c.DeleteCmqTopic, tdmq.NewDeleteCmqTopicRequest(), topic(name))
		check.Refused(t, c.DescribeCmqTopicDetail, tdmq.NewDescribeCmqTopicDetailRequest(), topic(name), "ResourceNotFound", "(10600)")
	}
}

func TestTopicsByPage(t *testing.T) {
	t.Parallel()
	c := client(t)
	for _, name := range []string{"page-b", "a-page-b", "page-bb"} {
		createTopic(t, c, topic(name))
	}
	for params, want := range map[string]string{
		`{"TopicName":"page-b"}`:                      "3 page-b a-page-b page-bb",
		`{"TopicName":"page-","Limit":2}`:             "3 a-page-b page-b",
		`{"TopicName":"page-","Limit":2,"Offset":2}`:  "3 page-bb",
		`{"TopicName":"page-","Limit":2,"Offset":20}`: "3",
		`{"TopicName":"page-nothing"}`:                "0",
	} {
		answer := check.Must(t, c.DescribeCmqTopics, tdmq.NewDescribeCmqTopicsRequest(), params).Response
		got := fmt.Sprint(*answer.TotalCount)
		for _, d := range answer.TopicList {
			got += " " + *d.TopicName
		}
		if got != want || answer.TopicList == nil {
			t.Errorf("%s: got %s, want %s", params, got, want)
		}
	}
}

// subscribe makes a subscription of that topic.
func subscribe(t *testing.T, c *tdmq.Client, topicName, params string) {
	t.Helper()
	id := *check.Must(t, c.CreateCmqSubscribe, tdmq.NewCreateCmqSubscribeRequest(), with(topic(topicName), params)).Response.SubscriptionId
	if !strings.HasPrefix(id, "subsc-") {
		t.Errorf("got id %s", id)
	}
}

// subscriptions gives those of a topic that fit, without what is different each time, which it checked.
func subscriptions(t *testing.T, c *tdmq.Client, params string) (total uint64, all []*tdmq.CmqSubscription) {
	t.Helper()
	answer := check.Must(t, c.DescribeCmqSubscriptionDetail, tdmq.NewDescribeCmqSubscriptionDetailRequest(), params).Response
	for _, s := range answer.SubscriptionSet {
		if !strings.HasPrefix(*s.SubscriptionId, "subsc-") {
			t.Errorf("got id %s", *s.SubscriptionId)
		}
		recent(t, "CreateTime", s.CreateTime)
		recent(t, "LastModifyTime", s.LastModifyTime)
		s.SubscriptionId, s.CreateTime, s.LastModifyTime = nil, nil, nil
	}
	return *answer.TotalCount, answer.SubscriptionSet
}

func TestSubscription(t *testing.T) {
	t.Parallel()
	c := client(t)
	create(t, c, named("inbox"))
	createTopic(t, c, topic("subs"))
	const web = `{"SubscriptionName":"web","Protocol":"http","Endpoint":"http://127.0.0.1:9/hook?a=1&b=2"}`
	subscribe(t, c, "subs", web)
	const usual = `{"TopicOwner":1250000000,"MsgCount":0,"NotifyStrategy":"EXPONENTIAL_DECAY_RETRY","NotifyContentFormat":"JSON","FilterTags":[],"BindingKey":[]}`
	_, got := subscriptions(t, c, topic("subs"))
	check.Equal(t, "defaults", got, "["+with(usual, web)+"]")

	const box = `{"SubscriptionName":"we","Protocol":"queue","Endpoint":"inbox","NotifyStrategy":"BACKOFF_RETRY","NotifyContentFormat":"SIMPLIFIED"}`
	subscribe(t, c, "subs", with(box, `{"FilterTag":["red","蓝"],"BindingKey":["a.*"]}`))
	told := with(with(usual, box), `{"FilterTags":["red","蓝"],"BindingKey":["a.*"]}`)
	total, got := subscriptions(t, c, with(topic("subs"), `{"SubscriptionName":"we","Offset":0,"Limit":1}`))
	check.Equal(t, "exact name first", got, "["+told+"]")
	check.Equal(t, "total", total, "2")
	total, got = subscriptions(t, c, with(topic("subs"), `{"SubscriptionName":"nothing"}`))
	check.Equal(t, "none", got, "[]")
	check.Equal(t, "total", total, "0")

	change := `{"NotifyStrategy":"EXPONENTIAL_DECAY_RETRY","NotifyContentFormat":"JSON","FilterTags":["pear"],"BindingKey":["#.end"]}`
	check.Must(t, c.ModifyCmqSubscriptionAttribute, tdmq.NewModifyCmqSubscriptionAttributeRequest(), with(`{"TopicName":"subs","SubscriptionName":"we"}`, change))
	_, got = subscriptions(t, c, with(topic("subs"), `{"SubscriptionName":"we","Limit":1}`))
	check.Equal(t, "changed", got, "["+with(told, change)+"]")
	check.Must(t, c.ClearCmqSubscriptionFilterTags, tdmq.NewClearCmqSubscriptionFilterTagsRequest(), `{"TopicName":"subs","SubscriptionName":"we"}`)
	_, got = subscriptions(t, c, with(topic("subs"), `{"SubscriptionName":"we","Limit":1}`))
	check.Equal(t, "cleared", got, "["+with(with(told, change), `{"FilterTags":[]}`)+"]")

	check.Refused(t, c.DeleteCmqTopic, tdmq.NewDeleteCmqTopicRequest(), topic("subs"), "FailedOperation", "(10540)")
	for _, name := range []string{"we", "web"} {
		check.Must(t, c.DeleteCmqSubscribe, tdmq.NewDeleteCmqSubscribeRequest(), fmt.Sprintf(`{"TopicName":"subs","SubscriptionName":%q}`, name))
	}
	_, got = subscriptions(t, c, topic("subs"))
	check.Equal(t, "deleted", got, "[]")
	check.Must(t, c.DeleteCmqTopic, tdmq.NewDeleteCmqTopicRequest(), topic("subs"))
	_, got = subscriptions(t, c, topic("subs"))
	check.Equal(t, "no topic", got, "[]")
}

// publish tells the message's id.
func publish(t *testing.T, c *tdmq.Client, params string) string {
	t.Helper()
	answer := check.Must(t, c.PublishCmqMsg, tdmq.NewPublishCmqMsgRequest(), params).Response
	if answer.Result == nil || !*answer.Result {
		t.Errorf("got %s", check.Spell(answer))
	}
	return *answer.MsgId
}

func TestPublish(t *testing.T) {
	t.Parallel()
	c := client(t)
	pushed := make(chan string, 10)
	l, err := net.Listen("tcp", net.JoinHostPort(*listen, "0"))
	if err != nil {
		t.Fatal(err)
	}
	web := &httptest.Server{Listener: l, Config: &http.Server{Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		pushed <- r.Header.Get("x-cmq-message-id") + " " + r.Header.Get("x-cmq-message-tag") + " " + string(body)
	})}}
	web.Start()
	t.Cleanup(web.Close)
	endpoint := fmt.Sprintf("http://%s:%d", *reach, l.Addr().(*net.TCPAddr).Port)
	create(t, c, named("red"))
	create(t, c, named("all"))
	createTopic(t, c, topic("fruits"))
	check.Refused(t, c.PublishCmqMsg, tdmq.NewPublishCmqMsgRequest(), `{"TopicName":"fruits","MsgContent":"x"}`, "FailedOperation", "(10650)")
	subscribe(t, c, "fruits", `{"SubscriptionName":"red","Protocol":"queue","Endpoint":"red","FilterTag":["red","blue"]}`)
	subscribe(t, c, "fruits", fmt.Sprintf(`{"SubscriptionName":"web","Protocol":"http","Endpoint":%q,"NotifyContentFormat":"SIMPLIFIED","FilterTag":["red"]}`, endpoint))
	check.Refused(t, c.PublishCmqMsg, tdmq.NewPublishCmqMsgRequest(), `{"TopicName":"fruits","MsgContent":"x","MsgTag":["green"]}`, "FailedOperation", "(10730)")
	subscribe(t, c, "fruits", `{"SubscriptionName":"all","Protocol":"queue","Endpoint":"all","NotifyContentFormat":"JSON"}`)

	publish(t, c, `{"TopicName":"fruits","MsgContent":"untagged"}`)
	publish(t, c, `{"TopicName":"fruits","MsgContent":"green","MsgTag":["green"]}`)
	id := publish(t, c, `{"TopicName":"fruits","MsgContent":"@all 你好 a+b&c","MsgTag":["big","red"]}`)
	select {
	case got := <-pushed:
		if want := id + " big, red @all 你好 a+b&c"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("nothing was pushed within 10 s")
	}
	counts(t, c, "all", 3, 0)
	counts(t, c, "red", 1, 0)
	if len(pushed) > 0 {
		t.Errorf("also pushed: %q", <-pushed)
	}
}

// TestPublishByKey has the first tag stand for the routing key, for which the action has no parameter.
func TestPublishByKey(t *testing.T) {
	t.Parallel()
	c := client(t)
	create(t, c, named("star"))
	create(t, c, named("hash"))
	createTopic(t, c, `{"TopicName":"routes","FilterType":2}`)
	check.Refused(t, c.CreateCmqSubscribe, tdmq.NewCreateCmqSubscribeRequest(), `{"TopicName":"routes","SubscriptionName":"s","Protocol":"queue","Endpoint":"star"}`,
		"MissingParameter", "(10710)")
	subscribe(t, c, "routes", `{"SubscriptionName":"star","Protocol":"queue","Endpoint":"star","BindingKey":["1.*.0"]}`)
	subscribe(t, c, "routes", `{"SubscriptionName":"hash","Protocol":"queue","Endpoint":"hash","BindingKey":["1.#.0"]}`)
	for _, key := range []string{"1.test.0", "1.0", "1.2.3.0"} {
		publish(t, c, fmt.Sprintf(`{"TopicName":"routes","MsgContent":"x","MsgTag":[%q,"1.more.0"]}`, key))
	}
	for _, tags := range []string{`["2.test.0"]`, `["2.0","1.0"]`, `[]`} {
		check.Refused(t, c.PublishCmqMsg, tdmq.NewPublishCmqMsgRequest(), `{"TopicName":"routes","MsgContent":"x","MsgTag":`+tags+`}`, "FailedOperation", "(10730)")
	}
	counts(t, c, "hash", 3, 0)
	counts(t, c, "star", 1, 0)
}
