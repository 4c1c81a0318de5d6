package embedded

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"

	"github.com/nats-io/nats-server/v2/server"
)

// plainDir is where a plain server keeps its data unless it is told.
const plainDir = "jetcmq-nats"

// Plain runs a nats-server of its own until ctx ends: the member of a cluster,
// or a server for adapters elsewhere. args are nats-server's own options, and
// may name its configuration file; where both are silent it does as an
// embedded server would. It logs to standard error, as nats-server does.
func Plain(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("nats-server", flag.ContinueOnError)
	flags.SetOutput(io.Discard) // the error says it
	help := false
	options, err := server.ConfigureOptions(flags, args, server.PrintServerAndExit, func() { help = true }, server.PrintTLSHelpAndDie)
	switch {
	case help:
		_, err := fmt.Fprintln(os.Stdout, plainHelp)
		return err
	case err != nil:
		return fmt.Errorf("nats-server: %w", err)
	case options == nil: // told a running server something, by -sl
		return nil
	case options.CheckConfig:
		_, err := fmt.Fprintf(os.Stdout, "%s is valid\n", options.ConfigFile)
		return err
	}
	recommend(options)
	return runPlain(ctx, options)
}

const plainHelp = `jetcmq nats takes nats-server's options, of which these are most used:
  -a HOST -p PORT                  where clients connect (0.0.0.0:4222)
  -n NAME                          the server's name, its own in the cluster
  -sd DIR                          where it keeps its data (./jetcmq-nats)
  --cluster_name NAME              the cluster's name, the same in all
  --cluster nats://HOST:PORT       where the others of the cluster connect
  --routes nats://A:PORT,nats://B:PORT
                                   some of the others
  -m PORT                          monitoring by HTTP
  -c FILE                          a configuration file of nats-server's
  --user NAME --pass WORD          who may connect
All others: https://docs.nats.io/running-a-nats-service/introduction/flags`

// recommend fills in what nobody has chosen.
func recommend(o *server.Options) {
	o.NoSigs = true // the program handles its signals
	o.JetStream = true
	if o.StoreDir == "" {
		o.StoreDir = plainDir
	}
	// 0 is "not set" to the server, too: it puts its 2 minutes there later.
	if o.SyncInterval == 0 {
		o.SyncInterval = syncInterval
	}
	if o.MaxPayload == 0 {
		o.MaxPayload = DefaultMaxPayload
	}
	if o.MaxPending == 0 {
		o.MaxPending = pendingLimit
	}
	if o.WriteDeadline == 0 {
		o.WriteDeadline = writeDeadline
	}
}

func runPlain(ctx context.Context, o *server.Options) error {
	nats, err := server.NewServer(o)
	if err != nil {
		return fmt.Errorf("nats-server: %w", err)
	}
	nats.ConfigureLogger()
	if err := mend(o.StoreDir, slog.Default()); err != nil {
		return fmt.Errorf("mend the data directory: %w", err)
	}
	stop := context.AfterFunc(ctx, nats.Shutdown)
	defer stop()
	nats.Start() // a fault at the start ends the process with its reason in the log
	defer describe(o.StoreDir, slog.Default())()
	nats.WaitForShutdown()
	return nil
}
