package cluster

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"gorocket/remoting"
	"gorocket/remoting/protocol"
	"gorocket/remoting/remotingtest"
	"gorocket/remoting/throttle"
	"gorocket/remoting/wire"
	"gorocket/store/record"
)

// registrarOf is a registrar of broker b of cluster c that asks these NameServers; it registers nowhere.
func registrarOf(t *testing.T, addrs ...string) *Registrar {
	t.Helper()
	self := &Self{Identity: wire.BrokerIdentityHeader{ClusterName: "c", BrokerName: "b"}, ForwardTimeout: 10 * time.Second}
	return NewRegistrar(Deps{Client: remotingtest.Client(t), Log: zerolog.Nop(), Self: func() *Self { return self },
		Throttled: throttle.New(zerolog.Nop(), 1, time.Second)}, addrs)
}

// answering is a peer that answers requests of a code as told, and counts them.
func answering(t *testing.T, code int32, asked *atomic.Int32, answer func() said) string {
	t.Helper()
	return remotingtest.Serve(t, remoting.Entry{Code: code, Mode: remoting.Pooled, Handle: func(ctx *remoting.Context) {
		asked.Add(1)
		answerSaid(ctx, answer())
	}})
}

// TestPeersRemember: masters are asked for once in peerLife, sooner for a name that is unknown or when one is not there.
func TestPeersRemember(t *testing.T) {
	var asked, none atomic.Int32
	table := `{"brokerAddrTable":{"a":{"brokerAddrs":{0:"m:1",1:"s:1"},"cluster":"c"},"n":null,"s":{"brokerAddrs":{1:"s:2"}}}}`
	refuses := answering(t, wire.ReqGetBrokerClusterInfo, &none, func() said { return said{code: wire.SystemError} })
	addr := answering(t, wire.ReqGetBrokerClusterInfo, &asked, func() said { return said{body: table} })
	p := NewPeers(registrarOf(t, refuses, addr))
	find := func(name, want string, questions int32) {
		t.Helper()
		asked.Store(0)
		got, err := p.masterOf(t.Context(), name)
		if got != want || (err == nil) != (want != "") || asked.Load() != questions {
			t.Errorf("%s: %q, %v, asked %d times", name, got, err, asked.Load())
		}
	}
	find("a", "m:1", 1)
	find("a", "m:1", 0)
	find("unknown", "", 1)
	find("s", "", 1)
	find("n", "", 1)
	p.asked = time.Now().Add(-peerLife + time.Minute/60)
	find("a", "m:1", 0)
	p.asked = time.Now().Add(-peerLife - time.Millisecond)
	find("a", "m:1", 1)
	p.forget()
	find("a", "m:1", 1)
	if none.Load() == 0 {
		t.Error("the first NameServer was not asked")
	}
	for key, want := range map[[2]string][]string{{"c", "a"}: {"s:1"}, {"other", "a"}: nil, {"c", "unknown"}: nil,
		{"c", "n"}: nil, {"", "s"}: {"s:2"}} {
		if got := p.Slaves(t.Context(), key[0], key[1]); !slices.Equal(got, want) {
			t.Errorf("slaves of %v: %v", key, got)
		}
	}
	lone := NewPeers(registrarOf(t, refuses))
	lone.addrs, lone.asked = map[string]string{"a": "old:1"}, time.Time{}
	if got, err := lone.masterOf(t.Context(), "a"); got != "old:1" || err != nil {
		t.Errorf("no answer: %q, %v", got, err) // what was known counts
	}
	if got := lone.Slaves(t.Context(), "c", "a"); got != nil {
		t.Errorf("no answer: slaves %v", got)
	}
}

