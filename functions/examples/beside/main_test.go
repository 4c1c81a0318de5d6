package main

import (
	"context"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/jetcmq/jetcmq/functions"
)

// What is published over HTTP comes to the function of the same process, with
// its tags, also after a restart.
func TestBeside(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	addr := "127.0.0.1:0"
	for range 2 {
		got := make(chan functions.Message, 1)
		ctx, cancel := context.WithCancel(t.Context())
		ready, ended := make(chan string, 1), make(chan error, 1)
		go func() {
			ended <- run(ctx, addr, dir, func(_ context.Context, m functions.Message) error {
				got <- m
				return nil
			}, func(addr string) { ready <- addr })
		}()
		select {
		case addr = <-ready:
		case err := <-ended:
			t.Fatal(err)
		}
		answer, err := http.PostForm("http://"+addr+"/", url.Values{
			"Action": {"PublishMessage"}, "topicName": {"greetings"}, "msgBody": {"wörld"}, "msgTag.1": {"rot"}, "msgTag.2": {"grün"}})
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		select {
		case m := <-got:
			if m.Body != "wörld" || m.Topic != "greetings" || m.Subscription != "hello" || len(m.Tags) != 2 || m.Tags[1] != "grün" {
				t.Errorf("got %+v", m)
			}
		case <-time.After(10 * time.Second):
			t.Fatal("nothing came")
		}
		cancel()
		if err := <-ended; err != nil {
			t.Fatal(err)
		}
	}
}
