// Package history is what the clients of a run did and saw, and what was done
// to the servers meanwhile: one line of JSON for each call or event, in the
// order in which they ended. Everything a judge needs is in it.
package history

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"sync"
	"time"
)

// Kind is what an Op was.
type Kind string

// The kinds of Op.
const (
	Begin    Kind = "begin"    // the first: what is to be judged, and by which rules
	Queue    Kind = "queue"    // a queue exists from here on
	Send     Kind = "send"     // to a queue
	Publish  Kind = "publish"  // to a topic, which copies into a queue
	Receive  Kind = "receive"  // from a queue
	Delete   Kind = "delete"   // in a queue
	Counters Kind = "counters" // of a queue, while nobody calls
	Strike   Kind = "strike"   // a fault was made and healed
	Event    Kind = "event"    // something was done to one server; its first word is what
	Phase    Kind = "phase"    // the run goes on to another phase
)

// Outcome is how a call ended, as certain as its caller can be.
type Outcome string

// The outcomes of a call.
const (
	OK      Outcome = "ok"      // done: the service answered so
	Failed  Outcome = "failed"  // not done, and never will be
	Unknown Outcome = "unknown" // no answer, or one that leaves it open
)

// The phases of a run, in this order. Until the first, the run is prepared.
const (
	Load   = "load"   // clients call, servers suffer
	Stop   = "stop"   // servers are well, clients end what they are at
	Quiet  = "quiet"  // all is healed, nobody calls, everything is visible
	Drain  = "drain"  // everything is received and deleted
	Silent = "silent" // everything is deleted; nothing may come
	End    = "end"    // the history is complete
)

// Op is one call or event. Times count from the beginning of the run, by a
// clock that never jumps.
type Op struct {
	Kind    Kind          `json:"kind"`
	Client  int           `json:"client,omitempty"`
	Server  int           `json:"server"` // the number of the adapter that was called
	Queue   string        `json:"queue,omitempty"`
	Invoked time.Duration `json:"invoked"`
	Ended   time.Duration `json:"ended"`
	Outcome Outcome       `json:"outcome,omitempty"`
	Code    int           `json:"code,omitempty"`
	Why     string        `json:"why,omitempty"` // the text of an error; the name of an event or phase

	Numbers  []int         `json:"numbers,omitempty"`  // Send, Publish: of the messages
	IDs      []string      `json:"ids,omitempty"`      // Send: the msgIds in the answer
	Delay    time.Duration `json:"delay,omitempty"`    // Send
	Messages []Message     `json:"messages,omitempty"` // Receive
	Handles  []Handle      `json:"handles,omitempty"`  // Delete
	Visible  time.Duration `json:"visible,omitempty"`  // Queue: its visibility timeout
	Counts   *Counts       `json:"counts,omitempty"`   // Counters
	Holds    bool          `json:"holds,omitempty"`    // Event: that server held messages
	Rules    *Rules        `json:"rules,omitempty"`    // Begin
}

// Rules are what a service may do around a kill, as its documents say.
type Rules struct {
	Forget time.Duration `json:"forget"` // how old a delete may be that a kill undoes
	Round  time.Duration `json:"round"`  // how much sooner what was in flight at a kill may be visible again
	Loss   time.Duration `json:"loss"`   // how old an acknowledged message may be that a power cut loses
}

// Message is one that was received.
type Message struct {
	Number  int    `json:"number"` // Foreign if nobody sent such a body
	ID      string `json:"id"`
	Handle  string `json:"handle"`
	Foreign string `json:"foreign,omitempty"` // the body, if it is nobody's
}

// Foreign is the number of a message whose body nobody sent.
const Foreign = -1

// Handle is one of those that a Delete names, and what became of it.
type Handle struct {
	Handle  string  `json:"handle"`
	ID      string  `json:"id"` // the msgId it came with
	Outcome Outcome `json:"outcome"`
	Code    int     `json:"code,omitempty"`
}

// Counts are the three numbers of GetQueueAttributes.
type Counts struct {
	Active   int `json:"active"`
	Inactive int `json:"inactive"`
	Delayed  int `json:"delayed"`
}

// Sum is how many messages a queue has.
func (c Counts) Sum() int { return c.Active + c.Inactive + c.Delayed }

// Log writes a history. Any number of clients may add to it.
type Log struct {
	began time.Time

	mu  sync.Mutex
	to  *bufio.Writer
	err error // the first, after which nothing is written
}

// NewLog begins a history, and its clock.
func NewLog(to io.Writer) *Log {
	return &Log{began: time.Now(), to: bufio.NewWriterSize(to, 1<<16)}
}

// Now is the time since the beginning.
func (l *Log) Now() time.Duration { return time.Since(l.began) }

// Add writes op, which ended just now unless it says otherwise.
func (l *Log) Add(op Op) {
	if op.Ended == 0 {
		op.Ended = l.Now()
	}
	text, err := json.Marshal(op)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err == nil {
		l.err = err
	}
	if l.err == nil {
		_, l.err = l.to.Write(append(text, '\n'))
	}
}

// Phase notes that the run goes on to a phase.
func (l *Log) Phase(name string) {
	now := l.Now()
	l.Add(Op{Kind: Phase, Invoked: now, Ended: now, Why: name})
}

// Close ends the history. An error tells that it is not whole.
func (l *Log) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return errors.Join(l.err, l.to.Flush())
}

// Read gives the ops of a history in their order. An error is the last it gives.
func Read(from io.Reader) iter.Seq2[Op, error] {
	return func(yield func(Op, error) bool) {
		d := json.NewDecoder(from)
		for n := 1; ; n++ {
			var op Op
			err := d.Decode(&op)
			if err == io.EOF {
				return
			}
			if err != nil {
				err = fmt.Errorf("op %d of the history: %w", n, err)
			}
			if !yield(op, err) || err != nil {
				return
			}
		}
	}
}
