// Package push hands messages to the HTTP endpoints of subscribers. What goes
// over the wire are the bytes of CMQ's notification agent; what may be reached
// is decided by a guard, since whoever may subscribe chooses the address.
package push

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"syscall"
	"time"

	"github.com/jetcmq/jetcmq/mapping"
)

const (
	defaultTimeout = 15 * time.Second // CMQ's
	defaultConns   = 1024             // connections to one host
	maxIdle        = 64               // of them, waiting for the next push
	maxIdleTotal   = 1024             // waiting, to all hosts
	idleTime       = 90 * time.Second
	maxHeader      = 64 << 10               // of an answer, its 1xx forerunners included
	maxDrain       = 64 << 10               // read of an answer's body, so that its connection can be used again
	drainTime      = 100 * time.Millisecond // spent on it
)

// Config tells how to push. Its zero value pushes to public addresses.
type Config struct {
	// Allow opens what is refused by default; empty entries do not count.
	//
	// 10.1.0.0/16, 10.1.2.3 or fd00::/8 open these addresses. Those that are
	// neither private nor loopback (link-local, metadata services, multicast and so
	// on) open only to an entry within their own range: 0.0.0.0/0 opens 10.1.2.3,
	// but 169.254.169.254 takes itself or 169.254.0.0/16. An IPv6 address that
	// carries an IPv4 address (mapped, NAT64, 6to4) is judged as that one.
	//
	// host.example opens every private or loopback address which that name has, and
	// no others; *.example does so for all names below example.
	Allow []string
	// Loopback allows loopback addresses: for an adapter that only this machine
	// can reach.
	Loopback bool
	// Timeout bounds an attempt from looking up the name to the answer's header;
	// 0 is 15 s.
	Timeout time.Duration
	// ConnsPerHost bounds the connections to one scheme, host and port; 0 is 1024.
	// An attempt that finds all of them busy waits, and its time runs.
	ConnsPerHost int
	// RootCAs may sign certificates of https endpoints; nil are the system's.
	RootCAs *x509.CertPool
	// Resolver looks names up; nil is the system's.
	Resolver *net.Resolver
}

// Pusher delivers to any number of endpoints at once and keeps connections to
// them. Its methods may be called concurrently.
type Pusher struct {
	guard     guard
	transport *http.Transport
	timeout   time.Duration
}

// New makes a Pusher. The only error is a bad entry in Allow, which it names.
func New(c Config) (*Pusher, error) {
	allow, err := parseAllow(c.Allow)
	if err != nil {
		return nil, err
	}
	p := &Pusher{guard: guard{allow, c.Loopback}, timeout: c.Timeout}
	if p.timeout <= 0 {
		p.timeout = defaultTimeout
	}
	p.transport = p.newTransport(c)
	return p, nil
}

// newTransport leaves out what net/http adds by itself: proxies from the
// environment, HTTP/2, Accept-Encoding.
func (p *Pusher) newTransport(c Config) *http.Transport {
	conns := c.ConnsPerHost
	if conns <= 0 {
		conns = defaultConns
	}
	var http1 http.Protocols
	http1.SetHTTP1(true)
	return &http.Transport{
		DialContext:            p.dialer(c.Resolver),
		TLSClientConfig:        &tls.Config{RootCAs: c.RootCAs, MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:    p.timeout,
		Protocols:              &http1,
		DisableCompression:     true,
		MaxConnsPerHost:        conns,
		MaxIdleConnsPerHost:    min(conns, maxIdle),
		MaxIdleConns:           maxIdleTotal,
		IdleConnTimeout:        idleTime,
		MaxResponseHeaderBytes: maxHeader,
	}
}

// dialer makes the function that connects. Its own timeout is for dials that
// nobody waits for any more: net/http keeps the connection for the next push.
func (p *Pusher) dialer(r *net.Resolver) func(ctx context.Context, network, address string) (net.Conn, error) {
	d := net.Dialer{Timeout: p.timeout, Resolver: r, ControlContext: p.guard.control}
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		host, _, err := net.SplitHostPort(address)
		if err != nil {
			return nil, errNotURL
		}
		if err := checkHost(host); err != nil {
			return nil, err
		}
		return d.DialContext(context.WithValue(ctx, hostKey{}, host), network, address)
	}
}

// Check tells whether an endpoint has a form and, where it is an address, a
// target that Deliver would try. A name may resolve to anything at any time, so
// only Deliver looks it up.
func (p *Pusher) Check(endpoint string) error {
	u, err := parseEndpoint(endpoint)
	if err != nil {
		return err
	}
	if ip, err := netip.ParseAddr(u.Hostname()); err == nil {
		return p.guard.judge("", ip)
	}
	return nil
}

// Deliver makes one attempt. The endpoint took the message if it answers any
// 2xx in time: redirects are failures, and the answer's body does not matter.
// Errors are short, for the log, and tell neither message nor answer.
func (p *Pusher) Deliver(ctx context.Context, m mapping.Push) error {
	attempt, cancel := context.WithTimeout(ctx, p.timeout)
	defer cancel()
	request, err := newRequest(attempt, m)
	if err != nil {
		return err
	}
	// Not by http.Client, which would follow redirects.
	answer, err := p.transport.RoundTrip(request)
	if err != nil {
		return p.explain(ctx, err)
	}
	finish(answer, cancel)
	if answer.StatusCode/100 != 2 {
		return failure(fmt.Sprintf("endpoint answered %d", answer.StatusCode))
	}
	return nil
}

// finish reads an answer's body if that is soon done, which keeps the connection
// for the next push, and else closes the connection.
func finish(answer *http.Response, cancel context.CancelFunc) {
	defer answer.Body.Close()
	if answer.ContentLength == 0 || answer.StatusCode == http.StatusSwitchingProtocols {
		return
	}
	defer time.AfterFunc(drainTime, cancel).Stop()
	_, _ = io.CopyN(io.Discard, answer.Body, maxDrain) // the status has decided
}

// Close ends the connections that wait for a push. Call it when all deliveries
// have returned.
func (p *Pusher) Close() { p.transport.CloseIdleConnections() }

// failure is an error that is told as it stands, wherever it was wrapped.
type failure string

func (f failure) Error() string { return string(f) }

// explain says in a few words why there was no answer. It repeats nothing that
// the endpoint sent, as errors of net/http do.
func (p *Pusher) explain(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if f, ok := errors.AsType[failure](err); ok {
		return f
	}
	if lookup, ok := errors.AsType[*net.DNSError](err); ok {
		if lookup.IsNotFound {
			return failure(fmt.Sprintf("host %s is unknown", lookup.Name))
		}
		return failure(fmt.Sprintf("host %s cannot be looked up", lookup.Name))
	}
	if late, ok := errors.AsType[net.Error](err); ok && late.Timeout() {
		return failure(fmt.Sprintf("not within %v", p.timeout))
	}
	if system, ok := errors.AsType[syscall.Errno](err); ok {
		return system // as in "connection refused"
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) {
		return failure("connection closed without an answer")
	}
	return explainTLS(err)
}

func explainTLS(err error) error {
	if _, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		return failure("certificate is signed by an unknown authority")
	}
	if _, ok := errors.AsType[x509.HostnameError](err); ok {
		return failure("certificate is for another host")
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return failure("certificate is not valid")
	}
	if _, ok := errors.AsType[tls.RecordHeaderError](err); ok {
		return failure("endpoint does not speak TLS")
	}
	if alert, ok := errors.AsType[tls.AlertError](err); ok {
		return alert
	}
	return failure("no valid HTTP answer")
}
