package wire

import (
	"encoding/binary"
	"testing"
)

func seedFrames() [][]byte {
	h := SendMessageRequestHeader{ProducerGroup: "g", Topic: "t", Properties: []byte("K\x01v\x02"), QueueID: 3}
	var seeds [][]byte
	for _, form := range []SerializeType{SerializeJSON, SerializeBinary} {
		frame := AppendFrame(nil, form, Head{310, 1, 0, "remark \"x\""}, SendMessageRequestV2.Of(&h), 3)
		seeds = append(seeds, append(frame, "abc"...))
	}
	return append(seeds, frameOf(SerializeJSON, `{"extFields":{"a":{"b":[[[["x"]]]]},"c":1e9},"code":10}`, ""))
}

// FuzzDecode: whatever arrives, decoding neither panics nor looks outside the frame, and what decodes, encodes to the
// same fields again.
func FuzzDecode(f *testing.F) {
	for _, s := range seedFrames() {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, frame []byte) {
		var c Command
		if n, err := FrameLength(frame, MaxFrame); err != nil || n == 0 || n > len(frame) {
			return
		}
		if Decode(frame[:LengthSize+int(binary.BigEndian.Uint32(frame))], &c) != nil {
			return
		}
		w := BeginHeader(nil, SerializeJSON, Head{c.Code, c.Opaque, c.Flag, c.Remark})
		for _, kv := range c.Fields {
			w.Field("k", string(kv.Value))
		}
		var again Command
		if err := Decode(w.Finish(0), &again); err != nil {
			t.Fatalf("own encoding does not decode: %v", err)
		}
		if again.Code != c.Code || again.Opaque != c.Opaque || len(again.Fields) != len(c.Fields) {
			t.Fatalf("%+v became %+v", c, again)
		}
	})
}

// FuzzHeaders feeds arbitrary extFields to every kind of header.
func FuzzHeaders(f *testing.F) {
	f.Add("topic", "T", "queueId", "7")
	f.Add("a", "g", "e", "-1")
	f.Add("setZeroIfNotFound", "TRUE", "offset", "9223372036854775808")
	f.Fuzz(func(t *testing.T, k1, v1, k2, v2 string) {
		c := Command{Fields: []Field{{[]byte(k1), []byte(v1)}, {[]byte(k2), []byte(v2)}}}
		in := new(Interner)
		var send SendMessageRequestHeader
		_ = SendMessageRequestV1.Decode(&c, in, &send)
		_ = SendMessageRequestV2.Decode(&c, in, &send)
		var pull PullMessageRequestHeader
		_ = PullMessageRequest.Decode(&c, in, &pull)
		var reg RegisterBrokerRequestHeader
		if err := RegisterBrokerRequest.Decode(&c, in, &reg); err != nil {
			t.Fatalf("a lenient header refused: %v", err)
		}
		if k1 != k2 && k1 == "brokerName" && reg.BrokerName != v1 {
			t.Fatalf("brokerName %q became %q", v1, reg.BrokerName)
		}
	})
}
