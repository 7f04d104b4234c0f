package broker

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"gorocket/broker/config"
	keys "gorocket/compat/config"
	"gorocket/compat/testutil"
	"gorocket/remoting/wire"
)

// TestClosedKeys: what moves files, addresses, programs or doors is refused, whatever else is asked for with it, and
// nothing of it is done; with the value that is there already, too.
func TestClosedKeys(t *testing.T) {
	cfg := testConfig(t, t.TempDir())
	cfg.BrokerConfigPath = filepath.Join(t.TempDir(), "broker.conf")
	const text = "brokerName=broker-a\nmetricsGrpcExporterHeader=Bearer-hush\n"
	if err := os.WriteFile(cfg.BrokerConfigPath, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	r := startRig(t, cfg)
	for _, key := range keys.LocalKeys() {
		v, _ := r.b.cfg().Properties().Get(key)
		for _, value := range []string{v, "1"} {
			r.ask(wire.ReqUpdateBrokerConfig, "", "longPollingEnable=false\n"+key+"="+value+"\nfileReservedTime=1\n").
				is(t, wire.NoPermission, "Can not update config in black list.")
		}
	}
	if c := r.b.cfg(); !c.LongPollingEnable || c.FileReservedTime == 1 {
		t.Error("a refused change acts")
	}
	if got, err := os.ReadFile(cfg.BrokerConfigPath); err != nil || string(got) != text {
		t.Errorf("file %q, %v", got, err)
	}
}

// TestBlackListOfOnesOwn: configBlackList adds to the marks of the table.
func TestBlackListOfOnesOwn(t *testing.T) {
	cfg := testConfig(t, t.TempDir())
	cfg.ConfigBlackList = "fileReservedTime; longPollingEnable"
	r := startRig(t, cfg)
	for _, text := range []string{"fileReservedTime=1", "longPollingEnable=false", "brokerConfigPath=x"} {
		r.ask(wire.ReqUpdateBrokerConfig, "", text).is(t, wire.NoPermission, "Can not update config in black list.")
	}
	r.ask(wire.ReqUpdateBrokerConfig, "", "deleteWhen=05").is(t, 0, "")
}

// TestAddressesOfTheFile: what cannot be used does not act; nor does the file where a flag has named the NameServers.
func TestAddressesOfTheFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "broker.conf")
	write := func(addrs string) {
		t.Helper()
		if err := os.WriteFile(file, []byte("namesrvAddr="+addrs+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	const first, second = "127.0.0.1:1", "127.0.0.1:2"
	write(first)
	run := func(addr string) *rig {
		cfg := testConfig(t, t.TempDir())
		cfg.BrokerConfigPath, cfg.InFile, cfg.NamesrvAddr = file, config.Addresses{Namesrv: first}, addr
		return startRig(t, cfg)
	}
	r, overruled := run(first), run(second)
	write("no address")
	time.Sleep(2 * addressesEvery)
	if got := r.b.cfg().NamesrvAddr; got != first {
		t.Errorf("it acts: %s", got)
	}
	write("127.0.0.1:3")
	testutil.WaitFor(t, "the new address", func() bool { return r.b.cfg().NamesrvAddr == "127.0.0.1:3" })
	time.Sleep(2 * addressesEvery)
	if got := overruled.b.cfg().NamesrvAddr; got != second {
		t.Errorf("the file overrules a flag: %s", got)
	}
}

// TestJavasSecretsAreNotTold: a key of Java without effect here whose value is a secret.
func TestJavasSecretsAreNotTold(t *testing.T) {
	file := filepath.Join(t.TempDir(), "broker.conf")
	cfg := testConfig(t, t.TempDir())
	if err := os.WriteFile(file, []byte("metricsGrpcExporterHeader=Authorization:hush\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	loaded, _, err := config.Load(file)
	if err != nil {
		t.Fatal(err)
	}
	loaded.StorePathRootDir, loaded.BrokerName, loaded.BrokerIP1, loaded.BindAddress = cfg.StorePathRootDir, "b",
		"127.0.0.1", "127.0.0.1"
	loaded.ListenPort, loaded.MetricsExporterType = cfg.ListenPort, cfg.MetricsExporterType
	r := startRig(t, loaded)
	r.ask(wire.ReqGetBrokerConfig, "", "").has(t, "metricsGrpcExporterHeader=***\n")
}
