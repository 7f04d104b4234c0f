package remoting

import (
	"fmt"
	"testing"
	"unsafe"
)

var hotSend = SendMessageRequestHeader{ProducerGroup: "producer_group", Topic: "some_topic", DefaultTopic: "TBW102", DefaultTopicQueueNums: 4, QueueID: 3,
	BornTimestamp: 1790000000000, Properties: []byte("UNIQ_KEY\x017F0000010001\x02WAIT\x01true\x02TAGS\x01TagA\x02")}

// benchmarkDecode reads frames that differ as those of one client do: opaque number and whatever vary changes. templates: as an event loop does.
func benchmarkDecode[T any](b *testing.B, templates bool, form SerializeType, code int32, ht *HeaderType[T], h *T, vary func(h *T, i int)) {
	var frames [64][]byte
	for i := range frames {
		if vary != nil {
			vary(h, i)
		}
		frames[i] = AppendRequest(nil, form, code, 1_000_000+int32(i), ht, h, make([]byte, 128))
	}
	var c Command
	in, out := new(Interner), new(T)
	var u trust
	cache := new(headerCache)
	if !templates {
		cache = nil
	}
	i := 0
	b.ReportAllocs()
	for b.Loop() {
		if err := decodeFrame(frames[i%64], &c, cache, &u); err != nil {
			b.Fatal(err)
		}
		if err := ht.Decode(&c, in, out); err != nil {
			b.Fatal(err)
		}
		i++
	}
}

func varySend(h *SendMessageRequestHeader, i int) {
	h.QueueID, h.BornTimestamp = int32(i%8), hotSend.BornTimestamp+int64(i/16)
	h.Properties = fmt.Appendf(nil, "UNIQ_KEY\x017F00000100002A9F0000%08X\x02WAIT\x01true\x02TAGS\x01TagA\x02", 1000*i)
}

func varySendLengths(h *SendMessageRequestHeader, i int) {
	varySend(h, i)
	h.QueueID = int32(i % 16)
	h.Properties = fmt.Appendf(nil, "KEYS\x01%d\x02%s", 1<<(i%30), h.Properties)
}

func BenchmarkDecodeSendV2JSON(b *testing.B) {
	h := hotSend
	benchmarkDecode(b, true, SerializeJSON, 310, SendMessageRequestV2, &h, varySend)
}
func BenchmarkDecodeSendV2JSONLengths(b *testing.B) {
	h := hotSend
	benchmarkDecode(b, true, SerializeJSON, 310, SendMessageRequestV2, &h, varySendLengths)
}
func BenchmarkDecodeSendV2JSONLongWay(b *testing.B) {
	h := hotSend
	benchmarkDecode(b, false, SerializeJSON, 310, SendMessageRequestV2, &h, varySend)
}
func BenchmarkDecodeSendV2Binary(b *testing.B) {
	h := hotSend
	benchmarkDecode(b, true, SerializeBinary, 310, SendMessageRequestV2, &h, varySend)
}
func BenchmarkDecodeSendV1JSON(b *testing.B) {
	h := hotSend
	benchmarkDecode(b, true, SerializeJSON, 10, SendMessageRequestV1, &h, varySend)
}

func BenchmarkDecodePullJSON(b *testing.B) {
	benchmarkDecode(b, true, SerializeJSON, 11, PullMessageRequest, &PullMessageRequestHeader{ConsumerGroup: "group", Topic: "some_topic", QueueOffset: 12345, MaxMsgNums: 32, SysFlag: 3,
		SuspendTimeoutMillis: 15000, Subscription: "*", SubVersion: 1790000000000, ExpressionType: "TAG"}, func(h *PullMessageRequestHeader, i int) { h.QueueOffset = int64(12345 + 32*i) })
}

func BenchmarkDecodeOffsetCommitJSON(b *testing.B) {
	benchmarkDecode(b, true, SerializeJSON, 15, UpdateConsumerOffsetRequest, &UpdateConsumerOffsetRequestHeader{ConsumerGroup: "group", Topic: "some_topic", QueueID: 2, CommitOffset: 99},
		func(h *UpdateConsumerOffsetRequestHeader, i int) { h.CommitOffset = int64(i * i) })
}

func BenchmarkDecodeHeartbeatJSON(b *testing.B) {
	benchmarkDecode(b, true, SerializeJSON, 34, HeartbeatRequest, &HeartbeatRequestHeader{}, nil)
}

func BenchmarkEncodeSendResponseJSON(b *testing.B) {
	h := SendMessageResponseHeader{MsgID: []byte("7F00000100002A9F0000000000000000"), QueueID: 3, QueueOffset: 123456, Region: "DefaultRegion", TraceOn: "true"}
	buf := make([]byte, 0, 1024)
	b.ReportAllocs()
	for b.Loop() {
		w := beginHeader(buf, SerializeJSON, Success, commandTail{CurrentVersion, 7, FlagResponse, ""})
		SendMessageResponse.info.write(&w, unsafe.Pointer(&h))
		w.finish(0)
	}
}

func benchmarkRespond(b *testing.B, form SerializeType) {
	c := &Conn{loop: new(loopState), engine: &engine{opts: Options{MaxOutbound: 1 << 30}}}
	r := Replier{conn: c, form: form, onLoop: true}
	h := SendMessageResponseHeader{MsgID: []byte("7F00000100002A9F0000000000000000"), QueueID: 3, QueueOffset: 123456, TransactionID: []byte("7F00000100002A9F0000000000001234"),
		Region: "DefaultRegion", TraceOn: "true"}
	b.ReportAllocs()
	for b.Loop() {
		r.opaque++
		h.QueueOffset++
		Respond(&r, Success, "", SendMessageResponse, &h, Body{})
		if len(c.out.b) > 64<<10 {
			c.out.b = c.out.b[:0]
		}
	}
}

func BenchmarkRespondSendJSON(b *testing.B)   { benchmarkRespond(b, SerializeJSON) }
func BenchmarkRespondSendBinary(b *testing.B) { benchmarkRespond(b, SerializeBinary) }
