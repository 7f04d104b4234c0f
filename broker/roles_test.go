package broker

import (
	"slices"
	"strings"
	"testing"
	"time"

	"gorocket/compat"
	"gorocket/compat/testutil"
	"gorocket/remoting/wire"
)

// TestServicesStartAgain: what depends on the broker's role can be stopped and started any number of times, and goes on
// where it stopped: delay levels, transactions, held pulls, notices, static topics.
func TestServicesStartAgain(t *testing.T) {
	stalls := testutil.WatchStalls(t)
	cfg := transConfig(t, t.TempDir())
	cfg.TransactionCheckInterval = 3_600_000
	r := startRig(t, cfg)
	commit := func(offset, at int64) {
		t.Helper()
		if code, remark := r.end(wire.EndTransactionRequestHeader{ProducerGroup: "g", TranStateTableOffset: offset,
			CommitLogOffset: at, CommitOrRollback: wire.TransactionCommit}); code != 0 {
			t.Fatal(code, remark)
		}
	}
	_, first := r.half("g", "T", "first")
	_, second := r.half("g", "T", "second")
	commit(0, first)
	for range 2 {
		r.b.schedule.Stop()
		r.b.trans.Stop()
		r.b.holds.Stop()
		r.b.notices.Stop()
		r.b.mappings.Stop()
		r.send("Delayed", "DELAY\x011\x02", "while stopped")
		r.b.mappings.Start()
		r.b.notices.Start(r.b.consumers, r.b.producers)
		r.b.holds.Start()
		r.b.trans.Start()
		r.b.schedule.Start()
	}
	if got, _ := r.await("Delayed", 2); !slices.Equal(got, []string{"while stopped", "while stopped"}) {
		t.Errorf("delay levels: %q", got)
	}
	testutil.WaitFor(t, "the op queue read", func() bool {
		select {
		case <-r.b.trans.Replayed:
			return true
		default:
			return false
		}
	})
	commit(1, second)
	if got := r.bodies("T"); !slices.Equal(got, []string{"first", "second"}) {
		t.Errorf("transactions: %q", got)
	}
	testutil.WaitFor(t, "op messages", func() bool { return r.b.store.MaxOffset(compat.TopicTransOpHalf, 0) >= 2 })
	began := time.Now()
	hold := strings.NewReplacer("sysFlag=4", "sysFlag=6", "suspendTimeoutMillis=0", "suspendTimeoutMillis=300").
		Replace(pullFields("reader", "T", 0, 2, ""))
	r.ask(wire.ReqPullMessage, hold, "").is(t, wire.PullNotFound, "OFFSET_OVERFLOW_ONE")
	if took := time.Since(began); took < 300*time.Millisecond || took > 3*time.Second+stalls.Lost() {
		t.Errorf("a pull was held for %v", took)
	}
	member := r.dial()
	r.askOn(member, wire.ReqHeartBeat, 317, "", beatBody("c1", "group", "T", 0, false)).is(t, 0, "")
	member.Close()
	testutil.WaitFor(t, "the member leaves", func() bool { return r.b.consumers.Get("group") == nil })
}
