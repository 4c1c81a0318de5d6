package mapping

// QueueRef names a queue in a list.
type QueueRef struct {
	ID   string `cmq:"queueId"`
	Name string `cmq:"queueName"`
}

// QueueDescription is all that is known of a queue. Times are Unix seconds.
type QueueDescription struct {
	QueueRef
	QueueAttributes       // every field said, but DeadLetter when unbound; DeadLetter.Queue is the id
	Created         int64 `cmq:"createTime"`
	Modified        int64 `cmq:"lastModifyTime"`
	Active          int64 `cmq:"activeMsgNum"`              // could be received now
	Inactive        int64 `cmq:"inactiveMsgNum"`            // received and within their visibility timeout
	Delayed         int64 `cmq:"delayMsgNum"`               // sent, not yet visible
	Rewindable      int64 `cmq:"rewindmsgNum,rewindMsgNum"` // deleted, but inside the rewind window; each spelling has SDKs that need it
	MinMessageTime  int64 `cmq:"minMsgTime"`                // when the oldest message not yet deleted was sent; 0 if there is none
}

// Message is one delivery of one message. Times are Unix seconds.
type Message struct {
	Body          string `cmq:"msgBody"`
	ID            string `cmq:"msgId"`
	Handle        string `cmq:"receiptHandle"`
	Enqueued      int64  `cmq:"enqueueTime"`
	NextVisible   int64  `cmq:"nextVisibleTime"`
	FirstDequeued int64  `cmq:"firstDequeueTime"`
	Dequeues      int    `cmq:"dequeueCount"`
}
