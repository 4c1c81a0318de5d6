package main

import (
	"github.com/spf13/cobra"

	"github.com/jetcmq/jetcmq/cmd/process"
)

func healthCommand(environ []string) *cobra.Command {
	var ready bool
	c := &cobra.Command{
		Use:   "health",
		Short: "Tell by the exit status whether the server with these settings is well",
		Long: "Ask the server that runs with these settings whether it answers (/healthz)\n" +
			"or, with --ready, whether it can do its work (/readyz).",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := process.Load(environ)
			if err != nil {
				return err
			}
			return process.CheckHealth(cmd.Context(), c, ready)
		},
	}
	c.Flags().BoolVar(&ready, "ready", false, "whether it is ready: JetStream takes writes")
	return c
}
