package static

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"gorocket/broker/cluster"
	"gorocket/compat"
	"gorocket/remoting"
	"gorocket/remoting/protocol"
	"gorocket/remoting/remotingtest"
	"gorocket/remoting/throttle"
	"gorocket/remoting/wire"
)

// elsewhere is broker b, with queues that end at two offsets and a mapping of its own.
type elsewhere struct {
	low, high atomic.Int64
	code      atomic.Int32 // of the answers
	mapping   atomic.Pointer[string]
	asked     atomic.Int64
}

func (b *elsewhere) offset(at *atomic.Int64) func(ctx *remoting.Context) {
	return func(ctx *remoting.Context) {
		if b.asked.Add(1); b.code.Load() != wire.Success {
			ctx.Status(b.code.Load(), "no")
			return
		}
		remoting.Respond(&ctx.Replier, wire.Success, "", wire.OffsetResponse, &wire.OffsetResponseHeader{Offset: at.Load()},
			remoting.Body{})
	}
}

func (b *elsewhere) config(ctx *remoting.Context) {
	if b.asked.Add(1); b.code.Load() != wire.Success || ctx.Req.GetString("lo") != "true" || ctx.Req.GetString("topic") != "T" {
		ctx.Status(wire.SystemError, "no")
		return
	}
	ctx.OK([]byte(*b.mapping.Load()))
}

// cleaning is a service of broker a that finds broker b, and the route of its topic.
func cleaning(t *testing.T, b *elsewhere, route *protocol.TopicRouteData) *Service {
	t.Helper()
	addr := remotingtest.Serve(t, remoting.Entry{Code: wire.ReqGetMinOffset, Handle: b.offset(&b.low)},
		remoting.Entry{Code: wire.ReqGetMaxOffset, Handle: b.offset(&b.high)},
		remoting.Entry{Code: wire.ReqGetTopicConfig, Handle: b.config})
	names := remotingtest.Serve(t, remoting.Entry{Code: wire.ReqGetBrokerClusterInfo, Handle: func(ctx *remoting.Context) {
		ctx.OK(fmt.Appendf(nil, `{"brokerAddrTable":{"b":{"brokerAddrs":{0:%q}}}}`, addr))
	}})
	throttled := throttle.New(zerolog.Nop(), 1, time.Second)
	registrar := cluster.NewRegistrar(cluster.Deps{Client: remotingtest.Client(t), Throttled: throttled,
		Self: func() *cluster.Self { return &cluster.Self{ForwardTimeout: 10 * time.Second} }}, []string{names})
	peers := cluster.NewPeers(registrar)
	return NewService(Deps{Peers: func() *cluster.Peers { return peers }, Log: zerolog.Nop(), Throttled: throttled,
		Route: func(context.Context, string) *protocol.TopicRouteData { return route }})
}

// TestExpiredPieces: the oldest piece of a queue goes when it holds no message any more, unless it is the only one, or the
// next one has no place yet, or another broker leads, or the broker that has it does not answer.
func TestExpiredPieces(t *testing.T) {
	b := &elsewhere{}
	v := cleaning(t, b, nil)
	undecided := piece(1, "a", 3, -1, -1)
	d := detail(map[int][]protocol.LogicQueueMappingItem{
		0: {piece(0, "b", 1, 0, 40), piece(1, "a", 3, 1000, -1)},
		1: {piece(0, "b", 1, 0, 40)},
		2: {piece(0, "b", 1, 0, 40), undecided},
		3: {piece(0, "b", 1, 0, 40), piece(1, "b", 3, 1000, -1)},
		4: {piece(0, "b", 1, 0, 40), undecided, piece(2, "a", 3, 1000, -1)},
	})
	for _, c := range []struct {
		low, high int64
		code      int32
		want      []int
	}{{10, 40, 0, nil}, {40, 40, 0, []int{0}}, {0, 0, 0, []int{0}}, {-1, 0, 0, []int{0}}, {5, 0, 0, []int{0}}, {39, 40, 0, nil},
		{-1, 1, 0, nil}, {40, 40, wire.SystemError, nil}} {
		b.low.Store(c.low)
		b.high.Store(c.high)
		b.code.Store(c.code)
		if got := v.expiredItems(d, nil); !slices.Equal(got, c.want) {
			t.Errorf("%+v: %v", c, got)
		}
	}
	b.code.Store(0)
	b.asked.Store(0)
	stop := make(chan struct{})
	if close(stop); v.expiredItems(d, stop) != nil || b.asked.Load() != 0 {
		t.Error("the end is waited for")
	}
}

