package crash

import (
	"syscall"
	"testing"
	"time"
)

const (
	// timeScale shortens the waits between attempts to deliver, and the time a
	// push may take to 1.5 s.
	timeScale = "JETCMQ_TIME_SCALE=0.1"
	// takeover is how long JetStream waits for one who has died. It waits twice
	// as long for a message that is about to come again in the moment in which the
	// stream is trimmed: a purge of JetStream 2.15 forgets what was to come again.
	takeover = 5*time.Second + 1500*time.Millisecond
	native   = "JETCMQ_NATS_ADDR=127.0.0.1:0"
)

// testTopicKill kills the program again and again while clients publish, and
// has the news judge what arrived where.
func testTopicKill(t *testing.T, p program, cycles int) {
	dir, n := t.TempDir(), newNews()
	url := n.serve(t)
	var kept []held
	for i := range cycles {
		l := newPublishers(t, p.start(t, dir, timeScale), n)
		if i == 0 {
			l.subscribe(t, url)
			if err := l.publish(); err != nil { // at once: who has just subscribed gets it
				t.Fatal(err)
			}
			l.kill()
			continue
		}
		l.begin(kept)
		<-time.After(lifetime(i))
		l.kill()
		kept = l.join()
	}
	l := newPublishers(t, p.start(t, dir, timeScale, native), n)
	l.settle(t, 2*takeover+2*time.Second)
	l.drain(t)
	l.readQueues(t)
	n.judge(t)
}

// testTopicStop ends the program in order while clients publish. Nothing that
// was under way has to wait as for somebody who has died. A second attempt may,
// if it becomes due while JetStream stops: JetStream then has it wait anew.
func testTopicStop(t *testing.T, p program) {
	dir, n := t.TempDir(), newNews()
	n.reliable = true
	url := n.serve(t)
	r := p.start(t, dir, timeScale)
	l := newPublishers(t, r, n)
	l.subscribe(t, url)
	l.begin(nil)
	<-time.After(500 * time.Millisecond)
	began := time.Now()
	n.told()
	l.expectEnd(time.Time{})
	if err := r.process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	<-r.ended
	stopped := time.Since(began)
	l.join()
	t.Logf("the process ended after %s", stopped.Round(time.Millisecond))
	if r.err != nil || stopped > 10*time.Second {
		t.Errorf("it ended with %v after %s\n%s", r.err, stopped, r.log.String())
	}
	next := newPublishers(t, p.start(t, dir, timeScale, native), n)
	next.settle(t, takeover/2)
	next.drain(t)
	next.readQueues(t)
	n.judge(t)
}

// testTopicTakeover kills one of two processes that deliver for the same topic.
// The other one takes over what was under way there.
func testTopicTakeover(t *testing.T, p program) {
	n := newNews()
	url := n.serve(t)
	first := newPublishers(t, p.start(t, t.TempDir(), timeScale, native), n)
	first.subscribe(t, url)
	second := newPublishers(t, p.start(t, t.TempDir(), timeScale, "JETCMQ_NATS_URL="+first.nats), n)
	first.begin(nil)
	second.begin(nil)
	<-time.After(700 * time.Millisecond)
	second.kill()
	second.join()
	first.finish()
	first.join()
	first.settle(t, 2*takeover+2*time.Second)
	first.drain(t)
	first.readQueues(t)
	n.judge(t)
}
