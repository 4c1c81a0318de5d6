package test

import (
	"context"
	"net"
	"os"
	"os/exec"
	"regexp"
	"testing"
	"time"
)

// Programs on npm's cmq-sdk 2.1.0 and tencentcloud-sdk-nodejs 4.1.313,
// unchanged, get from this service what they get from CMQ.
func TestNodeSDK(t *testing.T) {
	dir := installNodeSDK(t)
	t.Parallel() // not before: an installation disturbs tests that measure time
	both(t, func(t *testing.T, img string) {
		for _, program := range []string{"queue.mjs", "topic.mjs", "tdmq.mjs"} {
			t.Run(program, func(t *testing.T) {
				t.Parallel()
				w := start(t, img)
				_, port, err := net.SplitHostPort(w.host)
				if err != nil {
					t.Fatal(err)
				}
				listen, reach := w.meeting(t)
				if out, err := command(t, dir, "node", program, port, "AKIDfirst", secrets["AKIDfirst"], listen, reach); err != nil {
					t.Fatalf("%v\n%s", err, out)
				}
			})
		}
	})
}

// unreachable are the words with which npm and its proxies say that there is
// no way to a registry. All else, such as a package that is not what the lock
// file says, is a failure.
var unreachable = regexp.MustCompile(`\b(EAI_AGAIN|ENOTFOUND|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ERR_SOCKET_TIMEOUT|EHOSTUNREACH|ENETUNREACH|EIDLETIMEOUT|ENOTCACHED)\b`)

// installNodeSDK copies sdk/node and installs the packages its lock file names.
func installNodeSDK(t *testing.T) (dir string) {
	t.Helper()
	for _, program := range []string{"node", "npm"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skip(err)
		}
	}
	dir = t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("sdk/node")); err != nil {
		t.Fatal(err)
	}
	out, err := command(t, dir, "npm", "ci", "--ignore-scripts", "--prefer-offline", "--fetch-retries=1", "--fetch-retry-mintimeout=1000", "--fetch-timeout=20000")
	if err != nil && unreachable.MatchString(out) && os.Getenv("CI") != "true" {
		t.Skipf("npm cannot reach its registry: %v\n%s", err, out)
	}
	if err != nil {
		t.Fatalf("npm ci: %v\n%s", err, out)
	}
	return dir
}

// command runs a program in dir, for two minutes at most, and tells all it said.
func command(t *testing.T, dir, name string, args ...string) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	c := exec.CommandContext(ctx, name, args...)
	c.Dir = dir
	c.WaitDelay = time.Second // children of a killed one may hold its output
	out, err := c.CombinedOutput()
	return string(out), err
}
