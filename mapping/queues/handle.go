package queues

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"time"

	"github.com/jetcmq/jetcmq/mapping"
)

// handle is what a receipt handle says: one delivery of one message. JetStream
// matches an acknowledgement by sequence alone, so everything that makes an
// older delivery's handle stale is written here and checked by us.
type handle struct {
	session    string // the broker that handed it out
	generation uint64 // of the queue's consumer; a rewind or clear makes a new one
	seq        uint64 // of the message in its stream
	delivery   uint64 // JetStream's delivery number
	turn       uint64 // the consumer's sequence of this delivery
	given      int64  // Unix ms of the delivery
	visibility int64  // ms it was promised
}

const (
	handleVersion = 1
	handleMAC     = 16 // bytes kept of the HMAC-SHA256
	sessionLength = 8
	secretLength  = 32
)

// seal writes h as a receipt handle: unpadded base64url (the Go SDK refuses to
// send anything but [a-zA-Z0-9%#:_-], 256 characters at most), authenticated
// with the queue's secret, which binds it to this queue of this account.
func (h handle) seal(secret []byte) string {
	var raw [128]byte
	b := append(raw[:0], handleVersion)
	b = append(b, h.session...)
	b = binary.AppendUvarint(b, h.generation)
	b = binary.AppendUvarint(b, h.seq)
	b = binary.AppendUvarint(b, h.delivery)
	b = binary.AppendUvarint(b, h.turn)
	b = binary.AppendUvarint(b, uint64(h.given))
	b = binary.AppendUvarint(b, uint64(h.visibility))
	b = append(b, mac(secret, b)...)
	return base64.RawURLEncoding.EncodeToString(b)
}

// openHandle reads a handle back. Anything that seal did not write with the
// same secret is refused.
func openHandle(text string, secret []byte) (h handle, ok bool) {
	if len(text) > 256 {
		return h, false
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(b) < 1+sessionLength+handleMAC || b[0] != handleVersion {
		return h, false
	}
	body, sum := b[:len(b)-handleMAC], b[len(b)-handleMAC:]
	if !hmac.Equal(sum, mac(secret, body)) {
		return h, false
	}
	h.session = string(body[1 : 1+sessionLength])
	rest := body[1+sessionLength:]
	var fields [6]uint64
	for i := range fields {
		v, n := binary.Uvarint(rest)
		if n <= 0 {
			return handle{}, false
		}
		fields[i], rest = v, rest[n:]
	}
	h.generation, h.seq, h.delivery, h.turn = fields[0], fields[1], fields[2], fields[3]
	h.given, h.visibility = int64(fields[4]), int64(fields[5])
	return h, len(rest) == 0
}

func mac(secret, text []byte) []byte {
	h := hmac.New(sha256.New, secret)
	h.Write(text)
	return h.Sum(nil)[:handleMAC]
}

// diesAt is when the handle stops working: at the end of the visibility it was
// promised, or of the queue's current one where that is shorter.
func (h handle) diesAt(visibility time.Duration) time.Time {
	return time.UnixMilli(h.given + min(h.visibility, visibility.Milliseconds()))
}

// ends is when the message is visible again (Unix ms).
func (h handle) ends() int64 { return h.given + h.visibility + grace.Milliseconds() }

func newSession() string { return mapping.RandomText(sessionLength * 5 / 8) }

func newSecret() []byte {
	b := make([]byte, secretLength)
	rand.Read(b) // never fails: crypto/rand ends the program instead
	return b
}
