package main

import (
	"github.com/spf13/cobra"

	"github.com/jetcmq/jetcmq/cmd/process"
)

func natsCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "nats [nats-server's own options]",
		Short: "Run a plain nats-server with the settings that JetCMQ recommends",
		Long: "Run a plain nats-server, for clusters that adapters join by JETCMQ_NATS_URL.\n" +
			"It takes nats-server's own options and configuration file, and no JETCMQ_ setting.\n" +
			"What they leave open is: JetStream on, a sync every second (nats-server: every two\n" +
			"minutes), messages of up to 2 MiB, data in ./jetcmq-nats.",
		DisableFlagParsing: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			return process.RunNATS(cmd.Context(), args)
		},
	}
}
