package load

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/jetcmq/jetcmq/test/checker/history"
)

// patience is how long a call may take beyond the wait it asks for.
const patience = 5 * time.Second

// answer is what the API answers, whatever the action.
type answer struct {
	Code                                      int
	Message                                   string
	MsgID                                     string `json:"msgId"`
	MsgList                                   []message
	MsgBody, ReceiptHandle                    string
	MsgInfoList                               []message
	ErrorList                                 []refusal
	ActiveMsgNum, InactiveMsgNum, DelayMsgNum int
	MsgCount                                  int
}

type message struct {
	MsgID                  string `json:"msgId"`
	MsgBody, ReceiptHandle string
}

type refusal struct {
	Code          int
	ReceiptHandle string
}

// Codes of the API that decide something here.
const (
	codeExists     = 4460 // a queue or topic of the name
	codeSubscribed = 4490
	codeInternal   = 6000
	codePartly     = 6010 // some handles of a batch
	codeNone       = 6020 // all handles of a batch
	codeNoMessage  = 7000
)

// api is the CMQ API 2.0, unsigned, at several servers that are one service.
type api struct {
	http      *http.Client
	endpoints []string
}

func newAPI(endpoints []string) api {
	return api{&http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}, endpoints}
}

// call makes one request of names and values. An error tells that no answer came.
func (a api) call(ctx context.Context, server int, action string, pairs ...string) (got answer, err error) {
	form, wait := url.Values{"Action": {action}}, 0
	for i := 0; i < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
		if pairs[i] == "pollingWaitSeconds" {
			wait, _ = strconv.Atoi(pairs[i+1])
		}
	}
	ctx, cancel := context.WithTimeout(ctx, patience+time.Duration(wait)*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, a.endpoints[server]+"/v2/index.php", strings.NewReader(form.Encode()))
	if err != nil {
		return got, err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	reply, err := a.http.Do(r)
	if err != nil {
		return got, err
	}
	defer reply.Body.Close()
	if reply.StatusCode != http.StatusOK {
		return got, fmt.Errorf("status %s", reply.Status)
	}
	return got, json.NewDecoder(reply.Body).Decode(&got)
}

// outcome tells what is certain about a call after its answer, or without one.
func outcome(a answer, err error) history.Outcome {
	var broken *net.OpError
	switch {
	case errors.As(err, &broken) && broken.Op == "dial":
		return history.Failed // it never left
	case err != nil:
		return history.Unknown
	case a.Code == 0:
		return history.OK
	case a.Code == codeInternal && !refused(a.Message):
		return history.Unknown
	}
	return history.Failed
}

// refused tells a send that was refused, as on a nearly full disk, from one that
// failed on its way: both are 6000.
func refused(message string) bool { return strings.HasPrefix(message, "(10090)") }

// why is an answer's or error's text for the history, "" for success.
func why(a answer, err error) string {
	if err != nil {
		return err.Error()
	}
	return a.Message
}
