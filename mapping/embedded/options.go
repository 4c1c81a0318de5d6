package embedded

import (
	"fmt"
	"net"
	"strconv"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

const (
	// storeLimit is what all streams together may take on the disk: no limit.
	// The server's own choice, three quarters of what is free when it starts,
	// would end a service at a figure nobody chose; whoever stores has to watch
	// Free instead. Not MaxInt64, because the server adds to it.
	storeLimit = 1 << 60

	// pendingLimit is how much may wait for one connection before the server
	// cuts it off as too slow. This process has one connection an account, on
	// which all receivers' messages come in; a hundred batches of sixteen
	// messages of 64 KiB are 100 MiB already, above the default of 64.
	pendingLimit = 1 << 30

	// writeDeadline is how long a connection may take nothing at all before
	// the server cuts it off. In process, only a stopped program takes so long.
	writeDeadline = 30 * time.Second

	// syncInterval bounds what a power cut can take; the default is 2 minutes.
	syncInterval = time.Second
)

// options translates c into the server's own words. Memory for streams in
// memory is left to the server: three quarters of the machine's, or of
// GOMEMLIMIT where that is lower.
func (s *Server) options(c Config) (*server.Options, error) {
	o := &server.Options{
		ServerName:             "jetcmq",
		DontListen:             c.Addr == "",
		NoSigs:                 true, // the program handles its signals
		MaxPayload:             c.MaxPayload,
		MaxPending:             pendingLimit,
		WriteDeadline:          writeDeadline,
		JetStream:              true,
		JetStreamMaxStore:      storeLimit,
		StoreDir:               s.dir,
		SyncInterval:           syncInterval,
		SyncAlways:             c.Sync == SyncAlways,
		DisableJetStreamBanner: true,
	}
	if o.MaxPayload == 0 {
		o.MaxPayload = DefaultMaxPayload
	}
	if c.Addr != "" {
		if err := listenOn(o, c.Addr); err != nil {
			return nil, err
		}
	}
	return o, s.addAccounts(o, c.Accounts, c.Open)
}

func listenOn(o *server.Options, addr string) error {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrAddr, err)
	}
	if o.Port, err = strconv.Atoi(port); err != nil {
		return fmt.Errorf("%w: port %q is not a number", ErrAddr, port)
	}
	if o.Host = host; host == "" {
		o.Host = server.DEFAULT_HOST
	}
	if o.Port == 0 {
		o.Port = server.RANDOM_PORT
	}
	return nil
}
