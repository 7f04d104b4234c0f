package wire

import (
	"encoding/binary"
	"errors"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// frameOf builds a frame around a header text.
func frameOf(form SerializeType, header, body string) []byte {
	f := frameStart(nil)
	f = append(f, header...)
	frameFinish(f, 0, len(f), len(body), form)
	return append(f, body...)
}

func fieldMap(c *Command) map[string]string {
	m := map[string]string{}
	for _, f := range c.Fields {
		m[string(f.Key)] = string(f.Value)
	}
	return m
}

func TestDecodeJSONHeader(t *testing.T) {
	c := new(Command)
	frame := frameOf(SerializeJSON,
		` { "flag" : 3 ,"extra":[1,{"a":"}"}],"extFields":{"topic":"T","n":5,"b":true,"nul":null,"o":{"x":1},"p":"a\u0001b\n\u00e9\ud83d\ude00\""},`+
			`"code":310,"language":"CPP","opaque":-7,"version":409,"remark":"r","serializeTypeCurrentRPC":"JSON"}`, "body")
	if err := Decode(frame, c); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"topic": "T", "n": "5", "b": "true", "o": `{"x":1}`, "p": "a\x01b\né😀\""}
	if diff := cmp.Diff(want, fieldMap(c)); diff != "" {
		t.Error(diff)
	}
	if c.Code != 310 || c.Flag != 3 || c.Opaque != -7 || c.Version != 409 || c.Remark != "r" ||
		c.Language != LanguageCPP || string(c.Body) != "body" {
		t.Errorf("got %+v", c)
	}
	if !c.IsOneway() || !c.IsResponse() {
		t.Error("flag bits")
	}
}

func TestBadFrames(t *testing.T) {
	deep := `{"code":1,"x":` + strings.Repeat("[", 10000) + strings.Repeat("]", 10000) + `}`
	if err := Decode(frameOf(SerializeJSON, deep, ""), new(Command)); err != nil {
		t.Errorf("nesting in an unknown member is skipped: %v", err)
	}
	huge := make([]byte, 8)
	binary.BigEndian.PutUint32(huge, 0x7fffffff)
	negative := make([]byte, 8)
	binary.BigEndian.PutUint32(negative, 0xffffffff)
	longHeader := frameOf(SerializeJSON, "{}", "")
	longHeader[7] = 200
	for name, frame := range map[string][]byte{
		"2 GiB": huge, "negative": negative, "header too long": longHeader,
		"unclosed": frameOf(SerializeJSON, `{"code":1`, ""),
		"text":     frameOf(SerializeJSON, `hello`, ""), "unknown form": frameOf(7, `{}`, ""),
		"code not a number": frameOf(SerializeJSON, `{"code":"x"}`, ""),
		"code too large":    frameOf(SerializeJSON, `{"code":4294967296}`, ""),
		"bad escape":        frameOf(SerializeJSON, `{"remark":"\u00g0"}`, ""),
		"short binary":      frameOf(SerializeBinary, "abc", ""),
		"binary remark":     frameOf(SerializeBinary, strings.Repeat("\xff", 17), ""),
		"deep unclosed":     frameOf(SerializeJSON, deep[:9000], ""), "empty": {0, 0, 0, 0},
	} {
		if _, ok := Decode(frame, new(Command)).(*FrameError); !ok {
			t.Errorf("%s: not refused", name)
		}
	}
}

func TestFrameLengthLimit(t *testing.T) {
	b := []byte{1, 0, 0, 1, 0, 0, 0, 0} // 16 MiB + 1
	if _, err := FrameLength(b, MaxFrame); err == nil {
		t.Error("a frame over the limit is accepted")
	}
	b[3] = 0
	if n, err := FrameLength(b, MaxFrame); err != nil || n != MaxFrame+4 {
		t.Errorf("a frame of exactly the limit: %d, %v", n, err)
	}
	if n, err := FrameLength(b[:3], MaxFrame); n != 0 || err != nil {
		t.Errorf("too short to tell: %d, %v", n, err)
	}
}

