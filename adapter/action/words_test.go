package action

import "github.com/jetcmq/jetcmq/mapping"

const preface = `# Reference

Every action that is served, in CMQ's API 2.0 and in both products of API 3.0, cmq (2019-03-04) and tdmq (2020-02-17): what it
takes, answers and refuses. An action that means the same everywhere stands here once, with its names in each API.
This page is written by ` + "`go test ./adapter/action -update`" + ` from the declarations in ` + "`adapter/action`" + `.

## How calls look

API 2.0: a call is a GET with a query or a POST with a form, on any path; ` + "`Action`" + ` names the action, in any case. Names of
parameters are exact, blanks around them aside.
API 3.0: ` + "`X-TC-Action` and `X-TC-Version`" + ` in headers with a JSON body or a query, or ` + "`Action` and `Version`" + ` among the parameters.

- Unknown parameters are ignored, and of a parameter sent twice the first counts.
- An **integer** is decimal text. A **switch** is true or false. An empty one counts as absent.
- A **list** is sent as ` + "`name.0`, `name.1` … or `name.1`, `name.2`" + ` … with no number left out, in any order, or as JSON.
- A **queue name** is a letter, then letters, digits, ` + "`-` and `_`" + `, 64 characters at most. Names that differ only in case are one name.
  **Topic names** and **subscription names** are made alike.
- A **key** is words with dots between them, 64 bytes and 15 dots at most. Neither keys nor **tags** have control characters.
  In a list an empty tag or key counts as absent, and of equal ones the first counts; the limit is for what was sent.
- A **dead-letter policy** is, in API 2.0, a text that holds a JSON object: ` + "`deadLetterQueue`" + `, which is a queue's name in a call and its id
  in an answer; ` + "`policy` 0 with `maxReceiveCount`" + ` 1–1000 to move what was received that often, or ` + "`policy` 1 with `maxTimeToLive`" + ` 300–43200
  to move what is that many seconds old. An empty text, or ` + "`{}`" + `, is no policy. API 3.0 has parameters for each of these, and answers an object.

The answer is HTTP 200 with a JSON object, whatever happened. In API 2.0 it has ` + "`code`" + ` (a number, 0 for success), ` + "`message`" + ` (empty for
success, else a module number in brackets and a text) and ` + "`requestId`" + `; the tables below list what an action adds. Where an answer has a thing
under two names, each has SDKs that read it. In API 3.0 all stands in ` + "`Response`" + `, with ` + "`RequestId`" + `, or with ` + "`Error`" + `, whose ` + "`Code`" + ` is a name
and whose ` + "`Message`" + ` is the text of API 2.0.

A **time** is in Unix seconds, in tdmq in milliseconds. Ids begin with ` + "`queue-`, `topic-`" + ` and ` + "`subsc-`" + `; tdmq writes ` + "`cmqq-` and `cmqt-`" + ` for the first
two. A list is never null. What was never said is absent in API 2.0 and null in 3.0. Names and values without a product's name hold for all.

## What any call can be refused with

Checks come in this order: the request as a whole, the action, the signature, required parameters, values, and then what the action itself finds.

`

// common are the errors that no action lists, in the order of their checks.
var common = []struct {
	err  *mapping.Error
	when string
}{
	{mapping.ErrMethod, "the method is neither GET nor POST"},
	{mapping.ErrRequestSize, "the request cannot be read or is too large"},
	{mapping.ErrActionMissing, "the action is none of those below"},
	{mapping.ErrSecretID, "`SecretId` is unknown"},
	{mapping.ErrSignature, "`Signature` does not fit the request"},
	{mapping.ErrKeyFormat, "what follows the dot of a list's name is no number; in API 3.0 also a list sent as a single value"},
	{mapping.ErrNotRepeatable, "something that is no list was sent as one"},
	{mapping.ErrMissing, "a required parameter is absent or empty, or a list has no element"},
	{mapping.ErrBatchSize, "a list has too many elements, and no error of its own for that"},
	{mapping.ErrListGap, "a list leaves out a number, or begins with neither 0 nor 1"},
	{mapping.ErrWrongType, "an integer is not decimal text, or a switch is neither true nor false"},
	{mapping.ErrOutOfRange, "an integer or the length of a text is outside its range, or a tag or key has control characters"},
	{mapping.ErrParameters, "a value cannot be used; the reason stands behind the text"},
	{mapping.ErrInternal, "the fault is ours, or JetStream cannot be reached; the log says more"},
}

