package main

import (
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"strings"

	"github.com/lmittmann/tint"
)

// newLog makes the log: colours for people, plain lines or JSON for machines.
func newLog(c config, out io.Writer) *slog.Logger {
	options := &slog.HandlerOptions{Level: c.LogLevel}
	switch {
	case c.LogFormat == "json":
		return slog.New(slog.NewJSONHandler(out, options))
	case isTerminal(out):
		return slog.New(tint.NewTextHandler(out, &tint.Options{Level: c.LogLevel, TimeFormat: "15:04:05.000"}))
	}
	return slog.New(slog.NewTextHandler(out, options))
}

// quiet makes what libraries print debug lines: net/http prints bytes that a
// subscriber sent unasked.
func quiet(log *slog.Logger) {
	slog.SetDefault(log)
	slog.SetLogLoggerLevel(slog.LevelDebug)
}

func isTerminal(out io.Writer) bool {
	f, ok := out.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// place is where a running service is to be found.
type place struct {
	addr net.Addr
	nats string // for NATS clients, or ""
	data string // in words
}

// announce says that the service is ready: a few lines for somebody who has
// just typed the command, one line for a log.
func announce(c config, p place, out io.Writer, log *slog.Logger) {
	if c.LogFormat == "json" || !isTerminal(out) {
		log.Info("ready", "endpoint", c.endpoint(p.addr), "nats", p.nats, "data", p.data,
			"durability", c.Durability, "signatures", c.signatures())
		return
	}
	fmt.Fprint(out, banner(c, p))
}

func banner(c config, p place) string {
	if p.nats == "" {
		p.nats = "not listening"
	}
	var b strings.Builder
	b.WriteString("JetCMQ is ready.\n")
	for _, line := range [][2]string{
		{"CMQ endpoint", c.endpoint(p.addr)},
		{"NATS clients", p.nats},
		{"Data", p.data},
		{"Durability", c.Durability},
		{"Signatures", c.signatures()},
	} {
		fmt.Fprintf(&b, "  %-13s %s\n", line[0], line[1])
	}
	b.WriteString("Stop with Ctrl+C. All settings: jetcmq help\n")
	return b.String()
}

// endpoint is what clients of this machine put into their SDK.
func (c *config) endpoint(addr net.Addr) string {
	scheme := "http"
	if c.TLSCert != "" {
		scheme = "https"
	}
	host, port, _ := net.SplitHostPort(addr.String())
	if net.ParseIP(host).IsUnspecified() {
		host = "127.0.0.1"
	}
	return scheme + "://" + net.JoinHostPort(host, port)
}

func (c *config) signatures() string {
	if len(c.credentials) == 0 {
		return "not checked"
	}
	return "checked"
}
