package remoting

import (
	"encoding/hex"
	"testing"
	"unsafe"
)

// TestWrittenBytes: every byte of answers, as this program has sent them since its first version.
func TestWrittenBytes(t *testing.T) {
	send := SendMessageResponseHeader{MsgID: []byte("7F00000100002A9F0000000000000000"), QueueID: 3, QueueOffset: 123456, Region: "DefaultRegion", TraceOn: "true"}
	pull := PullMessageResponseHeader{SuggestWhichBrokerID: 0, NextBeginOffset: 1 << 40, MinOffset: 0, MaxOffset: -1, OffsetDelta: NoOffsetDelta}
	for _, c := range []struct {
		tail commandTail
		info *HeaderInfo
		v    unsafe.Pointer
		want string
	}{
		{commandTail{CurrentVersion, 7, FlagResponse, ""}, &SendMessageResponse.info, unsafe.Pointer(&send), `{"code":0,"extFields":{"msgId":"7F00000100002A9F0000000000000000","queueId":"3",` +
			`"queueOffset":"123456","MSG_REGION":"DefaultRegion","TRACE_ON":"true"},"flag":1,"language":"GO","opaque":7,"serializeTypeCurrentRPC":"JSON","version":513}`},
		{commandTail{CurrentVersion, 1, 3, ""}, nil, nil, `{"code":0,"flag":3,"language":"GO","opaque":1,"serializeTypeCurrentRPC":"JSON","version":513}`},
		{commandTail{317, -5, FlagResponse, "no \"x\"\n\x01\\ é\xff"}, nil, nil, `{"code":0,"flag":1,"language":"GO","opaque":-5,"remark":"no \"x\"\n\u0001\\ é` + "\ufffd" + `",` +
			`"serializeTypeCurrentRPC":"JSON","version":317}`},
		{commandTail{CurrentVersion, 7, 0, ""}, &PullMessageResponse.info, unsafe.Pointer(&pull), `{"code":0,"extFields":{"suggestWhichBrokerId":"0","nextBeginOffset":"1099511627776",` +
			`"minOffset":"0","maxOffset":"-1","topicSysFlag":"0","groupSysFlag":"0"},"flag":0,"language":"GO","opaque":7,"serializeTypeCurrentRPC":"JSON","version":513}`},
	} {
		w := beginHeader(nil, SerializeJSON, 0, c.tail)
		if c.info != nil {
			c.info.write(&w, c.v)
		}
		if got := string(w.finish(0)[8:]); got != c.want {
			t.Errorf("got  %s\nwant %s", got, c.want)
		}
	}
	w := beginHeader(nil, SerializeBinary, 0, commandTail{CurrentVersion, 7, FlagResponse, "r"})
	SendMessageResponse.info.write(&w, unsafe.Pointer(&SendMessageResponseHeader{MsgID: []byte("M"), QueueID: 3, QueueOffset: 12}))
	w.str("k", "v")
	const want = "0000004f" + "0100004b" + "0000" + "09" + "0201" + "00000007" + "00000001" + "0000000172" + "00000035" + "00056d73674964000000014d" + "0007717565756549640000000133" +
		"000b71756575654f6666736574000000023132" + "00016b0000000176"
	if got := hex.EncodeToString(w.finish(0)); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// TestFieldsWithAndWithoutType: a name that was prepared and one that was not make the same bytes.
func TestFieldsWithAndWithoutType(t *testing.T) {
	for _, form := range []SerializeType{SerializeJSON, SerializeBinary} {
		a, b := beginHeader(nil, form, 1, commandTail{}), beginHeader(nil, form, 1, commandTail{})
		TopicRequest.info.write(&a, unsafe.Pointer(&TopicHeader{Topic: "T", Lo: "x\"y"}))
		for _, f := range TopicRequest.info.Fields {
			b.str(f.Name, map[string]string{"topic": "T", "lo": "x\"y"}[f.Name])
		}
		if x, y := string(a.finish(0)), string(b.finish(0)); x != y {
			t.Errorf("form %d: %q, %q", form, x, y)
		}
	}
}
