package broker

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gorocket/broker/static"
	"gorocket/compat"
	"gorocket/remoting"
	"gorocket/remoting/protocol"
	"gorocket/remoting/remotingtest"
	"gorocket/remoting/wire"
)

// fakeNames is a NameServer that remembers addresses and mappings.
type fakeNames struct {
	addr  string
	mu    sync.Mutex
	addrs map[string]*protocol.BrokerData                       // guarded by mu
	infos map[string]map[string]*protocol.TopicQueueMappingInfo // guarded by mu; topic -> broker
}

func startFakeNames(t *testing.T) *fakeNames {
	t.Helper()
	f := &fakeNames{addrs: map[string]*protocol.BrokerData{},
		infos: map[string]map[string]*protocol.TopicQueueMappingInfo{}}
	f.addr = remotingtest.Serve(t,
		remoting.Entry{Code: wire.ReqRegisterBroker, Mode: remoting.Pooled,
			Handle: with(wire.RegisterBrokerRequest, f.register)},
		remoting.Entry{Code: wire.ReqUnregisterBroker, Handle: func(ctx *remoting.Context) { ctx.OK(nil) }},
		remoting.Entry{Code: wire.ReqGetBrokerClusterInfo, Mode: remoting.Pooled, Handle: func(ctx *remoting.Context) {
			f.mu.Lock()
			defer f.mu.Unlock()
			respondJSON(ctx, protocol.ClusterInfo{BrokerAddrTable: f.addrs, ClusterAddrTable: map[string][]string{}})
		}},
		remoting.Entry{Code: wire.ReqGetRouteinfoByTopic, Mode: remoting.Pooled,
			Handle: with(wire.GetRouteInfoRequest, func(ctx *remoting.Context, h *wire.GetRouteInfoRequestHeader) {
				f.mu.Lock()
				defer f.mu.Unlock()
				r := protocol.TopicRouteData{TopicQueueMappingByBroker: f.infos[h.Topic]}
				for _, d := range f.addrs {
					r.BrokerDatas = append(r.BrokerDatas, *d)
				}
				respondJSON(ctx, r)
			})})
	return f
}

