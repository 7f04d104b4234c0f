package broker

import (
	"fmt"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"gorocket/compat/testutil"
	"gorocket/remoting"
	"gorocket/remoting/remotingtest"
	"gorocket/remoting/wire"
	"gorocket/store/record"
)

func batchOf(n int, body string) (b []byte) {
	for range n {
		b = record.AppendBatchItem(b, record.BatchItem{Body: []byte(body)})
	}
	return b
}

// TestLargeBatch: a batch of as many messages as may be is stored and answered as any other; one more is refused.
func TestLargeBatch(t *testing.T) {
	r := startRig(t, testConfig(t, t.TempDir()))
	r.send("T", "", "first") // creates the topic
	const items = 32_767
	h := wire.SendMessageRequestHeader{ProducerGroup: "p", Topic: "T", DefaultTopic: "TBW102",
		DefaultTopicQueueNums: 4,
		BornTimestamp:         time.Now().UnixMilli(), MaxReconsumeTimes: -1, Batch: true, QueueID: 3}
	resp, err := call(r, wire.ReqSendBatchMessage, wire.SendMessageRequestV2, &h, batchOf(items, ""))
	if err != nil {
		t.Fatal(err)
	}
	var out wire.SendMessageResponseHeader
	if err := wire.SendMessageResponse.Decode(resp, nil, &out); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(out.MsgID), ",") + 1; n != items {
		t.Errorf("%d ids", n)
	}
	testutil.WaitFor(t, "all can be read", func() bool { return r.b.store.MaxOffset("T", 3) == items })
	_, err = call(r, wire.ReqSendBatchMessage, wire.SendMessageRequestV2, &h, batchOf(items+1, ""))
	if err == nil || !strings.Contains(err.Error(), "code 13") {
		t.Errorf("one more: %v", err)
	}
}

// TestNoticesAreFew: when many members of a group end at once, the others are told that the group changed, but not
// once for each.
func TestNoticesAreFew(t *testing.T) {
	r := startRig(t, testConfig(t, t.TempDir()))
	var told atomic.Int64
	entry := remoting.Entry{Code: wire.ReqNotifyConsumerIdsChanged, Handle: func(*remoting.Context) { told.Add(1) }}
	const ends = 120
	join := func(cl *remoting.Client, id string) {
		t.Helper()
		h := `{"clientID":"` + id +
			`","consumerDataSet":[{"groupName":"g","consumeType":"CONSUME_PASSIVELY","messageModel":"CLUSTERING",` +
			`"consumeFromWhere":"CONSUME_FROM_LAST_OFFSET","subscriptionDataSet":[]}],"producerDataSet":[]}`
		if _, err := remoting.Call(t.Context(), cl, r.addr, wire.ReqHeartBeat, wire.HeartbeatRequest,
			new(wire.HeartbeatRequestHeader), []byte(h)); err != nil {
			t.Fatal(err)
		}
	}
	stays := remotingtest.Client(t, entry)
	join(stays, "stays")
	members := func() int { return len(r.b.consumers.MembersOf("g")) }
	var conns []net.Conn
	for i := range ends {
		conns = append(conns, r.rawMember(fmt.Sprint("ends", i)))
	}
	testutil.WaitFor(t, "all are members", func() bool { return members() == ends+1 })
	testutil.WaitFor(t, "told of those who came", func() bool { return told.Load() > 0 })
	time.Sleep(2 * (ends + 1) * 250 * time.Microsecond) // the last of these notices
	before := told.Load()
	for _, c := range conns {
		_ = c.Close()
	}
	testutil.WaitFor(t, "one is left", func() bool { return members() == 1 })
	testutil.WaitFor(t, "told of those who left", func() bool { return told.Load() > before })
	if n := told.Load() - before; n > ends/2 {
		t.Errorf("%d notices for %d members that ended", n, ends)
	}
}

// rawMember is a connection that has joined the group g.
func (r *rig) rawMember(id string) net.Conn {
	r.t.Helper()
	c, err := net.Dial("tcp", r.addr)
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { _ = c.Close() })
	body := `{"clientID":"` + id +
		`","consumerDataSet":[{"groupName":"g","consumeType":"CONSUME_PASSIVELY","messageModel":"CLUSTERING",` +
		`"consumeFromWhere":"CONSUME_FROM_LAST_OFFSET","subscriptionDataSet":[]}],"producerDataSet":[]}`
	frame := wire.AppendRequest(nil, wire.SerializeJSON, wire.ReqHeartBeat, 1,
		wire.HeartbeatRequest, new(wire.HeartbeatRequestHeader), []byte(body))
	if _, err := c.Write(frame); err != nil {
		r.t.Fatal(err)
	}
	return c
}

// TestClientGroupLimit: a heartbeat beyond maxClientGroups is refused.
func TestClientGroupLimit(t *testing.T) {
	cfg := testConfig(t, t.TempDir())
	cfg.MaxClientGroups = 2
	r := startRig(t, cfg)
	beat := func(groups int) error {
		var c []string
		for i := range groups {
			c = append(c, fmt.Sprintf(`{"groupName":"c%d","consumeType":"CONSUME_PASSIVELY","messageModel":"CLUSTERING",`+
				`"subscriptionDataSet":[]}`, i))
		}
		body := `{"clientID":"x","consumerDataSet":[` + strings.Join(c, ",") + `],"producerDataSet":[]}`
		_, err := call(r, wire.ReqHeartBeat, wire.HeartbeatRequest, new(wire.HeartbeatRequestHeader),
			[]byte(body))
		return err
	}
	for _, c := range []struct {
		groups int
		ok     bool
	}{{2, true}, {2, true}, {3, false}, {2, true}} {
		err := beat(c.groups)
		if (err == nil) != c.ok || err != nil && !strings.Contains(err.Error(), "maxClientGroups") {
			t.Errorf("%d groups: %v", c.groups, err)
		}
	}
}

// TestNameServerThatHangs: only who creates a topic waits for a NameServer, and only the first.
func TestNameServerThatHangs(t *testing.T) {
	stalls := testutil.WatchStalls(t)
	const publishWait = time.Second // of the registrar
	f := startNamesFake(t)
	cfg := testConfig(t, t.TempDir())
	cfg.NamesrvAddr = f.addr
	r := startRig(t, cfg)
	f.mu.Lock() // it answers nothing any more
	defer f.mu.Unlock()
	start := time.Now()
	var wg sync.WaitGroup
	for i := range 30 {
		wg.Go(func() { r.join(fmt.Sprint("g", i), "T") })
		wg.Go(func() { r.send(fmt.Sprint("T", i), "", "x") })
	}
	wg.Wait()
	if took := time.Since(start); took > 3*publishWait+stalls.Lost() {
		t.Errorf("60 requests took %v", took)
	}
	start = time.Now()
	for i := range 20 {
		r.join(fmt.Sprint("h", i), "T")
		r.send(fmt.Sprint("U", i), "", "x")
	}
	if took := time.Since(start); took > 2*publishWait+stalls.Lost() {
		t.Errorf("40 requests more took %v", took)
	}
}
