package load

import (
	"context"
	"math/rand/v2"
	"strconv"
	"time"

	"github.com/jetcmq/jetcmq/test/checker/history"
)

// held is a message that was received and is not deleted yet.
type held struct {
	queue, id, handle string
}

// receiver receives, and deletes most of it.
type receiver struct {
	*Clients
	client int
	later  []later
}

// later is messages whose delete is put off, often beyond their visibility.
type later struct {
	held []held
	due  time.Time
}

func newReceiver(c *Clients, client int) *receiver { return &receiver{Clients: c, client: client} }

func (r *receiver) work(ctx context.Context) {
	for pause(ctx, rand.N(10*time.Millisecond)) {
		r.deleteDue(ctx)
		hs, o := r.receive(ctx, queues[rand.N(len(queues))], 1+rand.N(16), rand.N(2))
		if o != history.OK {
			pause(ctx, 20*time.Millisecond)
		}
		r.dispose(ctx, hs)
	}
}

// dispose deletes most messages at once, some later, and some never.
func (r *receiver) dispose(ctx context.Context, hs []held) {
	switch chance := rand.N(16); {
	case len(hs) == 0 || chance == 0:
	case chance == 1:
		r.later = append(r.later, later{hs, time.Now().Add(rand.N(Visibility * 3 / 2))})
	case chance < 8:
		r.delete(ctx, hs)
	default:
		for _, h := range hs {
			r.delete(ctx, []held{h})
		}
	}
}

func (r *receiver) deleteDue(ctx context.Context) {
	for len(r.later) > 0 && time.Now().After(r.later[0].due) {
		r.delete(ctx, r.later[0].held)
		r.later = r.later[1:]
	}
}

// receive makes one call of ReceiveMessage or, for more than one message,
// BatchReceiveMessage.
func (r *receiver) receive(ctx context.Context, queue string, most, wait int) ([]held, history.Outcome) {
	action, pairs := "ReceiveMessage", []string{"queueName", queue, "pollingWaitSeconds", strconv.Itoa(wait)}
	if most > 1 {
		action, pairs = "BatchReceiveMessage", append(pairs, "numOfMsg", strconv.Itoa(most))
	}
	server, began := r.server(), r.log.Now()
	a, err := r.call(context.WithoutCancel(ctx), server, action, pairs...)
	if err == nil && a.Code == codeNoMessage {
		return nil, history.OK
	}
	op := history.Op{Kind: history.Receive, Client: r.client, Server: server, Queue: queue, Invoked: began, Outcome: outcome(a, err), Code: a.Code, Why: why(a, err)}
	if a.ReceiptHandle != "" {
		a.MsgInfoList = []message{{a.MsgID, a.MsgBody, a.ReceiptHandle}}
	}
	var hs []held
	for _, m := range a.MsgInfoList {
		got := history.Message{Number: numberOf(m.MsgBody), ID: m.MsgID, Handle: m.ReceiptHandle}
		if got.Number == history.Foreign {
			got.Foreign = m.MsgBody
		}
		op.Messages = append(op.Messages, got)
		hs = append(hs, held{queue, m.MsgID, m.ReceiptHandle})
	}
	r.log.Add(op)
	r.Received.Add(int64(len(hs)))
	return hs, op.Outcome
}

// delete makes one call of DeleteMessage or, for more than one message,
// BatchDeleteMessage, and once more if it is not known what became of it.
func (r *receiver) delete(ctx context.Context, hs []held) {
	if r.deleteOnce(ctx, hs) == history.Unknown {
		r.deleteOnce(ctx, hs)
	}
}

func (r *receiver) deleteOnce(ctx context.Context, hs []held) history.Outcome {
	action, pairs := "DeleteMessage", []string{"queueName", hs[0].queue}
	if len(hs) == 1 {
		pairs = append(pairs, "receiptHandle", hs[0].handle)
	} else {
		action = "BatchDeleteMessage"
		for i, h := range hs {
			pairs = append(pairs, "receiptHandle."+strconv.Itoa(i+1), h.handle)
		}
	}
	server, began := r.server(), r.log.Now()
	a, err := r.call(context.WithoutCancel(ctx), server, action, pairs...)
	op := history.Op{Kind: history.Delete, Client: r.client, Server: server, Queue: hs[0].queue, Invoked: began, Outcome: outcome(a, err), Code: a.Code, Why: why(a, err)}
	for _, h := range hs {
		op.Handles = append(op.Handles, fate(h, a, op.Outcome))
	}
	r.log.Add(op)
	for _, h := range op.Handles {
		if h.Outcome == history.OK {
			r.Deleted.Add(1)
		}
	}
	return op.Outcome
}

// fate is what became of one handle of a delete that was answered with a. Of a
// batch, code 6010 or 6020, those have failed that are listed, for a reason each.
func fate(h held, a answer, whole history.Outcome) history.Handle {
	f := history.Handle{Handle: h.handle, ID: h.id, Outcome: whole, Code: a.Code}
	if a.Code != codePartly && a.Code != codeNone {
		return f
	}
	f.Outcome, f.Code = history.OK, 0
	for _, e := range a.ErrorList {
		if e.ReceiptHandle == h.handle {
			f.Outcome, f.Code = outcome(answer{Code: e.Code}, nil), e.Code
		}
	}
	return f
}
