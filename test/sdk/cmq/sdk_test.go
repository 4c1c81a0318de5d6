// Package sdk drives a service by Tencent Cloud's own SDK for API 3.0, product
// cmq. It is a module of its own because product tdmq needs another version of
// the same module. TestGoSDK in ../.. runs it:
//
//	go test . -host 127.0.0.1:8080 -id SECRET_ID -secret SECRET_KEY ...
package sdk

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	cmq "github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/cmq/v20190304"
	"github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/common"
	tencent "github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/common/errors"
	"github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/common/profile"
)

var (
	host   = flag.String("host", "", "of the service, with its port")
	id     = flag.String("id", "", "SecretId")
	secret = flag.String("secret", "", "SecretKey")
	// another account
	otherID     = flag.String("other-id", "", "SecretId")
	otherSecret = flag.String("other-secret", "", "SecretKey")
	// a service with the same accounts, which may have one queue and one topic each
	smallHost = flag.String("small-host", "", "of it, with its port")
)

func TestMain(m *testing.M) {
	flag.Parse()
	if *host == "" {
		fmt.Fprintln(os.Stderr, "no -host: there is nothing to test; TestGoSDK gives one")
		os.Exit(2)
	}
	os.Exit(m.Run())
}

// client is the SDK's, pointed at the service.
func client(t *testing.T, change ...func(*profile.ClientProfile)) *cmq.Client {
	t.Helper()
	return clientOf(t, *id, *secret, change...)
}

func clientOf(t *testing.T, id, secret string, change ...func(*profile.ClientProfile)) *cmq.Client {
	t.Helper()
	p := profile.NewClientProfile()
	p.HttpProfile.Endpoint, p.HttpProfile.Scheme = *host, "HTTP"
	p.HttpProfile.ReqTimeout = 10
	for _, do := range change {
		do(p)
	}
	c, err := cmq.NewClient(common.NewCredential(id, secret), "ap-guangzhou", p)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// ask makes one call; params are the members of the SDK's request.
func ask[Q, A any](t *testing.T, call func(*Q) (A, error), request *Q, params string) (A, error) {
	t.Helper()
	strictly(t, params, request)
	return call(request)
}

// must is ask where only success will do.
func must[Q, A any](t *testing.T, call func(*Q) (A, error), request *Q, params string) A {
	t.Helper()
	answer, err := ask(t, call, request, params)
	if err != nil {
		t.Fatalf("%T %s: %v", request, params, err)
	}
	return answer
}

// refused is ask where only an error of that code will do, with that text in its message.
func refused[Q, A any](t *testing.T, call func(*Q) (A, error), request *Q, params, code, message string) {
	t.Helper()
	_, err := ask(t, call, request, params)
	wantError(t, fmt.Sprintf("%T %s", request, params), err, code, message)
}

var uuid = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)

func wantError(t *testing.T, what string, err error, code, message string) {
	t.Helper()
	var e *tencent.TencentCloudSDKError
	if !errors.As(err, &e) {
		t.Errorf("%s: got %v, want %s", what, err, code)
		return
	}
	if e.Code != code || !strings.Contains(e.Message, message) || !uuid.MatchString(e.RequestId) {
		t.Errorf("%s: got %v, want %s, %q and a UUID", what, e, code, message)
	}
}

// strictly fills into from JSON that has no member into does not know.
func strictly(t *testing.T, text string, into any) {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		t.Fatalf("%s is no %T: %v", text, into, err)
	}
}

// equal compares an answer of the SDK, value by value, with one written as
// JSON: what is null or missing there is nil, which [] is not.
func equal[T any](t *testing.T, what string, got T, want string) {
	t.Helper()
	var w T
	strictly(t, want, &w)
	if !reflect.DeepEqual(got, w) {
		t.Errorf("%s:\ngot  %s\nwant %s", what, spell(got), spell(w))
	}
}

// spell is JSON with the nulls and the empty lists that the SDK leaves out.
func spell(v any) string {
	text, err := json.Marshal(plain(reflect.ValueOf(v)))
	if err != nil {
		return err.Error()
	}
	return string(text)
}

func plain(v reflect.Value) any {
	switch {
	case v.Kind() == reflect.Pointer && !v.IsNil():
		return plain(v.Elem())
	case v.Kind() == reflect.Slice && !v.IsNil():
		all := []any{}
		for i := range v.Len() {
			all = append(all, plain(v.Index(i)))
		}
		return all
	case v.Kind() == reflect.Struct:
		all := map[string]any{}
		for i := range v.NumField() {
			all[v.Type().Field(i).Name] = plain(v.Field(i))
		}
		return all
	default:
		return v.Interface()
	}
}

// recent checks a time in seconds.
func recent(t *testing.T, what string, seconds *uint64) {
	t.Helper()
	if seconds == nil || time.Since(time.Unix(int64(*seconds), 0)).Abs() > time.Minute {
		t.Errorf("%s: got %s, want about %d", what, spell(seconds), time.Now().Unix())
	}
}

// eventually waits for what may lag behind, such as counts.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(10 * time.Second); !ok(); <-tick.C {
		if time.Now().After(deadline) {
			t.Fatalf("not so within 10 s: %s", what)
		}
	}
}
