package integration

import (
	"maps"
	"os"
	"strconv"
	"testing"

	"gorocket/integration/harness"
	"gorocket/integration/kills"
)

// TestKilledUnderTimersAndTransactions kills the broker again and again: between half message, op message and commit,
// between enqueue and delivery. A ledger knows what was acknowledged. GOROCKET_KILLS sets the number of kills.
func TestKilledUnderTimersAndTransactions(t *testing.T) {
	harness.Count(t)
	n := 5
	if s, err := strconv.Atoi(os.Getenv("GOROCKET_KILLS")); err == nil {
		n = s
	}
	c := harness.New(t)
	c.Namesrv(harness.Go, nil)
	conf := harness.Conf{"timerWheelEnable": "true"}
	trans := &kills.Transactions{}
	maps.Copy(conf, trans.Conf())
	report, err := kills.Run(c.Broker(harness.Go, "broker-a", conf), n, trans, &kills.Timers{})
	for _, line := range report {
		t.Log(line)
	}
	if err != nil {
		t.Error(err)
	}
}
