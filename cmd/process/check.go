package process

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/jetcmq/jetcmq/mapping/jet"
)

// check judges what a single field's type cannot. The first fault wins.
func (c *Config) check() error {
	return cmp.Or(
		oneOf("AUTH", c.Auth, "auto", "open", "off"),
		oneOf("DURABILITY", c.Durability, "memory", "process", "power"),
		oneOf("PUBLISH_UNROUTED", c.PublishUnrouted, "refuse", "accept"),
		oneOf("LOG_FORMAT", c.LogFormat, "text", "json"),
		between("REPLICAS", c.Replicas, 1, 5),
		between("MAX_CALLS", c.MaxCalls, 1, 1_000_000),
		between("MAX_QUEUES", c.MaxQueues, 1, 1_000_000),
		between("MAX_TOPICS", c.MaxTopics, 1, 1_000_000),
		between("MAX_SUBSCRIPTIONS", c.MaxSubscriptions, 1, 100_000),
		between("PUSH_CONCURRENCY", c.PushConcurrency, 1, 256),
		between("APP_ID", c.AppID, 1, 1<<53),
		between("TIME_SCALE", c.TimeScale, 1e-6, 10),
		between("MAX_BODY", c.MaxBody, 1<<10, 64<<20),
		between("CLOCK_SKEW", c.ClockSkew, 0, 24*time.Hour),
		between("POLL_MARGIN", c.PollMargin, 0, time.Second),
		between("CALL_TIMEOUT", c.CallTimeout, 100*time.Millisecond, time.Minute),
		between("STOP_TIMEOUT", c.StopTimeout, time.Millisecond, time.Hour),
		together("TLS_CERT", c.TLSCert, "TLS_KEY", c.TLSKey),
		together("NATS_CERT", c.NATSCert, "NATS_KEY", c.NATSKey),
		together("NATS_USER", c.NATSUser, "NATS_PASSWORD", c.NATSPassword),
		c.checkAddrs(),
		c.checkEngine(),
		c.checkAuth(),
	)
}

func oneOf(name, value string, choice ...string) error {
	if slices.Contains(choice, value) {
		return nil
	}
	return fmt.Errorf("%s%s=%s is not one of %s", prefix, name, value, strings.Join(choice, ", "))
}

func between[T cmp.Ordered](name string, value, low, high T) error {
	if low <= value && value <= high {
		return nil
	}
	return fmt.Errorf("%s%s=%v is not within %v to %v", prefix, name, value, low, high)
}

func together(name, value, otherName, other string) error {
	if (value == "") == (other == "") {
		return nil
	}
	return fmt.Errorf("%s%s and %s%s need each other: set both or none", prefix, name, prefix, otherName)
}

// checkAuth keeps a service without credentials off the network, unless that is said.
func (c *Config) checkAuth() error {
	if len(c.credentials) > 0 {
		if c.Auth == "off" {
			return errors.New("JETCMQ_AUTH=off serves anybody, so it cannot go with JETCMQ_CREDENTIALS or JETCMQ_CREDENTIALS_FILE: set one or the other")
		}
		return nil
	}
	if c.Auth != "auto" {
		return nil
	}
	native := c.NATSAddr
	if c.NATSURL != "" {
		native = "off"
	}
	var open error
	for _, addr := range c.addrs() {
		open = cmp.Or(open, closed("ADDR", addr))
	}
	return cmp.Or(open, closed("NATS_ADDR", native))
}

// addrs are the addresses of JETCMQ_ADDR. There is one at least.
func (c *Config) addrs() []string {
	all := strings.Split(c.Addr, ",")
	for i, addr := range all {
		all[i] = strings.TrimSpace(addr)
	}
	return all
}

// checkAddrs finds what the system would take for any free port on all
// addresses.
func (c *Config) checkAddrs() error {
	if slices.Contains(c.addrs(), "") {
		return fmt.Errorf("JETCMQ_ADDR=%s has an empty address", c.Addr)
	}
	return nil
}

func closed(name, addr string) error {
	if loopback(addr) {
		return nil
	}
	return fmt.Errorf("%s%s=%s lets other machines call, but nobody has credentials: set JETCMQ_CREDENTIALS, or JETCMQ_AUTH=open to serve anybody", prefix, name, addr)
}

// private tells whether only this machine's users call: not if a proxy on this
// machine brings others.
func (c *Config) private() bool {
	for _, addr := range c.addrs() {
		if !loopback(addr) {
			return false
		}
	}
	return !c.TrustForwardedHost && len(c.SignedHosts) == 0
}

// loopback tells whether only this machine can reach addr. An address that
// cannot be read is left to the one who listens on it.
func loopback(addr string) bool {
	host, _, err := net.SplitHostPort(addr)
	ip := net.ParseIP(host)
	return err != nil || host == "localhost" || ip != nil && ip.IsLoopback()
}

// checkEngine finds settings that only one of the two engines has.
func (c *Config) checkEngine() error {
	if c.NATSURL != "" {
		return c.checkExternal()
	}
	for _, s := range [][2]string{
		{"NATS_CREDS", c.NATSCreds}, {"NATS_USER", c.NATSUser}, {"NATS_TOKEN", c.NATSToken},
		{"NATS_NKEY", c.NATSNKey}, {"NATS_CA", c.NATSCA}, {"NATS_CERT", c.NATSCert},
	} {
		if s[1] != "" {
			return fmt.Errorf("%s%s is for an external NATS server: set JETCMQ_NATS_URL too", prefix, s[0])
		}
	}
	if c.Replicas > 1 {
		return fmt.Errorf("JETCMQ_REPLICAS=%d needs a NATS cluster: set JETCMQ_NATS_URL", c.Replicas)
	}
	return nil
}

// checkExternal reads the addresses before the library does, whose errors
// repeat passwords in them. It sees to it that each account has its own way
// into NATS: two on one connection would see each other's queues.
func (c *Config) checkExternal() error {
	for i, address := range strings.Split(jet.Config{URL: c.NATSURL}.Address(), ",") {
		if u, err := url.Parse(address); err != nil || u.Hostname() == "" {
			return fmt.Errorf("JETCMQ_NATS_URL: address %d is not like nats://host:4222", i+1)
		}
	}
	names := c.accounts()
	if len(names) == 1 {
		return nil
	}
	for _, name := range names {
		if c.credsFile(name) == "" {
			return fmt.Errorf("JETCMQ_NATS_CREDS has no file for account %s: with several accounts each needs %s=file", name, name)
		}
	}
	return nil
}

// credsFile is the NATS credentials file of an account, or "". A file without
// an account is for the only one.
func (c *Config) credsFile(account string) string {
	for entry := range strings.SplitSeq(c.NATSCreds, ",") {
		name, file, named := strings.Cut(strings.TrimSpace(entry), "=")
		switch {
		case named && name == account:
			return file
		case !named && len(c.accounts()) == 1:
			return name
		}
	}
	return ""
}
