package broker

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"gorocket/compat/testutil"
	"gorocket/remoting"
	"gorocket/remoting/wire"
	"gorocket/store"
)

// joinSQL sends a heartbeat with an SQL92 subscription.
func (r *rig) joinSQL(group, topic, expr string, version int64) {
	r.t.Helper()
	beat := fmt.Sprintf(`{"clientID":"me@1","consumerDataSet":[{"consumeType":"CONSUME_PASSIVELY","groupName":%q,"messageModel":"CLUSTERING","subscriptionDataSet":[{"subString":%q,"subVersion":%d,"topic":%q,"expressionType":"SQL92"}]}]}`, group, expr, version, topic)
	if _, err := call(r, wire.ReqHeartBeat, wire.HeartbeatRequest, new(wire.HeartbeatRequestHeader),
		[]byte(beat)); err != nil {
		r.t.Fatal(err)
	}
}

// sqlPull pulls by the group's subscription, or by expr when it is not empty. It returns "code remark" of an error, or
// the number of messages.
func (r *rig) sqlPull(group, topic, expr string, offset, version, suspend int64) string {
	r.t.Helper()
	h := wire.PullMessageRequestHeader{ConsumerGroup: group, Topic: topic, QueueOffset: offset, MaxMsgNums: 32,
		SubVersion: version, ExpressionType: "SQL92", SuspendTimeoutMillis: suspend}
	if expr != "" {
		h.SysFlag, h.Subscription = wire.PullFlagSubscription, expr
	}
	if suspend > 0 {
		h.SysFlag |= wire.PullFlagSuspend
	}
	resp, err := call(r, wire.ReqPullMessage, wire.PullMessageRequest, &h, nil)
	if re, ok := err.(*remoting.ResponseError); ok {
		return fmt.Sprintf("%d %s", re.Code, re.Remark)
	}
	if err != nil {
		r.t.Fatal(err)
	}
	return fmt.Sprint(strings.Count(string(resp.Body), "body"))
}

func TestSQLFilters(t *testing.T) {
	dir := t.TempDir()
	cfg := testConfig(t, dir)
	cfg.EnablePropertyFilter = true
	r := startRig(t, cfg)
	for i := range 6 {
		r.send("T", fmt.Sprintf("n\x01%d\x02", i), "body")
	}
	if got := r.sqlPull("g", "T", "", 0, 1, 0); !strings.HasPrefix(got, "24 ") {
		t.Errorf("no subscription: %s", got)
	}
	r.joinSQL("g", "T", "n > 2", 7)
	for _, c := range []struct {
		name, got, want string
	}{
		{"by heartbeat", r.sqlPull("g", "T", "", 0, 7, 0), "3"},
		{"older than the heartbeat", r.sqlPull("g", "T", "", 0, 6, 0), "3"},
		{"newer than the heartbeat", r.sqlPull("g", "T", "", 0, 8, 0), "25 "},
		{"in the request", r.sqlPull("g", "T", "n = 1 OR n = 5", 0, 1, 0), "2"},
		{"malformed in the request", r.sqlPull("g", "T", "n >", 0, 1, 0), "23 "},
		{"nothing matches", r.sqlPull("g", "T", "n = 99", 0, 1, 0), "20 "},
	} {
		if !strings.HasPrefix(c.got, c.want) {
			t.Errorf("%s: %s, want %s", c.name, c.got, c.want)
		}
	}
	r.joinSQL("bad", "T", "n >", 1)
	if got := r.sqlPull("bad", "T", "", 0, 1, 0); !strings.HasPrefix(got, "27 ") {
		t.Errorf("malformed in the heartbeat: %s", got)
	}
	check := func(expr string) string {
		return ask(r, wire.ReqCheckClientConfig, wire.HeartbeatRequest, new(wire.HeartbeatRequestHeader),
			fmt.Sprintf(`{"clientId":"c","group":"g","subscriptionData":{"expressionType":"SQL92","subString":%q,"topic":"T"}}`,
				expr), nil)
	}
	if got := check("n BETWEEN 1 AND 2"); got != "" {
		t.Errorf("good expression: %s", got)
	}
	if got := check("n BETWEEN"); !strings.HasPrefix(got, "23 ") {
		t.Errorf("bad expression: %s", got)
	}
}

