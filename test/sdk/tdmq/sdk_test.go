// Package sdk drives a service by Tencent Cloud's own SDK for API 3.0, product
// tdmq. It is a module of its own because product cmq needs another version of
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

	"github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/common"
	"github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/common/profile"
	tdmq "github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/tdmq/v20200217"

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
	// what the service pushes to
	listen = flag.String("listen", "127.0.0.1", "our address that the service reaches")
	reach  = flag.String("reach", "127.0.0.1", "the host it finds us by")
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
func client(t *testing.T, change ...func(*profile.ClientProfile)) *tdmq.Client {
	t.Helper()
	return clientOf(t, *id, *secret, change...)
}

func clientOf(t *testing.T, id, secret string, change ...func(*profile.ClientProfile)) *tdmq.Client {
	t.Helper()
	p := profile.NewClientProfile()
	p.HttpProfile.Endpoint, p.HttpProfile.Scheme = *host, "HTTP"
	p.HttpProfile.ReqTimeout = 10
	for _, do := range change {
		do(p)
	}
	c, err := tdmq.NewClient(common.NewCredential(id, secret), "ap-guangzhou", p)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// recent checks a time in milliseconds.
func recent(t *testing.T, what string, ms *uint64) {
	t.Helper()
	if ms == nil || time.Since(time.UnixMilli(int64(*ms))).Abs() > time.Minute {
		t.Errorf("%s: got %s, want about %d", what, check.Spell(ms), time.Now().UnixMilli())
	}
}
