package broker

import (
	"fmt"
	"testing"

	"gorocket/remoting/wire"
)

// TestLockBatch: queues go to who asks first, until he gives them up; giving up what somebody else has does nothing.
func TestLockBatch(t *testing.T) {
	r := startRig(t, testConfig(t, t.TempDir()))
	queue := func(id int) string { return fmt.Sprintf(`{"brokerName":"broker-a","queueId":%d,"topic":"T"}`, id) }
	req := func(code int32, client, queues string) answer {
		return r.ask(code, "", fmt.Sprintf(`{"consumerGroup":"g","clientId":%q,"mqSet":[%s]}`, client, queues))
	}
	lock := func(client, queues, held string) {
		t.Helper()
		req(wire.ReqLockBatchMq, client, queues).is(t, 0, "").same(t, `{"lockOKMQSet":[`+held+`]}`)
	}
	lock("a", queue(0)+","+queue(1), queue(0)+","+queue(1))
	lock("b", queue(0)+","+queue(2), queue(2))
	req(wire.ReqUnlockBatchMq, "b", queue(0)).is(t, 0, "")
	lock("b", queue(0), "")
	req(wire.ReqUnlockBatchMq, "a", queue(0)).is(t, 0, "")
	lock("b", queue(0), queue(0))
	r.ask(wire.ReqLockBatchMq, "", "").is(t, 1, "java.lang.NullPointerException")
	r.ask(wire.ReqUnlockBatchMq, "", `{"clientId":"a"}`).is(t, 1, "java.lang.NullPointerException: consumerGroup is null")
}

// TestLockBatchLimit: there are no more locks than maxOrderLockNum; the others are simply not held.
func TestLockBatchLimit(t *testing.T) {
	cfg := testConfig(t, t.TempDir())
	cfg.MaxOrderLockNum = 1
	r := startRig(t, cfg)
	a := r.ask(wire.ReqLockBatchMq, "",
		`{"consumerGroup":"g","clientId":"a","mqSet":[{"brokerName":"b","queueId":0,"topic":"T"},{"brokerName":"b","queueId":1,"topic":"T"}]}`)
	a.is(t, 0, "").same(t, `{"lockOKMQSet":[{"brokerName":"b","queueId":0,"topic":"T"}]}`)
}
