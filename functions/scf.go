package functions

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// SCF makes a function that was written for the CMQ trigger of Tencent's SCF a
// push subscriber: f gets the event that SCF would have given it, with one
// record. E is [Event], or the type that f has already, such as CMQEvent of
// tencentyun/scf-go-lib: as in SCF, it is filled from JSON.
//
// Subscribe with the format JSON: SIMPLIFIED does not say topic, subscription,
// owner and time. A captured event that is posted as it is, without the headers
// of a push, is handed on unchanged, however many records it has, and is not
// subject to [Once].
func SCF[E any](f func(ctx context.Context, event E) error, options ...Option) http.Handler {
	h := newHandler(func(ctx context.Context, p push) error {
		text := p.event
		if text == nil {
			var err error
			if text, err = eventOf(p.Message); err != nil {
				return err
			}
		}
		var event E
		if err := json.Unmarshal(text, &event); err != nil {
			return fmt.Errorf("read the event as %T: %w", event, err)
		}
		return f(ctx, event)
	}, options)
	h.events = true
	return h
}

// Event is what SCF's CMQ trigger gives a function. Its JSON is SCF's.
type Event struct {
	Records []Record `json:"Records"`
}

// Record is one message of an [Event].
type Record struct {
	CMQ CMQ `json:"CMQ"`
}

// CMQ is a message as SCF tells it.
type CMQ struct {
	Type             string    `json:"type"` // "topic"
	TopicOwner       int64     `json:"topicOwner"`
	TopicName        string    `json:"topicName"`
	SubscriptionName string    `json:"subscriptionName"`
	PublishTime      time.Time `json:"publishTime"` // whole seconds, UTC
	MsgID            string    `json:"msgId"`
	RequestID        string    `json:"requestId"`
	MsgBody          string    `json:"msgBody"`
	MsgTag           Tags      `json:"msgTag"`
}

// Tags is one string in JSON, "a, b", and "" without any. SCF has also sent an
// array, which is read too, and so is null.
type Tags []string

// MarshalText joins the tags.
func (t Tags) MarshalText() ([]byte, error) { return []byte(strings.Join(t, ", ")), nil }

// UnmarshalJSON reads a string, an array or null.
func (t *Tags) UnmarshalJSON(text []byte) error {
	if bytes.HasPrefix(text, []byte("[")) {
		return json.Unmarshal(text, (*[]string)(t))
	}
	var joined string
	if err := json.Unmarshal(text, &joined); err != nil {
		return err
	}
	*t = splitTags(joined)
	return nil
}

// eventOf leaves <, > and & as they are: scf-go-lib takes msgTag from the bytes
// without undoing escapes.
func eventOf(m Message) ([]byte, error) {
	var b bytes.Buffer
	w := json.NewEncoder(&b)
	w.SetEscapeHTML(false)
	err := w.Encode(Event{Records: []Record{{CMQ{
		Type:             "topic",
		TopicOwner:       m.Owner,
		TopicName:        m.Topic,
		SubscriptionName: m.Subscription,
		PublishTime:      m.Published,
		MsgID:            m.ID,
		RequestID:        m.RequestID,
		MsgBody:          m.Body,
		MsgTag:           m.Tags,
	}}}})
	return b.Bytes(), err
}
