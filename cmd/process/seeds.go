package process

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/jetcmq/jetcmq/adapter/seeds"
	"github.com/jetcmq/jetcmq/mapping/jet"
)

// WithSeeds gives the settings with the text of a seeds file in place of
// JETCMQ_SEEDS.
func (c Config) WithSeeds(text []byte) Config {
	c.seeds = text
	return c
}

// CheckSeeds judges a seeds file as far as it goes without a server and without
// settings.
func CheckSeeds(name string) error {
	_, err := readSeeds(name)
	return err
}

func readSeeds(name string) (*seeds.File, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("seeds: %w", err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, seeds.MaxFile+1))
	if err != nil {
		return nil, fmt.Errorf("seeds: %w", err)
	}
	return seeds.Parse(name, text)
}

// readSeeds is nil if there are none.
func (c *Config) readSeeds() (file *seeds.File, err error) {
	switch {
	case c.seeds != nil:
		file, err = seeds.Parse("seeds", c.seeds)
	case c.Seeds != "":
		file, err = readSeeds(c.Seeds)
	}
	if err != nil || file == nil {
		return nil, err
	}
	return file, file.CheckAccounts(c.accounts())
}

// seedPatience is for how long seeds are tried where JetStream does not work yet,
// as in a cluster that has just started.
const seedPatience = 30 * time.Second

// seed brings the accounts in line with the file. Calls wait until that is done,
// so that nobody is told that a seeded queue does not exist.
func (e *engine) seed(ctx context.Context, c Config, file *seeds.File, log *slog.Logger) error {
	if file == nil {
		return nil
	}
	rules := seeds.Rules{MaxQueues: c.MaxQueues, MaxTopics: c.MaxTopics, MaxSubscriptions: c.MaxSubscriptions, CheckEndpoint: e.pusher.Check}
	for end := time.Now().Add(seedPatience); ; {
		result, err := file.Apply(ctx, e.accounts, rules)
		var faults seeds.Faults
		switch {
		case err == nil:
			log.Info("seeds are applied", "created", result.Created, "changed", result.Changed, "unchanged", result.Unchanged)
			return nil
		case errors.As(err, &faults), time.Now().After(end), ctx.Err() != nil:
			return err
		}
		log.Warn("seeds cannot be applied yet", "error", err)
		if err := jet.Pause(ctx, time.Second); err != nil {
			return err
		}
	}
}
