package adapter

import (
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/jetcmq/jetcmq/mapping/account"
)

// maxLogged is how much of a text that does not match the log shows.
const maxLogged = 1_000

// signer checks signatures made with one secret.
type signer struct {
	account      *account.Account
	secret       string
	sha1, sha256 sync.Pool // of hash.Hash: a keyed HMAC is reset for less than a new one costs
}

func newSigner(k Key) *signer {
	s := &signer{account: k.Account, secret: k.Secret}
	s.sha1.New = func() any { return hmac.New(sha1.New, []byte(k.Secret)) }
	s.sha256.New = func() any { return hmac.New(sha256.New, []byte(k.Secret)) }
	return s
}

// near tells whether a time stamp is within skew of now. Nonces are not kept: the
// C++ SDK repeats them within a second.
func (a *Adapter) near(q *request, stamp string, skew time.Duration) bool {
	seconds, err := strconv.ParseInt(stamp, 10, 64)
	if err == nil && a.now().Sub(time.Unix(seconds, 0)).Abs() <= skew {
		return true
	}
	a.config.Log.Warn("time stamp too far off", "requestId", q.id, "timestamp", shortened(stamp))
	return false
}

// hosts lists what the client may have called us. HTTP clients leave default
// ports out of the Host header, proxies change it.
func (a *Adapter) hosts(q *request) []string {
	hosts := spellings(nil, q.Host)
	hosts = append(hosts, a.config.Hosts...)
	if a.config.TrustForwarded {
		first, _, _ := strings.Cut(q.Header.Get("X-Forwarded-Host"), ",")
		hosts = spellings(hosts, strings.TrimSpace(first))
	}
	return distinct(hosts)
}

func spellings(hosts []string, host string) []string {
	if host == "" {
		return hosts
	}
	if name, _, err := net.SplitHostPort(host); err == nil {
		if strings.Contains(name, ":") {
			name = "[" + name + "]"
		}
		return append(hosts, host, name)
	}
	return append(hosts, host, host+":80", host+":443")
}

func distinct(list []string) []string {
	var kept []string
	for _, s := range list {
		if !slices.Contains(kept, s) {
			kept = append(kept, s)
		}
	}
	return kept
}
