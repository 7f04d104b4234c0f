package pop

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What Java 5.5.0 writes.
const (
	javaCheckPoint = `{"bm":0,"bn":"b","c":"g","d":[0,2],"it":60000,"n":2,"pt":1700000000000,"q":1,` +
		`"reviveTime":1700000060000,"ro":0,"so":5,"sp":false,"t":"t"}`
	javaAck      = `{"ao":5,"bn":"b","c":"g","pt":1,"q":1,"so":5,"t":"t"}`
	javaBatchAck = `{"ao":-1,"aol":[5,7],"bn":"b","c":"g","pt":1,"q":1,"so":5,"t":"t"}`
)

func TestCheckPointIsJavas(t *testing.T) {
	c := CheckPoint{Start: 5, PopTime: 1700000000000, Invisible: 60000, Num: 2, QueueID: 1, Topic: "t", Group: "g",
		Diffs: []int32{0, 2}, Broker: "b"}
	if got := string(c.Append(nil)); got != javaCheckPoint {
		t.Errorf("got  %s\nwant %s", got, javaCheckPoint)
	}
	var back CheckPoint
	if err := back.parse([]byte(javaCheckPoint), "own"); err != nil || !cmp.Equal(back, c) {
		t.Errorf("%v %+v", err, back)
	}
	if key := c.uniqueKey(); key != "t@1@5@g@1700000000000@b@ck" {
		t.Errorf("UNIQ_KEY %s", key)
	}
	if back.index(7) != 1 || back.index(6) != -1 || back.index(4) != -1 || back.offset(1) != 7 {
		t.Error("offsets of the messages")
	}
	c.Reput, c.Suspend, c.Topic = "3", true, `a"b`
	if got := string(c.Append(nil)); !strings.Contains(got, `"ro":0,"rp":"3","so":5,"sp":true,"t":"a\"b"}`) {
		t.Errorf("got %s", got)
	}
}

// Old ones have no offsets and no broker.
func TestOldCheckPoint(t *testing.T) {
	var c CheckPoint
	if err := c.parse([]byte(`{"so":5,"pt":1,"it":2,"bm":0,"n":3,"q":0,"t":"t","c":"g","ro":0,"bn":" "}`), "own"); err != nil {
		t.Fatal(err)
	}
	if c.Broker != "own" || c.index(7) != 2 || c.index(8) != -1 || c.offset(2) != 7 {
		t.Errorf("%+v", c)
	}
}

func TestBadCheckPoints(t *testing.T) {
	for _, body := range []string{`{`, `[]`, `{"so":1,"n":1,"q":0,"c":"g"}`, `{"so":1,"n":1,"q":0,"t":"t"}`,
		`{"so":-1,"n":1,"q":0,"t":"t","c":"g"}`, `{"so":1,"n":33,"q":0,"t":"t","c":"g"}`,
		`{"so":1,"n":-1,"q":0,"t":"t","c":"g"}`, `{"so":1,"n":3,"d":[0,1],"q":0,"t":"t","c":"g"}`,
		`{"so":1,"n":1,"q":-1,"t":"t","c":"g"}`} {
		if err := new(CheckPoint).parse([]byte(body), "own"); err == nil {
			t.Errorf("%s is taken", body)
		}
	}
}

func TestAckIsJavas(t *testing.T) {
	one := Acked{Offset: 5, Start: 5, Group: "g", Topic: "t", QueueID: 1, PopTime: 1, Broker: "b"}
	several := one
	several.Offset, several.Offsets = -1, []int64{5, 7}
	for _, c := range []struct {
		acked     Acked
		body, tag string
		key       string
	}{{one, javaAck, "ack", "t@1@5@g@1@b@ack"}, {several, javaBatchAck, "bAck", "t@1@-1@g@1@b@ack"}} {
		if got := string(c.acked.Append(nil)); got != c.body {
			t.Errorf("got  %s\nwant %s", got, c.body)
		}
		var back Acked
		if err := back.parse([]byte(c.body), c.tag == "bAck", "own"); err != nil || !cmp.Equal(back, c.acked) {
			t.Errorf("%v %+v", err, back)
		}
		if c.acked.tag() != c.tag || c.acked.uniqueKey() != c.key {
			t.Errorf("tag %s, key %s", c.acked.tag(), c.acked.uniqueKey())
		}
	}
	long := `{"ackOffset":-1,"ackOffsetList":[5,7],"startOffset":5,"consumerGroup":"g","topic":"t","queueId":1,"popTime":1}`
	var back Acked
	several.Broker = "own"
	if err := back.parse([]byte(long), true, "own"); err != nil || !cmp.Equal(back, several) {
		t.Errorf("long names: %v %+v", err, back)
	}
}

func TestBatchAckBody(t *testing.T) {
	broker, acks, err := ParseBatchAcks([]byte(`{"brokerName":"b","acks":[{"c":"g","t":"t","r":"1","so":5,"q":1,"rq":2,"pt":3,"it":4,"b":"BQ=="}]}`))
	want := []BatchAck{{Group: "g", Topic: "t", Retry: "1", Start: 5, QueueID: 1, ReviveQueue: 2, PopTime: 3, Invisible: 4,
		Bits: []byte{5}}}
	if err != nil || broker != "b" || !cmp.Equal(acks, want) {
		t.Fatalf("%v %s %+v", err, broker, acks)
	}
	if got := acks[0].offsets(0, 100); !slices.Equal(got, []int64{5, 7}) {
		t.Errorf("offsets %v", got)
	}
	if got := acks[0].offsets(6, 6); len(got) != 0 {
		t.Errorf("offsets outside %v", got)
	}
	for _, body := range []string{`{"acks":[null]}`, `{"acks":[{"b":"%"}]}`, `{"acks":{}`} {
		if _, _, err := ParseBatchAcks([]byte(body)); err == nil {
			t.Errorf("%s is taken", body)
		}
	}
}

