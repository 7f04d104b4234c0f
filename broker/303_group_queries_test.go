package broker

import (
	"fmt"
	"testing"

	"gorocket/broker/meta"
	"gorocket/compat"
	"gorocket/remoting/wire"
)

func TestGroupQueries(t *testing.T) {
	r := startRig(t, testConfig(t, t.TempDir()))
	for i := range 3 {
		r.send("T", "TAGS\x01A\x02", fmt.Sprint(i))
	}
	r.join("g", "T")
	r.commit("g", "T", 0, 2)
	r.b.groups.Find("other")
	r.commit("other", "T", 0, 1)
	clone := wire.CloneGroupOffsetHeader{SrcGroup: "g", DestGroup: "copy"}
	if got := ask(r, wire.ReqCloneGroupOffset, wire.CloneGroupOffsetRequest, &clone, "", nil); got != "" ||
		r.b.offsets.Query("copy", "T", 0) != 2 {
		t.Errorf("clone: %q, offset %d", got, r.b.offsets.Query("copy", "T", 0))
	}
	var corr correctionOffsets
	ask(r, wire.ReqQueryCorrectionOffset, wire.CorrectionOffsetRequest, &wire.CorrectionOffsetHeader{Topic: "T",
		CompareGroup: "g", FilterGroups: "other"}, "", &corr)
	if corr.CorrectionOffsets[0] != 2 || r.b.offsets.Query("other", "T", 0) != 1 {
		t.Errorf("correction %v; offsets of a filtered group must stay", corr)
	}
	var span timeSpans
	tg := wire.TopicGroupHeader{Topic: "T", Group: "g"}
	ask(r, wire.ReqQueryConsumeTimeSpan, wire.ConsumeTimeSpanRequest, &tg, "", &span)
	if len(span.ConsumeTimeSpanSet) != 4 || span.ConsumeTimeSpanSet[0].MinTimeStamp <= 0 ||
		span.ConsumeTimeSpanSet[0].MaxTimeStamp < span.ConsumeTimeSpanSet[0].ConsumeTimeStamp {
		t.Errorf("time span %+v", span)
	}
	var sub subscriptionAnswer
	ask(r, wire.ReqQuerySubscriptionByConsumer, wire.QuerySubscriptionRequest, &tg, "", &sub)
	if sub.SubscriptionData == nil || sub.SubscriptionData.SubString != "*" {
		t.Errorf("subscription %+v", sub)
	}
	var cq consumeQueueAnswer
	ask(r, wire.ReqQueryConsumeQueue, wire.QueryConsumeQueueRequest, &wire.ConsumeQueueRequestHeader{Topic: "T", Index: 1,
		Count: 5, ConsumerGroup: "g"}, "", &cq)
	if len(cq.QueueData) != 2 || cq.MaxQueueIndex != 3 || cq.QueueData[0].TagsCode != int64(compat.HashCode("A")) ||
		cq.QueueData[0].PhysicOffset == 0 {
		t.Errorf("consume queue %+v", cq)
	}
	var stats consumeStatsList
	ask(r, wire.ReqGetBrokerConsumeStats, wire.BrokerConsumeStatsRequest, &wire.BrokerConsumeStatsHeader{}, "", &stats)
	if stats.TotalDiff < 1 || len(stats.ConsumeStatsList) < len(meta.SystemGroups) {
		t.Errorf("broker consume stats: %+v", stats)
	}
}

func TestForbiddenGroup(t *testing.T) {
	dir := t.TempDir()
	r := startRig(t, testConfig(t, dir))
	r.send("T", "", "x")
	r.join("g", "T")
	var a forbiddenAnswer
	ask(r, wire.ReqUpdateAndGetGroupForbidden, wire.GroupForbiddenRequest, &wire.GroupForbiddenHeader{Group: "g",
		Topic: "T", Readable: "false"}, "", &a)
	h := wire.PullMessageRequestHeader{ConsumerGroup: "g", Topic: "T", MaxMsgNums: 32}
	if got := ask(r, wire.ReqPullMessage, wire.PullMessageRequest, &h, "", nil); a.Readable ||
		got != "16 the consumer group[g] is forbidden for topic[T]" {
		t.Errorf("forbidden: %+v, pull %q", a, got)
	}
	ask(r, wire.ReqUpdateAndGetGroupForbidden, wire.GroupForbiddenRequest, &wire.GroupForbiddenHeader{Group: "g",
		Topic: "T", Readable: "true"}, "", &a)
	if code, _, _ := r.pull("g", "T", 0, "*", 0); !a.Readable || code != 0 {
		t.Errorf("allowed again: %+v, pull %d", a, code)
	}
}
