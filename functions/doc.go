// Package functions makes an ordinary Go function an HTTP push subscriber of
// CMQ topics. It needs the standard library only, and any server that pushes as
// CMQ does.
//
//	package main
//
//	func hello(ctx context.Context, m functions.Message) error {
//		fmt.Println("hello,", m.Body)
//		return nil
//	}
//
//	func main() {
//		log.Fatal(functions.Serve(context.Background(), functions.Map{"hello": functions.New(hello)}))
//	}
//
// Subscribe it with protocol=http and endpoint=http://127.0.0.1:8000/hello.
// [New] gives a plain [http.Handler], so a mux of your own serves it as well.
//
// CMQ looks at an answer's status only. nil answers 200: the message is done
// with. An error or a panic answers 500 and is logged, never told to the caller;
// the server pushes again as the subscription's notifyStrategy says, and drops
// the message when that is exhausted. CMQ cannot be told when to push again, so
// there is no such error here. [Drop] says "never": it is logged and answers 200.
// After about 15 seconds the server hangs up, which ends the function's context
// and counts as a failure; [Within] ends it earlier.
//
// Delivery is at least once: when an answer is lost, the server pushes again
// what succeeded. [Once] remembers the last successes of this process. Several
// processes, or effects that outlive one, store [Message.ID] beside the effect.
//
// A subscription pushes JSON, an object with the message and where it comes
// from, or SIMPLIFIED, the message's text with the ids in headers; nothing on the
// wire says which. A body counts as JSON if it is an object with TopicOwner,
// topicName, subscriptionName, msgId and msgBody, and its msgId is that of the
// header x-cmq-message-id; without the header, as from curl, the object is enough.
// All else is SIMPLIFIED, also a captured push that somebody publishes again: its
// id is another. [JSON] and [Simplified] leave nothing to be guessed.
//
// Pushes carry no signature: let only the server reach a function.
package functions