func (f *fakeNames) register(ctx *remoting.Context, h *wire.RegisterBrokerRequestHeader) {
	data, err := protocol.DecodeRegisterBroker(ctx.Req.Body, false, compat.CurrentVersion)
	if err != nil {
		fail(ctx, err)
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.addrs[h.BrokerName] = &protocol.BrokerData{BrokerName: h.BrokerName, BrokerAddrs: map[int64]string{0: h.BrokerAddr}}
	for topic, info := range data.TopicConfigSerializeWrapper.TopicQueueMappingInfoMap {
		if f.infos[topic] == nil {
			f.infos[topic] = map[string]*protocol.TopicQueueMappingInfo{}
		}
		f.infos[topic][info.Bname] = info
	}
	ctx.OK(nil)
}

func (f *fakeNames) info(topic, broker string) *protocol.TopicQueueMappingInfo {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.infos[topic][broker]
}

// staticRig starts brokers a and b that know each other.
func staticRig(t *testing.T) (f *fakeNames, a, b *rig) {
	t.Helper()
	f = startFakeNames(t)
	one := func(name string) *rig {
		cfg := testConfig(t, t.TempDir())
		cfg.BrokerName, cfg.NamesrvAddr, cfg.ForwardTimeout = name, f.addr, 1000
		return startRig(t, cfg)
	}
	return f, one("a"), one("b")
}

func piece(gen int, broker string, queue int, logic, end int64) protocol.LogicQueueMappingItem {
	return protocol.LogicQueueMappingItem{Bname: broker, Gen: gen, QueueID: queue, LogicOffset: logic, EndOffset: end,
		TimeOfStart: -1, TimeOfEnd: -1}
}

// hosted is what one broker hosts of topic T.
type hosted map[int][]protocol.LogicQueueMappingItem

// static gives the broker its share of topic T; it returns "code remark" of an error answer.
func (r *rig) static(epoch int64, h hosted) string {
	r.t.Helper()
	d := protocol.TopicQueueMappingDetail{TopicQueueMappingInfo: protocol.TopicQueueMappingInfo{Bname: r.b.cfg().BrokerName, Epoch: epoch, Scope: protocol.ScopeGlobal, Topic: "T", TotalQueues: 2, CurrIDMap: map[int]int{}}, HostedQueues: h}
	data, err := compat.Marshal(d)
	if err != nil {
		r.t.Fatal(err)
	}
	head := wire.CreateTopicRequestHeader{Topic: "T", DefaultTopic: "TBW102", ReadQueueNums: 4, WriteQueueNums: 4, Perm: 6,
		TopicFilterType: protocol.SingleTag}
	return ask(r, wire.ReqUpdateAndCreateStaticTopic, wire.CreateTopicRequest, &head, string(data), nil)
}

// sendTo sends to a queue of T, a physical one with lo=false, and returns queue and offset of the answer, or the error.
func (r *rig) sendTo(queue int32, lo, text string) string {
	r.t.Helper()
	h := wire.SendMessageRequestHeader{ProducerGroup: "p", Topic: "T", DefaultTopic: "TBW102", DefaultTopicQueueNums: 4,
		QueueID: queue, BornTimestamp: time.Now().UnixMilli(), MaxReconsumeTimes: -1, Lo: lo}
	resp, err := call(r, wire.ReqSendMessage, wire.SendMessageRequestV1, &h, []byte(text))
	if re, ok := err.(*remoting.ResponseError); ok {
		return fmt.Sprintf("%d %s", re.Code, re.Remark)
	}
	if err != nil {
		r.t.Fatal(err)
	}
	return resp.GetString("queueId") + "@" + resp.GetString("queueOffset")
}

// field asks and returns one extField of the answer, or "code remark".
func field[T any](r *rig, code int32, ht *wire.HeaderType[T], h *T, name string) string {
	r.t.Helper()
	resp, err := call(r, code, ht, h, nil)
	if re, ok := err.(*remoting.ResponseError); ok {
		return fmt.Sprintf("%d %s", re.Code, re.Remark)
	}
	if err != nil {
		r.t.Fatal(err)
	}
	return resp.GetString(name)
}

func (r *rig) max(queue int32) string {
	h := wire.GetMaxOffsetRequestHeader{QueueRequestHeader: wire.QueueRequestHeader{Topic: "T", QueueID: queue},
		Committed: true}
	return field(r, wire.ReqGetMaxOffset, wire.GetMaxOffsetRequest, &h, "offset")
}

func (r *rig) min(queue int32) string {
	return field(r, wire.ReqGetMinOffset, wire.GetMinOffsetRequest, &wire.QueueRequestHeader{Topic: "T", QueueID: queue},
		"offset")
}

func (r *rig) search(queue int32, at int64) string {
	h := wire.SearchOffsetRequestHeader{QueueRequestHeader: wire.QueueRequestHeader{Topic: "T", QueueID: queue},
		Timestamp: at}
	return field(r, wire.ReqSearchOffsetByTimestamp, wire.SearchOffsetRequest, &h, "offset")
}

func (r *rig) committed(queue int32) string {
	h := wire.QueryConsumerOffsetRequestHeader{ConsumerGroup: "g", Topic: "T", QueueID: queue, SetZeroIfNotFound: true}
	return field(r, wire.ReqQueryConsumerOffset, wire.QueryConsumerOffsetRequest, &h, "offset")
}

// pullFrom describes a pull of T: code, offsets and number of bytes.
func (r *rig) pullFrom(queue int32, offset int64, change func(*wire.PullMessageRequestHeader)) string {
	r.t.Helper()
	h := wire.PullMessageRequestHeader{ConsumerGroup: "g", Topic: "T", QueueID: queue, QueueOffset: offset, MaxMsgNums: 32,
		SysFlag: wire.PullFlagSubscription, Subscription: "*", ExpressionType: "TAG"}
	if change != nil {
		change(&h)
	}
	conn, err := r.cl.Conn(r.t.Context(), r.addr)
	if err != nil {
		r.t.Fatal(err)
	}
	resp, err := remoting.Invoke(r.t.Context(), conn, wire.ReqPullMessage, wire.PullMessageRequest, &h, nil)
	if err != nil {
		r.t.Fatal(err)
	}
	if resp.Code == wire.NotLeaderForQueue || resp.Code == wire.SystemError {
		return fmt.Sprintf("%d %s", resp.Code, resp.Remark)
	}
	return fmt.Sprintf("%d next %s min %s max %s delta %s bytes %v", resp.Code, resp.GetString("nextBeginOffset"),
		resp.GetString("minOffset"), resp.GetString("maxOffset"), resp.GetString("offsetDelta"), len(resp.Body) > 0)
}

// want compares answers.
func want(t *testing.T, what, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%s: %q, want %q", what, got, want)
	}
}

