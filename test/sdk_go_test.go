package test

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/jetcmq/jetcmq/test/jetcmqtest"
)

// Programs on Tencent Cloud's SDK for Go, unchanged, get by API 3.0 what they
// get from CMQ. Each is a module of its own: product tdmq is in one version of
// the SDK, product cmq in another.
func TestGoSDK(t *testing.T) {
	programs := map[string]string{}
	for _, product := range []string{"tdmq", "cmq"} {
		programs[product] = buildGoSDK(t, filepath.Join("sdk", product))
	}
	t.Parallel() // not before: compiling next to tests that measure time disturbs them
	both(t, func(t *testing.T, img string) {
		for product, sent := range map[string][]string{"tdmq": {"你好 from 3.0", "published by 3.0"}, "cmq": nil} {
			t.Run(product, func(t *testing.T) {
				t.Parallel()
				w := start(t, img, jetcmqtest.WithPushAllow("127.0.0.1")) // where nobody listens
				small := start(t, img, jetcmqtest.WithSetting("JETCMQ_MAX_QUEUES", "1"), jetcmqtest.WithSetting("JETCMQ_MAX_TOPICS", "1"))
				w.prepareForAPI3(t)
				args := []string{"-test.timeout", "100s", "-host", w.host, "-small-host", small.host,
					"-id", "AKIDfirst", "-secret", secrets["AKIDfirst"], "-other-id", "AKIDsecond", "-other-secret", secrets["AKIDsecond"]}
				if product == "tdmq" { // which is pushed to, too
					listen, reach := w.meeting(t)
					args = append(args, "-listen", listen, "-reach", reach)
				}
				out, err := command(t, t.TempDir(), programs[product], args...)
				if err != nil {
					t.Fatalf("%v\n%s", err, out)
				}
				w.useWhatAPI3Made(t, product, sent)
			})
		}
	})
}

// offline are the words with which go says that there is no way to a proxy. All
// else, such as a module that is not what go.sum says, is a failure.
var offline = regexp.MustCompile(`no such host|connection refused|connection reset|i/o timeout|network is unreachable|TLS handshake timeout|GOPROXY=off|server misbehaving`)

// buildGoSDK downloads what the module in dir needs and compiles its tests.
func buildGoSDK(t *testing.T, dir string) (program string) {
	t.Helper()
	out, err := command(t, dir, "go", "mod", "download")
	if err != nil && offline.MatchString(out) && os.Getenv("CI") != "true" {
		t.Skipf("go cannot reach its module proxy: %v\n%s", err, out)
	}
	if err != nil {
		t.Fatalf("go mod download: %v\n%s", err, out)
	}
	program = filepath.Join(t.TempDir(), "sdk.test")
	if out, err := command(t, dir, "go", "test", "-c", "-o", program, "."); err != nil {
		t.Fatalf("go test -c: %v\n%s", err, out)
	}
	return program
}

// legacy makes a call of API 2.0 that must succeed.
func (w *world) legacy(t *testing.T, action string, params ...string) map[string]any {
	t.Helper()
	var pairs []pair
	for _, p := range params {
		name, value, _ := strings.Cut(p, "=")
		pairs = append(pairs, pair{name, value})
	}
	a, err := w.call(t.Context(), action, pairs, nil)
	if err != nil || a.fields["code"] != json.Number("0") {
		t.Fatalf("%s %v: got %s: %v", action, params, a.text, err)
	}
	return a.fields
}

// take receives and deletes n messages.
func (w *world) take(t *testing.T, queue string, n int) (bodies map[string]int) {
	t.Helper()
	bodies = map[string]int{}
	for range n {
		m := w.legacy(t, "ReceiveMessage", "queueName="+queue, "pollingWaitSeconds=10")
		bodies[m["msgBody"].(string)]++
		w.legacy(t, "DeleteMessage", "queueName="+queue, "receiptHandle="+m["receiptHandle"].(string))
	}
	return bodies
}

// prepareForAPI3 makes by API 2.0 what the programs' TestAcross uses.
func (w *world) prepareForAPI3(t *testing.T) {
	t.Helper()
	w.legacy(t, "CreateQueue", "queueName=by2", "visibilityTimeout=45", "rewindSeconds=3600")
	for _, body := range []string{"one", "two"} {
		w.legacy(t, "SendMessage", "queueName=by2", "msgBody="+body)
	}
	w.take(t, "by2", 2)
	w.legacy(t, "CreateTopic", "topicName=by2")
	w.legacy(t, "Subscribe", "topicName=by2", "subscriptionName=s", "protocol=queue", "endpoint=by2", "filterTag.1=red")
}

// useWhatAPI3Made goes on by API 2.0 where the programs' TestAcross ended.
func (w *world) useWhatAPI3Made(t *testing.T, product string, sent []string) {
	t.Helper()
	want := map[string]int{"one": 1, "two": 1}
	for _, body := range sent {
		want[body]++
	}
	if got := w.take(t, "by2", len(want)); !maps.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	attributes := w.legacy(t, "GetQueueAttributes", "queueName=by3")
	size := map[string]json.Number{"tdmq": "1048576", "cmq": "65536"}[product] // who makes a queue decides
	for name, want := range map[string]json.Number{"visibilityTimeout": "60", "msgRetentionSeconds": "60", "pollingWaitSeconds": "0", "maxMsgSize": size} {
		if got := attributes[name]; got != want {
			t.Errorf("%s: got %v, want %v", name, got, want)
		}
	}
	policy, _ := attributes["deadLetterPolicy"].(string)
	if want := `"policy":0,"maxReceiveCount":9}`; !strings.HasSuffix(policy, want) || !strings.HasPrefix(policy, `{"deadLetterQueue":"queue-`) {
		t.Errorf("deadLetterPolicy: got %s, want … %s", policy, want)
	}
	w.legacy(t, "SetQueueAttributes", "queueName=by3", "visibilityTimeout=30")
	w.legacy(t, "PublishMessage", "topicName=by3", "msgBody=published by 2.0", "msgTag.1=red")
	w.legacy(t, "SendMessage", "queueName=by3", "msgBody=sent by 2.0")
	want = map[string]int{"published by 2.0": 1, "sent by 2.0": 1}
	if got := w.take(t, "by3", len(want)); !maps.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
