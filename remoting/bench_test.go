package remoting

import (
	"testing"

	"gorocket/remoting/wire"
)

func benchmarkRespond(b *testing.B, form wire.SerializeType) {
	c := &Conn{loop: new(loopState), engine: &engine{opts: Options{MaxOutbound: 1 << 30}}}
	r := Replier{conn: c, form: form, onLoop: true}
	h := wire.SendMessageResponseHeader{MsgID: []byte("7F00000100002A9F0000000000000000"), QueueID: 3, QueueOffset: 123456, TransactionID: []byte("7F00000100002A9F0000000000001234"),
		Region: "DefaultRegion", TraceOn: "true"}
	b.ReportAllocs()
	for b.Loop() {
		r.opaque++
		h.QueueOffset++
		Respond(&r, wire.Success, "", wire.SendMessageResponse, &h, Body{})
		if len(c.out.b) > 64<<10 {
			c.out.b = c.out.b[:0]
		}
	}
}

func BenchmarkRespondSendJSON(b *testing.B)   { benchmarkRespond(b, wire.SerializeJSON) }
func BenchmarkRespondSendBinary(b *testing.B) { benchmarkRespond(b, wire.SerializeBinary) }
