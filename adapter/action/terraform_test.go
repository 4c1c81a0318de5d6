package action

import "testing"

// These tests make the calls of Terraform's provider (tencentcloud_tcmq_…), in
// its order: it sends every attribute, zeros included, reads at once, and plans
// a change for whatever it does not get back as it sent it.

func TestTerraformQueue(t *testing.T) {
	t.Parallel()
	u := newUser(t)
	created := u.does(TDMQ, "CreateCmqQueue", "QueueName=queue_name", "MaxMsgHeapNum=10000000", "PollingWaitSeconds=0", "VisibilityTimeout=30",
		"MaxMsgSize=65536", "MsgRetentionSeconds=3600", "RewindSeconds=0", "Transaction=0", "FirstQueryInterval=0", "MaxQueryCount=0",
		"Policy=0", "MaxReceiveCount=50", "MaxTimeToLive=300", "Trace=false", "RetentionSizeInMB=0")
	read := func() reply { return u.does(TDMQ, "DescribeCmqQueueDetail", "QueueName=queue_name") }
	d := read()
	d.has("QueueDescribe.QueueId="+created.at("QueueId"), "QueueDescribe.QueueName=queue_name",
		"QueueDescribe.MaxMsgHeapNum=10000000", "QueueDescribe.PollingWaitSeconds=0", "QueueDescribe.VisibilityTimeout=30",
		"QueueDescribe.MaxMsgSize=65536", "QueueDescribe.MsgRetentionSeconds=3600", "QueueDescribe.RewindSeconds=0",
		"QueueDescribe.Transaction=false", "QueueDescribe.TransactionPolicy.FirstQueryInterval=0", "QueueDescribe.TransactionPolicy.MaxQueryCount=0",
		"QueueDescribe.DeadLetterPolicy=null", "QueueDescribe.DeadLetterSource=[]", "QueueDescribe.Trace=false", "QueueDescribe.RetentionSizeInMB=0",
		"QueueDescribe.Tags=[]", "QueueDescribe.ActiveMsgNum=0", "QueueDescribe.InactiveMsgNum=0", "QueueDescribe.Status=1",
		"QueueDescribe.TenantId=cmq-1250000000", "QueueDescribe.NamespaceName=CMQ_QUEUE-queue_name")
	d.hasOnly("QueueDescribe", `QueueId QueueName Qps Bps MaxDelaySeconds MaxMsgHeapNum PollingWaitSeconds MsgRetentionSeconds
		VisibilityTimeout MaxMsgSize RewindSeconds CreateTime LastModifyTime ActiveMsgNum InactiveMsgNum DelayMsgNum RewindMsgNum
		MinMsgTime Transaction DeadLetterSource DeadLetterPolicy TransactionPolicy CreateUin Tags Trace TenantId NamespaceName Status
		MaxUnackedMsgNum MaxMsgBacklogSize RetentionSizeInMB`)

	u.does(TDMQ, "ModifyCmqQueueAttribute", "QueueName=queue_name") // nothing it knows of has changed
	read().has("QueueDescribe.MaxMsgSize=65536", "QueueDescribe.TransactionPolicy.MaxQueryCount=0")
	u.does(TDMQ, "ModifyCmqQueueAttribute", "QueueName=queue_name", "MaxMsgHeapNum=20000000", "PollingWaitSeconds=10", "VisibilityTimeout=1",
		"MaxMsgSize=1024", "MsgRetentionSeconds=43200", "RewindSeconds=43200", "Transaction=1", "FirstQueryInterval=10", "MaxQueryCount=20",
		"MaxReceiveCount=10", "MaxTimeToLive=600", "Policy=1", "Trace=true", "RetentionSizeInMB=10240")
	read().has("QueueDescribe.MaxMsgHeapNum=20000000", "QueueDescribe.PollingWaitSeconds=10", "QueueDescribe.VisibilityTimeout=1",
		"QueueDescribe.MaxMsgSize=1024", "QueueDescribe.MsgRetentionSeconds=43200", "QueueDescribe.RewindSeconds=43200",
		"QueueDescribe.Transaction=true", "QueueDescribe.TransactionPolicy.FirstQueryInterval=10", "QueueDescribe.TransactionPolicy.MaxQueryCount=20",
		"QueueDescribe.DeadLetterPolicy=null", "QueueDescribe.Trace=true", "QueueDescribe.RetentionSizeInMB=10240")
	u.does(TDMQ, "ModifyCmqQueueAttribute", "QueueName=queue_name", "RewindSeconds=0", "PollingWaitSeconds=0", "Transaction=0",
		"FirstQueryInterval=0", "Trace=false", "RetentionSizeInMB=0")
	read().has("QueueDescribe.RewindSeconds=0", "QueueDescribe.PollingWaitSeconds=0", "QueueDescribe.Transaction=false",
		"QueueDescribe.TransactionPolicy.FirstQueryInterval=0", "QueueDescribe.TransactionPolicy.MaxQueryCount=20", "QueueDescribe.Trace=false",
		"QueueDescribe.RetentionSizeInMB=0", "QueueDescribe.VisibilityTimeout=1")

	u.fails(TDMQ, "ResourceInUse.Queue", 10210, "CreateCmqQueue", "QueueName=queue_name")
	u.does(TDMQ, "DeleteCmqQueue", "QueueName=queue_name")
	u.fails(TDMQ, "ResourceNotFound", 10100, "DescribeCmqQueueDetail", "QueueName=queue_name")
	u.fails(TDMQ, "ResourceNotFound", 10100, "DeleteCmqQueue", "QueueName=queue_name")
}

