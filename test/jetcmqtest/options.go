package jetcmqtest

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/testcontainers/testcontainers-go"
)

// Option says how a server for tests shall be. The same options serve servers
// in this process and in containers.
type Option func(*options) error

// Customize makes an Option one of testcontainers' customizers, so that Run
// takes both kinds. What it says is applied by Run itself.
func (o Option) Customize(*testcontainers.GenericContainerRequest) error { return nil }

var _ testcontainers.ContainerCustomizer = Option(nil)

// Credentials are one caller.
type Credentials struct {
	SecretID, SecretKey string
	Account             string // callers of one account share its queues; "" is the account "default"
}

// options is what all given ones add up to.
type options struct {
	values      map[string]string // settings of the server
	credentials []Credentials
	pushAllow   []string
	natsHere    string // an external NATS server, as this process finds it
	seeds       []byte
	patience    time.Duration
	image       string // "" means in this process
	container   []testcontainers.ContainerCustomizer

	dir string    // for a server in this process; "" makes one
	log io.Writer // likewise
}

// ImageVariable is the environment variable that names the image servers shall
// run. Unset, they run in this process.
const ImageVariable = "JETCMQ_TEST_IMAGE"

// patience is how long helpers wait by default.
const patience = 10 * time.Second

func newOptions(all []Option) (options, error) {
	o := options{values: map[string]string{}, patience: patience, image: os.Getenv(ImageVariable), log: io.Discard}
	for _, set := range all {
		if err := set(&o); err != nil {
			return o, fmt.Errorf("jetcmqtest: %w", err)
		}
	}
	return o, nil
}

// WithCredentials lets these callers in and nobody else: calls must be signed
// then. The helpers' own calls are the first one's.
func WithCredentials(all ...Credentials) Option {
	return func(o *options) error {
		o.credentials = append(o.credentials, all...)
		return nil
	}
}

// WithSeeds has queues, topics and subscriptions made before the server is
// ready. The text is YAML, as a file that JETCMQ_SEEDS names.
func WithSeeds(text string) Option {
	return func(o *options) error {
		o.seeds = []byte(text)
		return nil
	}
}

// WithSeedsFile is WithSeeds with the text of a file on this machine.
func WithSeedsFile(name string) Option {
	return func(o *options) (err error) {
		o.seeds, err = os.ReadFile(name)
		return err
	}
}

// WithNATS has the server keep its data in a NATS server elsewhere. A server
// in a container may find it by another address than this process, which looks
// into queues there: say that one, too, then.
func WithNATS(url string, here ...string) Option {
	return func(o *options) error {
		o.natsHere = append(here, url)[0]
		o.values["JETCMQ_NATS_URL"] = url
		return nil
	}
}

// WithPushAllow lets pushes go to more than public addresses and this process:
// addresses, CIDRs, host names or *.suffix.
func WithPushAllow(entries ...string) Option {
	return func(o *options) error {
		o.pushAllow = append(o.pushAllow, entries...)
		return nil
	}
}

// WithTimeScale multiplies the waits between attempts to deliver what was
// published: with 0.001 a retry after 10 s comes after 10 ms.
func WithTimeScale(by float64) Option {
	return WithSetting("JETCMQ_TIME_SCALE", strconv.FormatFloat(by, 'g', -1, 64))
}

// WithDurability is how long what was acknowledged lasts: "memory", "process"
// or "power". In memory nothing outlives Restart.
func WithDurability(level string) Option { return WithSetting("JETCMQ_DURABILITY", level) }

// own are the settings that the kit itself makes.
var own = map[string]string{
	"JETCMQ_ADDR":             "Endpoint tells what was chosen",
	"JETCMQ_NATS_ADDR":        "NATSURL tells what was chosen",
	"JETCMQ_DATA_DIR":         "data lives as long as the test",
	"JETCMQ_CREDENTIALS":      "use WithCredentials",
	"JETCMQ_CREDENTIALS_FILE": "use WithCredentials",
	"JETCMQ_AUTH":             "use WithCredentials, or not",
	"JETCMQ_SEEDS":            "use WithSeeds",
	"JETCMQ_PUSH_ALLOW":       "use WithPushAllow",
	"JETCMQ_NATS_URL":         "use WithNATS",
	"JETCMQ_TLS_CERT":         "servers for tests speak http",
	"JETCMQ_TLS_KEY":          "servers for tests speak http",
}

// WithSetting gives the server any other of its settings.
func WithSetting(name, value string) Option {
	return func(o *options) error {
		if why, ok := own[name]; ok {
			return fmt.Errorf("%s cannot be set: %s", name, why)
		}
		o.values[name] = value
		return nil
	}
}

// WithPatience is how long helpers wait for what must come, 10 s if not said. A
// start in this process may take six times as long.
func WithPatience(longest time.Duration) Option {
	return func(o *options) error {
		if longest <= 0 {
			return errors.New("no patience at all lets nothing arrive")
		}
		o.patience = longest
		return nil
	}
}

// WithImage has Start and Open run this image in a container, whatever
// JETCMQ_TEST_IMAGE says; "" has them run the server in this process.
func WithImage(img string) Option {
	return func(o *options) error {
		o.image = img
		return nil
	}
}

// WithContainer hands customizers of testcontainers, such as a network, to the
// container if there is one.
func WithContainer(all ...testcontainers.ContainerCustomizer) Option {
	return func(o *options) error {
		o.container = append(o.container, all...)
		return nil
	}
}

// environ are the settings of the server but its addresses and files.
// reach is by what name or network it reaches this process.
func (o *options) environ(reach string) map[string]string {
	values := map[string]string{
		"JETCMQ_DISK_RESERVE": "0",
		"JETCMQ_LOG_LEVEL":    "warn",
		"JETCMQ_PUSH_ALLOW":   strings.Join(append([]string{reach}, o.pushAllow...), ","),
	}
	var callers []string
	for _, c := range o.credentials {
		callers = append(callers, strings.TrimSuffix(c.SecretID+":"+c.SecretKey+":"+c.Account, ":"))
	}
	if len(callers) > 0 {
		values["JETCMQ_CREDENTIALS"] = strings.Join(callers, ",")
	} else {
		values["JETCMQ_AUTH"] = "off"
	}
	for name, value := range o.values {
		values[name] = value
	}
	return values
}

// caller finds credentials; of a server that lets anybody in, none.
func (o *options) caller(secretID string) (Credentials, bool) {
	i := slices.IndexFunc(o.credentials, func(c Credentials) bool { return c.SecretID == secretID })
	if i < 0 {
		return Credentials{}, false
	}
	return o.credentials[i], true
}

// first is who the helpers are unless they are told otherwise.
func (o *options) first() Credentials {
	if len(o.credentials) == 0 {
		return Credentials{}
	}
	return o.credentials[0]
}
