package test

import (
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/jetcmq/jetcmq/test/jetcmqtest"
)

// TestScenariosOnACluster plays the stories once more, with everything kept
// three times on a cluster of NATS servers. There a caller has to have an
// account of NATS, so stories of two callers are left out.
func TestScenariosOnACluster(t *testing.T) {
	t.Parallel()
	var all []story
	var accounts []string
	for _, s := range readStories(t) {
		if s.mentions("AKIDsecond") {
			continue
		}
		s.patient()
		all = append(all, s)
		for try := range tries {
			accounts = append(accounts, s.account(try))
		}
	}
	servers := startServers(t, accounts)
	for _, s := range all {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			tell(t, s, func(try int) *world {
				return startFor(t, "", []string{"first"}, jetcmqtest.WithNATS(addresses(servers, s.account(try))),
					jetcmqtest.WithSetting("JETCMQ_REPLICAS", "3"))
			})
		})
	}
}

// account is the account of NATS in which a story is told for that time.
func (s story) account(try int) string { return fmt.Sprintf("%s-%d", s.name, try) }

// patient repeats what reads, if need be: of what one server of a cluster has
// acknowledged others hear a moment later.
func (s story) patient() {
	for i, st := range s.steps {
		if asks.MatchString(st.words[0]) {
			s.steps[i].within = max(st.within, 5*time.Second)
		}
	}
}

var asks = regexp.MustCompile(`^(Get|List|Describe|Receive|BatchReceive)`)

func (s story) mentions(text string) bool {
	for _, st := range s.steps {
		if strings.Contains(st.text, text) {
			return true
		}
	}
	return false
}

// startServers runs a cluster of three with an account of each name.
func startServers(t *testing.T, accounts []string) (all []*server.Server) {
	t.Helper()
	var listeners []net.Listener
	var routes []string
	for port := 15_000 + rand.IntN(4_000); len(listeners) < 3; port++ { // outgoing connections have higher ones
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil {
			continue
		}
		listeners = append(listeners, l)
		routes = append(routes, fmt.Sprintf("%q", "nats://"+l.Addr().String()))
	}
	for i, l := range listeners {
		l.Close() // the port was only found by it
		text := fmt.Sprintf("server_name: n%d\nlisten: \"127.0.0.1:-1\"\nmax_payload: 2MB\njetstream: { store_dir: %q }\n", i, t.TempDir()) +
			fmt.Sprintf("cluster: { name: c, listen: %q, routes: [%s] }\naccounts: {\n", l.Addr(), strings.Join(routes, ", "))
		for _, name := range accounts {
			text += fmt.Sprintf("%q: { jetstream: enabled, users: [{ user: %q, password: secret }] }\n", name, name)
		}
		all = append(all, startServer(t, text+"}\n"))
	}
	awaitLeader(t, addresses(all, accounts[0]))
	return all
}

func startServer(t *testing.T, config string) *server.Server {
	t.Helper()
	file := filepath.Join(t.TempDir(), "nats.conf")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	options, err := server.ProcessConfigFile(file)
	if err != nil {
		t.Fatal(err)
	}
	options.NoSigs, options.NoLog = true, true
	s, err := server.NewServer(options)
	if err != nil {
		t.Fatal(err)
	}
	go s.Start()
	t.Cleanup(func() {
		s.Shutdown()
		s.WaitForShutdown()
	})
	if !s.ReadyForConnections(10 * time.Second) {
		t.Fatal("a NATS server takes no connections")
	}
	return s
}

// awaitLeader returns when JetStream has one.
func awaitLeader(t *testing.T, url string) {
	t.Helper()
	nc, err := nats.Connect(url)
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	js, err := jetstream.New(nc, jetstream.WithDefaultTimeout(time.Second))
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "the cluster has a leader", func() bool {
		_, err := js.AccountInfo(t.Context())
		return err == nil
	})
}

// addresses is how an account enters a cluster.
func addresses(all []*server.Server, account string) string {
	var urls []string
	for _, s := range all {
		urls = append(urls, fmt.Sprintf("nats://%s:secret@%s", account, s.Addr()))
	}
	return strings.Join(urls, ",")
}
