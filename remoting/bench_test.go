package remoting

import (
	"testing"
	"unsafe"
)

var hotSend = SendMessageRequestHeader{ProducerGroup: "producer_group", Topic: "some_topic", DefaultTopic: "TBW102", DefaultTopicQueueNums: 4, QueueID: 3,
	BornTimestamp: 1790000000000, Properties: []byte("UNIQ_KEY\x017F0000010001\x02WAIT\x01true\x02TAGS\x01TagA\x02")}

func benchmarkDecode[T any](b *testing.B, form SerializeType, code int32, ht *HeaderType[T], h *T) {
	w := beginHeader(nil, form, code, commandTail{CurrentVersion, 1, 0, ""})
	ht.info.write(&w, unsafe.Pointer(h))
	frame := append(w.finish(1024), make([]byte, 1024)...)
	var c Command
	in := new(Interner)
	out := new(T)
	b.ReportAllocs()
	for b.Loop() {
		if err := Decode(frame, &c); err != nil {
			b.Fatal(err)
		}
		if err := ht.Decode(&c, in, out); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecodeSendV2JSON(b *testing.B) {
	benchmarkDecode(b, SerializeJSON, 310, SendMessageRequestV2, &hotSend)
}
func BenchmarkDecodeSendV2Binary(b *testing.B) {
	benchmarkDecode(b, SerializeBinary, 310, SendMessageRequestV2, &hotSend)
}
func BenchmarkDecodeSendV1JSON(b *testing.B) {
	benchmarkDecode(b, SerializeJSON, 10, SendMessageRequestV1, &hotSend)
}

func BenchmarkDecodePullJSON(b *testing.B) {
	benchmarkDecode(b, SerializeJSON, 11, PullMessageRequest, &PullMessageRequestHeader{ConsumerGroup: "group", Topic: "some_topic", QueueOffset: 12345, MaxMsgNums: 32, SysFlag: 3,
		SuspendTimeoutMillis: 15000, Subscription: "*", SubVersion: 1790000000000, ExpressionType: "TAG"})
}

func BenchmarkDecodeOffsetCommitJSON(b *testing.B) {
	benchmarkDecode(b, SerializeJSON, 15, UpdateConsumerOffsetRequest, &UpdateConsumerOffsetRequestHeader{ConsumerGroup: "group", Topic: "some_topic", QueueID: 2, CommitOffset: 99})
}

func BenchmarkDecodeHeartbeatJSON(b *testing.B) {
	benchmarkDecode(b, SerializeJSON, 34, HeartbeatRequest, &HeartbeatRequestHeader{})
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
