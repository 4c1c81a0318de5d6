package jet

import (
	"context"
	"fmt"
)

// Replicate gives a stream at least as many replicas as the settings want. Its
// consumers follow.
func (c *Conn) Replicate(ctx context.Context, stream string) error {
	ctx, cancel := c.Within(ctx)
	defer cancel()
	s, err := c.JS.Stream(ctx, stream)
	if err != nil {
		return err
	}
	config := s.CachedInfo().Config
	if config.Replicas >= c.Replicas {
		return nil
	}
	before := config.Replicas
	config.Replicas = c.Replicas
	if _, err := c.JS.UpdateStream(ctx, config); err != nil {
		return fmt.Errorf("from %d to %d: %w", before, c.Replicas, err)
	}
	c.Log.Info("a stream gets more replicas", "stream", stream, "before", before, "now", c.Replicas)
	return nil
}
