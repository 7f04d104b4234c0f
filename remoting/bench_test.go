package remoting

import (
	"bufio"
	"encoding/binary"
	"io"
	"testing"

	"gorocket/remoting/wire"
)

// benchmarkRespond answers over and over on an event loop and drops what would be written.
func benchmarkRespond(b *testing.B, form wire.SerializeType) {
	done := make(chan struct{})
	addr := startServer(b, Options{}, Entry{Code: 1, Handle: func(ctx *Context) {
		defer close(done)
		r := ctx.Replier
		r.form = form
		h := wire.SendMessageResponseHeader{MsgID: []byte("7F00000100002A9F0000000000000000"), QueueID: 3,
			QueueOffset: 123456, TransactionID: []byte("7F00000100002A9F0000000000001234"),
			Region: "DefaultRegion", TraceOn: "true"}
		b.ReportAllocs()
		for n := 0; b.Loop(); n++ {
			r.opaque++
			h.QueueOffset++
			Respond(&r, wire.Success, "", wire.SendMessageResponse, &h, Body{})
			if n%200 == 0 {
				out := ctx.conn.net.Begin()
				out.B = out.B[:0]
				ctx.conn.net.End(true)
			}
		}
	}})
	if _, err := dialRaw(b, addr).Write(requestFrame(1, 0)); err != nil {
		b.Fatal(err)
	}
	<-done
}

func BenchmarkRespondSendJSON(b *testing.B)   { benchmarkRespond(b, wire.SerializeJSON) }
func BenchmarkRespondSendBinary(b *testing.B) { benchmarkRespond(b, wire.SerializeBinary) }

// BenchmarkServe sends requests of 1 KiB, 64 at a time, over one connection and waits for their answers: what a request
// costs between the two system calls of a turn, and these.
func BenchmarkServe(b *testing.B) {
	addr := startServer(b, Options{EventLoops: 1}, Entry{Code: 310, Handle: func(ctx *Context) {
		var h wire.SendMessageRequestHeader
		if err := wire.SendMessageRequestV2.Decode(ctx.Req, ctx.In, &h); err != nil {
			b.Error(err)
		}
		Respond(&ctx.Replier, wire.Success, "", wire.SendMessageResponse, &wire.SendMessageResponseHeader{
			MsgID: []byte("7F00000100002A9F0000000000000000"), QueueID: h.QueueID, QueueOffset: 123456}, Body{})
	}})
	const batch = 64
	var all []byte
	body := make([]byte, 1024)
	for i := range int32(batch) {
		h := wire.SendMessageRequestHeader{ProducerGroup: "producer_group", Topic: "some_topic", DefaultTopic: "TBW102",
			QueueID: i % 8, BornTimestamp: 1790000000000, Properties: []byte("WAIT\x01true\x02")}
		all = wire.AppendRequest(all, wire.SerializeJSON, 310, 1_000_000+i, wire.SendMessageRequestV2, &h, body)
	}
	c := dialRaw(b, addr)
	in := bufio.NewReaderSize(c, 1<<20)
	head := make([]byte, 4)
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		if n%batch != 0 {
			continue // an operation is one request
		}
		if _, err := c.Write(all); err != nil {
			b.Fatal(err)
		}
		for range batch {
			if _, err := io.ReadFull(in, head); err != nil {
				b.Fatal(err)
			}
			if _, err := in.Discard(int(binary.BigEndian.Uint32(head))); err != nil {
				b.Fatal(err)
			}
		}
	}
}
