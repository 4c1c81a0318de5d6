package process

import (
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"strings"

	"github.com/lmittmann/tint"
)

// NewLog makes the log: colours for people, plain lines or JSON for machines.
func NewLog(c Config, out io.Writer) *slog.Logger {
	options := &slog.HandlerOptions{Level: c.LogLevel}
	switch {
	case c.LogFormat == "json":
		return slog.New(slog.NewJSONHandler(out, options))
	case isTerminal(out):
		return slog.New(tint.NewTextHandler(out, &tint.Options{Level: c.LogLevel, TimeFormat: "15:04:05.000"}))
	}
	return slog.New(slog.NewTextHandler(out, options))
}

// Quiet makes what libraries print debug lines: net/http prints bytes that a
// subscriber sent unasked.
func Quiet(log *slog.Logger) {
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

// Place is where a running service is to be found.
type Place struct {
	Endpoint string // what clients of this machine put into their SDK
	Addr     net.Addr
	NATS     string // for NATS clients, without passwords; or "" for nowhere
	Data     string // in words
}

// Announce says that the service is ready: a few lines for somebody who has
// just typed the command, one line for a log.
func Announce(c Config, p Place, out io.Writer, log *slog.Logger) {
	if c.LogFormat == "json" || !isTerminal(out) {
		log.Info("ready", "endpoint", p.Endpoint, "nats", p.NATS, "data", p.Data,
			"durability", c.Durability, "signatures", c.signatures())
		return
	}
	fmt.Fprint(out, banner(c, p))
}

func banner(c Config, p Place) string {
	if p.NATS == "" {
		p.NATS = "not listening"
	}
	var b strings.Builder
	b.WriteString("JetCMQ is ready.\n")
	for _, line := range [][2]string{
		{"CMQ endpoint", p.Endpoint},
		{"NATS clients", p.NATS},
		{"Data", p.Data},
		{"Durability", c.Durability},
		{"Signatures", c.signatures()},
	} {
		fmt.Fprintf(&b, "  %-13s %s\n", line[0], line[1])
	}
	b.WriteString("Stop with Ctrl+C. All settings: jetcmq help\n")
	return b.String()
}

// endpoint is what clients of this machine put into their SDK.
func (c *Config) endpoint(addr net.Addr) string {
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

func (c *Config) signatures() string {
	if len(c.credentials) == 0 {
		return "not checked"
	}
	return "checked"
}
