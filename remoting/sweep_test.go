package remoting

import (
	"testing"
	"time"

	"gorocket/remoting/wire"
)

// TestSweepUnderLoad: who waits too long is refused in time although new requests come all the while.
func TestSweepUnderLoad(t *testing.T) {
	block := make(chan struct{})
	defer close(block)
	addr := startServer(t, Options{Workers: 1, QueueCapacity: 10_000, Overdue: func(_ int32, waited time.Duration) string {
		if waited >= 20*time.Millisecond {
			return "TIMEOUT_CLEAN_QUEUE"
		}
		return ""
	}}, Entry{Code: 1, Mode: Pooled, Handle: func(ctx *Context) { <-block; ctx.OK(nil) }})
	c := dialRaw(t, addr)
	_ = c.SetDeadline(time.Now().Add(20 * time.Second))
	stop := make(chan struct{})
	defer close(stop)
	go func() {
		for {
			select {
			case <-stop:
				return
			case <-time.After(time.Millisecond):
				_, _ = c.Write(requestFrame(1, 10))
			}
		}
	}()
	var cmd wire.Command
	if err := wire.Decode(readFrame(t, c), &cmd); err != nil || cmd.Code != wire.SystemBusy {
		t.Errorf("answered %d %s, %v", cmd.Code, cmd.Remark, err)
	}
}
