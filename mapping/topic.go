package mapping

// Limits of the topic service (vendor pages; where they differ, the wider).
const (
	MaxTags            = 5  // of one message, and of one filter
	MaxTagLength       = 16 // code points, API 2.0; API 3.0 allows 64
	MaxBindingKeys     = 5  // of one subscription
	MaxKeyLength       = 64 // bytes of a routing or binding key
	MaxKeyWords        = 16 // words of a routing or binding key: at most 15 dots
	MaxEndpoint        = 500
	TopicRetention     = 86_400 // s, after which a message is gone whatever its state
	TopicsQPS          = 5000   // what GetTopicAttributes tells; nothing is throttled
	FilterTag      int = 1      // filterType: by tags
	FilterKey      int = 2      // filterType: by routing key
)

// TopicAttributes are what CreateTopic and SetTopicAttributes accept. A nil
// field was not said.
type TopicAttributes struct {
	MaxMessageSize *int // bytes, 1024 to 1048576; 65536 when never said
	FilterType     *int // FilterTag or FilterKey; fixed when the topic is made; FilterTag when not said
	Retention      *int // s, 60 to TopicRetention, which it is when never said; only API 3.0 can say it
}

// TopicRef names a topic in a list.
type TopicRef struct {
	ID   string `cmq:"topicId"`
	Name string `cmq:"topicName"`
}

// TopicDescription is all that is known of a topic. Times are Unix seconds.
type TopicDescription struct {
	TopicRef
	Messages       int64 `cmq:"msgCount"` // that some subscription has still to be given; approximately
	MaxMessageSize int   `cmq:"maxMsgSize"`
	Retention      int   `cmq:"msgRetentionSeconds"`
	FilterType     int   `cmq:"filterType"`
	Created        int64 `cmq:"createTime"`
	Modified       int64 `cmq:"lastModifyTime"`
}

// Labels are what a publish is filtered by.
type Labels struct {
	Tags       []string // in the order they were given
	RoutingKey string
}
