package judge

import (
	"errors"
	"iter"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jetcmq/jetcmq/test/checker/history"
)

const visible = 2 * time.Second

// story makes a history by hand. Times are in milliseconds.
type story struct{ ops []history.Op }

func tell() *story {
	s := &story{}
	s.add(history.Op{Kind: history.Begin, Why: "test", Rules: &history.Rules{Forget: time.Second, Round: time.Second}})
	s.add(history.Op{Kind: history.Queue, Queue: "q", Visible: visible})
	return s.phase(0, history.Load)
}

func (s *story) add(op history.Op) *story {
	s.ops = append(s.ops, op)
	return s
}

func (s *story) at(from, to int, op history.Op) *story {
	op.Invoked, op.Ended = ms(from), ms(to)
	if op.Queue == "" {
		op.Queue = "q"
	}
	if op.Outcome == "" && op.Kind != history.Event {
		op.Outcome = history.OK
	}
	return s.add(op)
}

func ms(n int) time.Duration { return time.Duration(n) * time.Millisecond }

func (s *story) phase(at int, name string) *story {
	return s.at(at, at, history.Op{Kind: history.Phase, Why: name})
}

func (s *story) send(at, number int, id string) *story {
	return s.at(at, at+1, history.Op{Kind: history.Send, Numbers: []int{number}, IDs: []string{id}})
}

func (s *story) delayed(at, number int, id string) *story {
	return s.at(at, at+1, history.Op{Kind: history.Send, Numbers: []int{number}, IDs: []string{id}, Delay: time.Second})
}

func (s *story) doubt(at int, numbers ...int) *story {
	return s.at(at, at+1, history.Op{Kind: history.Send, Numbers: numbers, Outcome: history.Unknown})
}

func (s *story) publish(at, number int) *story {
	return s.at(at, at+1, history.Op{Kind: history.Publish, Numbers: []int{number}, IDs: []string{"topic's"}})
}

func (s *story) receive(from, to, number int, id string) *story {
	return s.at(from, to, history.Op{Kind: history.Receive, Messages: []history.Message{{Number: number, ID: id, Handle: strconv.Itoa(from)}}})
}

func (s *story) delete(at int, id string) *story {
	return s.at(at, at+1, history.Op{Kind: history.Delete, Handles: []history.Handle{{ID: id, Outcome: history.OK}}})
}

// refuse is a delete of what was received at a time.
func (s *story) refuse(at, received int, id string) *story {
	return s.at(at, at+1, history.Op{Kind: history.Delete, Outcome: history.Failed,
		Handles: []history.Handle{{ID: id, Handle: strconv.Itoa(received), Outcome: history.Failed, Code: 4430}}})
}

// alive is a call that succeeds and does nothing.
func (s *story) alive(at int) *story { return s.at(at, at+1, history.Op{Kind: history.Receive}) }

func (s *story) event(at int, what string) *story {
	return s.at(at, at+1, history.Op{Kind: history.Event, Why: what, Holds: true})
}

func (s *story) count(at, active int) *story {
	return s.at(at, at+1, history.Op{Kind: history.Counters, Counts: &history.Counts{Active: active}})
}

// loss is the rule for a service that a power cut may cost something.
func (s *story) loss(age time.Duration) *story {
	s.ops[0].Rules.Loss = age
	return s
}

func (s *story) all() iter.Seq2[history.Op, error] {
	s.phase(60_000, history.End)
	return func(yield func(history.Op, error) bool) {
		for _, op := range s.ops {
			if !yield(op, nil) {
				return
			}
		}
	}
}

