package jet

import (
	"fmt"
	"log/slog"
	"net"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Durability says what an acknowledged message survives.
type Durability int

const (
	Process Durability = iota // a kill of the process at any moment (files, synced every second)
	Power                     // a power cut as well (synced before the answer)
	Memory                    // nothing: for tests
)

// Config tells where the account lives and how it is used.
type Config struct {
	// URL is the NATS address, a comma list for a cluster. InProcess, when
	// set, is used instead: an embedded server's door.
	URL       string
	InProcess interface{ InProcessConn() (net.Conn, error) }

	// How the account is entered; empty fields are not used.
	User, Password    string
	Token             string
	CredsFile         string // a NATS .creds file
	NKeyFile          string // a file with an nkey seed
	CAFile            string // PEM; the server's certificate must come from it
	CertFile, KeyFile string // PEM; the client's own certificate

	Durability  Durability
	Replicas    int           // of each stream; 0 = 1
	CallTimeout time.Duration // longest wait for JetStream in one call; 0 = 2.5 s, below the most impatient Go SDK's 3 s

	// DiskFree tells the bytes free where JetStream stores, for an embedded
	// server. Nothing may be stored while fewer than DiskReserve are: a disk
	// that is truly full breaks the engine and loses acknowledged messages.
	DiskFree    func() (int64, error)
	DiskReserve int64

	Log *slog.Logger // nil = discarded
}

func (c Config) withDefaults() Config {
	if c.Replicas == 0 {
		c.Replicas = 1
	}
	if c.CallTimeout == 0 {
		c.CallTimeout = 2500 * time.Millisecond
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return c
}

// Storage is where new streams keep their messages.
func (c Config) Storage() jetstream.StorageType {
	if c.Durability == Memory {
		return jetstream.MemoryStorage
	}
	return jetstream.FileStorage
}

// Address is the URL without users and passwords, fit to be shown.
func (c Config) Address() string {
	all := strings.Split(c.URL, ",")
	for i, url := range all {
		scheme, rest, ok := strings.Cut(strings.TrimSpace(url), "://")
		if !ok {
			scheme, rest = "nats", scheme
		}
		all[i] = scheme + "://" + rest[strings.LastIndex(rest, "@")+1:]
	}
	return strings.Join(all, ",")
}

// credentials adds to opts how the account is entered.
func (c Config) credentials(opts []nats.Option) ([]nats.Option, error) {
	add := func(o nats.Option) { opts = append(opts, o) }
	if c.InProcess != nil {
		add(nats.InProcessServer(c.InProcess))
	}
	if c.User != "" {
		add(nats.UserInfo(c.User, c.Password))
	}
	if c.Token != "" {
		add(nats.Token(c.Token))
	}
	if c.CredsFile != "" {
		add(nats.UserCredentials(c.CredsFile))
	}
	if c.NKeyFile != "" {
		o, err := nats.NkeyOptionFromSeed(c.NKeyFile)
		if err != nil {
			return nil, fmt.Errorf("read nkey %s: %w", c.NKeyFile, err)
		}
		add(o)
	}
	if c.CAFile != "" {
		add(nats.RootCAs(c.CAFile))
	}
	if c.CertFile != "" {
		add(nats.ClientCert(c.CertFile, c.KeyFile))
	}
	return opts, nil
}
