package stand

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"sync"
)

// network is a machine for each process and a switch between them, made of Linux
// network namespaces. Their names hold this process's id, so that another one can
// tell what a dead one has left.
type network struct {
	name  string // of its namespaces, with a suffix
	hub   string // the namespace of the switch, to which host leads
	link  string // this machine's end of the way there
	host  netip.Addr
	sites []site
}

const (
	prefix = "jetcmq-" // of names of namespaces
	// subnets are how many networks of 16 addresses there are in 198.18.0.0/15,
	// which is set aside for tests of networks.
	subnets = 1 << 13
	bits    = 28
)

// newNetwork makes one with n machines. The error wraps errors.ErrUnsupported
// where this process may not.
func newNetwork(ctx context.Context, n int) (*network, error) {
	if _, err := exec.LookPath("ip"); err != nil || runtime.GOOS != "linux" || os.Geteuid() != 0 {
		return nil, fmt.Errorf("a network of its own needs root and iproute2: %w", errors.ErrUnsupported)
	}
	if err := tidy(ctx); err != nil {
		return nil, err
	}
	// Two checkers choose the same number once in thousands of times, and then the
	// second one's first command that adds a name fails.
	number := rand.IntN(subnets)
	w := &network{name: fmt.Sprintf("%s%d-%d", prefix, os.Getpid(), number), link: fmt.Sprintf("jetcmq%d", number)}
	w.hub = w.name + "-hub"
	w.host = netip.AddrFrom4([4]byte{198, byte(18 + number>>12), byte(number >> 4), byte(number<<4) + 1})
	if err := ip(ctx, "netns add "+w.hub); err != nil {
		return nil, fmt.Errorf("a network of its own cannot be made: %w: %w", err, errors.ErrUnsupported)
	}
	if err := w.build(ctx, n); err != nil {
		return nil, errors.Join(err, w.remove())
	}
	return w, nil
}

// build makes the switch, joins this machine to it, and then n others.
func (w *network) build(ctx context.Context, n int) error {
	err := ip(ctx,
		"-n "+w.hub+" link add switch type bridge",
		"-n "+w.hub+" link set switch up",
		"link add "+w.link+" type veth peer name host netns "+w.hub,
		"-n "+w.hub+" link set host master switch up",
		fmt.Sprintf("addr add %s/%d dev %s", w.host, bits, w.link),
		"link set "+w.link+" up",
	)
	at := w.host
	for i := 0; i < n && err == nil; i++ {
		at = at.Next()
		space := fmt.Sprintf("%s-%d", w.name, i)
		err = ip(ctx,
			"netns add "+space,
			fmt.Sprintf("-n %s link add %s type veth peer name eth0 netns %s", w.hub, port(i), space),
			fmt.Sprintf("-n %s link set %s master switch up", w.hub, port(i)),
			fmt.Sprintf("-n %s addr add %s/%d dev eth0", space, at, bits),
			"-n "+space+" link set eth0 up",
			"-n "+space+" link set lo up",
		)
		w.sites = append(w.sites, site{host: at.String(), space: space})
	}
	return err
}

// port is the switch's end of the cable to machine i.
func port(i int) string { return "port" + strconv.Itoa(i) }

// settings let adapters serve this machine, and push to it.
func (w *network) settings() []string {
	return []string{"JETCMQ_AUTH=off", "JETCMQ_PUSH_ALLOW=" + w.host.String()}
}

// remove forgets the namespaces, with which all that is in them goes.
func (w *network) remove() error { return removeSpaces(context.Background(), w.name+"-") }

var ours = regexp.MustCompile(`^` + prefix + `(\d+)-`)

var tidying sync.Mutex

// tidy removes leftovers. Whatever another process removed first is no fault.
func tidy(ctx context.Context) error {
	tidying.Lock()
	defer tidying.Unlock()
	if removeLeftovers(ctx) == nil {
		return nil
	}
	return removeLeftovers(ctx)
}

// removeLeftovers removes the networks of processes that are dead.
func removeLeftovers(ctx context.Context) error {
	names, err := spaces(ctx)
	for _, name := range names {
		m := ours.FindStringSubmatch(name)
		if m == nil {
			continue
		}
		if _, alive := os.Stat("/proc/" + m[1]); errors.Is(alive, os.ErrNotExist) {
			err = errors.Join(err, removeSpaces(ctx, m[0]))
		}
	}
	return err
}

func removeSpaces(ctx context.Context, prefix string) error {
	names, err := spaces(ctx)
	for _, name := range names {
		if strings.HasPrefix(name, prefix) {
			err = errors.Join(err, ip(ctx, "netns delete "+name))
		}
	}
	return err
}

// spaces are the names of all namespaces there are.
func spaces(ctx context.Context) (names []string, err error) {
	text, err := exec.CommandContext(ctx, "ip", "netns", "list").Output()
	if err != nil {
		return nil, fmt.Errorf("ip netns list: %w", err)
	}
	for line := range strings.Lines(string(text)) {
		names = append(names, strings.Fields(line)[0])
	}
	return names, nil
}

// ip runs commands of iproute2 until one fails.
func ip(ctx context.Context, commands ...string) error {
	for _, c := range commands {
		if text, err := exec.CommandContext(ctx, "ip", strings.Fields(c)...).CombinedOutput(); err != nil {
			return fmt.Errorf("ip %s: %w: %s", c, err, strings.TrimSpace(string(text)))
		}
	}
	return nil
}
