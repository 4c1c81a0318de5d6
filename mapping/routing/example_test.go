package routing_test

import (
	"fmt"

	"github.com/jetcmq/jetcmq/mapping/routing"
)

func ExampleTail() {
	fmt.Println(routing.Tail(routing.SplitKey("1.test.0")))
	fmt.Println(routing.Tail(routing.SplitKey("1..0")))
	fmt.Println(routing.Tail(nil))
	fmt.Println(routing.Tail([]string{"v1.2", "50%"}))
	// Output:
	// 1.test.0
	// 1.%.0
	// %
	// v1%2E2.50%25
}

func ExampleKeySubjects() {
	fmt.Println(routing.KeySubjects([]string{"a.#", "a.b", "b..c"}))
	fmt.Println(routing.KeySubjects([]string{"1.*.0"}))
	fmt.Println(routing.KeySubjects([]string{"#"}))
	// Output:
	// [a a.> b.%.c] true
	// [1.*.0] false
	// [] true
}
