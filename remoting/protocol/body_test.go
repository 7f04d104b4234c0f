package protocol

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gorocket/compat"
)

// A registration as a 5.x Java broker sends it: plain JSON, topics by name.
const javaRegister = `{"filterServerList":[],"topicConfigSerializeWrapper":{"dataVersion":{"counter":3,"stateVersion":0,"timestamp":1700000000000},` +
	`"mappingDataVersion":{"counter":0,"stateVersion":0,"timestamp":1700000000001},"topicConfigTable":{"TopicTest":{"attributes":{},"order":false,"perm":6,` +
	`"readQueueNums":4,"topicFilterType":"SINGLE_TAG","topicName":"TopicTest","topicSysFlag":0,"writeQueueNums":4},"%RETRY%g":{"attributes":{"$ref":"$.topicConfigSerializeWrapper.topicConfigTable.TopicTest.attributes"},"perm":6,` +
	`"readQueueNums":1,"topicName":"%RETRY%g","writeQueueNums":1}},"topicQueueMappingDetailMap":{},"topicQueueMappingInfoMap":{"S":{"bname":"b","currIdMap":{0:1},"dirty":false,"epoch":9,"scope":"__global__","topic":"S","totalQueues":2}}}}`

func TestDecodeRegisterBrokerPlain(t *testing.T) {
	b, err := DecodeRegisterBroker([]byte(javaRegister), false, compat.VersionV5_3_3)
	if err != nil {
		t.Fatal(err)
	}
	w := b.TopicConfigSerializeWrapper
	if w.DataVersion != (compat.DataVersion{Counter: 3, Timestamp: 1700000000000}) || len(w.TopicConfigTable) != 2 {
		t.Errorf("got %+v", w)
	}
	retry := w.TopicConfigTable["%RETRY%g"]
	if retry.ReadQueueNums != 1 || retry.TopicFilterType != SingleTag || retry.Attributes == nil {
		t.Errorf("defaults are missing: %+v", retry)
	}
	if w.TopicQueueMappingInfoMap["S"].CurrIDMap[0] != 1 {
		t.Errorf("mapping: %+v", w.TopicQueueMappingInfoMap["S"])
	}
}

func sampleBody() *RegisterBrokerBody {
	b := NewRegisterBrokerBody()
	b.FilterServerList = []string{"h:1"}
	w := &b.TopicConfigSerializeWrapper
	w.DataVersion = compat.DataVersion{Counter: 1, StateVersion: 2, Timestamp: 3}
	plain, static := NewTopicConfig("A"), NewTopicConfig("B")
	plain.Attributes = map[string]string{"message.type": "NORMAL"}
	static.Perm = PermRead
	w.TopicConfigTable["A"], w.TopicConfigTable["B"] = &plain, &static
	w.TopicQueueMappingInfoMap["B"] = &TopicQueueMappingInfo{Bname: "x", CurrIDMap: map[int]int{0: 3},
		Scope: "__global__", Topic: "B", TotalQueues: 1}
	return b
}

func TestRegisterBrokerRoundTrips(t *testing.T) {
	want := sampleBody()
	for _, version := range []int{compat.VersionV4_9_8, compat.VersionV5_0_0, compat.VersionV5_5_0} {
		packed, err := want.EncodeDeflated(version)
		if err != nil {
			t.Fatal(err)
		}
		expected := sampleBody()
		if version < compat.VersionV5_0_0 {
			clear(expected.TopicConfigSerializeWrapper.TopicQueueMappingInfoMap)
		}
		got, err := DecodeRegisterBroker(packed, true, version)
		if err != nil || !cmp.Equal(got, expected) {
			t.Errorf("version %d: %v %s", version, err, cmp.Diff(expected, got))
		}
	}
	text, err := want.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if got, err := DecodeRegisterBroker(text, false, compat.VersionV5_5_0); err != nil || !cmp.Equal(got, want) {
		t.Errorf("plain: %v %s", err, cmp.Diff(want, got))
	}
}

func TestDecodeRegisterBrokerOldAndEmpty(t *testing.T) {
	b, err := DecodeRegisterBroker([]byte(`{"dataVersion":{"counter":7},"topicConfigTable":{"T":{"topicName":"T","perm":2}}}`), false, 36)
	if err != nil || b.TopicConfigSerializeWrapper.TopicConfigTable["T"].Perm != 2 ||
		b.TopicConfigSerializeWrapper.DataVersion.Counter != 7 {
		t.Errorf("old: %+v, %v", b, err)
	}
	b, err = DecodeRegisterBroker(nil, true, compat.VersionV5_5_0)
	if err != nil || b.TopicConfigSerializeWrapper.DataVersion != (compat.DataVersion{}) ||
		b.TopicConfigSerializeWrapper.TopicConfigTable == nil {
		t.Errorf("empty: %+v, %v", b, err)
	}
}

