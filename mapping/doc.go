// Package mapping gives every CMQ noun its JetStream shape.
//
// Above this package one speaks CMQ: queues, messages, receipt handles. Inside
// it those are streams, consumers and acknowledgements. A Broker serves one
// account and keeps nothing that is not in JetStream too.
//
// # The public format
//
// NATS programs of the same account read and write the same data. The names
// here change only with a migration. <key> is a queue's name in lower case.
//
//	stream      cmq-queue-<key>        one queue; limits retention, max age = msgRetentionSeconds
//	subject     cmq.queue.<key>        its messages: the bare body, headers optional
//	subject     cmq.delay.<key>.<id>   its messages still in their delay (message schedules)
//	consumer    receivers-<base 36>    the durable all CMQ receivers share; the greatest number is in force
//	stream      cmq-ledger             what brokers tell each other of messages in flight
//
// To send, publish to cmq.queue.<key> and wait for JetStream's
// acknowledgement. To read without disturbing CMQ receivers, make a consumer
// of your own on the stream with filter subject cmq.queue.<key>: what it has
// not acknowledged stays in the stream, up to the queue's retention. Do not use
// the receivers- consumers, and do not change the stream's configuration.
//
// Headers of messages:
//
//	Cmq-Message-Id             decimal msgId of 19 digits at most; absent: derived from the sequence
//	Cmq-Enqueue-Time           Unix ms of the send of a delayed message
//	Cmq-Origin-Queue           dead letters: the queue the message died in
//	Cmq-Origin-Time            dead letters: Unix ms when it came into that queue
//	Cmq-Origin-Dequeue-Count   dead letters: how often it was received there
//	Cmq-Dead-Letter            dead letters: "count" or "age"
//
// The stream's metadata holds the queue: cmq.name (as created), cmq.id,
// cmq.created and cmq.modified (Unix s), cmq.attributes (JSON, names and units
// of the API) and cmq.secret, which authenticates receipt handles.
package mapping
