package broker

import (
	"slices"
	"testing"

	"gorocket/remoting/wire"
	"gorocket/store"
	"gorocket/store/dispatch"
	"gorocket/store/record"
)

// TestCleanByHand: the three cleaning codes; an unknown topic loses its queues, a known one and a system topic keep
// theirs.
func TestCleanByHand(t *testing.T) {
	r := startRig(t, testConfig(t, t.TempDir()))
	r.send("Known", "", "body")
	r.send("Known", "DELAY\x011\x02", "body")
	if _, err := r.b.store.Append(&store.Record{Message: record.Message{
		Topic: "Gone", Body: []byte("x"), StoreHost: r.b.storeHost, BornHost: r.b.storeHost,
	}}); err != nil {
		t.Fatal(err)
	}
	var none wire.HeartbeatRequestHeader
	for _, code := range []int32{wire.ReqCleanExpiredConsumequeue, wire.ReqCleanUnusedTopic,
		wire.ReqDeleteExpiredCommitlog} {
		if got := ask(r, code, wire.HeartbeatRequest, &none, "", nil); got != "" {
			t.Errorf("%d: %s", code, got)
		}
	}
	if got := r.b.store.Topics(); !slices.Equal(got, []string{"Known", dispatch.ScheduleTopic}) {
		t.Errorf("topics with queues: %v", got)
	}
}
