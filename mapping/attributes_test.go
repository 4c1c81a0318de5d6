package mapping

import (
	"reflect"
	"testing"
)

func TestOver(t *testing.T) {
	t.Parallel()
	n := func(i int) *int { return &i }
	on, off := true, false
	base := DefaultAttributes()
	base.Trace, base.Tags, base.MaxQueries = &on, []Tag{{"k", "v"}}, n(3)
	said := QueueAttributes{Rewind: n(7), QueueExtras: QueueExtras{Trace: &off, TransactionPolicy: TransactionPolicy{FirstQuery: n(0)}}}
	want := base
	want.Rewind, want.Trace, want.FirstQuery = n(7), &off, n(0)
	if got := said.Over(base); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if got := (QueueAttributes{}).Over(base); !reflect.DeepEqual(got, base) {
		t.Errorf("nothing said: got %+v, want %+v", got, base)
	}
}

// What API 3.0 says of a policy piece by piece, over what is in force.
func TestDeadLetterChange(t *testing.T) {
	t.Parallel()
	n := func(i int) *int { return &i }
	dead, other := QueueName("dead"), QueueName("other")
	inForce := &DeadLetterPolicy{Queue: "dead", ID: "queue-1", Policy: ByCount, MaxReceiveCount: 3}
	for _, test := range []struct {
		why     string
		c       DeadLetterChange
		inForce *DeadLetterPolicy
		want    *DeadLetterPolicy
	}{
		{"nothing", DeadLetterChange{}, nil, nil},
		{"nothing changes", DeadLetterChange{}, inForce, inForce},
		{"numbers for nobody", DeadLetterChange{Policy: n(1), MaxReceiveCount: n(0), MaxTimeToLive: n(0)}, nil, nil},
		{"a queue alone", DeadLetterChange{Queue: &dead}, nil, &DeadLetterPolicy{Queue: "dead", MaxReceiveCount: 50}},
		{"all", DeadLetterChange{&dead, n(1), n(7), n(300)}, nil, &DeadLetterPolicy{"dead", "", ByAge, 7, 300}},
		{"a number", DeadLetterChange{MaxReceiveCount: n(9)}, inForce, &DeadLetterPolicy{"dead", "queue-1", ByCount, 9, 0}},
		{"another queue", DeadLetterChange{Queue: &other}, inForce, &DeadLetterPolicy{"other", "queue-1", ByCount, 3, 0}},
		{"another policy", DeadLetterChange{Policy: n(1), MaxTimeToLive: n(600)}, inForce, &DeadLetterPolicy{"dead", "queue-1", ByAge, 3, 600}},
	} {
		got := QueueAttributes{Letters: test.c}.Over(QueueAttributes{DeadLetter: test.inForce})
		if !reflect.DeepEqual(got.DeadLetter, test.want) || got.Letters != (DeadLetterChange{}) {
			t.Errorf("%s: got %+v, want %+v", test.why, got.DeadLetter, test.want)
		}
	}
	if *inForce != (DeadLetterPolicy{Queue: "dead", ID: "queue-1", MaxReceiveCount: 3}) {
		t.Errorf("the policy in force became %+v", inForce)
	}
	unbound := QueueAttributes{DeadLetter: &DeadLetterPolicy{}, Letters: DeadLetterChange{MaxReceiveCount: n(9)}}.Over(QueueAttributes{DeadLetter: inForce})
	if unbound.DeadLetter != nil {
		t.Errorf("unbound: got %+v, want no policy", unbound.DeadLetter)
	}
}

func TestFlag(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]Flag{"0": false, "1": true, "false": false, "true": true} {
		var got Flag
		if err := got.UnmarshalText([]byte(text)); err != nil || got != want {
			t.Errorf("%s: got %v, %v, want %v", text, got, err, want)
		}
	}
}
