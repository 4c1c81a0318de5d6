// Package sdk drives a service by Tencent Cloud's own SDK for API 3.0, product
// cmq. It is a module of its own because product tdmq needs another version of
// the same module. TestGoSDK in ../.. runs it:
//
//	go test . -host 127.0.0.1:8080 -id SECRET_ID -secret SECRET_KEY ...
package sdk

import (
	"flag"
	"fmt"
	"os"
	"testing"
	"time"

	cmq "github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/cmq/v20190304"
	"github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/common"
	"github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/common/profile"

	"github.com/jetcmq/jetcmq/test/sdk/check"
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

// recent checks a time in seconds.
func recent(t *testing.T, what string, seconds *uint64) {
	t.Helper()
	if seconds == nil || time.Since(time.Unix(int64(*seconds), 0)).Abs() > time.Minute {
		t.Errorf("%s: got %s, want about %d", what, check.Spell(seconds), time.Now().Unix())
	}
}
