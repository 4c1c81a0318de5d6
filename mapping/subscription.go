package mapping

import (
	"net/url"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Protocol is how a subscription's messages are delivered.
type Protocol string

const (
	ProtocolQueue Protocol = "queue" // into a queue of the account
	ProtocolHTTP  Protocol = "http"  // by POST to a URL
)

// UnmarshalText accepts both, whatever their case, and answers ErrProtocol to
// everything else.
func (p *Protocol) UnmarshalText(text []byte) error {
	*p = Protocol(strings.ToLower(string(text)))
	if *p != ProtocolQueue && *p != ProtocolHTTP {
		return ErrProtocol
	}
	return nil
}

// Strategy is how often and when a delivery that failed is tried again.
type Strategy string

const (
	// BackoffRetry tries 3 times more, each after 10 to 20 s at random.
	BackoffRetry Strategy = "BACKOFF_RETRY"
	// ExponentialDecayRetry tries 176 times more, after 1, 2, 4 ... 256 s and
	// then every 512 s: for the 86,015 s that a message lives.
	ExponentialDecayRetry Strategy = "EXPONENTIAL_DECAY_RETRY"
)

// UnmarshalText answers ErrStrategy to what is neither.
func (s *Strategy) UnmarshalText(text []byte) error {
	*s = Strategy(text)
	if *s != BackoffRetry && *s != ExponentialDecayRetry {
		return ErrStrategy
	}
	return nil
}

// Format is what a pushed body looks like. A queue gets the bare text with both.
type Format string

const (
	FormatJSON       Format = "JSON"       // an object with the message and where it comes from
	FormatSimplified Format = "SIMPLIFIED" // the message's text alone
)

// UnmarshalText answers ErrFormat to what is neither.
func (f *Format) UnmarshalText(text []byte) error {
	*f = Format(text)
	if *f != FormatJSON && *f != FormatSimplified {
		return ErrFormat
	}
	return nil
}

// Subscription is what Subscribe is told. Which of the filters counts is the
// topic's to say; the other is kept and has no effect.
type Subscription struct {
	Protocol    Protocol
	Endpoint    string // a URL, or a queue's name
	Strategy    Strategy
	Format      Format
	FilterTags  []string
	BindingKeys []string
}

// CheckEndpoint judges the form of the endpoint, without looking whether anybody
// is there. Errors: ErrEndpointBlank, ErrEndpointFormat.
func (s Subscription) CheckEndpoint() error {
	switch {
	case strings.ContainsFunc(s.Endpoint, unicode.IsSpace):
		return ErrEndpointBlank
	case s.Endpoint == "" || utf8.RuneCountInString(s.Endpoint) > MaxEndpoint:
		return ErrEndpointFormat
	case s.Protocol == ProtocolQueue && !legalName(s.Endpoint):
		return ErrEndpointFormat
	case s.Protocol == ProtocolQueue:
		return nil
	}
	u, err := url.Parse(s.Endpoint)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return ErrEndpointFormat
	}
	return nil
}

// SubscriptionChange is what SetSubscriptionAttributes is told: what is nil
// stays, a list replaces the former one.
type SubscriptionChange struct {
	Strategy    *Strategy
	Format      *Format
	FilterTags  []string
	BindingKeys []string
}

// SubscriptionRef names a subscription in a list.
type SubscriptionRef struct {
	ID       string   `cmq:"subscriptionId"`
	Name     string   `cmq:"subscriptionName"`
	Protocol Protocol `cmq:"protocol,protocal" v3:"Protocol"` // sic: Python and C++ read the second
	Endpoint string   `cmq:"endpoint"`
}

// SubscriptionDescription is all that is known of a subscription.
type SubscriptionDescription struct {
	SubscriptionRef
	Owner       Owner    `cmq:"topicOwner"`
	Messages    int64    `cmq:"msgCount"` // still to be delivered; approximately
	Strategy    Strategy `cmq:"notifyStrategy"`
	Format      Format   `cmq:"notifyContentFormat"`
	FilterTags  []string `cmq:"filterTag,filterTags" v3:"FilterTags"`  // Python reads the second
	BindingKeys []string `cmq:"bindingKey,bindindKey" v3:"BindingKey"` // sic: PHP reads the second
	Created     Time     `cmq:"createTime"`
	Modified    Time     `cmq:"lastModifyTime"`
	Topic       string   `tdmq:"TopicName"`
}

// Owner is the account's number: digits in a text in API 2.0, a number in 3.0.
type Owner int64

// MarshalText gives the form of API 2.0.
func (o Owner) MarshalText() ([]byte, error) { return strconv.AppendInt(nil, int64(o), 10), nil }
