// Package docker prepares our own tests for containers of our own image.
package docker

import (
	"net"
	"os"
)

// Prepare settles for testcontainers what it would find out wrongly here,
// unless the environment says it. Call it before tests run.
func Prepare() {
	// Its reaper is an image that would have to be pulled. Every test removes
	// its containers itself.
	preset("TESTCONTAINERS_RYUK_DISABLED", "true")
	// In a container it looks for Docker outside, but CI starts Docker inside.
	if _, err := net.InterfaceByName("docker0"); err == nil {
		preset("TESTCONTAINERS_HOST_OVERRIDE", "127.0.0.1")
	}
}

func preset(name, value string) {
	if _, set := os.LookupEnv(name); !set {
		_ = os.Setenv(name, value) // fails for bad names only
	}
}
