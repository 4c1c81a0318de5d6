package adapter

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	tc3 = "TC3-HMAC-SHA256"
	// defaultSkew is how far the vendor lets a time stamp be off.
	defaultSkew = 5 * time.Minute
	// maxSigned bounds how many headers a signature covers; SDKs sign two.
	maxSigned = 32
)

func (d v3) skew() time.Duration {
	if d.config.Skew > 0 {
		return d.config.Skew
	}
	return defaultSkew
}

func (d v3form) signer(q *request) (*signer, error) {
	return d.formSigner(q, d.skew(), refusals{errParameter, errSecretID, errExpired, errSigned})
}

func (d v3) signer(q *request) (*signer, error) {
	auth, err := parseAuthorization(q.Header.Get("Authorization"))
	if err != nil {
		return nil, err
	}
	stamp := q.Header.Get("X-Tc-Timestamp")
	if stamp == "" {
		return nil, errParameter.Of("Timestamp")
	}
	s := d.signers[auth.secretID]
	if s == nil {
		return nil, errSecretID
	}
	if !d.near(q, stamp, d.skew()) {
		return nil, errExpired
	}
	if !d.verifyTC3(s, q, auth) {
		return nil, errSigned
	}
	return s, nil
}

// authorization is what the header of that name says.
type authorization struct {
	secretID  string
	date      string
	service   string   // whatever the client made of its endpoint: tdmq, 127, localhost:8080
	headers   []string // those that are signed
	signature []byte
}

func parseAuthorization(header string) (a authorization, err error) {
	rest, ok := strings.CutPrefix(header, tc3+" ")
	if !ok {
		return a, errAuthorization.Of(tc3)
	}
	var scope, headers string
	for piece := range strings.SplitSeq(rest, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(piece), "=")
		switch name {
		case "Credential":
			a.secretID, scope, _ = strings.Cut(value, "/")
		case "SignedHeaders":
			headers = value
		case "Signature":
			a.signature, _ = hex.DecodeString(value) // nothing is no signature
		}
	}
	a.date, scope, _ = strings.Cut(scope, "/")
	a.service, ok = strings.CutSuffix(scope, "/tc3_request")
	if !ok || a.secretID == "" || a.date == "" || a.service == "" {
		return a, errAuthorization.Of("Credential")
	}
	a.headers = strings.SplitN(headers, ";", maxSigned+1)
	if !wellListed(a.headers) {
		return a, errAuthorization.Of("SignedHeaders")
	}
	return a, nil
}

// wellListed tells whether names are few and all different, so that the text
// they make is no longer than the request.
func wellListed(names []string) bool {
	for i, name := range names {
		if name == "" || slices.Contains(names[:i], name) {
			return false
		}
	}
	return len(names) <= maxSigned
}

// key is made for one day and one service.
func (a authorization) key(secret string) []byte {
	key := []byte("TC3" + secret)
	for _, piece := range [...]string{a.date, a.service, "tc3_request"} {
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(piece))
		key = mac.Sum(nil)
	}
	return key
}

// verifyTC3 tells whether the signature is that of the request. Clients agree on
// how to sign, but not on the path (always /, or the endpoint's), on the host
// (with its port in Go, without in Node) and on capitals in headers.
func (a *Adapter) verifyTC3(s *signer, q *request, auth authorization) bool {
	seconds, _ := strconv.ParseInt(q.Header.Get("X-Tc-Timestamp"), 10, 64)
	if time.Unix(seconds, 0).UTC().Format(time.DateOnly) != auth.date {
		return false
	}
	t := tc3Text{q: q, auth: auth, payload: payloadHash(q), key: auth.key(s.secret)}
	if t.signed(q.Host, q.URL.EscapedPath(), asSent) {
		return true
	}
	hosts, paths := a.hosts(q), distinct([]string{q.URL.EscapedPath(), "/"})
	for _, spell := range [...]func(string) string{asSent, strings.ToLower} {
		for _, host := range hosts {
			for _, path := range paths {
				if t.signed(host, path, spell) {
					return true
				}
			}
		}
	}
	t.write(q.Host, q.URL.EscapedPath(), asSent)
	a.config.Log.Warn("signature does not match", "requestId", q.id, "secretId", auth.secretID, "signed", t.excerpt())
	return false
}

func asSent(header string) string { return header }

// payloadHash is the hash of the body, or of the words that stand for one that
// the client did not want to hash.
func payloadHash(q *request) string {
	const unsigned = "UNSIGNED-PAYLOAD"
	body := q.body
	if q.Header.Get("X-Tc-Content-Sha256") == unsigned {
		body = unsigned
	}
	sum := sha256.Sum256([]byte(body))
	return hex.EncodeToString(sum[:])
}

// tc3Text is what may have been signed.
type tc3Text struct {
	q         *request
	auth      authorization
	payload   string
	key       []byte
	canonical []byte // the request
	text      []byte // what is signed of it
}

// signed tells whether the signature is that of the request written so.
func (t *tc3Text) signed(host, path string, spell func(string) string) bool {
	t.write(host, path, spell)
	sum := sha256.Sum256(t.canonical)
	t.text = append(t.text[:0], tc3+"\n"...)
	t.text = append(t.text, t.q.Header.Get("X-Tc-Timestamp")+"\n"...)
	t.text = append(t.text, t.auth.date+"/"+t.auth.service+"/tc3_request\n"...)
	t.text = hex.AppendEncode(t.text, sum[:])
	mac := hmac.New(sha256.New, t.key)
	mac.Write(t.text)
	return hmac.Equal(mac.Sum(nil), t.auth.signature)
}

func (t *tc3Text) write(host, path string, spell func(string) string) {
	b := append(t.canonical[:0], t.q.Method+"\n"+path+"\n"+t.q.URL.RawQuery+"\n"...)
	for _, name := range t.auth.headers {
		value := host
		if !strings.EqualFold(name, "host") {
			value = strings.Join(t.q.Header.Values(name), ",")
		}
		b = append(b, name+":"+spell(value)+"\n"...)
	}
	b = append(b, "\n"+strings.Join(t.auth.headers, ";")+"\n"...)
	t.canonical = append(b, t.payload...)
}

// excerpt is the text's beginning, without the one header that is a secret.
func (t *tc3Text) excerpt() string {
	text := string(t.canonical)
	if token := t.q.Header.Get("X-Tc-Token"); token != "" {
		text = strings.ReplaceAll(text, token, "***")
	}
	return text[:min(len(text), maxLogged)]
}
