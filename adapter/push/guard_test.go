package push_test

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/jetcmq/jetcmq/adapter/push"
)

// TestAddresses judges addresses without connecting to them. An entry is the
// kind that the error names; "" is for public.
func TestAddresses(t *testing.T) {
	t.Parallel()
	p := newPusher(t, push.Config{})
	for address, kind := range map[string]string{
		"8.8.8.8": "", "1.1.1.1": "", "193.112.0.1": "", "100.63.255.255": "", "100.128.0.0": "",
		"172.15.255.255": "", "172.32.0.0": "", "192.167.255.255": "", "192.169.0.0": "", "198.17.255.255": "", "198.20.0.0": "",
		"11.0.0.0": "", "126.255.255.255": "", "128.0.0.0": "", "169.253.255.255": "", "169.255.0.0": "", "223.255.255.255": "",
		"1.0.0.0": "", "168.63.129.15": "", "192.0.1.0": "", "192.0.3.0": "",

		"127.0.0.1": "loopback", "127.255.255.255": "loopback", "127.1.2.3": "loopback",
		"10.0.0.0": "private", "10.0.0.5": "private", "10.255.255.255": "private", "172.16.0.0": "private", "172.31.255.255": "private",
		"192.168.0.0": "private", "192.168.255.255": "private", "100.64.0.0": "private", "100.127.255.255": "private",
		"169.254.0.0": "link-local", "169.254.169.254": "link-local", "169.254.0.23": "link-local", "169.254.255.255": "link-local",
		"100.100.100.200": "a metadata service", "168.63.129.16": "a metadata service", "192.0.0.192": "a metadata service",
		"0.0.0.0": "unspecified", "0.0.0.1": "unspecified", "0.255.255.255": "unspecified",
		"224.0.0.1": "multicast", "239.255.255.255": "multicast",
		"255.255.255.255": "broadcast", "240.0.0.0": "reserved", "255.255.255.254": "reserved", "192.0.0.1": "reserved", "192.88.99.1": "reserved",
		"192.0.2.1": "for documentation", "198.51.100.1": "for documentation", "203.0.113.255": "for documentation",
		"198.18.0.0": "for benchmarks", "198.19.255.255": "for benchmarks",

		"2606:4700:4700::1111": "", "2402:4e00::": "", "2000::1": "", "3ffe::1": "",
		"::1": "loopback", "::": "unspecified", "fc00::1": "private", "fdff:ffff::1": "private", "fec0::1": "private",
		"fe80::1": "link-local", "febf::1": "link-local", "fe80::1%lo": "link-local", "fe80::1%1": "link-local",
		"fd00:ec2::254": "a metadata service", "fd20:ce::254": "a metadata service", "fd00:c1::a9fe:a9fe": "a metadata service", "fd00:42::42": "a metadata service",
		"ff02::1": "multicast", "2001:db8::1": "for documentation", "3fff::1": "for documentation", "2001:2::1": "for benchmarks",
		"2001:0:4136:e378:8000:63bf:3fff:fdd2": "reserved", // Teredo
		"100::1":                               "reserved", "4000::1": "reserved", "5f00::1": "reserved", "::ffff:0:1.1.1.1": "reserved",
		"64:ff9b:1::1.1.1.1": "private", "64:ff9b:1:a00:5::": "private",

		"::ffff:127.0.0.1": "loopback", "::ffff:7f00:1": "loopback", "::ffff:10.0.0.5": "private", "::ffff:169.254.169.254": "link-local", "::ffff:1.1.1.1": "",
		"::127.0.0.1": "loopback", "::7f00:1": "loopback", "::10.0.0.5": "private", "::a9fe:a9fe": "link-local", "::1.1.1.1": "", "::2": "reserved",
		"64:ff9b::127.0.0.1": "loopback", "64:ff9b::10.0.0.5": "private", "64:ff9b::a9fe:a9fe": "link-local", "64:ff9b::8.8.8.8": "", "64:ff9b::100.100.100.200": "a metadata service",
		"2002:7f00:1::1": "loopback", "2002:a00:5::1": "private", "2002:a9fe:a9fe::": "link-local", "2002:808:808::1": "", "2002::": "unspecified",
	} {
		host, written := address, netip.MustParseAddr(address).String()
		if strings.Contains(address, ":") {
			host = "[" + strings.ReplaceAll(address, "%", "%25") + "]"
		}
		err := p.Check("http://" + host + ":8000/x")
		switch {
		case kind == "" && err != nil:
			t.Errorf("%s: got %v, want none", address, err)
		case kind != "" && (err == nil || !strings.Contains(err.Error(), " is "+kind+": ") || !strings.Contains(err.Error(), written) || !strings.Contains(err.Error(), "JETCMQ_PUSH_ALLOW")):
			t.Errorf("%s: got %v, want an error with the kind, %s", address, err, kind)
		}
		if kind == "" {
			continue // not to be connected to
		}
		// Deliver must not need Check before it.
		if err := p.Deliver(t.Context(), message("http://"+host)); err == nil || !strings.Contains(err.Error(), " is "+kind+": ") {
			t.Errorf("deliver to %s: got %v, want an error with the kind, %s", address, err, kind)
		}
	}
}

