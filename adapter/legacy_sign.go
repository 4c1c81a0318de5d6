package adapter

import (
	"crypto/hmac"
	"encoding/base64"
	"hash"
	"iter"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/jetcmq/jetcmq/mapping"
)

// maxHashed bounds the text that is hashed in search of what a client signed, so
// that bad signatures below large bodies cost little.
const maxHashed = 16 << 20

// refusals are the words in which an API refuses a form's signature.
type refusals struct{ missing, unknown, expired, wrong *mapping.Error }

// formSigner returns the one who signed a request with a signature among its
// parameters, as API 2.0 has it, and API 3.0 as its first version.
func (a *Adapter) formSigner(q *request, skew time.Duration, say refusals) (*signer, error) {
	for _, name := range [...]string{"SecretId", "Signature", "Timestamp", "Nonce"} {
		if q.get(name) == "" {
			return nil, say.missing.Of(name)
		}
	}
	s := a.signers[q.get("SecretId")]
	if s == nil {
		return nil, say.unknown
	}
	if skew > 0 && !a.near(q, q.get("Timestamp"), skew) {
		return nil, say.expired
	}
	if !a.verify(s, q) {
		return nil, say.wrong
	}
	return s, nil
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
	if _, strict := q.dialect.(v3form); strict {
		return list // its SDKs have no other habits, and each can be misused
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
