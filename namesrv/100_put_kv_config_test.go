package namesrv

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"gorocket/remoting/wire"
)

func (p *peer) kvCall(code int32, ns, key, value string) *wire.Command {
	p.t.Helper()
	return call(p, code, wire.KVRequest, &wire.KVHeader{Namespace: ns, Key: key, Value: value}, "")
}

func TestPutKVConfig(t *testing.T) {
	p := start(t)
	p.want(p.kvCall(wire.ReqPutKvConfig, "ns", "k", "a:8;b:4"), wire.Success, "", "")
	p.want(p.kvCall(wire.ReqPutKvConfig, "", "k", "v"), wire.SystemError, "namespace or key is null", "")
	p.want(p.kvCall(wire.ReqPutKvConfig, "ns", "", "v"), wire.SystemError, "namespace or key is null", "")
	p.want(p.bare(wire.ReqPutKvConfig, ""), wire.SystemError, "namespace or key is null", "")
	text, err := os.ReadFile(p.config().KVConfigPath)
	if err != nil || string(text) != `{"configTable":{"ns":{"k":"a:8;b:4"}}}` {
		t.Errorf("file: %s, %v", text, err)
	}
}

func TestKVConfigSurvivesARestart(t *testing.T) {
	p := start(t)
	p.kvCall(wire.ReqPutKvConfig, "ns", "k", "é")
	if err := p.Stop(context.Background()); err != nil {
		t.Fatal(err)
	}
	again := start(t, func(c *Config) { c.KVConfigPath = p.config().KVConfigPath })
	if got := again.kvCall(wire.ReqGetKvConfig, "ns", "k", ""); got.GetString("value") != "é" {
		t.Errorf("got %+v", got)
	}
}

func TestPutKVConfigTellsAWriteError(t *testing.T) {
	p := start(t)
	// a file where the folder should be
	if err := os.WriteFile(filepath.Dir(p.config().KVConfigPath), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if got := p.kvCall(wire.ReqPutKvConfig, "ns", "k", "v"); got.Code != wire.SystemError {
		t.Errorf("got %d %s", got.Code, got.Remark)
	}
}

func TestStartRefusesABrokenKVFile(t *testing.T) {
	c := testConfig(t)
	if err := os.MkdirAll(filepath.Dir(c.KVConfigPath), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(c.KVConfigPath, []byte(`{"configTable":`), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := New(c, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Start(context.Background()); err == nil || !strings.Contains(err.Error(), "kvConfig.json") {
		t.Errorf("got %v", err)
	}
}

func TestKVConfigIsBounded(t *testing.T) {
	k := newKVStore(files{}, "", func() int { return 1 << 30 })
	k.table["ns"] = map[string]string{}
	for i := range maxKVEntries {
		k.table["ns"][string(rune(i+1))+"x"+string(rune(i%256))] = ""
	}
	if len(k.table["ns"]) < maxKVEntries {
		k.table["fill"] = map[string]string{}
		for i := range maxKVEntries - len(k.table["ns"]) {
			k.table["fill"][strings.Repeat("k", i+1)] = ""
		}
	}
	if err := k.put("ns", "one more", "", true); err != errKVFull {
		t.Errorf("got %v", err)
	}
}

// TestKVConfigBytesAreBounded: values of any size, and namespaces without a value, do not grow the table without end.
func TestKVConfigBytesAreBounded(t *testing.T) {
	p := start(t, func(c *Config) { c.MaxKVConfigBytes = 1024 })
	big := strings.Repeat("v", 1000)
	p.want(p.kvCall(wire.ReqPutKvConfig, "ns", "k", big), wire.Success, "", "")
	p.want(p.kvCall(wire.ReqPutKvConfig, "ns", "l", big), wire.SystemError, `KV config "ns" "l": no room for 1000 bytes`,
		"")
	p.want(p.kvCall(wire.ReqPutKvConfig, strings.Repeat("n", 100), "l", ""), wire.SystemError, "KV config", "")
	p.want(p.kvCall(wire.ReqPutKvConfig, "ns", "k", big[:500]), wire.Success, "", "")
	p.want(p.kvCall(wire.ReqPutKvConfig, "ns", "l", big[:500]), wire.Success, "", "")
	p.want(p.kvCall(wire.ReqDeleteKvConfig, "ns", "k", ""), wire.Success, "", "")
	p.want(p.kvCall(wire.ReqPutKvConfig, "ns", "m", big[:500]), wire.Success, "", "")
	if got := p.kv.bytes; got != len("ns")+2*(1+500) {
		t.Errorf("%d bytes counted", got)
	}
}

func TestKVNamespacesAreCounted(t *testing.T) {
	k := newKVStore(files{}, "", func() int { return 1 << 30 })
	for i := range maxKVEntries {
		k.table[strconv.Itoa(i)] = map[string]string{}
	}
	if err := k.put("one more", "k", "", false); err != errKVFull {
		t.Errorf("got %v", err)
	}
}
