package process

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"
)

// CheckHealth asks the server that runs with these settings whether it is
// alive or, more, ready. It is for containers, whose image has no other
// program. A nats-server's monitoring port has one answer for both.
func CheckHealth(ctx context.Context, c Config, ready bool) error {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	url, err := c.probe(ready)
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	// It is ourselves, by an address that no certificate names.
	client := http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
	answer, err := client.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if ready && answer.StatusCode == http.StatusNotFound {
		return CheckHealth(ctx, c, false)
	}
	if answer.StatusCode != http.StatusOK {
		why, _ := io.ReadAll(io.LimitReader(answer.Body, 4096))
		return fmt.Errorf("%s answers %s: %s", url, answer.Status, bytes.TrimSpace(why))
	}
	return nil
}

// probe is the address of the health answer, seen from this machine.
func (c *Config) probe(ready bool) (string, error) {
	host, port, err := net.SplitHostPort(c.addrs()[0])
	if err != nil {
		return "", fmt.Errorf("JETCMQ_ADDR=%s: %w", c.Addr, err)
	}
	if ip := net.ParseIP(host); host == "" || ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	scheme := "http"
	if c.TLSCert != "" {
		scheme = "https"
	}
	path := "/healthz"
	if ready {
		path = "/readyz"
	}
	return scheme + "://" + net.JoinHostPort(host, port) + path, nil
}
