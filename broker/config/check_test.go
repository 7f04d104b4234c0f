package config

import (
	"slices"
	"strings"
	"testing"

	"gorocket/compat"
)

// TestNameServers: a list with semicolons; each of its members is host:port.
func TestNameServers(t *testing.T) {
	for text, want := range map[string][]string{"": nil, " ; ;": nil, "a:1": {"a:1"}, "[::1]:9876": {"[::1]:9876"},
		" a:1 ; b:65535;": {"a:1", "b:65535"}} {
		c := Config{NamesrvAddr: text}
		if got, err := c.NameServers(); err != nil || !slices.Equal(got, want) {
			t.Errorf("%q: %q, %v", text, got, err)
		}
	}
	for _, text := range []string{"a", "a:0", "a:65536", "a:-1", ":1", "a:b", "a:1;b", "::1:1"} {
		c := Config{NamesrvAddr: text}
		if got, err := c.NameServers(); err == nil || !strings.Contains(err.Error(), "namesrvAddr") {
			t.Errorf("%q: %q, %v", text, got, err)
		}
	}
}

// TestComplete: what depends on other keys is filled, what is set stays; names and ids are checked.
func TestComplete(t *testing.T) {
	good := func() Config {
		c := Default()
		c.StorePathRootDir = t.TempDir()
		return c
	}
	c := good()
	c.BrokerIP1, c.ListenPort, c.BrokerID = "10.1.1.1", 7000, 3
	if err := c.Complete(); err != nil || c.BrokerIP2 != "10.1.1.1" || c.HAListenPort != 7001 || c.BrokerName == "" ||
		c.Addr() != "10.1.1.1:7000" || c.HAAddr() != "10.1.1.1:7001" || c.BrokerID != 0 {
		t.Errorf("%v, %+v", err, c)
	}
	c = good()
	c.BrokerIP1, c.BrokerIP2, c.HAListenPort, c.BrokerName = "10.1.1.1", "10.2.2.2", 7, "b"
	c.BrokerRole, c.BrokerID = "SLAVE", 3
	if err := c.Complete(); err != nil || c.HAAddr() != "10.2.2.2:7" || c.BrokerName != "b" || c.BrokerID != 3 {
		t.Errorf("%v, %+v", err, c)
	}
	c = good()
	if err := c.Complete(); err != nil || c.BrokerIP1 == "" || c.BrokerIP1 != LocalAddress() {
		t.Errorf("%v, %q", err, c.BrokerIP1)
	}
	longest := strings.Repeat("n", compat.TopicMaxLength)
	for key, edit := range map[string]func(c *Config, bad bool){
		"brokerId": func(c *Config, bad bool) {
			c.BrokerRole = "SLAVE"
			if c.BrokerID = 1; bad {
				c.BrokerID = 0
			}
		},
		"brokerName": func(c *Config, bad bool) {
			if c.BrokerName = longest; bad {
				c.BrokerName += "n"
			}
		},
		"brokerClusterName": func(c *Config, bad bool) {
			if c.BrokerClusterName = longest; bad {
				c.BrokerClusterName = ""
			}
		},
		"bindAddress": func(c *Config, bad bool) {
			if c.BindAddress = "127.0.0.1"; bad {
				c.BindAddress = "a b"
			}
		},
		"metricsPromExporterHost": func(c *Config, bad bool) {
			if c.MetricsPromExporterHost = "127.0.0.1"; bad {
				c.MetricsPromExporterHost = "a b"
			}
		},
	} {
		for _, bad := range []bool{false, true} {
			c := good()
			edit(&c, bad)
			if err := c.Complete(); (err != nil) != bad || bad && !strings.Contains(err.Error(), key) {
				t.Errorf("%s, bad %v: %v", key, bad, err)
			}
		}
	}
}

// TestBindKeepsJavasKeys: keys of Java without effect here are kept through later changes, shown, and told; what no
// Java knows is told only.
func TestBindKeepsJavasKeys(t *testing.T) {
	c := Default()
	bind := func(text string) []string {
		t.Helper()
		p, err := compat.ParseProperties([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		unknown, err := c.Bind(p)
		if err != nil {
			t.Fatal(err)
		}
		return unknown
	}
	if got := bind("sendThreadPoolQueueCapacity=5\nnobody=1\nlistenPort=7000\n"); !slices.Equal(got,
		[]string{"sendThreadPoolQueueCapacity", "nobody"}) {
		t.Errorf("unknown %q", got)
	}
	before := c
	bind("pullThreadPoolQueueCapacity=6\nlistenPort=7001\n")
	for key, want := range map[string]string{"sendThreadPoolQueueCapacity": "5", "pullThreadPoolQueueCapacity": "6",
		"listenPort": "7001", "nobody": ""} {
		if got, has := c.Properties().Get(key); got != want || has != (want != "") {
			t.Errorf("%s=%s, want %s", key, got, want)
		}
	}
	if _, has := before.Properties().Get("pullThreadPoolQueueCapacity"); has {
		t.Error("an earlier configuration was changed")
	}
	c = Default()
	p, _ := compat.ParseProperties([]byte("listenPort=x"))
	if _, err := c.Bind(p); err == nil {
		t.Error("a port x")
	}
}

// TestRefused: keys of which an operator relies on what they switch on stop the start, unless they are off; then they
// are no news.
func TestRefused(t *testing.T) {
	for _, key := range mustBeOff {
		for value, refused := range map[string]bool{"true": true, " TRUE ": true, "false": false, "": false, "yes": false} {
			p, err := compat.ParseProperties([]byte(key + "=" + value + "\nother=1\n"))
			if err != nil {
				t.Fatal(err)
			}
			if err := refuse(p); (err != nil) != refused || refused && !strings.Contains(err.Error(), key) {
				t.Errorf("%s=%s: %v", key, value, err)
			}
			left := withoutEffect(p, []string{key, "other"})
			if want := map[bool][]string{true: {key, "other"}, false: {"other"}}[refused]; !slices.Equal(left, want) {
				t.Errorf("%s=%s: told %q", key, value, left)
			}
		}
	}
	for value, refused := range map[string]bool{"-1": true, " -1": true, "0": false, "5": false} {
		p, _ := compat.ParseProperties([]byte("brokerId=" + value))
		if err := refuse(p); (err != nil) != refused {
			t.Errorf("brokerId=%s: %v", value, err)
		}
	}
}
