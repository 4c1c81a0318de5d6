package mapping

// QueueRef names a queue in a list.
type QueueRef struct {
	ID   QueueID `cmq:"queueId"`
	Name string  `cmq:"queueName"`
}

// QueueDescription is all that is known of a queue.
type QueueDescription struct {
	QueueRef
	QueueAttributes            // every field said, but DeadLetter when unbound, and QueueExtras
	Created         Time       `cmq:"createTime"`
	Modified        Time       `cmq:"lastModifyTime"`
	Active          int64      `cmq:"activeMsgNum"`                                // could be received now
	Inactive        int64      `cmq:"inactiveMsgNum"`                              // received and within their visibility timeout
	Delayed         int64      `cmq:"delayMsgNum"`                                 // sent, not yet visible
	Rewindable      int64      `cmq:"rewindmsgNum,rewindMsgNum" v3:"RewindMsgNum"` // deleted, but inside the rewind window; each spelling has SDKs that need it
	MinMessageTime  int64      `cmq:"minMsgTime"`                                  // Unix s, when the oldest message not yet deleted was sent; 0 if there is none
	Tags            []Tag      `v3:"Tags"`
	Sources         []QueueRef `v3:"DeadLetterSource"` // queues whose dead letters come here
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
