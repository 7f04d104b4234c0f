package template

import (
	"fmt"
	"testing"

	"gorocket/remoting/wire"
)

var hotSend = wire.SendMessageRequestHeader{ProducerGroup: "producer_group", Topic: "some_topic",
	DefaultTopic: "TBW102", DefaultTopicQueueNums: 4, QueueID: 3,
	BornTimestamp: 1790000000000, Properties: []byte("UNIQ_KEY\x017F0000010001\x02WAIT\x01true\x02TAGS\x01TagA\x02")}

// benchmarkDecode reads frames that differ as those of one client do: opaque number and whatever vary changes.
func benchmarkDecode[T any](b *testing.B, form wire.SerializeType, code int32, ht *wire.HeaderType[T], h *T,
	vary func(h *T, i int)) {
	var frames [64][]byte
	for i := range frames {
		if vary != nil {
			vary(h, i)
		}
		frames[i] = wire.AppendRequest(nil, form, code, 1_000_000+int32(i), ht, h, make([]byte, 128))
	}
	var c wire.Command
	in, out := new(wire.Interner), new(T)
	var backoff Backoff
	codec := new(Codec)
	i := 0
	b.ReportAllocs()
	for b.Loop() {
		if err := codec.Decode(frames[i%64], &c, &backoff); err != nil {
			b.Fatal(err)
		}
		if err := ht.Decode(&c, in, out); err != nil {
			b.Fatal(err)
		}
		i++
	}
}

func varySend(h *wire.SendMessageRequestHeader, i int) {
	h.QueueID, h.BornTimestamp = int32(i%8), hotSend.BornTimestamp+int64(i/16)
	h.Properties = fmt.Appendf(nil, "UNIQ_KEY\x017F00000100002A9F0000%08X\x02WAIT\x01true\x02TAGS\x01TagA\x02", 1000*i)
}

func varySendLengths(h *wire.SendMessageRequestHeader, i int) {
	varySend(h, i)
	h.QueueID = int32(i % 16)
	h.Properties = fmt.Appendf(nil, "KEYS\x01%d\x02%s", 1<<(i%30), h.Properties)
}

func BenchmarkDecodeSendV2JSON(b *testing.B) {
	h := hotSend
	benchmarkDecode(b, wire.SerializeJSON, 310, wire.SendMessageRequestV2, &h, varySend)
}
func BenchmarkDecodeSendV2JSONLengths(b *testing.B) {
	h := hotSend
	benchmarkDecode(b, wire.SerializeJSON, 310, wire.SendMessageRequestV2, &h, varySendLengths)
}
func BenchmarkDecodeSendV2Binary(b *testing.B) {
	h := hotSend
	benchmarkDecode(b, wire.SerializeBinary, 310, wire.SendMessageRequestV2, &h, varySend)
}
func BenchmarkDecodeSendV1JSON(b *testing.B) {
	h := hotSend
	benchmarkDecode(b, wire.SerializeJSON, 10, wire.SendMessageRequestV1, &h, varySend)
}

func BenchmarkDecodePullJSON(b *testing.B) {
	benchmarkDecode(b, wire.SerializeJSON, 11, wire.PullMessageRequest,
		&wire.PullMessageRequestHeader{ConsumerGroup: "group", Topic: "some_topic", QueueOffset: 12345,
			MaxMsgNums: 32, SysFlag: 3,
			SuspendTimeoutMillis: 15000, Subscription: "*", SubVersion: 1790000000000, ExpressionType: "TAG"},
		func(h *wire.PullMessageRequestHeader, i int) { h.QueueOffset = int64(12345 + 32*i) })
}

func BenchmarkDecodeOffsetCommitJSON(b *testing.B) {
	benchmarkDecode(b, wire.SerializeJSON, 15, wire.UpdateConsumerOffsetRequest,
		&wire.UpdateConsumerOffsetRequestHeader{ConsumerGroup: "group", Topic: "some_topic", QueueID: 2,
			CommitOffset: 99},
		func(h *wire.UpdateConsumerOffsetRequestHeader, i int) { h.CommitOffset = int64(i * i) })
}

func BenchmarkDecodeHeartbeatJSON(b *testing.B) {
	benchmarkDecode(b, wire.SerializeJSON, 34, wire.HeartbeatRequest, &wire.HeartbeatRequestHeader{}, nil)
}