// TestLeaderByRoute: of several brokers that say that they lead a queue the newest counts.
func TestLeaderByRoute(t *testing.T) {
	info := func(epoch int64, queues ...int) *protocol.TopicQueueMappingInfo {
		i := &protocol.TopicQueueMappingInfo{Epoch: epoch, CurrIDMap: map[int]int{}}
		for _, q := range queues {
			i.CurrIDMap[q] = 7
		}
		return i
	}
	route := &protocol.TopicRouteData{TopicQueueMappingByBroker: map[string]*protocol.TopicQueueMappingInfo{"a": info(1, 0, 1),
		"b": info(2, 1, 2), "c": info(3, 3), "d": nil, "e": info(0, 0, 1, 2, 3, 4), "f": info(-5, 5)}}
	for range 20 { // in whatever order they come
		for id, want := range []string{"a", "b", "b", "c", "e", "", ""} {
			if got := leaderByRoute(route, id); got != want {
				t.Fatalf("queue %d: %q, want %q", id, got, want)
			}
		}
	}
}

// TestMovedQueues: a queue goes that the broker that led it next has given on, as the NameServers and the broker that
// leads it now say, with the same mapping.
func TestMovedQueues(t *testing.T) {
	there := `{"mappingDetail":{"topic":"T","bname":"b","totalQueues":2,"epoch":5,"hostedQueues":{"0":[{"gen":0,"queueId":1,` +
		`"bname":"b","logicOffset":0,"startOffset":0,"endOffset":-1}],"1":[{"gen":0,"queueId":1,"bname":"c","logicOffset":0,` +
		`"startOffset":0,"endOffset":-1}]}}}`
	leads := func(broker string) *protocol.TopicRouteData {
		return &protocol.TopicRouteData{TopicQueueMappingByBroker: map[string]*protocol.TopicQueueMappingInfo{
			broker: {Epoch: 5, CurrIDMap: map[int]int{0: 1, 1: 1}}}}
	}
	for name, c := range map[string]struct {
		route *protocol.TopicRouteData
		told  string
		code  int32
		want  []int
		asked int64
	}{
		"moved":            {leads("b"), there, 0, []int{0}, 1},
		"not moved":        {leads("x"), there, 0, nil, 0},
		"unknown":          {nil, there, 0, nil, 0},
		"nobody leads":     {&protocol.TopicRouteData{}, there, 0, nil, 0},
		"another epoch":    {leads("b"), strings.Replace(there, `"epoch":5`, `"epoch":6`, 1), 0, nil, 1},
		"more queues":      {leads("b"), strings.Replace(there, `"totalQueues":2`, `"totalQueues":3`, 1), 0, nil, 1},
		"of another":       {leads("b"), strings.Replace(there, `"bname":"b"`, `"bname":"z"`, 1), 0, nil, 1},
		"no mapping there": {leads("b"), "{}", 0, nil, 1},
		"no JSON":          {leads("b"), "{", 0, nil, 1},
		"refused":          {leads("b"), there, wire.SystemError, nil, 1},
	} {
		b := &elsewhere{}
		b.mapping.Store(&c.told)
		b.code.Store(c.code)
		v := cleaning(t, b, c.route)
		d := detail(map[int][]protocol.LogicQueueMappingItem{0: {piece(0, "a", 1, 0, 5), piece(1, "x", 2, 100, -1)},
			1: {piece(0, "a", 1, 0, 5), piece(1, "x", 2, 100, -1)}})
		d.Epoch = 5
		if got := v.movedQueues(d, nil); !slices.Equal(got, c.want) || b.asked.Load() != c.asked {
			t.Errorf("%s: %v, asked %d times", name, got, b.asked.Load())
		}
		stop := make(chan struct{})
		close(stop)
		b.asked.Store(0)
		if v.movedQueues(d, stop) != nil || b.asked.Load() != 0 {
			t.Errorf("%s: the end is waited for", name)
		}
		own := detail(map[int][]protocol.LogicQueueMappingItem{0: {piece(0, "a", 1, 0, -1)}})
		if v.movedQueues(own, nil) != nil {
			t.Errorf("%s: a queue that this broker leads", name)
		}
	}
}

