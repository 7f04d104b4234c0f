package broker

import (
	"testing"

	"gorocket/compat/testutil"
	"gorocket/remoting/wire"
)

// TestTimerTables: 60 is the 56 bytes of the check point, 61 counts what waits by topic; without timers both refuse.
func TestTimerTables(t *testing.T) {
	r := startRig(t, testConfig(t, t.TempDir()))
	r.send("T", "TIMER_DELAY_SEC\x01600\x02", "later")
	if n := len(r.ask(wire.ReqGetTimerCheckPoint, "", "").is(t, 0, "").body); n != 56 {
		t.Errorf("%d bytes", n)
	}
	testutil.WaitFor(t, "counted", func() bool { return r.b.timers.Figures().Pending == 1 })
	r.ask(wire.ReqGetTimerMetrics, "", "").is(t, 0, "").has(t, `"T":{"count":1`)

	cfg := testConfig(t, t.TempDir())
	cfg.TimerWheelEnable = false
	off := startRig(t, cfg)
	off.ask(wire.ReqGetTimerCheckPoint, "", "").is(t, 1, "The checkpoint is null")
	off.ask(wire.ReqGetTimerMetrics, "", "").is(t, 1, "The timer message store is null")

	cfg = testConfig(t, t.TempDir())
	cfg.TimerWheelEnable, cfg.BrokerRole, cfg.BrokerID, cfg.EnableSlaveActingMaster = false, "SLAVE", 1, true
	slave := startRig(t, cfg) // a Java master that comes back wants an answer, whatever it says
	if body := slave.ask(wire.ReqGetTimerCheckPoint, "", "").is(t, 0, "").body; body != string(make([]byte, 56)) {
		t.Errorf("%x", body)
	}
}
