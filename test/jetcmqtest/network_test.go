package jetcmqtest_test

import (
	"context"
	"io"
	"net/url"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/testcontainers/testcontainers-go"
	"github.com/testcontainers/testcontainers-go/network"
	"github.com/testcontainers/testcontainers-go/wait"

	"github.com/jetcmq/jetcmq/test/jetcmqtest"
)

// A NATS program in the same network of containers writes and reads the same
// queues: where NATS is in the server, and where it is in a container of its
// own.
func TestNATSProgramInTheSameNetwork(t *testing.T) {
	t.Parallel()
	img, native := needImage(t), buildNative(t)
	t.Run("embedded", func(t *testing.T) {
		t.Parallel()
		net := newNetwork(t)
		caller := jetcmqtest.Credentials{SecretID: "AKIDme", SecretKey: "my-secret"}
		s := jetcmqtest.Start(t, jetcmqtest.WithImage(img), jetcmqtest.WithCredentials(caller),
			jetcmqtest.WithContainer(network.WithNetwork([]string{"jetcmq"}, net)))
		meet(t, s, func() string { return runNative(t, img, native, net, "nats://AKIDme:my-secret@jetcmq:4222") })
	})
	t.Run("external", func(t *testing.T) {
		t.Parallel()
		net := newNetwork(t)
		here := runNATS(t, img, net)
		s := jetcmqtest.Start(t, jetcmqtest.WithImage(img), jetcmqtest.WithNATS("nats://nats:4222", here),
			jetcmqtest.WithContainer(network.WithNetwork([]string{"jetcmq"}, net)))
		meet(t, s, func() string { return runNative(t, img, native, net, "nats://nats:4222") })
		s.Restart()
		wantQueue(t, s, "orders", "inactive from CMQ")
		// Another server on the same NATS, in this process.
		other := jetcmqtest.Start(t, jetcmqtest.WithImage(""), jetcmqtest.WithNATS(here))
		other.Send("orders", "from another")
		wantQueue(t, s, "orders", "inactive from CMQ, active from another")
	})
}

// meet has a CMQ client and the NATS program use one queue.
func meet(t *testing.T, s *jetcmqtest.Server, native func() string) {
	t.Helper()
	s.CreateQueue("orders", "visibilityTimeout=600")
	s.Send("orders", "from CMQ")
	wantText(t, native(), "read from CMQ\n", "read from NATS\n")
	wantQueue(t, s, "orders", "active from CMQ, active from NATS") // reading natively consumes nothing
	s.Receive("orders")
	if m := s.Take("orders"); m.Body != "from NATS" || m.ID == "" {
		t.Errorf("got %v, want what NATS sent", m)
	}
}

func buildNative(t *testing.T) (program string) {
	t.Helper()
	program = filepath.Join(t.TempDir(), "native")
	c := exec.CommandContext(t.Context(), "go", "build", "-o", program, "./internal/native")
	c.Env = append(c.Environ(), "CGO_ENABLED=0", "GOOS=linux")
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return program
}

func newNetwork(t *testing.T) *testcontainers.DockerNetwork {
	t.Helper()
	net, err := network.New(t.Context())
	testcontainers.CleanupNetwork(t, net)
	if err != nil {
		t.Fatal(err)
	}
	return net
}

// runNative runs the program to its end and gives what it said. Any image does,
// because the program needs nothing.
func runNative(t *testing.T, img, program string, net *testcontainers.DockerNetwork, url string) string {
	t.Helper()
	c, err := testcontainers.Run(t.Context(), img,
		network.WithNetwork(nil, net),
		testcontainers.WithFiles(testcontainers.ContainerFile{HostFilePath: program, ContainerFilePath: "/native", FileMode: 0o755}),
		testcontainers.WithEntrypoint("/native", url, "orders", "from NATS"),
		testcontainers.WithWaitStrategy(wait.ForExit().WithExitTimeout(time.Minute)))
	testcontainers.CleanupContainer(t, c)
	if err != nil {
		t.Fatal(err)
	}
	logs, err := c.Logs(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer logs.Close()
	text, err := io.ReadAll(logs)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// runNATS runs a plain nats-server and tells where this process finds it.
func runNATS(t *testing.T, img string, net *testcontainers.DockerNetwork) (here string) {
	t.Helper()
	c, err := testcontainers.Run(t.Context(), img,
		network.WithNetwork([]string{"nats"}, net),
		testcontainers.WithExposedPorts("4222/tcp"),
		testcontainers.WithEntrypoint("/nats-server", "-a", "0.0.0.0", "-sd", "/data"),
		testcontainers.WithWaitStrategy(wait.ForLog("Server is ready")))
	testcontainers.CleanupContainer(t, c)
	if err != nil {
		t.Fatal(err)
	}
	here, err = c.PortEndpoint(t.Context(), "4222/tcp", "nats")
	if err != nil {
		t.Fatal(err)
	}
	return here
}

// TestRun is the module as testcontainers' guide has it.
func TestRun(t *testing.T) {
	t.Parallel()
	caller := jetcmqtest.Credentials{SecretID: "AKIDme", SecretKey: "my-secret"}
	c, err := jetcmqtest.Run(t.Context(), needImage(t), jetcmqtest.WithCredentials(caller),
		testcontainers.WithEnv(map[string]string{"JETCMQ_MAX_QUEUES": "1"}))
	testcontainers.CleanupContainer(t, c)
	if err != nil {
		t.Fatal(err)
	}
	client, err := c.Client(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.Call(t.Context(), "CreateQueue", "queueName=one"); err != nil {
		t.Fatal(err)
	}
	if _, err := client.Call(t.Context(), "CreateQueue", "queueName=two"); err == nil {
		t.Error("a customizer of testcontainers has no effect")
	}
	address, err := c.NATSURL(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if u, err := url.Parse(address); err != nil || u.User.String() != "AKIDme:my-secret" || u.Port() == "" {
		t.Errorf("got %s, %v", address, err)
	}
	if got := c.Credentials(); len(got) != 1 || got[0] != caller {
		t.Errorf("got %v", got)
	}
	if c, err := jetcmqtest.Run(context.Background(), "unused", jetcmqtest.WithPatience(-1)); err == nil || c != nil {
		t.Errorf("got %v and error %v for a bad option", c, err)
	}
}
