package static

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"gorocket/broker/cluster"
	"gorocket/broker/meta"
	"gorocket/compat/testutil"
	"gorocket/remoting"
	"gorocket/remoting/protocol"
	"gorocket/remoting/remotingtest"
	"gorocket/remoting/throttle"
	"gorocket/remoting/wire"
)

func TestMain(m *testing.M) { testutil.Main(m) }

// otherBroker is broker b: it answers every question about offsets in the same way, and notes what it was asked.
type otherBroker struct {
	code   int32
	offset int64

	mu    sync.Mutex
	asked []string // guarded by mu
}

func (b *otherBroker) entry(code int32, fields ...string) remoting.Entry {
	return remoting.Entry{Code: code, Mode: remoting.Pooled, Handle: func(ctx *remoting.Context) {
		text := fmt.Sprint(code)
		for _, f := range fields {
			text += " " + f + "=" + ctx.Req.GetString(f)
		}
		b.mu.Lock()
		defer b.mu.Unlock()
		b.asked = append(b.asked, text)
		switch {
		case b.code != wire.Success:
			ctx.Status(b.code, "no")
		case code == wire.ReqGetEarliestMsgStoretime:
			remoting.Respond(&ctx.Replier, wire.Success, "", wire.TimestampResponse,
				&wire.TimestampResponseHeader{Timestamp: b.offset}, remoting.Body{})
		default:
			remoting.Respond(&ctx.Replier, wire.Success, "", wire.OffsetResponse,
				&wire.OffsetResponseHeader{Offset: b.offset}, remoting.Body{})
		}
	}}
}

func (b *otherBroker) note(asked string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.asked = append(b.asked, asked)
}

// took is what was asked since the last call.
func (b *otherBroker) took() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	asked := b.asked
	b.asked = nil
	return asked
}

// beside is a service of broker a in a cluster with broker b.
func beside(t *testing.T, b *otherBroker) *Service {
	t.Helper()
	piece := []string{"topic", "queueId", "lo"}
	addr := remotingtest.Serve(t, b.entry(wire.ReqGetMaxOffset, append(piece, "committed")...),
		b.entry(wire.ReqGetMinOffset, piece...), b.entry(wire.ReqGetEarliestMsgStoretime, piece...),
		b.entry(wire.ReqSearchOffsetByTimestamp, append(piece, "timestamp", "boundaryType")...),
		b.entry(wire.ReqQueryConsumerOffset, append(piece, "consumerGroup")...))
	names := remotingtest.Serve(t, remoting.Entry{Code: wire.ReqGetBrokerClusterInfo, Mode: remoting.Pooled,
		Handle: func(ctx *remoting.Context) {
			ctx.OK([]byte(`{"brokerAddrTable":{"b":{"brokerName":"b","brokerAddrs":{0:"` + addr +
				`",1:"127.0.0.1:1"}}}}`))
		}})
	throttled := throttle.New(zerolog.Nop(), 1, time.Second)
	registrar := cluster.NewRegistrar(cluster.Deps{Client: remotingtest.Client(t), Log: zerolog.Nop(),
		Throttled: throttled, Self: func() *cluster.Self { return &cluster.Self{ForwardTimeout: 10 * time.Second} }},
		[]string{names})
	peers := cluster.NewPeers(registrar)
	return NewService(Deps{Peers: func() *cluster.Peers { return peers }, Offsets: meta.NewOffsets(),
		PhysicalMin: func(string, int32) int64 { return 12 }, Log: zerolog.Nop(), Throttled: throttled})
}

// pieces are those of a queue that begins on b, with offsets 10 to 39 of its queue 7, and goes on here, where it has no
// place yet if decided is false.
func pieces(decided bool) Queue {
	first, second := piece(0, "b", 7, 0, 40), piece(1, "a", 3, 30, -1)
	if first.StartOffset = 10; !decided {
		second.LogicOffset = -1
	}
	return QueueOf(detail(map[int][]protocol.LogicQueueMappingItem{0: {first, second}}), 0)
}

