package jetcmqtest_test

import (
	"testing"
	"time"

	"github.com/jetcmq/jetcmq/test/jetcmqtest"
)

func TestSmoke(t *testing.T) {
	began := time.Now()
	s := jetcmqtest.Start(t, jetcmqtest.WithTimeScale(0.001))
	t.Log("started", time.Since(began), s.Endpoint(), s.NATSURL())
	s.CreateQueue("orders", "visibilityTimeout=5")
	s.CreateTopic("news")
	s.Subscribe("news", "q", "orders")
	web := s.Subscriber()
	s.Subscribe("news", "web", web.URL("/hook"), "notifyStrategy=BACKOFF_RETRY")
	web.Answer("/hook", 500, 200)
	s.Publish("news", "hello", "red", "big")
	t.Log(s.WaitFor("orders", jetcmqtest.Body("hello")))
	t.Log(web.WaitFor(func(p jetcmqtest.Push) bool { return p.Status == 200 }))
	s.Send("orders", "two")
	s.Send("orders", "three", "delaySeconds=60")
	m := s.Take("orders")
	m = s.Receive("orders")
	began = time.Now()
	t.Log(m, s.Inspect("orders"), time.Since(began))
	s.ExpectNone("orders", jetcmqtest.Body("nope"))
	began = time.Now()
	s.Restart()
	t.Log("restarted", time.Since(began))
	t.Log(s.Inspect("orders"))
	s.Delete("orders", m)
	began = time.Now()
	t.Log(s.Inspect("orders"), time.Since(began))
	s.Reset()
}
