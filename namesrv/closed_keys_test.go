package namesrv

import (
	"os"
	"strings"
	"testing"

	"gorocket/compat/config"
	"gorocket/remoting/wire"
)

// TestClosedKeys: what moves files, addresses or doors is refused, whatever else is asked for with it, and nothing of it
// is done; a controller's keys, too, which may stand in the same file.
func TestClosedKeys(t *testing.T) {
	p := start(t)
	for _, key := range config.LocalKeys() {
		p.want(p.bare(wire.ReqUpdateNamesrvConfig, "orderMessageEnable=true\n"+key+"=1\nclusterTest=true\n"),
			wire.NoPermission, "Can not update config in black list.", "")
	}
	if c := p.config(); c.OrderMessageEnable || c.ClusterTest {
		t.Error("a refused change acts")
	}
	if _, err := os.Stat(p.config().ConfigStorePath); !os.IsNotExist(err) {
		t.Errorf("a refused change was written: %v", err)
	}
}

// TestSecretsAreNotTold: of this server, and of others whose keys stand in its file.
func TestSecretsAreNotTold(t *testing.T) {
	path := t.TempDir() + "/ns.properties"
	text := `initAuthenticationUser={"username":"a","password":"hush"}` + "\nmetricsGrpcExporterHeader=k:hush\n" +
		"some.keyPassword=hush\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	loaded, _, err := LoadConfig(path)
	if err != nil {
		t.Fatal(err)
	}
	p := start(t, func(c *Config) { c.extra, c.Signing, c.Push = loaded.extra, loaded.Signing, loaded.Push })
	got := string(p.bare(wire.ReqGetNamesrvConfig, "").Body)
	if strings.Contains(got, "hush") || strings.Count(got, "=***\n") != 3 {
		t.Error(got)
	}
}
