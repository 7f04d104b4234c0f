package broker

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"gorocket/compat"
	"gorocket/compat/config"
)

// TestLoadConfig: a bad value stops the start and names file, key and value; what must not be ignored is refused;
// unknown keys come back.
func TestLoadConfig(t *testing.T) {
	path := filepath.Join(t.TempDir(), "broker.conf")
	load := func(text string) ([]string, error) {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		c, unknown, err := LoadConfig(path)
		if err == nil {
			c.StorePathRootDir = t.TempDir()
			if err = c.Complete(); err != nil {
				err = fmt.Errorf("%s: %w", path, err)
			}
		}
		return unknown, err
	}
	for _, bad := range []string{"listenPort=abc", "listenPort=2", "diskMaxUsedSpaceRatio=850", "deleteFileBatchMax=0",
		"bindAddress=no.such.host.invalid",
		"namesrvAddr=a:b", "namesrvAddr=:9876", "namesrvAddr=h:70000", "deleteWhen=25", "deleteWhen=04:00", "deleteWhen=",
		"brokerId=-1",
		"flushIntervalCommitLog=9223372036854775807", "transactionCheckInterval=99999999999", "fileReservedTime=100000000",
		"timerPrecisionMs=0",
		"aclEnable=true", "authenticationEnabled=TRUE", "enableControllerMode=true"} {
		key, value, _ := strings.Cut(bad, "=")
		_, err := load("brokerName=b\n\n" + bad + "\n")
		if err == nil || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), key) ||
			!strings.Contains(err.Error(), value) {
			t.Errorf("%s: %v", bad, err)
		}
	}
	unknown, err := load("aclEnable=false\nsendThreadPoolQueueCapacity=5\nbrokernam=x\n")
	if err != nil || strings.Join(unknown, ",") != "sendThreadPoolQueueCapacity,brokernam" {
		t.Errorf("unknown %v, %v", unknown, err)
	}
}

// Java trims values of every kind.
func TestConfigValuesAreTrimmed(t *testing.T) {
	path := t.TempDir() + "/broker.conf"
	text := "brokerRole=SYNC_MASTER \t\nbrokerName= a b \nstorePathRootDir=/x/y " +
		"\nflushDiskType=SYNC_FLUSH\t\nlistenPort=7777 \n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c, _, err := LoadConfig(path)
	if err != nil || c.BrokerRole != "SYNC_MASTER" || c.BrokerName != "a b" || c.StorePathRootDir != "/x/y" ||
		c.FlushDiskType != "SYNC_FLUSH" || c.ListenPort != 7777 {
		t.Errorf("%q %q %q %q %d, %v", c.BrokerRole, c.BrokerName, c.StorePathRootDir, c.FlushDiskType, c.ListenPort, err)
	}
}

// Whatever the table lets in over the wire must let the next start in too, and neither may panic: each numeric key at
// the ends of its range.
func TestEveryBoundIsAccepted(t *testing.T) {
	for _, k := range config.BrokerFile {
		if k.Choices != nil || k.Min == k.Max {
			continue
		}
		if k.Min < 0 {
			t.Errorf("%s has no lower bound", k.Name)
		}
		for _, n := range []int64{k.Min, k.Max} {
			key, value := k.Name, fmt.Sprint(n)
			c := DefaultConfig()
			c.StorePathRootDir = t.TempDir()
			p := &compat.Properties{}
			p.Set(key, value)
			if _, err := c.Bind(p); err != nil {
				t.Errorf("%s=%s: %v", key, value, err)
				continue
			}
			if _, err := New(c, zerolog.Nop()); err != nil {
				t.Errorf("%s=%s: %v", key, value, err)
			}
		}
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
