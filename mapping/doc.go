// Package mapping has CMQ's words: names, attributes, errors, messages, with
// their limits and rules, and no I/O. The rooms below give them their JetStream
// shape: queues and topics, over jet, opened together by account.
//
// # The public format
//
// NATS programs of the same account read and write the same data. The names
// here change only with a migration. <key> is a name in lower case.
//
//	stream      cmq-queue-<key>        one queue; limits retention, max age = msgRetentionSeconds
//	subject     cmq.queue.<key>        its messages: the bare body, headers optional
//	subject     cmq.delay.<key>.<id>   its messages still in their delay (message schedules)
//	consumer    receivers-<base 36>    the durable all CMQ receivers share; the greatest number is in force
//	stream      cmq-ledger             what brokers tell each other of messages in flight
//	stream      cmq-turns              who is changing a configuration just now
//	subject     cmq.turn.<name>        what is changed: a stream, or the bindings of dead-letter queues
//
//	stream      cmq-topic-<key>        one topic; limits retention, max age = msgRetentionSeconds
//	subject     cmq.topic.<key>.<words>   its messages: the words are the tags, or those of the routing key
//	subject     cmq.topic.<key>        the same for NATS programs that put tags and key into headers
//	consumer    subscription-<key>     the durable of one subscription, shared by all brokers
//	subject     cmq.change.topic.<key> tells brokers that a subscription was changed; not stored
//
// To send, publish to cmq.queue.<key> and wait for JetStream's
// acknowledgement. To read without disturbing CMQ receivers, make a consumer
// of your own on the stream with filter subject cmq.queue.<key>: what it has
// not acknowledged stays in the stream, up to the queue's retention. Do not use
// the receivers- consumers, and do not change the stream's configuration.
//
// To publish to a topic, publish to its subject with the words behind, each
// escaped as package routing tells (a word of letters, digits, '-' and '_' is
// itself; "%" alone stands for no tags, or the empty key), or without words and
// with headers. A consumer of your own counts as interest in what its filter
// lets through. Do not use the subscription- consumers.
//
// Headers of messages in queues:
//
//	Cmq-Message-Id             decimal msgId of 19 digits at most; absent: derived from the sequence
//	Cmq-Enqueue-Time           Unix ms of the send of a delayed message
//	Cmq-Origin-Queue           dead letters: the queue the message died in
//	Cmq-Origin-Time            dead letters: Unix ms when it came into that queue
//	Cmq-Origin-Dequeue-Count   dead letters: how often it was received there
//	Cmq-Dead-Letter            dead letters: "count" or "age"
//	Cmq-Origin-Topic           copies: the topic it was published to
//	Cmq-Origin-Message-Id      copies: the msgId that its publisher was told
//	Cmq-Origin-Publish-Time    copies: Unix ms
//	Cmq-Tags, Cmq-Routing-Key  copies: as published; tags with ", " between them
//
// Headers of messages in topics, both optional:
//
//	Cmq-Tags                   tags with "," between them, where the subject's words are not the tags
//	Cmq-Routing-Key            likewise
//
// A queue stream's metadata holds the queue: cmq.name (as created), cmq.id,
// cmq.created and cmq.modified (Unix s), cmq.attributes (JSON, names and units
// of the API), cmq.memory (seconds that ids of dead letters or copies are
// remembered) and cmq.secret, which authenticates receipt handles. A topic
// stream's holds the topic likewise, without the last two, and the metadata of a
// subscription's consumer the subscription; there cmq.catching-up says that its
// filters are off for now.
package mapping
