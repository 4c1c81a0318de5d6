package functions_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/jetcmq/jetcmq/functions"
)

// deliver does what the server does: it posts a message's text to an endpoint.
func deliver(h http.Handler, path, id, body string) {
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(body))
	r.Header.Set("x-cmq-message-id", id)
	r.Header.Set("x-cmq-message-tag", "red, urgent")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	fmt.Println(w.Code)
}

func ExampleNew() {
	hello := functions.New(func(_ context.Context, m functions.Message) error {
		fmt.Println("hello,", m.Body, m.Tags)
		return nil
	})
	deliver(hello, "/hello", "1", "world")
	// Output:
	// hello, world [red urgent]
	// 200
}

// An order that cannot be read will not be readable the next time.
func ExampleDrop() {
	order := functions.New(func(_ context.Context, m functions.Message) error {
		var order struct{ Amount int }
		if err := json.Unmarshal([]byte(m.Body), &order); err != nil {
			return functions.Drop(err)
		}
		if order.Amount > 100 {
			return errors.New("not now") // pushed again
		}
		return nil
	}, quiet())
	deliver(order, "/order", "1", `{"amount": 7}`)
	deliver(order, "/order", "2", `{"amount": 700}`)
	deliver(order, "/order", "3", `seven`)
	// Output:
	// 200
	// 500
	// 200
}

func ExampleOnce() {
	mail := functions.New(func(_ context.Context, m functions.Message) error {
		fmt.Println("mail to", m.Body)
		return nil
	}, functions.Once(10_000))
	deliver(mail, "/mail", "1", "anna")
	deliver(mail, "/mail", "1", "anna") // the answer was lost, say
	// Output:
	// mail to anna
	// 200
	// 200
}

func ExampleWithin() {
	slow := functions.New(func(ctx context.Context, _ functions.Message) error {
		<-ctx.Done()
		fmt.Println(ctx.Err())
		return ctx.Err()
	}, functions.Within(10*time.Millisecond), quiet())
	deliver(slow, "/slow", "1", "hi")
	// Output:
	// context deadline exceeded
	// 500
}

// A function written for SCF runs as it is.
func ExampleSCF() {
	trigger := functions.SCF(func(_ context.Context, event functions.Event) error {
		for _, r := range event.Records {
			fmt.Println(r.CMQ.MsgID, r.CMQ.MsgBody, r.CMQ.MsgTag)
		}
		return nil
	})
	deliver(trigger, "/trigger", "1", "hi")
	// Output:
	// 1 hi [red urgent]
	// 200
}

func ExampleMap() {
	hello := functions.New(func(_ context.Context, m functions.Message) error {
		fmt.Println("hello,", m.Body)
		return nil
	})
	all := functions.Map{"hello": hello}
	deliver(all, "/hello", "1", "world")
	deliver(all, "/helo", "1", "world")
	// Output:
	// hello, world
	// 200
	// 404
}

// A whole program. It listens where PORT says, and stops on SIGTERM.
func ExampleServe() {
	hello := func(_ context.Context, m functions.Message) error {
		fmt.Println("hello,", m.Body)
		return nil
	}
	if err := functions.Serve(context.Background(), functions.Map{"hello": functions.New(hello)}); err != nil {
		fmt.Println(err)
	}
}
