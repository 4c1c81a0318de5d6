// Count counts the messages of all topics that are pushed to it, each message
// once however often it is pushed. GET shows the counts.
//
//	go run ./functions/examples/count    # endpoint: http://127.0.0.1:8000/count
//	curl http://127.0.0.1:8000/count     # {"news":3,"orders":12}
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"sync"

	"github.com/jetcmq/jetcmq/functions"
)

// What is kept in memory: a message pushed again after this many others counts
// twice, and a topic beyond these is not counted.
const (
	maxMessages = 100_000
	maxTopics   = 1000
)

func main() {
	if err := functions.Serve(context.Background(), functions.Map{"count": newCounter()}); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

type counter struct {
	push http.Handler

	mu     sync.Mutex
	counts map[string]int // by topic
}

func newCounter() *counter {
	c := &counter{counts: map[string]int{}}
	c.push = functions.New(c.add, functions.Once(maxMessages))
	return c
}

func (c *counter) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodGet {
		c.show(w)
		return
	}
	c.push.ServeHTTP(w, r)
}

func (c *counter) show(w http.ResponseWriter) {
	c.mu.Lock()
	text, err := json.Marshal(c.counts)
	c.mu.Unlock()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	fmt.Fprintf(w, "%s\n", text)
}

// add drops what it will never be able to count.
func (c *counter) add(_ context.Context, m functions.Message) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, known := c.counts[m.Topic]; !known && len(c.counts) >= maxTopics {
		return functions.Drop(errors.New("too many topics"))
	}
	c.counts[m.Topic]++
	return nil
}
