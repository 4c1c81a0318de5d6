package jetcmqtest_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/jetcmq/jetcmq/test/jetcmqtest"
)

func body(text string) func(jetcmqtest.Push) bool {
	return func(p jetcmqtest.Push) bool { return p.Body == text }
}

func TestSubscriber(t *testing.T) {
	both(t, func(t *testing.T, s *jetcmqtest.Server) {
		web := s.Subscriber()
		s.CreateTopic("news")
		s.Subscribe("news", "json", web.URL("/json?key=1"), "filterTag.1=red", "notifyStrategy=BACKOFF_RETRY")
		s.Subscribe("news", "plain", web.URL("/plain"), "notifyContentFormat=SIMPLIFIED")
		web.Answer("/json", 500, 404, 204)
		id := s.Publish("news", "hello", "red", "big")
		p := web.WaitFor(func(p jetcmqtest.Push) bool { return p.Path == "/json" && p.Status == 204 })
		if p.Body != "hello" || p.ID != id || p.Topic != "news" || p.Subscription != "json" || strings.Join(p.Tags, " ") != "red big" ||
			!strings.Contains(p.Raw, `"msgBody":"hello"`) || p.Header.Get("x-cmq-message-id") != id {
			t.Errorf("got %+v", p)
		}
		s.Publish("news", "blue", "blue")
		web.WaitFor(func(p jetcmqtest.Push) bool { return p.Path == "/plain" && p.Body == "blue" && p.Raw == "blue" })
		web.ExpectNone(func(p jetcmqtest.Push) bool { return p.Path == "/json" && p.Body == "blue" })
		if got := len(web.Pushes()); got != 5 {
			t.Errorf("got %d pushes, want 3 to /json and 2 to /plain: %v", got, web.Pushes())
		}
	})
}

func TestSubscriberFailures(t *testing.T) {
	both(t, func(t *testing.T, s *jetcmqtest.Server) {
		web := s.Subscriber()
		s.CreateTopic("news")
		s.Subscribe("news", "web", web.URL("/in"))
		s.Publish("news", "hello", "red")
		s.Settle()
		said := failure(t, s, func(s *jetcmqtest.Server) { web.For(s).WaitFor(body("x")) })
		wantText(t, said, "no such push within", "Pushed (1):\n\t/in \"hello\" msgId=", "tags=red answered 200")
		said = failure(t, s, func(s *jetcmqtest.Server) { web.For(s).ExpectNone(body("hello")) })
		wantText(t, said, "should not have been pushed:\n\t/in \"hello\"")
		web.Answer("/in", 500)
		s.Publish("news", "never")
		said = failure(t, s, func(s *jetcmqtest.Server) { s.Settle() })
		wantText(t, said, "not all that was published is delivered", "subscription web of topic news has 1 messages to deliver")
	}, quick)
}

// A web server of one's own.
func TestListen(t *testing.T) {
	both(t, func(t *testing.T, s *jetcmqtest.Server) {
		l, got := s.Listen(), make(chan string, 1)
		web := &http.Server{Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			text, _ := io.ReadAll(r.Body)
			got <- r.URL.String() + " " + string(text)
		})}
		go web.Serve(l)
		defer web.Close()
		s.CreateTopic("news")
		s.Subscribe("news", "web", s.PushURL(l.Addr(), "/in?key=1"), "notifyContentFormat=SIMPLIFIED")
		s.Publish("news", "hello")
		s.Settle()
		if text := <-got; text != "/in?key=1 hello" {
			t.Errorf("got %s", text)
		}
	})
}
