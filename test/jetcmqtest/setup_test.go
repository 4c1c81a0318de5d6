package jetcmqtest_test

import (
	"flag"
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/jetcmq/jetcmq/test/internal/docker"
	"github.com/jetcmq/jetcmq/test/jetcmqtest"
)

// image is what the tests also run against, besides servers in this process.
var image = flag.String("image", os.Getenv(jetcmqtest.ImageVariable), "an image of jetcmq to test")

func TestMain(m *testing.M) {
	_ = flag.Set("test.parallel", "8") // they wait more than they work
	docker.Prepare()
	os.Exit(m.Run())
}

// both runs a test with a server in this process and with one of the image.
func both(t *testing.T, test func(t *testing.T, s *jetcmqtest.Server), opts ...jetcmqtest.Option) {
	t.Helper()
	t.Parallel()
	start := func(t *testing.T, img string) *jetcmqtest.Server {
		all := []jetcmqtest.Option{jetcmqtest.WithTimeScale(0.001), jetcmqtest.WithImage(img)}
		return jetcmqtest.Start(t, append(all, opts...)...)
	}
	t.Run("process", func(t *testing.T) {
		t.Parallel()
		test(t, start(t, ""))
	})
	t.Run("image", func(t *testing.T) {
		t.Parallel()
		test(t, start(t, needImage(t)))
	})
}

func needImage(t *testing.T) string {
	t.Helper()
	if *image == "" {
		t.Skip("no image is named: go test -image NAME, or " + jetcmqtest.ImageVariable)
	}
	return *image
}

// failing is a test that fails in place of the real one.
type failing struct {
	testing.TB
	said *string
}

func (f failing) Fatal(args ...any) {
	*f.said = strings.TrimSpace(fmt.Sprintln(args...))
	runtime.Goexit()
}

func (f failing) Fatalf(format string, args ...any) { f.Fatal(fmt.Sprintf(format, args...)) }

// failure is how a test fails that does something with a server; "" if it does
// not.
func failure(t *testing.T, s *jetcmqtest.Server, do func(*jetcmqtest.Server)) (said string) {
	t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		do(s.For(failing{t, &said}))
	}()
	<-done
	return said
}

func wantText(t *testing.T, got string, want ...string) {
	t.Helper()
	for _, w := range want {
		if !strings.Contains(got, w) {
			t.Errorf("got %q, want %q in it", got, w)
		}
	}
}

func bodies(all []jetcmqtest.Message) string {
	var list []string
	for _, m := range all {
		list = append(list, string(m.State)+" "+m.Body)
	}
	return strings.Join(list, ", ")
}

func wantQueue(t *testing.T, s *jetcmqtest.Server, queue, want string) {
	t.Helper()
	if got := bodies(s.Inspect(queue)); got != want {
		t.Errorf("queue %s: got %q, want %q", queue, got, want)
	}
}

// quick is for helpers that shall fail.
var quick = jetcmqtest.WithPatience(300 * time.Millisecond)
