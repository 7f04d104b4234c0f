package broker

import (
	"testing"
	"time"

	"gorocket/remoting/wire"
)

// TestOverdue: each kind of request waits as long as its key says, and for ever without brokerFastFailureEnable.
func TestOverdue(t *testing.T) {
	r := startRig(t, testConfig(t, t.TempDir()))
	for _, c := range []struct {
		code   int32
		waited time.Duration
		want   string
	}{
		{wire.ReqSendMessageV2, 199 * time.Millisecond, ""},
		{wire.ReqSendMessageV2, 200 * time.Millisecond, "TIMEOUT_CLEAN_QUEUE"},
		{wire.ReqConsumerSendMsgBack, 200 * time.Millisecond, "TIMEOUT_CLEAN_QUEUE"},
		{wire.ReqPullMessage, 4999 * time.Millisecond, ""},
		{wire.ReqLitePullMessage, 5 * time.Second, "TIMEOUT_CLEAN_QUEUE"},
		{wire.ReqHeartBeat, 30 * time.Second, ""},
		{wire.ReqEndTransaction, 3 * time.Second, "TIMEOUT_CLEAN_QUEUE"},
		{wire.ReqGetBrokerRuntimeInfo, 5 * time.Second, "TIMEOUT_CLEAN_QUEUE"},
	} {
		if got := r.b.overload.Overdue(c.code, c.waited); got != c.want {
			t.Errorf("code %d after %v: %q, want %q", c.code, c.waited, got, c.want)
		}
	}
}

func TestOverdueOff(t *testing.T) {
	cfg := testConfig(t, t.TempDir())
	cfg.BrokerFastFailureEnable = false
	if got := startRig(t, cfg).b.overload.Overdue(wire.ReqSendMessage, time.Hour); got != "" {
		t.Errorf("refused for %s", got)
	}
}