// TestAskPeer: a question goes to the master; one that is not there is looked up anew, and an answer that is none is an
// error.
func TestAskPeer(t *testing.T) {
	var code atomic.Int32
	peer := remotingtest.Serve(t, remoting.Entry{Code: wire.ReqGetMaxOffset, Mode: remoting.Pooled,
		Handle: func(ctx *remoting.Context) {
			if c := code.Load(); c != wire.Success {
				ctx.Status(c, "no")
				return
			}
			remoting.Respond(&ctx.Replier, wire.Success, "", wire.OffsetResponse, &wire.OffsetResponseHeader{Offset: 42},
				remoting.Body{})
		}})
	p := NewPeers(registrarOf(t))
	p.addrs, p.asked = map[string]string{"a": peer, "gone": nowhere}, time.Now()
	ask := func(name string) (int64, error) {
		return AskOffset(p, name, wire.ReqGetMaxOffset, wire.GetMaxOffsetRequest, &wire.GetMaxOffsetRequestHeader{})
	}
	if got, err := ask("a"); got != 42 || err != nil {
		t.Errorf("%d, %v", got, err)
	}
	if _, err := ask("unknown"); err == nil || err.Error() != "cannot find addr for broker unknown" {
		t.Errorf("unknown: %v", err)
	}
	code.Store(wire.SystemError)
	if got, err := ask("a"); got != 0 || !errors.Is(err, ErrRemote) || p.asked.IsZero() {
		t.Errorf("refused: %d, %v, asked %v", got, err, p.asked)
	}
	if _, err := ask("gone"); err == nil || !p.asked.IsZero() {
		t.Errorf("gone: %v, asked %v", err, p.asked)
	}
}

// TestMembersOfSeveral: the first NameServer that knows any member counts; one that knows none is better than none that
// answers.
func TestMembersOfSeveral(t *testing.T) {
	var asked atomic.Int32
	group := func(code int32, body string) string {
		return answering(t, wire.ReqGetBrokerMemberGroup, &asked, func() said { return said{code, body} })
	}
	refuses, empty := group(wire.SystemError, ""), group(0, `{"brokerMemberGroup":{"brokerAddrs":{}}}`)
	broken := group(0, "{")
	one := group(0, `{"brokerMemberGroup":{"brokerAddrs":{1:"s:1"}}}`)
	two := group(0, `{"brokerMemberGroup":{"brokerAddrs":{2:"s:2"}}}`)
	for name, c := range map[string]struct {
		addrs []string
		want  map[int64]string // nil: an error
		asked int32
	}{
		"none":              {nil, nil, 0},
		"refused":           {[]string{refuses}, nil, 1},
		"broken":            {[]string{broken}, nil, 1},
		"empty":             {[]string{empty}, map[int64]string{}, 1},
		"refused and empty": {[]string{refuses, empty}, map[int64]string{}, 2},
		"empty and refused": {[]string{empty, refuses}, map[int64]string{}, 2},
		"the first":         {[]string{one, two}, map[int64]string{1: "s:1"}, 1},
		"empty and one":     {[]string{empty, two}, map[int64]string{2: "s:2"}, 2},
	} {
		asked.Store(0)
		got, err := registrarOf(t, c.addrs...).Members(t.Context())
		if (err != nil) != (c.want == nil) || (got == nil) != (c.want == nil) || !maps.Equal(got, c.want) || asked.Load() != c.asked {
			t.Errorf("%s: %v, %v, asked %d", name, got, err, asked.Load())
		}
		if name == "none" && !errors.Is(err, errNoNameServer) {
			t.Errorf("none: %v", err)
		}
	}
}

