package process

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"strconv"
	"time"

	"github.com/caarlos0/env/v11"
)

// prefix begins the name of every setting.
const prefix = "JETCMQ_"

// Config is every setting there is. The comments are the manual: `jetcmq help`
// and README.md print them, so they speak to whoever runs the program.
type Config struct {
	// Where CMQ clients connect, as host:port; several separated by commas. Port 0
	// takes any free one.
	Addr string `env:"ADDR" envDefault:"127.0.0.1:8080"`
	// Who may call: `secretId:secretKey` or `secretId:secretKey:account`,
	// separated by commas. Accounts cannot see each other's queues; without one it
	// is `default`. NATS clients of the embedded server log in with the same pair.
	// Unset: anybody may call, and signatures are not checked.
	Credentials string `env:"CREDENTIALS"`
	// A file with more of them, one a line; empty lines and lines that begin with
	// `#` are skipped.
	CredentialsFile string `env:"CREDENTIALS_FILE"`
	// `auto` refuses to start where other machines could call and nobody has
	// credentials; `open` serves anybody then; `off` serves anybody, and refuses
	// credentials.
	Auth string `env:"AUTH" envDefault:"auto"`
	// Host names, separated by commas, that clients may have signed although the
	// request arrives under another, as behind a proxy. With the port if the
	// client's endpoint has one.
	SignedHosts []string `env:"SIGNED_HOSTS"`
	// Whether a signature over the name in `X-Forwarded-Host` counts too. Only
	// behind a proxy that sets it.
	TrustForwardedHost bool `env:"TRUST_FORWARDED_HOST" envDefault:"false"`
	// How far a request's `Timestamp` may be from our clock; 0 is any distance for
	// API 2.0 and 5 minutes for 3.0.
	ClockSkew time.Duration `env:"CLOCK_SKEW" envDefault:"0s"`
	// PEM file of a certificate; with it clients connect by https.
	TLSCert string `env:"TLS_CERT"`
	// PEM file of the key of that certificate.
	TLSKey string `env:"TLS_KEY"`

	// Where the embedded NATS server keeps all data; made if absent.
	DataDir string `env:"DATA_DIR" envDefault:"jetcmq-data"`
	// Where NATS clients may connect to the embedded server, as host:port; `off`
	// for nowhere.
	NATSAddr string `env:"NATS_ADDR" envDefault:"127.0.0.1:4222"`
	// How long what was acknowledged lasts. `memory`: until the process ends.
	// `process`: through a crash of the process; a power cut may take the last
	// second. `power`: through a power cut as well.
	Durability string `env:"DURABILITY" envDefault:"process"`

	// An external NATS server with JetStream to use instead of the embedded one,
	// or several of one cluster separated by commas.
	NATSURL string `env:"NATS_URL"`
	// The credentials file for the external server; with several accounts
	// `account=file`, separated by commas.
	NATSCreds string `env:"NATS_CREDS"`
	// User name for the external server.
	NATSUser string `env:"NATS_USER"`
	// Password for the external server.
	NATSPassword string `env:"NATS_PASSWORD"`
	// Token for the external server.
	NATSToken string `env:"NATS_TOKEN"`
	// A file with the seed of an NKey for the external server.
	NATSNKey string `env:"NATS_NKEY"`
	// PEM file of the authorities that may have signed the external server's
	// certificate.
	NATSCA string `env:"NATS_CA"`
	// PEM file of our own certificate for the external server.
	NATSCert string `env:"NATS_CERT"`
	// PEM file of the key of that certificate.
	NATSKey string `env:"NATS_KEY"`
	// How many servers of the external cluster keep a copy of each queue, 1 to 5.
	Replicas int `env:"REPLICAS" envDefault:"1"`

	// The largest request that is read; a larger one answers 4000.
	MaxBody size `env:"MAX_BODY" envDefault:"4MiB"`
	// How many requests are served at once, those that wait for a message
	// included; more answer 4420.
	MaxCalls int `env:"MAX_CALLS" envDefault:"10000"`
	// How many queues an account may have.
	MaxQueues int `env:"MAX_QUEUES" envDefault:"1000"`
	// How many topics an account may have.
	MaxTopics int `env:"MAX_TOPICS" envDefault:"1000"`
	// How many subscriptions a topic may have.
	MaxSubscriptions int `env:"MAX_SUBSCRIPTIONS" envDefault:"500"`
	// How much before its end a waiting receive is answered, so that the answer
	// arrives in time.
	PollMargin time.Duration `env:"POLL_MARGIN" envDefault:"150ms"`
	// Sends are refused while the data directory's disk has less than this free; 0
	// does not look. A full disk would lose messages.
	DiskReserve size `env:"DISK_RESERVE" envDefault:"256MiB"`
	// What becomes of a publish that no subscription and no NATS consumer would
	// get: `refuse` answers 6030 as CMQ does, `accept` stores it for a day.
	PublishUnrouted string `env:"PUBLISH_UNROUTED" envDefault:"refuse"`
	// Where pushes may go besides public addresses: addresses, CIDRs, host names or
	// `*.suffix`, separated by commas. Private and loopback addresses are refused
	// without it; loopback is allowed while JETCMQ_ADDR is loopback and no setting
	// speaks of a proxy.
	PushAllow []string `env:"PUSH_ALLOW"`
	// How many pushes to one subscription a server may have under way.
	PushConcurrency int `env:"PUSH_CONCURRENCY" envDefault:"32"`
	// The account's number (APPID), which subscribers and GetTopicAttributes are
	// told.
	AppID int64 `env:"APP_ID" envDefault:"1250000000"`
	// Multiplies the waits between attempts to deliver and the 15 seconds that a
	// push may take: with 0.001 tests see a day of retries in 90 seconds.
	TimeScale float64 `env:"TIME_SCALE" envDefault:"1"`
	// How long a call may wait for NATS before it is answered 6000. Keep it below
	// your client's own limit (3 s in Go's SDKs); more is for slow disks and networks.
	CallTimeout time.Duration `env:"CALL_TIMEOUT" envDefault:"2500ms"`
	// How long a stop may take before it is forced, which is like a crash. The
	// embedded server takes 10 ms a queue; half of it is for pushes under way, so
	// 30s lets each of them end.
	StopTimeout time.Duration `env:"STOP_TIMEOUT" envDefault:"20s"`

	// A YAML file with queues, topics and subscriptions to make, or to change,
	// before the first call is served. Everything else stays as it is.
	Seeds string `env:"SEEDS"`

	// The least that is logged: `debug`, `info`, `warn` or `error`.
	LogLevel slog.Level `env:"LOG_LEVEL" envDefault:"info"`
	// `text` or `json`.
	LogFormat string `env:"LOG_FORMAT" envDefault:"text"`

	credentials []credential // of both settings
	seeds       []byte       // instead of the file, see WithSeeds
}