var stories = map[string]struct {
	story *story
	want  Verdict // what counts violations, and what is near
}{
	"all is well":                          {tell().send(10, 1, "a").receive(20, 21, 1, "a").delete(30, "a"), Verdict{}},
	"lost":                                 {tell().send(10, 1, "a"), Verdict{Lost: 1}},
	"lost in a batch":                      {tell().at(10, 11, history.Op{Kind: history.Send, Numbers: []int{1, 2}, IDs: []string{"a", "b"}}).receive(20, 21, 1, "a"), Verdict{Lost: 1}},
	"lost, though the second try came":     {tell().doubt(10, 1).send(20, 1, "b").receive(30, 31, 1, "a"), Verdict{Lost: 1}},
	"not acknowledged, not lost":           {tell().doubt(10, 1), Verdict{}},
	"published and lost":                   {tell().publish(10, 1), Verdict{Lost: 1}},
	"published and copied":                 {tell().publish(10, 1).receive(20, 21, 1, "a"), Verdict{}},
	"too few ids":                          {tell().at(10, 11, history.Op{Kind: history.Send, Numbers: []int{1}}), Verdict{Lost: 2}},
	"lost by a cut that may":               {tell().loss(time.Second).send(10, 1, "a").event(900, "cut disk"), Verdict{LostNear: 1}},
	"lost long before the cut":             {tell().loss(time.Second).send(10, 1, "a").alive(1090).event(1100, "cut disk"), Verdict{Lost: 1}},
	"lost by a kill":                       {tell().loss(time.Second).send(10, 1, "a").event(900, "kill adapter-1"), Verdict{Lost: 1}},
	"lost by a cut that may not":           {tell().send(10, 1, "a").event(900, "cut disk"), Verdict{Lost: 1}},
	"returned":                             {tell().send(10, 1, "a").receive(20, 21, 1, "a").delete(30, "a").receive(40, 41, 1, "a"), Verdict{Returned: 1}},
	"returned to a waiting receiver":       {tell().send(10, 1, "a").receive(20, 21, 1, "a").delete(30, "a").receive(25, 1900, 1, "a"), Verdict{Shared: 1, Undecided: 1}},
	"perhaps delivered before the delete":  {tell().send(10, 1, "a").receive(20, 21, 1, "a").delete(30, "a").receive(25, 2100, 1, "a"), Verdict{Undecided: 1}},
	"returned after both":                  {tell().send(10, 1, "a").receive(20, 21, 1, "a").delete(30, "a").receive(25, 2100, 1, "a").receive(4200, 4201, 1, "a"), Verdict{Undecided: 1, Returned: 1}},
	"returned after a kill":                {tell().send(10, 1, "a").receive(20, 21, 1, "a").delete(30, "a").event(900, "kill adapter-1").receive(950, 960, 1, "a"), Verdict{ReturnedNear: 1}},
	"returned long before a kill":          {tell().send(10, 1, "a").receive(20, 21, 1, "a").delete(30, "a").alive(1090).event(1100, "kill adapter-1").receive(1150, 1160, 1, "a"), Verdict{Returned: 1}},
	"returned after a stall and a kill":    {tell().send(10, 1, "a").receive(20, 21, 1, "a").delete(30, "a").alive(40).event(9100, "kill adapter-1").receive(9150, 9160, 1, "a"), Verdict{ReturnedNear: 1}},
	"returned before the kill":             {tell().send(10, 1, "a").receive(20, 21, 1, "a").delete(30, "a").receive(40, 41, 1, "a").event(100, "kill adapter-1"), Verdict{Returned: 1}},
	"returned after a pause":               {tell().send(10, 1, "a").receive(20, 21, 1, "a").delete(30, "a").event(40, "pause adapter-1").receive(950, 960, 1, "a"), Verdict{Returned: 1}},
	"two holders":                          {tell().send(10, 1, "a").receive(20, 21, 1, "a").receive(1900, 1990, 1, "a"), Verdict{Shared: 1}},
	"one holder after the other":           {tell().send(10, 1, "a").receive(20, 21, 1, "a").receive(1900, 2021, 1, "a"), Verdict{}},
	"perhaps one holder after the other":   {tell().send(10, 1, "a").receive(20, 2100, 1, "a").receive(2090, 2110, 1, "a"), Verdict{}},
	"two holders by a kill":                {tell().send(10, 1, "a").receive(20, 21, 1, "a").event(900, "kill adapter-1").receive(910, 911, 1, "a"), Verdict{SharedNear: 1}},
	"two holders long before a kill":       {tell().send(10, 1, "a").receive(20, 21, 1, "a").event(1022, "kill adapter-1").receive(1010, 1019, 1, "a"), Verdict{Shared: 1}},
	"a second too soon after a kill":       {tell().send(10, 1, "a").receive(20, 21, 1, "a").event(1100, "kill adapter-1").receive(1110, 1200, 1, "a"), Verdict{SharedNear: 1}},
	"two holders by a partition":           {tell().send(10, 1, "a").event(15, "partition node-1").receive(20, 21, 1, "a").receive(30, 31, 1, "a").event(90, "heal node-1"), Verdict{SharedNear: 1}},
	"two holders after a partition":        {tell().event(1, "partition node-1").event(9, "heal node-1").send(10, 1, "a").receive(20, 21, 1, "a").receive(30, 31, 1, "a"), Verdict{SharedNear: 1}},
	"two holders long after a partition":   {tell().event(1, "partition node-1").event(9, "heal node-1").send(10, 1, "a").receive(10020, 10021, 1, "a").receive(10030, 10031, 1, "a"), Verdict{Shared: 1}},
	"early":                                {tell().delayed(10, 1, "a").receive(20, 1009, 1, "a"), Verdict{Early: 1}},
	"in time":                              {tell().delayed(10, 1, "a").receive(20, 1011, 1, "a"), Verdict{}},
	"early, though sent again":             {tell().doubt(10, 1).send(50, 1, "a").receive(5, 9, 1, "a"), Verdict{Early: 1}},
	"delayed, fired twice by a kill":       {tell().delayed(10, 1, "a").event(1015, "kill adapter-1").receive(1300, 1301, 1, "a").delete(1310, "a").receive(1400, 1401, 1, "a"), Verdict{FiredNear: 1}},
	"delayed, fired twice, to two":         {tell().delayed(10, 1, "a").event(1015, "kill adapter-1").receive(1300, 1301, 1, "a").receive(1302, 1303, 1, "a"), Verdict{FiredNear: 1}},
	"delayed, returned by a kill":          {tell().delayed(10, 1, "a").receive(1000, 1020, 1, "a").delete(1030, "a").event(1500, "kill adapter-1").receive(2200, 2201, 1, "a"), Verdict{ReturnedNear: 1}},
	"delayed, due long before the kill":    {tell().delayed(10, 1, "a").receive(1000, 1020, 1, "a").delete(1030, "a").alive(2890).event(2900, "kill adapter-1").receive(3200, 3201, 1, "a"), Verdict{Returned: 1}},
	"delayed, due after the kill":          {tell().delayed(10, 1, "a").event(900, "kill adapter-1").receive(1300, 1301, 1, "a").delete(1310, "a").receive(1400, 1401, 1, "a"), Verdict{Returned: 1}},
	"back after a full disk":               {tell().send(10, 1, "a").receive(20, 21, 1, "a").delete(30, "a").event(35, "fill disk").receive(9000, 9001, 1, "a"), Verdict{ReturnedNear: 1}},
	"denied":                               {tell().send(10, 1, "a").receive(20, 21, 1, "a").refuse(30, 20, "a"), Verdict{Denied: 1}},
	"denied around a kill":                 {tell().send(10, 1, "a").receive(20, 21, 1, "a").event(25, "kill adapter-1").refuse(30, 20, "a"), Verdict{DeniedNear: 1}},
	"denied shortly after a kill":          {tell().event(5, "kill node-1").send(10, 1, "a").receive(20, 21, 1, "a").refuse(30, 20, "a"), Verdict{DeniedNear: 1}},
	"denied long after a kill":             {tell().event(5, "kill node-1").send(10, 1, "a").receive(10020, 10021, 1, "a").refuse(10030, 10020, "a"), Verdict{Denied: 1}},
	"denied a second time":                 {tell().send(10, 1, "a").receive(20, 21, 1, "a").at(25, 26, history.Op{Kind: history.Delete, Handles: []history.Handle{{ID: "a", Handle: "20", Outcome: history.Unknown}}}).refuse(30, 20, "a"), Verdict{}},
	"denied, overtaken by an older handle": {tell().send(10, 1, "a").receive(20, 21, 1, "a").receive(2030, 2040, 1, "a").refuse(2050, 2030, "a").at(2000, 2900, history.Op{Kind: history.Delete, Handles: []history.Handle{{ID: "a", Handle: "20", Outcome: history.OK}}}), Verdict{}},
	"denied when its time is over":         {tell().send(10, 1, "a").receive(20, 21, 1, "a").refuse(2020, 20, "a"), Verdict{}},
	"denied, because somebody else has it": {tell().send(10, 1, "a").receive(20, 21, 1, "a").event(25, "kill adapter-1").receive(26, 27, 1, "a").refuse(30, 20, "a"), Verdict{SharedNear: 1}},
	"doubled":                              {tell().send(10, 1, "a").receive(20, 21, 1, "a").receive(30, 31, 1, "b"), Verdict{Doubled: 1}},
	"doubled by a kill":                    {tell().send(10, 1, "a").receive(20, 21, 1, "a").event(25, "kill adapter-1").receive(30, 31, 1, "b"), Verdict{DoubledNear: 1}},
	"stored under another id":              {tell().send(10, 1, "a").receive(20, 21, 1, "b"), Verdict{Lost: 1, Doubled: 1}},
	"sent twice":                           {tell().doubt(10, 1).send(20, 1, "b").receive(30, 31, 1, "a").receive(40, 41, 1, "b"), Verdict{SentTwice: 1}},
	"torn":                                 {tell().doubt(10, 1, 2).receive(20, 21, 1, "a"), Verdict{Torn: 1}},
	"refused":                              {tell().at(10, 11, history.Op{Kind: history.Send, Numbers: []int{1}, Outcome: history.Failed}).receive(20, 21, 1, "a"), Verdict{Refused: 1}},
	"never sent":                           {tell().receive(20, 21, 1, "a"), Verdict{Refused: 1}},
	"foreign":                              {tell().receive(20, 21, history.Foreign, "a"), Verdict{Foreign: 1}},
	"one id for two":                       {tell().send(10, 1, "a").doubt(11, 2).receive(20, 21, 1, "a").receive(3020, 3021, 2, "a"), Verdict{Foreign: 1}},
	"one id for two after a cut":           {tell().loss(time.Second).send(10, 1, "a").receive(20, 21, 1, "a").event(30, "cut disk").send(40, 2, "a").receive(50, 51, 2, "a"), Verdict{}},
	"counted too many":                     {tell().send(10, 1, "a").phase(20, history.Quiet).count(21, 2).phase(30, history.Drain).receive(31, 32, 1, "a"), Verdict{Miscount: 1}},
	"counted right":                        {tell().send(10, 1, "a").phase(20, history.Quiet).count(21, 1).phase(30, history.Drain).receive(31, 32, 1, "a").receive(3000, 3001, 1, "a"), Verdict{}},
	"counters that remain":                 {tell().phase(20, history.Silent).count(21, 1), Verdict{Miscount: 1}},
	"counters that are not told":           {tell().phase(20, history.Silent).at(21, 22, history.Op{Kind: history.Counters, Outcome: history.Failed}), Verdict{Miscount: 1}},
	"late":                                 {tell().send(10, 1, "a").phase(20, history.Silent).receive(21, 22, 1, "a"), Verdict{Late: 1}},
}

