package main

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	brokerconfig "gorocket/broker/config"
	"gorocket/namesrv"
)

func TestDevKeepsGivenPorts(t *testing.T) {
	f := standaloneFlags{dev: true, port: 7000, namesrvPort: 7001}
	if err := f.useTemporary(true, true); err != nil {
		t.Fatal(err)
	}
	defer f.removeTemporary()
	cfg, err := f.brokerConfig(zerolog.Nop(), true)
	if err != nil {
		t.Fatal(err)
	}
	if cfg.ListenPort != 7000 || cfg.NamesrvAddr != "127.0.0.1:7001" || cfg.BindAddress != "127.0.0.1" ||
		cfg.BrokerIP1 != "127.0.0.1" {
		t.Errorf("port %d, NameServer %s, bound to %s, told %s", cfg.ListenPort, cfg.NamesrvAddr, cfg.BindAddress,
			cfg.BrokerIP1)
	}
	if f.metricsPort == 7000 || f.metricsPort == 6998 || f.metricsPort == 7001 ||
		cfg.MetricsPromExporterPort != f.metricsPort {
		t.Errorf("metrics port %d, %d", f.metricsPort, cfg.MetricsPromExporterPort)
	}
}

// Two ports are enough, two apart; all six in a row were asked for before.
func TestFreePort(t *testing.T) {
	var held []net.Listener
	defer func() {
		for _, l := range held {
			_ = l.Close()
		}
	}()
	for range 200 {
		p, err := freePort(2)
		if err != nil {
			t.Fatal(err)
		}
		if !isFree(p) || !isFree(p-2) {
			t.Errorf("%d or %d is taken", p, p-2)
		}
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		held = append(held, l)
	}
	p, _ := freePort(0)
	if q, err := freePort(0, p); err != nil || q == p {
		t.Errorf("%d again, %v", q, err)
	}
}

func TestFailedDevLeavesNoFolder(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	file := filepath.Join(t.TempDir(), "broker.conf")
	if err := os.WriteFile(file, []byte("storeType=defaultRocksDB\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c := standaloneCommand()
	c.SetArgs([]string{"--dev", "-c", file})
	c.SilenceErrors, c.SilenceUsage = true, true
	if err := c.Execute(); err == nil || !strings.Contains(err.Error(), "storeType") {
		t.Errorf("%v", err)
	}
	if left, _ := os.ReadDir(dir); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
	c.SetArgs([]string{"--dev", "--store", dir})
	if err := c.Execute(); err == nil || !strings.Contains(err.Error(), "--store") {
		t.Errorf("%v", err)
	}
}

// The NameServer of standalone listens where the broker does, and the broker finds it there.
func TestStandaloneBindAddress(t *testing.T) {
	file := filepath.Join(t.TempDir(), "broker.conf")
	for bind, want := range map[string]string{"127.0.0.2": "127.0.0.2:9876", "0.0.0.0": "127.0.0.1:9876",
		"::": "[::1]:9876", "": "127.0.0.1:9876"} {
		if err := os.WriteFile(file, []byte("bindAddress="+bind+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		f := standaloneFlags{file: file, namesrvPort: 9876, store: t.TempDir()}
		cfg, err := f.brokerConfig(zerolog.Nop(), false)
		if err != nil || cfg.NamesrvAddr != want || f.namesrvConfig(&cfg).BindAddress != bind {
			t.Errorf("%q: NameServer at %s, %v", bind, cfg.NamesrvAddr, err)
		}
	}
}

// What many guides write behind mqbroker's options has no effect in Java either.
func TestBrokerIgnoresArguments(t *testing.T) {
	for _, args := range [][]string{{"-n", "127.0.0.1:9876", "autoCreateTopicEnable=true", "-m"}, {"-m", "&"}} {
		c := brokerCommand()
		c.SetArgs(args)
		if err := c.Execute(); err != nil {
			t.Errorf("%v: %v", args, err)
		}
	}
	c := brokerCommand()
	c.SilenceErrors, c.SilenceUsage = true, true
	c.SetArgs([]string{"--enable-proxy"})
	if err := c.Execute(); err == nil || !strings.Contains(err.Error(), "gRPC proxy") {
		t.Errorf("--enable-proxy: %v", err)
	}
}

// -p says what the start would say.
func TestPrintChecks(t *testing.T) {
	file := filepath.Join(t.TempDir(), "broker.conf")
	for _, text := range []string{"brokerIP1=no.such.host.invalid", "messageDelayLevel=", "listenPort=0"} {
		if err := os.WriteFile(file, []byte(text+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		c := brokerCommand()
		c.SilenceErrors, c.SilenceUsage = true, true
		c.SetArgs([]string{"-c", file, "-p"})
		key, _, _ := strings.Cut(text, "=")
		if err := c.Execute(); err == nil || !strings.Contains(err.Error(), key) {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// Ten thousand clients find room under the usual limit of 20,000 files, and nothing is promised twice.
func TestShareDescriptors(t *testing.T) {
	for descriptors, want := range map[int]int{1024: 512, 20_000: 12_892, 65_536: 52_736, 1: 1} {
		b, ns := brokerconfig.Default(), namesrv.DefaultConfig()
		shareDescriptors(descriptors, &b, &ns)
		if b.MaxConnections != want {
			t.Errorf("%d: %d connections of the broker, want %d", descriptors, b.MaxConnections, want)
		}
		files := min(b.MaxOpenConsumeQueueFiles, descriptors/4)
		if sum := b.MaxConnections + ns.MaxConnections + files; descriptors > 8 && sum >= descriptors {
			t.Errorf("%d: %d are given away", descriptors, sum)
		}
	}
	b, ns := brokerconfig.Default(), namesrv.DefaultConfig()
	b.MaxConnections, ns.MaxConnections = 7, 8
	if shareDescriptors(1000, &b, &ns); b.MaxConnections != 7 || ns.MaxConnections != 8 {
		t.Errorf("the configuration does not count: %d, %d", b.MaxConnections, ns.MaxConnections)
	}
}

// TestStandaloneTLS: broker and NameServer have the same certificates, or they would not find each other.
func TestStandaloneTLS(t *testing.T) {
	cfg, _, err := brokerconfig.Load("")
	if err != nil {
		t.Fatal(err)
	}
	cfg.TLSServerMode, cfg.TLSServerCert, cfg.TLSClientTrust = "enforcing", "/cert", "/ca"
	if ns := new(standaloneFlags).namesrvConfig(&cfg); ns.Settings != cfg.Settings {
		t.Errorf("%+v", ns.Settings)
	}
}