// moved is topic T: logic queue 0 began on a (queue 1) and went to b (queue 0); logic queue 1 is whole on a.
func moved() (onA, onB hosted) {
	queue0 := []protocol.LogicQueueMappingItem{piece(0, "a", 1, 0, 3), piece(1, "b", 0, 1000, -1)}
	return hosted{0: queue0, 1: {piece(0, "a", 2, 0, -1)}}, hosted{0: queue0}
}

func startMoved(t *testing.T) (f *fakeNames, a, b *rig) {
	t.Helper()
	f, a, b = staticRig(t)
	onA, onB := moved()
	want(t, "create on a", a.static(1, onA), "")
	want(t, "create on b", b.static(1, onB), "")
	for i := range 3 {
		want(t, "fill a", a.sendTo(1, "false", "old"), fmt.Sprintf("1@%d", i))
	}
	return f, a, b
}

const notLeader0 = "501 T-0 does not exit in request process of current broker a"

func TestStaticTopicAcrossBrokers(t *testing.T) {
	f, a, b := startMoved(t)
	if diff := cmp.Diff(map[int]int{1: 2}, f.info("T", "a").CurrIDMap); diff != "" {
		t.Errorf("registered by a: %s", diff)
	}
	want(t, "send to the leader", b.sendTo(0, "", "new"), "0@1000")
	want(t, "send without a queue", b.sendTo(-1, "", "new"), "0@1001")
	want(t, "send without a queue, a", a.sendTo(-1, "", "x"), "1@0")
	want(t, "send to the old leader", a.sendTo(0, "", "x"), notLeader0)
	want(t, "send to no queue", b.sendTo(7, "", "x"), "501 T-7 does not exit in request process of current broker b")
	want(t, "max", b.max(0), "1002")
	want(t, "max of the old leader", a.max(0), notLeader0)
	want(t, "min", b.min(0), "0")
	want(t, "min of the old leader", a.min(0), "501 T-0 is not leader in broker a, request code 31")
	want(t, "search for the oldest", b.search(0, 1), "0")
	want(t, "search behind everything", b.search(0, time.Now().Add(time.Hour).UnixMilli()), "1002")
	earliest := field(b, wire.ReqGetEarliestMsgStoretime, wire.GetEarliestStoretimeRequest,
		&wire.QueueRequestHeader{Topic: "T"}, "timestamp")
	want(t, "earliest", earliest, fmt.Sprint(a.b.store.EarliestStoreTime("T", 1)))
	want(t, "pull on another broker", b.pullFrom(0, 1, nil), "0 next 3 min 0 max 1000 delta 0 bytes true")
	want(t, "pull between the pieces", b.pullFrom(0, 3, nil), "20 next 1000 min 1000 max 1000 delta 1000 bytes false")
	want(t, "pull", b.pullFrom(0, 1001, nil), "0 next 1002 min 1000 max 1002 delta 1000 bytes true")
	want(t, "pull at the end", b.pullFrom(0, 1002, nil), "19 next 1002 min 1000 max 1002 delta 1000 bytes false")
	want(t, "pull from the old leader", a.pullFrom(0, 1, nil), "501 T-0 cannot find mapping item in request process of "+
		"current broker a")
	want(t, "pull of a whole queue", a.pullFrom(1, 0, nil), "0 next 1 min 0 max 1 delta 0 bytes true")
	a.stop()
	if got := b.pullFrom(0, 1, nil); !strings.HasPrefix(got, "1 org.apache.rocketmq.remoting.rpc.RpcException: ") {
		t.Errorf("pull of what nobody serves: %q", got)
	}
}

func TestStaticTopicCommits(t *testing.T) {
	_, a, b := startMoved(t)
	b.b.groups.Find("g")
	a.b.groups.Find("g")
	b.sendTo(0, "", "new")
	want(t, "nothing committed", b.committed(0), "22 Not found, maybe this group consumer boot first")
	b.commit("g", "T", 0, 2)
	if got := a.b.offsets.Query("g", "T", 1); got != 2 {
		t.Errorf("a has %d, want 2", got)
	}
	want(t, "in the old piece", b.committed(0), "2")
	b.commit("g", "T", 0, 1001)
	if got := b.b.offsets.Query("g", "T", 0); got != 1 {
		t.Errorf("b has %d, want 1", got)
	}
	want(t, "in the new piece", b.committed(0), "1001")
	want(t, "at the old leader", a.committed(0), notLeader0)
	a.sendTo(1, "", "x")
	want(t, "a whole queue, as an ordinary one", a.committed(1), "0")
	commit := func(h *wire.PullMessageRequestHeader) {
		h.SysFlag |= wire.PullFlagCommitOffset
		h.CommitOffset = 1000
	}
	b.pullFrom(0, 1000, commit)
	want(t, "committed by a pull", b.committed(0), "1000")
	b.pullFrom(0, 1, commit)
	if got := a.b.offsets.Query("g", "T", 1); got != 2 {
		t.Errorf("a pull elsewhere committed %d", got)
	}
}

