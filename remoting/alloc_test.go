package remoting

import (
	"testing"

	"gorocket/remoting/wire"
)

// TestAnswerAllocatesNothing: the header struct of an answer stays on its handler's stack, on the fast way (JSON on an
// event loop) and on the long one.
func TestAnswerAllocatesNothing(t *testing.T) {
	allocs := make(chan float64, 2)
	msgID, region := []byte("7F00000100002A9F0000000000000000"), "DefaultRegion"
	addr := startServer(t, Options{}, Entry{Code: 1, Handle: func(ctx *Context) {
		for _, form := range []wire.SerializeType{wire.SerializeJSON, wire.SerializeBinary} {
			r := ctx.Replier
			r.form = form
			allocs <- testing.AllocsPerRun(100, func() {
				r.opaque++
				Respond(&r, wire.Success, "", wire.SendMessageResponse, &wire.SendMessageResponseHeader{MsgID: msgID,
					QueueID: r.opaque % 8, QueueOffset: int64(r.opaque), Region: region}, Body{})
			})
		}
	}})
	if _, err := dialRaw(t, addr).Write(requestFrame(1, 0)); err != nil {
		t.Fatal(err)
	}
	for _, form := range []string{"JSON", "binary"} {
		if n := <-allocs; n >= 1 {
			t.Errorf("%s: %v allocations for an answer", form, n)
		}
	}
}
