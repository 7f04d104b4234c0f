package broker

import (
	"fmt"
	"testing"

	"gorocket/remoting/wire"
)

// TestQueryConsumerOffset: what a group that has none is told, by where the queue begins.
func TestQueryConsumerOffset(t *testing.T) {
	r := startRig(t, testConfig(t, t.TempDir()))
	r.send("T", "", "first")
	query := func(group, topic string, queue int, more string) answer {
		return r.ask(wire.ReqQueryConsumerOffset, fmt.Sprintf("consumerGroup=%s&topic=%s&queueId=%d%s", group, topic, queue,
			more), "")
	}
	if a := query("new", "T", 0, "").is(t, 0, ""); a.ext["offset"] != "0" {
		t.Errorf("a queue that begins at 0: %v", a.ext)
	}
	query("new", "T", 0, "&setZeroIfNotFound=false").is(t, wire.QueryNotFound,
		"Not found, do not set to zero, maybe this group boot first")
	query("new", "none", 0, "").is(t, wire.QueryNotFound,
		"Not found, V3_0_6_SNAPSHOT maybe this group consumer boot first")
	r.b.groups.Find("g")
	r.commit("g", "T", 0, 1)
	if a := query("g", "T", 0, "&setZeroIfNotFound=false").is(t, 0, ""); a.ext["offset"] != "1" {
		t.Errorf("committed: %v", a.ext)
	}
	if a := query("g", "T", 1, "").is(t, wire.QueryNotFound, ""); a.ext["offset"] != "" {
		t.Errorf("an empty queue: %v", a.ext)
	}
	r.ask(wire.ReqQueryConsumerOffset, "consumerGroup=g&topic=T", "").is(t, 1, "")
}

// TestUpdateConsumerOffset: refusals, in Java's order, and offsets that go back or beyond the end.
func TestUpdateConsumerOffset(t *testing.T) {
	r := startRig(t, testConfig(t, t.TempDir()))
	r.send("T", "", "first")
	r.b.groups.Find("g")
	for _, c := range []struct {
		fields string
		code   int32
		remark string
		then   int64
	}{
		{"consumerGroup=none&topic=none&queueId=0&commitOffset=1", 26, "Group none not exist!", -1},
		{"consumerGroup=g&topic=none&queueId=0&commitOffset=1", 17, "Topic none not exist!", -1},
		{"consumerGroup=g&topic=T&commitOffset=1", 29, "QueueId is null, topic is T", -1},
		{"consumerGroup=g&topic=T&queueId=0", 29, "Offset is null, topic is T", -1},
		{"consumerGroup=g&topic=T&queueId=4&commitOffset=1", 29, "queueId[4] is illegal, topic:[T]", -1},
		{"consumerGroup=g&topic=T&queueId=-1&commitOffset=1", 29, "queueId[-1] is illegal", -1},
		{"consumerGroup=g&topic=T&queueId=0&commitOffset=9", 0, "", 9},
		{"consumerGroup=g&topic=T&queueId=0&commitOffset=3", 0, "", 3},
		{"consumerGroup=g&topic=T&queueId=0&commitOffset=2&onlyForward=true", 0, "", 3},
		{"consumerGroup=g&topic=T&queueId=0&commitOffset=5&onlyForward=true", 0, "", 5},
		{"consumerGroup=g&topic=T&queueId=0&commitOffset=3&onlyForward=false", 0, "", 3},
		{"topic=T&queueId=0&commitOffset=1", 26, "Group null not exist!", 3},
	} {
		r.ask(wire.ReqUpdateConsumerOffset, c.fields, "").is(t, c.code, c.remark)
		if off := r.b.offsets.Query("g", "T", 0); off != c.then {
			t.Errorf("%s: the offset is %d, want %d", c.fields, off, c.then)
		}
	}
	if err := r.b.offsets.AssignReset("g", "T", 0, 0); err != nil {
		t.Fatal(err)
	}
	r.ask(wire.ReqUpdateConsumerOffset, "consumerGroup=g&topic=T&queueId=0&commitOffset=8", "").is(t, 0,
		"Offset has been previously reset")
	if off := r.b.offsets.Query("g", "T", 0); off != 0 {
		t.Errorf("the reset is lost: %d", off)
	}
}
