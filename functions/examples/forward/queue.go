package main

import (
	"context"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// queue is a CMQ queue of an account.
type queue struct {
	endpoint      *url.URL
	name, id, key string
	client        *http.Client
}

// tooLarge is CMQ's code for a message beyond the queue's maxMsgSize.
const tooLarge = 4400

// refusal is an answer of CMQ that is not success.
type refusal struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
}

func (r *refusal) Error() string { return fmt.Sprintf("cmq answers %d %s", r.Code, r.Message) }

// send puts one message in the queue.
func (q *queue) send(ctx context.Context, body string) error {
	target := *q.endpoint
	target.Path = strings.TrimSuffix(target.Path, "/") + "/v2/index.php"
	p := map[string]string{
		"Action":          "SendMessage",
		"Nonce":           strconv.Itoa(1 + rand.IntN(1<<31-1)),
		"SecretId":        q.id,
		"SignatureMethod": "HmacSHA1",
		"Timestamp":       strconv.FormatInt(time.Now().Unix(), 10),
		"msgBody":         body,
		"queueName":       q.name,
	}
	form := url.Values{"Signature": {sign(q.key, http.MethodPost+target.Host+target.Path, p)}}
	for name, value := range p {
		form.Set(name, value)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, target.String(), strings.NewReader(form.Encode()))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return q.call(r)
}

// call tells whether CMQ answered with success: HTTP status 200 and code 0.
func (q *queue) call(r *http.Request) error {
	resp, err := q.client.Do(r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, 64<<10))
	if err != nil {
		return err
	}
	answer := &refusal{Code: -1}
	if err := json.Unmarshal(text, answer); err != nil || resp.StatusCode != http.StatusOK {
		return fmt.Errorf("cmq answers HTTP status %s", resp.Status)
	}
	if answer.Code != 0 {
		return answer
	}
	return nil
}

// sign is CMQ's signature: where is the method, the host with its port and the
// path, run together; the values are as they are, not escaped.
func sign(key, where string, p map[string]string) string {
	var pairs []string
	for _, name := range slices.Sorted(maps.Keys(p)) {
		pairs = append(pairs, name+"="+p[name])
	}
	mac := hmac.New(sha1.New, []byte(key))
	io.WriteString(mac, where+"?"+strings.Join(pairs, "&"))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}