func TestStaticTopicReset(t *testing.T) {
	_, _, b := startMoved(t)
	for range 3 {
		b.sendTo(0, "", "new")
	}
	b.b.offsets.AssignReset("g", "T", 0, 1)
	want(t, "reset", b.pullFrom(0, 1003, nil), "21 next 1001 min 1000 max 1003 delta 1000 bytes false")
	want(t, "after the reset", b.pullFrom(0, 1001, nil), "0 next 1003 min 1000 max 1003 delta 1000 bytes true")
}

// TestStaticTopicHeldPull: a held pull answers with offsets of the logic queue, and the old leader sends its clients
// away when the queue has moved.
func TestStaticTopicHeldPull(t *testing.T) {
	_, a, b := startMoved(t)
	hold := func(r *rig, queue int32, offset, ms int64) chan string {
		done := make(chan string, 1)
		go func() {
			done <- r.pullFrom(queue, offset, func(h *wire.PullMessageRequestHeader) {
				h.SysFlag |= wire.PullFlagSuspend
				h.SuspendTimeoutMillis = ms
			})
		}()
		for r.b.holds.Count() == 0 {
			time.Sleep(time.Millisecond)
		}
		return done
	}
	woken := hold(b, 0, 1000, 10_000)
	b.sendTo(0, "", "new")
	want(t, "woken", <-woken, "0 next 1001 min 1000 max 1001 delta 1000 bytes true")
	want(t, "timed out", <-hold(b, 0, 1001, 300), "19 next 1001 min 1000 max 1001 delta 1000 bytes false")
	left := hold(a, 1, 0, 500)
	onA, _ := moved()
	onA[1] = []protocol.LogicQueueMappingItem{piece(0, "a", 2, 0, 0), piece(1, "b", 3, 1000, -1)}
	want(t, "move", a.static(2, onA), "")
	want(t, "moved away", <-left, "501 T-1 cannot find mapping item in request process of current broker a")
}

func TestStaticTopicStays(t *testing.T) {
	f, a, _ := startMoved(t)
	a.stop()
	cfg := testConfig(t, a.dir)
	cfg.BrokerName, cfg.NamesrvAddr = "a", f.addr
	again := startRig(t, cfg)
	want(t, "after a restart", again.max(0), notLeader0)
	onA, _ := moved()
	want(t, "an older mapping", again.static(0, onA), "1 Can't accept data with small epoch 0 < 1")
	want(t, "equal again", again.static(1, onA), "")
	config := func(lo string) (d *protocol.TopicQueueMappingDetail) {
		var out struct {
			MappingDetail *protocol.TopicQueueMappingDetail `json:"mappingDetail"`
		}
		if e := ask(again, wire.ReqGetTopicConfig, wire.MustTopicRequest, &wire.TopicHeader{Topic: "T", Lo: lo}, "",
			&out); e != "" {
			t.Fatal(e)
		}
		return out.MappingDetail
	}
	if d := config("true"); d == nil || len(d.HostedQueues) != 2 || config("") != nil || config("false") != nil {
		t.Errorf("mapping in the configuration: %+v", d)
	}
	var all protocol.TopicConfigAndMappingSerializeWrapper
	if e := ask(again, wire.ReqGetAllTopicConfig, wire.HeartbeatRequest, new(wire.HeartbeatRequestHeader), "",
		&all); e != "" || len(all.TopicQueueMappingDetailMap) != 1 {
		t.Errorf("all topics: %s %v", e, all.TopicQueueMappingDetailMap)
	}
	if e := ask(again, wire.ReqDeleteTopicInBroker, wire.TopicRequest, &wire.TopicHeader{Topic: "T"}, "", nil); e != "" {
		t.Fatal(e)
	}
	if again.b.mappings.Any() {
		t.Error("a deleted topic leaves its mapping")
	}
}

