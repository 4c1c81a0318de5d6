package balance

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"
)

const (
	checkEvery = time.Second
	// A server whose JetStream is away takes 2.5 s to say so, and is not silent.
	checkTime = 3 * time.Second
	// So many checks without any answer make its connections worth nothing.
	silentChecks = 2
)

// server is one that clients may be connected to.
type server struct {
	address string
	log     *slog.Logger
	ready   atomic.Bool
	pairs   atomic.Int64
}

func (s *server) rank() int {
	if s.ready.Load() {
		return 0
	}
	return 1
}

// watch asks every second whether the server is ready, and calls silent when it
// has not answered at all for a while.
func (s *server) watch(ctx context.Context, silent func()) {
	client := &http.Client{Timeout: checkTime, Transport: &http.Transport{DisableKeepAlives: true}}
	tick := time.NewTicker(checkEvery)
	defer tick.Stop()
	for misses := 0; ctx.Err() == nil; {
		answered, err := s.check(ctx, client)
		s.tell(err)
		if misses++; answered {
			misses = 0
		} else if misses >= silentChecks { // and again for those who came since
			silent()
		}
		select {
		case <-ctx.Done():
		case <-tick.C:
		}
	}
}

// check tells whether the server answers, and why it is not ready.
func (s *server) check(ctx context.Context, client *http.Client) (answered bool, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+s.address+"/readyz", nil)
	if err != nil {
		return false, err
	}
	answer, err := client.Do(request)
	if err != nil {
		return false, err
	}
	answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		err = fmt.Errorf("/readyz answers %s", answer.Status)
	}
	return true, err
}

// tell notes whether the server is ready, that is without err.
func (s *server) tell(err error) {
	if was := s.ready.Swap(err == nil); was == (err == nil) {
		return
	}
	if err != nil {
		s.log.Warn("not ready", "error", err)
	} else {
		s.log.Info("ready")
	}
}
