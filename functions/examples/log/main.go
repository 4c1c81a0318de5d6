// Log writes each message that is pushed to it to standard output, one a line.
//
//	go run ./functions/examples/log      # endpoint: http://127.0.0.1:8000/log
package main

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/jetcmq/jetcmq/functions"
)

func main() {
	if err := functions.Serve(context.Background(), functions.Map{"log": functions.New(logTo(os.Stdout))}); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// logTo quotes the body, so that a message stays one line whatever it holds.
func logTo(w io.Writer) func(context.Context, functions.Message) error {
	return func(_ context.Context, m functions.Message) error {
		_, err := fmt.Fprintf(w, "%s %s %v %q\n", m.ID, m.Topic, m.Tags, m.Body)
		return err
	}
}
