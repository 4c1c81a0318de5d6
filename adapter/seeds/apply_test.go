package seeds

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jetcmq/jetcmq/adapter/action"
	"github.com/jetcmq/jetcmq/mapping/account"
	"github.com/jetcmq/jetcmq/mapping/embedded"
	"github.com/jetcmq/jetcmq/mapping/jet"
)

// world is a real engine without anything in it.
type world struct {
	t      *testing.T
	server *embedded.Server
	*account.Account
}

func start(t *testing.T) world {
	t.Helper()
	t.Parallel()
	return begin(t)
}

func begin(t *testing.T) world {
	t.Helper()
	s, err := embedded.Start(embedded.Config{Sync: embedded.Memory, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { // after the accounts have closed
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		if err := s.Stop(ctx); err != nil {
			t.Error(err)
		}
	})
	w := world{t: t, server: s}
	w.Account = w.join()
	return w
}

// join opens the account as another server does.
func (w world) join() *account.Account {
	w.t.Helper()
	door, err := w.server.InProcess("default")
	if err != nil {
		w.t.Fatal(err)
	}
	a, err := account.Open(w.t.Context(), account.Config{Config: jet.Config{InProcess: door, User: door.User, Password: door.Password,
		Durability: jet.Memory, Log: slog.New(slog.DiscardHandler)}})
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		a.Close(ctx)
	})
	return a
}