// Numbers of a policy are always sent, its queue's name only if there is one, and
// of changes only what has changed.
func TestTerraformDeadLetters(t *testing.T) {
	t.Parallel()
	u := newUser(t)
	numbers := []string{"Policy=0", "MaxReceiveCount=50", "MaxTimeToLive=300", "MsgRetentionSeconds=3600"}
	u.does(TDMQ, "CreateCmqQueue", append(numbers, "QueueName=Dead")...)
	u.does(TDMQ, "CreateCmqQueue", append(numbers, "QueueName=a", "DeadLetterQueueName=dead")...)
	u.does(TDMQ, "CreateCmqQueue", append(numbers, "QueueName=b")...)
	policy := func(queue string, want ...string) {
		t.Helper()
		d := u.does(TDMQ, "DescribeCmqQueueDetail", "QueueName="+queue)
		for _, w := range want {
			d.has("QueueDescribe." + w)
		}
	}
	policy("a", "DeadLetterPolicy.DeadLetterQueue=Dead", "DeadLetterPolicy.Policy=0", "DeadLetterPolicy.MaxReceiveCount=50",
		"DeadLetterPolicy.MaxTimeToLive=300", "DeadLetterSource=[]")
	policy("b", "DeadLetterPolicy=null")
	policy("Dead", "DeadLetterPolicy=null", "DeadLetterSource.length=1", "DeadLetterSource.0.QueueName=a")

	u.does(TDMQ, "ModifyCmqQueueAttribute", "QueueName=a", "MaxReceiveCount=10")
	policy("a", "DeadLetterPolicy.Policy=0", "DeadLetterPolicy.MaxReceiveCount=10", "DeadLetterPolicy.MaxTimeToLive=300")
	u.does(TDMQ, "ModifyCmqQueueAttribute", "QueueName=a", "Policy=1", "MaxTimeToLive=600")
	policy("a", "DeadLetterPolicy.DeadLetterQueue=Dead", "DeadLetterPolicy.Policy=1", "DeadLetterPolicy.MaxReceiveCount=10", "DeadLetterPolicy.MaxTimeToLive=600")
	u.does(TDMQ, "ModifyCmqQueueAttribute", "QueueName=b", "MaxReceiveCount=10")
	policy("b", "DeadLetterPolicy=null")
	u.does(TDMQ, "ModifyCmqQueueAttribute", "QueueName=b", "DeadLetterQueueName=Dead")
	policy("b", "DeadLetterPolicy.DeadLetterQueue=Dead", "DeadLetterPolicy.Policy=0", "DeadLetterPolicy.MaxReceiveCount=50")

	u.fails(TDMQ, "InvalidParameterValue", 10110, "ModifyCmqQueueAttribute", "QueueName=a", "Policy=0", "MaxReceiveCount=1001")
	u.fails(TDMQ, "InvalidParameterValue", 10110, "ModifyCmqQueueAttribute", "QueueName=a", "MaxTimeToLive=299")
	u.fails(TDMQ, "InvalidParameterValue", 10110, "ModifyCmqQueueAttribute", "QueueName=a", "MaxTimeToLive=3600")
	u.fails(TDMQ, "InvalidParameterValue", 10110, "ModifyCmqQueueAttribute", "QueueName=a", "DeadLetterQueueName=a")
	u.fails(TDMQ, "ResourceNotFound", 10100, "ModifyCmqQueueAttribute", "QueueName=a", "DeadLetterQueueName=nobody")
	u.fails(TDMQ, "ResourceNotFound", 10100, "CreateCmqQueue", "QueueName=c", "DeadLetterQueueName=nobody")
	u.fails(TDMQ, "FailedOperation", 10110, "DeleteCmqQueue", "QueueName=Dead")
	policy("a", "DeadLetterPolicy.Policy=1", "DeadLetterPolicy.MaxTimeToLive=600", "DeadLetterPolicy.MaxReceiveCount=10")

	list := u.does(TDMQ, "DescribeCmqDeadLetterSourceQueues", "DeadLetterQueueName=Dead")
	list.has("TotalCount=2", "QueueSet.length=2", "QueueSet.0.QueueName=a", "QueueSet.1.QueueName=b",
		"QueueSet.0.QueueId="+u.does(TDMQ, "DescribeCmqQueueDetail", "QueueName=a").at("QueueDescribe.QueueId"))
	u.does(TDMQ, "DescribeCmqDeadLetterSourceQueues", "DeadLetterQueueName=Dead", "SourceQueueName=b").has("TotalCount=1", "QueueSet.0.QueueName=b")
	u.does(TDMQ, "DescribeCmqDeadLetterSourceQueues", "DeadLetterQueueName=Dead", "Offset=1", "Limit=1").has("TotalCount=2", "QueueSet.length=1", "QueueSet.0.QueueName=b")
	u.does(CMQ, "DescribeDeadLetterSourceQueues", "DeadLetterQueueName=Dead", "Filters.0.Name=SourceQueueName", "Filters.0.Values.0=a").
		has("TotalCount=1", "QueueSet.0.QueueName=a")
	u.does(TDMQ, "UnbindCmqDeadLetter", "SourceQueueName=a")
	u.does(CMQ, "UnbindDeadLetter", "QueueName=b")
	u.fails(TDMQ, "ResourceNotFound", 10100, "UnbindCmqDeadLetter", "SourceQueueName=nobody")
	policy("Dead", "DeadLetterSource=[]")
	u.does(TDMQ, "DeleteCmqQueue", "QueueName=Dead")
}

