package broker

import (
	"strings"
	"testing"

	"gorocket/remoting/wire"
)

// commitTo commits an offset of group g in a queue of T and returns "code remark" of a refusal.
func (r *rig) commitTo(queue int32, offset int64) string {
	r.t.Helper()
	h := wire.UpdateConsumerOffsetRequestHeader{ConsumerGroup: "g", Topic: "T", QueueID: queue, CommitOffset: offset}
	return field(r, wire.ReqUpdateConsumerOffset, wire.UpdateConsumerOffsetRequest, &h, "none")
}

// TestStaticTopicRefusals: who does not lead a queue answers nothing about it, whatever is asked; what another broker has
// is refused while that is away, and committed there while it is not.
func TestStaticTopicRefusals(t *testing.T) {
	_, a, b := startMoved(t)
	a.b.groups.Find("g")
	b.b.groups.Find("g")
	earliest := func(r *rig) string {
		return field(r, wire.ReqGetEarliestMsgStoretime, wire.GetEarliestStoretimeRequest, &wire.QueueRequestHeader{Topic: "T"},
			"timestamp")
	}
	for what, got := range map[string]string{"commit": a.commitTo(0, 1), "committed": a.committed(0), "earliest": earliest(a),
		"max": a.max(0)} {
		if !strings.HasPrefix(got, "501 T-0") {
			t.Errorf("%s at the old leader: %q", what, got)
		}
	}
	want(t, "an offset in the piece that a has", b.commitTo(0, 2), "")
	if off := a.b.offsets.Query("g", "T", 1); off != 2 {
		t.Errorf("a has %d committed", off)
	}
	want(t, "committed there", b.committed(0), "2")
	if a := b.ask(wire.ReqUpdateConsumerOffset, "consumerGroup=g&topic=T&queueId=0", ""); a.code != wire.SystemError ||
		a.remark == "" {
		t.Errorf("no offset: %d %q", a.code, a.remark)
	}
	want(t, "an offset here", b.commitTo(0, 1001), "")
	want(t, "committed here", b.committed(0), "1001")
	want(t, "a whole queue", a.commitTo(1, 0), "")
	want(t, "committed in it", a.committed(1), "0")
	b.b.offsets.RemoveTopic("T")
	a.stop()
	for what, got := range map[string]string{"commit": b.commitTo(0, 1), "committed": b.committed(0), "earliest": earliest(b),
		"min": b.min(0), "search": b.search(0, 1)} {
		if !strings.HasPrefix(got, "1 ") || len(got) < 10 {
			t.Errorf("%s without the other broker: %q", what, got)
		}
	}
}
