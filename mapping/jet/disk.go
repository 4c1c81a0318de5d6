package jet

import (
	"sync"
	"sync/atomic"
	"time"
)

// diskGuard refuses to store while the disk below JetStream is nearly full. A
// disk that is truly full makes streams fail until a restart and has lost
// acknowledged messages; everything else goes on meanwhile, so
// the guard opens again by itself.
type diskGuard struct {
	free    func() (int64, error) // nil: not guarded
	reserve int64

	mu      sync.Mutex
	looked  atomic.Int64 // Unix ms
	allowed atomic.Int64 // bytes that may be sent before looking again
}

const (
	diskLook = 100 * time.Millisecond
	// messageCost is what a small message takes on disk beyond its body.
	messageCost = 512
)

// take allows size bytes to be stored, or refuses.
func (d *diskGuard) take(size int) bool {
	if d.free == nil {
		return true
	}
	if d.stale() {
		d.look()
	}
	return d.allowed.Add(-int64(size+messageCost)) >= 0
}

func (d *diskGuard) stale() bool {
	return time.Now().UnixMilli()-d.looked.Load() >= diskLook.Milliseconds()
}

func (d *diskGuard) look() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.stale() {
		return
	}
	// Half of what is free above the reserve: JetStream writes state and
	// copies of batches beside the messages.
	if free, err := d.free(); err == nil {
		d.allowed.Store((free - d.reserve) / 2)
	}
	d.looked.Store(time.Now().UnixMilli())
}
