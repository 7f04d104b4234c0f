package admin

import (
	"bytes"
	"compress/zlib"
	"errors"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"

	"gorocket/compat/testutil"
	"gorocket/remoting"
	"gorocket/remoting/protocol"
	"gorocket/remoting/remotingtest"
	"gorocket/remoting/wire"
	"gorocket/store/record"
)

// TestMain looks for goroutines that outlive the tests.
func TestMain(m *testing.M) { testutil.Main(m) }

func open(t *testing.T, names ...string) *Client {
	t.Helper()
	c, err := Open(Options{NameServers: names})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func answers(code int32, body string) remoting.Handler {
	return func(ctx *remoting.Context) { ctx.RespondFields(code, "because", nil, []byte(body)) }
}

// clusters is the answer of a Java NameServer, in fastjson's dialect.
const clusters = `{"brokerAddrTable":{"b":{"brokerAddrs":{0:"h:1",1:"h:2"},"brokerName":"b","cluster":"c"},` +
	`"a":{"brokerAddrs":{2:"h:3"},"brokerName":"a","cluster":"c"}},"clusterAddrTable":{"c":["b","a"],"d":[]}}`

// TestNameServers: one that does not answer is passed over, one that answers with an error is believed, and a name that
// was learnt stands in errors.
func TestNameServers(t *testing.T) {
	var asked atomic.Int32
	ns := remotingtest.Serve(t, remoting.Entry{Code: wire.ReqGetBrokerClusterInfo, Handle: answers(0, clusters)},
		remoting.Entry{Code: wire.ReqGetRouteinfoByTopic, Handle: func(ctx *remoting.Context) {
			asked.Add(1)
			ctx.Status(wire.TopicNotExist, "No topic")
		}})
	c := open(t, "127.0.0.1:1", ns, ns)
	_, err := c.Route(t.Context(), "T")
	if CodeOf(err) != wire.TopicNotExist || asked.Load() != 1 {
		t.Errorf("%v, asked %d times", err, asked.Load())
	}
	masters, err := c.Masters(t.Context(), "c")
	all, err2 := c.MastersAndSlaves(t.Context(), "c")
	if err != nil || err2 != nil || !cmp.Equal(masters, []string{"h:1"}) || !cmp.Equal(all, []string{"h:3", "h:1", "h:2"}) {
		t.Errorf("%v %v %v %v", masters, all, err, err2)
	}
	if _, err := c.Masters(t.Context(), "x"); !errors.Is(err, ErrNoCluster) {
		t.Error(err)
	}
	if name, err := c.BrokerNameAt(t.Context(), "h:3"); err != nil || name != "a" {
		t.Error(name, err)
	}
	if err := (&Error{Broker: c.name("h:2"), Addr: "h:2", Request: 28, Code: 1, Remark: "x"}); err.Error() !=
		"b (h:2) answered code 1 to request 28: x" {
		t.Error(err)
	}
	if _, err := open(t).ClusterInfo(t.Context()); !errors.Is(err, ErrNoNameServer) {
		t.Error(err)
	}
	if _, err := c.RuntimeInfo(t.Context(), "nowhere"); err == nil || !strings.Contains(err.Error(), "no host:port") {
		t.Error(err)
	}
}

// TestPages: tables come page by page, and from the start again when they changed in between.
func TestPages(t *testing.T) {
	n := 0
	addr := remotingtest.Serve(t, remoting.Entry{Code: wire.ReqGetAllTopicConfig, Handle: func(ctx *remoting.Context) {
		h, _ := remoting.Header(ctx, wire.GetAllTopicConfigRequest)
		n++
		body := `{"dataVersion":{"counter":1,"stateVersion":0,"timestamp":5},"topicConfigTable":{"A":{"topicName":"A"}}}`
		if h.TopicSeq > 0 {
			body = `{"dataVersion":{"counter":1,"stateVersion":0,"timestamp":5},"topicConfigTable":{"B":{"topicName":"B"}}}`
		}
		if n == 2 { // changed in between
			body = strings.Replace(body, `"counter":1`, `"counter":2`, 1)
		}
		remoting.Respond(&ctx.Replier, wire.Success, "", wire.GetAllTopicConfigResponse,
			&wire.GetAllTopicConfigResponseHeader{TotalTopicNum: pageSize + 1}, remoting.Body{Bytes: []byte(body)})
	}})
	all, err := open(t).AllTopics(t.Context(), addr)
	if err != nil || len(all.TopicConfigTable) != 2 || n != 4 {
		t.Errorf("%d pages, %v, %+v", n, err, all)
	}
}

func TestEach(t *testing.T) {
	var most, now atomic.Int32
	errs := Each(3, []int{0, 1, 2, 3, 4, 5, 6}, func(i, item int) error {
		if n := now.Add(1); n > most.Load() {
			most.Store(n)
		}
		defer now.Add(-1)
		if item%2 == 1 {
			return errors.New("odd")
		}
		return nil
	})
	for i, err := range errs {
		if (err != nil) != (i%2 == 1) {
			t.Errorf("%d: %v", i, err)
		}
	}
	if most.Load() > 3 {
		t.Errorf("%d at once", most.Load())
	}
}

// TestDecode: bodies that clients compressed come out as they were.
func TestDecode(t *testing.T) {
	var z bytes.Buffer
	w := zlib.NewWriter(&z)
	_, _ = w.Write([]byte("hello"))
	_ = w.Close()
	e, _ := zstd.NewWriter(nil)
	host := netip.MustParseAddrPort("10.0.0.1:10911")
	var all []byte
	for flag, body := range map[int32][]byte{0: []byte("hello"), 0x1: z.Bytes(), 0x301: z.Bytes(),
		0x201: e.EncodeAll([]byte("hello"), nil)} {
		props := record.AppendProperty(record.AppendProperty(nil, "UNIQ_KEY", "id"), "KEYS", "a b")
		var err error
		all, err = record.Limits{MaxBody: 1 << 20}.Append(all, &record.Message{Topic: "T", SysFlag: flag, BornHost: host,
			StoreHost: host, Body: body, Properties: props}, record.Stamp{QueueOffset: 3, Offset: 7, StoreTime: 5})
		if err != nil {
			t.Fatal(err)
		}
	}
	got, err := DecodeMessages(all)
	if err != nil || len(got) != 4 {
		t.Fatal(err, len(got))
	}
	for _, m := range got {
		if string(m.Body) != "hello" || m.ID() != "id" || !m.HasKey("b") || m.HasKey("c") || m.SysFlag&1 != 0 ||
			m.OffsetID != "0A00000100002A9F0000000000000007" || m.StoreHost != "10.0.0.1:10911" {
			t.Errorf("%+v", m)
		}
	}
	if _, err := DecodeMessages(all[:50]); err == nil {
		t.Error("half a record was a message")
	}
}

func TestIDs(t *testing.T) {
	seen := map[string]bool{}
	for range 1000 {
		id := NewID()
		if len(id) != 32 || seen[id] {
			t.Fatal(id)
		}
		seen[id] = true
	}
}

// plan is a static topic with n queues at brokers.
func plan(t *testing.T, n int, brokers ...string) *StaticPlan {
	t.Helper()
	p, err := (&StaticPlan{Topic: "T", Brokers: map[string]*StaticPart{}}).Grow(n, brokers)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func leaders(p *StaticPlan) map[string]int {
	n := map[string]int{}
	for _, items := range p.logic() {
		n[items[len(items)-1].Bname]++
	}
	return n
}

// TestStaticPlans: queues are spread evenly, none is lost, only as many move as have to, and what does not fit is
// refused.
func TestStaticPlans(t *testing.T) {
	p := plan(t, 5, "a", "b")
	if got := leaders(p); got["a"] != 3 || got["b"] != 2 {
		t.Error(got)
	}
	grown, err := p.Grow(8, []string{"c"})
	if err != nil {
		t.Fatal(err)
	}
	if got := leaders(grown); got["a"] != 3 || got["b"] != 3 || got["c"] != 2 {
		t.Error(got)
	}
	if _, err := p.Grow(5, nil); err == nil {
		t.Error("the same number of queues")
	}
	if _, err := p.Grow(4, nil); err == nil {
		t.Error("fewer queues")
	}
	moved, err := p.Move([]string{"b", "c"})
	if err != nil {
		t.Fatal(err)
	}
	if got := leaders(moved); got["a"] != 0 || got["b"]+got["c"] != 5 || got["b"] < 2 ||
		!cmp.Equal(moved.Out, []string{"a"}) || moved.Epoch <= p.Epoch {
		t.Error(got, moved.In, moved.Out)
	}
	for id, items := range moved.logic() {
		if len(items) == 2 && (items[0].Bname != "a" || items[1].LogicOffset != -1 || items[1].Gen != 1) {
			t.Errorf("queue %d: %+v", id, items)
		}
	}
	if got := leaders(p); got["a"] != 3 {
		t.Error("the old plan was changed", got)
	}
	p.Brokers["b"].MappingDetail.Epoch++
	if err := p.Check(); err == nil || !strings.Contains(err.Error(), "epoch does not match") {
		t.Error(err)
	}
	for offset, want := range map[int64]int64{0: 10000, 4999: 10000, 5000: 20000, 10001: 20000, 19999: 30000} {
		if got := roundUp(offset, remapBlock); got != want {
			t.Errorf("%d: %d, want %d", offset, got, want)
		}
	}
}

func TestQueues(t *testing.T) {
	r := &protocol.TopicRouteData{BrokerDatas: []protocol.BrokerData{{BrokerName: "a", BrokerAddrs: map[int64]string{1: "h:1"}},
		{BrokerName: "b", BrokerAddrs: map[int64]string{0: "h:2", 1: "h:3"}}},
		QueueDatas: []protocol.QueueData{{BrokerName: "a", Perm: 6, ReadQueueNums: 2, WriteQueueNums: 2},
			{BrokerName: "b", Perm: 4, ReadQueueNums: 1, WriteQueueNums: 1}}}
	if got := WriteQueues("T", r); len(got) != 0 {
		t.Errorf("no master, no permission: %v", got)
	}
	r.QueueDatas[1].Perm = 6
	if w, rd := WriteQueues("T", r), ReadQueues("T", r); len(w) != 1 || len(rd) != 3 {
		t.Error(w, rd)
	}
	if s := Selected(r); s[0].Addr != "h:1" || s[1].Addr != "h:2" {
		t.Error(s)
	}
}

// TestTraceFields: Java's clients tell of a send in 13 fields or, since 4.7, in 14; the last one says how it ended.
func TestTraceFields(t *testing.T) {
	fields := []string{"Pub", "7", "region", "group", "topic", "ID", "tags", "keys", "host", "10", "3", "0", "true", "false"}
	for n, want := range map[int]string{12: "", 13: "success", 14: "failed"} {
		got := DecodeTrace("ID", &Message{Body: []byte(strings.Join(fields[:n], traceContent))})
		if want == "" {
			if len(got) != 0 {
				t.Errorf("%d fields: %+v", n, got)
			}
			continue
		}
		if len(got) != 1 || got[0].Status != want || got[0].Group != "group" || got[0].Cost != 3 || got[0].Time != 7 {
			t.Errorf("%d fields: %+v", n, got)
		}
	}
}

// TestPlanEpoch: a plan that follows another has a later epoch, whatever the clock says.
func TestPlanEpoch(t *testing.T) {
	late := time.Now().Add(time.Hour).UnixMilli()
	if n := (&StaticPlan{Epoch: late}).clone(""); n.Epoch != late+1000 {
		t.Errorf("%d follows %d", n.Epoch, late)
	}
	if n := (&StaticPlan{Epoch: 5}).clone(""); n.Epoch < late-2*time.Hour.Milliseconds() {
		t.Errorf("%d follows 5", n.Epoch)
	}
}
