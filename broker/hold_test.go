package broker

import (
	"testing"
	"time"

	"gorocket/compat/testutil"
	"gorocket/remoting"
	"gorocket/remoting/wire"
)

// TestMessageForManyHeldPulls: one message answers all who wait for it, though they are too many for the event loop.
func TestMessageForManyHeldPulls(t *testing.T) {
	r := startRig(t, testConfig(t, t.TempDir()))
	r.send("T", "", "first")
	const pulls = 3*128 + 1 // more than are asked at a stretch
	r.join("g", "T")
	conn, err := r.cl.Conn(t.Context(), r.addr)
	if err != nil {
		t.Fatal(err)
	}
	codes := make(chan int32, pulls)
	for range pulls {
		h := wire.PullMessageRequestHeader{ConsumerGroup: "g", Topic: "T", QueueID: 0,
			QueueOffset: r.b.store.MaxOffset("T", 0), MaxMsgNums: 1,
			SysFlag: wire.PullFlagSubscription | wire.PullFlagSuspend, Subscription: "*",
			ExpressionType: "TAG", SuspendTimeoutMillis: 60_000}
		remoting.Go(conn, 20*time.Second, wire.ReqPullMessage, wire.PullMessageRequest, &h, nil,
			func(c *wire.Command, err error) {
				if err != nil {
					codes <- -1
					return
				}
				codes <- c.Code
			})
	}
	testutil.WaitFor(t, "all wait", func() bool { return r.b.holds.Count() == pulls })
	for r.b.store.MaxOffset("T", 0) == 0 || r.b.holds.Count() == pulls {
		r.send("T", "", "for all")
	}
	for range pulls {
		if code := <-codes; code != wire.Success {
			t.Fatalf("answered %d", code)
		}
	}
}

// TestHeldPullLimits: pulls beyond maxHeldPulls are refused, and what has a long expression does not wait.
func TestHeldPullLimits(t *testing.T) {
	cfg := testConfig(t, t.TempDir())
	cfg.MaxHeldPulls = 0
	r := startRig(t, cfg)
	r.send("T", "", "x")
	r.join("g", "T")
	max := r.b.store.MaxOffset("T", 1)
	h := wire.PullMessageRequestHeader{ConsumerGroup: "g", Topic: "T", QueueID: 1, QueueOffset: max, MaxMsgNums: 1,
		SysFlag: wire.PullFlagSubscription | wire.PullFlagSuspend, Subscription: "*", ExpressionType: "TAG",
		SuspendTimeoutMillis: 60_000}
	_, err := call(r, wire.ReqPullMessage, wire.PullMessageRequest, &h, nil)
	if e, ok := err.(*remoting.ResponseError); !ok || e.Code != wire.SystemBusy {
		t.Errorf("beyond the limit: %v", err)
	}
	h.Subscription = string(make([]byte, 8<<10)) + "tag"
	_, err = call(r, wire.ReqPullMessage, wire.PullMessageRequest, &h, nil)
	if e, ok := err.(*remoting.ResponseError); !ok || e.Code != wire.PullNotFound {
		t.Errorf("a long expression: %v", err)
	}
	if n := r.b.holds.Refused(); n != 1 {
		t.Errorf("%d refused", n)
	}
}
