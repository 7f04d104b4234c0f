package broker

import (
	"testing"
	"time"

	"gorocket/remoting"
)

// TestOverdue: each kind of request waits as long as its key says, and for ever without brokerFastFailureEnable.
func TestOverdue(t *testing.T) {
	r := startRig(t, testConfig(t, t.TempDir()))
	for _, c := range []struct {
		code   int32
		waited time.Duration
		want   string
	}{
		{remoting.ReqSendMessageV2, 199 * time.Millisecond, ""},
		{remoting.ReqSendMessageV2, 200 * time.Millisecond, causeWaited},
		{remoting.ReqConsumerSendMsgBack, 200 * time.Millisecond, causeWaited},
		{remoting.ReqPullMessage, 4999 * time.Millisecond, ""},
		{remoting.ReqLitePullMessage, 5 * time.Second, causeWaited},
		{remoting.ReqHeartBeat, 30 * time.Second, ""},
		{remoting.ReqEndTransaction, 3 * time.Second, causeWaited},
		{remoting.ReqGetBrokerRuntimeInfo, 5 * time.Second, causeWaited},
	} {
		if got := r.b.overdue(c.code, c.waited); got != c.want {
			t.Errorf("code %d after %v: %q, want %q", c.code, c.waited, got, c.want)
		}
	}
}

func TestOverdueOff(t *testing.T) {
	cfg := testConfig(t, t.TempDir())
	cfg.BrokerFastFailureEnable = false
	if got := startRig(t, cfg).b.overdue(remoting.ReqSendMessage, time.Hour); got != "" {
		t.Errorf("refused for %s", got)
	}
}
