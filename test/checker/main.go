// Checker proves, as far as watching can, that nothing acknowledged is lost. For
// each of the faults it runs the service as users do, has clients send numbered
// messages, receive and delete, strikes again and again, heals, drains every queue
// and judges the history of all calls.
//
//	go run ./test/checker                     every fault, briefly: about two minutes
//	go run ./test/checker -list               which faults there are
//	go run ./test/checker -fault kill -cycles 100
//	go run ./test/checker -long -out TABLE.md
//	go run ./test/checker -judge FILE         judges the history of a run again
//
// It ends with status 1 if anything is wrong.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/jetcmq/jetcmq/test/checker/fault"
	"github.com/jetcmq/jetcmq/test/checker/history"
	"github.com/jetcmq/jetcmq/test/checker/judge"
)

// options are the command line.
type options struct {
	faults   string
	cycles   int
	length   time.Duration
	long     bool
	list     bool
	judge    string
	out      string
	keep     bool
	rate     int
	parallel int
}

func main() {
	var o options
	flag.StringVar(&o.faults, "fault", "", "the faults to make, separated by commas; all if empty")
	flag.IntVar(&o.cycles, "cycles", 0, "strike each fault at least so often")
	flag.DurationVar(&o.length, "for", 0, "strike each fault for at least so long")
	flag.BoolVar(&o.long, "long", false, "the long form: some 50 minutes")
	flag.BoolVar(&o.list, "list", false, "tell which faults there are")
	flag.StringVar(&o.judge, "judge", "", "judge the history in this `file` and do nothing else")
	flag.StringVar(&o.out, "out", "", "also write the table into this `file`")
	flag.BoolVar(&o.keep, "keep", false, "keep all data, logs and histories; they are always kept when something is wrong")
	flag.IntVar(&o.rate, "rate", 400, "messages a second that the clients of one fault send, about")
	flag.IntVar(&o.parallel, "parallel", 0, "how many faults are made side by side; 4 in the short form and 1 in the long, if 0")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := o.run(ctx, os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// errWrong is that of a run that went to its end and found something.
var errWrong = errors.New("the service does not keep what it promises")

func (o options) run(ctx context.Context, out, log io.Writer) error {
	switch {
	case flag.NArg() > 0:
		return fmt.Errorf("unexpected %q: all arguments are flags", flag.Arg(0))
	case o.rate < 1:
		return fmt.Errorf("-rate %d: nothing would be sent", o.rate)
	case o.list:
		return list(out)
	case o.judge != "":
		return judgeFile(o.judge, out, log)
	}
	jobs, err := o.plan()
	if err != nil {
		return err
	}
	return o.check(ctx, jobs, out, log)
}

func list(out io.Writer) error {
	for _, f := range fault.All {
		fmt.Fprintf(out, "%-22s %s\n", f.Name, f.Doc)
	}
	return nil
}

func judgeFile(name string, out, log io.Writer) error {
	v, err := readAndJudge(name)
	if err != nil {
		return err
	}
	r := result{Verdict: v, history: name}
	fmt.Fprint(out, table([]result{r}))
	return r.complain(log)
}

func readAndJudge(name string) (judge.Verdict, error) {
	f, err := os.Open(name)
	if err != nil {
		return judge.Verdict{}, err
	}
	defer f.Close()
	return judge.Judge(history.Read(f))
}
