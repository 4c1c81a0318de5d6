package jet

import (
	"context"
	"fmt"
)

// Replicate gives streams that are older than the setting of replicas as many as
// it wants, in the background; their consumers follow. Nobody takes any away:
// brokers with different settings would do and undo it for ever.
func (c *Conn) Replicate(streams ...string) {
	if c.Replicas == 1 || len(streams) == 0 {
		return
	}
	c.watching.Go(func() {
		c.replicating.Lock()
		defer c.replicating.Unlock()
		for _, name := range streams {
			err := c.Alone(c.life, name, func(ctx context.Context) error { return c.replicate(ctx, name) })
			if err != nil && c.life.Err() == nil {
				c.Log.Warn("a stream does not get its replicas", "stream", name, "error", err)
			}
		}
	})
}

func (c *Conn) replicate(ctx context.Context, name string) error {
	stream, err := c.JS.Stream(ctx, name)
	if err != nil {
		return err
	}
	config := stream.CachedInfo().Config
	before := config.Replicas
	if before >= c.Replicas {
		return nil
	}
	config.Replicas = c.Replicas
	if _, err := c.JS.UpdateStream(ctx, config); err != nil {
		return fmt.Errorf("from %d to %d: %w", before, c.Replicas, err)
	}
	c.Log.Info("a stream gets more replicas", "stream", name, "before", before, "now", c.Replicas)
	return nil
}
