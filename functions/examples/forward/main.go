// Forward sends each message that is pushed to it into a queue, through the CMQ
// API 2.0 of any server: a bridge from one account or machine to another.
//
//	export CMQ_ENDPOINT=http://127.0.0.1:8080 CMQ_QUEUE=copies
//	export CMQ_SECRET_ID=mySecretId CMQ_SECRET_KEY=mySecretKey
//	go run ./functions/examples/forward  # endpoint: http://127.0.0.1:8000/forward
package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"time"

	"github.com/jetcmq/jetcmq/functions"
)

func main() {
	q, err := configured(os.Getenv)
	if err == nil {
		err = functions.Serve(context.Background(), functions.Map{"forward": handler(q)})
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// configured reads where to forward to.
func configured(env func(string) string) (*queue, error) {
	endpoint, err := url.Parse(cmp.Or(env("CMQ_ENDPOINT"), "http://127.0.0.1:8080"))
	if err != nil || endpoint.Host == "" || endpoint.Scheme != "http" && endpoint.Scheme != "https" {
		return nil, fmt.Errorf("CMQ_ENDPOINT=%s: want http://host:port", env("CMQ_ENDPOINT"))
	}
	q := &queue{
		endpoint: endpoint, name: env("CMQ_QUEUE"), id: env("CMQ_SECRET_ID"), key: env("CMQ_SECRET_KEY"),
		client: &http.Client{Timeout: 10 * time.Second},
	}
	if q.name == "" {
		return nil, errors.New("CMQ_QUEUE is not set")
	}
	return q, nil
}

// handler forwards once what is pushed twice, as long as this process lives.
func handler(q *queue, options ...functions.Option) http.Handler {
	return functions.New(func(ctx context.Context, m functions.Message) error {
		err := q.send(ctx, m.Body)
		if refused := (*refusal)(nil); errors.As(err, &refused) && refused.Code == tooLarge {
			return functions.Drop(err) // the next attempt would be as large
		}
		return err
	}, append(options, functions.Once(10_000))...)
}
