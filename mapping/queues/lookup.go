package queues

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/jetcmq/jetcmq/mapping"
)

// DescribeQueues describes the queues that l asks for, in its order: total of
// them, and the page of at most limit from offset on.
func (b *Broker) DescribeQueues(ctx context.Context, l mapping.Lookup, offset, limit int) (total int, page []mapping.QueueDescription, err error) {
	all, err := b.allQueues(ctx)
	if err != nil {
		return 0, nil, err
	}
	var found []string
	for _, s := range all {
		if l.Wants(s.name, s.attributes.Tags) {
			found = append(found, s.name)
		}
	}
	slices.SortFunc(found, l.Order)
	total = len(found)
	found = found[min(max(offset, 0), total):]
	for _, name := range found[:min(max(limit, 0), len(found))] {
		d, err := b.describe(ctx, mapping.QueueName(name))
		if errors.Is(err, mapping.ErrNoQueue) {
			continue // deleted meanwhile
		}
		if err != nil {
			return 0, nil, err
		}
		d.Sources = sources(all, mapping.QueueName(name).Key())
		page = append(page, d)
	}
	return total, page, nil
}

// sources lists by name the queues whose dead letters go to the queue of that key.
func sources(all map[string]settings, key string) (refs []mapping.QueueRef) {
	for _, s := range all {
		if s.buriesIn(key) {
			refs = append(refs, s.ref())
		}
	}
	slices.SortFunc(refs, func(a, b mapping.QueueRef) int { return strings.Compare(a.Name, b.Name) })
	return refs
}
