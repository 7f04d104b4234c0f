package wire

import (
	"encoding/hex"
	"testing"
)

// TestWrittenBytes: every byte of answers, as this program has sent them since its first version.
func TestWrittenBytes(t *testing.T) {
	send := SendMessageResponseHeader{MsgID: []byte("7F00000100002A9F0000000000000000"), QueueID: 3,
		QueueOffset: 123456, Region: "DefaultRegion", TraceOn: "true"}
	pull := PullMessageResponseHeader{SuggestWhichBrokerID: 0, NextBeginOffset: 1 << 40, MinOffset: 0, MaxOffset: -1,
		OffsetDelta: NoOffsetDelta}
	for _, c := range []struct {
		head Head
		h    Header
		want string
	}{
		{Head{Opaque: 7, Flag: FlagResponse}, SendMessageResponse.Of(&send), `{"code":0,"extFields":{` +
			`"msgId":"7F00000100002A9F0000000000000000","queueId":"3","queueOffset":"123456",` +
			`"MSG_REGION":"DefaultRegion","TRACE_ON":"true"},"flag":1,"language":"GO","opaque":7,` +
			`"serializeTypeCurrentRPC":"JSON","version":513}`},
		{Head{Opaque: 1, Flag: 3}, Header{}, `{"code":0,"flag":3,"language":"GO","opaque":1,` +
			`"serializeTypeCurrentRPC":"JSON","version":513}`},
		{Head{Opaque: -5, Flag: FlagResponse, Remark: "no \"x\"\n\x01\\ é\xff"}, Header{}, `{"code":0,"flag":1,` +
			`"language":"GO","opaque":-5,"remark":"no \"x\"\n\u0001\\ é` + "\ufffd" + `",` +
			`"serializeTypeCurrentRPC":"JSON","version":513}`},
		{Head{Opaque: 7}, PullMessageResponse.Of(&pull), `{"code":0,"extFields":{"suggestWhichBrokerId":"0",` +
			`"nextBeginOffset":"1099511627776","minOffset":"0","maxOffset":"-1","topicSysFlag":"0",` +
			`"groupSysFlag":"0"},"flag":0,"language":"GO","opaque":7,"serializeTypeCurrentRPC":"JSON","version":513}`},
	} {
		if got := string(AppendFrame(nil, SerializeJSON, c.head, c.h, 0)[8:]); got != c.want {
			t.Errorf("got  %s\nwant %s", got, c.want)
		}
	}
	w := BeginHeader(nil, SerializeBinary, Head{Opaque: 7, Flag: FlagResponse, Remark: "r"})
	w.Header(SendMessageResponse.Of(&SendMessageResponseHeader{MsgID: []byte("M"), QueueID: 3, QueueOffset: 12}))
	w.Field("k", "v")
	const want = "0000004f" + "0100004b" + "0000" + "09" + "0201" + "00000007" + "00000001" + "0000000172" +
		"00000035" + "00056d73674964000000014d" + "0007717565756549640000000133" +
		"000b71756575654f6666736574000000023132" + "00016b0000000176"
	if got := hex.EncodeToString(w.Finish(0)); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// TestFieldsWithAndWithoutType: a name that was prepared and one that was not make the same bytes.
func TestFieldsWithAndWithoutType(t *testing.T) {
	for _, form := range []SerializeType{SerializeJSON, SerializeBinary} {
		a, b := BeginHeader(nil, form, Head{Code: 1}), BeginHeader(nil, form, Head{Code: 1})
		a.Header(TopicRequest.Of(&TopicHeader{Topic: "T", Lo: "x\"y"}))
		for _, f := range TopicRequest.info.Fields {
			b.Field(f.Name, map[string]string{"topic": "T", "lo": "x\"y"}[f.Name])
		}
		if x, y := string(a.Finish(0)), string(b.Finish(0)); x != y {
			t.Errorf("form %d: %q, %q", form, x, y)
		}
	}
}

// TestAppendRequest: what is appended decodes to what was given, in both forms, and leaves what was there alone.
func TestAppendRequest(t *testing.T) {
	for _, form := range []SerializeType{SerializeJSON, SerializeBinary} {
		in := TopicHeader{Topic: "a \"topic\"", Lo: "false"}
		b := AppendRequest([]byte("before"), form, ReqGetTopicStatsInfo, 1000000007, TopicRequest, &in, []byte("body"))
		if string(b[:6]) != "before" {
			t.Fatalf("form %d: %q", form, b[:6])
		}
		var c Command
		if err := Decode(b[6:], &c); err != nil {
			t.Fatalf("form %d: %v", form, err)
		}
		var out TopicHeader
		if err := TopicRequest.Decode(&c, nil, &out); err != nil || out != in {
			t.Errorf("form %d: %+v, %v", form, out, err)
		}
		if c.Code != ReqGetTopicStatsInfo || c.Opaque != 1000000007 || c.Serialize != form || c.IsResponse() ||
			c.IsOneway() || c.Language != LanguageGo || string(c.Body) != "body" {
			t.Errorf("form %d: %+v", form, c)
		}
	}
}
