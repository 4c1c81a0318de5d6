package process

import (
	"context"

	"github.com/jetcmq/jetcmq/mapping/embedded"
)

// RunNATS runs a plain nats-server until ctx ends. args are its own options.
func RunNATS(ctx context.Context, args []string) error { return embedded.Plain(ctx, args) }
