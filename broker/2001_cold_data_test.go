package broker

import (
	"fmt"
	"strings"
	"testing"

	"gorocket/remoting/wire"
)

// TestColdData: limits are kept, shown as Java shows them, and bounded.
func TestColdData(t *testing.T) {
	r := startRig(t, testConfig(t, t.TempDir()))
	r.ask(wire.ReqUpdateColdDataFlowCtrConfig, "", "g=1024\nh=many\ni=5\n").is(t, wire.Success, "")
	r.ask(wire.ReqRemoveColdDataFlowCtrConfig, "", "i").is(t, wire.Success, "")
	a := r.ask(wire.ReqGetColdDataFlowCtrInfo, "", "").is(t, wire.Success, "")
	want := `{"cgColdReadThreshold":3145728,"configTable":{"g":1024},"globalAcc":0,"globalColdReadThreshold":104857600,` +
		`"runtimeTable":{}}`
	if a.body != want {
		t.Errorf("%s\nwant %s", a.body, want)
	}
	var b strings.Builder
	for i := range maxColdLimits {
		fmt.Fprintf(&b, "g%d=1\n", i)
	}
	r.ask(wire.ReqUpdateColdDataFlowCtrConfig, "", b.String()).is(t, wire.SystemError, "too many groups have a limit")
	r.ask(wire.ReqUpdateColdDataFlowCtrConfig, "", "g=7").is(t, wire.Success, "")
}

// TestTimerEngine: one engine is there; the other is refused in Java's words.
func TestTimerEngine(t *testing.T) {
	r := startRig(t, testConfig(t, t.TempDir()))
	r.ask(wire.ReqSwitchTimerEngine, "E_T=F", "").is(t, wire.Success, "switch timer engine success")
	r.ask(wire.ReqSwitchTimerEngine, "E_T=R", "").is(t, wire.InvalidParameter, "timerRocksDBEnable must be")
	r.ask(wire.ReqSwitchTimerEngine, "E_T=x", "").is(t, wire.InvalidParameter, "param error")
}

// TestExportRocksDB: tables that are JSON already.
func TestExportRocksDB(t *testing.T) {
	r := startRig(t, testConfig(t, t.TempDir()))
	r.ask(wire.ReqExportRocksdbConfigToJson, "configType=topics%3BconsumerOffsets%3B", "").is(t, wire.Success, "export done.")
	r.ask(wire.ReqExportRocksdbConfigToJson, "configType=x", "").is(t, wire.SystemError,
		"java.lang.IllegalArgumentException: Unknown config type: x")
}
