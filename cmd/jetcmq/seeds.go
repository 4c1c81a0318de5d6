package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/jetcmq/jetcmq/cmd/process"
)

func seedsCommand(environ []string) *cobra.Command {
	c := &cobra.Command{
		Use:   "seeds",
		Short: "Write or check a file of queues, topics and subscriptions",
		Long:  "A seeds file is what JETCMQ_SEEDS points at: YAML with the queues, topics and\nsubscriptions that a server makes, or changes, before it serves.",
		RunE:  func(*cobra.Command, []string) error { return errors.New("seeds: say export or check") },
		Args:  cobra.NoArgs,
	}
	c.AddCommand(
		&cobra.Command{
			Use:   "export [FILE]",
			Short: "Write what the server with these settings has, to a file or the terminal",
			Long: "Ask the server that runs with these settings (JETCMQ_ADDR, and the credentials of\n" +
				"each account) for all queues, topics and subscriptions, and write them as a seeds\n" +
				"file: what differs from the defaults. Messages are not in it.",
			Args: cobra.MaximumNArgs(1),
			RunE: func(cmd *cobra.Command, args []string) error { return exportSeeds(cmd, environ, args) },
		},
		&cobra.Command{
			Use:   "check FILE",
			Short: "Tell what is wrong with a seeds file",
			Long:  "Judge a seeds file as far as it goes without a server. What depends on the\nserver's settings, such as accounts and limits, it tells when it starts.",
			Args:  cobra.ExactArgs(1),
			RunE:  func(_ *cobra.Command, args []string) error { return process.CheckSeeds(args[0]) },
		})
	return c
}

func exportSeeds(cmd *cobra.Command, environ, args []string) error {
	c, err := process.Load(environ)
	if err != nil {
		return err
	}
	text, err := process.ExportSeeds(cmd.Context(), c)
	if err != nil {
		return err
	}
	if len(args) == 0 {
		_, err = cmd.OutOrStdout().Write(text)
		return err
	}
	if err := os.WriteFile(args[0], text, 0o600); err != nil { // endpoints may have secrets in them
		return fmt.Errorf("seeds: %w", err)
	}
	return nil
}
