package admin

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"sync/atomic"
	"testing"

	"gorocket/remoting"
	"gorocket/remoting/remotingtest"
	"gorocket/remoting/wire"
	"gorocket/store/record"
)

// stored is a record as a broker answers it.
func stored(t *testing.T, offset int64, topic, props string) []byte {
	t.Helper()
	host := netip.MustParseAddrPort("10.0.0.1:10911")
	b, err := record.Limits{MaxBody: 1 << 20}.Append(nil, &record.Message{Topic: topic, QueueID: 1, BornHost: host,
		StoreHost: host, Body: []byte("b"), Properties: []byte(props)}, record.Stamp{QueueOffset: offset, Offset: 100 * offset,
		StoreTime: 5})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// routed is a client of a NameServer that knows every topic at some brokers of cluster c.
func routed(t *testing.T, brokers ...string) *Client {
	t.Helper()
	route := `{"queueDatas":[],"brokerDatas":[`
	for i, addr := range brokers {
		if i > 0 {
			route += ","
		}
		route += fmt.Sprintf(`{"cluster":"c","brokerName":"b%d","brokerAddrs":{0:"%s"}}`, i, addr)
	}
	return open(t, remotingtest.Serve(t, remoting.Entry{Code: wire.ReqGetRouteinfoByTopic, Handle: answers(0, route+"]}")}))
}

// TestQueryMessages: hashes of keys may be the same, so that only messages with the very key, unique key or tag come, of
// the topic that was asked for; a broker without any is no fault, one that fails is none as long as another has some.
func TestQueryMessages(t *testing.T) {
	all := slices.Concat(stored(t, 1, "T", "KEYS\x01k j\x02UNIQ_KEY\x01u\x02TAGS\x01g\x02"),
		stored(t, 2, "T", "KEYS\x01other\x02UNIQ_KEY\x01v\x02TAGS\x01h\x02"),
		stored(t, 3, "U", "KEYS\x01k\x02UNIQ_KEY\x01w\x02TAGS\x01g\x02"))
	var asked atomic.Pointer[wire.QueryMessageRequestHeader]
	has := remotingtest.Serve(t, remoting.Entry{Code: wire.ReqQueryMessage, Handle: func(ctx *remoting.Context) {
		var h wire.QueryMessageRequestHeader
		if err := wire.QueryMessageRequest.Decode(ctx.Req, nil, &h); err != nil {
			ctx.Status(1, err.Error())
			return
		}
		asked.Store(&h)
		ctx.RespondFields(0, "", nil, all)
	}})
	none := remotingtest.Serve(t, remoting.Entry{Code: wire.ReqQueryMessage, Handle: answers(wire.QueryNotFound, "")})
	sick := remotingtest.Serve(t, remoting.Entry{Code: wire.ReqQueryMessage, Handle: answers(wire.SystemError, "")})
	c := routed(t, has, none, sick)
	for _, q := range []struct {
		kind, key string
		want      []int64
	}{{IndexKey, "k", []int64{1}}, {IndexKey, "j", []int64{1}}, {IndexKey, "other", []int64{2}}, {IndexUnique, "v", []int64{2}},
		{IndexUnique, "w", []int64{3}}, {IndexTag, "g", []int64{1}}, {IndexTag, "h", []int64{2}}} {
		got, err := c.QueryMessages(t.Context(), Query{Topic: "T", Key: q.key, Type: q.kind, Max: 9, Begin: 3, End: 7})
		var at []int64
		for _, m := range got {
			at = append(at, m.QueueOffset)
		}
		if err != nil || !slices.Equal(at, q.want) {
			t.Errorf("%+v: %v, %v", q, at, err)
		}
		h := asked.Load()
		if h.Topic != "T" || h.Key != q.key || h.MaxNum != 9 || h.BeginTimestamp != 3 || h.EndTimestamp != 7 ||
			h.IndexType != q.kind || h.UniqueKeyQuery != fmt.Sprint(q.kind == IndexUnique) {
			t.Errorf("%+v asks %+v", q, *h)
		}
	}
	if _, err := c.QueryMessages(t.Context(), Query{Topic: "T", Key: "x", Type: IndexKey}); CodeOf(err) != wire.SystemError {
		t.Errorf("nothing, and one that fails: %v", err)
	}
	for cluster, want := range map[string]error{"": nil, "c": nil, "d": ErrNoMessage} {
		if _, err := c.QueryMessages(t.Context(), Query{Cluster: cluster, Topic: "T", Key: "k", Type: IndexKey}); !errors.Is(err, want) {
			t.Errorf("cluster %q: %v", cluster, err)
		}
	}
	c = routed(t, none, has)
	if _, err := c.QueryMessages(t.Context(), Query{Topic: "T", Key: "x", Type: IndexKey}); err != ErrNoMessage {
		t.Errorf("nothing: %v", err)
	}
}

// TestPull: what a broker answers to a pull, and what clients make of the messages.
func TestPull(t *testing.T) {
	all := slices.Concat(stored(t, 1, "T", "TAGS\x01g\x02"), stored(t, 2, "T", "TAGS\x01h\x02"), stored(t, 3, "T", ""))
	var code atomic.Int32
	var delta atomic.Int64
	delta.Store(wire.NoOffsetDelta)
	broker := remotingtest.Serve(t, remoting.Entry{Code: wire.ReqPullMessage, Handle: func(ctx *remoting.Context) {
		body := remoting.Body{}
		if code.Load() == wire.Success {
			body.Bytes = all
		}
		remoting.Respond(&ctx.Replier, code.Load(), "because", wire.PullMessageResponse, &wire.PullMessageResponseHeader{
			NextBeginOffset: 4, MinOffset: 1, MaxOffset: 9, OffsetDelta: delta.Load()}, body)
	}})
	c := routed(t)
	for want, answer := range map[string]int32{PullNoNew: wire.PullNotFound, PullNoMatch: wire.PullRetryImmediately,
		PullOffsetIllegal: wire.PullOffsetMoved} {
		code.Store(answer)
		r, err := c.Pull(t.Context(), Node{Broker: "a", Addr: broker}, "T", 5, 1, 32, "*")
		if err != nil || r.Status != want || r.Next != 4 || r.MinOffset != 1 || r.MaxOffset != 9 || len(r.Messages) != 0 {
			t.Errorf("%d: %+v, %v", answer, r, err)
		}
	}
	code.Store(wire.SystemError)
	if _, err := c.Pull(t.Context(), Node{Broker: "a", Addr: broker}, "T", 5, 1, 32, "*"); CodeOf(err) != wire.SystemError {
		t.Errorf("a failure: %v", err)
	}
	code.Store(wire.Success)
	for expression, want := range map[string][]int64{"*": {1, 2, 3}, "": {1, 2, 3}, "g": {1}, "g || h": {1, 2}, " h ": {2}, "x": nil} {
		for _, by := range []int64{wire.NoOffsetDelta, 0, 10} {
			delta.Store(by)
			r, err := c.Pull(t.Context(), Node{Broker: "a", Addr: broker}, "T", 5, 1, 32, expression)
			if err != nil || r.Status != PullFound || len(r.Messages) != len(want) {
				t.Fatalf("%q: %+v, %v", expression, r, err)
			}
			for i, m := range r.Messages {
				offset := want[i]
				if by != wire.NoOffsetDelta {
					offset += by
				}
				if m.QueueOffset != offset || m.BrokerName != "a" || m.QueueID != 5 || m.Properties["MIN_OFFSET"] != "1" ||
					m.Properties["MAX_OFFSET"] != "9" {
					t.Errorf("%q, delta %d: %+v", expression, by, m)
				}
			}
		}
	}
}