// TestMappingsChange: what changes is counted and marked, and lookups see it; what does not is not.
func TestMappingsChange(t *testing.T) {
	v := NewService(Deps{})
	changes := 0
	v.Mappings.Changed = func() { changes++ }
	d := detail(map[int][]protocol.LogicQueueMappingItem{0: {piece(0, "a", 1, 0, 5), piece(1, "a", 2, 1000, -1)},
		1: {piece(0, "a", 3, 0, -1)}})
	d.Epoch = 5
	version := v.CurrentVersion()
	if err := v.Update(d, false); err != nil || changes != 1 || v.CurrentVersion().Counter != version.Counter+1 || !v.Any() {
		t.Fatalf("%v, %d changes", err, changes)
	}
	for lo, want := range map[string]bool{"": true, "true": true, "TRUE": true, "false": false, "x": false} {
		if (v.Of("T", lo) != nil) != want {
			t.Errorf("lo=%q: %v", lo, !want)
		}
	}
	if v.Of("U", "") != nil {
		t.Error("another topic is static")
	}
	changes = 0
	now := v.Of("T", "")
	if other := *now; v.Prune(&other, []int{0}, nil) || changes != 0 || v.Of("T", "") != now {
		t.Error("a mapping that is another one by now was pruned")
	}
	if !v.Prune(now, []int{0}, []int{1}) || changes != 1 || len(now.HostedQueues[0]) != 2 {
		t.Errorf("%d changes, the old one is %+v", changes, now)
	}
	left := v.Of("T", "")
	if len(left.HostedQueues) != 1 || len(left.HostedQueues[0]) != 1 || left.HostedQueues[0][0].Gen != 1 {
		t.Errorf("left: %+v", left.HostedQueues)
	}
	if v.Remove("U"); changes != 1 {
		t.Error("nothing was removed, and counts")
	}
	if v.Remove("T"); changes != 2 || v.Any() || v.Of("T", "") != nil {
		t.Errorf("%d changes", changes)
	}
	_, all := v.Snapshot()
	if all == nil || len(all) != 0 {
		t.Errorf("%v", all)
	}
}

// TestFollowMappings: a slave takes what its master has, but for what would be no mapping here, which it names.
func TestFollowMappings(t *testing.T) {
	v := NewService(Deps{})
	changes := 0
	v.Mappings.Changed = func() { changes++ }
	good, other, bad := detail(map[int][]protocol.LogicQueueMappingItem{0: {piece(0, "a", 1, 0, -1)}}), detail(nil), detail(nil)
	other.Topic = "Other"
	bad.Topic, bad.HostedQueues = "Bad", map[int][]protocol.LogicQueueMappingItem{0: {piece(-1, "a", 1, 0, -1)}}
	version := compat.DataVersion{Counter: 9}
	odd := v.Follow(version, map[string]*protocol.TopicQueueMappingDetail{"T": good, "X": other, "N": nil, "Bad": bad})
	slices.Sort(odd)
	if !slices.Equal(odd, []string{"Bad", "X"}) {
		t.Errorf("odd: %v", odd)
	}
	if v.Of("T", "") != good || v.Of("X", "") != nil || v.CurrentVersion() != version || changes != 1 {
		t.Errorf("%v, version %+v, %d changes", v.Current(), v.CurrentVersion(), changes)
	}
	if _, has := v.Current()["N"]; has {
		t.Error("a mapping that is none")
	}
	infos := v.Infos(map[string]*protocol.TopicConfig{"T": {}, "Y": {}})
	if len(infos) != 1 || infos["T"] == nil {
		t.Errorf("told: %v", infos)
	}
	if infos := v.Infos(map[string]*protocol.TopicConfig{"Y": {}}); len(infos) != 0 {
		t.Errorf("told: %v", infos)
	}
}