func TestHandles(t *testing.T) {
	h := Handle{Start: 3, PopTime: 1700000000000, Invisible: 60000, ReviveQueue: 2, Broker: "b"}
	text := string(h.Append(nil, "%RETRY%g+t", 1, 7))
	if text != "3 1700000000000 60000 2 2 b 1 7" {
		t.Fatal(text)
	}
	back, err := ParseHandle(text)
	if err != nil || back != h {
		t.Errorf("%v %+v", err, back)
	}
	if back, err = ParseHandle("3 1700000000000 60000 999 0 b"); err != nil || !back.InOrder() {
		t.Errorf("%v %+v", err, back)
	}
	for text, want := range map[string]string{
		"":                        "java.lang.IllegalArgumentException: getCkQueueOffset fail, extraInfoStrs length 0",
		"3":                       "java.lang.IllegalArgumentException: getPopTime fail, extraInfoStrs length 1",
		"3 4 5 6 0":               "java.lang.IllegalArgumentException: getBrokerName fail, extraInfoStrs length 5",
		"a 4 5 6 0 b":             "java.lang.NumberFormatException: For input string: \"a\"",
		"3 4 5  0 b":              "java.lang.NumberFormatException: For input string: \"\"",
		"3 4 5 9999999999999 0 b": "java.lang.NumberFormatException",
	} {
		if _, err := ParseHandle(text); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestRetryTopics(t *testing.T) {
	for _, c := range []struct {
		v2   bool
		name string
		flag byte
	}{{false, "%RETRY%g_t", '1'}, {true, "%RETRY%g+t", '2'}} {
		name := RetryTopic("t", "g", c.v2)
		if name != c.name || retryFlag(name) != c.flag || normalTopic(name, "g") != "t" {
			t.Errorf("%s %c %s", name, retryFlag(name), normalTopic(name, "g"))
		}
		if back, ok := realTopic("t", "g", string(c.flag)); !ok || back != name {
			t.Errorf("%s %v", back, ok)
		}
	}
	if retryFlag("t+u") != '0' || normalTopic("%RETRY%g", "g") != "%RETRY%g" || normalTopic("t", "g") != "t" {
		t.Error("other topics")
	}
	if _, ok := realTopic("t", "g", "3"); ok {
		t.Error("an unknown flag")
	}
}

func FuzzHandle(f *testing.F) {
	for _, text := range []string{"3 1700000000000 60000 2 2 b 1 7", "", " ", "1 2 3 999 0 b", "-1 -2 -3 -4 0 "} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		h, err := ParseHandle(text)
		if err != nil {
			return
		}
		back, err := ParseHandle(string(h.Append(nil, "t", 1, 2)))
		if err != nil || back != h {
			t.Errorf("%q: %v, %+v became %+v", text, err, h, back)
		}
	})
}

func FuzzCheckPoint(f *testing.F) {
	f.Add([]byte(javaCheckPoint))
	f.Add([]byte(`{"so":5,"pt":1,"it":2,"bm":-1,"n":32,"q":0,"t":"t","c":"g"}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		var c, back CheckPoint
		if c.parse(body, "own") != nil {
			return
		}
		for i := range int(c.Num) {
			if at := c.offset(i); c.acked(i) && at < 0 && c.index(at) >= 0 {
				t.Errorf("message %d is at %d", i, at)
			}
		}
		_ = c.reputs()
		text := c.Append(nil)
		if !json.Valid(text) {
			t.Fatalf("not JSON: %s", text)
		}
		if err := back.parse(text, "own"); err != nil || back.Start != c.Start || back.Bits != c.Bits || back.Num != c.Num ||
			!slices.Equal(back.Diffs, c.Diffs) || back.PopTime != c.PopTime || back.Invisible != c.Invisible {
			t.Errorf("%s became %s: %v", body, text, err)
		}
	})
}

func FuzzAcks(f *testing.F) {
	f.Add([]byte(javaAck), false)
	f.Add([]byte(javaBatchAck), true)
	f.Add([]byte(`{"brokerName":"b","acks":[{"c":"g","t":"t","r":"1","so":5,"q":1,"rq":2,"pt":3,"it":4,"b":"BQ=="}]}`), true)
	f.Fuzz(func(t *testing.T, body []byte, batch bool) {
		var a, back Acked
		if a.parse(body, batch, "own") == nil {
			text := a.Append(nil)
			if !json.Valid(text) {
				t.Fatalf("not JSON: %s", text)
			}
			if err := back.parse(text, batch, "own"); err != nil || back.Offset != a.Offset || back.Start != a.Start ||
				!slices.Equal(back.Offsets, a.Offsets) {
				t.Errorf("%s became %s: %v", body, text, err)
			}
		}
		if _, acks, err := ParseBatchAcks(body); err == nil {
			for i := range acks {
				if list := acks[i].offsets(0, 1000); len(list) > maxOrdered {
					t.Errorf("%d offsets", len(list))
				}
			}
		}
	})
}
