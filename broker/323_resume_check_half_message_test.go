package broker

import (
	"strings"
	"testing"

	"gorocket/compat"
	"gorocket/compat/testutil"
	"gorocket/remoting/wire"
)

func TestTransactionDiscardAndResume(t *testing.T) {
	cfg := transConfig(t, t.TempDir())
	cfg.TransactionCheckMax = 2
	r := startRig(t, cfg)
	r.half("g", "T", "a") // nobody is there to ask
	testutil.WaitFor(t, "given up", func() bool { return r.b.store.MaxOffset(compat.TopicTransCheckMax, 0) == 1 })
	m := r.record(compat.TopicTransCheckMax, 0, 0)
	if p := propMap(m.Properties); p["TRANSACTION_CHECK_TIMES"] != "2" || p["REAL_TOPIC"] != "T" || string(m.Body) != "a" {
		t.Errorf("given up: %v", p)
	}
	if waiting, _, _ := r.b.trans.Counts.Of("T").Snapshot(); waiting != 0 {
		t.Errorf("%d half messages", waiting)
	}
	p := r.producer("g", "p")
	id := string(m.AppendMessageID(nil))
	resume := func(id string) error {
		_, err := call(r, wire.ReqResumeCheckHalfMessage, wire.ResumeCheckHalfMessageRequest,
			&wire.ResumeCheckHalfMessageRequestHeader{Topic: "T", MsgID: id}, nil)
		return err
	}
	plain := r.send("T", "", "plain")
	for _, bad := range []string{"", "zz", id[:31] + "F", string(plain.MsgID)} {
		if err := resume(bad); err == nil || !strings.Contains(err.Error(), "RMQ_SYS_TRANS_HALF_TOPIC") {
			t.Errorf("resume %q: %v", bad, err)
		}
	}
	if err := resume(id); err != nil {
		t.Fatal(err)
	}
	if waiting, _, _ := r.b.trans.Counts.Of("T").Snapshot(); waiting != 1 {
		t.Errorf("%d half messages wait", waiting)
	}
	if q := p.next(t); q.body != "a" || q.m["TRANSACTION_CHECK_TIMES"] != "1" {
		t.Errorf("asked %+v", q)
	}
}
