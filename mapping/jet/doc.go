// Package jet enters a NATS account and does by hand the few things that its
// callers do for every message: publishing with an acknowledgement, publishing
// many as one, asking a consumer for messages. It knows nothing of CMQ.
package jet
