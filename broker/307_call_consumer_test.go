package broker

import (
	"strings"
	"testing"
	"time"

	"gorocket/remoting/wire"
)

// TestCallConsumerRefusals: members that are not there or too old, and messages that are none.
func TestCallConsumerRefusals(t *testing.T) {
	r := startRig(t, testConfig(t, t.TempDir()))
	id := string(r.send("T", "", "x").MsgID)
	info := func(client string) answer {
		return r.ask(wire.ReqGetConsumerRunningInfo, "consumerGroup=g&clientId="+client+"&jstackEnable=false", "")
	}
	info("c1").is(t, 1, "The Consumer <g> <c1> not online")
	old := r.dial()
	r.askOn(old, wire.ReqHeartBeat, 61, "", beatBody("old", "g", "T", 0, false)).is(t, 0, "")
	info("old").is(t, 1, "The Consumer <old> Version <V3_1_7")
	r.ask(wire.ReqConsumeMessageDirectly, "consumerGroup=g&clientId=c1&msgId=x", "").is(t, 1,
		`java.lang.IllegalArgumentException: msgId "x"`)
	gone := id[:16] + strings.Repeat("0", 8) + "7FFFFFFF"
	r.ask(wire.ReqConsumeMessageDirectly, "consumerGroup=g&clientId=c1&msgId="+gone, "").is(t, 1,
		"java.lang.NullPointerException")
	r.ask(wire.ReqConsumeMessageDirectly, "consumerGroup=g&clientId=c1&topic=T&msgId="+id, "").is(t, 1,
		"The Consumer <g> <c1> not online")
	r.ask(wire.ReqGetConsumerRunningInfo, "consumerGroup=g", "").is(t, 1, "")
}

// TestCallConsumerRelays: the question goes to the member's connection and its answer back as it is.
func TestCallConsumerRelays(t *testing.T) {
	r := startRig(t, testConfig(t, t.TempDir()))
	member := r.dial()
	r.askOn(member, wire.ReqHeartBeat, 317, "", beatBody("c1", "g", "T", 0, false)).is(t, 0, "")
	done := make(chan answer, 1)
	go func() {
		done <- r.ask(wire.ReqGetConsumerRunningInfo, "consumerGroup=g&clientId=c1&jstackEnable=true", "")
	}()
	for {
		q := nextFrame(t, member)
		if q.code != wire.ReqGetConsumerRunningInfo {
			continue // a notice that the group changed
		}
		if q.ext["jstackEnable"] != "true" || q.ext["clientId"] != "c1" {
			t.Errorf("asked %v", q.ext)
		}
		reply := r.frame(77, 1, 317, "", "as the client says")
		reply = []byte(strings.Replace(string(reply), `"opaque":7`, `"opaque":`+itoa(int64(q.opaque)), 1))
		reply = resized(reply)
		if _, err := member.Write(reply); err != nil {
			t.Fatal(err)
		}
		break
	}
	select {
	case a := <-done:
		if a.code != 77 || a.body != "as the client says" {
			t.Errorf("%+v", a)
		}
	case <-time.After(5 * time.Second):
		t.Error("no answer")
	}
}
