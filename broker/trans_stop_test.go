package broker

import (
	"testing"

	"gorocket/compat"
	"gorocket/remoting/protocol"
	"gorocket/remoting/wire"
)

// TestTransactionProgressAtStop: a clean stop notes the progress up to the first half message that waits, also when no
// check has run since the others ended.
func TestTransactionProgressAtStop(t *testing.T) {
	cfg := transConfig(t, t.TempDir())
	cfg.TransactionCheckInterval = 3_600_000
	r := startRig(t, cfg)
	for i, body := range []string{"a", "b", "waits", "c"} {
		_, at := r.half("g", "T", body)
		if body == "waits" {
			continue
		}
		if code, remark := r.end(wire.EndTransactionRequestHeader{ProducerGroup: "g", TranStateTableOffset: int64(i),
			CommitLogOffset: at, CommitOrRollback: wire.TransactionCommit}); code != 0 {
			t.Fatal(code, remark)
		}
	}
	r.stop()
	r = startRig(t, cfg)
	if half := r.b.offsets.Query(protocol.GroupTransactions, compat.TopicTransHalf, 0); half != 2 {
		t.Errorf("progress %d in the half queue, want 2", half)
	}
	// c has ended behind the one that waits: its op message is still needed
	if op, end := r.b.offsets.Query(protocol.GroupTransactions, compat.TopicTransOpHalf, 0),
		r.b.store.MaxOffset(compat.TopicTransOpHalf, 0); op >= end {
		t.Errorf("progress %d in the op queue, which ends at %d", op, end)
	}
}
