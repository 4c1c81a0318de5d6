package test

import (
	"context"
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// pair is one parameter as it is sent.
type pair struct{ name, value string }

// secrets of the two accounts, by SecretId. Calls are the first one's unless
// they say otherwise.
var secrets = map[string]string{"AKIDfirst": "first-secret", "AKIDsecond": "second-secret"}

// caller speaks API 2.0: signed forms by POST.
type caller struct {
	http *http.Client
	host string // with its port
}

// call makes one request. Parameters that begin with a capital, such as
// SecretId, replace the common one of that name; those in without are not sent.
func (c caller) call(ctx context.Context, action string, given []pair, without []string) (answer, error) {
	params := signed(http.MethodPost+c.host+"/v2/index.php?", append(given, pair{"Action", action}))
	form := url.Values{}
	for _, p := range params {
		if !slices.Contains(without, p.name) {
			form.Add(p.name, p.value)
		}
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+c.host+"/v2/index.php", strings.NewReader(form.Encode()))
	if err != nil {
		return answer{}, err
	}
	began := time.Now()
	reply, err := c.http.Do(r)
	if err != nil {
		return answer{}, err
	}
	defer reply.Body.Close()
	text, err := io.ReadAll(reply.Body)
	if err != nil {
		return answer{}, err
	}
	a := answer{text: string(text), took: time.Since(began)}
	if reply.StatusCode != http.StatusOK {
		return a, fmt.Errorf("status %s", reply.Status)
	}
	if err := decode(a.text, &a.fields); err != nil {
		return a, err
	}
	return a, wellFormed(a.fields)
}

// signed completes params by the common ones and the signature over target
// (method, host, path) and all of them: sorted by name, name=value, joined by &.
func signed(target string, params []pair) []pair {
	get := func(name string) string {
		if i := slices.IndexFunc(params, func(p pair) bool { return p.name == name }); i >= 0 {
			return params[i].value
		}
		return ""
	}
	for _, common := range []pair{{"SecretId", "AKIDfirst"}, {"Timestamp", strconv.FormatInt(time.Now().Unix(), 10)}, {"Nonce", "4321"}} {
		if get(common.name) == "" {
			params = append(params, common)
		}
	}
	if get("Signature") != "" {
		return params
	}
	slices.SortStableFunc(params, func(a, b pair) int { return strings.Compare(a.name, b.name) })
	var all []string
	for _, p := range params {
		all = append(all, p.name+"="+p.value)
	}
	hash := sha1.New
	if get("SignatureMethod") == "HmacSHA256" {
		hash = sha256.New
	}
	mac := hmac.New(hash, []byte(secrets[get("SecretId")]))
	io.WriteString(mac, target+strings.Join(all, "&"))
	return append(params, pair{"Signature", base64.StdEncoding.EncodeToString(mac.Sum(nil))})
}

var (
	requestID   = regexp.MustCompile(`^\d{1,19}$`)
	messageForm = regexp.MustCompile(`^\(\d+\)[A-Za-z]`)
	// texts are the members of answers that hold texts; every other single
	// value is a number. SDKs in typed languages fail on the wrong one.
	texts = []string{"message", "requestId", "queueId", "queueName", "deadLetterPolicy", "msgId", "msgBody", "receiptHandle", "addr",
		"topicId", "topicName", "topicOwner", "subscriptionId", "subscriptionName", "protocol", "protocal", "endpoint",
		"notifyStrategy", "notifyContentFormat", "filterTag", "filterTags", "bindingKey", "bindindKey", "tags"}
)

// wellFormed checks what holds for every answer, so that no story has to.
func wellFormed(fields map[string]any) error {
	code, isNumber := fields["code"].(json.Number)
	message, isText := fields["message"].(string)
	id, _ := fields["requestId"].(string)
	switch {
	case !isNumber || !isText || !requestID.MatchString(id):
		return errors.New("no number as code, no text as message or no decimal requestId")
	case code == "0" && message != "" || code != "0" && !messageForm.MatchString(message):
		return fmt.Errorf("message %q with code %s", message, code)
	}
	return wellTyped("", fields)
}

func wellTyped(name string, value any) error {
	var err error
	switch value := value.(type) {
	case map[string]any:
		for key, v := range value {
			err = errors.Join(err, wellTyped(key, v))
		}
	case []any:
		for _, v := range value {
			err = errors.Join(err, wellTyped(name, v))
		}
	case string:
		if !slices.Contains(texts, name) {
			err = fmt.Errorf("%s is a text, want a number", name)
		}
	case json.Number:
		if slices.Contains(texts, name) {
			err = fmt.Errorf("%s is a number, want a text", name)
		}
	default:
		err = fmt.Errorf("%s is %v, want a number or a text", name, value)
	}
	return err
}
