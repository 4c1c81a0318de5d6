package process

import (
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestDefaults(t *testing.T) {
	t.Parallel()
	c, err := Load([]string{"HOME=/root", "JETCMQ_TEST_IMAGE=jetcmq:try", "JETCMQ_NATS_URL="}) // empty is not set
	if err != nil {
		t.Fatal(err)
	}
	want := Config{
		Addr: "127.0.0.1:8080", Auth: "auto", DataDir: "jetcmq-data", NATSAddr: "127.0.0.1:4222", Durability: "process",
		Replicas: 1, MaxBody: 4 << 20, MaxCalls: 10000, MaxQueues: 1000, PollMargin: 150 * time.Millisecond,
		DiskReserve: 256 << 20, CallTimeout: 2500 * time.Millisecond, StopTimeout: 20 * time.Second, LogFormat: "text",
		MaxTopics: 1000, MaxSubscriptions: 500, PublishUnrouted: "refuse", PushConcurrency: 32, AppID: 1250000000, TimeScale: 1,
	}
	if !reflect.DeepEqual(c, want) {
		t.Errorf("got %+v, want %+v", c, want)
	}
}

func TestValues(t *testing.T) {
	t.Parallel()
	c, err := Load([]string{
		"JETCMQ_SIGNED_HOSTS=a.example,b.example:8080", "JETCMQ_TRUST_FORWARDED_HOST=true", "JETCMQ_CLOCK_SKEW=5m",
		"JETCMQ_MAX_BODY=512KiB", "JETCMQ_DISK_RESERVE=0", "JETCMQ_LOG_LEVEL=debug", "JETCMQ_STOP_TIMEOUT=1m",
	})
	if err != nil {
		t.Fatal(err)
	}
	got := []any{c.SignedHosts, c.TrustForwardedHost, c.ClockSkew, c.MaxBody, c.DiskReserve, c.LogLevel.String(), c.StopTimeout}
	want := []any{[]string{"a.example", "b.example:8080"}, true, 5 * time.Minute, size(512 << 10), size(0), "DEBUG", time.Minute}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestRefusedSettings(t *testing.T) {
	t.Parallel()
	const url = "JETCMQ_NATS_URL=nats://127.0.0.1:4222"
	for _, c := range []struct{ environ, want string }{
		{"JETCMQ_DATADIR=x", "JETCMQ_DATADIR is not a setting: did you mean JETCMQ_DATA_DIR?"},
		{"JETCMQ_PORT=9000", "JETCMQ_PORT is not a setting"},
		{"JETCMQ_REPLICAS=three", "JETCMQ_REPLICAS=three is not a whole number"},
		{"JETCMQ_TRUST_FORWARDED_HOST=perhaps", "JETCMQ_TRUST_FORWARDED_HOST=perhaps is not true or false"},
		{"JETCMQ_CLOCK_SKEW=5", "JETCMQ_CLOCK_SKEW=5 is not a time such as"},
		{"JETCMQ_MAX_BODY=4MB", "JETCMQ_MAX_BODY=4MB is not a size such as"},
		{"JETCMQ_LOG_LEVEL=loud", "JETCMQ_LOG_LEVEL=loud is not debug, info, warn or error"},
		{"JETCMQ_LOG_FORMAT=xml", "JETCMQ_LOG_FORMAT=xml is not one of text, json"},
		{"JETCMQ_AUTH=on", "JETCMQ_AUTH=on is not one of auto, open, off"},
		{"JETCMQ_DURABILITY=disk", "JETCMQ_DURABILITY=disk is not one of memory, process, power"},
		{"JETCMQ_MAX_CALLS=0", "JETCMQ_MAX_CALLS=0 is not within 1 to"},
		{"JETCMQ_MAX_QUEUES=-1", "JETCMQ_MAX_QUEUES=-1 is not within 1 to"},
		{"JETCMQ_MAX_BODY=1GiB", "JETCMQ_MAX_BODY"},
		{"JETCMQ_POLL_MARGIN=2s", "JETCMQ_POLL_MARGIN=2s is not within 0s to 1s"},
		{"JETCMQ_REPLICAS=6 " + url, "JETCMQ_REPLICAS=6 is not within 1 to 5"},
		{"JETCMQ_REPLICAS=3", "JETCMQ_REPLICAS=3 needs a NATS cluster: set JETCMQ_NATS_URL"},
		{"JETCMQ_NATS_CREDS=x", "JETCMQ_NATS_CREDS is for an external NATS server"},
		{"JETCMQ_NATS_URL=nats://a:4222,nats://ann:SECRET@b:port", "JETCMQ_NATS_URL: address 2 is not like nats://host:4222"},
		{"JETCMQ_NATS_URL=nats://", "JETCMQ_NATS_URL: address 1 is not like"},
		{"JETCMQ_ADDR=localhost:80,", "JETCMQ_ADDR=localhost:80, has an empty address"},
		{"JETCMQ_TLS_CERT=x", "JETCMQ_TLS_CERT and JETCMQ_TLS_KEY need each other"},
		{"JETCMQ_NATS_KEY=x " + url, "JETCMQ_NATS_CERT and JETCMQ_NATS_KEY need each other"},
		{"JETCMQ_NATS_USER=x " + url, "JETCMQ_NATS_USER and JETCMQ_NATS_PASSWORD need each other"},
		{"JETCMQ_CREDENTIALS=a:SECRET:x,b:SECRET:y JETCMQ_NATS_CREDS=x=f " + url, "JETCMQ_NATS_CREDS has no file for account y"},
		{"JETCMQ_CREDENTIALS=a:SECRET:x,b:SECRET:y JETCMQ_NATS_CREDS=f " + url, "JETCMQ_NATS_CREDS has no file for account x"},
		{"JETCMQ_CREDENTIALS=SECRET", "JETCMQ_CREDENTIALS: entry 1 is not secretId:secretKey"},
		{"JETCMQ_CREDENTIALS=a:SECRET,b::x", "JETCMQ_CREDENTIALS: entry 2 is not secretId:secretKey"},
		{"JETCMQ_CREDENTIALS=a:SECRET:x:y", "JETCMQ_CREDENTIALS: entry 1 is not secretId:secretKey"},
		{"JETCMQ_CREDENTIALS=a:SECRET:../y", "JETCMQ_CREDENTIALS: entry 1 has an account"},
		{"JETCMQ_CREDENTIALS=a:SECRET,a:SECRET", "JETCMQ_CREDENTIALS: entry 2 repeats a secretId"},
		{"JETCMQ_CREDENTIALS=a:SECRET JETCMQ_AUTH=off", "JETCMQ_AUTH=off serves anybody"},
		{"JETCMQ_CREDENTIALS_FILE=/no/such/file", "JETCMQ_CREDENTIALS_FILE: open /no/such/file"},
	} {
		t.Run(c.want, func(t *testing.T) {
			t.Parallel()
			_, err := Load(strings.Fields(c.environ))
			if err == nil || !strings.HasPrefix(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("got %v, want one line that begins %q", err, c.want)
			} else if strings.Contains(err.Error(), "SECRET") {
				t.Errorf("%v tells a secret", err)
			}
		})
	}
}

func TestKubernetesVariablesAreNobodysSettings(t *testing.T) {
	t.Parallel()
	_, err := Load([]string{
		"JETCMQ_SERVICE_HOST=10.0.0.7", "JETCMQ_SERVICE_PORT=8080", "JETCMQ_SERVICE_PORT_HTTP=8080", "JETCMQ_PORT=tcp://10.0.0.7:8080",
		"JETCMQ_PORT_8080_TCP=tcp://10.0.0.7:8080", "JETCMQ_PORT_8080_TCP_PROTO=tcp", "JETCMQ_PORT_8080_TCP_PORT=8080", "JETCMQ_PORT_8080_TCP_ADDR=10.0.0.7",
	})
	if err != nil {
		t.Error(err)
	}
}

func TestOpenServiceStaysOnLoopback(t *testing.T) {
	t.Parallel()
	const url, key = "JETCMQ_NATS_URL=nats://10.0.0.1:4222", "JETCMQ_CREDENTIALS=a:b"
	for environ, want := range map[string]string{
		"JETCMQ_ADDR=localhost:80":                          "",
		"JETCMQ_ADDR=[::1]:80":                              "",
		"JETCMQ_ADDR=127.1.2.3:0":                           "",
		"JETCMQ_ADDR=:80":                                   "JETCMQ_ADDR=:80 ",
		"JETCMQ_ADDR=0.0.0.0:80":                            "JETCMQ_ADDR=0.0.0.0:80 ",
		"JETCMQ_ADDR=[::]:80":                               "JETCMQ_ADDR=[::]:80 ",
		"JETCMQ_ADDR=cmq.example:80":                        "JETCMQ_ADDR=cmq.example:80 ",
		"JETCMQ_ADDR=[::1]:80,localhost:81":                 "",
		"JETCMQ_ADDR=localhost:80,:81":                      "JETCMQ_ADDR=:81 ",
		"JETCMQ_ADDR=:80 JETCMQ_AUTH=off":                   "",
		"JETCMQ_ADDR=:80 JETCMQ_AUTH=open":                  "",
		"JETCMQ_ADDR=:80 JETCMQ_AUTH=open " + key:           "",
		"JETCMQ_ADDR=:80 " + key:                            "",
		"JETCMQ_NATS_ADDR=:4222":                            "JETCMQ_NATS_ADDR=:4222 ",
		"JETCMQ_NATS_ADDR=:4222 " + key:                     "",
		"JETCMQ_NATS_ADDR=:4222 JETCMQ_AUTH=off":            "",
		"JETCMQ_NATS_ADDR=:4222 " + url:                     "", // nobody listens there
		"JETCMQ_NATS_ADDR=off":                              "",
		"JETCMQ_ADDR=:80 JETCMQ_NATS_ADDR=0.0.0.0:1 " + url: "JETCMQ_ADDR=:80 ",
	} {
		_, err := Load(strings.Fields(environ))
		if (err == nil) != (want == "") || err != nil && !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: got %v, want an error that begins %q", environ, err, want)
		}
	}
}

func TestCredentials(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "credentials")
	if err := os.WriteFile(file, []byte("# ours\nc:kc:x\r\n\n  d:kd\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := Load([]string{"JETCMQ_CREDENTIALS=a:ka, b:kb:x,", "JETCMQ_CREDENTIALS_FILE=" + file})
	if err != nil {
		t.Fatal(err)
	}
	want := []credential{{"a", "ka", "default"}, {"b", "kb", "x"}, {"c", "kc", "x"}, {"d", "kd", "default"}}
	if !slices.Equal(c.credentials, want) {
		t.Errorf("got %v, want %v", c.credentials, want)
	}
	if got, want := c.accounts(), []string{"default", "x"}; !slices.Equal(got, want) {
		t.Errorf("got accounts %v, want %v", got, want)
	}
}

func TestBadCredentialsFile(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"# nobody\n":           "JETCMQ_CREDENTIALS_FILE holds no credentials",
		"\n#\nSECRET:\n":       "JETCMQ_CREDENTIALS_FILE: line 3 is not",
		"a:SECRET\na:SECRET\n": "JETCMQ_CREDENTIALS_FILE: line 2 repeats",
	} {
		file := filepath.Join(t.TempDir(), "credentials")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := Load([]string{"JETCMQ_CREDENTIALS_FILE=" + file})
		if err == nil || !strings.HasPrefix(err.Error(), want) || strings.Contains(err.Error(), "SECRET") {
			t.Errorf("%q: got %v, want an error that begins %q", text, err, want)
		}
	}
}

func TestCredsFileOfAnAccount(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ creds, callers, account, want string }{
		{"/etc/a.creds", "", "default", "/etc/a.creds"},
		{"default=/etc/a.creds", "", "default", "/etc/a.creds"},
		{"x=/etc/x.creds, y=/etc/y.creds", "a:b:x,c:d:y", "y", "/etc/y.creds"},
		{"", "", "default", ""},
	} {
		got := (&Config{NATSCreds: c.creds, credentials: callers(t, c.callers)}).credsFile(c.account)
		if got != c.want {
			t.Errorf("%s of %q: got %q, want %q", c.account, c.creds, got, c.want)
		}
	}
}

func callers(t *testing.T, list string) []credential {
	t.Helper()
	all, err := (&Config{Credentials: list}).readCredentials()
	if err != nil {
		t.Fatal(err)
	}
	return all
}
