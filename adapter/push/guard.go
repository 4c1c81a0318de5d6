package push

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"syscall"
)

// scope is a range of addresses that are not everybody's.
type scope struct {
	kind     string
	ours     bool // a host's name in the allow list opens it
	networks string
	prefix   netip.Prefix
}

// scopes are IANA's special-purpose registries, and what clouds answer to their
// own machines on. The narrowest that holds an address counts.
var scopes = split([]scope{
	{kind: "loopback", ours: true, networks: "127.0.0.0/8 ::1/128"},
	{kind: "private", ours: true, networks: "10.0.0.0/8 172.16.0.0/12 192.168.0.0/16 100.64.0.0/10 fc00::/7 fec0::/10 64:ff9b:1::/48"},
	{kind: "link-local", networks: "169.254.0.0/16 fe80::/10"}, // most metadata services
	// Alibaba, Azure (looks public), Oracle, Oracle, AWS, Google, Scaleway.
	{kind: "a metadata service", networks: "100.100.100.200/32 168.63.129.16/32 192.0.0.192/32 fd00:c1::a9fe:a9fe/128 " +
		"fd00:ec2::254/128 fd20:ce::254/128 fd00:42::42/128"},
	{kind: "unspecified", networks: "0.0.0.0/8 ::/128"},
	{kind: "multicast", networks: "224.0.0.0/4 ff00::/8"},
	{kind: "broadcast", networks: "255.255.255.255/32"},
	{kind: "for documentation", networks: "192.0.2.0/24 198.51.100.0/24 203.0.113.0/24 2001:db8::/32 3fff::/20"},
	{kind: "for benchmarks", networks: "198.18.0.0/15 2001:2::/48"},
	{kind: "reserved", networks: "192.0.0.0/24 192.88.99.0/24 240.0.0.0/4 2001::/23 ::/0"}, // 2001::/32 is Teredo
	{kind: public, networks: "0.0.0.0/0 2000::/3"},
})

const public = "public"

// split makes a scope of each network.
func split(rows []scope) []scope {
	var all []scope
	for _, s := range rows {
		for n := range strings.FieldsSeq(s.networks) {
			s.prefix = netip.MustParsePrefix(n)
			all = append(all, s)
		}
	}
	return all
}

func scopeOf(ip netip.Addr) scope {
	var found scope
	for _, s := range scopes {
		if s.prefix.Contains(ip) && s.prefix.Bits() > found.prefix.Bits() {
			found = s
		}
	}
	return found
}

var (
	nat64      = netip.MustParsePrefix("64:ff9b::/96")
	compatible = netip.MustParsePrefix("::/96") // ::a.b.c.d, of old
	sixToFour  = netip.MustParsePrefix("2002::/16")
)

// carried gives the IPv4 address that an IPv6 address leads to, and any other
// address without its zone.
func carried(ip netip.Addr) netip.Addr {
	ip = ip.Unmap().WithZone("")
	b := ip.As16()
	switch {
	case sixToFour.Contains(ip):
		return netip.AddrFrom4([4]byte(b[2:]))
	case nat64.Contains(ip), compatible.Contains(ip) && b[12] != 0: // not ::1
		return netip.AddrFrom4([4]byte(b[12:]))
	}
	return ip
}

// guard keeps pushes away from what only we can reach.
type guard struct {
	allow    allow
	loopback bool
}

// judge decides about an address that host stands for.
func (g *guard) judge(host string, address netip.Addr) error {
	ip := carried(address)
	s := scopeOf(ip)
	if s.kind == public || g.loopback && s.kind == "loopback" || s.ours && g.allow.name(host) || g.allow.address(ip, s) {
		return nil
	}
	what := address.String()
	if ip != address.WithZone("") {
		what += ", which leads to " + ip.String() + ","
	}
	how := "allow it with"
	if !s.ours {
		how = "to allow it, list the address itself in"
	}
	return failure(fmt.Sprintf("address %s is %s: %s %s", what, s.kind, how, setting))
}

type hostKey struct{}

// control judges each address right before a socket connects to it, so nothing
// that a name server answers later can change where the socket goes.
func (g *guard) control(ctx context.Context, _, address string, _ syscall.RawConn) error {
	to, err := netip.ParseAddrPort(address)
	if err != nil {
		return errNotURL
	}
	host, _ := ctx.Value(hostKey{}).(string)
	return g.judge(host, to.Addr())
}
