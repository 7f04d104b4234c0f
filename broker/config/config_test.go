package config

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestLoadConfig: a bad value stops the start and names file, key and value; what must not be ignored is refused;
// unknown keys come back.
func TestLoadConfig(t *testing.T) {
	path := filepath.Join(t.TempDir(), "broker.conf")
	load := func(text string) ([]string, error) {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		c, unknown, err := Load(path)
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
		"brokerId=-1", "brokerClusterName=a/b",
		"flushIntervalCommitLog=9223372036854775807", "transactionCheckInterval=99999999999", "fileReservedTime=100000000",
		"timerPrecisionMs=0",
		"authenticationEnabled=perhaps",
		"authenticationStrategy=my.own.Strategy", "authorizationProvider=my.own.Provider", "enableDLegerCommitLog=true"} {
		key, value, _ := strings.Cut(bad, "=")
		_, err := load("brokerName=b\n\n" + bad + "\n")
		if err == nil || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), key) ||
			!strings.Contains(err.Error(), value) {
			t.Errorf("%s: %v", bad, err)
		}
	}
	for _, text := range []string{"brokerName=a#b", "brokerClusterName=#", "brokerHeartbeatInterval=10000",
		"controllerHeartBeatTimeoutMills=1000"} {
		key, value, _ := strings.Cut(text, "=")
		if key == "controllerHeartBeatTimeoutMills" {
			key = "brokerHeartbeatInterval"
		}
		_, err := load("enableControllerMode=true\ncontrollerAddr=h:1\n" + text + "\n")
		if want := fmt.Sprintf("config key %s: value %q", key, value); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
		if _, err := load(text + "\n"); err != nil {
			t.Errorf("%s without controllers: %v", text, err)
		}
	}
	if _, err := load("enableControllerMode=true\n"); err == nil || !strings.Contains(err.Error(), "controllerAddr") {
		t.Errorf("without controllers: %v", err)
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
	c, _, err := Load(path)
	if err != nil || c.BrokerRole != "SYNC_MASTER" || c.BrokerName != "a b" || c.StorePathRootDir != "/x/y" ||
		c.FlushDiskType != "SYNC_FLUSH" || c.ListenPort != 7777 {
		t.Errorf("%q %q %q %q %d, %v", c.BrokerRole, c.BrokerName, c.StorePathRootDir, c.FlushDiskType, c.ListenPort, err)
	}
}