func TestVerdicts(t *testing.T) {
	t.Parallel()
	for name, c := range stories {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := Judge(c.story.all())
			if err != nil {
				t.Fatal(err)
			}
			if g, w := numbers(got), numbers(c.want); g != w {
				t.Errorf("got %v, want %v\n%s", g, w, strings.Join(got.Violations, "\n"))
			}
			if want := violations(c.want); len(got.Violations) != want {
				t.Errorf("got %d violations in words, want %d: %q", len(got.Violations), want, got.Violations)
			}
		})
	}
}

// numbers are the counts of a verdict that the stories are about.
func numbers(v Verdict) [18]int {
	return [...]int{v.Lost, v.LostNear, v.Returned, v.ReturnedNear, v.FiredNear, v.Doubled, v.DoubledNear, v.SentTwice,
		v.Shared, v.SharedNear, v.Early, v.Torn, v.Refused, v.Foreign, v.Late + 100*v.Miscount, v.Undecided, v.Denied, v.DeniedNear}
}

func violations(v Verdict) int {
	return v.Lost + v.Returned + v.Doubled + v.Shared + v.Early + v.Torn + v.Refused + v.Foreign + v.Late + v.Miscount + v.Denied
}

func TestSpansWithoutSuccess(t *testing.T) {
	t.Parallel()
	v, err := Judge(tell().send(10, 1, "a").send(900, 2, "b").send(2500, 3, "c").send(3500, 4, "d").
		phase(6000, history.Stop).send(9000, 5, "e").all())
	if err != nil {
		t.Fatal(err)
	}
	// From 0.901 to 2.501 and from 3.501 to 6; what lasted a second is no span.
	if want := ms(1600 + 2499); v.Unavailable != want || v.Longest != ms(2499) {
		t.Errorf("got %v, at most %v, want %v", v.Unavailable, v.Longest, want)
	}
}

func TestWindows(t *testing.T) {
	t.Parallel()
	v, err := Judge(tell().loss(time.Second).send(10, 1, "a").send(300, 2, "b").receive(310, 311, 2, "b").delete(320, "b").
		event(721, "cut disk").receive(800, 801, 2, "b").all())
	if err != nil {
		t.Fatal(err)
	}
	if v.LossWindow != ms(710) || v.ForgetWindow != ms(400) {
		t.Errorf("got a loss %v and a delete %v before the cut, want 710ms and 400ms", v.LossWindow, v.ForgetWindow)
	}
}

func TestAHistoryThatBreaksOff(t *testing.T) {
	t.Parallel()
	s := tell().send(10, 1, "a").receive(20, 21, 1, "a")
	v, err := Judge(func(yield func(history.Op, error) bool) {
		for _, op := range s.ops {
			yield(op, nil)
		}
	})
	if err != nil || len(v.Violations) != 1 || v.Whole {
		t.Errorf("got %q, %v, want one violation", v.Violations, err)
	}
	broken := errors.New("broken")
	if _, err := Judge(func(yield func(history.Op, error) bool) { yield(history.Op{}, broken) }); !errors.Is(err, broken) {
		t.Errorf("got %v, want the reader's error", err)
	}
}