func parse(t *testing.T, text string) *File {
	t.Helper()
	f, err := Parse(testFile, []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// apply wants a result such as "2 0 1": created, changed, unchanged.
func (w world) apply(text, want string) {
	w.t.Helper()
	got, err := parse(w.t, text).Apply(w.t.Context(), map[string]*account.Account{DefaultAccount: w.Account}, Rules{})
	if s := fmt.Sprint(got.Created, got.Changed, got.Unchanged); err != nil || s != want {
		w.t.Errorf("%s\ngot %s and %v, want %s", text, s, err, want)
	}
}

// refuse wants a fault and nothing changed.
func (w world) refuse(text, want string, rules Rules) {
	w.t.Helper()
	before := w.export()
	_, err := parse(w.t, text).Apply(w.t.Context(), map[string]*account.Account{DefaultAccount: w.Account}, rules)
	var faults Faults
	if !errors.As(err, &faults) || !strings.Contains(err.Error(), want) {
		w.t.Errorf("%s\ngot %v\nwant %s", text, err, want)
	}
	if after := w.export(); after != before {
		w.t.Errorf("%s\nit changed\n%sto\n%s", text, before, after)
	}
}

func (w world) export() string {
	w.t.Helper()
	text, err := Export(w.t.Context(), Source{DefaultAccount, Inside(w.Account)})
	if err != nil {
		w.t.Fatal(err)
	}
	return string(text)
}

func (w world) expect(want string) {
	w.t.Helper()
	if got := w.export(); got != strings.TrimPrefix(want, "\n") {
		w.t.Errorf("got\n%swant%s", got, want)
	}
}

// call does what any client does; words are name=value.
func (w world) call(api action.API, name, words string) string {
	w.t.Helper()
	p := action.Params{API: api}
	for word := range strings.FieldsSeq(words) {
		name, value, _ := strings.Cut(word, "=")
		p.Pairs = append(p.Pairs, action.Pair{Name: name, Value: value})
	}
	answer, err := action.Find(api, name).Call(w.t.Context(), w.Account, p)
	if err != nil {
		w.t.Fatalf("%s %s: %v", name, words, err)
	}
	return string(answer.Fields)
}

const everything = `
queues:
  - name: dying
    deadLetterPolicy:
      deadLetterQueue: the-dead
      policy: 1
      maxTimeToLive: 300
  - name: orders
    visibilityTimeout: 60
    pollingWaitSeconds: 10
    msgRetentionSeconds: 604800
    maxMsgSize: 1048576
    maxMsgHeapNum: 1000
    rewindSeconds: 600
    deadLetterPolicy:
      deadLetterQueue: the-dead
      policy: 0
      maxReceiveCount: 3
  - name: plain
  - name: the-dead
    msgRetentionSeconds: 1296000
topics:
  - name: keyed
    filterType: 2
    maxMsgSize: 2048
    subscriptions:
      - name: s
        protocol: queue
        endpoint: plain
        bindingKeys: ["a.*", "#.b", c]
  - name: plain
    msgRetentionSeconds: 3600
    subscriptions:
      - name: "null"
        protocol: http
        endpoint: "https://example.com/界?a=b#c"
        notifyStrategy: BACKOFF_RETRY
        notifyContentFormat: SIMPLIFIED
      - name: tagged
        protocol: queue
        endpoint: orders
        filterTags: ["1e3", "界 x", red, "no"]
`

func TestExportIsWhatWasApplied(t *testing.T) {
	w := start(t)
	w.apply(everything, "9 0 0")
	w.expect(everything)
	w.apply(everything, "0 0 9")
	w.expect(everything)
	next := begin(t)
	next.apply(w.export(), "9 0 0")
	next.expect(w.export())
}

// What stands first may need what stands last.
func TestOrderDoesNotMatter(t *testing.T) {
	w := start(t)
	w.apply(`
topics: [{name: t, subscriptions: [{name: s, protocol: queue, endpoint: a}]}]
queues:
  - {name: a, deadLetterPolicy: {deadLetterQueue: z, policy: 0, maxReceiveCount: 3}}
  - {name: z}`, "4 0 0")
	w.apply(`
queues:
  - {name: z, deadLetterPolicy: {deadLetterQueue: a, policy: 0, maxReceiveCount: 3}}
  - {name: a, deadLetterPolicy: {}}`, "0 2 0")
}

func TestOnlyWhatIsSaidChanges(t *testing.T) {
	w := start(t)
	w.call(action.Legacy, "CreateQueue", "queueName=Others rewindSeconds=60")
	w.call(action.Legacy, "CreateQueue", "queueName=Mine visibilityTimeout=5 rewindSeconds=600 pollingWaitSeconds=3")
	w.call(action.Legacy, "CreateQueue", "queueName=dead")
	w.call(action.Legacy, "CreateTopic", "topicName=T maxMsgSize=2048")
	w.call(action.Legacy, "Subscribe", "topicName=T subscriptionName=S protocol=queue endpoint=MINE filterTag.1=b filterTag.2=a notifyStrategy=BACKOFF_RETRY")
	file := `
queues:
  - name: mine
    visibilityTimeout: 7
    rewindSeconds: 10m
    deadLetterPolicy: {deadLetterQueue: DEAD, policy: 0, maxReceiveCount: 2}
topics:
  - name: t
    msgRetentionSeconds: 1h
    subscriptions:
      - {name: s, protocol: QUEUE, endpoint: mine, notifyContentFormat: SIMPLIFIED, filterTags: [a, b]}`
	w.apply(file, "0 3 0")
	w.apply(file, "0 0 3")
	w.expect(`
queues:
  - name: Mine
    visibilityTimeout: 7
    pollingWaitSeconds: 3
    rewindSeconds: 600
    deadLetterPolicy:
      deadLetterQueue: dead
      policy: 0
      maxReceiveCount: 2
  - name: Others
    rewindSeconds: 60
  - name: dead
topics:
  - name: T
    maxMsgSize: 2048
    msgRetentionSeconds: 3600
    subscriptions:
      - name: S
        protocol: queue
        endpoint: MINE
        notifyStrategy: BACKOFF_RETRY
        notifyContentFormat: SIMPLIFIED
        filterTags: [b, a]
`)
	w.apply("queues: [{name: mine}]\ntopics: [{name: t}]", "0 0 2")
}

// A queue that was deleted does not keep a server from starting, although a
// subscription that is there delivers to it.
func TestDeletedEndpoint(t *testing.T) {
	w := start(t)
	w.apply("queues: [{name: q}]", "1 0 0")
	file := "topics: [{name: t, subscriptions: [{name: s, protocol: Queue, endpoint: Q}]}]"
	w.apply(file, "2 0 0")
	w.call(action.Legacy, "DeleteQueue", "queueName=q")
	w.apply(file, "0 0 2")
}

func TestEmptying(t *testing.T) {
	w := start(t)
	w.apply(everything, "9 0 0")
	file := `
queues: [{name: orders, visibilityTimeout: 30, deadLetterPolicy: {}}, {name: plain, deadLetterPolicy: {}}]
topics: [{name: plain, subscriptions: [{name: tagged, protocol: queue, endpoint: orders, filterTags: []}]}]`
	w.apply(file, "0 2 2")
	w.apply(file, "0 0 4")
	got := w.export()
	for _, gone := range []string{"maxReceiveCount", "visibilityTimeout", "filterTags"} {
		if strings.Contains(got, gone) {
			t.Errorf("%s is still there:\n%s", gone, got)
		}
	}
}

// A policy of the other kind leaves nothing of the former.
func TestPolicyOfTheOtherKind(t *testing.T) {
	w := start(t)
	w.apply("queues: [{name: d}, {name: q, deadLetterPolicy: {deadLetterQueue: d, policy: 0, maxReceiveCount: 2}}]", "2 0 0")
	file := "queues: [{name: q, deadLetterPolicy: {deadLetterQueue: d, policy: 1, maxTimeToLive: 10m}}]"
	w.apply(file, "0 1 0")
	w.apply(file, "0 0 1")
	w.expect(`
queues:
  - name: d
  - name: q
    deadLetterPolicy:
      deadLetterQueue: d
      policy: 1
      maxTimeToLive: 600
`)
}

// What API 3.0 made, with wider ranges and other defaults, is exported as it is.
func TestWhatOnlyAPI3Makes(t *testing.T) {
	w := start(t)
	long := strings.Repeat("x", 64)
	w.call(action.TDMQ, "CreateCmqQueue", "QueueName=q MsgRetentionSeconds=30 Tags.0.TagKey=k")
	w.call(action.TDMQ, "CreateCmqQueue", "QueueName=p DeadLetterQueueName=q Policy=0")
	w.call(action.TDMQ, "CreateCmqTopic", "TopicName=t MsgRetentionSeconds=60 Trace=true")
	w.call(action.TDMQ, "CreateCmqSubscribe", "TopicName=t SubscriptionName=s Protocol=queue Endpoint=q NotifyStrategy=BACKOFF_RETRY "+
		"NotifyContentFormat=JSON FilterTag.0="+long+" BindingKey.0=useless")
	want := `
queues:
  - name: p
    maxMsgSize: 1048576
    deadLetterPolicy:
      deadLetterQueue: q
      policy: 0
      maxReceiveCount: 50
  - name: q
    msgRetentionSeconds: 30
    maxMsgSize: 1048576
topics:
  - name: t
    maxMsgSize: 1048576
    msgRetentionSeconds: 60
    subscriptions:
      - name: s
        protocol: queue
        endpoint: q
        notifyStrategy: BACKOFF_RETRY
        filterTags: [` + long + `]
`
	w.expect(want)
	next := begin(t)
	next.apply(w.export(), "4 0 0")
	next.expect(want)
}

// What clashes with what is there is found before anything is changed.
func TestClashes(t *testing.T) {
	w := start(t)
	w.apply(everything, "9 0 0")
	const first = "queues: [{name: new}, {name: orders, visibilityTimeout: 9}]\n"
	for _, c := range []struct{ text, want string }{
		{"topics:\n- name: plain\n  filterType: 2", "s.yaml:4:3: topic plain exists with filterType 1, which cannot become 2: delete the topic first, or write what it has"},
		{"topics:\n- name: KEYED", "s.yaml:3:3: topic KEYED exists with filterType 2, which cannot become 1"},
		{"topics: [{name: plain, subscriptions: [{name: tagged, protocol: http, endpoint: http://a/}]}]", "s.yaml:2:55: subscription tagged exists with protocol queue, which cannot become http"},
		{"topics: [{name: plain, subscriptions: [{name: tagged, protocol: queue, endpoint: plain}]}]", "s.yaml:2:72: subscription tagged exists with endpoint orders, which cannot become plain"},
		{"topics: [{name: plain, subscriptions: [{name: x, protocol: queue, endpoint: gone}]}]", "s.yaml:2:67: endpoint: there is no queue gone, neither here nor on the server"},
		{"topics: [{name: x, subscriptions: [{name: x, protocol: http, endpoint: http://bad/}]}]", `s.yaml:2:62: endpoint: "http://bad/": not there`},
		{"accounts: {b: {queues: [{name: x}]}}", "s.yaml:2:12: the settings do not have the account b (but default)"},
	} {
		w.refuse(first+c.text, c.want, Rules{CheckEndpoint: func(endpoint string) error {
			if endpoint == "http://bad/" {
				return errors.New("not there")
			}
			return nil
		}})
	}
	for _, c := range []struct{ text, want string }{
		{"queues: [{name: new}, {name: x, deadLetterPolicy: {deadLetterQueue: gone, policy: 0, maxReceiveCount: 1}}]", "s.yaml:1:52: deadLetterQueue: there is no queue gone, neither here nor on the server"},
		{"queues: [{name: new}, {name: plain, deadLetterPolicy: {deadLetterQueue: dying, policy: 0, maxReceiveCount: 1}}]", "s.yaml:1:56: dying cannot be a dead-letter queue: it has one itself, the-dead"},
		{"queues: [{name: new}, {name: the-dead, deadLetterPolicy: {deadLetterQueue: plain, policy: 0, maxReceiveCount: 1}}]", "s.yaml:1:59: the-dead cannot have a dead-letter queue: it is that of "},
		{"queues: [{name: new}, {name: b1, deadLetterPolicy: &}, {name: b2, deadLetterPolicy: &}, {name: b3, deadLetterPolicy: &}, {name: b4, deadLetterPolicy: &}, {name: b5, deadLetterPolicy: &}]",
			"s.yaml:1:53: the-dead would be the dead-letter queue of 7 queues, more than 6"},
		{"queues: [{name: new}, {name: orders, msgRetentionSeconds: 300}]", "s.yaml:1:24: rewindSeconds cannot be greater than msgRetentionSeconds"},
	} {
		w.refuse(strings.ReplaceAll(c.text, "&", "{deadLetterQueue: the-dead, policy: 0, maxReceiveCount: 1}"), c.want, Rules{})
	}
}

func TestLimits(t *testing.T) {
	w := start(t)
	w.apply("queues: [{name: a}, {name: b}]\ntopics: [{name: a, subscriptions: [{name: a, protocol: queue, endpoint: a}]}]", "4 0 0")
	rules := Rules{MaxQueues: 3, MaxTopics: 2, MaxSubscriptions: 1}
	w.refuse("queues: [{name: b}, {name: c}, {name: d}]", "s.yaml:1:33: the account would have 4 queues, more than 3 (JETCMQ_MAX_QUEUES)", rules)
	w.refuse("topics: [{name: b}, {name: c}]", "s.yaml:1:22: the account would have 3 topics, more than 2 (JETCMQ_MAX_TOPICS)", rules)
	w.refuse("topics: [{name: a, subscriptions: [{name: b, protocol: queue, endpoint: a}]}]",
		"s.yaml:1:11: topic a would have 2 subscriptions, more than 1 (JETCMQ_MAX_SUBSCRIPTIONS)", rules)
	if _, err := parse(t, "queues: [{name: b}, {name: c}]\ntopics: [{name: b}]").Apply(t.Context(), map[string]*account.Account{DefaultAccount: w.Account}, rules); err != nil {
		t.Error(err)
	}
}

// Servers that start at the same moment with the same file agree.
func TestServersTogether(t *testing.T) {
	w := start(t)
	accounts := []*account.Account{w.Account, w.join(), w.join()}
	for round := range 5 { // there is room for what the file has, and no more
		file := parse(t, strings.NewReplacer("orders", fmt.Sprintf("orders%d", round), "plain", fmt.Sprintf("plain%d", round),
			"keyed", fmt.Sprintf("keyed%d", round), "the-dead", fmt.Sprintf("dead%d", round)).Replace(everything))
		rules := Rules{MaxQueues: 3*round + 4, MaxTopics: 2*round + 2, MaxSubscriptions: 2}
		var all sync.WaitGroup
		for i, a := range accounts {
			all.Go(func() {
				if _, err := file.Apply(t.Context(), map[string]*account.Account{DefaultAccount: a}, rules); err != nil {
					t.Errorf("round %d, server %d: %v", round, i, err)
				}
			})
		}
		all.Wait()
	}
}

// A start that ends in the middle is made good by the next.
func TestCutShort(t *testing.T) {
	w := start(t)
	for n := range 12 {
		ctx, cancel := context.WithCancel(t.Context())
		calls := 0
		f := parse(t, everything)
		work := newWork(f.accounts[0], &faults{file: testFile}, &Result{})
		work.call = func(c context.Context, name string, in []action.Pair) ([]byte, error) {
			if !strings.HasPrefix(name, "Describe") {
				if calls++; calls > n%3 {
					cancel()
				}
			}
			return Inside(w.Account)(ctx, name, in)
		}
		err := work.plan(ctx)
		if err == nil {
			err = work.do(ctx)
		}
		if cancel(); n < 2 && err == nil {
			t.Error("it was not cut short")
		}
	}
	if _, err := parse(t, everything).Apply(t.Context(), map[string]*account.Account{DefaultAccount: w.Account}, Rules{}); err != nil {
		t.Fatal(err)
	}
	w.expect(everything)
}

func TestPages(t *testing.T) {
	w := start(t)
	var file strings.Builder
	file.WriteString("queues:\n")
	for i := range 120 {
		fmt.Fprintf(&file, "  - name: q%03d\n", i)
	}
	file.WriteString("topics:\n  - name: t\n    subscriptions:\n")
	for i := range 60 {
		fmt.Fprintf(&file, "      - name: s%03d\n        protocol: queue\n        endpoint: q%03d\n", i, i)
	}
	w.apply(file.String(), "181 0 0")
	w.expect(file.String())
	w.apply(file.String(), "0 0 181")
}
