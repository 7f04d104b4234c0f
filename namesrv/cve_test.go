package namesrv

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gorocket/remoting/wire"
)

// TestCVE202337582: a file of the attacker's by UPDATE_NAMESRV_CONFIG, with a path and a content of the attacker's:
// configStorePath, and what is written there. The kin of it: kvConfigPath, and what PUT_KV_CONFIG writes there; the
// mended releases refuse the first by its name only.
func TestCVE202337582(t *testing.T) {
	dir := t.TempDir()
	mark := filepath.Join(dir, "pwned")
	for name, edit := range map[string]func(*Config){"open": func(*Config) {}, "closed": func(c *Config) {
		c.AuthenticationEnabled = true
		c.InitAuthenticationUser = `{"username":"root","password":"root-secret"}`
	}} {
		t.Run(name, func(t *testing.T) {
			p := start(t, edit)
			want := "Can not update config in black list."
			if name == "closed" {
				want = "username cannot be null."
			}
			kv, conf := p.config().KVConfigPath, p.config().ConfigStorePath
			for _, body := range []string{"configStorePath=" + mark + "\nproductEnvName=test/path\\ntest\\ntest\n",
				"productEnvName=x\nconfigStorePath=" + mark, "config\\u0053torePath=" + mark, "  configStorePath : " + mark,
				"kvConfigPath=" + mark + "\n", "rocketmqHome=" + dir, "controllerStorePath=" + dir, "configBlackList=\n"} {
				p.want(p.bare(wire.ReqUpdateNamesrvConfig, body), wire.NoPermission, want, "")
			}
			if c := p.config(); c.ProductEnvName != "center" || c.KVConfigPath != kv || c.ConfigStorePath != conf {
				t.Error("something of it acts")
			}
			if entries, err := os.ReadDir(dir); err != nil || len(entries) > 0 {
				t.Errorf("%v, %v", entries, err)
			}
			if _, err := os.Stat(conf); !os.IsNotExist(err) {
				t.Errorf("%s: %v", conf, err)
			}
		})
	}
}

// TestCVE202337582Lines: a value with ends of lines in it is one line of the file, so that nothing else can be put there.
func TestCVE202337582Lines(t *testing.T) {
	p := start(t)
	p.want(p.bare(wire.ReqUpdateNamesrvConfig, "productEnvName=a\\nkvConfigPath=/x\\r* * * * * root id\\n"), wire.Success, "", "")
	text, err := os.ReadFile(p.config().ConfigStorePath)
	if err != nil || strings.Count(strings.TrimSpace(string(text)), "\n") > 0 {
		t.Errorf("%q, %v", text, err)
	}
	c, _, err := LoadConfig(p.config().ConfigStorePath)
	if err != nil || c.KVConfigPath == "/x" {
		t.Errorf("%s, %v", c.KVConfigPath, err)
	}
}
