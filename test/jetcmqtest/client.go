package jetcmqtest

import (
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jetcmq/jetcmq/adapter/action"
	"github.com/jetcmq/jetcmq/adapter/spelling"
)

// Client is a small CMQ client: API 2.0 by POST, signed if it has credentials.
type Client struct {
	Endpoint    string
	Credentials Credentials
}

// Answer is what a call came back with. Numbers are json.Number.
type Answer map[string]any

// Text is a member of the answer as text; "" if there is none.
func (a Answer) Text(name string) string {
	if value, there := a[name]; there {
		return fmt.Sprint(value)
	}
	return ""
}

// Error is an answer other than success.
type Error struct {
	Code    int    // such as 4440
	Message string // such as "(10100)queue is not existed, or deleted"
}

func (e *Error) Error() string { return fmt.Sprintf("code %d: %s", e.Code, e.Message) }

// NoMessage is the code of a receive that found nothing.
const NoMessage = 7000

// Call does one action. Each parameter is name=value as in CMQ's own pages:
//
//	client.Call(ctx, "CreateQueue", "queueName=orders", "visibilityTimeout=30")
//
// An answer other than success is an *Error.
func (c *Client) Call(ctx context.Context, action string, params ...string) (Answer, error) {
	u, err := url.Parse(c.Endpoint)
	if err != nil {
		return nil, err
	}
	form := url.Values{}
	for _, p := range params {
		name, value, ok := strings.Cut(p, "=")
		if !ok {
			return nil, fmt.Errorf("%s: %q is not name=value", action, p)
		}
		if err := known(action, name); err != nil {
			return nil, err
		}
		form.Set(name, value)
	}
	form.Set("Action", action)
	c.sign(u.Host, form)
	answer, err := post(ctx, c.Endpoint+path, form)
	if err != nil {
		return answer, fmt.Errorf("%s %s: %w", action, strings.Join(params, " "), err)
	}
	return answer, nil
}

// known tells of a parameter that the server would pass over without a word.
func known(name, parameter string) error {
	act := action.Find(action.Legacy, name)
	if act == nil {
		return nil
	}
	word, _, _ := strings.Cut(parameter, ".")
	var all []string
	for _, p := range act.Parameters(action.Legacy) {
		all = append(all, p.Names...)
	}
	if slices.Contains(all, word) || word == "clientRequestId" {
		return nil
	}
	return fmt.Errorf("%s has no parameter %s: did you mean %s?", name, word, spelling.Nearest(word, all))
}

const path = "/v2/index.php"

// sign adds the common parameters and the signature: over method, host, path
// and all parameters in order of their names.
func (c *Client) sign(host string, form url.Values) {
	form.Set("Timestamp", strconv.FormatInt(time.Now().Unix(), 10))
	form.Set("Nonce", "1")
	form.Set("SecretId", cmp.Or(c.Credentials.SecretID, "anybody"))
	form.Set("SignatureMethod", "HmacSHA256")
	var all []string
	for name := range form {
		all = append(all, name+"="+form.Get(name))
	}
	slices.SortFunc(all, func(a, b string) int {
		a, _, _ = strings.Cut(a, "=")
		b, _, _ = strings.Cut(b, "=")
		return strings.Compare(a, b)
	})
	mac := hmac.New(sha256.New, []byte(c.Credentials.SecretKey))
	io.WriteString(mac, http.MethodPost+host+path+"?"+strings.Join(all, "&"))
	form.Set("Signature", base64.StdEncoding.EncodeToString(mac.Sum(nil)))
}

func post(ctx context.Context, url string, form url.Values) (Answer, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader(form.Encode()))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	reply, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer reply.Body.Close()
	if reply.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("status %s", reply.Status)
	}
	var answer Answer
	d := json.NewDecoder(reply.Body)
	d.UseNumber()
	if err := d.Decode(&answer); err != nil {
		return nil, err
	}
	code, err := strconv.Atoi(answer.Text("code"))
	if err != nil {
		return nil, fmt.Errorf("code %q: %w", answer.Text("code"), err)
	}
	if code != 0 {
		return answer, &Error{Code: code, Message: answer.Text("message")}
	}
	return answer, nil
}
