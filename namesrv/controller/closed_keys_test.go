package controller

import (
	"os"
	"testing"

	"gorocket/compat/config"
	"gorocket/remoting/wire"
)

// TestClosedKeys: what moves files, addresses or doors is refused, whatever else is asked for with it, and nothing of it
// is done.
func TestClosedKeys(t *testing.T) {
	p := start(t)
	none := &wire.HeartbeatRequestHeader{}
	for _, key := range config.LocalKeys() {
		p.want(call(p, wire.ReqUpdateControllerConfig, wire.HeartbeatRequest, none,
			"enableElectUncleanMaster=true\n"+key+"=1\nelectMasterMaxRetryCount=7\n"),
			16, "Can not update config in black list.", "", "")
	}
	if c := p.config(); c.EnableElectUncleanMaster || c.ElectMasterMaxRetryCount == 7 {
		t.Error("a refused change acts")
	}
	if _, err := os.Stat(p.config().ConfigStorePath); !os.IsNotExist(err) {
		t.Errorf("a refused change was written: %v", err)
	}
}
