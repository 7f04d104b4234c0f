package broker

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rs/zerolog"
)

// TestLoadConfig: a bad value stops the start and names file, key and value; what must not be ignored is refused; unknown keys come back.
func TestLoadConfig(t *testing.T) {
	path := filepath.Join(t.TempDir(), "broker.conf")
	load := func(text string) ([]string, error) {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, unknown, err := LoadConfig(path)
		return unknown, err
	}
	for _, bad := range []string{"listenPort=abc", "aclEnable=true", "authenticationEnabled=TRUE", "enableControllerMode=true"} {
		key, value, _ := strings.Cut(bad, "=")
		_, err := load("brokerName=b\n" + bad + "\n")
		if err == nil || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), key) || !strings.Contains(err.Error(), value) {
			t.Errorf("%s: %v", bad, err)
		}
	}
	unknown, err := load("aclEnable=false\nsendThreadPoolQueueCapacity=5\nbrokernam=x\n")
	if err != nil || len(unknown) != 3 {
		t.Errorf("unknown %v, %v", unknown, err)
	}
}

// TestBrokerHost: clients are told a host name as it stands; message ids carry its address.
func TestBrokerHost(t *testing.T) {
	c := DefaultConfig()
	c.BrokerIP1, c.StorePathRootDir = "localhost", t.TempDir()
	b, err := New(c, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	if got := b.Config().Addr(); got != "localhost:10911" || !b.storeHost.Addr().IsLoopback() {
		t.Errorf("told %s, stored %s", got, b.storeHost)
	}
	c.BrokerIP1 = "no such host"
	if _, err := New(c, zerolog.Nop()); err == nil || !strings.Contains(err.Error(), "brokerIP1=no such host") {
		t.Errorf("bad host: %v", err)
	}
}
