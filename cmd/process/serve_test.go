package process

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// service is a run in this process.
type service struct {
	Place
	stop func() error // and waits; the same error every time
}

// launch runs with settings, on free ports unless they say otherwise.
func launch(t *testing.T, environ ...string) service {
	t.Helper()
	c, err := Load(append([]string{"JETCMQ_ADDR=127.0.0.1:0", "JETCMQ_NATS_ADDR=off", "JETCMQ_DATA_DIR=" + t.TempDir()}, environ...))
	if err != nil {
		t.Fatal(err)
	}
	return launchWith(t, c)
}

func launchWith(t *testing.T, c Config) service {
	t.Helper()
	var err error
	ctx, cancel := context.WithCancel(context.Background())
	ready, done := make(chan Place, 1), make(chan struct{})
	go func() {
		err = Run(ctx, c, slog.New(slog.DiscardHandler), func(p Place) { ready <- p })
		close(done)
	}()
	s := service{stop: func() error { cancel(); <-done; return err }}
	t.Cleanup(func() {
		if err := s.stop(); err != nil {
			t.Error(err)
		}
	})
	select {
	case s.Place = <-ready:
	case <-done:
		t.Fatalf("not ready: %v", err)
	}
	return s
}

// call makes a request and returns the answer's text.
func (s service) call(t *testing.T, client *http.Client, query string) string {
	t.Helper()
	answer, err := client.Post(s.Endpoint+"/v2/index.php", "", strings.NewReader(query))
	if err != nil {
		return err.Error()
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Error(err)
	}
	return string(text)
}

func (s service) expect(t *testing.T, query, want string) {
	t.Helper()
	if got := s.call(t, http.DefaultClient, query); !strings.Contains(got, want) {
		t.Errorf("%s: got %s, want %s in it", query, got, want)
	}
}

func TestServesAndKeeps(t *testing.T) {
	t.Parallel()
	dir := "JETCMQ_DATA_DIR=" + t.TempDir()
	for _, durability := range []string{"process", "power"} {
		s := launch(t, dir, "JETCMQ_DURABILITY="+durability)
		s.expect(t, "Action=CreateQueue&queueName="+durability, `"code":0`)
		s.expect(t, "Action=SendMessage&queueName="+durability+"&msgBody=hello", `"code":0`)
		if err := s.stop(); err != nil {
			t.Fatal(err)
		}
		s = launch(t, dir)
		s.expect(t, "Action=ReceiveMessage&queueName="+durability, `"msgBody":"hello"`)
		if err := s.stop(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestMemoryNeedsNoDirectory(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "unused")
	s := launch(t, "JETCMQ_DURABILITY=memory", "JETCMQ_DATA_DIR="+dir)
	s.expect(t, "Action=CreateQueue&queueName=q", `"code":0`)
	s.expect(t, "Action=SendMessage&queueName=q&msgBody=hello", `"code":0`)
	if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%s was made", dir)
	}
}

func TestCredentialsAreAskedFor(t *testing.T) {
	t.Parallel()
	s := launch(t, "JETCMQ_CREDENTIALS=ann:secret:a,bob:hidden:b", "JETCMQ_NATS_ADDR=127.0.0.1:0")
	s.expect(t, "Action=ListQueue&Timestamp=1&Nonce=1&SecretId=ann&Signature=AAAA", `"code":4100`)
	s.expect(t, "Action=ListQueue", `"code":4`)
	if nc, err := nats.Connect(s.NATS); err == nil {
		nc.Close()
		t.Error("NATS lets somebody in without a password")
	}
	nc, err := nats.Connect(s.NATS, nats.UserInfo("ann", "secret"))
	if err != nil {
		t.Fatal(err)
	}
	nc.Close()
}

func TestStopAnswersWaitingPolls(t *testing.T) {
	t.Parallel()
	s := launch(t, "JETCMQ_NATS_ADDR=127.0.0.1:0")
	s.expect(t, "Action=CreateQueue&queueName=q", `"code":0`)
	answer := make(chan string, 1)
	go func() {
		answer <- s.call(t, http.DefaultClient, "Action=ReceiveMessage&queueName=q&pollingWaitSeconds=30")
	}()
	waitForPoll(t, s.NATS)
	began := time.Now()
	if err := s.stop(); err != nil {
		t.Error(err)
	}
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("the stop took %s, as if it waited for the poll", took)
	}
	if got := <-answer; !strings.Contains(got, `"code":7000`) {
		t.Errorf("got %s, want the code for no message", got)
	}
}

// streams is a NATS program's view.
func streams(t *testing.T, url string) jetstream.JetStream {
	t.Helper()
	nc, err := nats.Connect(url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	return js
}

// waitForPoll returns when a receive waits in JetStream.
func waitForPoll(t *testing.T, url string) {
	t.Helper()
	js := streams(t, url)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); <-tick.C {
		if waiting(t, js) > 0 {
			return
		}
	}
	t.Fatal("no receive waits")
}

func waiting(t *testing.T, js jetstream.JetStream) (n int) {
	t.Helper()
	for stream := range js.ListStreams(t.Context()).Info() {
		s, err := js.Stream(t.Context(), stream.Config.Name)
		if err != nil {
			t.Fatal(err)
		}
		for consumer := range s.ListConsumers(t.Context()).Info() {
			n += consumer.NumWaiting
		}
	}
	return n
}