// TestOffsetsElsewhere: offsets of a piece on another broker are asked for there, of the physical queue, and turned
// into those of the logic queue.
func TestOffsetsElsewhere(t *testing.T) {
	b := &otherBroker{}
	v := beside(t, b)
	search := &wire.SearchOffsetRequestHeader{Timestamp: 777, BoundaryType: "upper"}
	for name, c := range map[string]struct {
		find  func() (int64, error)
		asked string
		// what b says and what that is here
		offsets [][2]int64
	}{
		"max": {func() (int64, error) { return v.Max(pieces(false)) }, "30 topic=T queueId=7 lo=false committed=true",
			[][2]int64{{10, 0}, {15, 5}, {40, 30}, {3, 0}}},
		"min": {func() (int64, error) { return v.Min(pieces(true)) }, "31 topic=T queueId=7 lo=false",
			[][2]int64{{10, 0}, {15, 5}, {3, 0}, {99, 30}}},
		"end of a piece": {func() (int64, error) {
			q := pieces(true)
			_, high, err := v.pieceEnds(&q, &q.Items[0])
			if asked := b.took(); err == nil && asked[0] == "31 topic=T queueId=7 lo=false" {
				b.note(asked[1])
			}
			return high, err
		}, "30 topic=T queueId=7 lo=false committed=true", [][2]int64{{10, 10}, {0, 0}}},
		"search": {func() (int64, error) { return v.Search(pieces(false), search) },
			"29 topic=T queueId=7 lo=false timestamp=777 boundaryType=upper", [][2]int64{{10, 0}, {39, 29}, {40, 30}, {-1, -1}}},
		"earliest": {func() (int64, error) { return v.earliestOf(pieces(true)) }, "32 topic=T queueId=7 lo=false",
			[][2]int64{{1234, 1234}}},
		"committed": {func() (int64, error) { q := pieces(true); return v.committedIn(&q, "g") },
			"14 topic=T queueId=7 lo=false consumerGroup=g", [][2]int64{{10, 0}, {15, 5}, {-1, -1}}},
	} {
		for _, o := range c.offsets {
			b.code, b.offset = wire.Success, o[0]
			if got, err := c.find(); err != nil || got != o[1] || !slices.Equal(b.took(), []string{c.asked}) {
				t.Errorf("%s: %d there is %d here, %v, want %d", name, o[0], got, err, o[1])
			}
		}
		b.code = wire.SystemError
		if got, err := c.find(); err == nil || got > 0 || !errors.Is(err, cluster.ErrRemote) {
			t.Errorf("%s, refused there: %d, %v", name, got, err)
		}
		b.took()
	}
	b.code = wire.QueryNotFound
	q := pieces(true)
	if got, err := v.committedIn(&q, "g"); err != nil || got != -1 {
		t.Errorf("nobody has committed: %d, %v", got, err)
	}
	b.took()
	_ = v.d.Offsets.Commit("g", "T", 3, 4)
	if got, err := v.committedIn(&q, "g"); err != nil || got != 34 || len(b.took()) != 0 { // the newest piece counts
		t.Errorf("committed here: %d, %v", got, err)
	}
}

// TestOffsetsHere: of a piece on this broker, and of none.
func TestOffsetsHere(t *testing.T) {
	v := beside(t, &otherBroker{})
	here := piece(0, "a", 3, 100, -1)
	here.StartOffset = 5
	q := QueueOf(detail(map[int][]protocol.LogicQueueMappingItem{0: {here}}), 0)
	if got, err := v.Min(q); err != nil || got != 107 {
		t.Errorf("%d, %v", got, err)
	}
	here.LogicOffset = -1
	none := QueueOf(detail(map[int][]protocol.LogicQueueMappingItem{0: {here}}), 0)
	for name, find := range map[string]func() (int64, error){"max": func() (int64, error) { return v.Max(none) },
		"min":      func() (int64, error) { return v.Min(none) },
		"earliest": func() (int64, error) { return v.earliestOf(none) }} {
		if got, err := find(); !errors.Is(err, ErrNoItem) || got != 0 {
			t.Errorf("%s of a queue without a place: %d, %v", name, got, err)
		}
	}
	elsewhere := QueueOf(detail(map[int][]protocol.LogicQueueMappingItem{0: {piece(0, "c", 1, 0, -1)}}), 0)
	if _, err := v.Max(elsewhere); err == nil || !strings.Contains(err.Error(), "cannot find addr for broker c") {
		t.Errorf("a broker that nobody knows: %v", err)
	}
}
