package push_test

import (
	"context"
	"encoding/binary"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jetcmq/jetcmq/adapter/push"
)

// names is a DNS server. A name's function is asked with the number of the
// question, from 1, and says which addresses the name has now.
func names(t *testing.T, zone map[string]func(question int64) string) *net.Resolver {
	t.Helper()
	server, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		asked := map[string]int64{}
		for b := make([]byte, 512); ; {
			n, from, err := server.ReadFrom(b)
			if err != nil {
				return
			}
			_, _ = server.WriteTo(answerName(b[:n], zone, asked), from)
		}
	}()
	t.Cleanup(func() {
		_ = server.Close()
		<-done
	})
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "udp", server.LocalAddr().String())
	}}
}

// answerName answers one question as RFC 1035 has it: 12 bytes of header, the
// name, two bytes of type and two of class.
func answerName(q []byte, zone map[string]func(int64) string, asked map[string]int64) []byte {
	end := 12
	var labels []string
	for q[end] != 0 {
		labels = append(labels, string(q[end+1:end+1+int(q[end])]))
		end += 1 + int(q[end])
	}
	name := strings.ToLower(strings.Join(labels, "."))
	kind := binary.BigEndian.Uint16(q[end+1:])
	answer := append([]byte{q[0], q[1], 0x81, 0x80, 0, 1, 0, 0, 0, 0, 0, 0}, q[12:end+5]...)
	addresses, ok := zone[name]
	if !ok {
		answer[3] |= 3 // no such name
		return answer
	}
	if kind == 1 { // A
		asked[name]++
	}
	for a := range strings.FieldsSeq(addresses(asked[name])) {
		ip := netip.MustParseAddr(a)
		if want := map[uint16]bool{1: ip.Is4(), 28: ip.Is6()}; !want[kind] {
			continue
		}
		answer[7]++
		answer = append(answer, 0xc0, 12, 0, byte(kind), 0, 1, 0, 0, 0, 0, 0, byte(len(ip.AsSlice())))
		answer = append(answer, ip.AsSlice()...)
	}
	return answer
}

func always(addresses string) func(int64) string { return func(int64) string { return addresses } }

// listen counts the connections to an address of this machine; the port is
// that of the first listener, where there is one.
func listen(t *testing.T, address string) (port string, hits *atomic.Int64) {
	t.Helper()
	l, err := net.Listen("tcp", address)
	if err != nil {
		t.Skip("this machine has no such address: ", err)
	}
	hits = new(atomic.Int64)
	s := &http.Server{
		Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Connection", "close") }),
		ConnState: func(_ net.Conn, s http.ConnState) {
			if s == http.StateNew {
				hits.Add(1)
			}
		},
		ReadHeaderTimeout: patience,
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = s.Serve(l)
	}()
	t.Cleanup(func() {
		_ = s.Close()
		<-done
	})
	_, port, _ = net.SplitHostPort(l.Addr().String())
	return port, hits
}

// TestRebinding has a name that has a good address first and a bad one then.
func TestRebinding(t *testing.T) {
	t.Parallel()
	port, good := listen(t, "127.0.0.2:0")
	_, bad := listen(t, "127.0.0.1:"+port)
	p := newPusher(t, push.Config{Allow: []string{"127.0.0.2"}, Resolver: names(t, map[string]func(int64) string{
		"rebind.example": func(question int64) string { return []string{"127.0.0.1", "127.0.0.2"}[question%2] },
	})})
	const refused = "address 127.0.0.1 is loopback: allow it with JETCMQ_PUSH_ALLOW"
	for range 3 {
		want(t, p, "http://rebind.example:"+port, "")
		want(t, p, "http://rebind.example:"+port, refused)
	}
	if good.Load() != 3 || bad.Load() != 0 {
		t.Errorf("got %d and %d connections, want 3 and 0", good.Load(), bad.Load())
	}
}

// TestSomeForbidden has a name with several addresses. Only good ones are dialled.
func TestSomeForbidden(t *testing.T) {
	t.Parallel()
	port, good := listen(t, "127.0.0.2:0")
	_, bad := listen(t, "127.0.0.1:"+port)
	p := newPusher(t, push.Config{Allow: []string{"127.0.0.2"}, Resolver: names(t, map[string]func(int64) string{
		"first.example":  always("127.0.0.1 127.0.0.2"),
		"last.example":   always("127.0.0.2 127.0.0.1"),
		"mixed.example":  always("::1 fe80::1 ::ffff:127.0.0.1 127.0.0.1 10.0.0.1 169.254.169.254 127.0.0.2"),
		"nobody.example": always("::1 127.0.0.1"),
	})})
	for _, host := range []string{"first.example", "last.example", "mixed.example"} {
		want(t, p, "http://"+host+":"+port, "")
	}
	if err := p.Deliver(t.Context(), message("http://nobody.example:"+port)); err == nil || !strings.Contains(err.Error(), "is loopback") {
		t.Errorf("got %v, want a loopback address refused", err)
	}
	if good.Load() != 3 || bad.Load() != 0 {
		t.Errorf("got %d and %d connections, want 3 and 0", good.Load(), bad.Load())
	}
}

