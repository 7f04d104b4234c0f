package controller

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rs/zerolog"
)

func TestConfigThatCannotWork(t *testing.T) {
	for want, edit := range map[string]func(*Config){
		`config key controllerDLegerSelfId: value "n7": is not among`:   func(c *Config) { c.SelfID = "n7" },
		`config key controllerDLegerSelfId: value "": has to be set`:    func(c *Config) { c.SelfID = "" },
		`config key controllerDLegerGroup: value "": has to be set`:     func(c *Config) { c.Group = "" },
		`config key controllerDLegerPeers: value "": has to be set`:     func(c *Config) { c.Peers = "" },
		`config key controllerDLegerPeers: value "x": "x" is no member`: func(c *Config) { c.Peers = "x" },
		`config key controllerStorePath: value "": has to be set`:       func(c *Config) { c.StorePath = "" },
		`config key bindAddress: value "foo bar"`:                       func(c *Config) { c.BindAddress = "foo bar" },
		`config key electMasterMaxRetryCount: value "0"`:                func(c *Config) { c.ElectMasterMaxRetryCount = 0 },
	} {
		c := testConfig(t)
		edit(&c)
		if _, err := New(c, zerolog.Nop()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v\n  want %s", err, want)
		}
	}
}

func TestLoadConfig(t *testing.T) {
	path := filepath.Join(t.TempDir(), "c.conf")
	if err := os.WriteFile(path, []byte("controllerDLegerGroup = g1 \nunknownKey=1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c, unknown, err := LoadConfig(path)
	if err != nil || c.Group != "g1" || c.ConfigStorePath != path || strings.Join(unknown, " ") != "unknownKey" {
		t.Errorf("%+v %v %v", c, unknown, err)
	}
	if err := os.WriteFile(path, []byte("electMasterMaxRetryCount=x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := LoadConfig(path); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("%v", err)
	}
	if _, _, err := LoadConfig(path + "x"); err == nil {
		t.Error("no file, no error")
	}
}

func TestPortIsTaken(t *testing.T) {
	p := start(t)
	c := testConfig(t)
	c.Peers = "n0-" + p.Addr()
	s, err := New(c, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Start(context.Background()); err == nil || !strings.Contains(err.Error(), "address already in use") {
		t.Errorf("%v", err)
	}
	if err := s.Stop(context.Background()); err != nil {
		t.Error(err)
	}
}