// bomb is a small stream that claims or unfolds to a lot.
func bomb(t testing.TB, parts ...func(*blockWriter)) []byte {
	var w blockWriter
	for _, p := range parts {
		p(&w)
	}
	out, err := deflate(w.buf)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestDecodeRegisterBrokerRefuses(t *testing.T) {
	dv := func(w *blockWriter) { w.json(compat.DataVersion{}) }
	count := func(n int) func(*blockWriter) { return func(w *blockWriter) { w.count(n) } }
	text := func(s string) func(*blockWriter) { return func(w *blockWriter) { w.block([]byte(s)) } }
	for name, data := range map[string][]byte{
		"no zlib":          []byte("hello"),
		"empty stream":     bomb(t),
		"huge length":      bomb(t, count(0x7fffffff)),
		"negative length":  bomb(t, count(-1)),
		"negative topics":  bomb(t, dv, count(-5)),
		"claims 2G topics": bomb(t, dv, count(0x7fffffff)),
		"topic text":       bomb(t, dv, count(1), text("A 1 2")),
		"topic number":     bomb(t, dv, count(1), text("A 1 2 x SINGLE_TAG {}")),
		"filter type":      bomb(t, dv, count(1), text("A 1 2 6 NONE {}")),
		"no mapping":       bomb(t, dv, count(0), text("[]")),
		"over the limit":   bomb(t, dv, count(1), text(strings.Repeat("x", MaxInflatedRegister))),
	} {
		if _, err := DecodeRegisterBroker(data, true, compat.VersionV5_5_0); err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
	for _, text := range []string{`{`, `[]`, `{"topicConfigSerializeWrapper":{"topicConfigTable":{"T":null}}}`,
		`{"topicConfigSerializeWrapper":{"topicQueueMappingInfoMap":{"T":null}}}`} {
		if _, err := DecodeRegisterBroker([]byte(text), false, compat.VersionV5_5_0); err == nil {
			t.Errorf("%s was accepted", text)
		}
	}
}

func TestDecodeTopicTextForgives(t *testing.T) {
	got, err := DecodeTopicText(`A 1 2 6 MULTI_TAG {"a":"b c"}`)
	if err != nil || len(got.Attributes) != 0 || got.TopicFilterType != MultiTag {
		t.Errorf("got %+v, %v", got, err)
	}
	if got, err = DecodeTopicText("A 1 2 6 SINGLE_TAG"); err != nil || got.WriteQueueNums != 2 {
		t.Errorf("4.x form: %+v, %v", got, err)
	}
}

func FuzzDecodeRegisterBroker(f *testing.F) {
	f.Add([]byte(javaRegister), false, compat.VersionV5_5_0)
	for _, v := range []int{compat.VersionV4_9_8, compat.VersionV5_5_0} {
		packed, err := sampleBody().EncodeDeflated(v)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(packed, true, v)
	}
	f.Add(bomb(f, func(w *blockWriter) { w.count(0x7fffffff) }), true, 513)
	f.Fuzz(func(t *testing.T, data []byte, compressed bool, version int) {
		b, err := DecodeRegisterBroker(data, compressed, version)
		if err != nil {
			return
		}
		if _, err := b.Encode(); err != nil {
			t.Fatalf("decoded body cannot be written: %v", err)
		}
	})
}

// FuzzInflatedRegister feeds the stream below zlib, which random bytes rarely get through.
func FuzzInflatedRegister(f *testing.F) {
	f.Add([]byte("\x00\x00\x00\x02{}\x00\x00\x00\x01\x00\x00\x00\x13A 1 2 6 SINGLE_TAG " +
		"\x00\x00\x00\x02[]\x00\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		packed, err := deflate(raw)
		if err != nil {
			t.Fatal(err)
		}
		b, err := DecodeRegisterBroker(packed, true, compat.VersionV5_5_0)
		if err != nil {
			return
		}
		for name, topic := range b.TopicConfigSerializeWrapper.TopicConfigTable {
			if topic == nil || topic.Attributes == nil {
				t.Fatalf("topic %q is not complete: %+v", name, topic)
			}
		}
	})
}

func TestSubscriptionGroupDefaults(t *testing.T) {
	var g SubscriptionGroupConfig
	if err := compat.Unmarshal([]byte(`{"groupName":"g","retryMaxTimes":3}`), &g); err != nil {
		t.Fatal(err)
	}
	want := NewSubscriptionGroupConfig("g")
	want.RetryMaxTimes = 3
	if !cmp.Equal(g, want) {
		t.Error(cmp.Diff(want, g))
	}
	text, err := compat.Marshal(g)
	const java = `{"attributes":{},"brokerId":0,"consumeBroadcastEnable":true,"consumeEnable":true,"consumeFromMinEnable":true,"consumeMessageOrderly":false,` +
		`"consumeTimeoutMinute":15,"groupName":"g","groupRetryPolicy":{"type":"CUSTOMIZED"},"groupSysFlag":0,"notifyConsumerIdsChangedEnable":true,"retryMaxTimes":3,"retryQueueNums":1,"whichBrokerWhenConsumeSlowly":1}`
	if err != nil || string(text) != java {
		t.Errorf("got %s, %v", text, err)
	}
}

func TestRouteText(t *testing.T) {
	r := TopicRouteData{
		BrokerDatas: []BrokerData{{BrokerAddrs: map[int64]string{0: "h:1", 10: "h:2", 2: "h:3"},
			BrokerName: "b", Cluster: "c"}},
		FilterServerTable: map[string][]string{}, QueueDatas: []QueueData{{BrokerName: "b", Perm: 6, ReadQueueNums: 4,
			WriteQueueNums: 4}},
	}
	const tail = `},"brokerName":"b","cluster":"c","enableActingMaster":false}],"filterServerTable":{},"queueDatas":[{"brokerName":"b","perm":6,"readQueueNums":4,"topicSysFlag":0,"writeQueueNums":4}]}`
	if got, _ := compat.Marshal(r); string(got) != `{"brokerDatas":[{"brokerAddrs":{0:"h:1",2:"h:3",10:"h:2"`+tail {
		t.Errorf("dialect: %s", got)
	}
	if got, _ := compat.MarshalBrowser(r); string(got) != `{"brokerDatas":[{"brokerAddrs":{"0":"h:1","2":"h:3","10":"h:2"`+tail {
		t.Errorf("standard: %s", got)
	}
}

func TestConsumerOffsets(t *testing.T) {
	var w ConsumerOffsetSerializeWrapper
	if err := compat.Unmarshal([]byte(`{"offsetTable":{"T@g":{0:12,1:0}}}`), &w); err != nil ||
		w.OffsetTable["T@g"][0] != 12 {
		t.Errorf("got %+v, %v", w, err)
	}
	if got, err := compat.Marshal(w); err != nil || string(got) != `{"offsetTable":{"T@g":{0:12,1:0}}}` {
		t.Errorf("got %s, %v", got, err)
	}
}

func TestMessageQueueKeys(t *testing.T) {
	in := `{{"brokerName":"b","queueId":1,"topic":"t"}:5}`
	var m map[MessageQueue]int64
	if err := compat.Unmarshal([]byte(in), &m); err != nil || m[MessageQueue{"b", 1, "t"}] != 5 {
		t.Fatalf("got %v, %v", m, err)
	}
	if got, err := compat.Marshal(m); err != nil || string(got) != in {
		t.Errorf("got %s, %v", got, err)
	}
}

func bigBody(n int) *RegisterBrokerBody {
	b := NewRegisterBrokerBody()
	for i := range n {
		t := NewTopicConfig(fmt.Sprintf("topic-number-%05d", i))
		b.TopicConfigSerializeWrapper.TopicConfigTable[t.TopicName] = &t
	}
	return b
}

func BenchmarkDecodeRegister10000(b *testing.B) {
	text, err := bigBody(10000).Encode()
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		if _, err := DecodeRegisterBroker(text, false, compat.VersionV5_5_0); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkEncodeRegister10000(b *testing.B) {
	body := bigBody(10000)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := body.Encode(); err != nil {
			b.Fatal(err)
		}
	}
}

// TestTablesAreComplete: whatever a registration leaves out is empty, not null.
func TestTablesAreComplete(t *testing.T) {
	for _, version := range []int{36, compat.VersionV5_5_0} {
		b, err := DecodeRegisterBroker([]byte(`{}`), false, version)
		if err != nil {
			t.Fatal(err)
		}
		w := &b.TopicConfigSerializeWrapper
		if b.FilterServerList == nil || w.TopicConfigTable == nil || w.TopicQueueMappingDetailMap == nil ||
			w.TopicQueueMappingInfoMap == nil {
			t.Errorf("version %d: %+v", version, b)
		}
	}
}
