package push

import (
	"fmt"
	"net/netip"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"unicode"
)

const errNotURL = failure("endpoint is not a URL such as http://host:8000/path")

// parseEndpoint reads a subscriber's URL and refuses what programs read
// differently. A user name is refused too: whoever may look at the subscription
// would see the password.
func parseEndpoint(endpoint string) (*url.URL, error) {
	// Escaped here, since url would do it at the cost of escapes that are there, and
	// leave a blank in the query, which would end the request line.
	u, err := url.Parse(percent(endpoint, func(r rune) bool { return r == ' ' || r > unicode.MaxASCII }))
	if err != nil || u.Opaque != "" {
		return nil, errNotURL // without the cause, which repeats passwords
	}
	if u.Scheme != "http" && u.Scheme != "https" {
		return nil, failure("endpoint does not begin with http:// or https://")
	}
	if u.User != nil {
		return nil, failure("endpoint has a user name: put a secret into its path or query instead")
	}
	if port, err := strconv.ParseUint(u.Port(), 10, 16); u.Port() != "" && (err != nil || port == 0) {
		return nil, failure("endpoint's port is not within 1 to 65535")
	}
	if err := checkHost(u.Hostname()); err != nil {
		return nil, err
	}
	u.Host = strings.TrimSuffix(u.Host, ":")
	return u, nil
}

var (
	// Letters beyond ASCII are translated before a name is dialled, and what
	// comes of it is checked again then.
	hostName = regexp.MustCompile(`^[\w\x{80}-\x{10FFFF}-]+(\.[\w\x{80}-\x{10FFFF}-]+)*\.?$`)
	// No top-level domain is a number, but some resolvers read addresses so.
	endsInNumber = regexp.MustCompile(`(^|\.)([0-9]+|0[xX][0-9a-fA-F]*)\.?$`)
)

// checkHost accepts names, and addresses in their one form. Other ways to write
// an address (2130706433, 0x7f.1, 127.1) are 127.0.0.1 to some resolvers and a
// name to others.
func checkHost(host string) error {
	if _, err := netip.ParseAddr(host); err == nil {
		return nil
	}
	switch {
	case host == "":
		return failure("endpoint has no host")
	case endsInNumber.MatchString(host):
		return failure(fmt.Sprintf("host %s is not a name, and an IPv4 address is four decimal numbers", host))
	case len(host) > 254 || !hostName.MatchString(host):
		return failure("endpoint's host is not a valid name")
	}
	return nil
}