// TestFilterBitMap: with bit maps a pull finds the same messages without looking at the properties of the others, also
// delayed ones.
func TestFilterBitMap(t *testing.T) {
	cfg := testConfig(t, t.TempDir())
	cfg.EnablePropertyFilter, cfg.EnableCalcFilterBitMap, cfg.EnableConsumeQueueExt = true, true, true
	r := startRig(t, cfg)
	r.send("T", "n\x019\x02", "body") // before anybody filters
	r.joinSQL("g", "T", "n > 2", 7)
	time.Sleep(5 * time.Millisecond)
	for i := range 6 {
		r.send("T", fmt.Sprintf("n\x01%d\x02", i), "body")
	}
	r.send("T", "n\x018\x02DELAY\x011\x02", "body")
	r.send("T", "n\x011\x02DELAY\x011\x02", "body")
	testutil.WaitFor(t, "the delayed messages", func() bool { return r.b.store.MaxOffset("T", 0) == 9 })
	if got := r.sqlPull("g", "T", "", 0, 7, 0); got != "5" {
		t.Errorf("pulled %s", got)
	}
	var res store.GetResult
	defer res.Release()
	data := r.b.filters.Get("T", "g")
	r.b.store.Get(&store.GetQuery{Topic: "T", MaxCount: 32,
		Filter: r.b.services.Pull.WithExpression(r.b.consumers.Get("g").Subscription("T"), data)}, &res)
	if res.Count != 5 || res.FilteredCount != 0 {
		t.Errorf("%d messages, and %d that only the properties refused", res.Count, res.FilteredCount)
	}
	var cq consumeQueueAnswer
	ask(r, wire.ReqQueryConsumeQueue, wire.QueryConsumeQueueRequest, &wire.ConsumeQueueRequestHeader{Topic: "T", Index: 1,
		Count: 4, ConsumerGroup: "g"}, "", &cq)
	var evals []bool
	for _, d := range cq.QueueData {
		evals = append(evals, d.Eval)
		if ones := strings.Count(d.BitMap, "1"); d.Eval != (ones > 0) || len(d.BitMap) != 14*8+2 ||
			!strings.HasPrefix(d.ExtendDataJSON, `{"bitMapSize":14,"filterBitMap":"`) {
			t.Errorf("%+v", d)
		}
	}
	if !slices.Equal(evals, []bool{false, false, false, true}) || !strings.Contains(cq.FilterData,
		`"expression": "n > 2"`) {
		t.Errorf("queryCq: %v %s", evals, cq.FilterData)
	}
}

func TestSQLFilterWakesHeldPulls(t *testing.T) {
	dir := t.TempDir()
	cfg := testConfig(t, dir)
	cfg.EnablePropertyFilter = true
	r := startRig(t, cfg)
	r.send("T", "", "first")
	r.joinSQL("g", "T", "n > 2", 1)
	got := make(chan string, 1)
	begin := time.Now()
	go func() { got <- r.sqlPull("g", "T", "", 1, 1, 10_000) }()
	testutil.WaitFor(t, "a held pull", func() bool { return r.b.holds.Count() == 1 })
	r.send("T", "n\x011\x02", "body")
	time.Sleep(50 * time.Millisecond)
	if r.b.holds.Count() != 1 {
		t.Error("woken by a message that does not match")
	}
	r.send("T", "n\x013\x02", "body")
	if g := <-got; g != "1" || time.Since(begin) > 3*time.Second {
		t.Errorf("pull: %s after %v", g, time.Since(begin))
	}
	r.stop()
	again := startRig(t, cfg)
	if d := again.b.filters.Get("T", "g"); d == nil || d.Expression != "n > 2" || !d.Dead() {
		t.Errorf("after a restart: %v", d)
	}
}
