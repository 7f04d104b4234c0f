package namesrv

import (
	"os"
	"strings"
	"testing"

	"gorocket/remoting"
)

func TestUpdateNamesrvConfig(t *testing.T) {
	p := start(t)
	p.want(p.bare(remoting.ReqUpdateNamesrvConfig, "orderMessageEnable=true\nunknownKey=1\n"), remoting.Success, "", "")
	if !p.config().OrderMessageEnable {
		t.Error("the value does not act")
	}
	loaded, unknown, err := LoadConfig(p.config().ConfigStorePath)
	if err != nil || !loaded.OrderMessageEnable || len(unknown) != 0 {
		t.Errorf("file: %v, unknown %v, %v", loaded.OrderMessageEnable, unknown, err)
	}
	if loaded.KVConfigPath != p.config().KVConfigPath {
		t.Error("the file does not hold the whole configuration")
	}
	p.want(p.bare(remoting.ReqUpdateNamesrvConfig, ""), remoting.Success, "", "")
}

func TestUpdateNamesrvConfigRefuses(t *testing.T) {
	p := start(t)
	const black = "Can not update config in black list."
	for _, key := range []string{"configBlackList", "configStorePath", "kvConfigPath", "rocketmqHome"} {
		p.want(p.bare(remoting.ReqUpdateNamesrvConfig, "orderMessageEnable=true\n"+key+"=x"), remoting.NoPermission, black, "")
	}
	p.want(p.bare(remoting.ReqUpdateNamesrvConfig, `a=\u12`), remoting.SystemError, "string2Properties error", "")
	p.want(p.bare(remoting.ReqUpdateNamesrvConfig, "orderMessageEnable=true\nlistenPort=x"), remoting.SystemError, `config key listenPort: value "x"`, "")
	if p.config().OrderMessageEnable {
		t.Error("a refused update acts")
	}
	if _, err := os.Stat(p.config().ConfigStorePath); !os.IsNotExist(err) {
		t.Errorf("a refused update was written: %v", err)
	}
}

func TestUpdateNamesrvConfigOwnBlackList(t *testing.T) {
	p := start(t, func(c *Config) { c.ConfigBlackList = "enableTopicList;listenPort" })
	p.want(p.bare(remoting.ReqUpdateNamesrvConfig, "enableTopicList=false"), remoting.NoPermission, "Can not", "")
}

func TestUpdateNamesrvConfigActsAtOnce(t *testing.T) {
	p := start(t)
	p.register(newBroker("a", "h:1", 0, "Gone", "Kept"))
	p.bare(remoting.ReqUpdateNamesrvConfig, "deleteTopicWithBrokerRegistration=true")
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
	p.want(p.bare(remoting.ReqUpdateNamesrvConfig, "other=2\nthird=3"), remoting.Success, "", "")
	text, err := os.ReadFile(path)
	if err != nil || !strings.Contains(string(text), "useEpollNativeSelector=true\n") || !strings.Contains(string(text), "other=2\n") || strings.Contains(string(text), "third") {
		t.Errorf("file: %s, %v", text, err)
	}
}
