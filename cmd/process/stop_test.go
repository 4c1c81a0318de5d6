package process

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
)

// Whoever makes a stop take long must not turn it into a crash: the engine
// below still stops in order, which an error would deny.

func TestStopLeavesHangingEndpointsBehind(t *testing.T) {
	t.Parallel()
	begun := make(chan struct{}, 100)
	hangs := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // before that, net/http does not notice who hangs up
		begun <- struct{}{}
		<-r.Context().Done()
	}))
	defer hangs.Close()
	s := launch(t, "JETCMQ_STOP_TIMEOUT=3s")
	s.expect(t, "Action=CreateTopic&topicName=t", `"code":0`)
	s.expect(t, "Action=Subscribe&topicName=t&subscriptionName=s&protocol=http&endpoint="+hangs.URL, `"code":0`)
	s.expect(t, "Action=PublishMessage&topicName=t&msgBody=hello", `"code":0`)
	<-begun
	if err := s.stop(); err != nil {
		t.Error(err)
	}
}

func TestStopLeavesDawdlingClientsBehind(t *testing.T) {
	t.Parallel()
	s := launch(t, "JETCMQ_STOP_TIMEOUT=3s")
	client, err := net.Dial("tcp", s.Addr.String())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if _, err := fmt.Fprint(client, "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nAct"); err != nil {
		t.Fatal(err)
	}
	s.expect(t, "Action=ListQueue", `"code":0`) // the server has seen the client by now
	if err := s.stop(); err != nil {
		t.Error(err)
	}
}