func TestTerraformTopic(t *testing.T) {
	t.Parallel()
	u := newUser(t)
	created := u.does(TDMQ, "CreateCmqTopic", "TopicName=topic_name", "MaxMsgSize=65536", "FilterType=1", "MsgRetentionSeconds=86400", "Trace=true")
	read := func() reply { return u.does(TDMQ, "DescribeCmqTopicDetail", "TopicName=topic_name") }
	d := read()
	d.has("TopicDescribe.TopicId="+created.at("TopicId"), "TopicDescribe.TopicName=topic_name", "TopicDescribe.MaxMsgSize=65536",
		"TopicDescribe.FilterType=1", "TopicDescribe.MsgRetentionSeconds=86400", "TopicDescribe.Trace=true", "TopicDescribe.Tags=[]",
		"TopicDescribe.MsgCount=0", "TopicDescribe.SubscriptionCount=0", "TopicDescribe.Status=1", "TopicDescribe.NamespaceName=CMQ_TOPIC-topic_name")
	d.hasOnly("TopicDescribe", `TopicId TopicName MsgRetentionSeconds MaxMsgSize Qps FilterType CreateTime LastModifyTime MsgCount
		CreateUin Tags Trace TenantId NamespaceName Status BrokerType SubscriptionCount`)
	u.does(TDMQ, "ModifyCmqTopicAttribute", "TopicName=topic_name")
	u.does(TDMQ, "ModifyCmqTopicAttribute", "TopicName=topic_name", "MaxMsgSize=1048576", "MsgRetentionSeconds=60", "Trace=false")
	read().has("TopicDescribe.MaxMsgSize=1048576", "TopicDescribe.MsgRetentionSeconds=60", "TopicDescribe.Trace=false", "TopicDescribe.FilterType=1")
	u.fails(TDMQ, "ResourceInUse.Topic", 10550, "CreateCmqTopic", "TopicName=topic_name")
	u.does(TDMQ, "DeleteCmqTopic", "TopicName=topic_name")
	u.fails(TDMQ, "ResourceNotFound", 10600, "DescribeCmqTopicDetail", "TopicName=topic_name")
	u.fails(TDMQ, "ResourceNotFound.Topic", 10600, "DeleteCmqTopic", "TopicName=topic_name")
}

