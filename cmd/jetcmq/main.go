// Command jetcmq speaks Tencent Cloud CMQ's HTTP API and keeps the messages in
// NATS JetStream, in its own process or in a NATS server elsewhere.
package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/jetcmq/jetcmq/cmd/process"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // so that a second signal ends the process at once
	root := command(os.Environ())
	root.SetArgs(arguments(os.Args))
	if err := root.ExecuteContext(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "jetcmq:", err)
		os.Exit(1)
	}
}

// command is the whole command line, with environ for its settings.
func command(environ []string) *cobra.Command {
	serve := func(cmd *cobra.Command, _ []string) error {
		c, err := process.Load(environ)
		if err != nil {
			return err
		}
		out := cmd.ErrOrStderr()
		log := process.NewLog(c, out)
		process.Quiet(log)
		return process.Run(cmd.Context(), c, log, func(p process.Place) { process.Announce(c, p, out, log) })
	}
	root := &cobra.Command{
		Use:               "jetcmq",
		Short:             "Serve the CMQ API over NATS JetStream",
		Long:              "jetcmq speaks Tencent Cloud CMQ's HTTP API and keeps the messages in NATS JetStream.\nWithout a command it serves.",
		Args:              cobra.NoArgs,
		RunE:              serve,
		SilenceUsage:      true,
		SilenceErrors:     true,
		CompletionOptions: cobra.CompletionOptions{DisableDefaultCmd: true},
	}
	root.AddCommand(
		&cobra.Command{Use: "serve", Short: "Serve until interrupted (the default)", Args: cobra.NoArgs, RunE: serve},
		healthCommand(environ),
		natsCommand(),
		balanceCommand(),
		seedsCommand(environ),
		&cobra.Command{Use: "version", Short: "Tell the version", Args: cobra.NoArgs, Run: func(cmd *cobra.Command, _ []string) {
			writeVersion(cmd.OutOrStdout())
		}},
	)
	help := root.HelpFunc()
	root.SetHelpFunc(func(cmd *cobra.Command, args []string) {
		help(cmd, args)
		if cmd == root {
			process.WriteManual(cmd.OutOrStdout())
		}
	})
	return root
}

// version is what make dist saw in git; other builds know only what Go noted.
var version string

// writeVersion tells what is running, down to the NATS server inside.
func writeVersion(w io.Writer) {
	own, nats := version, "unknown"
	if info, ok := debug.ReadBuildInfo(); ok {
		own = cmp.Or(own, info.Main.Version)
		for _, d := range info.Deps {
			if d.Path == "github.com/nats-io/nats-server/v2" {
				nats = d.Version
			}
		}
	}
	fmt.Fprintf(w, "jetcmq %s, nats-server %s, %s %s/%s\n", cmp.Or(own, "unknown"), nats, runtime.Version(), runtime.GOOS, runtime.GOARCH)
}