func TestSentences(t *testing.T) {
	t.Parallel()
	p := newPusher(t, push.Config{})
	for endpoint, text := range map[string]string{
		"http://10.0.0.5/":            "address 10.0.0.5 is private: allow it with JETCMQ_PUSH_ALLOW",
		"http://[64:ff9b::10.0.0.5]/": "address 64:ff9b::a00:5, which leads to 10.0.0.5, is private: allow it with JETCMQ_PUSH_ALLOW",
		"http://169.254.169.254/":     "address 169.254.169.254 is link-local: to allow it, list the address itself in JETCMQ_PUSH_ALLOW",
		"http://[fe80::1%25eth0]/":    "address fe80::1%eth0 is link-local: to allow it, list the address itself in JETCMQ_PUSH_ALLOW",
		"http://u:secret@h/":          "endpoint has a user name: put a secret into its path or query instead",
		"http://127.1/":               "host 127.1 is not a name, and an IPv4 address is four decimal numbers",
		"http://secret:secret/":       "endpoint is not a URL such as http://host:8000/path",
	} {
		wantText(t, endpoint, p.Check(endpoint), text)
		wantText(t, endpoint, p.Deliver(t.Context(), message(endpoint)), text)
	}
}

// TestForms has endpoints that would be fine with any address allowed.
func TestForms(t *testing.T) {
	t.Parallel()
	everything := newPusher(t, push.Config{Loopback: true, Allow: []string{"0.0.0.0/0", "::/0", "0.0.0.0/8", "::/128", "fe80::/10"}})
	const number, name, port, url, scheme, none = "four decimal numbers", "not a valid name", "within 1 to 65535", "not a URL", "does not begin", "no host"
	for endpoint, text := range map[string]string{
		"http://h": "", "https://h": "", "HTTP://h": "", "http://H.Example./": "", "http://h:/": "", "http://h:1": "", "http://h:65535": "",
		"http://my_service:80": "", "http://xn--fiqs8s": "", "http://中国.example/路": "", "http://a-b.c": "", "http://1a.b2c": "", "http://0xg": "",
		"http://1.2.3.4.nip.io/": "", "http://127.0.0.1": "", "http://[::1]:80/": "", "http://[fe80::1%25lo]/": "", "http://h?a=b": "", "http://h#x": "",
		"http://a%zz/": url, "http://h/%zz": url, "http://1e3": "", "http://h/ ": "", "http://0.0.0.0": "", "http://[::]": "",

		"http://2130706433/": number, "http://0177.0.0.1/": number, "http://127.1/": number, "http://127.0.1": number, "http://0x7f.1/": number,
		"http://0x7f000001": number, "http://0X7F000001": number, "http://127.0.0.0x1": number, "http://017700000001": number, "http://127.0.0.01": number,
		"http://127.0.0.1.": number, "http://127.0.0.1.:80": number, "http://127.0.0.256": number, "http://1.2.3.4.5": number, "http://0": number,
		"http://0x": number, "http://a.0x": number, "http://a.1": number, "http://00000127.0.0.1": number, "http://127.0.0.1.0": number, "http://4294967296": number,

		"http://h..x": name, "http://.h": name, "http://.": name, "http://h..": name, "http://a;b": name, "http://a,b": name, "http://a'b": name, "http://*": name,
		"http://" + strings.Repeat("a.", 130) + "a": name, "http://a+b": name, "http://127.0.0.1&x": name, "http://h(": name,
		"http://h:0": port, "http://h:65536": port, "http://h:99999999999999999999": port,
		"http://h:x": url, "http://h:-1": url, "http://h:80:80": url, "http://h:+80": url, "http://[::1": url, "http://::1": url, "http://[::1]x": url,
		"http://a b": url, "http://a\tb": url, "http://a\nb": url, "http://h/\r\nX: y": url, "http://h/?\x00": url, "http://h/\x7f": url, "http://%31%32%37.0.0.1": url,
		`http://h\@127.0.0.1/`: url, `http://h\x`: url, "http://h%2fx": url, "http://h%00": url, "http:h": url, "http:/h": none, "http:///x": none, "http://:80/": none, "http://": none,
		"": scheme, "h": scheme, "//h": scheme, "/x": scheme, "ftp://h": scheme, "file:///etc/passwd": scheme, "gopher://h": scheme, "unix:///x": scheme, "javascript:x": url,
		"http://u@h": "user name", "http://u:p@h": "user name", "http://@h": "user name", "http://:@h": "user name", "http://8.8.8.8@127.0.0.1": "user name",
		"http://h:80@127.0.0.1": "user name", " http://h": url, "http://[::1%25]": url, "http://[::g]": url, "http://[1::2::3]": url, "http://[h]": url,
	} {
		err := everything.Check(endpoint)
		if (err == nil) != (text == "") || err != nil && !strings.Contains(err.Error(), text) {
			t.Errorf("%q: got %v, want %q", endpoint, err, text)
		}
		if text != "" {
			wantText(t, "deliver to "+endpoint, everything.Deliver(t.Context(), message(endpoint)), err.Error())
		}
	}
}

