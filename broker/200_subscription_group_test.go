package broker

import (
	"strings"
	"testing"

	"gorocket/remoting/wire"
)

// TestUpdateGroup: refusals change nothing; a list is checked as a whole; what is not named has Java's defaults.
func TestUpdateGroup(t *testing.T) {
	r := startRig(t, testConfig(t, t.TempDir()))
	update := func(text string) answer { return r.ask(wire.ReqUpdateAndCreateSubscriptiongroup, "", text) }
	update("").is(t, 0, "")
	update("{").is(t, 1, "")
	update(`{"groupName":""}`).is(t, 29, "The specified group is blank")
	update(`{"groupName":"a b"}`).is(t, 29, "The specified group: a b, contains illegal characters")
	update(`{"groupName":"`+strings.Repeat("g", 256)+`"}`).is(t, 29, "The specified group: ggg")
	update(`{"groupName":"g","retryQueueNums":4097}`).is(t, 29,
		"The specified group: g, retryQueueNums=4097 is above 4096")
	update(`{"groupName":"g","attributes":{"+no.such":"1"}}`).is(t, 1, "unsupported key: no.such")
	r.ask(wire.ReqUpdateAndCreateSubscriptiongroupList, "",
		`{"groupConfigList":[{"groupName":"one"},{"groupName":"t w o"}]}`).is(t, 29, "")
	if r.b.groups.Get("g") != nil || r.b.groups.Get("one") != nil {
		t.Error("a refused request acts")
	}
	update(`{"groupName":"g","retryMaxTimes":3}`).is(t, 0, "")
	if g := r.b.groups.Get("g"); g == nil || g.RetryMaxTimes != 3 || g.RetryQueueNums != 1 || !g.ConsumeEnable {
		t.Errorf("%+v", g)
	}
	r.ask(wire.ReqUpdateAndCreateSubscriptiongroupList, "",
		`{"groupConfigList":[{"groupName":"one"},{"groupName":"two"}]}`).is(t, 0, "")
	if r.b.groups.Get("one") == nil || r.b.groups.Get("two") == nil {
		t.Error("a list of two made not both")
	}
}

// TestDeleteGroup: the group goes; its offsets only when asked for.
func TestDeleteGroup(t *testing.T) {
	r := startRig(t, testConfig(t, t.TempDir()))
	r.send("T", "", "first")
	for group, clean := range map[string]string{"keeps": "false", "loses": "true"} {
		r.pull(group, "T", 0, "*", 0)
		r.commit(group, "T", 0, 1)
		r.ask(wire.ReqDeleteSubscriptiongroup, "groupName="+group+"&cleanOffset="+clean, "").is(t, 0, "")
		if r.b.groups.Get(group) != nil {
			t.Errorf("%s is still there", group)
		}
	}
	if a, b := r.b.offsets.Query("keeps", "T", 0), r.b.offsets.Query("loses", "T", 0); a != 1 || b != -1 {
		t.Errorf("offsets %d and %d", a, b)
	}
	r.ask(wire.ReqDeleteSubscriptiongroup, "", "").is(t, 1, "")
}

// TestGetGroupConfig: 352 makes the group where that is allowed.
func TestGetGroupConfig(t *testing.T) {
	r := startRig(t, testConfig(t, t.TempDir()))
	r.ask(wire.ReqGetSubscriptiongroupConfig, "group=made", "").is(t, 0, "").has(t, `"groupName":"made"`,
		`"retryMaxTimes":16`)
	r.ask(wire.ReqUpdateBrokerConfig, "", "autoCreateSubscriptionGroup=false").is(t, 0, "")
	r.ask(wire.ReqGetSubscriptiongroupConfig, "group=other", "").is(t, 26, "No group in this broker")
	if r.b.groups.Get("made") == nil || r.b.groups.Get("other") != nil {
		t.Error("made and other")
	}
}
