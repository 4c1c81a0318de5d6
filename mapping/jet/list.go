package jet

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// A cluster's list waits 4 s for every stream or consumer that has no leader, or
// is just being deleted, and then leaves it out without a word.
const (
	listPatience = 1200 * time.Millisecond // then each is asked alone
	askPatience  = 700 * time.Millisecond
	askedAtOnce  = 32
)

// Streams gives all streams with subjects in common with subject, and the names
// of those that do not answer.
func (c *Conn) Streams(ctx context.Context, subject string) (all map[string]*jetstream.StreamInfo, silent []string, err error) {
	return collect(ctx, c.clustered(), listing[*jetstream.StreamInfo]{
		list: func(ctx context.Context) (<-chan *jetstream.StreamInfo, func() error) {
			l := c.JS.ListStreams(ctx, jetstream.WithStreamListSubject(subject))
			return l.Info(), l.Err
		},
		names: func(ctx context.Context) (<-chan string, func() error) {
			l := c.JS.StreamNames(ctx, jetstream.WithStreamListSubject(subject))
			return l.Name(), l.Err
		},
		one: func(ctx context.Context, name string) (*jetstream.StreamInfo, error) {
			stream, err := c.JS.Stream(ctx, name)
			if err != nil {
				return nil, err
			}
			return stream.CachedInfo(), nil
		},
		name: func(info *jetstream.StreamInfo) string { return info.Config.Name },
	})
}

// Consumers gives all consumers of a stream, and the names of those that do not
// answer.
func (c *Conn) Consumers(ctx context.Context, stream jetstream.Stream) (all map[string]*jetstream.ConsumerInfo, silent []string, err error) {
	return collect(ctx, c.clustered(), listing[*jetstream.ConsumerInfo]{
		list: func(ctx context.Context) (<-chan *jetstream.ConsumerInfo, func() error) {
			l := stream.ListConsumers(ctx)
			return l.Info(), l.Err
		},
		names: func(ctx context.Context) (<-chan string, func() error) {
			l := stream.ConsumerNames(ctx)
			return l.Name(), l.Err
		},
		one: func(ctx context.Context, name string) (*jetstream.ConsumerInfo, error) {
			consumer, err := stream.Consumer(ctx, name)
			if err != nil {
				return nil, err
			}
			return consumer.CachedInfo(), nil
		},
		name: func(info *jetstream.ConsumerInfo) string { return info.Name },
	})
}

func (c *Conn) clustered() bool { return c.NC.ConnectedClusterName() != "" }

// listing is the ways to ask for all things of a kind.
type listing[T any] struct {
	list  func(context.Context) (<-chan T, func() error)
	names func(context.Context) (<-chan string, func() error) // tells all, at once
	one   func(context.Context, string) (T, error)
	name  func(T) string
}

func collect[T any](ctx context.Context, clustered bool, l listing[T]) (all map[string]T, silent []string, err error) {
	all = map[string]T{}
	hurried := ctx
	if clustered {
		var cancel context.CancelFunc
		hurried, cancel = context.WithTimeout(ctx, listPatience)
		defer cancel()
	}
	things, fault := l.list(hurried)
	for thing := range things {
		all[l.name(thing)] = thing
	}
	if err := fault(); !clustered || err != nil && !Lost(err) {
		return all, nil, err
	}
	var missing []string
	names, fault := l.names(ctx)
	for name := range names {
		if _, have := all[name]; !have {
			missing = append(missing, name)
		}
	}
	if err := fault(); err != nil {
		return nil, nil, err
	}
	silent, err = l.ask(ctx, missing, all)
	return all, silent, err
}

// ask adds to all what is missing, each asked alone. What does not exist any
// more is left out.
func (l listing[T]) ask(ctx context.Context, missing []string, all map[string]T) (silent []string, err error) {
	var mu sync.Mutex
	var asks sync.WaitGroup
	places := make(chan struct{}, askedAtOnce)
	for _, name := range missing {
		places <- struct{}{}
		asks.Go(func() {
			defer func() { <-places }()
			within, cancel := context.WithTimeout(ctx, askPatience)
			defer cancel()
			thing, e := l.one(within, name)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case e == nil:
				all[name] = thing
			case Lost(e):
				silent = append(silent, name)
			case !errors.Is(e, jetstream.ErrStreamNotFound) && !errors.Is(e, jetstream.ErrConsumerNotFound):
				err = e
			}
		})
	}
	asks.Wait()
	return silent, err
}
