package broker

import (
	"strings"
	"testing"

	"gorocket/compat/testutil"
	"gorocket/remoting/wire"
	"gorocket/store/record"
)

// queryFields is the header of QUERY_MESSAGE.
func queryFields(topic, key, more string) string {
	return "topic=" + topic + "&key=" + key + "&maxNum=10&beginTimestamp=0&endTimestamp=9223372036854775807" + more
}

// TestQueryByKey: a message is found by each of its keys and by its unique key, in its topic and time only.
func TestQueryByKey(t *testing.T) {
	r := startRig(t, testConfig(t, t.TempDir()))
	r.send("T", "KEYS\x01k1 k2\x02UNIQ_KEY\x01U1\x02", "found")
	r.send("T", "KEYS\x01k2\x02UNIQ_KEY\x01U2\x02", "second")
	testutil.WaitFor(t, "the index", func() bool { return r.b.store.DispatchBehindBytes() == 0 })
	count := func(a answer) int { return strings.Count(a.body, "UNIQ_KEY") }
	for _, c := range []struct {
		fields string
		found  int
	}{
		{queryFields("T", "k1", ""), 1}, {queryFields("T", "k2", ""), 2}, {queryFields("T", "U2", ""), 1},
		{strings.Replace(queryFields("T", "k2", ""), "maxNum=10", "maxNum=1", 1), 1},
		{strings.Replace(queryFields("T", "k2", ""), "maxNum=10", "maxNum=1", 1) + "&_UNIQUE_KEY_QUERY=true", 2},
	} {
		var a answer
		testutil.WaitFor(t, "found "+c.fields, func() bool {
			a = r.ask(wire.ReqQueryMessage, c.fields, "")
			return a.code == 0
		})
		if n := count(a); n != c.found {
			t.Errorf("%s: %d messages, want %d", c.fields, n, c.found)
		}
		if a.ext["indexLastUpdateTimestamp"] == "" || a.ext["indexLastUpdatePhyoffset"] == "" {
			t.Errorf("fields %v", a.ext)
		}
	}
	for _, fields := range []string{queryFields("T", "k3", ""), queryFields("Other", "k1", ""),
		strings.Replace(queryFields("T", "k1", ""), "endTimestamp=9223372036854775807", "endTimestamp=1000", 1)} {
		r.ask(wire.ReqQueryMessage, fields, "").is(t, wire.QueryNotFound,
			"can not find message, maybe time range not correct")
	}
	r.ask(wire.ReqQueryMessage, strings.Replace(queryFields("T", "k1", ""), "maxNum=10", "maxNum=-1", 1), "").
		is(t, 1, "java.lang.IllegalArgumentException: Illegal Capacity: -1")
	r.ask(wire.ReqQueryMessage, "topic=T", "").is(t, 1, "")
}

// TestViewMessage: only the place where a message begins is one.
func TestViewMessage(t *testing.T) {
	r := startRig(t, testConfig(t, t.TempDir()))
	_, at, err := record.ParseMessageID(string(r.send("T", "", "found").MsgID))
	if err != nil {
		t.Fatal(err)
	}
	view := func(offset string) answer { return r.ask(wire.ReqViewMessageById, "offset="+offset, "") }
	m, err := record.Decode([]byte(view(itoa(at)).is(t, 0, "").body))
	if err != nil || string(m.Body) != "found" || m.PhysicalOffset != at {
		t.Errorf("%v %+v", err, m)
	}
	for _, offset := range []string{itoa(at + 1), itoa(at + 1<<20), "-1"} {
		view(offset).is(t, 1, "can not find message by the offset, "+offset)
	}
}
