package push

import (
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"
)

// setting is where an operator allows more.
const setting = "JETCMQ_PUSH_ALLOW"

// allow is what Config.Allow says.
type allow struct {
	networks []netip.Prefix
	names    []string // in lower case
	suffixes []string // with their dot
}

func parseAllow(entries []string) (allow, error) {
	var a allow
	for _, entry := range entries {
		e := strings.ToLower(strings.TrimSpace(entry))
		suffix, wild := strings.CutPrefix(e, "*")
		network, err := parseNetwork(e)
		switch {
		case e == "":
		case err == nil:
			a.networks = append(a.networks, network)
		case wild && strings.HasPrefix(suffix, ".") && isName(suffix[1:]):
			a.suffixes = append(a.suffixes, strings.TrimSuffix(suffix, "."))
		case isName(e):
			a.names = append(a.names, strings.TrimSuffix(e, "."))
		default:
			return allow{}, fmt.Errorf("%s: %q is not like 10.0.0.0/8, 10.1.2.3, host.example or *.example", setting, entry)
		}
	}
	return a, nil
}

// parseNetwork reads a network or an address. Those that carry IPv4 addresses
// are refused: they would never match, since the carried address is judged.
func parseNetwork(s string) (netip.Prefix, error) {
	if ip, err := netip.ParseAddr(s); err == nil && ip.Zone() == "" {
		s = netip.PrefixFrom(ip, ip.BitLen()).String()
	}
	network, err := netip.ParsePrefix(s)
	if err == nil && carried(network.Addr()) != network.Addr() {
		err = fmt.Errorf("%s carries IPv4 addresses", s)
	}
	return network.Masked(), err
}

var ascii = regexp.MustCompile(`^[!-~]*$`)

// isName asks for names as they are dialled: those beyond ASCII as xn--.
func isName(s string) bool {
	_, err := netip.ParseAddr(s)
	return err != nil && checkHost(s) == nil && ascii.MatchString(s)
}

// name tells whether all of a host's private and loopback addresses are allowed.
func (a *allow) name(host string) bool {
	host = strings.TrimSuffix(strings.ToLower(host), ".")
	return slices.Contains(a.names, host) || slices.ContainsFunc(a.suffixes, func(s string) bool {
		return strings.HasSuffix(host, s) && host != s
	})
}

// address tells whether an address of scope s is allowed by itself. What is not
// ours opens to narrow entries only: 0.0.0.0/0 hardly means metadata services.
func (a *allow) address(ip netip.Addr, s scope) bool {
	return slices.ContainsFunc(a.networks, func(n netip.Prefix) bool {
		return n.Contains(ip) && (s.ours || n.Bits() >= s.prefix.Bits())
	})
}
