package topics

import (
	"math/rand/v2"
	"time"

	"github.com/jetcmq/jetcmq/mapping"
)

// wait is how long after a failed attempt the next one comes; false tells that
// there is none. The first attempt has number 1. The vendor's pages give both
// strategies: 3 retries after 10 to 20 s each (one page says 19 to 29), and 176
// retries after 1, 2, 4 ... 256 s and then 512 s, 86,015 s in all.
func wait(s mapping.Strategy, attempt int) (time.Duration, bool) {
	if s == mapping.BackoffRetry {
		return 10*time.Second + rand.N(10*time.Second), attempt <= backoffRetries
	}
	return time.Second << min(max(attempt-1, 0), 9), attempt <= decayRetries
}

const (
	backoffRetries = 3
	decayRetries   = 176
)
