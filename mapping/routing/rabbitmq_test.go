package routing_test

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jetcmq/jetcmq/mapping/routing"
)

var rabbitServer = flag.String("rabbitmq", "", "rabbitmq-server's path: compare the matcher with a real broker")

// rabbit is the HTTP API of a broker with rabbitmq_management.
type rabbit struct {
	*testing.T
	url string
}

// startRabbit runs a broker on loopback and free ports, with a directory and a
// port mapper of its own, until the test ends.
func startRabbit(t *testing.T) rabbit {
	t.Helper()
	dir, port := t.TempDir(), freePorts(t, 4)
	write := func(name, text string) string {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	env := append(os.Environ(), "HOME="+dir, "ERL_EPMD_ADDRESS=127.0.0.1", "ERL_EPMD_PORT="+port[0],
		"RABBITMQ_NODENAME=routing-check@localhost", "RABBITMQ_DIST_PORT="+port[1],
		"RABBITMQ_MNESIA_BASE="+dir, "RABBITMQ_LOG_BASE="+dir, "RABBITMQ_PID_FILE="+filepath.Join(dir, "pid"),
		"RABBITMQ_ENABLED_PLUGINS_FILE="+write("plugins", "[rabbitmq_management]."),
		"RABBITMQ_CONFIG_FILE="+write("rabbitmq.conf", fmt.Sprintf(
			"listeners.tcp.1 = 127.0.0.1:%s\nmanagement.tcp.ip = 127.0.0.1\nmanagement.tcp.port = %s\n", port[2], port[3])))
	run := func(name string) {
		cmd := exec.Command(name)
		cmd.Env, cmd.Dir = env, dir
		if err := cmd.Start(); err != nil {
			t.Fatalf("%v; in Debian: apt-get install rabbitmq-server", err)
		}
		t.Cleanup(func() {
			cmd.Process.Signal(os.Interrupt)
			cmd.Wait()
		})
	}
	run("epmd")
	run(*rabbitServer)
	r := rabbit{t, "http://guest:guest@127.0.0.1:" + port[3] + "/api/"}
	r.awaitStart()
	return r
}

// freePorts gives numbers of ports that were free a moment ago.
func freePorts(t *testing.T, n int) (ports []string) {
	t.Helper()
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		ports = append(ports, strconv.Itoa(l.Addr().(*net.TCPAddr).Port))
	}
	return ports
}

func (r rabbit) awaitStart() {
	r.Helper()
	ctx, cancel := context.WithTimeout(r.Context(), 2*time.Minute)
	defer cancel()
	again := time.NewTicker(200 * time.Millisecond)
	defer again.Stop()
	for {
		var about struct {
			Version string `json:"rabbitmq_version"`
		}
		err := r.call(http.MethodGet, "overview", nil, &about)
		if err == nil {
			r.Logf("RabbitMQ %s", about.Version)
			return
		}
		select {
		case <-ctx.Done():
			r.Fatal(err)
		case <-again.C:
		}
	}
}

func (r rabbit) call(method, path string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(r.Context(), method, r.url+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode/100 != 2 {
		return fmt.Errorf("%s %s: %s", method, path, response.Status)
	}
	if out == nil {
		return nil
	}
	return json.NewDecoder(response.Body).Decode(out)
}

func (r rabbit) must(method, path string, in, out any) {
	r.Helper()
	if err := r.call(method, path, in, out); err != nil {
		r.Error(err)
	}
}

type object map[string]any

// subscribe makes a queue with these binding keys.
func (r rabbit) subscribe(queue string, keys []string) {
	r.Helper()
	r.must(http.MethodPut, "queues/%2F/"+queue, object{"durable": false}, nil)
	for _, key := range keys {
		r.must(http.MethodPost, "bindings/%2F/e/check/q/"+queue, object{"routing_key": key}, nil)
	}
}

// publish sends its number as a message; the answer comes when the queues have it.
func (r rabbit) publish(number int, key string) (routed bool) {
	r.Helper()
	var out struct{ Routed bool }
	r.must(http.MethodPost, "exchanges/%2F/check/publish", object{
		"routing_key": key, "payload": strconv.Itoa(number), "payload_encoding": "string", "properties": object{},
	}, &out)
	return out.Routed
}

// received counts the messages of a queue by number.
func (r rabbit) received(queue string, most int) map[int]int {
	r.Helper()
	var out []struct{ Payload string }
	r.must(http.MethodPost, "queues/%2F/"+queue+"/get", object{"count": most, "ackmode": "ack_requeue_false", "encoding": "auto"}, &out)
	counts := map[int]int{}
	for _, m := range out {
		n, err := strconv.Atoi(m.Payload)
		if err != nil {
			r.Error(err)
		}
		counts[n]++
	}
	return counts
}

// each calls f for 0 to n-1, a few at a time.
func each(n int, f func(i int)) {
	var all sync.WaitGroup
	for worker := range 8 {
		all.Go(func() {
			for i := worker; i < n; i += 8 {
				f(i)
			}
		})
	}
	all.Wait()
}

// Every queue gets what its binding keys match, once. So a few requests ask
// RabbitMQ about queues times messages pairs, with one full table of bindings.
func TestTheMatcherAgreesWithRabbitMQ(t *testing.T) {
	if *rabbitServer == "" {
		t.Skip("needs -args -rabbitmq=PATH (make routing-check)")
	}
	const queues, messages = 400, 400
	r := startRabbit(t)
	r.must(http.MethodPut, "exchanges/%2F/check", object{"type": "topic"}, nil)
	seed := rand.Uint64()
	d := dice{rand.New(rand.NewPCG(seed, 1))}
	sets, keys := make([][]string, queues), make([][]string, messages)
	for i := range sets {
		sets[i] = d.keys()
	}
	for i, c := range keyTable {
		sets[i], keys[i] = []string{c.binding}, routing.SplitKey(c.key)
	}
	for i := len(keyTable); i < messages; i++ {
		keys[i] = d.key(sets[d.IntN(queues)])
	}
	each(queues, func(i int) { r.subscribe(strconv.Itoa(i), sets[i]) })
	each(messages, func(i int) {
		if !r.publish(i, strings.Join(keys[i], ".")) {
			t.Errorf("%q reaches nobody", keys[i])
		}
	})
	matched, differ := make([]int, queues), make([]int, queues)
	each(queues, func(i int) {
		counts := r.received(strconv.Itoa(i), messages*10)
		m := routing.Compile(sets[i])
		for number, words := range keys {
			matched[i] += counts[number]
			differ[i] += compareRabbit(t, sets[i], words, m.Match(words), counts[number])
		}
	})
	t.Logf("seed %d: %d pairs, %d match; for %d of these CMQ differs because * takes no empty word",
		seed, queues*messages, sum(matched), sum(differ))
}

func sum(all []int) (n int) {
	for _, i := range all {
		n += i
	}
	return n
}

// compareRabbit compares how often RabbitMQ delivered with what the reference says
// of it and what the matcher says, which may differ where a * met an empty word.
func compareRabbit(t *testing.T, keys, words []string, match bool, delivered int) (differs int) {
	t.Helper()
	reference := 0
	if slices.ContainsFunc(keys, func(k string) bool { return wanted(routing.SplitKey(k), words, true) }) {
		reference = 1
	}
	if delivered != reference || match && delivered == 0 || !match && delivered == 1 && !slices.Contains(words, "") {
		t.Errorf("binding keys %q, words %q: RabbitMQ delivers %d times, reference %d, matcher %v", keys, words, delivered, reference, match)
	}
	if !match && delivered == 1 {
		return 1
	}
	return 0
}
