package namesrv

import (
	"os"
	"strings"
	"testing"

	"gorocket/remoting/wire"
)

func TestUpdateNamesrvConfig(t *testing.T) {
	p := start(t)
	p.want(p.bare(wire.ReqUpdateNamesrvConfig, "orderMessageEnable=true\n"), wire.Success, "", "")
	if !p.config().OrderMessageEnable {
		t.Error("the value does not act")
	}
	if text, err := os.ReadFile(p.config().ConfigStorePath); err != nil || string(text) != "orderMessageEnable=true\n" {
		t.Errorf("file: %q, %v", text, err)
	}
	p.want(p.bare(wire.ReqUpdateNamesrvConfig, ""), wire.Success, "", "")
}

func TestUpdateNamesrvConfigRefuses(t *testing.T) {
	p := start(t)
	const black = "Can not update config in black list."
	for _, key := range []string{"configBlackList", "configStorePath", "kvConfigPath", "rocketmqHome"} {
		p.want(p.bare(wire.ReqUpdateNamesrvConfig, "orderMessageEnable=true\n"+key+"=x"), wire.NoPermission, black, "")
	}
	p.want(p.bare(wire.ReqUpdateNamesrvConfig, `a=\u12`), wire.SystemError, "string2Properties error", "")
	p.want(p.bare(wire.ReqUpdateNamesrvConfig, "orderMessageEnable=true\nwaitSecondsForService=x"), wire.SystemError,
		`config key waitSecondsForService: value "x"`, "")
	for text, want := range map[string]string{
		"orderMesageEnable=true": "unknown key: do you mean orderMessageEnable?",
		"zzz=1":                  "config key zzz: value \"1\": unknown key",
		"scanNotActiveBrokerInterval=9223372036854775807": "config key scanNotActiveBrokerInterval",
	} {
		got := p.bare(wire.ReqUpdateNamesrvConfig, "orderMessageEnable=true\n"+text)
		if got.Code != wire.SystemError || !strings.Contains(got.Remark, want) {
			t.Errorf("%s: %d %q, want %q", text, got.Code, got.Remark, want)
		}
	}
	if p.config().OrderMessageEnable {
		t.Error("a refused update acts")
	}
	if _, err := os.Stat(p.config().ConfigStorePath); !os.IsNotExist(err) {
		t.Errorf("a refused update was written: %v", err)
	}
}

func TestUpdateNamesrvConfigOwnBlackList(t *testing.T) {
	p := start(t, func(c *Config) { c.ConfigBlackList = "enableTopicList;listenPort" })
	p.want(p.bare(wire.ReqUpdateNamesrvConfig, "enableTopicList=false"), wire.NoPermission, "Can not", "")
}

func TestUpdateNamesrvConfigActsAtOnce(t *testing.T) {
	p := start(t)
	p.register(newBroker("a", "h:1", 0, "Gone", "Kept"))
	p.bare(wire.ReqUpdateNamesrvConfig, "deleteTopicWithBrokerRegistration=true")
	p.register(newBroker("a", "h:1", 0, "Kept"))
	if p.route("Gone") != nil || p.route("Kept") == nil {
		t.Error("deleteTopicWithBrokerRegistration does not act")
	}
}

func TestUpdateNamesrvConfigKeepsForeignKeys(t *testing.T) {
	path := t.TempDir() + "/ns.properties"
	if err := os.WriteFile(path, []byte("useEpollNativeSelector=true\nother=1\nlistenPort=0\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	loaded, unknown, err := LoadConfig(path)
	if err != nil || strings.Join(unknown, ",") != "useEpollNativeSelector,other" {
		t.Fatalf("unknown %v, %v", unknown, err)
	}
	p := start(t, func(c *Config) { c.extra, c.ConfigStorePath = loaded.extra, path })
	p.want(p.bare(wire.ReqUpdateNamesrvConfig, "other=2"), wire.Success, "", "")
	text, err := os.ReadFile(path)
	if err != nil || !strings.Contains(string(text), "useEpollNativeSelector=true\n") ||
		!strings.Contains(string(text), "other=2\n") {
		t.Errorf("file: %s, %v", text, err)
	}
}