// size is a number of bytes, written with a unit if one likes: 512, 64KiB, 4MiB, 1GiB.
type size int64

var sizePattern = regexp.MustCompile(`^(\d{1,9})(|B|KiB|MiB|GiB)$`)

func (s *size) UnmarshalText(text []byte) error {
	m := sizePattern.FindStringSubmatch(string(text))
	if m == nil {
		return errors.New("not a size")
	}
	n, err := strconv.ParseInt(m[1], 10, 64)
	*s = size(n << map[string]int{"KiB": 10, "MiB": 20, "GiB": 30}[m[2]])
	return err
}

// Load reads the settings from environ, which is like os.Environ's result. An
// error is one sentence that names the setting.
func Load(environ []string) (Config, error) {
	var c Config
	values, err := ours(environ)
	if err != nil {
		return c, err
	}
	if err := env.ParseWithOptions(&c, env.Options{Environment: values, Prefix: prefix}); err != nil {
		return c, explain(err, values)
	}
	if c.credentials, err = c.readCredentials(); err != nil {
		return c, err
	}
	return c, c.check()
}

// wants says in words what the library's type errors mean.
var wants = map[string]string{
	"bool":          "true or false",
	"float64":       "a number such as 1 or 0.001",
	"int":           "a whole number",
	"int64":         "a whole number",
	"process.size":  "a size such as 512KiB, 4MiB or 1GiB",
	"slog.Level":    "debug, info, warn or error",
	"time.Duration": "a time such as 150ms, 2s or 1m",
}

// explain finds the setting of which the library knows only the field.
func explain(err error, values map[string]string) error {
	var bad env.ParseError
	if !errors.As(err, &bad) {
		return err
	}
	for _, s := range settings() {
		if s.field == bad.Name {
			return fmt.Errorf("%s=%s is not %s", s.name, values[s.name], cmp.Or(wants[bad.Type.String()], "understood"))
		}
	}
	return err
}
