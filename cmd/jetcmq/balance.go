package main

import (
	"log/slog"
	"net"
	"time"

	"github.com/spf13/cobra"

	"github.com/jetcmq/jetcmq/cmd/balance"
)

func balanceCommand() *cobra.Command {
	c := balance.Config{}
	cmd := &cobra.Command{
		Use:   "balance host:port...",
		Short: "Be one address for several adapters, by TCP",
		Long: "Be one address for several adapters. Each connection goes to one whose /readyz says that\n" +
			"it is ready, looked at every second, and to the one with the fewest connections of these.\n" +
			"It takes no JETCMQ_ setting.",
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c.To = args
			c.Log = slog.New(slog.NewTextHandler(cmd.ErrOrStderr(), nil))
			return balance.Run(cmd.Context(), c, func(at []net.Addr) { c.Log.Info("balancing", "addresses", at) })
		},
	}
	cmd.Flags().StringArrayVar(&c.Listen, "listen", []string{"127.0.0.1:8080"}, "address for clients, host:port; may be repeated")
	cmd.Flags().IntVar(&c.Max, "max", 10_000, "connections at a time")
	cmd.Flags().DurationVar(&c.Grace, "stop-timeout", 9*time.Second, "how long a stop waits for answers under way")
	return cmd
}
