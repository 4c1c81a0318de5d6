package topics

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/jetcmq/jetcmq/mapping/jet"
)

// reading is one reading of a topic's configuration. It is never changed, only
// replaced by a newer one.
type reading struct {
	settings
	began   time.Time
	knows   uint64                   // value of told when it was begun
	subs    map[string]*subscription // by key
	natives []jetstream.ConsumerConfig
	routes  *routes
}

// tryRead reads, once more if the connection took the answer along.
func (t *topic) tryRead(ctx context.Context) (*reading, error) {
	for {
		link := t.b.linked()
		within, cancel := context.WithCancel(ctx)
		stop := context.AfterFunc(link, cancel)
		r, err := jet.Again(within, t.readOnce)
		stop()
		cancel()
		if err == nil || link.Err() == nil || ctx.Err() != nil {
			return r, err
		}
	}
}

func (t *topic) readOnce(ctx context.Context) (*reading, error) {
	r := &reading{began: time.Now(), knows: t.told.Load(), routes: &routes{}}
	stream, err := t.b.conn.LookUp(ctx, t.stream)
	if err != nil {
		return nil, err
	}
	if r.settings, err = readSettings(stream.CachedInfo().Config); err != nil {
		return nil, err
	}
	infos, err := t.consumersOf(ctx, stream)
	if err != nil {
		return nil, err
	}
	r.subs = make(map[string]*subscription, len(infos))
	for _, info := range infos {
		if s, ours := readSubscription(info.Config); ours {
			r.subs[s.key] = s
		} else {
			r.natives = append(r.natives, info.Config)
		}
	}
	return r, nil
}

// consumersOf lists all consumers of a stream.
func (t *topic) consumersOf(ctx context.Context, stream jetstream.Stream) (map[string]*jetstream.ConsumerInfo, error) {
	all, silent, err := t.b.conn.Consumers(ctx, stream)
	if err == nil && len(silent) > 0 {
		err = fmt.Errorf("consumer %s: %w", silent[0], nats.ErrNoResponders)
	}
	return all, err
}

// routes remembers which subjects reach somebody.
type routes struct {
	mu    sync.RWMutex
	reach map[string]bool
}

const maxRoutes = 4096

func (r *routes) known(subject string) bool {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.reach[subject]
}

func (r *routes) learn(subject string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.reach == nil || len(r.reach) >= maxRoutes {
		r.reach = map[string]bool{}
	}
	r.reach[subject] = true
}
