// Package test judges the whole service from outside.
//
// # Stories
//
// A file of testdata/scenarios is a story: what clients do, and what they must
// get to see. It is replayed over HTTP against an engine of its own, so names
// of queues are its own too. Every line is a step:
//
//	SendMessage queueName=q msgBody="hello world" -> msgId=$id
//
// calls an action with parameters; the part behind the arrow is wanted of the
// answer. A call is wanted to succeed unless code=… says otherwise. Names:
//
//	msgInfoList.0.msgBody   of the first element; msgInfoList.length counts them
//	msgBody.1..16=m         stands for msgBody.1=m1 … msgBody.16=m16
//	!name                   not sent; behind the arrow: not there
//	module, took            the number in front of message; seconds the call took
//
// Values are compared as texts, or:
//
//	name=1..2       is a number within
//	name~text       matches a regular expression
//	name!=text      differs
//	name=$x         is remembered as $x, or compared with it from then on
//	$(x+5)          is computed, as is $(x-5); $(now) is the time in Unix seconds
//	$(a*1000)       is the text a, 1000 times
//	"$x\n", '$x'    variables and escapes are read in double quotes only
//
// In front of a step:
//
//	within 2s       repeats what only reads, or is refused, until the answer is as wanted
//	meanwhile       begins a call that waits; the story goes on once it waits
//
// Besides actions there are:
//
//	join            waits for the calls begun, and checks their answers
//	hangup          lets the clients of the calls begun go away
//	restart         stops the service and starts it on the same directory
//	native …        does what a NATS program of the account may do, see nativeDo
//	endpoint …      asks a subscriber's web server, at $endpoint, see endpoint.do
package test

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"
)

func TestScenarios(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, img string) {
		for _, s := range readStories(t) {
			t.Run(s.name, func(t *testing.T) {
				t.Parallel()
				tell(t, s, func(int) *world { return start(t, img) })
			})
		}
	})
}

// tell plays a story. One that fails is told from the beginning, in another
// world, if the machine may be to blame: where calls are slow a story's times
// mean nothing. A call that fails after all its patience is to blame itself.
func tell(t *testing.T, s story, world func(try int) *world) {
	t.Helper()
	for try := range tries {
		err := play(t, s, world(try))
		if err == nil {
			return
		}
		var f *fault
		if !errors.As(err, &f) || f.late < busy || strings.HasPrefix(f.answer.text, `{"code":6000,`) {
			t.Fatal(err)
		}
		t.Logf("the machine is busy, a call took %v longer than it should: %v", f.late.Round(time.Millisecond), err)
	}
	t.Errorf("in none of %d tries the machine was quick enough", tries)
}

const (
	tries = 3
	// busy is a machine on which a call takes so much longer than it waits for
	// messages.
	busy = 500 * time.Millisecond
)

// stage is a story being played.
type stage struct {
	t *testing.T
	*world
	memory
	endpoint *endpoint
	begun    []*call
	late     time.Duration // by how much a call was later than it had to be, at most
}

// call is a step that was begun and is not yet checked.
type call struct {
	step
	answer
	err    error
	client *departing
	hangUp context.CancelFunc
	over   chan struct{}
}

// fault is a step that was not answered as wanted.
type fault struct {
	step
	answer
	list []string
	late time.Duration // stage.late until then
}

func (f *fault) Error() string {
	return fmt.Sprintf("%s: %s\n\t%s\n\tanswer: %.1000s", f.at, f.step.text, strings.Join(f.list, "\n\t"), f.answer.text)
}

// play goes through a story up to its first fault.
func play(t *testing.T, s story, w *world) error {
	t.Helper()
	e := newEndpoint(t, w.Listen())
	g := &stage{t: t, world: w, endpoint: e, memory: memory{"endpoint": w.PushURL(e.server.Listener.Addr(), "")}}
	for _, st := range s.steps {
		var err error
		switch verb := st.words[0]; {
		case verb == "join":
			err = g.join()
		case verb == "hangup":
			g.hangUp()
		case verb == "restart":
			w.Restart()
		case st.begin:
			err = g.begin(st)
		default:
			err = g.do(st)
		}
		if err != nil {
			g.hangUp()
			return err
		}
	}
	return g.join()
}

// do takes a step and checks its answer, again and again if it may.
func (g *stage) do(st step) error {
	run, err := g.prepare(st, g.caller)
	if err != nil {
		return g.check(st, answer{}, err)
	}
	deadline := time.Now().Add(st.within)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		began := time.Now()
		a, err := run(g.t.Context())
		g.late = max(g.late, time.Since(began)-st.waits())
		if time.Now().After(deadline) || err == nil && len(g.mismatches(st.want, a)) == 0 {
			return g.check(st, a, err)
		}
		<-tick.C
	}
}

// check is a fault unless the answer is as wanted.
func (g *stage) check(st step, a answer, err error) error {
	if err != nil {
		return &fault{st, a, []string{err.Error()}, g.late}
	}
	if list := g.mismatches(st.want, a); len(list) > 0 {
		return &fault{st, a, list, g.late}
	}
	return nil
}

// prepare reads a step's values and returns the call, or the native command,
// that it is.
func (g *stage) prepare(st step, by caller) (func(context.Context) (answer, error), error) {
	var given []pair
	var without, words []string
	for _, f := range st.given {
		value, err := g.expand(f.raw)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.name, err)
		}
		if f.op == "!" {
			without = append(without, f.name)
		} else {
			given = append(given, pair{f.name, value})
		}
	}
	for _, raw := range st.words {
		word, err := g.expand(raw)
		if err != nil {
			return nil, err
		}
		words = append(words, word)
	}
	w := g.world
	switch {
	case words[0] == "native":
		return func(ctx context.Context) (answer, error) { return w.nativeDo(ctx, words[1:], given) }, nil
	case words[0] == "endpoint":
		return func(context.Context) (answer, error) { return g.endpoint.do(words[1:]) }, nil
	case len(words) == 1 && isAction.MatchString(words[0]):
		return func(ctx context.Context) (answer, error) { return by.call(ctx, words[0], given, without) }, nil
	}
	return nil, fmt.Errorf("%q is neither an action nor a command", words)
}

var isAction = regexp.MustCompile(`^[A-Z]\w*$`)

// begin starts a call and returns once it waits for a message.
func (g *stage) begin(st step) error {
	client := newDeparting()
	run, err := g.prepare(st, caller{&client.Client, g.host})
	if err != nil {
		return g.check(st, answer{}, err)
	}
	ctx, cancel := context.WithCancel(g.t.Context())
	c := &call{step: st, client: client, hangUp: cancel, over: make(chan struct{})}
	g.begun = append(g.begun, c)
	go func() {
		defer close(c.over)
		c.answer, c.err = run(ctx)
	}()
	for _, f := range st.given {
		if f.name == "queueName" {
			g.waitForPoll(g.t, f.raw, c.over)
		}
	}
	return nil
}

// join waits for the calls begun and checks them.
func (g *stage) join() error {
	for _, c := range g.begun {
		<-c.over
	}
	var all error
	for _, c := range g.begun {
		c.hangUp()
		c.client.gone()
		all = errors.Join(all, g.check(c.step, c.answer, c.err))
	}
	g.begun = nil
	return all
}

// hangUp has the clients of the calls begun go away, and waits until the
// service has noticed.
func (g *stage) hangUp() {
	g.t.Helper()
	for _, c := range g.begun {
		c.hangUp()
		<-c.over
		c.client.gone()
	}
	g.begun = nil
}
