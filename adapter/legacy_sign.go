package adapter

import (
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"hash"
	"iter"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/jetcmq/jetcmq/mapping"
	"github.com/jetcmq/jetcmq/mapping/account"
)

const (
	// maxHashed bounds the text that is hashed in search of what a client
	// signed, so that bad signatures below large bodies cost little.
	maxHashed = 16 << 20
	// maxLogged is how much of a text that does not match the log shows.
	maxLogged = 1_000
)

// signer checks signatures made with one secret.
type signer struct {
	account      *account.Account
	sha1, sha256 sync.Pool // of hash.Hash: a keyed HMAC is reset for less than a new one costs
}

func newSigner(k Key) *signer {
	s := &signer{account: k.Account}
	s.sha1.New = func() any { return hmac.New(sha1.New, []byte(k.Secret)) }
	s.sha256.New = func() any { return hmac.New(sha256.New, []byte(k.Secret)) }
	return s
}

// authenticate returns the account whose key signed the request.
func (a *Adapter) authenticate(q *request) (*account.Account, error) {
	if a.signers == nil {
		return a.config.Account, nil
	}
	for _, name := range [...]string{"SecretId", "Signature", "Timestamp", "Nonce"} {
		if q.get(name) == "" {
			return nil, mapping.ErrMissing.Of(name)
		}
	}
	s := a.signers[q.get("SecretId")]
	if s == nil {
		return nil, mapping.ErrSecretID
	}
	if a.config.Skew > 0 && !near(q.get("Timestamp"), a.config.Skew) {
		a.config.Log.Warn("time stamp too far off", "requestId", q.id, "timestamp", q.get("Timestamp"))
		return nil, mapping.ErrSignature
	}
	if !a.verify(s, q) {
		return nil, mapping.ErrSignature
	}
	return s.account, nil
}

// near tells whether a time stamp is within skew of now. Nonces are not kept: the
// C++ SDK repeats them within a second.
func near(stamp string, skew time.Duration) bool {
	seconds, err := strconv.ParseInt(stamp, 10, 64)
	return err == nil && time.Since(time.Unix(seconds, 0)).Abs() <= skew
}

// verify finds out what the client signed. SDKs and proxies disagree about
// details of that text, so each way that one of them has is tried.
func (a *Adapter) verify(s *signer, q *request) bool {
	t := texts.Get().(*text)
	defer t.release()
	t.reset(q)
	pool := &s.sha1
	if m := q.get("SignatureMethod"); m == "HmacSHA256" || m == "sha256" {
		pool = &s.sha256
	}
	mac := pool.Get().(hash.Hash)
	defer pool.Put(mac)
	budget := maxHashed
	for c := range a.candidates(q) {
		if budget < 0 {
			break
		}
		t.write(c)
		budget -= len(t.head) + len(t.params)
		if t.signed(mac) {
			if c.raw && literal(q) {
				q.meantRaw()
			}
			return true
		}
	}
	t.write(usual(q))
	a.config.Log.Warn("signature does not match", "requestId", q.id, "secretId", q.get("SecretId"), "signed", t.excerpt())
	return false
}

// candidate is one way to write the text that is signed.
type candidate struct {
	host, path string
	style
}

// style is one way to write the parameters in it.
type style struct {
	raw         bool // values as on the wire: venuses/go-cmq
	withoutAt   bool // no parameter whose value begins with '@': Python, PHP
	underscores bool // those in names stay, instead of turning into dots: NETkiddy/cmq-go
}

// usual is what the vendor's pages say, and nearly everybody does.
func usual(q *request) candidate { return candidate{host: q.Host, path: q.URL.EscapedPath()} }