func TestStaticTopicRefuses(t *testing.T) {
	_, a, b := staticRig(t)
	head := wire.CreateTopicRequestHeader{Topic: "T", ReadQueueNums: 4, WriteQueueNums: 4, Perm: 6,
		TopicFilterType: protocol.SingleTag}
	send := func(change func(*wire.CreateTopicRequestHeader), text string) string {
		h := head
		change(&h)
		return ask(a, wire.ReqUpdateAndCreateStaticTopic, wire.CreateTopicRequest, &h, text, nil)
	}
	same := func(*wire.CreateTopicRequestHeader) {}
	for _, c := range []struct{ got, want string }{
		{send(same, `{"topic":"T","bname":"b"}`), `1 the mapping is for topic "T" on broker "b", not for T on a`},
		{send(same, `{"topic":"U","bname":"a"}`), `1 the mapping is for topic "U" on broker "a", not for T on a`},
		{send(func(h *wire.CreateTopicRequestHeader) { h.Topic = "a b" }, `{}`)[:3], "29 "},
		{send(func(h *wire.CreateTopicRequestHeader) { h.TopicFilterType = "" }, `{}`),
			"1 org.apache.rocketmq.remoting.exception.RemotingCommandException: topicFilterType = [null] value invalid"},
		{send(same, `[`)[:2], "1 "},
		{send(same, `{"topic":"T","bname":"a","hostedQueues":{0:[{}]}}`), "1 The item has no broker name"},
	} {
		want(t, "refused", c.got, c.want)
	}
	if a.b.topics.Get("T") != nil || a.b.mappings.Any() {
		t.Error("a refused mapping changed something")
	}
	want(t, "no body", send(same, ""), "")
	if a.b.topics.Get("T") == nil || a.b.mappings.Any() {
		t.Error("a request without a body makes an ordinary topic")
	}
	want(t, "no place", b.static(1, hosted{0: {piece(0, "b", 0, -1, -1)}}), "")
	want(t, "max of no place", b.max(0), "1 "+static.ErrNoItem.Error())
	want(t, "min of no place", b.min(0), "1 "+static.ErrNoItem.Error())
	want(t, "pull of no place", b.pullFrom(0, 0, nil), "1 "+static.ErrNoItem.Error())
	want(t, "send to no place", b.sendTo(0, "", "x"), "0@-1")
}

func TestStaticTopicTooManyForwards(t *testing.T) {
	_, _, b := startMoved(t)
	for range maxForwards {
		b.b.forwards.slots <- struct{}{}
	}
	want(t, "max", b.max(0), "2 [OVERLOAD]system busy, too many requests wait for other brokers")
	for range maxForwards {
		<-b.b.forwards.slots
	}
	want(t, "max", b.max(0), "1000")
}

// TestStaticTopicClean: pieces without messages go, and so do queues that have moved on from where they went.
func TestStaticTopicClean(t *testing.T) {
	_, a, b := staticRig(t)
	pieces := func(leader string) []protocol.LogicQueueMappingItem {
		return []protocol.LogicQueueMappingItem{piece(0, "b", 2, 0, 4), piece(1, leader, 3, 1000, -1)}
	}
	empty := []protocol.LogicQueueMappingItem{piece(0, "a", 1, 0, 3), piece(1, "b", 0, 1000, -1)}
	full := []protocol.LogicQueueMappingItem{piece(0, "a", 0, 0, 3), piece(1, "b", 1, 1000, -1)}
	want(t, "a", a.static(1, hosted{0: empty, 1: full, 2: append(pieces("c"), piece(2, "a", 2, 2000, -1))}), "")
	want(t, "b", b.static(1, hosted{0: empty, 1: full, 2: pieces("c")}), "")
	a.sendTo(0, "false", "x")
	b.b.mappings.Clean(nil)
	got := b.b.mappings.Of("T", "")
	if diff := cmp.Diff(map[int][]protocol.LogicQueueMappingItem{0: empty[1:], 1: full}, got.HostedQueues); diff != "" {
		t.Error(diff)
	}
	want(t, "min", b.min(0), "1000")
	b.b.mappings.Clean(nil)
	if b.b.mappings.Of("T", "") != got {
		t.Error("a clean mapping was changed")
	}
	if b.b.mappings.Prune(&protocol.TopicQueueMappingDetail{TopicQueueMappingInfo: protocol.TopicQueueMappingInfo{Topic: "T"}}, nil, []int{0}) {
		t.Error("a mapping that has changed meanwhile was pruned")
	}
}
