package wire

import (
	"fmt"
	"testing"
)

// BenchmarkDecodeSendV2JSONLongWay reads frames that differ as those of one client do, without templates.
func BenchmarkDecodeSendV2JSONLongWay(b *testing.B) {
	var frames [64][]byte
	h := SendMessageRequestHeader{ProducerGroup: "producer_group", Topic: "some_topic", DefaultTopic: "TBW102",
		DefaultTopicQueueNums: 4}
	for i := range frames {
		h.QueueID, h.BornTimestamp = int32(i%8), 1790000000000+int64(i/16)
		h.Properties = fmt.Appendf(nil, "UNIQ_KEY\x017F00000100002A9F0000%08X\x02WAIT\x01true\x02TAGS\x01TagA\x02",
			1000*i)
		frames[i] = AppendRequest(nil, SerializeJSON, 310, 1_000_000+int32(i), SendMessageRequestV2, &h,
			make([]byte, 128))
	}
	var c Command
	in, out := new(Interner), new(SendMessageRequestHeader)
	i := 0
	b.ReportAllocs()
	for b.Loop() {
		if err := Decode(frames[i%64], &c); err != nil {
			b.Fatal(err)
		}
		if err := SendMessageRequestV2.Decode(&c, in, out); err != nil {
			b.Fatal(err)
		}
		i++
	}
}

func BenchmarkEncodeSendResponseJSON(b *testing.B) {
	h := SendMessageResponseHeader{MsgID: []byte("7F00000100002A9F0000000000000000"), QueueID: 3, QueueOffset: 123456,
		Region: "DefaultRegion", TraceOn: "true"}
	buf := make([]byte, 0, 1024)
	b.ReportAllocs()
	for b.Loop() {
		AppendFrame(buf, SerializeJSON, Head{Code: Success, Opaque: 7, Flag: FlagResponse},
			SendMessageResponse.Of(&h), 0)
	}
}
