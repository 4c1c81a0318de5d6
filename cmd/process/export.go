package process

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jetcmq/jetcmq/adapter/seeds"
	"github.com/jetcmq/jetcmq/mapping"
	"github.com/jetcmq/jetcmq/mapping/jet"
)

// ExportSeeds asks the server that runs with these settings for a seeds file of
// what it has: over the API that everybody calls, because the data of an embedded
// server are its own. Each account is asked with the first credentials it has.
func ExportSeeds(ctx context.Context, c Config) ([]byte, error) {
	endpoint, err := c.probe(false)
	if err != nil {
		return nil, err
	}
	endpoint = strings.TrimSuffix(endpoint, "/healthz") + "/"
	var accounts []seeds.Source
	for _, name := range c.accounts() {
		r := remote{endpoint: endpoint}
		i := slices.IndexFunc(c.credentials, func(one credential) bool { return one.account == name })
		if i >= 0 {
			r.caller = c.credentials[i]
		}
		accounts = append(accounts, seeds.Source{Account: name, Call: r.call})
	}
	return seeds.Export(ctx, accounts...)
}

// remote is the API of a running server. It speaks API 3.0 with everything in a
// form.
type remote struct {
	endpoint string
	caller   credential // who signs; nobody if empty
}

// call tries again where the server is at fault: with thousands of queues, a
// list of them may take longer than it waits for JetStream.
func (r remote) call(ctx context.Context, action string, in []struct{ Name, Value string }) ([]byte, error) {
	const tries = 5
	for n := 1; ; n++ {
		answer, err := r.try(ctx, action, in)
		if !errors.Is(err, errServer) || n == tries {
			return answer, err
		}
		if err := jet.Pause(ctx, time.Second); err != nil {
			return nil, err
		}
	}
}

func (r remote) try(ctx context.Context, action string, in []struct{ Name, Value string }) ([]byte, error) {
	form := url.Values{"Action": {action}, "Version": {"2020-02-17"}}
	for _, p := range in {
		form.Set(p.Name, p.Value)
	}
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	r.sign(form)
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, r.endpoint, strings.NewReader(form.Encode()))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	answer, err := ourselves.Do(request)
	if err != nil {
		return nil, fmt.Errorf("no server with these settings answers: %w", err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, 64<<20))
	if err != nil {
		return nil, err
	}
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s answers %s: %s", r.endpoint, answer.Status, strings.TrimSpace(string(body[:min(len(body), 200)])))
	}
	return opened(body)
}

// ourselves are called by an address that no certificate names.
var ourselves = http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}

// sign adds the signature of API 3.0's first version.
func (r remote) sign(form url.Values) {
	if r.caller.id == "" {
		return
	}
	form.Set("SecretId", r.caller.id)
	form.Set("SignatureMethod", "HmacSHA256")
	form.Set("Timestamp", strconv.FormatInt(time.Now().Unix(), 10))
	form.Set("Nonce", strconv.Itoa(1+rand.IntN(1<<30)))
	var pairs []string
	for name := range form {
		pairs = append(pairs, name+"="+form.Get(name))
	}
	slices.Sort(pairs)
	mac := hmac.New(sha256.New, []byte(r.caller.key))
	_, host, _ := strings.Cut(r.endpoint, "://")
	fmt.Fprintf(mac, "POST%s?%s", host, strings.Join(pairs, "&")) // host and path
	form.Set("Signature", base64.StdEncoding.EncodeToString(mac.Sum(nil)))
}

var errServer = errors.New("the server is at fault, its log tells how")

// opened takes an answer of API 3.0 out of its envelope.
func opened(body []byte) ([]byte, error) {
	var envelope struct{ Response json.RawMessage }
	var fault struct {
		Error *struct{ Code, Message string }
	}
	if err := errors.Join(json.Unmarshal(body, &envelope), json.Unmarshal(envelope.Response, &fault)); err != nil {
		return nil, errors.New("this is no answer of JetCMQ")
	}
	if fault.Error != nil && fault.Error.Code == mapping.ErrInternal.V3 {
		return nil, errServer
	}
	if fault.Error != nil {
		return nil, fmt.Errorf("%s: %s", fault.Error.Code, fault.Error.Message)
	}
	return envelope.Response, nil
}
