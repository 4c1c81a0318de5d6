package queues

import (
	"errors"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/jetcmq/jetcmq/mapping"
)

var legalHandle = regexp.MustCompile(`^[A-Za-z0-9_-]{1,256}$`)

func TestHandleRoundTrip(t *testing.T) {
	t.Parallel()
	secret := newSecret()
	for _, h := range []handle{
		{session: newSession(), generation: 1, seq: 1, delivery: 1, turn: 1, given: 1, visibility: 1},
		{session: newSession(), generation: newGeneration(), seq: 1<<64 - 1, delivery: 1<<64 - 1, turn: 1<<64 - 1,
			given: 1<<63 - 1, visibility: 43_200_000},
	} {
		text := h.seal(secret)
		if !legalHandle.MatchString(text) {
			t.Errorf("handle %q has characters or a length that SDKs refuse", text)
		}
		if got, ok := openHandle(text, secret); !ok || got != h {
			t.Errorf("got %+v, %v, want %+v", got, ok, h)
		}
		if _, ok := openHandle(text, newSecret()); ok {
			t.Error("another queue's secret opens the handle")
		}
	}
}

func TestHandleDiesAtTheShorterVisibility(t *testing.T) {
	t.Parallel()
	h := handle{given: 1000, visibility: 30_000}
	for current, want := range map[time.Duration]int64{10 * time.Second: 11_000, time.Minute: 31_000} {
		if got := h.diesAt(current).UnixMilli(); got != want {
			t.Errorf("with a current visibility of %v: got %d, want %d", current, got, want)
		}
	}
}

func FuzzHandle(f *testing.F) {
	secret := newSecret()
	f.Add(handle{session: newSession(), generation: 5, seq: 7, delivery: 2, turn: 9, given: 11, visibility: 30}.seal(secret))
	f.Add("")
	f.Add("AAAA")
	f.Fuzz(func(t *testing.T, text string) {
		h, ok := openHandle(text, secret)
		if ok && h.seal(secret) != text {
			t.Errorf("%q opens to %+v, which is written otherwise", text, h)
		}
	})
}

func TestMessageIDs(t *testing.T) {
	t.Parallel()
	seen := map[string]uint64{}
	for _, salt := range []uint64{0, 1, 1<<64 - 1, 0x0123456789abcdef} {
		clear(seen)
		for seq := uint64(1); seq <= 50_000; seq++ {
			id := mapping.MessageID(seq, salt)
			if !mapping.ValidMessageID(id) {
				t.Fatalf("id %q", id)
			}
			if other, twice := seen[id]; twice {
				t.Fatalf("sequences %d and %d share id %s", other, seq, id)
			}
			seen[id] = seq
		}
	}
	for text, want := range map[string]bool{"1": true, "9223372036854775807": true, "": false, "12345678901234567890": false, "-1": false, "1a": false} {
		if got := mapping.ValidMessageID(text); got != want {
			t.Errorf("%q: got %v, want %v", text, got, want)
		}
	}
}

func FuzzQueueName(f *testing.F) {
	for _, name := range []string{"orders", "A-b_9", "", "9a", "a.b", "a*", "ä", strings.Repeat("a", 65)} {
		f.Add(name)
	}
	subject := regexp.MustCompile(`^[a-z][a-z0-9_-]{0,63}$`)
	f.Fuzz(func(t *testing.T, text string) {
		var n mapping.QueueName
		err := n.UnmarshalText([]byte(text))
		switch {
		case err != nil && !errors.Is(err, mapping.ErrQueueName):
			t.Errorf("%q: got %v", text, err)
		case err == nil && !subject.MatchString(n.Key()):
			t.Errorf("%q becomes the subject word %q", text, n.Key())
		}
	})
}

func TestGenerationOf(t *testing.T) {
	t.Parallel()
	g := newGeneration()
	if got, ok := generationOf(consumerName(g)); !ok || got != g {
		t.Errorf("got %d, %v, want %d", got, ok, g)
	}
	for _, name := range []string{"audit", "receivers-", "receivers-!", "receivers-0", "receivers-zzzzzzzzzzzzzzzz"} {
		if _, ok := generationOf(name); ok {
			t.Errorf("%s counts as ours", name)
		}
	}
}