func TestJoinsAnExternalServer(t *testing.T) {
	t.Parallel()
	first := launch(t, "JETCMQ_CREDENTIALS=ann:secret:a,bob:hidden:b", "JETCMQ_NATS_ADDR=127.0.0.1:0")
	second := launch(t, "JETCMQ_NATS_URL="+first.NATS, "JETCMQ_NATS_USER=ann", "JETCMQ_NATS_PASSWORD=secret")
	second.expect(t, "Action=CreateQueue&queueName=shared", `"code":0`)
	third := launch(t, "JETCMQ_NATS_URL="+strings.Replace(first.NATS, "//", "//ann:secret@", 1))
	third.expect(t, "Action=ListQueue", `"shared"`)
	if strings.Contains(third.NATS, "secret") {
		t.Errorf("the announced address %s has a password", third.NATS)
	}
	other := launch(t, "JETCMQ_NATS_URL="+first.NATS, "JETCMQ_NATS_USER=bob", "JETCMQ_NATS_PASSWORD=hidden")
	other.expect(t, "Action=ListQueue", `"totalCount":0`)
}

func TestTLS(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	pool := certificate(t, dir)
	s := launch(t, "JETCMQ_TLS_CERT="+dir+"/cert.pem", "JETCMQ_TLS_KEY="+dir+"/key.pem")
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}
	defer transport.CloseIdleConnections()
	if got := s.call(t, &http.Client{Transport: transport}, "Action=ListQueue"); !strings.Contains(got, `"code":0`) {
		t.Errorf("got %s, want code 0", got)
	}
	if u, err := url.Parse(s.Endpoint); err != nil || u.Scheme != "https" {
		t.Errorf("announced %s, want https", s.Endpoint)
	}
}

// certificate writes one for 127.0.0.1 and its key into dir.
func certificate(t *testing.T, dir string) *x509.CertPool {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(1), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	public := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	private := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret})
	if err := errors.Join(os.WriteFile(dir+"/cert.pem", public, 0o600), os.WriteFile(dir+"/key.pem", private, 0o600)); err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(public)
	return pool
}

func TestStartFails(t *testing.T) {
	t.Parallel()
	s := launch(t, "JETCMQ_NATS_ADDR=127.0.0.1:0")
	closed := launch(t, "JETCMQ_NATS_ADDR=127.0.0.1:0", "JETCMQ_CREDENTIALS=ann:secret")
	natsAddr := strings.TrimPrefix(s.NATS, "nats://")
	for want, environ := range map[string][]string{
		"JETCMQ_ADDR=" + s.Addr.String() + ": ":          {"JETCMQ_ADDR=" + s.Addr.String()},
		"JETCMQ_ADDR=nonsense: ":                         {"JETCMQ_ADDR=nonsense"},
		"JETCMQ_NATS_ADDR=" + natsAddr + ": ":            {"JETCMQ_NATS_ADDR=" + natsAddr},
		"JETCMQ_DATA_DIR: another process is using":      {"JETCMQ_DATA_DIR=" + s.Data},
		"JETCMQ_NATS_URL: account default: ":             {"JETCMQ_NATS_URL=nats://ann:SECRET@" + strings.TrimPrefix(closed.NATS, "nats://")},
		"JETCMQ_TLS_CERT and JETCMQ_TLS_KEY: open /none": {"JETCMQ_TLS_CERT=/none", "JETCMQ_TLS_KEY=/none"},
	} {
		t.Run(want, func(t *testing.T) {
			t.Parallel()
			c, err := Load(append([]string{"JETCMQ_ADDR=127.0.0.1:0", "JETCMQ_NATS_ADDR=off", "JETCMQ_DATA_DIR=" + t.TempDir()}, environ...))
			if err != nil {
				t.Fatal(err)
			}
			err = Run(t.Context(), c, slog.New(slog.DiscardHandler), func(Place) { t.Error("it is ready") })
			if err == nil || !strings.HasPrefix(err.Error(), want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("got %v, want one line that begins %q", err, want)
			} else if strings.Contains(err.Error(), "SECRET") {
				t.Errorf("%v tells a secret", err)
			}
		})
	}
}

func TestBanner(t *testing.T) {
	t.Parallel()
	c := Config{Durability: "process", credentials: []credential{{"ann", "SECRET", "a"}}}
	got := banner(c, Place{Endpoint: c.endpoint(&net.TCPAddr{IP: net.IPv6unspecified, Port: 80}), Data: "/data"})
	for _, want := range []string{"http://127.0.0.1:80", "not listening", "/data", "process", "checked"} {
		if !strings.Contains(got, want) || strings.Contains(got, "SECRET") {
			t.Errorf("got\n%swant %s in it and no secret", got, want)
		}
	}
}

func TestTwoAddresses(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	second := l.Addr().String()
	l.Close()
	s := launch(t, "JETCMQ_ADDR=127.0.0.1:0, "+second)
	s.expect(t, "Action=CreateQueue&queueName=q", `"code":0`)
	s.Endpoint = "http://" + second
	s.expect(t, "Action=CreateQueue&queueName=q", `"code":4460`)
}
