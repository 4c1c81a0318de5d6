package topics

import (
	"context"
	"errors"
	"sync"
	"time"

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
	stream, err := t.b.conn.JS.Stream(ctx, t.stream)
	if err != nil {
		return nil, err
	}
	if r.settings, err = readSettings(stream.CachedInfo().Config); err != nil {
		return nil, err
	}
	infos, err := consumersOf(ctx, stream)
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

// consumersOf lists all consumers of a stream. In a cluster the list of infos
// leaves out those that do not answer in time, the list of names does not.
func consumersOf(ctx context.Context, stream jetstream.Stream) (map[string]*jetstream.ConsumerInfo, error) {
	all := map[string]*jetstream.ConsumerInfo{}
	list := stream.ListConsumers(ctx)
	for info := range list.Info() {
		all[info.Name] = info
	}
	if err := list.Err(); err != nil {
		return nil, err
	}
	names := stream.ConsumerNames(ctx)
	for name := range names.Name() {
		if all[name] != nil {
			continue
		}
		consumer, err := stream.Consumer(ctx, name)
		if errors.Is(err, jetstream.ErrConsumerNotFound) {
			continue // deleted meanwhile
		}
		if err != nil {
			return nil, err
		}
		all[name] = consumer.CachedInfo()
	}
	return all, names.Err()
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