func TestAllow(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ allow, allowed, refused string }{
		{"", "8.8.8.8", "127.0.0.1 [::1] 10.0.0.1 169.254.169.254"},
		{"10.0.0.0/8", "10.0.0.1 10.255.255.255 [::ffff:10.0.0.1] [64:ff9b::10.0.0.1] [2002:a00:1::]", "192.168.0.1 127.0.0.1"},
		{"10.1.2.3", "10.1.2.3", "10.1.2.2 10.1.2.4"},
		{" 10.1.2.3/32 ,, 192.168.0.0/24", "10.1.2.3 192.168.0.9", "192.168.1.1"},
		{"10.9.9.9/8", "10.0.0.1", "127.0.0.1"},
		{"127.0.0.1", "127.0.0.1", "127.0.0.2 [::1]"},
		{"::1", "[::1]", "127.0.0.1"},
		{"FD00::/8", "[fd12::1]", "[fc00::1] [fd00:ec2::254]"},
		{"0.0.0.0/0", "10.0.0.1 127.0.0.1 100.64.0.1", "169.254.169.254 100.100.100.200 168.63.129.16 0.0.0.0 224.0.0.1 255.255.255.255 192.0.2.1 198.18.0.1 [::1]"},
		{"::/0", "[::1] [fc00::1] [4000::1]", "[fe80::1] [fd00:ec2::254] [::] [ff02::1] [64:ff9b::127.0.0.1] [::ffff:127.0.0.1]"},
		{"169.254.0.0/16", "169.254.169.254 [::ffff:169.254.0.23]", "10.0.0.1"},
		{"169.254.10.0/24", "169.254.10.1", "169.254.169.254"},
		{"168.0.0.0/7", "8.8.8.8", "169.254.169.254 168.63.129.16"},
		{"100.64.0.0/10", "100.64.0.1", "100.100.100.200"},
		{"100.100.100.200", "100.100.100.200", "100.64.0.1"},
		{"fe80::/10", "[fe80::1] [fe80::1%25lo]", "[::1]"},
		{"0.0.0.0/8", "0.0.0.0", "127.0.0.1 [::]"},
		{"h.example,*.h.example", "8.8.8.8", "10.0.0.1"}, // names open nothing to addresses
	} {
		p := newPusher(t, push.Config{Allow: strings.Split(c.allow, ",")})
		for host := range strings.FieldsSeq(c.allowed) {
			wantText(t, "with "+c.allow+" "+host, p.Check("http://"+host+"/"), "")
		}
		for host := range strings.FieldsSeq(c.refused) {
			if p.Check("http://"+host+"/") == nil {
				t.Errorf("with %s: %s is allowed", c.allow, host)
			}
		}
	}
}

func TestLoopback(t *testing.T) {
	t.Parallel()
	p := newPusher(t, push.Config{Loopback: true})
	for _, host := range []string{"127.0.0.1", "127.9.9.9", "[::1]", "[::ffff:127.0.0.1]"} {
		wantText(t, host, p.Check("http://"+host), "")
	}
	for _, host := range []string{"10.0.0.1", "0.0.0.0", "[::]", "169.254.169.254"} {
		if p.Check("http://"+host) == nil {
			t.Errorf("%s is allowed", host)
		}
	}
}

func TestBadAllow(t *testing.T) {
	t.Parallel()
	for _, entry := range []string{
		"10.0.0.0/33", "10.0.0/8", "10.0.0.0/", "10.0.0.256", "127.1", "0x7f.1", "2130706433", "::/129", "[::1]", "::g", "fe80::1%lo", "fe80::%lo/10",
		"host:80", "http://host", "host/path", "a b", "*", "*.", "*.*", "*x.example", "a.*", "*.10.1", "中国.example", "u@host", "..", "*..example", "10.0.0.1-10.0.0.9",
		"::ffff:10.0.0.1", "::ffff:10.0.0.0/104", "64:ff9b::/96", "2002:a00::/24", "::10.0.0.1",
	} {
		_, err := push.New(push.Config{Allow: []string{"10.0.0.0/8", entry}})
		if err == nil || !strings.Contains(err.Error(), `"`+entry+`"`) || !strings.Contains(err.Error(), "JETCMQ_PUSH_ALLOW") {
			t.Errorf("%s: got %v, want an error that names it", entry, err)
		}
	}
}