// meaning has the words for every name on the wire: that of API 2.0 if there is
// one, else that of API 3.0. One name, one meaning; where an action means
// something else, its name stands in front.
var meaning = map[string]string{
	"activeMsgNum":                      "messages ready to be received",
	"addr":                              "always empty",
	"code":                              "why it failed",
	"bindingKey":                        "patterns of routing keys, in a topic that filters by them: `*` stands for one word, `#` for any number of words, also none",
	"createTime":                        "when it was created",
	"createUin":                         "always the same",
	"deadLetterPolicy":                  "where messages go that nobody manages to process",
	"deadLetterPolicy::deadLetterQueue": "the policy in pieces; they do not count beside `deadLetterPolicy`",
	"deadLetterPolicy::policy":          "a piece of the policy",
	"deadLetterPolicy::maxReceiveCount": "a piece of the policy",
	"deadLetterPolicy::maxTimeToLive":   "a piece of the policy",
	"deadLetterQueueName":               "the queue that takes dead letters",
	"delayMsgNum":                       "messages still in their delay",
	"delaySeconds":                      "seconds until the message can be received",
	"dequeueCount":                      "deliveries of this message, this one included",
	"endpoint":                          "the queue's name, or the URL, `http://` or `https://`; 500 characters at most",
	"enqueueTime":                       "when the message was sent",
	"errorList":                         "the handles that failed; absent if none did",
	"filterTag":                         "tags, one of which a message must have, in a topic that filters by tags; without any, all messages",
	"filterType":                        "what the topic filters by: 1 tags, 2 routing keys; never changes",
	"firstDequeueTime":                  "when the message was delivered first",
	"inactiveMsgNum":                    "messages received and inside their visibility timeout",
	"lastModifyTime":                    "when the attributes last changed",
	"limit":                             "length of the page; one beyond the range is the longest",
	"maxMsgHeapNum":                     "messages the queue can hold",
	"maxMsgSize":                        "bytes a message body may have",
	"message":                           "the same in words",
	"minMsgTime":                        "when the oldest message not yet deleted was sent; 0 if there is none",
	"msgBody":                           "the message; UTF-8, not empty",
	"msgCount":                          "messages still to be delivered; approximately",
	"msgId":                             "the message's id, the same for every delivery",
	"msgInfoList":                       "the messages",
	"msgList":                           "one entry a message",
	"msgRetentionSeconds":               "seconds a message is kept",
	"msgTag":                            "what the message is about, in a topic that filters by tags",
	"nextVisibleTime":                   "when the message becomes visible to others again",
	"notifyContentFormat":               "what is pushed to a URL: `JSON`, an object with the message and where it comes from, or `SIMPLIFIED`, the message alone",
	"notifyStrategy":                    "how a failed delivery is tried again: `BACKOFF_RETRY`, 3 times after 10–20 seconds, or `EXPONENTIAL_DECAY_RETRY`, 176 times in a day",
	"numOfMsg":                          "messages wanted at most",
	"offset":                            "entries to skip",
	"pollingWaitSeconds":                "seconds a receive waits for a message",
	"protocol":                          "`queue` or `http`, in any case",
	"qps":                               "always the same; nothing is throttled",
	"queueId":                           "the queue's id",
	"queueList":                         "the page",
	"queueName":                         "the queue",
	"receiptHandle":                     "stands for this delivery when the message is deleted",
	"rewindSeconds":                     "seconds deleted messages stay rewindable; not more than `msgRetentionSeconds`",
	"rewindmsgNum":                      "deleted messages that can be rewound to",
	"routingKey":                        "what binding keys are compared with, in a topic that filters by them",
	"searchWord":                        "part of the names to list, in any case",
	"startConsumeTime":                  "where to begin again",
	"subscriptionId":                    "the subscription's id",
	"subscriptionList":                  "the page",
	"subscriptionName":                  "the subscription",
	"tags":                              "always empty",
	"topicId":                           "the topic's id",
	"topicList":                         "the page",
	"topicName":                         "the topic",
	"topicOwner":                        "the account's number, as a text",
	"totalCount":                        "entries on all pages",
	"visibilityTimeout":                 "seconds a received message stays hidden from others",

	"Bps":                 "always the same; nothing is throttled",
	"BrokerType":          "always the same",
	"CreateUin":           "always the same",
	"DeadLetterQueue":     "in cmq the id of the queue that takes dead letters, in tdmq its name",
	"DeadLetterQueueName": "the queue that takes dead letters; without it the numbers below change the policy in force, and mean nothing if there is none",
	"DeadLetterSource":    "queues whose dead letters come here",
	"Filters":             "what to list, in cmq by a part of the name",
	"FilterTags":          "tags, one of which a message must have",
	"FirstQueryInterval":  "kept and told, nothing else",
	"IsTagFilter":         "whether `Filters` count",
	"MaxDelaySeconds":     "the longest delay of a message",
	"MaxMsgBacklogSize":   "always the same; nothing is limited",
	"MaxQueryCount":       "kept and told, nothing else",
	"MaxReceiveCount":     "for policy 0: a message received that often moves; without it 50",
	"MaxTimeToLive":       "for policy 1: a message that old, in seconds, moves; less than `MsgRetentionSeconds`",
	"MaxUnackedMsgNum":    "always the same; nothing is limited",
	"Migrate":             "always the same",
	"MsgContent":          "the message; UTF-8, not empty",
	"Name":                "what the filter is about: in tdmq `tag:` and the key of a tag",
	"NamespaceName":       "made of the name",
	"Policy":              "0: what was received too often is a dead letter, 1: what is too old",
	"Qps":                 "always the same; nothing is throttled",
	"QueryType":           "`topic`: the subscriptions of a topic; `queue`: those that deliver to a queue",
	"QueueDescribe":       "the queue",
	"QueueList":           "the page",
	"QueueNameList":       "names to list, in any case",
	"QueueSet":            "the page",
	"RewindMsgNum":        "deleted messages that can be rewound to",
	"Result":              "always true: what fails is an error",
	"RetentionSizeInMB":   "kept and told, nothing else",
	"Status":              "always 1: it runs",
	"SubscriptionCount":   "the topic's subscriptions",
	"SubscriptionSet":     "the page",
	"TagKey":              "the tag's key",
	"TagValue":            "its value",
	"Tags":                "of the owner's own choice, which lists can be asked for",
	"TenantId":            "made of the account's number",
	"TopicDescribe":       "the topic",
	"TopicList":           "the page",
	"TopicNameList":       "names to list, in any case",
	"TopicSet":            "the page",
	"Trace":               "kept and told, nothing else",
	"Transaction":         "kept and told, nothing else; set by 0 or 1, told as false or true",
	"TransactionPolicy":   "null if nothing was said of it",
	"Values":              "of which one must fit; without any, all do",

	"DescribeCmqQueues.QueueName":                    "part of the names to list; case counts",
	"DescribeQueueDetail.QueueName":                  "the one queue to list",
	"DescribeQueueDetail.TagKey":                     "list what has such a tag",
	"DescribeCmqTopics.TopicName":                    "part of the names to list; case counts",
	"DescribeTopicDetail.TopicName":                  "the one topic to list",
	"DescribeTopicDetail.TagKey":                     "list what has such a tag",
	"DescribeCmqSubscriptionDetail.TopicName":        "the topic; required for `QueryType` topic",
	"DescribeCmqSubscriptionDetail.QueueName":        "the queue; required for `QueryType` queue",
	"DescribeCmqSubscriptionDetail.SubscriptionName": "part of the names to list; case counts",
	"PublishCmqMsg.MsgTag":                           "what the message is about; where the topic filters by routing key, the key",
}
