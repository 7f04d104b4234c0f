package main

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	brokerconfig "gorocket/broker/config"
	"gorocket/compat/testutil"
)

// TestConsoleFlags: standalone has the console and a broker has not, unless the file says otherwise, and the flag wins.
func TestConsoleFlags(t *testing.T) {
	for _, c := range []struct {
		own  bool
		file string
		args []string
		want bool
	}{{true, "", nil, true}, {false, "", nil, false}, {true, "consoleEnable=false", nil, false},
		{false, "consoleEnable=true", nil, true}, {false, "", []string{"--console"}, true},
		{true, "consoleEnable=true", []string{"--console=false"}, false}} {
		file := filepath.Join(t.TempDir(), "broker.conf")
		if err := os.WriteFile(file, []byte(c.file+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		cfg, _, err := brokerconfig.Load(file)
		if err != nil {
			t.Fatal(err)
		}
		var f consoleFlags
		var cmd cobra.Command
		f.add(&cmd, c.own)
		if err := cmd.ParseFlags(c.args); err != nil {
			t.Fatal(err)
		}
		if f.apply(&cfg); cfg.ConsoleEnable != c.want {
			t.Errorf("%+v: %v", c, cfg.ConsoleEnable)
		}
	}
}

// TestConsoleService: the console of a broker listens where the configuration says, tells who may use it, and a port
// that is taken stops nothing.
func TestConsoleService(t *testing.T) {
	cfg := brokerconfig.Default()
	cfg.NamesrvAddr, cfg.ConsoleEnable, cfg.ConsolePort = "127.0.0.1:1", true, testutil.FreePort(t)
	var f consoleFlags
	s, err := f.service(zerolog.Nop(), &cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer s.Stop(t.Context())
	resp, err := http.Get(s.url() + "static/LICENSES.txt")
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%v %v", resp, err)
	}
	_ = resp.Body.Close()
	http.DefaultClient.CloseIdleConnections()
	if d := s.door().String(); !strings.Contains(d, "anybody on this machine") {
		t.Error(d)
	}
	cfg.ConsoleBindAddress, cfg.AuthenticationEnabled = "192.0.2.1", true // no address of this machine
	away, err := f.service(zerolog.Nop(), &cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := away.Start(t.Context()); err != nil || away.url() != "" || away.door().addr != "" {
		t.Errorf("%v, %q", err, away.url())
	}
	if err := away.Stop(t.Context()); err != nil {
		t.Error(err)
	}
	cfg.NamesrvAddr = ""
	if _, err := f.service(zerolog.Nop(), &cfg); err == nil || !strings.Contains(err.Error(), "NameServer") {
		t.Error(err)
	}
	cfg.ConsoleEnable = false
	if none, err := f.service(zerolog.Nop(), &cfg); none != nil || err != nil || none.url() != "" || none.door().addr != "" {
		t.Errorf("%v, %v", none, err)
	}
	c := consoleCommand()
	c.SilenceErrors, c.SilenceUsage = true, true
	c.SetArgs([]string{"-n", ""})
	if err := c.Execute(); err == nil || !strings.Contains(err.Error(), "NAMESRV_ADDR") {
		t.Error(err)
	}
}