// TestNamesAllowed opens loopback addresses by name, and nothing worse.
func TestNamesAllowed(t *testing.T) {
	t.Parallel()
	port, hits := listen(t, "127.0.0.1:0")
	zone := map[string]func(int64) string{}
	for _, name := range []string{"host.example", "a.wild.example", "a.b.wild.example", "wild.example", "xwild.example", "host.example.net", "other.example"} {
		zone[name] = always("127.0.0.1")
	}
	zone["meta.wild.example"] = always("169.254.169.254")
	zone["zero.wild.example"] = always("0.0.0.0")
	zone["alibaba.wild.example"] = always("100.100.100.200")
	p := newPusher(t, push.Config{Allow: []string{"Host.Example.", "*.wild.example"}, Resolver: names(t, zone)})
	for host, text := range map[string]string{
		"host.example": "", "HOST.example": "", "host.example.": "", "a.wild.example": "", "A.b.Wild.Example": "",
		"wild.example": "is loopback", "xwild.example": "is loopback", "host.example.net": "is loopback", "other.example": "is loopback",
		"meta.wild.example": "is link-local", "zero.wild.example": "is unspecified", "alibaba.wild.example": "is a metadata service",
		"127.0.0.1": "is loopback", "unknown.example": "host unknown.example is unknown",
	} {
		err := p.Deliver(t.Context(), message("http://"+host+":"+port))
		if (err == nil) != (text == "") || err != nil && !strings.Contains(err.Error(), text) {
			t.Errorf("%s: got %v, want %q", host, err, text)
		}
	}
	if got := hits.Load(); got != 5 {
		t.Errorf("got %d connections, want 5", got)
	}
}

// TestForeignLetters writes addresses in letters that are translated to digits.
func TestForeignLetters(t *testing.T) {
	t.Parallel()
	p := newPusher(t, push.Config{})
	for host, text := range map[string]string{
		"１２７.0.0.1": "is not a name", "127。0。0。1": "is loopback", "127.0.0.①": "is loopback", "169.254.169.２５４": "is link-local",
		"２１３０７０６４３３": "is not a name", "𝟎x7f.1": "is not a name",
	} {
		if err := p.Deliver(t.Context(), message("http://"+host+"/")); err == nil || !strings.Contains(err.Error(), text) {
			t.Errorf("%s: got %v, want %q", host, err, text)
		}
	}
}

func TestForeignName(t *testing.T) {
	t.Parallel()
	port, _ := listen(t, "127.0.0.1:0")
	p := newPusher(t, push.Config{Allow: []string{"xn--fiqs8s.example"}, Resolver: names(t, map[string]func(int64) string{"xn--fiqs8s.example": always("127.0.0.1")})})
	want(t, p, "http://中国.example:"+port, "")
}

// unanswered asks a name server that keeps silent.
func unanswered(t *testing.T) *net.Resolver {
	t.Helper()
	silent, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = silent.Close() })
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "udp", silent.LocalAddr().String())
	}}
}

// TestSilentNameServer has names that nobody answers for.
func TestSilentNameServer(t *testing.T) {
	t.Parallel()
	p := newPusher(t, push.Config{Timeout: 50 * time.Millisecond, Resolver: unanswered(t)})
	began := time.Now()
	err := p.Deliver(t.Context(), message("http://silent.example"))
	if text := "not within 50ms"; err == nil || err.Error() != text && err.Error() != "host silent.example cannot be looked up" {
		t.Errorf("got %v, want %q", err, text)
	}
	if took := time.Since(began); took > patience/2 {
		t.Errorf("took %v", took)
	}
}

// TestNoProxy relies on main, which sets a proxy for this process.
func TestNoProxy(t *testing.T) {
	t.Parallel()
	port, target := listen(t, "127.0.0.1:0")
	p := newPusher(t, push.Config{Loopback: true, Resolver: names(t, map[string]func(int64) string{"proxied.example": always("127.0.0.1")})})
	want(t, p, "http://proxied.example:"+port, "")
	if got := target.Load(); got != 1 {
		t.Errorf("got %d connections, want 1", got)
	}
}
