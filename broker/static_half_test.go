package broker

import (
	"testing"

	"gorocket/remoting/wire"
)

func TestStaticTopicHalfMessage(t *testing.T) {
	_, _, b := staticRig(t)
	want(t, "create", b.static(1, hosted{0: {piece(0, "a", 1, 0, 3), piece(1, "b", 2, 1000, -1)}}), "")
	h, at := b.half("g", "T", "body")
	if h.QueueID != 0 || h.QueueOffset != 0 {
		t.Fatalf("%+v", h)
	}
	if code, remark := b.end(wire.EndTransactionRequestHeader{ProducerGroup: "g", TranStateTableOffset: h.QueueOffset,
		CommitLogOffset: at, CommitOrRollback: wire.TransactionCommit}); code != 0 {
		t.Fatal(code, remark)
	}
	want(t, "max", b.max(0), "1001")
}
