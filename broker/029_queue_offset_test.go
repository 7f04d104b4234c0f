package broker

import (
	"fmt"
	"testing"

	"gorocket/remoting/wire"
)

// TestQueueOffsets: ends and times of a queue, of an empty one and of one that nobody knows.
func TestQueueOffsets(t *testing.T) {
	r := startRig(t, testConfig(t, t.TempDir()))
	for i := range 3 {
		r.send("T", "", fmt.Sprint(i))
	}
	first, last := r.record("T", 0, 0).StoreTimestamp, r.record("T", 0, 2).StoreTimestamp
	get := func(code int32, field, topic string, queue int, more string) string {
		t.Helper()
		return r.ask(code, fmt.Sprintf("topic=%s&queueId=%d%s", topic, queue, more), "").is(t, 0, "").ext[field]
	}
	for _, c := range []struct{ got, want string }{
		{get(wire.ReqGetMaxOffset, "offset", "T", 0, ""), "3"},
		{get(wire.ReqGetMinOffset, "offset", "T", 0, ""), "0"},
		{get(wire.ReqGetMaxOffset, "offset", "T", 1, ""), "0"},
		{get(wire.ReqGetMaxOffset, "offset", "none", 0, ""), "0"},
		{get(wire.ReqGetMinOffset, "offset", "none", 0, ""), "0"},
		{get(wire.ReqGetEarliestMsgStoretime, "timestamp", "T", 0, ""), fmt.Sprint(first)},
		{get(wire.ReqGetEarliestMsgStoretime, "timestamp", "none", 0, ""), "-1"},
		{get(wire.ReqSearchOffsetByTimestamp, "offset", "T", 0, "&timestamp=0"), "0"},
		{get(wire.ReqSearchOffsetByTimestamp, "offset", "T", 0, fmt.Sprint("&timestamp=", last+1000)), "3"},
		{get(wire.ReqSearchOffsetByTimestamp, "offset", "none", 0, "&timestamp=0"), "0"},
	} {
		if c.got != c.want {
			t.Errorf("%s, want %s", c.got, c.want)
		}
	}
	for _, code := range []int32{wire.ReqGetMaxOffset, wire.ReqGetMinOffset, wire.ReqGetEarliestMsgStoretime,
		wire.ReqSearchOffsetByTimestamp} {
		r.ask(code, "topic=T", "").is(t, 1, "")
	}
}
