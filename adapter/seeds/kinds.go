package seeds

import (
	"regexp"
	"slices"
	"strconv"

	"github.com/jetcmq/jetcmq/adapter/action"
	"github.com/jetcmq/jetcmq/adapter/action/fields"
	"github.com/jetcmq/jetcmq/mapping"
)

// kind is what can stand in a seeds file: queues, topics, subscriptions. All
// that happens to one of them is an action of API 3.0, product tdmq, whose
// ranges are the widest. What is not said in a file is as API 2.0 has it, which
// is what product cmq has, too.
type kind struct {
	noun       string
	create     *action.Action
	modify     *action.Action
	parameter  string // that names it
	taken      *mapping.Error
	missing    *mapping.Error
	attributes []attribute // in the order in which they are written
}

// attribute is one that a file can say.
type attribute struct {
	name  string // in the file: that of API 2.0
	v3    string // of the parameter in API 3.0
	told  string // of the answer's member; v3 if empty
	group string // key of the mapping in the file, and the object in the answer, that it is in
	units []unit // that a number may have behind it
	form  form
	fixed bool       // cannot be changed
	fold  foldedness // how values are compared
}

type form int

const (
	text form = iota
	number
	list
)

type foldedness int

const (
	exact   foldedness = iota
	anyCase            // names and protocols: upper and lower case are the same
	asQueue            // an endpoint: a name if the protocol is queue
)

// unit is what a number may be written in.
type unit struct {
	name string
	size int64
}

var (
	times = []unit{{"s", 1}, {"m", 60}, {"h", 3600}, {"d", 86400}}
	sizes = []unit{{"B", 1}, {"KiB", 1 << 10}, {"MiB", 1 << 20}}
)

// A queue's dead-letter policy is a group.
const (
	deadLetterPolicy = "deadLetterPolicy"
	policyQueue      = "deadLetterQueue"
	policyKind       = "policy"
	maxReceiveCount  = "maxReceiveCount"
	maxTimeToLive    = "maxTimeToLive"
)

var queues = &kind{
	noun:      "queue",
	create:    action.CreateQueue,
	modify:    action.SetQueueAttributes,
	parameter: "QueueName",
	taken:     mapping.ErrQueueExists,
	missing:   mapping.ErrNoQueue,
	attributes: []attribute{
		{name: "visibilityTimeout", v3: "VisibilityTimeout", form: number, units: times},
		{name: "pollingWaitSeconds", v3: "PollingWaitSeconds", form: number, units: times},
		{name: "msgRetentionSeconds", v3: "MsgRetentionSeconds", form: number, units: times},
		{name: "maxMsgSize", v3: "MaxMsgSize", form: number, units: sizes},
		{name: "maxMsgHeapNum", v3: "MaxMsgHeapNum", form: number},
		{name: "rewindSeconds", v3: "RewindSeconds", form: number, units: times},
		{name: policyQueue, group: deadLetterPolicy, v3: "DeadLetterQueueName", told: "DeadLetterQueue", fold: anyCase},
		{name: policyKind, group: deadLetterPolicy, v3: "Policy", form: number},
		{name: maxReceiveCount, group: deadLetterPolicy, v3: "MaxReceiveCount", form: number},
		{name: maxTimeToLive, group: deadLetterPolicy, v3: "MaxTimeToLive", form: number, units: times},
	},
}

var topics = &kind{
	noun:      "topic",
	create:    action.CreateTopic,
	modify:    action.SetTopicAttributes,
	parameter: "TopicName",
	taken:     mapping.ErrTopicExists,
	missing:   mapping.ErrNoTopic,
	attributes: []attribute{
		{name: "filterType", v3: "FilterType", form: number, fixed: true},
		{name: "maxMsgSize", v3: "MaxMsgSize", form: number, units: sizes},
		{name: "msgRetentionSeconds", v3: "MsgRetentionSeconds", form: number, units: times},
	},
}

var subscriptions = &kind{
	noun:      "subscription",
	create:    action.Subscribe,
	modify:    action.SetSubscriptionAttributes,
	parameter: "SubscriptionName",
	taken:     mapping.ErrSubscriptionExists,
	missing:   mapping.ErrNoSubscription,
	attributes: []attribute{
		{name: "protocol", v3: "Protocol", fixed: true, fold: anyCase},
		{name: "endpoint", v3: "Endpoint", fixed: true, fold: asQueue},
		{name: "notifyStrategy", v3: "NotifyStrategy"},
		{name: "notifyContentFormat", v3: "NotifyContentFormat"},
		{name: filterTags, v3: "FilterTag", told: "FilterTags", form: list},
		{name: bindingKeys, v3: "BindingKey", form: list},
	},
}

const (
	filterTags  = "filterTags"
	bindingKeys = "bindingKeys"
)

// keys are what may stand in a mapping of the kind: in its group of that name,
// or outside of groups.
func (k *kind) keys(group string) (all []string) {
	for _, a := range k.attributes {
		if a.group == group {
			all = append(all, a.name)
		} else if group == "" && !slices.Contains(all, a.group) {
			all = append(all, a.group)
		}
	}
	return all
}

func (k *kind) attribute(name string) *attribute {
	for i := range k.attributes {
		if k.attributes[i].name == name {
			return &k.attributes[i]
		}
	}
	return nil
}

// declared is the parameter as the action declares it for api.
func (k *kind) declared(a *attribute, api action.API) *fields.Parameter {
	return declared(k.create, a.v3, api)
}

func declared(of *action.Action, name string, api action.API) *fields.Parameter {
	ps := of.Parameters(api)
	for i := range ps {
		if slices.Contains(ps[i].Names, name) {
			return &ps[i]
		}
	}
	return nil
}

// usual is what API 2.0 makes of an attribute that is not said; empty if
// nothing.
func (k *kind) usual(a *attribute) string {
	p := k.declared(a, action.CMQ)
	if p == nil || p.Default == nil {
		return ""
	}
	return *p.Default
}

var withUnit = regexp.MustCompile(`^(\d{1,9})([A-Za-z]+)$`)

// plain gives a number as the API has it: without unit, plus or leading noughts.
// What is no number stays what it is.
func (a *attribute) plain(text string) string {
	if a.form != number {
		return text
	}
	if m := withUnit.FindStringSubmatch(text); m != nil {
		for _, u := range a.units {
			if u.name == m[2] {
				n, _ := strconv.ParseInt(m[1], 10, 64)
				return strconv.FormatInt(n*u.size, 10)
			}
		}
	}
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return strconv.FormatInt(n, 10)
	}
	return text
}
