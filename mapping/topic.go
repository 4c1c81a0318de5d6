package mapping

// Limits of the topic service (vendor pages; where they differ, the wider).
const (
	MaxTags            = 5  // of one message, and of one filter
	MaxTagLength       = 16 // code points
	MaxLongTag         = 64 // the same for product tdmq
	MaxBindingKeys     = 5  // of one subscription
	MaxKeyLength       = 64 // bytes of a routing or binding key
	MaxKeyWords        = 16 // words of a routing or binding key: at most 15 dots
	MaxEndpoint        = 500
	TopicRetention     = 86_400 // s, after which a message is gone whatever its state
	TopicsQPS          = 5000   // what GetTopicAttributes tells; nothing is throttled
	FilterTag      int = 1      // filterType: by tags
	FilterKey      int = 2      // filterType: by routing key
)

// TopicAttributes are what a topic is created with and what can be changed. A
// nil field was not said.
type TopicAttributes struct {
	MaxMessageSize *int  `cmq:"maxMsgSize" range:"1024..1048576" default:"65536" tdmq-default:"1048576"`
	Retention      *int  `v3:"MsgRetentionSeconds" range:"60..86400" default:"86400"` // s
	Trace          *bool `v3:"Trace"`                                                 // kept and told, nothing else
	FilterType     *int  `cmq:"-"`                                                    // FilterTag or FilterKey; fixed when the topic is made
	Tags           []Tag `cmq:"-"`                                                    // said when the topic is made, and never again
}

// TopicRef names a topic in a list.
type TopicRef struct {
	ID   TopicID `cmq:"topicId"`
	Name string  `cmq:"topicName"`
}

// TopicDescription is all that is known of a topic.
type TopicDescription struct {
	TopicRef
	Messages       int64 `cmq:"msgCount"` // that some subscription has still to be given; approximately
	MaxMessageSize int   `cmq:"maxMsgSize"`
	Retention      int   `cmq:"msgRetentionSeconds"`
	FilterType     int   `cmq:"filterType"`
	Created        Time  `cmq:"createTime"`
	Modified       Time  `cmq:"lastModifyTime"`
	Trace          *bool `v3:"Trace"`
	Tags           []Tag `v3:"Tags"`
	Subscriptions  int   `tdmq:"SubscriptionCount"`
}

// Labels are what a publish is filtered by.
type Labels struct {
	Tags       []string // in the order they were given
	RoutingKey string
}
