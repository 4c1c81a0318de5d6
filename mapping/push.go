package mapping

import "context"

// Push is one message on its way to one subscriber's HTTP endpoint.
type Push struct {
	Endpoint     string // http:// or https://
	Format       Format
	Owner        int64 // the account's number
	Topic        string
	Subscription string
	ID           string // the msgId that Publish answered, decimal digits
	Body         string
	Tags         []string // in the order they were published; may be empty
	RoutingKey   string   // may be empty
	Published    int64    // Unix s
	Attempt      int      // 1 for the first
}

// Deliver hands a push to its endpoint. nil tells that the endpoint took it;
// whatever else happens is a failure, and the subscription's strategy decides
// about the next attempt.
type Deliver func(ctx context.Context, p Push) error
