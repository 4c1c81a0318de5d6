package compose

import (
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// image is the one that is tested.
func image(t *testing.T) string {
	t.Helper()
	name := os.Getenv("JETCMQ_TEST_IMAGE")
	if name == "" {
		t.Skip("JETCMQ_TEST_IMAGE names no image: make image, then JETCMQ_TEST_IMAGE=jetcmq:latest")
	}
	return name
}

// docker runs the program of that name, whose failure may be wanted.
func docker(t *testing.T, args ...string) (string, error) {
	t.Helper()
	text, err := exec.CommandContext(t.Context(), "docker", args...).CombinedOutput()
	return strings.TrimSpace(string(text)), err
}

func TestImageIsSmallAndOfNobody(t *testing.T) {
	t.Parallel()
	text, err := docker(t, "image", "inspect", "--format", "{{.Size}} {{.Config.User}} {{len .Config.Healthcheck.Test}}", image(t))
	if err != nil {
		t.Fatal(err, text)
	}
	words := strings.Fields(text)
	if size, err := strconv.Atoi(words[0]); err != nil || size > 40_000_000 {
		t.Errorf("it has %s bytes, want 40 MB at most", words[0])
	}
	if words[1] != "65532:65532" || words[2] == "0" {
		t.Errorf("got user %s and a health check of %s words, want 65532:65532 and one", words[1], words[2])
	}
}

// Whoever starts it without a word is told what it wants, not served to everybody.
func TestImageAloneWantsCredentials(t *testing.T) {
	t.Parallel()
	text, err := docker(t, "run", "--rm", image(t))
	if err == nil || !strings.Contains(text, "set JETCMQ_CREDENTIALS, or JETCMQ_AUTH=open") {
		t.Errorf("got %v and %s", err, text)
	}
}

// A file system that cannot be written is enough, besides /data; and the
// binary brings its time zones.
func TestImageWritesOnlyData(t *testing.T) {
	t.Parallel()
	id, err := docker(t, "run", "--rm", "-d", "--read-only", "-v", "/data", "-e", "TZ=Asia/Shanghai", "-e", "JETCMQ_AUTH=off", image(t))
	if err != nil {
		t.Fatal(err, id)
	}
	eventually(t, "it is ready", func() error {
		_, err := docker(t, "exec", id, "/jetcmq", "health", "--ready")
		return err
	})
	log, _ := docker(t, "logs", id)
	if !regexp.MustCompile(`time=\S+\+08:00 .*msg=ready`).MatchString(log) {
		t.Errorf("got %s, want ready and the time of Shanghai", log)
	}
	if text, err := docker(t, "stop", id); err != nil {
		t.Error(err, text)
	}
}

func TestImageIsANATSServer(t *testing.T) {
	t.Parallel()
	text, err := docker(t, "run", "--rm", "--entrypoint", "/nats-server", image(t), "--help")
	if err != nil || !strings.Contains(text, "--cluster_name") {
		t.Errorf("got %v and %s, want nats-server's options", err, text)
	}
}