func TestTerraformSubscription(t *testing.T) {
	t.Parallel()
	u := newUser(t)
	u.does(TDMQ, "CreateCmqQueue", "QueueName=queue_name")
	u.does(TDMQ, "CreateCmqTopic", "TopicName=topic_name")
	of := []string{"TopicName=topic_name", "SubscriptionName=sub"}
	read := func() reply { return u.does(TDMQ, "DescribeCmqSubscriptionDetail", of...) }
	read().has("TotalCount=0", "SubscriptionSet=[]")
	to := []string{"Protocol=queue", "Endpoint=queue_name", "NotifyStrategy=EXPONENTIAL_DECAY_RETRY", "NotifyContentFormat=JSON"}
	subscribe := append(append(to, of...), "FilterTag.0=b", "FilterTag.1=a")
	created := u.does(TDMQ, "CreateCmqSubscribe", subscribe...)
	for _, other := range []string{"a-sub", "sub-b"} { // the provider takes the first of a search
		u.does(TDMQ, "CreateCmqSubscribe", append(to, "TopicName=topic_name", "SubscriptionName="+other)...)
	}
	u.fails(TDMQ, "ResourceInUse.Subscription", 10470, "CreateCmqSubscribe", append(to, "TopicName=topic_name", "SubscriptionName=Sub")...)
	d := read()
	d.has("TotalCount=3", "SubscriptionSet.length=3", "SubscriptionSet.0.SubscriptionName=sub", "SubscriptionSet.1.SubscriptionName=a-sub",
		"SubscriptionSet.0.SubscriptionId="+created.at("SubscriptionId"), "SubscriptionSet.0.Protocol=queue", "SubscriptionSet.0.Endpoint=queue_name",
		"SubscriptionSet.0.NotifyStrategy=EXPONENTIAL_DECAY_RETRY", "SubscriptionSet.0.NotifyContentFormat=JSON", `SubscriptionSet.0.FilterTags=["b","a"]`,
		"SubscriptionSet.0.BindingKey=[]", "SubscriptionSet.0.TopicOwner=1250000000", "SubscriptionSet.0.MsgCount=0", "SubscriptionSet.0.TopicName=topic_name")
	d.hasOnly("SubscriptionSet.0", `SubscriptionName SubscriptionId TopicOwner MsgCount LastModifyTime CreateTime BindingKey Endpoint
		FilterTags Protocol NotifyStrategy NotifyContentFormat TopicName`)
	u.does(TDMQ, "ModifyCmqSubscriptionAttribute", append(of, "NotifyStrategy=BACKOFF_RETRY", "NotifyContentFormat=SIMPLIFIED", "BindingKey.0=a.#")...)
	read().has("SubscriptionSet.0.NotifyStrategy=BACKOFF_RETRY", "SubscriptionSet.0.NotifyContentFormat=SIMPLIFIED", `SubscriptionSet.0.FilterTags=["b","a"]`,
		`SubscriptionSet.0.BindingKey=["a.#"]`)
	u.does(TDMQ, "ModifyCmqSubscriptionAttribute", append(of, "FilterTags.0=c")...)
	read().has(`SubscriptionSet.0.FilterTags=["c"]`)
	u.does(TDMQ, "ClearCmqSubscriptionFilterTags", of...)
	read().has(`SubscriptionSet.0.FilterTags=[]`, `SubscriptionSet.0.BindingKey=["a.#"]`)
	u.does(TDMQ, "DescribeCmqTopicDetail", "TopicName=topic_name").has("TopicDescribe.SubscriptionCount=3")

	u.fails(TDMQ, "FailedOperation", 10540, "DeleteCmqTopic", "TopicName=topic_name")
	for _, name := range []string{"sub", "a-sub", "sub-b"} {
		u.does(TDMQ, "DeleteCmqSubscribe", "TopicName=topic_name", "SubscriptionName="+name)
	}
	read().has("TotalCount=0", "SubscriptionSet=[]")
	u.fails(TDMQ, "ResourceNotFound", 10560, "DeleteCmqSubscribe", of...)
	u.does(TDMQ, "DeleteCmqTopic", "TopicName=topic_name")
	read().has("TotalCount=0", "SubscriptionSet=[]") // what the provider's test of destruction expects
	u.fails(TDMQ, "ResourceNotFound.Topic", 10600, "CreateCmqSubscribe", subscribe...)
}
