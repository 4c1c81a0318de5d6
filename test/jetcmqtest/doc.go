// Package jetcmqtest gives test suites a CMQ server: in this process, ready in
// milliseconds and without Docker, or the image in a container. One suite runs
// both ways:
//
//	func TestOrders(t *testing.T) {
//		s := jetcmqtest.Start(t, jetcmqtest.WithTimeScale(0.001))
//		s.CreateQueue("orders")
//		shop := StartShop(s.Endpoint())        // the program under test, with its CMQ SDK
//		shop.Buy("tea")
//		s.WaitFor("orders", jetcmqtest.Containing("tea"))
//	}
//
//	go test ./...                              # in process
//	JETCMQ_TEST_IMAGE=jetcmq go test ./...     # the same against the image
//
// # Servers
//
// Start gives a test a server of its own; Open gives one without a test, for
// TestMain, which tests use by For. Both take the image from JETCMQ_TEST_IMAGE,
// or WithImage. Run is the module for testcontainers-go: always a container,
// customizers welcome. All take the same options, which are the server's
// settings.
//
// In a container a server is for good and all another process, with the same
// limits as in production, but a start takes about a second, not some
// milliseconds. A stop in process takes 0.2 s, in which nothing acknowledged is
// lost; WithDurability("memory") saves that. Either way tests are best parallel.
//
// Without credentials anybody may call; SDKs that need some get any. Waits
// between attempts to push are CMQ's, up to minutes: WithTimeScale shortens
// them. Visibility timeouts, delays and polls are in seconds as always.
//
// # Looking into queues
//
// Inspect, WaitFor and ExpectNone read a queue as NATS programs do, so nothing is
// received: no dequeueCount grows, and no receiver misses anything. They tell
// what is waiting (active), what somebody has received (inactive) and what is
// delayed, and where a message comes from: topic, tags, routing key, or the
// queue it died in. What fails prints what there was.
//
// ExpectNone does not wait for a while in the hope that this is enough. It waits
// until all that was published before is delivered, as Settle does, and judges
// then.
//
// # Pushes to the test
//
// A subscription's endpoint must be where the server finds the test's process.
// Subscriber starts a web server in the right place and remembers what is
// pushed; its URL is the endpoint. For a web server of your own, serve on what
// Listen gives and ask PushURL for the endpoint. In process that is loopback. A
// container finds this machine as host.docker.internal, which every version of
// Docker since 20.10 can map to it; no other image takes part. That name and
// loopback are allowed as endpoints, others by WithPushAllow. A firewall on this
// machine must let containers in.
//
// # Docker
//
// Start skips the test where Docker cannot be reached, unless CI=true. Containers
// are removed when their test ends. testcontainers has a reaper for those of
// tests that were killed, in another image: where that cannot be pulled, set
// TESTCONTAINERS_RYUK_DISABLED=true. Where Docker runs inside the container that
// the tests run in, set TESTCONTAINERS_HOST_OVERRIDE=127.0.0.1, too.
package jetcmqtest
