package main

import (
	"path/filepath"
	"strings"
)

// arguments are those that the program was started with. By the name
// nats-server it is one, so that in containers the official image of that name
// and ours take the same command.
func arguments(args []string) []string {
	if len(args) == 0 {
		return nil
	}
	if strings.TrimSuffix(filepath.Base(args[0]), ".exe") == "nats-server" {
		return append([]string{"nats"}, args[1:]...)
	}
	return args[1:]
}