func TestHeaderRoundTripInBothForms(t *testing.T) {
	in := SendMessageRequestHeader{ProducerGroup: "p", Topic: "тема", DefaultTopic: "TBW102",
		DefaultTopicQueueNums: 4, QueueID: -1, SysFlag: 3,
		BornTimestamp: 1 << 40, Flag: -9, Properties: []byte("A\x01b\x02C\x01\"\\\n\x02"), ReconsumeTimes: 2,
		UnitMode: true, MaxReconsumeTimes: 16, Batch: true, BrokerName: "b"}
	for _, form := range []SerializeType{SerializeJSON, SerializeBinary} {
		for _, ht := range []*HeaderType[SendMessageRequestHeader]{SendMessageRequestV1, SendMessageRequestV2} {
			frame := AppendFrame(nil, form, Head{310, 5, 0, "über"}, ht.Of(&in), 4)
			frame = append(frame, "body"...)
			var c Command
			if err := Decode(frame, &c); err != nil {
				t.Fatal(err)
			}
			var out SendMessageRequestHeader
			if err := ht.Decode(&c, new(Interner), &out); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(in, out); diff != "" {
				t.Errorf("form %d, %s: %s", form, ht.info.Name, diff)
			}
			if c.Remark != "über" || c.Opaque != 5 || c.Code != 310 || string(c.Body) != "body" ||
				c.Version != CurrentVersion {
				t.Errorf("form %d: %+v", form, c)
			}
		}
	}
}

func TestHeaderDefaultsAndMalformedNumbers(t *testing.T) {
	c := Command{Fields: []Field{{[]byte("queueId"), []byte("x")}, {[]byte("topic"), []byte("T")}}}
	var max GetMaxOffsetRequestHeader
	if err := GetMaxOffsetRequest.Decode(&c, nil, &max); !errors.As(err, new(*MissingError)) || max.QueueID != 0 ||
		max.Topic != "T" || !max.Committed {
		t.Errorf("Java leaves a malformed number unset: %+v, %v", max, err)
	}
	var pull PullMessageRequestHeader
	err := PullMessageRequest.Decode(&c, nil, &pull)
	if err == nil || !strings.HasPrefix(err.Error(), `java.lang.NumberFormatException: For input string: "x"`) {
		t.Errorf("strict header: %v", err)
	}
	if err := PullMessageRequest.Decode(&Command{}, nil, &pull); !errors.As(err, new(*MissingError)) ||
		pull.MaxMsgBytes != -1 {
		t.Errorf("no extFields: %+v, %v", pull, err)
	}
}

func TestNumbersThatAreNotGivenAreLeftOut(t *testing.T) {
	for _, n := range []int64{-1, 0, 5} {
		h := RegisterBrokerRequest.Of(&RegisterBrokerRequestHeader{HeartbeatTimeoutMillis: n})
		var c Command
		if err := Decode(AppendFrame(nil, SerializeJSON, Head{Code: 103}, h, 0), &c); err != nil {
			t.Fatal(err)
		}
		got, there := c.Get("heartbeatTimeoutMillis")
		if there != (n != -1) || there && string(got) != strconv.FormatInt(n, 10) {
			t.Errorf("%d was written as %q (%v)", n, got, there)
		}
	}
}

func TestInternerNeverMixesStrings(t *testing.T) {
	in := new(Interner)
	buf := []byte("aaaa")
	first := in.String(buf)
	copy(buf, "bbbb")
	if second := in.String(buf); first != "aaaa" || second != "bbbb" {
		t.Errorf("%q %q", first, second)
	}
}

func TestRequestNamesAreSortedAndUnique(t *testing.T) {
	names := RequestNames()
	for i := 1; i < len(names); i++ {
		if names[i-1].Code >= names[i].Code {
			t.Errorf("%v before %v", names[i-1], names[i])
		}
	}
	if len(names) != 164 {
		t.Errorf("5.5.0 has 164 request codes, the table %d", len(names))
	}
}
