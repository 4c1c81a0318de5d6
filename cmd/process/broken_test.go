package process

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"
)

// openEngine opens an engine with settings.
func openEngine(t *testing.T, environ ...string) (*engine, Config) {
	t.Helper()
	c, err := Load(append([]string{"JETCMQ_NATS_ADDR=off", "JETCMQ_DATA_DIR=" + t.TempDir()}, environ...))
	if err != nil {
		t.Fatal(err)
	}
	e, err := open(t.Context(), c, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return e, c
}

// A stream that is gone stands for one that a full disk broke: both take no write
// until the process is started anew.
func TestAnEngineThatTakesNoWriteIsBroken(t *testing.T) {
	t.Parallel()
	e, c := openEngine(t, "JETCMQ_NATS_ADDR=127.0.0.1:0")
	js := streams(t, e.url)
	ended := make(chan error, 1)
	go func() {
		ended <- e.broken(t.Context(), c, patience{every: time.Millisecond, looks: 6}, slog.New(slog.DiscardHandler))
	}()
	select {
	case err := <-ended:
		t.Fatalf("a healthy engine is broken: %v", err)
	case <-time.After(200 * time.Millisecond):
	}
	if err := js.DeleteStream(t.Context(), "cmq-ledger"); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; !errors.Is(err, errBroken) {
		t.Errorf("got %v, want %v", err, errBroken)
	}
}

// While the disk is full a start anew would help nobody.
func TestAnEngineWaitsForRoom(t *testing.T) {
	t.Parallel()
	e, c := openEngine(t, "JETCMQ_NATS_ADDR=127.0.0.1:0")
	if err := streams(t, e.url).DeleteStream(t.Context(), "cmq-ledger"); err != nil {
		t.Fatal(err)
	}
	c.DiskReserve = 1 << 60
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if err := e.broken(ctx, c, patience{every: time.Millisecond, looks: 2}, slog.New(slog.DiscardHandler)); err != nil {
		t.Errorf("got %v, want it to wait", err)
	}
}

// After a full disk single streams may have failed, whatever the others do.
func TestAFullDiskIsRemembered(t *testing.T) {
	t.Parallel()
	const reserve = 48 << 20
	var f fullness
	for i, step := range []struct {
		free       int64
		roomy, was bool
	}{{100 << 20, true, false}, {20 << 20, false, false}, {100 << 20, true, false}, {0, false, true}, {20 << 20, false, true}, {100 << 20, true, true}} {
		if roomy := f.note(step.free, reserve); roomy != step.roomy || f.was != step.was {
			t.Errorf("step %d: got room %v, full before %v, want %v, %v", i, roomy, f.was, step.roomy, step.was)
		}
	}
}
