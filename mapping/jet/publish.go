package jet

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Publish stores m and gives its sequence once JetStream has acknowledged it.
// A message that JetStream recognizes as a duplicate counts as stored.
func (c *Conn) Publish(ctx context.Context, m *nats.Msg) (seq uint64, err error) {
	a, err := c.Request(ctx, m)
	if err != nil {
		return 0, err
	}
	return readAck(a.Data)
}

// readAck reads JetStream's answer to a publish: the sequence of the (last)
// message. It is read by hand because every send passes here.
func readAck(data []byte) (seq uint64, err error) {
	if i := bytes.Index(data, []byte(`"seq":`)); i >= 0 && !bytes.Contains(data, []byte(`"error":`)) {
		digits := data[i+len(`"seq":`):]
		n := 0
		for n < len(digits) && digits[n] >= '0' && digits[n] <= '9' {
			n++
		}
		return strconv.ParseUint(string(digits[:n]), 10, 64)
	}
	var refused struct {
		Error *jetstream.APIError `json:"error"`
	}
	if err := json.Unmarshal(data, &refused); err != nil {
		return 0, fmt.Errorf("JetStream answered %.100q", data)
	}
	if refused.Error == nil {
		return 0, errors.New("JetStream neither stored nor refused")
	}
	return 0, refused.Error
}