// TestMembersByRoute: a NameServer of 4.x is asked for the route of a topic that only brokers of this name have.
func TestMembersByRoute(t *testing.T) {
	var topic atomic.Value
	for name, c := range map[string]struct {
		group int32
		route said
		want  map[int64]string // nil: an error
	}{
		"ours": {wire.RequestCodeNotSupported, said{body: `{"brokerDatas":[{"brokerName":"x","cluster":"c","brokerAddrs":{0:"x:1"}},` +
			`{"brokerName":"b","cluster":"other","brokerAddrs":{0:"y:1"}},{"brokerName":"b","cluster":"c","brokerAddrs":{0:"m:1"}}]}`},
			map[int64]string{0: "m:1"}},
		"of others":    {wire.RequestCodeNotSupported, said{body: `{"brokerDatas":[{"brokerName":"x","cluster":"c","brokerAddrs":{0:"x:1"}}]}`}, map[int64]string{}},
		"unknown":      {wire.RequestCodeNotSupported, said{code: wire.TopicNotExist}, map[int64]string{}},
		"refused":      {wire.RequestCodeNotSupported, said{code: wire.SystemError}, nil},
		"broken":       {wire.RequestCodeNotSupported, said{body: "{"}, nil},
		"another code": {wire.SystemError, said{body: `{"brokerDatas":[{"brokerName":"b","cluster":"c","brokerAddrs":{0:"m:1"}}]}`}, nil},
	} {
		addr := remotingtest.Serve(t,
			remoting.Entry{Code: wire.ReqGetBrokerMemberGroup, Handle: func(ctx *remoting.Context) { ctx.Status(c.group, "no") }},
			remoting.Entry{Code: wire.ReqGetRouteinfoByTopic, Handle: func(ctx *remoting.Context) {
				topic.Store(strings.Clone(ctx.Req.GetString("topic")))
				answerSaid(ctx, c.route)
			}})
		got, err := registrarOf(t, addr).Members(t.Context())
		if (err != nil) != (c.want == nil) || !maps.Equal(got, c.want) {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
	if got := topic.Load(); got != "rmq_sys_SYNC_BROKER_MEMBER_b" {
		t.Errorf("asked for %v", got)
	}
}

// TestAskRoute: the first NameServer that has a route counts.
func TestAskRoute(t *testing.T) {
	var asked atomic.Int32
	route := func(code int32, body string) string {
		return answering(t, wire.ReqGetRouteinfoByTopic, &asked, func() said { return said{code, body} })
	}
	unknown, broken := route(wire.TopicNotExist, ""), route(0, "{")
	has := route(0, `{"queueDatas":[{"brokerName":"a","perm":4,"readQueueNums":2},{"brokerName":"w","perm":2,"readQueueNums":9},{"brokerName":"z","perm":6,"readQueueNums":1}]}`)
	r := registrarOf(t, unknown, broken, has, has)
	want := []protocol.MessageQueue{{BrokerName: "a", QueueID: 0, Topic: "T"}, {BrokerName: "a", QueueID: 1, Topic: "T"},
		{BrokerName: "z", QueueID: 0, Topic: "T"}}
	if got := r.Queues(t.Context(), "T"); !slices.Equal(got, want) || asked.Load() != 3 {
		t.Errorf("%v, asked %d", got, asked.Load())
	}
	if got := registrarOf(t, unknown, broken).Queues(t.Context(), "T"); got != nil {
		t.Errorf("none has it: %v", got)
	}
}

// TestRoutesKeep: what is kept is counted, also of a topic whose queues have changed; more than may be kept makes it
// forget, and nobody is asked anew for what is fresh.
func TestRoutesKeep(t *testing.T) {
	var wg sync.WaitGroup
	n, asked := 0, 0
	c := NewRoutes(func(context.Context, string) []protocol.MessageQueue {
		asked++
		return make([]protocol.MessageQueue, n)
	}, wg.Go, nil)
	for i, step := range []struct {
		topic           string
		n               int
		old             bool // what is known of it is
		kept            int
		size, topics    int
		asked           int
		answeredAtFirst int
	}{{"A", 2, false, 2, 2, 1, 1, 2}, {"B", 3, false, 3, 5, 2, 2, 3}, {"A", 9, false, 2, 5, 2, 2, 2}, {"A", 5, true, 5, 8, 2, 3, 2},
		{"A", 1, true, 1, 4, 2, 4, 5}, {"C", maxQueuesKept - 4, false, maxQueuesKept - 4, maxQueuesKept, 3, 5, maxQueuesKept - 4},
		{"D", 1, false, 1, 1, 1, 6, 1}} {
		n = step.n
		if step.old {
			c.topics[step.topic].until = time.Now().Add(-time.Millisecond)
		}
		got := len(c.get(step.topic, time.Hour))
		wg.Wait()
		if c.size != step.size || len(c.topics) != step.topics || asked != step.asked || len(c.topics[step.topic].queues) != step.kept {
			t.Errorf("%d: %d queues kept of %d topics, asked %d", i, c.size, len(c.topics), asked)
		}
		if got != step.answeredAtFirst && got != step.kept { // what is old is answered, or what came meanwhile
			t.Errorf("%d: answered with %d", i, got)
		}
	}
	life := time.Until(c.topics["D"].until)
	if life > routeLife || life < routeLife/2 || c.asks != 0 || c.topics["D"].asking != nil {
		t.Errorf("it lives for %v, %d questions are open", life, c.asks)
	}
	for i := len(c.topics); i < maxRoutesKept; i++ {
		c.topics[fmt.Sprint(i)] = &cachedRoute{until: time.Now().Add(time.Hour)}
	}
	c.get("full", time.Hour)
	if wg.Wait(); len(c.topics) != 1 || c.size != 1 {
		t.Errorf("%d topics, %d queues kept", len(c.topics), c.size)
	}
	own := c.Readable("full")
	own[0].BrokerName = "changed"
	if c.Readable("full")[0].BrokerName != "" {
		t.Error("the caller does not own what it got")
	}
}

// TestWritable: messages go to masters of other names, to queues that may be written, not to any number of them.
func TestWritable(t *testing.T) {
	route := &protocol.TopicRouteData{BrokerDatas: []protocol.BrokerData{
		{BrokerName: "own", BrokerAddrs: map[int64]string{0: "own:1"}}, {BrokerName: "a", BrokerAddrs: map[int64]string{0: "a:1", 1: "as:1"}},
		{BrokerName: "slave", BrokerAddrs: map[int64]string{1: "s:1"}}, {BrokerName: "ro", BrokerAddrs: map[int64]string{0: "ro:1"}},
		{BrokerName: "z", BrokerAddrs: map[int64]string{0: "z:1"}}},
		QueueDatas: []protocol.QueueData{{BrokerName: "own", Perm: 6, WriteQueueNums: 4}, {BrokerName: "a", Perm: 6, WriteQueueNums: 2},
			{BrokerName: "slave", Perm: 6, WriteQueueNums: 4}, {BrokerName: "ro", Perm: 4, WriteQueueNums: 4},
			{BrokerName: "z", Perm: 2, WriteQueueNums: 1}}}
	want := []escapeQueue{{"a", "a:1", 0}, {"a", "a:1", 1}, {"z", "z:1", 0}}
	if got := writable(route, "own"); !slices.Equal(got, want) {
		t.Errorf("%v", got)
	}
	if got := writable(nil, "own"); got != nil {
		t.Errorf("no route: %v", got)
	}
	route.QueueDatas[1].WriteQueueNums = maxEscapeQ + 5
	if got := writable(route, "own"); len(got) != maxEscapeQ {
		t.Errorf("%d queues", len(got))
	}
}

// stored is a message that another master took.
type stored struct {
	h    wire.SendMessageRequestHeader
	body string
}

// otherMaster takes messages and answers with code.
type otherMaster struct {
	code int32 // of the answers

	mu  sync.Mutex
	got []stored // guarded by mu
}

func (m *otherMaster) send(ctx *remoting.Context) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var s stored
	if err := wire.SendMessageRequestV2.Decode(ctx.Req, nil, &s.h); err != nil {
		ctx.Status(wire.SystemError, err.Error())
		return
	}
	s.body = string(ctx.Req.Body)
	s.h.Topic, s.h.ProducerGroup = strings.Clone(s.h.Topic), strings.Clone(s.h.ProducerGroup)
	s.h.Properties = append([]byte(nil), s.h.Properties...)
	m.got = append(m.got, s)
	ctx.Status(m.code, "")
}

// TestEscape: messages go to the queues of other masters in turns, as they are, but that nobody waits there for a disk;
// one that is stored counts as such whatever became of its copies; a refusal makes the route be asked for anew.
func TestEscape(t *testing.T) {
	m := &otherMaster{}
	master := remotingtest.Serve(t, remoting.Entry{Code: wire.ReqSendMessageV2, Mode: remoting.Pooled, Handle: m.send})
	var asked atomic.Int32
	body := fmt.Sprintf(`{"brokerDatas":[{"brokerName":"a","brokerAddrs":{0:%q}}],"queueDatas":[{"brokerName":"a","perm":6,"writeQueueNums":3}]}`, master)
	e := NewEscape(registrarOf(t, answering(t, wire.ReqGetRouteinfoByTopic, &asked, func() said { return said{body: body} })))
	msg := &record.Message{Topic: "T", QueueID: 77, Body: []byte("body"), Flag: 5, SysFlag: 1, BornTimestamp: 12345, ReconsumeTimes: 2,
		Properties: record.SetProperty(nil, nil, "K", "v")}
	var ids []int32
	for range 4 {
		if err := e.Put(msg, "G"); err != nil {
			t.Fatal(err)
		}
	}
	for _, s := range m.got {
		ids = append(ids, s.h.QueueID)
		h := s.h
		props := string(h.Properties)
		if h.ProducerGroup != "G" || h.Topic != "T" || h.SysFlag != 1 || h.Flag != 5 || h.BornTimestamp != 12345 || h.ReconsumeTimes != 2 ||
			h.MaxReconsumeTimes != -1 || h.DefaultTopicQueueNums != 8 || s.body != "body" || !strings.Contains(props, "K\x01v") ||
			!strings.Contains(props, "WAIT\x01false") {
			t.Errorf("%+v %s", h, s.body)
		}
	}
	if !slices.Equal(ids, []int32{1, 2, 0, 1}) || asked.Load() != 1 {
		t.Errorf("queues %v, asked %d times", ids, asked.Load())
	}
	for _, c := range []struct {
		code          int32
		stored, known bool
	}{{wire.FlushDiskTimeout, true, true}, {wire.FlushSlaveTimeout, true, true}, {wire.SystemError, false, false}} {
		m.code = c.code
		if err := e.Put(msg, "G"); (err == nil) != c.stored || (len(e.queues) == 1) != c.known {
			t.Errorf("%d: %v, %d routes known", c.code, err, len(e.queues))
		}
	}
	m.code = wire.Success
	asked.Store(0)
	for i, old := range []bool{false, false, true, false} {
		if old {
			e.queues["T"] = escapeRoute{e.queues["T"].queues, time.Now().Add(-time.Millisecond)}
		}
		if err := e.Put(msg, "G"); err != nil || asked.Load() != []int32{1, 1, 2, 2}[i] {
			t.Errorf("%d: %v, asked %d", i, err, asked.Load())
		}
	}
	if life := time.Until(e.queues["T"].until); life > escapeLife || life < escapeLife/2 {
		t.Errorf("a route lives for %v", life)
	}
	body = `{}`
	if err := e.Put(&record.Message{Topic: "U"}, "G"); !errors.Is(err, errNowhere) || len(e.queues) != 2 {
		t.Errorf("nowhere: %v, %d routes", err, len(e.queues))
	}
	for i := len(e.queues); i < maxEscapes; i++ {
		e.queues[fmt.Sprint(i)] = escapeRoute{}
	}
	if _ = e.Put(&record.Message{Topic: "V"}, "G"); len(e.queues) != 1 {
		t.Errorf("%d routes are kept", len(e.queues))
	}
}