// candidates yields the usual one first, and the others, which take some
// work to list, only to who goes on.
func (a *Adapter) candidates(q *request) iter.Seq[candidate] {
	return func(yield func(candidate) bool) {
		if !yield(usual(q)) {
			return
		}
		hosts, paths := a.hosts(q), paths(q)
		for _, s := range styles(q) {
			for _, host := range hosts {
				for _, path := range paths {
					c := candidate{host, path, s}
					if c != usual(q) && !yield(c) {
						return
					}
				}
			}
		}
	}
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

// paths lists what the client may have taken for the path. The PHP SDK
// requests //v2/index.php or, with GET, the path twice, and signs
// /v2/index.php; xutl/qcloud-cmq signs one slash more than it sends.
func paths(q *request) []string {
	path := q.URL.EscapedPath()
	single := path
	for strings.Contains(single, "//") {
		single = strings.ReplaceAll(single, "//", "/")
	}
	return distinct([]string{path, single, "/v2/index.php", "/", "/" + path})
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

// styles lists those in which this request's text differs.
func styles(q *request) []style {
	list := []style{{}}
	vary := func(change func(*style)) {
		for _, s := range slices.Clone(list) {
			change(&s)
			list = append(list, s)
		}
	}
	if slices.ContainsFunc(q.fields, func(f field) bool { return strings.Contains(f.name, "_") }) {
		vary(func(s *style) { s.underscores = true })
	}
	if q.Method == http.MethodPost && slices.ContainsFunc(q.fields, field.at) {
		vary(func(s *style) { s.withoutAt = true })
	}
	if slices.ContainsFunc(q.fields, func(f field) bool { return f.value != f.raw && !f.signature() }) {
		vary(func(s *style) { s.raw = true })
	}
	return list
}

func (f field) at() bool        { return strings.HasPrefix(f.value, "@") }
func (f field) signature() bool { return strings.TrimSpace(f.name) == "Signature" }

// literal tells whether a client that signed values as on the wire also meant
// them so. venuses/go-cmq does in a POST, in which it escapes the signature
// alone. In its GET, and in a POST of fuckingmind/cmq-go, which escapes all but
// the signature, they are escapes.
func literal(q *request) bool {
	i := slices.IndexFunc(q.fields, field.signature)
	return q.Method == http.MethodPost && strings.Contains(q.fields[i].raw, "%")
}

// text is what may have been signed, in buffers that serve many requests.
type text struct {
	method string
	given  []byte  // the signature the client sent
	sorted []field // all others by name
	style  style   // in which params is written
	head   []byte  // method, host, path
	params []byte
	sum    []byte
}

var texts = sync.Pool{New: func() any { return new(text) }}

func (t *text) reset(q *request) {
	t.method = q.Method
	// Some SDK forgets to escape the signature, so its '+' arrive as blanks.
	given := strings.ReplaceAll(q.get("Signature"), " ", "+")
	t.given, _ = base64.StdEncoding.AppendDecode(t.given[:0], []byte(given))
	t.sorted = append(t.sorted[:0], q.fields...)
	t.sorted = slices.DeleteFunc(t.sorted, field.signature)
	slices.SortStableFunc(t.sorted, func(a, b field) int { return strings.Compare(a.name, b.name) })
	t.params = t.params[:0]
}

// release keeps t for the next request, unless its buffers grew out of the usual.
func (t *text) release() {
	clear(t.sorted) // other requests' values
	if cap(t.params) <= 64<<10 && cap(t.sorted) <= 64 {
		texts.Put(t)
	}
}

// write makes t the text of a candidate.
func (t *text) write(c candidate) {
	t.head = append(t.head[:0], t.method...)
	t.head = append(t.head, c.host...)
	t.head = append(t.head, c.path...)
	t.head = append(t.head, '?')
	if len(t.params) > 0 && t.style == c.style {
		return
	}
	t.style = c.style
	t.params = t.params[:0]
	for _, f := range t.sorted {
		if c.withoutAt && f.at() {
			continue
		}
		if len(t.params) > 0 {
			t.params = append(t.params, '&')
		}
		name := len(t.params)
		t.params = append(t.params, f.name...)
		for i := name; i < len(t.params) && !c.underscores; i++ {
			if t.params[i] == '_' {
				t.params[i] = '.'
			}
		}
		t.params = append(t.params, '=')
		if c.raw {
			t.params = append(t.params, f.raw...)
		} else {
			t.params = append(t.params, f.value...)
		}
	}
}

// signed tells whether the given signature is that of the text as it stands.
func (t *text) signed(mac hash.Hash) bool {
	mac.Reset()
	mac.Write(t.head)
	mac.Write(t.params)
	t.sum = mac.Sum(t.sum[:0])
	return hmac.Equal(t.sum, t.given)
}

// excerpt is the text's beginning; its end may be a message of megabytes.
func (t *text) excerpt() string {
	all := append(slices.Clip(t.head), t.params[:min(len(t.params), maxLogged)]...)
	return string(all[:min(len(all), maxLogged)])
}
